"""What a monitor remembers of a log between its runs: the last head, and the right edge of the tree.

A few kB for any number of entries: of each level the tile that is not full yet. A run that is cut off in the
middle of many entries goes on where it was: `under_way` is the head that it was on its way to.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import CheckpointInvalidError, ConfigurationError
from notigateway.given_files import read_file
from notigateway.instants import instant_text
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.merkle import HASH_BYTES, root_of
from notigateway.tlog.note import read_note
from notigateway.tlog.tile_paths import width_of
from notigateway.tlog.tiles import TILE_BYTES, Tile, grow, subtree_in_tiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from notigateway.tlog.checkpoint import Checkpoint

_FORMAT: Final = 1
_LEVELS: Final = 8
_HEADS_AT_MOST: Final = 500
_FORMER_AT_MOST: Final = 20
_UNPROVEN_AT_MOST: Final = 100


@dataclass(frozen=True)
class Edge:
    """The tree of the first `size` entries, as far as one needs it to make it grow."""

    size: int = 0
    tiles: Mapping[Tile, bytes] = field(default_factory=dict)

    def root(self) -> bytes:
        """Return the root."""
        return root_of(self.size, partial(subtree_in_tiles, tile=self.tiles.__getitem__))

    def grown(self, hashes: Sequence[bytes]) -> tuple[Edge, dict[Tile, bytes]]:
        """Return the tree with more leaves, and the tiles that have become full by them."""
        changed = grow(self.size, hashes, self.tiles.__getitem__)
        size = self.size + len(hashes)
        kept = {**self.tiles, **changed}
        tiles = {
            one: data for one, data in kept.items() if 0 < width_of(one, size) < TILE_BYTES // HASH_BYTES
        }
        return Edge(size, tiles), {one: data for one, data in changed.items() if len(data) == TILE_BYTES}


@dataclass(frozen=True, slots=True)
class Lacking:
    """Since when, and in how many looks in a row, the newest head had too few cosignatures."""

    since: datetime
    looks: int


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """A log as it was verified last: note, tree, the roots of heads before; and what is under way."""

    note: bytes
    edge: Edge
    heads: Mapping[int, bytes]
    # The last heads under the names that it had before.
    former: tuple[bytes, ...] = ()
    under_way: tuple[bytes, Edge] | None = None
    lacking: Lacking | None = None
    # Heads that the log's seal has signed and the log did not prove: evidence, should it never do so.
    unproven: tuple[bytes, ...] = ()

    @property
    def head(self) -> Checkpoint:
        """What the note says."""
        return read_checkpoint(read_note(self.note).text)

    def at(self, note: bytes, edge: Edge) -> Remembered:
        """Return it with a later head that was verified."""
        heads = {**self.heads, edge.size: edge.root()}
        kept = dict(sorted(heads.items())[-_HEADS_AT_MOST:])
        return replace(self, note=note, edge=edge, heads=kept, under_way=None)

    def renamed(self) -> Remembered:
        """Return what is remembered of a log that goes on under another name: its last head, and no tree."""
        former = (*self.former, self.note)[-_FORMER_AT_MOST:]
        return replace(NOTHING, former=former, unproven=self.unproven)

    def with_unproven(self, note: bytes) -> Remembered:
        """Return it with a sealed head that the log did not prove.

        The first ones stay, and the newest: who withholds many drives none of those out that came before.
        """
        text = read_note(note).text  # other lines may have come to the same head
        others = tuple(one for one in self.unproven if read_note(one).text != text)
        return replace(self, unproven=(*others[: _UNPROVEN_AT_MOST - 1], note))

    def on_its_way(self, note: bytes, edge: Edge) -> Remembered:
        """Return it with what is under way."""
        return replace(self, under_way=(note, edge))


NOTHING: Final = Remembered(note=b"", edge=Edge(), heads={})


def recall(file: Path) -> Remembered:
    """Read what is remembered; `NOTHING` where there is no file. Raises: `ConfigurationError`."""
    if not file.exists():
        return NOTHING
    try:
        return _read(json.loads(read_file(file)))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        CheckpointInvalidError,
    ) as error:
        raise ConfigurationError(f"{file} is not what a monitor has written: {error}") from error


def _read(said: dict[str, Any]) -> Remembered:
    """Read it. Raises: whatever another text may bring."""
    way = said["under_way"]
    found = Remembered(
        note=said["note"].encode(),
        edge=_read_edge(said["edge"]),
        heads={int(size): base64.b64decode(root) for size, root in said["heads"].items()},
        former=tuple(note.encode() for note in said["former"]),
        under_way=None if way is None else (way["note"].encode(), _read_edge(way["edge"])),
        lacking=_read_lacking(said.get("lacking")),
        unproven=tuple(note.encode() for note in said.get("unproven", ())),
    )
    is_whole = not found.note or (found.head.size, found.head.root) == (found.edge.size, found.edge.root())
    if said["format"] != _FORMAT or not is_whole:
        raise ValueError("its tree is not that of its head")
    return found


def remember(file: Path, what: Remembered) -> None:
    """Write it, whole or not at all. Raises: `OSError`."""
    way, lack = what.under_way, what.lacking
    said = {
        "format": _FORMAT,
        "note": what.note.decode(),
        "edge": _said_edge(what.edge),
        "heads": {str(size): base64.b64encode(root).decode() for size, root in what.heads.items()},
        "former": [note.decode() for note in what.former],
        "under_way": None if way is None else {"note": way[0].decode(), "edge": _said_edge(way[1])},
        "unproven": [note.decode() for note in what.unproven],
        "lacking": lack and {"since": instant_text(lack.since), "looks": lack.looks},
    }
    making = file.with_name(f"{file.name}.making")
    with making.open("w", encoding="utf-8") as target:
        json.dump(said, target, indent=1)
        target.flush()
        os.fsync(target.fileno())
    making.replace(file)


def _read_lacking(said: Mapping[str, Any] | None) -> Lacking | None:
    if said is None:
        return None
    since = datetime.fromisoformat(said["since"])
    if since.tzinfo is None or type(said["looks"]) is not int:
        raise ValueError("what is lacking has no zone, or no number")
    return Lacking(since, said["looks"])


def _said_edge(edge: Edge) -> dict[str, object]:
    tiles = {str(one.level): base64.b64encode(data).decode() for one, data in edge.tiles.items()}
    return {"size": edge.size, "tiles": tiles}


def _read_edge(said: Mapping[str, Any]) -> Edge:
    size, tiles = int(said["size"]), dict[Tile, bytes]()
    for level in range(_LEVELS):
        tile = Tile(level, size >> 8 * level >> 8)
        width = width_of(tile, size)
        if width:
            tiles[tile] = base64.b64decode(said["tiles"][str(level)])
            if len(tiles[tile]) != width * HASH_BYTES:
                raise ValueError("a tile of its tree is not whole")
    return Edge(size, tiles)
