"""Where a used-up message is remembered: until it can no longer be fresh, or until its certificate ends.

A message with a Timestamp ages within minutes. One without could be sent again as long as its certificate is
valid, and where the token is not signed as long as any certificate of its key is: it is remembered so long.
All contracts and environments share these memories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from notigateway.errors import ReplayError, TimestampInvalidError, UndatedReplayError
from notigateway.pki.keys import fingerprint
from notigateway.repository.replay import is_registered, register
from notigateway.repository.undated import (
    find_period,
    is_undated_registered,
    open_period,
    register_undated,
)
from notigateway.wss.clients import may_repeat_reads

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.repository.session import Session
    from notigateway.wss.verify import Verified

# By then a Timestamp of whole seconds is another one, and so is the message.
_RETRY_AFTER_SECONDS: Final = 1


class Memory(Protocol):
    """What is known of one message, and how it is used up; `may_repeat`: as a read it may come again.

    `is_one_row`: to take it writes one row or nothing, so that a copy's refusal leaves nothing to take back.
    """

    may_repeat: bool
    is_one_row: bool

    def knows(self, session: Session) -> bool:
        """Tell whether the message came before; it spares work and decides nothing."""
        ...

    def take(self, session: Session) -> bool:
        """Remember the message and tell whether it is new: of any number of copies at once, one."""
        ...

    def refusal(self) -> ReplayError:
        """Return the error of who sends it again."""
        ...


class DatedMemory:
    """The memory of a message with a Timestamp."""

    may_repeat = False
    is_one_row = True

    def __init__(self, key: bytes, fresh_until: datetime) -> None:
        self._key = key
        self._fresh_until = fresh_until

    def knows(self, session: Session) -> bool:
        """Tell whether the message came before."""
        return is_registered(session, self._key)

    def take(self, session: Session) -> bool:
        """Remember the message and tell whether it is new."""
        return register(session, self._key, expires_at=self._fresh_until)

    def refusal(self) -> ReplayError:
        """Return the error that names the cure and when to try."""
        return ReplayError(retry_after_seconds=_RETRY_AFTER_SECONDS)


class UndatedMemory:
    """The memory of a message without Timestamp."""

    is_one_row = False

    def __init__(self, verified: Verified, *, may_repeat: bool, now: datetime) -> None:
        self.may_repeat = may_repeat
        self._key = verified.replay_key
        self._as_before_until = verified.fresh_until
        # What is signed with the token is of this certificate alone; anything else, of whoever has the key.
        by_certificate = bytes.fromhex(fingerprint(verified.certificate))
        self._mark = by_certificate if verified.is_token_signed else verified.key_mark
        self._until = verified.certificate.not_valid_after_utc
        self._now = now

    def knows(self, session: Session) -> bool:
        """Tell whether the message came before.

        Raises: `TimestampInvalidError` where the messages of this key were forgotten, when the last of its
        certificates that were used ended: a renewal that comes later is not let in without a Timestamp.
        """
        found = find_period(session, self._mark)
        is_known = False
        if found is not None:
            period, until = found
            if until < min(self._until, self._now):
                raise _over()
            is_known = is_undated_registered(session, period, self._key)
        return is_known or is_registered(session, self._key)

    def take(self, session: Session) -> bool:
        """Remember the message and tell whether it is new.

        It is entered as the release before this one does too: its workers look nowhere else.

        Raises: `TimestampInvalidError`.
        """
        period = open_period(session, self._mark, until=self._until, now=self._now)
        if period is None:
            raise _over()
        is_new = register_undated(session, period, self._key)
        return register(session, self._key, expires_at=self._as_before_until) and is_new

    def refusal(self) -> ReplayError:
        """Return the error that names the two cures."""
        return UndatedReplayError()


def _over() -> TimestampInvalidError:
    return TimestampInvalidError("what was signed with this key was forgotten", reason="key-renewed-late")


def memory_of(verified: Verified, *, has_effect: bool, now: datetime) -> Memory:
    """Return where a proven message is remembered; what has an effect may never come again."""
    if verified.is_dated:
        return DatedMemory(verified.replay_key, verified.fresh_until)
    may_repeat = not has_effect and may_repeat_reads(verified.client, now)
    return UndatedMemory(verified, may_repeat=may_repeat, now=now)
