"""Who asks for changes of rights by SOAP with every cursor it keeps, and cursors that nobody was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.cursors import write_place
from stack import NG, text

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.addressee.rights_followed import Told
    from notigateway.pki.keys import KeyPair
    from stack import Stack

ASKED = "<withRightsChanges>true</withRightsChanges><contractVersion>1.1</contractVersion>"


class Follower:
    """A caller that asks for changes of rights with every cursor that it keeps."""

    def __init__(self, stack: Stack, holder: KeyPair, *, page_size: int = 100) -> None:
        self.stack, self.holder, self.page_size = stack, holder, page_size
        self.cursor = ""
        self.page("<fromNow>true</fromNow>")

    def page(self, more: str = "", asked: str = ASKED) -> _Element:
        """Ask for the next page."""
        cursor = f"<cursor>{self.cursor}</cursor>" if self.cursor else ""
        inner = f"{cursor}{more}<pageSize>{self.page_size}</pageSize>{asked}"
        answer = self.stack.ask("ListChanges", inner, holder=self.holder)
        assert answer.status == 200, answer.body
        self.cursor = text(answer.tree, "nextCursor") or ""
        return answer.tree

    def rights(self) -> list[tuple[str | None, ...]]:
        """Return kind, addressee, role and reference of what is told, as long as there is more."""
        found, has_more = [], "true"
        while has_more == "true":
            page = self.page()
            assert text(page, "rightsChanged") == "false"
            found += page.findall("ng:rightsChange", NG)
            has_more = text(page, "hasMore") or ""
        names = ("kind", "addressee/identifier", "role", "reference")
        return [tuple(text(one, name) for name in names) for one in found]


def forged(stack: Stack, party: str, told: Told) -> str:
    """Return a cursor as nobody was given one."""
    numbers = (0, int(stack.now.timestamp() * 1000), int(stack.now.timestamp() * 1000), 0, told.fingerprint)
    return write_place(numbers, belongs_to=("changes", party), beside=told.sketch)
