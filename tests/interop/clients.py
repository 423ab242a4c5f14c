"""The independent clients of `samples/`: how each is built and started, and what it needs of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from interop.jvm import one_jvm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.sandbox.holders import Holder, Pki

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
ZEEP_SAMPLE = SAMPLES / "python/zeep_client.py"
_NOT_SAML = "<exclusion><groupId>org.opensaml</groupId><artifactId>*</artifactId></exclusion>"
# In CXF 3 the cache of replays asks for a JAXB that its own repositories no longer have.
_NOT_JAXB = "<exclusion><groupId>org.glassfish.jaxb</groupId><artifactId>*</artifactId></exclusion>"
_AS_CXF_3 = (
    ("<cxf.version>4.1.0</cxf.version>", "<cxf.version>3.6.8</cxf.version>"),
    ("${project.basedir}/../../wsdl", str(ROOT / "wsdl")),
    (_NOT_SAML, _NOT_SAML + _NOT_JAXB),
)
_EVERY_OPERATION = SAMPLES / "java/src/main/java/example/EveryOperation.java"
# What each says, on one line, in a sandbox that has fewer notifications than it decides on.
NOTHING_LEFT = "fewer than two available notifications are left: take a fresh sandbox"
# One call of the whole program; an idle machine needs a tenth.
RUN_SECONDS = 120.0
# The first build of a machine downloads its packages.
BUILD_SECONDS = 420.0


@dataclass(frozen=True, slots=True)
class Parties:
    """Who calls, who accepts its power, and who must have signed the answers."""

    company: Holder
    attorney: Holder
    service: Path
    passphrase: Path

    @classmethod
    def of(cls, pki: Pki) -> Parties:
        """Return the company, by its representative, and the RED person of a sandbox."""
        return cls(
            pki.holder("representative"), pki.holder("red"), pki.certificate("service"), pki.passphrase
        )


@dataclass(frozen=True, slots=True)
class Client:
    """A client in one way of signing; `command` gets the URL and the parties."""

    name: str
    needs: Sequence[str]
    command: Callable[[str, Parties], Sequence[str]]
    build: Callable[[], object] | None = None

    def missing(self) -> list[str]:
        """Return what of its needs is not on this machine."""
        return not_here(*self.needs)

    def run(self, url: str, parties: Parties) -> subprocess.CompletedProcess[str]:
        """Build the sample where it is not, and let it call every operation."""
        if self.build is not None:
            self.build()
        command = self.command(url, parties)
        return subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@dataclass(frozen=True, slots=True)
class JavaClient(Client):
    """A client in Java: `build` returns its jar, which runs in the one JVM; `command` gives the arguments."""

    def run(self, url: str, parties: Parties) -> subprocess.CompletedProcess[str]:
        """Build the sample where it is not, and let it call every operation."""
        assert self.build is not None
        jar = self.build()
        assert isinstance(jar, Path)
        return one_jvm().run(jar, self.command(url, parties), seconds=RUN_SECONDS)


def _java(name: str, mode: str, build: Callable[[], Path]) -> JavaClient:
    def arguments(url: str, parties: Parties) -> Sequence[str]:
        files = (parties.company.p12, parties.attorney.p12, parties.passphrase, parties.service)
        return [mode, url, *map(str, files)]

    return JavaClient(name, ("java", "mvn"), arguments, build)


def _stem(holder: Holder) -> str:
    return str(holder.key).removesuffix(".key.pem")


def with_stems(*program: str) -> Callable[[str, Parties], Sequence[str]]:
    """Return the command of a program that takes NAME for NAME.key.pem and NAME.cert.pem."""

    def command(url: str, parties: Parties) -> Sequence[str]:
        return [*program, url, _stem(parties.company), _stem(parties.attorney), str(parties.service)]

    return command


def is_older(made: Path, *sources: Path) -> bool:
    """Tell whether something must be built again."""
    files = [
        file for one in sources for file in ([one] if one.is_file() else one.rglob("*")) if file.is_file()
    ]
    return not made.exists() or made.stat().st_mtime < max(file.stat().st_mtime for file in files)


def build_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one step of a build in its folder."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )


@cache
def build_with_maven(folder: Path, name: str, *sources: Path) -> Path:
    """Compile with Maven, without the network where all is there already; return the program."""
    jar = folder / f"target/{name}.jar"
    if not is_older(jar, folder / "pom.xml", folder / "src", *sources):
        return jar
    maven = ("mvn", "--quiet", "--batch-mode", "package")
    if build_in(folder, *maven, "--offline").returncode != 0:
        built = build_in(folder, *maven)
        assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    jar.touch()
    return jar


def build_java() -> Path:
    """Compile the sample from the contract that is published."""
    return build_with_maven(SAMPLES / "java", "notigateway-cxf", ROOT / "wsdl")


def build_spring() -> Path:
    """Compile the sample; the program that calls every operation is that of `samples/java`."""
    return build_with_maven(SAMPLES / "spring-ws", "notigateway-spring-ws", ROOT / "wsdl", _EVERY_OPERATION)


def build_cxf3() -> Path:
    """Compile the sample as CXF 3 wants it, which has `javax` for `jakarta`; git leaves the folder alone."""
    folder, sample = ROOT / "tests/interop/jvm/target/cxf-3", SAMPLES / "java"
    pom = (sample / "pom.xml").read_text("utf-8")
    for old, new in _AS_CXF_3:
        assert old in pom, old
        pom = pom.replace(old, new)
    _keep(folder / "pom.xml", pom)
    for source in sorted(sample.glob("src/**/*.java")):
        text = source.read_text("utf-8").replace("import jakarta.", "import javax.")
        _keep(folder / source.relative_to(sample), text)
    return build_with_maven(folder, "notigateway-cxf", ROOT / "wsdl")


def _keep(file: Path, text: str) -> None:
    """Write a file only where it would be another one: what is not newer is not built again."""
    if not file.exists() or file.read_text("utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def build_metro() -> Path:
    """Compile the sample; the program that calls every operation is that of `samples/java`."""
    return build_with_maven(SAMPLES / "metro", "notigateway-metro", ROOT / "wsdl", _EVERY_OPERATION)


@cache
def build_with_npm(folder: Path) -> None:
    """Install exactly the packages of the lock file."""
    made = folder / "node_modules/.package-lock.json"
    if is_older(made, folder / "package-lock.json"):
        built = build_in(folder, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")
        assert built.returncode == 0, built.stderr[-4000:]
        made.touch()


def build_node() -> None:
    """Install what the sample needs."""
    build_with_npm(SAMPLES / "node")


@cache
def build_csharp() -> None:
    """Compile with Mono's compiler, which needs no package."""
    folder = SAMPLES / "dotnet"
    made = folder / "bin/every-operation.exe"
    sources = sorted(folder.glob("*.cs"))
    if is_older(made, *sources):
        made.parent.mkdir(exist_ok=True)
        references = [f"-r:{name}.dll" for name in ("System.Security", "System.Net.Http", "System.Xml.Linq")]
        built = build_in(folder, "mcs", f"-out:{made}", *references, *map(str, sources))
        assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]


