"""From notices to messages: what is due is put into words and written down, for each address one.

Whoever wants each at once gets a message for each; a digest is one for all that is due by the hour of
digests, in several where it would be too long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.law.contacts import NoticeKind, NoticeState, digest_cutoff, warned_until
from notigateway.law.lifecycle import UNDECIDED
from notigateway.outbox.wording import Telling, is_communication, write
from notigateway.repository import composing as rows
from notigateway.repository.contacts import erase_contacts
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.mails import erase_mails, write_mails
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine, Row

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session

# So many notices are read and written in one transaction.
_BATCH: Final = 500
# A message of so many has a quarter of a megabyte, in two languages half of one: mail servers take it, and
# people read no more.
DIGEST_MOST: Final = 1000
# Powers that expired longer ago are told by nobody any more.
_EXPIRED_WITHIN: Final = timedelta(days=3)
_ERASED_AT_ONCE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Composing:
    """How notices become messages; `page` is told in them where there is one."""

    rights: RightsPolicy
    digest_hour: int = 8
    page: str = ""


def find_due(engine: Engine, composing: Composing, *, now: datetime) -> int:
    """Queue what nobody's request tells: deadlines that approach, powers that have expired; return how many.

    Once an hour is often enough: either is a matter of days.
    """
    with reading(engine) as session:
        days = rows.list_deadline_days(session)
    with writing(engine) as session:
        until = [(one, warned_until(now, one)) for one in days]
        found = rows.queue_deadlines(session, until=until, rights=composing.rights, now=now)
        return found + rows.queue_expired(session, since=now - _EXPIRED_WITHIN, now=now)


def compose(engine: Engine, composing: Composing, *, now: datetime, most: int) -> int:
    """Write messages for what is due, of at most so many notices and a batch; return of how many it was.

    What waits is looked through without keeping others from writing; most runs find nothing to write.
    """
    with reading(engine) as session:
        is_any_undue = rows.has_undue(session, now=now)
    if is_any_undue:
        with writing(engine) as session:
            rows.drop_undue(session, now=now)
    done = 0
    for write_some in (_compose_immediate, _compose_digests):
        while done < most:
            written = write_some(engine, composing, now=now)
            if not written:
                break
            done += written
            let_others_write(engine)
    return done


def erase(engine: Engine, *, before: datetime) -> int:
    """Erase addresses and words of what ended before an instant; return of how many messages."""
    with writing(engine) as session:
        erase_contacts(session, replaced_before=before)
        return erase_mails(session, ended_before=before, limit=_ERASED_AT_ONCE)


def _compose_immediate(engine: Engine, composing: Composing, *, now: datetime) -> int:
    with reading(engine) as session:
        if not rows.has_immediate(session, now=now):
            return 0
    with writing(engine) as session:
        found = rows.claim_immediate(session, now=now, limit=_BATCH)
        _write(session, [[one] for one in found], composing, now=now)
    return len(found)


def _compose_digests(engine: Engine, composing: Composing, *, now: datetime) -> int:
    """Write one message for each of some parties."""
    until = digest_cutoff(now, composing.digest_hour)
    with reading(engine) as session:
        parties = rows.list_digested(session, until=until, limit=_BATCH)
    done = 0
    if parties:
        with writing(engine) as session:
            for party in parties:
                found = rows.claim_digest(session, party, until=until, limit=DIGEST_MOST)
                _write(session, [found], composing, now=now, since=until)
                done += len(found)
                if done >= DIGEST_MOST:
                    break
    return done


def _write(
    session: Session,
    groups: Sequence[Sequence[Row[*tuple[Any, ...]]]],
    composing: Composing,
    *,
    now: datetime,
    since: datetime | None = None,
) -> None:
    """Write the messages of each group, which is for one party; they wait since then, or since it was due."""
    mails: list[dict[str, object]] = []
    composed: list[tuple[int, UUID]] = []
    for group in groups:
        if not group:
            continue
        first, mailing = group[0], uuid7(now)
        words = write([_telling(one) for one in group], first.language, page=composing.page)
        composed += [(one.id, mailing) for one in group]
        mails += [
            {
                "id": uuid7(now),
                "mailing": mailing,
                "party": first.party,
                "contact_id": first.contact_id,
                "address": address,
                "subject": words.subject,
                "body": words.text,
                "told": len(group),
                "outcome": NoticeState.QUEUED,
                "queued_at": since or min(one.due_at for one in group),
                "due_at": now,
                "attempts": 0,
                "ended_at": None,
                "trouble": None,
            }
            for address in first.addresses.splitlines()
        ]
    write_mails(session, mails)
    if composed:
        rows.mark_composed(session, composed)


def _telling(row: Row[*tuple[Any, ...]]) -> Telling:
    """Return what a notice tells."""
    is_red = row.kind is NoticeKind.RED_ENDED
    return Telling(
        kind=row.kind,
        at=row.at,
        # Of what was decided meanwhile nobody has to be told how long it can wait.
        deadline=row.deadline if row.state in UNDECIDED else None,
        addressee=row.addressee or "",
        addressee_name=row.name or row.addressee_name or "",
        is_communication=is_communication(row.item_kind),
        is_special=bool(row.special_category),
        subject=row.subject or "",
        reference=row.reference or "",
        body=row.body or "",
        holder=(row.red_party if is_red else row.attorney) or "",
        holder_name=(row.red_name if is_red else row.attorney_name) or "",
        what=f"{row.authorisation} / {row.account}" if is_red else row.item or "",
    )
