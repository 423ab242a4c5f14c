"""Mistakes of signing: octets as text, digests, signature values, tokens, references, algorithms."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from lxml import etree

import mistakes as how
from client_shapes import der_sequence, pkcs7_bytes
from envelopes import (
    DS,
    MORE_2007,
    RSA_SHA256,
    X509_PROFILE,
    X509V3,
    Draft,
    Ref,
    exclusive,
    key_info_text,
    signature_value,
)
from mistakes import LIST, NO_LIST, NOT_SIGNING_TOKEN, Mistake
from pki import pki, rsa_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.pki.keys import KeyPair

_PATH: Final = f"{X509_PROFILE}#X509PKIPathv1"
_PKCS7: Final = f"{X509_PROFILE}#PKCS7"
_SURE: Final = {"is_sure": True}
_COMMENTS: Final = partial(etree.tostring, method="c14n", exclusive=True, with_comments=True)


def _digest(cause: str, write: object, *also: str, **more: object) -> Mistake:
    return Mistake(cause, how.digest_text(write), also=frozenset(also), is_sure=True, **more)  # type: ignore[arg-type]


def _octets(cause: str, make: object, name: str = "sha256", **more: object) -> Mistake:
    return Mistake(cause, how.digested(make, name), **{**_SURE, **more})  # type: ignore[arg-type]


def _value(cause: str, write: object) -> Mistake:
    return Mistake(cause, how.value_text(write), is_sure=True)  # type: ignore[arg-type]


def _sign(cause: str, sign: object, **more: object) -> Mistake:
    return Mistake(cause, how.signed(sign), **{**_SURE, **more})  # type: ignore[arg-type]


def _token(cause: str, text: object, kind: str = X509V3, **more: object) -> Mistake:
    return Mistake(cause, how.token(text, kind), **{**_SURE, **more})  # type: ignore[arg-type]


# --- with the key --------------------------------------------------------------------------------


def rsa(pair: KeyPair, octets: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    assert not isinstance(pair.key, ec.EllipticCurvePrivateKey)
    return pair.key.sign(octets, padding.PKCS1v15(), algorithm)


def bare_digest(draft: Draft, octets: bytes) -> bytes:
    """Raise the padded digest to the private power, as who calls RSA itself does."""
    assert not isinstance(draft.pair.key, ec.EllipticCurvePrivateKey)
    numbers = draft.pair.key.private_numbers()
    width = (draft.pair.key.key_size + 7) // 8
    digest = hashlib.sha256(octets).digest()
    padded = b"\0\1" + b"\xff" * (width - 3 - len(digest)) + b"\0" + digest
    power = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n)
    return power.to_bytes(width)


def salted(draft: Draft, octets: bytes) -> bytes:
    assert not isinstance(draft.pair.key, ec.EllipticCurvePrivateKey)
    return draft.pair.key.sign(octets, padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256())


def der_form(draft: Draft, octets: bytes) -> bytes:
    assert isinstance(draft.pair.key, ec.EllipticCurvePrivateKey)
    return draft.pair.key.sign(octets, ec.ECDSA(hashes.SHA256()))


@cache
def p12() -> bytes:
    """Return a container of the company's seal."""
    pair = pki().company_seal
    return pkcs12.serialize_key_and_certificates(
        b"sello", pair.key, pair.certificate, None, BestAvailableEncryption(b"x")
    )


# --- octets as text -------------------------------------------------------------------------------


def _encodings() -> Iterator[Mistake]:
    def twice(value: str) -> str:
        return base64.b64encode(value.encode()).decode()

    def url(value: str) -> str:
        return value.translate(str.maketrans("+/", "-_"))

    yield _digest("written-in-hex", how.hex_of)
    yield replace(_digest("written-in-hex", lambda value: "0x" + how.hex_of(value).upper()))
    yield _digest("hex-in-base64", lambda value: twice(how.hex_of(value)))
    yield _digest("base64-twice", twice)
    yield _digest("base64-padding", lambda value: value.rstrip("="))
    yield _digest("base64-breaks-as-text", lambda value: value[:20] + "\\n" + value[20:])
    yield _digest(
        "base64-breaks-as-text", lambda value: value[:20] + "&#13;".replace("&", "%0D%0A")[:6] + value[20:]
    )
    yield _digest("base64-in-quotes", lambda value: f'"{value}"')
    yield _digest("octets-reversed", lambda value: how.b64(base64.b64decode(value)[::-1]))
    yield Mistake("digest-unreadable", how.digest_text(lambda _: "!"))
    yield Mistake("digest-length", how.digest_text(lambda value: how.b64(base64.b64decode(value)[:30])))
    yield Mistake("value-unreadable", how.value_text(lambda _: "!"))
    yield _value("written-in-hex", lambda value: value.hex())
    yield _value("octets-reversed", lambda value: how.b64(value[::-1]))
    yield _value("base64-twice", lambda value: twice(how.b64(value)))
    yield _value("base64url", lambda value: url(how.b64(value)))
    yield _value("base64-through-a-form", lambda value: quote(how.b64(value), safe=""))
    yield _value("base64-breaks-as-text", lambda value: how.b64(value)[:64] + "\\r\\n" + how.b64(value)[64:])
    yield _value("hex-in-base64", lambda value: twice(value.hex()))


