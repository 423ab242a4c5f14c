from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from notigateway.errors import ConfigurationError, DocumentDamagedError, TemporarilyUnavailableError
from notigateway.repository import flushing
from notigateway.repository.documents import DocumentStore

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = bytes(range(256)) * 20
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket_url(s3: ThreadedMotoServer, monkeypatch: pytest.MonkeyPatch) -> str:
    host, port = s3.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    name = f"documents-{os.urandom(4).hex()}"
    httpx.put(f"{settings['AWS_ENDPOINT_URL']}/{name}").raise_for_status()
    return f"s3://{name}/acts"


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentStore:
    if request.param == "s3":
        return DocumentStore(request.getfixturevalue("bucket_url"))
    return DocumentStore("memory://") if request.param == "memory" else made(tmp_path / "documents")


def made(folder: Path) -> DocumentStore:
    """Return a store in a folder that is there: storing makes none."""
    folder.mkdir()
    return DocumentStore(f"file://{folder}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def local(folder: Path) -> DocumentStore:
    return made(folder)


def stored_file(folder: Path) -> Path:
    return folder / SHA256[:2] / SHA256[2:4] / SHA256


def test_what_was_put_is_got(store: DocumentStore) -> None:
    assert store.put(DATA) == SHA256
    assert store.get(SHA256) == DATA


def test_putting_the_same_document_again_changes_nothing(store: DocumentStore) -> None:
    assert [store.put(DATA) for _ in range(3)] == [SHA256] * 3
    assert store.get(SHA256) == DATA


def test_ranges_cut_the_document_anywhere(store: DocumentStore) -> None:
    store.put(DATA)
    parts = [
        store.get_range(SHA256, offset=offset, length=min(1000, len(DATA) - offset))
        for offset in range(0, len(DATA), 1000)
    ]
    assert b"".join(parts) == DATA
    assert store.get_range(SHA256, offset=len(DATA) - 1, length=1) == DATA[-1:]


def test_a_missing_document_is_damage(store: DocumentStore) -> None:
    with pytest.raises(DocumentDamagedError, match="missing"):
        store.get(SHA256)
    with pytest.raises(DocumentDamagedError, match="missing"):
        store.get_range(SHA256, offset=0, length=1)


def test_a_range_beyond_the_stored_bytes_is_damage(store: DocumentStore) -> None:
    store.put(DATA)
    for offset in (len(DATA) - 1, len(DATA), len(DATA) + 1000):
        with pytest.raises(DocumentDamagedError, match="too short"):
            store.get_range(SHA256, offset=offset, length=10)


def test_of_many_writers_of_the_same_document_none_fails(store: DocumentStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(store.put, [DATA] * 24)) == {SHA256}
    assert store.get(SHA256) == DATA


@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA + b"x", b"x" + DATA[1:]])
def test_a_damaged_document_is_never_delivered(local: DocumentStore, folder: Path, damage: bytes) -> None:
    local.put(DATA)
    stored_file(folder).write_bytes(damage)
    with pytest.raises(DocumentDamagedError):
        local.get(SHA256)
    with pytest.raises(DocumentDamagedError):
        local.get_range(SHA256, offset=100, length=10)


def test_damage_after_a_verified_range_is_noticed(local: DocumentStore, folder: Path) -> None:
    local.put(DATA)
    assert local.get_range(SHA256, offset=0, length=5) == DATA[:5]
    stored_file(folder).write_bytes(b"x" + DATA[1:])
    with pytest.raises(DocumentDamagedError):
        local.get_range(SHA256, offset=100, length=10)


def test_putting_a_damaged_document_again_repairs_it(local: DocumentStore, folder: Path) -> None:
    local.put(DATA)
    stored_file(folder).write_bytes(b"")  # what a power cut may leave of a file that was not flushed
    local.put(DATA)
    assert local.get(SHA256) == DATA


