"""What a certificate proves: the family that it belongs to, and for whom its holder may act; pure.

Of certificates only the qualified one of a representative proves representation (RD 203/2021 arts. 32.3.c,
32.4, 34). An employer's certificate names the employer too, and proves nothing but where its holder works.
Which certificate is of which family is told by its policies: `pki/families.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import RepresentativeRequiredError, SealMayNotDecideError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Family(StrEnum):
    """What an issuer vouches for, the most restrictive first: of two in a certificate, that counts."""

    PSEUDONYMOUS_EMPLOYEE = "pseudonymous_employee"
    LIMITED_REPRESENTATIVE = "limited_representative"
    PUBLIC_EMPLOYEE = "public_employee"
    MEMBERSHIP = "membership"
    PUBLIC_SEAL = "public_seal"
    ENTITY_SEAL = "entity_seal"
    ADMINISTRATOR = "administrator"
    UNINCORPORATED_REPRESENTATIVE = "unincorporated_representative"
    REPRESENTATIVE = "representative"
    NATURAL_PERSON = "natural_person"


# RD 203/2021 art. 34.1: issued to who holds a general power, for any act before any administration.
_GENERAL: Final = frozenset(
    {Family.REPRESENTATIVE, Family.UNINCORPORATED_REPRESENTATIVE, Family.ADMINISTRATOR}
)
_SEALS: Final = frozenset({Family.ENTITY_SEAL, Family.PUBLIC_SEAL})
_ORDER: Final = {family: place for place, family in enumerate(Family)}


def narrowest(families: Iterable[Family]) -> Family:
    """Return the family that counts of those that a certificate shows; of none, a natural person's.

    What nobody vouches for as something else is a natural person's certificate at most, so a policy that
    is not known never makes a representative.
    """
    return min(families, key=_ORDER.__getitem__, default=Family.NATURAL_PERSON)


def represents(family: Family, *, accepts_limited: bool) -> bool:
    """Tell whether the holder acts for the entity that the certificate names (RD 203/2021 art. 34).

    A power of limited scope is accepted only where the administration says so (art. 34.2): a setting.
    """
    return family in _GENERAL or (accepts_limited and family is Family.LIMITED_REPRESENTATIVE)


def is_seal(family: Family) -> bool:
    """Tell whether the entity itself holds the certificate (Ley 39/2015 art. 10.2.b, Ley 40/2015 art. 40)."""
    return family in _SEALS


def check_may_grant(family: Family) -> None:
    """Check that a certificate of that family may act in the register of powers.

    Whoever is no natural person acts in it by the qualified certificate of a representative, who is thereby
    shown to be able to (Orden ISM/189/2021 art. 5.1.a, 5.2).

    Raises: `RepresentativeRequiredError`.
    """
    if is_seal(family):
        raise RepresentativeRequiredError(f"a certificate of the family {family}")


def check_may_decide(family: Family, *, seals_may_decide: bool) -> None:
    """Check that a certificate of that family may accept and reject.

    Ley 39/2015 art. 10.2.b admits an entity's seal as its signature; whether a decision also needs a
    person who answers for it is a policy.

    Raises: `SealMayNotDecideError`.
    """
    if is_seal(family) and not seals_may_decide:
        raise SealMayNotDecideError(f"a certificate of the family {family}")
