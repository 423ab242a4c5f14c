"""The rows: issuing bodies, acts, documents, addressees, notifications, events, receipts.

Instants are UTC. Rows carry their behaviour; there are no mirrors of them.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    column,
    func,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, object_session, relationship

from notigateway.law.caller import NOBODY, Circumstances, Title
from notigateway.law.lifecycle import Kind, Standing, State, effective_state, is_content_released
from notigateway.law.transitions import awaits_handover
from notigateway.repository.columns import CODE, SHA256_HEX, Evidence, Row, UtcDateTime, Word
from notigateway.repository.grounds import Grounded, Worded
from notigateway.repository.making import keep, make
from notigateway.repository.natures import WithNature
from notigateway.repository.quoted import Quoted
from notigateway.repository.succeeded import Succeeded
from notigateway.repository.told import Told
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from notigateway.law.obligation import Access
    from notigateway.law.representation import Role
    from notigateway.law.transitions import Transition

# The table of `repository/outages.py`, which stands above this file, as far as a row's standing needs it.
_OUTAGES = table(
    "outages", *(column(name, UtcDateTime()) for name in ("started_at", "ended_at", "recomputed_at"))
)

# What the session counts versions from: see `Notification.__mapper_args__`.
_FIRST_VERSION = 1
_TOLD = [one.name for one in fields(Circumstances)]
_told = attrgetter(*_TOLD)


class IssuingBody(Row):
    """TGSS, INSS or ISM: who issues acts."""

    __tablename__ = "issuing_bodies"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    dir3: Mapped[str] = mapped_column(String(9), unique=True)
    acronym: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    nif: Mapped[str] = mapped_column(String(9))


class Addressee(Row):
    """The company or person a notification is for."""

    __tablename__ = "addressees"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    identifier: Mapped[str] = mapped_column(String(9), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    # The main account as it stands, for workers of the version before: see `repository/accounts.py`.
    ccc: Mapped[str | None] = mapped_column(String(15))
    naf: Mapped[str | None] = mapped_column(String(12))


class Act(Quoted, Worded, Row):
    """What an issuing body decided: immutable, named by the body's own reference."""

    __tablename__ = "acts"
    __table_args__ = (UniqueConstraint("issuing_body_id", "reference"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    issuing_body_id: Mapped[int] = mapped_column(ForeignKey("issuing_bodies.id"))
    reference: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    procedure: Mapped[str] = mapped_column(String(16))
    matter: Mapped[str] = mapped_column(String(64))
    special_category: Mapped[bool]
    submission_sha256: Mapped[str] = mapped_column(SHA256_HEX)
    # The sizes of its documents in bytes, in order, separated by spaces: a list of 1,000 rows needs
    # no second query, and an act never changes.
    document_sizes: Mapped[str] = mapped_column(Text)

    issuing_body: Mapped[IssuingBody] = relationship(lazy="raise")
    documents: Mapped[list[Document]] = relationship(order_by="Document.position", lazy="raise")


class Document(Row):
    """One document of an act; its bytes live in the document store under their SHA-256."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("act_id", "position"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    act_id: Mapped[UUID] = mapped_column(ForeignKey("acts.id"))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)


class Notification(Grounded, Succeeded, Row):
    """One act at the disposal of one addressee."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index(None, "addressee_id", "code"),
        Index(None, "addressee_id", "state", "code"),
        Index(None, "addressee_id", "available_at"),
        Index(None, "state", "deadline"),
        CheckConstraint("kind = 'notification' OR deadline IS NULL", name="communication_never_lapses"),
        CheckConstraint("deadline IS NULL OR deadline > available_at", name="deadline_after_available"),
        # A code is never given twice, not even after its row is gone: it is printed on receipts.
        {"sqlite_autoincrement": True},
    )

    code: Mapped[int] = mapped_column(CODE, Identity(), primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    act_id: Mapped[UUID] = mapped_column(ForeignKey("acts.id"), index=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    kind: Mapped[Kind] = mapped_column(Word(Kind))
    state: Mapped[State] = mapped_column(Word(State))
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)
    # The same for every row of a query: when the earliest outage began that may still move deadlines.
    outage_since: Mapped[datetime | None] = column_property(
        select(func.min(_OUTAGES.c.started_at))
        .where(or_(_OUTAGES.c.ended_at.is_(None), _OUTAGES.c.recomputed_at.is_(None)))
        .scalar_subquery()
    )

    act: Mapped[Act] = relationship(lazy="raise")
    addressee: Mapped[Addressee] = relationship(lazy="raise")
    events: Mapped[list[Event]] = relationship(order_by="Event.position", lazy="raise")
    receipts: Mapped[list[Receipt]] = relationship(lazy="raise")

    # Compare-and-set: a row that changed since it was read is never overwritten.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (read by SQLAlchemy)

    # Set by the query that found the row for a caller; a row found otherwise has no role to give.
    _seen_as = None
    _title = None
    # Where new events and receipts go besides, of a row that no session keeps book of: see `held`.
    _holder = None

    @property
    def seen_as(self) -> Role:
        """The capacity in which the caller whose query found this row sees it."""
        if self._seen_as is None:
            raise LookupError("this row was not found for a caller")
        return self._seen_as

    @property
    def title(self) -> Title | None:
        """The power or the RED authorisation that gives it; None for the addressee itself."""
        return self._title

    def see_as(self, role: Role, title: Title | None = None) -> None:
        """Remember the capacity in which this row was found, and the title where it was locked."""
        self._seen_as, self._title = role, title

    def hold_for(self, holder: list[Event | Receipt]) -> None:
        """Have new events and receipts told to a holder."""
        self._holder = holder

    def tell_holder(self, new: Event | Receipt) -> None:
        """Tell of a new event or receipt, where there is a holder."""
        if self._holder is not None:
            self._holder.append(new)

    @property
    def standing(self) -> Standing:
        """What the rule needs to know of this row."""
        return Standing(
            self.kind, self.state, self.available_at, self.deadline, self.outage_since, self.decided_at
        )

    def state_at(self, now: datetime) -> State:
        """Return the state at `now`, lapse included."""
        return effective_state(self.standing, now)

    def is_content_released(self) -> bool:
        """Tell whether the documents may leave the store."""
        return is_content_released(self.state)

    def awaits_handover(self) -> bool:
        """Tell whether it was accepted and its content not handed over yet."""
        attested = (receipt.state for receipt in self.receipts if receipt.nature is None)
        return awaits_handover(self.state, attested)

    def decisive_event(self) -> Event | None:
        """Return the event that decided, if any did."""
        return next((event for event in self.events if event.decisive), None)

    def receipt_of(self, event: Event | None) -> Receipt | None:
        """Return the receipt of an event itself; None where there is none, or no event.

        That of a later handing over names the same event.
        """
        found = (r for r in self.receipts if event and (r.event_id, r.state) == (event.id, event.state))
        return next(found, None)

    @classmethod
    def put_at_disposal(
        cls,
        transition: Transition,
        *,
        act: Act,
        addressee: Addressee,
        code: int,
        kind: Kind,
        available_at: datetime,
        access: Access,
        now: datetime,
    ) -> Notification:
        """Return a new notification of an act, with its first event; its code was drawn for it."""
        notification = make(
            cls,
            code=code,
            id=uuid7(now),
            act=act,
            act_id=act.id,
            addressee=addressee,
            addressee_id=addressee.id,
            kind=kind,
            available_at=available_at,
            version=_FIRST_VERSION,
            events=[],
            receipts=[],
        )
        notification.found_by(access)
        notification.happen(transition, now=now)
        return notification

    def happen(self, transition: Transition, told: Circumstances = NOBODY, *, now: datetime) -> Event | None:
        """Do what the law says: the only place that writes state and event, and the deadline of what arrived.

        Returns the event, written down at `now`; None for what has none.
        """
        if transition.is_correction:
            self._unseat_decision()
        if not (transition.is_recorded_only or transition.is_repeat):
            self.state = transition.state
            if transition.deadline is not None:
                self.deadline = transition.deadline
            if transition.is_decisive:
                self.decided_at = transition.at
        if not transition.has_event:
            return None
        event = make(
            Event,
            id=uuid7(now),
            notification_code=self.code,
            position=len(self.events) + 1,
            state=transition.state,
            nature=transition.nature,
            decisive=transition.is_decisive,
            at=transition.at,
            **dict(zip(_TOLD, _told(told), strict=True)),
        )
        keep(self, self.events, event)
        return event

    def find_anew(self, access: Access, deadline: datetime | None) -> None:
        """Fix anew on which ground what has not arrived will be at disposal, and whether it lapses.

        A deadline that was moved stays where it lapses as before.
        """
        self.found_by(access)
        if access.lapses is (self.deadline is None):
            self.deadline = deadline

    def _unseat_decision(self) -> None:
        """Take the place from the decision that stood; it stays on record."""
        standing, session = self.decisive_event(), object_session(self)
        if standing is not None:
            standing.decisive = False
        if session is not None:
            session.flush()  # before the new one: at most one event of a notification is decisive


class Event(Told, WithNature, Row):
    """Something that happened to a notification: append-only, at most one of them decisive."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("notification_code", "position"),
        Index(
            "uq_events_decisive",
            "notification_code",
            unique=True,
            sqlite_where=text("decisive"),
            postgresql_where=text("decisive"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"))
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[State] = mapped_column(Word(State))
    decisive: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Receipt(WithNature, Row):
    """The sealed evidence of one fact: append-only, bytes stored are the bytes sent.

    The event is the one it attests; the receipt of content handed over stands at the acceptance.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("event_id", "state"),
        # Each receipt names the one before: no two name the same. Null on those that move nothing.
        UniqueConstraint("notification_code", "position"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"))
    position: Mapped[int | None] = mapped_column(Integer)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    state: Mapped[State] = mapped_column(Word(State))
    event_time: Mapped[datetime] = mapped_column(UtcDateTime)
    # The código seguro de verificación: printed on the form for people, it finds the receipt again.
    csv_code: Mapped[str | None] = mapped_column(String(32), unique=True)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)
    xml: Mapped[bytes] = mapped_column(Evidence)
    # When to ask for its time-stamp, again where that has failed; null where it has one.
    timestamp_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    timestamp_attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
