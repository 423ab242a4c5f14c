"""The servers beside which the gateway is measured, on 127.0.0.1, with the gateway's own key and trust.

Apache CXF with WSS4J (`bench/peer/`, built by Maven) in three of its ways, and the first attempt with Spyne
and xmlsec (`bench/naive.py`). All of them answer from memory and keep nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.sending import Target
from bench.serving import PATH
from notigateway.pki.keys import KeyPair, load_certificates, load_key_pair
from notigateway.sandbox.certifying import certificate_pem, p12

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notigateway.sandbox.holders import Pki

CXF: Final = "Apache CXF, by the policy"
CXF_ACTION: Final = "Apache CXF, by action"
CXF_STREAMING: Final = "Apache CXF, streaming"
NAIVE: Final = "Spyne and xmlsec, naively"
_CXF_MODES: Final = {CXF: "policy", CXF_ACTION: "action", CXF_STREAMING: "streaming"}
_FOLDER: Final = Path(__file__).parent / "peer"
_JAR: Final = _FOLDER / "target/peer.jar"
_WSDL: Final = Path(__file__).parents[1] / "wsdl/notigateway-v1.wsdl"
_PASSPHRASE: Final = "peer"  # noqa: S105  (of a file that lives as long as the measurement)
_BUILD_SECONDS: Final = 600
_START_SECONDS: Final = 120
_STOP_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that answers; one that `compiles` while it runs is measured when it has done that."""

    name: str
    target: Target
    pid: int
    compiles: bool = False


class NoPeerError(Exception):
    """A peer cannot be had here; the text says why in a line."""


@contextmanager
def peers(folder: Path, pki: Pki) -> Iterator[list[Peer]]:
    """Start every peer that can be had here, and say of the others why not."""
    files = _Files.write(folder, pki)
    with ExitStack() as stack:
        found = [stack.enter_context(_naive(files))]
        try:
            build_cxf()
        except NoPeerError as reason:
            print(f"without Apache CXF: {reason}")
        else:
            found += [stack.enter_context(_cxf(name, files)) for name in _CXF_MODES]
        yield found


def build_cxf() -> None:
    """Build the server with Maven, without the network where all is there already.

    Raises: `NoPeerError` where a program is missing or Maven does not find what it needs.
    """
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if missing:
        raise NoPeerError(f"{' and '.join(missing)}: not installed")
    sources = [_FOLDER / "pom.xml", *_FOLDER.glob("src/**/*.java"), *_WSDL.parent.iterdir()]
    if _JAR.exists() and _JAR.stat().st_mtime > max(one.stat().st_mtime for one in sources):
        return
    command = ("mvn", "--quiet", "--batch-mode", "package")
    try:
        for options in (("--offline",), ()):
            built = subprocess.run(  # noqa: S603  (our own arguments)
                [*command, *options], cwd=_FOLDER, capture_output=True, timeout=_BUILD_SECONDS, check=False
            )
            if built.returncode == 0:
                _JAR.touch()
                return
    except subprocess.TimeoutExpired as error:
        raise NoPeerError(f"Maven has not built it in {_BUILD_SECONDS} s") from error
    said = next(iter(built.stdout.decode("utf-8", "replace").splitlines()), "")
    raise NoPeerError(f"Maven has not built it: {said[:200]}")


@dataclass(frozen=True, slots=True)
class _Files:
    """The service's key and the authorities, as the peers read them."""

    folder: Path
    key_store: Path
    authorities: Path

    @classmethod
    def write(cls, folder: Path, pki: Pki) -> _Files:
        """Write them into a folder of their own."""
        folder.mkdir()
        pair: KeyPair = load_key_pair(pki.key("service"), pki.certificate("service"))
        files = cls(folder, folder / "service.p12", folder / "authorities.pem")
        files.key_store.write_bytes(p12(pair, _PASSPHRASE.encode(), label="service"))
        names = ("issuing", "root")
        found = [one for name in names for one in load_certificates(pki.certificate(name))]
        files.authorities.write_bytes(b"".join(map(certificate_pem, found)))
        shutil.copyfile(pki.key("service"), folder / "service.key.pem")
        shutil.copyfile(pki.certificate("service"), folder / "service.cert.pem")
        return files


@contextmanager
def _cxf(name: str, files: _Files) -> Iterator[Peer]:
    """Run CXF in one of its ways."""
    address = _free_address()
    command = ["java", "-jar", str(_JAR), _CXF_MODES[name], str(address[1])]
    command += [str(files.key_store), _PASSPHRASE, str(files.authorities), str(_WSDL)]
    with _running(name, command, files, address, ready=b"READY") as peer:
        yield peer


@contextmanager
def _naive(files: _Files) -> Iterator[Peer]:
    """Run the first attempt under gunicorn, with the one worker that SQLite has and as many threads."""
    address = _free_address()
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4"]
    command += ["--no-control-socket", "--bind", f"{address[0]}:{address[1]}", "bench.naive:application"]
    with _running(NAIVE, command, files, address, ready=b"Booting worker") as peer:
        yield peer


def _free_address() -> tuple[str, int]:
    """Return an address where nobody listens: it was free a moment ago, and nobody else asks for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
        return host, port


@contextmanager
def _running(
    name: str, command: Sequence[str], files: _Files, address: tuple[str, int], *, ready: bytes
) -> Iterator[Peer]:
    log = files.folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (our own programs)
            command,
            env=os.environ | {"NAIVE_FOLDER": str(files.folder)},
            stdout=output,
            stderr=output,
        )
    try:
        _await(process, log, ready)
        yield Peer(name, Target(address, PATH), process.pid, compiles=command[0] == "java")
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _await(process: subprocess.Popen[bytes], log: Path, ready: bytes) -> None:
    """Wait until it says that it is ready. Raises: `SystemExit` with what it says, where it never is."""
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if ready in log.read_bytes():
            return
        time.sleep(0.1)
    raise SystemExit(f"a peer does not answer: {log.read_text('utf-8', 'replace')[-2000:]}")
