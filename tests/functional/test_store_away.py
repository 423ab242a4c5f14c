"""A document store that is away, another gateway's or never marked: what callers and operators read."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store
from sqlalchemy import delete
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from typer.testing import CliRunner

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.health.finding import State
from notigateway.health.store import look_at_store
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.marking import open_store
from notigateway.repository.store_owner import StoreOwner, find_owner, keep_owner, marker_of
from notigateway.time_left import bounded
from operating import app
from overdue import settings_file
from patience import slowed
from pki import NOW
from stack import ISSUER, Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from structlog.typing import EventDict

pytestmark = pytest.mark.once

MARKER = "notigateway-store"
AWAY = "document store: its marker is not there: it is not mounted, empty or another one"


@pytest.fixture
def documents(stack: Stack) -> Path:
    return stack.folder / "documents"


def codes(stack: Stack, *ids: UUID) -> list[tuple[str | None, str | None]]:
    """Retrieve; return code and retryable of each item's problem."""
    items = stack.ask("RetrieveNotifications", "".join(f"<id>{one}</id>" for one in ids)).tree
    return [(text(item, "problem/code"), text(item, "problem/retryable")) for item in items]


def lines(logged: list[EventDict], event: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k != "event"} for one in logged if one["event"] == event]


def unmount(documents: Path) -> Path:
    """Leave an empty folder where the store was; return where it is now."""
    elsewhere = documents.with_name("elsewhere")
    documents.rename(elsewhere)
    documents.mkdir()
    return elsewhere


def mount(elsewhere: Path, documents: Path) -> None:
    documents.rmdir()  # nothing was put there meanwhile
    elsewhere.rename(documents)


def run(stack: Stack, *words: str) -> tuple[int, str]:
    """Run a command of the operator's; return its exit code and what it says."""
    result = CliRunner().invoke(app, [*words, "--settings", str(settings_file(stack))])
    said = str(result.exception) if isinstance(result.exception, ConfigurationError) else result.output
    return result.exit_code, said


def test_a_disk_that_is_not_mounted_is_away_and_nothing_is_published(stack: Stack, documents: Path) -> None:
    first, second = stack.publish("A"), stack.publish("B", documents=(b"%PDF-1.7 other",))
    stack.accept(first, second)
    elsewhere = unmount(documents)
    with capture_logs(processors=[merge_contextvars]) as logged:
        assert codes(stack, first, second) == [("TEMPORARILY_UNAVAILABLE", "true")] * 2
        act = (
            "<reference>C</reference><subject>s</subject><procedure>203546</procedure><matter>collection</matter>"
            "<addressee><identifier>B99999997</identifier><name>N</name></addressee>"
            "<document><name>a.pdf</name><mediaType>application/pdf</mediaType>"
            "<content>JVBERi0xLjc=</content></document>"
        )
        answer = stack.ask_issuing("PublishActs", f"<act>{act}</act>", issuer=ISSUER)
    assert (answer.code, answer.headers["Retry-After"]) == ("TEMPORARILY_UNAVAILABLE", "5")
    told = lines(logged, "document_store_failed")
    assert [(one["log_level"], one["part"]) for one in told] == [("warning", "store")] * 3
    assert {one["detail"] for one in told} == {AWAY}
    assert all(one["sha256"] and one["correlation_id"] for one in told)
    assert [one["operation"] for one in told] == ["RetrieveNotifications"] * 2 + ["PublishActs"]
    assert lines(logged, "document_damaged") == []
    assert (stack.rows()["acts"], stack.rows()["notifications"]) == (2, 2)
    mount(elsewhere, documents)
    assert codes(stack, first, second) == [(None, None)] * 2
    assert texts(stack.ask("RetrieveNotifications", f"<id>{first}</id>").tree[0], "document/content") != []


