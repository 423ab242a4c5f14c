"""What stops a command of the operator is told in one line, what and where, with exit code 2 and no trace."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from notigateway.cli import main as cli
from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade
from pki import pki, write_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.once

BODY = ("EA0041778", "TGSS", "Tesorería General", "Q2827003A")
# One command of each file of `cli/` that works on a gateway's data.
COMMANDS: dict[str, tuple[str, ...]] = {
    "addressee": ("addressee", "history", "B00000000"),
    "check": ("check",),
    "checkpoint": ("checkpoint",),
    "cosign": ("cosign",),
    "import": ("import", "red", "acts/manifest.jsonl"),
    "issuer": ("issuer", "employees", "EA0041778"),
    "log": ("log", "verify"),
    "matters": ("matters", "list"),
    "migrate": ("migrate", "--show"),
    "notices": ("notices", "list"),
    "obligation": ("obligation", "list"),
    "outage": ("outage", "list"),
    "power": ("power", "list"),
    "publish": ("publish", "acts"),
    "push": ("push", "list"),
    "red": ("red", "list"),
    "refresh-trust": ("refresh-trust",),
    "register-issuer": ("register-issuer", *BODY),
    "request": ("request", "0" * 64, "--output", "kept.xml"),
    "seal": ("seal", "retire", "seal-2025.cert.pem"),
    "store": ("store", "mark"),
    "succession": ("succession", "list"),
    "sweep": ("sweep",),
    "timestamp": ("timestamp",),
}
WITH_SEAL = ("sweep", "publish", "checkpoint")


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the operator stands: keys, and one of everything that is not what it should be."""
    for name in list(os.environ):
        if name.startswith("NOTIGATEWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    write_pem(pki().service, tmp_path / "keys", "service")
    write_pem(pki().seal, tmp_path / "keys", "seal")
    for name in ("acts", "folder", "issuers"):
        (tmp_path / name).mkdir()
    write_pem(pki().root, tmp_path / "issuers", "root")
    (tmp_path / "issuers" / "root.key.pem").unlink()
    (tmp_path / "acts" / "manifest.jsonl").write_text("{}\n")
    (tmp_path / "garbage").write_bytes(b"\xff garbage" * 1000)
    (tmp_path / "empty.db").touch()
    mask = os.umask(0o077)
    yield tmp_path
    os.umask(mask)


@pytest.fixture
def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    def run(*arguments: str, **settings: str) -> Said:
        if settings:
            monkeypatch.setenv("NOTIGATEWAY_SETTINGS", str(written(folder, settings)))
        monkeypatch.setattr(sys, "argv", ["notigateway", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert isinstance(stopped.value.code, int)
        return Said(stopped.value.code, *capsys.readouterr())

    return run


def written(folder: Path, changed: dict[str, str]) -> Path:
    values = {
        "mode": "development",
        "database_url": f"sqlite:///{folder / 'notigateway.db'}",
        "document_store_url": f"file:{folder / 'documents'}",
        "revocation": "unsafe_off",
        "timestamp_authority_url": "http://127.0.0.1:1/",
        "timestamp_authority_folder": str(folder / "issuers"),
        **changed,
    }
    file = folder / "notigateway.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()), "utf-8")
    return file


def migrated(folder: Path) -> None:
    engine = create_database(f"sqlite:///{folder / 'notigateway.db'}")
    upgrade(engine)
    engine.dispose()


def line(said: Said) -> str:
    """Return the one line."""
    assert (said.code, len(said.err.splitlines())) == (2, 1), said
    assert "Traceback" not in said.err
    return said.err.rstrip("\n")


def test_every_file_of_a_command_on_data_has_a_row() -> None:
    source = Path(cli.__file__).parent
    files = {file.stem for file in source.glob("*.py") if "named_settings(settings_file)" in file.read_text()}
    others = {"database": "migrate", "refresh_trust": "refresh-trust", "red_users": "red", "renewing": "log"}
    others["importing"] = "import"
    # The doctor has no line of refusal: what is wrong with settings is its first finding. The jobs wait.
    assert {others.get(name, name) for name in files - {"diagnosis", "jobs"}} <= set(COMMANDS)


def test_the_jobs_wait_for_no_settings(run: Callable[..., Said]) -> None:
    assert line(run("jobs")).startswith("CONFIGURATION: no settings are named")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_settings_nothing_is_opened_and_nothing_made(
    run: Callable[..., Said], folder: Path, command: str
) -> None:
    before = sorted(folder.rglob("*"))
    assert line(run(*COMMANDS[command])) == (
        "CONFIGURATION: no settings are named: give --settings FILE, or set NOTIGATEWAY_SETTINGS to the file "
        "(or NOTIGATEWAY_DATABASE_URL, where the environment holds them all)"
    )
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_makes_a_database(run: Callable[..., Said], folder: Path, command: str) -> None:
    said = line(run(*COMMANDS[command], mode="development"))
    assert said == (
        f"TEMPORARILY_UNAVAILABLE: there is no database {folder / 'notigateway.db'}: `notigateway migrate` "
        "makes it, where it is the right one"
    )
    assert not list(folder.glob("notigateway.db*"))


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"migrate"}))
def test_a_database_without_schema_says_who_makes_it(run: Callable[..., Said], command: str) -> None:
    said = line(run(*COMMANDS[command], database_url="sqlite:///empty.db"))
    assert said.startswith("CONFIGURATION: the database is at revision none, this version needs ")
    assert said.endswith(": run `notigateway migrate`")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_away_is_said_with_its_address(run: Callable[..., Said], command: str) -> None:
    said = line(run(*COMMANDS[command], database_url="postgresql://gateway:secret@127.0.0.1:1/notigateway"))
    assert said.startswith(
        'TEMPORARILY_UNAVAILABLE: database: connection failed: connection to server at "127'
    )
    assert "port 1 failed: Connection refused" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///garbage", "CONFIGURATION: database_url: {}/garbage is no SQLite database"),
        ("sqlite:///folder", "CONFIGURATION: database_url: {}/folder is a folder"),
        (
            "sqlite:///away/gateway.db",
            "CONFIGURATION: database_url: there is no folder {}/away: mount it, or correct the path",
        ),
        ("notigateway.db", "CONFIGURATION: database_url is not a URL"),
    ],
)
def test_what_is_no_database_is_named(run: Callable[..., Said], folder: Path, url: str, said: str) -> None:
    for command in ("check", "migrate"):
        assert line(run(command, database_url=url)) == said.format(folder)


