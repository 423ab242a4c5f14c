"""What a vector is: a file, how it is verified, and what each step comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from vector_log import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vector_pieces import Piece

LATER: Final = datetime(2026, 7, 1, tzinfo=UTC)
_OUTCOMES: Final = {"p": "passed", "f": "failed", "i": "indeterminate", "s": "skipped"}
_RECEIPT: Final = (
    *("schema", "seal certificate", "seal", "policy", "renewed heads", "time-stamp"),
    *("request", "caller's signature", "revocation data", "signer's status"),
    *("chain", "log", "checkpoint", "cosignatures", "checkpoint's time", "form", "existence"),
)
STEPS: Final = {
    ".xml": _RECEIPT,
    ".pdf": ("PDF", *_RECEIPT),
    ".zip": ("container", "manifest", *_RECEIPT),
    ".asice": ("container", "manifest", *_RECEIPT),
}
_BASES: Final = {".xml": "receipt-t", ".pdf": "form", ".zip": "bundle-available", ".asice": "container"}
_OF_SMALL: Final = 30_000
# By letters, in the order of the steps; a receipt without and with its time-stamp, the two bundles.
LONE_B: Final = "pppp ss ssss ssssss s"
LONE_T: Final = "pppp sp ssss ssssss p"
SMALL: Final = "pp pppp sp ssss sppspp p"
LARGE: Final = "pp pppp sp pppp pppspp p"
# V47: what is not proven leaves nothing to be told.
UNPROVEN: Final = "ppfi ii iiii iisssi i"


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One vector; `steps` are letters, spaces between them mean nothing.

    None are those of one whose trust folder, or table of algorithms, cannot be read.

    A good one `is_told` by pieces of another where it differs from that in little.
    """

    name: str
    data: bytes
    steps: str
    says: str
    rule: str | None = None
    trust: str = "trust"
    at: datetime = LATER
    level: str | None = None
    witnesses: bool = False
    request: bytes | None = None
    algorithms: str | None = None
    needs: tuple[str, ...] = ()
    suffix: str = ""
    is_told: bool = False
    is_raised: bool = False

    @property
    def request_file(self) -> str | None:
        """The name of the request that is given beside it."""
        return None if self.request is None else f"{self.name}.request.xml"

    @property
    def base(self) -> str | None:
        """The name of the good vector by which its file is told; None for one that stands by itself."""
        if self.rule is None and not self.is_told:
            return None
        is_large = self.kind == ".zip" and len(self.data) > _OF_SMALL
        return "bundle-acceptance" if is_large else _BASES[self.kind]

    @property
    def kind(self) -> str:
        """How the file's name ends."""
        if self.suffix:
            return self.suffix
        if self.data.startswith(b"PK"):
            return ".asice" if self.data[30:38] == b"mimetype" else ".zip"
        return ".pdf" if self.data.startswith(b"%PDF-") else ".xml"

    @property
    def outcomes(self) -> dict[str, str]:
        """What each step that is taken comes to, in order."""
        letters = self.steps.replace(" ", "")
        names = STEPS[self.kind]
        if "certificate of a power" in self.says:
            names = _RECEIPT[:4]
        if self.is_raised:
            names = _with_additions(names)
        assert len(letters) in {len(names), 1, 0}, self.name
        return {name: _OUTCOMES[letter] for name, letter in zip(names, letters, strict=False)}

    @property
    def outcome(self) -> str:
        """What they come to together (V1)."""
        found = set(self.outcomes.values()) or {"indeterminate"}
        return next((one for one in ("failed", "indeterminate") if one in found), "passed")

    def said(self, file: str, pieces: Sequence[Piece] | None) -> dict[str, Any]:
        """Return its entry in the index."""
        return {
            "name": self.name,
            "file": file,
            "pieces": pieces,
            "trust": self.trust,
            "at": text_of(self.at),
            "require_level": self.level,
            "require_witnesses": self.witnesses,
            "request": self.request_file,
            "algorithms": self.algorithms,
            "needs": list(self.needs),
            "outcome": self.outcome,
            "steps": self.outcomes,
            "rule": self.rule,
            "says": self.says,
        }


def _with_additions(names: Sequence[str]) -> tuple[str, ...]:
    place = names.index("time-stamp")
    return (*names[:place], "archive time-stamps", "time-stamp", "validation data", *names[place + 1 :])


def raised_steps(letters: str, archive: str, stamp: str, data: str) -> str:
    """Return letters with those of a receipt with additions in place of its time-stamp's."""
    found = letters.replace(" ", "")
    place = len(found) - 12
    return found[:place] + archive + stamp + data + found[place + 1 :]


def but(letters: str, kind: str = ".zip", **changed: str) -> str:
    """Return letters with some steps changed; a name's spaces are written `_`, its apostrophe is left out."""
    names = [one.replace(" ", "_").replace("-", "_").replace("'", "") for one in STEPS[kind]]
    found = dict(zip(names, letters.replace(" ", ""), strict=True))
    assert set(changed) <= set(found), changed
    return "".join((found | changed).values())


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return bytes with the one place of some changed."""
    assert data.count(old) == 1, (old, data.count(old))
    return data.replace(old, new)


def flipped(data: bytes, place: int, bit: int = 1) -> bytes:
    """Return bytes with one bit changed."""
    found = bytearray(data)
    found[place] ^= bit
    return bytes(found)
