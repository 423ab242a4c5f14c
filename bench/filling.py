"""Fills a repository with as many notifications as wanted: rows as publication and decisions leave them.

A year of acts at even distances, the last one a minute ago. Most are decided or lapsed, what came in the last
days is not, and some communications nobody ever opens. Changes stand in the order of time, so decisions lie
among the publications of the days after. Receipts, documents and the log are left out: nothing that is
measured here reads them, and they are ten times the rest.
"""

from __future__ import annotations

import heapq
import random
from datetime import datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, select

from bench.bulk import bulk_of
from bench.derived import derive
from bench.people import enter
from bench.world import nif_of
from notigateway.contract.row_text import FORM, row_text
from notigateway.law.deadlines import deadline
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import Channel, Kind, State
from notigateway.law.representation import Role
from notigateway.law.searching import searched
from notigateway.repository.changes import Change
from notigateway.repository.engine import reading
from notigateway.repository.model import Act, Event, IssuingBody, Notification
from notigateway.repository.row_texts import RowText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine

    from bench.bulk import Bulk
    from bench.world import Group, World

SPAN: Final = timedelta(days=365)
_TERM: Final = timedelta(days=10)

# Of what is older than its deadline; the rest has lapsed.
_ACCEPTED, _REJECTED = 0.6, 0.08
_ACCEPTED_SO_FAR: Final = 0.35
_COMMUNICATIONS_READ: Final = 0.04
_SPECIAL: Final = 0.01
# Of each: the issuing body by its number, the procedure, the matter and the subject; all fictitious.
_SORTS: Final = (
    (0, "9900102", "affiliation", "Resolución sobre afiliación"),
    (0, "9900103", "worker_registrations", "Alta de oficio de persona trabajadora"),
    (0, "9900106", "liquidation", "Reclamación de deuda por cuotas"),
    (0, "9900107", "collection", "Providencia de apremio"),
    (1, "9900201", "resolutions", "Resolución sobre recargo de prestaciones"),
    (2, "9900301", "resolutions", "Resolución sobre coeficientes correctores de cotización"),
)

Facts = dict[str, Any]


def _lapses(available_at: datetime) -> datetime:
    """Return when a notification lapses: an hour of UTC is within one day in Madrid."""
    return _lapses_of_hour(available_at.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=2)
def _lapses_of_hour(hour: datetime) -> datetime:
    return deadline(hour)


