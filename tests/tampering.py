"""Evidence, changed in every way that a stranger can think of: at random, and by its structure.

An *exhibit* is a file that passes, with what of it must be as it was in whatever passes: others may lawfully
add to evidence. Another form of evidence is one more exhibit in `EXHIBITS`; a kind of member that it holds
is one more row of `_BY_SUFFIX` (a member of its own by its whole name).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

from asn1crypto import parser  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree

from notigateway.evidence import asic, bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.der import der
from notigateway.evidence.pdf_seal import find_seal
from notigateway.pki.low_form import P256_ORDER
from tampering_log import tamper_note, tamper_renewals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_KIB: Final = 1024
HOSTILE_TEXTS: Final = (
    *("", "x", "-1", "0", " ", "é", "\u202e", "%00", "../../etc/passwd", "1e999", "NaN", "Infinity"),
    *(
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00.000+14:00",
        "9999-12-31T23:59:59.999Z",
        "2026-06-01T12:00:00.000",
    ),
    *("9" * 40, "9" * 5000, "A" * 100_000, "=" * 64, "AAAA" * 9000),
)
HOSTILE_JSON: Final = (
    *(
        "Infinity",
        "-Infinity",
        "NaN",
        "1e999",
        "-1",
        "null",
        "true",
        "{}",
        "[]",
        '""',
        "1.0",
        "9" * 18,
        "9" * 5000,
    ),
    *(
        '"\\ud800"',
        '"\\u0000"',
        "[" * 100_000,
        '{"a":' * 20_000,
        '"' + "A" * 50_000 + '"',
        "[[[[",
        '"x',
        "-0",
    ),
)
HOSTILE_DER: Final = (
    *(b"", b"\0", b"\x30\x80" * 20_000, b"\x30\x84\xff\xff\xff\xff", b"\xa0\x80" * 500, b"\x1f" * 2000),
    *(
        b"\x02\x84\x7f\xff\xff\xff\0",
        b"\x06\x03\x81\x81\x81",
        b"\x06\x82\x40\0" + b"\xff" * 16_384,
        b"\x05\0",
    ),
)


@dataclass(frozen=True)
class Exhibit:
    """Evidence that passes, and what of a file must be that of this one for it to pass."""

    name: str
    data: bytes
    essence: Callable[[bytes], object] = bytes

    def is_itself(self, changed: bytes) -> bool:
        """Tell whether a changed file still is this evidence; a file that cannot be read is not."""
        try:
            return changed == self.data or self.essence(changed) == self.essence(self.data)
        except Exception:  # noqa: BLE001
            return False


def tamperings(exhibit: Exhibit, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many changed files with how they were changed; the same ones for the same seed."""
    dice = Random(f"{exhibit.name} {seed}")  # noqa: S311  (reproducible on purpose)
    while count > 0:
        how, changed = _tamper(exhibit.data, dice)
        if changed != exhibit.data:
            count -= 1
            yield how, changed


def _tamper(data: bytes, dice: Random) -> tuple[str, bytes]:
    if not data.startswith(b"PK"):
        kind = ".pdf" if data.startswith(b"%PDF") else ".xml"
        return _change(kind, data, dice)
    if dice.random() < 0.1:
        return _anyhow(data, dice)
    files = opened(data)
    names = list(files)
    name, other = dice.choice(names), dice.choice(names)
    among: dict[str, Callable[[], object]] = {
        "removed": lambda: files.pop(name),
        "exchanged": lambda: files.update({name: files[other], other: files[name]}),
        "renamed": lambda: files.update(
            {dice.choice(["x", "log/leaf.txt", "../x", "META-INF/x"]): files.pop(name)}
        ),
        "overlong": lambda: files.update({name: files[name] + b" " * (6 * _KIB * _KIB)}),
    }
    if dice.random() < 0.1:
        what = dice.choice(list(among))
        among[what]()
        return f"{name} {what}", packed(data, files)
    kind = name if name in _BY_SUFFIX else name[name.rfind(".") :]
    how, files[name] = _change(kind, files[name], dice)
    return f"{name}: {how}", packed(data, files)


def opened(data: bytes) -> dict[str, bytes]:
    """Return the members of a ZIP file."""
    with ZipFile(BytesIO(data)) as container:
        return {one.filename: container.read(one) for one in container.infolist()}


