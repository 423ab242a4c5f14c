from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from notigateway.cli.database import migrate
from notigateway.cli.publish import publish
from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.repository.documents import DocumentStore
from notigateway.repository.engine import reading
from notigateway.repository.model import Act, Document, Event, Notification
from notigateway.repository.schema import head_revision
from notigateway.settings import load_settings
from patience import PATIENCE_SECONDS
from pki import pki, write_pem
from stack import mark
from submissions import DIR3, register_bodies

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

app = typer.Typer()
app.command()(publish)
app.command()(migrate)


def line(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    act = {
        "issuing_body": DIR3,
        "reference": f"2026/{number:06}",
        "subject": "Providencia de apremio",
        "procedure": "202301",
        "matter": "collection",
        "addressee": {"identifier": "B12345674", "name": "Nóminas del Norte, S.L."},
        "documents": [{"file": f"{number}.pdf", "media_type": "application/pdf"}],
    }
    return act | changes


class Import:
    """A folder to publish, and the settings that say where to."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder / "acts"
        self.folder.mkdir()
        self.documents = f"file://{folder / 'documents'}"
        self.settings = folder / "settings.toml"
        key, certificate = write_pem(pki().seal, folder, "seal")
        self.settings.write_text(
            f'database_url = "{database_url}"\ndocument_store_url = "{self.documents}"\n'
            f'seal_key_file = "{key}"\nseal_certificate_file = "{certificate}"\n'
        )
        mark(load_settings(self.settings))

    def write(self, lines: list[dict[str, Any] | str]) -> None:
        """Write the manifest, and a document for each good line."""
        texts = []
        for number, content in enumerate(lines, start=1):
            texts.append(content if isinstance(content, str) else json.dumps(content))
            (self.folder / f"{number}.pdf").write_bytes(b"%%PDF-1.7 number %d" % number)
        (self.folder / "manifest.jsonl").write_text("\n".join(texts))

    def run(self, *options: str) -> Result:
        """Run the command in this process."""
        return CliRunner().invoke(
            app, ["publish", str(self.folder), "--settings", str(self.settings), *options]
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Run the command in a process of its own."""
        code = "import typer; from notigateway.cli.publish import publish; typer.run(publish)"
        arguments = [str(self.folder), "--settings", str(self.settings)]
        return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE)


@pytest.fixture
def importing(tmp_path: Path, database_url: str, engine: Engine) -> Import:
    register_bodies(engine)
    return Import(tmp_path, database_url)


def counts(engine: Engine) -> list[int]:
    with reading(engine) as session:
        rows = (Act, Document, Notification, Event)
        return [session.scalar(select(func.count()).select_from(row)) or 0 for row in rows]


def test_every_act_of_the_manifest_is_published(importing: Import, engine: Engine) -> None:
    importing.write([line(number) for number in range(1, 6)])
    started = datetime.now(UTC)
    result = importing.run()
    assert result.exit_code == 0
    assert result.stdout.startswith("5 published, 0 unchanged, 0 refused in ")
    assert counts(engine) == [5, 5, 5, 5]
    store = DocumentStore(importing.documents)
    with reading(engine) as session:
        hashes = session.scalars(select(Document.sha256).join(Act).order_by(Act.reference)).all()
        instants = session.scalars(select(Notification.available_at)).all()
    assert [store.get(sha256) for sha256 in hashes] == [b"%%PDF-1.7 number %d" % n for n in range(1, 6)]
    assert all(0 <= (instant - started).total_seconds() + 0.001 < 60 for instant in instants)


def test_bad_lines_are_reported_with_their_number_and_the_rest_goes_in(
    importing: Import, engine: Engine
) -> None:
    importing.write(
        [
            line(1),
            "{not json",
            "",
            line(4, addressee={"identifier": "B12345678", "name": "Wrong"}),
            line(5, documents=[{"file": "../settings.toml", "media_type": "text/plain"}]),
            line(6, issuing_body="EA0099999"),
            line(7, reference="2026/000001"),
            line(8, available_at="2020-01-01T00:00:00Z"),
            line(9),
        ]
    )
    result = importing.run()
    assert result.exit_code == 1
    assert counts(engine) == [2, 2, 2, 2]
    assert result.stdout.startswith("2 published, 0 unchanged, 6 refused in ")
    reported = [text.split(": ", 2) for text in result.stderr.splitlines()]
    assert [(number, code) for number, code, _ in reported] == [
        ("line 2", "ACT_INVALID"),
        ("line 4", "ACT_INVALID"),
        ("line 5", "ACT_INVALID"),
        ("line 6", "ISSUING_BODY_UNKNOWN"),
        ("line 7", "REFERENCE_CONFLICT"),
        ("line 8", "ACT_INVALID"),
    ]
    assert [reason for _, _, reason in reported][1:] == [
        "addressee.identifier: the check character of the NIF is wrong",
        "documents[0].file: leads out of the folder",
        "issuing_body: EA0099999 is not registered",
        "reference: 2026/000001 names another act",
        "available_at: lies in the past",
    ]


