"""The bad vectors that are receipts, PDFs and certificates of powers alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vector_evidence import DISPOSED, NOW, ROUTING, Said, acceptance, available, request, small
from vector_keys import holder
from vector_kind import LATER, LONE_B, UNPROVEN, Vector, but, changed, flipped
from vector_log import text_of
from vector_seals import b64, pdf, sealed, sha256_b64
from vectors_good import stamped
from vectors_renewed import power

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_NO_RECEIPT = but(UNPROVEN, ".xml", schema="f", seal_certificate="f")


def bad_receipts() -> list[Vector]:
    """Return them."""
    return [*_bytes(), *_seals(), *structures(), *_others()]


def _of(content: str, other: Mapping[str, str] | None = None) -> bytes:
    return sealed(content, holder("seal"), text_of(DISPOSED), other=other)


def _bytes() -> Iterator[Vector]:
    """Yield what was changed after it was sealed."""
    whole = available()
    places = {
        "content": (whole.index(b"Reclam"), "V25", "One bit of the content."),
        "signed-properties": (
            whole.index(b"Policy for") + 3,
            "V25",
            "One bit of the signed properties: the policy's words.",
        ),
        "digest": (whole.index(b"<ds:DigestValue>") + 20, "V25", "One bit of the digest of the content."),
        "signature-value": (
            whole.index(b"<ds:SignatureValue>") + 30,
            "V26",
            "One bit of the signature value.",
        ),
        "key-info-id": (
            whole.index(b'<ds:KeyInfo Id="') + 17,
            "V21",
            "One bit of the identifier of KeyInfo.",
        ),
    }
    for name, (place, rule, says) in places.items():
        yield Vector(
            name=f"receipt-bit-{name}", data=flipped(whole, place), rule=rule, steps=UNPROVEN, says=says
        )
    event = changed(whole, b"<EventTime>2026-05-29T12:00:00.000Z", b"<EventTime>2026-05-29T12:00:00.001Z")
    yield Vector(
        name="receipt-event-time",
        data=event,
        rule="V25",
        steps=UNPROVEN,
        says="EventTime a millisecond later.",
    )
    pretty = whole.replace(b"><", b">\n<", 1)
    yield Vector(
        name="receipt-line-feed",
        data=pretty,
        rule="V19",
        steps=UNPROVEN,
        says="A line feed between two elements.",
    )
    comment = changed(whole, b"ACT-1", b"ACT-<!-- -->1")
    yield Vector(
        name="receipt-comment",
        data=comment,
        rule="V19",
        steps=_NO_RECEIPT,
        says="A comment in a text, which the canonical form leaves out.",
    )
    declared = b'<?xml version="1.0"?>' + whole
    yield Vector(
        name="receipt-declaration",
        data=declared,
        rule="V19",
        steps=_NO_RECEIPT,
        says="An XML declaration before the receipt.",
    )
    empty = changed(
        whole,
        b'<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>',
        b'<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>',
    )
    yield Vector(
        name="receipt-empty-tag",
        data=empty,
        rule="V19",
        steps=UNPROVEN,
        says="An empty element written as one tag.",
    )
    yield Vector(
        name="receipt-trailing",
        data=whole + b"\n",
        rule="V19",
        steps=UNPROVEN,
        says="A line feed behind the receipt.",
    )
    yield Vector(
        name="receipt-cut",
        data=whole[:-20],
        rule="V19",
        steps=_NO_RECEIPT,
        says="The last 20 bytes are missing.",
    )
    yield Vector(
        name="receipt-nothing",
        data=b"",
        rule="V19",
        steps=_NO_RECEIPT,
        says="A file without a byte.",
        suffix=".xml",
    )
    value = re.search(rb"<ds:SignatureValue>([^<]*)==<", whole)
    assert value is not None
    last = value.end(1) - 1
    other = whole[:last] + bytes([_next_in_base64(whole[last])]) + whole[last + 1 :]
    yield Vector(
        name="receipt-base64",
        data=other,
        rule="V26",
        steps=UNPROVEN,
        says="The signature value in another spelling of base64, of the same bytes.",
    )
    twice = changed(whole, b"</Evidence>", whole[whole.index(b"<ds:Signature ") :])
    yield Vector(
        name="receipt-two-seals",
        data=twice,
        rule="V19",
        steps=but(UNPROVEN, ".xml", schema="f"),
        says="The seal is there twice.",
    )


def _next_in_base64(char: int) -> int:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return alphabet[alphabet.index(char) + 1]


def _seals() -> Iterator[Vector]:
    """Yield what its seal does not hold, though the key signed it."""
    said = Said()
    yield Vector(
        name="receipt-high-s",
        data=sealed(said.content(), holder("seal"), text_of(DISPOSED), high=True),
        rule="V10",
        steps=UNPROVEN,
        says="The other form of the signature, (r, n-s), which anybody can compute.",
    )
    stranger = sealed(said.content(), holder("another-holder"), text_of(DISPOSED))
    yield Vector(
        name="receipt-another-holder",
        data=stranger,
        rule="V23",
        steps=but(UNPROVEN, ".xml", seal_certificate="f"),
        says="Sealed by another holder of a certificate of the same issuer.",
    )
    lent = sealed(
        said.content(),
        holder("another-holder"),
        text_of(DISPOSED),
        other={"certificate": b64(holder("seal").der)},
    )
    yield Vector(
        name="receipt-lent-certificate",
        data=lent,
        rule="V23",
        steps=UNPROVEN,
        says="The same, with the seal's certificate in KeyInfo and the other's digest in the properties.",
    )
    forged = sealed(
        said.content(),
        holder("another-holder"),
        text_of(DISPOSED),
        other={"certificate": b64(holder("seal").der), "certificate digest": sha256_b64(holder("seal").der)},
    )
    yield Vector(
        name="receipt-another-key",
        data=forged,
        rule="V26",
        steps=UNPROVEN,
        says="The same, with the seal's digest there too: signed by another key.",
    )
    apart = sealed(said.content(), holder("seal"), text_of(DISPOSED + timedelta(seconds=1)))
    yield Vector(
        name="receipt-signing-time",
        data=apart,
        rule="V27",
        steps=UNPROVEN,
        says="SigningTime is a second after EventTime.",
    )
    unknown = _of(Said(policy_sha256="0" * 64).content())
    yield Vector(
        name="receipt-policy-of-content",
        data=unknown,
        rule="V24",
        steps=but(LONE_B, ".xml", policy="f"),
        says="The policy that the content names by its hash is none that is published.",
    )
    yield Vector(
        name="receipt-policy-of-seal",
        data=_of(said.content(), {"policy digest": b64(bytes(32))}),
        rule="V24",
        steps=UNPROVEN,
        says="The policy that the seal names has another hash.",
    )
    yield Vector(
        name="receipt-method",
        data=_of(said.content(), {"method": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}),
        rule="V22",
        steps=UNPROVEN,
        says="The seal says that it is an HMAC.",
    )
    swapped = said.content().replace(
        "<NotificationCode>7</NotificationCode><ActReference>ACT-1</ActReference>",
        "<ActReference>ACT-1</ActReference><NotificationCode>7</NotificationCode>",
    )
    yield Vector(
        name="receipt-schema",
        data=_of(swapped),
        rule="V20",
        needs=("schema",),
        steps=but(LONE_B, ".xml", schema="f"),
        says="Two elements in another order than the schema's, sealed so.",
    )
    yield Vector(
        name="receipt-metadata",
        data=_of(replace(said, routing=ROUTING.replace("<Value>2026-01</Value>", "")).content()),
        rule="V20",
        needs=("schema",),
        steps=but(LONE_B, ".xml", schema="f"),
        says="Metadata with a key and no value, sealed so.",
    )
    nested = said.content().replace("</Evidence>", available().decode() + "</Evidence>")
    yield Vector(
        name="receipt-nested",
        data=_of(nested),
        rule="V19",
        steps=but(UNPROVEN, ".xml", schema="f"),
        says="An original with its seal inside of another receipt.",
    )


_ANOTHER = b"/Perms<</DocMDP 6 0 R>>"
# What a PDF of the seal's own says otherwise than V81 and V82: by name, the rule, what instead of what, why.
_STRUCTURES: tuple[tuple[str, str, tuple[tuple[bytes, bytes], ...], str], ...] = (
    ("two-fields", "V81", ((b"Fields[6 0 R]", b"Fields[6 0 R 6 0 R]"),), "The field of the seal twice."),
    ("kids", "V81", ((b"/T(Seal)", b"/T(Seal)/Kids[6 0 R]"),), "The field of the seal has others below it."),
    ("certified-by-another", "V81", ((b"/V 7 0 R", b"/V 6 0 R"),), "What certifies it is not in its field."),
    (
        "another-range",
        "V81",
        ((b"/Perms<</DocMDP 7 0 R>>", _ANOTHER), (b"/V 7 0 R", b"/V 6 0 R/ByteRange[0 9 9 9]")),
        "What certifies it has another byte range than the seal.",
    ),
    (
        "changes-allowed",
        "V81",
        ((b"/P 1/V/1.2", b"/P 2/V/1.2"),),
        "Its seal allows that forms are filled in.",
    ),
    ("two-attached", "V82", ((b"/AF[5 0 R]", b"/AF[5 0 R 5 0 R]"),), "Its receipt is attached twice."),
)


def structures() -> Iterator[Vector]:
    """Yield PDFs that the seal's own key has sealed, and that are not as the gateway writes them."""
    for name, rule, instead, says in _STRUCTURES:
        yield Vector(
            name=f"form-{name}",
            data=pdf(available(), holder("seal"), text_of(NOW), instead=instead),
            rule=rule,
            needs=("form",),
            steps="f",
            says=says,
        )


