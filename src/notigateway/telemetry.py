"""Logs: structured, one line each, to standard error; never a body, a key or a personal document.

Control characters in logged values (a certificate's name may hold them) are escaped by JSON, and by
`repr` on a console.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from notigateway.logger import prepare_with

if TYPE_CHECKING:
    import structlog


class Telling(Protocol):
    """How lines are written: as JSON or for a console, and from which level on."""

    @property
    def log_format(self) -> str:
        """`json` or `console`."""

    @property
    def log_level(self) -> str:
        """`debug`, `info`, `warning` or `error`."""


_COUNTED: Final = frozenset({"warning", "error", "critical"})


def _count(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Count our own warnings and errors: so each fault that the log names is a number, too."""
    from notigateway.metering.meters import meters  # noqa: PLC0415  (for who has an application)

    if line["level"] in _COUNTED:
        with suppress(OSError):  # no room for numbers is no reason to lose a line
            meters().troubles.labels(line["event"], line["level"], line.get("part", "")).inc()
    return line


def configure(settings: Telling) -> None:
    """Send our own and the libraries' logs through one renderer."""
    import structlog  # noqa: PLC0415  (for who writes lines all the time)

    prepare_with()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])
    )
    structlog.configure(
        processors=[*shared, _count, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if getattr(h, "is_ours", False)]:
        root.removeHandler(old)
    handler.is_ours = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    # Spyne logs what it was sent; the border logs what happened.
    logging.getLogger("spyne").setLevel(logging.CRITICAL)
    # Every start looks at the schema's revision, and every receipt is sealed: only trouble is news.
    for name in ("alembic", "httpx", "notigateway.repository.pool", "signxml", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Of a connection that is lost it warns once more while it gives it up; what that meant is said by us.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def speak_beside_output() -> None:
    """Send what a command logs to standard error: a program may read its output."""
    prepare_with(_write_to_standard_error)


def _write_to_standard_error() -> None:
    import structlog  # noqa: PLC0415  (with the first line)

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
