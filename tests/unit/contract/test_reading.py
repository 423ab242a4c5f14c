"""What is read of an element is what was written; everything else is refused by its name."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from notigateway.contract.reading import read
from notigateway.contract.writing import write
from notigateway.contract.xml import Child, ContractError, Fact, Long, Part, Uuid, element

ID = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"


@element
class Inner(Part):
    """A part with one child."""

    xmlns = "urn:example"
    name: str


@element
class Sample(Part):
    """One child of every type, in every number."""

    xmlns = "urn:example"
    sample_id: Uuid
    code: int
    flags: Annotated[tuple[bool, ...], Child("flag")] = ()
    at: datetime | None = None
    time_left: timedelta | None = None
    sizes: Annotated[tuple[Long, ...], Child("size", least=1)] = ()
    inner: Inner | None = None
    others: Annotated[tuple[Inner, ...], Child("other")] = ()
    content: bytes | None = None
    facts: Annotated[tuple[Fact, ...], Child("fact")] = ()


class Louder(Inner):
    """The same part with a behaviour of its own."""

    __slots__ = ()

    def shout(self) -> str:
        return self.name.upper()


def sample(inner: str) -> etree._Element:
    return etree.fromstring(
        f'<Sample xmlns="urn:example"><code>1</code>{inner}<sampleId>{ID}</sampleId></Sample>'
    )


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
INNERS = st.builds(Inner, name=XML_TEXT)
INSTANTS = st.datetimes(min_value=datetime(1999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - as above
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(
    st.builds(
        Sample,
        sample_id=st.uuids().map(str),
        code=st.integers(-(2**31), 2**31 - 1),
        flags=st.lists(st.booleans()).map(tuple),
        at=st.none() | INSTANTS,
        time_left=st.none() | st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
        sizes=st.lists(st.integers(0, 2**63 - 1)).map(tuple),
        inner=st.none() | INNERS,
        others=st.lists(INNERS).map(tuple),
        content=st.none() | st.binary(),
        facts=st.lists(st.tuples(st.just("limitBytes"), XML_TEXT)).map(tuple),
    )
)
def test_what_was_written_is_read_and_is_its_own_canonical_form(one: Sample) -> None:
    data = write(one)
    parsed = etree.fromstring(data)
    assert read(Sample, parsed) == one
    assert etree.tostring(parsed, method="c14n", exclusive=True) == data


def test_elements_are_read_in_any_order_and_unknown_ones_passed_over() -> None:
    found = read(Sample, sample("<!-- x --><colour>red</colour><flag>1</flag><x xmlns='urn:x'/>"))
    assert found == Sample(sample_id=ID, code=1, flags=(True,))


def test_a_kind_with_behaviour_is_made_where_it_is_asked_for() -> None:
    found = read(Sample, sample("<inner><name>a</name></inner>"), kinds=((Inner, Louder),))
    assert isinstance(found.inner, Louder)
    assert found.inner.shout() == "A"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3000)))
def test_every_duration_of_days_hours_minutes_and_seconds_is_read(duration: timedelta) -> None:
    minutes, seconds = divmod(duration.seconds, 60)
    text = f"P{duration.days}DT{minutes}M{seconds}.{duration.microseconds:06d}S"
    assert read(Sample, sample(f"<timeLeft>{text}</timeLeft>")).time_left == duration
    assert read(Sample, sample(f"<timeLeft>-{text}</timeLeft>")).time_left == -duration


@given(st.binary(max_size=200))
def test_base64_is_read_with_and_without_white_space(data: bytes) -> None:
    for text in (base64.b64encode(data), base64.encodebytes(data)):
        assert read(Sample, sample(f"<content>{text.decode()}</content>")).content == data


@pytest.mark.parametrize("text", ["a", "ab=c", "%%%%", "YWJj!"])
def test_broken_base64_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="content in Sample"):
        read(Sample, sample(f"<content>{text}</content>"))


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<code>2</code>", "code in Sample"),
        ("<sampleId/>", "sampleId in Sample"),
        ("<at>2026-11-23T09:00:00</at>", "at in Sample"),
        ("<at>2026-02-30T09:00:00Z</at>", "at in Sample"),
        ("<timeLeft>P1Y</timeLeft>", "timeLeft in Sample"),
        (f"<timeLeft>P{'9' * 9}DT{'9' * 9}H</timeLeft>", "timeLeft in Sample"),
        ("<size>1 2</size>", "size in Sample"),
        ("<flag>yes</flag>", "flag in Sample"),
        ("<inner/>", "name in inner"),
        ("<other><name/><name/></other>", "name in other"),
    ],
)
def test_what_is_missing_repeated_or_malformed_is_refused_by_its_name(inner: str, message: str) -> None:
    with pytest.raises(ContractError, match=f"^{message} is missing, repeated or not of its type$"):
        read(Sample, sample(inner))
