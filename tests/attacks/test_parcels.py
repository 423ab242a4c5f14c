"""Rows 119 to 121: messages in parts (MTOM), and what could be told apart in two ways."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from envelopes import Draft
from notigateway.wss.ns import NOTIGATEWAY_V1
from parcels import ROOT, include, packed, part, root_part
from refusals import refused
from stack import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

PINGED = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
TOKEN = include("a@b.example")


def rule_of(gateway: Stack, *parts: bytes, **changed: str) -> str | None:
    body, environ = packed(parts, **changed)
    return refused(gateway, body, "MIME_INVALID", **environ).facts["rule"]


def pointing(accept: str, *includes: str) -> bytes:
    """Return a root whose unsigned header holds those Includes, each in an element of its own."""
    blocks = "".join(f"<x:b>{one}</x:b>" for one in includes)
    return root_part(Draft(content=accept, header_before=f'<x:a xmlns:x="urn:x">{blocks}</x:a>').build())


def test_119_a_part_that_is_not_there_is_missed(gateway: Stack, accept: str) -> None:
    assert rule_of(gateway, pointing(accept, TOKEN)) == "part-missing"
    # escaped twice it is another name
    escaped = pointing(accept, include("a%2540b.example"))
    assert rule_of(gateway, escaped, part("a@b.example", b"x")) == "part-missing"


def test_119_a_part_to_which_nobody_points_is_refused(gateway: Stack, accept: str) -> None:
    assert rule_of(gateway, root_part(Draft(content=accept).build()), part("a@b.example", b"x")) == (
        "part-unused"
    )
    assert rule_of(gateway, pointing(accept), b"\r\nno head at all") == "head"
    assert rule_of(gateway, pointing(accept), b"Content-Type: text/plain\r\n\r\nx") == "content-id"


def test_119_one_name_for_two_parts_is_refused(gateway: Stack, accept: str) -> None:
    twice = (part("a@b.example", b"x"), part("a@b.example", b"y"))
    assert rule_of(gateway, pointing(accept, TOKEN), *twice) == "content-id-twice"
    assert rule_of(gateway, pointing(accept), part(ROOT, b"x")) == "content-id-twice"


def test_119_one_part_in_two_places_is_refused(gateway: Stack, accept: str) -> None:
    """A hundred places of one part would be a hundred times its bytes."""
    assert rule_of(gateway, pointing(accept, *[TOKEN] * 100), part("a@b.example", b"x" * 100_000)) == (
        "part-twice"
    )


@pytest.mark.parametrize(
    "href",
    [
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "#Body",
        "",
        "mid:a@b.example",
        "cid:%FF",
        "//a@b.example",
    ],
)
def test_119_an_include_of_anything_but_a_part_is_refused_and_not_fetched(
    gateway: Stack, accept: str, href: str
) -> None:
    elsewhere = include("").replace('"cid:"', f'"{href}"')
    assert rule_of(gateway, pointing(accept, elsewhere), part("a@b.example", b"x")) == "include-href"


@pytest.mark.parametrize(
    "written",
    [f"a{TOKEN}", f"{TOKEN}a", f"{TOKEN}<x:c/>", f"{TOKEN}{include('c@d.example')}"],
)
def test_119_an_include_beside_other_content_is_refused(gateway: Stack, accept: str, written: str) -> None:
    assert rule_of(gateway, pointing(accept, written), part("a@b.example", b"x")) == "include-alone"


def test_120_what_was_signed_as_text_may_travel_in_a_part_and_nothing_else(gateway: Stack) -> None:
    """The text in its place is what is proven: base64 of what travels, never what travels."""
    wanted = str(gateway.publish("PARTED"))
    accept = f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}"><id>{wanted}</id></AcceptNotifications>'
    moved = Draft(content=accept).build().replace(wanted.encode(), TOKEN.encode())
    body, environ = packed([root_part(moved), part("a@b.example", wanted.encode())])
    refused(gateway, body, "DIGEST_DIFFERS", **environ)
    # signed as it is sent, the element in its place: that is not what XOP signs
    body, environ = packed(
        [root_part(Draft(content=accept.replace(wanted, TOKEN)).build()), part("a@b.example", b"x")]
    )
    refused(gateway, body, "DIGEST_DIFFERS", **environ)
    # what was signed is the name of nothing, whichever way it travels
    named = base64.b64encode(b"x").decode()
    signed = Draft(content=accept.replace(wanted, named)).build().replace(named.encode(), TOKEN.encode(), 1)
    body, environ = packed([root_part(signed), part("a@b.example", b"x")])
    refused(gateway, body, "INVALID_REQUEST", **environ)


def test_120_an_include_outside_of_what_was_signed_says_nothing(gateway: Stack) -> None:
    """It is as unsigned as the header in which it stands, and an operation that it brings is none."""
    body, environ = packed([pointing(PINGED, TOKEN), part("a@b.example", b"<evil/>")])
    answer = gateway.send(body, **environ)
    assert text(gateway.check(answer), "contractVersion") == "1.0"
    token = Draft(content=PINGED).build()
    before, _, rest = token.partition(b"BinarySecurityToken")
    at = rest.index(b">") + 1
    swapped = before + b"BinarySecurityToken" + rest[:at] + TOKEN.encode() + rest[rest.index(b"</") :]
    body, environ = packed([root_part(swapped), part("a@b.example", b"no certificate")])
    refused(gateway, body, "TOKEN_INVALID", **environ)


def test_121_limits_come_before_any_work(gateway: Stack, accept: str) -> None:
    root = root_part(Draft(content=accept).build())
    many = [part(f"{number}@b.example", b"") for number in range(1100)]
    assert rule_of(gateway, root, *many) == "parts"
    assert rule_of(gateway, root, b"X-Long: " + b"x" * 5000 + b"\r\n\r\n") == "head"
    assert rule_of(gateway, root, part("a" * 300, b"")) == "content-id"
    body, environ = packed([pointing(accept, TOKEN), part("a@b.example", b"x" * (8 * 1024 * 1024))])
    refused(gateway, body, "REQUEST_TOO_LARGE", **environ)  # its text has a third more


def test_121_a_boundary_that_is_none_is_another_content_type(gateway: Stack, accept: str) -> None:
    root = root_part(Draft(content=accept).build())
    for boundary in ("", "é", "a" * 71):
        body, environ = packed([root], boundary=boundary)
        refused(gateway, body, "UNSUPPORTED_MEDIA_TYPE", **environ)


ROOTLESS: dict[str, dict[str, str]] = {
    "start": {"start": "<other@stack.example>"},
    "root-content-type": {"start-info": "application/soap+xml"},
}


@pytest.mark.parametrize("rule", ROOTLESS)
def test_121_a_message_without_its_root_is_refused(gateway: Stack, accept: str, rule: str) -> None:
    assert rule_of(gateway, root_part(Draft(content=accept).build()), **ROOTLESS[rule]) == rule


AMBIGUOUS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "preamble": ("boundary", lambda body: b"preamble\r\n" + body),
    "epilogue": ("end", lambda body: body + b"\r\nepilogue"),
    "no end": ("end", lambda body: body[:-2]),
    "space behind": ("boundary", lambda body: body.replace(b"--uuid:7c1a\r\n", b"--uuid:7c1a \r\n", 1)),
    "bare line ends": ("boundary", lambda body: body.replace(b"\r\n", b"\n")),
    "folded": ("head", lambda body: body.replace(b"; charset", b";\r\n charset", 1)),
    "a field twice": ("head", lambda body: body.replace(b"Content-Transfer-Encoding", b"content-id", 1)),
    "encoded": ("transfer-encoding", lambda body: body.replace(b"8bit", b"base64", 1)),
    "another root": ("root-content-type", lambda body: body.replace(b"application/xop+xml", b"text/xml", 1)),
    "charset": ("root-content-type", lambda body: body.replace(b"charset=UTF-8", b"charset=UTF-16", 1)),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_121_what_two_readers_could_tell_apart_in_two_ways_is_refused(
    gateway: Stack, accept: str, case: str
) -> None:
    rule, change = AMBIGUOUS[case]
    body, environ = packed([root_part(Draft(content=accept).build())])
    changed = change(body)
    environ["CONTENT_LENGTH"] = str(len(changed))
    assert refused(gateway, changed, "MIME_INVALID", **environ).facts["rule"] == rule
