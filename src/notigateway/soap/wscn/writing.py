"""Writes the contract's types as XML: children without a namespace, absent values left out."""

from __future__ import annotations

import base64
from dataclasses import fields
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.soap.wscn.types import ANSWERS
from notigateway.wss.envelope import canonical

if TYPE_CHECKING:
    from lxml.etree import _Element


def render_answer(namespace: str, operation: str, content: object) -> bytes:
    """Return the answer to an operation as canonical bytes."""
    root = etree.Element(f"{{{namespace}}}{operation}Response", nsmap={"wscn": namespace})
    append(root, ANSWERS[operation], content)
    return canonical(root)


def append(parent: _Element, name: str, value: object) -> None:
    """Append a value as the element of that name; nothing for None, one element each for several."""
    if value is None:
        return
    if isinstance(value, tuple):
        for one in value:
            append(parent, name, one)
        return
    element = etree.SubElement(parent, name)
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    elif isinstance(value, int | str):
        element.text = str(value)
    elif isinstance(value, bytes):
        element.text = base64.b64encode(value).decode()
    else:
        append_fields(element, value)


def append_fields(element: _Element, value: object) -> None:
    """Append every field of one of the contract's types, in the order of the schema."""
    for field in fields(value):  # type: ignore[arg-type]  # the contract's types are dataclasses
        append(element, field.name, getattr(value, field.name))
