"""The seal's bytes, prepared once: a receipt then costs its digests and one signature.

signxml writes the shape; `_ReceiptSigner` corrects it in two places. What differs from one receipt to the
next (two digests, the signature value, the signing time) is cut out of the canonical bytes, so the
template and signxml cannot drift apart: a test seals the same statement both ways and compares.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.xades.xades import XAdESDataObjectFormat, XAdESSignaturePolicy, XAdESSigner

from notigateway.errors import ConfigurationError
from notigateway.evidence.statement import POLICY_ID, POLICY_SHA256, ROOT
from notigateway.instants import instant_text
from notigateway.wss.ns import EXC_C14N, ds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from lxml.etree import _Element
    from signxml.util import SigningSettings

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNATURE_POLICY: Final = XAdESSignaturePolicy(
    Identifier=POLICY_ID,
    Description="Policy for issuing receipts, version 4",
    DigestMethod=DigestAlgorithm.SHA256,
    DigestValue=base64.b64encode(bytes.fromhex(POLICY_SHA256)).decode(),
)
RSA_MIN_BITS: Final = 3072
_DATA_FORMAT: Final = XAdESDataObjectFormat(Description="Evidence", MimeType="text/xml")
_PROBE_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Profile(Enum):
    """The two kinds of seal; the ENS does not recommend RSA PKCS#1 v1.5 at level ALTO."""

    ECDSA = SignatureMethod.ECDSA_SHA256
    RSA_PSS = SignatureMethod.SHA256_RSA_MGF1


def profile_of(key: PublicKeyTypes) -> Profile:
    """Return the profile of a seal key. Raises: `ConfigurationError` for a key that has none."""
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return Profile.ECDSA
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_MIN_BITS:
        return Profile.RSA_PSS
    raise ConfigurationError(
        f"the seal key must be an elliptic curve key on P-256, or RSA of at least {RSA_MIN_BITS} bits"
    )


@dataclass(frozen=True, slots=True)
class Template:
    """The canonical bytes of a seal, cut where receipts differ.

    `info` and `properties` are SignedInfo and SignedProperties as they are hashed, each on its own;
    `signature` is the whole as it stands in the receipt.
    """

    info: tuple[bytes, ...]
    properties: tuple[bytes, ...]
    signature: tuple[bytes, ...]

    def seal(self, content: bytes, sealed_at: datetime, sign: Callable[[bytes], bytes]) -> bytes:
        """Return the content, an element in canonical form, with its seal as the last child.

        `sign` returns the signature value of SignedInfo as XML-DSig wants it (§6.4).
        """
        at = instant_text(sealed_at).encode()
        digests = _digest(content), _digest(_join(self.properties, [at]))
        value = base64.b64encode(sign(_join(self.info, digests)))
        end = content.rindex(b"</")
        return content[:end] + _join(self.signature, [*digests, value, at]) + content[end:]


def make_template(certificate: x509.Certificate, profile: Profile) -> Template:
    """Prepare the seals of a certificate: seal a probe once, with a value in place of a signature."""
    probe = etree.Element(ROOT, nsmap={None: ROOT[1:].partition("}")[0]})
    key: Any = _ProbeKey(profile)
    sealed = ReceiptSigner(_PROBE_TIME, profile).sign(
        probe, always_add_key_value=False, key=key, cert=[certificate]
    )
    info = _one(sealed, ds("SignedInfo"))
    digests = [(one.text or "").encode() for one in info.iter(ds("DigestValue"))][:2]
    value = (_one(sealed, ds("SignatureValue")).text or "").encode()
    at = instant_text(_PROBE_TIME).encode()
    return Template(
        info=_cut(_canonical(info), digests),
        properties=_cut(_canonical(_one(sealed, f"{{{XADES}}}SignedProperties")), [at]),
        signature=_cut(_canonical(_one(sealed, ds("Signature"))), [*digests, value, at]),
    )


class _ProbeKey:
    """Stands for the key where only the shape matters: a token in a safe is not asked for a probe."""

    key_size: Final = 256

    def __init__(self, profile: Profile) -> None:
        self._value = encode_dss_signature(1, 1) if profile is Profile.ECDSA else b"probe"

    def sign(self, *_: object, **__: object) -> bytes:
        """Return the same value for everything."""
        return self._value


class ReceiptSigner(XAdESSigner):
    """signxml's signer with two corrections, made for one seal: signers collect tokens for ever."""

    def __init__(self, sealed_at: datetime, profile: Profile = Profile.ECDSA) -> None:
        super().__init__(
            signature_policy=SIGNATURE_POLICY,
            data_object_format=_DATA_FORMAT,
            signature_algorithm=profile.value,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        self._sealed_at = sealed_at

    def add_signing_time(
        self,
        signed_signature_properties: _Element,
        sig_root: _Element,  # noqa: ARG002  (signature given by signxml)
        signing_settings: SigningSettings,  # noqa: ARG002
    ) -> None:
        """State the given instant: signxml would read the clock, in whole seconds."""
        signing_time = etree.SubElement(signed_signature_properties, f"{{{XADES}}}SigningTime")
        signing_time.text = instant_text(self._sealed_at)

    def _add_reference_to_signed_info(
        self, sig_root: _Element, node_to_reference: _Element, **attributes: str
    ) -> None:
        """Write the Transform that signxml 5.2 applies to SignedProperties and KeyInfo but does not name.

        Without it a verifier applies inclusive C14N to them (XML-DSig 1.1 §4.4.3.2) and fails.
        """
        super()._add_reference_to_signed_info(  # type: ignore[no-untyped-call]
            sig_root, node_to_reference, **attributes
        )
        reference = sig_root.findall(f"{ds('SignedInfo')}/{ds('Reference')}")[-1]
        transforms = etree.Element(ds("Transforms"))
        etree.SubElement(transforms, ds("Transform"), Algorithm=EXC_C14N)
        reference.insert(0, transforms)


def _one(root: _Element, tag: str) -> _Element:
    (found,) = root.iter(tag)
    return found


def _canonical(element: _Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def _cut(data: bytes, marks: Iterable[bytes]) -> tuple[bytes, ...]:
    """Cut out the marks, which follow each other, each as the whole text of an element."""
    pieces = []
    for mark in marks:
        before, found, data = data.partition(b">" + mark + b"<")
        if not found:
            raise ValueError("the probe does not have the shape of a seal")
        pieces.append(before + b">")
        data = b"<" + data
    return (*pieces, data)


def _join(pieces: tuple[bytes, ...], filling: Iterable[bytes]) -> bytes:
    """Put the pieces together with what differs between them."""
    first, *rest = pieces
    return first + b"".join(part + piece for part, piece in zip(filling, rest, strict=True))


def _digest(data: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(data).digest())
