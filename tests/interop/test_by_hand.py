"""The expert's recipe: every command of docs/by-hand.md, on bundles that were made a moment ago."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
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
from pki import NOW, pki, rsa_key

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

RECIPE = Path(__file__).parents[2] / "docs" / "by-hand.md"
TOOLS = ("bash", "openssl", "unzip", "sha256sum", "xxd", "base64", "perl", "python3", "xmllint")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", RECIPE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def by_hand(data: bytes, seal: KeyPair, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the recipe from beginning to end; it stops where something does not hold."""
    need(not_here(*TOOLS))
    folder.mkdir()
    (folder / "bundle.zip").write_bytes(data)
    write_trust(folder / "trust", seal)
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
    assert len(COMMANDS) == 9
    assert done.stdout.count("Verified OK") == 3  # manifest, receipt, head
    assert (done.stdout + done.stderr).count("Verification: OK") == 2
    assert done.stdout.count("is what the receipt names") == 4
    original, _ = take_out(bundle.read_container(data)[bundle.RECEIPT])
    for words in (
        sha256(original).hexdigest(),
        "three digests as stated",
        "Time stamp: Jun  1 12:00:40 2026 GMT",
        "the receipt is in the log",
        "the PDF holds this receipt",
    ):
        assert words in done.stdout


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