def test_a_stored_document_is_on_the_disk(
    local: DocumentStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    fsync = os.fsync

    def record(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", record)
    local.put(DATA)
    file = stored_file(folder)
    assert flushed == [file, file.parent, file.parent.parent, folder]


def test_a_folder_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some documents").mkdir()
    store = DocumentStore("file:some%20documents")
    monkeypatch.chdir("/")
    store.put(DATA)
    assert stored_file(tmp_path / "some documents").read_bytes() == DATA


def test_a_disk_that_fails_is_temporarily_unavailable(local: DocumentStore, folder: Path) -> None:
    (folder / SHA256[:2]).write_bytes(b"a file where a folder should be")
    with pytest.raises(TemporarilyUnavailableError) as failure:
        local.put(DATA)
    assert "\n" not in str(failure.value)


def test_an_object_store_that_does_not_answer_is_temporarily_unavailable(
    bucket_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    store = DocumentStore(bucket_url, timeout_seconds=1)
    for attempt in (lambda: store.put(DATA), lambda: store.get(SHA256)):
        with pytest.raises(TemporarilyUnavailableError):
            attempt()


@pytest.mark.parametrize("url", ["documents", "http://127.0.0.1/x", "ftp://h/x", "s3://"])
def test_an_unusable_url_is_refused_with_the_setting_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="document_store_url"):
        DocumentStore(url)


def test_a_folder_that_cannot_be_made_is_refused_when_it_is_to_be_marked() -> None:
    with pytest.raises(ConfigurationError, match="document_store_url"):
        DocumentStore("file:/proc/no/such").mark(b"marker")


MEMORY = DocumentStore("memory://")


@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_range_equals_the_slice(content: bytes, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(1, len(content) - offset))
    sha256 = MEMORY.put(content)
    assert MEMORY.get_range(sha256, offset=offset, length=length) == content[offset : offset + length]


def many(count: int) -> list[bytes]:
    return [b"%PDF-1.7 " + str(number).encode() for number in range(count)]


def test_documents_stored_together_are_what_each_would_be_alone(
    store: DocumentStore,
) -> None:
    contents = [*many(40), DATA, DATA]
    hashes = store.put_all(contents)
    assert hashes == [hashlib.sha256(data).hexdigest() for data in contents]
    assert [store.get(sha256) for sha256 in hashes] == contents
    assert store.put_all([]) == []


def test_many_documents_are_on_the_disk_by_one_flush_of_their_file_system(
    local: DocumentStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_then: list[int] = []
    syncfs = flushing._SYNCFS

    def record(handle: int) -> int:
        found_then.append(len([one for one in folder.rglob("*") if one.is_file()]))
        return int(syncfs(handle))

    monkeypatch.setattr(flushing, "_SYNCFS", record)
    monkeypatch.setattr(flushing, "_LOCAL", {flushing._kind_of(folder)})
    local.put_all(many(flushing.MANY_FILES))
    assert found_then == [flushing.MANY_FILES]


@pytest.mark.parametrize(
    ("count", "is_local"), [(flushing.MANY_FILES - 1, True), (flushing.MANY_FILES, False)]
)
def test_few_documents_and_those_on_a_network_are_flushed_one_by_one(
    local: DocumentStore, folder: Path, monkeypatch: pytest.MonkeyPatch, count: int, is_local: bool
) -> None:
    flushed = set()
    fsync = os.fsync

    def record(handle: int) -> None:
        flushed.add(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", record)
    monkeypatch.setattr(flushing, "_LOCAL", {flushing._kind_of(folder)} if is_local else set())
    local.put_all(many(count))
    files = {one for one in folder.rglob("*") if one.is_file()}
    assert len(files) == count
    assert flushed >= files | {one.parent for one in files}


def test_a_file_system_that_cannot_be_flushed_is_temporarily_unavailable(
    local: DocumentStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing, "_LOCAL", {flushing._kind_of(folder)})
    monkeypatch.setattr(flushing, "_SYNCFS", lambda _handle: -1)
    with pytest.raises(TemporarilyUnavailableError):
        local.put_all(many(flushing.MANY_FILES))


def test_documents_that_were_damaged_are_repaired_together(local: DocumentStore, folder: Path) -> None:
    hashes = local.put_all(many(20))
    for one in folder.rglob("*"):
        if one.is_file():
            one.write_bytes(b"")
    assert local.put_all(many(20)) == hashes
    assert [local.get(sha256) for sha256 in hashes] == many(20)
