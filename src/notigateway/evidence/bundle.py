"""The evidence bundle: one ZIP file with everything that proves a receipt beside the seal certificate.

Nothing in it is left to choice. The members come from a fixed list in a fixed order, stored and dated
alike, and a file is a bundle only if writing its members again gives the same bytes. A manifest names
each member by its hash, and the seal signs the manifest. So every byte, of a member or of the container,
is bound to the seal.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cryptography.exceptions import InvalidSignature

from notigateway.errors import BundleInvalidError
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import dated
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import Pin
    from notigateway.evidence.sealing import Seal

FORMAT: Final = "urn:notigateway:evidence-bundle:1"
BUNDLE_MAX_BYTES: Final = 64 * 1024 * 1024
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
RECEIPT, FORM, PREVIOUS, REQUEST = "receipt.xml", "receipt.pdf", "previous.xml", "request.xml"
SEAL_CERTIFICATE, CALLER_CERTIFICATE = "certificates/seal.cer", "certificates/caller.cer"
AUTHORITY_CERTIFICATE = "certificates/timestamp.cer"
REVOCATION = "revocation.der"
LEAF, INCLUSION = "log/leaf.txt", "log/inclusion.json"
CHECKPOINT, CHECKPOINT_SIGNATURE = "log/checkpoint.txt", "log/checkpoint.sig"
CHECKPOINT_TOKEN = "log/checkpoint.tst"  # noqa: S105  (a time-stamp token)

# In this order.
MEMBERS: Final = (
    MANIFEST,
    SIGNATURE,
    RECEIPT,
    FORM,
    PREVIOUS,
    REQUEST,
    SEAL_CERTIFICATE,
    CALLER_CERTIFICATE,
    AUTHORITY_CERTIFICATE,
    REVOCATION,
    LEAF,
    INCLUSION,
    CHECKPOINT,
    CHECKPOINT_SIGNATURE,
    CHECKPOINT_TOKEN,
)
# There where the receipt, or that moment, has such a thing.
_EXTRA: Final = {PREVIOUS, REQUEST, CALLER_CERTIFICATE, AUTHORITY_CERTIFICATE, REVOCATION, CHECKPOINT_TOKEN}
REQUIRED: Final = frozenset(MEMBERS) - _EXTRA
SEALED: Final = frozenset({MANIFEST, SIGNATURE})
_MAY_BE_LEFT_OUT: Final = frozenset({REQUEST})
# The request names other notifications, of which whoever gets the bundle may not know.
NAMES_OTHERS: Final = "names-others"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that proves the receipt and is not in this bundle: the SHA-256 of which, and why."""

    name: str
    sha256: str
    reason: str


def write_bundle(
    files: Mapping[str, bytes],
    *,
    receipt_id: UUID,
    seal: Seal,
    made_at: datetime,
    left_out: Sequence[LeftOut] = (),
) -> bytes:
    """Return the bundle of these files with its manifest, sealed; the manifest says what is left out.

    Raises: `ValueError` for a file that the format has no place for, or one that is missing;
    `TemporarilyUnavailableError` where the seal's certificate is not valid then.
    """
    text = manifest_text(files, receipt_id=receipt_id, seal=seal, made_at=made_at, left_out=left_out)
    return write({**files, MANIFEST: text, SIGNATURE: seal.sign(text, now=made_at)})


