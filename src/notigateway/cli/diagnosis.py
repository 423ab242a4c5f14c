"""What `notigateway doctor` looks at and says: every finding, the trial of a start, and the page of both."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway.cli.options import named_settings, names_the_data
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError
from notigateway.evidence.seals import KeptInDevice
from notigateway.health.database import DATABASE
from notigateway.health.examination import Examining
from notigateway.health.files import RUN_AS, judged
from notigateway.health.finding import Finding, State, worst_first
from notigateway.pki.keys import TokenKey
from notigateway.provision import Provision
from notigateway.repository.log_left import leave_log
from notigateway.settings import load_settings
from notigateway.supervision.trial import TRIAL_SECONDS, Outcome, try_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from notigateway.settings import Settings

_START: Final = "start"
_CORRECT: Final = "correct what it names"
# What a trial means to who is about to start or to reload.
_OUTCOMES: Final = {
    Outcome.READY: (State.OK, "would go as it should", ""),
    Outcome.AWAY: (State.WARNING, "would go, and wait for what is away", "bring it back; no start is needed"),
    Outcome.ABSENT: (State.FAILED, "would be refused", _CORRECT),
    Outcome.REFUSED: (State.FAILED, "would be refused", _CORRECT),
    Outcome.BROKEN: (State.FAILED, "would break", "report it, with what a start prints"),
    Outcome.SHORT: (State.UNKNOWN, "could not be tried", "give it the memory or the processes that it lacks"),
}
# What was waited for in vain a moment ago is not waited for as long again.
_SECONDS_WITHOUT_DATABASE: Final = 5.0

_STATE_WIDTH = max(len(state) for state in State)


def examine(settings_file: Path | None, *, online: bool, time_source: str) -> dict[str, list[Finding]]:
    """Look; settings that cannot be used are what there is to tell then."""
    refused: Finding | None = None
    try:
        settings = named_settings(settings_file)
    except ConfigurationError as error:
        refused = judged("settings", error, _cure_of(error, settings_file))
        if settings_file is None and not names_the_data():
            return {"settings": [refused]}
        try:
            settings = load_settings(settings_file, whatever_modes=True)
        except ConfigurationError:
            return {"settings": [refused]}
        # Others may read a secret: that hides nothing else.
    examining = Examining(settings, lambda: datetime.now(UTC), online=online, time_source=time_source)
    found = examining.examine()
    if refused is not None:
        start = Finding(_START, State.FAILED, f"would be refused: {refused.says}", refused.cure)
        return found | {"settings": [refused, *found["settings"]], "start": [start]}
    return found | {"start": [_try(settings, [one for some in found.values() for one in some])]}


def _cure_of(error: ConfigurationError, file: Path | None) -> str:
    """Return what there is to do about settings that are refused."""
    if file is None and not names_the_data():
        return "name their file with --settings or NOTIGATEWAY_SETTINGS"
    if isinstance(error.__cause__, FileNotFoundError):
        return "put it there, or name the right file with --settings or NOTIGATEWAY_SETTINGS"
    if "readable by others" in error.detail:
        return "change its mode, and look again: the first of such files is told"
    return "correct it; conf/notigateway.example.toml shows each setting"


def _try(settings: Settings, found: Sequence[Finding]) -> Finding:
    """Find how a start with these settings would go, and so a reload (SIGHUP); nothing is changed by it.

    A database is left alone that opening would change, as its own look leaves it. What another account may
    not read tells nothing of the gateway's.
    """
    if any(one.cure == RUN_AS for one in found):
        return Finding(_START, State.UNKNOWN, "not tried as this account", RUN_AS)
    if any(one.check == "database_file" and one.state in {State.FAILED, State.UNKNOWN} for one in found):
        return Finding(_START, State.UNKNOWN, "not tried with this database", "cure database_file first")
    away = [one for one in found if one.check == DATABASE and one.state is State.FAILED]
    seconds = _SECONDS_WITHOUT_DATABASE if away else TRIAL_SECONDS
    silent = partial(_leave_no_trace, settings)
    trial = try_start(partial(_read_but_device, settings), seconds=seconds, before=silent)
    state, says, cure = _OUTCOMES[trial.outcome]
    if away and trial.outcome is Outcome.AWAY:
        cure = f"{away[0].cure}; no start is needed where it comes back"
    return Finding(_START, state, says + (f": {trial.detail}" if trial.detail else ""), cure)


def _read_but_device(settings: Settings) -> Provision:
    """Read what the settings name, and of a key in a device no more than its certificate.

    It would be a login more, perhaps with a wrong PIN, which devices count: `--online` has asked it already.
    """
    provision = Provision.read(settings, now=datetime.now(UTC))
    if not isinstance(provision.seal, KeptInDevice):
        return provision
    return replace(provision, seal=TokenKey(provision.seal.certificate, _not_asked))


def _not_asked(_: bytes) -> bytes:
    raise ConfigurationError("the device is not asked")


def _leave_no_trace(settings: Settings) -> None:
    """Have the child of the trial say nothing beside what it finds, and leave the database's log as it is."""
    leave_log(settings.database_url)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def page(chapters: Mapping[str, Sequence[Finding]], width: int) -> list[str]:
    """Return the lines for a person: by chapters, the worst first in each, and the sum at the end."""
    findings = [one for some in chapters.values() for one in some]
    name_width = max(len(one.check) for one in findings)
    lines: list[str] = []
    for name, some in chapters.items():
        lines.append(name)
        for one in worst_first(some):
            lines += _lines(one, name_width, width)
    counts = Counter(one.state for one in findings)
    order = (State.FAILED, State.UNKNOWN, State.WARNING, State.OK)
    return [*lines, "", ", ".join(f"{counts[state]} {state.value}" for state in order)]


def _lines(one: Finding, name_width: int, width: int) -> list[str]:
    head = f"  {one.state.value:<{_STATE_WIDTH}}  {one.check:<{name_width}}  "
    indent = " " * len(head)
    lines = _wrap(harmless(one.says), width, first=head, rest=indent)
    return lines + (
        _wrap(f"-> {harmless(one.cure)}", width, first=indent, rest=f"{indent}   ") if one.cure else []
    )


def _wrap(text: str, width: int, *, first: str, rest: str) -> list[str]:
    """Break a text between words only: a path stays one that can be copied."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
