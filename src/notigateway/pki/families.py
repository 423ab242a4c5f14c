"""Which family a certificate belongs to: a table of policies and of arcs in the subject's alternative names.

A row counts for its arc and everything below it, the longest row first, in `certificatePolicies` as in the
attributes of a directoryName. Each names where it was read; what is in no row is a natural person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from notigateway.law.families import Family, narrowest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.settings import Settings


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """That certificates with this arc are of this family, and who says so."""

    arc: str
    family: Family
    source: str


_NATIONAL: Final = "Perfiles de certificados electrónicos 2.0 (MINHAP, 2016)"
_FNMT: Final = "FNMT-RCM, Política y prácticas particulares de los certificados de representante"
_EN_319_411_2: Final = "ETSI EN 319 411-2 §5.3"

BUILT_IN: Final = (
    FamilyRow("2.16.724.1.3.5.4", Family.PSEUDONYMOUS_EMPLOYEE, _NATIONAL),
    FamilyRow("2.16.724.1.3.5.6", Family.PUBLIC_SEAL, _NATIONAL),
    FamilyRow("2.16.724.1.3.5.7", Family.PUBLIC_EMPLOYEE, _NATIONAL),
    FamilyRow("2.16.724.1.3.5.8", Family.REPRESENTATIVE, _NATIONAL),
    FamilyRow("2.16.724.1.3.5.9", Family.UNINCORPORATED_REPRESENTATIVE, _NATIONAL),
    FamilyRow("0.4.0.194112.1.0", Family.NATURAL_PERSON, f"{_EN_319_411_2}, QCP-n"),
    FamilyRow("0.4.0.194112.1.1", Family.ENTITY_SEAL, f"{_EN_319_411_2}, QCP-l"),
    FamilyRow("0.4.0.194112.1.2", Family.NATURAL_PERSON, f"{_EN_319_411_2}, QCP-n-qscd"),
    FamilyRow("0.4.0.194112.1.3", Family.ENTITY_SEAL, f"{_EN_319_411_2}, QCP-l-qscd"),
    FamilyRow("2.16.724.1.2.2.2.3", Family.NATURAL_PERSON, "DNIe, Dirección General de la Policía"),
    FamilyRow("2.16.724.1.2.2.2.4", Family.NATURAL_PERSON, "DNIe, Dirección General de la Policía"),
    FamilyRow("1.3.6.1.4.1.5734.3.10.1", Family.NATURAL_PERSON, "FNMT-RCM, AC FNMT Usuarios"),
    FamilyRow("1.3.6.1.4.1.5734.3.11.1", Family.ADMINISTRATOR, _FNMT),
    FamilyRow("1.3.6.1.4.1.5734.3.11.2", Family.REPRESENTATIVE, _FNMT),
    FamilyRow("1.3.6.1.4.1.5734.3.11.3", Family.UNINCORPORATED_REPRESENTATIVE, _FNMT),
    FamilyRow(
        "1.3.6.1.4.1.15096.1.3.2.8.1.1",
        Family.REPRESENTATIVE,
        "Consorci AOC, Descripció dels perfils de certificats, T-CAT representant",
    ),
    FamilyRow(
        "1.3.6.1.4.1.17326.10.9.3",
        Family.REPRESENTATIVE,
        "AC Camerfirma, PC-CAM-PR 1.1.4, Certificado Cameral de Representante",
    ),
    FamilyRow(
        "1.3.6.1.4.1.47155.1.1",
        Family.MEMBERSHIP,
        "Vintegris, Persona física vinculada a una organización",
    ),
)


class Families:
    """The table in use: the built-in rows, and those of the operator, which count before them."""

    def __init__(self, rows: Iterable[FamilyRow] = (), *, accepts_limited: bool = False) -> None:
        self._by_arc = {row.arc: row.family for row in (*BUILT_IN, *rows)}
        self.accepts_limited = accepts_limited

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the table that the operator's settings make."""
        rows = (FamilyRow(one.arc, one.family, one.source) for one in settings.certificate_families)
        return cls(rows, accepts_limited=settings.limited_representatives == "accepted")

    def family_of(self, oids: Iterable[str]) -> Family:
        """Return the family of a certificate that shows these policies and attributes."""
        found = (self._find(oid) for oid in oids)
        return narrowest(family for family in found if family is not None)

    def _find(self, oid: str) -> Family | None:
        """Return the family of the longest row that the identifier stands under."""
        arc = oid
        while arc not in self._by_arc:
            arc, dot, _ = arc.rpartition(".")
            if not dot:
                return None
        return self._by_arc[arc]


KNOWN_FAMILIES: Final = Families()
