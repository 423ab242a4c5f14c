"""Who takes an addressee's place, what it may see of before, and what comes to it from then on; pure.

In procedures that have not ended the issuing body lets the successor see what was practised since the fact
that caused the succession, and sends it what comes later. What was put at disposal before the succession
was communicated stays as it is (RD 203/2021 art. 42.4). A change of number, the subrogation of an account
and guardianship are not in that article: named policies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import SuccessionInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_ccc, check_nif, is_company_nif
from notigateway.law.texts import is_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_TEXT_MAX: Final = 255
_PROCEDURE_MAX: Final = 16
# An account with its regime in front is the same as without.
_CCC_DIGITS: Final = 11


class Cause(StrEnum):
    """The fact by which somebody takes an addressee's place, or acts for it by the law.

    The first four are those of RD 203/2021 art. 42.4, inter vivos or by death; the others are policies.
    """

    MERGER = "merger"
    DISSOLUTION = "dissolution"
    TRANSFER = "transfer"
    DEATH = "death"
    NUMBER_CHANGE = "number_change"
    ACCOUNT_SUBROGATION = "account_subrogation"
    GUARDIANSHIP = "guardianship"


# Not in the article: each is admitted by policy (`succession_policies`).
BY_POLICY: Final = frozenset({Cause.NUMBER_CHANGE, Cause.ACCOUNT_SUBROGATION, Cause.GUARDIANSHIP})


@dataclass(frozen=True, kw_only=True)
class Succession:
    """That one takes the place of another, as it was communicated.

    `body` is the issuing body that authorised it for its own procedures; None where the operator entered it
    for all. With `procedures` or an `account` only for acts of these. Only a guardianship ends.
    """

    predecessor: str
    successor: str
    cause: Cause
    fact_at: datetime
    communicated_at: datetime
    ends_at: datetime | None = None
    body: str | None = None
    procedures: frozenset[str] = frozenset()
    account: str | None = None

    @property
    def redirects(self) -> bool:
        """Tell whether what comes later is the successor's: a ward stays the addressee of its own."""
        return self.cause is not Cause.GUARDIANSHIP

    def stands_at(self, at: datetime) -> bool:
        """Tell whether it has effect at that instant."""
        return self.communicated_at <= at and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """What the rules need to know of one act: whose body's, of which procedure, which account it quotes."""

    body: str
    procedure: str
    account: str | None


def check_succession(
    succession: Succession, *, document: str, policies: frozenset[Cause], now: datetime
) -> Succession:
    """Return the succession in its one form, where it can be communicated at `now`.

    `document` is the ground: what the body has in its file.

    Raises: `SuccessionInvalidError` with the facts `field` and `problem`.
    """
    predecessor = _nif("predecessor", succession.predecessor)
    successor = _nif("successor", succession.successor)
    if predecessor == successor:
        raise invalid_succession("successor", "is_the_predecessor")
    if succession.cause in BY_POLICY and succession.cause not in policies:
        raise invalid_succession("cause", "not_admitted")
    if not document.strip() or len(document) > _TEXT_MAX or not is_a_line(document):
        raise invalid_succession("document", "required" if not document.strip() else "text")
    _check_persons(succession.cause, predecessor, successor)
    fact_at = to_milliseconds(succession.fact_at)
    if fact_at > now:
        raise invalid_succession("fact_at", "in_the_future")
    for procedure in succession.procedures:
        if not procedure.strip() or len(procedure) > _PROCEDURE_MAX or not is_a_line(procedure):
            raise invalid_succession("procedures", "text")
    return replace(
        succession,
        predecessor=predecessor,
        successor=successor,
        fact_at=fact_at,
        communicated_at=to_milliseconds(now),
        account=_account(succession),
    )


def _check_persons(cause: Cause, predecessor: str, successor: str) -> None:
    """Check that the fact can happen to these: only natural persons die, are wards or change their number."""
    personal = {Cause.DEATH, Cause.NUMBER_CHANGE, Cause.GUARDIANSHIP}
    if cause in personal and is_company_nif(predecessor):
        raise invalid_succession("predecessor", "is_an_entity")
    if cause is Cause.NUMBER_CHANGE and is_company_nif(successor):
        raise invalid_succession("successor", "is_an_entity")
    if cause in {Cause.MERGER, Cause.DISSOLUTION} and not is_company_nif(predecessor):
        raise invalid_succession("predecessor", "is_a_person")


