"""`docs/conformance.md` shows the checks and mutations that there are."""

from __future__ import annotations

import re

import pytest

from conformance_table import DOCUMENT, checks, rows_of_mutations, written
from mutants import all_mutations
from notigateway.conformance.expecting import FAULT_CODES, STATIC_STATUS
from notigateway.conformance.kit import GROUPS, all_checks
from notigateway.errors import TransportError, catalogue
from notigateway.soap.faults import fault_code

pytestmark = pytest.mark.once


def test_the_document_shows_every_check() -> None:
    assert DOCUMENT.read_text("utf-8") == written(checks=checks())


def test_the_document_shows_every_mutation_with_what_catches_it() -> None:
    told = rows_of_mutations()
    assert list(told) == list(all_mutations())
    known = {one.identifier for one in all_checks()}
    for name, (does, caught) in told.items():
        assert does == all_mutations()[name].does
        found = re.findall(r"[A-Z]+-\d\d", caught)
        assert found, name
        assert set(found) <= known
    assert len(told) >= 20


def test_identifiers_are_of_their_groups_and_numbered() -> None:
    for group in GROUPS:
        numbers = [int(one.identifier.partition("-")[2]) for one in all_checks() if one.group == group]
        assert numbers == list(range(1, len(numbers) + 1)), group


def test_the_fault_codes_that_the_kit_expects_are_those_of_the_service() -> None:
    of_code = {one.code: one for one in catalogue()}
    assert {code: fault_code(of_code[code]) for code in FAULT_CODES} == FAULT_CODES
    static = {one.code: one.status for one in catalogue() if issubclass(one, TransportError)}
    assert {code: static[code] for code in STATIC_STATUS} == STATIC_STATUS
