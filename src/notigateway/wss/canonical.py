"""Exclusive canonical form: the only octets that are ever digested or signed here.

Exclusive XML Canonicalization 1.0 without comments, by libxml2. One trap of lxml is closed here:
it silently drops a prefix of the PrefixList that the dictionary of the thread has never seen. The
prefixes of a parsed document are always in it; `#default` never is, so each thread teaches it the
word first and then proves that it works.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lxml import etree

from notigateway.errors import CanonicalFormError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT: Final = "#default"
_PROBE: Final = b'<a xmlns="urn:d" xmlns:p="urn:p"><p:b/></a>'
_PROVEN: Final = b'<p:b xmlns="urn:d" xmlns:p="urn:p"></p:b>'


def canonical(element: etree._Element, *, prefixes: Sequence[str] = ()) -> bytes:
    """Return the exclusive canonical form of one element with its descendants, without its tail.

    `prefixes` are those of InclusiveNamespaces, `#default` included. The element must come from a
    parse in a prepared thread: a tree built in memory may hold prefixes that lxml would drop.

    Raises: `CanonicalFormError` when a namespace name is a relative URI: such an element has no
    canonical form (Canonical XML 1.0 §1.3).
    """
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.C14NError as error:
        raise CanonicalFormError("no canonical form: a namespace name is relative") from error


def canonical_text(text: str) -> str:
    """Return a text node as Canonical XML writes it (§2.3). Raises: `ValueError` for what XML cannot hold."""
    if _AS_IT_IS(text):  # nearly every one: one look at it costs no more than to remember it
        return text
    if _NO_XML.search(text):
        raise ValueError("a character that XML 1.0 does not have")
    return escape(text, _CARRIAGE_RETURN)


# Every Char but those that are written otherwise: `&`, `<`, `>` and the carriage return.
_AS_IT_IS: Final = re.compile("[\\t\\n -%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*").fullmatch
# XML 1.0 §2.2: what is no Char
_NO_XML: Final = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CARRIAGE_RETURN: Final = {"\r": "&#xD;"}


def inclusive(element: etree._Element) -> bytes:
    """Return the inclusive canonical form (C14N 1.0) of one element, without comments and its tail.

    Only for documents whose size and declarations were limited before: each element that it visits
    costs all declarations in scope. Attributes `xml:…` of ancestors are not inherited: the caller
    refuses documents that have any there.

    Raises: `CanonicalFormError` like `canonical`.
    """
    try:
        return etree.tostring(element, method="c14n", exclusive=False, with_comments=False)
    except etree.C14NError as error:
        raise CanonicalFormError("no canonical form: a namespace name is relative") from error


def prepare_thread() -> None:
    """Teach this thread's dictionary of names `#default`, and prove it; at once when done before.

    Documents parsed afterwards in this thread canonicalise a PrefixList with `#default` rightly.

    Raises: `ServiceError` when this installation of lxml cannot do it.
    """
    if _thread.prepared:
        return
    # the one parser that takes it for a name
    etree.fromstring(f"<p {_DEFAULT}=''></p>", etree.HTMLParser())
    probe = etree.fromstring(_PROBE)[0]
    if canonical(probe, prefixes=[_DEFAULT]) != _PROVEN:
        raise ServiceError("lxml does not canonicalise the PrefixList entry #default")
    _thread.prepared = True


class _Thread(threading.local):
    """What this thread has done already."""

    prepared = False


_thread: Final = _Thread()
