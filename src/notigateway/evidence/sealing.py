"""The gateway's seal: the key that seals receipts, and when it may. `xades` verifies what it makes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.evidence.statement import EvidenceIssuerDetails
from notigateway.evidence.template import Profile, make_template, profile_of
from notigateway.pki.identity import read_holder
from notigateway.pki.keys import TokenKey
from notigateway.pki.low_form import low_form, side_by_side
from notigateway.pki.validity import RENEWAL_SECONDS, Validity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.evidence.retiring import Retirement
    from notigateway.pki.keys import KeyPair


class Seal:
    """The gateway's own key on receipts, not to be confused with the key that signs its answers.

    It signs nothing outside of its certificate's validity, nor where it was put out of use: what such a seal
    makes is void for ever, so whoever wants something sealed says when that is, and is refused before
    anything of it is stored.

    Raises `ConfigurationError` for a key that is neither on the curve P-256 nor RSA of 3072 bits or more.
    """

    def __init__(self, key_pair: KeyPair | TokenKey, retirement: Retirement | None = None) -> None:
        certificate = key_pair.certificate
        profile = profile_of(certificate.public_key())
        self._sign = key_pair.sign if isinstance(key_pair, TokenKey) else _signing(key_pair)
        self._is_ecdsa = profile is Profile.ECDSA
        self._template = make_template(certificate, profile)
        self.certificate = certificate
        self._validity = Validity.of(certificate)
        self._retirement = retirement
        self.issuer = EvidenceIssuerDetails(**asdict(read_holder(certificate)))

    def covers(self, instant: datetime) -> bool:
        """Tell whether the seal can attest what happened then: a receipt states the instant of its event."""
        is_in_use = self._retirement is None or self._retirement.covers(instant)
        return is_in_use and self._validity.covers(instant)

    def lack(self, now: datetime) -> str | None:
        """Return why nothing may be sealed at `now`, in words of ours; None where it may."""
        lack = self._validity.lack(now)
        return self._retirement.lack(now) if lack is None and self._retirement is not None else lack

    def notice(self) -> str | None:
        """Return what an operator should know of a seal that is still in use."""
        return None if self._retirement is None else self._retirement.notice()

    def check(self, now: datetime) -> None:
        """Check that something may be sealed at `now`.

        Raises: `TemporarilyUnavailableError`: the next certificate heals it, and the same request will do.
        """
        lack = self.lack(now)
        if lack is not None:
            raise TemporarilyUnavailableError(
                f"the seal's certificate {lack}", part=Part.SEAL, retry_after_seconds=RENEWAL_SECONDS
            )

    def seal(self, content: bytes, sealed_at: datetime, *, now: datetime) -> bytes:
        """Return the receipt: the content, an element in exclusive canonical form, with its seal.

        `sealed_at` is the instant of the event or, where it was reported, of the report; a verifier holds
        the seal to it. `now` is when it is sealed: of everything that is sealed in one transaction the same
        instant, so that a certificate that ends meanwhile leaves nothing half.

        These bytes are the original. The canonical form is what makes every single byte of them
        verifiable: a verifier accepts no other spelling of the same tree.

        Raises: `TemporarilyUnavailableError` where the certificate is not valid at both instants.
        """
        self.check(now)
        if not self.covers(sealed_at):
            self.check(sealed_at)
        return self._template.seal(content, sealed_at, self._signature_value)

    def sign(self, data: bytes, *, now: datetime) -> bytes:
        """Return a detached signature over SHA-256: ECDSA (DER, low form), or RSA-PSS (salt of 32 bytes).

        `now` is the instant that the signed text states.

        Raises: `TemporarilyUnavailableError` where the certificate is not valid then.
        """
        self.check(now)
        return self._sign(data)

    def sign_xml(self, signed_info: bytes, *, now: datetime) -> bytes:
        """Return the signature value of a SignedInfo in canonical form, as XML-DSig writes it.

        Raises: `TemporarilyUnavailableError` where the certificate is not valid at `now`.
        """
        self.check(now)
        return self._signature_value(signed_info)

    def _signature_value(self, data: bytes) -> bytes:
        """Return the same as XML-DSig 1.1 §6.4.3 writes it: of ECDSA the two numbers side by side."""
        signature = self._sign(data)
        if not self._is_ecdsa:
            return signature
        return side_by_side(signature)


def _signing(pair: KeyPair) -> Callable[[bytes], bytes]:
    """Return what signs with a key in this process."""
    key = pair.key
    if isinstance(key, RSAPrivateKey):
        # RFC 9231 §2.3.10: MGF1 with the same hash, a salt as long as the hash
        padding, sha256 = PSS(MGF1(SHA256()), SHA256.digest_size), SHA256()
        return lambda data: key.sign(data, padding, sha256)
    algorithm = ECDSA(SHA256())
    return lambda data: low_form(key.sign(data, algorithm))
