"""Key files as operators and integrators have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from notigateway.errors import ConfigurationError
from notigateway.pki.keys import KeyPair, fingerprint, load_certificates, load_key_pair, load_p12, subject_of
from pki import pki, write_p12, write_pem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
@pytest.mark.parametrize("password", [None, b"secret"])
def test_a_key_pair_is_read_from_pem(tmp_path: Path, holder: str, password: bytes | None) -> None:
    pair: KeyPair = getattr(pki(), holder)
    key_file, certificate_file = write_pem(pair, tmp_path, "holder", password)
    loaded = load_key_pair(key_file, certificate_file, password)
    assert loaded.certificate == pair.certificate
    assert loaded.key.private_numbers() == pair.key.private_numbers()


def test_a_key_pair_is_read_from_der(tmp_path: Path) -> None:
    pair = pki().company_seal
    (tmp_path / "key").write_bytes(pair.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "cert").write_bytes(pair.certificate.public_bytes(Encoding.DER))
    assert load_key_pair(tmp_path / "key", tmp_path / "cert").certificate == pair.certificate


def test_a_key_pair_is_read_from_pkcs12(tmp_path: Path) -> None:
    pair = pki().representative
    file = write_p12(pair, tmp_path / "holder.p12", b"secret")
    assert load_p12(file, b"secret").certificate == pair.certificate
    with pytest.raises(ConfigurationError, match=r"the password does not open .*holder\.p12"):
        load_p12(file, b"wrong")
    with pytest.raises(ConfigurationError, match=r"holder\.p12 is encrypted, and its password is missing"):
        load_p12(file, None)
    file.write_bytes(b"garbage")
    with pytest.raises(ConfigurationError, match=r"holder\.p12 is not PKCS #12"):
        load_p12(file, b"secret")


def test_a_pkcs12_file_without_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cert.p12"
    certificate = pki().person.certificate
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, certificate, None, NoEncryption()))
    with pytest.raises(ConfigurationError, match="must hold"):
        load_p12(file, None)


@pytest.mark.parametrize("password", [None, b"hunter2"])
def test_a_wrong_password_names_the_file_and_no_secret(tmp_path: Path, password: bytes | None) -> None:
    key_file, certificate_file = write_pem(pki().person, tmp_path, "holder", b"secret")
    said = "is encrypted, and its password is missing"
    if password is not None:
        said = "does not open"
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_key_pair(key_file, certificate_file, password)
    assert str(key_file) in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("missing", ["key", "cert"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    files = dict(zip(("key", "cert"), write_pem(pki().person, tmp_path, "holder"), strict=True))
    files[missing].unlink()
    with pytest.raises(ConfigurationError) as caught:
        load_key_pair(files["key"], files["cert"])
    assert str(files[missing]) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    key_file, certificate_file = write_pem(pki().person, tmp_path, "holder")
    for files in ((damaged, certificate_file), (key_file, damaged)):
        with pytest.raises(ConfigurationError) as caught:
            load_key_pair(*files)
        assert str(damaged) in str(caught.value)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    key_file, _ = write_pem(pki().person, tmp_path, "person")
    _, certificate_file = write_pem(pki().stranger, tmp_path, "stranger")
    with pytest.raises(ConfigurationError, match="does not belong"):
        load_key_pair(key_file, certificate_file)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    _, certificate_file = write_pem(pki().person, tmp_path, "person")
    key_file = tmp_path / "ed25519.pem"
    key = Ed25519PrivateKey.generate()
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigurationError, match="RSA or elliptic curve"):
        load_key_pair(key_file, certificate_file)


def test_all_certificates_of_a_file_are_read_in_order(tmp_path: Path) -> None:
    certificates = [pki().root.certificate, pki().issuing.certificate]
    file = tmp_path / "chain.pem"
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    assert load_certificates(file) == certificates


def test_a_fingerprint_is_the_sha256_of_the_der_form() -> None:
    certificate = pki().person.certificate
    assert len(fingerprint(certificate)) == 64
    assert fingerprint(certificate) != fingerprint(pki().stranger.certificate)


def test_a_key_pair_never_shows_its_key() -> None:
    assert "PrivateKey" not in repr(pki().person)


def test_a_holder_is_named_in_words() -> None:
    seal, person = pki().company_seal.certificate, pki().representative.certificate
    assert "organizationIdentifier=VATES-B12345674" in subject_of(seal)
    assert {"SN", "givenName", "serialNumber"} <= {
        part.split("=")[0] for part in subject_of(person).split(",")
    }
