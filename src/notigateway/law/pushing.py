"""Subscriptions to changes: to which addresses one may be made, and when a delivery is tried again; pure.

Policy throughout: no law knows of it. What is pushed is a hint to pull, and moves nothing.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notigateway.errors import SubscriptionInvalidError

if TYPE_CHECKING:
    from uuid import UUID

LONGEST_URL: Final = 2_000
# For so long a delivery is tried again.
TRIED_FOR: Final = timedelta(days=3)
# For so long dead ones are kept, to be replayed.
DEAD_KEPT_FOR: Final = timedelta(days=30)
# For so long a new subscription may be confirmed.
CONFIRMED_WITHIN: Final = timedelta(days=1)
_FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 9
# After so many attempts in a row each pause is the longest.
AWAY_AFTER: Final = _MOST_DOUBLINGS + 1
# How many tenths of the pause are added at most: what failed together is not tried again together.
_SPREAD_TENTHS: Final = 3


class SubscriptionKind(StrEnum):
    """How changes are told: as CloudEvents, or by a SOAP call-back."""

    WEBHOOK = "webhook"
    SOAP = "soap"


class Ended(StrEnum):
    """Why a subscription has ended."""

    UNSUBSCRIBED = "unsubscribed"
    GONE = "gone"  # the receiver answered 410
    NOT_CONFIRMED = "not_confirmed"
    STOPPED = "stopped"  # by the operator


class Trouble(StrEnum):
    """Why a delivery failed; the words tell a subscriber nothing of any network but its own receiver."""

    ADDRESS_REFUSED = "address_refused"
    NO_CONNECTION = "no_connection"
    TOO_SLOW = "too_slow"
    BROKEN = "broken"
    REDIRECTED = "redirected"
    STATUS = "status"
    NOT_CONFIRMED = "not_confirmed"
    ANSWER_INVALID = "answer_invalid"


def check_url(url: str, *, allows_http: bool) -> str:
    """Return the address to which changes may be pushed, as it was written.

    Whether the name leads to an address of an allowed network is seen when something is sent.

    Raises: `SubscriptionInvalidError` with the fact `problem`.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise invalid("url", "url_character")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise invalid("url", "url") from error
    if parts.scheme != "https" and not (allows_http and parts.scheme == "http"):
        raise invalid("url", "https")
    if not host or port == 0 or "\\" in url:
        raise invalid("url", "url")
    if parts.username is not None or parts.password is not None:
        raise invalid("url", "url_user")
    if "#" in url:
        raise invalid("url", "url_fragment")
    return url


def literal_address(url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a URL names by its number, or as the machine itself; None for a name."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 §6.3
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def invalid(field: str, problem: str) -> SubscriptionInvalidError:
    """Return the error for one field, in our own words."""
    return SubscriptionInvalidError(f"{field}: {problem}", field=field, problem=problem)


def pause_after(attempts: int, delivery: UUID) -> timedelta:
    """Return how long to wait after so many attempts: longer each time, and not the same for all."""
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(attempts - 1, _MOST_DOUBLINGS), LONGEST_PAUSE)
    return pause + pause * (delivery.int % 101) * _SPREAD_TENTHS / 1_000
