"""What `notigateway publish` does: reads a manifest line by line and publishes it in portions."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from notigateway.cli.manifest import LINE_MAX_BYTES, read_line
from notigateway.cli.telling import harmless
from notigateway.clock.obliging import obliging_by, rights_by
from notigateway.contract.problems import said_of
from notigateway.errors import ConfigurationError, PublicationError
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.publishing import Publishing
from notigateway.law.submission import ActSubmission, SubmittedDocument
from notigateway.repository.engine import writing
from notigateway.repository.marking import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rich.console import Console
    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.settings import Settings

ACTS_PER_TRANSACTION = 200
# Documents that are stored together wait for the disk together; an act's own may be more.
BYTES_AT_ONCE = 16 * 1024 * 1024


@dataclass(frozen=True)
class RefusedLine:
    """A line that was not published, and why."""

    line: int
    code: str
    detail: str


@dataclass
class Summary:
    """What became of the manifest so far."""

    published: int = 0
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    seconds: float = 0.0


class Publisher:
    """Publishes lines in portions: each is in the database as a whole or not at all."""

    def __init__(
        self, folder: Path, settings: Settings, console: Console, *, engine: Engine, seal: Seal
    ) -> None:
        self.folder = folder
        self.console = console
        self.engine = engine
        self.publishing = Publishing(
            store=open_store(settings.document_store_url, engine),
            seal=seal,
            document_max_bytes=settings.document_max_bytes,
            obliging=obliging_by(settings),
            rights=rights_by(settings),
        )
        self.summary = Summary()

    def publish(self, lines: list[tuple[int, bytes]]) -> None:
        """Store the documents of these lines, then publish their acts in one transaction.

        Raises: `TemporarilyUnavailableError`, before anything is stored where the seal has ended meanwhile.
        """
        self.publishing.seal.check(datetime.now(UTC))
        results = list(self._deposit_all(line for _, line in lines))
        deposits = [result for result in results if isinstance(result, Deposit)]
        with writing(self.engine) as session:
            outcomes = self.publishing.publish_all(session, deposits, now=datetime.now(UTC))
        publications = iter(outcomes)
        # Counted only now: before the commit nothing is published.
        for (number, _), result in zip(lines, results, strict=True):
            outcome = next(publications) if isinstance(result, Deposit) else result
            if isinstance(outcome, PublicationError):
                self._refuse(number, outcome)
            elif outcome.is_new:
                self.summary.published += 1
            else:
                self.summary.unchanged += 1

    def _deposit_all(self, lines: Iterable[bytes]) -> Iterator[Deposit | PublicationError]:
        """Store the documents of these lines, as many together as memory should hold."""
        portion: list[ActSubmission | PublicationError] = []
        size = 0
        for line in lines:
            portion.append(self._read(line))
            size += _size(portion[-1])
            if size >= BYTES_AT_ONCE:
                yield from self._deposit(portion)
                portion, size = [], 0
        yield from self._deposit(portion)

    def _deposit(
        self, portion: list[ActSubmission | PublicationError]
    ) -> Iterator[Deposit | PublicationError]:
        submissions = [one for one in portion if isinstance(one, ActSubmission)]
        deposits = iter(self.publishing.deposit_all(submissions))
        for one in portion:
            yield next(deposits) if isinstance(one, ActSubmission) else one

    def _read(self, line: bytes) -> ActSubmission | PublicationError:
        limit = self.publishing.document_max_bytes
        try:
            return read_line(line, folder=self.folder, document_max_bytes=limit)
        except PublicationError as refusal:
            return refusal

    def _refuse(self, number: int, refusal: PublicationError) -> None:
        """Report a line on standard error at once."""
        self.summary.refused.append(RefusedLine(number, refusal.code, refusal.detail))
        detail = harmless(said_of(refusal))
        self.console.print(
            f"line {number}: {refusal.code}: {detail}", markup=False, highlight=False, soft_wrap=True
        )


def _size(submission: ActSubmission | PublicationError) -> int:
    documents = submission.documents if isinstance(submission, ActSubmission) else ()
    return sum(len(one.content) for one in documents if isinstance(one, SubmittedDocument))


def read_lines(manifest: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, from 1; of an endless one only the start."""
    with manifest.open("rb") as file:
        number = 0
        while line := file.readline(LINE_MAX_BYTES + 1):
            number += 1
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            rest = line
            while len(rest) > LINE_MAX_BYTES and not rest.endswith(b"\n"):
                rest = file.readline(LINE_MAX_BYTES + 1)
            if line.strip():
                yield number, line


def last_number(manifest: Path) -> int:
    """Return the number of the last line. Raises: `ConfigurationError` where there is no manifest."""
    last = 0
    try:
        for number, _ in read_lines(manifest):
            last = number
    except OSError as error:
        raise ConfigurationError(f"cannot read {manifest}: {error.strerror}") from error
    return last
