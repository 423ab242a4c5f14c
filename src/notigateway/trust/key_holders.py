"""One identity for each key, where the signature does not say by which certificate it is.

A signature proves a key. Where the token is not signed, any certificate of that key may be put in its
place, and whoever has got one in another name would make somebody's message his own (WSS 1.1.1 §13.2.4). So
the first identity that calls with a key keeps it; another one proves itself by signing its token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import KeyHolderError
from notigateway.repository.engine import reading, writing
from notigateway.repository.key_holders import claim_key, find_key_holder

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session

_REMEMBERED: Final = 16_384


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Who calls with which key (the SHA-256 of its SPKI); `is_bound`: the signature itself says who it is."""

    key: bytes
    caller: Caller
    is_bound: bool

    @property
    def holder(self) -> str:
        """Return whom the certificate stands for: a renewal, also by another issuer, stands for the same.

        The public body of an employee belongs to it, since by it one may act for the body.
        """
        return ":".join((self.caller.party, self.caller.signer, self.caller.employer or ""))


class KeyHolders:
    """The holders of the keys that a process has seen; safe between threads, since no holder ever changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, str] = {}

    def check(self, session: Session, use: KeyUse) -> None:
        """Check that nobody else has called with the key before. Raises: `KeyHolderError`.

        Only a key that is new to the process costs a query.
        """
        holder = self._known.get(use.key) or find_key_holder(session, use.key)
        if holder is not None:
            self._compare(holder, use)

    def claim(self, use: KeyUse, *, now: datetime) -> None:
        """Remember for ever who is the first to call with a key, before anything is done for it.

        Raises: `KeyHolderError` where somebody else came first just now, `TemporarilyUnavailableError`.
        """
        holder = self._known.get(use.key)  # of another request, since `check`
        self._compare(holder or self._claim(use, now), use)

    def _claim(self, use: KeyUse, now: datetime) -> str:
        """Return whose the key is from now on: of any number who come first at once, one."""
        with writing(self._engine) as session:
            is_first = claim_key(session, use.key, holder=use.holder, now=now)
        with reading(self._engine) as session:
            found = None if is_first else find_key_holder(session, use.key)
        return found or use.holder

    def _compare(self, holder: str, use: KeyUse) -> None:
        if use.key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[use.key] = holder
        if not use.is_bound and holder != use.holder:
            raise KeyHolderError("the key is another identity's, and the token is not signed")
