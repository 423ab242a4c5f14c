"""Who may ask: whose certificate is admitted, and whom it names."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.conformance.expecting import answered, is_fault, refused, same
from notigateway.conformance.kit import BOTH, V1, Need, check
from notigateway.conformance.raw import soap_headers
from notigateway.conformance.verdict import SkippedError
from notigateway.pki.identity import read_caller
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.conformance.drafting import Parts
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/security.md, Required, tolerated, refused: certificate"
_TRUST: Final = "docs/security.md, Who is trusted"
_WEAK_BITS: Final = 1024
_BITS: Final = 2048
# As of any certificate that may sign: else it would be refused for that.
_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_NAME: Final = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Conformance kit")])


@check("CERT-01", "a certificate that nobody authorised has issued is refused", _TRUST, contracts=BOTH)
def _self_made(target: Target) -> None:
    refused(target, target.draft(signer=_self_signed(target)), "ISSUER_NOT_AUTHORISED")


@check(
    "CERT-02",
    "a certificate of the caller's name by a stranger is refused",
    f"{_TRUST}; docs/errors.md, ISSUER_NOT_AUTHORISED",
    contracts=BOTH,
)
def _same_name(target: Target) -> None:
    mine = target.signer.certificate
    forged = _self_signed(target, subject=mine.subject, issuer=mine.issuer)
    refused(target, target.draft(signer=forged), "ISSUER_NOT_AUTHORISED")


@check(
    "CERT-03",
    "a token whose key did not sign is refused",
    "WSS X.509 Token Profile 1.1.1 §3",
    Need.SECOND,
    contracts=BOTH,
)
def _anothers_token(target: Target) -> None:
    def replace(parts: Parts) -> None:
        parts.token.text = target.second.token.decode()

    refused(target, target.draft(after=replace), "SIGNATURE_WRONG", "ALGORITHM_UNSUPPORTED")


@check(
    "CERT-04",
    "a signature that points to no token is refused",
    "docs/errors.md, TOKEN_UNAVAILABLE",
    contracts=BOTH,
)
def _no_token(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.security.remove(parts.token))
    refused(target, draft, "TOKEN_UNAVAILABLE")


@check(
    "CERT-05", "a token that is no certificate is refused", "docs/errors.md, TOKEN_INVALID", contracts=BOTH
)
def _no_certificate(target: Target) -> None:
    def replace(parts: Parts) -> None:
        parts.token.text = base64.b64encode(b"no certificate").decode()

    refused(target, target.draft(after=replace), "TOKEN_INVALID")


@check("CERT-06", "a key of 1024 bits is refused", _SOURCE, contracts=BOTH)
def _weak(target: Target) -> None:
    weak = _certificate(_key(target, _WEAK_BITS), target.now())

    def replace(parts: Parts) -> None:
        der = weak.public_bytes(Encoding.DER)
        parts.token.text = base64.b64encode(der).decode()

    refused(target, target.draft(after=replace), "TOKEN_WEAK", "ISSUER_NOT_AUTHORISED")


@check("CERT-07", "a certificate that has expired is refused", _SOURCE, Need.HOLDERS, contracts=BOTH)
def _expired(target: Target) -> None:
    refused(target, target.draft(signer=target.holder("expired")), "CERTIFICATE_NOT_VALID_NOW")


@check(
    "CERT-08",
    "a certificate that was revoked is refused",
    "docs/security.md, Revocation",
    Need.HOLDERS,
    contracts=BOTH,
)
def _revoked(target: Target) -> None:
    refused(target, target.draft(signer=target.holder("revoked")), "CERTIFICATE_REVOKED")


@check(
    "CERT-09",
    "a certificate of an issuer that is not authorised is refused",
    _TRUST,
    Need.HOLDERS,
    contracts=BOTH,
)
def _untrusted(target: Target) -> None:
    refused(target, target.draft(signer=target.holder("untrusted")), "ISSUER_NOT_AUTHORISED")


@check(
    "CERT-10",
    "a party to whom nothing was ever addressed may ask what is read in its certificate, and nothing else",
    "docs/security.md, Who is trusted",
    Need.HOLDERS,
)
def _unknown_party(target: Target) -> None:
    stranger = target.holder("stranger")
    found = target.ask("Ping", signer=stranger)
    same(found.told, "PingResponse", "the answer to a stranger's Ping")
    if found.element.findtext(f"{{{target.dialect.namespace}}}known") == "true":
        raise SkippedError("the stranger of this world is known by now")
    other = target.dialect.other
    reply = target.send(target.draft(other, signer=stranger), soap_headers(target.dialect.action(other)))
    is_fault(target, reply, "CALLER_UNKNOWN")


@check(
    "CERT-11", "Ping tells the party that the caller's certificate names", "docs/integration.md", contracts=V1
)
def _whoami(target: Target) -> None:
    caller = read_caller(target.given.me.certificate)
    answered(target, target.send(target.draft()))
    same(target.client().ping().party.identifier, caller.party, "the party that Ping tells")


def _self_signed(target: Target, *, subject: x509.Name = _NAME, issuer: x509.Name = _NAME) -> Signer:
    """Return who signs with a certificate of his own making, by default one that names nobody."""
    key = _key(target, _BITS)
    return Signer(key, _certificate(key, target.now(), subject, issuer))


def _key(target: Target, bits: int) -> rsa.RSAPrivateKey:
    name = f"a key of {bits} bits"
    if name not in target.stories:
        target.stories[name] = rsa.generate_private_key(65_537, bits)
    found: rsa.RSAPrivateKey = target.stories[name]
    return found


def _certificate(
    key: rsa.RSAPrivateKey, now: datetime, subject: x509.Name = _NAME, issuer: x509.Name = _NAME
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )
