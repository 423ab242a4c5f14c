"""Writing down who asked for what: one access record for each verified request, whatever became of it.

It says who (party, signer, certificate), for whom, which notifications, what came of it and when; never
a word of content. What a request changes is committed with its record or not at all, what it reads
leaves the process only after the record's commit.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from notigateway.instants import instant_text
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from notigateway.errors import GatewayError
    from notigateway.law.caller import Caller

# Addressees, refused items by their code, codes, codes that were read for information.
Noted: TypeAlias = "tuple[dict[str, None], dict[str, list[str]], list[int], list[int]]"

OK: Final = "OK"
# Before the operation is known there is none to name; a stranger's word is never recorded as one.
NO_OPERATION: Final = "none"


class AccessNotes:
    """What is to be recorded of one request; the operation adds what only it knows.

    `result` is OK or the code of the error by which the whole request was refused.
    """

    def __init__(self, caller: Caller, *, correlation_id: UUID, now: datetime) -> None:
        self.caller = caller
        self.correlation_id = correlation_id
        self.now = now
        self.operation = NO_OPERATION
        self.result = OK
        self._asked: list[str] = []
        self._addressees: dict[str, None] = {}
        self._refused: dict[str, list[str]] = {}
        self._codes: list[int] = []
        self._for_information: list[int] = []

    def ask(self, identifiers: Iterable[str]) -> None:
        """Note what the request names: notifications, documents, powers."""
        self._asked += identifiers

    def found(self, codes: Mapping[int, str]) -> None:
        """Note which notifications the answer tells of, and for whom: each one's addressee."""
        self._codes += codes
        self._addressees |= dict.fromkeys(codes.values())

    def show(self, codes: Iterable[int]) -> None:
        """Note which notifications the answer tells of, where it does not say for whom they are."""
        self._codes += codes

    def read_for_information(self, codes: Iterable[int]) -> None:
        """Note of which notifications content was read for information, without effect."""
        self._for_information += codes

    def refuse(self, identifier: object, problem: type[GatewayError]) -> None:
        """Note that one item of a batch was refused."""
        self._refused.setdefault(problem.code, []).append(str(identifier))

    def noted(self) -> Noted:
        """Return what the operation has added so far."""
        refused = {code: list(items) for code, items in self._refused.items()}
        return dict(self._addressees), refused, list(self._codes), list(self._for_information)

    def note_again(self, noted: Noted) -> None:
        """Have what was noted then, and nothing that was added since: it has not come about."""
        addressees, refused, codes, for_information = noted
        self._addressees = dict(addressees)
        self._refused = {code: list(items) for code, items in refused.items()}
        self._codes, self._for_information = list(codes), list(for_information)

    @property
    def rows(self) -> int:
        """How many notifications the answer tells of."""
        return len(set(self._codes))

    @property
    def refused_items(self) -> dict[str, int]:
        """How many items of a batch were refused, by the code."""
        return {code: len(items) for code, items in self._refused.items()}

    def columns(self) -> dict[str, Any]:
        """Return the columns of its `AccessRecord`, for the transaction that is committed next."""
        identifier = uuid7(self.now)
        return {
            "id": identifier,
            "at": self.now,
            "party": self.caller.party,
            "operation": self.operation,
            "result": self.result,
            "record": self._render(identifier),
        }

    def _render(self, identifier: UUID) -> bytes:
        said = {
            "id": str(identifier),
            "at": instant_text(self.now),
            "correlationId": str(self.correlation_id),
            "operation": self.operation,
            "result": self.result,
            "party": self.caller.party,
            "signer": self.caller.signer,
            "certificateSha256": self.caller.certificate_fingerprint,
            "addressees": list(self._addressees),
            "asked": self._asked,
            "refused": self._refused,
            "codes": as_ranges(self._codes),
            "forInformation": as_ranges(self._for_information),
        }
        kept = {name: value for name, value in said.items() if value}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def as_ranges(codes: Iterable[int]) -> str:
    """Write codes in order as ranges, for example `3-7,12`: a page of a thousand is a few characters."""
    ordered = sorted(set(codes))
    if not ordered:
        return ""
    gaps = [(left, right) for left, right in pairwise(ordered) if right - left > 1]
    starts = [ordered[0], *(right for _, right in gaps)]
    ends = [*(left for left, _ in gaps), ordered[-1]]
    return ",".join(
        str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True)
    )