def test_publishing_again_changes_nothing_and_adds_what_is_new(importing: Import, engine: Engine) -> None:
    importing.write([line(1), line(2)])
    importing.run()
    importing.write([line(1), line(2), line(3)])
    summary = json.loads(importing.run("--json").stdout)
    assert (summary["published"], summary["unchanged"], summary["refused"]) == (1, 2, [])
    assert counts(engine) == [3, 3, 3, 3]


def test_the_json_summary_lists_the_refused_lines(importing: Import) -> None:
    importing.write([line(1), line(2, subject="")])
    result = importing.run("--json")
    assert json.loads(result.stdout)["refused"] == [
        {"line": 2, "code": "ACT_INVALID", "detail": "subject: is empty"}
    ]
    assert result.exit_code == 1


def test_a_hostile_key_cannot_steer_the_terminal(importing: Import) -> None:
    importing.write([line(1, **{"\x1b[2J\r[bold]": 1})])
    result = importing.run()
    assert r"\x1b[2J\r[bold]: Extra inputs are not permitted" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_manifest_from_windows_is_read(importing: Import, engine: Engine) -> None:
    importing.write([line(1), line(2)])
    manifest = importing.folder / "manifest.jsonl"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert importing.run().exit_code == 0
    assert counts(engine)[0] == 2


def test_an_endless_line_is_refused_and_the_next_one_read(importing: Import, engine: Engine) -> None:
    importing.write([line(1), '{"subject": "' + "x" * 3_000_000 + '"}', line(3)])
    result = importing.run()
    assert "line 2: ACT_INVALID: line: has more than 1048576 bytes" in result.stderr
    assert counts(engine)[0] == 2


def test_a_folder_without_manifest_is_a_clear_error(importing: Import) -> None:
    result = importing.run()
    assert isinstance(result.exception, ConfigurationError)
    assert "manifest.jsonl: No such file" in str(result.exception)


def test_a_database_that_was_not_migrated_is_a_clear_error(importing: Import, tmp_path: Path) -> None:
    importing.write([line(1)])
    text = importing.settings.read_text()
    importing.settings.write_text(
        text.replace("database_url =", f'database_url = "sqlite:///{tmp_path}/empty.db" #')
    )
    (tmp_path / "empty.db").touch()
    result = importing.run()
    assert isinstance(result.exception, ConfigurationError)
    assert "notigateway migrate" in str(result.exception)


def test_a_store_that_fails_stops_with_what_was_published_so_far(
    importing: Import, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notigateway.cli.publishing.ACTS_PER_TRANSACTION", 2)
    importing.write([line(number) for number in range(1, 6)])
    put_all = DocumentStore.put_all

    def fail_at_the_third(store: DocumentStore, contents: list[bytes]) -> list[str]:
        if any(data.endswith(b"3") for data in contents):
            raise TemporarilyUnavailableError("disk full")
        return put_all(store, contents)

    monkeypatch.setattr(DocumentStore, "put_all", fail_at_the_third)
    result = importing.run()
    assert isinstance(result.exception, TemporarilyUnavailableError)
    assert result.stdout.startswith("2 published")
    assert counts(engine) == [2, 2, 2, 2]


def test_a_kill_leaves_nothing_half_and_repeating_completes_it(importing: Import, engine: Engine) -> None:
    importing.write([line(number) for number in range(1, 402)])
    process = importing.start()
    while counts(engine)[0] == 0:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    published = counts(engine)
    assert 0 < published[0] < 401
    assert published == [published[0]] * 4
    summary = json.loads(importing.run("--json").stdout)
    assert (summary["published"], summary["unchanged"]) == (401 - published[0], published[0])
    assert counts(engine) == [401] * 4
    store = DocumentStore(importing.documents)
    with reading(engine) as session:
        for sha256 in session.scalars(select(Document.sha256)):
            store.get(sha256)


def test_two_imports_of_the_same_folder_at_once_publish_each_act_once(
    importing: Import, engine: Engine
) -> None:
    importing.write([line(number) for number in range(1, 121)])
    processes = [importing.start() for _ in range(2)]
    outputs = [process.communicate(timeout=PATIENCE_SECONDS)[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum(int(output.split()[0]) for output in outputs) == 120
    assert counts(engine) == [120] * 4


def test_migrate_builds_the_schema_and_tells_the_revision(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'database_url = "sqlite:///{tmp_path / "new.db"}"\n')
    arguments = ["migrate", "--settings", str(settings)]
    shown = CliRunner().invoke(app, [*arguments, "--show"])
    assert f"there is no database {tmp_path / 'new.db'}" in str(shown.exception)
    assert not (tmp_path / "new.db").exists()
    (tmp_path / "new.db").touch()
    outputs = [CliRunner().invoke(app, [*arguments, *more]).output for more in (["--show"], [], [])]
    assert outputs == [
        f"database at revision none, newest {head_revision()}\n",
        f"database at revision {head_revision()}, newest {head_revision()}\n",
        f"database at revision {head_revision()}, newest {head_revision()}\n",
    ]
