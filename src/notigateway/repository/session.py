"""One transaction on the database, and what it must not lose before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, orm

from notigateway.repository.fate import Fate
from notigateway.repository.file_transactions import check_unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Engine, RootTransaction

    from notigateway.repository.ahead import Ahead
    from notigateway.repository.model import Event, Notification, Receipt


class Session(orm.Session):
    """What a use case reads and changes by; `repository.engine` opens it, `repository.commit` ends it.

    `found` are the notifications that its queries found for a caller: code and addressee. `access` are the
    columns of the access record of the request that it serves, if it serves one. `events` are those that it
    has inserted and that have no place among the changes yet, `happened` what each of them is. `held` are the
    notifications that were read past its book of objects, `made` what is new of them, and `events_of_held`
    the events among that, once inserted. `fate` is what is known of its commit.

    On a connection whose transaction was begun before, what SQLAlchemy keeps of rows as objects begins with
    the first of them: most requests have none.
    """

    def __init__(self, bind: Connection | Engine) -> None:
        super().__init__(bind, expire_on_commit=False, join_transaction_mode="rollback_only")
        self._opened = bind if isinstance(bind, Connection) else None
        self.found: dict[int, str] = {}
        self.access: Mapping[str, Any] | None = None
        self.events: list[UUID] = []
        self.events_of_held: list[dict[str, Any]] = []
        self.happened: list[str] = []
        self.held: list[Notification] = []
        self.made: list[Event | Receipt] = []
        self.fate = Fate.OPEN
        # Its commit lets others go on before it is on the disk: see `acts.wait_for_turn_to_publish`.
        self.is_durable_later = False
        # What `reading_ahead.read_ahead` has read, while the turn to publish is held.
        self.ahead: Ahead | None = None

    def connection(self, *given: Any, **named: Any) -> Connection:  # noqa: ANN401  (as SQLAlchemy has it)
        """Return the connection of the transaction, begun anew where a rollback has ended it."""
        opened = self._opened
        if opened is not None and opened.in_transaction() and not (given or named):
            return opened
        return super().connection(*given, **named)

    def commit(self) -> None:
        """Make durable what was done, by objects or by statements."""
        if self.in_transaction():
            super().commit()
        if (transaction := self._begun()) is not None:
            transaction.commit()

    def rollback(self) -> None:
        """Take back what was done, by objects or by statements."""
        if self.in_transaction():
            super().rollback()
        if (transaction := self._begun()) is not None:
            transaction.rollback()

    def check_unchanged(self) -> None:
        """Check that what only reads has changed nothing on SQLite; a server refuses by itself.

        Raises: `sqlalchemy.exc.OperationalError`; it is a defect of whoever wrote.
        """
        if self.connection().dialect.name == "sqlite":
            check_unchanged(self.connection())

    def end_reading(self) -> None:
        """End what has only read; on PostgreSQL by COMMIT: its driver forgets what it prepared at a ROLLBACK.

        Raises: what `check_unchanged` and the driver raise.
        """
        if (transaction := self._begun()) is not None:
            self.check_unchanged()
            if transaction.connection.dialect.name == "sqlite":
                transaction.rollback()
            else:
                transaction.commit()
        self.close()

    def _begun(self) -> RootTransaction | None:
        """Return the transaction of the connection that was given; None where it has none any more."""
        return None if self._opened is None else self._opened.get_transaction()

    def close(self) -> None:
        """Forget the objects, where there were any; what was not committed is rolled back."""
        if self.in_transaction() or self.identity_map or self.new:
            super().close()
