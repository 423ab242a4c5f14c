"""What every row is declared with: the registry of the tables, and the types of their columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from sqlalchemy.engine import Dialect

SHA256_HEX = String(64)
# A notification's public code. SQLite numbers only a key that is called INTEGER, which holds 64 bits there.
CODE = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite would otherwise return naive ones. Naive input is a defect."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn any aware instant into UTC."""
        return _to_utc(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], object]:
        """Return what writes the instant, as the text of SQLite in one step."""
        if dialect.name == "sqlite":
            return _write_utc
        write = self.impl_instance.bind_processor(dialect)
        return _to_utc if write is None else lambda value: write(_to_utc(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return what reads the instant, aware and in UTC; of a text of SQLite in one step."""
        if dialect.name == "sqlite":
            return _read_utc
        read = self.impl_instance.result_processor(dialect, coltype)
        return _in_utc if read is None else lambda value: _in_utc(read(value))


def _to_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("an instant without zone cannot be stored")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _write_utc(value: datetime | None) -> str | None:
    utc = _to_utc(value)
    return None if utc is None else utc.isoformat(" ", "microseconds")[: -len("+00:00")]


def _read_utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Evidence(TypeDecorator[bytes]):
    """Bytes that are evidence, or prove some.

    SQLite keeps whatever it is given: what somebody has changed there by its functions of text comes back as
    text. Read as the bytes of it, the change is found like any other; nothing breaks down on it.
    """

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], bytes | None] | None:
        """Return what reads them."""
        if dialect.name == "sqlite":
            return _to_bytes
        return self.impl_instance.result_processor(dialect, coltype)


def _to_bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


class Word(TypeDecorator["StrEnum"]):
    """A word of one of our vocabularies, stored as text."""

    impl = String(24)
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self._members = {str(member): member for member in vocabulary}
        self._words = {str(member): str(member) for member in vocabulary}

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuse a word that the vocabulary does not have."""
        return self._written(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], object]:  # noqa: ARG002
        """Return what does the same, in one step: every database takes a text as it is."""
        return self._written

    def _written(self, value: StrEnum | str | None) -> str | None:
        if value is None:
            return None
        # A member is found by the word that it is.
        word = self._words.get(value)
        return str(self.vocabulary(value)) if word is None else word

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401
        """Return the word as a member of its vocabulary."""
        return None if value is None else self._members[value]


class Row(DeclarativeBase):
    """The declarative registry; constraint names are given so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
