"""What a seal has made that nobody else has dated yet: what its period may not end before.

Once the period of a seal has ended, what it made counts only where a time-stamp proves that it is older
(`evidence.existence`). So whoever ends it has all of it time-stamped first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, stated_instant
from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import count_unstamped_forms, make_forms_due
from notigateway.repository.log import count_unstamped
from notigateway.repository.retiring import last_head_tokens, latest_dated
from notigateway.repository.timestamps import count_undone, make_due

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

# Their tokens are read one by one; no clock is so wrong that of older ones one is dated later.
_LAST_HEADS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ProofsDue:
    """How much waits for its time-stamp: receipts, heads of the log, PDFs."""

    receipts: int
    heads: int
    forms: int

    @property
    def is_nothing(self) -> bool:
        """Whether nothing waits."""
        return not (self.receipts or self.heads or self.forms)


def count_due(engine: Engine, seal_sha256: str, *, stopped: datetime) -> ProofsDue:
    """Count what a seal that has stopped then has made and nobody has dated.

    Receipts are told apart by when they were made: a few of the next seal's first minutes count too.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        return ProofsDue(
            count_undone(session, made_before=stopped + CLOCKS_DIFFER_AT_MOST),
            count_unstamped(session, seal_sha256=seal_sha256),
            count_unstamped_forms(session, seal_sha256=seal_sha256),
        )


def have_asked_again(engine: Engine, seal_sha256: str, *, stopped: datetime, now: datetime) -> None:
    """Have all of it asked for at once, also what has failed before and was to wait.

    What another job is asking for at this moment is asked for twice; the first that is kept stays.

    Raises: `TemporarilyUnavailableError`.
    """
    with writing(engine) as session:
        make_due(session, made_before=stopped + CLOCKS_DIFFER_AT_MOST, now=now)
        make_forms_due(session, seal_sha256=seal_sha256, now=now)


def last_dated(engine: Engine, seal_sha256: str) -> datetime | None:
    """Return the latest instant of the time-stamps that are kept: what says to be later proves nothing.

    The authority's clock may be ahead, or have been. Other seals' receipts and PDFs are among them.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        found = latest_dated(session)
        tokens = last_head_tokens(session, seal_sha256=seal_sha256, limit=_LAST_HEADS)
    return max([*map(stated_instant, tokens), *([] if found is None else [found])], default=None)
