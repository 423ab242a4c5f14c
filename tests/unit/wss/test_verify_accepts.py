"""The shapes of real clients, and the variations that the profile tolerates, are accepted."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from client_shapes import CLIENT_SHAPES
from envelopes import (
    EC,
    NS,
    PING,
    SIGN_BODY_AND_TIMESTAMP,
    SOAP,
    Draft,
    Parts,
    Ref,
)
from notigateway.errors import (
    DigestError,
    FreshnessError,
    SecurityHeaderMissingError,
    TimestampInvalidError,
)
from notigateway.wss.policy import (
    STRONG_DIGESTS,
    STRONG_SIGNATURES,
    DigestMethod,
    Expectations,
    SignatureMethod,
)
from pki import NOW, company_subject, ec_key, pki
from verifying import refused, verify

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair


@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
@pytest.mark.parametrize("shape", CLIENT_SHAPES)
def test_the_shape_of_every_client_is_accepted(shape: str, holder: str) -> None:
    pair: KeyPair = getattr(pki(), holder)
    verified = verify(CLIENT_SHAPES[shape](pair))
    assert verified.certificate == pair.certificate
    assert verified.operation.getparent() is verified.body
    assert verified.operation.findtext("{urn:notigateway:v1}text") == "hola"


@pytest.mark.parametrize(
    "method", sorted((one for one in STRONG_SIGNATURES if one.family != "ECDSA"), key=str)
)
def test_every_rsa_method_is_accepted(method: SignatureMethod) -> None:
    assert verify(Draft(signature_method=method.value).build()).signature_method is method


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
@pytest.mark.parametrize(
    "method", sorted((one for one in STRONG_SIGNATURES if one.family == "ECDSA"), key=str)
)
def test_every_ecdsa_method_is_accepted(method: SignatureMethod, curve: type[ec.EllipticCurve]) -> None:
    pair = pki().holder(company_subject("B12345674"), ec_key(f"test {curve.name}", curve))
    assert verify(Draft(pair=pair, signature_method=method.value).build()).signature_method is method


@pytest.mark.parametrize("method", sorted(STRONG_DIGESTS, key=str))
def test_every_digest_is_accepted(method: DigestMethod) -> None:
    references = (Ref("Body", digest_method=method.value), Ref("Timestamp", digest_method=method.value))
    assert verify(Draft(references=references).build()).created == NOW


@pytest.mark.parametrize(
    "prefixes",
    [
        "",
        "soap",
        "wsu soap  wsse",
        "\tsoap&#10; ds ",
        "#default",
        "soap soap #default soap",
        "never declared",
        "xml",
    ],
)
def test_a_prefix_list_of_any_order_and_space_is_accepted(prefixes: str) -> None:
    written = prefixes.replace("&#10;", "\n")
    signed = "".join(f" {prefix} " for prefix in written.split() if prefix != "xml")
    draft = Draft(
        root_attributes='xmlns="urn:default"',
        references=(Ref("Body", prefixes=signed), Ref("Timestamp", prefixes=signed)),
        c14n_prefixes=signed,
        prepare=lambda parts: _write_prefix_lists(parts, written),
    )
    assert verify(draft.build()).created == NOW


def _write_prefix_lists(parts: Parts, written: str) -> None:
    for element in parts.signature.iter(f"{{{EC}}}InclusiveNamespaces"):
        element.set("PrefixList", written)


def test_signed_and_unsigned_foreign_headers_are_accepted() -> None:
    draft = Draft(
        header_before='<h xmlns="urn:h" wsu:Id="h1">signed</h><h xmlns="urn:h">not signed</h>',
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("h1"), Ref("Token")),
    )
    assert verify(draft.build()).created == NOW


def test_a_security_header_for_somebody_else_does_not_count() -> None:
    other = '<wsse:Security soap:actor="urn:other" soap:mustUnderstand="1"><x/></wsse:Security>'
    assert verify(Draft(header_before=other).build()).created == NOW
    refused(Draft(security_attributes='soap:actor="urn:other"').build(), SecurityHeaderMissingError)


@pytest.mark.parametrize(
    "extra", ["<wsse:UsernameToken><wsse:Username>x</wsse:Username></wsse:UsernameToken>"]
)
def test_an_unused_username_token_is_ignored(extra: str) -> None:
    assert verify(Draft(security_extra=extra).build()).created == NOW


def test_an_id_may_be_written_in_both_ways() -> None:
    both = Draft(body_attributes='Id="id-1"').build()
    assert verify(both).created == NOW
    different = Draft(body_attributes='Id="other"').build()
    assert verify(different).created == NOW


def test_business_content_may_use_lower_case_id() -> None:
    content = '<n:Ping xmlns:n="urn:notigateway:v1"><n:a id="id-1"/><n:b id="id-1" href="#ts-1"/></n:Ping>'
    assert verify(Draft(content=content).build()).created == NOW


def test_base64_may_hold_xml_whitespace() -> None:
    def wrap(parts: Parts) -> None:
        for path in (".//ds:SignatureValue", ".//wsse:BinarySecurityToken"):
            element = parts.security.find(path, NS)
            assert element is not None
            assert element.text
            element.text = "\r\n\t ".join(re.findall(".{1,60}", element.text))

    assert verify(Draft(tamper=wrap).build()).created == NOW


def test_what_canonicalisation_levels_may_change_on_the_way() -> None:
    data = Draft(
        content='<n:Ping xmlns:n="urn:notigateway:v1" b="1" a="2"><n:text>á</n:text></n:Ping>'
    ).build()
    changed = data.replace(b'b="1" a="2"', b"a='2'\n  b = '1' ").replace(b"<n:text>", b"<n:text ><!-- c -->")
    changed = changed.replace("á".encode(), b"&#xE1;")
    assert changed != data
    assert verify(changed).operation[0].text == "á"


def test_only_the_signed_body_is_returned() -> None:
    verified = verify(Draft(header_before=PING.replace("hola", "otra")).build())
    assert verified.body.tag == f"{{{SOAP}}}Body"
    assert verified.operation[0].text == "hola"


def test_a_verified_message_is_fresh_until_its_window_ends() -> None:
    verified = verify(Draft().build())
    assert (verified.fresh_until - NOW).total_seconds() == 360
    with pytest.raises(FreshnessError):
        verify(Draft().build(), now=verified.fresh_until)


def test_a_contract_without_timestamp_accepts_a_message_without_one() -> None:
    data = Draft(timestamp="", references=(Ref("Body"),)).build()
    refused(data, TimestampInvalidError)
    verified = verify(data, expectations=Expectations(require_timestamp=False))
    assert (verified.created, (verified.fresh_until - NOW).total_seconds()) == (NOW, 86_400)


def test_many_threads_verify_at_once() -> None:
    messages = [CLIENT_SHAPES[shape](pki().company_seal) for shape in CLIENT_SHAPES]
    tampered = messages[0].replace(b"hola", b"adios")

    def work(turn: int) -> bool:
        refused(tampered, DigestError)
        return all(verify(message).created == NOW for message in messages[turn % 3 :])

    with ThreadPoolExecutor(max_workers=6) as pool:
        assert all(pool.map(work, range(60)))
