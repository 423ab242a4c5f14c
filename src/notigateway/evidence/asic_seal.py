"""The seal on a container of associated signatures (ASiC-E with XAdES, ETSI EN 319 162-1 §4.4, EN 319 132-1).

One detached signature over every file of the container: a reference with its SHA-256 for each, one for the
signed properties, in exclusive canonical form; ECDSA P-256 or RSA-PSS with SHA-256, as on a receipt.

What a seal says (names, digests, instant, certificate) decides each byte of it but the signature value. So a
seal is verified by writing it anew from what it says: every other shape is refused without a rule for it.
Unsigned properties that others have added (time-stamps, certificates: EN 319 132-1 §5.4, §5.5) are left out
before, since they are under no signature of ours and prove nothing here.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm

from notigateway.errors import BundleInvalidError, ConfigurationError, ReceiptInvalidError
from notigateway.evidence.additions import admitted_properties
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import dated
from notigateway.evidence.naming import not_in_use, not_pinned
from notigateway.evidence.template import XADES, profile_of
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, read_certificate
from notigateway.pki.low_form import in_der
from notigateway.wss.ns import DS, EXC_C14N, ds, names_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.evidence.history import Pin
    from notigateway.evidence.sealing import Seal

ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"
SIGNATURE_MAX_BYTES: Final = 8 * 1024 * 1024
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
_SIGNATURE_ID: Final = "container-seal"
_PROPERTIES_ID: Final = "container-seal-properties"
_SHA256: Final = DigestAlgorithm.SHA256.value
# Those that the members of a bundle have.
_MEDIA_TYPES: Final = {
    ".xml": "text/xml",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".txt": "text/plain",
    ".note": "text/plain",
    ".cer": "application/pkix-cert",
    ".tst": "application/timestamp-token",
}
_asic, _xades = names_in(ASIC), names_in(XADES)

# A parser compares each attribute of an element with all others of it.
_MOST_ATTRIBUTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class ContainerSeal:
    """What a seal on a container says: the SHA-256 of each file by its name, by whose key, when."""

    digests: Mapping[str, bytes]
    certificate: x509.Certificate
    sealed_at: datetime


def media_type(name: str) -> str:
    """Return the media type of a member."""
    return _MEDIA_TYPES.get(name[name.rfind(".") :], "application/octet-stream")


def seal_files(files: Mapping[str, bytes], *, seal: Seal, at: datetime) -> bytes:
    """Return the signature file over these files, in the order in which they stand.

    Raises: `TemporarilyUnavailableError` where the seal's certificate is not valid then.
    """
    digests = {name: hashlib.sha256(content).digest() for name, content in files.items()}
    said = ContainerSeal(digests, seal.certificate, at)
    value = seal.sign_xml(_canonical(_signed_info(said)), now=at)
    return _canonical(_written(said, value))


def verify_seal(data: bytes, *, seal_certificates: Sequence[Pin]) -> ContainerSeal:
    """Return what a signature file says if one of the pinned seal certificates made it.

    1. It is one signature, which says what it covers in the one shape; additions of others are left out.
    2. Its certificate is pinned, and was valid and in use at the instant that it states.
    3. The signature is by that certificate's key.

    The digests are the caller's to compare with the files.

    Raises: `BundleInvalidError` with the reason.
    """
    if len(data) > SIGNATURE_MAX_BYTES or b"<!" in data or data.count(b"=") > _MOST_ATTRIBUTES:
        raise BundleInvalidError("the container's signature is larger than any, or holds a DTD")
    try:
        root = _read(data)
        said, value = _said(root[0]), _value(root[0])
        if _canonical(_written(said, value)) != _canonical(root):  # 1
            raise BundleInvalidError("the container's signature does not have the shape of a seal")
        pinned = dated(seal_certificates).get(fingerprint(said.certificate))
        if pinned is None:  # 2
            der = said.certificate.public_bytes(Encoding.DER)
            raise BundleInvalidError(not_pinned("the container", der))
        if not pinned.covers(said.sealed_at):
            raise BundleInvalidError(not_in_use(pinned, said.sealed_at))
        _check_value(_canonical(_signed_info(said)), value, pinned.certificate)  # 3
    except ReceiptInvalidError as error:
        raise BundleInvalidError(f"the container's signature: {error.detail}") from error
    except InvalidSignature as error:
        raise BundleInvalidError("the container's signature is not the seal's on these files") from error
    except ConfigurationError as error:
        raise BundleInvalidError(str(error)) from error
    except (ValueError, TypeError, LookupError, etree.LxmlError) as error:
        raise BundleInvalidError(f"the container's signature cannot be read: {error}") from error
    return said


# --- writing --------------------------------------------------------------------------------------


def _written(said: ContainerSeal, value: bytes) -> _Element:
    """Return the whole file: the one tree that a seal which says this can be."""
    root = etree.Element(_asic("XAdESSignatures"), nsmap={"asic": ASIC})
    signature = etree.SubElement(root, ds("Signature"), Id=_SIGNATURE_ID, nsmap={"ds": DS})
    signature.append(_signed_info(said))
    _text(signature, ds("SignatureValue"), base64.b64encode(value)).set("Id", f"{_SIGNATURE_ID}-value")
    held = etree.SubElement(etree.SubElement(signature, ds("KeyInfo")), ds("X509Data"))
    _text(held, ds("X509Certificate"), base64.b64encode(said.certificate.public_bytes(Encoding.DER)))
    qualifying = etree.SubElement(
        etree.SubElement(signature, ds("Object")),
        _xades("QualifyingProperties"),
        Target=f"#{_SIGNATURE_ID}",
        nsmap={"xades": XADES},
    )
    qualifying.append(_properties(said))
    return root


def _signed_info(said: ContainerSeal) -> _Element:
    info = etree.Element(ds("SignedInfo"), nsmap={"ds": DS})
    etree.SubElement(info, ds("CanonicalizationMethod"), Algorithm=EXC_C14N)
    method = profile_of(said.certificate.public_key()).value.value
    etree.SubElement(info, ds("SignatureMethod"), Algorithm=method)
    for number, (name, digest) in enumerate(said.digests.items()):
        one = etree.SubElement(info, ds("Reference"), Id=f"file-{number}", URI=quote(name))
        _digest(one, digest)
    properties = _canonical(_properties(said))
    last = etree.SubElement(info, ds("Reference"), Type=SIGNED_PROPERTIES_TYPE, URI=f"#{_PROPERTIES_ID}")
    etree.SubElement(etree.SubElement(last, ds("Transforms")), ds("Transform"), Algorithm=EXC_C14N)
    _digest(last, hashlib.sha256(properties).digest())
    return info


def _properties(said: ContainerSeal) -> _Element:
    """Return the signed properties that every baseline level has (EN 319 132-1 §6.3)."""
    properties = etree.Element(
        _xades("SignedProperties"), Id=_PROPERTIES_ID, nsmap={"xades": XADES, "ds": DS}
    )
    about = etree.SubElement(properties, _xades("SignedSignatureProperties"))
    _text(about, _xades("SigningTime"), instant_text(said.sealed_at).encode())
    certificates = etree.SubElement(about, _xades("SigningCertificateV2"))
    named = etree.SubElement(etree.SubElement(certificates, _xades("Cert")), _xades("CertDigest"))
    _digest(named, bytes.fromhex(fingerprint(said.certificate)))
    objects = etree.SubElement(properties, _xades("SignedDataObjectProperties"))
    for number, name in enumerate(said.digests):
        form = etree.SubElement(objects, _xades("DataObjectFormat"), ObjectReference=f"#file-{number}")
        _text(form, _xades("MimeType"), media_type(name).encode())
    return properties


def _digest(parent: _Element, digest: bytes) -> None:
    etree.SubElement(parent, ds("DigestMethod"), Algorithm=_SHA256)
    _text(parent, ds("DigestValue"), base64.b64encode(digest))


def _text(parent: _Element, tag: str, text: bytes) -> _Element:
    one = etree.SubElement(parent, tag)
    one.text = text.decode("ascii")
    return one


def _canonical(element: _Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


# --- reading --------------------------------------------------------------------------------------


def _read(data: bytes) -> _Element:
    """Return the file's tree with its one signature, without what others have added to that."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(data, parser)
    for added in [*root.iter(_xades("UnsignedProperties"))][:1]:
        parent = added.getparent()
        if parent is None or parent.tag != _xades("QualifyingProperties") or (added.tail or "").strip():
            raise BundleInvalidError("the container's signature does not have the shape of a seal")
        parent.remove(added)
        admitted_properties(added, root)
    found = list(root.iter(ds("Signature")))
    if root.tag != _asic("XAdESSignatures") or len(root) != 1 or found != [root[0]]:
        raise BundleInvalidError("the container's signature file must hold one signature")
    return root


