"""What every contract's endpoint shares, and what is known of one request once it is verified."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notigateway.repository import engine as database
from notigateway.repository import placing
from notigateway.soap.arrivals import ORDINARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.http.failures import FailureLimit
    from notigateway.log.access import AccessNotes
    from notigateway.office import Office
    from notigateway.pki.families import Families
    from notigateway.receipts.asking import Asking
    from notigateway.repository.first_look import FirstLook
    from notigateway.repository.session import Session
    from notigateway.soap.arrivals import Arrivals
    from notigateway.soap.entry import Entry
    from notigateway.soap.forgetting import Forgetting
    from notigateway.soap.parcel import Parcel
    from notigateway.soap.rates import CallerLimit
    from notigateway.soap.telling import Telling
    from notigateway.trust.admission import Admission
    from notigateway.trust.key_holders import KeyHolders
    from notigateway.wss.clients import ClientRegister
    from notigateway.wss.policy import Expectations, Limits
    from notigateway.wss.sign import Signer

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Who is let in, within which limits, and whose key signs the answers; the office is behind it."""

    office: Office
    first_look: FirstLook
    signer: Signer = field(repr=False)
    admission: Admission
    key_holders: KeyHolders
    clients: ClientRegister
    families: Families
    limits: Limits
    # From when a request is whole; see `time_left`.
    request_seconds: float
    expectations: Expectations
    failures: FailureLimit
    forgetting: Forgetting
    callers: CallerLimit
    arrivals: Arrivals = ORDINARY


@dataclass(frozen=True, kw_only=True)
class Request:
    """One verified request: who asks, when, the proof of it, what is entered of it and leaves beside it."""

    office: Office
    asking: Asking
    entry: Entry
    told: Telling
    # What travels beside the answer.
    parcel: Parcel

    @property
    def access(self) -> AccessNotes:
        """What is to be recorded of it."""
        return self.entry.access

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give the session of what the request reads; what it finds is noted for the access record.

        Raises: `TemporarilyUnavailableError`.
        """
        with database.reading(self.office.engine) as session:
            yield session
            self.access.found(session.found)

    @contextmanager
    def reading_changes(self) -> Iterator[Session]:
        """Give the same where changes are read: those that were committed before have their places.

        Raises: `TemporarilyUnavailableError`.
        """
        with placing.reading_changes(self.office.engine) as session:
            yield session
            self.access.found(session.found)

    def change(self, work: Callable[[Session], Made]) -> Made:
        """Do something small that changes something, perhaps in one commit with what others ask.

        Its entry is committed with it. `work` may be called again, when nothing has come of the time before.

        Raises: what it raises; `ReplayError`, `TemporarilyUnavailableError`.
        """

        def noted(session: Session) -> Made:
            made = work(session)
            self.access.found(session.found)
            return made

        return self.entry.change(noted)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give the session of what the request changes; its entry is committed with it.

        Raises: `ReplayError`, `TemporarilyUnavailableError`; what cannot be entered does not happen.
        """
        with self.entry.making() as session:
            yield session
            self.access.found(session.found)
