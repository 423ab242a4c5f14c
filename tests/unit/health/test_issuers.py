"""What is found of the issuers that a running gateway serves with, folder and trusted list together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.health.finding import State
from notigateway.health.issuers import look_at_authorities
from notigateway.pki.trusted_list import TrustedList
from notigateway.trust.authorities import Authorities
from pki import NOW, authority

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DAY = timedelta(days=1)
OK, WARNING, FAILED = State.OK, State.WARNING, State.FAILED


def ends(days: float) -> Certificate:
    return authority("an issuer", not_after=NOW + days * DAY).certificate


def a_list(days: float, *issuers: Certificate) -> TrustedList:
    due: datetime = NOW + days * DAY
    return TrustedList(
        territory="ES", sequence_number=7, issued_at=NOW - DAY, next_update=due, sha256="", issuers=issuers
    )


@pytest.mark.parametrize(
    ("own", "listed", "states"),
    [
        ((900,), None, {"authorised_issuers": OK}),
        ((900, 59), None, {"authorised_issuers": WARNING}),
        ((900, -1), None, {"authorised_issuers": WARNING}),
        ((-1, -2), None, {"authorised_issuers": FAILED}),
        ((900,), 30, {"authorised_issuers": OK, "trusted_list": OK}),
        ((900,), 6, {"authorised_issuers": OK, "trusted_list": WARNING}),
        ((900,), -1, {"authorised_issuers": OK, "trusted_list": WARNING}),
        ((-1,), 30, {"authorised_issuers": WARNING, "trusted_list": OK}),
        ((-1,), -1, {"authorised_issuers": FAILED, "trusted_list": FAILED}),
        ((), 30, {"trusted_list": OK}),
        ((), -1, {"trusted_list": FAILED}),
    ],
)
def test_it_fails_only_where_no_issuer_is_left(
    own: tuple[int, ...], listed: int | None, states: dict[str, State]
) -> None:
    folder = tuple(map(ends, own))
    found = look_at_authorities(
        Authorities(folder, None if listed is None else a_list(listed, ends(900)), 0), NOW
    )
    assert {one.check: one.state for one in found} == states
    assert all(bool(one.cure) is (one.state is not OK) for one in found)


def test_a_list_whose_issuers_have_all_ended_lets_nobody_in() -> None:
    (of_folder, _) = look_at_authorities(Authorities((ends(-1),), a_list(30, ends(-1)), 0), NOW)
    assert of_folder.state is FAILED
