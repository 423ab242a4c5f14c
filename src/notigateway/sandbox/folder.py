"""The folder of a world: what lies in it, and what is kept of how it was made and what time it is there.

It is laid out as that of a sandbox, so that a world that was taken out can be served as one.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text
from notigateway.sandbox.bounds import NOTIFICATIONS_MAX, SEED_MAX
from notigateway.sandbox.clock import REAL, Setting, machine_time
from notigateway.sandbox.settings_file import replace_file
from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from pathlib import Path

# What belongs to a world's data: another seed, or a snapshot, takes its place.
DATABASE: Final = ("notigateway.db", "notigateway.db-wal", "notigateway.db-shm")
DATA: Final = (*DATABASE, "documents", "notices", "retired-seals")
TRUST: Final = ("pki", "issuers", "revocation", "trust")
FILES: Final = ("seeds.json", "world.json")
# An archive is made and read in memory.
SNAPSHOT_MAX_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the data of a world are made: kept with them, so that a later start cannot mix two sorts."""

    notifications: int
    seed: int
    scenario: str | None = None
    own_holders: bool = False

    @classmethod
    def kept(cls, file: Path, wanted: Self) -> Self:
        """Return the plan of this folder: as it was at the first start."""
        if not file.is_file():
            wanted.keep(file)
        return cls(**json.loads(file.read_text("utf-8")))

    def keep(self, file: Path) -> None:
        """Write it."""
        replace_file(file, json.dumps(asdict(self)))

    @classmethod
    def of_a_stranger(cls, text: str) -> Self:
        """Return the plan that somebody else has written. Raises: `ValueError`, `TypeError`."""
        said = json.loads(text)
        plan = cls(**said)
        numbers = (plan.notifications, NOTIFICATIONS_MAX), (plan.seed, SEED_MAX)
        if any(type(one) is not int or not 0 <= one <= most for one, most in numbers):
            raise ValueError("numbers of no plan")
        if not isinstance(said["own_holders"], bool) or not isinstance(said["scenario"], str | None):
            raise TypeError("members of no plan")
        return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a world keeps beside its data: how its clock is set, and how often it was opened."""

    setting: Setting = REAL
    openings: int = 0

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read it; a world that is new has nothing. Raises: `ConfigurationError`."""
        try:
            said: dict[str, Any] = json.loads(file.read_text("utf-8"))
            at = said.get("frozen_at")
            frozen = read_instant(at) if at else None
            setting = Setting(timedelta(seconds=float(said.get("offset_seconds", 0))), frozen)
            machine_time() + setting.offset  # it may lie beyond the calendar
            return cls(setting=setting, openings=int(said.get("openings", 0)))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise ConfigurationError(f"{file} is not what a sandbox writes: {error}") from error

    def keep(self, file: Path) -> None:
        """Write it."""
        at = self.setting.frozen_at
        said = {
            "offset_seconds": self.setting.offset.total_seconds(),
            "frozen_at": None if at is None else instant_text(at),
            "openings": self.openings,
        }
        replace_file(file, json.dumps(said))

    def opened(self) -> Self:
        """Return it once more opened."""
        return replace(self, openings=self.openings + 1)


def plan_file(folder: Path) -> Path:
    """Return where the plan is."""
    return folder / "seeds.json"


def kept_file(folder: Path) -> Path:
    """Return where clock and openings are."""
    return folder / "world.json"


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Remove some of what lies in a world's folder."""
    for name in names:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            with suppress(FileNotFoundError):
                path.unlink()
