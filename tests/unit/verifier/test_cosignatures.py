"""Who else has seen the head of the log in a bundle: the witnesses that the trust folder names."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from bundles import Proofs, write_trust
from notigateway.evidence import bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.tlog.cosignature import cosign, cosigner_of
from notigateway.tlog.note import SignatureLine
from notigateway.tlog.quorum import WITNESSES, Quorum
from notigateway.verifier.cli import app
from notigateway.verifier.pins import Trust, load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome, Report, Step
from pki import NOW, pki

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

AT = NOW + timedelta(days=1)
KEYS = {name: Ed25519PrivateKey.generate() for name in ("w1.example", "w2.example", "w3.example")}
WHO = tuple(cosigner_of(name, key) for name, key in KEYS.items())
STRANGER = SignatureLine("stranger.example", b"\x01\x02\x03\x04", bytes(72))


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return load_trust(write_trust(tmp_path / "trust"))


def by(*names: str, at: datetime = NOW, beside: tuple[SignatureLine, ...] = ()) -> Proofs:
    """Return a bundle whose head these witnesses have cosigned."""
    ids = {one.name: one.key_id for one in WHO}

    def lines(text: bytes) -> list[SignatureLine]:
        return [*(SignatureLine(name, ids[name], cosign(text, KEYS[name], at)) for name in names), *beside]

    return Proofs(cosigned=lines)


def judged(
    proofs: Proofs, trust: Trust, *, needed: int | None = 2, at: datetime = AT, **more: bool
) -> tuple[Outcome, str, Outcome]:
    """Return the outcome of the step with its reason, and what the whole comes to."""
    quorum = None if needed is None else Quorum(WHO, needed)
    report = verify(proofs.build(), trust=dataclasses.replace(trust, quorum=quorum), at=at, **more)  # type: ignore[arg-type]
    step = of(report, "cosignatures")
    return step.outcome, step.reason, report.outcome


def of(report: Report, name: str) -> Step:
    (step,) = [one for one in report.steps if one.name == name]
    return step


def test_as_many_as_are_needed_pass(trust: Trust) -> None:
    outcome, reason, whole = judged(by("w1.example", "w3.example", beside=(STRANGER,)), trust)
    assert (outcome, whole) == (Outcome.PASSED, Outcome.PASSED)
    assert "w1.example, w3.example" in reason
    assert "nobody knows them here: stranger.example" in reason


def test_fewer_are_indeterminate_and_fail_where_they_are_required(trust: Trust) -> None:
    for proofs in (
        by("w1.example"),
        by(),
        by("w2.example", "w2.example"),
        by("w1.example", beside=(STRANGER,)),
    ):
        outcome, reason, whole = judged(proofs, trust)
        assert (outcome, whole) == (Outcome.INDETERMINATE, Outcome.INDETERMINATE)
        assert "fewer witnesses" in reason
        assert judged(proofs, trust, require_witnesses=True)[0] is Outcome.FAILED


def test_a_line_that_is_not_its_witnesss_own_fails(trust: Trust) -> None:
    for wrong in (
        SignatureLine(WHO[0].name, WHO[0].key_id, bytes(72)),
        SignatureLine(WHO[0].name, WHO[0].key_id, cosign(b"another\n", KEYS["w1.example"], NOW)),
        SignatureLine(WHO[0].name, WHO[0].key_id, b"short"),
    ):
        outcome, _, whole = judged(by("w2.example", "w3.example", beside=(wrong,)), trust)
        assert (outcome, whole) == (Outcome.FAILED, Outcome.FAILED)


def test_what_was_seen_before_the_head_or_after_the_instant_asked_for_does_not_count(trust: Trust) -> None:
    names = ("w1.example", "w2.example")
    assert judged(by(*names, at=NOW - timedelta(hours=1)), trust)[0] is Outcome.INDETERMINATE
    assert judged(by(*names, at=AT + timedelta(hours=1)), trust)[0] is Outcome.INDETERMINATE


def test_without_witnesses_in_the_trust_folder_nothing_is_said(trust: Trust) -> None:
    assert judged(by("w1.example"), trust, needed=None)[::2] == (Outcome.SKIPPED, Outcome.PASSED)
    outcome, reason, _ = judged(by("w1.example"), trust, needed=None, require_witnesses=True)
    assert (outcome, "names no witness" in reason) == (Outcome.INDETERMINATE, True)


def test_a_file_without_a_head_cannot_be_told_where_witnesses_are_required(trust: Trust) -> None:
    receipt = bundle.read_container(Proofs().build())[bundle.RECEIPT]
    quorum = dataclasses.replace(trust, quorum=Quorum(WHO, 1))
    assert verify(receipt, trust=quorum, at=AT).outcome is Outcome.PASSED
    required = verify(receipt, trust=quorum, at=AT, require_witnesses=True)
    assert required.outcome is Outcome.INDETERMINATE


def test_a_head_whose_seal_is_not_proven_is_not_saved_by_witnesses(trust: Trust) -> None:
    nobody = dataclasses.replace(trust, seals=[DatedCertificate.of(pki().service.certificate)])
    report = verify(
        by("w1.example", "w2.example").build(),
        trust=dataclasses.replace(nobody, quorum=Quorum(WHO, 1)),
        at=AT,
    )
    assert of(report, "cosignatures").outcome is Outcome.INDETERMINATE
    assert report.outcome is Outcome.FAILED


# --- whose clocks are trusted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proves_time", "after", "outcome"),
    [
        (True, timedelta(minutes=1), Outcome.PASSED),
        (False, timedelta(minutes=1), Outcome.INDETERMINATE),
        (True, timedelta(hours=2), Outcome.INDETERMINATE),
    ],
)
def test_witnesses_prove_time_only_where_the_trust_folder_says_so(
    trust: Trust, proves_time: bool, after: timedelta, outcome: Outcome
) -> None:
    """The seal is out of use an hour later; nobody but the witnesses says that the head is older."""
    ended = [DatedCertificate.of(pki().seal.certificate, until=NOW + timedelta(hours=1))]
    quorum = Quorum(WHO, 2, proves_time=proves_time)
    proofs = dataclasses.replace(by("w1.example", "w2.example", at=NOW + after), stamped=False)
    trusting = dataclasses.replace(trust, seals=ended, authorities=[], quorum=quorum)
    report = verify(proofs.build(), trust=trusting, at=AT)
    assert of(report, "checkpoint's time").outcome is outcome, report
    assert of(report, "existence").outcome is outcome, report


# --- the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "more", "code"),
    [
        (("w1.example", "w2.example"), (), 0),
        (("w1.example", "w2.example"), ("--require-witnesses",), 0),
        (("w1.example",), (), 2),
        (("w1.example",), ("--require-witnesses",), 1),
    ],
    ids=["enough", "enough-required", "few", "few-required"],
)
def test_the_command_reads_the_file_and_the_option(
    tmp_path: Path, names: tuple[str, ...], more: tuple[str, ...], code: int
) -> None:
    folder = write_trust(tmp_path / "trust")
    vkeys = ", ".join(f'"{one.vkey}"' for one in WHO)
    (folder / WITNESSES).write_text(f"needed = 2\nwitnesses = [{vkeys}]\n")
    file = tmp_path / "bundle.zip"
    file.write_bytes(by(*names).build())
    arguments = [str(file), "--trust", str(folder), "--at", AT.isoformat(), *more]
    assert CliRunner().invoke(app, arguments).exit_code == code


def test_a_file_of_witnesses_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = write_trust(tmp_path / "trust")
    (folder / WITNESSES).write_text("witnesses = 1")
    file = tmp_path / "bundle.zip"
    file.write_bytes(by().build())
    result = CliRunner().invoke(app, [str(file), "--trust", str(folder)])
    assert result.exit_code == 2


def test_a_bundle_of_an_earlier_form_is_refused_in_words(trust: Trust) -> None:
    out = BytesIO()
    with ZipFile(out, "w") as container:
        container.writestr("log/checkpoint.txt", b"")
    report = verify(out.getvalue(), trust=trust, at=AT)
    assert (report.outcome, report.steps[0].name) == (Outcome.FAILED, "container")
    assert "earlier, unreleased form" in report.steps[0].reason
