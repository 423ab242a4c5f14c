"""One identity for each key, where the signature does not say by which certificate it is.

A signature proves a key. Where the token is not signed, any certificate of that key may be put in its
place, and whoever has got one in another name would make somebody's message his own (WSS 1.1.1 §13.2.4). So
the first identity that calls with a key keeps it; another one proves itself by signing its token. Whom a
certificate stands for is read by a table that operators and releases add to: where the very certificate that
claimed the key is read otherwise, the key follows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import KeyHolderError
from notigateway.repository.engine import writing
from notigateway.repository.key_holders import (
    Held,
    claim_key,
    complete_holder,
    find_key_holder,
    follow_reading,
)

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
    def certificate(self) -> bytes:
        """Return the SHA-256 of the certificate."""
        return bytes.fromhex(self.caller.certificate_fingerprint)

    @property
    def holder(self) -> str:
        """Return whom the certificate stands for: a renewal, also by another issuer, stands for the same.

        The public body of an employee belongs to it, since by it one may act for the body.
        """
        return ":".join((self.caller.party, self.caller.signer, self.caller.employer or ""))


class KeyHolders:
    """The holders of the keys that a process has seen, each as it read them; safe between threads.

    A holder changes only where the certificate that claimed the key is read otherwise than then, by another
    table of families. What a process remembers is compared first, and the database asked before it refuses.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, Held] = {}

    def check(self, session: Session, use: KeyUse) -> None:
        """Check that nobody else has called with the key before. Raises: `KeyHolderError`.

        Only a key that is new to the process costs a query, and one that is another's.
        """
        if self._is_settled(use):
            return
        held = find_key_holder(session, use.key)
        if held is None or _follows(held, use):
            return  # `claim` writes it down
        self._compare(held, use)

    def claim(self, use: KeyUse, *, now: datetime) -> None:
        """Remember for ever who is the first to call with a key, before anything is done for it.

        Raises: `KeyHolderError` where somebody else came first just now, `TemporarilyUnavailableError`.
        """
        if not self._is_settled(use):  # of another request, since `check`
            self._compare(self._claim(use, now), use)

    def _claim(self, use: KeyUse, now: datetime) -> Held:
        """Return whose the key is from now on: of any number who come first at once, one."""
        mine = Held(use.holder, use.certificate)
        with writing(self._engine) as session:
            if claim_key(session, use.key, mine, now=now):
                return mine
            held = find_key_holder(session, use.key) or mine
            if _follows(held, use):
                follow_reading(session, use.key, mine)
                complete_holder(session, use.key, mine)
                return mine
        return held

    def _is_settled(self, use: KeyUse) -> bool:
        """Tell whether this process knows that the use is right: nothing of it is to be written down."""
        held = self._known.get(use.key)
        if held is None:
            return False
        return held.certificate is not None if held.holder == use.holder else use.is_bound

    def _compare(self, held: Held, use: KeyUse) -> None:
        if len(self._known) >= _REMEMBERED and use.key not in self._known:
            self._known.clear()
        self._known[use.key] = held
        if not use.is_bound and held.holder != use.holder:
            raise KeyHolderError("the key is another identity's, and the token is not signed")


def _follows(held: Held, use: KeyUse) -> bool:
    """Tell whether the row is behind: its certificate is read otherwise now, or it has none yet."""
    if held.certificate is None:
        return held.holder == use.holder
    return held.certificate == use.certificate and held.holder != use.holder
