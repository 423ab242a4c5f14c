"""What a person reads who gives the verifier a file: what is wrong in one sentence, and what is proven."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from typer.testing import CliRunner

from bundles import NOTIFICATION, Proofs, accept_request, write_trust
from notigateway.evidence import asic, bundle
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import take_out
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint
from notigateway.sandbox.certifying import certificate_pem
from notigateway.verifier.cli import app
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def whole() -> bytes:
    return Proofs().build()


@pytest.fixture(scope="module")
def files(whole: bytes) -> dict[str, bytes]:
    return dict(bundle.read_container(whole))


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trust(tmp_path_factory.mktemp("trust"))


def told(data: bytes, folder: Path, trust: Path, *options: str) -> tuple[int, list[str]]:
    """Return how the command ends, and the lines that a person reads."""
    (folder / "file").write_bytes(data)
    done = CliRunner().invoke(
        app, [str(folder / "file"), "--trust", str(trust), "--at", AT.isoformat(), *options]
    )
    return done.exit_code, done.stdout.splitlines()


def test_what_is_no_evidence_is_told_in_one_line(
    tmp_path: Path, trust: Path, files: dict[str, bytes]
) -> None:
    for data, words in (
        (b"", "the file is empty"),
        (b"Dear judge,\n", "neither a bundle"),
        (b"\x7fELF\x02\x01\x01" + bytes(5000), "neither a bundle"),
        (accept_request(), "given by --request, beside its receipt"),
        (files[bundle.CHECKPOINT], "a head of the log"),
        (files[bundle.SEAL_CERTIFICATE], "a certificate"),
        (files[bundle.MANIFEST], "neither a bundle"),
    ):
        code, lines = told(data, tmp_path, trust)
        assert (code, len(lines), lines[-1]) == (1, 2, "result: failed"), lines
        assert words in lines[0]
        assert "neither a bundle, a container, a receipt, a PDF nor the certificate of a power" in lines[0]


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (lambda one: one + b"\n", "added at its end"),
        (lambda one: b"\xef\xbb\xbf" + one, "byte order mark"),
        (lambda one: b'<?xml version="1.0"?>\n' + one, "XML declaration"),
        (lambda one: b"\n" + one, "begins with white space"),
        (lambda one: one.replace(b"><", b">\n  <"), "line breaks"),
        (lambda one: one.replace(b"><", b">\r\n<"), "as on Windows"),
        (lambda one: one.decode().encode("utf-16"), "UTF-16"),
    ],
)
@pytest.mark.parametrize("is_stamped", [True, False])
def test_a_receipt_that_a_program_has_rewritten_says_so(
    tmp_path: Path,
    trust: Path,
    files: dict[str, bytes],
    change: Callable[[bytes], bytes],
    how: str,
    *,
    is_stamped: bool,
) -> None:
    receipt = files[bundle.RECEIPT] if is_stamped else files[bundle.PREVIOUS]
    code, lines = told(change(receipt), tmp_path, trust)
    assert (code, len(lines), lines[-1]) == (1, 2, "result: failed"), lines
    assert how in lines[0]
    assert "get the original again" in lines[0]


def test_a_receipt_with_another_word_in_it_is_not_called_rewritten(
    tmp_path: Path, trust: Path, files: dict[str, bytes]
) -> None:
    changed = files[bundle.RECEIPT].replace(b"Conservas", b"Conserves", 1)
    _, lines = told(changed, tmp_path, trust)
    assert len(lines) > 4
    assert not any("rewritten" in one for one in lines)


def test_what_is_cut_short_says_so(
    tmp_path: Path, trust: Path, whole: bytes, files: dict[str, bytes]
) -> None:
    receipt, form = files[bundle.RECEIPT], files[bundle.FORM]
    for data in (
        whole[:3000],
        whole[: len(whole) // 2],
        whole[:-10],
        receipt[:-200],
        form[:4000],
        form[:-900],
    ):
        code, lines = told(data, tmp_path, trust)
        assert (code, len(lines)) == (1, 2), lines
        assert "cut short" in lines[0]
        assert "get it again" in lines[0]


def test_a_member_that_is_missing_twice_or_foreign_is_named(
    tmp_path: Path, trust: Path, files: dict[str, bytes]
) -> None:
    def zipped(members: list[tuple[str, bytes]]) -> bytes:
        heads = [
            bundle._HEADER.pack(b"PK\x03\x04", 20, 0, 0, 0, 33, 0, len(c), len(c), len(n), 0)
            for n, c in members
        ]
        return b"".join(
            head + name.encode() + content for head, (name, content) in zip(heads, members, strict=True)
        )

    rows = list(files.items())
    _, lines = told(
        zipped([one for one in rows if one[0] not in {"receipt.pdf", "log/leaf.txt"}]), tmp_path, trust
    )
    assert "lacks receipt.pdf, log/leaf.txt" in lines[0]
    _, lines = told(zipped([*rows, ("hello.txt", b"x")]), tmp_path, trust)
    assert "belongs to no bundle: 'hello.txt'" in lines[0]
    _, lines = told(zipped([*rows, rows[0]]), tmp_path, trust)
    assert "is there twice: 'manifest.json'" in lines[0]


def test_a_folder_without_seals_is_told_in_one_line(tmp_path: Path, trust: Path, whole: bytes) -> None:
    for wrong in (trust / "seals", tmp_path):
        code, lines = told(whole, tmp_path, wrong)
        assert (code, len(lines), lines[-1]) == (2, 2, "result: indeterminate")
        assert f"there is none in {wrong / 'seals'}" in lines[0]
    code, lines = told(whole, tmp_path, tmp_path, "--json")
    said = json.loads(lines[0])
    assert (code, said["outcome"]) == (2, "indeterminate")
    assert str(tmp_path / "seals") in said["says"]


def packed(files: dict[str, bytes], *folders: str, how: int = ZIP_DEFLATED) -> bytes:
    """Return files as a tool of anybody packs them that were unpacked."""
    out = BytesIO()
    with ZipFile(out, "w", how) as container:
        for name in folders:
            container.writestr(ZipInfo(name, date_time=(2026, 6, 2, 9, 0, 0)), b"")
        for name, content in files.items():
            container.writestr(ZipInfo(name, date_time=(2026, 6, 2, 9, 0, 0)), content, how)
    return out.getvalue()


def test_what_a_tool_has_packed_anew_says_so(tmp_path: Path, trust: Path, files: dict[str, bytes]) -> None:
    """Nothing is missing in it, and the folders are not what is wrong."""
    for data in (
        packed(files),
        packed(dict(sorted(files.items()))),
        packed(files, "certificates/", "log/"),
        packed(files, how=ZIP_STORED),
    ):
        code, lines = told(data, tmp_path, trust)
        assert (code, len(lines)) == (1, 2), lines
        assert "a tool has packed this ZIP file anew" in lines[0]
        assert "get the original again. (A container, .asice, may be packed anew, with mimetype" in lines[0]

    rest = {name: one for name, one in files.items() if name not in bundle.SEALED}
    made = asic.write_container(rest, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    with ZipFile(BytesIO(made)) as container:
        members = {name: container.read(name) for name in container.namelist()}
    for data in (packed(dict(sorted(members.items()))), packed(members), packed(members, "META-INF/")):
        code, lines = told(data, tmp_path, trust)
        assert (code, len(lines)) == (1, 2), lines
        assert "packed this container (.asice) anew" in lines[0]
        assert "its first file must be mimetype, stored" in lines[0]


def test_a_seal_that_is_not_pinned_is_named_with_what_may_be_behind_it(
    tmp_path: Path, trust: Path, whole: bytes, files: dict[str, bytes]
) -> None:
    """A gateway that has changed its seal, and a trust folder from before, or from after."""
    folder = tmp_path / "trust"
    (folder / "seals").mkdir(parents=True)
    (folder / "seals" / "new.cer").write_bytes(certificate_pem(pki().ec_company.certificate))
    ours, theirs = fingerprint(pki().seal.certificate), fingerprint(pki().ec_company.certificate)
    cure = "by another way than this file, and put it into seals/"
    for data in (whole, files[bundle.RECEIPT], files[bundle.FORM]):
        code, lines = told(data, tmp_path, folder)
        assert code == 1
        assert (
            "not sealed with a pinned seal certificate, but with CN=Sello de Sello de la pasarela"
            in lines[-2]
        )
        assert ours in lines[-2]
        assert "The gateway may have changed its seal" in lines[-2]
        assert cure in lines[-2]
        assert sum(cure in one for one in lines) == min(2, len(lines) - 1), lines  # no step repeats it
    rest = {name: one for name, one in files.items() if name not in bundle.SEALED}
    made = bundle.write_bundle(rest, receipt_id=NOTIFICATION, seal=Seal(pki().ec_company), made_at=NOW)
    code, lines = told(made, tmp_path, trust)
    assert (code, f"but with the one of SHA-256 {theirs}" in lines[-2], cure in lines[-2]) == (1, True, True)


def test_a_seal_that_was_not_in_use_then_is_named_with_its_period(
    tmp_path: Path, trust: Path, whole: bytes
) -> None:
    shutil.copytree(trust, tmp_path / "trust")
    (name,) = [one.name for one in (trust / "seals").iterdir()]
    until = instant_text(NOW - timedelta(hours=1))
    (tmp_path / "trust" / "seals" / "periods.toml").write_text(f'["{name}"]\nuntil = {until}\n')
    code, lines = told(whole, tmp_path, tmp_path / "trust")
    ours = fingerprint(pki().seal.certificate)
    assert code == 1
    assert f"not valid, or not in use, on {instant_text(NOW)}: CN=Sello de Sello de la pasarela" in lines[-2]
    assert f"(SHA-256 {ours}) was in use from " in lines[-2]
    assert f" until {until}" in lines[-2]


def test_the_last_words_say_who_what_and_when_by_whose_clock(
    tmp_path: Path, trust: Path, whole: bytes, files: dict[str, bytes]
) -> None:
    code, lines = told(whole, tmp_path, trust)
    assert (code, lines[-1]) == (0, "result: passed")
    assert lines[-2].startswith(
        "Proven: On 1 June 2026, 14:00:00.000 (mainland Spanish time) Conservas del Norte SL (B12345674) "
        "accepted notification no. 7 from Tesorería General de la Seguridad Social."
    )
    assert "So attests the seal of Sello de Sello de la pasarela." in lines[-2]
    assert "It existed on 2026-06-01T12:00:40.000Z, by the clock of Sellos de tiempo" in lines[-2]
    _, lines = told(take_out(files[bundle.RECEIPT])[0], tmp_path, trust)
    assert "by the clock of the gateway alone" in lines[-2]
    assert "This file is not the whole evidence" in lines[-2]
    _, lines = told(files[bundle.FORM].replace(b"/Type", b"/Typf", 1), tmp_path, trust)
    assert not any(one.startswith("Proven") for one in lines)


def test_steps_about_one_absent_thing_share_a_line_and_json_has_all(
    tmp_path: Path, trust: Path, files: dict[str, bytes]
) -> None:
    _, lines = told(files[bundle.RECEIPT], tmp_path, trust)
    assert len(lines) == 9, lines
    (line,) = [one for one in lines if "the bundle of this receipt holds it" in one]
    for name in ("request", "log", "checkpoint", "form"):
        assert name in line
    _, lines = told(files[bundle.RECEIPT], tmp_path, trust, "--json")
    said = json.loads(lines[0])
    assert len(said["steps"]) == 17
    assert said["says"].startswith("Proven: On 1 June 2026")


def test_what_is_from_after_the_instant_named_counts_for_nothing(
    tmp_path: Path, trust: Path, whole: bytes
) -> None:
    """The receipt is of 12:00:00, everything else by somebody's clock of 12:00:40."""

    def steps(at: timedelta, *options: str) -> dict[str, tuple[str, str]]:
        (tmp_path / "file").write_bytes(whole)
        command = [str(tmp_path / "file"), "--trust", str(trust), "--at", (NOW + at).isoformat(), *options]
        done = CliRunner().invoke(app, [*command, "--json"])
        said = json.loads(done.stdout)
        found = {one["name"]: (one["outcome"], one["reason"]) for one in said["steps"]}
        return found | {"": (said["outcome"], said["says"])}

    before = steps(timedelta(days=-300))
    assert before[""][0] == "indeterminate"
    assert "the receipt was sealed on 2026-06-01T12:00:00.000Z, after 2025-08-05" in before[""][1]
    passed = [name for name, (outcome, _) in before.items() if outcome == "passed"]
    assert passed == ["container", "schema", "seal certificate", "checkpoint"]
    assert before["existence"][0] == before["log"][0] == "indeterminate"
    assert "it was made on 2026-06-01T12:00:00.000Z, after" in before["manifest"][1]

    between = steps(timedelta(seconds=20))
    assert between[""][0] == "passed"
    assert "by the clock of the gateway alone" in between[""][1]
    for name in ("time-stamp", "checkpoint's time"):
        assert between[name][0] == "skipped"
        assert "2026-06-01T12:00:40.000Z, after 2026-06-01T12:00:20.000Z, as of which" in between[name][1]
    required = steps(timedelta(seconds=20), "--require-level", "T")
    assert required["time-stamp"][0] == "indeterminate"

    assert (
        "(its time-stamp of 2026-06-01T12:00:40.000Z is later, and counts for nothing)" in between["form"][1]
    )
    assert ", time-stamped on" not in between["form"][1]

    last = steps(timedelta(seconds=40))
    assert "by the clock of Sellos de tiempo" in last[""][1]
    assert ", time-stamped on 2026-06-01T12:00:40.000Z" in last["form"][1]


def test_past_the_ends_of_seal_and_authority_it_says_whose_word_has_ended(trust: Path, whole: bytes) -> None:
    report = verify(whole, trust=load_trust(trust), at=NOW.replace(year=2060))
    assert report.outcome is Outcome.INDETERMINATE
    reasons = {step.name: step.reason for step in report.steps}
    word = "the time-stamp of 2026-06-01T12:00:40.000Z by CN=Sellos de tiempo"
    assert reasons["time-stamp"].startswith(word)
    assert ": its certificate was in use until 20" in reasons["time-stamp"]
    assert "nothing newer that counts covers it: level B" in reasons["time-stamp"]
    assert report.says.startswith(
        "It cannot be told: existence: the seal: its certificate was in use until 20"
    )
    assert word in report.says
    assert report.says.endswith("a bundle with renewed heads may prove it")


def test_the_clock_of_this_machine_may_be_behind(trust: Path, whole: bytes) -> None:
    whom, now = load_trust(trust), NOW + timedelta(seconds=20)
    report = verify(whole, trust=whom, at=now, ahead=timedelta(minutes=5), required_level="T")
    assert report.outcome is Outcome.PASSED, report
