from __future__ import annotations

import random
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from notigateway.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    Subtree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RANDOM = random.Random(9162)  # noqa: S311  (a fixed choice of sizes)
LEAVES = [b"%d" % number for number in range(3_000)]


# --- the oracle: RFC 9162 §2.1 word by word, over all leaves -----------------------------------------


@lru_cache(maxsize=200_000)
def mth(start: int, end: int) -> bytes:
    if end == start:
        return sha256(b"").digest()
    if end - start == 1:
        return sha256(b"\x00" + LEAVES[start]).digest()
    k = split(end - start)
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    k = split(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, *, is_whole: bool) -> list[bytes]:
    n = end - start
    if m == n:
        return [] if is_whole else [mth(start, end)]
    k = split(n)
    if m <= k:
        return [*subproof(m, start, start + k, is_whole=is_whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, is_whole=False), mth(start, start + k)]


def complete(subtree: Subtree) -> bytes:
    start = subtree.place << subtree.level
    return mth(start, start + (1 << subtree.level))


def counting() -> tuple[Callable[[Subtree], bytes], list[Subtree]]:
    asked: list[Subtree] = []

    def subtree(one: Subtree) -> bytes:
        asked.append(one)
        return complete(one)

    return subtree, asked


def sizes(count: int) -> list[int]:
    return [RANDOM.randint(1, len(LEAVES)) for _ in range(count)]


# --- against the oracle -------------------------------------------------------------------------------


def test_every_root_and_proof_of_small_trees_is_the_oracles() -> None:
    for size in range(65):
        assert root_of(size, complete) == mth(0, size)
        for index in range(size):
            assert inclusion_proof(index, size, complete) == path(index, 0, size)
        for older in range(1, size + 1):
            assert consistency_proof(older, size, complete) == subproof(older, 0, size, is_whole=True)


def test_a_thousand_random_trees_agree_with_the_oracle_and_verify() -> None:
    for size in sizes(1_000):
        index, older = RANDOM.randrange(size), RANDOM.randint(1, size)
        root = root_of(size, complete)
        assert root == mth(0, size)
        proof = inclusion_proof(index, size, complete)
        assert proof == path(index, 0, size)
        assert is_included(leaf_hash(LEAVES[index]), index, size, proof=proof, root=root)
        seam = consistency_proof(older, size, complete)
        assert seam == subproof(older, 0, size, is_whole=True)
        assert is_consistent(older, size, older_root=mth(0, older), newer_root=root, proof=seam)


def test_a_tree_that_keeps_only_its_frontier_has_the_same_roots() -> None:
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES[:1_100]):
        assert (frontier.size, frontier.root()) == (size, mth(0, size))
        frontier.append(leaf_hash(leaf))


def test_proofs_ask_for_a_logarithmic_number_of_hashes() -> None:
    for size in sizes(200):
        for prove in (
            lambda subtree, size=size: inclusion_proof(RANDOM.randrange(size), size, subtree),
            lambda subtree, size=size: consistency_proof(RANDOM.randint(1, size), size, subtree),
            lambda subtree, size=size: root_of(size, subtree),
        ):
            subtree, asked = counting()
            prove(subtree)
            assert len(asked) <= 2 * size.bit_length()


# --- what is no proof ---------------------------------------------------------------------------------


def test_the_wrong_leaf_index_size_or_root_is_not_included() -> None:
    for size in sizes(300):
        index = RANDOM.randrange(size)
        root, proof = mth(0, size), path(index, 0, size)
        other = (index + RANDOM.randint(1, len(LEAVES) - 1)) % len(LEAVES)
        assert not is_included(leaf_hash(LEAVES[other]), index, size, proof=proof, root=root)
        assert not is_included(leaf_hash(LEAVES[index]), index, size, proof=proof, root=mth(0, size - 1))
        for wrong in {index - 1, index + 1, size, -1} - {index}:
            assert not is_included(leaf_hash(LEAVES[index]), wrong, size, proof=proof, root=root)


def test_a_changed_cut_or_longer_inclusion_proof_is_none() -> None:
    for size in sizes(300):
        index = RANDOM.randrange(size)
        root, proof = mth(0, size), path(index, 0, size)
        for wrong in mutated(proof):
            assert not is_included(leaf_hash(LEAVES[index]), index, size, proof=wrong, root=root)


def test_a_changed_cut_or_longer_consistency_proof_is_none() -> None:
    for newer in sizes(300):
        older = RANDOM.randint(1, newer)
        proof = subproof(older, 0, newer, is_whole=True)
        for wrong in mutated(proof):
            assert not is_consistent(
                older, newer, older_root=mth(0, older), newer_root=mth(0, newer), proof=wrong
            )


def mutated(proof: list[bytes]) -> list[list[bytes]]:
    """Return neighbours of a proof that prove nothing."""
    wrong = [[*proof, bytes(32)], [*proof, b"short"]]
    if proof:
        place = RANDOM.randrange(len(proof))
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        wrong += [proof[:-1], proof[1:], [*proof[:place], flipped, *proof[place + 1 :]]]
    if len(proof) > 1:
        wrong.append(proof[::-1])
    return wrong


def test_a_tail_that_was_cut_off_cannot_be_grown_again_with_other_leaves() -> None:
    """The head at 1,000 was published; a log that lost its last leaves and went on is another one."""
    kept, published, now = 990, 1_000, 1_200
    forged = [*LEAVES[:kept], *(b"forged %d" % number for number in range(kept, now))]

    @lru_cache(maxsize=10_000)
    def subtree(one: Subtree) -> bytes:
        if one.level == 0:
            return leaf_hash(forged[one.place])
        left = Subtree(one.level - 1, one.place * 2)
        return sha256(b"\x01" + subtree(left) + subtree(left._replace(place=left.place + 1))).digest()

    proof = consistency_proof(published, now, subtree)
    head = root_of(now, subtree)
    assert is_consistent(published, now, older_root=root_of(published, subtree), newer_root=head, proof=proof)
    assert not is_consistent(published, now, older_root=mth(0, published), newer_root=head, proof=proof)


def test_two_heads_of_one_size_are_not_consistent() -> None:
    root = mth(0, 7)
    assert is_consistent(7, 7, older_root=root, newer_root=root, proof=[])
    assert not is_consistent(7, 7, older_root=root, newer_root=mth(0, 8), proof=[])


def test_everything_grew_from_the_empty_tree() -> None:
    assert root_of(0, complete) == EMPTY_ROOT
    assert consistency_proof(0, 9, complete) == []
    assert is_consistent(0, 9, older_root=EMPTY_ROOT, newer_root=mth(0, 9), proof=[])
    assert not is_consistent(0, 9, older_root=mth(0, 1), newer_root=mth(0, 9), proof=[])


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(index, 5, complete)


@pytest.mark.parametrize(("older", "newer"), [(-1, 5), (6, 5)])
def test_no_proof_is_made_for_a_log_that_shrank(older: int, newer: int) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        consistency_proof(older, newer, complete)
    assert not is_consistent(older, newer, older_root=mth(0, 5), newer_root=mth(0, 5), proof=[])


def test_a_node_cannot_be_shown_as_a_leaf() -> None:
    """Second preimages across levels are what the two prefixes prevent."""
    node = mth(0, 1) + mth(1, 2)
    assert leaf_hash(node) != mth(0, 2)
    assert not is_included(leaf_hash(node), 0, 2, proof=[mth(2, 4)], root=mth(0, 4))