# --- what was digested, what was signed -----------------------------------------------------------


def _digests() -> Iterator[Mistake]:
    yield Mistake("pretty-printed-after-signing", after=how.indented, is_sure=True, shapes=NO_LIST)
    yield Mistake("indentation-of-2-removed", how.field_of(pretty=True), how.minified, is_sure=True,
    shapes=NO_LIST,
                  also=frozenset({"other-octets-signed"}))  # fmt: skip
    yield _octets("indentation-of-4-removed", partial(_indented, "    ", None))
    yield _octets("indentation-by-tabs-removed", partial(_indented, "\t", None))
    yield _octets("digested-pretty-printed", partial(_indented, "  ", "Body"))
    yield Mistake("prefix-renamed", after=lambda data: data.replace(b"soap:", b"soapenv:").replace(
        b"xmlns:soap=", b"xmlns:soapenv="), is_sure=True, shapes=("zeep", "node-soap", "php"))  # fmt: skip
    yield _octets("inclusive-c14n", lambda one, _: etree.tostring(one, method="c14n"))
    yield _octets("prefix-list-not-stated", lambda one, given: exclusive(one, [*given, "ds"]), shapes=NO_LIST)
    yield Mistake("prefix-list-not-applied", is_sure=True, shapes=("zeep", "node-soap", "php"),
                  before=lambda draft: how.digested(lambda one, _: exclusive(one))(
                      how.refs(lambda ref: replace(ref, prefixes="ds wsse"))(draft)))  # fmt: skip
    yield Mistake("prefix-out-of-scope", is_sure=True, shapes=("zeep", "php"),
                  before=lambda draft: how.digested(_with_xsd)(
                      how.refs(lambda ref: replace(ref,
                      prefixes="xsd") if ref.part == "Body" else ref)(draft)))  # fmt: skip
    yield _octets("comments-digested", lambda one, _: _COMMENTS(one), content=how.COMMENTED, shapes=NO_LIST)
    yield _octets("crlf-escaped", lambda one, given: exclusive(one, given).replace(b"\n", b"&#xD;\n"),
                  content=how.BROKEN_LINES)  # fmt: skip
    yield _octets(
        "crlf", lambda one, given: exclusive(one, given).replace(b"\n", b"\r\n"), content=how.BROKEN_LINES
    )
    yield Mistake("carriage-returns-added", after=how.swap(b"available<", b"available&#13;<"), is_sure=True,
                  also=frozenset({"schema", "space-around-values", "white-space-added"}))  # fmt: skip
    yield _octets("xml-declaration-digested", lambda one, given: b'<?xml version="1.0" encoding="UTF-8"?>\n'
                  + exclusive(one, given))  # fmt: skip
    yield _octets("line-end-digested", lambda one, given: exclusive(one, given) + b"\n")
    yield _octets("namespaces-left-out", lambda one, given: _bare(exclusive(one, given)))
    yield _octets("content-digested", lambda one, given: exclusive(one[0], given))
    yield _octets("text-digested", lambda one, _: "".join(one.itertext()).encode())
    yield _octets(
        "other-character-set", lambda one, given: exclusive(one, given).decode().encode("utf-16-le")
    )
    yield _octets("hashed-twice", lambda one, given: hashlib.sha256(exclusive(one, given)).digest())
    yield _octets(
        "hashed-twice", lambda one, given: hashlib.sha256(exclusive(one, given)).hexdigest().encode()
    )
    yield _octets("nothing-digested", lambda *_: b"")
    yield _octets("id-set-after-digest", how.without_id)
    yield Mistake("references-exchanged", how.exchanged, is_sure=True)
    yield _octets(
        "digest-of-another-part", lambda one, _: exclusive(next(one.getroottree().iter("{*}Timestamp")))
    )
    yield _octets("digest-of-another-hash", exclusive, "sha1")
    yield _octets("digest-of-another-hash", exclusive, "sha512")
    yield _octets("digested-as-written", lambda one, _: how.written(one))
    yield _octets("empty-tags", lambda one, given: exclusive(one, given).replace(b"></n:cursor>", b"/>"),
                  content=LIST.replace("<n:pageSize", "<n:cursor></n:cursor><n:pageSize"),
                  also=frozenset({"schema", "empty-elements"}))  # fmt: skip
    yield Mistake("prefix-list-not-in-scope", before=how.refs(
        lambda ref: replace(ref, prefixes="nobody") if ref.part == "Body" else ref),
        after=how.swap(b">10<", b">11<"), shapes=NO_LIST)  # fmt: skip
    yield Mistake("changed-after-signing", after=how.swap(b">10<", b">11<"))
    yield Mistake("white-space-added", after=how.swap(b">10<", b"> 10 <"), is_sure=True)


