"""What tools of others say of our evidence (EU DSS, veraPDF, poppler, OpenSSL), and we of what they add."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bundles import NOTIFICATION, Proofs, put_at_disposal, write_trust
from interop.clients import build_with_maven, need, not_here
from interop.jvm import one_jvm
from notigateway.evidence import asic, bundle
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import signature_imprint, take_out
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, crl, pki
from tsa import tsa

if TYPE_CHECKING:
    from notigateway.verifier.report import Report

JVM = Path(__file__).parent / "jvm"
SECONDS = 90.0
# The file, and what EU DSS calls its signature.
MADE = {
    "b.xml": "XAdES-BASELINE-B",
    "t.xml": "XAdES-BASELINE-T",
    "form.pdf": "PAdES-BASELINE-T",
    "bundle.asice": "XAdES-BASELINE-B",
}
RAISED = {
    f"{stem}-{level.lower()}{suffix}": (f"{stem}{suffix}", level, f"{kind}-BASELINE-{level}")
    for stem, suffix, kind, levels in (
        ("b", ".xml", "XAdES", ("T", "LT", "LTA")),
        ("t", ".xml", "XAdES", ("LT", "LTA")),
        ("form", ".pdf", "PAdES", ("LT", "LTA")),
        ("bundle", ".asice", "XAdES", ("T", "LT", "LTA")),
    )
    for level in levels
}
ADDED = {"CertificateValues", "RevocationValues"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write evidence, the certificates around it, and a fresh list of those revoked."""
    folder = tmp_path_factory.mktemp("evidence")
    files = Proofs().members()
    container = asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    now = datetime.now(UTC).replace(microsecond=0)
    key = tsa().key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    written = {
        "b.xml": put_at_disposal(),
        "t.xml": files[bundle.RECEIPT],
        "form.pdf": files[bundle.FORM],
        "bundle.asice": container,
        "tsa.key": key,
        "anchor.crl": crl(
            pki().issuing, this_update=now - timedelta(hours=1), next_update=now + timedelta(days=30)
        ),
    }
    for name, pair in (("anchor", pki().issuing), ("seal", pki().seal), ("tsa", tsa())):
        written[f"{name}.cer"] = pair.certificate.public_bytes(Encoding.DER)
        written[f"{name}.pem"] = pair.certificate.public_bytes(Encoding.PEM)
    for name, content in written.items():
        (folder / name).write_bytes(content)
    write_trust(folder / "trust")
    return folder


def lines_of(program: str, *words: str) -> list[list[str]]:
    """Build a program of `jvm/` where it is not, and return what it prints, in fields."""
    need(not_here("java", "mvn"))
    jar = build_with_maven(JVM / program, program)
    done = one_jvm().run(jar, words, seconds=SECONDS)
    assert done.returncode == 0, done.stderr[-4000:]
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, list[str]]:
    """Return what EU DSS says of each file, those among them that it has raised itself."""
    raising = [f"{level}:{file}:{out}" for out, (file, level, _) in RAISED.items()]
    validating = [f"validate:{name}" for name in (*MADE, *RAISED)]
    lines = lines_of("dss", str(folder), *raising, *validating)
    found = {name: fields for name, *fields in lines}
    assert len(found) == len(lines), "a file has two signatures"
    return found


def ours(folder: Path, name: str) -> Report:
    trust = load_trust(folder / "trust")
    return verify((folder / name).read_bytes(), trust=trust, at=datetime.now(UTC))


def test_eu_dss_passes_all_that_we_make_by_its_level(
    said: dict[str, list[str]], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = MADE | {name: level for name, (*_, level) in RAISED.items()}
    rows = [("file", "EU DSS", "verdict", "files", "ours")]
    rows += [(name, one[0], one[1], one[3], ours(folder, name).outcome) for name, one in said.items()]
    with capsys.disabled():
        sys.stdout.write("\n" + "".join("{:<18}{:<22}{:<16}{:<7}{}\n".format(*row) for row in rows))
    assert {name: (one[0], one[1], one[4]) for name, one in said.items()} == {
        name: (level, "TOTAL_PASSED", "[]") for name, level in wanted.items()
    }


def test_eu_dss_finds_every_file_of_a_container_covered(said: dict[str, list[str]], folder: Path) -> None:
    members = asic.members_of(asic.read_container((folder / "bundle.asice").read_bytes()))
    for name in ("bundle.asice", "bundle-lta.asice"):
        assert said[name][3] == str(len(members))


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("name", RAISED)
def test_what_eu_dss_has_raised_passes_with_us(name: str, folder: Path) -> None:
    report = ours(folder, name)
    assert report.outcome is Outcome.PASSED, report.steps
    reasons = {step.name: step.reason for step in report.steps}
    assert "the seal existed on" in reasons["time-stamp"] or name.endswith(".pdf")
    if name.endswith(".xml") and "-t." not in name:
        assert all(one in reasons["seal"] for one in ADDED)


@pytest.mark.usefixtures("said")
def test_receipts_that_eu_dss_has_raised_pass_in_a_bundle(folder: Path) -> None:
    held = dict(asic.members_of(asic.read_container((folder / "bundle.asice").read_bytes())))
    files = {name: content for name, content in held.items() if name != bundle.MANIFEST}
    whole = bundle.write_bundle(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    raised = {**bundle.read_container(whole), bundle.RECEIPT: (folder / "t-lta.xml").read_bytes()}
    (folder / "raised.zip").write_bytes(bundle.write(raised))
    assert ours(folder, "raised.zip").outcome is Outcome.PASSED


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_verapdf_finds_the_form_compliant(flavour: str, folder: Path) -> None:
    (line,) = lines_of("verapdf", flavour, str(folder / "form.pdf"))
    assert line == ["form.pdf", flavour, "compliant", "[]"]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def test_pdfsig_finds_the_seal_valid_and_over_all(folder: Path) -> None:
    program = shutil.which("pdfsig")
    if program is None:
        pytest.skip("not on this machine: pdfsig")
    found = run(program, "-nocert", str(folder / "form.pdf"))
    assert "Signature Validation: Signature is Valid." in found
    assert "Total document signed" in found


def test_openssl_verifies_the_time_stamp(folder: Path) -> None:
    need(not_here("openssl"))
    original, token = take_out((folder / "t.xml").read_bytes())
    assert token is not None
    (folder / "token.der").write_bytes(token)
    base = ("openssl", "ts", "-verify", "-token_in", "-in", str(folder / "token.der"), "-partial_chain")
    trust = ("-CAfile", str(folder / "anchor.pem"), "-untrusted", str(folder / "tsa.pem"))
    assert "Verification: OK" in run(*base, *trust, "-digest", signature_imprint(original).hex())
    assert "Verification: FAILED" in run(*base, *trust, "-digest", "00" * 32)
