"""The configuration of the server process is one that gunicorn accepts and the settings can carry."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config

from notigateway.http.worker import GatheringWorker
from notigateway.settings import load_settings

CONF = Path(__file__).parents[2] / "conf" / "gunicorn.conf.py"


def configured(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return {name: value for name, value in runpy.run_path(str(CONF)).items() if name in Config().settings}


def test_every_value_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config()
    for name, value in configured(monkeypatch).items():
        config.set(name, value)
    assert config.worker_class is GatheringWorker


def test_every_thread_finds_a_database_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured(monkeypatch)["threads"] <= load_settings(None).database_pool_size


def test_every_connection_finds_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many systems give a process 1,024, and the database, the log and the listeners take some."""
    assert configured(monkeypatch)["worker_connections"] <= 1024 // 2


def test_container_says_how_many_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured(monkeypatch)["workers"] == 2
    assert configured(monkeypatch, WEB_CONCURRENCY="7")["workers"] == 7


def test_heartbeat_needs_no_writable_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = configured(monkeypatch)["worker_tmp_dir"]
    assert folder == ("/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
