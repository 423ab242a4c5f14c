"""One transaction on the database, and what it must not lose before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import orm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Engine


class Session(orm.Session):
    """What a use case reads and changes by; `repository.engine` opens it, `repository.commit` ends it.

    `found` are the notifications that its queries found for a caller: code and addressee. `access` are the
    columns of the access record of the request that it serves, if it serves one. `events` are those that it
    has inserted and that have no place among the changes yet, `happened` what each of them is.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.found: dict[int, str] = {}
        self.access: Mapping[str, Any] | None = None
        self.events: list[UUID] = []
        self.happened: list[str] = []
