"""The vectors of trust folders and tables of algorithms: what is read of them, and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from vector_evidence import DISPOSED, available
from vector_kind import LONE_T, Vector
from vector_log import vkey
from vectors_good import available_t, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEAL: Final = '["seal.cer"]\n'
_REVIEWED: Final = "reviewed = 2026-06-15\n"
_ENDS: Final = '\n[ends]\n"SHA-1" = 2014-01-01T00:00:00Z\n'
# `since` is the instant of the receipt: of a tenth of a microsecond more it would be too early.
SPELT: Final = (
    "# so\r\n[ 'seal.cer' ]\r\n\"since\" = 2026-05-29 14:00:00.0000001+02:00\t# so\r\n"
    "'until'=2026-05-30t00:00:00z"
)
_PERIODS: Final = {
    "empty": (_SEAL, "A table without anything in it."),
    "order": (
        f"{_SEAL}stops = 2027-01-01T00:00:00Z\nuntil = 2026-12-31T23:59:59Z\n",
        "A seal that ends before it stops.",
    ),
    "no-zone": (f"{_SEAL}until = 2027-01-01T00:00:00\n", "An instant without a zone."),
    "date": (f"{_SEAL}until = 2027-01-01\n", "A date in the place of an instant."),
    "misspelt": (f"{_SEAL}Until = 2027-01-01T00:00:00Z\n", "A name that a period does not have."),
    "nobodys": ('["sea1.cer"]\nuntil = 2027-01-01T00:00:00Z\n', "A period of a file that is not there."),
    "carriage-return": (f"{_SEAL}until = 2027-01-01T00:00:00Z\r# so\n", "A carriage return by itself."),
}
ALGORITHMS: Final = {
    "not-reviewed": _ENDS,
    "reviewed-instant": f"reviewed = 2026-06-15T00:00:00Z\n{_ENDS}",
    "no-zone": f'{_REVIEWED}\n[ends]\n"SHA-1" = 2014-01-01T00:00:00\n',
    "unknown": f'{_REVIEWED}\n[ends]\n"SHA-257" = 2014-01-01T00:00:00Z\n',
    "with-more": f'{_REVIEWED}by = "me"\n{_ENDS}',
}


def odd_folders() -> dict[str, dict[str, str]]:
    """Return what makes each trust folder one that cannot be read."""
    witnesses = f'witnesses = ["{vkey("w1")}"]\n'
    return {
        **{f"trust-periods-{name}": {"seals/periods.toml": table} for name, (table, _) in _PERIODS.items()},
        "trust-witnesses-misspelt": {"witnesses.toml": f"{witnesses}proves-time = true\n"},
        "trust-witnesses-too-few": {"witnesses.toml": f"{witnesses}needed = 2\n"},
    }


def trusting() -> Iterator[Vector]:
    """Yield them."""
    yield Vector(
        name="trust-spelt",
        data=stamped(available(), DISPOSED + timedelta(seconds=40)),
        trust="trust-spelt",
        steps=LONE_T,
        is_told=True,
        says="Periods in other spellings of TOML.",
    )

    def unread(name: str, rule: str, says: str, **more: str) -> Vector:
        return Vector(name=name, data=available_t(), rule=rule, steps="", says=says, **more)  # type: ignore[arg-type]

    for name, (_, says) in _PERIODS.items():
        yield unread(f"trust-periods-{name}", "V6", says, trust=f"trust-periods-{name}")
    for name in ("misspelt", "too-few"):
        folder = f"trust-witnesses-{name}"
        yield unread(f"trust-witnesses-{name}", "V65", "Witnesses that cannot be read.", trust=folder)
    for name in ALGORITHMS:
        table = f"algorithms-{name}.toml"
        yield unread(f"algorithms-{name}", "V40", "A table of algorithms that is none.", algorithms=table)
