"""The evidence bundle: one ZIP file with everything that proves a receipt beside the seal certificate.

Nothing in it is left to choice. The members come from a fixed list in a fixed order, stored and dated
alike, and a file is a bundle only if writing its members again gives the same bytes. A manifest names
each member by its hash, and the seal signs the manifest. So every byte, of a member or of the container,
is bound to the seal.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cryptography.exceptions import InvalidSignature

from notigateway.errors import BundleInvalidError, ReceiptInvalidError
from notigateway.evidence.additions import take_apart
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import dated
from notigateway.evidence.naming import not_in_use, not_pinned
from notigateway.evidence.plain_json import member, members, of_kind, read_object
from notigateway.evidence.unpinned import NOT_PINNED
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import Pin
    from notigateway.evidence.sealing import Seal

FORMAT: Final = "urn:notigateway:evidence-bundle:2"
BUNDLE_MAX_BYTES: Final = 64 * 1024 * 1024
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
RECEIPT, FORM, PREVIOUS, REQUEST = "receipt.xml", "receipt.pdf", "previous.xml", "request.xml"
SEAL_CERTIFICATE, CALLER_CERTIFICATE = "certificates/seal.cer", "certificates/caller.cer"
AUTHORITY_CERTIFICATE = "certificates/timestamp.cer"
REVOCATION, RENEWALS = "revocation.der", "log/renewals.json"
LEAF, INCLUSION = "log/leaf.txt", "log/inclusion.json"
# A head of the log as a signed note: the seal's line, and those of witnesses.
CHECKPOINT: Final = "log/checkpoint.note"
_UNRELEASED: Final = "log/checkpoint.txt"
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
    CHECKPOINT_TOKEN,
    RENEWALS,
)
# There where the receipt, or that moment, has such a thing.
_EXTRA: Final = {
    PREVIOUS,
    REQUEST,
    CALLER_CERTIFICATE,
    AUTHORITY_CERTIFICATE,
    REVOCATION,
    CHECKPOINT_TOKEN,
    RENEWALS,
}
REQUIRED: Final = frozenset(MEMBERS) - _EXTRA
SEALED: Final = frozenset({MANIFEST, SIGNATURE})
_MAY_BE_LEFT_OUT: Final = frozenset({REQUEST})
_LEFT_OUT: Final = "left_out"
_KIB: Final = 1024
# What each member is at most, so that nothing is read of what is larger; the request has the whole file.
_MOST_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(MEMBERS, 64 * _KIB),
        RECEIPT: 5 * _KIB * _KIB,
        FORM: 16 * _KIB * _KIB,
        PREVIOUS: 5 * _KIB * _KIB,
        REQUEST: BUNDLE_MAX_BYTES,
        REVOCATION: 32 * _KIB * _KIB,
        RENEWALS: 16 * _KIB * _KIB,
        SIGNATURE: 2 * _KIB,
        LEAF: _KIB,
    }
)
# PKWARE APPNOTE 4.3.7: the header of a member; its last three numbers are its size and the lengths of its
# name and of what else is said.
_MEMBER: Final = b"PK\x03\x04"
_HEADER: Final = struct.Struct("<4s5H3I2H")
# 4.3.16: how the end begins, and how long it is.
_END_OF_DIRECTORY: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
# What the header of a member says as the gateway writes it: version, flags, method, time, date; and no more.
_AS_WRITTEN: Final = 20, 0, 0, 0, 33
_PACKED_ANEW: Final = (
    "a tool has packed this ZIP file anew, and a bundle is proven with every byte of its container: get the "
    "original again. (A container, .asice, may be packed anew, with mimetype first and stored)"
)
_CONTAINER_ANEW: Final = (
    "a tool has packed this container (.asice) anew, and not as one: its first file must be mimetype, "
    "stored, and no folder may be in it: get the original again, or pack it so (`zip -X -0 FILE mimetype`, "
    "then `zip -X -D -r FILE . -x mimetype`)"
)
_OF_CONTAINERS: Final = re.compile(rb"PK\x03\x04.{26}(mimetype|META-INF/)", re.DOTALL)
_CUT_SHORT: Final = "the file is cut short"
_NAME_CHARACTERS: Final = 60
_SHA_256: Final = re.compile(r"[0-9a-f]{64}")
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
        **({_LEFT_OUT: [asdict(one) for one in left_out]} if left_out else {}),
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

    The members are read as they stand one after the other, and written again: what differs anywhere, in the
    directory too, is no bundle. So no library has to find its way through foreign bytes.

    Raises: `BundleInvalidError`.
    """
    if len(data) > BUNDLE_MAX_BYTES:
        raise BundleInvalidError("the file is larger than any bundle")
    files = _read(data)
    check_sizes(files)
    check_complete(files, REQUIRED)
    if write(files) != data:
        end = data.rfind(_END_OF_DIRECTORY)
        if end < 0 or end + _END_BYTES > len(data):
            raise BundleInvalidError(f"{_CUT_SHORT}: its directory is not at its end: get it again")
        raise BundleInvalidError(
            "the ZIP container is not written as the gateway writes it: a tool has packed it anew, or has "
            "changed or added something: get the original again"
        )
    return MappingProxyType(files)


def check_complete(files: Mapping[str, bytes], needed: frozenset[str]) -> None:
    """Check that nothing is missing. Raises: `BundleInvalidError` with the names of what is."""
    lost = [name for name in MEMBERS if name in needed and name not in files]
    if lost:
        raise BundleInvalidError(f"the ZIP container lacks {', '.join(lost)}, which every bundle has")


