"""What we send: one shape, canonical to the byte, and accepted by verifiers that are not ours."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from envelopes import NS, PING, SOAP, WSSE, WSU, exclusive, parts_of
from notigateway.errors import ConfigurationError, FreshnessError
from notigateway.wss.canonical import canonical
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Limits, SignatureMethod
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope
from oracles import signxml_accepts, xmlsec_accepts, zeep_accepts
from pki import NOW, company_subject, ec_key, pki, rsa_key
from verifying import verify

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

CONTENT = PING.encode()
FAULT = (
    f'<soap:Fault xmlns:soap="{SOAP}"><faultcode>wsse:FailedCheck</faultcode><faultstring xml:lang="en">The '
    'digest of a signed part differs.</faultstring><detail><n:Problem xmlns:n="urn:notigateway:v1">'
    "<n:code>DIGEST_DIFFERS</n:code></n:Problem></detail></soap:Fault>"
).encode()


ORDINARY = EnvelopeForm()


def signer(holder: str = "company_seal") -> Signer:
    pair: KeyPair = getattr(pki(), holder)
    return Signer(pair.key, pair.certificate)


def signed(
    content: bytes = CONTENT,
    *,
    holder: str = "company_seal",
    is_fault: bool = False,
    form: EnvelopeForm = ORDINARY,
) -> bytes:
    return sign_envelope(content, signer=signer(holder), now=NOW, is_fault=is_fault, form=form)


def assert_accepted_by_all(data: bytes, holder: str = "company_seal") -> None:
    certificate = getattr(pki(), holder).certificate
    assert verify(data).certificate == certificate
    assert xmlsec_accepts(data, certificate)
    assert signxml_accepts(data, certificate)
    assert zeep_accepts(data, certificate)


@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
@pytest.mark.parametrize(("content", "is_fault"), [(CONTENT, False), (FAULT, True)], ids=["answer", "fault"])
def test_an_answer_is_accepted_by_four_verifiers(content: bytes, holder: str, *, is_fault: bool) -> None:
    data = signed(content, holder=holder, is_fault=is_fault)
    assert_accepted_by_all(data, holder)


@pytest.mark.parametrize("part", [b"hola", b"2026-06-01T12:05"])
def test_a_changed_answer_is_refused_by_all(part: bytes) -> None:
    data = signed()
    changed = data.replace(part, part[::-1])
    certificate = pki().company_seal.certificate
    assert changed != data
    for accepts in (xmlsec_accepts, signxml_accepts, zeep_accepts):
        assert not accepts(changed, certificate)


@pytest.mark.parametrize(("content", "is_fault"), [(CONTENT, False), (FAULT, True)], ids=["answer", "fault"])
def test_what_is_signed_is_what_is_sent_byte_for_byte(content: bytes, *, is_fault: bool) -> None:
    data = signed(content, is_fault=is_fault)
    parts = parts_of(etree.fromstring(data))
    assert parts.timestamp is not None
    assert exclusive(parts.timestamp) in data
    assert exclusive(parts.signature[0]) in data
    assert exclusive(parts.body, ["ng", "soap", "wsa", "wsse", "wsu"] if is_fault else None) in data


def test_the_shape_satisfies_the_strict_layout() -> None:
    parts = parts_of(etree.fromstring(signed()))
    names = [etree.QName(child).localname for child in parts.security]
    assert names == ["Timestamp", "BinarySecurityToken", "Signature"]
    assert [etree.QName(child).localname for child in parts.root] == ["Header", "Body"]
    assert [etree.QName(child).localname for child in parts.signature] == [
        "SignedInfo",
        "SignatureValue",
        "KeyInfo",
    ]
    assert len(parts.header) == 1
    references = parts.signature.findall(".//ds:Reference", NS)
    assert [reference.get("URI") for reference in references] == [
        f"#{part.get(f'{{{WSU}}}Id')}" for part in (parts.timestamp, parts.body) if part is not None
    ]


def test_ids_are_random_names() -> None:
    ids = re.findall(rb'Id="([^"]+)"', signed() + signed())
    assert len(set(ids)) == len(ids) == 8
    assert all(re.fullmatch(rb"(TS|X509|Body|SIG)-[0-9a-f]{32}", each) for each in ids)


def test_the_timestamp_is_in_utc_with_milliseconds() -> None:
    at = NOW.astimezone().replace(microsecond=123_987)
    data = sign_envelope(CONTENT, signer=signer(), now=at, ttl=timedelta(seconds=60))
    assert b"<wsu:Created>2026-06-01T12:00:00.123Z</wsu:Created>" in data
    assert b"<wsu:Expires>2026-06-01T12:01:00.123Z</wsu:Expires>" in data
    with pytest.raises(FreshnessError):
        verify(data, now=NOW + timedelta(seconds=121))


def test_requests_must_be_understood_and_answers_need_not() -> None:
    request = signed(form=EnvelopeForm(must_understand=True))
    assert b'<wsse:Security xmlns:wsse="%b" soap:mustUnderstand="1">' % WSSE.encode() in request
    assert b"mustUnderstand" not in signed()
    assert_accepted_by_all(request)


def test_the_namespaces_of_a_faultcode_are_signed() -> None:
    data = signed(FAULT, is_fault=True)
    declared = b'xmlns:wsse="%b" xmlns:wsu="%b" wsu:Id="Body-' % (WSSE.encode(), WSU.encode())
    assert b'PrefixList="ng soap wsa wsse wsu"' in data
    assert declared in data
    hijacked = data.replace(declared, declared.replace(WSSE.encode(), b"urn:evil"))
    assert not xmlsec_accepts(hijacked, pki().company_seal.certificate)
    fault = parse_envelope(data, limits=Limits()).operation
    assert fault.tag == f"{{{SOAP}}}Fault"
    assert fault.find("faultcode").nsmap["wsse"] == WSSE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "content",
    [
        f'<soap:Fault xmlns:soap="{SOAP}"><faultstring>x</faultstring></soap:Fault>',
        f'<n:a xmlns:n="urn:n"><wsu:b xmlns:wsu="{WSU}" wsu:Id="x"></wsu:b></n:a>',
        '<soap:a xmlns:soap="urn:other"></soap:a>',
        "<a>no namespace</a>",
        '<a xmlns="urn:default"><b xmlns=""></b></a>',
        f"<a>{SOAP} {WSU}</a>",
        '<a b="&lt;&quot;&#xA;&#x9;">&amp;&lt;&gt;&#xD;\n ñ \U0001f600</a>',
    ],
)
def test_content_may_use_our_prefixes_and_any_character(content: str) -> None:
    assert canonical(etree.fromstring(content)) == content.encode()
    assert_accepted_by_all(signed(content.encode()))


def test_a_large_text_is_signed_and_verified() -> None:
    data = signed(b'<n:a xmlns:n="urn:n">%b</n:a>' % (b"A" * 7_000_000))
    assert verify(data).operation.text == "A" * 7_000_000


# --- arbitrary content ----------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
NAMESPACES = st.sampled_from([None, "urn:notigateway:v1", "urn:b", SOAP, WSU, WSSE])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    prefixes = ["n", "soap", "wsu", "m", None]
    namespace = draw(NAMESPACES)
    prefix = draw(st.sampled_from(prefixes))
    name = "a" if namespace is None else f"{{{namespace}}}a"
    element = etree.Element(name, nsmap={prefix: namespace} if namespace else None)
    element.text = draw(TEXT)
    element.set("b", draw(TEXT))
    for child in draw(st.lists(elements(depth=depth - 1), max_size=3)) if depth else []:
        child.tail = draw(TEXT)
        element.append(child)
    return element


@settings(max_examples=60, deadline=None)
@given(elements())
def test_any_content_is_accepted_by_all(element: etree._Element) -> None:
    content = canonical(etree.fromstring(etree.tostring(element)))
    assert_accepted_by_all(signed(content))


# --- keys -----------------------------------------------------------------------------------------


def test_the_algorithm_follows_from_the_key() -> None:
    assert signer().method is SignatureMethod.RSA_SHA256
    assert signer("ec_company").method is SignatureMethod.ECDSA_SHA256
    assert verify(signed(holder="ec_company")).signature_method is SignatureMethod.ECDSA_SHA256


@pytest.mark.parametrize(
    "key", [rsa_key("weak", 1024), ec_key("test secp384r1", ec.SECP384R1)], ids=["rsa", "p384"]
)
def test_a_key_outside_the_profile_is_a_configuration_error(key: ec.EllipticCurvePrivateKey) -> None:
    pair = pki().holder(company_subject("B12345674"), key)
    with pytest.raises(ConfigurationError):
        Signer(pair.key, pair.certificate)


def test_a_signer_never_shows_its_key() -> None:
    assert "PrivateKey" not in repr(signer())


def test_every_signature_is_a_new_message() -> None:
    keys = [verify(signed()).replay_key for _ in range(3)]
    assert all(one != other for one, other in pairwise(keys))
