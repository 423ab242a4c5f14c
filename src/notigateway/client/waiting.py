"""Receipts in a folder that have no time-stamp yet: which they are, without a look at every file.

The service seals at once and is given the time-stamp later, so what is pulled right away has none. The list,
`.waiting`, has a line for each notification with such receipts, `FOLDER COUNT`. A line is on the disk before
its notification takes its name, so that none is forgotten, however a pull ends; one too many harms nothing.
A folder without a list, as earlier versions left it, or with a damaged one, is looked through once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.additions import take_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notigateway.client.spool import Spool

LIST: Final = ".waiting"
_LINE: Final = re.compile(r"([^/.][^\n]*) ([1-9][0-9]{0,3})")
_RECEIPT_FILE: Final = re.compile(r"receipt-[0-9a-f-]{36}\.xml", re.ASCII)


def add_waiting(spool: Spool, counts: Mapping[str, int]) -> None:
    """Note that these folders have so many receipts without a time-stamp, before they are stored.

    Raises: `SpoolError`.
    """
    if counts:
        # A disk that was full may have left the last line without its end.
        spool.append_file(LIST, f"\n{_lines(counts)}".encode())


def read_waiting(spool: Spool) -> dict[str, int]:
    """Return which folders wait, with their counts, in the order in which they are to be asked for.

    Raises: `SpoolError`.
    """
    folders = [one.folder for one in spool]
    lines = _listed(spool)
    if lines is not None:
        known = set(folders)
        found = {name: count for name, count in lines.items() if name in known}
        if len(found) < len(lines):
            keep_waiting(spool, found)
        return found
    found = {}
    for folder in folders:
        count = sum(not is_stamped(data) for _, data in stored_receipts(spool, folder))
        if count:
            found[folder] = count
    if folders:  # of an empty folder nothing is to be remembered
        keep_waiting(spool, found)
    return found


def settle_waiting(spool: Spool, asked: Mapping[str, int]) -> None:
    """Keep what still waits (0: nothing) of those that were asked for, behind those that were not.

    Raises: `SpoolError`.
    """
    rest = {name: count for name, count in (_listed(spool) or {}).items() if name not in asked}
    keep_waiting(spool, {**rest, **{name: count for name, count in asked.items() if count}})


def keep_waiting(spool: Spool, counts: Mapping[str, int]) -> None:
    """Replace the list. Raises: `SpoolError`."""
    spool.keep_file(LIST, _lines(counts).encode())


def stored_receipts(spool: Spool, folder: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what is said of each receipt of a stored notification, and its bytes; of what is still there.

    Raises: `SpoolError`.
    """
    for said in spool.described(folder).get("receipts", []):
        name = said.get("file") if isinstance(said, dict) else None
        if isinstance(name, str) and _RECEIPT_FILE.fullmatch(name):
            data = spool.read_stored(folder, name)
            if data is not None:
                yield said, data


def is_stamped(receipt: bytes) -> bool:
    """Tell whether a receipt has a time-stamp, whoever put it in; one that is damaged has none."""
    try:
        held = take_apart(receipt)
    except ReceiptInvalidError:
        return False
    return held.token is not None or bool(held.foreign)


def _listed(spool: Spool) -> dict[str, int] | None:
    """Return the lines of the list, the last one of each folder; None where there is no such list."""
    kept = spool.read_file(LIST)
    if kept is None:
        return None
    lines = kept.decode(errors="replace").split("\n")
    found = [_LINE.fullmatch(line) for line in lines if line]
    if not all(found):
        return None
    return {one[1]: int(one[2]) for one in found if one is not None}


def _lines(counts: Mapping[str, int]) -> str:
    return "".join(f"{name} {count}\n" for name, count in counts.items())
