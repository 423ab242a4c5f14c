"""The corpus of `notigateway explain`: every mistake that is made, with the cause that names it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from lxml import etree

import mistakes as how
from envelopes import (
    DS,
    EC,
    MORE,
    SOAP,
    SOAP12,
    WSSE,
    WSU,
    Ref,
    instant,
)
from mistake_requests import REQUESTS
from mistake_signing import SIGNING
from mistakes import LIST, NO_LIST, Mistake
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator


_WSA: Final = "http://www.w3.org/2005/08/addressing"
_NO_WCF: Final = ("zeep", "cxf", "node-soap", "php")


def _tree(cause: str, change: object, *also: str, **more: object) -> Mistake:
    return Mistake(cause, after=how.tree(change), also=frozenset(also), **more)  # type: ignore[arg-type]


# --- references, algorithms -----------------------------------------------------------------------


def _pointing() -> Iterator[Mistake]:
    yield Mistake(
        "reference-without-hash",
        how.body_uri(lambda name: name),
        is_sure=True,
        also=frozenset({"body-not-signed", "body-not-signed-by-wcf"}),
    )
    for name in ("1234", "{0198e3a0}", "uuid:1", "a b"):
        yield Mistake("id-is-no-name", how.ids(Body=name), is_sure=True)
    yield _tree("wrong-id-attribute", partial(_rename_id, "id"), shapes=("zeep", "php"))
    yield _tree(
        "wrong-id-attribute",
        partial(_rename_id, "{http://www.w3.org/XML/1998/namespace}id"),
        shapes=("zeep",),
    )
    yield Mistake("id-of-nobody", how.body_uri(lambda _: "#nobody"))
    yield Mistake("reference-elsewhere", how.body_uri(lambda _: ""))
    yield Mistake("reference-elsewhere", how.body_uri(lambda _: "http://127.0.0.1/body"))
    yield Mistake("username-token-signed", how.user_token, is_sure=True)
    yield Mistake("part-not-signable", is_sure=True, shapes=("zeep",
    "node-soap"), before=lambda draft: replace(
        draft, content=LIST.replace("<n:ListNotifications ", '<n:ListNotifications Id="op" '),
        references=(Ref("op"), Ref("Timestamp"))), also=frozenset({"schema"}))  # fmt: skip
    yield Mistake("body-without-id", lambda draft: replace(
        how.refs(lambda one: None if one.part == "Body" else one)(draft), ids={**draft.ids,
        "Body": ""}))  # fmt: skip
    without_body = how.refs(lambda one: None if one.part == "Body" else one)
    yield Mistake("body-not-signed", without_body, shapes=_NO_WCF)
    yield Mistake("body-not-signed-by-wcf", without_body, shapes=("wcf",))
    yield Mistake("timestamp-not-signed", how.refs(lambda one: None if one.part == "Timestamp" else one))
    yield Mistake("id-doubled", how.ids(Timestamp="one", Body="one"), shapes=("zeep", "php"), also=frozenset(
        {"part-referenced-twice"}))  # fmt: skip


def _rename_id(name: str, root: etree._Element) -> None:
    body = next(one for one in root if str(one.tag).endswith("}Body"))
    body.set(name, body.attrib.pop(f"{{{WSU}}}Id"))


def _algorithms() -> Iterator[Mistake]:
    yield Mistake("rsa-sha1", how.field_of(signature_method=f"{DS}rsa-sha1"))
    yield Mistake("sha1", how.refs(lambda one: replace(one, digest_method=f"{DS}sha1")))
    yield Mistake("inclusive-c14n-stated", how.refs(
        lambda one: replace(one,
        transforms=("http://www.w3.org/TR/2001/REC-xml-c14n-20010315",))))  # fmt: skip
    yield Mistake("c14n-with-comments-exclusive", how.field_of(c14n=f"{EC}WithComments"))
    yield Mistake("hmac", how.field_of(signature_method=f"{DS}hmac-sha1"))
    yield Mistake("algorithm-without-uri", how.field_of(signature_method="rsa-sha256"))
    yield Mistake("algorithm-without-uri", how.field_of(signature_method=f"{DS}rsa-sha256"))
    yield Mistake("algorithm-without-uri", how.refs(lambda one: replace(one, digest_method=f"{DS}sha256")))
    yield Mistake("algorithm-unknown", how.field_of(signature_method="urn:x"))
    yield Mistake("no-transforms", how.refs(lambda one: replace(one, transforms=())))
    yield Mistake("transforms", how.refs(lambda one: replace(one, transforms=(EC, EC, EC))))
    yield Mistake("method-of-another-key", how.field_of(signature_method=f"{MORE}ecdsa-sha256"))
    yield Mistake("algorithm-with-parameters", how.field_of(signature_method_content="<ds:HMACOutputLength>1"
                                                            "</ds:HMACOutputLength>"))  # fmt: skip


# --- structure ------------------------------------------------------------------------------------


def _structure() -> Iterator[Mistake]:
    yield Mistake("signature-beside-security", after=how.moved_signature)
    yield Mistake("signed-twice", after=how.signature_again)
    yield _tree("signature-children", how.key_info_first)
    yield _tree("two-bodies", how.body_again, "body-empty")
    yield _tree("header-behind-body", how.header_last)
    yield _tree("body-several", how.operation_again)
    yield _tree("body-empty", how.body_emptied)
    yield _tree("body-is-text", how.body_as_text)
    yield Mistake("no-envelope", after=how.unwrapped)
    yield Mistake(
        "soap-namespace", after=how.swap(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope", 99)
    )
    yield Mistake("beside-body", how.field_of(after_body='<x xmlns="urn:x"/>'))
    yield Mistake("header-must-be-understood",
    how.header('<r:Trace xmlns:r="urn:r" soap:mustUnderstand="1"/>'),
                  shapes=_NO_WCF)  # fmt: skip
    yield Mistake("must-understand-value", how.header('<r:Trace xmlns:r="urn:r" soap:mustUnderstand="yes"/>'),
                  shapes=_NO_WCF)  # fmt: skip
    yield Mistake("two-security-headers", how.header(f'<wsse:Security xmlns:wsse="{WSSE}"/>'), shapes=_NO_WCF)
    yield _tree("no-security", lambda root: root[0].clear())
    yield _tree("no-header", lambda root: root.remove(root[0]))
    yield Mistake(
        "security-namespace",
        after=how.swap(WSSE.encode(), b"http://schemas.xmlsoap.org/ws/2002/07/secext", 99),
    )
    yield Mistake(
        "security-for-another", how.field_of(security_attributes='soap:actor="urn:proxy"'), shapes=_NO_WCF
    )
    yield _tree("unsigned", _unsign)
    yield Mistake("user-name-alone", how.user_token, how.tree(_unsign))
    yield Mistake(
        "foreign-token",
        how.field_of(security_extra='<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
    )
    yield Mistake("encrypted", how.field_of(security_extra='<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>'),
                  also=frozenset({"client-looks-like"}))  # fmt: skip
    yield Mistake("security-child", how.field_of(security_extra="<wsse:Nonce>x</wsse:Nonce>"))
    yield Mistake("part-referenced-twice", lambda draft: replace(draft, references=(*draft.references,
    Ref("Body"))),
                  shapes=NO_LIST)  # fmt: skip
    yield Mistake("relative-namespace", after=how.swap(b"<n:filter>", b'<n:filter xmlns:r="relative">'))
    yield _tree("security-child-namespace", partial(_rename, "Timestamp", "Timestamp"), shapes=NO_LIST)
    yield _tree("no-body", partial(_rename, "Body", "{urn:x}Leib"), "beside-body", shapes=_NO_WCF)
    yield _tree("soap-versions-mixed", partial(_rename, "Body", f"{{{SOAP12}}}Body"))
    yield _tree("two-headers", lambda root: root.insert(0, etree.Element(f"{{{SOAP}}}Header")))
    yield _tree("text-between", lambda root: setattr(root[0], "tail", "text"))
    yield _tree("text-in-security", partial(_text_in, "Security"), shapes=_NO_WCF)
    yield _tree(
        "instruction", lambda root: root.append(etree.ProcessingInstruction("x", "y")), shapes=_NO_WCF
    )


def _named(root: etree._Element, name: str) -> etree._Element:
    return next(one for one in root.iter() if str(one.tag).endswith(f"}}{name}"))


def _rename(name: str, tag: str, root: etree._Element) -> None:
    _named(root, name).tag = tag


def _text_in(name: str, root: etree._Element) -> None:
    _named(root, name)[0].tail = "text"


def _timestamp_again(root: etree._Element) -> None:
    _named(root, "Security").append(etree.Element(f"{{{WSU}}}Timestamp"))


def _timestamp_outside(root: etree._Element) -> None:
    root[0].append(_named(root, "Timestamp"))


def _unsign(root: etree._Element) -> None:
    signature = next(root.iter(f"{{{DS}}}Signature"))
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)


def _xml() -> Iterator[Mistake]:
    yield Mistake(
        "utf-16", after=lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16"), is_sure=True
    )
    yield Mistake(
        "http-headers", after=lambda data: b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + data, is_sure=True
    )
    yield Mistake("mime-message",
    after=lambda data: b"--x\r\nContent-Type: text/xml\r\n\r\n" + data + b"\r\n--x--\r\n",
                  is_sure=True)  # fmt: skip
    yield Mistake("packed", after=gzip.compress, is_sure=True)
    yield Mistake("in-json", after=lambda data: json.dumps(data.decode()).encode(), is_sure=True)
    yield Mistake(
        "escaped-as-text",
        after=lambda data: data.replace(b"&", b"&amp;").replace(b"<", b"&lt;"),
        is_sure=True,
    )
    yield from _letters()
    yield Mistake("space-before-declaration", after=lambda data: b"\n" + data, is_sure=True)
    yield Mistake(
        "declared-otherwise", after=lambda data: data.replace(b"UTF-8", b"ISO-8859-1", 1), is_sure=True
    )
    yield Mistake("ampersand", after=how.swap(b">available<", b">a & b<"))
    yield Mistake("ampersand", after=how.swap(b"a &amp; b", b"a & b"), content=_TEXT, is_sure=True)
    yield Mistake("ampersand", after=how.swap(b"a &amp; b", b"AT&T"), content=_TEXT)
    yield Mistake("semicolon-missing", after=how.swap(b"a &amp; b", b"a &amp b"), content=_TEXT, is_sure=True)
    yield Mistake("semicolon-missing", after=how.swap(b"a &amp; b", b"a &lt b"), content=_TEXT,
                  also=_NO_XML)  # fmt: skip
    yield Mistake("html-entities", after=how.swap(b">available<", b">&oacute;<"))
    yield Mistake("html-entities", after=how.swap("ó".encode(), b"&oacute;"), content=_TEXT, is_sure=True)
    yield Mistake("control-characters", after=how.swap(b">available<", b">a\x02b<"))
    yield Mistake("control-characters", after=how.swap(b"a &amp; b", b"a\x00 &amp; b"), content=_TEXT,
                  is_sure=True)  # fmt: skip
    yield Mistake("more-than-one-document", after=lambda data: data + b"<more/>", is_sure=True)
    yield Mistake("unfinished", after=lambda data: data[:-9])
    yield Mistake("xml-error", after=how.swap(b"</n:filter>", b"</n:filtre>"))
    yield Mistake("prefix-undeclared", after=how.swap(b"<n:filter>", b"<q:filter>x</q:filter><n:filter>"))
    yield Mistake("no-xml", after=lambda data: b"Fault: " + data)
    yield Mistake("empty", after=lambda _: b" \n")
    yield Mistake("doctype", after=lambda data: data.replace(b"?>", b"?><!DOCTYPE x>", 1))


_TEXT: Final = LIST.replace("available", "razón: a &amp; b")
_NO_XML: Final = frozenset({"xml-error"})


def _letters() -> Iterator[Mistake]:
    """Yield other character sets, and what is only like one; and declarations."""
    for encoding in ("latin-1", "cp1252"):
        yield Mistake("not-utf-8", after=how.swap("ó".encode(), "ó".encode(encoding)), content=_TEXT,
                      is_sure=True)  # fmt: skip
    # CP850, MacRoman, UTF-8 that was cut, Shift_JIS: which of them, nobody can tell
    for octets in (b"\xa2", b"\x97", b"\xc3", b"\x83a"):
        yield Mistake("not-utf-8", after=how.swap("ó".encode(), octets), content=_TEXT, also=_NO_XML)
    for encoding in ("utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield Mistake(encoding[:6], after=partial(_wide, encoding), is_sure=True)
    for declaration in (
        b'<?xml encoding="UTF-8" version="1.0"?>',
        b'<?xml version="1.0" encoding="UTF-8" standalone="maybe"?>',
        b"<?xml version=1.0 encoding=UTF-8?>",
        b'<?xml version="1.0" encoding="UTF-8" x="y"?>',
        b'<?xml version="1.0"encoding="UTF-8"?>',
        b'<?XML version="1.0"?>',
    ):
        yield Mistake("declaration-malformed", after=partial(_declared, declaration), is_sure=True)


def _wide(encoding: str, data: bytes) -> bytes:
    return data.decode().encode(encoding)


def _declared(declaration: bytes, data: bytes) -> bytes:
    return declaration + (data.partition(b"?>")[2].lstrip() if data.startswith(b"<?xml") else data)


# --- time -----------------------------------------------------------------------------------------


def _times() -> Iterator[Mistake]:
    for cause, text in (
        ("time-comma", "2026-06-01T12:00:00,123Z"),
        ("time-space", "2026-06-01 12:00:00Z"),
        ("time-gmt", "2026-06-01T12:00:00GMT"),
        ("time-gmt", "2026-06-01 12:00:00 UTC"),
        ("time-no-zone", "2026-06-01T12:00:00"),
        ("time-no-zone", "2026-06-01T12:00:00.1234567"),
        ("time-no-seconds", "2026-06-01T12:00Z"),
        ("time-zone-without-colon", "2026-06-01T14:00:00+0200"),
        ("time-two-zones", "2026-06-01T12:00:00+00:00Z"),
        ("time-zone-name", "2026-06-01T14:00:00+02:00[Europe/Madrid]"),
        ("time-lower-case", "2026-06-01t12:00:00z"),
        ("time-fraction", "2026-06-01T12:00:00.1234567890Z"),
        ("time-compact", "20260601T120000Z"),
        ("time-of-unix", "1780315200000"),
        ("time-of-mail", "Mon, 01 Jun 2026 12:00:00 GMT"),
        ("time-local-form", "01/06/2026 12:00:00"),
        ("time-date-alone", "2026-06-01"),
        ("time-impossible", "2026-06-01T24:00:00Z"),
        ("time-unreadable", "now"),
    ):
        yield how.written_time(cause, text)
    yield how.clock("twelve-hours", hours=12)
    yield how.clock("twelve-hours", hours=-12)
    yield how.clock("local-time-as-utc", hours=2)
    yield how.clock("local-time-as-utc", hours=-5)
    yield how.clock("old-message", hours=-24 * 40)
    yield how.clock("clock-skew", hours=0.2)
    yield replace(how.clock("day-and-month", hours=0), before=how.field_of(
        created="2026-01-06T12:00:00Z", expires="", ttl=None))  # fmt: skip
    yield Mistake("timestamp-missing", lambda draft: replace(
        draft, timestamp="",
        references=tuple(one for one in draft.references if one.part != "Timestamp")))  # fmt: skip
    yield _tree("two-timestamps", _timestamp_again)
    yield _tree("timestamp-beside-security", _timestamp_outside)
    yield Mistake("time-empty", how.field_of(timestamp=_timestamp("<wsu:Created/>")), shapes=("zeep",))
    yield Mistake("expires-not-later", how.field_of(expires=instant(NOW - timedelta(seconds=1))))
    yield Mistake(
        "timestamp-children",
        how.field_of(timestamp=_timestamp(f"<wsu:Expires>{instant(NOW)}</wsu:Expires>")),
        shapes=("zeep",),
    )
    yield Mistake(
        "time-value-type",
        how.field_of(timestamp=_timestamp(f'<wsu:Created ValueType="x">{instant(NOW)}</wsu:Created>')),
        shapes=("zeep",),
    )


def _timestamp(inside: str) -> str:
    return f'<wsu:Timestamp wsu:Id="ts-1">{inside}</wsu:Timestamp>'


MISTAKES: Final = tuple(
    one
    for group in (
        *SIGNING, _pointing, _algorithms, _structure, _xml, _times, *REQUESTS,
    )
    for one in group()
)  # fmt: skip
