"""`notigateway addressee`: what the operator types and reads, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.cli.addressee import addressee
from notigateway.errors import (
    AccountInvalidError,
    ConfigurationError,
    GatewayError,
    InvalidActError,
    NotAddresseeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

COMPANY, OTHER = "B12345674", "A28000016"
CCC, SECOND = "28123456742", "08999999904"


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", engine.url.render_as_string(hide_password=False))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(addressee, arguments)

    return run


def said(run: Run) -> list[list[str]]:
    return [line.split("\t") for line in run("history", COMPANY).output.splitlines()]


def test_names_and_accounts_have_their_history(run: Run) -> None:
    assert run("name", COMPANY, "Conservas SL").output == f"{COMPANY}\tConservas SL\n"
    run("name", COMPANY, "Conservas del Norte SL")
    run("name", COMPANY, "Conservas del Norte SL")
    run("account", COMPANY, SECOND, "--from", "2026-01-01T00:00:00Z")
    run("main", COMPANY, f"0111{CCC}", "--from", "2026-01-01T00:00:00Z")
    run("main", COMPANY, CCC)
    corrected = run(
        *("main", COMPANY, SECOND, "--from", "2026-02-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z"),
        *("--ground", "the company told of another account", "--by", "12345678Z"),
    )
    assert corrected.exit_code == 0, corrected.output
    first, name, held, main, entered, correction = said(run)
    assert (first[:3], first[3][-1]) == (["name", "Conservas SL", "-"], "Z")
    assert name == ["name", "Conservas del Norte SL", "-", "-"]
    assert {held[1], main[1]} == {SECOND, f"0111{CCC}"}
    assert entered[:4] == ["main", f"0111{CCC}", "2026-01-01T00:00:00.000Z", "-"]
    assert correction[1:4] == [SECOND, "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]
    assert correction[5:] == ["12345678Z", "the company told of another account"]


def test_an_account_that_ended_may_be_somebody_elses(run: Run) -> None:
    run("name", COMPANY, "Conservas SL")
    run("name", OTHER, "Otra SA")
    run("main", COMPANY, CCC)
    assert run("end-account", COMPANY, CCC).output.startswith(f"account\t{CCC}\t")
    assert said(run)[-1][:2] == ["main", "-"]
    assert run("main", OTHER, CCC).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("name", "B12345675", "x"), AccountInvalidError),
        (("name", COMPANY, " "), InvalidActError),
        (("account", OTHER, SECOND), NotAddresseeError),
        (("history", OTHER), NotAddresseeError),
        (("account", COMPANY, "28123456743"), AccountInvalidError),
        (("main", COMPANY, SECOND, "--from", "yesterday"), ConfigurationError),
        (
            ("main", COMPANY, SECOND, "--from", "2026-02-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z"),
            AccountInvalidError,
        ),
        (
            (
                *("main", COMPANY, SECOND, "--from", "2026-02-01T00:00:00Z"),
                *("--to", "2026-01-01T00:00:00Z", "--ground", "x"),
            ),
            AccountInvalidError,
        ),
        (("main", COMPANY, SECOND, "--by", "nobody"), AccountInvalidError),
        (("end-account", COMPANY, SECOND), AccountInvalidError),
        (("end-account", COMPANY, CCC, "--at", "2026-01-01T00:00:00Z"), AccountInvalidError),
    ],
)
def test_what_cannot_be_entered_is_refused(
    run: Run, arguments: tuple[str, ...], error: type[GatewayError]
) -> None:
    run("name", COMPANY, "Conservas SL")
    run("main", COMPANY, CCC)
    before = said(run)
    result = run(*arguments)
    assert isinstance(result.exception, error), result.output
    assert said(run) == before


def test_an_account_of_another_company_is_refused_by_name(run: Run) -> None:
    for nif in (COMPANY, OTHER):
        run("name", nif, nif)
    run("main", COMPANY, CCC)
    for command in ("account", "main"):
        result = run(command, OTHER, f"0111{CCC}")
        assert isinstance(result.exception, AccountInvalidError)
        assert result.exception.facts == {"field": "account", "problem": "of_another_addressee"}
