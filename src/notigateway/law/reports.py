"""What an issuing body may tell of other channels, and what each word does; pure.

| word | what it says | does |
|---|---|---|
| `accepted` | the content was accessed, or the paper delivered (Ley 39/2015 art. 43.2, 42.2) | accepts |
| `rejected` | rejected by an electronic channel (art. 43) | rejects |
| `refused` | whoever was met refused the paper (art. 41.5) | rejects |
| `expired` | ten days ended there without access (art. 43.2; RD 203/2021 art. 44.6) | lapses |
| `published` | announced in the BOE, notified by that (art. 44) | accepts: notified, content released |
| `absent` | nobody took charge in two attempts (art. 42.2) | moves nothing |
| `deceased` | the addressee is dead (RD 203/2021 art. 42.4 then knows a successor) | moves nothing |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import ReportInvalidError
from notigateway.law.lifecycle import Cause, Channel, Kind, Nature

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.lifecycle import Standing

# An act may have been notified elsewhere before it is at disposal here, but not by years.
BEFORE_DISPOSAL_MAX: Final = timedelta(days=366)


class Reported(StrEnum):
    """The words of a report."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REFUSED = "refused"
    EXPIRED = "expired"
    PUBLISHED = "published"
    ABSENT = "absent"
    DECEASED = "deceased"

    @property
    def cause(self) -> Cause:
        """What it makes happen."""
        return _CAUSES[self]

    @property
    def nature(self) -> Nature | None:
        """What the event is, where its state alone does not say it."""
        return _NATURES.get(self)


_CAUSES: Final = {
    Reported.ACCEPTED: Cause.REPORT_ACCEPT,
    Reported.REJECTED: Cause.REPORT_REJECT,
    Reported.REFUSED: Cause.REPORT_REJECT,
    Reported.EXPIRED: Cause.REPORT_EXPIRE,
    Reported.PUBLISHED: Cause.REPORT_PUBLISH,
    Reported.ABSENT: Cause.REPORT_ATTEMPT,
    Reported.DECEASED: Cause.REPORT_ATTEMPT,
}
_NATURES: Final = {one: Nature(one) for one in Reported if one in set(map(str, Nature))}
_ON_PAPER: Final = frozenset({Channel.POSTAL, Channel.IN_PERSON})
_ELECTRONIC: Final = frozenset({Channel.SEDE, Channel.DEHU, Channel.CITIZEN_FOLDER})
# Where each can have happened; what is not named, anywhere. The BOE is no channel of a notification: a
# publication names the channel that failed.
_CHANNELS: Final = {
    Reported.REFUSED: _ON_PAPER,
    Reported.EXPIRED: _ELECTRONIC,
    Reported.ABSENT: _ON_PAPER,
    Reported.DECEASED: _ON_PAPER,
}
# Somebody did these; of the others a report can name nobody.
_DONE_BY_SOMEBODY: Final = frozenset({Reported.ACCEPTED, Reported.REJECTED, Reported.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One report, as far as the rule looks at it."""

    what: Reported
    channel: Channel
    at: datetime
    first_attempt_at: datetime | None = None
    names_somebody: bool = False


def check_told(told: Told, standing: Standing, now: datetime) -> None:
    """Check that it can have happened like that.

    An event of the future has not happened. One from before the act was at disposal here may be the first
    all the same (Ley 39/2015 art. 42.1: what goes on paper is at disposal here *also*; RD 203/2021 art.
    42.1), at most a year before.

    Raises: `ReportInvalidError` with the fact `field`.
    """
    what, first = told.what, told.first_attempt_at
    if not standing.available_at - BEFORE_DISPOSAL_MAX <= told.at <= now:
        raise ReportInvalidError(field="at")
    if told.channel not in _CHANNELS.get(what, (told.channel,)):
        raise ReportInvalidError(field="channel")
    if told.names_somebody and what not in _DONE_BY_SOMEBODY:
        raise ReportInvalidError(field="decidedBy")
    if first is not None and (
        what is not Reported.ABSENT or not told.at - BEFORE_DISPOSAL_MAX <= first < told.at
    ):
        raise ReportInvalidError(field="firstAttemptAt")
    if _cannot_come_to(what, standing):
        raise ReportInvalidError(field="decision")


def _cannot_come_to(what: Reported, standing: Standing) -> bool:
    """Tell whether it is no thing to say of this notification.

    What never lapses here (art. 43.2: neither mandatory nor chosen) cannot have expired elsewhere; a
    communication has no effect that the BOE could bring about.
    """
    is_notification = standing.kind is Kind.NOTIFICATION
    if what is Reported.EXPIRED:
        return is_notification and standing.deadline is None
    return what is Reported.PUBLISHED and not is_notification
