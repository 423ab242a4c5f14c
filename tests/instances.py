"""A complete message of each published element, made from its schema: every child, lists with two."""

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.published import published_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lxml.etree import _Element

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
# A value of each type that is not a list of words; a number makes it another one where the type allows it.
_VALUES: Final[Mapping[str, Callable[[int], str]]] = {
    "Uuid": "01931e7c-5c00-7cc3-98c4-{:012d}".format,
    "CorrelationId": "01931e7c-5c00-7cc3-98c4-{:012d}".format,
    "Nif": "B{:08d}".format,
    "Dir3": "EA{:07d}".format,
    "Sha256": "{:064x}".format,
    "Ccc": "0111{:011d}".format,
    "Naf": "{:012d}".format,
    "DateTime": lambda n: f"2026-11-26T09:{n % 60:02d}:15.{n % 899 + 101}Z",
    "Instant": lambda n: f"2026-11-26T09:{n % 60:02d}:15.{n % 899 + 101}Z",
    "ContractVersion": lambda _: "1.1",
    "PageSize": lambda n: str(n % 1000 + 1),
    "CountPageSize": lambda n: str(n % 5000 + 1),
    "Offset": lambda n: str(n + 1),
    "Length": lambda n: str(n + 1),
    "boolean": lambda _: "true",
    "YesNo": lambda _: "false",
    "int": lambda n: str(n + 1),
    "integer": lambda n: str(n + 1),
    "long": lambda n: str(3_000_000_000 + n),
    "duration": lambda n: f"P9DT14H29M{n % 59 + 1}S",
    "base64Binary": lambda n: f"{n % 10000:04d}",
    "dateTime": lambda n: f"2026-11-26T09:{n % 60:02d}:15Z",
}


class Instances:
    """Makes messages of one schema, of which no two texts are the same by chance."""

    def __init__(self, schema: str, root: _Element | None = None) -> None:
        """Read the published schema of that name, or another `root`."""
        root = etree.parse(published_folder("wsdl") / f"{schema}.xsd").getroot() if root is None else root
        self.namespace = str(root.get("targetNamespace") or "")
        self._is_qualified = root.get("elementFormDefault") == "qualified"
        self._named: dict[tuple[str, str], _Element] = {
            (etree.QName(one).localname, str(one.get("name"))): one for one in root if one.get("name")
        }
        self._number = count(1)
        self._words: dict[str, Iterator[str]] = {}

    def names(self) -> list[str]:
        """Return the names of the elements that a message can begin with."""
        return [name for kind, name in self._named if kind == "element"]

    def of(self, name: str, repeated: Mapping[tuple[str, str], int] | None = None) -> _Element:
        """Return a message: each list has two, or as many as `repeated` says for its owner and its name."""
        message = etree.Element(f"{{{self.namespace}}}{name}", nsmap={None: self.namespace})
        declared = self._named["element", name]
        if kind := declared.get("type"):
            self._typed(message, kind, repeated or {})
        else:
            self._fill(message, name, declared, repeated or {})
        return message

    def _fill(
        self, made: _Element, owner: str, declared: _Element, repeated: Mapping[tuple[str, str], int], /
    ) -> None:
        for child in declared.iter(f"{_XS}element"):
            if child is declared:
                continue
            name = str(child.get("name"))
            times = 1 if child.get("maxOccurs", "1") == "1" else repeated.get((owner, name), 2)
            for _ in range(times):
                tag = f"{{{self.namespace}}}{name}" if self._is_qualified else name
                self._typed(etree.SubElement(made, tag), str(child.get("type")), repeated)

    def _typed(self, made: _Element, kind: str, repeated: Mapping[tuple[str, str], int]) -> None:
        prefix, _, name = kind.rpartition(":")
        if prefix in {"xs", "xsd"}:
            made.text = self._value(name)
        elif ("complexType", name) in self._named:
            declared = self._named["complexType", name]
            for attribute in declared.iter(f"{_XS}attribute"):
                made.set(str(attribute.get("name")), self._value("string"))
            if declared.find(f"{_XS}simpleContent") is not None:
                made.text = self._value("string")
            self._fill(made, name, declared, repeated)
        else:
            made.text = self._word(name) or self._value(name)

    def _word(self, name: str) -> str | None:
        words = [str(one.get("value")) for one in self._named["simpleType", name].iter(f"{_XS}enumeration")]
        if not words:
            return None
        return next(self._words.setdefault(name, cycle(words)))

    def _value(self, name: str) -> str:
        number = next(self._number)
        return _VALUES[name](number) if name in _VALUES else f"ñ {number} & <more>"
