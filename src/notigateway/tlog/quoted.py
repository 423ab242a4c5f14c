"""What a log under a new name says that it goes on from, against what whoever watched it knows.

The operator quotes the last head of the former name that it knows of. Others may know of a later one: then
what lies between is not vouched for under the new name, and whoever confirms the name has to know that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.tlog.checkpoint import Checkpoint

_UNSAID: Final = (
    "that head does not say which one the log goes on from, nor why, as heads do after `notigateway log "
    "resume`: ask who runs it"
)


def held_words(size: int, *, is_held: bool | None) -> str:
    """Return whether a log under its new name begins with the entries that were known; None: not told now.

    What is quoted says what the operator knew to have been promised, and nothing of what is left of it.
    """
    if is_held:
        return f"it begins with all {size} of them under its new name too: none of these is lost"
    if is_held is None:
        return f"whether it begins with all {size} of them under its new name cannot be told now"
    return (
        f"under its new name it does NOT begin with these {size} entries: some are lost there, and decisions "
        "with them. Keep what proves them, and show it to who runs the log"
    )


def quoted_words(new: Checkpoint, known: Checkpoint | None, knows: str) -> str:
    """Return what a head of a new name quotes, against the last `known` one of the former name, in words.

    `knows` is who knows that one and how, as "you have cosigned". Nothing of it is for a program to read.
    """
    quoted = new.follows
    if quoted is None:
        return _UNSAID
    said = f'the operator quotes {quoted.size} entries of "{quoted.origin}", and says why: {quoted.reason}'
    if known is None:
        return said
    if known.origin != quoted.origin:
        return f'{said}; {knows} "{known.origin}", which is another log'
    if known.size > quoted.size:
        entries = f"entries {quoted.size} to {known.size - 1}"
        if known.size == quoted.size + 1:
            entries = f"entry {quoted.size}"
        return (
            f"{said}; {knows} {known.size}: {entries}, counted from 0, that were promised under the old name "
            "are not vouched for under the new one. Ask why the later head was not quoted"
        )
    if known.size == quoted.size and known.root != quoted.root:
        return (
            f"{said}; {knows} as many, and others: what is quoted is a SPLIT VIEW of the old name. Confirm "
            "nothing"
        )
    same = "the same head" if known.size == quoted.size else f"{known.size}, no more than is quoted"
    return f"{said}; {knows} {same}"