def packed(like: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return the members packed as another file is, with right checksums: nothing else gives them away."""
    out = BytesIO()
    with ZipFile(BytesIO(like)) as model, ZipFile(out, "w") as container:
        pattern = model.infolist()[0]
        for name, content in files.items():
            member = type(pattern)(name, pattern.date_time)
            member.create_system, member.external_attr = pattern.create_system, pattern.external_attr
            container.writestr(member, content)
    return out.getvalue()


# --- whatever it is -------------------------------------------------------------------------------


def _change(suffix: str, data: bytes, dice: Random) -> tuple[str, bytes]:
    """Change a member, by its structure or, one time in four, anyhow."""
    by_structure = _BY_SUFFIX.get(suffix)
    if by_structure is None or dice.random() < 0.25:
        return _anyhow(data, dice)
    try:
        return by_structure(data, dice)
    except (ValueError, LookupError):  # nothing of that kind is in it
        return _anyhow(data, dice)


def _anyhow(data: bytes, dice: Random) -> tuple[str, bytes]:
    start, end = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
    end = min(end, start + 1 + dice.randrange(200))
    flipped = bytearray(data or b"\0")
    for _ in range(dice.choice([1, 1, 1, 8, 64])):
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    ways = {
        "flipped": bytes(flipped),
        "cut out": data[:start] + data[end:],
        "cut short": data[:start],
        "doubled": data[:end] + data[start:],
        "zeroed": data[:start] + bytes(end - start) + data[end:],
        "put in": data[:start] + dice.randbytes(dice.choice([1, 4, 100])) + data[start:],
        "appended": data + dice.choice([b"\n", b"\0", b"PK\x05\x06" + bytes(18), b"%%EOF\n"]),
        "hostile": dice.choice(HOSTILE_DER) + data[start:],
    }
    how = dice.choice(list(ways))
    return f"{how} at {start}", ways[how]


def twin(signature: bytes) -> bytes:
    """Return the other form of an ECDSA signature of P-256, as DER. Raises: `ValueError`."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, P256_ORDER - s)


# --- by its structure -----------------------------------------------------------------------------


def _xml(data: bytes, dice: Random) -> tuple[str, bytes]:
    if dice.random() < 0.1:
        return "twin", twin_of_receipt(data)
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError as error:
        raise ValueError from error
    elements = list(root.iter())
    one, other = dice.choice(elements), dice.choice(elements)
    parent = one.getparent()
    how = dice.choice(
        ["text", "text", "text", "attribute", "removed", "doubled", "renamed", "nested", "moved"]
    )
    if how == "text":
        leaf = dice.choice([each for each in elements if not len(each)])
        leaf.text = dice.choice(HOSTILE_TEXTS)
    elif how == "attribute":
        one.set(
            dice.choice([*one.keys(), "Id", "xmlns"])[:9].replace("xmlns", "x"), dice.choice(HOSTILE_TEXTS)
        )
    elif how == "renamed":
        one.tag = dice.choice([other.tag, "x", f"{{urn:x}}{etree.QName(one).localname}"])
    elif how == "nested":
        one.append(etree.fromstring("<x>" * 250 + "</x>" * 250))
    elif parent is not None and how == "removed":
        parent.remove(one)
    elif parent is not None and how == "doubled":
        parent.insert(dice.randrange(len(parent) + 1), etree.fromstring(etree.tostring(one)))
    elif one not in list(other.iterancestors()) and one is not other and parent is not None:
        other.append(one)
    return f"{how} {etree.QName(one).localname}", etree.tostring(root, method="c14n", exclusive=True)


def twin_of_receipt(data: bytes) -> bytes:
    """Return a receipt whose signature value is in its other form. Raises: `ValueError`, `LookupError`."""
    found = re.search(rb"<ds:SignatureValue[^>]*>([^<]*)<", data)
    value = base64.b64decode(found[1]) if found else b""
    if len(value) != 64 or found is None:
        raise ValueError
    s = P256_ORDER - int.from_bytes(value[32:])
    other = base64.b64encode(value[:32] + s.to_bytes(32))
    return data[: found.start(1)] + other + data[found.end(1) :]


def change_json(data: bytes, dice: Random) -> tuple[str, bytes]:
    text = data.decode("ascii")
    values = list(re.finditer(r'(?<=: )(?:"[^"]*"|\d+|\[)|"[0-9a-f]{8,}"', text))
    one = dice.choice(values)
    hostile = dice.choice(HOSTILE_JSON)
    said = json.loads(text)
    name = dice.choice(list(said))
    rest: dict[str, Any] = {each: value for each, value in said.items() if each != name}
    ways = {
        "value": text[: one.start()] + hostile + text[one.end() :],
        "member lost": json.dumps(rest, indent=1) + "\n",
        "member twice": text.replace("{", "{" + f'"{name}": {hostile},', 1),
        "member more": json.dumps({**said, "x": 1}, indent=1) + "\n",
        "spelt otherwise": json.dumps(said),
        "no object": hostile,
    }
    how = dice.choice([*["value"] * 5, *ways])
    return f"{how} {one[0][:20]} {hostile[:20]}", ways[how].encode()


def change_der(data: bytes, dice: Random) -> tuple[str, bytes]:
    if dice.random() < 0.1:
        return "twin", twin(data)
    return change_node(data, dice)


def change_node(data: bytes, dice: Random) -> tuple[str, bytes]:
    """Change one node of a tree of DER."""
    return "node", _der_node(data, dice, depth=0)


def _der_node(data: bytes, dice: Random, depth: int) -> bytes:
    """Change a node of a tree of DER somewhere below; the lengths around it are right again."""
    if depth > 0 and dice.random() < 0.1:
        return dice.choice(HOSTILE_DER)
    _, is_constructed, _, _, content, _ = parser.parse(data)
    if not is_constructed or not content:
        leaf = bytearray(content or b"\0")
        leaf[dice.randrange(len(leaf))] ^= 1 << dice.randrange(8)
        numbers = b"\x07", b"\x80", b"\xff" * 40, b"\x7f" * 4096, b"99999999999999Z", b"", b"*" * 3000
        return der(data[0], dice.choice([bytes(leaf), bytes(leaf), *numbers]))
    children, place = [], 0
    while place < len(content):
        *_, header, inner, trailer = parser.parse(content[place:])
        size = len(header) + len(inner) + len(trailer)
        children.append(content[place : place + size])
        place += size
    at, other = dice.randrange(len(children)), dice.randrange(len(children))
    how = dice.random()
    if how < 0.8:
        children[at] = _der_node(children[at], dice, depth + 1)
    elif how < 0.87:
        children.pop(at)
    elif how < 0.93:
        children.insert(at, children[other])
    else:
        children[at], children[other] = children[other], children[at]
    return der(data[0] if how < 0.99 else dice.choice(b"\x30\x31\x04\xa0\x02"), *children)


def change_text(data: bytes, dice: Random) -> tuple[str, bytes]:
    lines = data.split(b"\n")
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    how = dice.choice(["hostile", "lost", "doubled", "exchanged", "number"])
    if how == "hostile":
        lines[at] = dice.choice(HOSTILE_TEXTS).encode()
    elif how == "lost":
        lines.pop(at)
    elif how == "doubled":
        lines.insert(other, lines[at])
    elif how == "exchanged":
        lines[at], lines[other] = lines[other], lines[at]
    else:
        number = dice.choice([b"0", b"-1", b"3", b"9" * 19, b"9" * 900])
        lines = [number if line.isdigit() else line for line in lines]
    return f"{how} line {at}", b"\n".join(lines)


def _pdf(data: bytes, dice: Random) -> tuple[str, bytes]:
    if dice.random() < 0.1:
        return "twin", twin_of_pdf(data)
    numbers = list(re.finditer(rb"(?<=[ \[\n])\d{1,10}(?=[ \]\n])", data))
    one = dice.choice(numbers)
    number = dice.choice([b"0", b"-1", b"1", b"9" * 9, b"9" * 400, b"%d" % (int(one[0]) + 1)])
    word = dice.choice(
        [b"/ByteRange", b"/Contents", b"/DocMDP", b"/AF", b"/EF", b"/Fields", b"startxref", b"/Prev"]
    )
    places = [found.start() for found in re.finditer(re.escape(word), data)] or [0]
    place = dice.choice(places)
    update = (
        b"1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 0\n"
        b"trailer\n<</Root 1 0 R/Size 2/Prev %d>>\nstartxref\n0\n%%%%EOF\n"
    )
    ways = {
        "number": data[: one.start()] + number + data[one.end() :],
        "word": data[:place] + b"/X" + word[2:] + data[place + len(word) :],
        "updated": data + update % len(data),
        "nested": data + b"[" * 50_000,
        "nested names": data[:place] + b"<<" * 20_000 + data[place:],
    }
    how = dice.choice(list(ways))
    return f"{how} {one.start()} {word.decode()}", ways[how]


def twin_of_pdf(data: bytes) -> bytes:
    """Return a sealed PDF whose seal is in its other form. Raises: `ValueError`."""
    seal = find_seal(data)
    return (
        data[: seal.start]
        + replace(seal, signature=twin(seal.signature)).written(seal.token)
        + data[seal.end :]
    )


_BY_SUFFIX: Final[Mapping[str, Callable[[bytes, Random], tuple[str, bytes]]]] = {
    ".xml": _xml,
    ".json": change_json,
    ".cer": change_der,
    ".der": change_der,
    ".tst": change_der,
    ".sig": change_der,
    ".txt": change_text,
    ".note": partial(tamper_note, rest=change_text),
    bundle.RENEWALS: partial(tamper_renewals, der=change_node, rest=change_json),
    ".pdf": _pdf,
}


# --- what of a form is evidence -------------------------------------------------------------------


def of_receipt(data: bytes) -> object:
    """A receipt without its unsigned properties, whoever wrote them."""
    return take_apart(data).original


def of_pdf(data: bytes) -> object:
    """A PDF up to where its seal covers it, without the time-stamp in the seal."""
    seal = find_seal(data)
    return data[: seal.start], data[seal.end : seal.covered], seal.attributes, seal.signature


def of_container(data: bytes) -> object:
    """The members of a bundle that a container holds."""
    return asic.members_of(asic.read_container(data))


def of_bundle(data: bytes) -> object:
    """A bundle, every byte, but for what others may add to its receipts."""
    files = dict(bundle.read_container(data))
    receipts = [of_receipt(files.pop(name)) for name in (bundle.RECEIPT, bundle.PREVIOUS)]
    return bundle.write(files | dict.fromkeys((bundle.RECEIPT, bundle.PREVIOUS), b"")), receipts
