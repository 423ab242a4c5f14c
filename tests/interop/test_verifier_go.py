"""The verifier of `samples/verifier-go`, made from the specification alone, comes to what ours comes to."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bundles import write_trust
from exhibits import exhibits, rsa_seal
from interop.clients import SAMPLES, build_in, is_older, need, not_here
from notigateway.evidence.pdf_seal import add_stamp, stamp_imprint
from notigateway.evidence.pdf_validation import add_validation_data
from notigateway.evidence.validation_data import ValidationData
from pki import NOW, crl, pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.interop

_FOLDER = SAMPLES / "verifier-go"
_VECTORS = SAMPLES / "vectors"
_PROGRAM = _FOLDER / "bin/verifier-go"
_OURS = Path(sys.executable).with_name("notigateway-verify")
_AT = "2026-07-01T00:00:00.000Z"
# Both verifiers, all files of a test.
_SECONDS = 300.0
_MADE = NOW + timedelta(minutes=1)
_DATA = ValidationData(
    [one.certificate.public_bytes(Encoding.DER) for one in (pki().seal, tsa(), pki().issuing, pki().root)],
    [crl(pki().issuing), crl(pki().root)],
)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    need(not_here("go"))
    if is_older(_PROGRAM, _FOLDER / "go.mod", *sorted(_FOLDER.glob("*.go"))):
        built = build_in(_FOLDER, "go", "build", "-p", "1", "-o", str(_PROGRAM), ".")
        assert built.returncode == 0, built.stderr[-4000:]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)


def test_every_vector_comes_to_what_the_index_says() -> None:
    count = len(json.loads((_VECTORS / "vectors.json").read_text("utf-8"))["vectors"])
    done = _run(str(_PROGRAM), "vectors", str(_VECTORS))
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("DIFFERS")] == []
    assert lines[-1] == f"{count} of {count} vectors agree"
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_vector_with_another_outcome_is_told(tmp_path: Path) -> None:
    """So what the test above does not find was looked for."""
    for file in _VECTORS.iterdir():
        (tmp_path / file.name).symlink_to(file)
    index = json.loads((_VECTORS / "vectors.json").read_text("utf-8"))
    one, another = index["vectors"][:2]
    one["outcome"], another["steps"]["log"] = "failed", "passed"
    index["vectors"] = [one, another]
    (tmp_path / "vectors.json").unlink()
    (tmp_path / "vectors.json").write_text(json.dumps(index), "utf-8")
    done = _run(str(_PROGRAM), "vectors", str(tmp_path))
    assert [line.split()[:2] for line in done.stdout.splitlines()[:2]] == [
        ["DIFFERS", one["name"]],
        ["DIFFERS", another["name"]],
    ]
    assert done.returncode == 1


def test_exit_codes_are_those_of_the_specification() -> None:
    trust = ("--trust", str(_VECTORS / "trust"), "--at", _AT)
    without = ("--trust", str(_VECTORS / "trust-without-seals"), "--at", _AT)
    receipt = str(_VECTORS / "receipt-t.xml")
    assert _run(str(_PROGRAM), *trust, receipt).returncode == 0
    assert _run(str(_PROGRAM), *trust, str(_VECTORS / "vectors.json")).returncode == 1
    assert _run(str(_PROGRAM), *without, receipt).returncode == 2


def test_options_may_stand_behind_the_file() -> None:
    receipt, trust = str(_VECTORS / "receipt-t.xml"), str(_VECTORS / "trust")
    assert _run(str(_PROGRAM), receipt, "--at", _AT, "--trust", trust, "--require-level", "T").returncode == 0
    assert _run(str(_PROGRAM), "--trust", trust, receipt, "--at", _AT, "--require-level=LT").returncode == 1
    assert _run(str(_PROGRAM), receipt, "--trust", trust, "--at", _AT, "--", "--json").returncode == 2
    assert _run(str(_PROGRAM), receipt, "--trust", trust, "--at", _AT, receipt).returncode == 2


@pytest.mark.parametrize("name", ["bundle-acceptance", "bundle-cosigned"])
def test_a_bundle_with_a_bit_changed_is_judged_alike(name: str, tmp_path: Path) -> None:
    """250 of each, each in a bundle that is well formed but for that: so every step has something to say."""
    trust = "trust-witnesses" if name == "bundle-cosigned" else "trust"
    options = ("--trust", str(_VECTORS / trust), "--at", _AT, "--json")
    files = _flipped((_VECTORS / f"{name}.zip").read_bytes(), tmp_path, seed=name)
    ours = _run(str(_OURS), *options, *map(str, files))
    found = [json.loads(line) for line in ours.stdout.splitlines()]
    assert len(found) == len(files), ours.stderr[-4000:]
    for file, one in zip(files, found, strict=True):
        theirs = json.loads(_run(str(_PROGRAM), *options, str(file)).stdout)
        assert (file.name, theirs["outcome"]) == (file.name, one["outcome"])
        assert (file.name, _steps(theirs["steps"], "step")) == (file.name, _steps(one["steps"], "name"))


def test_what_the_gateway_makes_is_judged_alike(tmp_path: Path) -> None:
    """Every form of evidence, the pages for people among them, with the store that is appended to them."""
    trust = write_trust(tmp_path / "trust")
    (trust / "seals" / "rsa.pem").write_bytes(rsa_seal().certificate.public_bytes(Encoding.PEM))
    files = {name: one.data for name, one in exhibits().items()}
    form = files["pdf"]
    stored = add_validation_data(add_stamp(form, token_of(stamp_imprint(form), at=_MADE)), _DATA)
    files |= {"pdf-lt": stored, "pdf-lt-changed": stored + b"1 0 obj\n<<>>\nendobj\n"}
    options = ("--trust", str(trust), "--at", "2026-06-02T12:00:00.000Z", "--json")
    for name, data in files.items():
        file = tmp_path / name
        file.write_bytes(data)
        (ours,) = [json.loads(line) for line in _run(str(_OURS), *options, str(file)).stdout.splitlines()]
        theirs = json.loads(_run(str(_PROGRAM), *options, str(file)).stdout)
        known = {one["step"] for one in theirs["steps"] if one["outcome"] != "skipped"}
        said = {step: outcome for step, outcome in _steps(ours["steps"], "name").items() if step in known}
        assert (name, ours["outcome"], said) == (
            name,
            theirs["outcome"],
            {step: outcome for step, outcome in _steps(theirs["steps"], "step").items() if step in known},
        )
        assert (name, ours["outcome"]) == (name, "failed" if name == "pdf-lt-changed" else "passed")


def _steps(steps: Sequence[dict[str, Any]], name: str) -> dict[str, str]:
    return {one[name]: one["outcome"] for one in steps}


def _flipped(bundle: bytes, folder: Path, *, seed: str, count: int = 250) -> list[Path]:
    chance = random.Random(seed)  # noqa: S311  (nothing is secret)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        members = [(one.filename, archive.read(one)) for one in archive.infolist()]
    files = []
    for number in range(count):
        chosen, bit = chance.randrange(len(members)), chance.randrange(8)
        content = bytearray(members[chosen][1])
        place = chance.randrange(len(content))
        content[place] ^= 1 << bit
        changed = [*members[:chosen], (members[chosen][0], bytes(content)), *members[chosen + 1 :]]
        file = folder / f"{number}-{members[chosen][0].replace('/', '-')}-{place}-{bit}.zip"
        file.write_bytes(_bundle(changed))
        files.append(file)
    return files


def _bundle(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Write a bundle in its one form (docs/verifying.md, V12)."""
    file, entries = bytearray(), bytearray()
    for name, content in members:
        numbers = struct.pack("<LLLHH", zlib.crc32(content), len(content), len(content), len(name), 0)
        entries += b"PK\x01\x02\x14\x03\x14" + bytes(7) + b"\x21\0" + numbers
        entries += bytes(8) + b"\xa4\x01" + struct.pack("<L", len(file)) + name.encode()
        file += b"PK\x03\x04\x14" + bytes(7) + b"\x21\0" + numbers + name.encode() + content
    end = struct.pack("<HHLLH", len(members), len(members), len(entries), len(file), 0)
    return bytes(file + entries + b"PK\x05\x06" + bytes(4) + end)
