"""Where the folder of a notification stands in an archive: a template of words, which nothing leads out of.

What a template resolves to is each notification's own (it names the code or the identifier) and follows from
what was fixed when it was put at disposal, whatever became of it since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import FolderTemplateError
from notigateway.client.file_names import notification_of, safe_part, safe_piece
from notigateway.client.stored import DESCRIPTION
from notigateway.law.deadlines import MADRID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notigateway.contract.v1 import Notification

DEFAULT: Final = "{nif}/{year}/{code}"
_WORDS: Final[Mapping[str, Callable[[Notification], str | None]]] = {
    "nif": lambda one: one.addressee.identifier,
    "name": lambda one: one.addressee.name,
    "year": lambda one: f"{one.available_at.astimezone(MADRID):%Y}",
    "month": lambda one: f"{one.available_at.astimezone(MADRID):%m}",
    "code": lambda one: str(one.code),
    "id": lambda one: one.id.lower(),
    "body": lambda one: one.issuing_body.acronym,
    "ccc": lambda one: one.ccc,
    "naf": lambda one: one.naf,
    "matter": lambda one: one.matter,
}
_UNIQUE: Final = frozenset({"code", "id"})
_PIECES: Final = re.compile(r"\{([^{}]*)\}")
_DEPTH_MAX: Final = 8
_WITHOUT: Final = "none"
# What the archive keeps beside the folders.
_OUR_FILES: Final = "archive."


@dataclass(frozen=True, slots=True)
class FolderTemplate:
    """A template that was checked; it pickles."""

    text: str

    @classmethod
    def parse(cls, text: str) -> FolderTemplate:
        """Return a template. Raises: `FolderTemplateError` for one that cannot be, and why."""
        parts = text.split("/")
        words = {word for part in parts for word in _PIECES.findall(part)}
        unknown = sorted(words - _WORDS.keys())
        if unknown:
            known = ", ".join(_WORDS)
            raise FolderTemplateError(text, f"{{{unknown[0]}}} is no word of it; there are {known}")
        for part in parts:
            why = _wrong_with(part)
            if why:
                raise FolderTemplateError(text, why)
        if parts[0].lower().startswith(_OUR_FILES):
            raise FolderTemplateError(text, f"{_OUR_FILES}… are files of the archive")
        if len(parts) > _DEPTH_MAX:
            raise FolderTemplateError(text, f"it is deeper than {_DEPTH_MAX} folders")
        if not words & _UNIQUE:
            raise FolderTemplateError(text, "without {code} or {id} two notifications may have one folder")
        if "name" in words and "nif" not in words:
            raise FolderTemplateError(text, "{name} needs {nif} as well: two clients may have one name")
        return cls(text)

    def folder_of(self, notification: Notification) -> str:
        """Return where the folder of a notification stands, below the archive."""

        def value(match: re.Match[str]) -> str:
            return safe_piece(_WORDS[match[1]](notification) or _WITHOUT)

        top, *below = (safe_part(_PIECES.sub(value, part)) for part in self.text.split("/"))
        is_ours = top.lower().startswith(_OUR_FILES) or (below and notification_of(top) is not None)
        return "/".join(
            f"_{part}" if part.lower() == DESCRIPTION else part
            for part in (f"_{top}" if is_ours else top, *below)
        )


def _wrong_with(part: str) -> str:
    """Return why a part of a template cannot be the name of a folder; empty where it can."""
    literal = _PIECES.sub("x", part)
    if not part:
        return "it begins or ends with /, or has // in it: it stands below the archive, and names each folder"
    if literal in {".", ".."} or part.startswith("."):
        return f"{part!r} would lead out of the archive, or hide the folder"
    if "{" in literal or "}" in literal:
        return f"a brace of {part!r} has no other"
    if safe_part(safe_piece(literal)) != literal:
        return f"{part!r} cannot be the name of a folder on every computer"
    return ""
