"""Seals as somebody makes them who has the key: at once, or whether its certificate is valid or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.evidence.sealing import Seal

if TYPE_CHECKING:
    from datetime import datetime


class CarelessSeal(Seal):
    """The key of a seal in the hands of somebody who does not mind its certificate's end."""

    def check(self, now: datetime) -> None:
        """Admit every instant."""


def sealed_at(seal: Seal, content: bytes, at: datetime) -> bytes:
    """Return an element with its seal, made at the instant that it states."""
    return seal.seal(content, at, now=at)
