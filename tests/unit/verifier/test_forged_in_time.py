"""Who has stolen a key that is out of use makes everything with it, and honest time-stamps of today: in vain.

The thief states an instant at which the key was in use, for a receipt, its PDF, a manifest and a log of one
name. Only what honest authorities have dated tells it from what was made then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bundles import NOTIFICATION, Proofs, put_at_disposal, sealed, stamped, write_trust
from notigateway.evidence import asic, bundle
from notigateway.evidence.history import PERIODS, DatedCertificate
from notigateway.evidence.sealing import Seal
from notigateway.verifier.cli import app
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome, Report
from pki import NOW, pki
from tsa import tsa

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.verifier.pins import Trust

END = NOW + timedelta(hours=1)
TODAY = NOW + timedelta(days=30)
KINDS = ("bundle", "container", "receipt", "PDF")


def made(kind: str, proofs: Proofs) -> bytes:
    """Return what somebody shows of these parts."""
    files = proofs.members()
    if kind == "receipt":
        return files[bundle.RECEIPT]
    if kind == "PDF":
        return files[bundle.FORM]
    about = {"receipt_id": NOTIFICATION, "seal": Seal(proofs.seal), "made_at": NOW}
    write = asic.write_container if kind == "container" else bundle.write_bundle
    return write(files, **about)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="session")
def in_use(folder: Path) -> Trust:
    return load_trust(folder)


@pytest.fixture(scope="session")
def retired(in_use: Trust) -> Trust:
    """Whom to trust once the seal is out of use."""
    return replace(in_use, seals=[DatedCertificate.of(pki().seal.certificate, until=END)])


def doubtful(report: Report) -> dict[str, str]:
    assert report.outcome is Outcome.INDETERMINATE, report
    return {one.name: one.reason for one in report.steps if one.outcome is Outcome.INDETERMINATE}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_time_stamped_before_the_end_passes_for_ever(
    kind: str, retired: Trust, in_use: Trust
) -> None:
    honest = made(kind, Proofs())
    for at in (END, TODAY, TODAY + timedelta(days=3650)):
        assert verify(honest, trust=retired, at=at).outcome is Outcome.PASSED
        assert verify(honest, trust=in_use, at=at).outcome is Outcome.PASSED


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_dated_after_the_end_convinces_nobody(kind: str, retired: Trust) -> None:
    forged = made(kind, Proofs(stamped_at=END + timedelta(days=3)))
    for level in (None, "T"):
        why = doubtful(verify(forged, trust=retired, at=TODAY, required_level=level))
        assert "since 2026-06-04T13:00:00.000Z only" in why["existence"]
    assert verify(forged, trust=retired, at=END).outcome is not Outcome.FAILED


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_dated_by_nobody_convinces_nobody(kind: str, retired: Trust, in_use: Trust) -> None:
    bare = made(kind, Proofs(stamped=False))
    assert "nothing proves that this is older" in doubtful(verify(bare, trust=retired, at=TODAY))["existence"]
    assert verify(bare, trust=in_use, at=TODAY).outcome is Outcome.PASSED
    # Time-stamps of whom nobody has pinned are nobody's word.
    nobody = replace(retired, authorities=[])
    assert "existence" in doubtful(verify(made(kind, Proofs()), trust=nobody, at=TODAY))


def test_an_old_receipt_lends_nothing_to_what_was_forged_around_it(retired: Trust) -> None:
    original = sealed(Proofs().statement())
    honest = Proofs(receipt=original).members()
    forged = Proofs(receipt=original, stamped_at=END + timedelta(days=3)).members()
    receipt = {name: honest[name] for name in (bundle.RECEIPT, bundle.AUTHORITY_CERTIFICATE, bundle.PREVIOUS)}
    mixed = bundle.write_bundle(
        {**forged, **receipt}, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW
    )
    why = doubtful(verify(mixed, trust=retired, at=TODAY))
    assert {"checkpoint's time", "form"} <= set(why)


def test_the_manifest_of_a_seal_out_of_use_says_nothing_and_harms_nothing(retired: Trust) -> None:
    report = verify(made("bundle", Proofs()), trust=retired, at=TODAY)
    (step,) = [one for one in report.steps if one.name == "manifest"]
    assert step.outcome is Outcome.SKIPPED
    assert "in use until" in step.reason
    left = verify(Proofs().without_request().build(), trust=retired, at=TODAY)
    assert left.outcome is Outcome.PASSED
    (step,) = [one for one in left.steps if one.name == "request"]
    assert "not proven" in step.reason


@pytest.mark.parametrize("kind", KINDS)
def test_an_authority_out_of_use_is_as_a_seal_out_of_use(kind: str, retired: Trust) -> None:
    stolen = DatedCertificate.of(tsa().certificate, until=END + timedelta(days=1))
    by_it = made(kind, Proofs())  # dated into both periods, whenever it was made
    assert verify(by_it, trust=replace(retired, authorities=[stolen]), at=END).outcome is Outcome.PASSED
    why = doubtful(verify(by_it, trust=replace(retired, authorities=[stolen]), at=TODAY))
    assert "nothing proves that this is older" in why["existence"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_expired_authority_is_noticed(kind: str, in_use: Trust) -> None:
    short = tsa("short", (NOW - timedelta(days=1), NOW + timedelta(days=400)))
    trust = replace(in_use, authorities=[DatedCertificate.of(short.certificate)])
    data = made(kind, Proofs(authority=short))
    assert verify(data, trust=trust, at=TODAY).outcome is Outcome.PASSED
    # While the seal is in use nobody's word is needed, and where it is asked for it is missed.
    later = NOW + timedelta(days=500)
    assert verify(data, trust=trust, at=later).outcome is Outcome.PASSED
    assert "time-stamp" in doubtful(verify(data, trust=trust, at=later, required_level="T"))
    assert "existence" in doubtful(verify(data, trust=trust, at=datetime(2099, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("kind", KINDS)
def test_past_the_end_of_an_algorithm_nothing_rests_on_it(kind: str, folder: Path, tmp_path: Path) -> None:
    file, table = tmp_path / "file", tmp_path / "algorithms.toml"
    file.write_bytes(made(kind, Proofs()))
    table.write_text('reviewed = 2026-06-30\n[ends]\n"SHA-256" = 2026-06-20T00:00:00Z\n')
    arguments = [str(file), "--trust", str(folder), "--at"]
    assert CliRunner().invoke(app, [*arguments, "2026-06-30T00:00:00Z"]).exit_code == 0
    with_table = ["--algorithms", str(table)]
    assert CliRunner().invoke(app, [*arguments, "2026-06-19T00:00:00Z", *with_table]).exit_code == 0
    run = CliRunner().invoke(app, [*arguments, "2026-06-30T00:00:00Z", *with_table])
    assert run.exit_code == 2
    assert "SHA-256 is relied on until 2026-06-20T00:00:00.000Z" in run.output


def test_periods_stand_beside_authorities_as_beside_seals(folder: Path, tmp_path: Path) -> None:
    trust = write_trust(tmp_path / "trust")
    (name,) = [one.name for one in (trust / "timestamp").iterdir()]
    (trust / "timestamp" / PERIODS).write_text(f'["{name}"]\nuntil = {END.isoformat()}\n')
    (authority,) = load_trust(trust).authorities
    assert authority.until == END
    data = tmp_path / "receipt.xml"
    data.write_bytes(stamped(Proofs(stamped=False).members()[bundle.RECEIPT]))
    arguments = [str(data), "--at", TODAY.isoformat(), "--require-level", "T", "--trust"]
    assert CliRunner().invoke(app, [*arguments, str(folder)]).exit_code == 0
    assert CliRunner().invoke(app, [*arguments, str(trust)]).exit_code == 2


def test_a_receipt_that_follows_one_of_a_seal_out_of_use_needs_the_proof_of_that_one(retired: Trust) -> None:
    new = pki().ec_company
    trust = replace(retired, seals=[*retired.seals, DatedCertificate.of(new.certificate)])
    late = END + timedelta(days=3)
    before = {True: stamped(put_at_disposal()), False: stamped(put_at_disposal(), at=late)}
    for is_old_enough, previous in before.items():
        files = {bundle.PREVIOUS: previous}
        data = Proofs(seal=new, stamped_at=late, files=files).build()  # type: ignore[arg-type]
        report = verify(data, trust=trust, at=TODAY)
        if is_old_enough:
            assert report.outcome is Outcome.PASSED, report
        else:
            assert "the seal of the receipt before it" in doubtful(report)["existence"]
