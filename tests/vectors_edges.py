"""Vectors at the edges: the last instant that counts and the first that does not, the smallest log."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vector_evidence import DISPOSED, Bundle, Said, available, large, request, small
from vector_keys import from_seed, holder, token
from vector_kind import LARGE, LONE_B, LONE_T, SMALL, UNPROVEN, Vector, but, changed
from vector_log import LOG, cosigned, head_text, key_id, leaf_hash, line, node, text_of
from vector_seals import media_type, raised, sealed, sha256, value_element, written, zip_of
from vectors_good import ASIC, SEAL_ENDS, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MINUTES = timedelta(minutes=5)
_SECOND = timedelta(seconds=1)
_HEAD = DISPOSED + timedelta(seconds=10)
_SEAL_FILE = "META-INF/signatures001.xml"


def edges() -> list[Vector]:
    """Return them."""
    return [
        *_instants(),
        *_tokens(),
        *_logs(),
        *_texts(),
        *_notes(),
        *_containers(),
        *_absent(),
    ]


def _good(name: str, data: bytes, steps: str, says: str, **more: object) -> Vector:
    return Vector(name=name, data=data, steps=steps, says=says, is_told=True, **more)  # type: ignore[arg-type]


def _instants() -> Iterator[Vector]:
    last, after = stamped(available(), SEAL_ENDS), stamped(available(), SEAL_ENDS + _SECOND)
    yield _good(
        "retired-stamped-at-the-end",
        last,
        LONE_T,
        "Stamped at the last instant of the seal's period.",
        trust="trust-retired",
    )
    yield Vector(
        name="retired-stamped-a-second-later",
        data=after,
        trust="trust-retired",
        rule="V45",
        steps=but(LONE_T, ".xml", existence="i"),
        says="Stamped a second after it.",
    )
    early, earlier = (
        stamped(available(), DISPOSED - _MINUTES),
        stamped(available(), DISPOSED - _MINUTES - _SECOND),
    )
    yield _good(
        "time-stamp-five-minutes-before",
        early,
        LONE_T,
        "A time-stamp of five minutes before the seal: clocks differ.",
    )
    yield Vector(
        name="time-stamp-a-second-too-old",
        data=earlier,
        rule="V31",
        steps=but(LONE_B, ".xml", time_stamp="f"),
        says="A time-stamp of a second more before it.",
    )
    yield _good(
        "seal-since-then",
        available(),
        LONE_B,
        "The seal is in use since the very instant of the receipt.",
        trust="trust-stopped",
    )
    later = DISPOSED + timedelta(days=1)
    stopped = sealed(Said(at=later).content(), holder("seal"), text_of(later))
    yield Vector(
        name="seal-stopped",
        data=stopped,
        trust="trust-stopped",
        rule="V7",
        steps=but(UNPROVEN, ".xml", seal_certificate="f"),
        says="The seal stopped before the receipt; its period has not ended.",
    )
    note = small().head()[0]
    seen = [cosigned(note, one, _HEAD - _MINUTES) for one in ("w1", "w2")]
    signed = line(LOG, key_id(holder("seal")), small().head()[1])
    both = small().but(log_checkpoint_note=note + b"\n" + signed + b"".join(seen))
    yield _good(
        "witnesses-five-minutes-before",
        both.build(),
        but(SMALL, cosignatures="p"),
        "Witnesses that saw the head five minutes before its own instant.",
        trust="trust-witnesses",
    )
    # Sealed by a seal in use, so that the head itself counts.
    late = replace(small(), made_by="seal-rsa", is_stamped=False)
    root = node(node(leaf_hash(b"first"), leaf_hash(late.leaf())), leaf_hash(b"last"))
    text = head_text(3, root, SEAL_ENDS + timedelta(minutes=4))
    seen = [cosigned(text, one, SEAL_ENDS) for one in ("w1", "w2")]
    signed = line(LOG, key_id(holder("seal-rsa")), holder("seal-rsa").sign(text))
    yield Vector(
        name="head-of-later-dated-by-witnesses",
        data=late.but(log_checkpoint_note=text + b"\n" + signed + b"".join(seen)).build(),
        trust="trust-witnesses-clocks",
        at=SEAL_ENDS + timedelta(minutes=1),
        rule="V89",
        steps="pp pppp ss ssss spppspi",
        says="A head from after the instant of the verification, and witnesses who saw it before.",
    )


def _tokens() -> Iterator[Vector]:
    whole, at = available(), DISPOSED + timedelta(seconds=40)
    about = value_element(whole)
    yield _good(
        "time-stamp-rsa",
        raised(whole, token(about, at, "authority-rsa")),
        LONE_T,
        "A time-stamp of an authority with an RSA key (PKCS #1 v1.5).",
        trust="trust-odd-authorities",
    )
    yield _good(
        "time-stamp-sha-512",
        raised(whole, token(about, at, "authority", "sha512")),
        LONE_T,
        "A time-stamp that is signed by way of SHA-512.",
    )
    fraction = token(about, at + timedelta(milliseconds=250))
    yield _good(
        "time-stamp-fraction", raised(whole, fraction), LONE_T, "A time-stamp whose instant has a fraction."
    )
    strange = token(value_element(whole), at, "authority-nobody-pins")
    bad = large().but(previous_xml=raised(available(), strange))
    yield Vector(
        name="previous-stamp-not-pinned",
        data=bad.build(),
        rule="V52",
        steps=but(LARGE, chain="f"),
        says="The receipt before has a time-stamp of nobody pinned.",
    )


def _logs() -> Iterator[Vector]:
    yield _good(
        "log-of-one",
        _logged([], 0).build(),
        SMALL,
        "The receipt is the only entry of the log: its proof is empty.",
    )
    others = [leaf_hash(bytes([one])) for one in range(6)]
    for index in (0, 3, 5, 6):
        made = _logged(others, index)
        yield _good(f"log-{index}-of-7", made.build(), SMALL, f"The receipt is entry {index} of 7.")
    odd = _logged(others, 6)
    text = odd.members()["log/inclusion.json"]
    last = text.rindex(b'"', 0, text.rindex(b"\n ]") - 1)
    wrong = odd.but(log_inclusion_json=text[: last + 1] + b"0" * 64 + text[last + 65 :])
    yield Vector(
        name="log-6-of-7-wrong",
        data=wrong.build(),
        rule="V58",
        steps=but(SMALL, log="f"),
        says="The same with another hash in the proof.",
    )


def _logged(others: Sequence[bytes], index: int) -> Bundle:
    """Return the bundle in a log with these other entries; ours is at that place."""
    whole = small()
    leaves = [*others[:index], leaf_hash(whole.leaf()), *others[index:]]
    text = head_text(len(leaves), _root(leaves), _HEAD)
    signature = holder("seal").sign(text)
    proof = [one.hex() for one in _proof(leaves, index)]
    return whole.but(
        log_inclusion_json=written({"index": index, "salt": whole.salt.hex(), "proof": proof}),
        log_checkpoint_note=whole.note(text, signature),
        log_checkpoint_tst=token(signature, _HEAD + timedelta(seconds=40)),
    )


def _half(leaves: Sequence[bytes]) -> int:
    return 1 << (len(leaves) - 1).bit_length() - 1


def _root(leaves: Sequence[bytes]) -> bytes:
    """Return the root by RFC 9162 §2.1.1, as it is defined there."""
    if len(leaves) == 1:
        return leaves[0]
    return node(_root(leaves[: _half(leaves)]), _root(leaves[_half(leaves) :]))


def _proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the proof by RFC 9162 §2.1.3.1, as it is defined there."""
    if len(leaves) == 1:
        return []
    half = _half(leaves)
    if index < half:
        return [*_proof(leaves[:half], index), _root(leaves[half:])]
    return [*_proof(leaves[half:], index - half), _root(leaves[:half])]


