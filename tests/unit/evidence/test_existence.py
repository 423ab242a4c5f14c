"""The rule of time by itself: what counts while it lasts, and afterwards only as somebody else proves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import ConfigurationError
from notigateway.evidence.algorithms import Algorithms, key_name, known_algorithms, load_algorithms
from notigateway.evidence.existence import Judgement, Proof
from notigateway.evidence.history import DatedCertificate, dated
from pki import NOW, pki, rsa_key
from tsa import tsa

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.evidence.history import Pin

NONE = Algorithms(MappingProxyType({}), date(2026, 1, 1))
DAY = timedelta(days=1)
USED = frozenset({"P-256", "SHA-256"})
days = st.integers(-30, 30).map(lambda number: NOW + number * DAY)


def seal(until: datetime, since: datetime | None = None) -> DatedCertificate:
    return DatedCertificate.of(pki().seal.certificate, since=since, until=until)


def proof(at: datetime, until: datetime, *later: Proof) -> Proof:
    return Proof(at, DatedCertificate.of(tsa().certificate, until=until), USED, later)


@given(until=days, at=days, said=days, authority_until=days)
def test_one_proof_counts_as_the_periods_say(
    until: datetime, at: datetime, said: datetime, authority_until: datetime
) -> None:
    lack = Judgement(at, NONE).lack(seal(until), USED, [proof(said, authority_until)])
    in_use = at <= until
    proven = said <= until and said <= authority_until and at <= authority_until
    assert (lack is None) == (in_use or proven)


@given(st.lists(st.tuples(days, days), max_size=6), days, days)
def test_more_proofs_never_take_away_and_a_chain_is_as_strong_as_its_links(
    links: list[tuple[datetime, datetime]], until: datetime, at: datetime
) -> None:
    judgement = Judgement(at, NONE)
    chain: tuple[Proof, ...] = ()
    for said, authority_until in reversed(links):
        chain = (proof(said, authority_until, *chain),)
    convinces = judgement.lack(seal(until), USED, chain) is None
    # The same, told without recursion: each link's word must be there before the end of the one below it.
    holds, ends = at <= until, [until]
    for said, authority_until in links:
        if holds or not (said <= ends[-1] and said <= authority_until):
            break
        holds = at <= authority_until
        ends.append(authority_until)
    assert convinces == holds
    for extra in (proof(NOW, NOW + 100 * DAY), *chain):
        assert not convinces or judgement.lack(seal(until), USED, [*chain, extra]) is None


def test_at_the_very_end_it_still_counts() -> None:
    end = NOW + DAY
    late = NOW + 2 * DAY
    tick = timedelta(milliseconds=1)
    assert Judgement(end, NONE).lack(seal(end), USED, []) is None
    assert Judgement(end + tick, NONE).lack(seal(end), USED, []) is not None
    assert Judgement(late, NONE).lack(seal(end), USED, [proof(end, late)]) is None
    assert Judgement(late, NONE).lack(seal(end), USED, [proof(end + tick, late)]) is not None


def test_what_is_lacking_is_said() -> None:
    judgement = Judgement(NOW + 9 * DAY, NONE)
    nothing = judgement.lack(seal(NOW), USED, [])
    assert nothing is not None
    assert "in use until 2026-06-01T12:00:00.000Z, and nothing proves that this is older" in nothing
    late = judgement.lack(seal(NOW), USED, [proof(NOW + DAY, NOW + 99 * DAY)])
    assert late is not None
    assert "since 2026-06-02T12:00:00.000Z only" in late
    assert judgement.doubt(proof(NOW, NOW + DAY)) is not None


def test_an_algorithm_past_its_end_counts_only_where_something_proves_that_it_is_older() -> None:
    sunset = Algorithms(MappingProxyType({"SHA-256": NOW + DAY}), date(2040, 1, 1))
    later = Judgement(NOW + 5 * DAY, sunset)
    forever = seal(NOW + 99 * DAY)
    strong = Proof(NOW, DatedCertificate.of(tsa().certificate), frozenset({"P-256", "SHA-512"}))
    assert Judgement(NOW, sunset).lack(forever, USED, []) is None
    lack = later.lack(forever, USED, [proof(NOW, NOW + 99 * DAY)])
    assert lack is not None
    assert "SHA-256 is relied on until" in lack
    assert later.lack(forever, USED, [strong]) is None
    too_late = Proof(NOW + 2 * DAY, strong.pin, strong.algorithms)
    assert later.lack(forever, USED, [too_late]) is not None


def test_a_certificate_pinned_twice_counts_where_both_pins_say_so() -> None:
    certificate = pki().seal.certificate
    both: list[list[Pin]] = [
        [certificate, seal(NOW)],
        [seal(NOW), certificate],
        [seal(NOW + DAY), seal(NOW)],
    ]
    for pins in both:
        (found,) = dated(pins).values()
        assert found.until == NOW
    (found,) = dated([seal(NOW + DAY, since=NOW), seal(NOW + 2 * DAY)]).values()
    assert (found.since, found.until) == (NOW, NOW + DAY)


def test_the_table_of_this_version_ends_what_is_broken_and_nothing_in_use() -> None:
    table = known_algorithms()
    assert table.end_of(["P-256", "SHA-256", "RSA-3072", "Ed25519"]) is None
    assert table.end_of(["RSA-2048", "SHA-256"]) == (datetime(2031, 1, 1, tzinfo=UTC), "RSA-2048")
    assert key_name(rsa_key("short").public_key()) == "RSA-2048"
    assert key_name(rsa_key("seal", 3072).public_key()) == "RSA-3072"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("reviewed = ", "cannot read"),
        ("[ends]\n", "has `reviewed`"),
        ("reviewed = 2040-01-01\nends = 3\n", "has `reviewed`"),
        (
            'reviewed = 2040-01-01\n[ends]\n"SHA-257" = 2040-01-01T00:00:00Z\n',
            "SHA-257; there are Ed25519, P-256",
        ),
        ('reviewed = 2040-01-01\n[ends]\n"SHA-256" = 2040-01-01T00:00:00\n', "with its zone"),
        ('reviewed = 2040-01-01\n[ends]\n"SHA-256" = "soon"\n', "with its zone"),
        ("reviewed = 2040-01-01\nend = 1\n[ends]\n", "has `reviewed`"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "algorithms.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=why):
        load_algorithms(file)
