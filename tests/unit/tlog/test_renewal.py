"""What is written of renewals: each file and record has one spelling, and whatever else is refused."""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha512
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import CheckpointInvalidError
from notigateway.tlog import renewal
from notigateway.tlog.merkle import SHA512, Frontier, inclusion_proof, is_included, root_of
from notigateway.tlog.renewal import (
    Covered,
    Link,
    Record,
    Renewals,
    Second,
    read_record,
    read_renewals,
)
from notigateway.tlog.tiles import Tile, grow, subtree_in_tiles

HASH = st.binary(min_size=32, max_size=32)
LONG = st.binary(min_size=64, max_size=64)
PARTS = st.lists(st.binary(min_size=1, max_size=40), max_size=3).map(tuple)
RECORDS = st.builds(
    Record,
    st.text(st.characters(codec="utf-8"), max_size=60).map(str.encode),
    st.binary(max_size=40),
    PARTS,
    PARTS,
)
COVERED = st.builds(
    Covered, st.uuids(), HASH, st.integers(0, 10**18 - 1), st.lists(HASH, max_size=3).map(tuple)
)
LINKS = st.builds(Link, RECORDS.map(Record.to_bytes), st.none() | COVERED)
SECONDS = st.builds(
    Second,
    LONG,
    st.none() | LONG,
    st.none() | LONG,
    st.lists(LONG, max_size=3).map(tuple),
    st.lists(RECORDS.map(Record.to_bytes)).map(tuple),
)
RENEWALS = st.builds(
    Renewals,
    st.integers(0, 10**18 - 1),
    st.lists(HASH, max_size=3).map(tuple),
    st.lists(LINKS, max_size=3).map(tuple),
    st.none() | SECONDS,
)
PLAIN = Renewals(
    3,
    (bytes(32),),
    (Link(Record(b"note\n", b"token").to_bytes(), Covered(UUID(int=1), bytes(32), 4, (bytes(32),))),),
    Second(bytes(64), None, bytes(64), (bytes(64),), (Record(b"statement\n", b"token").to_bytes(),)),
)


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert read_record(record.to_bytes()) == record


@given(RENEWALS)
def test_a_file_of_renewals_is_read_as_it_was_written(renewals: Renewals) -> None:
    assert read_renewals(renewals.to_bytes()) == renewals


@given(RENEWALS, st.data())
def test_no_other_spelling_of_a_file_of_renewals_is_read(renewals: Renewals, data: st.DataObject) -> None:
    text = bytearray(renewals.to_bytes())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read_renewals(bytes(text))
    except CheckpointInvalidError:
        return
    assert found.to_bytes() == bytes(text)
    assert found != renewals


@pytest.mark.parametrize("read", [read_record, read_renewals])
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"format": Infinity}',
        b'{"index": 1e400}',
        b'{"index": ' + b"9" * 5_000 + b"}",
        json.dumps({"subject": 1, "token": "", "certificates": [], "revocations": []}).encode(),
        json.dumps({"subject": "\ud800", "token": "", "certificates": [], "revocations": []}).encode(),
        json.dumps({"index": True, "proof": [], "renewals": [], "second_tree": None}).encode(),
        json.dumps({"index": 0, "proof": {}, "renewals": [], "second_tree": []}).encode(),
        json.dumps({"index": 0, "proof": [1], "renewals": [{}], "second_tree": {}}).encode(),
        json.dumps({"index": 0, "proof": [], "renewals": ["x"] * 121, "second_tree": None}).encode(),
    ],
    ids=range(16),
)
def test_whatever_else_is_there_is_refused_in_words(read: partial[object], text: bytes) -> None:
    with pytest.raises(CheckpointInvalidError):
        read(text)


def test_what_is_too_large_is_not_parsed() -> None:
    with pytest.raises(CheckpointInvalidError, match="larger than any"):
        read_record(bytes(renewal.RECORD_MAX_BYTES + 1))
    with pytest.raises(CheckpointInvalidError, match="larger than any"):
        read_renewals(bytes(renewal.RENEWALS_MAX_BYTES + 1))


def test_every_member_of_a_file_of_renewals_must_be_of_its_kind() -> None:
    said = json.loads(PLAIN.to_bytes())
    for other in (None, 1, "x", [1], {"a": 1}, -1, 1.5):
        for name in said:
            if (name, other) == ("second_tree", None):
                continue
            changed = json.dumps({**said, name: other}, indent=1).encode() + b"\n"
            if other == 1 and name == "index":
                continue
            with pytest.raises(CheckpointInvalidError):
                read_renewals(changed)


def test_trees_of_sha_512_are_proven_as_those_of_sha_256() -> None:
    hashes = [SHA512.leaf(b"%d" % number) for number in range(700)]
    tiles: dict[Tile, bytes] = {}
    for start in range(0, 700, 300):
        tiles |= grow(start, hashes[start : start + 300], tiles.__getitem__, hashing=SHA512)
    subtree = partial(subtree_in_tiles, tile=tiles.__getitem__, hashing=SHA512)
    tree = Frontier(SHA512)
    assert tree.root() == sha512(b"").digest()
    for one in hashes:
        tree.append(one)
    root = root_of(700, subtree, hashing=SHA512)
    assert root == tree.root()
    for index in (0, 255, 256, 699):
        proof = inclusion_proof(index, 700, subtree, hashing=SHA512)
        assert is_included(hashes[index], index, 700, proof=proof, root=root, hashing=SHA512)
        assert not is_included(hashes[index - 1], index, 700, proof=proof, root=root, hashing=SHA512)
        assert not is_included(hashes[index], index, 700, proof=proof, root=root)
