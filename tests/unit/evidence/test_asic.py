"""A container of associated signatures (ASiC-E): what the seal covers, and what other tools may do to it."""

from __future__ import annotations

import random
import struct
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from lxml import etree

from bundles import NOTIFICATION, Proofs
from notigateway.errors import BundleInvalidError
from notigateway.evidence import asic, bundle
from notigateway.evidence.asic_seal import ContainerSeal
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.sealing import Seal
from notigateway.evidence.template import XADES
from notigateway.wss.ns import ds
from pki import NOW, pki, rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

SEAL = "META-INF/signatures001.xml"


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    return Proofs().members()


@pytest.fixture(scope="session")
def made(files: dict[str, bytes]) -> bytes:
    return asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)


def verified(data: bytes) -> ContainerSeal:
    pins = [pki().seal.certificate]
    return asic.verify_container(asic.read_container(data), seal_certificates=pins)


def packed(files: dict[str, bytes], method: int = ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """Pack as another tool does: compressed, at another date, with sizes behind the contents."""

    class Stream(BytesIO):
        def seekable(self) -> bool:
            return not streamed

    out = Stream()
    with ZipFile(out, "w", method) as container:
        for name, content in files.items():
            one = ZipInfo(name, (2031, 2, 3, 4, 5, 6))
            one.compress_type = ZIP_STORED if name == "mimetype" else method
            container.writestr(one, content)
    return out.getvalue()


def opened(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as container:
        return {name: container.read(name) for name in container.namelist()}


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_a_container_holds_the_members_of_the_bundle_under_one_seal(
    files: dict[str, bytes], kind: str, certify: Callable[..., KeyPair]
) -> None:
    key_pair, at = pki().seal, NOW
    if kind == "RSA":
        key_pair, at = certify("Seal with RSA", rsa_key("seal", 3072)), datetime(2026, 3, 29, 2, tzinfo=UTC)
    data = asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(key_pair), made_at=at)
    assert asic.is_container(data)
    said = asic.verify_container(asic.read_container(data), seal_certificates=[key_pair.certificate])
    assert said.sealed_at == at
    assert set(said.digests) == {bundle.MANIFEST, *files}
    found = asic.members_of(asic.read_container(data))
    assert {name: found[name] for name in files} == files


def test_every_digest_is_of_what_stands_in_the_file(made: bytes) -> None:
    """Others resolve the reference to the signed properties; we write them anew."""
    root = etree.fromstring(opened(made)[SEAL])
    references = {one.get("URI"): one.findtext(ds("DigestValue")) for one in root.iter(ds("Reference"))}
    (properties,) = root.iter(f"{{{XADES}}}SignedProperties")
    digest = sha256(etree.tostring(properties, method="c14n", exclusive=True)).digest()
    assert references[f"#{properties.get('Id')}"] == b64encode(digest).decode()


def test_a_bundle_is_no_container() -> None:
    assert not asic.is_container(Proofs().build())


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_it_may_be_packed_anew(made: bytes, method: int, streamed: bool) -> None:
    again = opened(made)
    assert verified(packed(again, method, streamed=streamed)).sealed_at == NOW
    first = {"mimetype": again.pop("mimetype")}
    turned = packed(first | dict(reversed(again.items())), method, streamed=streamed)
    assert verified(turned).sealed_at == NOW


def packed_by_info_zip(files: dict[str, bytes], **said: int) -> bytes:
    """Pack as `zip -X -D` of Info-ZIP 3.0 does: what is text says so, and each file has its permissions."""
    out = BytesIO()
    with ZipFile(out, "w") as container:
        for name, content in files.items():
            one = ZipInfo(name, (2031, 2, 3, 4, 5, 6))
            one.create_version, one.external_attr = 30, 0o100664 << 16
            one.internal_attr = int(content.isascii())
            one.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
            for attribute, value in said.items():
                setattr(one, attribute, value)
            container.writestr(one, content)
    return out.getvalue()


def test_info_zip_may_pack_it_anew(made: bytes) -> None:
    assert verified(packed_by_info_zip(opened(made))).sealed_at == NOW


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"external_attr": 0o120777 << 16}, "attributes of something else"),  # a symbolic link
        ({"external_attr": 0o104755 << 16}, "attributes of something else"),
        ({"internal_attr": 2}, "internal attributes"),
        ({"create_version": 20, "internal_attr": 1, "external_attr": 0o100644 << 16}, "internal attributes"),
        ({"create_version": 20, "external_attr": 0o100664 << 16}, "attributes of something else"),
        ({"create_system": 7}, "another system"),
    ],
)
def test_what_a_directory_says_too_much_is_named(made: bytes, said: dict[str, int], why: str) -> None:
    with pytest.raises(BundleInvalidError, match=f"more than 'mimetype' needs: {why}"):
        verified(packed_by_info_zip(opened(made), **said))


