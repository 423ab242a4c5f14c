"""What is wrong with the tables that lists, changes and counts are answered from: the check of what is kept.

What they must say follows from notifications, changes and windows (`repository/kept.py`). A row that is not
there is missed at its notification; one that must not be there is found among those of its table. Each
comparison is one statement, and so of one moment, whatever others write meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.log.portions import Sort
from notigateway.log.rules import Finding, Rule
from notigateway.repository import kept as stored
from notigateway.repository.row_texts import RowText
from notigateway.repository.texts_anew import texts_amiss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.log.portions import Portion
    from notigateway.repository.session import Session

_CURE: Final = "`notigateway red plan` mends it"
TABLES: Final = {
    Sort.OWN_INBOX: stored.OWN_ITEMS,
    Sort.OWN_CHANGES: stored.OWN_CHANGES,
    Sort.RED_INBOX: stored.RED_ITEMS,
    Sort.RED_CHANGES: stored.RED_CHANGES,
}
# So many rows of a table are looked at as one portion.
KEPT_AT_ONCE: Final = 5_000
# No key comes after it.
_LAST: Final = (2**31 - 1, 2**63 - 1)


def missed(session: Session, *, after: int, until: int) -> Iterator[Finding]:
    """Yield what is not kept as it must be, of notifications whose codes follow one, until another."""
    given = {"after": after, "until": until}
    for table in stored.ALL:
        for code, identifier, position in session.connection().execute(table.missed, given):
            subject = f"notification {code} of {identifier}"
            what = "it" if position is None else f"its change {position}"
            yield Finding(Rule.KEPT, subject, f"{table.name} lacks {what}, or says otherwise: {_CURE}")
    for code, identifier in texts_amiss(session, after=after, until=until).wrong.items():
        subject = f"notification {code} of {identifier}"
        yield Finding(Rule.KEPT, subject, f"{RowText.__tablename__} says otherwise than its columns: {_CURE}")


def surplus(session: Session, portion: Portion) -> Iterator[Finding]:
    """Yield the rows of a portion of a kept table that must not be there, and who has no number in one."""
    table = TABLES[portion.sort]
    until = _LAST if portion.until is None else portion.until
    for owner, key in session.connection().execute(table.surplus(portion.after, until)):
        what = f"change {key}" if table.is_of_changes else f"notification {key}"
        subject = f"{what} of {owner or 'nobody'}"
        yield Finding(Rule.KEPT, subject, f"{table.name} has it, and must not: {_CURE}")
    if table is stored.RED_ITEMS and portion.is_first:
        for red_party, authorisation in session.connection().execute(stored.boxes_missing()):
            subject = f"authorisation {authorisation} of {red_party}"
            yield Finding(Rule.KEPT, subject, f"red_boxes lacks it: {_CURE}")
