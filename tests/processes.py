"""Processes for tests that need several at once.

Each is a copy of one that has imported the gateway and done nothing else: no connection, no thread, no key.
Importing takes more than a second, a copy takes none of it.
"""

from __future__ import annotations

from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext


@cache
def processes() -> ForkServerContext:
    """Return what starts them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["notigateway.app", "notigateway.repository.schema"])
    return context
