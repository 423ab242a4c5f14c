"""The file of refused lines, in the form of the imported one, so that it can be mended and imported."""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Final

from notigateway.errors import AccountInvalidError
from notigateway.law.accounts import read_account

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notigateway.cli.import_files import Header

# What the rules call otherwise than a file does.
_COLUMNS: Final = {
    "addressee": ("nif",),
    "account": ("ccc", "naf"),
    "starts_at": ("from",),
    "ends_at": ("to",),
}
_ACCOUNTS: Final = ("account", "ccc", "naf")
NOTES: Final = ("_line", "_column", "_code", "_reason")


class RefusedFile:
    """Takes refused lines: as CSV below a header like that of the imported file, or as JSON lines."""

    def __init__(self, file: IO[str], header: Header | None) -> None:
        self._file = file
        self._rows = None
        if header is not None:
            file.write(header.mark)
            self._rows = csv.DictWriter(
                file, [*header.columns, *NOTES], delimiter=header.delimiter, lineterminator="\n"
            )
            self._rows.writeheader()

    def write(self, said: Mapping[str, str], *notes: object) -> None:
        """Write what a line says, and why it was refused."""
        line = {**said, **dict(zip(NOTES, notes, strict=True))}
        if self._rows is None:
            self._file.write(_kept(line) + "\n")
        else:
            self._rows.writerow(line)


def _kept(said: Mapping[str, object]) -> str:
    """Return a line for who mends it, as it was; half of a surrogate pair can only be an escape."""
    text = json.dumps(said, ensure_ascii=False)
    return text if _is_writable(text) else json.dumps(said)


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def column_of(field: str, said: Mapping[str, str], columns: Collection[str]) -> str:
    """Return the column of a field that is wrong: the file has words of its own for some."""
    if field in columns or field not in _COLUMNS:
        return field
    return next((name for name in _COLUMNS[field] if name in said), field)


def hint_of(column: str, said: Mapping[str, str]) -> str:
    """Return what may have happened to an account: a spreadsheet takes it for a number, without zeros."""
    account = said.get(column, "")
    if column not in _ACCOUNTS or _is_account(account) or not _is_account(f"0{account}"):
        return ""
    return "; with a 0 in front it is right: has a spreadsheet left it out?"


def _is_account(text: str) -> bool:
    try:
        read_account(text)
    except AccountInvalidError:
        return False
    return True
