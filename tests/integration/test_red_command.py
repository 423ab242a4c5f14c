"""`notigateway red`: what the operator types and reads, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.cli.red import red
from notigateway.errors import (
    AccountInvalidError,
    ConfigurationError,
    NotAddresseeError,
    RedAssignmentInvalidError,
    RedAssignmentOverlapsError,
    RedUserInvalidError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

COMPANY = ("--addressee", "B12345674", "--account", "28/1234567-42")
PERSON = ("--red-party", "00000003A", "--red-name", "Celia Prueba", "--authorisation", "123456")
FROM = ("--from", "2026-03-01T00:00:00+01:00")
NAMED = ("--addressee-name", "Conservas del Norte SL")


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(red, arguments)

    return run


def test_an_assignment_is_registered_listed_and_ended(run: Run) -> None:
    first = run("assign", *COMPANY, *PERSON, *FROM, *NAMED)
    assert first.exit_code == 0, first.output
    identifier, account, addressee, person, authorisation, starts, ends = first.output.strip().split("\t")
    assert (account, addressee, person, authorisation) == (
        "28123456742",
        "B12345674",
        "00000003A",
        "123456",
    )
    assert (starts, ends) == ("2026-02-28T23:00:00.000Z", "-")
    assert run("assign", *COMPANY, *PERSON, *FROM).output == first.output
    assert run("list").output == first.output
    assert run("list", "--account", "28/1234567-42").output == first.output
    assert run("list", "--account", "08999999904").output == ""
    assert isinstance(run("list", "--account", "foo").exception, AccountInvalidError)
    ended = run("end", identifier)
    assert ended.output.split("\t")[:6] == first.output.split("\t")[:6]
    assert ended.output.strip()[-1] == "Z"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((*COMPANY, *PERSON), NotAddresseeError),
        (("--addressee", "B12345675", "--account", "28123456742", *PERSON), RedAssignmentInvalidError),
        ((*COMPANY, *PERSON, "--from", "2026-03-01"), ConfigurationError),
        ((*COMPANY, *PERSON, "--from", "tomorrow"), ConfigurationError),
    ],
)
def test_what_cannot_be_registered_is_refused(
    run: Run, arguments: tuple[str, ...], error: type[Exception]
) -> None:
    result = run("assign", *arguments)
    assert isinstance(result.exception, error)
    assert run("list").output == ""


def test_two_assignments_of_one_account_never_overlap(run: Run) -> None:
    run("assign", *COMPANY, *PERSON, *FROM, *NAMED)
    other = ("--red-party", "00000006Y", "--red-name", "Otra", "--authorisation", "7")
    result = run("assign", *COMPANY, *other)
    assert isinstance(result.exception, RedAssignmentOverlapsError)
    assert len(run("list").output.splitlines()) == 1


def test_secondary_users_are_registered_listed_and_ended(run: Run) -> None:
    run("assign", *COMPANY, *PERSON, *FROM, *NAMED)
    user = ("--holder", "00000003A", "--authorisation", "123456", "--person", "00000001R")
    added = run("user", "add", *user, "--person-name", "Eva", *FROM)
    assert added.exit_code == 0, added.output
    fields = added.output.strip().split("\t")
    assert fields[1:] == ["00000003A", "123456", "00000001R", "Eva", "2026-02-28T23:00:00.000Z", "-"]
    assert run("user", "list").output == run("user", "list", "--holder", "00000003A").output == added.output
    ended = run("user", "end", fields[0])
    assert ended.output.split("\t")[:6] == fields[:6]
    unknown = run("user", "end", "00000000-0000-0000-0000-000000000000")
    assert isinstance(unknown.exception, RedUserInvalidError)


def test_planning_anew_changes_nothing_that_the_register_says(run: Run) -> None:
    run("assign", *COMPANY, *PERSON, *FROM, *NAMED)
    before = run("list").output
    assert run("plan").output == (
        "RED windows derived from the register: of 1 addressees with assignments\n"
        "kept ready for lists, changes and counts: all of it was right; 0 texts of list rows written\n"
    )
    assert run("list").output == before
