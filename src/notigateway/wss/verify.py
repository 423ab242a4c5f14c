"""The verification of a signed envelope, as one numbered procedure.

`verify_envelope` returns only what was signed: the very Body element whose digest was checked,
out of the only parse of this message, and the certificate whose key signed it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.errors import DigestError
from notigateway.wss.canonical import canonical
from notigateway.wss.clients import NO_CLIENTS, ClientRegister, expectations_of
from notigateway.wss.freshness import check_freshness
from notigateway.wss.header import decode_base64, read_security
from notigateway.wss.references import (
    check_addressing_coverage,
    check_coverage,
    part_facts,
    resolve,
    signable_parts,
)
from notigateway.wss.signature_value import (
    check_signature_value,
    decode_signature_value,
    key_for,
    unique_form,
)
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.tokens import check_place, check_signed_tokens, read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.settings import ClientRegistration
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.policy import Expectations, SignatureMethod
    from notigateway.wss.signature_value import VerifyingKey
    from notigateway.wss.signed_info import Reference

    Inlining = Callable[[bytes], Iterable[bytes]]

_MAX_DIGEST_BYTES = 64


def _as_it_is(octets: bytes) -> tuple[bytes]:
    return (octets,)


@dataclass(frozen=True, slots=True)
class Verified:
    """What is proven about a message: read nothing of it but this.

    `replay_key` is the same for every message that carries the same signature of the same key; it
    must be remembered until `fresh_until`, and a second message with it refused; where the message has no
    Timestamp (`is_dated`), as long as its certificate is valid. `headers` are the
    signed header blocks; `client` is what was agreed with the signer, where anything was.

    `key_mark` is the SHA-256 of the public key. The signature is that key's, and of this certificate only
    where `is_token_signed`: otherwise no token is signed, and anybody may have put in another certificate of
    the same key.
    """

    body: _Element
    operation: _Element
    headers: tuple[_Element, ...]
    certificate: x509.Certificate
    client: ClientRegistration | None
    key_mark: bytes
    is_token_signed: bool
    signature_value: bytes
    replay_key: bytes
    is_dated: bool
    created: datetime
    fresh_until: datetime
    signature_method: SignatureMethod


def verify_envelope(
    envelope: Envelope,
    *,
    now: datetime,
    dated: datetime | None = None,
    expectations: Expectations,
    check_certificate: Callable[[x509.Certificate, datetime], None],
    clients: ClientRegister = NO_CLIENTS,
    inlined: Inlining = _as_it_is,
) -> Verified:
    """Prove that the Body is what the holder of an admitted certificate signed, just now.

    Its Timestamp is judged by the instant `dated`, where that is another one than `now`.
    Where parts of it travelled beside it, `inlined` yields the octets that were signed of canonical ones.

    The steps go from cheap to expensive; the size and the structure of the XML were checked by
    `parse_envelope`, and the replay key is registered by the caller.

    1. Structure: one Security header for us, with one Signature of SignedInfo, SignatureValue and
       KeyInfo; nothing encrypted; ids are unique.
    2. Token: KeyInfo designates one certificate, in the message or known beforehand. It is not
       proven yet; it decides what is expected: by default, or as agreed with that client.
    3. Algorithms: every one is on the whitelist; limits on references and prefixes.
    4. References: each designates a part that may be signed; a token among them is the one of step 2; Body
       and Timestamp are among them, and the WS-Addressing headers that must be understood or must be signed.
    5. Timestamp: the message is fresh at `now`.
    6. Certificate: admitted by `check_certificate` at `now`, and registered where that is required,
       with a key of the method's family.
    7. Signature value: SignedInfo is signed by the certificate's key. Before the digests, so that
       nobody without an admitted key makes us canonicalise more than SignedInfo.
    8. Digests: each signed part, the element itself, has the digest that SignedInfo states.

    Raises: `SecurityError` family; the first step that fails decides.
    """
    # 1 structure
    header = read_security(envelope, max_tokens=expectations.max_tokens)
    parts = signable_parts(envelope, header)

    # 2 token
    token = read_token(header, parts, clients.known)
    client = clients.find(token.certificate)
    expected = expectations_of(client, expectations, now)
    check_place(token, expected)

    # 3 algorithms
    signed_info = read_signed_info(header.signed_info, expected)

    # 4 references
    targets = resolve(signed_info.references, parts)
    check_signed_tokens(targets, header, token)
    check_coverage(targets, envelope, header)
    check_addressing_coverage(targets, envelope, expected)

    # 5 timestamp
    window = check_freshness(header.timestamp, now=dated or now, expectations=expected)

    # 6 certificate
    check_certificate(token.certificate, now)
    clients.check(client)
    key = key_for(signed_info.method, token.public_key)

    # 7 signature value
    value = decode_signature_value(header.signature_value, key)
    signed = canonical(header.signed_info, prefixes=signed_info.prefixes)
    check_signature_value(value, signed, key=key, method=signed_info.method)

    # 8 digests
    for reference, target in zip(signed_info.references, targets, strict=True):
        check_digest(reference, target, inlined)

    key_mark = _key_mark(key)
    return Verified(
        body=envelope.body,
        operation=envelope.operation,
        certificate=token.certificate,
        client=client,
        headers=tuple(target for target in targets if target.getparent() is envelope.header),
        key_mark=key_mark,
        is_token_signed=any(target is token.element for target in targets),
        signature_value=value,
        replay_key=hashlib.sha256(key_mark + unique_form(value, key)).digest(),
        is_dated=header.timestamp is not None,
        created=window.created,
        # by our clock, which says when the message may be forgotten
        fresh_until=window.fresh_until + (now - (dated or now)),
        signature_method=signed_info.method,
    )


def check_digest(reference: Reference, target: _Element, inlined: Inlining = _as_it_is) -> None:
    """Check that a signed part, the element itself, has the digest that its reference states.

    Raises: `DigestError`; `CanonicalFormError` for a part without a canonical form.
    """
    facts = part_facts(target)
    octets = canonical(target, prefixes=reference.prefixes)
    if not octets:
        raise DigestError("empty canonical form", **facts)
    try:
        expected = decode_base64(reference.digest, max_bytes=_MAX_DIGEST_BYTES)
    except ValueError as error:
        raise DigestError("DigestValue is not base64", **facts) from error
    digest = hashlib.new(reference.method.hash_name)
    for piece in inlined(octets):
        digest.update(piece)
    if not hmac.compare_digest(digest.digest(), expected):
        raise DigestError(f"digest of {facts['part']} differs", **facts)


def _key_mark(key: VerifyingKey) -> bytes:
    """Return the SHA-256 of the public key, in the one form that we write it, however a certificate does.

    A message is known by it and its signature's unique form. The key and not the certificate: the same key
    in a renewed certificate, or a certificate whose own ECDSA signature was rewritten as (r, n - s), would
    make an old message look new.
    """
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()
