"""Processes for tests that need several at once.

Each is a copy of one that has imported the gateway and done nothing else: no connection, no thread, no key.
Importing takes more than a second, a copy takes none of it.
"""

from __future__ import annotations

from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext


IMPORTED: Final = ("notigateway.app", "notigateway.repository.schema", "notigateway.client.pulling")


@cache
def processes() -> ForkServerContext:
    """Return what starts them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context
