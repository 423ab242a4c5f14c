"""Instants and the window in which a message is fresh."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from envelopes import WSU, instant
from notigateway.errors import FreshnessError, TimestampInvalidError
from notigateway.wss.freshness import Window, check_freshness, read_instant
from notigateway.wss.policy import Expectations
from pki import NOW


def check(
    inner: str, *, now: datetime = NOW, attributes: str = "", expectations: Expectations | None = None
) -> Window:
    element = etree.fromstring(f'<wsu:Timestamp xmlns:wsu="{WSU}" {attributes}>{inner}</wsu:Timestamp>')
    return check_freshness(element, now=now, expectations=expectations or Expectations())


def created(text: str) -> str:
    return f"<wsu:Created>{text}</wsu:Created>"


def expires(text: str) -> str:
    return f"<wsu:Expires>{text}</wsu:Expires>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01T12:00:00Z", NOW),
        ("2026-06-01T12:00:00.5Z", NOW.replace(microsecond=500_000)),
        ("2026-06-01T12:00:00.123456Z", NOW.replace(microsecond=123_456)),
        ("2026-06-01T12:00:00.123456789Z", NOW.replace(microsecond=123_456)),
        ("2026-06-01T12:00:00+00:00", NOW),
        ("2026-06-01T12:00:00-00:00", NOW),
        ("2026-06-01T14:00:00+02:00", NOW),
        ("2026-06-01T02:00:00.000-10:00", NOW),
    ],
)
def test_every_usual_spelling_of_an_instant_is_read(text: str, expected: datetime) -> None:
    assert read_instant(text) == expected
    assert check(created(f" {text}\n")).created == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-06-01T12:00:00",
        "2026-06-01",
        "2026-06-01 12:00:00Z",
        "2026-06-01T12:00Z",
        "2026-06-01T24:00:00Z",
        "2026-06-01T12:60:00Z",
        "2026-06-01T12:00:60Z",
        "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2026-06-01T12:00:00Z",
        "+2026-06-01T12:00:00Z",
        "2026-06-01T12:00:00.Z",
        "2026-06-01T12:00:00.1234567890Z",
        "2026-06-01T12:00:00,5Z",
        "2026-06-01T12:00:00z",
        "2026-06-01t12:00:00Z",
        "2026-06-01T12:00:00+0200",
        "2026-06-01T12:00:00+14:01",
        "2026-06-01T12:00:00+02:60",
        "2026-06-01T12:00:00ZZ",
        "2026-06-01T12:00:00Z\n2026",
        "\uff12026-06-01T12:00:00Z",
        "2026-W23-1T12:00:00Z",
        "20260601T120000Z",
        "1780315200",
    ],
)
def test_anything_else_is_not_an_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|calendar|range|must be|month"):
        read_instant(text)
    with pytest.raises(TimestampInvalidError):
        check(created(text))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(TimestampInvalidError):
        check(created(text))


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
def test_an_instant_is_read_back_as_written(at: datetime) -> None:
    assert read_instant(at.isoformat()) == at


@given(st.text(alphabet="0123456789-+:.TZ", max_size=32))
def test_arbitrary_text_is_read_or_refused_but_never_breaks(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("", id="no Created"),
        pytest.param(expires("2026-06-01T12:05:00Z"), id="only Expires"),
        pytest.param(created(instant(NOW)) * 2, id="two Created"),
        pytest.param(created(instant(NOW)) + expires("2026-06-01T12:05:00Z") * 2, id="two Expires"),
        pytest.param(expires("2026-06-01T12:05:00Z") + created(instant(NOW)), id="Expires first"),
        pytest.param(created(instant(NOW)) + expires(instant(NOW)), id="Expires equals Created"),
        pytest.param(created(instant(NOW)) + expires("2026-06-01T11:59:00Z"), id="Expires before Created"),
        pytest.param(created(instant(NOW)) + "<wsu:Other/>", id="another element"),
        pytest.param(f'<wsu:Created ValueType="xs:dateTime">{instant(NOW)}</wsu:Created>', id="ValueType"),
        pytest.param(f"<wsu:Created><b>{instant(NOW)}</b></wsu:Created>", id="nested"),
    ],
)
def test_another_structure_is_invalid(inner: str) -> None:
    with pytest.raises(TimestampInvalidError):
        check(inner)


@pytest.mark.parametrize(
    ("age", "ttl", "fresh_for"),
    [
        (0, 300, 360),
        (0, None, 360),
        (0, 60, 120),
        (0, 10 * 365 * 86_400, 360),
        (-60, 300, 420),
        (359, 600, 1),
        (360, 600, 0),
        (350, 295, 5),
    ],
)
def test_a_message_within_its_window_is_fresh(age: int, ttl: int | None, fresh_for: int) -> None:
    made = NOW - timedelta(seconds=age)
    until = expires(instant(made + timedelta(seconds=ttl))) if ttl else ""
    window = check(created(instant(made)) + until)
    assert window == Window(created=made, fresh_until=NOW + timedelta(seconds=fresh_for))


@pytest.mark.parametrize(
    ("age", "ttl", "reason"),
    [
        (361, 600, "created-too-old"),
        (86_400, None, "created-too-old"),
        (-61, 300, "created-in-future"),
        (120, 60, "expired"),
        (120, 30, "expired"),
    ],
)
def test_a_message_outside_its_window_is_refused_with_our_time(
    age: int, ttl: int | None, reason: str
) -> None:
    made = NOW - timedelta(seconds=age)
    until = expires(instant(made + timedelta(seconds=ttl))) if ttl else ""
    with pytest.raises(FreshnessError) as caught:
        check(created(instant(made)) + until)
    assert caught.value.facts == {"reason": reason, "server_time": NOW}


def test_a_message_that_expires_with_the_calendar_is_fresh() -> None:
    last = check(created("2026-06-01T12:00:00Z") + expires("9999-12-31T23:59:59.999Z"))
    assert last.fresh_until > NOW


def test_without_a_timestamp_the_replay_key_is_kept_for_a_day() -> None:
    with pytest.raises(TimestampInvalidError):
        check_freshness(None, now=NOW, expectations=Expectations())
    relaxed = Expectations(require_timestamp=False)
    assert check_freshness(None, now=NOW, expectations=relaxed) == Window(NOW, NOW + timedelta(hours=24))
