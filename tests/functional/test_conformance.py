"""The conformance kit on ourselves, on servers that are wrong in one way, and on clients good and bad."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance_table import rows_of_mutations
from conforming import called, ended_early, failed, report_on, skipped
from mutants import all_mutations
from mutated_sandbox import mutated
from notigateway.conformance.arranging import a_world
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.performing import perform
from notigateway.conformance.playing import playing
from notigateway.conformance.verdict import Verdict
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutants import Contract
    from mutated_sandbox import Mutated
    from notigateway.conformance.verdict import Report


# A world is younger than the first head of its log.
AFTER_A_WHILE = {"CHG-07"}
# What the first question tells from a service that is wrong: somebody else.
TOLD_AT_ONCE = {"another key"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutated]:
    with mutated(tmp_path_factory.mktemp("conformance")) as started:
        yield started


@pytest.mark.parametrize("contract", ["v1", "wscn"])
def test_the_sandbox_does_what_its_contract_says(server: Mutated, contract: Contract) -> None:
    report = report_on(server.base, contract)
    assert failed(report) == {}
    assert skipped(report).keys() <= AFTER_A_WHILE
    assert report.exit_code == 0
    assert len(report.findings) > 100


@pytest.mark.once
@pytest.mark.parametrize("name", all_mutations())
def test_a_server_that_is_wrong_in_one_way_is_caught(server: Mutated, name: str) -> None:
    one = all_mutations()[name]
    does, caught = rows_of_mutations()[name]
    check = caught.partition(",")[0].partition(" ")[0]
    with server.wrong(name):
        found = failed(report_on(server.base, one.contract, only=[check], in_place=True))
        why = ended_early(server.base, one.contract)
    assert (does, [*found]) == (one.does, [check])
    assert bool(why) == (name in TOLD_AT_ONCE), why


# --- clients --------------------------------------------------------------------------------------

OURS = ["-c", "from notigateway.client.cli import main; main()", "pull", "inbox", "--accept"]
CARELESS = [str(Path(__file__).parents[1] / "careless_client.py"), "{url}", "{key}", "{cert}"]


def report_on_client(base: str, arguments: list[str]) -> Report:
    command = [sys.executable, *arguments]
    with (
        a_world(base, None) as steering,
        playing(steering, command, contract="v1", seconds=slowed(PATIENCE_SECONDS), pages_up_to=10) as play,
    ):
        return perform(chosen_checks("client"), play, told=lambda _: None)


@pytest.mark.once
def test_nothing_is_wrong_with_our_own_client(server: Mutated) -> None:
    report = report_on_client(server.base, OURS)
    assert failed(report) == {}
    assert skipped(report) == {"USE-03": "its pages have 1000 rows: --pages-up-to 1001 tries it"}
    assert report.count(Verdict.ADVISED) == 0


def test_each_fault_of_a_careless_client_is_named(server: Mutated) -> None:
    report = report_on_client(server.base, CARELESS)
    assert skipped(report) == {}
    wrong = failed(report)
    assert wrong.keys() == {one.check.identifier for one in report.findings} - {"USE-01"}
    assert "twice in one run" in wrong["USE-02"]
    assert "beyond the first page" in wrong["USE-03"]
    for number in range(1, 6):
        assert "went on to AcceptNotifications" in wrong[f"TRUST-0{number}"]
    assert "the answer to another request" in wrong["TRUST-06"]
    assert "the same bytes" in wrong["AGAIN-01"]
    assert "not retryable" in wrong["AGAIN-03"]


@pytest.mark.once
def test_of_a_client_that_does_not_work_nothing_else_is_told(server: Mutated) -> None:
    report = report_on_client(server.base, ["-c", "print('no such service')"])
    (why,) = failed(report).values()
    assert why == "it ended with 0, and what was there for it is available"
    assert len(skipped(report)) == len(report.findings) - 1


def test_a_client_that_cannot_be_run_is_told_once(
    server: Mutated, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["client", "--sandbox", server.base, "--", "no-such-client"]
    assert called(monkeypatch, *command) == 2
    assert capsys.readouterr().err.splitlines() == [
        "notigateway-conformance: cannot run no-such-client: No such file or directory"
    ]
