"""The expert's recipe: every command of docs/by-hand.md, on bundles that were made a moment ago."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from bundles import NOTIFICATION, Proofs, write_trust
from interop.clients import need, not_here
from notigateway.evidence import asic, bundle
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import take_out
from notigateway.published import published_folder
from notigateway.sandbox.certifying import CertificateWish, authority_name
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, ec_key, pki, rsa_key
from vector_evidence import small as vector_bundle
from vector_keys import holder
from vectors_renewed import renewed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.pki.keys import KeyPair

pytestmark = pytest.mark.interop

RECIPE = Path(__file__).parents[2] / "docs" / "by-hand.md"
TOOLS = ("bash", "openssl", "unzip", "sha256sum", "xxd", "base64", "perl", "python3", "xmllint")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", RECIPE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def by_hand(
    data: bytes, seal: KeyPair, folder: Path, trust: Mapping[str, Sequence[bytes]] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the recipe from beginning to end; it stops where something does not hold."""
    need(not_here(*TOOLS))
    folder.mkdir()
    (folder / "bundle.zip").write_bytes(data)
    if trust is None:
        write_trust(folder / "trust", seal)
    for name, certificates in (trust or {}).items():
        (folder / "trust" / name).mkdir(parents=True)
        for number, one in enumerate(certificates):
            (folder / "trust" / name / f"{number}.pem").write_text(ssl.DER_cert_to_PEM_cert(one))
    shutil.copy(published_folder("wsdl") / "notigateway-evidence-1.xsd", folder)
    script = "\n".join(["set -euo pipefail", *COMMANDS])
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_everything_in_a_bundle_is_verified_by_hand(kind: str, tmp_path: Path) -> None:
    seal = pki().seal
    if kind == "RSA":
        seal = CertificateWish(
            authority_name("Seal by hand"),
            rsa_key("seal", 3072),
            not_before=NOW - timedelta(days=9),
            not_after=NOW + timedelta(days=9),
        ).make()
    data = Proofs(seal=seal).build()

    done = by_hand(data, seal, tmp_path / kind)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(COMMANDS) == 11
    assert done.stdout.count("Verified OK") == 3  # manifest, receipt, head
    assert (done.stdout + done.stderr).count("Verification: OK") == 2
    assert done.stdout.count("is what the receipt names") == 4
    original, _ = take_out(bundle.read_container(data)[bundle.RECEIPT])
    for words in (
        sha256(original).hexdigest(),
        "three digests as stated",
        "receipt.tst: Jun  1 12:00:40 2026 GMT",
        "0 bytes stand behind what is sealed",
        "the receipt is in the log",
        "the PDF holds this receipt",
    ):
        assert words in done.stdout