def _texts() -> Iterator[Vector]:
    whole = small()
    said = whole.manifest()
    for name, value in {"depth": [[[[[[[[0]]]]]]]], "digits": 10**19}.items():
        text = written({**said, "note": value})
        yield Vector(
            name=f"manifest-{name}",
            data=zip_of(whole.all_files(text).items()),
            rule="V13",
            steps=but(SMALL, manifest="f"),
            says="JSON that is nested deeper than 8, or with a number of 20 digits.",
        )
    more = zip_of(whole.all_files(written({**said, "note": [[[[[[[1]]]]]]]})).items())
    yield _good(
        "manifest-with-more",
        more,
        SMALL,
        "A manifest with a member that no rule names, nested as deep as it may.",
    )
    with_request = large()
    left = {"name": "request.xml", "sha256": sha256(request()), "reason": "names-others"}
    both = replace(with_request, left_out=[left])
    yield Vector(
        name="manifest-leaves-out-what-is-there",
        data=both.build(),
        rule="V17",
        steps=but(LARGE, manifest="f"),
        says="The manifest leaves out the request, which is there.",
    )
    invalid = changed(available(), "Reclamación".encode(), b"Reclamaci\xf3n")
    yield Vector(
        name="receipt-not-utf-8",
        data=invalid,
        rule="V19",
        steps=but(UNPROVEN, ".xml", schema="f", seal_certificate="f"),
        says="A letter in ISO 8859-1.",
    )


