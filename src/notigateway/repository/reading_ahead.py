"""Reads the registers of many addressees in a query each, before they are changed in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import event, select
from sqlalchemy.orm import joinedload

from notigateway.repository.accounts import Account, MainAccount
from notigateway.repository.ahead import Ahead
from notigateway.repository.model import Notification
from notigateway.repository.powers import lock_addressees
from notigateway.repository.rights import RedAssignment
from notigateway.repository.windows import RedOptOut, RedWindow

if TYPE_CHECKING:
    from collections.abc import Collection

    from notigateway.repository.ahead import By
    from notigateway.repository.session import Session

_OF_ADDRESSEES: Final[tuple[By, ...]] = (
    (MainAccount, "addressee_id"),
    (RedAssignment, "addressee_id"),
    (RedOptOut, "addressee_id"),
    (RedWindow, "addressee_id"),
)


def read_ahead(
    session: Session, identifiers: Collection[str], *, accounts: Collection[str], keys: Collection[str]
) -> None:
    """Read what the registers say of these addressees and accounts, and keep it until `forget`.

    The turn to publish is held, since before any savepoint: to go back to one gives up what came after.
    """
    addressees = {row.identifier: row for row in lock_addressees(session, identifiers)}
    ids = {row.id for row in addressees.values()}
    published = select(Notification.addressee_id).where(Notification.addressee_id.in_(ids)).distinct()
    session.ahead = ahead = Ahead(
        addressees, absent=set(identifiers) - addressees.keys(), published=session.scalars(published)
    )
    for by in _OF_ADDRESSEES:
        _keep(session, ahead, by, ids)
    _keep(session, ahead, (RedAssignment, "account"), accounts)
    _keep(session, ahead, (Account, "key"), keys)


def forget(session: Session) -> None:
    """Forget what was read ahead, and the objects: what was taken back is no longer so."""
    session.expunge_all()
    session.ahead = None


def follow(session: Session) -> None:
    """Let what is read ahead follow what the session adds and deletes."""
    event.listen(session, "transient_to_pending", _added)
    event.listen(session, "persistent_to_deleted", _deleted)


def _added(session: Session, row: object) -> None:
    if session.ahead is not None:
        session.ahead.add(row)


def _deleted(session: Session, row: object) -> None:
    if session.ahead is not None:
        session.ahead.remove(row)


def _keep(session: Session, ahead: Ahead, by: By, keys: Collection[object]) -> None:
    kind, name = by
    query = select(kind).where(getattr(kind, name).in_(keys))
    if kind is RedAssignment:
        query = query.options(joinedload(RedAssignment.addressee, innerjoin=True))
    ahead.keep(by, keys, session.scalars(query) if keys else ())
