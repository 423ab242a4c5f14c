"""A succession is communicated: by the issuing body for its procedures, by the operator for all.

From then on the successor sees what was put at its predecessor's disposal since the fact, and what arrives
later is its own; what is at disposal already stays as it is (RD 203/2021 art. 42.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from notigateway.errors import SuccessionExistsError, SuccessionUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law.submission import NAME_MAX
from notigateway.law.succession import (
    BY_POLICY,
    Cause,
    Succession,
    check_no_circle,
    check_succession,
    ends_guardianship,
    invalid_succession,
    overlaps,
    passed_on,
    successor_of,
)
from notigateway.law.texts import is_a_line
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.addressees import ensure_addressee, hold_addressee
from notigateway.repository.last_done import end_after, last_done
from notigateway.repository.model import Event
from notigateway.repository.obligations import lock_scheduled
from notigateway.repository.powers import lock_addressee
from notigateway.repository.successions import (
    SuccessionRow,
    concerned_by,
    find_succession,
    has_successor,
    list_given_to,
    list_successions,
    lock_given,
)
from notigateway.repository.turns_of_rights import take_turn_to_change
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.repository.model import Act, Addressee, IssuingBody
    from notigateway.repository.obliging import Obliging
    from notigateway.repository.session import Session
    from notigateway.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SuccessionTerms:
    """What is communicated, with its ground: the document that the body has in its file."""

    predecessor: str
    successor: str
    successor_name: str
    cause: Cause
    fact_at: datetime
    document: str
    procedures: frozenset[str] = frozenset()
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class Succeeding:
    """How successions are taken in: which of those that the law does not name are admitted."""

    obliging: Obliging
    policies: frozenset[Cause] = field(default=BY_POLICY)

    @classmethod
    def by(cls, settings: Settings, obliging: Obliging) -> Self:
        """Return how they are taken in by the settings."""
        return cls(obliging=obliging, policies=frozenset(map(Cause, settings.succession_policies)))

    def communicate(
        self,
        session: Session,
        terms: SuccessionTerms,
        *,
        body: IssuingBody | None,
        now: datetime,
        request_sha256: str | None = None,
    ) -> SuccessionRow:
        """Let one take the place of another from now on; repeating changes nothing.

        Without `body` it is the operator's, for the acts of every body.

        Raises: `SuccessionInvalidError`, also for a predecessor to whom nothing was ever addressed;
        `SuccessionExistsError` where somebody else has that place.
        """
        succession = self._checked(terms, body, now=now)
        # In this order, like every change of rights: two of one addressee never wait for each other.
        predecessor = lock_addressee(session, succession.predecessor)
        if predecessor is None:
            raise invalid_succession("predecessor", "unknown")
        wait_for_turn_to_publish(session)
        rows = list_successions(session)
        for row in rows:
            if _said(row.succession) == _said(succession) and row.ends_at is None:
                return row
        _check_place(succession, rows)
        ensure_addressee(session, identifier=succession.successor, name=terms.successor_name)
        said = _row_of(succession, predecessor, body, document=terms.document.strip(), now=now)
        said.request_sha256 = request_sha256
        session.add(said)
        session.flush()
        _pass_on(session, said, now=now)
        if succession.redirects:
            self._send_on(session, predecessor, now=now)
        session.flush()
        session.expire(said)
        found = find_succession(session, said.id)
        if found is None:
            raise LookupError("a succession was written and is not there")
        return found

    def _checked(self, terms: SuccessionTerms, body: IssuingBody | None, *, now: datetime) -> Succession:
        """Return what is communicated in its one form."""
        name = terms.successor_name.strip()
        if not name or len(name) > NAME_MAX or not is_a_line(name):
            raise invalid_succession("successor_name", "text" if name else "required")
        succession = Succession(
            predecessor=terms.predecessor,
            successor=terms.successor,
            cause=terms.cause,
            fact_at=terms.fact_at,
            communicated_at=now,
            body=None if body is None else body.dir3,
            procedures=terms.procedures,
            account=terms.account,
        )
        return check_succession(succession, document=terms.document, policies=self.policies, now=now)

    def _send_on(self, session: Session, predecessor: Addressee, *, now: datetime) -> None:
        """Address to the successor what has not arrived; as it would have been published for it."""
        known = [row.succession for row in list_successions(session)]
        for row in lock_scheduled(session, predecessor, now=now):
            to = successor_of(predecessor.identifier, concerned_by(row.act), known, at=to_milliseconds(now))
            if to != predecessor.identifier:
                successor = _addressee(session, to)
                row.take_the_place(predecessor, row.act.addressee_name or predecessor.name)
                row.addressee_id, row.act.addressee_name = successor.id, successor.name
                self.obliging.settle(session, row, successor)


def end_succession(session: Session, succession_id: UUID, *, at: datetime, now: datetime) -> SuccessionRow:
    """End a guardianship, never in the past and after what was decided by it; a repeat changes nothing.

    Raises: `SuccessionUnknownError`, `SuccessionInvalidError`.
    """
    row = find_succession(session, succession_id)
    if row is None:
        raise SuccessionUnknownError(f"succession {succession_id}")
    lock_addressee(session, row.predecessor.identifier)
    take_turn_to_change(session, list_given_to(session, row.id))
    given = lock_given(session, row.id)
    at = to_milliseconds(at)
    if ends_guardianship(row.succession, at, now):
        decided_at = last_done(session, Event.title.in_([str(one.id) for one in given]), since=at)
        for one in given:
            one.ends_at = end_after([decided_at], at)
    return row


def addressee_of(session: Session, named: Addressee, act: Act, *, at: datetime) -> Addressee:
    """Return to whom an act goes that names an addressee: itself, or who has taken its place."""
    if not has_successor(session, named):
        return named
    known = [row.succession for row in list_successions(session)]
    return _addressee(session, successor_of(named.identifier, concerned_by(act), known, at=at))


def _addressee(session: Session, identifier: str) -> Addressee:
    """Return the addressee, which every successor is; it keeps its identifier while that is written down."""
    found = hold_addressee(session, identifier)
    if found is None:
        raise LookupError("a successor is an addressee")
    return found


def _said(one: Succession) -> Succession:
    """Return what two communications of the same have in common."""
    return replace(one, communicated_at=one.fact_at)


def _check_place(succession: Succession, rows: Sequence[SuccessionRow]) -> None:
    """Check that the place is free, and that nobody takes its own in the end."""
    followers: dict[str, set[str]] = {}
    for row in rows:
        one = row.succession
        if overlaps(one, succession):
            raise SuccessionExistsError(f"succession {row.id}", succession_id=str(row.id))
        followers.setdefault(one.predecessor, set()).add(one.successor)
    known: Mapping[str, frozenset[str]] = {who: frozenset(some) for who, some in followers.items()}
    check_no_circle(succession, known)


def _pass_on(session: Session, said: SuccessionRow, *, now: datetime) -> None:
    """Write down what the successor takes of those whose place its predecessor had, and so on.

    Whichever was communicated first: what the successor is given goes on to who has its place already.
    """
    everything = list_successions(session, communicated=False)
    second = next(row for row in everything if row.id == said.id)
    taken = [_passed(first, second, now=now) for first in everything]
    firsts = [second, *(row for row in taken if row is not None)]
    given = [_passed(first, later, now=now) for first in firsts for later in everything]
    session.add_all(row for row in (*taken, *given) if row is not None)


def _passed(first: SuccessionRow, second: SuccessionRow, *, now: datetime) -> SuccessionRow | None:
    """Return the row of what the second one passes on of the first one; None for nothing."""
    given = passed_on(first.succession, second.succession)
    if given is None or first.predecessor.identifier == second.successor:
        return None
    body = first.issuing_body or second.issuing_body
    row = _row_of(given, first.predecessor, body, document=second.document, now=now)
    row.predecessor, row.issuing_body = first.predecessor, body
    row.passed_on_by = second.passed_on_by or second.id
    return row


def _row_of(
    succession: Succession,
    predecessor: Addressee,
    body: IssuingBody | None,
    *,
    document: str,
    now: datetime,
) -> SuccessionRow:
    """Return the row of a succession."""
    return SuccessionRow(
        id=uuid7(now),
        predecessor_id=predecessor.id,
        successor=succession.successor,
        cause=succession.cause,
        fact_at=succession.fact_at,
        communicated_at=succession.communicated_at,
        ends_at=succession.ends_at,
        issuing_body_id=None if body is None else body.id,
        procedures="\n".join(sorted(succession.procedures)),
        account=succession.account,
        document=document,
    )
