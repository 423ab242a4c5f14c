"""What a transaction has read ahead of many addressees at once, kept as it adds and deletes rows.

It holds while nobody else may change it: its addressees are locked, and nobody publishes. What is not known
ahead is read by the queries that name it, as where nothing was read ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from notigateway.repository.columns import Row
    from notigateway.repository.model import Addressee

Kept = TypeVar("Kept", bound="Row")
# The rows of a table by which of its attributes they are asked for.
By = tuple[type["Row"], str]


class Ahead:
    """Rows by what they are asked for, and the addressees for whom nothing was ever published.

    The turn to publish is held as long as it stands; `holds_turn_to_place` says whether the other one is.
    """

    def __init__(
        self, addressees: Mapping[str, Addressee], *, absent: Iterable[str], published: Iterable[int]
    ) -> None:
        self.addressees = dict(addressees)
        # Those that were not there; another transaction may make them all the same.
        self.absent = set(absent)
        self.holds_turn_to_place = False
        self._ids = {row.id for row in self.addressees.values()}
        self._published = set(published)
        # Of those for whom something was, from when on a change asked for at an instant has effect.
        self.effects: dict[tuple[int, datetime], datetime] = {}
        self._rows: dict[By, dict[Hashable, list[Any]]] = {}

    def keep(self, by: By, keys: Iterable[Hashable], rows: Iterable[Row]) -> None:
        """Keep every row that there is of these keys."""
        kept = self._rows.setdefault(by, {})
        kept.update((key, []) for key in keys)
        for row in rows:
            kept[getattr(row, by[1])].append(row)

    def of(self, kind: type[Kept], name: str, key: Hashable) -> list[Kept] | None:
        """Return the rows of a table whose attribute says that; None where it is not known."""
        found = self._rows.get((kind, name), {}).get(key)
        return None if found is None else list(found)

    def knows_nothing_published(self, addressee: int) -> bool:
        """Tell whether nothing was published for it, whatever the instant."""
        return addressee in self._ids and addressee not in self._published

    def enter(self, addressee: Addressee) -> None:
        """Keep an addressee that this transaction has made: no register says anything of it."""
        self.addressees[addressee.identifier] = addressee
        self.absent.discard(addressee.identifier)
        self._ids.add(addressee.id)
        for (_, name), kept in self._rows.items():
            if name == "addressee_id":
                kept[addressee.id] = []

    def add(self, row: object) -> None:
        """Keep a row that is added to the transaction."""
        for (kind, name), kept in self._rows.items():
            if isinstance(row, kind) and (known := kept.get(getattr(row, name))) is not None:
                known.append(row)

    def remove(self, row: object) -> None:
        """Forget a row that is deleted."""
        for (kind, name), kept in self._rows.items():
            if isinstance(row, kind) and (known := kept.get(getattr(row, name))) is not None:
                known[:] = [one for one in known if one is not row]
