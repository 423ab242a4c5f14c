"""Named queries on issuing bodies and their acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.orm import contains_eager, joinedload

from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.model import Act, IssuingBody, Notification

if TYPE_CHECKING:
    from collections.abc import Collection

    from notigateway.repository.session import Session

# Any number, the same for ever.
_PUBLICATION_LOCK = 43_2015


def find_issuing_body(session: Session, dir3: str) -> IssuingBody | None:
    """Return the issuing body with that DIR3 code."""
    return session.scalars(select(IssuingBody).where(IssuingBody.dir3 == dir3)).one_or_none()


def ensure_issuing_body(session: Session, *, dir3: str, acronym: str, name: str, nif: str) -> IssuingBody:
    """Return the issuing body with that DIR3 code, made or renamed to what is given."""
    insert_if_absent(session, IssuingBody, dir3=dir3, acronym=acronym, name=name, nif=nif)
    body = session.scalars(select(IssuingBody).where(IssuingBody.dir3 == dir3)).one()
    body.acronym, body.name, body.nif = acronym, name, nif
    return body


def find_issuing_bodies(session: Session, named: Collection[str]) -> dict[str, IssuingBody]:
    """Return those of the issuing bodies that are registered, by their DIR3 codes.

    Each keeps its code until the transaction ends, as `hold_addressee` says it of addressees.
    """
    query = select(IssuingBody).where(IssuingBody.dir3.in_(named)).with_for_update(read=True, key_share=True)
    found = session.scalars(query.execution_options(populate_existing=True))
    return {row.dir3: row for row in found}


def find_act(session: Session, body: IssuingBody, reference: str) -> Act | None:
    """Return the act that the body named so."""
    return session.scalars(
        select(Act).where(Act.issuing_body_id == body.id, Act.reference == reference)
    ).one_or_none()


def find_published(
    session: Session, body: IssuingBody, references: Collection[str]
) -> dict[str, Notification]:
    """Return the notifications by which acts of the body are at disposal, by the acts' references."""
    query = (
        select(Notification)
        .join(Notification.act)
        .where(Act.issuing_body_id == body.id, Act.reference.in_(references))
        .options(contains_eager(Notification.act), joinedload(Notification.addressee, innerjoin=True))
    )
    return {row.act.reference: row for row in session.scalars(query)}


def wait_for_turn_to_publish(session: Session) -> None:
    """Let one transaction at a time give public codes, until what it has written is seen.

    PostgreSQL gives codes when rows are inserted and shows rows when they are committed. If two
    transactions did so at the same time, a lower code could appear after a higher one, and a caller
    whose cursor had passed it would never see that notification. SQLite has one writer anyway.

    The next one does not wait until it is on the disk, or at the standby: only the commit itself does
    (`wait_until_durable`). What others see meanwhile leaves with no answer, since each has an access
    record, whose commit waits for all that came before it.
    """
    if session.ahead is None and session.get_bind().dialect.name == "postgresql":
        session.execute(_TURN, {"lock": _PUBLICATION_LOCK})
        session.is_durable_later = True


def wait_until_durable(session: Session) -> None:
    """Wait until what was committed before survives the loss of the server, as its operator wants it.

    Raises: what SQLAlchemy raises; then nobody knows whether it does.
    """
    session.execute(_ANY_COMMIT)
    session.commit()
    session.is_durable_later = False


_TURN = text("SELECT pg_advisory_xact_lock(:lock), set_config('synchronous_commit', 'off', true)")
# Without anything in the server's log a commit would wait for nothing.
_ANY_COMMIT = text("SELECT pg_logical_emit_message(true, 'notigateway', '')")