def _others() -> Iterator[Vector]:
    asked = stamped(acceptance(), NOW + timedelta(seconds=40))
    yield Vector(
        name="request-another",
        data=asked,
        request=request(notification="01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c99"),
        rule="V49",
        steps="pppp sp fiss ssssss p",
        says="Another request than the one that the receipt names is given beside it.",
    )
    whole = small().members()["receipt.pdf"]
    yield Vector(
        name="form-appended",
        data=whole + b"\n%more\n",
        rule="V81",
        needs=("form",),
        steps="f",
        says="A comment appended to a PDF.",
    )
    yield Vector(
        name="form-bit",
        data=flipped(whole, whole.index(b"/MediaBox") + 12),
        rule="V80",
        needs=("form",),
        steps="f",
        says="One bit of a PDF.",
    )
    high = pdf(available(), holder("seal"), text_of(NOW), high=True)
    yield Vector(
        name="form-high-s",
        data=high,
        rule="V10",
        needs=("form",),
        steps="f",
        says="The seal of a PDF in the other form of its signature.",
    )
    lower = re.sub(rb"<[0-9A-F]{400,}>", lambda found: found[0].lower(), whole)
    yield Vector(
        name="form-lower-case",
        data=lower,
        rule="V80",
        needs=("form",),
        steps="f",
        says="The container of a PDF in lower-case digits.",
    )
    yield Vector(
        name="power-bit",
        data=changed(power(), b"<Scope>general", b"<Scope>generaL"),
        rule="V53",
        steps="fpfi",
        says="The certificate of a power with another scope.",
    )
    yield Vector(
        name="power-retired",
        data=power(),
        trust="trust-retired",
        at=LATER,
        rule="V53",
        steps="ppip",
        says="The certificate of a power whose seal is out of use.",
    )
