"""Messages in parts as another stack writes and reads them: with the standard library, none of our own."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack import Answer

MTOM: Final = 'multipart/related; type="application/xop+xml"'
SWA: Final = 'multipart/related; type="text/xml"'
XOP: Final = "http://www.w3.org/2004/08/xop/include"
ROOT: Final = "root.message@stack.example"
_INCLUDE: Final = re.compile(rb'<xop:Include xmlns:xop="[^"]+" href="cid:([^"]+)"></xop:Include>')


def include(content_id: str) -> str:
    """Return the element that stands for a part."""
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{content_id}"/>'


def root_part(envelope: bytes, *, soap: str = "text/xml", name: str = ROOT) -> bytes:
    """Return the part of an envelope, with its head."""
    head = f'Content-Type: application/xop+xml; charset=UTF-8; type="{soap}"\r\nContent-ID: <{name}>\r\n'
    return head.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + envelope


def part(content_id: str, content: bytes, more: str = "") -> bytes:
    """Return another part, with its head."""
    head = f"Content-Type: application/octet-stream\r\nContent-ID: <{content_id}>\r\n{more}\r\n"
    return head.encode() + content


def packed(parts: Sequence[bytes], **changed: str) -> tuple[bytes, dict[str, Any]]:
    """Return a request in those parts, and what WSGI is told of it."""
    words = {"boundary": "uuid:7c1a", "start": f"<{ROOT}>", "start-info": "text/xml", **changed}
    boundary = words["boundary"].encode()
    body = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + boundary + b"--"
    named = "".join(f'; {name}="{value}"' for name, value in words.items() if value)
    return body, {"CONTENT_TYPE": MTOM + named, "CONTENT_LENGTH": str(len(body))}


def taken_apart(answer: Answer) -> tuple[bytes, dict[str, bytes]]:
    """Return the envelope of an answer in parts, and the others by their Content-ID."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.body, policy=policy.HTTP)
    assert not message.defects
    named: dict[str, Any] = {
        str(one["Content-ID"]).strip("<>"): one.get_payload(decode=True) for one in message.iter_parts()
    }
    return named.pop(str(message.get_param("start")).strip("<>")), named


def made_whole(answer: Answer) -> Answer:
    """Return an answer with the text of each part in the place where it belongs."""
    root, parts = taken_apart(answer)

    def text_of(found: re.Match[bytes]) -> bytes:
        return base64.b64encode(parts.pop(unquote(found[1].decode())))

    whole = _INCLUDE.sub(text_of, root)
    assert not parts
    return replace(answer, body=whole)
