"""How it stands with the authorised issuers that a running gateway serves with: who of them still is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.health.finding import Finding, State
from notigateway.instants import instant_text
from notigateway.pki.validity import Validity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.pki.trusted_list import TrustedList
    from notigateway.trust.authorities import Authorities

ISSUERS: Final = "authorised_issuers"
LIST: Final = "trusted_list"
REPLACE: Final = (
    "put the issuer's next certificate beside it into authorised_issuers_folder, or take it out where there "
    "is none, and reload"
)
DOWNLOAD: Final = "download the present list, and reload"
# A week is time enough to download it.
LIST_WARNING_DAYS: Final = 7


def look_at_authorities(authorities: Authorities, now: datetime) -> list[Finding]:
    """Find which issuers' certificates have ended or soon do, and whether the trusted list is current.

    Either fails only where no issuer is left at all, for then nobody is let in.
    """
    own, listed = authorities.own, authorities.listed
    valid = [one for one in own if Validity.of(one).covers(now)]
    worst = State.WARNING if valid or (listed is not None and _has_issuer(listed, now)) else State.FAILED
    found = [_of_folder(own, now, worst=worst)] if own else []
    return [*found, _of_list(listed, now, worst=worst)] if listed is not None else found


def _of_folder(own: Sequence[Certificate], now: datetime, *, worst: State) -> Finding:
    validities = [Validity.of(one) for one in own]
    values = {
        "issuers": len(validities),
        "not_valid": sum(not one.covers(now) for one in validities),
        "days_left": round(min(one.days_left(now) for one in validities), 3),
    }
    if values["not_valid"]:
        said = (
            f"the certificates of {values['not_valid']} of {len(validities)} are not valid: who has "
            "one of theirs is told to ask again"
        )
        return Finding(ISSUERS, worst, said, REPLACE, values)
    said = f"{len(validities)} valid, the first until {instant_text(min(one.until for one in validities))}"
    if any(one.ends_soon(now) for one in validities):
        return Finding(ISSUERS, State.WARNING, said, REPLACE, values)
    return Finding(ISSUERS, State.OK, said, values=values)


def _of_list(listed: TrustedList, now: datetime, *, worst: State) -> Finding:
    days = (listed.next_update - now).total_seconds() / 86_400
    values = {"issuers": len(listed.issuers), "days_left": round(days, 3)}
    due = instant_text(listed.next_update)
    if not listed.is_current(now):
        said = f"the next one is due since {due}: who has a certificate of its issuers is told to ask again"
        return Finding(LIST, worst, said, DOWNLOAD, values)
    said = f"number {listed.sequence_number} of {listed.territory}, until {due}"
    if days < LIST_WARNING_DAYS:
        return Finding(LIST, State.WARNING, said, DOWNLOAD, values)
    return Finding(LIST, State.OK, said, values=values)


def _has_issuer(listed: TrustedList, now: datetime) -> bool:
    return listed.is_current(now) and any(Validity.of(one).covers(now) for one in listed.issuers)
