"""Who acts for an issuing body: its own seal, or an employee whom it has authorised; pure.

A body signs by its seal or by its staff (Ley 40/2015 arts. 40, 43). An employee's certificate tells where its
holder works, not what the body lets it do: that the body says, and the operator keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import EmployeeInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.families import Family, is_seal
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.law.texts import is_a_line

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.caller import Caller

_TEXT_MAX: Final = 255


@dataclass(frozen=True, kw_only=True)
class EmployeeTerms:
    """Whom a body authorises, by which decision of its own, and until when."""

    nif: str
    name: str
    ground: str
    ends_at: datetime | None = None


def check_employee(terms: EmployeeTerms, *, now: datetime) -> EmployeeTerms:
    """Return the terms in their one form, where a body may say so.

    Raises: `EmployeeInvalidError` with the facts `field` and `problem`.
    """
    nif = check_person(terms.nif)
    check_words("name", terms.name)
    check_words("ground", terms.ground)
    ends_at = None if terms.ends_at is None else to_milliseconds(terms.ends_at)
    if ends_at is not None and ends_at <= now:
        raise invalid_employee("ends_at", "in_the_past")
    return replace(terms, nif=nif, ends_at=ends_at)


def check_person(text: str) -> str:
    """Return the NIF of a person. Raises: `EmployeeInvalidError`."""
    try:
        nif = check_nif(text)
    except IdentifierError as error:
        raise invalid_employee("nif", "identifier") from error
    if is_company_nif(nif):
        raise invalid_employee("nif", "not_a_person")
    return nif


def check_words(field: str, text: str) -> None:
    """Check that a text says something in one line. Raises: `EmployeeInvalidError`."""
    if text != text.strip() or not 0 < len(text) <= _TEXT_MAX or not is_a_line(text):
        raise invalid_employee(field, "text")


def invalid_employee(field: str, problem: str) -> EmployeeInvalidError:
    """Return the refusal of a value, naming both."""
    return EmployeeInvalidError(f"{field}: {problem}", field=field, problem=problem)


def as_body(caller: Caller, *, name: str) -> Caller:
    """Return the caller as the body that it works for, once that has authorised it: it stays the signer."""
    if caller.family is not Family.PUBLIC_EMPLOYEE or caller.employer is None:
        raise ValueError("only an employee acts so")
    return replace(caller, party=caller.employer, party_name=name)


def speaks_for_body(caller: Caller) -> bool:
    """Tell whether the certificate lets its holder speak as the party: by its seal, or as its employee."""
    return is_seal(caller.family) or caller.employer == caller.party
