"""The policy of `follow`: the first rule that fits decides, and nothing is accepted that no rule names."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from bench.world import nif_of

from notigateway.client.errors import PolicyError
from notigateway.client.policy import LARGEST_BYTES, Policy, Verdict, read_policy
from notigateway.contract.v1 import IssuingBody, Notification, Party

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
# The last day is the 12th of March: the term ends with it, in Madrid.
DEADLINE = datetime(2026, 3, 12, 23, tzinfo=UTC)
ACME, OTHER = "B12345674", "A58818501"
ONE = Notification(
    code=1,
    id=str(UUID(int=1)),
    kind="notification",
    subject="Revisión",
    issuing_body=IssuingBody(issuer_id="EA0042135", acronym="TGSS", name="Tesorería"),
    procedure="9900105",
    matter="contribution",
    addressee=Party(identifier=ACME, name="ACME"),
    role="red",
    state="available",
    available_at=NOW - timedelta(days=1),
    deadline=DEADLINE,
    special_category=False,
    document_count=1,
    document_sizes=(10,),
)
CONTRIBUTION = f"""
[[rule]]
name = "contribution"
decide = "accept"
clients = ["{ACME}"]
matters = ["contribution"]
"""
BUT = '[[rule]]\nname = "but"\ndecide = "leave"\nclients = "all"\n'
ALL = '[[rule]]\nname = "all"\ndecide = "accept"\nclients = "all"\n'


def policy(text: str) -> Policy:
    return read_policy(text.encode())


def judged(text: str, one: Notification = ONE, now: datetime = NOW, **options: object) -> Verdict:
    return policy(text).judge(one, now=now, **options)  # type: ignore[arg-type]


def test_nothing_is_accepted_that_no_rule_names() -> None:
    assert judged("") == Verdict(accepts=False)
    assert judged(CONTRIBUTION) == Verdict(accepts=True, rule="contribution")
    for other in (
        replace(ONE, addressee=Party(identifier=OTHER, name="ACME")),
        replace(ONE, matter="penalties"),
        replace(ONE, special_category=True),
    ):
        assert judged(CONTRIBUTION, other) == Verdict(accepts=False)


@pytest.mark.parametrize(
    ("key", "fits", "fails"),
    [
        ("matters", "contribution", "penalties"),
        ("procedures", "9900105", "9900106"),
        ("issuers", "EA0042135", "EA0042136"),
        ("kinds", "notification", "communication"),
        ("roles", "red", "attorney"),
    ],
)
def test_each_list_of_words_restricts(key: str, fits: str, fails: str) -> None:
    assert judged(f'{ALL}{key} = ["{fits}", "{fails}"]').accepts
    assert judged(f'{ALL}{key} = ["{fails}"]') == Verdict(accepts=False)


def test_the_first_rule_that_fits_decides_alone() -> None:
    assert judged(BUT + ALL) == Verdict(accepts=False, rule="but")
    assert judged(ALL + BUT) == Verdict(accepts=True, rule="all")
    assert judged(CONTRIBUTION + "days_left = 0\n" + ALL).waits_for == "days_left"


def test_health_data_need_a_rule_that_names_them_but_are_left_by_any() -> None:
    health = replace(ONE, special_category=True)
    assert judged(ALL, health) == Verdict(accepts=False)
    assert judged(ALL + "special_category = true", health).accepts
    assert judged(BUT + ALL + "special_category = true", health) == Verdict(accepts=False, rule="but")


@pytest.mark.parametrize(
    ("now", "accepts"),
    [
        (datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC), False),  # still the 9th in Madrid: three days follow
        (datetime(2026, 3, 9, 23, tzinfo=UTC), True),
        (datetime(2026, 3, 12, 22, 59, tzinfo=UTC), True),
    ],
)
def test_a_rule_may_wait_until_few_days_are_left(now: datetime, accepts: bool) -> None:
    assert judged(ALL + "days_left = 2", now=now).accepts is accepts
    without = replace(ONE, deadline=None)
    assert judged(ALL + "days_left = 2", without, now).waits_for == "days_left"


def test_four_eyes_wait_for_the_label_of_somebody_else() -> None:
    text = ALL + 'four_eyes = "checked"'
    assert policy(text).needs_labels
    assert not policy(ALL).needs_labels
    assert judged(text) == Verdict(accepts=False, rule="all", waits_for="four_eyes")
    assert judged(text, is_checked=lambda label: label == "checked").accepts


def test_it_is_known_by_the_digest_of_its_file() -> None:
    assert policy(ALL).sha256 == hashlib.sha256(ALL.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]]\ndecide = 'accept'", "rule 1: clients: who they are must be said"),
        ("[[rule]]\nclients = 'all'", 'rule 1: decide: "accept" or "leave"'),
        ("[[rule]]\nclients = 'all'\ndecide = 'reject'", 'rule 1: decide: "accept" or "leave"'),
        (ALL + "clinets = 'all'", "rule 1 (all): clinets: there is no such key"),
        ("[[rule]]\nclients = ['B12345678']\ndecide = 'accept'", "'B12345678' is no NIF, NIE or CIF"),
        ("[[rule]]\nclients = []\ndecide = 'accept'", "clients: a list of one word or more"),
        ("[[rule]]\nclients = 'everybody'\ndecide = 'accept'", "clients: a list of one word or more"),
        (ALL + "matters = 'contribution'", "matters: a list of one word or more"),
        (ALL + "matters = ['']", "matters: a list of one word or more"),
        # What fits nothing in a rule that leaves would go to the next one, which may accept.
        (BUT + "issuers = ['TGSS']", "rule 1 (but): issuers: 'TGSS' is no DIR3 code of a body"),
        (BUT + "kinds = ['notificacion']", "kinds: 'notificacion' is none of communication, notification"),
        (BUT + "roles = ['Own', 'red']", "roles: 'Own' is none of attorney, own, red"),
        (ALL + "days_left = -1", "days_left: a whole number from 0 to 366"),
        (ALL + "days_left = true", "days_left: a whole number from 0 to 366"),
        (ALL + "special_category = 'yes'", "special_category: true or false"),
        (ALL + "four_eyes = ''", "four_eyes: a label of 1 to 64 characters"),
        (ALL + "four_eyes = ' checked'", "no blank at its ends"),
        (ALL + 'four_eyes = "a\\u200bb"', "four_eyes: a label"),
        (ALL.replace('"all"\ndecide', '"a\\nb"\ndecide'), "rule 1: name: a text in one line"),
        (ALL + ALL, "two rules are named 'all'"),
        ("accept = true", "accept: a policy consists of [[rule]] alone"),
        ("rule = 'accept'", "rule: write each as [[rule]]"),
        ("[[rule]", "is not TOML"),
        (ALL + "decide = 'leave'", "line 5"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)
    assert said in str(caught.value)
    assert caught.value.code == "POLICY_INVALID"
    assert "\n" not in caught.value.line()


def test_the_sample_is_a_policy() -> None:
    read = read_policy((ROOT / "samples/follow/policy.toml").read_bytes())
    read.check_known(["B12345674"], ["penalties", "appeals", "contribution"], [])
    assert [one.accepts for one in read.rules] == [False, True, True]


def test_a_policy_for_every_client_apart_is_read() -> None:
    rules = (f"[[rule]]\nname='{n}'\ndecide='accept'\nclients=['{nif_of(n)}']\n" for n in range(20_000))
    assert len(policy("".join(rules)).rules) == 20_000


def test_a_file_that_is_no_text_or_too_long_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"is not UTF-8: byte 1"):
        read_policy(b"#\xff")
    with pytest.raises(PolicyError, match="is longer than"):
        read_policy(b"#" * (LARGEST_BYTES + 1))


def test_whom_and_what_the_service_does_not_know_is_told() -> None:
    read = policy(CONTRIBUTION + 'procedures = ["9900105"]')
    read.check_known([ACME], ["contribution"], ["9900105"])
    for clients, matters, procedures, said in (
        ([OTHER], ["contribution"], ["9900105"], "clients: 'B12345674' is nobody for whom you may act"),
        ([ACME], [], ["9900105"], "matters: 'contribution' is no matter of the service's catalogue"),
        ([ACME], ["contribution"], [], "procedures: '9900105' is no procedure"),
    ):
        with pytest.raises(PolicyError) as caught:
            read.check_known(clients, matters, procedures)
        assert f"rule 1 (contribution): {said}" in str(caught.value)
    policy(ALL).check_known([], [], [])
