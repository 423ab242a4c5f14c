"""Everything that can be looked at of a gateway, running or not: nothing is changed, nothing ends half.

Each look is bounded and alone: where the database is away the others still find what they find.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.health.database import DATABASE, START_IT, look_at_beginning, look_at_database
from notigateway.health.dropped_lists import FOLDER, look_at_dropped_lists
from notigateway.health.finding import Finding, State
from notigateway.health.issuers import ISSUERS, LIST
from notigateway.health.jobs import look_at_jobs
from notigateway.health.keys import look_at_seal, look_at_service
from notigateway.health.looking import Look, Looks
from notigateway.health.mail import MAIL_SERVER, look_at_mail
from notigateway.health.pushing import PUSH_KEYS, look_at_push_keys, look_at_receivers
from notigateway.health.revocation import REVOCATION, RevocationWanted, look_at_revocation
from notigateway.health.running import look_at_running
from notigateway.health.sealed import look_at_sealed
from notigateway.health.store import (
    OWNER_UNKNOWN,
    REACH_IT,
    STORE,
    find_folder_obstacle,
    look_at_store,
    with_owner,
)
from notigateway.health.stored import look_at_condition, look_at_waiting
from notigateway.health.surroundings import (
    ADDRESS,
    ANSWERS,
    CLOCK,
    look_at_address,
    look_at_database_file,
    look_at_disks,
    look_at_folder,
    look_at_settings,
    look_at_stamping,
    look_at_time,
)
from notigateway.health.trusting import (
    AUTHORITY,
    look_at_authority,
    look_at_issuers,
    look_at_trusted_list,
)
from notigateway.repository.engine import create_database
from notigateway.repository.log_left import log_left
from notigateway.repository.marking import Owner, open_store
from notigateway.repository.object_stores import local_folder
from notigateway.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings

_BOUND_SECONDS: Final = 6.0
_DATABASE_SECONDS: Final = 4
_CORRECT_URL: Final = "correct database_url"
_CORRECT: Final = "correct what it names"
_SLOW: Final = (
    "look at the files and folders that the settings name for it: too many, or on a volume that hangs?"
)


@dataclass(frozen=True, slots=True)
class Examining:
    """What an examination is told: the settings, the clock, and what it may ask outside of this machine."""

    settings: Settings
    clock: Callable[[], datetime]
    online: bool = False
    time_source: str = ""

    def examine(self) -> dict[str, list[Finding]]:
        """Return the findings of each chapter, in the order in which a person wants to read them."""
        chapters = self._chapters()
        looks = Looks([look for some in chapters.values() for look in some], seconds=_BOUND_SECONDS)
        with log_left(self.settings.database_url):
            found = looks.look(self.clock())
        told = {name: [one for look in some for one in found[look.check]] for name, some in chapters.items()}
        if any(
            one.check == ADDRESS and one.state is State.OK and ANSWERS in one.says for one in told["machine"]
        ):
            told["machine"].append(look_at_running(self.settings.operations_address, told["keys"]))
        # Only the database tells it, but it is cured elsewhere.
        told["revocation"] += [one for one in told["database"] if one.check == REVOCATION]
        told["database"] = [one for one in told["database"] if one.check != REVOCATION]
        return {name: some for name, some in told.items() if some}

    def _chapters(self) -> dict[str, list[Look]]:
        settings = self.settings
        return {
            "settings": [
                _look("settings", lambda _: [*look_at_settings(settings), *look_at_folder(settings)])
            ],
            "keys": [
                _look("service_key", lambda now: look_at_service(settings, now)),
                _look("seal_key", lambda now: look_at_seal(settings, now, online=self.online)),
                *([_look(PUSH_KEYS, lambda _: look_at_push_keys(settings))] if settings.pushes else []),
            ],
            "trust": [
                _look(ISSUERS, lambda now: look_at_issuers(settings, now)),
                _look(LIST, lambda now: look_at_trusted_list(settings, now)),
                _look(AUTHORITY, self._authority),
            ],
            "database": [_look(DATABASE, self._database, START_IT)],
            "revocation": [_look(FOLDER, lambda now: look_at_dropped_lists(settings, now))],
            "documents": [replace(_look(STORE, self._store, REACH_IT), needs=DATABASE)],
            "machine": [
                *([_look(CLOCK, self._time)] if self.time_source else []),
                _look(ADDRESS, lambda _: look_at_address(settings)),
                *([_look(MAIL_SERVER, self._mail)] if settings.sends_notices else []),
                _look("room", lambda _: look_at_disks(settings)),
            ],
        }

    def _time(self, _now: datetime) -> list[Finding]:
        most = float(self.settings.timestamp_skew_seconds)
        return [look_at_time(self.clock, self.time_source, most_seconds=most)]

    def _mail(self, _now: datetime) -> list[Finding]:
        return look_at_mail(self.settings, online=self.online)

    def _authority(self, now: datetime) -> list[Finding]:
        found = look_at_authority(self.settings, now)
        return [*found, *look_at_stamping(self.settings)] if self.online else found

    def _database(self, now: datetime) -> list[Finding]:
        """Look at the database, and at what it tells; further only as far as it answers."""
        files = look_at_database_file(self.settings)
        if _stop(files):
            return files
        try:
            engine = self._open()
        except ConfigurationError as error:
            return [Finding(DATABASE, State.FAILED, error.detail, _CORRECT_URL)]
        try:
            found = [*files, *look_at_database(engine, in_its_words=True)]
            if _stop(found):
                return found
            found.append(look_at_beginning(engine))
            found += look_at_condition(engine, self.settings, self.clock)
            wanted = RevocationWanted.by(self.settings)
            found.append(look_at_revocation(engine, wanted, now))
            found += look_at_jobs(
                engine,
                now,
                has_authority=bool(self.settings.timestamp_authority_url),
                has_witnesses=bool(self.settings.witnesses),
                sends_notices=self.settings.sends_notices,
                pushes=self.settings.pushes,
            )
            if self.settings.pushes:
                found += look_at_receivers(engine)
            found += look_at_sealed(engine, self.settings)
            return [*found, *look_at_waiting(engine, self.settings, now)]
        finally:
            engine.dispose()

    def _store(self, _now: datetime) -> list[Finding]:
        """Look at the store; whose it must be, only the database knows."""
        url = self.settings.document_store_url
        obstacle = find_folder_obstacle(local_folder(url)) if scheme_of(url) == "file" else None
        only = obstacle or Finding(STORE, State.UNKNOWN, OWNER_UNKNOWN, START_IT)
        if _stop(look_at_database_file(self.settings)):
            return [only]
        try:
            engine = self._open()
        except ConfigurationError:
            return [obstacle or Finding(STORE, State.UNKNOWN, OWNER_UNKNOWN, _CORRECT_URL)]
        try:
            found = look_at_database(engine)
            if _stop(found):
                cure = next(one.cure for one in found if one.state is not State.OK)
                return [obstacle or Finding(STORE, State.UNKNOWN, OWNER_UNKNOWN, cure)]
            if obstacle is not None:
                return [with_owner(obstacle, Owner(engine)())]
            return [look_at_store(open_store(url, engine))]
        finally:
            engine.dispose()

    def _open(self) -> Engine:
        return create_database(self.settings.database_url, pool_size=1, timeout_seconds=_DATABASE_SECONDS)


def _stop(found: Sequence[Finding]) -> bool:
    """Tell whether what was found lets nobody look further."""
    return any(one.state in {State.FAILED, State.UNKNOWN} for one in found)


def _look(check: str, see: Callable[[datetime], Sequence[Finding]], cure: str = _CORRECT) -> Look:
    late_cure = _SLOW if cure == _CORRECT else ""
    return Look(check=check, see=see, cure=cure, late_cure=late_cure, tells_detail=True)
