"""Opens the document store of a gateway, marks it as this gateway's, and says at the start whether it is.

Marking is the operator's, once: neither serving nor publishing ever does it, so a store that is not mounted
is never taken for a new one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.logger import Logger
from notigateway.repository.documents import DocumentStore, Marker
from notigateway.repository.engine import connected, reading, writing
from notigateway.repository.store_owner import find_owner, keep_owner, marker_of
from notigateway.repository.wholeness import documents_after
from notigateway.time_left import bounded

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from notigateway.settings import Settings

_log = Logger("notigateway.store")

# How many of the documents that the database names are looked for before a store is marked, and how large a
# part of them must be there: two gateways may have published the same document, but not all of them.
_LOOKED_FOR: Final = 50
_PART_THERE: Final = 0.9
# How long a start waits for the store: gunicorn replaces a worker that takes a minute.
_START_SECONDS: Final = 5.0


class Marking(StrEnum):
    """What became of a store that was to be marked, in words for the operator."""

    BEFORE = "was marked before"
    NEW = "is marked"
    EMPTY = "is marked, an empty store: one was marked before, of which the database names no document"


class Owner:
    """Tells whose store it must be, as the database says: asked once, and again while it says nobody's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: UUID | None = None

    def __call__(self) -> UUID | None:
        """Return the identity of the gateway. Raises: `TemporarilyUnavailableError`."""
        if self._found is None:
            with reading(self._engine) as session:
                self._found = find_owner(session)
        return self._found


def open_store(url: str, engine: Engine) -> DocumentStore:
    """Return the store of the gateway whose database that is. Raises: `ConfigurationError`."""
    return DocumentStore(url, owner=Owner(engine))


def check_marked(store: DocumentStore) -> None:
    """Check at the start that the store was marked, and for this gateway.

    A store that is away is no reason not to start: it is told in the log, callers are told it as long as it
    lasts, and all that needs no document is served.

    Raises: `ConfigurationError` where no command has marked a store, or the marker is another gateway's;
    `TemporarilyUnavailableError` where the database does not answer.
    """
    try:
        with bounded(_START_SECONDS):
            found = store.find_marker()
    except TemporarilyUnavailableError as error:
        if error.part is not Part.STORE:
            raise
        return
    if found in {Marker.UNKNOWN, Marker.ANOTHERS}:
        raise ConfigurationError(f"document_store_url: {store.place}: {found.value}")
    if found in {Marker.MISSING, Marker.UNREADABLE}:
        away = TemporarilyUnavailableError(f"document store: {found.value}", part=Part.STORE)
        _log.warning("document_store_failed", **away.line)


def check_new_store(settings: Settings) -> None:
    """Check that a store is this gateway's before it takes the place of the one in force.

    Raises: `ConfigurationError` where its marker is not there, or another's; `TemporarilyUnavailableError`.
    """
    with connected(settings) as engine, bounded(_START_SECONDS):
        store = open_store(settings.document_store_url, engine)
        found = store.find_marker()
    if found is not Marker.OURS:
        raise ConfigurationError(f"document_store_url: {store.place}: {found.value}")


def mark_store(
    engine: Engine, store: DocumentStore, *, now: datetime, without_documents: bool = False
) -> Marking:
    """Mark the store as this gateway's; return whether it was already, and whether it takes another's place.

    A database that knows no identity (one from a backup of before the marking) takes that of the marker,
    where the store holds the documents that it names.

    Raises: `TemporarilyUnavailableError`; `ConfigurationError` for a store of another gateway, and for one
    that lacks documents that the database names, unless `without_documents` says they are lost.
    """
    with reading(engine) as session:
        owner = find_owner(session)
        named = [sha256 for sha256, *_ in documents_after(session, "", limit=_LOOKED_FOR)]
    is_marked, gateway = store.find_gateway()
    if is_marked and gateway is None:
        raise ConfigurationError(f"{store.place}: {Marker.UNREADABLE.value}: nothing is marked")
    if is_marked and owner is not None and gateway != owner:
        raise ConfigurationError(f"{store.place} belongs to another gateway ({gateway}): nothing is marked")
    if owner is None or not is_marked:
        there = sum(map(store.has, named))
        found = f"of {len(named)} documents that the database names {there} are there"
        has_ours = there >= _PART_THERE * len(named)
        if is_marked and not (named and has_ours):
            raise ConfigurationError(
                f"{store.place} belongs to another gateway ({gateway}): {found}. Nothing is marked"
            )
        if not has_ours and not without_documents:
            raise ConfigurationError(
                f"{store.place}: {found}: is the right one mounted? Nothing is marked; --without-documents "
                "marks it where they are lost"
            )
    with writing(engine) as session:
        kept = keep_owner(session, gateway, now=now)
    if not is_marked:
        store.mark(marker_of(kept, now=now))
    if not is_marked and owner is not None and not named:
        return Marking.EMPTY
    return Marking.BEFORE if is_marked and owner is not None else Marking.NEW
