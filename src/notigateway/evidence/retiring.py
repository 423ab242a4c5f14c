"""Whether a seal that is in use has been put out of use meanwhile: its folder of retired seals says so.

A process reads its seal once. The table of periods may be written later, and the reload that was to bring the
next seal may be refused or forgotten; what the former one seals after its period is void for everybody who
verifies. So whoever seals looks at the folder all the time.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.evidence.history import load_seals
from notigateway.instants import instant_text
from notigateway.logger import Logger

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import DatedCertificate

    # What tells that a folder or a file in it has changed: names, and what the system knows of each.
    Marks = frozenset[tuple[str, int, int, int]]

# Of the clock of who seals: a minute ahead, as a period is to be written, is long enough beside it.
_LOOK_EVERY: Final = timedelta(seconds=1)
_SETTING: Final = "retired_seals_folder"
_log = Logger("notigateway.seal")


class Retirement:
    """The period of a seal certificate as the folder of retired seals has it by now.

    What was said once holds until the folder says something else of that certificate: a volume that is away
    brings no seal back into use. A folder that cannot be read leaves what is known, and that is told.
    """

    def __init__(self, folder: Path, certificate: Certificate) -> None:
        self._folder = folder
        self._certificate = certificate
        self._lock = Lock()
        self._looked_at: datetime | None = None
        self._seen: Marks | None = None
        self._period: DatedCertificate | None = None
        self._trouble = ""
        self._look_again()

    def covers(self, instant: datetime) -> bool:
        """Tell whether the seal counts for that instant, as far as was seen."""
        return self._period is None or self._period.covers(instant)

    def lack(self, now: datetime) -> str | None:
        """Return why the seal is not in use now, in words of ours; None while it is.

        It costs a comparison, and once a second a look at what the folder holds; whoever comes while another
        thread looks goes by what was seen before.
        """
        if self._looked_at is None or abs(now - self._looked_at) >= _LOOK_EVERY:
            self._look(now)
        period = self._period
        if period is None or period.covers(now):
            return None
        if now > period.stops:
            return f"was put out of use at {_text(period.stops)}, by {_SETTING}"
        return f"is in use from {_text(period.since)} only, by {_SETTING}"

    def notice(self) -> str | None:
        """Return what is to be told while the seal is still in use: that its end is set, or not known."""
        if self._trouble:
            return f"{_SETTING} cannot be read, so whether the seal is still in use is not known"
        if self._period is not None:
            return f"its use ends at {_text(self._period.stops)}, by {_SETTING}"
        return None

    def _look(self, now: datetime) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._looked_at = now
            self._look_again()
        finally:
            self._lock.release()

    def _look_again(self) -> None:
        """Read the folder where something in it has changed."""
        try:
            marks = _marks(self._folder)
            if marks is None:
                self._trouble = ""
                return
            if marks == self._seen:
                return
            found = [one for one in load_seals(self._folder) if one.certificate == self._certificate]
        except (ConfigurationError, OSError) as error:
            self._tell(error.detail if isinstance(error, ConfigurationError) else str(error))
            self._seen = None  # it may be readable the next time without any other change
            return
        self._seen, self._trouble = marks, ""
        if found:
            self._period = min(found, key=lambda one: one.stops)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.warning("retired_seals_unreadable", detail=trouble)
        self._trouble = trouble


def _marks(folder: Path) -> Marks | None:
    """Return what tells of a change; None where there is no such folder. Raises: `OSError`."""
    try:
        found = os.scandir(folder)
    except FileNotFoundError:
        return None
    with found:
        known = [(one.name, one.stat()) for one in found]
    return frozenset((name, stat.st_ino, stat.st_size, stat.st_ctime_ns) for name, stat in known)


def _text(instant: datetime) -> str:
    return instant_text(instant.astimezone(UTC))
