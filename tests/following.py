"""Who only follows: lists once, then only what changes tell of, and addressees whose titles changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.law.assurance import SIGNED
from notigateway.law.lifecycle import State
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.listing import ListFilter
from notigateway.repository.placing import reading_changes
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from notigateway.addressee.following import ChangesPage
    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session
    from stack import Stack

# Of a notification by its code: whose it is, in which capacity it is seen, its state as it is stored.
View = dict[int, tuple[str, str, str]]


def asking(stack: Stack, caller: Caller) -> Asking:
    """Return who asks, at the stack's now."""
    proof = RequestProof(uuid7(stack.now), b"<signed/>" + uuid7(stack.now).bytes, "rsa-sha256")
    return Asking(caller=caller, assurance=SIGNED, now=stack.now, proof=proof)


@dataclass
class Follower:
    """A caller's view, kept current by following; `walks` counts how often only a whole list could help."""

    stack: Stack
    caller: Caller
    page_size: int = 100
    view: View = field(default_factory=dict)
    cursor: str | None = None
    walks: int = 0
    listed: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Take a cursor, then walk the list."""
        with reading_changes(self.stack.engine) as session:
            self.cursor = self._page(session, from_now=True).next_cursor
        self.view = self.whole()

    def follow(self) -> None:
        """Take in what has changed."""
        while True:
            with reading_changes(self.stack.engine) as session:
                page = self._page(session)
            assert len(page.rows) + len(page.rights) <= self.page_size
            self.view |= {row.code: _seen(row) for row in page.rows}
            if page.rights_changed:
                self.walks += 1
                self.view = self.whole()
            for addressee in dict.fromkeys(right.identifier for right in page.rights):
                self.listed.append(addressee)
                others = {code: one for code, one in self.view.items() if one[0] != addressee}
                self.view = others | self.whole(addressee)
            self.cursor = page.next_cursor
            if not page.has_more:
                return

    def whole(self, addressee: str | None = None) -> View:
        """Return what a full list shows, of everybody or of one addressee."""
        with reading_changes(self.stack.engine) as session:
            return {row.code: _seen(row) for row in self._list(session, addressee)}

    def _page(self, session: Session, *, from_now: bool = False) -> ChangesPage:
        return self.stack.office.following.list_changes(
            session,
            asking(self.stack, self.caller),
            cursor=self.cursor,
            page_size=self.page_size,
            from_now=from_now,
            with_rights=True,
        )

    def _list(self, session: Session, addressee: str | None) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self.stack.office.mailbox.list_notifications(
                session,
                asking(self.stack, self.caller),
                chosen=ListFilter(addressee=addressee),
                cursor=cursor,
                page_size=1_000,
            )
            yield from page.rows
            cursor = page.next_cursor
            if cursor is None:
                return


def _seen(row: Any) -> tuple[str, str, str]:  # noqa: ANN401  (a row of many columns)
    # What is seen has come to be at disposal, whether or not a sweep has written that down already.
    return row.identifier, row.role, State.AVAILABLE if row.state is State.SCHEDULED else row.state
