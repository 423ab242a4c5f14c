"""A bundle as a container of associated signatures (ASiC-E with XAdES, ETSI EN 319 162-1 §4.4).

It holds the members of a bundle, `manifest.json` among them; in place of the manifest's detached signature
there is one over every file, in `META-INF/signatures001.xml`, which the tools of others verify. Who has
validated it may have added to it (signatures of its own, time-stamps on ours) and packed it anew: the file is
read as ZIP tools write it, but so that no two readers can see two things in it.
"""

from __future__ import annotations

import re
import struct
import zlib
from hashlib import sha256
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from notigateway.errors import BundleInvalidError
from notigateway.evidence.asic_seal import media_type, seal_files, verify_seal
from notigateway.evidence.bundle import (
    BUNDLE_MAX_BYTES,
    MANIFEST,
    MEMBERS,
    REQUIRED,
    SEALED,
    SIGNATURE,
    check_complete,
    check_sizes,
    manifest_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.evidence.asic_seal import ContainerSeal
    from notigateway.evidence.bundle import LeftOut
    from notigateway.evidence.history import Pin
    from notigateway.evidence.sealing import Seal

MEDIA_TYPE: Final = "application/vnd.etsi.asic-e+zip"
_TYPE_FILE: Final = "mimetype"
_ABOUT: Final = "META-INF/"
_LIST: Final = f"{_ABOUT}manifest.xml"
_SEAL: Final = f"{_ABOUT}signatures001.xml"
# What others may add beside the seal: whoever unpacks it stays in that folder.
_NAME: Final = re.compile(r"mimetype|META-INF/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
# Those of a bundle, but for the signature that stands elsewhere here.
_FILES: Final = tuple(name for name in MEMBERS if name != SIGNATURE)
_MOST_MEMBERS: Final = 64
_NAME_CHARACTERS: Final = 60
_ODF: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
# PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.9, 4.3.16.
_HEADER: Final = struct.Struct("<4sHHHHHIIIHH")
_ENTRY: Final = struct.Struct("<4sBBHHHHHIIIHHHHHII")
_DESCRIPTOR: Final = struct.Struct("<4sIII")
_END: Final = struct.Struct("<4sHHHHIIH")
_LOCATOR_BYTES: Final = 20
_DIRECTORY_MAX_BYTES: Final = 32 * 1024
# A data descriptor: checksum and sizes stand after the content.
_SIZES_FOLLOW: Final = 0x8
_UTF8: Final = 0x800
# Where and by which version of the format ZIP tools say that they wrote, and as what kind of file.
_SYSTEMS: Final = frozenset({0, 3})
_VERSIONS: Final = frozenset({10, 20, 30, 45, 51, 62, 63})
_FILE_ATTRIBUTES: Final = 0o100644 << 16
# A plain file of its owner, and the same as Python's zipfile says it: without the kind of file.
_ATTRIBUTES: Final = frozenset({0, _FILE_ATTRIBUTES, 0o100600 << 16, 0o600 << 16})
# Info-ZIP says besides what it takes for text, how hard it compressed, and which permissions the file had.
# No reader makes other contents of that. What the service writes says nothing of it, so it cannot be added.
_INFO_ZIP: Final = 3, 30
_HOW_HARD: Final = 0x6
_IS_TEXT: Final = 0x1


def is_container(data: bytes) -> bool:
    """Tell whether a ZIP file says of itself, in its first bytes, that it is such a container (annex A.1)."""
    return data.startswith(b"PK") and data[30:100].startswith(_TYPE_FILE.encode() + MEDIA_TYPE.encode())


def write_container(
    files: Mapping[str, bytes],
    *,
    receipt_id: UUID,
    seal: Seal,
    made_at: datetime,
    left_out: Sequence[LeftOut] = (),
) -> bytes:
    """Return the container of the files that `write_bundle` takes, sealed at that instant.

    Raises: `ValueError` for files that are not those of a bundle; `TemporarilyUnavailableError` where the
    seal's certificate is not valid then.
    """
    if not REQUIRED - set(SEALED) <= set(files) <= set(_FILES):
        raise ValueError("not the files of a container")
    text = manifest_text(files, receipt_id=receipt_id, seal=seal, made_at=made_at, left_out=left_out)
    return container_of({**files, MANIFEST: text}, seal=seal, at=made_at)


def container_of(files: Mapping[str, bytes], *, seal: Seal, at: datetime) -> bytes:
    """Return the one container of these files, which have their manifest, sealed."""
    members = members_of(files)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as container:
        _put(container, _TYPE_FILE, MEDIA_TYPE.encode())
        for name, content in members.items():
            _put(container, name, content)
        _put(container, _LIST, _list_of(members))
        _put(container, _SEAL, seal_files(members, seal=seal, at=at))
    return out.getvalue()


def _put(container: ZipFile, name: str, content: bytes) -> None:
    member = ZipInfo(name)  # dated 1980, the beginning of ZIP
    member.create_system = 3
    member.external_attr = _FILE_ATTRIBUTES
    container.writestr(member, content)


def _list_of(names: Mapping[str, bytes]) -> bytes:
    """Return the list of files with their media types (§A.6): for tools that want it, under no signature."""
    rows = [("/", MEDIA_TYPE), *((name, media_type(name)) for name in names)]
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in rows
    )
    text = (
        f'<manifest:manifest xmlns:manifest="{_ODF}" manifest:version="1.2">{entries}</manifest:manifest>\n'
    )
    return text.encode("ascii")


def read_container(data: bytes) -> Mapping[str, bytes]:
    """Return the files of a container by their names; nothing of them is proven yet.

    1. The first member names the media type, stored, at its fixed place.
    2. Members are stored or deflated, each name once, one after the other without a gap, and their headers
       say what the directory says: no two readers see two things, and nothing is there that nobody reads.
    3. Outside `META-INF/` there is nothing but members of a bundle, and in it nothing whose name leads out of
       it or can be read in two ways.

    Raises: `BundleInvalidError`.
    """
    if len(data) > BUNDLE_MAX_BYTES:
        raise BundleInvalidError("the file is larger than any container")
    _check_directory(data)
    try:
        with ZipFile(BytesIO(data)) as container:
            members = container.infolist()
            _check_members(members, data, container.start_dir)
            ends = [*(one.header_offset for one in members[1:]), container.start_dir]
            files = {
                one.filename: _content(one, data[one.header_offset : end])
                for one, end in zip(members, ends, strict=True)
            }
    except BundleInvalidError:
        raise
    except Exception as error:  # whatever a reader meets in foreign bytes, it is no container
        raise BundleInvalidError(f"the ZIP container cannot be read: {type(error).__name__}") from error
    if files.pop(_TYPE_FILE) != MEDIA_TYPE.encode():
        raise BundleInvalidError("the container does not name its media type first")
    check_complete(files, REQUIRED - SEALED)
    check_sizes(members_of(files))
    return MappingProxyType(files)


def _check_directory(data: bytes) -> None:
    """Check that the file ends with a small directory, before a reader follows it through a million rows."""
    end = data[-_END.size :]
    if len(end) != _END.size or not end.startswith(b"PK\x05\x06"):
        raise BundleInvalidError(
            "the container does not end with its directory: it is cut short, or something was added behind: "
            "get it again"
        )
    *_, size, _place, _comment = _END.unpack(end)
    has_more = data[-_END.size - _LOCATOR_BYTES :].startswith(
        b"PK\x06\x07"
    )  # of ZIP64, which no container is
    if size > _DIRECTORY_MAX_BYTES or has_more:
        raise BundleInvalidError("the directory of the container is larger than any")


def _content(member: ZipInfo, stands: bytes) -> bytes:
    """Return a member by the bytes where it stands, never more of it than it announces, and all of them.

    Whatever were left behind the end of what is compressed, another reader would take for a member.
    """
    begin = _HEADER.size + len(member.orig_filename.encode())
    content = packed = stands[begin : begin + member.compress_size]
    if member.compress_type == ZIP_DEFLATED:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflating.decompress(packed, member.file_size + 1)
        if not inflating.eof or inflating.unused_data or inflating.unconsumed_tail:
            raise BundleInvalidError(f"{_quoted(member)} is not all of what is packed at its place")
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise BundleInvalidError(f"the size or the checksum of {_quoted(member)} is not as announced")
    return content


def _listing(data: bytes, directory: int, members: int) -> bytes:
    """Return the directory, if the file ends with it: nothing between, behind, or in a comment."""
    end = len(data) - _END.size
    expected = _END.pack(b"PK\x05\x06", 0, 0, members, members, end - directory, directory, 0)
    if not data.endswith(expected):
        raise BundleInvalidError("the container does not end with its directory")
    return data[directory:end]


def _check_members(members: Sequence[ZipInfo], data: bytes, directory: int) -> None:
    listing = _listing(data, directory, len(members))
    names = [one.orig_filename for one in members]
    if not names or names[0] != _TYPE_FILE or members[0].compress_type != ZIP_STORED:  # 1
        raise BundleInvalidError("the container does not name its media type first")
    if len(names) > _MOST_MEMBERS or len({name.casefold() for name in names}) != len(names):  # 2
        raise BundleInvalidError("the container holds two files of one name, or more than any")
    if sum(one.file_size for one in members) > BUNDLE_MAX_BYTES:
        raise BundleInvalidError("the container announces more than any holds")
    _check_directory_rows(members, listing)
    starts = [one.header_offset for one in members]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise BundleInvalidError("the members of the container do not stand one after the other")
    for one, end in zip(members, [*starts[1:], directory], strict=True):
        if not _stands_alone(one, data[one.header_offset : end]):
            raise BundleInvalidError(
                f"the header of {_quoted(one)} is not as the directory has it: no extra field (`zip -X`)"
            )


def _check_directory_rows(members: Sequence[ZipInfo], listing: bytes) -> None:
    for one in members:
        more = _more_than_plain(one)
        if more is not None:
            raise BundleInvalidError(
                f"the directory of the container says more than {_quoted(one)} needs: {more}"
            )
        if one.orig_filename not in _FILES and not _NAME.fullmatch(one.orig_filename):  # 3
            raise BundleInvalidError(f"the container holds a file that no bundle has: {_quoted(one)}")
    if b"".join(map(_in_directory, members)) != listing:
        raise BundleInvalidError("the directory of the container says more than its files need")


def _quoted(member: ZipInfo) -> str:
    return repr(member.orig_filename[:_NAME_CHARACTERS])


def _more_than_plain(member: ZipInfo) -> str | None:
    """Return what the directory says of a member beyond what a ZIP tool says of a file; None for no more."""
    more, is_deflated = _of_info_zip(member), member.compress_type == ZIP_DEFLATED
    flags = _SIZES_FOLLOW | _UTF8 | (_HOW_HARD if more and is_deflated else 0)
    attributes = member.external_attr
    is_file = attributes in _ATTRIBUTES or (more and attributes & ~(0o777 << 16) == 0o100000 << 16)
    versions = {member.create_version, member.extract_version}
    said = {
        "a folder (`zip -D` writes none)": member.filename.endswith("/"),
        "an extra field (`zip -X` writes none)": bool(member.extra),
        "a comment": bool(member.comment),
        "another way of compressing": member.compress_type not in {ZIP_STORED, ZIP_DEFLATED},
        "flags, such as that it is encrypted": bool(member.flag_bits & ~flags),
        "another system or version": member.create_system not in _SYSTEMS or not versions <= _VERSIONS,
        "attributes of something else than a file": not is_file,
        "internal attributes": member.internal_attr not in ({0, _IS_TEXT} if more else {0}),
    }
    return next((words for words, is_so in said.items() if is_so), None)


def _of_info_zip(member: ZipInfo) -> bool:
    return (member.create_system, member.create_version) == _INFO_ZIP


def _in_directory(member: ZipInfo) -> bytes:
    """Return what the directory says of a member: without extra field, comment or second disk (§4.3.12)."""
    said = member.create_version, member.create_system, *_common(member), *_sizes(member)
    name = member.orig_filename.encode()
    return (
        _ENTRY.pack(
            b"PK\x01\x02",
            *said,
            len(name),
            *(0, 0, 0, member.internal_attr),
            member.external_attr,
            member.header_offset,
        )
        + name
    )


def _stands_alone(member: ZipInfo, found: bytes) -> bool:
    """Tell whether a member has its header, its content, its sizes where they follow, and nothing behind."""
    follows = bool(member.flag_bits & _SIZES_FOLLOW)
    name = member.orig_filename.encode()
    sizes = (0, 0, 0) if follows else _sizes(member)
    header = _HEADER.pack(b"PK\x03\x04", *_common(member), *sizes, len(name), 0) + name
    behind = _DESCRIPTOR.pack(b"PK\x07\x08", *_sizes(member)) if follows else b""
    length = len(header) + member.compress_size + len(behind)
    return len(found) == length and found.startswith(header) and found.endswith(behind)


def _common(member: ZipInfo) -> tuple[int, ...]:
    """Return what both headers of a member say in the same words: version, flags, method, time, date."""
    year, month, day, hour, minute, second = member.date_time
    time, date = hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
    return member.extract_version, member.flag_bits, member.compress_type, time, date


def _sizes(member: ZipInfo) -> tuple[int, int, int]:
    return member.CRC, member.compress_size, member.file_size


def verify_container(files: Mapping[str, bytes], *, seal_certificates: Sequence[Pin]) -> ContainerSeal:
    """Return what the seal on the files of `read_container` says, if it covers all of them as they are.

    Files of `META-INF/` are about the container, and under no signature of the seal.

    Raises: `BundleInvalidError` with the reason.
    """
    if _SEAL not in files:
        raise BundleInvalidError(f"the container has no {_SEAL}")
    if files.get(_LIST, b"") not in {b"", _list_of(members_of(files))}:
        raise BundleInvalidError(f"{_LIST} is not the list of the files")
    said = verify_seal(files[_SEAL], seal_certificates=seal_certificates)
    for name, content in members_of(files).items():
        if said.digests.get(name) != sha256(content).digest():
            raise BundleInvalidError(f"{name} is not the file that was sealed")
    lost = [name for name in said.digests if name not in files]
    if lost:
        raise BundleInvalidError(f"the container has lost {lost[0]!r}")
    return said


def members_of(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return the files that are members of a bundle."""
    return MappingProxyType({name: files[name] for name in _FILES if name in files})
