"""Loggers: a line with its facts; the library that writes lines is loaded with the first of them.

Most commands say nothing, and structlog brings all of rich: a tenth of a second of CPU.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_lock = Lock()
_preparations: list[Callable[[], None]] = []


class Logger:
    """Writes lines under a name, as structlog does where and how it is configured."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **facts: object) -> None:
        """Write that something happened that somebody may look for."""
        self._lines().info(event, **facts)

    def warning(self, event: str, **facts: object) -> None:
        """Write that something needs somebody's attention."""
        self._lines().warning(event, **facts)

    def error(self, event: str, **facts: object) -> None:
        """Write that something failed."""
        self._lines().error(event, **facts)

    def _lines(self) -> Any:  # noqa: ANN401  (structlog's, whose type the configuration decides)
        import structlog  # noqa: PLC0415  (with the first line)

        if _preparations:
            with _lock:
                while _preparations:
                    _preparations[0]()  # taken off when it is done: nobody writes before
                    del _preparations[0]
        return structlog.get_logger(self._name)


def prepare_with(*preparation: Callable[[], None]) -> None:
    """Have this done before the first line is written, and nothing that was asked for earlier."""
    with _lock:
        _preparations[:] = preparation
