"""What each family of certificates proves (RD 203/2021 arts. 32.3.c, 34; Ley 39/2015 art. 10.2.b)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import SealMayNotDecideError
from notigateway.law.families import Family, check_may_decide, is_seal, narrowest, represents

GENERAL = {Family.REPRESENTATIVE, Family.UNINCORPORATED_REPRESENTATIVE, Family.ADMINISTRATOR}
SEALS = {Family.ENTITY_SEAL, Family.PUBLIC_SEAL}


@pytest.mark.parametrize("family", Family)
def test_only_representatives_act_for_an_entity_and_limited_ones_where_accepted(family: Family) -> None:
    limited = family is Family.LIMITED_REPRESENTATIVE
    assert represents(family, accepts_limited=False) is (family in GENERAL)
    assert represents(family, accepts_limited=True) is (family in GENERAL or limited)


@pytest.mark.parametrize("family", Family)
def test_a_seal_decides_unless_the_policy_wants_a_person(family: Family) -> None:
    assert is_seal(family) is (family in SEALS)
    check_may_decide(family, seals_may_decide=True)
    if family in SEALS:
        with pytest.raises(SealMayNotDecideError):
            check_may_decide(family, seals_may_decide=False)
    else:
        check_may_decide(family, seals_may_decide=False)


@given(st.lists(st.sampled_from(Family)), st.sampled_from(Family))
def test_one_family_more_never_widens_what_a_certificate_proves(shown: list[Family], more: Family) -> None:
    before, after = narrowest(shown), narrowest([*shown, more])
    if shown:
        assert list(Family).index(after) <= list(Family).index(before)
    assert after in {before, more}
