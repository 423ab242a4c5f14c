"""`notigateway doctor`: every finding with its cure, nothing changed, never a trace whatever is broken."""

from __future__ import annotations

import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from doctoring import FREE, doctor, found, settings_of, states
from notigateway.health.store import look_at_store
from notigateway.pki.keys import load_certificates
from notigateway.repository.engine import writing
from notigateway.repository.jobs import DONE, record_run
from notigateway.repository.marking import open_store
from notigateway.repository.store_owner import StoreOwner, marker_of
from notigateway.sandbox.certifying import CertificateWish, certificate_pem, key_pem, name, new_ec_key
from pki import pki
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

    from databases import PostgreSQL

pytestmark = pytest.mark.once


def sqlite_file(file: Path) -> None:
    """Make a database as other programs do: without a log."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE one (two)")
        connection.commit()


def contents(folder: Path) -> dict[str, bytes]:
    beside = ("-wal", "-shm")  # of SQLite, while somebody has the file open
    files = [one for one in folder.rglob("*") if one.is_file() and not one.name.endswith(beside)]
    return {str(one): one.read_bytes() for one in files}


def test_a_sound_gateway_is_told_as_sound_and_nothing_is_changed(stack: Stack) -> None:
    stack.publish()
    file = settings_of(stack)
    rows, before = stack.contents(), contents(stack.folder)
    told = found("--settings", file)
    assert {check for check, state in states(told).items() if state not in {"ok", "warning"}} == set()
    assert states(told)["settings"] == "warning", "a test runs in development"
    for check in ("service_key", "seal_key", "database", "schema", "document_store", "authorised_issuers"):
        assert states(told)[check] == "ok"
    assert (told["start"]["state"], told["start"]["says"]) == ("ok", "would go as it should")
    assert "issued by" in told["seal_certificate"]["says"]
    assert told["log_checkpoint"]["values"]["waiting"] > 0
    assert doctor("--settings", file).exit_code == 0
    assert stack.contents() == rows
    assert contents(stack.folder) == before


def test_a_seal_in_a_device_is_tried_by_its_own_certificate(sqlite_stack: Stack) -> None:
    """No device is asked, and no other key stands for the one in it, of which less may be wanted."""
    stack = sqlite_stack
    device = {
        "seal_pkcs11_module": __file__,
        "seal_pkcs11_token_label": "token",
        "seal_pkcs11_key_label": "key",
        "seal_pkcs11_pin": "0000",
        "seal_key_file": "nowhere",
    }
    service = load_certificates(stack.settings.service_certificate_file)[0].public_key()
    assert isinstance(service, RSAPublicKey)
    assert service.key_size == 2048
    told = found("--settings", settings_of(stack, **device))
    assert (told["start"]["state"], told["start"]["says"]) == ("ok", "would go as it should")
    assert "which was not asked" in told["seal_key"]["says"]

    unfit = str(stack.settings.service_certificate_file)
    told = found("--settings", settings_of(stack, **device, seal_certificate_file=unfit))
    assert told["start"]["state"] == "failed"
    assert (
        "the seal key must be an elliptic curve key on P-256, or RSA of at least 3072"
        in told["start"]["says"]
    )


def test_the_page_stays_within_its_columns_and_ends_with_the_sum(sqlite_stack: Stack) -> None:
    file = settings_of(sqlite_stack, seal_key_file="nowhere")
    for columns in (80, 120):
        result = doctor("--settings", file, columns=columns)
        assert result.exit_code == 1
        lines = result.stdout.splitlines()
        assert [one for one in lines if len(one) > columns and " " in one.strip()[40:]] == []
        assert lines[-1].startswith("2 failed, 0 unknown, ")
        assert "  failed   start" in result.stdout
        assert "  failed   seal_key" in result.stdout
        cure = "-> make it with `notigateway keys new --only seal`, or put it there, or correct seal_key_file"
        assert cure in " ".join(result.stdout.split())
        assert "\x1b" not in result.stdout


def test_settings_that_cannot_be_used_are_the_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notigateway.toml"
    file.write_text("no_such_setting = 1")
    result = doctor("--settings", file)
    assert (result.exit_code, "no_such_setting" in result.stdout) == (1, True)
    file.unlink()
    missing = found("--settings", file)["settings"]
    assert missing["cure"] == "put it there, or name the right file with --settings or NOTIGATEWAY_SETTINGS"
    monkeypatch.delenv("NOTIGATEWAY_SETTINGS", raising=False)
    told = found()
    assert list(told) == ["settings"], "the defaults would lead into whatever folder this is"
    unnamed = told["settings"]
    assert "no settings are named" in unnamed["says"]
    assert unnamed["cure"] == "name their file with --settings or NOTIGATEWAY_SETTINGS"


def test_receipts_of_a_seal_that_was_forgotten_are_told(stack: Stack, tmp_path: Path) -> None:
    stack.publish()
    told = found("--settings", settings_of(stack))["receipts_sealed"]
    assert (told["state"], told["says"]) == ("ok", "receipts looked at: 1, each with a known seal")
    other = tmp_path / "other.cert.pem"
    other.write_bytes(certificate_pem(pki().company_seal.certificate))
    told = found("--settings", settings_of(stack, seal_certificate_file=str(other)))["receipts_sealed"]
    said = "receipts looked at: 1, with a seal that is not known: 1"
    assert (told["state"], told["says"]) == ("failed", said)
    assert "retired_seals_folder" in told["cure"]


def test_a_secret_that_others_may_read_hides_nothing_else(sqlite_stack: Stack) -> None:
    key = Path(str(sqlite_stack.overrides["service_key_file"]))
    changes = {"mode": "production", "revocation": "required", "seal_certificate_file": "nowhere"}
    file = settings_of(sqlite_stack, public_url="https://127.0.0.1/notigateway/v1", **changes)
    key.chmod(0o644)
    told = found("--settings", file)
    key.chmod(0o600)
    assert {told[one]["state"] for one in ("settings", "service_key", "seal_certificate")} == {"failed"}
    assert told["settings"]["cure"].startswith("change its mode")
    assert (states(told)["database"], states(told)["schema"]) == ("ok", "ok")
    assert told["start"]["says"].startswith("would be refused: service_key_file: ")


def test_with_the_database_away_everything_else_is_told(sqlite_stack: Stack) -> None:
    told = found("--settings", settings_of(sqlite_stack, database_url="postgresql://127.0.0.1:1/nobody"))
    assert states(told)["database"] == "failed"
    assert states(told)["document_store"] == "unknown"
    assert states(told)["seal_key"] == "ok"
    assert "schema" not in told
    assert told["start"]["state"] == "warning"
    assert told["start"]["says"].startswith(
        "would go, and wait for what is away: database: connection failed"
    )


def test_a_server_that_refuses_is_told_in_its_own_words(sqlite_stack: Stack, postgresql: PostgreSQL) -> None:
    for url, words in (
        (postgresql.url("nobodys"), 'database "nobodys" does not exist'),
        (postgresql.uri.replace("://postgres:", "://nobody:"), 'role "nobody" does not exist'),
    ):
        told = found("--settings", settings_of(sqlite_stack, database_url=url))
        assert told["database"]["says"].startswith("answers, and refuses this database, role or password: ")
        assert words in told["database"]["says"]
        for check in ("database", "start"):
            assert told[check]["cure"].startswith("correct database_url")
        assert words in told["start"]["says"]


def test_with_a_database_that_hangs_the_store_is_not_blamed(sqlite_stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/silent"
        start = time.monotonic()
        told = found("--settings", settings_of(sqlite_stack, database_url=url))
    assert time.monotonic() - start < 20, "it ends within seconds"
    assert states(told)["database"] == "failed"
    assert (told["document_store"]["state"], "mount" in told["document_store"]["cure"]) == ("unknown", False)
    assert told["start"]["state"] == "warning"


def test_a_file_that_the_gateway_never_opened_is_not_changed_by_looking(sqlite_stack: Stack) -> None:
    file = sqlite_stack.folder / "other.db"
    for make, state, cure in (
        (file.touch, "failed", "run `notigateway migrate`"),
        (lambda: file.write_bytes(b"x" * 4096), "failed", "correct database_url"),
        (lambda: sqlite_file(file), "unknown", "migrate"),
    ):
        file.unlink(missing_ok=True)
        make()
        before = contents(sqlite_stack.folder)
        told = found("--settings", settings_of(sqlite_stack, database_url=f"sqlite:///{file}"))
        assert (told["database_file"]["state"], cure in told["database_file"]["cure"]) == (state, True)
        assert told["start"]["state"] == "unknown"
        now = contents(sqlite_stack.folder)
        assert {one: now[one] for one in now if not one.endswith(".toml")} == {
            one: before[one] for one in before if not one.endswith(".toml")
        }


def test_a_start_is_tried_as_a_reload_tries_it(stack: Stack) -> None:
    marker = stack.folder / "documents" / "notigateway-store"
    whole = marker.read_bytes()
    marker.write_bytes(marker_of(uuid4(), now=stack.now))
    told = found("--settings", settings_of(stack))
    marker.write_bytes(whole)
    assert told["start"]["state"] == "failed"
    assert told["start"]["says"].startswith("would be refused: document_store_url: ")
    told = found("--settings", settings_of(stack, seal_key_file=str(stack.overrides["service_key_file"])))
    assert told["start"]["state"] == "failed"
    assert "does not belong to" in told["start"]["says"]


def test_a_store_that_is_not_mounted_is_told(stack: Stack) -> None:
    stack.publish()
    (stack.folder / "documents" / "notigateway-store").unlink()
    told = found("--settings", settings_of(stack))
    assert (told["document_store"]["state"], told["document_store"]["says"]) == (
        "failed",
        "its marker is not there",
    )


def test_a_store_that_is_gone_is_to_be_mounted_where_one_was_marked(stack: Stack) -> None:
    (stack.folder / "documents").rename(stack.folder / "elsewhere")
    told = found("--settings", settings_of(stack))["document_store"]
    assert (told["state"], told["cure"]) == (
        "failed",
        "mount it or let it be reached, or correct document_store_url",
    )
    with writing(stack.engine) as session:
        session.execute(delete(StoreOwner))
    told = found("--settings", settings_of(stack))["document_store"]
    assert (told["state"], told["cure"]) == ("failed", "run `notigateway store mark`, once")


def test_where_only_the_schema_keeps_from_the_store_its_cure_is_told(stack: Stack) -> None:
    """As when a backup of before the marking is restored."""
    with writing(stack.engine) as session:
        session.execute(text("ALTER TABLE store_owner RENAME TO store_owner_of_later"))
        session.execute(text("UPDATE alembic_version SET version_num = '0024'"))
    asked = look_at_store(open_store(stack.settings.document_store_url, stack.engine)).line
    for told in (found("--settings", settings_of(stack))["document_store"], asked):
        assert (told["state"], told["says"], told["cure"]) == (
            "unknown",
            "whose it is, only the database can say",
            "run `notigateway migrate`",
        )


def test_certificates_that_were_swapped_are_told_as_that(sqlite_stack: Stack) -> None:
    names = ("service_certificate_file", "seal_certificate_file")
    service, seal = (str(sqlite_stack.overrides[name]) for name in names)
    told = found("--settings", settings_of(sqlite_stack, **dict(zip(names, (seal, service), strict=True))))
    for check in ("service_key", "seal_key"):
        assert told[check]["says"] == "the certificates of service and seal each belong to the other's key"
        assert told[check]["cure"].startswith("swap service_certificate_file and seal_certificate_file")


def test_a_certificate_that_is_missing_is_told_once(sqlite_stack: Stack) -> None:
    told = found("--settings", settings_of(sqlite_stack, seal_certificate_file="nowhere"))
    assert told["seal_certificate"]["state"] == "failed"
    assert "retired_seals" not in told


@pytest.mark.parametrize("url", ["postgres://127.0.0.1:1/nobody", "garbage"])
def test_a_database_url_that_cannot_be_read_is_to_be_corrected(sqlite_stack: Stack, url: str) -> None:
    told = found("--settings", settings_of(sqlite_stack, database_url=url))
    assert (told["database"]["state"], told["database"]["cure"]) == ("failed", "correct database_url")
    assert told["database"]["says"].startswith("database_url")
    assert (told["document_store"]["state"], told["document_store"]["cure"]) == (
        "unknown",
        "correct database_url",
    )


def test_revocation_has_its_own_chapter_and_proxies_are_counted(sqlite_stack: Stack) -> None:
    file = settings_of(sqlite_stack)
    file.write_text(file.read_text() + "\ntrusted_proxy_hops = 1\n")
    told = found("--settings", file)
    assert told["revocation"]["chapter"] == "revocation"
    assert told["proxies"]["says"] == "X-Forwarded-For of 1 proxy is believed (trusted_proxy_hops)"


def test_a_taken_address_is_told_and_a_free_one(sqlite_stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = found("--settings", settings_of(sqlite_stack, operations_address=address))
    assert told["operations_address"]["state"] == "failed"
    assert told["operations_address"]["says"].startswith(f"{address} is taken")
    told = found("--settings", settings_of(sqlite_stack, operations_address=address))
    assert (told["operations_address"]["state"], "is free" in told["operations_address"]["says"]) == (
        "ok",
        True,
    )


# --- whatever is broken


def expired(key: Any) -> x509.Certificate:  # noqa: ANN401
    start = datetime(2020, 1, 1, tzinfo=UTC)
    subject = name()
    wish = CertificateWish(subject, key, not_before=start, not_after=start + timedelta(days=1))
    return wish.make().certificate


MUTATED = [
    *(f"{one}_{part}_file" for one in ("service", "seal") for part in ("key", "certificate")),
    "authorised_issuers_folder",
    "trusted_list_file",
    "retired_seals_folder",
    "timestamp_authority_folder",
    "revocation_folder",
]
WRONG = ["nowhere", "folder", "garbage", "empty", "expired", "another_key", "another_certificate", "binary"]


def test_a_periodic_job_that_is_late_is_told(stack: Stack) -> None:
    now = datetime.now(UTC)
    with writing(stack.engine) as session:
        for job, ended in (("sweep", now), ("checkpoint", now - timedelta(minutes=12))):
            record_run(session, job, begun=ended, ended=ended, outcome=DONE, detail="")
    told = found("--settings", settings_of(stack))
    assert told["job_sweep"]["state"] == "ok"
    late = (told["job_checkpoint"]["state"], told["job_checkpoint"]["says"])
    assert late == ("warning", "late: done 12 minutes ago")


@pytest.fixture(scope="module")
def wrong_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "folder").mkdir()
    (folder / "folder" / "stray.txt").write_text("stray")
    (folder / "garbage").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (folder / "empty").touch()
    (folder / "binary").write_bytes(bytes(range(256)) * 8)
    (folder / "expired").write_bytes(certificate_pem(expired(new_ec_key())))
    (folder / "another_key").write_bytes(key_pem(pki().company_seal))
    (folder / "another_certificate").write_bytes(certificate_pem(pki().company_seal.certificate))
    for file in folder.iterdir():
        file.chmod(0o700 if file.is_dir() else 0o600)
    return folder


URLS = {
    "database_url": [
        "sqlite:////nowhere/x.db",
        "postgresql://127.0.0.1:1/x",
        "mysql://x",
        "sqlite://",
        "garbage",
        "sqlite:///FOLDER/folder",
        "sqlite:///FOLDER/garbage",
        "sqlite:///FOLDER/empty",
    ],
    "document_store_url": [
        "file:FOLDER/garbage",
        "file:///nowhere",
        "s3://",
        "ftp://x",
        "x",
        "file:FOLDER/folder",
    ],
    "operations_address": [FREE, "", "x", "127.0.0.1:99999"],
    "timestamp_authority_url": ["http://127.0.0.1:1/", "x"],
    "mode": ["production", "x"],
}


@given(
    files=st.dictionaries(st.sampled_from(MUTATED), st.sampled_from(WRONG), max_size=3),
    urls=st.fixed_dictionaries({}, optional={key: st.sampled_from(some) for key, some in URLS.items()}),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_broken_it_ends_soon_with_findings_and_no_trace(
    shared_sqlite: Stack, wrong_files: Path, files: dict[str, str], urls: dict[str, str]
) -> None:
    changes = {key: str(wrong_files / wrong) for key, wrong in files.items()}
    changes |= {key: url.replace("FOLDER", str(wrong_files)) for key, url in urls.items()}
    before, start = contents(wrong_files), time.monotonic()
    told = found("--settings", settings_of(shared_sqlite, **changes), "--online")
    assert (bool(told), time.monotonic() - start < 10) == (True, True)
    assert not [one for one in told.values() if "Traceback" in one["says"] or "\n" in one["says"].strip()]
    assert contents(wrong_files) == before


@pytest.fixture(scope="module")
def shared_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("doctor")
    (folder / "notigateway.db").write_bytes(migrated_sqlite.read_bytes())
    one = Stack(f"sqlite:///{folder / 'notigateway.db'}", folder)
    yield one
    one.close()
