"""Which gateway answers: told by its address and its data, and by nothing secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.health.instance import Instance
from notigateway.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BASE = {"mode": "development", "public_url": "http://127.0.0.1:8080/notigateway/v1"}


def instance(**changes: str) -> Instance:
    return Instance.of(load_settings(None, overrides=BASE | changes))


def test_two_gateways_of_one_address_differ_by_their_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    one = instance()
    assert instance(database_url=f"sqlite:///{tmp_path / 'one' / 'notigateway.db'}") == one
    monkeypatch.chdir(tmp_path / "other")
    assert instance().public_url == one.public_url
    assert instance().data != one.data
    assert instance(document_store_url="s3://bucket/one") != instance(document_store_url="s3://bucket/two")


def test_user_and_password_make_no_difference() -> None:
    address = "db.example/notigateway?host=db.example&sslmode=require"
    marks = {
        instance(database_url=f"postgresql://{who}{address}").data
        for who in ("", "ada@", "ada:s3cr3t@", "blas:with/slash#@")
    }
    assert len(marks) == 1
    assert instance(database_url=f"postgresql://{address.replace('/notig', '/other')}").data not in marks
    query = {instance(database_url=f"postgresql://{address}&password={one}").data for one in ("a", "b")}
    assert query == marks