class Filling:
    """A repository that is being filled; bodies are registered, everything else is made here."""

    def __init__(self, engine: Engine, world: World, *, now: datetime) -> None:
        self._engine, self._world = engine, world
        self._random = random.Random(f"scale:{world.rows}")  # noqa: S311  (reproducible on purpose)
        self._now = now.replace(microsecond=0) - timedelta(minutes=1)
        self._step = SPAN / world.rows
        self._groups = world.groups
        self._left = [group.notifications for group in world.groups]
        self._code = 0
        self._position = 0
        # What will be decided: when, of which code, and the event.
        self._pending: list[tuple[datetime, int, Facts]] = []
        with reading(engine) as session:
            if session.scalar(select(func.max(Notification.code))):
                raise SystemExit("the repository is not empty")
            bodies = session.scalars(select(IssuingBody).order_by(IssuingBody.id)).all()
            self._bodies = [(body.id, body.name, body.nif, body.dir3, body.acronym) for body in bodies]

    def fill(self) -> Iterator[None]:
        """Fill it all but the news, pause there for who wants to follow them, fill the rest."""
        with bulk_of(self._engine) as bulk:
            enter(bulk, self._world, since=self._now - SPAN - timedelta(days=1))
            bulk.flush()
            self._until(bulk, self._world.rows - self._world.news)
        derive(self._engine)
        yield
        with bulk_of(self._engine) as bulk:
            self._until(bulk, self._world.rows)
            self._decide(bulk, self._now)
        derive(self._engine)

    def _until(self, bulk: Bulk, last: int) -> None:
        while self._code < last:
            self._code += 1
            self._publish(bulk)
            bulk.flush(only_if_full=True)

    def _publish(self, bulk: Bulk) -> None:
        """Put one more at disposal, after the decisions that came before it."""
        at = self._now - self._step * (self._world.rows - self._code)
        self._decide(bulk, at)
        group = self._next_group()
        addressee = group.first + int(self._random.random() * group.addressees)
        act = self._act(at, addressee)
        bulk.add(Act, act)
        kind, state, decided_at = self._fate(group, at)
        notification = act | {
            "id": _uuid(at, self._random),
            "code": self._code,
            "act_id": act["id"],
            "addressee_id": addressee,
            "kind": kind,
            "state": state,
            "available_at": at,
            "deadline": None if kind is Kind.COMMUNICATION else _lapses(at),
            "decided_at": decided_at,
            "version": 1 if decided_at is None else 2,
            "ground": Ground.A,
            "is_obliged": True,
            "predecessor": None,
            "predecessor_name": None,
        }
        bulk.add(Notification, notification)
        bulk.add(RowText, self._text(notification))
        published = self._event(notification, State.AVAILABLE, at, position=1)
        self._place(bulk, published)
        if decided_at is not None:
            decision = self._event(notification, state, decided_at, position=2)
            heapq.heappush(self._pending, (decided_at, self._code, decision))

    def _decide(self, bulk: Bulk, until: datetime) -> None:
        """Write what was decided by then, in the order of time."""
        while self._pending and self._pending[0][0] <= until:
            self._place(bulk, heapq.heappop(self._pending)[2])

    def _place(self, bulk: Bulk, event: Facts) -> None:
        """Write an event and give it the next place among the changes."""
        self._position += 1
        bulk.add(Event, event)
        bulk.add(Change, event | {"position": self._position, "event_id": event["id"]})

    def _next_group(self) -> Group:
        """Return whose turn it is: each gets exactly its number, evenly over the year."""
        left = self._random.random() * sum(self._left)
        at = 0
        while left >= self._left[at]:
            left -= self._left[at]
            at += 1
        self._left[at] -= 1
        return self._groups[at]

    def _fate(self, group: Group, at: datetime) -> tuple[Kind, State, datetime | None]:
        """Return what kind it is, how it stands by now, and since when that is decided."""
        chance, soon = self._random.random(), at + _TERM * self._random.random()
        if chance < group.unread:
            return Kind.COMMUNICATION, State.AVAILABLE, None
        if chance < group.unread + _COMMUNICATIONS_READ and soon <= self._now:
            return Kind.COMMUNICATION, State.READ, soon
        chance = self._random.random()
        if _lapses(at) > self._now:
            is_decided = soon <= self._now and chance < _ACCEPTED_SO_FAR
            return Kind.NOTIFICATION, *((State.ACCEPTED, soon) if is_decided else (State.AVAILABLE, None))
        if chance < _ACCEPTED:
            return Kind.NOTIFICATION, State.ACCEPTED, soon
        if chance < _ACCEPTED + _REJECTED:
            return Kind.NOTIFICATION, State.REJECTED, soon
        return Kind.NOTIFICATION, State.LAPSED, _lapses(at)

    def _act(self, at: datetime, addressee: int) -> Facts:
        body, procedure, matter, subject = _SORTS[self._code % len(_SORTS)]
        body_id, body_name, body_nif, *_ = self._bodies[body]
        return {
            "id": _uuid(at, self._random),
            "issuing_body_id": body_id,
            "reference": f"SCALE-{self._code}",
            "subject": f"{subject} {self._code}",
            "procedure": procedure,
            "matter": matter,
            "special_category": self._random.random() < _SPECIAL,
            "submission_sha256": f"{self._code:064x}",
            "document_sizes": "51234 8211",
            "addressee_name": f"Empresa ficticia {addressee}, S.L.",
            "issuing_body_name": body_name,
            "issuing_body_nif": body_nif,
            "named_ground": None,
            "paper": None,
            "ccc": None,
            "naf": None,
            "public_metadata": None,
        }

    def _text(self, of: Mapping[str, Any]) -> Facts:
        """Return what is kept of a notification's list row."""
        _, name, _, dir3, acronym = self._bodies[_SORTS[self._code % len(_SORTS)][0]]
        named = {"name": name, "dir3": dir3, "acronym": acronym, "identifier": nif_of(of["addressee_id"])}
        text = row_text(SimpleNamespace(**{**of, **named}))
        looked_through = searched(of["subject"], of["reference"])
        return {**of, "form": FORM, "acronym": acronym, "text": text, "searched": looked_through}

    def _event(self, of: Mapping[str, Any], state: State, at: datetime, *, position: int) -> Facts:
        """Return an event with what is known of its notification, for whatever a table keeps of that."""
        by_party = position > 1 and state is not State.LAPSED
        party = nif_of(of["addressee_id"]) if by_party else None
        return {
            "id": _uuid(at, self._random),
            "notification_code": of["code"],
            "addressee_id": of["addressee_id"],
            "special_category": of["special_category"],
            "available_at": of["available_at"],
            "kind": of["kind"],
            "position": position,
            "state": state,
            "decisive": position > 1,
            "at": at,
            "channel": Channel.WEB_SERVICE if by_party else None,
            "role": Role.OWN if by_party else None,
            "party": party,
            "party_name": of["addressee_name"] if by_party else None,
            "signer": party,
            "signer_name": of["addressee_name"] if by_party else None,
            "by_secondary_user": False,
            "nature": None,
            "title": None,
        }


def _uuid(at: datetime, source: random.Random) -> UUID:
    """Return a UUIDv7 of the instant, as `uuids.uuid7` makes it, but the same in every filling."""
    milliseconds = int(at.timestamp() * 1000)
    low = source.getrandbits(74)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | low >> 62 << 64 | 0b10 << 62 | low & (1 << 62) - 1)
