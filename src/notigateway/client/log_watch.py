"""The client as a witness: the service's log goes on from the head that was seen last, or the pull stops.

At every pull the newest head is asked for, its seal proven, and that it continues the one that is kept in the
folder: then it is kept instead. A service that shows other heads to others, or has changed what was, cannot
prove that to everybody; each client that keeps a head holds it to it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import (
    GatewayFaultError,
    LogNotProvenError,
    LogRenamedError,
    LogSplitError,
)
from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.tlog.merkle import is_consistent
from notigateway.tlog.note import not_sealed, read_note, verify_note
from notigateway.tlog.quoted import held_words, quoted_words
from notigateway.tlog.split_view import Seen, SplitViewError, smaller, split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.client.spool import Spool
    from notigateway.evidence.history import Pin

KEPT: Final = ".log-head"
_FORMAT: Final = 1
_HERE, _SERVED = "kept in this folder", "from the service"
# Silence would let a service go back unseen: whoever lost it decides.
_DAMAGED: Final = (
    f"{KEPT} in the folder is damaged, so it cannot be told whether the log goes on from it: remove it to "
    "begin anew with the next head"
)
# What a service answers that has no such operation, or does not prove what is asked.
_NO_SUCH_OPERATION: Final = "OPERATION_UNKNOWN"
_NOT_PROVEN: Final = "INVALID_REQUEST"


@dataclass(frozen=True, slots=True)
class Known:
    """The last head, and the names that the log had before the present one."""

    note: bytes
    former: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return what is kept."""
        said = {"format": _FORMAT, "former": self.former, "head": self.note.decode()}
        return (json.dumps(said) + "\n").encode()


@dataclass
class LogWatch:
    """Who watches, in which folder the last head is kept, and by which seals heads count.

    `accepted_name` is the name under which a log that was restored goes on, confirmed by a person. No head is
    ahead of the `clock`.
    """

    client: NotificationClient
    spool: Spool
    seals: Sequence[Pin]
    accepted_name: str | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # What the new name that was accepted just now goes on from, and why.
    quoted: str = field(default="", init=False)
    # Whether it ever had another name, as after a restore, with which decisions may have been lost.
    is_renamed: bool = field(default=False, init=False)

    def look(self) -> int | None:
        """Check that the service's log goes on from the last head that is known; return its size.

        None where the service has no head yet, or is of a version that shows none; where one was seen before,
        neither can be.

        Raises: `LogSplitError`, with the evidence in the folder; `LogRenamedError`, `LogNotProvenError`.
        """
        known = _known(self.spool)
        try:
            note = self.client.log_head()
        except GatewayFaultError as error:
            if error.code != _NO_SUCH_OPERATION:
                raise
            note = None
        if note is None:
            if known is not None:
                raise LogNotProvenError(
                    "the service shows no head of its log any more, and this folder knows one: ask who runs "
                    "it"
                )
            return None
        served = self._seen(note, _SERVED)
        if served.head.at > self.clock() + CLOCKS_DIFFER_AT_MOST:
            raise LogNotProvenError(f"the head of the log {_SERVED}: its instant is ahead of this clock")
        kept = Known(note) if known is None else self._next(served, known)
        self.is_renamed = bool(kept.former)
        self.spool.keep_file(KEPT, kept.to_bytes())
        return served.head.size

    def _next(self, served: Seen, known: Known) -> Known:
        """Return what is to be kept from now on."""
        before = self._seen(known.note, _HERE)
        try:
            if served.head.origin in known.former:
                raise split("the log has gone back to a name that it had before", before, served)
            if served.head.origin != before.head.origin:
                return self._renamed(before, served, known)
            self._compare(before, served)
        except SplitViewError as error:
            file = f"split-view-{error.name}.json"
            text = json.dumps(error.evidence, indent=1, ensure_ascii=False) + "\n"
            if self.spool.read_file(file) is None:  # of the same thing the first evidence stays
                self.spool.keep_file(file, text.encode())
            raise LogSplitError(str(error), file=file) from error
        if served.head.size < before.head.size:
            return known
        if served.head.at < before.head.at:
            raise LogNotProvenError(
                f"the head of the log {_SERVED} has no fewer entries than the one {_HERE}, and an earlier "
                "instant"
            )
        return Known(served.note, known.former)

    def _renamed(self, before: Seen, served: Seen, known: Known) -> Known:
        quoted = quoted_words(served.head, before.head, "this folder knows")
        quoted += f"; {held_words(before.head.size, is_held=self._still_holds(before, served))}"
        if self.accepted_name != served.head.origin:
            follows = served.head.follows
            quotes = follows is not None and follows.origin == before.head.origin
            raise LogRenamedError(before.head.origin, served.head.origin, quoted, quotes=quotes)
        self.quoted = quoted
        return Known(served.note, (*known.former, before.head.origin))

    def _still_holds(self, before: Seen, served: Seen) -> bool | None:
        """Tell whether a log under a new name begins with what is known; None where that is not answered."""
        older, newer = before.head, served.head
        if older.size > newer.size:
            return False
        try:
            proof = self.client.prove_consistency(older.size, newer.size) if older.size < newer.size else ()
        except GatewayFaultError as error:
            return False if error.code == _NOT_PROVEN else None
        return is_consistent(
            older.size, newer.size, older_root=older.root, newer_root=newer.root, proof=proof
        )

    def _compare(self, before: Seen, served: Seen) -> None:
        """Check that both heads are of one log. Raises: `SplitViewError`, `LogNotProvenError`."""
        older, newer = sorted((before, served), key=lambda one: one.head.size)
        is_smaller = served.head.size < before.head.size
        if is_smaller and served.head.at > before.head.at:  # an old copy is not of a later instant
            raise smaller(before, served)
        if older.head.size == newer.head.size:
            if older.head.root != newer.head.root:
                raise split("two heads of one size with different roots", before, served)
            return
        try:
            proof = self.client.prove_consistency(older.head.size, newer.head.size)
        except GatewayFaultError as error:
            if error.code == _NOT_PROVEN:
                if is_smaller:
                    raise smaller(before, served, because=error.code) from error
                raise split("the service does not prove that it only grew", before, served) from error
            raise LogNotProvenError(str(error)) from error
        if not is_consistent(
            older.head.size,
            newer.head.size,
            older_root=older.head.root,
            newer_root=newer.head.root,
            proof=proof,
        ):
            raise split("the newer head does not begin with the older one", before, served)

    def _seen(self, note: bytes, where: str) -> Seen:
        try:
            sealed = verify_note(read_note(note), seal_certificates=self.seals, either_form=True)
        except CheckpointInvalidError as error:
            why = not_sealed(error, "--seal-cert")
            raise LogNotProvenError(f"the head of the log {where}: {why}") from error
        return Seen(sealed.checkpoint, note, where)


def _known(spool: Spool) -> Known | None:
    kept = spool.read_file(KEPT)
    if kept is None:
        return None
    try:
        said = json.loads(kept)
        found, format_ = Known(said["head"].encode(), tuple(map(str, said["former"]))), said["format"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise LogNotProvenError(_DAMAGED) from error
    if format_ != _FORMAT:
        raise LogNotProvenError(_DAMAGED)
    return found
