"""What `notigateway import` does: works through lines in portions, each line by itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.addressee.registering import enter_each, written
from notigateway.cli.import_kinds import Desk, check_needed
from notigateway.cli.refused import column_of, hint_of
from notigateway.cli.telling import harmless
from notigateway.clock.obliging import obliging_by
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError, ImportLineError, TemporarilyUnavailableError
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import writing
from notigateway.repository.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from sqlalchemy import Engine

    from notigateway.cli.import_files import Line
    from notigateway.cli.import_kinds import Kind
    from notigateway.cli.refused import RefusedFile
    from notigateway.repository.session import Session
    from notigateway.settings import Settings

# While a portion is worked on nobody publishes: within a second, as measured (decision 0100).
LINES_PER_TRANSACTION: Final = 100
# Who registers by another command at the same time may be in the way: then a portion is repeated.
_TRIES: Final = 4


class _TakenBackError(Exception):
    """Nothing is kept of a portion that was only checked."""


@dataclass(frozen=True)
class RefusedLine:
    """A line that was left out: where, in which column, and why."""

    line: int
    code: str
    column: str
    reason: str


@dataclass
class Summary:
    """What became of the lines so far; with `dry_run` what would become of them."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    seconds: float = 0.0
    dry_run: bool = False


class Importer:
    """Imports lines of one kind."""

    def __init__(
        self, kind: Kind, settings: Settings, console: Console, *, engine: Engine, errors: RefusedFile | None
    ) -> None:
        self.kind = kind
        self.obliging = obliging_by(settings)
        self.console = console
        self.engine = engine
        self.errors = errors
        self.summary = Summary()
        # What an earlier line said of the same: its number, and a hash of its words.
        self._said: dict[bytes, tuple[int, bytes]] = {}

    def work(self, lines: Sequence[Line]) -> None:
        """Work through a portion in one transaction; each line is in it as a whole or not at all.

        Raises: `TemporarilyUnavailableError`; then nothing of this portion is in the database.
        """
        for left in reversed(range(_TRIES)):
            try:
                outcomes = self._work(lines)
                break
            except TemporarilyUnavailableError:
                if not left:
                    raise
        # Counted only now: before the commit nothing is imported.
        for line, outcome in zip(lines, outcomes, strict=True):
            if isinstance(outcome, GatewayError):
                self._refuse(line, outcome)
            else:
                setattr(self.summary, outcome, getattr(self.summary, outcome) + 1)

    def _work(self, lines: Sequence[Line]) -> list[str | GatewayError]:
        outcomes: list[str | GatewayError] = []
        try:
            with writing(self.engine) as session:
                touched = Touched(session)

                def enter(line: Line) -> str | GatewayError:
                    return self._enter(session, line, touched)

                outcomes = enter_each(session, lines, enter, lambda line: self.kind.names(line.said))
                self._check_kept()
        except _TakenBackError:
            pass
        return outcomes

    def _check_kept(self) -> None:
        """End the transaction of a portion that is only checked."""
        if self.summary.dry_run:
            raise _TakenBackError

    def _enter(self, session: Session, line: Line, touched: Touched) -> str | GatewayError:
        """Enter one line; return what became of it, or why nothing was tried. Raises: why it is refused."""
        touched.clear()
        if line.refusal is not None:
            return line.refusal
        try:
            check_needed(self.kind, line.said)
            self._check_consistent(line)
        except ImportLineError as refusal:
            return refusal
        was_known = self._is_known(session, line)
        row = self.kind.enter(Desk(session, self.obliging, datetime.now(UTC)), line.said)
        return touched.outcome(row, was_known=was_known)

    def _is_known(self, session: Session, line: Line) -> bool:
        """Tell whether who is entered was in the register before; for the kind that enters nothing else."""
        if self.kind.key != (self.kind.whose,):
            return True
        return find_addressee(session, written(line.said[self.kind.whose])) is not None

    def _check_consistent(self, line: Line) -> None:
        """Check that no earlier line says something else of the same. Raises: `ImportLineError`."""
        key = _digest(line.said, self.kind.key)
        first, words = self._said.setdefault(key, (line.place, _digest(line.said, self.kind.columns)))
        if words != _digest(line.said, self.kind.columns):
            raise ImportLineError(
                f"line {first} says otherwise of the same {' and '.join(self.kind.key)}",
                field="line",
                problem="contradicts",
                line=first,
            )

    def _refuse(self, line: Line, refusal: GatewayError) -> None:
        """Report a line on standard error at once, and keep it for who mends it."""
        column = column_of(str(refusal.facts.get("field", "line")), line.said, self.kind.columns)
        reason = harmless(said_of(refusal)) + hint_of(column, line.said)
        found = RefusedLine(line.place, refusal.code, column, reason)
        self.summary.refused.append(found)
        said = f"line {found.line}: {found.column}: {found.code}: {found.reason}"
        self.console.print(said, markup=False, highlight=False, soft_wrap=True)
        if self.errors is not None:
            self.errors.write(line.said, found.line, column, found.code, reason)


def _digest(said: Any, names: Sequence[str]) -> bytes:  # noqa: ANN401
    words = json.dumps([said.get(name) for name in names])
    return hashlib.blake2b(words.encode(), digest_size=16).digest()
