"""`notigateway import`: what the operator brings and reads, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from bench.world import account_of, nif_of
from sqlalchemy import Engine, event, func, select
from typer.testing import CliRunner

from catalogue import CATALOGUE
from notigateway.cli.commands import program
from notigateway.cli.import_kinds import KINDS
from notigateway.errors import ConfigurationError
from notigateway.repository.accounts import list_accounts, list_main_entries
from notigateway.repository.addressees import find_addressee
from notigateway.repository.catalogue import load_catalogue
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.model import Addressee
from notigateway.repository.powers import list_all_powers, list_all_red_assignments
from notigateway.repository.rights import RightsChange
from notigateway.repository.schema import upgrade
from notigateway.repository.windows import RedWindow
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

pytestmark = pytest.mark.once

COMPANY, OTHER, PERSON, BUREAU = "B12345674", "A28000016", "12345678Z", "00000004G"
CCC, SECOND = "28123456742", "08999999904"
SINCE = "2026-01-01T00:00:00+01:00"
ADDRESSEES = (
    f"nif;name;ccc;from\n{COMPANY};Conservas; {CCC};{SINCE}\n{OTHER};Otra;;\n{PERSON};Ana;{SECOND};{SINCE}\n"
)
RED = (
    "addressee,addressee_name,account,red_party,red_name,authorisation,from\n"
    f"{COMPANY},Conservas,{CCC},{BUREAU},Celia,12345,{SINCE}\n"
    f"{PERSON},Ana,{SECOND},{BUREAU},Celia,12345,{SINCE}\n"
)


class Said(NamedTuple):
    code: int
    counts: tuple[int, int, int]
    refused: list[dict[str, Any]]
    err: str
    error: BaseException | None


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    with writing(engine) as session:
        load_catalogue(session, CATALOGUE, now=NOW)

    def run(kind: str, content: str | bytes, *options: str) -> Said:
        file = tmp_path / "lines"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = CliRunner().invoke(program(["import"]), ["import", kind, str(file), "--json", *options])
        told = json.loads(found.stdout) if found.stdout.startswith("{") else {}
        counts = tuple(told.get(name, -1) for name in ("created", "changed", "unchanged"))
        return Said(found.exit_code, counts, told.get("refused", []), found.stderr, found.exception)

    return run


def test_addressees_come_once_with_their_main_account(run: Callable[..., Said], engine: Engine) -> None:
    first = run("addressees", "﻿" + ADDRESSEES)
    assert (first.code, first.counts) == (0, (3, 0, 0))
    assert run("addressees", ADDRESSEES).counts == (0, 0, 3)
    assert run("addressees", ADDRESSEES.replace("Conservas", "Conservas SL")).counts == (0, 1, 2)
    with reading(engine) as session:
        row = find_addressee(session, COMPANY)
        assert row is not None
        assert row.name == "Conservas SL"
        assert [one.number for one in list_main_entries(session, row)] == [CCC]


def test_assignments_are_made_by_the_single_commands_rules(run: Callable[..., Said], engine: Engine) -> None:
    assert run("red", RED).counts == (2, 0, 0)
    assert run("red", RED).counts == (0, 0, 2)
    another = RED.replace("12345,", "99999,")
    refused = run("red", another)
    assert (refused.code, refused.counts) == (1, (0, 0, 0))
    assert {one["code"] for one in refused.refused} == {"RED_ASSIGNMENT_OVERLAPS"}
    with reading(engine) as session:
        assert [row.account for row in list_all_red_assignments(session)] == sorted((CCC, SECOND))
    users = f"holder,authorisation,person,person_name,from\n{BUREAU},12345,00000003A,Luis,{SINCE}\n"
    assert [run("red-users", users).counts for _ in range(2)] == [(1, 0, 0), (0, 0, 1)]
    assert run("red-users", users.replace("12345", "54321")).refused[0]["column"] == "authorisation"
    # The same number, written otherwise.
    assert run("red-users", users.replace("12345", "00 12345")).counts == (0, 0, 1)
    assert run("red", RED.replace("12345,2", "12.345,2")).counts == (0, 0, 2)


def test_half_a_character_is_kept_as_it_was(run: Callable[..., Said], tmp_path: Path) -> None:
    line = {"nif": COMPANY, "name": "\ud800 Ñ"}
    good = {"nif": OTHER, "name": "Otra"}
    kept = tmp_path / "refused.jsonl"
    found = run("addressees", json.dumps(line) + "\n" + json.dumps(good), "--errors", str(kept))
    assert ([one["line"] for one in found.refused], found.counts) == ([1], (1, 0, 0))
    assert json.loads(kept.read_text())["name"] == line["name"]


def test_a_bad_line_is_left_out_alone_and_can_be_mended(
    run: Callable[..., Said], engine: Engine, tmp_path: Path
) -> None:
    bad = ADDRESSEES.replace(f"{OTHER};Otra", "A28000017;Otra").replace(
        f"{SINCE}\n{PERSON}", f"{SINCE}\n{PERSON}"
    )
    kept = tmp_path / "refused.jsonl"
    found = run("addressees", bad, "--errors", str(kept))
    assert (found.code, found.counts) == (1, (2, 0, 0))
    assert found.refused == [
        {
            "line": 3,
            "code": "ACCOUNT_INVALID",
            "column": "nif",
            "reason": "addressee: identifier (the number is malformed, or its check digits are wrong)",
        }
    ]
    assert "line 3: nif: ACCOUNT_INVALID" in found.err
    assert "A28000017" not in found.err
    mended = run("addressees", kept.read_text().replace("A28000017", OTHER))
    assert (mended.code, mended.counts) == (0, (1, 0, 0))
    with reading(engine) as session:
        assert find_addressee(session, OTHER) is not None


def test_refused_lines_come_back_as_csv_with_the_number_that_they_had(
    run: Callable[..., Said], tmp_path: Path
) -> None:
    kept, again = tmp_path / "refused.csv", tmp_path / "again.csv"
    lost = f"\ufeffnif;name;ccc\n{OTHER};Otra;\n{COMPANY};Conservas, S.L.;{SECOND[1:]}\n"
    found = run("addressees", lost, "--errors", str(kept))
    assert (found.counts, found.refused[0]["line"], found.refused[0]["column"]) == ((1, 0, 0), 3, "ccc")
    assert "with a 0 in front it is right" in found.refused[0]["reason"]
    assert kept.read_text("utf-8").splitlines()[0] == "\ufeffnif;name;ccc;_line;_column;_code;_reason"
    second = run("addressees", kept.read_text("utf-8"), "--errors", str(again))
    assert second.refused[0]["line"] == 3
    mended = again.read_text("utf-8").replace(SECOND[1:], SECOND)
    assert run("addressees", mended).counts == (1, 0, 0)


def test_the_column_of_an_account_that_is_anothers_is_told(run: Callable[..., Said]) -> None:
    run("addressees", ADDRESSEES)
    found = run("addressees", f"nif,name,ccc\n{OTHER},Otra,{CCC}\n")
    assert found.refused[0]["column"] == "ccc"
    assert "belongs to another addressee" in found.refused[0]["reason"]


def test_what_a_refused_line_began_is_taken_back(run: Callable[..., Said], engine: Engine) -> None:
    content = RED.replace(f"{PERSON},Ana,{SECOND},{BUREAU}", f"{PERSON},Ana,{SECOND},{PERSON}")
    found = run("red", content)
    assert (found.code, found.counts) == (1, (1, 0, 0))
    assert found.refused[0]["column"] == "red_party"
    with reading(engine) as session:
        assert find_addressee(session, PERSON) is None
        assert find_addressee(session, COMPANY) is not None


def test_of_two_lines_that_contradict_each_other_the_second_is_refused(
    run: Callable[..., Said], engine: Engine
) -> None:
    content = f"nif,name\n{COMPANY},Conservas\n{COMPANY},Conservas\n{COMPANY},Conservas SL\n"
    found = run("addressees", content)
    assert (found.code, found.counts) == (1, (1, 0, 1))
    assert [(one["line"], one["code"]) for one in found.refused] == [(4, "IMPORT_LINE_INVALID")]
    assert "line 2 says otherwise of the same nif" in found.refused[0]["reason"]
    with reading(engine) as session:
        row = find_addressee(session, COMPANY)
        assert row is not None
        assert row.name == "Conservas"


def test_a_dry_run_checks_and_changes_nothing(run: Callable[..., Said], engine: Engine) -> None:
    found = run("addressees", ADDRESSEES.replace("Otra", ""), "--dry-run")
    assert (found.code, found.counts) == (1, (2, 0, 0))
    assert found.refused[0]["column"] == "name"
    with reading(engine) as session:
        assert find_addressee(session, COMPANY) is None


def test_accounts_have_their_history(run: Callable[..., Said], engine: Engine) -> None:
    run("addressees", ADDRESSEES)
    content = (
        "nif,account,from,to,main,ground\n"
        f"{OTHER},{CCC},2026-02-01T00:00:00Z,,,\n"
        f"{OTHER},08123456774,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,false,\n"
        f"{OTHER},08123456774,2022-01-01T00:00:00Z,,true,\n"
        f"{COMPANY},{CCC},2024-01-01T00:00:00Z,2025-01-01T00:00:00Z,true,told late\n"
    )
    found = run("accounts", content)
    assert [one["line"] for one in found.refused] == [2], found.refused
    assert found.counts == (3, 0, 0)
    assert run("accounts", content).counts == (0, 0, 3)
    with reading(engine) as session:
        row = find_addressee(session, OTHER)
        assert row is not None
        assert [one.ends_at is None for one in list_accounts(session, row)] == [False, True]


def test_powers_and_obligations_come_line_by_line(run: Callable[..., Said], engine: Engine) -> None:
    times = "2024-01-10T10:00:00+01:00,2024-01-11T10:00:00+01:00,2029-01-10T09:00:00+01:00"
    head = "grantor,grantor_name,attorney,attorney_name,scope,items,registered_at,accepted_at,expires_at\n"
    lines = (
        f"{COMPANY},Conservas,{BUREAU},Celia,general,,{times}\n"
        f"{COMPANY},,{BUREAU},Celia,everything,,{times}\n"
        f"{OTHER},Otra,{BUREAU},Celia,matter,matter:collection,{times.replace('+01:00', '', 1)}\n"
    )
    found = run("powers", head + lines)
    assert found.counts == (1, 0, 0)
    assert [(one["line"], one["column"]) for one in found.refused] == [(3, "scope"), (4, "registered_at")]
    assert run("powers", head + lines).counts == (0, 0, 1)
    with reading(engine) as session:
        assert len(list_all_powers(session)) == 1
    entry = f'{{"addressee": "{PERSON}", "addressee_name": "Ana", "ground": "b", "since": "{SINCE}"}}\n'
    assert [run("obligations", entry).counts for _ in range(2)] == [(1, 0, 0), (0, 0, 1)]


def test_nothing_is_missing_or_doubled_after_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    lines = [f"{number:08d}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]},P{number}" for number in range(100, 600)]
    file = tmp_path / "addressees.csv"
    file.write_text("\n".join(["nif,name", *lines]))
    engine = create_database(url)
    upgrade(engine)
    command = [sys.executable, "-m", "notigateway.cli.main", "import", "addressees", str(file), "--json"]
    environment = {**os.environ, "NOTIGATEWAY_DATABASE_URL": url}
    count = select(func.count()).select_from(Addressee)

    def entered() -> int:
        with reading(engine) as session:
            return session.scalar(count) or 0

    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while not entered() and process.poll() is None:
            os.sched_yield()
        process.kill()
    begun = entered()
    assert begun
    again = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    told = json.loads(again.stdout)
    assert (told["created"], told["unchanged"]) == (len(lines) - begun, begun)
    assert entered() == len(lines)
    engine.dispose()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (ADDRESSEES.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"\0" * 99, "Excel workbook: save it as CSV UTF-8"),
        (ADDRESSEES.replace("Ana", "Ñuño").encode("cp1252"), "line 4 is not in UTF-8"),
        (ADDRESSEES.replace("Ana", "A\0na"), "line 4 holds a zero byte"),
        (ADDRESSEES.replace("Ana", "A" * 70_000), "line 4 has more than"),
        (ADDRESSEES.replace("Otra", '"Otra'), "line 3 is not CSV"),
        (ADDRESSEES.replace("ccc", "cccc"), "nobody reads, or twice: cccc"),
        (ADDRESSEES.replace("ccc", "nif"), "nobody reads, or twice: nif"),
    ],
)
def test_a_file_that_nobody_can_tell_lines_of_changes_nothing(
    run: Callable[..., Said], engine: Engine, content: str | bytes, says: str
) -> None:
    found = run("addressees", content)
    assert isinstance(found.error, ConfigurationError)
    assert says in str(found.error)
    with reading(engine) as session:
        assert find_addressee(session, COMPANY) is None


def test_a_file_without_a_line_is_told(run: Callable[..., Said]) -> None:
    found = run("addressees", "nif;name\n")
    assert (found.code, found.counts) == (0, (0, 0, 0))
    assert "there is no line in the file" in found.err


def test_bad_lines_of_json_are_named(run: Callable[..., Said]) -> None:
    good = json.dumps({"nif": COMPANY, "name": "Conservas", "_note": "nobody reads this"})
    bad = [
        '{"nif": ',
        "[]",
        '{"nif": "A28000016", "name": 7}',
        '{"nif": "A28000016", "nombre": "x"}',
        '{"nif": "A"}',
    ]
    found = run("addressees", "\n\n".join([good, *bad]))
    assert found.counts == (1, 0, 0)
    assert [(one["line"], one["column"]) for one in found.refused] == [
        (3, "line"),
        (5, "line"),
        (7, "name"),
        (9, "line"),
        (11, "name"),
    ]


def test_a_column_too_many_or_too_few_is_the_lines_own(run: Callable[..., Said]) -> None:
    found = run("addressees", f"nif,name\n{COMPANY},Conservas,SL\n{OTHER}\n{PERSON},Ana\n\n")
    assert found.counts == (1, 0, 0)
    assert [one["line"] for one in found.refused] == [2, 3]


def test_the_help_names_every_column() -> None:
    text = " ".join(CliRunner().invoke(program(["import"]), ["import", "--help"]).stdout.split())
    missing = [
        name for kind, one in KINDS.items() if kind != "powers" for name in one.columns if name not in text
    ]
    assert missing == []


def test_refused_lines_among_many_leave_nothing_and_the_others_go_in(
    run: Callable[..., Said], engine: Engine
) -> None:
    head, bad = RED.splitlines()[0], (14, 15, 33)
    lines = [
        f"{nif_of(n)},Empresa {n},{account_of(n)},{'nobody' if n in bad else BUREAU},Celia,1,{SINCE}"
        for n in range(10, 40)
    ]
    # The same addressee again, in the same portion, with another one for its account.
    lines.append(f"{nif_of(20)},Empresa 20,{account_of(20)},{OTHER},Otra,2,2026-02-01T00:00:00+01:00")

    said = run("red", "\n".join([head, *lines]))

    assert said.counts == (27, 0, 0)
    assert [one["line"] for one in said.refused] == [6, 7, 25, 32]
    with reading(engine) as session:
        assert find_addressee(session, nif_of(14)) is None
        assert find_addressee(session, nif_of(33)) is None
        assigned = {one.addressee.identifier for one in list_all_red_assignments(session)}
    assert assigned == {nif_of(n) for n in range(10, 40)} - {nif_of(14), nif_of(15), nif_of(33)}
    assert run("red", "\n".join([head, *lines])).counts == (0, 0, 27)


def test_a_portion_opens_a_window_for_each_line_in_few_statements(
    run: Callable[..., Said], engine: Engine
) -> None:
    head = RED.splitlines()[0]
    lines = [f"{nif_of(n)},Empresa {n},{account_of(n)},{BUREAU},Celia,1,{SINCE}" for n in range(100, 200)]
    executed: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        executed.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert run("red", "\n".join([head, *lines])).counts == (100, 0, 0)
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    with reading(engine) as session:
        windows = session.scalars(select(RedWindow)).all()
        changes = session.scalars(select(RightsChange)).all()
    assert len({one.addressee_id for one in windows}) == len(windows) == len(changes) == 100
    assert len(executed) < 2 * len(lines)
