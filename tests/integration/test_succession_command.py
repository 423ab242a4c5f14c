"""`notigateway succession`: what the operator types and reads, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from notigateway.cli.succession import succession
from notigateway.errors import ConfigurationError, SuccessionInvalidError, SuccessionUnknownError
from notigateway.instants import instant_text
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

WARD, GUARDIAN, COMPANY, HEIR = "12345678Z", "00000007F", "B12345674", "A58818501"
SAID = {
    "--predecessor": WARD,
    "--successor": GUARDIAN,
    "--successor-name": "Ana García López",
    "--cause": "guardianship",
    "--fact-at": "2026-03-01T00:00:00+01:00",
    "--document": "Auto 12/2026",
}


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    with writing(engine) as session:  # only whom something was addressed to can have a successor
        for identifier in (WARD, COMPANY):
            ensure_addressee(session, identifier=identifier, name="Conservas de Prueba SL")

    def run(*arguments: str, **changed: str) -> Result:
        named = {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
        said = SAID | named if arguments == ("enter",) else named
        return CliRunner().invoke(succession, [*arguments, *(part for pair in said.items() for part in pair)])

    return run


def test_a_guardianship_is_entered_listed_and_ended(run: Run) -> None:
    first = run("enter")
    assert first.exit_code == 0, first.output
    identifier, *said = first.output.rstrip("\n").split("\t")
    assert said[:4] == [WARD, GUARDIAN, "guardianship", "2026-02-28T23:00:00.000Z"]
    assert said[5:] == ["-", "-", "-", "Auto 12/2026"]
    assert run("enter").output == run("list").output == first.output
    end = instant_text(datetime.now(UTC) + timedelta(days=30))
    ended = run("end", identifier, at=end).output.rstrip("\n").split("\t")
    assert ended[6] == end
    assert run("list").output.rstrip("\n").split("\t") == ended


def test_its_scope_is_told(run: Run) -> None:
    line = run("enter", procedure="203546").output.rstrip("\n").split("\t")
    assert line[8] == "203546"
    account = run(
        "enter", predecessor=COMPANY, successor=HEIR, cause="account_subrogation", account="28123456742"
    ).output.split("\t")
    assert account[8] == "28123456742"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"successor": WARD}, SuccessionInvalidError),
        ({"cause": "merger"}, SuccessionInvalidError),
        ({"account": "28123456742"}, SuccessionInvalidError),
        ({"fact_at": "2026-03-01"}, ConfigurationError),
        ({"fact_at": "2999-03-01T00:00:00Z"}, SuccessionInvalidError),
        ({"predecessor": HEIR}, SuccessionInvalidError),
    ],
)
def test_what_cannot_be_entered_is_refused_and_nothing_changes(
    run: Run, changed: dict[str, str], error: type[Exception]
) -> None:
    assert isinstance(run("enter", **changed).exception, error)
    assert run("list").output == ""


def test_what_cannot_be_ended_stays_as_it_is(run: Run) -> None:
    identifier = run("enter").output.split("\t")[0]
    before = run("list").output
    assert isinstance(run("end", str(uuid4())).exception, SuccessionUnknownError)
    assert isinstance(run("end", identifier, at="2026-03-02T00:00:00Z").exception, SuccessionInvalidError)
    assert run("end", "garbage").exit_code == 2
    assert run("list").output == before
