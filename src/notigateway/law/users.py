"""Who works for an entity, by its own word: what of its notifications, and whether to decide them; pure.

An entity's employees sign with certificates of their own. What one of them receives or decides, the entity
has; so it alone says who that is and for what, and nobody passes it on. A secondary user of a RED
authorisation works under a registration of the same kind, without limits: the RED system says who that is
(Orden ISM/903/2020 art. 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import EntityRequiredError, UserInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.law.spans import Span
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller

MOST_CLIENTS: Final = 5_000
MOST_MATTERS: Final = 100
_NAME_MAX: Final = 255
_MATTER_MAX: Final = 64


@dataclass(frozen=True)
class Scope:
    """For which addressees and in which matters somebody works for an entity; None: for all of them."""

    clients: frozenset[str] | None = None
    matters: frozenset[str] | None = None
    may_decide: bool = True

    def covers(self, addressee: str, matter: str) -> bool:
        """Tell whether a notification of the entity is in it."""
        return (self.clients is None or addressee in self.clients) and (
            self.matters is None or matter in self.matters
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """By which registration somebody works for an entity; of the scope only what it is narrowed by."""

    id: UUID
    entity: str
    entity_name: str
    by_clients: bool = False
    by_matters: bool = False
    may_decide: bool = True


@dataclass(frozen=True, kw_only=True)
class UserTerms:
    """Whom an entity names, in which time and for what."""

    person: str
    person_name: str
    scope: Scope
    starts_at: datetime
    ends_at: datetime | None = None

    @property
    def span(self) -> Span:
        """In which time the person works for the entity."""
        return Span(self.starts_at, self.ends_at)


def worker(caller: Caller) -> str | None:
    """Return the person who may work for others; None for who signs as an entity or as its representative."""
    return None if caller.party != caller.signer or is_company_nif(caller.party) else caller.party


def works_for(caller: Caller, entity: str) -> bool:
    """Tell whether a certificate lets its holder use a registration of the entity.

    One that names an entity says for whom its holder signs: for no other.
    """
    return worker(caller) is not None and caller.member_of in {None, entity}


def sharing(party: str, registrations: Sequence[Registration]) -> str:
    """Return whose marks a caller shares: those of the one entity that it works for here, else its own."""
    entities = {one.entity for one in registrations}
    return entities.pop() if len(entities) == 1 else party


def check_may_register(caller: Caller) -> None:
    """Check that the caller is an entity, by representative or seal. Raises: `EntityRequiredError`."""
    if not is_company_nif(caller.party):
        raise EntityRequiredError(f"party {caller.party}")


def check_user(terms: UserTerms, *, now: datetime) -> UserTerms:
    """Return the terms in their one form; their scope is one of `read_scope`.

    Raises: `UserInvalidError` with the facts `field` and `problem`.
    """
    person = _nif("person", terms.person)
    if is_company_nif(person):
        raise invalid_user("person", "not_a_person")
    _check_text("personName", terms.person_name, _NAME_MAX)
    starts_at = to_milliseconds(terms.starts_at)
    if starts_at < to_milliseconds(now):
        raise invalid_user("startsAt", "in_the_past")
    checked = replace(
        terms,
        person=person,
        starts_at=starts_at,
        ends_at=None if terms.ends_at is None else to_milliseconds(terms.ends_at),
    )
    if checked.span.is_empty:
        raise invalid_user("endsAt", "not_after_the_start")
    return checked


def read_scope(clients: Sequence[str] | None, matters: Sequence[str], *, may_decide: bool) -> Scope:
    """Return the scope that an entity names in its order, in its one form; no matter: all of them.

    Raises: `UserInvalidError`, with `number` where one of several is wrong: the first of them is 1.
    """
    if clients is not None and not clients:
        raise invalid_user("client", "required")
    nifs = (
        None if clients is None else frozenset(_nif("client", one, number=n) for n, one in _counted(clients))
    )
    for number, one in _counted(matters):
        _check_text("matter", one, _MATTER_MAX, number=number)
    for field, found, most in (("client", nifs or (), MOST_CLIENTS), ("matter", set(matters), MOST_MATTERS)):
        if len(found) > most:
            raise invalid_user(field, "too_many")
    return Scope(clients=nifs, matters=frozenset(matters) or None, may_decide=may_decide)


def check_matters(matters: Sequence[str], known: Collection[str]) -> None:
    """Check that each is one of the `known`: a typing error would let somebody work for nothing, unseen.

    Raises: `UserInvalidError` with its `number`.
    """
    for number, one in _counted(matters):
        if one not in known:
            raise invalid_user("matter", "not_in_catalogue", number=number)


def invalid_user(field: str, problem: str, **facts: int) -> UserInvalidError:
    """Return the error for one field, in our own words."""
    return UserInvalidError(f"{field}: {problem}", field=field, problem=problem, **facts)


def _counted(values: Sequence[str]) -> Iterable[tuple[int, str]]:
    return enumerate(values, start=1)


def _check_text(field: str, text: str, longest: int, **facts: int) -> None:
    if not text.strip() or len(text) > longest:
        raise invalid_user(field, "length", **facts)
    if hidden_at(text) is not None:
        raise invalid_user(field, "character", **facts)


def _nif(field: str, text: str, **facts: int) -> str:
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_user(field, "identifier", **facts) from error
