"""One name in the spellings of the world, and what is no name."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from notigateway.pki.known import KnownCertificates, subject_key_identifier, thumbprint
from notigateway.pki.names import key_of_name, key_of_text
from notigateway.sandbox.certifying import name
from pki import pki

ISSUER = name(
    (NameOID.COUNTRY_NAME, "ES"),
    (NameOID.ORGANIZATION_NAME, 'Emisora, "Pruebas" + Cía S.A.'),
    (NameOID.ORGANIZATION_IDENTIFIER, "VATES-Q2826004J"),
    (NameOID.SERIAL_NUMBER, "Q2826004J"),
    (NameOID.COMMON_NAME, "AC Empleados Públicos"),
)
SPELLINGS = {
    "rfc 4514": ISSUER.rfc4514_string(),
    "openssl": (
        '/C=ES/O=Emisora, "Pruebas" + Cía S.A./organizationIdentifier=VATES-Q2826004J'
        "/serialNumber=Q2826004J/CN=AC Empleados Públicos"
    ),
    "openssl 3": (
        '/C=ES/O=Emisora, "Pruebas" \\+ C\\xC3\\xADa S.A./organizationIdentifier=VATES-Q2826004J'
        "/serialNumber=Q2826004J/CN=AC Empleados P\\xC3\\xBAblicos"
    ),
    "openssl 3, in latin-1": (
        '/C=ES/O=Emisora, "Pruebas" \\+ C\\xEDa S.A./organizationIdentifier=VATES-Q2826004J'
        "/serialNumber=Q2826004J/CN=AC Empleados P\\xFAblicos"
    ),
    "openssl default": (
        'C = ES, O = "Emisora, \\"Pruebas\\" + C\\C3\\ADa S.A.", organizationIdentifier = VATES-Q2826004J, '
        "serialNumber = Q2826004J, CN = AC Empleados P\\C3\\BAblicos"
    ),
    "with commas and octets": (
        'C=ES, O="Emisora, \\"Pruebas\\" + C\\xC3\\xADa S.A.", 2.5.4.97=VATES-Q2826004J, '
        "serialNumber=Q2826004J, CN=AC Empleados P\\xC3\\xBAblicos"
    ),
    "openssl rfc 2253": (
        "CN=AC Empleados P\\C3\\BAblicos,serialNumber=Q2826004J,organizationIdentifier=VATES-Q2826004J,"
        'O=Emisora\\, \\"Pruebas\\" \\+ C\\C3\\ADa S.A.,C=ES'
    ),
    "java": (
        "CN=AC Empleados Públicos,2.5.4.5=#1309513238323630303" + "44a,"
        "2.5.4.97=#0c0f56415445532d51323832363030344a,"
        'O=Emisora\\, \\"Pruebas\\" \\+ Cía S.A.,C=ES'
    ),
    "java toString": (
        "CN=AC Empleados Públicos, SERIALNUMBER=Q2826004J, OID.2.5.4.97=VATES-Q2826004J, "
        'O="Emisora, \\"Pruebas\\" + Cía S.A.", C=ES'
    ),
    "wcf": (
        "CN=AC Empleados Públicos, SERIALNUMBER=Q2826004J, OID.2.5.4.97=VATES-Q2826004J, "
        'O="Emisora, ""Pruebas"" + Cía S.A.", C=ES'
    ),
    "other case and spaces": (
        "cn = ac  empleados PÚBLICOS ;serialnumber=q2826004j; 2.5.4.97=vates-q2826004j;"
        'o=Emisora\\, \\"Pruebas\\" \\+ Cía S.A. ;c=es '
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_name(spelling: str) -> None:
    assert key_of_text(SPELLINGS[spelling]) == key_of_name(ISSUER)


@pytest.mark.parametrize(
    "text",
    [
        "CN=AC Empleados Públicos,C=ES",
        SPELLINGS["rfc 4514"].replace("Públicos", "Privados"),
        SPELLINGS["rfc 4514"] + ",C=ES",
        SPELLINGS["java"].replace("2.5.4.97", "2.5.4.98"),
    ],
)
def test_another_name_is_another(text: str) -> None:
    assert key_of_text(text) != key_of_name(ISSUER)


def test_openssl_escapes_what_separates() -> None:
    """As `openssl x509 -nameopt compat` of version 3 prints it, and PHP; older ones escape neither."""
    one = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.ORGANIZATION_NAME, "A / B+C /X=2"))
    assert key_of_text("/C=ES/O=A \\/ B\\+C \\/X=2") == key_of_name(one)
    with pytest.raises(ValueError, match="nobody knows"):
        key_of_text("/C=ES/O=A / B+C /X=2")
    assert key_of_text("/O=\\x00A\\x00\\xD1") == key_of_name(name((NameOID.ORGANIZATION_NAME, "AÑ")))


def test_attributes_of_one_level_have_no_order() -> None:
    rdn = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "b"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "1")]
    )
    assert (
        key_of_text("SERIALNUMBER=1+CN=b") == key_of_name(x509.Name([rdn])) == key_of_text("CN=b + 2.5.4.5=1")
    )
    assert key_of_text("/CN=b+serialNumber=1") == key_of_name(x509.Name([rdn]))
    assert key_of_text("CN=b+SERIALNUMBER=1") != key_of_text("CN=b,SERIALNUMBER=1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "CN",
        "CN=a,",
        "CN=a,,C=ES",
        'CN="a"b',
        "=a",
        "NOBODY=a",
        "/NOBODY=a",
        "/",
        "/x/CN=a",
        "+CN=a",
        "/CN=\\x00",
        "CN=a\\",
        "CN=\\C3",
        "2.5.4.3=#0c05",
        "2.5.4.3=#0c0261",
        "2.5.4.3=#020101",
        "2.5.4.3=#0c01ff",
        "CN=" + "a" * 5000,
    ],
)
def test_what_is_no_name_is_refused_and_found_by_nobody(text: str) -> None:
    known = KnownCertificates([pki().company_seal.certificate])
    assert known.by_issuer_serial(text, pki().company_seal.certificate.serial_number) is None
    with pytest.raises(ValueError, match=r".+"):
        key_of_text(text)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    for candidate in (text, f"CN={text}", f"/CN={text}", f'CN="{text}"'):
        try:
            key_of_text(candidate)
        except ValueError:
            continue


def test_a_known_certificate_is_found_in_every_way() -> None:
    mine, other = pki().company_seal.certificate, pki().person.certificate
    known = KnownCertificates([mine, other, mine])
    assert known.by_issuer_serial(mine.issuer.rfc4514_string(), mine.serial_number) == mine
    assert known.by_issuer_serial(mine.issuer.rfc4514_string(), mine.serial_number + 1) is None
    assert known.by_key_identifier(subject_key_identifier(mine)) == mine
    assert known.by_key_identifier(b"") is None
    assert known.by_thumbprint(thumbprint(other)) == other
    assert known.by_thumbprint(subject_key_identifier(other)) is None


def test_an_identifier_of_two_certificates_finds_neither() -> None:
    # one key, two certificates
    first, second = pki().company_seal.certificate, pki().wrong_purpose.certificate
    known = KnownCertificates([first, second])
    assert subject_key_identifier(first) == subject_key_identifier(second)
    assert known.by_key_identifier(subject_key_identifier(first)) is None
    assert known.by_thumbprint(thumbprint(first)) == first
