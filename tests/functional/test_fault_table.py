"""Every row of the table of faults in docs/operations.md: the fault is made, and told as the row says."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy import text as sql

from chaos.cluster import cluster, folder_for_all
from chaos.relay import Relay
from ending import caller_of, ending_issuer
from fault_rows import ROWS, Line, Row, Told
from fault_table import table, written
from fault_world import FullDisk, Seen, World, asked, closing_engine, told, write_log_to
from notigateway.clock.runs import STAMP
from notigateway.evidence.history import PERIODS
from notigateway.instants import instant_text
from notigateway.job_process import Jobs
from notigateway.jobs import Job, stamping
from notigateway.repository.schema import upgrade
from notigateway.repository.store_owner import marker_of
from pki import NOW, OTHER_COMPANY_NIF, company_subject, crl, ec_key, pki, rsa_key, write_issuers, write_pem
from stack import Stack
from trusted_lists import Listing, Service, write_signers
from tsa import tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
ACT = (
    "<act><reference>C</reference><subject>s</subject><procedure>203546</procedure><matter>collection</matter>"
    "<addressee><identifier>B99999997</identifier><name>N</name></addressee>"
    "<document><name>a.pdf</name><mediaType>application/pdf</mediaType><content>JVBERi0xLjc=</content></document></act>"
)


# --- each fault, by the name of its row ---------------------------------------------------------------


def database_refused(world: World) -> Seen:
    stack, relay = world.postgresql()
    wanted = stack.publish()
    relay.refuses()
    seen = asked(stack, wanted)
    world.look(stack)
    relay.passes()
    assert asked(stack, wanted) == {"": Told()}
    return seen


def database_hanging(world: World) -> Seen:
    stack, relay = world.postgresql(request_seconds=1)
    wanted = stack.publish()
    relay.hangs()
    seen = told(stack.ask("AcceptNotifications", f"<id>{wanted}</id>"))
    assert told(stack.ask("ListNotifications")) == seen
    world.look(stack)
    relay.passes()
    assert asked(stack, wanted) == {"": Told()}
    return {"after `request_seconds`": seen}


def database_read_only(world: World) -> Seen:
    folder = world.ending.enter_context(folder_for_all())
    server = world.ending.enter_context(cluster(folder / "pg"))
    url = server.databases.url(server.databases.create())
    with closing_engine(url) as engine:
        upgrade(engine)
    stack = world.on(url)
    wanted = stack.publish()
    server.stop()
    server.start(as_standby=True)
    seen = asked(stack, wanted)
    world.look(stack)
    server.promote()
    assert asked(stack, wanted) == {"": Told()}
    return seen


def database_locked(world: World) -> Seen:
    stack = world.sqlite(database_timeout_seconds=1)
    wanted = stack.publish()
    lock = sqlite3.connect(stack.folder / "notigateway.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    seen = asked(stack, wanted)
    lock.close()
    assert asked(stack, wanted) == {"": Told()}
    return seen


def database_full(world: World) -> Seen:
    stack = world.sqlite()
    ids = stack.publish_many(2)

    def allow_no_more(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the number that there are instead

    stack.engine.dispose()
    event.listen(stack.engine, "connect", allow_no_more)
    for _ in range(100):  # the pages that there are have some room left
        if told(stack.ask("ListNotifications")) != Told():
            break
    seen = asked(stack, ids[0])
    world.look(stack)
    event.remove(stack.engine, "connect", allow_no_more)
    stack.engine.dispose()
    assert asked(stack, ids[0]) == {"": Told()}
    return seen


def while_the_store_is_away(stack: Stack, *, of: str) -> tuple[Callable[[], Seen], Path]:
    """Return what asks for a document, a decision, a list and a publication; and where the documents are."""
    wanted, open_ = stack.publish("A"), stack.publish("B")
    stack.accept(wanted)

    def seen() -> Seen:
        rest = {
            told(stack.ask("ListNotifications")),
            told(stack.ask("AcceptNotifications", f"<id>{open_}</id>")),
        }
        assert len(rest) == 1
        return {
            of: told(stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")),
            "new acts": told(stack.ask_issuing("PublishActs", ACT)),
            "the rest": rest.pop(),
        }

    return seen, stack.folder / "documents"


def store_unmounted(world: World) -> Seen:
    stack = world.sqlite()
    ask, documents = while_the_store_is_away(stack, of="documents")
    documents.rename(stack.folder / "elsewhere")
    documents.mkdir()
    seen = ask()
    documents.rmdir()  # nothing was put into it
    (stack.folder / "elsewhere").rename(documents)
    assert set(ask().values()) == {Told()}
    return seen


def store_foreign(world: World) -> Seen:
    stack = world.sqlite()
    ask, documents = while_the_store_is_away(stack, of="documents that are not there")
    documents.rename(stack.folder / "elsewhere")
    documents.mkdir()
    (documents / "notigateway-store").write_bytes(marker_of(uuid4(), now=stack.now))
    return ask()


def store_hanging(world: World) -> Seen:
    stack = world.sqlite(request_seconds=1)
    wanted = stack.publish()
    stack.accept(wanted)
    (file,) = (stack.folder / "documents").glob("*/*/*")
    file.unlink()
    os.mkfifo(file)  # into which nobody writes
    seen = told(stack.ask("RetrieveNotifications", f"<id>{wanted}</id>"))
    rest = told(stack.ask("ListNotifications"))
    os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))
    return {"documents, after `request_seconds`": seen, "the rest": rest}


def document_damaged(world: World) -> Seen:
    stack = world.sqlite()
    ids = [
        stack.publish(name, documents=(b"%PDF-1.7 " + name.encode(),)) for name in ("CHANGED", "LOST", "KEPT")
    ]
    stack.accept(*ids)
    for file in (stack.folder / "documents").glob("*/*/*"):
        if b"CHANGED" in file.read_bytes():
            file.write_bytes(b"%PDF-1.7 another")
        elif b"LOST" in file.read_bytes():
            file.unlink()
    changed, lost, kept = (told(stack.ask("RetrieveNotifications", f"<id>{one}</id>")) for one in ids)
    assert changed == lost
    return {"its content": lost, "others": kept}


def with_certificate_of(world: World, name: str) -> Stack:
    """Give a gateway whose certificate of that name ends in an hour."""
    subject = company_subject(OTHER_COMPANY_NIF, "Pasarela de pruebas")
    key = ec_key("ends") if name == "seal" else rsa_key("service")
    pair = pki().holder(subject, key, not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(hours=1))
    folder = world.folder / "ending"
    folder.mkdir()
    key_file, certificate_file = write_pem(pair, folder, name)
    return world.sqlite(**{f"{name}_key_file": key_file, f"{name}_certificate_file": certificate_file})


def seal_ended(world: World) -> Seen:
    stack = with_certificate_of(world, "seal")
    wanted = stack.publish()
    stack.pass_time(hours=2)
    world.look(stack)
    decision = told(stack.ask("AcceptNotifications", f"<id>{wanted}</id>"))
    assert told(stack.ask_issuing("PublishActs", ACT)) == decision
    return {"decisions, new acts": decision, "the rest": told(stack.ask("ListNotifications"))}


def seal_put_out_of_use(world: World) -> Seen:
    stack = world.sqlite(retired_seals_folder=world.folder / "retired")
    wanted = stack.publish()
    folder = write_issuers(world.folder / "retired", [pki().seal.certificate])
    (folder / PERIODS).write_text(f'["issuer-0.pem"]\nuntil = {instant_text(NOW + timedelta(hours=1))}\n')
    stack.pass_time(hours=2)
    world.look(stack)
    decision = told(stack.ask("AcceptNotifications", f"<id>{wanted}</id>"))
    assert told(stack.ask_issuing("PublishActs", ACT)) == decision
    return {"decisions, new acts": decision, "the rest": told(stack.ask("ListNotifications"))}


def service_certificate_ended(world: World) -> Seen:
    stack = with_certificate_of(world, "service")
    stack.pass_time(hours=2)
    world.look(stack)
    return {"": told(stack.send(stack.sign('<Ping xmlns="urn:notigateway:v1"/>')))}


def issuer_ended(world: World) -> Seen:
    issuer = ending_issuer(NOW + timedelta(hours=1))
    stack = world.sqlite(anchors=[*pki().anchors, issuer.certificate])
    stack.publish()
    stack.pass_time(hours=2)
    world.look(stack)
    refused = told(stack.ask("ListNotifications", holder=caller_of(issuer)))
    return {"who has a certificate of it": refused, "others": told(stack.ask("ListNotifications"))}


def trusted_list_due(world: World) -> Seen:
    issuer, file = ending_issuer(), world.folder / "ES.xml"
    listing = Listing([Service(issuer.certificate)], next_update=NOW + timedelta(hours=1))
    file.write_bytes(listing.signed())
    stack = world.sqlite(
        trusted_list_file=str(file), trusted_list_signers_folder=write_signers(world.folder / "signers")
    )
    stack.publish()
    stack.pass_time(hours=2)
    world.look(stack)
    refused = told(stack.ask("ListNotifications", holder=caller_of(issuer)))
    return {"who has a certificate of its issuers": refused, "others": told(stack.ask("ListNotifications"))}


def out_of_date(world: World) -> tuple[Stack, object]:
    """Give a gateway whose revocation list is out of date, and a notification that nobody has decided."""
    stack = world.sqlite()
    stack.gate.admission._reload_seconds = 0.0
    ends = crl(pki().issuing, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(hours=1))
    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(ends)
    stack.refresh_trust()
    wanted = stack.publish()
    stack.pass_time(hours=1, seconds=1)
    world.look(stack)
    return stack, wanted


def revocation_out_of_date(world: World) -> Seen:
    stack, wanted = out_of_date(world)
    return {
        "decisions": told(stack.ask("AcceptNotifications", f"<id>{wanted}</id>")),
        "reading, for `revocation_grace_seconds`": told(stack.ask("ListNotifications")),
    }


def revocation_unknown(world: World) -> Seen:
    stack, wanted = out_of_date(world)
    stack.pass_time(seconds=600)
    return asked(stack, wanted)


def authority_away(world: World) -> Seen:
    relay = world.ending.enter_context(Relay(("127.0.0.1", 9)))
    relay.refuses()
    stack = world.sqlite(
        timestamp_authority_url=f"http://127.0.0.1:{relay.port}/",
        timestamp_authority_folder=write_issuers(world.folder / "authorities", [tsa().certificate]),
    )
    wanted = stack.publish()
    seen = asked(stack, wanted)
    work = stamping(stack.settings)

    def once(engine: Engine, now: datetime) -> Done:
        running.stop()
        return work(engine, now)

    running = Jobs(stack.settings, [Job(STAMP, 60, once)], clock=lambda: stack.now)
    running.run()
    world.look(stack)
    return seen


def clock_of_the_caller(world: World) -> Seen:
    stack = world.sqlite()
    message = stack.sign('<Ping xmlns="urn:notigateway:v1"/>')
    stack.pass_time(minutes=20)
    return {"": told(stack.send(message))}


def clock_of_ours(world: World) -> Seen:
    stack = world.sqlite()
    message = stack.sign('<Ping xmlns="urn:notigateway:v1"/>')
    stack.pass_time(minutes=-20)
    return {"": told(stack.send(message))}


def defect(world: World) -> Seen:
    stack = world.sqlite()
    wanted = stack.publish()
    with stack.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE receipts RENAME TO gone"))
    return {"": told(stack.ask("AcceptNotifications", f"<id>{wanted}</id>"))}


def full_log(world: World) -> Seen:
    stack = world.sqlite()
    wanted = stack.publish()
    full = os.open("/dev/full", os.O_WRONLY)
    write_log_to(FullDisk(full, "w", closefd=False))
    seen = asked(stack, wanted)
    write_log_to(world.written)
    os.close(full)
    return seen


PRODUCERS: dict[str, Callable[[World], Seen]] = {
    one.__name__: one
    for one in (
        database_refused,
        database_hanging,
        database_read_only,
        database_locked,
        database_full,
        store_unmounted,
        store_foreign,
        store_hanging,
        document_damaged,
        seal_ended,
        seal_put_out_of_use,
        service_certificate_ended,
        issuer_ended,
        trusted_list_due,
        revocation_out_of_date,
        revocation_unknown,
        authority_away,
        clock_of_the_caller,
        clock_of_ours,
        defect,
        full_log,
    )
}


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(request, tmp_path, stack)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.shown], ids=lambda row: row.name)
def test_a_fault_is_told_as_its_row_says(row: Row, world: World) -> None:
    assert PRODUCERS[row.name](world) == dict(row.reads)
    lines = world.lines()
    for line in row.log:
        assert any(is_said(line, one) for one in lines), (line, lines)
    if not row.log:
        assert lines == []
    for metric in row.metrics:
        assert world.shows(metric), metric


def is_said(line: Line, one: dict[str, str]) -> bool:
    return one["event"] == line.event and line.fields.items() <= one.items()


def test_every_row_is_produced() -> None:
    assert {row.name for row in ROWS if not row.shown} == set(PRODUCERS)
    for place in (place for row in ROWS for place in row.shown):
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), place


def test_the_table_in_the_document_is_that_of_the_rows() -> None:
    assert written() == table()
