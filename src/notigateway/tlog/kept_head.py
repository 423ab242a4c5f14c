"""A head of a log that somebody kept, in whichever of its shapes: one reader for all that are given one.

    a signed note             /notigateway/log/checkpoint, log/checkpoint.note of a bundle, a witness's
    the text of a head        four lines, or six: what the seal signs
    a line of `checkpoint`    the text on one line; a file may hold many
    a client's .log-head      JSON with `head`
    a monitor's state         JSON with `note` and `edge`
    a split-view file         JSON with `older` and `newer`: FILE#older or FILE#newer says which

Nothing is proven by reading it. Where there is a signature it is checked before a log is held to it, so that
a note which was changed accuses nobody. The text and the lines bear none; they serve where the question is
whether *this* log has that root (`log verify --against`, `log prove`). What is quoted under the seal (`log
resume`) or accuses the operator (`monitor --head`) has to be signed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import CheckpointInvalidError, ConfigurationError
from notigateway.given_files import read_file
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.note import not_sealed, read_note, verify_note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notigateway.evidence.history import Pin
    from notigateway.tlog.checkpoint import Checkpoint

SIGNED: Final = (
    "a signed note (…/log/checkpoint, log/checkpoint.note of a bundle, what a witness shows), a client's "
    ".log-head, a monitor's state, or a split-view file with #older or #newer behind its name"
)
UNSIGNED: Final = "the text of a head, the line that `notigateway checkpoint` prints"
_FILE_MAX_BYTES: Final = 1024 * 1024
_EMPTY: Final = b"the log is empty"
# As `notigateway checkpoint` prints it: names may hold spaces, the rest may not.
_LINE: Final = re.compile(
    r"(?P<origin>[!-~]+(?: [!-~]+)*) (?P<size>[0-9]{1,19}) (?P<root>[A-Za-z0-9+/]{43}=) "
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)"
    r"(?P<follows> follows [0-9]{1,19} [A-Za-z0-9+/]{43}= [!-~]+(?: [!-~]+)*?)?"
    r"(?P<reason>(?(follows) reason [!-~]+(?: [!-~]+)*|))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class KeptHead:
    """What a head says, its note where it bears a signature, and the file that it is from."""

    checkpoint: Checkpoint
    note: bytes | None
    where: str

    def checked(self, seals: Sequence[Pin], pins: str) -> Checkpoint:
        """Return what it says, once its seal is proven where it bears one; `pins` is where seals are pinned.

        Raises: `ConfigurationError` naming the file.
        """
        if self.note is None:
            return self.checkpoint
        try:
            return verify_note(read_note(self.note), seal_certificates=seals, either_form=True).checkpoint
        except CheckpointInvalidError as error:
            raise ConfigurationError(f"{self.where}: {not_sealed(error, pins)}") from error


def heads_in(file: Path) -> list[KeptHead]:
    """Return the heads in a file, signed or not: one, or each of its lines.

    Raises: `ConfigurationError` naming the file, and what is taken.
    """
    return _read(file, f"{SIGNED}; {UNSIGNED}")


def head_in(file: Path) -> KeptHead:
    """Return the one head in a file, signed or not. Raises: `ConfigurationError`."""
    return _only(heads_in(file))


def signed_head_in(file: Path, why: str) -> KeptHead:
    """Return the one head in a file that bears a signature, not checked yet.

    `why` a signature is needed is told where there is none. Raises: `ConfigurationError`.
    """
    found = _only(_read(file, SIGNED))
    if found.note is None:
        raise ConfigurationError(
            f"{found.where} holds a head without its signature, {why}. Taken are: {SIGNED}"
        )
    return found


def _read(file: Path, taken: str) -> list[KeptHead]:
    file, part = _part(file)
    try:
        return _heads(read_file(file, max_bytes=_FILE_MAX_BYTES), part, str(file))
    except CheckpointInvalidError as error:
        raise ConfigurationError(
            f"{file} holds no head of a log ({error.detail}). Taken are: {taken}"
        ) from error


def _only(found: list[KeptHead]) -> KeptHead:
    if len(found) > 1:
        where = found[0].where
        raise ConfigurationError(f"{where} holds {len(found)} heads: put the line that is meant into a file")
    return found[0]


def _part(file: Path) -> tuple[Path, str]:
    """Return a file, and which of its two heads is meant, where its name says so."""
    name, sharp, part = file.name.rpartition("#")
    return (file.with_name(name), part) if sharp and name and part in {"older", "newer"} else (file, "")


def _heads(data: bytes, part: str, where: str) -> list[KeptHead]:
    """Tell the shapes apart. Raises: `CheckpointInvalidError`."""
    if data.lstrip().startswith(b"{"):
        return [_signed(_noted(data, part), where)]
    if part:
        raise CheckpointInvalidError(f"it is no split-view file, so it has no #{part}")
    if b"\n\n" in data.strip(b"\r\n"):
        return [_signed(data, where)]
    return _unsigned(data, where)


def _noted(data: bytes, part: str) -> bytes:
    """Return the note in what a client, a monitor or whoever saw a split view keeps."""
    try:
        said: dict[str, Any] = json.loads(data)
        if {"older", "newer"} <= set(said):
            if not part:
                raise CheckpointInvalidError("a split view has two: write #older or #newer behind its name")
            note = said[part]["note"]
        elif part:
            raise CheckpointInvalidError(f"it is no split-view file, so it has no #{part}")
        else:
            note = said["head"] if "head" in said else said["note"]
        if not note:
            raise CheckpointInvalidError("it has seen no head yet")
        return bytes(note.encode())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointInvalidError("it is JSON, and of nobody who keeps heads") from error


def _signed(note: bytes, where: str) -> KeptHead:
    return KeptHead(read_checkpoint(read_note(note).text), note, where)


def _unsigned(data: bytes, where: str) -> list[KeptHead]:
    """Read a text, or lines of `notigateway checkpoint`; an editor may have changed how lines end."""
    lines = [one.strip() for one in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    lines = [one for one in lines if one and one != _EMPTY]
    printed = [_LINE.fullmatch(one.decode("latin-1")) for one in lines]
    texts = (
        [_text(one) for one in printed if one is not None]
        if lines and all(printed)
        else [b"".join(one + b"\n" for one in lines)]
    )
    return [KeptHead(read_checkpoint(text), None, where) for text in texts]


def _text(line: re.Match[str]) -> bytes:
    """Return the text that a line was printed from."""
    parts = [line["origin"], line["size"], line["root"], line["at"], line["follows"], line["reason"]]
    return "".join(f"{one.strip()}\n" for one in parts if one).encode("ascii")
