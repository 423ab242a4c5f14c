"""Step 2, the kinds of token and of names: all designate one certificate, or nobody is believed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from client_shapes import (
    NAMING_SHAPES,
    by_name,
    der_sequence,
    issuer_serial_text,
    pkcs7_bytes,
    subject_text,
    thumbprint_text,
)
from clients import knowing, register
from envelopes import BASE64, X509_PROFILE, Draft, key_info_text
from notigateway.errors import (
    SecurityError,
    SecurityHeaderInvalidError,
    SignatureValueError,
    TokenInvalidError,
    TokenTypeError,
    TokenUnavailableError,
)
from notigateway.pki.known import subject_key_identifier
from pki import NOW, pki
from verifying import refused, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

HOLDERS = ("company_seal", "ec_company")


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("shape", NAMING_SHAPES)
def test_a_registered_certificate_may_be_named(shape: str, holder: str) -> None:
    data = NAMING_SHAPES[shape](getattr(pki(), holder))
    assert verify(data, clients=knowing(*HOLDERS)).certificate == getattr(pki(), holder).certificate
    refused(data, TokenUnavailableError)
    refused(data, TokenUnavailableError, clients=knowing("person"))


def test_a_named_certificate_must_have_signed() -> None:
    draft = by_name(pki().person, thumbprint_text(pki().company_seal))
    refused(draft.build(), SignatureValueError, clients=knowing(*HOLDERS))


def spelled(spell: Callable[[x509.Certificate], str]) -> bytes:
    pair = pki().company_seal
    return by_name(pair, issuer_serial_text(pair, name=spell(pair.certificate))).build()


@pytest.mark.parametrize(
    "spell",
    [
        lambda certificate: certificate.issuer.rfc4514_string(),
        lambda certificate: ",".join(certificate.issuer.rfc4514_string().split(",")[::-1]),
        lambda certificate: ", ".join(certificate.issuer.rfc4514_string().split(",")),
        lambda certificate: certificate.issuer.rfc4514_string().upper(),
        lambda certificate: "/" + "/".join(certificate.issuer.rfc4514_string().split(",")[::-1]),
    ],
    ids=["80-java", "80-other-direction", "80-wcf", "80-case", "80-openssl"],
)
def test_an_issuer_is_found_in_every_spelling(spell: Callable[[x509.Certificate], str]) -> None:
    assert verify(spelled(spell), clients=knowing(*HOLDERS)).created == NOW


@pytest.mark.parametrize("spelling", ["{0}", "000{0}", "+{0}", " {0}\n"])
def test_80_a_serial_number_may_be_spelled_as_a_decimal(spelling: str) -> None:
    pair = pki().company_seal
    data = by_name(
        pair, issuer_serial_text(pair, serial=spelling.format(pair.certificate.serial_number))
    ).build()
    assert verify(data, clients=knowing(*HOLDERS)).created == NOW


@pytest.mark.parametrize(
    ("spelling", "error"),
    [
        ("-{0}", SecurityHeaderInvalidError),
        ("0x{0:x}", SecurityHeaderInvalidError),
        ("a{0:x}", SecurityHeaderInvalidError),
        ("{0}.0", SecurityHeaderInvalidError),
        ("{0:_}", SecurityHeaderInvalidError),
        ("\uff11{0}", SecurityHeaderInvalidError),
        ("", SecurityHeaderInvalidError),
        ("9" * 5000, SecurityHeaderInvalidError),
        ("1{0}", TokenUnavailableError),
    ],
    ids=["negative", "0x", "hex", "fraction", "underscores", "wide", "empty", "long", "other"],
)
def test_80_another_serial_number_is_refused(spelling: str, error: type[SecurityError]) -> None:
    pair = pki().company_seal
    data = by_name(
        pair, issuer_serial_text(pair, serial=spelling.format(pair.certificate.serial_number))
    ).build()
    refused(data, error, clients=knowing(*HOLDERS))


# --- X509Data ---------------------------------------------------------------------------------------


def x509_data(*children: str) -> str:
    return key_info_text(f"<ds:X509Data>{''.join(children)}</ds:X509Data>")


def embedded(holder: str = "company_seal") -> str:
    der = getattr(pki(), holder).certificate.public_bytes(Encoding.DER)
    return f"<ds:X509Certificate>{base64.b64encode(der).decode()}</ds:X509Certificate>"


def inner(key_info: str, tag: str) -> str:
    start, end = key_info.index(f"<ds:{tag}>"), key_info.index(f"</ds:{tag}>")
    return key_info[start : end + len(f"</ds:{tag}>")]


def serial_of(holder: str = "company_seal") -> str:
    return inner(issuer_serial_text(getattr(pki(), holder)), "X509IssuerSerial")


def ski_of(holder: str = "company_seal") -> str:
    digest = subject_key_identifier(getattr(pki(), holder).certificate)
    return f"<ds:X509SKI>{base64.b64encode(digest).decode()}</ds:X509SKI>"


@pytest.mark.parametrize(
    "children",
    [
        (embedded(),),
        (embedded(), serial_of(), ski_of()),
        (serial_of(), embedded()),
        (serial_of(), ski_of()),
        (ski_of(),),
        (subject_text(pki().company_seal), embedded()),
        (subject_text(pki().company_seal), serial_of(), ski_of()),
        (embedded(), embedded("issuing"), embedded("root"), serial_of()),
        (embedded("root"), embedded("issuing"), embedded()),
        (embedded("issuing"), subject_text(pki().company_seal), embedded()),
    ],
    ids=[
        "certificate",
        "all",
        "serial first",
        "names",
        "ski",
        "subject",
        "all names",
        "path",
        "root first",
        "mixed",
    ],
)
def test_x509_data_may_say_the_same_thing_several_times(children: tuple[str, ...]) -> None:
    data = by_name(pki().company_seal, x509_data(*children)).build()
    assert verify(data, clients=knowing(*HOLDERS)).certificate == pki().company_seal.certificate


def test_a_certificate_in_place_needs_no_registration() -> None:
    assert verify(by_name(pki().company_seal, x509_data(embedded(), serial_of())).build()).created == NOW


@pytest.mark.parametrize(
    ("children", "error"),
    [
        ((embedded(), serial_of("person")), TokenInvalidError),
        ((embedded("person"), ski_of()), TokenInvalidError),
        ((serial_of(), ski_of("ec_company")), TokenInvalidError),
        ((embedded(), embedded()), TokenInvalidError),
        ((embedded(), embedded("person")), TokenInvalidError),
        ((embedded("root"), embedded("person")), TokenInvalidError),
        ((embedded("company_seal"), embedded("other_root")), TokenInvalidError),
        ((*(embedded("issuing") for _ in range(8)), embedded()), TokenInvalidError),
        ((serial_of(), serial_of("ec_company")), TokenTypeError),
        ((embedded(), "<ds:X509SubjectName>CN=x</ds:X509SubjectName>"), TokenInvalidError),
        ((embedded(), "<ds:X509SubjectName/>"), TokenInvalidError),
        ((embedded(), "<ds:X509SubjectName><x/></ds:X509SubjectName>"), SecurityHeaderInvalidError),
        ((embedded(), subject_text(pki().issuing), embedded("issuing")), TokenInvalidError),
        ((embedded(), subject_text(pki().company_seal), subject_text(pki().company_seal)), TokenTypeError),
        ((subject_text(pki().person), serial_of()), TokenInvalidError),
        ((embedded(), "<ds:X509CRL>QUJD</ds:X509CRL>"), TokenTypeError),
        (("<ds:X509CRL>QUJD</ds:X509CRL>",), TokenTypeError),
        ((), TokenTypeError),
        (("<ds:X509Certificate>QUJD</ds:X509Certificate>",), TokenInvalidError),
        (("<ds:X509Certificate><x/></ds:X509Certificate>",), TokenInvalidError),
        (("<ds:X509SKI/>",), TokenInvalidError),
        (("<ds:X509IssuerSerial/>",), SecurityHeaderInvalidError),
        ((embedded(), serial_of().replace("CN=", "?=")), TokenInvalidError),
    ],
)
def test_x509_data_that_disagrees_or_says_something_else_is_refused(
    children: tuple[str, ...], error: type[SecurityError]
) -> None:
    data = by_name(pki().company_seal, x509_data(*children)).build()
    refused(data, error, clients=knowing(*HOLDERS))


def test_a_subject_names_a_registered_certificate_unless_it_names_two() -> None:
    data = by_name(pki().company_seal, x509_data(subject_text(pki().company_seal))).build()
    assert verify(data, clients=knowing("company_seal", "person")).created == NOW
    refused(data, TokenUnavailableError, clients=knowing(*HOLDERS))
    refused(data, TokenUnavailableError)
    refused(data, TokenUnavailableError, clients=knowing("person"))
    other = by_name(pki().person, x509_data(subject_text(pki().company_seal))).build()
    refused(other, SignatureValueError, clients=knowing("company_seal"))
    unnamed = by_name(pki().company_seal, x509_data(subject_text(pki().company_seal, "x"))).build()
    refused(unnamed, TokenUnavailableError, clients=knowing("company_seal"))


def test_a_path_does_not_lend_its_names_to_who_signs_with_another_key() -> None:
    """The certificate at the end of the path is the signer's, wherever it stands and whoever is beside it."""
    path = (embedded("issuing"), embedded(), embedded("root"))
    refused(by_name(pki().person, x509_data(*path)).build(), SignatureValueError)


