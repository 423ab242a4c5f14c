"""What the clients showed: client x operation x verified answer, and what each refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from interop.clients import CLIENTS, ROOT

FAULT = "a fault"
VERIFIED, UNVERIFIED, WRONG, ABSENT, REFUSED = "ok", "open", "BAD", "-", "no"


def operations() -> list[str]:
    """Return the rows: every operation of the contract in its order, then a fault."""
    tree = etree.parse(ROOT / "wsdl/notigateway-v1.wsdl")
    wsdl = "{http://schemas.xmlsoap.org/wsdl/}"
    found = tree.iterfind(f"{wsdl}portType/{wsdl}operation")
    return [*(str(one.get("name")) for one in found), FAULT]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one client printed."""

    versions: str
    cells: dict[str, str]

    @classmethod
    def read(cls, output: str) -> Shown:
        """Read the lines of JSON of a sample."""
        head, *lines = [json.loads(line) for line in output.splitlines()] or [{"versions": "?"}]
        return cls(head["versions"], {line["operation"]: _cell(line) for line in lines})


def _line(head: str, row: list[str]) -> str:
    return f"{head:<38}{' '.join(f'{cell:<4}' for cell in row)}".rstrip()


def _cell(line: dict[str, Any]) -> str:
    if not line["ok"]:
        return WRONG
    return VERIFIED if line["verified"] else UNVERIFIED


@dataclass(slots=True)
class Matrix:
    """The columns, by the client's name; a text instead of a column says why it is not there.

    `refused` are the kinds of false answers, each with the clients that did not believe it.
    """

    columns: dict[str, Shown | str] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the legend with versions, then one row for each operation."""
        numbered = {number: client.name for number, client in enumerate(CLIENTS, 1)}
        legend = [f"{number:>2}  {name:<32}{self._versions(name)}" for number, name in numbered.items()]
        rows = [("operation", [str(number) for number in numbered])]
        rows += [
            (operation, [self._shown(name, operation) for name in numbered.values()])
            for operation in operations()
        ]
        refusals = [
            (kind, [REFUSED if name in by else ABSENT for name in numbered.values()])
            for kind, by in self.refused.items()
        ]
        return [
            *legend,
            "",
            *(_line(head, row) for head, row in rows),
            "",
            f"what an intermediary says ({REFUSED}: not believed)",
            *(_line(head, row) for head, row in refusals),
        ]

    def _versions(self, name: str) -> str:
        column = self.columns.get(name, "not run")
        return column if isinstance(column, str) else column.versions

    def _shown(self, name: str, operation: str) -> str:
        column = self.columns.get(name, "not run")
        return ABSENT if isinstance(column, str) else column.cells.get(operation, ABSENT)
