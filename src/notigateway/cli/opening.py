"""What a command opens for as long as it runs: the database of the settings, and a progress bar."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress, TaskID
    from sqlalchemy import Engine

    from notigateway.repository.session import Session
    from notigateway.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """Open the database of the settings, at this version's schema.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    from notigateway.repository.engine import connected
    from notigateway.repository.schema import check_revision

    with connected(settings) as engine:
        check_revision(engine)
        yield engine


@contextmanager
def reading_in(settings: Settings) -> Iterator[Session]:
    """Open that database for one session that changes nothing. Raises: as `opened`."""
    from notigateway.repository.engine import reading

    with opened(settings) as engine, reading(engine) as session:
        yield session


@contextmanager
def writing_in(settings: Settings) -> Iterator[Session]:
    """Open that database for one session, committed at its end. Raises: as `opened`."""
    from notigateway.repository.engine import writing

    with opened(settings) as engine, writing(engine) as session:
        yield session


class Bar:
    """A bar on standard error that a person can watch; nothing is written where nobody looks."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, done: int) -> None:
        """Say that so many more are done."""
        self._progress.advance(self._task, done)

    def reach(self, done: int) -> None:
        """Say how many are done in all."""
        self._progress.update(self._task, completed=done)


class _NoBar(Bar):
    """The one at which nobody looks."""

    def __init__(self) -> None:
        """Need nothing."""

    def advance(self, done: int) -> None:
        """Say nothing."""

    def reach(self, done: int) -> None:
        """Say nothing."""


@contextmanager
def bar(doing: str, total: int, *, console: Console | None = None) -> Iterator[Bar]:
    """Show a bar while something is done; lines that the same console prints stand above it."""
    if console is None and not sys.stderr.isatty():
        yield _NoBar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(progress, progress.add_task(doing, total=total))
