"""`notigateway obligation`: what the operator types and reads, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.cli.obligation import obligation
from notigateway.errors import (
    ConfigurationError,
    NotAddresseeError,
    ObligationInvalidError,
    ObligationOverlapsError,
    ObligationUnknownError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

PERSON = ("--addressee", "12345678Z")
NAMED = ("--addressee-name", "Ana García López")
SINCE = ("--since", "2026-03-01T00:00:00+01:00")
UNTIL = ("--until", "2026-09-01T00:00:00+02:00")


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(obligation, arguments)

    return run


def test_an_obligation_is_entered_listed_and_ended(run: Run) -> None:
    first = run("enter", *PERSON, *NAMED, "--ground", "c", *SINCE)
    assert first.exit_code == 0, first.output
    identifier, *said = first.output.strip().split("\t")
    assert said[:6] == ["12345678Z", "c", "2026-02-28T23:00:00.000Z", "-", "-", "-"]
    assert run("enter", *PERSON, "--ground", "c", *SINCE).output == first.output
    assert run("list", *PERSON).output == run("list").output == first.output
    ended = run("end", identifier, "--at", UNTIL[1]).output.strip().split("\t")
    assert ended[4] == "2026-08-31T22:00:00.000Z"
    assert run("end", identifier, "--at", UNTIL[1]).output.strip().split("\t") == ended
    # An entry that says the same without its end is the one that is there.
    assert run("enter", *PERSON, "--ground", "c", *SINCE).output.strip().split("\t") == ended


def test_the_activity_of_a_professional_is_told(run: Run) -> None:
    activity = ("--matter", "penalties", "--matter", "appeals", "--procedure", "203546")
    line = run("enter", *PERSON, *NAMED, "--ground", "a", *SINCE, *activity).output.strip().split("\t")
    assert line[5:7] == ["appeals,penalties", "203546"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((*PERSON, "--ground", "c", *SINCE), NotAddresseeError),
        ((*PERSON, *NAMED, "--ground", "e", *SINCE), ObligationInvalidError),
        ((*PERSON, *NAMED, "--ground", "a", *SINCE), ObligationInvalidError),
        ((*PERSON, *NAMED, "--ground", "c", *SINCE, "--until", SINCE[1]), ObligationInvalidError),
        (("--addressee", "B12345674", *NAMED, "--ground", "c", *SINCE), ObligationInvalidError),
        ((*PERSON, *NAMED, "--ground", "c", "--since", "2026-03-01"), ConfigurationError),
    ],
)
def test_what_cannot_be_entered_is_refused_and_nothing_changes(
    run: Run, arguments: tuple[str, ...], error: type[Exception]
) -> None:
    result = run("enter", *arguments)
    assert isinstance(result.exception, error)
    assert run("list").output == ""
    assert isinstance(run("list", *PERSON).exception, NotAddresseeError)


def test_two_entries_of_one_ground_never_overlap(run: Run) -> None:
    entered = run("enter", *PERSON, *NAMED, "--ground", "c", *SINCE, *UNTIL).output
    for since in ("2026-02-01T00:00:00+01:00", "2026-05-01T00:00:00+02:00"):
        result = run("enter", *PERSON, "--ground", "c", "--since", since)
        assert isinstance(result.exception, ObligationOverlapsError)
    assert run("list").output == entered
    assert run("enter", *PERSON, "--ground", "c", "--since", UNTIL[1]).exit_code == 0
    assert run("enter", *PERSON, "--ground", "b", *SINCE).exit_code == 0


def test_an_end_is_of_an_entry_and_after_its_beginning(run: Run) -> None:
    entered = run("enter", *PERSON, *NAMED, "--ground", "c", *SINCE).output
    identifier = entered.split("\t", maxsplit=1)[0]
    before = run("end", identifier, "--at", SINCE[1])
    assert isinstance(before.exception, ObligationInvalidError)
    unknown = run("end", "00000000-0000-7000-8000-000000000000")
    assert isinstance(unknown.exception, ObligationUnknownError)
    assert run("list").output == entered
