"""The words for why somebody is obliged to the electronic channel, and why on paper all the same."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Ground(StrEnum):
    """Why an addressee is obliged: the letter of Orden ISM/903/2020 art. 4.1.

    A: legal persons, entities without personality, and professionals with compulsory membership for the
    acts of their activity. B: natural persons who must join the RED system or have joined it. C: who
    applies for or receives benefits of birth, or of risk during pregnancy or breastfeeding. D: attorneys
    inscribed to receive notifications, or with a general power in the register of the State.
    """

    A = "a"
    B = "b"
    C = "c"
    D = "d"


# Of whom a RED-authorised person receives notifications (art. 6.1).
RED_GROUNDS: Final = frozenset({Ground.A, Ground.B})
# What an issuing body may know before the register does. That a power is inscribed is the register's.
NAMEABLE_GROUNDS: Final = frozenset({Ground.A, Ground.B, Ground.C})


class Paper(StrEnum):
    """Why a notification to somebody obliged is practised on paper.

    The first one in a procedure begun ex officio, without electronic contact (RD 203/2021 art. 43.2); on
    appearance in an office, by direct delivery, or because of urgency (Orden ISM/903/2020 art. 5.2).
    """

    FIRST_EX_OFFICIO = "first_ex_officio"
    ON_APPEARANCE = "on_appearance"
    DIRECT_DELIVERY = "direct_delivery"
    URGENCY = "urgency"
