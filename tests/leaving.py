"""What a test sets for its whole process and has to leave as it found it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _log_left_as_found() -> Iterator[None]:
    """Undo what a service built in the test says about logs: its stream ends with the test."""
    root = logging.getLogger()
    level, ours = root.level, _ours(root)
    found = structlog.get_config() if structlog.is_configured() else None
    yield
    root.setLevel(level)
    for handler in _ours(root):
        root.removeHandler(handler)
    for handler in ours:
        root.addHandler(handler)
    if found is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**found)


@pytest.fixture(autouse=True)
def _mask_left_as_found() -> Iterator[None]:
    """Undo what a start in the test says about new files: those of the next test have other readers."""
    found = os.umask(0o077)
    os.umask(found)
    yield
    os.umask(found)


def _ours(root: logging.Logger) -> list[logging.Handler]:
    return [handler for handler in root.handlers if getattr(handler, "is_ours", False)]
