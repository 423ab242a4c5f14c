"""What is kept of renewals: made when it is due, checked, built in portions; it survives a restore."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.event import listen
from typer.testing import CliRunner

from decades import Decades, authority, on, seal, sunset_of_sha256
from kept_log import audited
from notigateway.errors import LogDamagedError, StampInvalidError
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.lasting import Lasting
from notigateway.log.growing import erase, inclusion_of
from notigateway.log.renewing import is_due, is_ending, renew, standing, warning
from notigateway.log.second import build, state, with_renewals
from notigateway.log.wholeness import Checking
from notigateway.receipts.renewing import Asking, RenewalJob
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import LogCheckpoint, LogLeaf, LogTile
from notigateway.repository.model import Receipt
from notigateway.repository.renewals import LogRenewal, SecondRoot, SecondTile, second_size
from notigateway.settings import load_settings
from notigateway.tlog.merkle import leaf_hash
from notigateway.tlog.tiles import grow
from notigateway.verifier.report import Outcome
from operating import app
from pki import pki, rsa_key, write_issuers
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from notigateway.log.renewing import Renewed
    from notigateway.pki.keys import KeyPair
    from stack import Stack

pytestmark = pytest.mark.once


@pytest.fixture
def decades(stack: Stack) -> Decades:
    stack.accept(*stack.publish_many(3))
    return Decades(stack, digest="sha512")


def findings(decades: Decades) -> list[tuple[str, str]]:
    seals = [pki().seal.certificate]
    found = Checking(decades.stack.engine, decades.stack.office.store, seals).findings()
    return [(one.rule, one.subject) for one in found]


def test_the_log_and_the_check_find_renewals_and_the_second_tree_in_order(decades: Decades) -> None:
    decades.renew(on(2026, 7))
    decades.second_tree(on(2026, 8))
    decades.access(3)
    decades.second_tree(on(2026, 9))
    found = audited(decades.stack)
    assert (found.renewals, found.second) == (3, 15)
    assert found.summary()["renewals"] == 3
    assert findings(decades) == []


TAMPERED: dict[str, Callable[[object], object]] = {
    "number 2 is missing": lambda _: delete(LogRenewal).where(LogRenewal.number == 2),
    "columns say otherwise": lambda _: (
        update(LogRenewal).where(LogRenewal.number == 2).values(at=on(2026, 7))
    ),
    "cannot be read": lambda _: update(LogRenewal).where(LogRenewal.number == 1).values(record=b"{}"),
    "has no tile": lambda _: delete(SecondTile),
    "does not hold the hashes": lambda _: (
        update(SecondTile).where(SecondTile.level == 0).values(hashes=bytes(64 * 12))
    ),
    "statement 1": lambda _: update(SecondRoot).values(renewal=1),
}


@pytest.mark.parametrize("said", TAMPERED)
def test_whatever_is_changed_of_them_is_named(decades: Decades, said: str) -> None:
    decades.renew(on(2026, 7))
    decades.second_tree(on(2026, 8))
    with writing(decades.stack.engine) as session:
        session.execute(TAMPERED[said](None))  # type: ignore[call-overload]
    with pytest.raises(LogDamagedError):
        audited(decades.stack)
    assert findings(decades) != []


def test_a_renewal_of_another_record_is_not_the_one_that_the_log_has(decades: Decades) -> None:
    first = decades.renew(on(2026, 7))
    with writing(decades.stack.engine) as session:
        row = session.get_one(LogRenewal, first.number)
        session.execute(
            update(LogRenewal).values(record=row.record.replace(b'"revocations": []', b'"revocations": [""]'))
        )
    with pytest.raises(LogDamagedError, match="is not what was logged"):
        audited(decades.stack)


KILLED = """
import os, signal, sys
from notigateway.log import second
from notigateway.repository.engine import create_database
second._AT_ONCE = 4
engine = create_database(sys.argv[1])
second.build(engine, on_progress=lambda done: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_second_tree_whose_builder_is_killed_goes_on_where_it_was(decades: Decades) -> None:
    decades.renew(on(2026, 7))
    url = decades.stack.database_url
    done = subprocess.run([sys.executable, "-c", KILLED, url], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with reading(decades.stack.engine) as session:
        assert second_size(session) == 4
    with pytest.raises(LogDamagedError, match="ends before"):
        state(decades.stack.engine, decades.renewing(), added=0, now=decades.stack.now)
    added = build(decades.stack.engine)
    assert build(decades.stack.engine) == 0
    with reading(decades.stack.engine) as session:
        assert second_size(session) == 4 + added == session.get_one(LogRenewal, 1).size
    assert state(decades.stack.engine, decades.renewing(), added=added, now=decades.stack.now) is not None
    assert audited(decades.stack).second == 4 + added


def test_an_authority_that_signs_by_sha_256_dates_no_second_tree(decades: Decades) -> None:
    decades.digest = "sha256"
    with pytest.raises(StampInvalidError, match="must outlive"):
        decades.second_tree(on(2026, 7))


def test_an_authority_whose_clock_is_behind_renews_nothing(decades: Decades) -> None:
    decades.stack.now = on(2026, 7)
    decades.access()
    with pytest.raises(StampInvalidError, match="from before the head"):
        renew(decades.stack.engine, decades.renewing(at=on(2026, 6)), now=on(2026, 7))
    with reading(decades.stack.engine) as session:
        assert session.scalars(select(LogRenewal)).all() == []


def test_of_two_that_renew_at_once_one_stands(decades: Decades) -> None:
    inner = decades.renewing()

    def ask_late(imprint: bytes) -> object:
        renew(decades.stack.engine, inner, now=decades.stack.now)
        return inner.ask(imprint)

    decades.stack.now = on(2026, 7)
    inner = decades.renewing()
    found = renew(decades.stack.engine, replace(inner, ask=ask_late), now=decades.stack.now)  # type: ignore[arg-type]
    assert found is not None
    assert (found.number, found.is_new) == (1, False)
    decades.renew(on(2026, 8))
    assert audited(decades.stack).renewals == 2


def test_erased_access_records_hinder_neither_proofs_nor_the_second_tree(decades: Decades) -> None:
    decades.access(20)
    decades.second_tree(on(2026, 7))
    assert erase(decades.stack.engine, before=on(2026, 8)) > 20
    decades.access(2)
    decades.second_tree(on(2026, 9))
    assert audited(decades.stack).erased > 20
    with reading(decades.stack.engine) as session:
        receipt = session.scalars(select(Receipt.id).limit(1)).one()
    report = decades.verify(decades.bundle(receipt), on(2027), algorithms=sunset_of_sha256(on(2026, 10)))
    assert next(one for one in report.steps if one.name == "renewed heads").outcome is Outcome.PASSED


def test_twenty_years_with_other_seals_and_a_restore_under_a_new_name(decades: Decades) -> None:
    stack = decades.stack
    with reading(stack.engine) as session:
        receipt = session.scalars(select(Receipt.id).order_by(Receipt.id).limit(1)).one()
    decades.bundle(receipt)
    decades.stamp()
    for year in range(2027, 2047):
        if year in {2027, 2033, 2039}:
            decades.use(seal(year, year + 8))
        if year in {2029, 2038}:
            decades.ask(authority(year, year + 11))
        if year == 2036:
            restore(decades, renewals=8, origin="notigateway.example/log-2")
        decades.renew(on(year, 2))
    data = decades.bundle(receipt)
    report = decades.verify(data, on(2046))
    assert report.outcome is Outcome.PASSED, report
    # What the restored database no longer had was renewed again: 20 years, of which one is lost.
    step = next(one for one in report.steps if one.name == "renewed heads")
    assert step.reason.endswith("renewed 19 times")


def restore(decades: Decades, *, renewals: int, origin: str) -> None:
    """Take the log back to a backup of just after a renewal; it goes on under another name."""
    with writing(decades.stack.engine) as session:
        kept = session.get_one(LogRenewal, renewals)
        behind = LogLeaf.position >= kept.size, LogLeaf.subject != kept.id
        lost = session.scalars(select(LogLeaf.subject).where(*behind)).all()
        session.execute(delete(AccessRecord).where(AccessRecord.id.in_(lost)))
        session.execute(delete(LogRenewal).where(LogRenewal.number > renewals))
        session.execute(delete(LogLeaf).where(*behind))
        session.execute(update(LogLeaf).where(LogLeaf.subject == kept.id).values(position=None))
        session.execute(delete(LogCheckpoint))
        session.execute(delete(LogTile))
        rows = session.scalars(
            select(LogLeaf).where(LogLeaf.position.is_not(None)).order_by(LogLeaf.position)
        )
        hashes = [leaf_hash(row.leaf.to_bytes()) for row in rows]
        for tile, content in grow(0, hashes, lambda _: b"").items():
            session.add(LogTile(level=tile.level, place=tile.place, hashes=content))
    decades.origin = origin


def test_a_head_is_due_by_the_setting_and_by_certificates_that_end(decades: Decades) -> None:
    until = decades.renewing().until
    assert standing(decades.stack.engine, until) is None
    decades.renew(on(2026, 7))
    found = standing(decades.stack.engine, until)
    assert found is not None
    year = timedelta(days=365)
    ours = seal(2026, 2040).certificate
    assert is_due(found, every=year, seal=ours, now=on(2027, 7))
    assert not is_due(found, every=year, seal=ours, now=on(2027, 6))
    assert is_due(found, every=year * 100, seal=seal(2020, 2028).certificate, now=on(2028, 11))
    assert not is_ending(found, now=on(2029, 8))
    assert is_ending(found, now=on(2029, 11))  # the authority of the last renewal ends with 2029
    assert warning(found, now=on(2029, 8)) is None
    assert "pin and ask another one" in str(warning(found, now=on(2029, 11)))


def _run_of_the_job(
    decades: Decades, signing: KeyPair, now: datetime, *pinned: DatedCertificate, asking: Asking | None = None
) -> tuple[Renewed | None, list[str]]:
    """Run the job then, of an authority that signs with one certificate and has these pinned."""
    decades.stack.now = now
    decades.access()
    with serving(Answering(signing, at=now), pinned=signing) as asked:
        in_use = [one.certificate for one in pinned if one.covers(now)]
        authority_ = replace(asked, certificates=in_use, pins=pinned)
        job = RenewalJob.by(decades.stack.settings, authority_, asking=asking)
        return job.renew_where_due(decades.stack.engine, decades.seal, now=now)


def test_a_head_is_renewed_before_an_algorithm_of_its_authority_ends(decades: Decades) -> None:
    """RSA-2048 is relied on until 2031 by the table of this version, however long a certificate lasts."""
    rsa = tsa("of RSA-2048", (on(2020), on(2040)), rsa_key("authority of decades", 2048))
    following = authority(2029, 2040)
    old, new = (DatedCertificate.of(one.certificate) for one in (rsa, following))
    decades.ask(rsa)
    decades.renew(on(2030, 5))
    assert _run_of_the_job(decades, following, on(2030, 9), old, new) == (None, [])
    told = _run_of_the_job(decades, rsa, on(2030, 11), old)
    assert told[0] is None
    assert "is so until 2031-01-01T00:00:00.000Z, when their authority or an algorithm" in told[1][0]
    renewed, warnings = _run_of_the_job(decades, following, on(2030, 11), old, new)
    assert renewed is not None
    assert (renewed.is_new, renewed.until, warnings) == (True, new.until, [])


def test_a_head_is_renewed_before_the_period_of_its_authority_ends(decades: Decades) -> None:
    old = DatedCertificate.of(authority(2020, 2029).certificate, until=on(2028, 3))
    following = authority(2027, 2040)
    new = DatedCertificate.of(following.certificate)
    decades.ask(authority(2020, 2029))
    decades.renew(on(2027, 6))
    assert _run_of_the_job(decades, following, on(2027, 11), old, new) == (None, [])
    renewed, warnings = _run_of_the_job(decades, following, on(2028, 1), old, new)
    assert renewed is not None
    assert (renewed.is_new, renewed.until, warnings) == (True, new.until, [])


def test_an_authority_that_signs_on_with_the_certificate_that_ends_is_asked_once_a_day(
    decades: Decades,
) -> None:
    """The next one is pinned beforehand, as the warning asks: nothing is kept that lengthens nothing."""
    former, following = authority(2020, 2029), authority(2029, 2040)
    pins = [DatedCertificate.of(one.certificate) for one in (former, following)]
    decades.ask(former)
    decades.renew(on(2028, 11))
    asking, day = Asking(), timedelta(days=1)
    for hours in range(0, 72, 6):
        now = on(2029, 10, 20) + timedelta(hours=hours)
        renewed, warnings = _run_of_the_job(decades, former, now, *pins, asking=asking)
        assert renewed is None or not renewed.is_new
        assert (renewed is not None) == (hours % 24 == 0)
        assert "pin and ask another one" in warnings[0]
    renewed, warnings = _run_of_the_job(decades, following, now + day, *pins, asking=asking)
    assert renewed is not None
    assert (renewed.number, renewed.is_new, warnings) == (2, True, [])


def _outcome(decades: Decades, at: datetime) -> Outcome:
    with reading(decades.stack.engine) as session:
        receipt = session.scalars(select(Receipt.id)).first()
    assert receipt is not None
    return decades.verify(decades.bundle(receipt), at).outcome


def test_authorities_whose_clocks_differ_break_no_chain(decades: Decades) -> None:
    """One is three seconds ahead, and the next that is asked is right, as another machine of it may be."""
    decades.stamp()
    now = on(2027, 5)
    for seconds, ahead in ((0, 3), (2, 0)):
        decades.stack.now = now + timedelta(seconds=seconds)
        decades.access()
        stated = decades.stack.now + timedelta(seconds=ahead)
        assert renew(decades.stack.engine, decades.renewing(at=stated), now=decades.stack.now)
    assert _outcome(decades, on(2027, 6)) is Outcome.PASSED
    added = build(decades.stack.engine)
    decades.stack.now = now + timedelta(seconds=3)
    early = decades.renewing(at=now + timedelta(seconds=1))
    assert state(decades.stack.engine, early, added=added, now=decades.stack.now)
    assert _outcome(decades, on(2027, 6)) is Outcome.PASSED


def test_an_end_of_a_seal_that_is_written_later_breaks_no_chain(decades: Decades) -> None:
    """Its key was stolen, and nobody knew for months: heads were renewed meanwhile, sealed by it."""
    decades.stamp()
    decades.renew(on(2027, 5))
    decades.seals[0] = DatedCertificate.of(pki().seal.certificate, until=on(2027, 3))
    decades.use(seal(2026, 2040))
    decades.renew(on(2027, 9))
    # What it had sealed before was time-stamped before; the head beside the receipt is by the next one.
    assert _outcome(decades, on(2028)) is Outcome.PASSED


def test_the_job_renews_where_that_is_due_and_warns_of_what_ends(decades: Decades) -> None:
    stack = decades.stack
    pair = authority(2020, 2029)
    with serving(Answering(pair, at=on(2028)), pinned=pair) as asked:
        job = RenewalJob.by(stack.settings, asked)
        ended = replace(job, algorithms=sunset_of_sha256(on(2029, 1)))
        assert job.renew_where_due(stack.engine, decades.seal, now=on(2028)) == (None, [])
        stack.now = on(2026, 7)
        decades.access()
        decades.renew(on(2026, 7))
        renewed, warnings = job.renew_where_due(stack.engine, decades.seal, now=on(2028))
        assert renewed is not None
        assert (renewed.number, warnings) == (2, [])
        assert job.renew_where_due(stack.engine, decades.seal, now=on(2028)) == (None, [])
        _, (told,) = ended.renew_where_due(stack.engine, decades.seal, now=on(2028, 7))
    assert told.startswith("SHA-256 is relied on until 2029-01-01T12:00:00.000Z: build the second tree")


def test_the_commands_renew_the_head_and_build_the_second_tree(stack: Stack, tmp_path: Path) -> None:
    stack.accept(stack.publish())
    with serving(Answering(digest="sha512")) as asked:
        stack.overrides |= {
            "timestamp_authority_url": asked.url,
            "timestamp_authority_folder": str(write_issuers(tmp_path / "tsa", asked.certificates)),
        }
        stack.settings = load_settings(None, overrides=stack.overrides)
        lines = [f"{name} = {json.dumps(str(value))}" for name, value in stack.overrides.items()]
        file = stack.folder / "notigateway.toml"
        file.write_text("\n".join(lines), "utf-8")

        def run(*words: str) -> str:
            done = CliRunner().invoke(app, ["log", *words, "--settings", str(file)])
            assert done.exit_code == 0, done.output
            return done.output

        assert run("renew", "--if-due") == "nothing to renew\n"
        assert run("renew").startswith("renewal 1: the head of 3 leaves, time-stamped on ")
        assert run("second-tree").startswith("statement 1: 4 entries, 4 of them new, time-stamped on ")
        assert "2 renewals, 4 entries of the second tree" in run("verify")
    for words in ("renew", "second-tree"):  # the authority is away
        done = CliRunner().invoke(app, ["log", words, "--settings", str(file)])
        assert done.exit_code == 1
        assert f"the authority gave no time-stamp: no answer: ConnectError from {asked.url}" in done.output


def test_what_a_proof_reads_grows_with_renewals_and_hardly_with_the_log(sqlite_stack: Stack) -> None:
    sqlite_stack.accept(sqlite_stack.publish())
    decades = Decades(sqlite_stack, digest="sha512")
    with reading(sqlite_stack.engine) as session:
        receipt = session.scalars(select(Receipt.id).limit(1)).one()
    reads: list[int] = []
    statements: list[str] = []
    listen(sqlite_stack.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for month, more in ((7, 10), (8, 2_500)):
        decades.stack.now = on(2026, month)
        decades.access(more)
        for day in (1, 2, 3):
            decades.second_tree(on(2026, month, day))
        with reading(sqlite_stack.engine) as session:
            inclusion = inclusion_of(session, receipt)
            assert inclusion is not None
            statements.clear()
            with_renewals(session, receipt, inclusion, Lasting.of([], on(2026, 9)))
            reads.append(len(statements))
    # Three renewals more, in a log 200 times as large: a leaf and some tiles for each.
    assert reads[1] <= reads[0] + 3 * 4, reads


def test_a_seal_that_is_not_known_any_more_is_told(decades: Decades) -> None:
    decades.seals[:] = [DatedCertificate.of(seal(2027, 2035).certificate)]
    with pytest.raises(Exception, match="no certificate of the seal"):
        decades.renew(on(2026, 7))
