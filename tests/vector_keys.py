"""Keys, certificates, tokens and lists of the vectors: all from a fixed seed, nothing by chance.

EC keys are derived from a text, ECDSA is that of RFC 6979 in its low form. The RSA key has its primes from
the seed too, and its PSS salt from what is signed: no library lets one choose it, so that is done here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from notigateway.pki.keys import KeyPair
from tsa import unchecked_token_of

if TYPE_CHECKING:
    pass

SEED: Final = "notigateway vectors 1"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
# From the number that the seed gives to the next prime, for p and for q.
_TO_PRIME: Final = {"p": 300, "q": 2952}
# Whose certificates have a shorter time than the others'.
_VALID: Final = {
    "seal-next": (datetime(2028, 1, 1, tzinfo=UTC), END),
    "authority-short": (START, datetime(2030, 1, 1, tzinfo=UTC)),
    "authority-next": (datetime(2029, 1, 1, tzinfo=UTC), END),
    "authority-expired": (START, datetime(2026, 1, 1, tzinfo=UTC)),
}
_EXPONENT: Final = 65537
_SALT_BYTES: Final = 32
_P256_BITS: Final = 256


def from_seed(label: str, size: int) -> bytes:
    """Return as many bytes as are wanted, the same ones for a label for ever."""
    blocks = (
        hashlib.sha512(f"{SEED} {label} {number}".encode()).digest() for number in range(size // 64 + 1)
    )
    return b"".join(blocks)[:size]


@cache
def ec_key(label: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(from_seed(label, 48), "big") % (ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP384R1() if label == "seal-p384" else ec.SECP256R1())


@cache
def witness_key(label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(from_seed(label, 32))


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    p, q = (int.from_bytes(from_seed(f"seal rsa {one}", 192), "big") | 3 << 1534 | 1 for one in "pq")
    p, q = p + _TO_PRIME["p"], q + _TO_PRIME["q"]
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=d % (p - 1), dmq1=d % (q - 1), iqmp=pow(q, -1, p), public_numbers=public
    ).private_key()


@dataclass(frozen=True)
class Holder:
    """A key with its certificate, and how it signs SHA-256: always the same."""

    pair: KeyPair

    @property
    def certificate(self) -> x509.Certificate:
        return self.pair.certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def is_rsa(self) -> bool:
        return isinstance(self.pair.key, rsa.RSAPrivateKey)

    @property
    def _width(self) -> int:
        return self.pair.key.key_size // 8

    def sign(self, data: bytes, *, high: bool = False) -> bytes:
        """Return a signature: ECDSA in DER, in its low form or in its high one; or RSA-PSS."""
        if isinstance(self.pair.key, rsa.RSAPrivateKey):
            return _sign_pss(self.pair.key, data)
        made = self.pair.key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        if self.pair.key.key_size != _P256_BITS:
            return made
        r, s = decode_dss_signature(made)
        return encode_dss_signature(r, max(s, ORDER - s) if high else min(s, ORDER - s))

    def xml_value(self, data: bytes, *, high: bool = False) -> bytes:
        """Return the same as XML-DSig writes it."""
        signature = self.sign(data, high=high)
        if self.is_rsa:
            return signature
        return b"".join(one.to_bytes(self._width, "big") for one in decode_dss_signature(signature))


def _sign_pss(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """Sign by RFC 8017 §8.1.1, with a salt that the data decide."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    salt = hashlib.sha256(SEED.encode() + data).digest()
    hashed = hashlib.sha256(bytes(8) + hashlib.sha256(data).digest() + salt).digest()
    block = bytes(size - _SALT_BYTES - len(hashed) - 2) + b"\x01" + salt
    counters = range(len(block) // len(hashed) + 1)
    mask = b"".join(hashlib.sha256(hashed + number.to_bytes(4, "big")).digest() for number in counters)
    masked = bytearray(one ^ other for one, other in zip(block, mask, strict=False))
    masked[0] &= 0xFF >> (8 * size - (modulus.bit_length() - 1))
    encoded = int.from_bytes(bytes(masked) + hashed + b"\xbc", "big")
    return pow(encoded, numbers.d, modulus).to_bytes(size, "big")


# --- certificates -----------------------------------------------------------------------------------


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "ES"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _serial(label: str) -> int:
    return int.from_bytes(from_seed(f"serial {label}", 8), "big") >> 1 | 1


@cache
def issuer() -> Holder:
    key = ec_key("issuer")
    builder = (
        x509.CertificateBuilder(
            _name("TEST Issuer of the vectors"),
            _name("TEST Issuer of the vectors"),
            key.public_key(),
            _serial("issuer"),
        )
        .not_valid_before(START)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Holder(KeyPair(key, builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)))


def _usage(*names: str) -> x509.KeyUsage:
    flags = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    flags += " key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{one: one in names for one in flags.split()})


@cache
def holder(label: str) -> Holder:
    """Return somebody whom the issuer certified: an authority of time-stamps, if the label says so."""
    key = rsa_key() if label.endswith("-rsa") else ec_key(label)
    since, until = _VALID.get(label, (START, END))
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer().pair.key.public_key())
    builder = (
        x509.CertificateBuilder(
            issuer().certificate.subject, _name(f"TEST {label}"), key.public_key(), _serial(label)
        )
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature", "content_commitment"), critical=True)
        .add_extension(aki, critical=False)
    )
    if label.startswith("authority"):
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=label != "authority-not-critical")
    signed = builder.sign(issuer().pair.key, hashes.SHA256(), ecdsa_deterministic=True)
    return Holder(KeyPair(key, signed))


