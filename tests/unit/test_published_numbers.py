"""No number of the published schemas has more digits than common tools read: libxml2 takes 24 at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from notigateway.published import published_folder

if TYPE_CHECKING:
    from pathlib import Path

XS = "{http://www.w3.org/2001/XMLSchema}"
# Without a bound of their own; what has 64 bits or fewer is bounded by its name.
BOUNDLESS = {
    "decimal",
    "integer",
    "positiveInteger",
    "negativeInteger",
    "nonPositiveInteger",
    "nonNegativeInteger",
}
SCHEMAS = sorted(one for kind in ("*.xsd", "*.wsdl") for one in published_folder("wsdl").glob(kind))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda file: file.name)
def test_a_number_without_an_end_is_none_in_our_schemas(schema: Path) -> None:
    numbers = {f"xs:{name}" for name in BOUNDLESS} | {f"xsd:{name}" for name in BOUNDLESS}
    for one in etree.parse(schema).iter(f"{XS}element", f"{XS}attribute", f"{XS}restriction"):
        if one.get("type") in numbers or one.get("base") in numbers:
            ends = [*one.iter(f"{XS}maxInclusive", f"{XS}totalDigits")]
            assert one.tag == f"{XS}restriction", one.attrib
            assert ends, etree.tostring(one)