@pytest.mark.parametrize(("attribute", "why"), [("extra", "an extra field"), ("comment", "a comment")])
def test_extra_fields_and_comments_are_named(made: bytes, attribute: str, why: str) -> None:
    out = BytesIO()
    with ZipFile(out, "w") as container:
        for name, content in opened(made).items():
            one = ZipInfo(name)
            if name != "mimetype":
                setattr(one, attribute, b"\x0a\x00\x00\x00")
            container.writestr(one, content)
    with pytest.raises(BundleInvalidError, match=f"needs: {why}"):
        verified(out.getvalue())


def test_what_is_missing_is_named(made: bytes) -> None:
    again = opened(made)
    del again[bundle.FORM], again[bundle.LEAF]
    with pytest.raises(BundleInvalidError, match=r"lacks receipt.pdf, log/leaf.txt"):
        verified(packed(again))


def test_others_may_add_to_the_signature_and_sign_themselves(made: bytes) -> None:
    again = opened(made)
    root = etree.fromstring(again[SEAL])
    (qualifying,) = root.iter(f"{{{XADES}}}QualifyingProperties")
    added = etree.SubElement(
        etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties"),
        f"{{{XADES}}}UnsignedSignatureProperties",
    )
    etree.SubElement(added, f"{{{XADES}}}CertificateValues")
    again[SEAL] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    again["META-INF/signatures002.xml"] = b"<a/>"
    assert verified(packed(again)).sealed_at == NOW


def beside_the_seal(made: bytes, added: bytes, behind: bytes = b"") -> bytes:
    """Return the container with that among the unsigned properties of its seal, and behind them."""
    again = opened(made)
    again[SEAL] = again[SEAL].replace(
        b"</xades:QualifyingProperties>",
        b"<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        + added
        + b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
        + behind
        + b"</xades:QualifyingProperties>",
    )
    return packed(again)


def test_nothing_but_additions_stands_beside_the_seal(made: bytes) -> None:
    seal = opened(made)[SEAL]
    start, end = seal.index(b"<xades:SignedProperties"), seal.index(b"</xades:SignedProperties>")
    second = seal[start:end] + b"</xades:SignedProperties>"
    signature = seal[seal.index(b"<ds:Signature ") : seal.index(b"</ds:Signature>")] + b"</ds:Signature>"
    assert (
        verified(beside_the_seal(made, b"<xades:CertificateValues></xades:CertificateValues>")).sealed_at
        == NOW
    )
    for added, behind in ((second, b""), (signature, b""), (b"<xades:Any></xades:Any>", b""), (b"", b"text")):
        with pytest.raises(BundleInvalidError):
            verified(beside_the_seal(made, added, behind))


@pytest.mark.parametrize(
    "name",
    [
        "META-INF/../receipt.xml",
        "META-INF/../../tmp/x",
        "META-INF/a\\..\\receipt.xml",
        "META-INF/.",
        "META-INF/",
    ],
)
def test_no_name_leads_out_of_the_folder_it_seems_to_be_in(made: bytes, name: str) -> None:
    with pytest.raises(BundleInvalidError):
        asic.read_container(packed(opened(made) | {name: b"x"}))


def test_a_name_that_ends_for_some_readers_is_refused(made: bytes) -> None:
    changed = made.replace(b"receipt.pdf", b"receipt\0pdf")
    with pytest.raises(BundleInvalidError):
        asic.read_container(changed)


def test_nothing_is_hidden_behind_the_end_of_what_is_compressed(made: bytes) -> None:
    """Who reads from the front would find another member there, which the directory does not name."""
    files = opened(made)
    content = files["manifest.json"]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    comp = deflate.compress(content) + deflate.flush()
    forged = b"<Evidence/>"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, len(forged), len(forged), 11, 0)
    honest = packed_by_hand(files, "manifest.json", comp)
    assert verified(honest).sealed_at == NOW
    with pytest.raises(BundleInvalidError, match="not all of what is packed at its place"):
        asic.read_container(packed_by_hand(files, "manifest.json", comp + local + b"receipt.xml" + forged))


def packed_by_hand(files: dict[str, bytes], deflated: str, comp: bytes) -> bytes:
    """Pack with these compressed bytes for one of the files."""
    out, directory = b"", b""
    for name, content in files.items():
        method, stands = (8, comp) if name == deflated else (0, content)
        sizes = zlib.crc32(content), len(stands), len(content)
        common = 20, 0, method, 0, 33, *sizes, len(name)
        entry = struct.pack("<4sBB", b"PK\x01\x02", 20, 3) + struct.pack("<HHHHHIIIH", *common)
        directory += entry + struct.pack("<HHHHII", 0, 0, 0, 0, 0o600 << 16, len(out)) + name.encode()
        out += struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", *common, 0) + name.encode() + stands
    end = 0, 0, len(files), len(files), len(directory), len(out), 0
    return out + directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", *end)


