"""Receipts in a folder that have no time-stamp yet: which they are, without a look at every file.

The service seals at once and is given the time-stamp later, so what is pulled right away has none. The list,
`.waiting`, has a line for each notification with such receipts, `ID COUNT`: its folder may be moved. A line
is on the disk before its notification takes its name, so that none is forgotten, however a pull ends; one too
many harms nothing. An archive without a list, with one of folders, as earlier versions left it, or with a
damaged one, is looked through once.
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
_LINE: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) ([1-9][0-9]{0,3})", re.ASCII)
_RECEIPT_FILE: Final = re.compile(r"receipt-[0-9a-f-]{36}\.xml", re.ASCII)


def add_waiting(spool: Spool, counts: Mapping[str, int]) -> None:
    """Note, before they are stored, of how many receipts of each notification there is no time-stamp.

    Raises: `SpoolError`.
    """
    if counts:
        # A disk that was full may have left the last line without its end.
        spool.append_file(LIST, f"\n{_lines(counts)}".encode())


def read_waiting(spool: Spool) -> dict[str, int]:
    """Return which folders wait, with their counts, in the order in which they are to be asked for.

    Raises: `SpoolError`.
    """
    lines = _listed(spool)
    if lines is None:
        lines = {}
        for one in spool:
            receipts = (data for _, data in stored_receipts(spool, one.folder))
            count = sum(data is not None and not is_stamped(data) for data in receipts)
            if count:
                lines[one.id] = count
        if len(spool):  # of an empty archive nothing is to be remembered
            keep_waiting(spool, lines)
    # What is not known stays listed: it may be found again.
    found = ((spool.find(identifier), count) for identifier, count in lines.items())
    return {one.folder: count for one, count in found if one is not None}


def count_waiting(spool: Spool) -> int:
    """Return how many receipts of what is stored have no time-stamp. Raises: `SpoolError`."""
    return sum(count for identifier, count in (_listed(spool) or {}).items() if identifier in spool)


def settle_waiting(spool: Spool, asked: Mapping[str, int]) -> None:
    """Keep what still waits (0: nothing) of the folders that were asked for, behind those that were not.

    Raises: `SpoolError`.
    """
    by_id = {one.id: asked[one.folder] for one in spool if one.folder in asked}
    rest = {one: count for one, count in (_listed(spool) or {}).items() if one not in by_id}
    keep_waiting(spool, {**rest, **{one: count for one, count in by_id.items() if count}})


def keep_waiting(spool: Spool, counts: Mapping[str, int]) -> None:
    """Replace the list. Raises: `SpoolError`."""
    spool.keep_file(LIST, _lines(counts).encode())


def stored_receipts(spool: Spool, folder: str) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """Yield what is said of each receipt of a stored notification, and its bytes; None where it is not there.

    Raises: `SpoolError`.
    """
    for said in spool.described(folder).get("receipts", []):
        if _RECEIPT_FILE.fullmatch(said["file"]):
            yield said, spool.read_stored(folder, said["file"])


def is_stamped(receipt: bytes) -> bool:
    """Tell whether a receipt has a time-stamp, whoever put it in; one that is damaged has none."""
    try:
        held = take_apart(receipt)
    except ReceiptInvalidError:
        return False
    return held.token is not None or bool(held.foreign)


def is_same_receipt(one: bytes, other: bytes) -> bool:
    """Tell whether both are one receipt, whatever time-stamp either of them has."""
    try:
        return take_apart(one).original == take_apart(other).original
    except ReceiptInvalidError:
        return False


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
    return "".join(f"{identifier.lower()} {count}\n" for identifier, count in counts.items())
