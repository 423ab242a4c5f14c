"""One run of pushing: pings what is new, queues what has changed, sends what is due. Made to be repeated.

A subscription's cursor moves with the deliveries that it queues, in one transaction, so none is lost and none
queued twice; a delivery is deleted after it was taken, so a kill in between sends it once more, under the
same identifier. Of one notification at most one delivery is under way, the first that waits.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

from notigateway.errors import InvalidCursorError
from notigateway.law.lifecycle import State
from notigateway.law.pushing import (
    CONFIRMED_WITHIN,
    DEAD_KEPT_FOR,
    TRIED_FOR,
    Ended,
    Trouble,
    pause_after,
)
from notigateway.logger import Logger
from notigateway.receipts.asking import Looking
from notigateway.repository import subscriptions as stored
from notigateway.repository.engine import reading, writing
from notigateway.repository.notifications import find_identifiers
from notigateway.repository.placing import reading_changes
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.addressee.following import ChangesPage, Following
    from notigateway.law.pushing import SubscriptionKind
    from notigateway.push.events import Form
    from notigateway.push.sending import Answer, Sender
    from notigateway.repository.session import Session
    from notigateway.repository.subscriptions import Delivery, Subscription

_log = Logger("notigateway.push")

_QUEUED_AT_ONCE: Final = 1_000
# What waits for one receiver at most: the changes themselves are the queue behind it.
_WAITING_AT_MOST: Final = 10_000
_LANES: Final = 4
_AT_ONCE: Final = 16
# Of one subscription in one round; a slow receiver leaves what it does not manage to the next.
_SENT_AT_ONCE: Final = 200
_LANE_SECONDS: Final = 5.0
_OF_NOTIFICATIONS: Final = (
    "position",
    "notification_code",
    "notification_id",
    "event_id",
    "state",
    "nature",
)


@dataclass(slots=True)
class Pushed:
    """What a run did; `is_more` says that something may be due at once."""

    confirmed: int = 0
    queued: int = 0
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    is_more: bool = False


@dataclass(frozen=True)
class Pushing:
    """What a run needs: whom the changes are asked of, how events are written and sent."""

    engine: Engine
    following: Following
    forms: Mapping[SubscriptionKind, Form]
    sender: Sender

    def run(self, now: datetime) -> Pushed:
        """Do what is due; what was sent until a failure is known, or sent again under the same identifier.

        Raises: `TemporarilyUnavailableError`.
        """
        return _Run(self, self.engine, now).do()


@dataclass(frozen=True)
class _Run:
    """One run, at one instant."""

    pushing: Pushing
    engine: Engine
    now: datetime
    done: Pushed = field(default_factory=Pushed)
    begun: float = field(default_factory=time.monotonic)

    @property
    def signing_at(self) -> datetime:
        """The instant in this run: a receiver takes no signature that is minutes old."""
        return self.now + timedelta(seconds=time.monotonic() - self.begun)

    def do(self) -> Pushed:
        with reading(self.engine) as session:
            standing = stored.list_standing(session, now=self.now)
        new = [one for one in standing if one.confirmed_at is None]
        confirmed = [one for one in standing if one.confirmed_at is not None]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for one, answer in zip(new, pool.map(self._ping, new), strict=True):
                self._confirm(one, answer)
            for one in confirmed:
                self._queue(one)
            sent = pool.map(self._send, self._lanes(confirmed))
            for _, lanes in groupby(sent, key=lambda lane: lane.subscription.id):
                self._keep(list(lanes))
        with writing(self.engine) as session:
            stored.forget_dead(session, dead_before=self.now - DEAD_KEPT_FOR)
            stored.forget_ended(session, ended_before=self.now - DEAD_KEPT_FOR)
        return self.done

    # --- the ping ---------------------------------------------------------------------------------

    def _ping(self, one: Subscription) -> Answer:
        at = self.signing_at
        posted = self.pushing.forms[one.kind].ping(one, now=at)
        with self.pushing.sender.line() as line:
            return line.post(posted, now=at)

    def _confirm(self, one: Subscription, answer: Answer) -> None:
        """Keep whether the receiver has repeated the challenge; one that does not for a day is ended."""
        trouble = answer.trouble
        if trouble is None and not self.pushing.forms[one.kind].confirms(answer.content, one.challenge):
            trouble = Trouble.NOT_CONFIRMED
        with writing(self.engine) as session:
            if trouble is None:
                self._trust_again(session, one, confirmed_at=self.now)
                self.done.confirmed += 1
                self.done.is_more = True
                return
            self.done.failed += 1
            if answer.is_gone or self.now - one.created_at >= CONFIRMED_WITHIN:
                why = Ended.GONE if answer.is_gone else Ended.NOT_CONFIRMED
                stored.end_subscription(session, one.id, why, now=self.now)
                return
            self._leave_alone(session, one, replace(answer, trouble=trouble))

    def _trust_again(self, session: Session, one: Subscription, **more: object) -> None:
        """Note that a receiver takes what is sent."""
        nothing = {"attempts": 0, "due_at": self.now, "trouble": None, "trouble_status": None}
        stored.keep_subscription(session, one.id, **nothing, **more)

    def _leave_alone(self, session: Session, one: Subscription, answer: Answer) -> None:
        """Send nothing more to a receiver for a while."""
        attempts = one.attempts + 1
        stored.keep_subscription(
            session,
            one.id,
            attempts=attempts,
            due_at=self.now + _pause(attempts, one.id, answer),
            trouble=answer.trouble,
            trouble_status=answer.status,
        )

    # --- what has changed -------------------------------------------------------------------------

    def _queue(self, one: Subscription) -> None:
        """Queue what has changed since the cursor, as far as there is room."""
        with reading(self.engine) as session:
            waiting, _ = stored.count_deliveries(session, [one.id]).get(one.id, (0, 0))
        while waiting < _WAITING_AT_MOST:
            page, identifiers = self._page(one)
            rows = _rows(one, page, identifiers, self.now)
            if page.next_cursor != one.cursor:
                with writing(self.engine) as session:
                    if not stored.move_on(session, one, page.next_cursor, rows):
                        return  # another process goes on with it
            one.cursor = page.next_cursor
            waiting += len(rows)
            self.done.queued += len(rows)
            if not page.has_more:
                return
        self.done.is_more = True

    def _page(self, one: Subscription) -> tuple[ChangesPage, dict[int, UUID]]:
        """Return the next changes; where they have gone back, as after a restore, where they stand now."""
        following, asking = self.pushing.following, Looking(party=one.party, now=self.now)
        with reading_changes(self.engine) as session:
            try:
                page = following.list_changes(session, asking, cursor=one.cursor, page_size=_QUEUED_AT_ONCE)
            except InvalidCursorError:
                page = following.list_changes(session, asking, cursor=None, page_size=1, from_now=True)
                return replace(page, rights_changed=True), {}
            return page, find_identifiers(session, [row.code for row in page.rows])

    # --- what is due ------------------------------------------------------------------------------

    def _lanes(self, standing: Iterable[Subscription]) -> list[_Lane]:
        """Return what is due for each receiver, of a notification the first that waits, in lanes."""
        lanes = []
        for one in standing:
            with reading(self.engine) as session:
                due = stored.list_due(session, one.id, now=self.now, most=_SENT_AT_ONCE)
            self.done.is_more = self.done.is_more or bool(due)
            troubled = _Troubled()
            lanes += [_Lane(one, due[place::_LANES], troubled) for place in range(min(_LANES, len(due)))]
        return lanes

    def _send(self, lane: _Lane) -> _Lane:
        """Send one after the other, until the time of a round is over or nothing gets through."""
        end = time.monotonic() + _LANE_SECONDS
        form = self.pushing.forms[lane.subscription.kind]
        with self.pushing.sender.line() as line:
            for delivery in lane.due:
                if lane.troubled.is_so or time.monotonic() > end:
                    break
                at = self.signing_at
                answer = line.post(form.of(delivery, lane.subscription, now=at), now=at)
                if answer.trouble is None and not form.has_taken(answer.content):
                    answer = replace(answer, trouble=Trouble.ANSWER_INVALID)
                if answer.is_receivers or answer.is_gone:
                    lane.troubled.is_so = True
                lane.answers.append((delivery, answer))
        return lane

    def _keep(self, lanes: Sequence[_Lane]) -> None:
        """Keep what became of the deliveries of one subscription, in one transaction.

        A receiver that asked to be left alone is, whatever it took in the same round; what it leaves
        lying is given up only where it took nothing.
        """
        one = lanes[0].subscription
        answers = [answer for lane in lanes for answer in lane.answers]
        if not answers:
            return
        taken = [delivery.id for delivery, answer in answers if answer.trouble is None]
        failed = [(delivery, answer) for delivery, answer in answers if answer.trouble is not None]
        troubled = max(
            (answer for _, answer in failed if answer.is_receivers or answer.is_gone),
            key=lambda answer: (answer.is_gone, answer.retry_after),
            default=None,
        )
        dead_before = self.done.dead
        with writing(self.engine) as session:
            stored.forget_deliveries(session, taken)
            for delivery, answer in failed:
                self._keep_failure(session, delivery, answer)
            if taken and (one.attempts or one.trouble is not None):
                self._trust_again(session, one)
                one.attempts = 0
            if troubled is not None and troubled.is_gone:
                stored.end_subscription(session, one.id, Ended.GONE, now=self.now)
            elif troubled is not None:
                if not taken:
                    self._give_up_older(session, one, troubled)
                self._leave_alone(session, one, troubled)
        self.done.delivered += len(taken)
        self.done.failed += len(failed)
        if self.done.dead > dead_before:
            _log.warning("deliveries_given_up", subscription=str(one.id), count=self.done.dead - dead_before)

    def _keep_failure(self, session: Session, delivery: Delivery, answer: Answer) -> None:
        """Have a delivery tried again later, or give it up."""
        attempts = delivery.attempts + 1
        is_dead = self.now - delivery.queued_at >= TRIED_FOR
        stored.keep_delivery(
            session,
            delivery.id,
            attempts=attempts,
            due_at=self.now + _pause(attempts, delivery.id, answer),
            dead_at=self.now if is_dead else None,
            trouble=answer.trouble,
            trouble_status=answer.status,
        )
        self.done.dead += is_dead

    def _give_up_older(self, session: Session, one: Subscription, answer: Answer) -> None:
        """Give up what waits for too long behind a receiver to which nothing can be sent."""
        self.done.dead += stored.give_up_older(
            session,
            one.id,
            queued_before=self.now - TRIED_FOR,
            dead_at=self.now,
            trouble=answer.trouble,
            trouble_status=answer.status,
        )


@dataclass(slots=True)
class _Troubled:
    """Whether a receiver took nothing in this round, as its lanes tell each other."""

    is_so: bool = False


@dataclass(slots=True)
class _Lane:
    """Some deliveries of one subscription, and what became of those that were sent."""

    subscription: Subscription
    due: Sequence[Delivery]
    troubled: _Troubled
    answers: list[tuple[Delivery, Answer]] = field(default_factory=list)


def _pause(attempts: int, identifier: UUID, answer: Answer) -> timedelta:
    """Return how long to wait: as long as asked for, and no shorter than it would be."""
    return max(pause_after(attempts, identifier), timedelta(seconds=answer.retry_after))


def _rows(
    one: Subscription, page: ChangesPage, identifiers: Mapping[int, UUID], now: datetime
) -> list[dict[str, object]]:
    """Return the deliveries of a page: first that rights have changed, where they have."""
    base = {"subscription_id": one.id, "queued_at": now, "due_at": now, "attempts": 0}
    rows: list[dict[str, object]] = []
    if page.rights_changed:
        nothing = dict.fromkeys(_OF_NOTIFICATIONS)
        rows.append({**base, **nothing, "id": uuid7(now), "at": now})
    for row in page.rows:
        is_arrival = row.event_state is State.SCHEDULED
        rows.append(
            {
                **base,
                "id": uuid7(now),
                "position": row.position,
                "notification_code": row.code,
                "notification_id": identifiers[row.code],
                "event_id": UUID(row.event_id),
                "state": State.AVAILABLE if is_arrival else row.event_state,
                "nature": row.nature,
                "at": row.available_at if is_arrival else row.at,
            }
        )
    return rows
