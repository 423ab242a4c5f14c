"""When a message counts: while it is fresh, and once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.conformance.expecting import answered, refused
from notigateway.conformance.kit import BOTH, V1, check
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from notigateway.conformance.drafting import Parts
    from notigateway.conformance.target import Target

_HOUR: Final = timedelta(hours=1)
_TEN_YEARS: Final = timedelta(days=3_650)
_SOURCE: Final = "WSS 1.1.1 §10; docs/security.md, Required, tolerated, refused: Timestamp"
_REPLAY: Final = "docs/security.md, Replay"


@check("TIME-01", "a message of an hour ago is refused", _SOURCE, contracts=BOTH)
def _stale(target: Target) -> None:
    refused(target, target.draft(created=target.now() - _HOUR), "MESSAGE_EXPIRED")


@check("TIME-02", "a message from the future is refused", _SOURCE, contracts=BOTH)
def _future(target: Target) -> None:
    refused(target, target.draft(created=target.now() + _HOUR), "MESSAGE_EXPIRED")


@check("TIME-03", "a message whose Expires has passed is refused", _SOURCE, contracts=BOTH)
def _expired(target: Target) -> None:
    draft = target.draft(created=target.now() - timedelta(seconds=150), ttl=timedelta(seconds=1))
    refused(target, draft, "MESSAGE_EXPIRED")


@check(
    "TIME-04", "a message that wants to live ten years lives as long as any other", _SOURCE, contracts=BOTH
)
def _long_life(target: Target) -> None:
    refused(target, target.draft(created=target.now() - _HOUR, ttl=_TEN_YEARS), "MESSAGE_EXPIRED")


@check("TIME-05", "an instant without its zone is refused", _SOURCE, contracts=BOTH)
def _no_zone(target: Target) -> None:
    def cut(parts: Parts) -> None:
        parts.timestamp[0].text = (parts.timestamp[0].text or "").removesuffix("Z")

    refused(target, target.draft(before=cut), "TIMESTAMP_INVALID")


@check("TIME-06", "a Timestamp that ends before it begins is refused", _SOURCE, contracts=BOTH)
def _contradiction(target: Target) -> None:
    draft = target.draft(ttl=timedelta(seconds=-30))
    refused(target, draft, "TIMESTAMP_INVALID")


@check("TIME-07", "any offset from UTC is read", _SOURCE, contracts=BOTH)
def _offset(target: Target) -> None:
    def shift(parts: Parts) -> None:
        for one, ahead in zip(parts.timestamp, (0, 300), strict=True):
            local = target.now() + timedelta(hours=5, minutes=30, seconds=ahead)
            one.text = instant_text(local).removesuffix("Z") + "+05:30"

    answered(target, target.send(target.draft(before=shift)))


@check("TIME-08", "a message without a Timestamp is refused", _SOURCE, contracts=V1)
def _undated(target: Target) -> None:
    addressing = target.addressing(target.dialect.harmless)
    draft = target.draft(
        addressing=addressing,
        signs=("Body", "MessageID"),
        after=lambda parts: parts.security.remove(parts.timestamp),
    )
    refused(target, draft, "PART_NOT_SIGNED", "TIMESTAMP_INVALID")


@check("TIME-09", "a message is let in once", _REPLAY, contracts=BOTH)
def _replay(target: Target) -> None:
    data = target.draft().build()
    answered(target, target.send(data))
    refused(target, data, "MESSAGE_REPLAYED")


@check("TIME-10", "the same message in another spelling is the same message", _REPLAY, contracts=BOTH)
def _respelt(target: Target) -> None:
    data = target.draft().build()
    answered(target, target.send(data))
    refused(target, data.replace(b"<soap:Header>", b"<soap:Header>\n  ", 1), "MESSAGE_REPLAYED")


@check("TIME-11", "the same question in a new message is answered again", _REPLAY, contracts=BOTH)
def _anew(target: Target) -> None:
    answered(target, target.send(target.draft()))
    answered(target, target.send(target.draft()))
