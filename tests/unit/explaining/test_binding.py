"""What is said of a MessageID: remarks where the answer is not bound, causes where it is refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from envelopes import Draft, Ref
from explained import told_of
from notigateway.explaining.binding import recognised
from notigateway.pki.keys import fingerprint
from notigateway.settings import ClientRegistration
from notigateway.wss.clients import ClientRegister
from pki import COMPANY_NIF, pki

if TYPE_CHECKING:
    from cryptography import x509

    from notigateway.explaining.explanation import Explanation

WSA = "http://www.w3.org/2005/08/addressing"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
BARE = "urn:uuid:0198e3a0-0000-7000-8000-000000000001"


def certificate() -> x509.Certificate:
    return pki().company_seal.certificate


def right() -> str:
    return f"{BARE}#{fingerprint(certificate())}"


def asked(
    text: str, *, is_signed: bool = True, namespace: str = WSA, attributes: str = "", clients: str = ""
) -> Explanation:
    block = f'<a:MessageID xmlns:a="{namespace}" wsu:Id="mid-1"{attributes}>{text}</a:MessageID>'
    draft = Draft(content=PING, header_after=block)
    if is_signed:
        draft = replace(draft, references=(*draft.references, Ref("mid-1")))
    known = ClientRegister([ClientRegistration(nif=clients, signature_confirmation=True)] if clients else [])
    return told_of(draft.build(), clients=known)


def names(told: Explanation) -> list[str]:
    return [one.name for one in told.remarks]


def test_one_that_names_its_signer_has_no_remark() -> None:
    for text in (right(), f"{BARE}#{fingerprint(certificate()).upper()}", f" {right()}\n"):
        told = asked(text)
        assert (told.error, told.causes, told.remarks) == (None, (), ())


def test_none_is_remarked() -> None:
    told = told_of(Draft(content=PING).build())
    assert (told.error, names(told)) == (None, ["no-message-id"])


def test_one_that_is_not_signed_is_said_to_be_ignored() -> None:
    told = asked(right(), is_signed=False)
    assert (told.error, names(told)) == (None, ["message-id-not-signed"])
    assert told.remarks[0].words == (
        "MessageID is not signed: it is ignored, the answer will have no RelatesTo"
    )


def test_one_that_is_not_read_is_said_to_be_ignored() -> None:
    old = asked(right(), is_signed=False, namespace="http://schemas.xmlsoap.org/ws/2004/08/addressing")
    assert (old.error, names(old)) == (None, ["message-id-of-another-namespace"])
    other = asked(right(), is_signed=False, attributes=' soap:actor="urn:proxy"')
    assert (other.error, names(other)) == (None, ["message-id-for-another"])


def test_who_gets_the_signature_value_repeated_needs_none() -> None:
    told = asked(BARE, clients=COMPANY_NIF)
    assert (told.error, told.remarks) == (None, ())


def sha1(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest()


def sha256(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()


def base64_of(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


WRONG: Final[dict[str, tuple[Callable[[bytes], str], str]]] = {
    "nothing": (lambda _: "", "nothing stands behind #"),
    "thumbprint": (sha1, "SHA-1 (thumbprint) of the DER"),
    "thumbprint in upper case": (lambda der: sha1(der).upper(), "SHA-1 (thumbprint) of the DER"),
    "base64": (lambda der: base64_of(sha256(der)), "SHA-256 of the DER in base64"),
    "base64 without padding": (
        lambda der: base64_of(sha256(der)).rstrip("="),
        "SHA-256 of the DER in base64",
    ),
    "colons": (lambda der: sha256(der).hex(":"), "SHA-256 of the DER with colons"),
    "colons in upper case": (lambda der: sha256(der).hex(":").upper(), "SHA-256 of the DER with colons"),
    "another hash": (lambda der: hashlib.sha512(der).hexdigest(), "SHA-512 of the DER"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_of_the_certificate_is_accepted_and_told(name: str) -> None:
    write, words = WRONG[name]
    told = asked(f"{BARE}#{write(certificate().public_bytes(Encoding.DER))}")
    assert (told.error, names(told)) == (None, ["message-id-without-signer"])
    assert told.remarks[0].words.startswith(
        "MessageID does not end with # and the SHA-256 of the DER: others can ask under it"
    )
    assert words in told.remarks[0].words


def test_no_name_at_all_is_told_without_a_guess() -> None:
    (remark,) = asked(BARE).remarks
    assert remark.words.endswith("others can ask under it")


def test_the_right_hash_behind_another_sign_is_told() -> None:
    (remark,) = asked(f"{BARE}-{fingerprint(certificate())}").remarks
    assert "the SHA-256 of the DER, behind '-' instead of '#'" in remark.words


def test_of_one_that_names_another_signer_it_is_told_what_was_hashed() -> None:
    pem = hashlib.sha256(certificate().public_bytes(Encoding.PEM)).hexdigest()
    told = asked(f"{BARE}#{pem}")
    (cause,) = told.causes
    assert (told.error and told.error.code, told.remarks) == ("ADDRESSING_INVALID", ())
    assert cause.name == "message-id-of-another-signer"
    assert cause.words.endswith("it is the SHA-256 of the PEM")
    assert cause.cure == "hash the DER of the certificate that you send"
    (cause,) = asked(f"{BARE}#{64 * '0'}").causes
    assert (cause.name, cause.cure) == (
        "message-id-of-another-signer",
        "hash the DER of the certificate that you send",
    )


def test_a_uuid_alone_wants_its_scheme() -> None:
    (cause,) = asked(BARE.removeprefix("urn:uuid:")).causes
    assert (cause.name, cause.cure) == ("message-id-bare-uuid", "write urn:uuid: before it")


@given(text=st.text(max_size=200))
def test_any_text_is_looked_at(text: str) -> None:
    assert recognised(text, certificate()) == ""
