"""An exchange as an entry of an HTTP archive (HAR 1.2), for the tools that developers have."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from notigateway.instants import instant_text

if TYPE_CHECKING:
    from notigateway.sandbox.exchange import Exchange


def har_entry(one: Exchange, *, origin: str) -> dict[str, Any]:
    """Return the entry; `origin` is where the sandbox is called."""
    line, milliseconds = one.line(), round(one.seconds * 1000, 1)
    return {
        "startedDateTime": instant_text(one.received),
        "time": milliseconds,
        "request": {
            "method": one.method,
            "url": f"{origin}{line['path']}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(one.request_headers),
            "queryString": [],
            "headersSize": -1,
            "bodySize": one.request_bytes,
            "postData": _body(one.request, one.request_headers, one.request_bytes),
        },
        "response": {
            "status": one.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(one.answer_headers),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": one.answer_bytes,
            "content": {"size": one.answer_bytes, **_body(one.answer, one.answer_headers, one.answer_bytes)},
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_notigateway": {name: line[name] for name in ("number", "operation", "caller", "code", "steps")},
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _body(data: bytes, headers: dict[str, str], size: int) -> dict[str, str]:
    """Return a body as text; what is none, a message in parts, in base64. It says where it was cut."""
    media_type = {"mimeType": headers.get("Content-Type", "")}
    if len(data) < size:
        media_type["comment"] = f"the first {len(data)} of {size} bytes"
    try:
        return {**media_type, "text": data.decode()}
    except UnicodeDecodeError:
        return {**media_type, "text": base64.b64encode(data).decode(), "encoding": "base64"}
