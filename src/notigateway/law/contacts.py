"""Electronic contacts and what is told to them (Ley 39/2015 art. 41.6; Orden ISM/903/2020 art. 7, 8.2).

A notice is informative: whether it is sent, fails or was never asked for changes no state and no term
(RD 203/2021 art. 43.1). Who has told an address answers for its working; without one nothing is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import ContactInvalidError
from notigateway.law.deadlines import MADRID

if TYPE_CHECKING:
    from collections.abc import Sequence

ADDRESSES_MOST: Final = 5
ADDRESS_MAX: Final = 254
DEADLINE_DAYS_MOST: Final = 10
_LOCAL_MAX: Final = 64
# RFC 5321 §4.1.2 without quoted strings: what may have to be quoted is where headers are injected.
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_TOP: Final = re.compile(r"[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{1,59}")


class NoticeKind(StrEnum):
    """What a notice tells of."""

    AVAILABLE = "available"
    DEADLINE = "deadline"
    RED_ENDED = "red_ended"
    POWER_ENDED = "power_ended"


class NoticeDelivery(StrEnum):
    """Whether each notice is a message, or those of a day are one."""

    IMMEDIATE = "immediate"
    DAILY = "daily"


class NoticeLanguage(StrEnum):
    """In which language notices are written."""

    SPANISH = "es"
    ENGLISH = "en"
    BOTH = "both"


class NoticeState(StrEnum):
    """How it stands with a notice to one address."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class ContactTerms:
    """What a party wants of its notices; without addresses it wants none."""

    addresses: tuple[str, ...]
    language: NoticeLanguage
    delivery: NoticeDelivery
    # Of a deadline that approaches, so many days before it ends; 0 for never.
    deadline_days: int


def check_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return addresses in their one form: the domain in small letters.

    Raises: `ContactInvalidError` with the facts `field`, `problem` and `number`.
    """
    if len(addresses) > ADDRESSES_MOST:
        raise invalid_contact("address", "too_many")
    found: list[str] = []
    for number, address in enumerate(addresses, 1):
        one = _checked(address, number)
        if one in found:
            raise invalid_contact("address", "twice", number=number)
        found.append(one)
    return tuple(found)


def check_days(days: int) -> int:
    """Return how many days before a deadline somebody may want to be told. Raises: `ContactInvalidError`."""
    if not 0 <= days <= DEADLINE_DAYS_MOST:
        raise invalid_contact("deadline_days", "out_of_range")
    return days


def invalid_contact(field: str, problem: str, **facts: int) -> ContactInvalidError:
    """Say what is wrong with a contact, in our words: what was written is never repeated."""
    return ContactInvalidError(f"{field}: {problem}", field=field, problem=problem, **facts)


def _checked(address: str, number: int) -> str:
    """Return one address. Raises: `ContactInvalidError`."""
    if not 0 < len(address) <= ADDRESS_MAX:
        raise invalid_contact("address", "length", number=number)
    local, at, domain = address.rpartition("@")
    if not at:
        raise invalid_contact("address", "no_address", number=number)
    if len(local) > _LOCAL_MAX or not _LOCAL.fullmatch(local):
        raise invalid_contact("address", "local_part", number=number)
    *labels, top = domain.split(".")
    if not labels or not all(map(_LABEL.fullmatch, labels)) or not _TOP.fullmatch(top):
        raise invalid_contact("address", "domain", number=number)
    return f"{local}@{domain.lower()}"


def digest_cutoff(now: datetime, hour: int) -> datetime:
    """Return the latest hour of digests that has come: what was due by then goes into one now."""
    local = now.astimezone(MADRID)
    cutoff = datetime.combine(local.date(), time(hour), MADRID)
    if cutoff > local:
        cutoff = datetime.combine(local.date() - timedelta(days=1), time(hour), MADRID)
    return cutoff


def warned_until(now: datetime, days: int) -> datetime:
    """Return the latest deadline of which one is told now who wants to be told so many days before.

    With one day on the last day of the term itself: a deadline is the instant after that day.
    """
    today = now.astimezone(MADRID).date()
    return datetime.combine(today + timedelta(days=days), time(0), MADRID)
