"""The error catalogue and its documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import notigateway.soap.faults
from notigateway.errors import GatewayError, TransportError, catalogue
from notigateway.soap.faults import fault_code

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(
    r'^\| <a id="(\w+)"></a>`(\w+)` \| (.+?) \| (yes|no) \| (.+?) \| (.+?) \| (.+?) \|$', re.MULTILINE
)
ENTRIES = {entry.code: entry for entry in catalogue()}
DOCUMENTED = {row[2]: row for row in ROW.finditer(DOCS.read_text(encoding="utf-8"))}


def test_every_code_is_documented_and_no_other() -> None:
    assert set(DOCUMENTED) == set(ENTRIES)


def test_codes_are_unique() -> None:
    codes = [entry.code for entry in catalogue()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_the_documented_entry_is_the_one_in_the_code(code: str) -> None:
    entry, row = ENTRIES[code], DOCUMENTED[code]
    assert row[1] == code.lower()
    assert row[4] == ("yes" if entry.retryable else "no")
    assert row[5] == entry.text_en
    assert row[6] == entry.text_es
    if issubclass(entry, TransportError):
        assert row[3] == f"static {entry.status}, `{fault_code(entry)}`"
    elif "fault" in row[3]:
        assert f"`{fault_code(entry)}`" in row[3]


def test_an_unknown_error_becomes_a_server_fault_without_detail() -> None:
    class UnlistedError(GatewayError):
        pass

    assert fault_code(UnlistedError) == "soap:Server"


def test_the_fault_table_reaches_every_row() -> None:
    """A row that stands behind its own base class would never be used."""
    for position, (family, _) in enumerate(notigateway.soap.faults.FAULT_CODES):
        for earlier, _ in notigateway.soap.faults.FAULT_CODES[:position]:
            assert not issubclass(family, earlier)
