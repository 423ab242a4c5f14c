from __future__ import annotations

import pytest

from notigateway.tlog.tile_paths import entries_path, tile_path, width_of
from notigateway.tlog.tiles import Tile


@pytest.mark.parametrize(
    ("place", "path"),
    [(0, "000"), (7, "007"), (999, "999"), (1_000, "x001/000"), (1_234_067, "x001/x234/067")],
)
def test_a_place_is_written_in_threes(place: int, path: str) -> None:
    assert tile_path(Tile(3, place)) == f"/tile/3/{path}"
    assert entries_path(place) == f"/tile/entries/{path}"
    assert tile_path(Tile(0, place), 17) == f"/tile/0/{path}.p/17"
    assert entries_path(place, 1) == f"/tile/entries/{path}.p/1"


def test_the_example_of_the_specification() -> None:
    """A tree of 70,000 entries (tlog-tiles, "Partial Tiles")."""
    widths = {
        one: width_of(Tile(*one), 70_000) for one in ((0, 272), (0, 273), (1, 0), (1, 1), (2, 0), (3, 0))
    }
    assert widths == {(0, 272): 256, (0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1, (3, 0): 0}
    assert (width_of(Tile(0, 0), 256), width_of(Tile(1, 0), 256), width_of(Tile(0, 1), 256)) == (256, 1, 0)
