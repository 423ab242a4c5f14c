"""Asks for the time-stamps of the seals on PDFs, beside those of receipts: outside of every request.

A form is made when it is first asked for, and whoever asks never waits for an authority: what is kept has
level B until this job has come by, a minute later. Only the hash of the seal's signature is needed for it, so
no document is read.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.errors import RevocationDataError, StampInvalidError
from notigateway.evidence.cms import TOKEN_ROOM
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, Timestamp
from notigateway.repository.engine import writing
from notigateway.repository.forms import claim_due_forms, keep_form_token, postpone_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

_CLAIMED_FOR: Final = timedelta(minutes=30)


def stamp_forms(
    engine: Engine,
    ask: Callable[[bytes], Timestamp],
    pool: Executor,
    *,
    now: datetime,
    pause: Callable[[int], timedelta],
    limit: int,
) -> list[Timestamp | str]:
    """Ask for the time-stamps of forms that are due, a batch of them; return each, or why there is none.

    `ask` asks the authority for a checked time-stamp of a SHA-256; `pause` is how long to wait after so many
    attempts.
    """
    with writing(engine) as session:
        due = claim_due_forms(session, now=now, until=now + _CLAIMED_FOR, limit=limit)
        claimed = [(row.receipt_id, row.imprint or "", row.made_at, row.timestamp_attempts) for row in due]

    def answer(one: tuple[UUID, str, datetime, int]) -> Timestamp | str:
        try:
            found = ask(bytes.fromhex(one[1]))
        except (StampInvalidError, RevocationDataError) as error:
            return error.detail
        if found.at < one[2] - CLOCKS_DIFFER_AT_MOST:
            return "the time-stamp is from before the seal that it is about"
        if len(found.token) > TOKEN_ROOM:
            return f"the time-stamp has {len(found.token)} bytes, and a PDF has room for {TOKEN_ROOM}"
        return found

    answers = list(pool.map(answer, claimed))
    if claimed:
        with writing(engine) as session:
            for (receipt_id, _, _, attempts), found in zip(claimed, answers, strict=True):
                if isinstance(found, Timestamp):
                    keep_form_token(session, receipt_id, token=found.token, at=found.at)
                else:
                    postpone_form(session, receipt_id, until=now + pause(attempts))
    return answers
