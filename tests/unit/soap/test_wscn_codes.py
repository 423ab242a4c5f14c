"""The numbers of the Social Security's contract: one table in the code, the same in the documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notigateway.errors import GatewayError, catalogue
from notigateway.law.representation import Role
from notigateway.published import published_folder
from notigateway.soap.wscn import codes
from notigateway.soap.wscn.environment import PRODUCTION, TEST

TEXT = (Path(__file__).parents[3] / "docs/errors.md").read_text("utf-8").partition("\n## WSCN\n")[2]
ROW = re.compile(r"^\| .+? \| ([\d, ]+) \| `(\w+)` \|$", re.MULTILINE)
ANSWERS, FAULTS = TEXT.split("| number in the fault |")
ENTRIES = {entry.code: entry for entry in catalogue()}


def documented(text: str) -> set[tuple[str, tuple[int, ...]]]:
    return {(code, tuple(map(int, numbers.split(", ")))) for numbers, code in ROW.findall(text)}


def test_the_table_of_answers_is_the_one_in_the_code() -> None:
    written: set[tuple[str, tuple[int, ...]]] = set()
    written |= {(error.code, (number,)) for error, number in codes.FUNCTIONAL.items()}
    written |= {(error.code, tuple(by[role] for role in Role)) for (error, _), by in codes.BY_ROLE.items()}
    assert documented(ANSWERS) == written


def test_the_table_of_faults_is_the_one_in_the_code() -> None:
    written = {
        (entry.code, (codes.fault_code(entry()),))
        for entry in ENTRIES.values()
        if codes.fault_code(entry()) != codes.NOT_AVAILABLE
    }
    assert documented(FAULTS) == written


def test_no_error_is_told_in_both_ways() -> None:
    assert not {code for code, _ in documented(ANSWERS)} & {code for code, _ in documented(FAULTS)}


@pytest.mark.parametrize("role", Role)
def test_what_only_a_fault_can_tell_has_no_number_of_an_answer(role: Role) -> None:
    class UnlistedError(GatewayError):
        pass

    assert codes.functional_code(UnlistedError(), role) is None


@pytest.mark.parametrize("kind", ["wsdl", "xsd"])
def test_both_environments_are_one_contract_under_two_names(kind: str) -> None:
    one, other = (
        (published_folder("wsdl") / f"{environment.contract}.{kind}").read_text("utf-8")
        for environment in (TEST, PRODUCTION)
    )
    for ours, theirs in (
        (TEST.contract, PRODUCTION.contract),
        (TEST.namespace, PRODUCTION.namespace),
        (TEST.path, PRODUCTION.path),
        (TEST.service, PRODUCTION.service),
        ("notifications, test", "notifications, production"),
    ):
        one = one.replace(ours, theirs)
    assert one == other