def revocation_list(*revoked: tuple[Holder, datetime], at: datetime) -> bytes:
    """Return the issuer's list of an instant, good for a day around it."""
    builder = x509.CertificateRevocationListBuilder(
        issuer().certificate.subject, at - timedelta(hours=12), at + timedelta(hours=12)
    )
    for one, since in revoked:
        entry = x509.RevokedCertificateBuilder(one.certificate.serial_number, since).build()
        builder = builder.add_revoked_certificate(entry)
    signed = builder.sign(issuer().pair.key, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(Encoding.DER)


@cache
def token(
    about: bytes, at: datetime, by: str = "authority", digest: str = "sha256", about_by: str = "sha256"
) -> bytes:
    """Return a time-stamp of the hash of some bytes."""
    return unchecked_token_of(
        hashlib.new(about_by, about).digest(), at=at, pair=holder(by).pair, digest=digest
    )


def all_keys() -> dict[str, dict[str, str]]:
    """Return every key by its label, in hexadecimal: they are test keys, and everybody has them."""
    labels = [
        "issuer",
        "seal",
        "seal-p384",
        "seal-next",
        "another-holder",
        "caller",
        "another-caller",
        "body",
    ]
    labels += ["authority", "authority-short", "authority-next", "authority-nobody-pins"]
    labels += ["authority-not-critical", "authority-expired"]

    def of_curve(label: str) -> dict[str, str]:
        return {
            "kind": "P-384" if label == "seal-p384" else "P-256",
            "scalar": f"{ec_key(label).private_numbers().private_value:064x}",
        }

    def of_witness(label: str) -> dict[str, str]:
        return {"kind": "Ed25519", "seed": from_seed(label, 32).hex()}

    def of_rsa() -> dict[str, str]:
        numbers = rsa_key().private_numbers()
        return {"kind": "RSA-3072", "e": "010001", "p": f"{numbers.p:x}", "q": f"{numbers.q:x}"}

    found = {label: of_curve(label) for label in labels}
    found |= {label: of_witness(label) for label in ("w1", "w2", "w3", "wx")}
    return found | {"seal-rsa": of_rsa(), "authority-rsa": of_rsa()}
