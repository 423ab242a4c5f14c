"""The contracts as they were published in an earlier version, for what must still be true of them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1, namespace_of

if TYPE_CHECKING:
    from lxml.etree import _Element

CONTRACT_1_0: Final = Path(__file__).parent / "interop" / "contract_1_0"
FILES: Final = {NOTIGATEWAY_V1: "notigateway-v1", NOTIGATEWAY_ISSUING_V1: "notigateway-issuing-v1"}
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_by_thread: Final = threading.local()


def schema_1_0(name: str) -> _Element:
    """Return a schema of contract 1.0 as it was published."""
    return etree.parse(CONTRACT_1_0 / f"{name}.xsd").getroot()


def check_1_0(element: _Element) -> None:
    """Check that an answer is one of contract 1.0; of operations that came later nothing is known."""
    if not hasattr(_by_thread, "schemas"):  # a schema's errors are not for sharing
        _by_thread.schemas = {
            namespace: (
                {str(one.get("name")) for one in schema_1_0(name).iterfind(f"{_XS}element")},
                etree.XMLSchema(schema_1_0(name)),
            )
            for namespace, name in FILES.items()
        }
    known, schema = _by_thread.schemas[namespace_of(str(element.tag))]
    if etree.QName(element).localname in known:
        schema.assertValid(element)
