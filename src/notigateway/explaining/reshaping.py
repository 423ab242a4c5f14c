"""The same part in another shape: indented or not, without its id; always within its whole document."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.explaining.cause import Known
from notigateway.wss.ns import WSU_ID

if TYPE_CHECKING:
    from collections.abc import Callable


def path_of(element: etree._Element) -> list[int]:
    """Return the place of an element by counting: from the root, which child of each."""
    steps: list[int] = []
    parent = element.getparent()
    while parent is not None:
        steps.insert(0, parent.index(element))
        element, parent = parent, parent.getparent()
    return steps


def changed(target: etree._Element, change: Callable[[etree._Element], None]) -> etree._Element:
    """Return the part in a copy of the whole document, so that its namespaces stay, after a change."""
    copy = deepcopy(target.getroottree().getroot())
    for step in path_of(target):
        copy = copy[step]
    change(copy)
    return copy


def _without_indentation(part: etree._Element) -> None:
    for element in part.iter():
        if len(element) and not (element.text or "").strip():
            element.text = None
        if element is not part and not (element.tail or "").strip():
            element.tail = None


def _without_outer_space(part: etree._Element) -> None:
    for element in part.iter():
        if not len(element):
            element.text = (element.text or "").strip(" \t\n") or None


def _without_id(part: etree._Element) -> None:
    for name in (WSU_ID, "Id"):
        part.attrib.pop(name, None)


def _indented(space: str) -> Callable[[etree._Element], None]:
    """Return what indents the whole document, as it was before somebody took the indentation out."""

    def indent(part: etree._Element) -> None:
        etree.indent(part.getroottree().getroot(), space=space)

    return indent


def _alone(space: str) -> Callable[[etree._Element], None]:
    """Return what indents the part as if it were a document."""

    def indent(part: etree._Element) -> None:
        etree.indent(part, space=space)

    return indent


_LAST: Final = "sign last, and let nothing format the message afterwards"
CHANGES: Final[tuple[Known[Callable[[etree._Element], None]], ...]] = (
    Known("pretty-printed-after-signing",
          "pretty-printed after signing: the digest is that of the part without its "
          "indentation", _LAST, _without_indentation),
    Known("white-space-added", "white space was added around texts after signing", _LAST,
          _without_outer_space),
    Known("id-set-after-digest", "the Id attribute was set after the digest was taken", "set ids first",
          _without_id),
    Known("indentation-of-2-removed", "signed with an indentation of 2 that was removed afterwards", _LAST,
          _indented("  ")),
    Known("indentation-of-4-removed", "signed with an indentation of 4 that was removed afterwards", _LAST,
          _indented("    ")),
    Known("indentation-by-tabs-removed", "signed with an indentation by tabs that was removed afterwards",
          _LAST,
          _indented("\t")),
    Known("digested-pretty-printed", "digested as a document of its own with an indentation", _LAST,
          _alone("  ")),
)  # fmt: skip