def _account(succession: Succession) -> str | None:
    """Return the account of a subrogation; nothing else names one."""
    is_of_account = succession.cause is Cause.ACCOUNT_SUBROGATION
    if is_of_account is (succession.account is None):
        raise invalid_succession("account", "required" if is_of_account else "not_allowed")
    if succession.account is None:
        return None
    try:
        return check_ccc(succession.account)[-_CCC_DIGITS:]
    except IdentifierError as error:
        raise invalid_succession("account", "identifier") from error


def ends_guardianship(succession: Succession, at: datetime, now: datetime) -> bool:
    """Tell whether it comes to end at that instant; a repeat changes nothing.

    Raises: `SuccessionInvalidError` for what is no guardianship, and for an end in the past: what the
    guardian decided until now was decided rightly.
    """
    if succession.cause is not Cause.GUARDIANSHIP:
        raise invalid_succession("cause", "has_no_end")
    if succession.ends_at is not None and succession.ends_at <= max(at, now):
        return False
    if at < to_milliseconds(now):
        raise invalid_succession("ends_at", "in_the_past")
    return True


def concerns(succession: Succession, act: Concerned) -> bool:
    """Tell whether an act is one of those that the succession was authorised for."""
    if succession.body not in {None, act.body}:
        return False
    if succession.procedures and act.procedure not in succession.procedures:
        return False
    return succession.account is None or (act.account or "")[-_CCC_DIGITS:] == succession.account


def shows(succession: Succession, act: Concerned, *, available_at: datetime, now: datetime) -> bool:
    """Tell whether the successor sees at `now` what is at its predecessor's disposal since `available_at`.

    What was practised since the fact, from the communication on; who has only changed its number sees
    everything that was ever its own.
    """
    since = succession.cause is Cause.NUMBER_CHANGE or available_at >= succession.fact_at
    return since and succession.stands_at(now) and concerns(succession, act)


def successor_of(addressee: str, act: Concerned, successions: Iterable[Succession], *, at: datetime) -> str:
    """Return to whom an act goes that arrives at `at`: the addressee, or who has taken its place by then.

    Who has been succeeded in its turn is followed; there are no circles.
    """
    known = tuple(successions)
    while True:
        nexts = (
            one.successor
            for one in known
            if one.predecessor == addressee and one.redirects and one.stands_at(at) and concerns(one, act)
        )
        following = next(nexts, None)
        if following is None:
            return addressee
        addressee = following


def check_no_circle(succession: Succession, successors: Mapping[str, frozenset[str]]) -> None:
    """Check that nobody takes its own place in the end; `successors` says who has followed whom so far.

    Raises: `SuccessionInvalidError`.
    """
    reached, waiting = set[str](), [succession.successor]
    while waiting:
        one = waiting.pop()
        if one == succession.predecessor:
            raise invalid_succession("successor", "is_a_circle")
        if one not in reached:
            reached.add(one)
            waiting.extend(successors.get(one, frozenset()))


def overlaps(first: Succession, second: Succession) -> bool:
    """Tell whether both give away the same place: for some of the same acts, and neither a guardianship."""
    if first.predecessor != second.predecessor or not (first.redirects and second.redirects):
        return False
    if first.body is not None and second.body is not None and first.body != second.body:
        return False
    if first.procedures and second.procedures and not first.procedures & second.procedures:
        return False
    return first.account is None or second.account is None or first.account == second.account


def passed_on(first: Succession, second: Succession) -> Succession | None:
    """Return what the successor of a successor may see of the first one's; None for nothing.

    Who takes the place of a whole takes what that one had been given; a guardian sees it too.
    """
    if first.successor != second.predecessor or not first.redirects:
        return None
    if second.procedures or second.account:
        return None
    if first.body is not None and second.body is not None and first.body != second.body:
        return None
    return replace(
        first,
        successor=second.successor,
        cause=second.cause if not second.redirects else first.cause,
        communicated_at=max(first.communicated_at, second.communicated_at),
        ends_at=second.ends_at,
        body=first.body or second.body,
    )


def invalid_succession(field: str, problem: str) -> SuccessionInvalidError:
    """Return the error for one field, in our own words."""
    return SuccessionInvalidError(f"{field}: {problem}", field=field, problem=problem)


def _nif(field: str, text: str) -> str:
    """Return the NIF in its one form."""
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_succession(field, "identifier") from error