def _indented(space: str, part: str | None, one: etree._Element, given: list[str]) -> bytes:
    root = etree.fromstring(etree.tostring(one.getroottree()))
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    etree.indent(root if part is None else body, space=space)
    return exclusive(body, given)


def _with_xsd(one: etree._Element, _: list[str]) -> bytes:
    octets = exclusive(one)
    *_before, last = re.finditer(rb' xmlns:\w+="[^"]*"', octets[: octets.index(b">")])
    return octets[: last.end()] + b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"' + octets[last.end() :]


def _bare(octets: bytes) -> bytes:
    root = etree.fromstring(octets)
    for one in root.iter():
        one.tag = str(one.tag).rpartition("}")[2]
        for name in list(one.attrib):
            value = one.attrib.pop(name)
            one.set(str(name).rpartition("}")[2], value)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, method="c14n", exclusive=True)


_SHA1: Final = hashes.SHA1()  # noqa: S303  (what must be recognised has to be made)


def _hashed_before(draft: Draft, octets: bytes) -> bytes:
    return signature_value(draft.pair, RSA_SHA256, hashlib.sha256(octets).digest())


def _values() -> Iterator[Mistake]:
    person = pki().person
    yield _sign("hashed-twice", _hashed_before)
    yield _sign("no-digest-info", bare_digest)
    yield _sign("value-of-another-method", lambda draft, octets: rsa(draft.pair, octets, _SHA1))
    yield _sign(
        "value-of-another-method", lambda draft, octets: signature_value(draft.pair, "sha256-MGF1", octets)
    )
    yield Mistake("pss-salt", is_sure=True, before=lambda draft: replace(
        draft, signature_method=f"{MORE_2007}sha256-rsa-MGF1", sign=partial(salted, draft)))  # fmt: skip
    yield _sign("ecdsa-in-der", der_form)
    yield _sign("part-signed-directly", lambda draft, _: signature_value(
        draft.pair, RSA_SHA256,
        exclusive(next(one for one in draft_tree(draft) if str(one.tag).endswith("}Body")))))  # fmt: skip
    yield _sign(
        "line-end-digested", lambda draft, octets: signature_value(draft.pair, RSA_SHA256, octets + b"\n")
    )
    yield _sign(
        "other-octets-signed", lambda draft, _: signature_value(draft.pair, RSA_SHA256, b"something else")
    )
    yield _sign("another-key", lambda _, octets: signature_value(person, RSA_SHA256, octets), is_sure=False)
    yield _sign("value-of-another-size", lambda _, octets: rsa_key("large", 3072).sign(
        octets, padding.PKCS1v15(), hashes.SHA256()), is_sure=False)  # fmt: skip
    yield Mistake("key-of-another-certificate", is_sure=True, shapes=NOT_SIGNING_TOKEN,
    before=lambda draft: replace(
        draft,
        sign=lambda octets: signature_value(person, RSA_SHA256, octets),
        security_extra=f'<wsse:BinarySecurityToken wsu:Id="other" ValueType="{X509V3}">'
        f"{how.b64(how.der(person))}</wsse:BinarySecurityToken>",
    ))  # fmt: skip
    yield Mistake("inclusive-c14n", is_sure=True, before=lambda draft: replace(
        draft, sign=partial(_inclusive_value, draft)), shapes=("zeep", "node-soap", "php"))  # fmt: skip


def draft_tree(draft: Draft) -> etree._Element:
    """Return the tree of a draft as it will be signed."""
    return replace(draft, sign=None).tree()


def _inclusive_value(draft: Draft, octets: bytes) -> bytes:
    tree = draft_tree(draft)
    info = next(tree.iter(f"{{{DS}}}SignedInfo"))
    assert exclusive(info, (draft.c14n_prefixes or "").split()) == octets
    return signature_value(draft.pair, RSA_SHA256, etree.tostring(info, method="c14n"))


# --- tokens ---------------------------------------------------------------------------------------


