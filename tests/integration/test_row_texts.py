"""The text that is kept of a row says what its columns say, or is read no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import Column, delete, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.visitors import iterate

from notigateway.addressee.mailbox import Page
from notigateway.contract.versions import Version
from notigateway.issuer.publishing import register_issuing_body
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.repository.acts import find_issuing_bodies
from notigateway.repository.addressees import ensure_addressees, hold_addressee
from notigateway.repository.columns import Row
from notigateway.repository.engine import reading, writing
from notigateway.repository.following import find_head, list_changes_after
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.placing import place_committed
from notigateway.repository.reached import find_reach
from notigateway.repository.row_texts import RowText, whole_columns
from notigateway.repository.session import Session
from notigateway.repository.sources import Places
from notigateway.soap.notigateway_v1.rows import render_page
from pki import NOW, PERSON_NIF
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What is spliced in where the row is shown, and so may change under its text; a code never does.
SPLICED = {"notifications.code", "notifications.state", "notifications.deadline"}
# What each other column that a row is written from is changed to, whoever may ever do that.
CHANGED: dict[str, Any] = {
    "notifications.id": uuid4(),
    "notifications.kind": "communication",
    "notifications.available_at": NOW.replace(year=NOW.year - 1),
    "notifications.ground": "b",
    "notifications.predecessor": PERSON_NIF,
    "notifications.predecessor_name": "Otra",
    "acts.subject": "Otro & <otro>",
    "acts.issuing_body_name": "Otro nombre",
    "acts.procedure": "9900107",
    "acts.matter": "other",
    "acts.addressee_name": "Otra, S.L.",
    "acts.special_category": True,
    "acts.document_sizes": "1 2 3",
    "acts.reference": "OTHER",
    "acts.ccc": "28123456742",
    "acts.naf": "281234567840",
    "acts.paper": "first_ex_officio",
    "acts.public_metadata": "\nperiod\t2026-01\n",
    "issuing_bodies.dir3": "E99999999",
    "issuing_bodies.acronym": "OTRO",
    "issuing_bodies.name": "Otro nombre",
    "addressees.identifier": "A58818501",
    "addressees.name": "Otra, S.L.",
}
# What must change with it.
BESIDE: dict[str, dict[str, Any]] = {
    "notifications.kind": {"deadline": None},
    "notifications.predecessor": {"predecessor_name": "Otra"},
}
# By what a row is joined: changed to the key of the other one that there is.
JOINED = {
    "notifications.act_id": "acts",
    "notifications.addressee_id": "addressees",
    "acts.issuing_body_id": "issuing_bodies",
}
OTHER_DIR3 = "E04990202"


def register_other_body(stack: Stack) -> None:
    with writing(stack.engine) as session:
        register_issuing_body(session, dir3=OTHER_DIR3, acronym="INSS", name="Otro", nif="Q2827003A")


@pytest.fixture
def published(stack: Stack) -> Stack:
    """Give a gateway in which a company and a person have one each, of two bodies."""
    register_other_body(stack)
    stack.publish("A")
    stack.publish("B", addressee=PERSON_NIF, issuing_body=OTHER_DIR3)
    place_committed(stack.engine)
    return stack


def pages_of(session: Session) -> list[bytes]:
    """Return everybody's pages, in each version."""
    identifiers = session.scalars(select(Addressee.identifier).order_by(Addressee.id)).all()
    pages = []
    for party in identifiers:
        rows = list_page(session, party=party, chosen=ListFilter(), after_code=0, limit=9, now=NOW)
        assert all(row.identifier == party for row in rows)
        pages += [render_page(Page(rows, NOW, None), version) for version in Version]
    return pages


def texts_of(session: Session) -> list[bytes | None]:
    """Return the texts as they are read, of everybody's changes."""
    found: list[Any] = []
    for party in session.scalars(select(Addressee.identifier)):
        reach = find_reach(session, party, NOW)
        places = Places(0, find_head(session))
        found += list_changes_after(session, reach, places, limit=9, rights=DEFAULT_RIGHTS)
    return [row.text for row in sorted(found, key=lambda row: row.code)]


def keys_of(session: Session) -> list[dict[str, Any]]:
    """Return of each notification the keys of all rows that it is listed from, by their tables."""
    query = select(Notification.code, Act.id, Act.issuing_body_id, Notification.addressee_id)
    found = session.execute(query.join(Act, Notification.act_id == Act.id).order_by(Notification.code))
    return [
        dict(zip(("notifications", "acts", "issuing_bodies", "addressees"), one, strict=True))
        for one in found
    ]


def kept(session: Session) -> dict[int, bytes]:
    return {row.code: row.text for row in session.execute(select(RowText.code, RowText.text))}


def test_every_column_that_a_row_is_written_from_is_changed_here() -> None:
    written_from = {
        f"{one.table.name}.{one.name}"
        for column in whole_columns().selected_columns
        for one in iterate(column)
        if isinstance(one, Column) and one.table.name != "outages"
    }
    assert written_from - SPLICED == CHANGED.keys()


def test_what_is_published_is_listed_with_its_text(published: Stack) -> None:
    with reading(published.engine) as session:
        texts = kept(session)
        assert list(texts) == session.scalars(select(Notification.code).order_by(Notification.code)).all()
        assert texts_of(session) == list(texts.values())


