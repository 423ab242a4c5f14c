"""That the log has only grown since a head that somebody kept, also one of a name that it had before.

A log that was restored goes on under a new name, with the leaves that the backup held at their places: so a
head of the former name is proven as ever, unless it is of what was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError, ConfigurationError, LogDamagedError
from notigateway.log.growing import consistency_of
from notigateway.repository.log import find_last_checkpoint, list_checkpoints
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.merkle import is_consistent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.repository.session import Session
    from notigateway.tlog.checkpoint import Checkpoint, Follows

_READ_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore of the log: the last head under the former name that is in it, and what it goes on from."""

    kept: int
    follows: Follows
    name: str

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f'the log was restored, and goes on as "{self.name}" from the {self.kept} entries that were '
            f'left; the last head of "{self.follows.origin}" that its operator knew had {self.follows.size} '
            f"({self.follows.reason})"
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """Two heads of the log, and the proof that the newer one begins with the older one."""

    older: Checkpoint
    newer: Checkpoint
    proof: tuple[bytes, ...]

    def said(self) -> dict[str, object]:
        """Return it for JSON; `old_log` is there where the log had another name then."""
        named = {"old_log": self.older.origin} if self.older.origin != self.newer.origin else {}
        return {
            "log": self.newer.origin,
            **named,
            "old_size": self.older.size,
            "old_root": self.older.root.hex(),
            "new_size": self.newer.size,
            "new_root": self.newer.root.hex(),
            "proof": [one.hex() for one in self.proof],
        }


def prove(session: Session, older: Checkpoint, newer: Checkpoint | None = None) -> Proven:
    """Prove that the log of `newer`, by default its newest head, begins with that of `older`.

    Neither need be signed: what is proven is that *this* log has their roots.

    Raises: `LogDamagedError` where it has not, which also says where it lost that part by a restore;
    `ConfigurationError` for heads of another log, or in the wrong order.
    """
    last = find_last_checkpoint(session)
    if last is None:
        raise ConfigurationError("the log has no head yet")
    newest = read_checkpoint(last.text)
    newer = newer or newest
    strange = {older.origin, newer.origin} - {newest.origin}
    restores = restores_of(session) if strange else []
    unknown = strange - {one.follows.origin for one in restores}
    if unknown:
        raise ConfigurationError(
            f'that head is of "{unknown.pop()}", and the log of this database is "{newest.origin}"'
        )
    for head in (newer, older):
        if head != newest:
            _check(session, head, newest, restores)
    if older.size > newer.size:
        raise ConfigurationError(f"OLD has {older.size} entries, and NEW {newer.size}: the other way round")
    return Proven(older, newer, consistency_of(session, older.size, newer.size))


def restores_of(session: Session) -> list[Restored]:
    """Return the restores that the log says of itself, in their order."""
    found, kept, name, size = list[Restored](), 0, "", 0
    while rows := list_checkpoints(session, size, limit=_READ_AT_ONCE):
        for row, _ in rows:
            size = row.size
            try:
                head = read_checkpoint(row.text)
            except CheckpointInvalidError:  # `notigateway check` tells it
                continue
            if head.follows is not None and head.follows.origin == name:
                found.append(Restored(kept, head.follows, head.origin))
            kept, name = head.size, head.origin
    return found


def lost_with(head: Checkpoint, restores: Iterable[Restored]) -> str:
    """Return with which restore a head that is not of the log any more was lost, in words; "" with none."""
    for one in restores:
        if one.follows.origin == head.origin and head.size > one.kept:
            return f"which is of what was lost: {one}"
    return ""


def _check(session: Session, head: Checkpoint, newest: Checkpoint, restores: list[Restored]) -> None:
    """Check that the log begins with a head. Raises: `LogDamagedError`."""
    if head.size <= newest.size:
        proof = consistency_of(session, head.size, newest.size)
        roots = {"older_root": head.root, "newer_root": newest.root}
        if is_consistent(head.size, newest.size, proof=proof, **roots):
            return
    lost = lost_with(head, restores)
    if lost:
        raise LogDamagedError(
            f'the log does not begin with that head of {head.size} entries of "{head.origin}", {lost}'
        )
    if head.size > newest.size:
        raise LogDamagedError(
            f"the log has {newest.size} entries, and that head {head.size}: it has gone back. Where it was "
            "restored from a backup, see `notigateway log resume`"
        )
    raise LogDamagedError(f"the log does not begin with what that head of {head.size} entries says")
