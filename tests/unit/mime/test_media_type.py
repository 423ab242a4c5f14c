"""What a Content-Type says of a message in parts, and what an Accept asks for."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notigateway.errors import MimeInvalidError
from notigateway.mime.media_type import XOP, accepted, content_id, media_type, read_related

# Of these a hostile header is made.
PIECES = (
    *(
        "multipart/related",
        "text/xml",
        ";",
        " ",
        "\t",
        "=",
        '"',
        "\\",
        '\\"',
        ",",
        "<a@b>",
        "é",
        "\r",
        "\n",
        "\0",
    ),
    *(
        "a",
        "a*",
        "a*0",
        "a*1*",
        "a*99999999999999999999",
        "utf-8''%FF",
        "rot13''x",
        "q=0",
        "boundary",
        "type",
        "start",
    ),
)
LONG = 200_000


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
        "multipart/related; boundary=a; x*=b; x*1=c",
        "multipart/related; boundary=a; type=x",
        'multipart/related; boundary=a; start-info="text/xml; a*=b; a*1=c"',
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


@pytest.mark.parametrize(
    ("header", "name", "parameters"),
    [
        ("text/xml", "text/xml", {}),
        ("text/xml; charset=utf-8", "text/xml", {"charset": "utf-8"}),  # Axis2, WCF, node
        ('text/xml;charset="UTF-8"', "text/xml", {"charset": "UTF-8"}),  # SAAJ
        (" Text/XML ; Charset = utf-8 ;", "text/xml", {"charset": "utf-8"}),
        ("text/xml; charset='utf-8'", "text/xml", {"charset": "'utf-8'"}),
        ("text/xml; utf-8", "text/xml", {"utf-8": ""}),
        ("text/xml;; charset=utf-8; charset=utf-8", "text/xml", {"charset": "utf-8"}),
        (
            'application/soap+xml; action="urn:x:\\"Ping\\""; charset=utf-8',
            "application/soap+xml",
            {"action": 'urn:x:"Ping"', "charset": "utf-8"},
        ),
        ("application/soap+xml; action=urn:x:Ping", "application/soap+xml", {"action": "urn:x:Ping"}),
        (
            # CXF
            'multipart/related; start-info="application/soap+xml; action=\\"urn:x\\""; boundary=uuid:1',
            "multipart/related",
            {"start-info": 'application/soap+xml; action="urn:x"', "boundary": "uuid:1"},
        ),
        (
            # Metro
            'multipart/related;start="<rootpart*1@example>";boundary="----=_Part_1+id=2"',
            "multipart/related",
            {"start": "<rootpart*1@example>", "boundary": "----=_Part_1+id=2"},
        ),
        ("*/*;q=.2", "*/*", {"q": ".2"}),
        ("", "", {}),
    ],
)
def test_what_stacks_write_is_read(header: str, name: str, parameters: dict[str, str]) -> None:
    found = media_type(header)
    assert (found.name, found.parameters) == (name, parameters)


@pytest.mark.parametrize(
    "header",
    [
        "text",
        "text/",
        "/xml",
        "*; q=.2",  # of HttpURLConnection, in Accept
        "text/xml, text/plain",
        "text/xml; a*=x; a*1=y",
        "text/xml; a*=utf-8''x",
        "text/xml; a*0=x",
        'text/xml; a="x',
        'text/xml; a="x"y',
        'text/xml; a=x"y"',
        "text/xml; a=x y",
        "text/xml; =x",
        "text/xml; charset=utf-8; charset=utf-7",
        "text/xml; charset=utf-8; CHARSET=",
        "text/xml\r\nX: y",
        'text/xml; a="x\r\ny"',
        'text/xml; a="\\',
    ],
)
def test_what_has_no_one_meaning_is_refused(header: str) -> None:
    with pytest.raises(MimeInvalidError):
        media_type(header)
    assert all(one.name in {"text/plain", "text/xml"} and not one.parameters for one in accepted(header))


@given(header=st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
@example("text/xml; a*=x; a*1=y")
def test_any_header_is_a_media_type_or_refused(header: str) -> None:
    with suppress(MimeInvalidError):
        found = media_type(header)
        assert found.name == found.name.lower()
        assert not any("*" in name for name in found.parameters)
    assert all("/" in one.name for one in accepted(header))


@pytest.mark.parametrize(
    "piece",
    [";", ";a", '";', ';"', '\\";', ',"\\"', ",", "; a=b", '; a="b"', ' ; a="', " ", "a", "=", '"'],
)
@pytest.mark.parametrize("begin", ["text/xml", 'text/xml; x="', "text/xml; x=", '"', ""])
def test_a_long_header_takes_time_in_proportion(begin: str, piece: str) -> None:
    """A quadratic reader would take minutes of each."""
    header = begin + piece * (LONG // len(piece))
    started = time.process_time()
    with suppress(MimeInvalidError):
        media_type(header)
    assert len(list(accepted(header))) <= 1
    assert time.process_time() - started < 3


def test_an_accept_names_what_it_does_not_exclude() -> None:
    header = 'text/xml;q=0, a/b; x="c,d", multipart/related; type="application/xop+xml"; q=0.5, e/f;q=0.000'
    assert [(one.name, one.get("x")) for one in accepted(header)] == [
        ("a/b", "c,d"),
        ("multipart/related", ""),
    ]
