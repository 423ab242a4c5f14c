"""An address goes into a header: whatever could be more than one address, or a line, is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from notigateway.errors import ContactInvalidError
from notigateway.law.contacts import check_addresses, check_days, digest_cutoff, warned_until
from notigateway.law.deadlines import MADRID

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ana@example.org", "ana@example.org"),
        ("Ana.Prueba+avisos@Example.ORG", "Ana.Prueba+avisos@example.org"),
        ("o'brien_1=x@sub.example.org", "o'brien_1=x@sub.example.org"),
        ("ana@xn--espaa-rta.example.org", "ana@xn--espaa-rta.example.org"),
        ("ana@example.xn--p1ai", "ana@example.xn--p1ai"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"a@{LABEL}.{LABEL}.{LABEL}.{'b' * 56}.org", f"a@{LABEL}.{LABEL}.{LABEL}.{'b' * 56}.org"),
    ],
)
def test_an_address_is_kept_in_one_form(written: str, kept: str) -> None:
    assert check_addresses([written]) == (kept,)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "length"),
        (f"a@{LABEL}.{LABEL}.{LABEL}.{'b' * 57}.org", "length"),
        ("ana", "no_address"),
        ("@example.org", "local_part"),
        (f"{'a' * 65}@example.org", "local_part"),
        ('"ana prueba"@example.org', "local_part"),
        ('"a\r\nBcc: x"@example.org', "local_part"),
        ("ana@example.org\r\nBcc: eva@example.org", "local_part"),
        ("ana@example.org\n", "domain"),
        ("ana@example.org\r\nX: y", "domain"),
        ("ana\t@example.org", "local_part"),
        ("ana@example.org,eva@example.org", "local_part"),
        ("ana@example.org;eva@example.org", "local_part"),
        ("ana@example.org eva@example.org", "local_part"),
        ("Ana <ana@example.org>", "local_part"),
        ("<ana@example.org>", "local_part"),
        ("ana..p@example.org", "local_part"),
        (".ana@example.org", "local_part"),
        ("ana.@example.org", "local_part"),
        ("mañana@example.org", "local_part"),
        ("ana@españa.example.org", "domain"),
        ("ana@localhost", "domain"),
        ("ana@[127.0.0.1]", "domain"),
        ("ana@127.0.0.1", "domain"),
        ("ana@example..org", "domain"),
        ("ana@-example.org", "domain"),
        ("ana@example.org.", "domain"),
        ("ana@example.o", "domain"),
        (f"ana@{LABEL}a.org", "domain"),
        ("ana\u0000@example.org", "local_part"),
        ("ana@example.org\u2028", "domain"),
    ],
)
def test_what_is_no_one_address_is_refused_in_our_words(written: str, problem: str) -> None:
    with pytest.raises(ContactInvalidError) as refused:
        check_addresses(["eva@example.org", written])
    assert refused.value.facts == {"field": "address", "problem": problem, "number": 2}
    assert not written.strip() or written not in refused.value.detail


def test_there_are_at_most_five_and_none_twice() -> None:
    many = [f"ana{number}@example.org" for number in range(6)]
    assert len(check_addresses(many[:5])) == 5
    with pytest.raises(ContactInvalidError, match="too_many"):
        check_addresses(many)
    with pytest.raises(ContactInvalidError, match="twice"):
        check_addresses(["ana@example.org", "ana@EXAMPLE.org"])


def test_days_are_from_none_to_ten() -> None:
    assert [check_days(days) for days in (0, 10)] == [0, 10]
    for days in (-1, 11):
        with pytest.raises(ContactInvalidError, match="out_of_range"):
            check_days(days)


@pytest.mark.parametrize(
    ("now", "cutoff"),
    [
        ("2026-06-01T08:00", "2026-06-01T08:00"),
        ("2026-06-01T07:59", "2026-05-31T08:00"),
        ("2026-06-01T00:00", "2026-05-31T08:00"),
        ("2026-03-29T09:00", "2026-03-29T08:00"),  # the clocks went forward that night
        ("2026-10-26T07:00", "2026-10-25T08:00"),
    ],
)
def test_a_digest_is_of_what_was_due_by_its_hour_in_madrid(now: str, cutoff: str) -> None:
    at, wanted = (datetime.fromisoformat(one).replace(tzinfo=MADRID) for one in (now, cutoff))
    assert digest_cutoff(at, 8) == wanted


def test_with_one_day_it_is_told_on_the_last_day_of_the_term() -> None:
    deadline = datetime(2026, 6, 12, tzinfo=MADRID)  # the last day is the 11th
    assert warned_until(datetime(2026, 6, 10, 23, 59, tzinfo=MADRID), 1) < deadline
    assert warned_until(datetime(2026, 6, 11, tzinfo=MADRID), 1) == deadline
    assert warned_until(datetime(2026, 6, 9, tzinfo=MADRID), 3) == deadline
