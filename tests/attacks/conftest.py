"""One gateway for all attacks of a file: each proves that it left no trace, so they can share it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def gateway(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a gateway at which one notification waits for the company."""
    folder = tmp_path_factory.mktemp("gateway")
    shutil.copyfile(migrated_sqlite, folder / "notigateway.db")
    stack = Stack(f"sqlite:///{folder / 'notigateway.db'}", folder)
    stack.publish("TARGET")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def accept(gateway: Stack) -> str:
    """Give the operation that every attack tries to get executed: it would be seen in the tables."""
    wanted = gateway.publish("TARGET")  # the same one: publishing again is idempotent
    return (
        f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )
