"""What holds secrets or personal data is its owner's, whatever the umask of who starts us."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.private_files import is_for_owner, is_kept, make_file, make_folder
from notigateway.repository.documents import DocumentStore
from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade
from notigateway.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


DEVICE = """
seal_pkcs11_module = "module"
seal_pkcs11_token_label = "token"
seal_pkcs11_key_label = "key"
seal_pkcs11_pin = "1234"
"""


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Stand for an account whose files everybody reads."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize(
    ("bits", "owner", "reader", "kept"),
    [
        (0o600, 10, 10, True),
        (0o400, 10, 10, True),
        (0o700, 10, 10, True),
        (0o640, 10, 10, False),
        (0o604, 10, 10, False),
        (0o602, 10, 10, False),
        (0o601, 10, 10, False),
        # handed over by root to our group, to be read
        (0o440, 0, 10, True),
        (0o640, 0, 10, True),
        (0o460, 0, 10, False),
        (0o450, 0, 10, False),
        (0o444, 0, 10, False),
        # root needs no group
        (0o440, 0, 0, False),
        (0o600, 0, 0, True),
        # somebody else's group is not ours to judge
        (0o440, 11, 10, False),
    ],
)
def test_a_secret_is_its_owners(bits: int, owner: int, reader: int, *, kept: bool) -> None:
    assert is_for_owner(bits, owner=owner, reader=reader) is kept


def test_what_is_not_there_is_not_refused_here(tmp_path: Path) -> None:
    assert is_kept(tmp_path / "absent")


@pytest.mark.parametrize("setting", ["service_key_file", "seal_key_file", "seal_pkcs11_pin_file"])
def test_production_refuses_a_key_that_others_read(tmp_path: Path, setting: str) -> None:
    secret = tmp_path / "secret"
    make_file(secret)
    overrides: dict[str, object] = {setting: str(secret)}
    if setting == "seal_pkcs11_pin_file":
        overrides |= {
            "seal_pkcs11_module": "module.so",
            "seal_pkcs11_token_label": "token",
            "seal_pkcs11_key_label": "key",
        }
    load_settings(None, overrides=overrides)
    secret.chmod(0o644)
    with pytest.raises(ConfigurationError, match=rf"{setting}: .*secret is readable by others.*chmod 600"):
        load_settings(None, overrides=overrides)
    load_settings(None, overrides=overrides | {"mode": "development"})


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ('database_url = "postgresql://me:word@host/x"', True),
        ('database_url = "postgresql://me@host/x"', False),
        ('log_level = "error"', False),
        (DEVICE, True),
    ],
)
def test_production_refuses_settings_with_a_password_that_others_read(
    tmp_path: Path, text: str, *, is_secret: bool
) -> None:
    file = tmp_path / "notigateway.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    load_settings(file)
    file.chmod(0o644)
    if is_secret:
        with pytest.raises(ConfigurationError, match=r"a password, \w+: .*\.toml is readable by others"):
            load_settings(file)
    else:
        load_settings(file)


@pytest.mark.usefixtures("open_umask")
def test_folders_are_made_for_their_owner_and_left_as_they_are(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]
    (tmp_path / "a").chmod(0o750)
    make_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o750


@pytest.mark.usefixtures("open_umask")
def test_database_and_documents_are_their_owners(tmp_path: Path) -> None:
    engine = create_database(f"sqlite:///{tmp_path / 'notigateway.db'}")
    upgrade(engine)
    with engine.connect():
        files = sorted(file.name for file in tmp_path.iterdir())
        assert files == ["notigateway.db", "notigateway.db-shm", "notigateway.db-wal"]
        assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
    engine.dispose()
    store = DocumentStore(f"file:{tmp_path / 'documents' / 'all'}")
    store.mark(b"marker")
    store.put(b"bytes")
    assert mode(tmp_path / "documents") == mode(tmp_path / "documents" / "all") == 0o700


@pytest.mark.usefixtures("open_umask")
def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "notigateway.db"
    file.touch(0o660)
    engine = create_database(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    assert mode(file) == 0o660
