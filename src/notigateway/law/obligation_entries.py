"""What an entry of the register of obligations may say, and when it may end; pure.

An entry never moves what is at disposal already: it counts for what comes from its beginning on, and
dated back only for what comes from now on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import ObligationInvalidError, ObligationOverlapsError
from notigateway.instants import to_milliseconds
from notigateway.law.grounds import Ground
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.law.obligation import Obligation
from notigateway.law.texts import is_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_MATTER_MAX: Final = 64
_PROCEDURE_MAX: Final = 16


@dataclass(frozen=True, kw_only=True)
class ObligationTerms:
    """What the operator enters: who is obliged, on which ground, in which time, for which activity."""

    addressee: str
    ground: str
    since: datetime
    until: datetime | None = None
    matters: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()


def check_obligation(terms: ObligationTerms) -> tuple[str, Obligation]:
    """Return the addressee's NIF and the obligation, where an entry may say so.

    Legal persons are obliged by their NIF, so nothing is entered of them. Professionals are obliged for
    acts of their activity only, which the entry must name; the other grounds count for every act
    (Orden ISM/903/2020 art. 4.1).

    Raises: `ObligationInvalidError` with the facts `field` and `problem`.
    """
    try:
        identifier = check_nif(terms.addressee)
    except IdentifierError as error:
        raise _invalid("addressee", "identifier") from error
    if is_company_nif(identifier):
        raise _invalid("addressee", "obliged_by_its_nif")
    if terms.ground not in set(Ground):
        raise _invalid("ground", "unknown")
    ground = Ground(terms.ground)
    since = to_milliseconds(terms.since)
    until = None if terms.until is None else to_milliseconds(terms.until)
    if until is not None and until <= since:
        raise _invalid("until", "not_after_since")
    obligation = Obligation(ground, since, until, terms.matters, terms.procedures)
    if ground is Ground.A and obligation.is_general:
        raise _invalid("matters", "activity_required")
    if ground is not Ground.A and not obligation.is_general:
        raise _invalid("matters", "not_allowed")
    _check_names("matters", terms.matters, _MATTER_MAX)
    _check_names("procedures", terms.procedures, _PROCEDURE_MAX)
    return identifier, obligation


def _check_names(field: str, names: Iterable[str], longest: int) -> None:
    """Check the words of an activity."""
    for name in names:
        if not name.strip() or len(name) > longest or not is_a_line(name):
            raise _invalid(field, "text")


def find_same(obligation: Obligation, entered: Iterable[Obligation]) -> int | None:
    """Return the place of the entry that says the same already: a repeat enters nothing.

    Raises: `ObligationOverlapsError` with the facts `since` and `until` of another one of that ground in
    that time; of two activities of a professional only where they share a matter or a procedure.
    """
    for place, one in enumerate(entered):
        if one == obligation or (replace(obligation, until=one.until) == one and obligation.until is None):
            return place
        if _overlap(obligation, one):
            facts = {"since": one.since, "until": one.until}
            known = {name: at for name, at in facts.items() if at is not None}
            raise ObligationOverlapsError("another entry stands in that time", **known)
    return None


def _overlap(first: Obligation, second: Obligation) -> bool:
    """Tell whether two entries say the same ground of the same acts in some of the same time."""
    if first.ground is not second.ground:
        return False
    if not (first.is_general or first.matters & second.matters or first.procedures & second.procedures):
        return False
    starts = [one.since for one in (first, second) if one.since is not None]
    ends = [one.until for one in (first, second) if one.until is not None]
    return not (starts and ends) or max(starts) < min(ends)


def ends_obligation(obligation: Obligation, at: datetime) -> bool:
    """Tell whether an entry comes to end at another instant than it does; a repeat changes nothing.

    An end in the past is what the register learned late: what is at disposal stays as it is.

    Raises: `ObligationInvalidError` for an end that is not after the beginning, or later than the end
    that is entered: to be obliged again is an entry of its own.
    """
    if obligation.until == at:
        return False
    if obligation.since is not None and at <= obligation.since:
        raise _invalid("until", "not_after_since")
    if obligation.until is not None and at > obligation.until:
        raise _invalid("until", "already_ended")
    return True


def _invalid(field: str, problem: str) -> ObligationInvalidError:
    """Return the error for one field, in our own words."""
    return ObligationInvalidError(f"{field}: {problem}", field=field, problem=problem)
