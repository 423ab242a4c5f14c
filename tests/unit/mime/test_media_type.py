"""What a Content-Type says of a message in parts, and what an Accept asks for."""

from __future__ import annotations

import pytest

from notigateway.errors import MimeInvalidError
from notigateway.mime.media_type import XOP, accepted, content_id, read_related


@pytest.mark.parametrize(
    "header",
    [
        f'multipart/related; type="{XOP}"; boundary="uuid:1"; start="<a@b>"; start-info="text/xml"',
        "Multipart/Related;start=<a@b>;TYPE=application/xop+xml;boundary=uuid:1;start-info=text/xml",
        f'multipart/related;\tstart = "<a@b>";start-info="text/xml;a"; type="{XOP.upper()}"; boundary=uuid:1',
    ],
)
def test_stacks_write_it_in_many_ways(header: str) -> None:
    found = read_related(header)
    assert (found.boundary, found.start) == (b"uuid:1", "a@b")
    assert (found.type.name, found.start_info.name) == ("application/xop+xml", "text/xml")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text/xml",
        "multipart/related",
        'multipart/related; boundary=""',
        'multipart/related; boundary="a b"',
        "multipart/related; boundary=a; boundary=b",
        "multipart/related; boundary*=utf-8''a",
        'multipart/related; boundary=a; start="<a b>"',
    ],
)
def test_what_could_mean_another_boundary_is_refused(header: str) -> None:
    with pytest.raises(MimeInvalidError):
        read_related(header)


@pytest.mark.parametrize("text", ["", "<>", "a@b", "<a b>", "<a@b", "<<a@b>>", f"<{'a' * 257}>", "<a\x00>"])
def test_a_content_id_stands_in_angle_brackets(text: str) -> None:
    with pytest.raises(MimeInvalidError):
        content_id(text)


def test_an_accept_names_what_it_does_not_exclude() -> None:
    header = 'text/xml;q=0, a/b; x="c,d", multipart/related; type="application/xop+xml"; q=0.5, e/f;q=0.000'
    assert [(one.name, one.get("x")) for one in accepted(header)] == [
        ("a/b", "c,d"),
        ("multipart/related", ""),
    ]
