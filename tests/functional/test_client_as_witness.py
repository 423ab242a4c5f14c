"""Every client that pulls is a witness: a service whose log does not go on from what it saw is told so."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from listeners import client_of
from notigateway.client import (
    GatewayFaultError,
    LogNotProvenError,
    LogRenamedError,
    LogSplitError,
    SpoolError,
    pull,
)
from notigateway.client.log_watch import KEPT, Known, LogWatch
from notigateway.client.spool import Spool
from notigateway.log.growing import advance
from notigateway.tlog.checkpoint import Follows, read_checkpoint
from notigateway.tlog.merkle import consistency_proof
from notigateway.tlog.note import read_note, verify_note
from pki import pki
from watched import AT, Log, at_a_door, next_seal, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from notigateway.client import NotificationClient
    from stack import Stack

SEALS = [pki().seal.certificate]


@dataclass
class Service:
    """A service as its operator makes it answer: with this log, or as an older version without any."""

    log: Log
    at: datetime = AT
    size: int | None = None
    knows: bool = True
    asked: list[tuple[int, int]] = field(default_factory=list)

    def log_head(self) -> bytes | None:
        if not self.knows:
            raise GatewayFaultError("OPERATION_UNKNOWN", text_es="", text_en="", retryable=False)
        return self.log.note(self.size, self.at) if self.log.leaves else None

    def prove_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        self.asked.append((old, new))
        if new > len(self.log.leaves):
            raise GatewayFaultError("INVALID_REQUEST", text_es="", text_en="", retryable=False)
        return tuple(consistency_proof(old, new, self.log.subtree))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "inbox") as one:
        yield one


def look(service: Service, spool: Spool, *, accepted: str | None = None) -> int | None:
    client = cast("NotificationClient", service)
    return LogWatch(client, spool, SEALS, accepted).look()


def kept(spool: Spool) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(spool.read_file(KEPT) or b"{}")
    return found


def evidence(tmp_path: Path, error: LogSplitError) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "inbox" / error.file).read_text())
    for side in ("older", "newer"):  # anybody who pins the seal sees that both were signed
        verify_note(read_note(found[side]["note"].encode()), seal_certificates=SEALS)
    return found


def test_a_log_that_grows_is_followed_with_one_proof_a_pull(spool: Spool) -> None:
    service = Service(Log.of(*words(3)))
    assert look(service, spool) == 3
    assert look(service, spool) == 3
    service.log.add(*words(400, "later"))
    assert look(service, spool) == 403
    assert service.asked == [(3, 403)]
    # An older head, as a copy between may still have it, is no step back where it is shown to be one.
    service.size = 5
    assert look(service, spool) == 5
    assert "\n403\n" in kept(spool)["head"]


def test_a_service_without_a_head_or_of_an_older_version_is_no_failure(spool: Spool) -> None:
    assert look(Service(Log()), spool) is None
    assert look(Service(Log.of("a"), knows=False), spool) is None
    assert spool.read_file(KEPT) is None


def test_a_log_that_was_seen_cannot_be_hidden(spool: Spool) -> None:
    look(Service(Log.of(*words(9))), spool)
    for hiding in (Service(Log()), Service(Log.of(*words(9)), knows=False)):
        with pytest.raises(LogNotProvenError, match="shows no head of its log any more"):
            look(hiding, spool)
    assert look(Service(Log.of(*words(9))), spool) == 9


def test_an_instant_that_goes_back_or_is_ahead_of_the_clock_is_not_taken(spool: Spool) -> None:
    log = Log.of(*words(9))
    look(Service(log), spool)
    before = kept(spool)
    log.add("later")
    with pytest.raises(LogNotProvenError, match="an earlier instant"):
        look(Service(log, at=AT - timedelta(seconds=1)), spool)
    with pytest.raises(LogNotProvenError, match="ahead of this clock"):
        look(Service(log, at=datetime.now(UTC) + timedelta(minutes=6)), spool)
    assert kept(spool) == before
    assert look(Service(log), spool) == 10


@pytest.mark.parametrize("size", [4, 9, 12])
def test_another_view_stops_the_pull_with_the_evidence_in_hand(
    spool: Spool, tmp_path: Path, size: int
) -> None:
    """The same up to four entries: restored and no more, then as large as what was seen, and larger."""
    honest = Log.of(*words(9))
    look(Service(honest), spool)
    before = kept(spool)
    other = Service(honest.fork(4, *words(size - 4, "other")))
    with pytest.raises(LogSplitError, match="SPLIT VIEW") as told:
        look(other, spool)
    assert told.value.exit_code == 6
    found = evidence(tmp_path, told.value)
    assert found["log"] == honest.origin
    assert kept(spool) == before  # and it says so again the next time
    with pytest.raises(LogSplitError):
        look(other, spool)
    assert look(Service(honest), spool) == 9


def test_the_words_of_a_split_view_help_who_reads_them_and_its_evidence_is_written_once(
    spool: Spool, tmp_path: Path
) -> None:
    honest = Log.of(*words(9))
    look(Service(honest), spool)
    back = Service(honest.fork(7))
    with pytest.raises(LogSplitError) as told:  # a restored backup that has signed nothing yet
        look(back, spool)
    said = str(told.value)
    assert "9 entries on 2021-01-01T12:00:00.000Z (kept in this folder) and 7 entries on 2021-" in said
    assert "each of the two may be honest by itself" in said
    assert "whether a backup was restored" in said
    assert f"keep {told.value.file}" in said
    files = set()
    for more in range(3):  # and one that goes on, at every pull with another head
        back.at = AT + timedelta(minutes=1 + more)
        with pytest.raises(LogSplitError, match="it signs fewer entries than before: 9 entries") as told:
            look(back, spool)
        files.add(told.value.file)
        back.log = back.log.fork(7, "other") if more else back.log
    assert len(files) == 1
    found = evidence(tmp_path, told.value)
    # Fewer entries at a later instant: whoever pins the seal sees it by the two notes alone.
    older, newer = (
        read_checkpoint(read_note(found[one]["note"].encode()).text) for one in ("older", "newer")
    )
    assert (older.size, newer.size, older.at > newer.at) == (7, 9, True)
    assert len(list((tmp_path / "inbox").glob("split-view-*"))) == 2


def test_a_log_under_another_name_asks_a_person_and_goes_on(spool: Spool, tmp_path: Path) -> None:
    first = Log.of(*words(9))
    look(Service(first), spool)
    restored = Service(Log.of(*words(4), "after", origin="notigateway.example/log-2"))
    with pytest.raises(LogRenamedError, match=r"--accept-log-name notigateway\.example/log-2"):
        look(restored, spool)
    with pytest.raises(LogRenamedError):
        look(restored, spool, accepted="notigateway.example/log-3")
    restored.log.follows = Follows(first.origin, 6, first.root(6), "restored from tape")
    said = r"quotes 6 entries .* why: restored from tape; this folder knows 9: entries 6 to 8, counted from 0"
    with pytest.raises(LogRenamedError, match=said) as told:
        look(restored, spool)
    assert "it does NOT begin with these 9 entries: some are lost there" in str(told.value)
    watch = LogWatch(cast("NotificationClient", restored), spool, SEALS, restored.log.origin)
    assert watch.look() == 5
    assert re.search(said, watch.quoted)
    assert look(restored, spool) == 5
    # The former name coming back is no restored backup, whatever it shows.
    first.add("more")
    with pytest.raises(LogSplitError, match="gone back to a name"):
        look(Service(first), spool)
    with pytest.raises(LogSplitError, match="gone back to a name"):
        look(Service(first), spool, accepted=first.origin)


def test_a_log_under_another_name_that_lost_nothing_says_so(spool: Spool) -> None:
    first = Log.of(*words(9))
    look(Service(first), spool)
    renamed = Log.of(*words(9), "restored", origin="notigateway.example/log-2")
    renamed.follows = Follows(first.origin, 9, first.root(9), "moved")
    with pytest.raises(LogRenamedError, match="it begins with all 9 of them under its new name too"):
        look(Service(renamed), spool)
    # The same head is quoted, and what came before it is another log's: only its own proof tells.
    other = Log.of("x", *words(9), origin="notigateway.example/log-3")
    other.follows = Follows(first.origin, 9, first.root(9), "moved")
    with pytest.raises(LogRenamedError, match=r"knows the same head; .*does NOT begin with these 9 entries"):
        look(Service(other), spool)


def test_a_head_of_another_seal_or_a_damaged_memory_is_not_passed_over(spool: Spool) -> None:
    with pytest.raises(LogNotProvenError, match=r"may have changed its seal.*--seal-cert"):
        look(Service(Log(seal=next_seal(), leaves=[b"a"], tiles=Log.of("a").tiles)), spool)
    of_99 = Known(Log.of("a").note()).to_bytes().replace(b'"format": 1', b'"format": 99')
    for damaged in (
        b"",
        b"{",
        b'{"head": 3, "former": []}',
        b"[" * 9000,
        of_99,
        b'{"head": "x", "former": []}',
    ):
        spool.keep_file(KEPT, damaged)
        with pytest.raises(LogNotProvenError):
            look(Service(Log.of("a")), spool)


def test_a_folder_in_place_of_the_kept_head_is_told_with_its_name(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "inbox" / KEPT).mkdir()
    with pytest.raises(SpoolError, match=r"inbox/\.log-head: Is a directory"):
        look(Service(Log.of("a")), spool)


# --- the service itself ------------------------------------------------------------------------------


def grow(stack: Stack, name: str) -> None:
    """Publish, and sign a head."""
    stack.pass_time(minutes=1)
    stack.publish(name)
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)


def pulled(stack: Stack, folder: Path) -> int | None:
    def serve(environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        return stack.endpoint(environ, start_response)  # type: ignore[arg-type]

    about = {"public_url": str(stack.settings.public_url), "clock": lambda: stack.now}
    with at_a_door(serve) as address, client_of(f"{address}/notigateway/v1", **about) as client:
        return pull(client, folder, seal_certificates=SEALS, accept=False).log_size


def test_the_service_shows_its_log_to_who_pulls(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    last = 0
    for number in range(3):
        grow(stack, f"ACT-{number}")
        size = pulled(stack, folder)
        assert size is not None
        assert size > last
        last = size


def test_a_backup_restored_under_the_same_name_is_noticed(sqlite_stack: Stack, tmp_path: Path) -> None:
    stack, folder = sqlite_stack, tmp_path / "inbox"
    grow(stack, "ACT-1")
    assert pulled(stack, folder)
    database, backup = Path(stack.engine.url.database or ""), tmp_path / "backup.db"
    stack.engine.dispose()
    shutil.copyfile(database, backup)
    grow(stack, "ACT-2")
    assert pulled(stack, folder)
    stack.engine.dispose()
    for one in database.parent.glob(f"{database.name}-*"):
        one.unlink()
    shutil.copyfile(backup, database)
    grow(stack, "ACT-3")
    grow(stack, "ACT-4")
    with pytest.raises(LogSplitError) as told:
        pulled(stack, folder)
    assert evidence(tmp_path, told.value)


def test_the_operations_give_nothing_that_no_head_covers(stack: Stack) -> None:
    answer = stack.ask("GetLogHead", "")
    assert answer.tree.findtext("{urn:notigateway:v1}head") is None
    stack.publish_many(3)
    head = advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    assert head is not None
    first = head.size
    stack.pass_time(minutes=1)
    stack.publish("ACT-9")
    head = advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    assert head is not None
    stack.publish("ACT-10")
    for sizes in ((0, head.size + 1), (first + 1, first), (-1, first), (first, 10**17)):
        refused = stack.ask("ProveConsistency", f"<oldSize>{sizes[0]}</oldSize><newSize>{sizes[1]}</newSize>")
        assert "INVALID_REQUEST" in refused.body.decode(), sizes
    proof = stack.ask("ProveConsistency", f"<oldSize>{first}</oldSize><newSize>{head.size}</newSize>")
    assert proof.tree.findtext("{urn:notigateway:v1}oldSize") == str(first)
