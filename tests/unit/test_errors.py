"""The error catalogue and its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import notigateway.soap.faults
from notigateway.contract.cures import CURES
from notigateway.contract.problems import texts_of
from notigateway.errors import GatewayError, TransportError, catalogue
from notigateway.soap.faults import fault_code

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(
    r'^\| <a id="(\w+)"></a>`(\w+)` \| (.+?) \| (yes|no) \| (.+?) \| (.+?) \| (.+?) \|$', re.MULTILINE
)
SOURCE = Path(notigateway.soap.faults.__file__).parents[1]
ENTRIES = {entry.code: entry for entry in catalogue()}
DOCUMENTED = {row[2]: row for row in ROW.finditer(DOCS.read_text(encoding="utf-8"))}


def all_classes(root: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    yield root
    for cls in root.__subclasses__():
        yield from all_classes(cls)


def test_every_code_is_documented_and_no_other() -> None:
    assert set(DOCUMENTED) == set(ENTRIES)


def test_codes_are_unique() -> None:
    codes = [entry.code for entry in catalogue()]
    assert len(codes) == len(set(codes))


def test_what_is_raised_without_a_detail_names_its_code() -> None:
    for entry in catalogue():
        assert (str(entry()), str(entry("what happened"))) == (entry.code, "what happened")


def test_no_family_is_raised_instead_of_an_entry() -> None:
    """A family has no code and no text: nobody could be told what it means."""
    families = "|".join(cls.__name__ for cls in all_classes() if not cls.code)
    raised = re.compile(rf"\braise ({families})\b|\b({families})\(")
    definition = re.compile(r"^class .*", re.MULTILINE)
    for file in sorted(SOURCE.rglob("*.py")):
        assert not raised.search(definition.sub("", file.read_text("utf-8"))), file


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_the_documented_entry_is_the_one_in_the_code(code: str) -> None:
    entry, row = ENTRIES[code], DOCUMENTED[code]
    assert row[1] == code.lower()
    assert row[4] == ("yes" if entry.retryable else "no")
    assert row[5] == texts_of(entry).en
    assert row[6] == texts_of(entry).es
    if issubclass(entry, TransportError):
        assert row[3] == f"static {entry.status}, `{fault_code(entry)}`"
    elif "fault" in row[3]:
        assert f"`{fault_code(entry)}`" in row[3]


def test_every_code_has_a_cure_and_no_cure_is_without_a_code() -> None:
    assert list(CURES) == list(DOCUMENTED)


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_the_documented_cure_is_the_one_on_the_page(code: str) -> None:
    """A link of the document is a name on the page, which stands elsewhere."""
    cure, row = CURES[code], DOCUMENTED[code]
    assert cure.en == re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", row[7])
    said = re.sub(r"`\S+`|[0-9]|,", " ", row[3]).split()
    assert [str(one) for one in cure.arrivals] == said


@pytest.mark.parametrize("code", CURES)
def test_a_cure_is_told_in_both_languages_with_the_same_words_of_programs(code: str) -> None:
    cure = CURES[code]
    for text in (cure.es, cure.en):
        assert text == " ".join(text.split())
        assert text.endswith(".")
        assert text.count("`") % 2 == 0
    assert cure.es != cure.en
    assert sorted(re.findall(r"`([^`]+)`", cure.es)) == sorted(re.findall(r"`([^`]+)`", cure.en))


def test_an_unknown_error_becomes_a_server_fault_without_detail() -> None:
    class UnlistedError(GatewayError):
        pass

    assert fault_code(UnlistedError) == "soap:Server"


def test_the_fault_table_reaches_every_row() -> None:
    """A row that stands behind its own base class would never be used."""
    for position, (family, _) in enumerate(notigateway.soap.faults.FAULT_CODES):
        for earlier, _ in notigateway.soap.faults.FAULT_CODES[:position]:
            assert not issubclass(family, earlier)
