"""How a caller has proved who it is, and what that opens: means and level of access; pure.

The notice of the service opens data of a special category to certificates and to Cl@ve permanente: that
is a rule about the means of access. Which roles may see them is another one, in `representation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.law.representation import RightsPolicy


class Means(StrEnum):
    """By which means somebody has proved who it is (RD 203/2021 art. 26)."""

    CERTIFICATE = "certificate"
    CLAVE_PERMANENTE = "clave_permanente"
    CLAVE_MOVIL = "clave_movil"
    CLAVE_PIN = "clave_pin"


class Level(StrEnum):
    """How sure that is: the assurance levels of Regulation (EU) 910/2014 art. 8."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


_ORDER: Final = tuple(Level)
# Of the notice of the service; the others do not open data of a special category, at any level.
SPECIAL_CATEGORY_MEANS: Final = frozenset({Means.CERTIFICATE, Means.CLAVE_PERMANENTE})


@dataclass(frozen=True, slots=True)
class Assurance:
    """The means of one request and its level."""

    means: Means
    level: Level

    def reaches(self, least: Level) -> bool:
        """Tell whether the level is that one or a higher one."""
        return _ORDER.index(self.level) >= _ORDER.index(least)


# Today's one door: the signature of a request with an admitted certificate.
SIGNED: Final = Assurance(Means.CERTIFICATE, Level.HIGH)


def opens_special_category(assurance: Assurance, least: Level = Level.LOW) -> bool:
    """Tell whether a request may see data of a special category at all, whatever its role.

    The means decide. The notice asks for no level; `least` is the policy `special_category_level`.
    """
    return assurance.means in SPECIAL_CATEGORY_MEANS and assurance.reaches(least)


def rights_by(assurance: Assurance, rights: RightsPolicy) -> RightsPolicy:
    """Return the rights of a request: by other means no role sees data of a special category.

    What a request may not see does not exist for it, as with every right that it lacks.
    """
    if opens_special_category(assurance, rights.special_category_level):
        return rights
    return replace(rights, special_category_roles=frozenset())