@pytest.mark.parametrize("command", WITH_SEAL)
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("seal_key_file", "away", "cannot read away: No such file or directory"),
        ("seal_key_file", "folder", "cannot read folder: Is a directory"),
        ("seal_key_file", "garbage", "garbage holds no private key, neither in PEM nor in DER"),
        (
            "seal_key_file",
            "keys/seal.cert.pem",
            "keys/seal.cert.pem holds a certificate, and no private key",
        ),
        (
            "seal_key_file",
            "keys/service.key.pem",
            "keys/service.key.pem and keys/seal.cert.pem: the private key does not belong to ",
        ),
        ("seal_certificate_file", "away", "cannot read away: No such file or directory"),
        ("seal_certificate_file", "garbage", "garbage holds no readable certificate"),
        (
            "seal_certificate_file",
            "keys/seal.key.pem",
            "keys/seal.key.pem holds a private key, and no certificate",
        ),
        ("retired_seals_folder", "garbage", "cannot read the folder garbage: Not a directory"),
    ],
)
def test_what_is_wrong_with_the_seal_has_a_sentence_of_its_own(
    run: Callable[..., Said], folder: Path, command: str, setting: str, value: str, said: str
) -> None:
    migrated(folder)
    assert line(run(*COMMANDS[command], **{setting: value})).startswith(f"CONFIGURATION: {said}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_key_without_permission_is_said(run: Callable[..., Said], folder: Path) -> None:
    migrated(folder)
    (folder / "keys" / "seal.key.pem").chmod(0)
    assert line(run("sweep", mode="development")) == (
        "CONFIGURATION: cannot read keys/seal.key.pem: Permission denied"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[", "is not TOML: Invalid initial character for a key part (at end of document)"),
        ("\udcff", "is not TOML: it is no text in UTF-8"),
        ('databse_url = ""', "databse_url: there is no such setting"),
        (
            'mode = "development"\nDatabase_Url = ""',
            "Database_Url: settings are written in lower case: database_url",
        ),
        ('mode = "x"\n\n"mode" = "y"\n', "is not TOML: line 3: mode is there a second time"),
        ('mode = "x"\nmode = "y"', "is not TOML: line 2: mode is there a second time"),
        (
            "operators = []\noperators = [\n]\n",
            "is not TOML: line 3: the value that ends there is of a setting that is there a second time",
        ),
        ('operators = ["1"]', "operators.0: a NIF has nine letters and digits"),
        ('seal_pkcs11_key_label = "a"', "seal_pkcs11_module: the other settings of the device need it"),
        ("xml_max_depth = 0", "xml_max_depth: Input should be greater than 0"),
    ],
)
def test_wrong_settings_are_told_in_plain_words(
    run: Callable[..., Said], folder: Path, text: str, said: str
) -> None:
    file = folder / "wrong.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    told = line(run("check", "--settings", str(file)))
    assert told == f"CONFIGURATION: {f'{file} ' if said.startswith('is') else ''}{said}"


@pytest.mark.parametrize(
    ("name", "why"), [("away", "No such file or directory"), ("folder", "Is a directory")]
)
def test_a_settings_file_that_is_none_is_named(run: Callable[..., Said], name: str, why: str) -> None:
    assert line(run("check", "--settings", name)) == f"CONFIGURATION: cannot read {name}: {why}"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("NOTIGATEWAY_LOG_LEVEL", "notigateway_log_level"), "name the same setting"),
        (("NOTIGATEWAY_LOG_LEVEL", "Notigateway_Log_Level"), "name the same setting"),
        (("notigateway_log_levle",), "names no setting"),
        (("notigateway_settings",), "names no setting"),
    ],
)
def test_variables_that_a_setting_has_twice_or_that_name_none_are_said(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], said: str
) -> None:
    for name in names:
        monkeypatch.setenv(name, "info")
    variables = f"variable{'s' * (len(names) > 1)} {' and '.join(names)}"
    assert line(run("check", mode="development")) == f"CONFIGURATION: the environment {variables} {said}"


