"""An explanation never disagrees with the verifier, and names the mistake that was made."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from client_shapes import CLIENT_SHAPES
from envelopes import (
    DS,
    MORE,
    NS,
    PING,
    RSA_SHA256,
    Draft,
    Ref,
    exclusive,
    key_info_text,
    plain_envelope,
    signature_value,
)
from mutations import damage_bytes, damage_tree
from notigateway.errors import GatewayError
from notigateway.explaining.explain import TITLES, Explanation, explain_envelope
from notigateway.explaining.explain_text import explanation_text
from notigateway.settings import ClientRegistration
from notigateway.wss.clients import NO_CLIENTS, ClientRegister
from notigateway.wss.policy import Limits
from notigateway.wss.verify import verify_envelope
from pki import COMPANY_NIF, NOW, pki
from verifying import DEFAULT, trust, verify
from wrapping import PLACES, Wrapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAMAGES = 150


def explained(data: bytes, now: datetime = NOW, clients: ClientRegister = NO_CLIENTS) -> Explanation:
    return explain_envelope(
        data,
        now=now,
        limits=Limits(),
        expectations=DEFAULT,
        check_certificate=trust().check,
        clients=clients,
    )


# --- it is the verifier that speaks ---------------------------------------------------------------


def corpus() -> Iterator[bytes]:
    """Yield good messages, wrapped ones and damaged ones."""
    for shape in CLIENT_SHAPES.values():
        for pair in (pki().company_seal, pki().ec_company):
            yield shape(pair)
    for part in ("Body", "Timestamp", "Token"):
        for place in PLACES:
            for naming in ("no id", "same id"):
                yield Wrapping(part, place, naming, "evil first").build(PING)
    chance = random.Random("explained")  # noqa: S311  (repeatable, not secret)
    for damage in (damage_bytes, damage_tree):
        for _ in range(DAMAGES):
            yield damage(CLIENT_SHAPES[chance.choice(sorted(CLIENT_SHAPES))](pki().company_seal), chance)


def verdict(data: bytes) -> GatewayError | None:
    try:
        verify(data)
    except GatewayError as error:
        return error
    return None


def same(one: GatewayError | None, other: GatewayError) -> bool:
    return (type(one), getattr(one, "detail", None)) == (type(other), other.detail)


def test_it_accepts_and_refuses_what_the_verifier_does_at_the_same_step() -> None:
    accepted = refused = 0
    for data in corpus():
        told, error = explained(data), verdict(data)
        failed = [step.error for step in told.steps if step.error is not None]
        if error is None:
            accepted += 1
            assert (told.error, failed, told.causes) == (None, [], ())
            assert all(step.looked for step in told.steps)
        else:
            refused += 1
            assert same(told.error, error)
            assert same(failed[0], error)
        assert [step.number for step in told.steps] == list(range(len(told.steps)))
        assert explanation_text(told).isprintable() is False  # it has lines,
        assert explanation_text(told).replace("\n", "").isprintable()  # and nothing else to act on
    assert accepted > 14
    assert refused > 300


def test_the_steps_are_numbered_as_those_of_the_verifier() -> None:
    titles = re.findall(r"^ *(\d)\. ([\w ]+):", verify_envelope.__doc__ or "", re.MULTILINE)
    assert [(str(number), title.capitalize()) for number, title in enumerate(TITLES)][1:] == titles


def test_what_was_agreed_with_a_client_counts() -> None:
    data = Draft(signature_method=f"{DS}rsa-sha1").build()
    registration = ClientRegistration(nif=COMPANY_NIF, unsafe_allow_sha1_until=NOW.date())
    told = explained(data, clients=ClientRegister([registration]))
    assert told.error is None
    assert "a registered client" in told.steps[2].findings
    assert explained(data).error is not None


def test_the_octets_are_those_that_were_digested() -> None:
    draft = Draft()
    told = explained(draft.build())
    root = draft.tree()
    body, signed_info = root[1], root.find(".//ds:SignedInfo", NS)
    assert signed_info is not None
    assert told.digested[0].octets == exclusive(body)
    assert told.digested[0].expected == told.digested[0].found
    assert told.signed_info == exclusive(signed_info)
    assert exclusive(body).decode()[:60] in explanation_text(told)


def test_a_message_that_is_too_old_has_its_other_steps_explained() -> None:
    told = explained(Draft().build().replace(b"hola", b"evil"), NOW + timedelta(days=3))
    assert {step.number for step in told.steps if step.error is not None} == {5, 8}
    assert [one.error is None for one in told.digested] == [False, True]
    assert any("clock skew: Created is 259,200 s behind" in cause for cause in told.causes)


# --- the mistakes ---------------------------------------------------------------------------------


def reformatted(data: bytes) -> bytes:
    root = etree.fromstring(data)
    etree.indent(root)
    return etree.tostring(root)


def minified(data: bytes) -> bytes:
    return etree.tostring(etree.fromstring(data, etree.XMLParser(remove_blank_text=True)))


def digested(octets: Callable[[etree._Element], bytes], name: str = "sha256", **body: Any) -> bytes:  # noqa: ANN401
    """Sign a message whose digest of the Body is that of other octets."""
    content = body.pop("content", PING)
    element = Draft(content=content).tree()[1]
    value = base64.b64encode(hashlib.new(name, octets(element)).digest()).decode()
    references = (Ref("Body", digest_value=value, **body), Ref("Timestamp"))
    return Draft(content=content, references=references).build()


MISTAKES: dict[str, tuple[Callable[[], bytes], str]] = {
    "pretty": (lambda: reformatted(Draft().build()), "Body: pretty-printed after signing"),
    "minified": (lambda: minified(Draft(pretty=True).build()), "indentation of 2 that was removed"),
    "prefixes": (lambda: digested(lambda e: exclusive(e, ["ds"])), "digested with the prefixes 'ds'"),
    "no prefixes": (lambda: digested(exclusive, prefixes="ds"), "without the PrefixList"),
    "inclusive": (
        lambda: digested(lambda e: etree.tostring(e, method="c14n")),
        "digested in inclusive C14N",
    ),
    "comments": (
        lambda: digested(
            lambda e: etree.tostring(e, method="c14n", exclusive=True, with_comments=True),
            content=PING.replace("hola", "<!-- c -->hola"),
        ),
        "digested with its comments",
    ),
    "line ends": (
        lambda: digested(
            lambda e: exclusive(e).replace(b"\n", b"&#xD;\n"), content=PING.replace("hola", "a\nb")
        ),
        "CR LF was digested where LF arrives",
    ),
    "carriage returns": (lambda: Draft().build().replace(b"hola", b"ho&#13;la"), "carriage returns"),
    "operation": (lambda: digested(lambda e: exclusive(e[0])), "the element inside"),
    "sha1": (lambda: digested(exclusive, "sha1"), "the value is a sha1 digest"),
    "id afterwards": (lambda: digested(_without_id), "the Id attribute was set after"),
    "exchanged": (
        lambda: digested(lambda e: exclusive(next(e.getroottree().iter("{*}Timestamp")))),
        "two references are exchanged",
    ),
    "as text": (lambda: digested(_as_written), "digested as it is written"),
    "changed": (lambda: Draft().build().replace(b"hola", b"evil"), "its content was changed"),
    "no base64": (
        lambda: digested(exclusive).replace(b"<ds:DigestValue>", b"<ds:DigestValue>!"),
        "not base64",
    ),
    "signed info": (
        lambda: (
            Draft(references=(Ref(prefixes="soap"), Ref("Timestamp"))).build().replace(b'"soap"', b'"ds"')
        ),
        "the certificate's key signed another SignedInfo",
    ),
    "another key": (
        lambda: Draft(sign=lambda octets: signature_value(pki().person, RSA_SHA256, octets)).build(),
        "signed with another key than the certificate's",
    ),
    "value of sha1": (
        lambda: Draft(sign=lambda octets: signature_value(pki().company_seal, "sha1", octets)).build(),
        "the value is of rsa-sha1",
    ),
    "value of pss": (
        lambda: Draft(sign=lambda octets: signature_value(pki().company_seal, "MGF1", octets)).build(),
        "the value is of sha256-rsa-MGF1",
    ),
    "another ec key": (
        lambda: Draft(
            pair=pki().ec_company,
            sign=lambda octets: signature_value(pki().seal, f"{MORE}ecdsa-sha256", octets),
        ).build(),
        "signed with another key",
    ),
    "rsa-sha1": (lambda: Draft(signature_method=f"{DS}rsa-sha1").build(), "rsa-sha1 is the default of zeep"),
    "digest sha1": (
        lambda: Draft(references=(Ref(digest_method=f"{DS}sha1"), Ref("Timestamp"))).build(),
        "SHA-1 is the default digest of zeep",
    ),
    "unknown method": (lambda: Draft(signature_method="urn:x").build(), "algorithms of the message: "),
    "no transforms": (
        lambda: Draft(references=(Ref(transforms=()), Ref("Timestamp"))).build(),
        "without Transforms means inclusive",
    ),
    "no token": (lambda: Draft(token="").build(), "BinarySecurityToken missing"),
    "another token": (
        lambda: Draft(key_info=key_info_text('<wsse:Reference URI="#a"/>')).build(),
        "'x509-1'",
    ),
    "x509 data": (
        lambda: Draft(token="", key_info=key_info_text("<ds:X509Data/>")).build(),
        "zeep `Signature`",
    ),
    "issuer": (lambda: Draft(pair=pki().wrong_issuer).build(), "not from an authorised issuer"),
    "expired": (lambda: Draft(pair=pki().expired).build(), "the certificate is valid from"),
    "body not signed": (
        lambda: Draft(references=(Ref("Timestamp"),)).build(),
        "TransportWithMessageCredential",
    ),
    "timestamp not signed": (
        lambda: Draft(references=(Ref("Body"),)).build(),
        "the Timestamp was added after",
    ),
    "id attribute": (
        lambda: Draft().build().replace(b'Body wsu:Id="id-1"', b'Body id="id-1"'),
        "wrong Id attribute: Body has id='id-1'",
    ),
    "id of nobody": (
        lambda: Draft(references=(Ref(uri="#x"), Ref("Timestamp"))).build(),
        "no element has the id",
    ),
    "empty uri": (lambda: Draft(references=(Ref(uri=""), Ref("Timestamp"))).build(), "is no `#id`"),
    "operation signed": (
        lambda: Draft(
            content=PING.replace("<n:Ping ", '<n:Ping Id="op" '), references=(Ref("op"), Ref("Timestamp"))
        ).build(),
        "which may not be signed here",
    ),
    "doubled id": (lambda: Draft(ids={"Timestamp": "id-1"}).build(), "stands on Timestamp, Body"),
    "local time": (lambda: Draft(now=NOW + timedelta(hours=2)).build(), "local time was written as UTC"),
    "clock": (lambda: Draft(now=NOW + timedelta(seconds=90)).build(), "Created is 90 s ahead"),
    "no timestamp": (
        lambda: Draft(timestamp="", references=(Ref("Body"),)).build(),
        "zeep adds none by itself",
    ),
    "no zone": (lambda: Draft(created="2026-06-01T12:00:00").build(), "has no zone"),
    "no header": (plain_envelope, "the Header holds no Security"),
    "user name": (
        lambda: plain_envelope(header=f'<o:Security xmlns:o="{NS["wsse"]}"/>'),
        "Security holds no Signature",
    ),
    "old namespace": (
        lambda: plain_envelope(header='<o:Security xmlns:o="http://schemas.xmlsoap.org/ws/2002/07/secext"/>'),
        "Security is in another namespace",
    ),
    "utf-16": (lambda: "<a/>".encode("utf-16"), "the file is UTF-16"),
    "http": (lambda: b"POST / HTTP/1.1\r\n\r\n" + Draft().build(), "begins with HTTP headers"),
    "mime": (lambda: b"--x\r\n\r\n" + Draft().build(), "MIME message"),
    "nothing": (lambda: b"", "the file is empty"),
    "doctype": (lambda: b"<!DOCTYPE a><a/>", "a DOCTYPE is never needed"),
}


def _as_written(element: etree._Element) -> bytes:
    data = etree.tostring(element.getroottree())
    return data[data.index(b"<soap:Body") : data.index(b"</soap:Envelope>")]


def _without_id(element: etree._Element) -> bytes:
    root = etree.fromstring(etree.tostring(element.getroottree()))
    del root[1].attrib[f"{{{NS['wsu']}}}Id"]
    return exclusive(root[1])


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_is_named(mistake: str) -> None:
    make, words = MISTAKES[mistake]
    told = explained(make())
    assert told.error is not None
    assert [cause for cause in told.causes if words in cause], told.causes
    assert f"docs/errors.md#{told.error.code.lower()}" in explanation_text(told)


def test_what_is_dear_to_try_is_not_tried_on_large_parts() -> None:
    content = PING.replace("hola", "x" * 300_000)
    told = explained(reformatted(Draft(content=content).build()))
    assert "Body: no reading of the part that was tried has this digest" in " ".join(told.causes)


def test_a_certificate_whose_names_cannot_be_read_is_explained_too() -> None:
    der = pki().company_seal.certificate.public_bytes(Encoding.DER)
    name = der.index(b"\x55\x04\x03\x0c") + 3  # of the issuer: its common name is no UTF-8 any more
    broken = base64.b64encode(der[: name + 2] + b"\xff" + der[name + 3 :]).decode()
    told = explained(Draft(token_text=broken).build())
    assert told.error is not None
    assert "the names in the certificate cannot be read" in told.steps[2].findings


def test_a_part_without_canonical_form_ends_the_search_for_causes() -> None:
    data = Draft().build().replace(b"<n:text>", b'<n:text xmlns:r="relative">')
    told = explained(data.replace(b"12:05:00", b"12:05:01"))
    assert told.error is not None
    assert explained(data).error is not None