def test_a_bundle_of_the_first_minute_is_verified_by_hand(tmp_path: Path) -> None:
    done = by_hand(
        replace(vector_bundle(), is_stamped=False).build(),
        pki().seal,
        tmp_path / "first",
        vector_trust("seal"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the receipt has no time-stamp\n" in done.stdout
    assert "the head has no time-stamp\n" in done.stdout
    # Of what it does not name nothing is confirmed.
    assert "is what the receipt names" not in done.stdout
    assert "the receipt names no certificates/caller.cer\n" in done.stdout


def test_a_container_is_verified_by_hand(tmp_path: Path) -> None:
    made = Proofs()
    sealed = asic.write_container(made.members(), receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    done = by_hand(sealed, pki().seal, tmp_path / "container")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Verified OK") == 3  # receipt, container, head
    assert "the container has the files that its seal names" in done.stdout
    for name in (bundle.MANIFEST, bundle.RECEIPT, bundle.LEAF):
        changed = _repacked(sealed, name, asic.read_container(sealed)[name][:-1] + b" ")
        assert by_hand(changed, pki().seal, tmp_path / name.replace("/", "-")).returncode != 0
    unsealed = _repacked(sealed, "META-INF/signatures001.xml", None)
    done = by_hand(unsealed, pki().seal, tmp_path / "unsealed")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "DOES NOT HOLD: nothing seals the manifest",
    )


def _repacked(data: bytes, name: str, content: bytes | None) -> bytes:
    """Return a container with one file changed, or without it."""
    made = BytesIO()
    with ZipFile(BytesIO(data)) as was, ZipFile(made, "w") as now:
        for one in was.namelist():
            if one != name:
                now.writestr(one, was.read(one))
            elif content is not None:
                now.writestr(one, content)
    return made.getvalue()


def test_renewed_heads_are_verified_by_hand(tmp_path: Path) -> None:
    trust = vector_trust("seal", "seal-next") | {
        "timestamp": [holder(one).der for one in ("authority-short", "authority-next")]
    }
    done = by_hand(renewed().build(), pki().seal, tmp_path / "renewed", trust)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the receipt is in renewed head 0\n" in done.stdout
    assert "renewal 0 is in renewed head 1\n" in done.stdout
    assert "renewed-1.tst: Jun 15 00:00:00 2029 GMT\n" in done.stdout
    for number, breaks in enumerate(("covered", "token")):
        broken = by_hand(renewed(breaks=breaks).build(), pki().seal, tmp_path / f"broken-{number}", trust)
        assert broken.returncode != 0
    strange = {**trust, "seals": trust["seals"][1:]}
    assert by_hand(renewed().build(), pki().seal, tmp_path / "strange", strange).returncode != 0


def vector_trust(*seals: str) -> dict[str, Sequence[bytes]]:
    return {"seals": [holder(one).der for one in seals], "timestamp": [holder("authority").der]}


def test_what_is_appended_to_a_pdf_is_not_what_is_read(tmp_path: Path) -> None:
    """A reader of PDF shows it; the part that is sealed is written by itself."""
    made = Proofs()
    form, more = made.members()[bundle.FORM], b"\n% whatever it draws\n"
    data = replace(made, files={bundle.FORM: form + more}).build()
    done = by_hand(data, pki().seal, tmp_path / "appended")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(more)} bytes stand behind what is sealed\n" in done.stdout
    assert (tmp_path / "appended" / "work" / "sealed.pdf").read_bytes() == form


def test_a_seal_that_nobody_pins_is_said_to_be_none(tmp_path: Path) -> None:
    """Whoever makes a bundle calls its seal as they like."""
    stranger = CertificateWish(
        pki().seal.certificate.subject,
        ec_key("stranger"),
        not_before=NOW - timedelta(days=9),
        not_after=NOW + timedelta(days=9),
    ).make()
    done = by_hand(Proofs(seal=stranger).build(), pki().seal, tmp_path / "stranger")
    assert done.returncode != 0
    assert "is not in trust/seals\n" in done.stderr


CHANGED = [
    bundle.RECEIPT,
    bundle.FORM,
    bundle.PREVIOUS,
    bundle.REQUEST,
    bundle.REVOCATION,
    bundle.LEAF,
    bundle.INCLUSION,
    bundle.CHECKPOINT,
    bundle.CHECKPOINT_TOKEN,
]


@pytest.mark.parametrize("name", CHANGED)
def test_what_was_changed_is_found_by_hand_though_the_manifest_names_it(name: str, tmp_path: Path) -> None:
    made = Proofs()
    was = made.members()[name]
    changed = was[:-40] + bytes([was[-40] ^ 1]) + was[-39:]
    data = replace(made, files={name: changed}).build()

    done = by_hand(data, pki().seal, tmp_path / "changed")

    assert f"{name}: OK" in done.stdout
    assert done.returncode != 0


def test_a_container_that_info_zip_has_packed_anew_passes(tmp_path: Path) -> None:
    """As docs/etsi.md has it."""
    need(not_here("zip", "unzip"))
    made = Proofs()
    sealed = asic.write_container(made.members(), receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    (tmp_path / "made.asice").write_bytes(sealed)
    inside = tmp_path / "inside"
    with ZipFile(tmp_path / "made.asice") as container:
        container.extractall(inside)
    (inside / "mimetype").chmod(0o664)
    for command in ("zip -X -0 ../again.asice mimetype", "zip -X -D -9 -r ../again.asice . -x mimetype"):
        subprocess.run(command.split(), cwd=inside, check=True, capture_output=True, timeout=60)
    trust = load_trust(write_trust(tmp_path / "trust"))
    at = datetime(2026, 7, 1, tzinfo=UTC)
    report = verify((tmp_path / "again.asice").read_bytes(), trust=trust, at=at)
    assert report.outcome is Outcome.PASSED, report