def test_bare_x509_data_is_read_where_it_was_agreed() -> None:
    bare = f"<ds:KeyInfo><ds:X509Data>{embedded()}</ds:X509Data></ds:KeyInfo>"
    data = by_name(pki().company_seal, bare).build()
    refused(data, TokenTypeError)
    refused(data, TokenTypeError, clients=register(pki().person, bare_x509_data=True))
    assert verify(data, clients=register(bare_x509_data=True)).created == NOW


@pytest.mark.parametrize(
    "text",
    [
        "<wsse:KeyIdentifier/>",
        f'<wsse:KeyIdentifier ValueType="{X509_PROFILE}#X509PKIPathv1">QUJD</wsse:KeyIdentifier>',
        '<wsse:KeyIdentifier ValueType="urn:other">QUJD</wsse:KeyIdentifier>',
    ],
)
def test_another_kind_of_key_identifier_is_refused(text: str) -> None:
    refused(by_name(pki().company_seal, key_info_text(text)).build(), TokenTypeError)


@pytest.mark.parametrize("text", ["", "QUJ", "****", "<x/>", "QUJD" * 100])
def test_an_unreadable_key_identifier_is_refused(text: str) -> None:
    kind = f'EncodingType="{BASE64}" ValueType="{X509_PROFILE}#X509SubjectKeyIdentifier"'
    key_info = key_info_text(f"<wsse:KeyIdentifier {kind}>{text}</wsse:KeyIdentifier>")
    refused(by_name(pki().company_seal, key_info).build(), TokenInvalidError)


