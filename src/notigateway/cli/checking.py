"""What `notigateway check` does: looks at everything, in several processes where it is much."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notigateway.cli.opening import opened
from notigateway.cli.together import looked_in_order, worth
from notigateway.evidence.seals import load_history
from notigateway.log.wholeness import Checking
from notigateway.receipts.authorities import dated_authorities
from notigateway.repository.marking import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.log.rules import Finding
    from notigateway.settings import Settings

_THINGS_FOR_ONE_MORE: Final = 1_000


@contextmanager
def opened_checking(settings: Settings) -> Iterator[Checking]:
    """Open what is checked by the settings.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    seals = load_history(settings)
    with opened(settings) as engine:
        store = open_store(settings.document_store_url, engine)
        authorities, now = dated_authorities(settings), datetime.now(UTC)
        yield Checking(engine, store, seals, authorities, settings.log_origin, now)


def findings(
    settings: Settings,
    checking: Checking,
    *,
    total: int,
    processes: int,
    on_progress: Callable[[int], None],
) -> Iterator[Finding]:
    """Yield what does not hold, the same and in the same order however many processes look.

    Raises: `TemporarilyUnavailableError`.
    """
    wanted = worth(processes, total, for_one_more=_THINGS_FOR_ONE_MORE)
    if wanted == 1:
        yield from checking.findings(on_progress)
        return
    looked = looked_in_order(
        checking.portions(),
        Checking.look,
        opening=opened_checking,
        settings=settings,
        processes=wanted,
    )
    yield from checking.gathered(looked, on_progress)
