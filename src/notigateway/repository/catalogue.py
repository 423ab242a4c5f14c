"""The catalogue of matters, groups and procedures that a power may name, as the operator loaded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law import catalogue
from notigateway.law.representation import ItemKind
from notigateway.repository.columns import Row, UtcDateTime, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.law.powers import Named
    from notigateway.repository.session import Session


class CatalogueEntry(Row):
    """One matter, group or procedure; a withdrawn one can no longer be named, and what named it stays."""

    __tablename__ = "catalogue_entries"

    kind: Mapped[ItemKind] = mapped_column(Word(ItemKind), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(255))
    matter: Mapped[str | None] = mapped_column(String(64))
    group: Mapped[str | None] = mapped_column("group_code", String(64))
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def entry(self) -> catalogue.Entry:
        """What the rules need to know of this row."""
        return catalogue.Entry(
            kind=self.kind, code=self.code, name=self.name, matter=self.matter, group=self.group
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a catalogue has changed."""

    new: int
    changed: int
    withdrawn: int
    unchanged: int


def load_catalogue(session: Session, entries: Sequence[catalogue.Entry], *, now: datetime) -> Loaded:
    """Make these the whole catalogue: what is not among them is withdrawn; the same again changes nothing."""
    rows = {row.entry.named: row for row in session.scalars(select(CatalogueEntry).with_for_update())}
    new = changed = 0
    for position, entry in enumerate(entries, 1):
        row = rows.pop(entry.named, None)
        if row is None:
            new += 1
            row = CatalogueEntry(kind=entry.kind, code=entry.code)
            session.add(row)
        elif (row.entry, row.position, row.withdrawn_at) == (entry, position, None):
            continue
        else:
            changed += 1
        row.position, row.name, row.matter, row.group = position, entry.name, entry.matter, entry.group
        row.loaded_at, row.withdrawn_at = now, None
    gone = [row for row in rows.values() if row.withdrawn_at is None]
    for row in gone:
        row.withdrawn_at = now
    return Loaded(new, changed, len(gone), len(entries) - new - changed)


def list_entries(session: Session) -> Sequence[catalogue.Entry]:
    """Return the catalogue in its order."""
    query = select(CatalogueEntry).where(CatalogueEntry.withdrawn_at.is_(None))
    return [row.entry for row in session.scalars(query.order_by(CatalogueEntry.position))]


def find_nameable(session: Session, named: Sequence[Named]) -> dict[Named, tuple[str, frozenset[str]]]:
    """Return those that the catalogue holds now, each with its name and, of a group, its procedures."""
    if not named:
        return {}
    standing = select(CatalogueEntry).where(CatalogueEntry.withdrawn_at.is_(None))
    found = session.scalars(standing.where(CatalogueEntry.code.in_({one.value for one in named}))).all()
    groups = {row.code for row in found if row.kind is ItemKind.GROUP}
    members: dict[str, set[str]] = {}
    if groups:
        of_groups = standing.where(
            CatalogueEntry.kind == ItemKind.PROCEDURE, CatalogueEntry.group.in_(groups)
        )
        for row in session.scalars(of_groups):
            members.setdefault(row.group or "", set()).add(row.code)
    return {
        row.entry.named: (
            row.name,
            frozenset(members.get(row.code, ()) if row.kind is ItemKind.GROUP else ()),
        )
        for row in found
        if row.entry.named in named
    }
