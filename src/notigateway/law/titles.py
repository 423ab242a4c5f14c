"""What a RED assignment may say, and what may become of it; pure. Powers are in `powers.py`.

What it then gives is in `representation.py`. The functions that change one tell whether there is anything
to change: a repeat is harmless and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import RedAssignmentInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_ccc, check_naf, check_nif

if TYPE_CHECKING:
    from datetime import datetime

_NAME_MAX: Final = 255
_AUTHORISATION_MAX: Final = 16
# An account with its regime in front is the same as without.
_CCC_DIGITS: Final = 11


# --- RED assignments (Orden ISM/903/2020 art. 6.1, 7.1) -----------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RedTerms:
    """What the RED system says: which authorised person manages which account of whom, in which time.

    With `addressee_name` an addressee that is not known yet is registered with that account.
    """

    addressee: str
    account: str
    addressee_name: str | None = None
    red_party: str
    red_name: str
    authorisation: str
    starts_at: datetime
    ends_at: datetime | None = None


def check_red_addressee(terms: RedTerms) -> tuple[str, str | None, str | None]:
    """Return the addressee's NIF; with its CCC or its NAF where it is to be registered.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    identifier = _nif("addressee", terms.addressee)
    ccc, naf = (None, None) if terms.addressee_name is None else _account(terms.account)
    return identifier, ccc, naf


def check_red(terms: RedTerms, *, addressee: str, account: str | None) -> RedTerms:
    """Return the terms in their one form: another person's, of the account that the addressee has.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    red_party = _nif("red_party", terms.red_party)
    if red_party == addressee:
        raise invalid_red("red_party", "is_the_addressee")
    ccc, naf = _account(terms.account)
    if account is None or (ccc or naf or "")[-_CCC_DIGITS:] != account[-_CCC_DIGITS:]:
        raise invalid_red("account", "not_the_addressees")
    for field, text, longest in (
        ("red_name", terms.red_name, _NAME_MAX),
        ("authorisation", terms.authorisation, _AUTHORISATION_MAX),
    ):
        if not text.strip() or len(text) > longest:
            raise invalid_red(field, "length")
    starts_at = to_milliseconds(terms.starts_at)
    ends_at = None if terms.ends_at is None else to_milliseconds(terms.ends_at)
    if ends_at is not None and ends_at <= starts_at:
        raise invalid_red("ends_at", "not_after_the_start")
    return replace(terms, red_party=red_party, account=account, starts_at=starts_at, ends_at=ends_at)


def ends_red(ends_at: datetime | None, at: datetime, now: datetime) -> bool:
    """Tell whether an assignment with that end comes to end at another instant; not where it did before.

    Raises: `RedAssignmentInvalidError` for an instant that has passed: what was put at disposal since
    then was seen rightly, and rights are not taken back.
    """
    if ends_at is not None and ends_at <= max(at, now):
        return False
    if at < to_milliseconds(now):
        raise invalid_red("ends_at", "in_the_past")
    return True


def invalid_red(field: str, problem: str) -> RedAssignmentInvalidError:
    """Return the error for one field, in our own words."""
    return RedAssignmentInvalidError(f"{field}: {problem}", field=field, problem=problem)


def _account(text: str) -> tuple[str | None, str | None]:
    """Return the account as CCC or as NAF: by its length, with its control digits checked."""
    try:
        return check_ccc(text), None
    except IdentifierError:
        try:
            return None, check_naf(text)
        except IdentifierError as error:
            raise invalid_red("account", "identifier") from error


def _nif(field: str, text: str) -> str:
    """Return the NIF in its one form."""
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_red(field, "identifier") from error