def test_any_flipped_byte_of_what_the_service_wrote_is_refused(made: bytes) -> None:
    dice = random.Random(20261127)  # noqa: S311  (reproducible on purpose)
    heads = range(len(made) - 1500, len(made))  # the directory, where few random places fall
    for place in [*dice.sample(range(len(made)), 400), *dice.sample(heads, 400)]:
        changed = bytearray(made)
        changed[place] ^= 1 << dice.randrange(8)
        try:
            verified(bytes(changed))
        except BundleInvalidError:
            continue
        pytest.fail(f"a changed byte at {place} of {len(made)} passes")


def test_a_file_changed_lost_or_slipped_in_is_refused(made: bytes) -> None:
    for name in [one for one in opened(made) if not one.startswith("META-INF/")]:
        again = opened(made)
        again[name] += b"\n"
        with pytest.raises(BundleInvalidError):
            verified(packed(again))
        again.pop(name)
        with pytest.raises(BundleInvalidError):
            verified(packed(again))
    for name in ("readme.txt", "log/renewals.json", "../receipt.xml", "receipt.xml/", "RECEIPT.XML"):
        with pytest.raises(BundleInvalidError):
            verified(packed(opened(made) | {name: b"x"}))


def twice(made: bytes, name: str) -> bytes:
    """Return the container with a second file under a name: first and last readers see different ones."""
    out = BytesIO(made)
    with ZipFile(out, "a") as container, pytest.warns(UserWarning, match="Duplicate"):
        container.writestr(name, b"another")
    return out.getvalue()


@pytest.mark.parametrize("name", ["receipt.xml", SEAL, "mimetype"])
def test_two_files_of_one_name_are_refused(made: bytes, name: str) -> None:
    with pytest.raises(BundleInvalidError, match="two files of one name"):
        verified(twice(made, name))


def hidden(made: bytes) -> bytes:
    """Return the container with a member that its directory does not name."""
    with ZipFile(BytesIO(made)) as container:
        start = container.start_dir
    content = b"<Evidence/>"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, len(content), len(content), 11, 0)
    inside = local + b"receipt.xml" + content
    end = bytearray(made[start:])
    end[-6:-2] = struct.pack("<I", start + len(inside))
    return made[:start] + inside + bytes(end)


def test_what_the_directory_does_not_name_or_only_a_local_header_says_is_refused(made: bytes) -> None:
    for changed in (hidden(made), b"x" + made, made + b"x", made[:-1], made[: len(made) // 2], b"", b"PK"):
        with pytest.raises(BundleInvalidError):
            asic.read_container(changed)
    renamed = made.replace(b"receipt.xml", b"receipt.xmI", 1)  # the local header alone
    with pytest.raises(BundleInvalidError):
        asic.read_container(renamed)


def test_what_expands_without_bounds_is_refused_before_it_does(made: bytes) -> None:
    again = opened(made) | {"META-INF/big.xml": bytes(bundle.BUNDLE_MAX_BYTES)}
    with pytest.raises(BundleInvalidError, match="announces more"):
        asic.read_container(packed(again))


def test_another_key_another_period_or_no_pin_is_refused(files: dict[str, bytes], made: bytes) -> None:
    other = asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(pki().ec_company), made_at=NOW)
    with pytest.raises(BundleInvalidError, match="with a pinned seal certificate, but with CN=Sello"):
        verified(other)
    retired = DatedCertificate.of(pki().seal.certificate, until=NOW.replace(year=NOW.year - 1))
    with pytest.raises(BundleInvalidError, match="not valid, or not in use, on 2026-06-01T12:00"):
        asic.verify_container(asic.read_container(made), seal_certificates=[retired])
    with pytest.raises(BundleInvalidError):
        asic.verify_container(asic.read_container(made), seal_certificates=[])


@pytest.mark.parametrize(
    "change",
    [
        (b"exc-c14n#", b"exc-c14n#WithComments"),
        (b'URI="receipt.xml"', b'URI="previous.xml"'),
        (b'Id="file-0"', b'Id="file-1"'),
        (b"<ds:KeyInfo>", b"<ds:KeyInfo><ds:KeyName>x</ds:KeyName>"),
        (b"text/xml", b"text/html"),
        (b"</ds:Signature>", b"</ds:Signature>x"),
        (b"<ds:SignatureValue", b"<!-- --><ds:SignatureValue"),
        (b"<asic:XAdESSignatures", b"<!DOCTYPE a><asic:XAdESSignatures"),
        (b"xades:SigningTime>2026", b"xades:SigningTime>2025"),
        (b"<xades:SignedProperties", b"<xades:UnsignedProperties/><xades:SignedProperties Bogus=''"),
    ],
)
def test_a_signature_of_another_shape_is_refused(made: bytes, change: tuple[bytes, bytes]) -> None:
    again = opened(made)
    assert change[0] in again[SEAL]
    again[SEAL] = again[SEAL].replace(*change)
    with pytest.raises(BundleInvalidError):
        verified(packed(again))
