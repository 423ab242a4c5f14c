"""The hash tree of the log (RFC 9162 §2.1, SHA-256): roots, proofs of inclusion, proofs that it only grew.

Pure: bytes in, bytes out. Whoever keeps the tree gives the hashes of its complete subtrees by a
function; every root and proof asks for a number of them that grows with the logarithm of the size. A
proof is checked with nothing but its own hashes, so a verifier needs no database. The log's second tree
(`second`) is the same with SHA-512: what differs is said by a `Hashing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HASH_BYTES: Final = 32
# RFC 9162 §2.1.1: a leaf can never be taken for a node, nor a node for a leaf.
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
EMPTY_ROOT: Final = sha256().digest()


class Subtree(NamedTuple):
    """A complete subtree: the leaves from `place * 2**level` on, `2**level` of them."""

    level: int
    place: int


class Span(NamedTuple):
    """The leaves from `start` to before `end`; `start` is where a subtree of that many leaves may begin."""

    start: int
    end: int


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node with two children."""
    return sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Hashing:
    """How a tree is hashed: the function, and the size of what it gives in bytes."""

    size: int
    function: Callable[[bytes], Any]

    def leaf(self, leaf: bytes) -> bytes:
        """Return the hash of a leaf."""
        hashed: bytes = self.function(_LEAF + leaf).digest()
        return hashed

    def node(self, left: bytes, right: bytes) -> bytes:
        """Return the hash of a node with two children."""
        hashed: bytes = self.function(_NODE + left + right).digest()
        return hashed

    def are_hashes(self, proof: Sequence[bytes]) -> bool:
        """Tell whether all of these are hashes of this function, by their size."""
        return all(len(one) == self.size for one in proof)


SHA256: Final = Hashing(HASH_BYTES, sha256)
SHA512: Final = Hashing(64, sha512)


# --- what a tree says -----------------------------------------------------------------------------


def root_of(size: int, subtree: Callable[[Subtree], bytes], *, hashing: Hashing = SHA256) -> bytes:
    """Return the head of the tree of the first `size` leaves (RFC 9162 §2.1.1)."""
    if not size:
        empty: bytes = hashing.function(b"").digest()
        return empty
    return _hash_of(Span(0, size), subtree, hashing)


def inclusion_proof(
    index: int, size: int, subtree: Callable[[Subtree], bytes], *, hashing: Hashing = SHA256
) -> list[bytes]:
    """Return the proof that the leaf at `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1).

    Raises: `ValueError` where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return [_hash_of(span, subtree, hashing) for span in _path(index, Span(0, size))]


def consistency_proof(older: int, newer: int, subtree: Callable[[Subtree], bytes]) -> list[bytes]:
    """Return the proof that the tree of `newer` leaves begins with that of `older` (RFC 9162 §2.1.4.1).

    It is empty between equal trees, and from the empty tree, of which there is nothing to prove.

    Raises: `ValueError` where the older tree is the larger one.
    """
    if not 0 <= older <= newer:
        raise ValueError(f"a tree of {newer} leaves does not begin with one of {older}")
    if older in {0, newer}:
        return []
    return [_hash_of(span, subtree, SHA256) for span in _seam(older, Span(0, newer))]


class Frontier:
    """A tree that only grows: no more than its head and its size, for whoever recomputes all of it."""

    def __init__(self, hashing: Hashing = SHA256) -> None:
        self.size = 0
        self._hashing = hashing
        self._peaks: list[bytes] = []

    def append(self, hash_of_leaf: bytes) -> None:
        """Append a leaf by its hash."""
        carried, left = hash_of_leaf, self.size
        while left & 1:
            carried, left = self._hashing.node(self._peaks.pop(), carried), left >> 1
        self._peaks.append(carried)
        self.size += 1

    def root(self) -> bytes:
        """Return the head."""
        if not self._peaks:
            return root_of(0, lambda _: b"", hashing=self._hashing)
        return _joined(list(self._peaks), self._hashing)


def _split(span: Span) -> tuple[Span, Span]:
    """Divide at the largest power of two below the number of leaves."""
    middle = span.start + (1 << (span.end - span.start - 1).bit_length() - 1)
    return Span(span.start, middle), Span(middle, span.end)


def _path(index: int, span: Span) -> Iterator[Span]:
    """Return the siblings on the way from a leaf up to the root."""
    siblings = []
    while span.end - span.start > 1:
        left, right = _split(span)
        span, sibling = (left, right) if index < left.end else (right, left)
        siblings.append(sibling)
    return reversed(siblings)


def _seam(older: int, span: Span) -> Iterator[Span]:
    """Return what joins the older tree to the newer one, upwards; a root that is a node is left out."""
    siblings = []
    while span.end != older:
        left, right = _split(span)
        span, sibling = (left, right) if older <= left.end else (right, left)
        siblings.append(sibling)
    if span.start:
        siblings.append(span)
    return reversed(siblings)


def _hash_of(span: Span, subtree: Callable[[Subtree], bytes], hashing: Hashing) -> bytes:
    """Return the hash of a span from those of the complete subtrees that it consists of."""
    return _joined([subtree(one) for one in _complete(span)], hashing)


def _joined(parts: list[bytes], hashing: Hashing) -> bytes:
    """Return the hash over complete subtrees that stand side by side, the largest one first."""
    result = parts.pop()
    while parts:
        result = hashing.node(parts.pop(), result)
    return result


def _complete(span: Span) -> Iterator[Subtree]:
    """Return the complete subtrees of a span, from the largest one on the left to the smallest."""
    start, left = span.start, span.end - span.start
    while left:
        level = left.bit_length() - 1
        yield Subtree(level, start >> level)
        start, left = start + (1 << level), left - (1 << level)


# --- what a proof proves --------------------------------------------------------------------------


def is_included(
    hash_of_leaf: bytes,
    index: int,
    size: int,
    *,
    proof: Sequence[bytes],
    root: bytes,
    hashing: Hashing = SHA256,
) -> bool:
    """Tell whether a proof shows that the leaf is at `index` of that tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not hashing.are_hashes(proof):
        return False
    position, last, result = index, size - 1, hash_of_leaf
    for sibling in proof:
        if not last:
            return False
        if position & 1 or position == last:
            result = hashing.node(sibling, result)
            while not position & 1 and position:  # a node without a right neighbour moves up as it is
                position, last = position >> 1, last >> 1
        else:
            result = hashing.node(result, sibling)
        position, last = position >> 1, last >> 1
    return not last and result == root


def is_consistent(
    older: int, newer: int, *, older_root: bytes, newer_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that the newer tree begins with all of the older one (RFC 9162 §2.1.4.2).

    Two trees of one size are consistent only if they are the same one.
    """
    if not 0 <= older <= newer or not SHA256.are_hashes(proof):
        return False
    if older == newer:
        return not proof and older_root == newer_root
    if older == 0:
        return not proof and older_root == EMPTY_ROOT
    # The root of an older tree that is one complete subtree is left out of the proof.
    path = [older_root, *proof] if older & older - 1 == 0 else list(proof)
    if not path:
        return False
    position, last = older - 1, newer - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    of_older = of_newer = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if position & 1 or position == last:
            of_older, of_newer = node_hash(sibling, of_older), node_hash(sibling, of_newer)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            of_newer = node_hash(of_newer, sibling)
        position, last = position >> 1, last >> 1
    return not last and of_older == older_root and of_newer == newer_root