def manifest_text(
    files: Mapping[str, bytes],
    *,
    receipt_id: UUID,
    seal: Seal,
    made_at: datetime,
    left_out: Sequence[LeftOut],
) -> bytes:
    """Return what the seal says of these files. Raises: `ValueError` for files that are not to be named."""
    if SEALED & set(files):
        raise ValueError("the manifest and its seal are made here")
    if not {one.name for one in left_out} <= _MAY_BE_LEFT_OUT or any(one.name in files for one in left_out):
        raise ValueError("that is not left out of a bundle")
    manifest = {
        "format": FORMAT,
        "receipt": str(receipt_id),
        "made_at": instant_text(made_at),
        "seal_sha256": fingerprint(seal.certificate),
        "files": [
            {"name": name, "size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
            for name in MEMBERS
            if name in files
        ],
        # No word of it where nothing is: such a bundle is what it always was.
        **({"left_out": [asdict(one) for one in left_out]} if left_out else {}),
    }
    return (json.dumps(manifest, indent=1) + "\n").encode("ascii")


def write(files: Mapping[str, bytes]) -> bytes:
    """Return the one container of these files."""
    if not REQUIRED <= set(files) <= set(MEMBERS):
        raise ValueError(f"not the files of a bundle: {sorted(set(files) ^ REQUIRED)}")
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as container:
        for name in MEMBERS:
            if name in files:
                member = ZipInfo(name)  # dated 1980, the beginning of ZIP
                member.create_system = 3
                member.external_attr = 0o644 << 16
                container.writestr(member, files[name])
    return out.getvalue()


def read_container(data: bytes) -> Mapping[str, bytes]:
    """Return the files of a bundle whose container has its one form; nothing of them is proven yet.

    Raises: `BundleInvalidError`.
    """
    if len(data) > BUNDLE_MAX_BYTES:
        raise BundleInvalidError("the file is larger than any bundle")
    try:
        files = _read(data)
        written = write(files)
    except BundleInvalidError:
        raise
    except Exception as error:  # whatever a reader meets in foreign bytes, it is no bundle
        raise BundleInvalidError(f"the ZIP container cannot be read: {error}") from error
    if written != data:
        raise BundleInvalidError("the ZIP container is not written as the gateway writes it")
    return MappingProxyType(files)


def _read(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as container:
        members = container.infolist()
        names = [member.filename for member in members]
        if names != [name for name in MEMBERS if name in names]:
            raise BundleInvalidError("the ZIP container has other members, or in another order")
        # Stored, so nothing can expand; together no larger than the file.
        if any(member.compress_type != ZIP_STORED for member in members):
            raise BundleInvalidError("a member of the ZIP container is compressed")
        if sum(member.file_size for member in members) > len(data):
            raise BundleInvalidError("the ZIP container announces more than it holds")
        return {member.filename: container.read(member) for member in members}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a sealed manifest says: the receipt that the bundle is about, and who sealed the manifest."""

    receipt_id: str
    made_at: str
    certificate: Certificate
    left_out: Mapping[str, LeftOut]


def verify_manifest(files: Mapping[str, bytes], *, seal_certificates: Sequence[Pin]) -> Manifest:
    """Return what the manifest says if a pinned seal certificate signed it and each file is as it says.

    Raises: `BundleInvalidError` with the reason.
    """
    text = files[MANIFEST]
    try:
        stated: dict[str, Any] = json.loads(text)
        pinned = dated(seal_certificates).get(stated["seal_sha256"])
        if pinned is None:
            raise BundleInvalidError("the manifest was not sealed with a pinned seal certificate")
        verify_detached(text, files[SIGNATURE], pinned.certificate)
        if not pinned.covers(datetime.fromisoformat(stated["made_at"])):
            raise BundleInvalidError("the seal certificate was not valid, or not in use, at that instant")
    except InvalidSignature as error:
        raise BundleInvalidError("the seal on the manifest is not the seal's on these bytes") from error
    except (ValueError, LookupError, TypeError) as error:
        raise BundleInvalidError(f"the manifest cannot be read: {error}") from error
    return read_manifest(files, certificate=pinned.certificate)


def read_manifest(files: Mapping[str, bytes], *, certificate: Certificate) -> Manifest:
    """Return what a manifest says that this certificate has sealed, if each file is as it says.

    Raises: `BundleInvalidError` with the reason.
    """
    try:
        stated: dict[str, Any] = json.loads(files[MANIFEST])
        if stated["format"] != FORMAT or stated["seal_sha256"] != fingerprint(certificate):
            raise BundleInvalidError("the manifest is of another form, or names another seal")
        listed = [(one["name"], one["size"], one["sha256"]) for one in stated["files"]]
        left_out = {one["name"]: LeftOut(**one) for one in stated.get("left_out", ())}
    except (ValueError, LookupError, TypeError) as error:
        raise BundleInvalidError(f"the manifest cannot be read: {error}") from error
    found = [
        (name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
        if name not in SEALED
    ]
    for one in found:
        if one not in listed:
            raise BundleInvalidError(f"{one[0]} is not the file that the manifest names")
    if listed != found:
        raise BundleInvalidError("the manifest names a file that is not there")
    words = [word for one in left_out.values() for word in (one.sha256, one.reason)]
    if not all(isinstance(word, str) for word in words):
        raise BundleInvalidError("the manifest cannot be read: what it leaves out")
    if not set(left_out) <= _MAY_BE_LEFT_OUT or set(left_out) & set(files):
        raise BundleInvalidError("the manifest leaves out what a bundle holds")
    return Manifest(stated["receipt"], stated["made_at"], certificate, MappingProxyType(left_out))


def inclusion_text(*, index: int, salt: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the member that says where in the log the leaf stands, and how it leads to the root."""
    said = {"index": index, "salt": salt.hex(), "proof": [one.hex() for one in proof]}
    return (json.dumps(said, indent=1) + "\n").encode("ascii")


@dataclass(frozen=True, slots=True)
class InclusionText:
    """The place of the leaf, the salt that opens it, and the hashes on the way to the root."""

    index: int
    salt: bytes
    proof: tuple[bytes, ...]


def read_inclusion(text: bytes) -> InclusionText:
    """Read that member in its one spelling. Raises: `BundleInvalidError`."""
    try:
        said = json.loads(text)
        found = InclusionText(
            int(said["index"]), bytes.fromhex(said["salt"]), tuple(map(bytes.fromhex, said["proof"]))
        )
    except (ValueError, LookupError, TypeError) as error:
        raise BundleInvalidError(f"the inclusion proof cannot be read: {error}") from error
    if inclusion_text(index=found.index, salt=found.salt, proof=found.proof) != text:
        raise BundleInvalidError("the inclusion proof is not in its one spelling")
    return found