def _tokens() -> Iterator[Mistake]:
    issuing = pki().issuing.certificate
    two = partial("".join)

    def both(pair: object) -> str:
        return two([how.pem(pki().company_seal), issuing.public_bytes(Encoding.PEM).decode()])

    yield _token("token-in-pem", how.pem)
    yield _token("token-in-pem", lambda pair: how.b64(how.pem(pair).encode()))
    yield _token("token-bag-attributes", how.bag)
    yield _token("token-bag-attributes", lambda pair: how.b64(how.bag(pair).encode()))
    yield _token("token-several-certificates", both)
    yield _token(
        "token-joined-certificates", lambda pair: how.b64(how.der(pair) + issuing.public_bytes(Encoding.DER))
    )
    yield _token("token-path-reversed", lambda pair: how.b64(der_sequence(pair.certificate, issuing)), _PATH)
    yield _token("token-is-one-certificate", lambda pair: how.b64(how.der(pair)), _PATH)
    yield _token("token-is-one-certificate", lambda pair: how.b64(how.der(pair)), _PKCS7)
    yield _token("token-is-a-path", lambda pair: how.b64(der_sequence(issuing, pair.certificate)))
    yield _token("token-is-pkcs7", lambda pair: how.b64(pkcs7_bytes(pair.certificate, issuing)))
    yield _token("token-not-one-path", lambda pair: how.b64(der_sequence(pki().person.certificate,
    pair.certificate)),
                 _PATH)  # fmt: skip
    yield _token("token-not-one-path-in-pkcs7", lambda pair: how.b64(
        pkcs7_bytes(pki().person.certificate, pair.certificate)), _PKCS7)  # fmt: skip
    yield Mistake("certificates-disagree", how.field_of(key_info=key_info_text("<ds:X509Data>" + "".join(
        f"<ds:X509Certificate>{how.b64(how.der(one))}</ds:X509Certificate>"
        for one in (pki().person, pki().company_seal)) + "</ds:X509Data>")))  # fmt: skip
    yield _token("token-is-pkcs12", lambda _: how.b64(p12()), is_sure=False)
    yield _token("token-public-key", lambda pair: pair.certificate.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), is_sure=False)  # fmt: skip
    yield _token("written-in-hex", lambda pair: how.der(pair).hex())
    yield _token("base64url", lambda pair: base64.urlsafe_b64encode(how.der(pair)).decode())
    yield _token("base64-breaks-as-text", lambda pair: "\\n".join(
        [how.b64(how.der(pair))[:64], how.b64(how.der(pair))[64:]]))  # fmt: skip
    yield _token("token-unreadable", lambda _: how.b64(b"nothing that is known"), is_sure=False)
    yield Mistake("token-uri-without-hash", is_sure=True, before=lambda draft: replace(draft,
    key_info=key_info_text(
        f'<wsse:Reference URI="{draft.id_of("Token")}" ValueType="{X509V3}"/>')))  # fmt: skip
    yield Mistake("token-of-another-id", is_sure=True, before=how.field_of(
        key_info=key_info_text(f'<wsse:Reference URI="#nobody" ValueType="{X509V3}"/>')))  # fmt: skip
    yield Mistake("token-missing", how.field_of(token=""), shapes=NOT_SIGNING_TOKEN)
    yield Mistake("certificate-named-not-sent", how.field_of(key_info=key_info_text(
        "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=ca</ds:X509IssuerName>"
        "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>")))  # fmt: skip
    yield Mistake("x509-data", how.field_of(key_info=key_info_text("<ds:X509Data/>")))
    yield Mistake(
        "key-info-kind", how.field_of(key_info="<ds:KeyInfo><ds:KeyName>sello</ds:KeyName></ds:KeyInfo>")
    )
    yield Mistake("signed-token-not-designated", before=lambda draft: replace(
        draft, references=(*(one for one in draft.references if one.part != "Token"), Ref("Token")),
        key_info=key_info_text(f'<wsse:KeyIdentifier ValueType="{X509V3}">{how.b64(how.der(draft.pair))}'
                               "</wsse:KeyIdentifier>")))  # fmt: skip
    yield Mistake("token-value-type",
    how.field_of(token_attributes='ValueType="urn:x"', key_info=key_info_text(
        '<wsse:Reference URI="#x509-1"/>')), shapes=("zeep",))  # fmt: skip
    yield Mistake("key-identifier", how.field_of(key_info=key_info_text(
        '<wsse:KeyIdentifier ValueType="urn:x">AAAA</wsse:KeyIdentifier>')))  # fmt: skip
    yield Mistake("token-value-types-differ", before=lambda draft: replace(draft, key_info=key_info_text(
        f'<wsse:Reference URI="#{draft.id_of("Token")}" ValueType="{_PATH}"/>')))  # fmt: skip
    yield _token("token-private-key", lambda pair: pair.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), is_sure=False)  # fmt: skip
    yield Mistake("issuer-not-authorised", how.field_of(pair=pki().wrong_issuer), shapes=("zeep", "php"))
    yield Mistake("certificate-not-valid", how.field_of(pair=pki().expired), shapes=("zeep", "php"))


SIGNING: Final = (_encodings, _digests, _values, _tokens)