# --- paths ------------------------------------------------------------------------------------------


def with_token(octets: bytes, kind: str) -> bytes:
    return Draft(
        token_text=base64.b64encode(octets).decode(),
        token_attributes=f'ValueType="{X509_PROFILE}#{kind}"',
        key_info=key_info_text('<wsse:Reference URI="#x509-1"/>'),
    ).build()


def certificates(names: str) -> list[x509.Certificate]:
    return [getattr(pki(), name).certificate for name in names.split()]


@pytest.mark.parametrize("names", ["root issuing company_seal", "issuing company_seal", "company_seal"])
def test_83_a_path_that_leads_to_the_signer_is_accepted(names: str) -> None:
    path = certificates(names)
    assert verify(with_token(der_sequence(*path), "X509PKIPathv1")).certificate == path[-1]
    for order in (path, path[::-1], path[1:] + path[:1]):
        assert verify(with_token(pkcs7_bytes(*order), "PKCS7")).certificate == path[-1]


@pytest.mark.parametrize(
    "names",
    [
        "company_seal issuing",
        "issuing root company_seal",
        "root company_seal",
        "other_root issuing company_seal",
        "person company_seal",
        "company_seal company_seal",
        "root " * 100 + "issuing company_seal",
    ],
)
def test_83_a_path_with_anything_else_in_it_is_refused(names: str) -> None:
    refused(with_token(der_sequence(*certificates(names)), "X509PKIPathv1"), TokenInvalidError)


@pytest.mark.parametrize("names", ["company_seal person", "other_root issuing company_seal"])
def test_83_a_pkcs7_that_is_not_one_path_is_refused(names: str) -> None:
    refused(with_token(pkcs7_bytes(*certificates(names)), "PKCS7"), TokenInvalidError)


@pytest.mark.parametrize("kind", ["X509PKIPathv1", "PKCS7"])
@pytest.mark.parametrize("octets", [b"\x30\x00", b"\x30\x80", b"x", b"\x30\x03\x02\x01\x01", b"\x31\x00"])
def test_83_what_is_no_path_is_refused(kind: str, octets: bytes) -> None:
    refused(with_token(octets, kind), TokenInvalidError)


def test_a_certificate_of_another_kind_than_it_says_is_refused() -> None:
    pair = pki().company_seal
    refused(with_token(pair.certificate.public_bytes(Encoding.DER), "X509PKIPathv1"), TokenInvalidError)
    refused(with_token(der_sequence(pair.certificate), "X509v3"), TokenInvalidError)
    refused(with_token(der_sequence(pair.certificate), "PKCS7"), TokenInvalidError)
