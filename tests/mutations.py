"""Random but repeatable damage to a message: to its bytes, and to its tree."""

from __future__ import annotations

import random

from lxml import etree


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """Flip, insert, remove or double some bytes."""
    raw = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        if not raw:
            break
        at = chance.randrange(len(raw))
        match chance.randrange(5):
            case 0:
                raw[at] ^= 1 << chance.randrange(8)
            case 1:
                raw[at] = chance.choice(b"<>\"'&/= \nAa0#:")
            case 2:
                raw.insert(at, chance.choice(b"<>\"'&/= \nAa0#:\x00\xff"))
            case 3:
                del raw[at : at + chance.randrange(1, 4)]
            case _:
                raw[at:at] = raw[at : at + chance.randrange(1, 60)]
    return bytes(raw)


def damage_tree(data: bytes, chance: random.Random) -> bytes:
    """Move, double, remove, rename or rename the attributes of some elements."""
    root = etree.fromstring(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        every = list(root.iter())
        if len(every) == 1:
            break
        element, other = chance.choice(every[1:]), chance.choice(every)
        match chance.randrange(6):
            case 0:
                _put(etree.fromstring(etree.tostring(element, with_tail=False)), other, chance)
            case 1 if element not in other.iterancestors() and element is not other:
                _put(element, other, chance)
            case 2:
                _remove(element)
            case 3:
                element.text, other.text = other.text, element.text
            case 4 if other.attrib:
                name = chance.choice(list(other.attrib))
                element.set(name, other.get(name, ""))
            case _:
                element.attrib.pop(chance.choice(list(element.attrib) or ["x"]), None)
    return etree.tostring(root)


def _put(element: etree._Element, parent: etree._Element, chance: random.Random) -> None:
    parent.insert(chance.randrange(len(parent) + 1), element)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
