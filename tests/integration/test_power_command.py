"""`notigateway power`: what the operator types and reads, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalogue import CATALOGUE
from notigateway.cli.power import COLUMNS, power
from notigateway.errors import (
    ConfigurationError,
    NotAddresseeError,
    PowerExistsError,
    PowerInvalidError,
    PowerSelfGrantedError,
)
from notigateway.repository.catalogue import load_catalogue
from notigateway.repository.engine import writing
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

HEADER = (
    "grantor,grantor_name,attorney,attorney_name,scope,items,registered_at,accepted_at,expires_at,adapted\n"
)
OLD = "2021-04-01T23:59:59+02:00,2021-04-01T23:59:59+02:00,2026-03-01T00:00:00+01:00"
TIMES = "2024-01-10T10:00:00+01:00,2024-01-11T10:00:00+01:00,2029-01-10T09:00:00+01:00"
GENERAL = f"B12345674,Conservas,00000004G,Celia,general,,{TIMES},\n"
NAMED = f"B12345674,,00000003A,Luis,procedure,procedure:203546;group:rates,{TIMES},\n"
VOID = f"12345678Z,Ana,00000004G,Celia,matter,matter:of the old register,{OLD},\n"
ADAPTED = f"12345678Z,,00000003A,Luis,general,,{OLD},true\n"


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", url)
    with writing(engine) as session:
        load_catalogue(session, CATALOGUE, now=NOW)

    def run(*arguments: str, content: str | None = None) -> Result:
        if content is not None:
            file = tmp_path / "powers"
            file.write_text(content, encoding="utf-8")
            arguments = (*arguments, str(file))
        return CliRunner().invoke(power, arguments)

    return run


def test_powers_of_another_register_are_brought_here_once_void_ones_too(run: Run) -> None:
    first = run("import", content=HEADER + GENERAL + NAMED + VOID + ADAPTED)
    assert first.exit_code == 0, first.output
    lines = [line.split("\t") for line in first.output.splitlines()]
    assert [(line[1], line[2], line[3], line[4], line[5]) for line in lines] == [
        ("B12345674", "00000004G", "general", "-", "in_force"),
        ("B12345674", "00000003A", "procedure", "procedure:203546;group:rates", "in_force"),
        ("12345678Z", "00000004G", "matter", "matter:of the old register", "void"),
        ("12345678Z", "00000003A", "general", "-", "expired"),
    ]
    assert run("import", content=HEADER + GENERAL + NAMED + VOID + ADAPTED).output == first.output
    assert sorted(run("list").output.splitlines()) == sorted(first.output.splitlines())
    assert len(run("list", "--party", "00000004G").output.splitlines()) == 2


def test_json_lines_say_the_same(run: Run) -> None:
    line = (
        '{"grantor": "B12345674", "grantor_name": "Conservas", "attorney": "00000004G",'
        ' "attorney_name": "Celia", "scope": "matter", "items": "matter:collection;matter:penalties",'
        ' "accepted_at": null,'
        ' "registered_at": "2024-01-10T10:00:00+01:00", "expires_at": "2029-01-10T09:00:00+01:00",'
        ' "adapted": false, "attorney_contact": "celia@example.org"}'
    )
    result = run("import", content=line)
    assert result.output.split("\t")[4:6] == ["matter:collection;matter:penalties", "not_accepted"]


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        (GENERAL.replace("00000004G", "B12345674"), PowerSelfGrantedError, "line 3"),
        (GENERAL.replace("00000004G", "00000004H"), PowerInvalidError, "line 3: attorney: identifier"),
        (GENERAL.replace("B12345674", "B12345675"), PowerInvalidError, "line 3: grantor: identifier"),
        (GENERAL.replace("general", "all"), PowerInvalidError, "line 3: scope"),
        (GENERAL.replace("Celia", ""), PowerInvalidError, "line 3: attorney_name: required"),
        (GENERAL.replace("\n", "perhaps\n"), PowerInvalidError, "line 3: adapted"),
        (GENERAL.replace("2024-01-10", "2924-01-10"), PowerInvalidError, "line 3: registered_at"),
        (GENERAL.replace("2029-01-10", "2023-01-10"), PowerInvalidError, "line 3: expires_at"),
        (GENERAL.replace("2024-01-11", "2023-01-11"), PowerInvalidError, "line 3: accepted_at"),
        (GENERAL.replace("+01:00", ""), ConfigurationError, "line 3"),
        (GENERAL.replace("2024-01-10", "2024-01-11"), PowerExistsError, "line 3: power"),
        (NAMED.replace("203546", "203547"), PowerInvalidError, "line 3: item: not_in_catalogue"),
        (NAMED.replace("group:", "folder:"), PowerInvalidError, "line 3: items"),
        (NAMED.replace("B12345674", "A28000016"), NotAddresseeError, "line 3: party A28000016"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(
    run: Run, line: str, error: type[Exception], says: str
) -> None:
    result = run("import", content=HEADER + GENERAL + line)
    assert isinstance(result.exception, error), result.exception
    assert says in str(result.exception)
    assert run("list").output == ""


def test_a_column_that_nobody_reads_is_refused(run: Run) -> None:
    result = run("import", content=HEADER.replace("adapted", "adaptado") + GENERAL.replace("\n", "true\n"))
    assert isinstance(result.exception, ConfigurationError)
    assert "line 2: unknown: adaptado" in str(result.exception)


def test_a_line_that_is_refused_says_why(run: Run) -> None:
    forever = f"B12345674,Conservas,00000004G,Celia,general,,{TIMES.replace('2029', '2039')},\n"
    refused = run("import", content=HEADER + forever).exception
    assert str(refused) == (
        "line 2: A power, and each extension, may run for at most five years from its registration."
    )
    refused = run("import", content=HEADER + GENERAL + NAMED.replace("203546", "999999")).exception
    assert isinstance(refused, PowerInvalidError)
    assert str(refused).startswith("line 3: item: not_in_catalogue (the catalogue")


def test_the_help_says_what_a_line_has(run: Run) -> None:
    text = " ".join(run("import", "--help").stdout.split())
    assert [name for name in sorted(COLUMNS) if name not in text] == []
