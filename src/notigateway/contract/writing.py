"""Writes declared elements as text that already is in exclusive canonical form.

One default namespace on the root, no attributes, canonical escapes: it is signed without being parsed
again. A writer is compiled from the fields of its element once for each version of its contract, as
`dataclass` compiles `__init__`: one formatted string is several times faster than asking each field for its
type at every element.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.attached import Attached
from notigateway.contract.versions import LATEST
from notigateway.contract.xml import Builtin, ContractError, Part, describe, once
from notigateway.instants import duration_text, instant_text
from notigateway.wss.canonical import canonical_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.contract.versions import Version
    from notigateway.contract.xml import Description

_PLAIN: Final = re.compile(r"[0-9A-Za-z_-]*").fullmatch


def write(message: Part, version: Version = LATEST) -> bytes:
    """Return a message as the element of its name, without what is later than `version`.

    Raises: `ContractError` for what XML cannot hold.
    """
    name, content = type(message).__name__, write_content(message, version)
    return f'<{name} xmlns="{message.xmlns}">{content}</{name}>'.encode()


def write_content(part: Part, version: Version = LATEST) -> str:
    """Return the children of an element. Raises: `ContractError` for what XML cannot hold."""
    try:
        return writer(type(part), version)(part)
    except ValueError as error:
        name = next(_unwritable(part), None)
        if name is None:  # a value of another type than its annotation says
            raise ContractError(f"{type(part).__name__}: {error}") from error
        raise ContractError(f"{name} holds a character that XML cannot carry") from error


@once
def writer(kind: type[Part], version: Version = LATEST) -> Callable[[Any], str]:
    """Return what writes the children of an element of that kind, those that the version has."""
    source = _Source(version)
    source.lines.append(f"    return f'{source.children(kind, 'part', '    ')}'")
    text = "\n".join(["def write(part):", *source.lines])
    exec(text, source.names)  # noqa: S102  (made of the names of our own classes and of their fields alone)
    made: Callable[[Any], str] = source.names["write"]
    return made


class _Source:
    """The source of one writer as it grows; an element within another is written in the same function."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "text": canonical_text,
            "word": _word,
            "instant": instant_text,
            "duration": duration_text,
            "binary": _binary,
        }

    def children(self, kind: type[Part], value: str, indent: str) -> str:
        """Return the pieces of a formatted string that write the children of the element `value`."""
        children = (one for one in describe(kind) if one.since <= self.version)
        return "".join(self._child(one, f"{value}.{one.field}", indent) for one in children)

    def _child(self, one: Description, given: str, indent: str) -> str:
        """Return the piece that writes a child, bound by lines before it unless it is one required value."""
        name = f"_{len(self.lines)}"
        if one.is_many:
            written = self._repeated(one, name)
            self.lines.append(f"{indent}{name} = ''.join([f'{written}' for one in {given}])")
        elif one.is_optional:
            self.lines += (
                f"{indent}{name} = {given}",
                f"{indent}if {name} is None: {name} = ''",
                f"{indent}else:",
            )
            written = self._written(one, name, f"{indent}    ")
            self.lines.append(f"{indent}    {name} = f'{written}'")
        elif isinstance(one.type, Builtin):
            return self._written(one, given, indent)
        else:
            self.lines.append(f"{indent}{name} = {given}")
            return self._written(one, name, indent)
        return f"{{{name}}}"

    def _repeated(self, one: Description, name: str) -> str:
        """Return the piece that writes each of a repeated child."""
        if isinstance(one.type, Builtin):
            return self._written(one, "one", "")
        self.names[f"write{name}"] = writer(one.type, self.version)
        return f"<{one.name}>{{write{name}(one)}}</{one.name}>"

    def _written(self, one: Description, value: str, indent: str) -> str:
        """Return the piece that writes a child whose value is the expression `value`."""
        if not isinstance(one.type, Builtin):
            return f"<{one.name}>{self.children(one.type, value, indent)}</{one.name}>"
        attribute = _ATTRIBUTE.format(value) if one.type is Builtin.FACT else ""
        return f"<{one.name}{attribute}>{{{_EXPRESSIONS[one.type].format(value)}}}</{one.name}>"


_EXPRESSIONS: Final = {
    Builtin.TEXT: "text({})",
    Builtin.WORD: "word({})",
    Builtin.UUID: "word({})",
    Builtin.PARSED_UUID: "{}",
    Builtin.INT: "{}:d",
    Builtin.LONG: "{}:d",
    Builtin.INTEGER: "{}:d",
    Builtin.BOOLEAN: '"true" if {} else "false"',
    Builtin.INSTANT: "instant({})",
    Builtin.DURATION: "duration({})",
    Builtin.BASE64: "binary({})",
    Builtin.FACT: "text({}[1])",
}
_ATTRIBUTE: Final = ' name="{{word({}[0])}}"'


def _word(text: str) -> str:
    """Return a text that mostly needs no escape; kept out of the cache of texts, which holds what repeats."""
    return text if _PLAIN(text) else canonical_text(text)


def _binary(value: bytes | Attached) -> str:
    if isinstance(value, Attached):
        return value.include()
    return b2a_base64(value, newline=False).decode("ascii")


_TEXTS: Final = frozenset({Builtin.TEXT, Builtin.WORD, Builtin.UUID})


def _unwritable(part: Part) -> Iterator[str]:
    """Yield the names of the children whose texts no XML can hold."""
    for one in describe(type(part)):
        value = getattr(part, one.field)
        for each in value if one.is_many else (value,):
            if isinstance(each, Part):
                yield from _unwritable(each)
            elif one.type in _TEXTS and each is not None and not _is_writable(each):
                yield one.name


def _is_writable(text: str) -> bool:
    try:
        canonical_text(text)
    except ValueError:
        return False
    return True