def _notes() -> Iterator[Vector]:
    text, signature = small().head()
    seal = line(LOG, key_id(holder("seal")), signature)
    stranger = line("somebody.example", b"\1\2\3\4", from_seed("stranger", 70))

    def noted(*lines: bytes) -> Bundle:
        return small().but(log_checkpoint_note=text + b"\n" + b"".join(lines))

    yield _good(
        "head-strangers-first",
        noted(stranger, seal).build(),
        SMALL,
        "A line of an unknown key stands before the seal's.",
    )
    yield _good(
        "head-64-lines",
        noted(seal, *[stranger] * 63).build(),
        SMALL,
        "A head with as many lines as there may be.",
    )
    many = noted(seal, *[stranger] * 64)
    yield Vector(
        name="head-65-lines",
        data=many.build(),
        rule="V59",
        steps=but(SMALL, log="f", checkpoint="f", checkpoints_time="i"),
        says="A line more than there may be.",
    )


def _containers() -> Iterator[Vector]:
    files = small().container()
    names = [name for name in files if name not in {"mimetype", _SEAL_FILE}]
    rows = "".join(_row(name, media_type(name)) for name in names)
    listing = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
        ' manifest:version="1.2">'
        f"{_row('/', 'application/vnd.etsi.asic-e+zip')}{rows}</manifest:manifest>\n"
    ).encode()
    more = {**files, "META-INF/manifest.xml": listing, "META-INF/signatures002.xml": b"<somebody-elses/>"}
    yield _good(
        "container-with-more",
        zip_of(more.items(), attributes=ASIC),
        SMALL,
        "A container with the list of its files, and a signature of somebody else.",
        needs=("container",),
    )
    wrong = {**more, "META-INF/manifest.xml": listing.replace(b"log/leaf.txt", b"log/leaf.pdf")}
    yield Vector(
        name="container-wrong-list",
        data=zip_of(wrong.items(), attributes=ASIC),
        rule="V74",
        needs=("container",),
        steps=but(SMALL, manifest="f"),
        says="The list names a file that is not there.",
    )
    yield _good(
        "container-packed-anew",
        _packed(files),
        SMALL,
        "A container that another tool has packed: deflated, sizes behind the content.",
        needs=("container",),
    )
    yield Vector(
        name="container-sizes-twice",
        data=_packed(files, twice=True),
        rule="V71",
        needs=("container",),
        steps="f",
        says="The same with the sizes before the content, too.",
    )
    for name, attributes in {"zipfile": 0o600, "of-its-owner": 0o100600}.items():
        yield _good(
            f"container-attributes-{name}",
            zip_of(files.items(), attributes=attributes),
            SMALL,
            f"A container of files that are their owner's: external attributes 0x{attributes << 16:08x}.",
            needs=("container",),
        )
    yield Vector(
        name="container-attributes-of-all",
        data=zip_of(files.items(), attributes=0o666),
        rule="V71",
        needs=("container",),
        steps="f",
        says="The same with others: 0x01b60000.",
    )


def _row(name: str, kind: str) -> str:
    return f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'


def _packed(files: dict[str, bytes], *, twice: bool = False) -> bytes:
    """Return a ZIP file as a streaming tool writes it; deflated without compression, in the one way.

    `twice`: the sizes stand before the content as well.
    """
    body, directory = b"", b""
    for name, content in files.items():
        is_first = name == "mimetype"
        packed = (
            content if is_first else b"\1" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content
        )
        sizes = struct.pack("<III", zlib.crc32(content), len(packed), len(content))
        common = struct.pack("<HHHHH", 20, 0 if is_first else 8, 0 if is_first else 8, 0x6000, 0x5CC1)
        lengths = struct.pack("<HH", len(name), 0)
        directory += b"PK\1\2\x14\3" + common + sizes + lengths
        directory += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(body)) + name.encode()
        before = sizes if is_first or twice else bytes(12)
        body += b"PK\3\4" + common + before + lengths + name.encode() + packed
        body += b"" if is_first else b"PK\7\x08" + sizes
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def _absent() -> Iterator[Vector]:
    form = small().members()["receipt.pdf"]
    yield Vector(
        name="form-level-t",
        data=form,
        level="T",
        needs=("form",),
        is_told=True,
        steps="p pppp ss ssss sssssp p",
        says="Level T is required of a PDF alone: its own seal has a time-stamp that counts.",
    )
    yield Vector(
        name="form-level-lt-missing",
        data=form,
        level="LT",
        rule="V88",
        needs=("form",),
        is_raised=True,
        steps="p pppp s ssf ssss sssssp p",
        says="Level LT is required of a PDF alone, which holds no validation data.",
    )
    yield _good(
        "bundle-no-authorities",
        small().build(),
        but(SMALL, time_stamp="s", checkpoints_time="s", existence="s"),
        "A bundle with time-stamps, and nobody pinned who could date it.",
        trust="trust-without-authorities",
    )
    bare = small().but(log_checkpoint_tst=None, certificates_timestamp_cer=None)
    yield _good(
        "bundle-fewer-members",
        bare.build(),
        but(SMALL, checkpoints_time="s"),
        "A bundle without the members that may be missing.",
    )
