"""What seals of the vectors are put on: receipts, containers, PDFs, ZIP files, written by the specification.

Nothing here asks the gateway's own code how it writes: the frames are read out of `docs/verifying.md`
itself, so that a wrong letter there fails a test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]

from notigateway.evidence.cms import as_signed, container, signed_attributes
from vector_keys import token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from vector_keys import Holder

_DOCS: Final = Path(__file__).parents[1] / "docs"
_DS: Final = b' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
_XADES: Final = b' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"'
ECDSA: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_PSS: Final = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
POLICIES: Final = {
    "3": "b473b8e99de9fa8225ca06a57f023904cfc8694bcd8fbb0c26b5725b10e3fe6c",
    "4": "424dae76a8414bbaaac7463dc46121b33e0409c322aefb039b7efb5154d08932",
}
# V11, but for the manifest and its signature.
MEMBERS: Final = (
    *("receipt.xml", "receipt.pdf", "previous.xml", "request.xml", "certificates/seal.cer"),
    *("certificates/caller.cer", "certificates/timestamp.cer", "revocation.der"),
    *("log/leaf.txt", "log/inclusion.json", "log/checkpoint.note", "log/checkpoint.tst", "log/renewals.json"),
)
_OF_SEAL: Final = b"/AcroForm<</SigFlags 3/Fields[6 0 R]>>/Perms<</DocMDP 7 0 R>>>>"


@cache
def frame(document: str, begins: str) -> str:
    """Return the block of a document that begins so, as the one line that it stands for."""
    text = (_DOCS / document).read_text("utf-8")
    (found,) = (one for one in re.findall(r"```text\n(.*?)```", text, re.DOTALL) if one.startswith(begins))
    return re.sub(r"\n *", "", found)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha256_b64(data: bytes) -> str:
    return b64(hashlib.sha256(data).digest())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def element(name: str, *children: str | None) -> str:
    return f"<{name}>{''.join(one for one in children if one)}</{name}>"


def nif(identifier: str) -> str:
    return element("Identifier", identifier)


# --- receipts -----------------------------------------------------------------------------------------


def sealed(
    content: str,
    by: Holder,
    at: str,
    *,
    high: bool = False,
    policy: str = "4",
    other: Mapping[str, str] | None = None,
) -> bytes:
    """Return a receipt of this content; `other` fills places of the seal otherwise."""
    root = content.encode()
    end = root.rindex(b"</")
    text = frame("verifying.md", "<ds:Signature ")
    filled = {
        "method": RSA_PSS if by.is_rsa else ECDSA,
        "certificate": b64(by.der),
        "certificate digest": sha256_b64(by.der),
        "instant": at,
        "policy": f"urn:notigateway:evidence-policy:{policy}",
        "policy digest": b64(bytes.fromhex(POLICIES.get(policy, POLICIES["4"]))),
        "words": f"Policy for issuing receipts, version {policy}",
        "S": "seal",
        "R": "seal-root",
        "P": "seal-properties",
        "K": "seal-key",
        **(other or {}),
    }
    text = re.sub(r"\{([A-Za-z ]+)\}", lambda found: filled.get(found[1], found[0]), text)
    for place, digested in (
        ("content", root),
        ("properties", properties_of(text)),
        ("key", key_info_of(text)),
    ):
        text = text.replace(f"{{{place}}}", filled.get(place, sha256_b64(digested)))
    value = by.xml_value(signed_info_of(text), high=high)
    return root[:end] + text.replace("{value}", b64(value)).encode() + root[end:]


def _part(text: str, name: str) -> bytes:
    found = re.search(rf"<{name}[ >].*</{name}>", text, re.DOTALL)
    assert found is not None
    return found[0].encode()


def _declared(part: bytes, name: bytes, namespace: bytes) -> bytes:
    return part.replace(b"<" + name, b"<" + name + namespace, 1)


def properties_of(text: str) -> bytes:
    """Return what `{properties}` digests (V25)."""
    part = _declared(_part(text, "xades:SignedProperties"), b"xades:SignedProperties", _XADES)
    return re.sub(rb"<(ds:[A-Za-z0-9]+)", rb"<\1" + _DS, part)


def key_info_of(text: str) -> bytes:
    """Return what `{key}` digests (V25)."""
    return _declared(_part(text, "ds:KeyInfo"), b"ds:KeyInfo", _DS)


def signed_info_of(text: str) -> bytes:
    """Return what the signature value signs (V26)."""
    return _declared(_part(text, "ds:SignedInfo"), b"ds:SignedInfo", _DS)


def value_element(receipt: bytes) -> bytes:
    """Return what a time-stamp of a receipt is about (V30)."""
    found = re.search(rb"<ds:SignatureValue>[^<]*</ds:SignatureValue>", receipt)
    assert found is not None
    return _declared(found[0], b"ds:SignatureValue", _DS)


def raised(receipt: bytes, token: bytes) -> bytes:
    """Return a receipt with its time-stamp (V29)."""
    end = b"</xades:QualifyingProperties>"
    added = frame("verifying.md", "<xades:UnsignedProperties>").replace("{token}", b64(token)).encode()
    return receipt.replace(end, added + end, 1)


# --- containers -----------------------------------------------------------------------------------------


def container_seal(files: Mapping[str, bytes], by: Holder, at: str) -> bytes:
    """Return `META-INF/signatures001.xml` over these files (V72)."""
    text = frame("verifying-log.md", "<asic:")
    each = re.compile(r"\(for each file[^)]*\) ?(<(\w+:\w+) .*?</\2>)")
    for found in [*each.finditer(text)]:
        rows = (
            found[1]
            .replace("{n}", str(number))
            .replace("{name}", name)
            .replace("{SHA-256 of the file}", sha256_b64(content))
            .replace("{type}", media_type(name))
            for number, (name, content) in enumerate(files.items())
        )
        text = text.replace(found[0], "".join(rows), 1)
    filled = {
        "method, as V22": RSA_PSS if by.is_rsa else ECDSA,
        "base64 of DER, in one line": b64(by.der),
        "SHA-256 of the certificate": sha256_b64(by.der),
        "instant": at,
    }
    for place, value in filled.items():
        text = text.replace(f"{{{place}}}", value)
    text = text.replace("{properties}", sha256_b64(properties_of(text)))
    return text.replace("{value}", b64(by.xml_value(signed_info_of(text)))).encode()


def media_type(name: str) -> str:
    types = {"xml": "text/xml", "pdf": "application/pdf", "json": "application/json", "txt": "text/plain"}
    types |= {"note": "text/plain", "cer": "application/pkix-cert", "tst": "application/timestamp-token"}
    return types.get(name.rpartition(".")[2], "application/octet-stream")


# --- ZIP and JSON -----------------------------------------------------------------------------------------


def zip_of(
    members: Iterable[tuple[str, bytes]],
    *,
    attributes: int = 0o644,
    behind: bytes = b"",
    version: int = 20,
    internal: int = 0,
) -> bytes:
    """Return a ZIP file by V12; `behind` stands in place of the empty comment, unannounced."""
    body, directory, count = b"", b"", 0
    for name, content in members:
        plain = name.encode()
        said = struct.pack("<IIIHH", zlib.crc32(content), len(content), len(content), len(plain), 0)
        common = struct.pack("<HHHHH", 20, 0, 0, 0, 0x21)
        directory += b"PK\x01\x02" + bytes([version, 3]) + common + said
        directory += struct.pack("<HHHII", 0, 0, internal, attributes << 16, len(body)) + plain
        body += b"PK\x03\x04" + common + said + plain + content
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end + behind


def written(said: object) -> bytes:
    """Return JSON as V13 has it."""
    return (json.dumps(said, indent=1) + "\n").encode("ascii")


# --- PDF --------------------------------------------------------------------------------------------------


@cache
def pdf(
    receipt: bytes,
    by: Holder,
    at: str,
    *,
    stamped: tuple[datetime, str] | None = None,
    high: bool = False,
    instead: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """Return an empty page with a receipt attached, sealed (V79 to V82); `stamped` when, by whom (V83).

    `instead`: what of its objects is written otherwise before it is sealed.
    """
    when = "".join(char for char in at if char.isdigit())[:14].encode()
    certificate = asn1.Certificate.load(by.der)
    longest = bytes(384 if by.is_rsa else 72)
    room = 2 * len(container(signed_attributes(bytes(32), certificate), longest, certificate, bytes(1000)))
    before, objects = _objects(receipt, when, instead)
    start = len(before)
    rest = b">>\nendobj\n"
    rest += _table(objects, start + room + 2 + len(rest))
    text = b"/ByteRange [0 %d %d %d]" % (start, start + room + 2, len(rest))
    before = before.replace(b"/ByteRange [0 0 0 0]".ljust(40), text.ljust(40))
    attributes = signed_attributes(hashlib.sha256(before + rest).digest(), certificate)
    signature = by.sign(as_signed(attributes), high=high)
    stamp = None if stamped is None else token(signature, *stamped)
    digits = container(attributes, signature, certificate, stamp).hex().upper()
    return before + b"<" + digits.encode().ljust(room, b"0") + b">" + rest


def _objects(receipt: bytes, when: bytes, instead: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, list[int]]:
    """Return everything up to the seal's container, and where each object begins."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/AF[5 0 R]/Names<</EmbeddedFiles<</Names[(receipt.xml)5 0 R]>>>>"
        + _OF_SEAL,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[6 0 R]>>",
        b"<</Type/EmbeddedFile/Subtype/text#2Fxml/Length %d>>\nstream\n%b\nendstream"
        % (len(receipt), receipt),
        b"<</Type/Filespec/F(receipt.xml)/UF(receipt.xml)/AFRelationship/Source/EF<</F 4 0 R>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/Rect[0 0 0 0]/F 132/P 3 0 R/V 7 0 R>>",
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:%bZ)/Reference"
        b"[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]"
        % when
        + b"/ByteRange [0 0 0 0]".ljust(40)
        + b"/Contents ",
    ]
    text, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for old, new in instead:
        parts = [part.replace(old, new) for part in parts]
    for number, part in enumerate(parts, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%b" % (number, part) + (b"\nendobj\n" if number < len(parts) else b"")
    return text, places


def _table(places: Sequence[int], begins: int) -> bytes:
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(places) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count + rows
    return head + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, begins)
