"""What tools of others say of our evidence (EU DSS, veraPDF, poppler, OpenSSL), and we of what they add."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bundles import NOTIFICATION, Proofs, put_at_disposal, sealed, stamped, statement, write_trust
from interop.clients import build_with_maven, need, not_here
from interop.jvm import one_jvm
from notigateway.evidence import asic, bundle
from notigateway.evidence.pdf_validation import add_validation_data
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import signature_imprint, take_out
from notigateway.evidence.validation_data import ValidationData
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, company_subject, crl, pki, rsa_key
from tsa import token_of, tsa

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.verifier.report import Report

pytestmark = pytest.mark.interop

JVM = Path(__file__).parent / "jvm"
SECONDS = 90.0
# The file, and what EU DSS calls its signature.
MADE = {
    "b.xml": "XAdES-BASELINE-B",
    "t.xml": "XAdES-BASELINE-T",
    "our-lt.xml": "XAdES-BASELINE-LT",
    "our-lta.xml": "XAdES-BASELINE-LTA",
    "our-lta2.xml": "XAdES-BASELINE-LTA",
    "rsa-t.xml": "XAdES-BASELINE-T",
    "rsa-lt.xml": "XAdES-BASELINE-LT",
    "form.pdf": "PAdES-BASELINE-T",
    "our-lt.pdf": "PAdES-BASELINE-LT",
    "bundle.asice": "XAdES-BASELINE-B",
}
RAISED = {
    f"{stem}-{level.lower()}{suffix}": (f"{stem}{suffix}", level, f"{kind}-BASELINE-{level}")
    for stem, suffix, kind, levels in (
        ("b", ".xml", "XAdES", ("T", "LT", "LTA")),
        ("t", ".xml", "XAdES", ("LT", "LTA")),
        ("our-lt", ".xml", "XAdES", ("LTA",)),
        ("our-lta", ".xml", "XAdES", ("LTA",)),
        ("rsa-t", ".xml", "XAdES", ("LT", "LTA")),
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
    anchors = [one.certificate.public_bytes(Encoding.DER) for one in (pki().issuing, pki().root)]
    listed = [
        crl(by, this_update=now - timedelta(hours=1), next_update=now + timedelta(days=30))
        for by in (pki().issuing, pki().root)
    ]
    data = ValidationData(anchors, listed)
    lt = raise_to_lt(files[bundle.RECEIPT], data)
    lta = archived(lt, now - timedelta(minutes=50))
    rsa = stamped(sealed(statement(b""), rsa_seal()))
    written = {
        "b.xml": put_at_disposal(),
        "t.xml": files[bundle.RECEIPT],
        "our-lt.xml": lt,
        "our-lta.xml": lta,
        "our-lta2.xml": archived(lta, now - timedelta(minutes=40), "sha512", data),
        "rsa-t.xml": rsa,
        "rsa-lt.xml": raise_to_lt(rsa, data),
        "form.pdf": files[bundle.FORM],
        "our-lt.pdf": add_validation_data(files[bundle.FORM], data),
        "bundle.asice": container,
        "tsa.key": key,
        "anchor.crl": listed[0],
    }
    for name, pair in (("anchor", pki().issuing), ("seal", pki().seal), ("tsa", tsa())):
        written[f"{name}.cer"] = pair.certificate.public_bytes(Encoding.DER)
        written[f"{name}.pem"] = pair.certificate.public_bytes(Encoding.PEM)
    for name, content in written.items():
        (folder / name).write_bytes(content)
    write_trust(folder / "trust", pki().seal, rsa_seal())
    return folder


@cache
def rsa_seal() -> KeyPair:
    """Return a seal of the other profile, RSA-PSS."""
    return pki().holder(company_subject("A28000016", "Sello RSA"), rsa_key("rsa seal", 3072))


def archived(
    receipt: bytes, at: datetime, digest: str = "sha256", earlier: ValidationData | None = None
) -> bytes:
    """Add an archive time-stamp, made a while ago: what is known of revocation must be newer."""
    token = token_of(archive_imprint(receipt, digest, earlier=earlier), at=at, digest=digest)
    return add_archive_timestamp(receipt, token, earlier=earlier)


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


def ours(folder: Path, name: str, level: str | None = None) -> Report:
    trust = load_trust(folder / "trust")
    at = datetime.now(UTC)
    return verify((folder / name).read_bytes(), trust=trust, at=at, required_level=level)


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


def test_eu_dss_needs_nothing_but_the_root_beside_what_we_have_raised(folder: Path, tmp_path: Path) -> None:
    """No list, no certificate of an issuer or an authority: they are in the file, or it cannot tell."""
    wanted = {"t.xml": "INDETERMINATE", "form.pdf": "INDETERMINATE"}
    wanted |= dict.fromkeys(("our-lt.xml", "our-lta.xml", "rsa-lt.xml", "our-lt.pdf"), "TOTAL_PASSED")
    for name in wanted:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "anchor.cer").write_bytes(pki().root.certificate.public_bytes(Encoding.DER))
    lines = lines_of("dss", str(tmp_path), *(f"validate:{name}" for name in wanted))
    assert {name: verdict for name, _, verdict, *_ in lines} == wanted


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
@pytest.mark.parametrize(
    "name", [one for one in (*MADE, *RAISED) if "-lt" in one and not one.endswith(".asice")]
)
def test_we_find_the_level_that_eu_dss_finds(name: str, folder: Path) -> None:
    """By the same data: what EU DSS puts in shows the same to us, and its archive time-stamps count."""
    level = MADE.get(name) or RAISED[name][-1]
    report = ours(folder, name, level.rpartition("-")[-1])
    assert report.outcome is Outcome.PASSED, report.steps
    assert "counts for nothing" not in str(report)


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