def _read(data: bytes) -> dict[str, bytes]:
    """Return the members that stand one after the other from the beginning, each at most once."""
    files: dict[str, bytes] = {}
    place = 0
    while data.startswith(_MEMBER, place):
        header = data[place : place + _HEADER.size].ljust(_HEADER.size, b"\0")
        _, *written, _, _, size, name_bytes, extra_bytes = _HEADER.unpack(header)
        start = place + _HEADER.size + name_bytes + extra_bytes
        name = data[place + _HEADER.size : place + _HEADER.size + name_bytes].decode("ascii", "replace")
        if name == _UNRELEASED:
            raise BundleInvalidError("an earlier, unreleased form of bundle: ask for it anew")
        if tuple(written) != _AS_WRITTEN or extra_bytes:
            raise BundleInvalidError(_CONTAINER_ANEW if _OF_CONTAINERS.search(data) else _PACKED_ANEW)
        if name not in MEMBERS or name in files:
            which = "is there twice" if name in files else "belongs to no bundle"
            raise BundleInvalidError(f"a file in the ZIP container {which}: {name[:_NAME_CHARACTERS]!r}")
        if start + size > len(data) and not files.keys() >= REQUIRED:
            raise BundleInvalidError(f"{_CUT_SHORT}: it ends within {name}: get it again")
        files[name] = data[start : start + size]
        place = start + size
    return files


def check_sizes(files: Mapping[str, bytes]) -> None:
    """Check that no member is larger than any, before it is read. Raises: `BundleInvalidError`."""
    for name, content in files.items():
        if len(content) > _MOST_BYTES[name]:
            raise BundleInvalidError(f"{name} is larger than any")


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
        stated = read_object(text, max_bytes=_MOST_BYTES[MANIFEST])
        sha256 = member(stated, "seal_sha256", str)
        pinned = dated(seal_certificates).get(sha256)
        if pinned is None:
            raise BundleInvalidError(_not_pinned(sha256, files))
        verify_detached(text, files[SIGNATURE], pinned.certificate)
        made_at = datetime.fromisoformat(member(stated, "made_at", str))
        if not pinned.covers(made_at):
            raise BundleInvalidError(not_in_use(pinned, made_at))
    except InvalidSignature as error:
        raise BundleInvalidError("the seal on the manifest is not the seal's on these bytes") from error
    except (ValueError, LookupError, TypeError) as error:
        raise BundleInvalidError(f"the manifest cannot be read: {error}") from error
    return read_manifest(files, certificate=pinned.certificate)


def _not_pinned(sha256: str, files: Mapping[str, bytes]) -> str:
    """Return that a manifest is by another seal: the one that sealed the receipt, or one that is not here."""
    beside = files.get(SEAL_CERTIFICATE, b"")
    if hashlib.sha256(beside).hexdigest() == sha256:
        return not_pinned("the manifest", beside)
    which = f"the one of SHA-256 {sha256}" if _SHA_256.fullmatch(sha256) else "one that it does not name"
    return f"the manifest was {NOT_PINNED}, but with {which}"


def read_manifest(files: Mapping[str, bytes], *, certificate: Certificate) -> Manifest:
    """Return what a manifest says that this certificate has sealed, if each file is as it says.

    Raises: `BundleInvalidError` with the reason.
    """
    try:
        stated = read_object(files[MANIFEST], max_bytes=_MOST_BYTES[MANIFEST])
        if stated.get("format") != FORMAT or stated.get("seal_sha256") != fingerprint(certificate):
            raise BundleInvalidError("the manifest is of another form, or names another seal")
        listed = [
            (member(one, "name", str), member(one, "size", int), member(one, "sha256", str))
            for one in members(stated, "files", dict)
        ]
        left_out = {
            one.name: one for one in map(_left_out, members({_LEFT_OUT: [], **stated}, _LEFT_OUT, dict))
        }
        receipt, made_at = (member(stated, name, str) for name in ("receipt", "made_at"))
    except ValueError as error:
        raise BundleInvalidError(f"the manifest cannot be read: {error}") from error
    found = [
        (name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
        if name not in SEALED
    ]
    for at, one in enumerate(found):
        if one not in listed and one[0] in {RECEIPT, PREVIOUS}:
            found[at] = next((made for made in _as_made(one[0], files[one[0]]) if made in listed), one)
        if found[at] not in listed:
            raise BundleInvalidError(f"{one[0]} is not the file that the manifest names")
    if listed != found:
        raise BundleInvalidError("the manifest names a file that is not there")
    if not set(left_out) <= _MAY_BE_LEFT_OUT or set(left_out) & set(files):
        raise BundleInvalidError("the manifest leaves out what a bundle holds")
    return Manifest(receipt, made_at, certificate, MappingProxyType(left_out))


def _as_made(name: str, receipt: bytes) -> list[tuple[str, int, str]]:
    """Return what a manifest may name where others have added to a receipt since: the file as it was made."""
    try:
        forms = [*take_apart(receipt).as_made()]
    except (ReceiptInvalidError, ValueError):
        return []
    return [(name, len(form), hashlib.sha256(form).hexdigest()) for form in forms]


def _left_out(said: Mapping[str, Any]) -> LeftOut:
    if set(said) != {"name", "sha256", "reason"}:
        raise ValueError("what it leaves out has other members")
    return LeftOut(**{name: of_kind(word, str) for name, word in said.items()})
