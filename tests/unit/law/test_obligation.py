"""Who is obliged, who may choose, and what lapses."""

from __future__ import annotations

import pytest

from notigateway.errors import ChannelObligedError
from notigateway.law.lifecycle import Kind
from notigateway.law.obligation import Access, access_to, changes_channel, channel_in_force, is_obliged
from notigateway.law.representation import DeliveryChannel

ELECTRONIC, POSTAL = DeliveryChannel.ELECTRONIC, DeliveryChannel.POSTAL


def test_companies_and_holders_of_an_account_are_obliged() -> None:
    assert is_obliged("B12345674", ccc=None)
    assert is_obliged("12345678Z", ccc="28123456742")
    assert not is_obliged("12345678Z", ccc=None)


@pytest.mark.parametrize(
    ("voluntary", "choice", "access"),
    [
        (False, None, Access(is_obliged=True, lapses=True)),
        (True, None, Access(is_obliged=False, lapses=False)),
        (False, POSTAL, Access(is_obliged=False, lapses=False)),
        (True, POSTAL, Access(is_obliged=False, lapses=False)),
        (True, ELECTRONIC, Access(is_obliged=False, lapses=True)),
        (False, ELECTRONIC, Access(is_obliged=True, lapses=True)),
    ],
)
def test_what_lapses_is_notified_through_the_mandatory_or_chosen_channel(
    voluntary: bool,
    choice: DeliveryChannel | None,
    access: Access,
) -> None:
    assert access_to(Kind.NOTIFICATION, voluntary=voluntary, choice=choice) == access
    assert not access_to(Kind.COMMUNICATION, voluntary=voluntary, choice=choice).lapses


def test_an_obligation_overrides_a_choice() -> None:
    assert channel_in_force(POSTAL, obliged=True) is ELECTRONIC
    assert channel_in_force(POSTAL, obliged=False) is POSTAL
    assert channel_in_force(None, obliged=False) is None


def test_a_choice_is_new_once() -> None:
    assert changes_channel(POSTAL, None, obliged=False)
    assert changes_channel(ELECTRONIC, POSTAL, obliged=False)
    assert not changes_channel(POSTAL, POSTAL, obliged=False)


def test_who_is_obliged_cannot_choose_paper_and_needs_not_choose_otherwise() -> None:
    assert not changes_channel(ELECTRONIC, None, obliged=True)
    with pytest.raises(ChannelObligedError):
        changes_channel(POSTAL, None, obliged=True)