def _said(signature: _Element) -> ContainerSeal:
    """Return what a signature says; whether it says it in the one shape is told by writing it anew."""
    digests: dict[str, bytes] = {}
    for one in signature[0].findall(ds("Reference"))[:-1]:
        name = unquote(one.get("URI", ""), errors="strict")
        if name in digests:
            raise BundleInvalidError(f"the container's signature names {name!r} twice")
        digests[name] = base64.b64decode(one.findtext(ds("DigestValue"), ""), validate=True)
    (held,) = signature.iter(ds("X509Certificate"))
    (at,) = signature.iter(_xades("SigningTime"))
    certificate = read_certificate(base64.b64decode(held.text or "", validate=True))
    return ContainerSeal(digests, certificate, datetime.fromisoformat(at.text or ""))


def _value(signature: _Element) -> bytes:
    (value,) = signature.iter(ds("SignatureValue"))
    return base64.b64decode(value.text or "", validate=True)


def _check_value(text: bytes, value: bytes, certificate: x509.Certificate) -> None:
    """Check a signature value as XML-DSig 1.1 §6.4.3 writes it: of ECDSA the two numbers side by side."""
    if isinstance(certificate.public_key(), EllipticCurvePublicKey):
        value = in_der(value)
    verify_detached(text, value, certificate)
