"""What a command loads: the libraries that it uses, and none before it uses them.

A timer starts some commands every minute, and a person waits for all: loading everything takes two seconds of
CPU. Held as the libraries that may not be there, which is the same on every machine. One process for each
program goes from its lightest command to its heaviest, since what is loaded stays loaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args, get_type_hints

import pytest
import typer

import notigateway.cli.main
import notigateway.client.cli
import notigateway.verifier.cli
import operating
from notigateway.cli.commands import COMMANDS, program
from notigateway.cli.explain import explain
from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade
from notigateway.soap.served import SERVED
from patience import PATIENCE_SECONDS
from pki import pki, write_pem

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS: Final = {
    "notigateway": notigateway.cli.main,
    "notigateway-client": notigateway.client.cli,
    "notigateway-verify": notigateway.verifier.cli,
}
APPS: Final = {
    "notigateway": operating.app,
    "notigateway-client": notigateway.client.cli.app,
    "notigateway-verify": notigateway.verifier.cli.app,
}
# What takes long to load, and tells nothing of what a command is for.
SLOW: Final = frozenset(
    {
        *(
            "aiohttp",
            "alembic",
            "asn1crypto",
            "cryptography",
            "flask",
            "fpdf",
            "gunicorn",
            "holidays",
            "httpx",
        ),
        *("lxml", "obstore", "prometheus_client", "psycopg", "pydantic_settings", "pygments", "pyhanko"),
        *("pyhanko_certvalidator", "rich", "segno"),
        *("signxml", "spyne", "sqlalchemy", "structlog", "tenacity", "typst", "xmlsec"),
    }
)
# What a help, or what is wrong with a command's words, is shown with.
OF_SHOWING: Final = frozenset({"pygments", "rich"})
# What the jobs use, with a SQLite file and keys in files.
OF_JOBS: Final = frozenset(
    {"cryptography", "lxml", "prometheus_client", "pydantic_settings", "signxml", "sqlalchemy"}
)
# The jobs from the lightest to the heaviest, and what each uses beside that.
LOADED: Final = {
    ("sweep",): frozenset[str](),
    ("checkpoint",): {"asn1crypto"},
    ("log", "verify"): {"asn1crypto"},
    ("check", "--processes", "1"): {"asn1crypto", "obstore", "xmlsec"},
}
RUN: Final = """
import json, sys
from importlib import import_module
from io import StringIO
module, slow, asked = json.load(sys.stdin)
main, told = import_module(module).main, sys.stdout
for words in asked:
    sys.argv, sys.stdout, sys.stderr, code = ["program", *words], StringIO(), StringIO(), 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    said = sys.stdout.getvalue() + sys.stderr.getvalue()
    print(json.dumps([code, said, sorted(set(slow) & set(sys.modules))]), file=told)
"""


class Ran(NamedTuple):
    code: int
    said: str
    loaded: frozenset[str]


def run(name: str, asked: list[list[str]]) -> list[Ran]:
    """Run commands one after another in one process."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([PROGRAMS[name].__name__, sorted(SLOW), asked]),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [Ran(code, said, frozenset(loaded)) for code, said, loaded in lines]


def commands_of(name: str) -> list[list[str]]:
    """Return a program's commands and groups; the commands of a group stand in one file with it."""
    known: Any = typer.main.get_command(APPS[name])
    return [[], *([name] for name in getattr(known, "commands", ()))]


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_slow_is_loaded_to_tell_what_a_command_is_for(name: str) -> None:
    asked = [*([*words, "--help"] for words in commands_of(name)), ["--nonsense"]]
    for words, ran in zip(asked, run(name, asked), strict=True):
        assert ran.code == (2 if words == ["--nonsense"] else 0), (words, ran.said)
        assert ran.loaded <= OF_SHOWING, (words, ran.said)


def test_a_command_stands_under_its_name_alone_as_among_all() -> None:
    assert [name for [name] in commands_of("notigateway")[1:]] == list(COMMANDS)
    for name in COMMANDS:
        alone: Any = typer.main.get_command(program([name]))
        assert list(alone.commands) == [name]


def test_a_timers_job_loads_what_it_does_and_nothing_of_what_others_do(tmp_path: Path) -> None:
    write_pem(pki().service, tmp_path, "service")
    write_pem(pki().seal, tmp_path, "seal")
    values = {
        "mode": "development",
        "database_url": f"sqlite:///{tmp_path}/gateway.db",
        "document_store_url": "memory:",
        "seal_key_file": f"{tmp_path}/seal.key.pem",
        "seal_certificate_file": f"{tmp_path}/seal.cert.pem",
    }
    file = tmp_path / "notigateway.toml"
    file.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items()), "utf-8")
    engine = create_database(values["database_url"])
    upgrade(engine)
    engine.dispose()
    named = ["--settings", str(file)]
    asked = [["version"], ["sweep"], *([*words, *named] for words in LOADED)]
    version, unnamed, *jobs = run("notigateway", asked)
    assert (version.code, version.loaded) == (0, frozenset())
    assert (unnamed.code, unnamed.said.split(":")[0]) == (2, "CONFIGURATION")
    for ran, (words, more) in zip(jobs, LOADED.items(), strict=True):
        assert ran.code == 0, ran
        assert ran.loaded == OF_JOBS | more, words


def test_explain_takes_every_contract_that_is_served() -> None:
    hint = get_type_hints(explain)["contract"]
    assert set(get_args(get_args(hint)[0])) == set(SERVED)
