"""`docs/etsi.md` maps every part of a receipt and every event: what comes to the schema comes there."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[3]
XS = {"xs": "http://www.w3.org/2001/XMLSchema"}
NAMED = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/etsi.md").read_text("utf-8"), re.MULTILINE)


def test_every_part_and_every_event_is_mapped_once_and_in_order() -> None:
    schema = etree.parse(ROOT / "wsdl/notigateway-evidence-1.xsd")
    receipt = schema.find("xs:element[@name='Evidence']", XS)
    assert receipt is not None
    found = receipt.findall("xs:complexType/xs:sequence/*", XS)
    parts = [one.get("name") or "ds:Signature" for one in found]
    events = schema.findall("xs:simpleType[@name='EventId']//xs:enumeration", XS)
    assert len(parts) > 20
    assert len(events) == 8
    assert NAMED[: len(parts)] == parts
    assert sorted(NAMED[len(parts) :]) == sorted(one.get("value", "") for one in events)