@pytest.mark.parametrize("name", [*CHANGED, *JOINED])
def test_a_row_says_what_a_column_was_changed_to(published: Stack, name: str) -> None:
    """By a statement of no release in particular: the database itself ends the text."""
    table = Row.metadata.tables[name.partition(".")[0]]
    with Session(published.engine) as session:
        before = pages_of(session)
        first, other = keys_of(session)
        value = other[JOINED[name]] if name in JOINED else CHANGED[name]
        (key,) = table.primary_key
        changed = {name.partition(".")[2]: value, **BESIDE.get(name, {})}
        session.execute(update(table).where(key == first[table.name]).values(changed))
        after = pages_of(session)
        session.execute(delete(RowText))
        assert after == pages_of(session)
        # The act says its own names, whatever the register says; and there is no predecessor.
        says_nothing = {"issuing_bodies.name", "addressees.name", "notifications.predecessor_name"}
        assert (after == before) is (name in says_nothing)
        session.rollback()


# Who publishes has read the addressee, the successor to whom it goes, or the body.
READ: dict[str, Callable[[Session], object]] = {
    f"addressees SET identifier = 'A58818501' WHERE identifier = '{PERSON_NIF}'": lambda session: (
        ensure_addressees(session, {PERSON_NIF: "Nombre"})
    ),
    f"addressees SET identifier = 'A58818502' WHERE identifier = '{PERSON_NIF}'": lambda session: (
        hold_addressee(session, PERSON_NIF)
    ),
    f"issuing_bodies SET dir3 = 'E99999999' WHERE dir3 = '{OTHER_DIR3}'": lambda session: find_issuing_bodies(
        session, {OTHER_DIR3}
    ),
}


@pytest.mark.parametrize("correction", READ)
def test_what_who_publishes_has_read_is_corrected_only_after_it(
    postgresql_url: str, tmp_path: Path, correction: str
) -> None:
    """A trigger would not see the text that is not yet committed, and it would say the old one for ever."""
    stack = Stack(postgresql_url, tmp_path, database_pool_size=4)
    register_other_body(stack)
    stack.publish("B", addressee=PERSON_NIF, issuing_body=OTHER_DIR3)
    with Session(stack.engine) as publishing, stack.engine.connect() as other:
        list(publishing.scalars(select(Addressee)))
        assert len(kept(publishing)) == 1
        READ[correction](publishing)
        other.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text(f"UPDATE {correction}"))
        other.rollback()
        publishing.commit()
        assert other.execute(text(f"UPDATE {correction}")).rowcount == 1
        other.commit()
        assert len(kept(publishing)) == 0
    stack.close()


def test_who_publishes_takes_nobody_for_what_it_was(postgresql_url: str, tmp_path: Path) -> None:
    """What the same session has read before is read anew when it is held."""
    stack = Stack(postgresql_url, tmp_path, database_pool_size=4)
    stack.publish("B", addressee=PERSON_NIF)
    with Session(stack.engine) as publishing, stack.engine.connect() as other:
        seen = publishing.scalars(select(Addressee).where(Addressee.identifier == PERSON_NIF)).one()
        other.execute(update(Addressee).values(identifier="A58818501", name="Otra"))
        other.commit()
        assert hold_addressee(publishing, PERSON_NIF) is None
        assert ensure_addressees(publishing, {"A58818501": ""}) == {"A58818501": seen}
        assert (seen.identifier, seen.name) == ("A58818501", "Otra")
    stack.close()


def test_a_text_stays_where_columns_are_set_to_what_they_are(published: Stack) -> None:
    """As `red plan` does with every notification, to have the database find anew who sees it."""
    with writing(published.engine) as session:
        before = kept(session)
        for name in CHANGED:
            column = Row.metadata.tables[name.partition(".")[0]].c[name.partition(".")[2]]
            session.execute(update(column.table).values({column: column}))
        assert kept(session) == before


def test_a_text_of_another_form_is_not_read(published: Stack) -> None:
    with writing(published.engine) as session:
        before = pages_of(session)
        session.execute(update(RowText).values(form=RowText.form + 1, text=b"of another release"))
    with reading(published.engine) as session:
        assert pages_of(session) == before


def test_what_a_release_without_texts_has_published_is_listed_among_the_others(published: Stack) -> None:
    with writing(published.engine) as session:
        before, texts = pages_of(session), texts_of(session)
        session.execute(delete(RowText).where(RowText.code == 1))
    with reading(published.engine) as session:
        assert pages_of(session) == before
        assert texts_of(session) == texts


def test_a_text_goes_with_its_notification(published: Stack) -> None:
    notifications, alone = Row.metadata.tables["notifications"], 99
    with writing(published.engine) as session:
        one = session.execute(select(notifications)).mappings().first()
        assert one is not None
        session.execute(notifications.insert().values({**one, "code": alone, "id": uuid4()}))
        session.execute(update(RowText).where(RowText.code == one["code"]).values(code=alone))
        session.execute(notifications.delete().where(notifications.c.code == alone))
        assert alone not in kept(session)
