"""Sends the messages that are due, and writes down what became of each.

A message is claimed, sent, and only then written down: whoever is killed between leaves it to be sent once
more, with the same Message-ID. What the mail server does changes nothing but these rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.law.contacts import NoticeState
from notigateway.logger import Logger
from notigateway.outbox.carrying import Carried, Fate, Letter
from notigateway.outbox.composing import compose, erase, find_due
from notigateway.repository.engine import reading, writing
from notigateway.repository.mails import claim_mails, count_failed, lock_mails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from notigateway.outbox.carrying import Carrier
    from notigateway.outbox.composing import Composing
    from notigateway.repository.mails import Mail

# Longer than a batch can take: then its job is dead, and another takes it up.
_CLAIMED_FOR: Final = timedelta(minutes=30)
# So many are sent before that is written down: a kill repeats no more.
_BATCH: Final = 20
# Notices told so late would be of what is nearly over.
GIVE_UP_AFTER: Final = timedelta(days=3)
_FIRST_PAUSE: Final = timedelta(minutes=2)
_LONGEST_PAUSE: Final = timedelta(hours=4)
_MOST_DOUBLINGS: Final = 7
_TROUBLE_MAX: Final = 250

_log = Logger("notigateway.outbox")


@dataclass(frozen=True, kw_only=True)
class Sending:
    """How a run sends: how many messages at most, and how many a second, 0 for as fast as it goes."""

    composing: Composing
    most: int = 200
    per_second: int = 0
    keep: timedelta = timedelta(days=730)
    pause: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Told:
    """What a run did, in numbers of notices and messages; `away` is why the mail server took none."""

    queued: int = 0
    composed: int = 0
    sent: int = 0
    later: int = 0
    failed: int = 0
    erased: int = 0
    is_more: bool = False
    away: list[str] = field(default_factory=list)


def tell(engine: Engine, carrier: Carrier, sending: Sending, *, now: datetime, is_hourly: bool) -> Told:
    """Compose what is due and send it, batch by batch; once an hour also look for what has come due."""
    done = Told()
    if is_hourly:
        done.queued = find_due(engine, sending.composing, now=now)
        done.erased = erase(engine, before=now - sending.keep)
    done.composed = compose(engine, sending.composing, now=now, most=10 * sending.most)
    begun, tried = time.monotonic(), 0
    try:
        while tried < sending.most and not done.away:
            with writing(engine) as session:
                claimed = [
                    (one.id, _letter(one), one.queued_at)
                    for one in claim_mails(session, now=now, until=now + _CLAIMED_FOR, limit=_BATCH)
                ]
            if not claimed:
                break
            results: dict[UUID, Carried] = {}
            for mail_id, letter, queued_at in claimed:
                if done.away:
                    results[mail_id] = Carried(Fate.AWAY)
                elif now - queued_at > GIVE_UP_AFTER:
                    results[mail_id] = Carried(Fate.REFUSED, "not sent in time")
                else:
                    results[mail_id] = found = carrier.carry(letter)
                    if found.fate is Fate.AWAY:
                        done.away.append(found.why)
                    tried += 1
                    _keep_rate(sending, tried, begun)
            _store(engine, results, done, now=now)
    finally:
        carrier.close()
    done.is_more = not done.away and (tried >= sending.most or done.composed >= 10 * sending.most)
    return done


def _keep_rate(sending: Sending, tried: int, begun: float) -> None:
    """Wait where more was sent than the rate gives."""
    if sending.per_second:
        ahead = tried / sending.per_second - (time.monotonic() - begun)
        if ahead > 0:
            sending.pause(ahead)


def _letter(mail: Mail) -> Letter:
    return Letter(mail.id, mail.address, mail.subject, mail.body, mail.queued_at)


def _store(engine: Engine, results: Mapping[UUID, Carried], done: Told, *, now: datetime) -> None:
    """Write down what became of each; of what the server did not take, nothing is counted against it."""
    with writing(engine) as session:
        for mail in lock_mails(session, list(results)):
            found = results[mail.id]
            mail.trouble = found.why[:_TROUBLE_MAX] or None
            if found.fate is Fate.AWAY:
                mail.due_at = now
            elif found.fate is Fate.LATER and now - mail.queued_at <= GIVE_UP_AFTER:
                mail.due_at, mail.attempts = now + _pause_after(mail.attempts), mail.attempts + 1
                done.later += 1
            else:
                is_sent = found.fate is Fate.SENT
                mail.outcome = NoticeState.SENT if is_sent else NoticeState.FAILED
                mail.due_at, mail.ended_at, mail.attempts = None, now, mail.attempts + 1
                done.sent += is_sent
                done.failed += not is_sent
                if not is_sent:
                    # The operator sees the address by `notigateway notices list`, the log never.
                    _log.warning("notice_failed", mail=str(mail.id))


def _pause_after(attempts: int) -> timedelta:
    """Return how long to wait before trying again, longer and longer."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(attempts, _MOST_DOUBLINGS)
    return min(pause, _LONGEST_PAUSE)


def failed_count(engine: Engine) -> int:
    """Return how many messages have failed and wait for somebody to look."""
    with reading(engine) as session:
        return count_failed(session)
