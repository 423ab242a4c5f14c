"""The checks that there are: each declared once, beside what it does.

An identifier never changes its meaning: reports of later versions are compared with earlier ones by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    # Takes what is asked: a `Target`, or of clients their `Play`.
    Asking = Callable[[Any], None]

V1: Final = frozenset({"v1"})
WSCN: Final = frozenset({"wscn"})
BOTH: Final = V1 | WSCN
CLIENT: Final = frozenset({"client"})

# What the first part of an identifier says, in the order in which the checks are made.
GROUPS: Final = {
    "ANS": "Answers",
    "HTTP": "HTTP",
    "XML": "XML and the envelope",
    "SIG": "Signatures",
    "TIME": "Freshness and replay",
    "CERT": "Certificates and callers",
    "WRAP": "Signature wrapping",
    "ADDR": "WS-Addressing",
    "OP": "Arguments and versions",
    "LIST": "Lists",
    "DEC": "Decisions",
    "DOC": "Documents",
    "REC": "Receipts",
    "CHG": "Changes and history",
    "PRIV": "What is somebody else's",
    "WSCN": "The Social Security's contract",
    "ACUSE": "Receipts that a party signs",
    "LAW": "What time does",
    "USE": "A client where all is well",
    "TRUST": "Answers that a client must not believe",
    "AGAIN": "What a client asks again",
}
_MODULES: Final = (
    "answer_form",
    "http_rules",
    "xml_rules",
    "signature_rules",
    "time_rules",
    "certificate_rules",
    "wrapped_rules",
    "addressing_rules",
    "argument_rules",
    "list_rules",
    "decision_rules",
    "document_rules",
    "receipt_rules",
    "change_rules",
    "others_rules",
    "wscn_rules",
    "acuse_rules",
    "clock_rules",
    "acting_rules",
    "client_rules",
)


class Need(Enum):
    """What a check cannot do without; its value says how it is given."""

    EFFECT = "permission to decide: --may-decide, or a sandbox"
    SECOND = "a second caller: --second-p12, or a sandbox"
    SEAL = "the certificate of the seal: --seal-cert, or a sandbox"
    PUBLISHING = "new acts for the caller: --issuer-p12 with --may-decide, or a sandbox"
    CLOCK = "a clock that can be moved: --sandbox"
    HOLDERS = "certificates of every kind: --sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is asked for, where that stands, and what asks.

    `ask` returns where the service does it; raises `FailedError` where it does not, `SkippedError` where it
    could not be asked.
    """

    identifier: str
    asks: str
    source: str
    contracts: frozenset[str]
    needs: tuple[Need, ...]
    ask: Asking = field(repr=False, compare=False)

    @property
    def group(self) -> str:
        """Return the first part of its identifier."""
        return self.identifier.partition("-")[0]


_checks: Final[dict[str, Check]] = {}


def check(
    identifier: str, asks: str, source: str, *needs: Need, contracts: frozenset[str] = V1
) -> Callable[[Asking], Asking]:
    """Declare a check."""

    def declare(ask: Asking) -> Asking:
        if identifier in _checks:
            raise ValueError(f"{identifier} is declared twice")
        _checks[identifier] = Check(
            identifier=identifier, asks=asks, source=source, contracts=contracts, needs=needs, ask=ask
        )
        return ask

    return declare


def all_checks() -> Sequence[Check]:
    """Return all of them, group by group."""
    for module in _MODULES:
        import_module(f"notigateway.conformance.checks.{module}")
    groups = list(GROUPS)
    return sorted(_checks.values(), key=lambda one: groups.index(one.group))


def chosen_checks(contract: str, only: Iterable[str] = ()) -> list[Check]:
    """Return those of a contract; with `only` those whose identifier is, or begins with, one of these."""
    wanted = set(only)
    return [
        one
        for one in all_checks()
        if contract in one.contracts and (not wanted or {one.identifier, one.group} & wanted)
    ]
