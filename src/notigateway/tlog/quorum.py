"""Whose cosignatures count, and how many are needed: `witnesses.toml` in a folder of what is trusted.

    needed = 2
    witnesses = [
        "witness.example/w1+5f3c8a21+BPq0...",
        "bar.example/notaries+0b7721cd+BKx9...",
    ]
    proves_time = false

`needed` is 1 where it is not said. `proves_time` says that these witnesses' clocks are trusted: then a head
existed when as many as are needed had cosigned it. Without it their instants are told, and prove nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import ConfigurationError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.given_files import read_file
from notigateway.instants import instant_text
from notigateway.tlog.cosignature import Cosigner, read_vkey, verify_cosignature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notigateway.tlog.note import Note

WITNESSES: Final = "witnesses.toml"


@dataclass(frozen=True, slots=True)
class WitnessClocks:
    """The time for which witnesses are believed: as long as the trust folder names them."""

    until: datetime

    def covers(self, _instant: datetime) -> bool:
        """Tell whether a cosignature of that instant can be by one of them."""
        return True


WITNESS_CLOCKS: Final = WitnessClocks(datetime.max.replace(tzinfo=UTC))
_KEYS: Final = frozenset({"needed", "witnesses", "proves_time"})


@dataclass(frozen=True, slots=True)
class Quorum:
    """Who counts, how many are needed, and whether their clocks are trusted."""

    cosigners: tuple[Cosigner, ...]
    needed: int = 1
    proves_time: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """The cosignatures of a note: who has seen the head when, whose did not count and why, who is unknown."""

    quorum: Quorum
    seen: Mapping[str, datetime]
    left: Mapping[str, str]
    unknown: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Tell whether as many as are needed have cosigned."""
        return len(self.seen) >= self.quorum.needed

    @property
    def existed_at(self) -> datetime | None:
        """Return when the head existed by trusted clocks: when as many as are needed had cosigned it."""
        if not (self.quorum.proves_time and self.is_enough):
            return None
        return sorted(self.seen.values())[self.quorum.needed - 1]

    @property
    def words(self) -> str:
        """Return it in words."""
        said = f"{len(self.seen)} of {self.quorum.needed} that are needed"
        if self.seen:
            said += f": {', '.join(sorted(self.seen))}"
        others = [f"{name} does not count: {why}" for name, why in sorted(self.left.items())]
        if self.unknown:
            others.append(f"ignored, since nobody knows them here: {', '.join(self.unknown)}")
        return "; ".join([said, *others])


def load_quorum(folder: Path) -> Quorum | None:
    """Read the file of a trust folder; None where there is none. Raises: `ConfigurationError`."""
    file = folder / WITNESSES
    if not file.is_file():
        return None
    try:
        said: dict[str, Any] = tomllib.loads(read_file(file).decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    unknown = set(said) - _KEYS
    if unknown:
        raise ConfigurationError(f"{file}: there is no {', '.join(sorted(unknown))} in it")
    needed, proves_time, vkeys = said.get("needed", 1), said.get("proves_time", False), said.get("witnesses")
    if not isinstance(vkeys, list) or not all(isinstance(one, str) for one in vkeys):
        raise ConfigurationError(f"{file}: witnesses: a list of vkeys, as a witness gives its own")
    if type(needed) is not int or type(proves_time) is not bool:
        raise ConfigurationError(f"{file}: needed is a number, proves_time true or false")
    try:
        cosigners = tuple(map(read_vkey, vkeys))
    except ValueError as error:
        raise ConfigurationError(f"{file}: witnesses: {error}") from error
    # One key under two names would count twice: the signed message does not hold the name.
    if len({one.name for one in cosigners}) != len(vkeys) or len({one.key for one in cosigners}) != len(
        vkeys
    ):
        raise ConfigurationError(f"{file}: witnesses: a name or a key is there twice")
    if not 0 < needed <= len(cosigners):
        raise ConfigurationError(f"{file}: needed: a number from 1 to that of the witnesses")
    return Quorum(cosigners, needed, proves_time)


def count_cosignatures(note: Note, quorum: Quorum, *, stated: datetime, at: datetime) -> Counted:
    """Count the cosignatures of a note whose seal was verified; `stated` is its head's instant.

    A witness cannot have seen a head before that was made, and what it says after `at` nobody knew then.
    What unknown keys have signed is ignored.

    Raises: `CheckpointInvalidError` where a line of a known key is not its own (signed-note).
    """
    known = {(one.name, one.key_id): one for one in quorum.cosigners}
    seen: dict[str, datetime] = {}
    left: dict[str, str] = {}
    for line in note.lines:
        cosigner = known.get((line.name, line.key_id))
        if cosigner is None:
            continue
        instant = verify_cosignature(note.text, line.signature, cosigner)
        if instant < stated - CLOCKS_DIFFER_AT_MOST:
            left[line.name] = "it says that it saw the head before that was made"
        elif instant > at:
            when, limit = instant_text(instant), instant_text(at)
            left[line.name] = f"it saw the head on {when}, after {limit}, as of which is verified"
        else:
            seen[line.name] = min(instant, seen.get(line.name, instant))
    names = {line.name for line in note.lines[1:] if (line.name, line.key_id) not in known}
    kept = {name: why for name, why in left.items() if name not in seen}
    return Counted(quorum, seen, kept, tuple(sorted(names)))
