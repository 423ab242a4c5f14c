"""An answer holds what its version has: a later field is written for who asked for it, for nobody else."""

from __future__ import annotations

from typing import Annotated

import pytest
from lxml import etree

from notigateway.contract.reading import read
from notigateway.contract.versions import EARLIEST, LATEST, Version, answered_version
from notigateway.contract.writing import write
from notigateway.contract.xml import Child, Part, VersionedRequest, describe, element


@element
class Inner(Part):
    """A part that has grown."""

    old: str
    new: Annotated[str | None, Child(since=Version.V1_1)] = None


@element
class Grown(Part):
    """An answer that has grown, and whose parts have."""

    first: Inner
    young: Annotated[Inner | None, Child(since=Version.V1_1)] = None
    others: Annotated[tuple[Inner, ...], Child("other")] = ()


@element
class Elder(VersionedRequest):
    """A request."""

    name: str
    extra: Annotated[str | None, Child(since=Version.V1_1)] = None


@element
class Younger(Elder):
    """A request that has what its parent has, and more."""

    reason: str | None = None


WHOLE = Grown(first=Inner(old="a", new="b"), young=Inner(old="c", new="d"), others=(Inner(old="e", new="f"),))


def test_what_is_later_than_the_version_is_not_written() -> None:
    assert write(WHOLE, Version.V1_0) == (
        b'<Grown xmlns=""><first><old>a</old></first><other><old>e</old></other></Grown>'
    )
    assert write(WHOLE, Version.V1_1) == (
        b'<Grown xmlns=""><first><old>a</old><new>b</new></first><other><old>e</old><new>f</new>'
        b"</other><young><old>c</old><new>d</new></young></Grown>"
    )
    assert write(WHOLE) == write(WHOLE, LATEST)


def test_an_answer_of_either_version_is_read() -> None:
    answers = [etree.fromstring(write(WHOLE, version)) for version in Version]
    earlier = Grown(first=Inner(old="a"), others=(Inner(old="e"),))
    assert [read(Grown, answer) for answer in answers] == [earlier, WHOLE]


def test_what_is_added_stands_behind_what_was_there_and_the_version_stands_last() -> None:
    assert [one.name for one in describe(Younger)] == ["name", "reason", "extra", "contractVersion"]


@pytest.mark.parametrize(
    ("stated", "version"),
    [(None, EARLIEST), ("1.0", Version.V1_0), ("1.1", Version.V1_1), ("1.2", LATEST), ("1.999", LATEST)],
)
def test_a_version_is_answered_as_stated_or_as_the_latest(stated: str | None, version: Version) -> None:
    assert answered_version(stated) is version
    assert Elder(name="a", contract_version=stated).version is version


def test_a_version_is_written_as_the_wire_says_it() -> None:
    assert [str(version) for version in Version] == ["1.0", "1.1"]
    assert max(Version) is LATEST
