"""Makes asn1crypto fit for threads, so that none has to wait for another's certificate or PDF.

The library completes a class when it is first used, in several steps, and a structure when it is first asked
for: two threads that do so at once find either half-filled. So its classes are completed before any thread
uses one, and no structure is shared: whoever reads bytes has its own. `cryptography` needs none of this.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

# These two add names to classes of the others, which must be there before those are complete.
from asn1crypto import pdf, tsp  # type: ignore[import-untyped]  # noqa: F401
from asn1crypto.core import Asn1Value, Choice  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock: Final = threading.Lock()
_complete: Final[set[type]] = {Asn1Value, Choice}  # a choice between nothing is only there to be extended


def complete_classes() -> None:
    """Complete every class that is known by now: once after the imports of each module that reads ASN.1.

    A class is complete when one of it was made.
    """
    with _lock:
        for kind in _known(Asn1Value):
            if kind not in _complete:
                kind()
                _complete.add(kind)


def _known(kind: type) -> Iterator[type]:
    """Yield a class and all that extend it."""
    yield kind
    one: type
    for one in kind.__subclasses__():
        yield from _known(one)
