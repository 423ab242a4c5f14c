"""What a RED assignment may say, and what may become of it; pure. Powers are in `powers.py`.

What it then gives is in `representation.py`. The functions that change one tell whether there is anything
to change: a repeat is harmless and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import AccountInvalidError, RedAssignmentInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.accounts import account_key, check_ground, read_account
from notigateway.law.identifiers import IdentifierError, check_authorisation, check_nif
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_NAME_MAX: Final = 255


# --- RED assignments (Orden ISM/903/2020 art. 6.1, 7.1) -----------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RedTerms:
    """What the RED system says: which authorised person manages which account of whom, in which time.

    With `addressee_name` an addressee that is not known yet is registered with that account. A `ground`
    makes it a correction, which moves what is at disposal already.
    """

    addressee: str
    account: str
    addressee_name: str | None = None
    red_party: str
    red_name: str
    authorisation: str
    starts_at: datetime
    ends_at: datetime | None = None
    ground: str | None = None


def check_red_addressee(terms: RedTerms) -> tuple[str, str]:
    """Return the addressee's NIF and its account, CCC or NAF, in their one form.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    identifier = _nif("addressee", terms.addressee)
    if terms.addressee_name is not None:
        _check_text("addressee_name", terms.addressee_name, longest=_NAME_MAX)
    return identifier, _account(terms.account)


def check_red(terms: RedTerms, *, addressee: str, accounts: Iterable[str]) -> RedTerms:
    """Return the terms in their one form: another person's, of an account that is or becomes the main one.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    red_party = _nif("red_party", terms.red_party)
    if red_party == addressee:
        raise invalid_red("red_party", "is_the_addressee")
    key = account_key(_account(terms.account))
    account = next((one for one in accounts if account_key(one) == key), None)
    if account is None:
        raise invalid_red("account", "not_the_addressees")
    _check_text("red_name", terms.red_name, longest=_NAME_MAX)
    try:
        authorisation = check_authorisation(terms.authorisation)
    except IdentifierError as error:
        raise invalid_red("authorisation", "identifier") from error
    starts_at = to_milliseconds(terms.starts_at)
    ends_at = None if terms.ends_at is None else to_milliseconds(terms.ends_at)
    if ends_at is not None and ends_at <= starts_at:
        raise invalid_red("ends_at", "not_after_the_start")
    return replace(
        terms,
        red_party=red_party,
        account=account,
        authorisation=authorisation,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _check_text(field: str, text: str, *, longest: int) -> None:
    """Check that a text says something, and reads as it is written."""
    if not text.strip() or len(text) > longest:
        raise invalid_red(field, "length")
    position = hidden_at(text)
    if position is not None:
        raise invalid_red(field, "character", position=position)


def check_red_ground(ground: str | None, at: datetime, now: datetime) -> str | None:
    """Return the ground of a correction in its one form; None for what is none.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`, also where what it corrects
    has not come yet: that needs no ground.
    """
    if ground is None:
        return None
    if at > now:
        raise invalid_red("ground", "not_in_the_past")
    try:
        return check_ground(ground)
    except AccountInvalidError as error:
        raise invalid_red("ground", str(error.facts["problem"])) from error


def ends_red(
    ends_at: datetime | None,
    at: datetime,
    now: datetime,
    *,
    is_correction: bool = False,
    gives_until: datetime | None = None,
) -> bool:
    """Tell whether an assignment with that end comes to end at another instant; not where it did before.

    `gives_until` is until when it gives, where that is later than its end: a correction to the end that it
    has already takes what was given since.

    Raises: `RedAssignmentInvalidError` for an instant that has passed, but in a correction: what was put
    at disposal since then was seen rightly, and rights are not taken back.
    """
    if is_correction:
        return ends_at != at or gives_until not in {None, at}
    if ends_at is not None and ends_at <= max(at, now):
        return False
    if at < to_milliseconds(now):
        raise invalid_red("ends_at", "in_the_past")
    return True


def invalid_red(field: str, problem: str, **facts: int) -> RedAssignmentInvalidError:
    """Return the error for one field, in our own words."""
    return RedAssignmentInvalidError(f"{field}: {problem}", field=field, problem=problem, **facts)


def _account(text: str) -> str:
    """Return the account in its one form."""
    try:
        return read_account(text)
    except AccountInvalidError as error:
        raise invalid_red("account", "identifier") from error


def _nif(field: str, text: str) -> str:
    """Return the NIF in its one form."""
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_red(field, "identifier") from error