def test_a_folder_that_is_gone_is_away_and_serving_makes_none(
    stack: Stack, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    elsewhere = documents.with_name("elsewhere")
    documents.rename(elsewhere)
    for _ in range(2):
        assert codes(stack, wanted) == [("TEMPORARILY_UNAVAILABLE", "true")]
        with pytest.raises(TemporarilyUnavailableError):
            stack.publish("LATER")
        assert stack.ask("ListNotifications").status == 200
        stack.settings = stack.settings.model_copy(update={"log_level": "warning"})
        capsys.readouterr()
        stack.start()  # a worker that is replaced meanwhile
        (line,) = map(json.loads, capsys.readouterr().err.splitlines())
        assert (line["event"], line["part"], line["detail"]) == ("document_store_failed", "store", AWAY)
    assert not documents.exists()
    elsewhere.rename(documents)
    assert codes(stack, wanted) == [(None, None)]


def test_what_is_missing_beside_its_marker_is_damaged_and_told_as_an_error(
    stack: Stack, documents: Path
) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    (file,) = documents.glob("*/*/*")
    file.unlink()
    with capture_logs(processors=[merge_contextvars]) as logged:
        assert codes(stack, wanted) == [("DOCUMENT_DAMAGED", "false")]
    (line,) = lines(logged, "document_damaged")
    assert (line["log_level"], line["sha256"], line["code"]) == ("error", file.name, "DOCUMENT_DAMAGED")
    assert line["operation"] == "RetrieveNotifications"
    assert lines(logged, "document_store_failed") == []


def test_a_store_of_another_gateway_is_neither_served_nor_started_nor_marked(
    stack: Stack, documents: Path
) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    ours = (documents / MARKER).read_bytes()
    foreign = marker_of(uuid4(), now=NOW)
    (documents / MARKER).write_bytes(foreign)
    with pytest.raises(TemporarilyUnavailableError, match="another gateway's"):
        stack.publish("LATER", documents=(b"%PDF-1.7 later",))
    with pytest.raises(ConfigurationError, match="another gateway's"):
        stack.start()
    assert run(stack, "store", "mark")[0] != 0
    assert "belongs to another gateway" in run(stack, "store", "mark", "--without-documents")[1]
    assert (documents / MARKER).read_bytes() == foreign
    for unreadable in (b"{}", b"\xff not JSON", b"[1]"):
        (documents / MARKER).write_bytes(unreadable)
        with pytest.raises(TemporarilyUnavailableError, match="its marker cannot be read"):
            stack.publish("LATER", documents=(b"%PDF-1.7 later",))
        stack.start()
        found = look_at_store(stack.office.store)
        assert (found.state, found.says) == (State.FAILED, "its marker cannot be read")
        assert "its marker cannot be read" in run(stack, "store", "mark", "--without-documents")[1]
        assert (documents / MARKER).read_bytes() == unreadable
    (documents / MARKER).write_bytes(ours)
    stack.start()
    assert codes(stack, wanted) == [(None, None)]


def test_a_store_of_before_the_marker_is_marked_by_one_command(stack: Stack, documents: Path) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    (documents / MARKER).unlink()
    with writing(stack.engine) as session:
        session.execute(delete(StoreOwner))
    with pytest.raises(ConfigurationError, match="run `notigateway store mark`"):
        stack.start()
    elsewhere = unmount(documents)
    code, said = run(stack, "store", "mark")
    assert code != 0
    assert "of 1 documents that the database names 0 are there: is the right one mounted?" in said
    mount(elsewhere, documents)
    assert run(stack, "store", "mark") == (0, f"file://{documents} is marked\n")
    assert run(stack, "store", "mark") == (0, f"file://{documents} was marked before\n")
    stack.start()
    with writing(stack.engine) as session:
        assert json.loads((documents / MARKER).read_text())["gateway"] == str(find_owner(session))
    assert codes(stack, wanted) == [(None, None)]
    # A database from a backup of before the marking knows its documents again.
    with writing(stack.engine) as session:
        session.execute(delete(StoreOwner))
    assert run(stack, "store", "mark")[0] == 0
    stack.start()
    assert codes(stack, wanted) == [(None, None)]


def test_an_empty_store_in_the_place_of_one_that_was_marked_is_told(stack: Stack, documents: Path) -> None:
    unmount(documents)
    said = "is marked, an empty store: one was marked before, of which the database names no document"
    assert run(stack, "store", "mark") == (0, f"file://{documents} {said}\n")
    assert run(stack, "store", "mark") == (0, f"file://{documents} was marked before\n")


def test_a_database_that_is_away_is_no_fault_of_the_store(sqlite_stack: Stack) -> None:
    engine = create_database("postgresql://127.0.0.1:1/nobody")
    store = open_store(sqlite_stack.settings.document_store_url, engine)
    with capture_logs() as logged:
        found = look_at_store(store)
    assert (found.state, found.cure) == (State.UNKNOWN, "start the database, or correct database_url")
    (line,) = lines(logged, "document_store_not_looked_at")
    assert (line["log_level"], line["part"]) == ("warning", "database")
    assert lines(logged, "document_store_failed") == []
    engine.dispose()


def test_where_all_documents_are_lost_the_store_is_marked_all_the_same(stack: Stack, documents: Path) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    unmount(documents)
    assert run(stack, "store", "mark")[0] != 0
    assert run(stack, "store", "mark", "--without-documents")[0] == 0
    assert codes(stack, wanted) == [("DOCUMENT_DAMAGED", "false")]


def test_check_names_a_store_that_is_away(stack: Stack, documents: Path) -> None:
    stack.publish()
    seals = load_certificates(stack.settings.seal_certificate_file)
    elsewhere = unmount(documents)
    (finding,) = Checking(stack.engine, stack.office.store, seals).findings()
    assert (finding.rule, finding.subject) == ("store", f"file://{documents}")
    assert finding.detail == f"{AWAY}; of the documents none was looked at"
    mount(elsewhere, documents)
    assert list(Checking(stack.engine, stack.office.store, seals).findings()) == []


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket_name(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a bucket, and return its name; the environment leads there."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"documents-{uuid4().hex[:8]}"
    httpx.put(f"{s3}/{bucket}").raise_for_status()
    return bucket


def test_an_object_store_that_never_answers_costs_a_start_and_a_request_their_bound(
    database_url: str, tmp_path: Path, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notigateway.repository.marking._START_SECONDS", 1.0)
    stack = Stack(database_url, tmp_path, document_store_url=f"s3://{bucket_name}/acts", request_seconds=1)
    try:
        wanted = stack.publish()
        stack.accept(wanted)
        with socket.create_server(("127.0.0.1", 0)) as silent, monkeypatch.context() as away:
            away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
            began = time.monotonic()
            stack.start()
            assert 0.8 <= time.monotonic() - began < slowed(4)
            began = time.monotonic()
            assert codes(stack, wanted) == [("TEMPORARILY_UNAVAILABLE", "true")]
            assert 0.8 <= time.monotonic() - began < slowed(4)
            with bounded(1), pytest.raises(TemporarilyUnavailableError):
                stack.publish("LATER", documents=(b"%PDF-1.7 later",))
        stack.start()
        assert codes(stack, wanted) == [(None, None)]
        assert stack.rows()["acts"] == 1
    finally:
        stack.close()


def test_a_bucket_that_is_gone_is_away_and_comes_back(
    database_url: str, tmp_path: Path, s3: str, bucket_name: str
) -> None:
    name = bucket_name
    bucket = S3Store.from_url(f"s3://{name}", client_options={"allow_http": True})
    stack = Stack(database_url, tmp_path, document_store_url=f"s3://{name}/acts")
    try:
        wanted = stack.publish()
        stack.accept(wanted)
        kept = {path: bytes(bucket.get(path).bytes()) for path in paths(bucket)}
        bucket.delete(list(kept))
        with pytest.raises(TemporarilyUnavailableError, match="its marker is not there"):
            stack.office.store.check_marker()  # an emptied bucket is none of ours
        httpx.delete(f"{s3}/{name}").raise_for_status()
        assert codes(stack, wanted) == [("TEMPORARILY_UNAVAILABLE", "true")]
        with pytest.raises(TemporarilyUnavailableError):
            stack.publish("LATER", documents=(b"%PDF-1.7 later",))
        stack.start()
        httpx.put(f"{s3}/{name}").raise_for_status()
        assert codes(stack, wanted) == [("TEMPORARILY_UNAVAILABLE", "true")]
        for path, content in kept.items():
            bucket.put(path, content)
        assert codes(stack, wanted) == [(None, None)]
        assert stack.rows()["acts"] == 1
    finally:
        stack.close()


class Before(ThreadingHTTPServer):
    """What stands before a store: hands everything on, or answers everything with one status and a page."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handing)
        self.behind = behind
        self.status: int | None = None


class _Handing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Before

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content = self.server.status, b"<html>We are back soon.</html>"
        headers = {"ETag": '"page"', "Last-Modified": "Thu, 26 Nov 2026 15:00:00 GMT"}
        if status is None:
            kept = {name: value for name, value in self.headers.items() if name != "Accept-Encoding"}
            answer = httpx.request(
                self.command, f"{self.server.behind}{self.path}", content=body, headers=kept
            )
            status, content = answer.status_code, answer.content
            headers = {name: answer.headers[name] for name in headers if name in answer.headers}
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_PUT(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def before(s3: str) -> Iterator[Before]:
    with Before(s3) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_page_in_the_place_of_the_store_is_neither_damage_nor_another_gateway(
    sqlite_url: str, tmp_path: Path, bucket_name: str, before: Before, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{before.server_port}")
    stack = Stack(sqlite_url, tmp_path, document_store_url=f"s3://{bucket_name}/acts")
    try:
        wanted = stack.publish()
        stack.accept(wanted)
        assert codes(stack, wanted) == [(None, None)]
        before.status = 200
        with capture_logs() as logged:
            assert codes(stack, wanted) == [("TEMPORARILY_UNAVAILABLE", "true")]
            with pytest.raises(TemporarilyUnavailableError, match="its marker cannot be read"):
                stack.publish("LATER", documents=(b"%PDF-1.7 later",))
        assert lines(logged, "document_damaged") == []
        assert len(lines(logged, "document_store_failed")) == 2
        assert look_at_store(stack.office.store).says == "its marker cannot be read"
        stack.start()  # a worker that is replaced meanwhile
        assert stack.ask("ListNotifications").status == 200
        for refused in (400, 401, 403):
            before.status = refused
            found = look_at_store(stack.office.store)
            assert (found.state, found.says) == (State.FAILED, "answers, and refuses us")
            assert "credentials" in found.cure
            assert "clock" in found.cure
        before.status = 503
        found = look_at_store(stack.office.store)
        assert (found.state, found.says) == (State.FAILED, "answers with HTTP status 503")
        assert found.cure.startswith("look at the store's own service")
        before.status = None
        assert codes(stack, wanted) == [(None, None)]
        assert look_at_store(stack.office.store).state is State.OK
        assert stack.rows()["acts"] == 1
    finally:
        stack.close()


def test_a_marker_of_another_gateway_is_not_taken_for_one_document_that_both_have(
    sqlite_stack: Stack,
) -> None:
    stack, documents = sqlite_stack, sqlite_stack.folder / "documents"
    for number in range(5):
        stack.publish(f"A{number}", documents=(b"%%PDF-1.7 %d" % number,))
    theirs = marker_of(uuid4(), now=NOW)
    files = sorted(documents.glob("*/*/*"))
    (documents / MARKER).write_bytes(theirs)
    with writing(stack.engine) as session:
        session.execute(delete(StoreOwner))
    away = [one.rename(stack.folder / one.name) for one in files[1:]]
    code, said = run(stack, "store", "mark")
    assert code != 0
    assert "belongs to another gateway" in said
    assert "of 5 documents that the database names 1 are there" in said
    (documents / MARKER).unlink()
    assert "1 are there: is the right one mounted?" in run(stack, "store", "mark")[1]
    (documents / MARKER).write_bytes(theirs)
    for one, file in zip(away, files[1:], strict=True):
        one.rename(file)
    assert run(stack, "store", "mark")[0] == 0
    with reading(stack.engine) as session:
        assert str(find_owner(session)) == json.loads(theirs)["gateway"]


def paths(bucket: S3Store) -> list[str]:
    """Return the names of a bucket's objects."""
    return [one["path"] for page in bucket.list() for one in page]


def test_of_two_that_mark_at_once_one_identity_counts(stack: Stack) -> None:
    with writing(stack.engine) as session:
        session.execute(delete(StoreOwner))
    start = Barrier(2)

    def keep(_number: int) -> UUID:
        start.wait()
        with writing(stack.engine) as session:
            return keep_owner(session, None, now=stack.now)

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(keep, range(2)))) == 1
