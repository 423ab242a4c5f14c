"""Mistakes in the question itself: HTTP, operation, arguments, WS-Addressing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import mistakes as how
from envelopes import Ref
from mistakes import ID, LIST, NO_LIST, RETRIEVE, V1, Mistake, pem
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envelopes import Draft
    from notigateway.pki.keys import KeyPair

_ISSUING: Final = "urn:notigateway:issuing:v1"
_WSA: Final = "http://www.w3.org/2005/08/addressing"
_NO_WCF: Final = ("zeep", "cxf", "node-soap", "php")


def _schema(cause: str, content: str, **more: object) -> Mistake:
    return Mistake(cause, content=content, **{"is_sure": True, **more})  # type: ignore[arg-type]


def _requests() -> Iterator[Mistake]:
    shapes = _NO_WCF
    yield _schema("children-unqualified", how.UNQUALIFIED, shapes=NO_LIST)
    yield _schema("children-of-another-namespace", LIST.replace("<n:pageSize", '<n:pageSize xmlns:n="urn:x"'))
    yield _schema(
        "space-around-values", RETRIEVE.replace(ID, f"\n {ID}x").replace("x<", "<").replace("\n ", "\u00a0")
    )
    yield _schema("uuid-written-otherwise", RETRIEVE.replace(ID, f"{{{ID.upper()}}}"))
    yield _schema("uuid-written-otherwise", RETRIEVE.replace(ID, f"urn:uuid:{ID}"))
    yield _schema("empty-elements", LIST.replace("<n:pageSize", "<n:cursor/><n:pageSize"))
    yield _schema("children-in-another-order",
    f'<n:ListNotifications xmlns:n="{V1}"><n:pageSize>10</n:pageSize>'
                  "<n:filter><n:state>available</n:state></n:filter></n:ListNotifications>")  # fmt: skip
    yield _schema("instance-attributes", LIST.replace("<n:pageSize>", '<n:pageSize xmlns:i="http://www.w3.org/2001/'
                  'XMLSchema-instance" i:nil="false">'))  # fmt: skip
    yield _schema("names-in-another-case", LIST.replace("n:pageSize", "n:PageSize"))
    yield _schema("unknown-children", LIST.replace("<n:pageSize", "<n:color>x</n:color><n:pageSize"))
    yield _schema("schema", LIST.replace(">10<", ">ten<"), is_sure=False)
    yield _schema(
        "operation-written-otherwise", f'<n:pingRequest xmlns:n="{V1}"/>', is_sure=False, shapes=shapes
    )
    yield _schema(
        "operation-namespace", '<n:Ping xmlns:n="urn:notigateway:v2"/>', is_sure=False, shapes=shapes
    )
    yield _schema("operation-unknown", f'<n:Pong xmlns:n="{V1}"/>', is_sure=False, shapes=shapes)
    reply = f'<a:ReplyTo xmlns:a="{_WSA}"><a:Address>http://127.0.0.1:9/reply</a:Address></a:ReplyTo>'
    yield Mistake("reply-elsewhere", how.header(reply), shapes=shapes)
    action = f'<a:Action xmlns:a="{_WSA}" wsu:Id="act-1">urn:other</a:Action>'
    yield Mistake("addressing", lambda draft: how.header(action)(
        replace(draft, references=(*draft.references, Ref("act-1")))), shapes=shapes)  # fmt: skip
    must = f'<a:Action xmlns:a="{_WSA}" soap:mustUnderstand="1">urn:other</a:Action>'
    yield Mistake("addressing-not-signed", how.header(must), shapes=shapes)
    yield Mistake("action-of-another-operation", action=f"{V1}:Ping")
    yield Mistake("version-of-media-type", content_type="application/soap+xml; charset=utf-8")
    for content_type in ("application/x-www-form-urlencoded", "text/xml; charset=iso-8859-1", ""):
        yield Mistake("media-type", content_type=content_type)
    yield _schema(
        "operation-of-another-contract",
        f'<i:ListOutcomes xmlns:i="{_ISSUING}"/>',
        shapes=shapes,
        contract="v1",
    )


# --- the MessageID and its neighbours ---------------------------------------------------------------


def _addressing() -> Iterator[Mistake]:
    for hashed in (pem, "sello", str(ID)):
        yield _message_id("message-id-of-another-signer", partial(_hashed, hashed), is_sure=hashed is pem)
    yield _message_id("message-id-bare-uuid", lambda _: ID)
    yield _message_id("message-id-bare-uuid", lambda pair: f"{{{ID}}}#{fingerprint(pair.certificate)}")
    yield _message_id("message-id-no-uri", lambda _: "")
    yield _message_id("message-id-no-uri", lambda _: "urn:uuid:a b")
    twice = _signed_blocks(_block("To", "x", "to-1"), _block("To", "x", "to-2"))
    yield Mistake("addressing-repeated", twice, shapes=_NO_WCF)
    yield Mistake("addressing-form", _signed_blocks(_block("To", "<a:b/>", "to-1")), shapes=_NO_WCF)
    yield Mistake("addressing-form", how.header(_block("ReplyTo", "", "reply-1")), shapes=_NO_WCF)


def _block(name: str, inside: str, identifier: str) -> str:
    return f'<a:{name} xmlns:a="{_WSA}" wsu:Id="{identifier}">{inside}</a:{name}>'


def _signed_blocks(*blocks: str) -> Callable[[Draft], Draft]:
    references = tuple(Ref(block.partition('wsu:Id="')[2].partition('"')[0]) for block in blocks)
    return lambda draft: how.header("".join(blocks))(
        replace(draft, references=(*draft.references, *references))
    )


def _hashed(what: Callable[[KeyPair], str] | str, pair: KeyPair) -> str:
    text = what if isinstance(what, str) else what(pair)
    return f"urn:uuid:{ID}#{hashlib.sha256(text.encode()).hexdigest()}"


def _message_id(cause: str, text: Callable[[KeyPair], str], **more: object) -> Mistake:
    return Mistake(cause, lambda draft: _signed_blocks(_block("MessageID", text(draft.pair), "mid-1"))(draft),
                   shapes=_NO_WCF, **more)  # type: ignore[arg-type]  # fmt: skip


REQUESTS: Final = (_requests, _addressing)
