from __future__ import annotations

import random
from functools import partial
from hashlib import sha256

import pytest

from notigateway.tlog.merkle import (
    Subtree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)
from notigateway.tlog.tiles import TILE_BYTES, Tile, grow, subtree_in_tiles

RANDOM = random.Random(256)  # noqa: S311  (a fixed choice of sizes)


def naive_root(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def grown(steps: list[int]) -> tuple[dict[Tile, bytes], list[bytes]]:
    """Append in steps of these sizes; return the tiles and all leaf hashes."""
    tiles: dict[Tile, bytes] = {}
    hashes: list[bytes] = []
    for step in steps:
        new = [leaf_hash(b"%d" % number) for number in range(len(hashes), len(hashes) + step)]
        tiles |= grow(len(hashes), new, tiles.__getitem__)
        hashes += new
    return tiles, hashes


@pytest.mark.parametrize(
    "steps",
    [[1], [255], [256], [257], [255, 1], [1] * 300, [100] * 10, [65_536], [65_535, 1, 1], [70_000, 3]],
    ids=str,
)
def test_tiles_give_the_roots_of_the_tree_however_it_grew(steps: list[int]) -> None:
    tiles, hashes = grown(steps)
    subtree = partial(subtree_in_tiles, tile=tiles.__getitem__)
    for size in {1, len(hashes), *(RANDOM.randint(1, len(hashes)) for _ in range(5))}:
        assert root_of(size, subtree) == naive_root(hashes[:size])


def test_the_way_a_tree_grew_leaves_no_trace() -> None:
    steps = [RANDOM.randint(1, 700) for _ in range(12)]
    assert grown(steps) == grown([sum(steps)]) == grown(sorted(steps))


def test_proofs_over_tiles_verify_and_read_few_of_them() -> None:
    tiles, hashes = grown([66_000])
    for _ in range(50):
        size = RANDOM.randint(1, len(hashes))
        index, older = RANDOM.randrange(size), RANDOM.randint(1, size)
        read: set[Tile] = set()

        def tile(one: Tile, read: set[Tile] = read) -> bytes:
            read.add(one)
            return tiles[one]

        subtree = partial(subtree_in_tiles, tile=tile)
        root = root_of(size, subtree)
        proof = inclusion_proof(index, size, subtree)
        assert is_included(hashes[index], index, size, proof=proof, root=root)
        seam = consistency_proof(older, size, subtree)
        older_root = root_of(older, subtree)
        assert is_consistent(older, size, older_root=older_root, newer_root=root, proof=seam)
        assert len(read) <= 12


def test_appending_touches_one_tile_a_level_however_large_the_log_is() -> None:
    tiles, _ = grown([66_000])
    asked: list[Tile] = []

    def tile(one: Tile) -> bytes:
        asked.append(one)
        return tiles[one]

    changed = grow(66_000, [bytes(32)], tile)
    assert len(asked) == len(changed) == 1
    assert all(len(content) < TILE_BYTES for content in changed.values())


def test_a_subtree_that_is_not_complete_yet_is_not_given() -> None:
    tiles, _ = grown([3])
    with pytest.raises(LookupError, match="no complete subtree"):
        subtree_in_tiles(Subtree(1, 1), tiles.__getitem__)
