"""An explanation never disagrees with the verifier, and names the mistake that was made."""

from __future__ import annotations

import base64
import random
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from client_shapes import CLIENT_SHAPES
from envelopes import (
    DS,
    NS,
    PING,
    RSA_SHA256,
    Draft,
    exclusive,
    signature_value,
)
from explained import PUBLIC_URL, told_of
from mutations import damage_bytes, damage_tree
from notigateway.errors import GatewayError
from notigateway.explaining.cause import Certainty
from notigateway.explaining.explain import explain_envelope
from notigateway.explaining.explain_text import explanation_text
from notigateway.explaining.explanation import TITLES, VERIFYING, Explanation
from notigateway.explaining.way import Way
from notigateway.settings import ClientRegistration
from notigateway.wss.clients import NO_CLIENTS, ClientRegister
from notigateway.wss.policy import Limits
from notigateway.wss.verify import verify_envelope
from parcels import include, packed, root_part
from parcels import part as other_part
from pki import COMPANY_NIF, NOW, pki
from verifying import DEFAULT, trust, verify
from wrapping import PLACES, Wrapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    assert [(str(number), title.capitalize()) for number, title in enumerate(TITLES[:VERIFYING])][
        1:
    ] == titles


def test_what_was_agreed_with_a_client_counts() -> None:
    data = Draft(signature_method=f"{DS}rsa-sha1").build()
    registration = ClientRegistration(nif=COMPANY_NIF, unsafe_allow_sha1_until=NOW.date())
    told = explained(data, clients=ClientRegister([registration]))
    assert told.error is None
    assert "a registered client" in told.steps[2].findings
    assert explained(data).error is not None


def test_the_key_of_a_registered_certificate_is_recognised(tmp_path: Path) -> None:
    person = pki().person
    file = tmp_path / "person.pem"
    file.write_bytes(person.certificate.public_bytes(Encoding.PEM))
    clients = ClientRegister([ClientRegistration(certificate_file=file)])
    data = Draft(sign=lambda octets: signature_value(person, RSA_SHA256, octets)).build()
    (cause,) = explained(data, clients=clients).causes
    assert (cause.name, cause.certainty) == ("key-of-a-registered-certificate", Certainty.SURE)
    assert [one.name for one in explained(data).causes] == ["another-key"]


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
    assert any("clock skew: Created is 259,200 s behind" in cause.words for cause in told.causes)


# --- what must not break it -----------------------------------------------------------------------


def reformatted(data: bytes) -> bytes:
    root = etree.fromstring(data)
    etree.indent(root)
    return etree.tostring(root)


def test_what_is_dear_to_try_is_not_tried_on_large_parts() -> None:
    content = PING.replace("hola", "x" * 300_000)
    told = explained(reformatted(Draft(content=content).build()))
    of_body = [cause.name for cause in told.causes if cause.words.startswith("Body: ")]
    assert of_body == ["changed-after-signing"]


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


def test_a_message_in_parts_is_explained_whole() -> None:
    envelope = Draft().build()
    before, rest = envelope.split(b"</wsse:BinarySecurityToken>")
    before, token = before.rsplit(b">", 1)
    pointing = include("token@stack.example").encode()
    root = before + b">" + pointing + b"</wsse:BinarySecurityToken>" + rest
    parts = [root_part(root), other_part("token@stack.example", base64.b64decode(token))]
    body, environ = packed(parts)
    way = Way(public_url=PUBLIC_URL, content_type=environ["CONTENT_TYPE"])
    assert told_of(body, way=way).verified is not None
    missing, environ = packed(parts[:1])
    told = told_of(missing, way=way)
    assert told.verified is None
    assert told.error is not None
    assert told.error.code == "MIME_INVALID"
    assert told.error.facts["rule"] == "part-missing"
