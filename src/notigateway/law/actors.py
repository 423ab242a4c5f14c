"""Who acted on a notification: three who may be three different ones, each named by itself; pure.

The represented (the addressee), the delegate who held the title by which it was done, and the natural
person who signed (Orden ISM/903/2020 arts. 6.2, 6.3 and 8.5). An entity that holds a power acts through the
holder of its representative's certificate, who is no attorney; a secondary user of a RED authorisation acts
for its holder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notigateway.law.identifiers import is_company_nif

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.law.representation import Role


class Acted(Protocol):
    """What is known of who acted: of an event, or of one that is about to happen."""

    @property
    def role(self) -> Role | None:
        """In which capacity; None for what another channel or the clock did."""

    @property
    def party(self) -> str | None:
        """The NIF of who held the title."""

    @property
    def party_name(self) -> str | None:
        """Its name."""

    @property
    def title(self) -> str | None:
        """The power or the RED authorisation; None for the addressee itself."""

    @property
    def signer(self) -> str | None:
        """The NIF of whom the certificate names that signed."""

    @property
    def signer_name(self) -> str | None:
        """The name of it."""

    @property
    def by_secondary_user(self) -> bool:
        """Whether the signer works under the authorisation of the party."""

    @property
    def registration(self) -> UUID | None:
        """By which registration the signer works for the party, an entity that says so itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Who held the title: the addressee itself, the attorney, or the holder of the RED authorisation.

    `reference` is the power's identifier or the authorisation's number; None for the addressee itself.
    """

    role: Role
    identifier: str
    name: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPerson:
    """The natural person who signed; a secondary user works under the delegate's authorisation.

    `registration` is by which it works for the delegate, where that is an entity that says so itself.
    """

    identifier: str
    name: str
    is_secondary_user: bool = False
    registration: UUID | None = None


def delegate_of(acted: Acted) -> Delegate | None:
    """Return who held the title by which it was done; None where nobody acted here.

    Orden ISM/903/2020 art. 8.5: the receipt identifies who accessed; arts. 6.1 and 6.3: by RED or by power.
    What another channel or the clock did has no role.
    """
    if acted.role is None or acted.party is None:
        return None
    name = acted.party_name or acted.party
    return Delegate(role=acted.role, identifier=acted.party, name=name, reference=acted.title)


def signing_person_of(acted: Acted) -> SigningPerson | None:
    """Return the natural person who signed; None where an entity's seal did, or nobody is known.

    Orden ISM/903/2020 art. 6.2: who works under an authorisation is a person of its own.
    """
    if acted.signer is None or is_company_nif(acted.signer):
        return None
    name = acted.signer_name or acted.signer
    return SigningPerson(
        identifier=acted.signer,
        name=name,
        is_secondary_user=acted.by_secondary_user,
        registration=acted.registration,
    )
