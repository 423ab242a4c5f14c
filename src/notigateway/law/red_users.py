"""Who may be registered as a secondary user of a RED authorisation (Orden ISM/903/2020 art. 6.2); pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import RedUserInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_authorisation, check_nif, is_company_nif
from notigateway.law.spans import Span, common
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_NAME_MAX: Final = 255


@dataclass(frozen=True, kw_only=True)
class UserTerms:
    """Whom the RED system names as a secondary user, under whose authorisation, and in which time."""

    holder: str
    authorisation: str
    person: str
    person_name: str
    starts_at: datetime
    ends_at: datetime | None = None

    @property
    def span(self) -> Span:
        """In which time the person works under the authorisation."""
        return Span(self.starts_at, self.ends_at)


def check_user(terms: UserTerms, *, authorisations: Iterable[str]) -> UserTerms:
    """Return the terms in their one form; `authorisations` are those that the register has of the holder.

    Raises: `RedUserInvalidError` with the facts `field` and `problem`.
    """
    person = _nif("person", terms.person)
    if is_company_nif(person):
        raise invalid_user("person", "not_a_person")
    if person == terms.holder:
        raise invalid_user("person", "is_the_holder")
    name = terms.person_name
    if not name.strip() or len(name) > _NAME_MAX:
        raise invalid_user("person_name", "length")
    position = hidden_at(name)
    if position is not None:
        raise invalid_user("person_name", "character", position=position)
    authorisation = _authorisation(terms.authorisation, authorisations)
    ends_at = None if terms.ends_at is None else to_milliseconds(terms.ends_at)
    checked = replace(
        terms,
        person=person,
        authorisation=authorisation,
        starts_at=to_milliseconds(terms.starts_at),
        ends_at=ends_at,
    )
    if checked.span.is_empty:
        raise invalid_user("ends_at", "not_after_the_start")
    return checked


def check_apart(span: Span, others: Iterable[Span]) -> None:
    """Check that a person is registered once at a time. Raises: `RedUserInvalidError`."""
    if any(common(span, other) is not None for other in others):
        raise invalid_user("starts_at", "overlaps")


def ends_user(span: Span, at: datetime, now: datetime) -> bool:
    """Tell whether a registration comes to end at that instant; not where it had ended before.

    Raises: `RedUserInvalidError` for an instant that has passed.
    """
    if span.ends_at is not None and span.ends_at <= max(at, now):
        return False
    if at < to_milliseconds(now):
        raise invalid_user("ends_at", "in_the_past")
    return True


def read_holder(text: str) -> str:
    """Return the holder's NIF in its one form. Raises: `RedUserInvalidError`."""
    return _nif("holder", text)


def invalid_user(field: str, problem: str, **facts: int) -> RedUserInvalidError:
    """Return the error for one field, in our own words."""
    return RedUserInvalidError(f"{field}: {problem}", field=field, problem=problem, **facts)


def _nif(field: str, text: str) -> str:
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_user(field, "identifier") from error


def _authorisation(text: str, known: Iterable[str]) -> str:
    """Return the number as the register has it, which may be older than the one form."""
    known = list(known)
    if text in known:
        return text
    number = _number(text)
    if number is None:
        raise invalid_user("authorisation", "identifier")
    same = sorted(one for one in known if _number(one) == number)
    if not same:
        raise invalid_user("authorisation", "unknown")
    return number if number in same else same[0]


def _number(text: str) -> str | None:
    try:
        return check_authorisation(text)
    except IdentifierError:
        return None
