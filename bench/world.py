"""Who is in a filled repository, and what each has: the same people whatever its size.

A company with its own 1,000 notifications, a RED person to whom 5,000 companies are assigned, an attorney
of 500, and everybody else, many of them with representatives of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from notigateway.law.identifiers import company_nif, control_digits
from notigateway.sandbox.holders import COMPANY, PERSON, RED

if TYPE_CHECKING:
    from collections.abc import Iterator

RED_COMPANIES: Final = 5_000
ATTORNEYS_COMPANIES: Final = 500
OWN: Final = 1_000
# Each other addressee has about as many as each of the RED person's companies in a repository of 10^6.
EACH: Final = 12


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody whose requests are measured: the holder of a certificate of the sandbox."""

    name: str
    holder: str
    party: str


THE_COMPANY: Final = Asker("company", "company", COMPANY[0])
THE_RED: Final = Asker(f"RED of {RED_COMPANIES:,}", "red", RED[0])
THE_ATTORNEY: Final = Asker(f"attorney of {ATTORNEYS_COMPANIES}", "person", PERSON[0])
ASKERS: Final = (THE_COMPANY, THE_RED, THE_ATTORNEY)


@dataclass(frozen=True, slots=True)
class Group:
    """Addressees with consecutive numbers who have so many notifications between them.

    `unread` of them are communications that nobody has opened: those stay available for ever.
    """

    first: int
    addressees: int
    notifications: int
    unread: float


@dataclass(frozen=True, slots=True)
class World:
    """The groups of a repository of so many rows; number 1 is the company."""

    rows: int

    @property
    def company(self) -> Group:
        """The company, with its own."""
        own = min(OWN, self.rows // 10)
        return Group(1, 1, own, 0.2)

    @property
    def of_red(self) -> Group:
        """The companies of the RED person: 60,000 notifications, where there are as many."""
        count = min(RED_COMPANIES * EACH, self.rows * 6 // 10)
        return Group(2, RED_COMPANIES, count, _unread(count, at_least=1_200))

    @property
    def of_attorney(self) -> Group:
        """The attorney's grantors."""
        count = min(ATTORNEYS_COMPANIES * EACH, self.rows * 2 // 10)
        return Group(2 + RED_COMPANIES, ATTORNEYS_COMPANIES, count, _unread(count, at_least=400))

    @property
    def others(self) -> Group:
        """Everybody else."""
        count = self.rows - sum(g.notifications for g in (self.company, self.of_red, self.of_attorney))
        return Group(2 + RED_COMPANIES + ATTORNEYS_COMPANIES, max(1, count // EACH), count, 0.06)

    @property
    def groups(self) -> tuple[Group, ...]:
        """All of them."""
        return self.company, self.of_red, self.of_attorney, self.others

    @property
    def news(self) -> int:
        """How many come last, for who follows the changes: 60 of them the RED person's, in every size."""
        return min(self.rows // 10, self.rows * 60 // self.of_red.notifications)

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of all addressees."""
        last = self.others
        yield from range(1, last.first + last.addressees)


def _unread(count: int, *, at_least: int) -> float:
    """Return the share of unread communications: as in life, but a page of them is full in every size."""
    return max(0.06, min(0.3, at_least / max(count, 1)))


@cache
def nif_of(number: int) -> str:
    """Return the NIF of a fictitious company."""
    if number == 1:
        return COMPANY[0]
    return company_nif(number)


def account_of(number: int) -> str:
    """Return the main account of a fictitious company."""
    serial = f"{number:07}"
    return f"28{serial}{control_digits('28', serial)}"