def test_a_list_in_the_environment_is_json(run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIGATEWAY_OPERATORS", "00000000T")
    assert line(run("check", mode="development")) == (
        "CONFIGURATION: the environment variable NOTIGATEWAY_OPERATORS is not JSON, as this setting needs it"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "away"), "cannot read away/manifest.jsonl: No such file or directory"),
        (("publish", "garbage"), "cannot read garbage/manifest.jsonl: Not a directory"),
        (("matters", "load", "folder"), "cannot read folder: Is a directory"),
        (("matters", "load", "garbage"), "cannot read garbage as UTF-8"),
        (("power", "import", "away"), "cannot read away: No such file or directory"),
        (("explain", "folder"), "cannot read folder: Is a directory"),
        (("sandbox", "garbage"), "cannot use {}/garbage: File exists"),
        (("witness", "key", "garbage", "--name", "witness.example/w1"), "cannot use garbage: File exists"),
    ],
)
def test_what_a_command_cannot_read_is_named(
    run: Callable[..., Said], folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    migrated(folder)
    assert line(run(*arguments, mode="development")) == f"CONFIGURATION: {said.format(folder)}"


def test_what_nobody_thought_of_is_a_line_too_and_a_trace_for_who_asks(
    run: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_database(f"sqlite:///{folder / 'notigateway.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE outages")
    engine.dispose()
    said = line(run("outage", "list", mode="development"))
    assert said.startswith("UNEXPECTED: OperationalError: (sqlite3.OperationalError) no such table: outages")
    assert "(at repository/" in said
    assert said.endswith("; with NOTIGATEWAY_TRACE=1 before it the command prints the trace")
    monkeypatch.setenv("NOTIGATEWAY_TRACE", "1")
    traced = run("outage", "list", mode="development")
    assert traced.err.startswith("Traceback")
    assert traced.err.splitlines()[-1].startswith("UNEXPECTED: OperationalError")