@cache
def build_go() -> None:
    """Compile; the program needs no module but its own."""
    folder = SAMPLES / "go"
    made = folder / "bin/every-operation"
    if is_older(made, folder / "go.mod", *sorted(folder.glob("*.go"))):
        # One processor is left to whatever else runs.
        built = build_in(folder, "go", "build", "-p", "1", "-o", str(made), ".")
        assert built.returncode == 0, built.stderr[-4000:]


def _csharp(url: str, parties: Parties) -> Sequence[str]:
    holders = [str(_older_p12(one, parties.passphrase)) for one in (parties.company, parties.attorney)]
    program = str(SAMPLES / "dotnet/bin/every-operation.exe")
    return ["mono", program, url, *holders, str(parties.passphrase), str(parties.service)]


def _csharp_in_parts(url: str, parties: Parties) -> Sequence[str]:
    return [*_csharp(url, parties), "mtom"]


def _older_p12(holder: Holder, passphrase: Path) -> Path:
    """Write the holder's PKCS #12 file with the ciphers that Mono reads; .NET itself reads today's."""
    key = load_pem_private_key(holder.key.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(holder.certificate.read_bytes())
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())  # noqa: S303  (what Mono reads)
        .build(passphrase.read_bytes().strip())
    )
    file = holder.p12.with_suffix(".older.p12")
    file.write_bytes(serialize_key_and_certificates(None, key, certificate, None, encryption))
    return file


def _python(mode: str) -> Callable[[str, Parties], Sequence[str]]:
    return with_stems(sys.executable, str(SAMPLES / "python/every_operation.py"), mode)


def _node(mode: str) -> Callable[[str, Parties], Sequence[str]]:
    return with_stems("node", str(SAMPLES / "node/every-operation.js"), mode)


_SHELL = ("bash", "xmlsec1", "xmllint", "curl", "openssl")
CLIENTS = (
    _java("CXF, policy of the WSDL", "policy", build_java),
    _java("CXF, action, DirectReference", "direct", build_java),
    _java("CXF, action, IssuerSerial", "issuer-serial", build_java),
    _java("CXF 3, policy of the WSDL", "policy", build_cxf3),
    _java("Metro, policy of the WSDL", "policy", build_metro),
    _java("Spring-WS", "action", build_spring),
    Client("node-soap, Id", ("node", "npm"), _node("plain"), build_node),
    Client("node-soap, wsu:Id", ("node", "npm"), _node("wssecurity"), build_node),
    Client("PHP SoapClient", ("php",), with_stems("php", str(SAMPLES / "php/every_operation.php"))),
    Client("zeep, BinarySignature", (), _python("binary")),
    Client("zeep, Signature", (), _python("x509data")),
    Client(".NET SignedXml", ("mono", "mcs"), _csharp, build_csharp),
    Client("xmlsec1 and curl", _SHELL, with_stems("bash", str(SAMPLES / "shell/every-operation.sh"))),
    Client("Go", ("go",), with_stems(str(SAMPLES / "go/bin/every-operation")), build_go),
    Client("Ruby", ("ruby",), with_stems("ruby", str(SAMPLES / "ruby/every_operation.rb"))),
)

# The same, with documents in parts beside messages: what else they verify is shown by the others.
IN_PARTS = (
    _java("CXF, policy, MTOM", "policy-mtom", build_java),
    _java("CXF, action, MTOM", "direct-mtom", build_java),
    _java("Metro, policy, MTOM", "policy-mtom", build_metro),
    Client(".NET SignedXml, MTOM", ("mono", "mcs"), _csharp_in_parts, build_csharp),
)


def not_here(*programs: str) -> list[str]:
    """Return which of the programs are not on this machine."""
    return [program for program in programs if shutil.which(program) is None]


def need(missing: Sequence[str]) -> None:
    """Skip a test whose programs are not on this machine; in CI none may be missing."""
    if missing:
        reason = f"not on this machine: {', '.join(missing)}"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
