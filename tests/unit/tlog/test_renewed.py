"""Chains of renewed heads, made by hand: which convince, and that no other link, order or time passes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256, sha512
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notigateway.errors import CheckpointInvalidError, StampInvalidError
from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.existence import Judgement
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.sealing import Seal
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.merkle import SHA512, Subtree, inclusion_proof, leaf_hash, root_of
from notigateway.tlog.note import write_note
from notigateway.tlog.renewal import (
    Covered,
    Link,
    Record,
    Renewals,
    Second,
    note_imprint,
    read_record,
    read_renewals,
)
from notigateway.tlog.renewed import follow
from notigateway.tlog.second import (
    START,
    Bound,
    Statement,
    chained,
    entry,
    record_digest,
    statement_imprint,
)
from notigateway.tlog.tiles import Tile, grow, subtree_in_tiles
from pki import pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.pki.keys import KeyPair
    from notigateway.tlog.merkle import Hashing
    from notigateway.tlog.renewed import Followed

ORIGIN = "log.example"
ORIGINAL = b"<a receipt/>"
LEAF = b"a leaf that speaks of it"
INDEX = 2
YEAR = timedelta(days=365)
BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
REFUSED = (CheckpointInvalidError, StampInvalidError)


def year(number: int) -> datetime:
    return BEGIN + number * YEAR


@cache
def authority(first: int, last: int) -> KeyPair:
    """Return an authority that is valid from a year of the chain to another."""
    return tsa(f"chain-{first}", (year(first) - timedelta(days=30), year(last) + timedelta(days=30)))


def trees(leaves: Sequence[bytes], hashing: Hashing | None = None) -> Callable[[Subtree], bytes]:
    tiles: dict[Tile, bytes] = {}
    if hashing is None:
        tiles |= grow(0, [leaf_hash(one) for one in leaves], tiles.__getitem__)
        return partial(subtree_in_tiles, tile=tiles.__getitem__)
    tiles |= grow(0, [hashing.leaf(one) for one in leaves], tiles.__getitem__, hashing=hashing)
    return partial(subtree_in_tiles, tile=tiles.__getitem__, hashing=hashing)


@dataclass
class Chain:
    """A log that is renewed once a year: by which authorities, and when it got its second tree."""

    authorities: tuple[KeyPair, ...]
    second_at: int | None = None
    ats: tuple[datetime, ...] = ()
    leaves: list[bytes] = field(default_factory=lambda: [b"0", b"1", LEAF, b"3"])

    def build(self) -> Renewals:
        records: list[bytes] = []
        places: list[tuple[UUID, bytes, int]] = []
        sizes: list[int] = []
        for number, pair in enumerate(self.authorities):
            at = self.ats[number] if self.ats else year(number)
            size = len(self.leaves)
            sizes.append(size)
            note = self.note(size, min(at, year(number)))
            records.append(Record(note, token_of(note_imprint(note), at=at, pair=pair)).to_bytes())
            salt, name = sha256(b"%d" % number).digest(), UUID(int=number)
            leaf = Covered(name, salt, 0, ()).leaf(records[-1])
            places.append((name, salt, size + 1))
            self.leaves += [b"other %d" % number, leaf, b"more %d" % number]
        subtree = trees(self.leaves)
        links = []
        for number, record in enumerate(records):
            if number + 1 == len(records):
                links.append(Link(record))
                break
            name, salt, index = places[number]
            proof = tuple(inclusion_proof(index, sizes[number + 1], subtree))
            links.append(Link(record, Covered(name, salt, index, proof)))
        proof = tuple(inclusion_proof(INDEX, sizes[0], subtree))
        made = Renewals(INDEX, proof, tuple(links))
        return made if self.second_at is None else replace(made, second=self.second(made, sizes))

    def note(self, size: int, at: datetime) -> bytes:
        head = Checkpoint(ORIGIN, size, root_of(size, trees(self.leaves[:size])), at).to_bytes()
        seal = Seal(pki().seal)
        signature = seal.sign(head, now=at)
        return write_note(head, signature, origin=ORIGIN, certificate=seal.certificate)

    def second(self, made: Renewals, sizes: Sequence[int]) -> Second:
        """Return what a second tree adds that was built at a renewal, and stated once more a year later."""
        assert self.second_at is not None
        size = sizes[self.second_at]
        own = entry(LEAF, Bound(sha512(ORIGINAL).hexdigest()), head=sizes[0], proof=made.proof)
        entries = [b"%d" % number for number in range(size)]
        entries[INDEX] = own
        subtree = trees(entries, SHA512)
        root = root_of(size, subtree, hashing=SHA512)
        before: bytes | None = None
        bound, statements = list(chained(START, made.links)), []
        for number in (self.second_at, self.second_at + 1):
            place = min(number, len(bound) - 1)
            said = Statement(ORIGIN, size, root, bound[place], before and record_digest(before), year(number))
            pair = authority(number, number + 6)
            token = token_of(statement_imprint(said.to_bytes()), at=year(number), pair=pair, digest="sha512")
            before = Record(said.to_bytes(), token).to_bytes()
            statements.append(before)
        proof = tuple(inclusion_proof(INDEX, size, subtree, hashing=SHA512))
        return Second(START, None, None, proof, tuple(statements))


def pins() -> list[DatedCertificate]:
    return [DatedCertificate.of(authority(number, number + 6).certificate) for number in range(12)]


def followed(
    made: Renewals,
    *,
    leaf: bytes = LEAF,
    original: bytes = ORIGINAL,
    authorities: Sequence[DatedCertificate] = (),
) -> Followed:
    read = read_renewals(made.to_bytes())
    return follow(read, leaf, original, seals=[pki().seal.certificate], authorities=authorities or pins())


def convinces(found: Followed, at: datetime, *, sunset: datetime | None = None) -> bool:
    table = known_algorithms()
    if sunset is not None:
        table = replace(table, ends={**table.ends, "SHA-256": sunset})
    return Judgement(at, table).counts(found.proof)


def spans(*years: int) -> tuple[KeyPair, ...]:
    """Return the authorities of successive renewals, each by the year in which its certificate begins."""
    return tuple(authority(one, one + 6) for one in years)


@cache
def plain() -> Renewals:
    return Chain(spans(0, 1, 2, 3)).build()


@cache
def with_second() -> Renewals:
    return Chain(spans(0, 1, 2, 3), second_at=2).build()


def test_a_chain_convinces_until_its_newest_authority_ends() -> None:
    found = followed(plain())
    assert found.proof.at == year(0)
    assert convinces(found, year(3))
    assert convinces(found, year(9))
    assert not convinces(found, year(10))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=7), st.integers(0, 12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_chain_convinces_exactly_as_far_as_each_authority_reaches(ages: list[int], later: int) -> None:
    """Each authority ends six years after its beginning, which was so many years before its renewal."""
    begins = [max(0, number - age) for number, age in enumerate(ages)]
    found = followed(Chain(spans(*begins)).build())
    at = year(len(ages) - 1 + later)
    ends = [year(begin + 6) + timedelta(days=30) for begin in begins]
    does = False
    for number in reversed(range(len(ages))):
        is_taken_over = number + 1 < len(ages) and does and year(number + 1) <= ends[number]
        does = at <= ends[number] or is_taken_over
    assert convinces(found, at) is does


def swapped(made: Renewals, one: int, other: int) -> Renewals:
    links = list(made.links)
    links[one], links[other] = links[other], links[one]
    return replace(made, links=tuple(links))


def with_link(made: Renewals, number: int, link: Link) -> Renewals:
    links = list(made.links)
    links[number] = link
    return replace(made, links=tuple(links))


def covered_at(made: Renewals, number: int, **changes: object) -> Renewals:
    covered = made.links[number].covered
    assert covered is not None
    return with_link(made, number, replace(made.links[number], covered=replace(covered, **changes)))  # type: ignore[arg-type]


def record_with(made: Renewals, number: int, **changes: object) -> Renewals:
    record = replace(read_record(made.links[number].record), **changes)  # type: ignore[arg-type]
    return with_link(made, number, replace(made.links[number], record=record.to_bytes()))


def other_token(made: Renewals, number: int, at: datetime, pair: KeyPair) -> Renewals:
    subject = read_record(made.links[number].record).subject
    return record_with(made, number, token=token_of(note_imprint(subject), at=at, pair=pair))


WRONG: dict[str, Callable[[Renewals], Renewals]] = {
    "none": lambda made: replace(made, links=()),
    "first left out": lambda made: replace(made, links=made.links[1:]),
    "middle left out": lambda made: replace(made, links=(made.links[0], *made.links[2:])),
    "last left out": lambda made: replace(made, links=made.links[:-1]),
    "swapped": lambda made: swapped(made, 0, 1),
    "last first": lambda made: swapped(made, 0, 3),
    "twice": lambda made: replace(made, links=(made.links[0], *made.links)),
    "no way to the next": lambda made: with_link(made, 1, replace(made.links[1], covered=None)),
    "a way behind the last": lambda made: with_link(
        made, 3, replace(made.links[3], covered=made.links[2].covered)
    ),
    "another record": lambda made: with_link(made, 1, replace(made.links[1], record=made.links[2].record)),
    "another place": lambda made: covered_at(made, 1, index=9),
    "a place before its head": lambda made: covered_at(made, 1, index=1),
    "another salt": lambda made: covered_at(made, 1, salt=bytes(32)),
    "another identifier": lambda made: covered_at(made, 1, record_id=UUID(int=9)),
    "no proof": lambda made: covered_at(made, 1, proof=()),
    "another's token": lambda made: record_with(made, 1, token=read_record(made.links[2].record).token),
    "another's note": lambda made: record_with(made, 1, subject=read_record(made.links[2].record).subject),
    "more certificates": lambda made: record_with(made, 1, certificates=(b"one",)),
    "more revocation data": lambda made: record_with(made, 0, revocations=(b"one",)),
    "no token": lambda made: record_with(made, 3, token=b""),
    "no note": lambda made: record_with(made, 3, subject=b"text\n"),
    "a token older than its head": lambda made: other_token(made, 3, year(2), authority(2, 8)),
    "another index": lambda made: replace(made, index=1),
    "another proof": lambda made: replace(made, proof=made.proof[:-1]),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_chain_that_is_wrong_anywhere_is_refused(how: str) -> None:
    with pytest.raises(REFUSED):
        followed(WRONG[how](plain()))


def test_a_chain_of_a_pinned_authority_out_of_its_period_is_refused() -> None:
    ended = [
        replace(one, until=year(2) - timedelta(days=1))
        if one.certificate == authority(2, 8).certificate
        else one
        for one in pins()
    ]
    with pytest.raises(StampInvalidError, match="not in use"):
        followed(plain(), authorities=ended)
    with pytest.raises(StampInvalidError, match="pinned"):
        followed(plain(), authorities=pins()[3:])


def test_an_authority_that_was_put_out_of_use_before_the_next_renewal_breaks_the_chain() -> None:
    ended = [
        replace(one, until=year(1) + timedelta(days=1))
        if one.certificate == authority(1, 7).certificate
        else one
        for one in pins()
    ]
    found = followed(plain(), authorities=ended)
    assert convinces(found, year(5))  # the first authority is still there
    assert not convinces(found, year(7))


def test_a_chain_of_another_receipt_is_refused() -> None:
    with pytest.raises(CheckpointInvalidError, match="first renewed head"):
        followed(plain(), leaf=b"another")


def test_a_head_that_no_pinned_seal_signed_is_refused() -> None:
    with pytest.raises(CheckpointInvalidError):
        follow(plain(), LEAF, ORIGINAL, seals=[pki().company_seal.certificate], authorities=pins())


def test_past_the_end_of_sha_256_the_second_tree_decides() -> None:
    sunset = year(2) + timedelta(days=100)
    assert not convinces(followed(plain()), year(3), sunset=sunset)
    found = followed(with_second())
    assert convinces(found, year(3), sunset=sunset)
    assert convinces(found, year(9), sunset=sunset)
    assert not convinces(found, year(10), sunset=sunset)
    assert found.proof.at == year(0)
    # Built after that end, it is worth nothing.
    assert not convinces(found, year(3), sunset=year(2) - timedelta(days=1))


WRONG_SECOND: dict[str, Callable[[Second], Second]] = {
    "no statement": lambda one: replace(one, statements=()),
    "the first left out": lambda one: replace(one, statements=one.statements[1:]),
    "swapped": lambda one: replace(one, statements=one.statements[::-1]),
    "twice": lambda one: replace(one, statements=(one.statements[0], *one.statements)),
    "another beginning": lambda one: replace(one, before=bytes(64)),
    "another receipt before": lambda one: replace(one, previous=bytes(64)),
    "another request": lambda one: replace(one, request=bytes(64)),
    "another proof": lambda one: replace(one, proof=one.proof[1:]),
    "another proof of that length": lambda one: replace(one, proof=(bytes(64), *one.proof[1:])),
}


@pytest.mark.parametrize("how", WRONG_SECOND)
def test_a_second_tree_that_is_wrong_is_refused_whatever_the_table_says(how: str) -> None:
    made = with_second()
    assert made.second is not None
    if how == "the first left out":
        # What only a later statement covers is as good, if from before the end.
        assert followed(replace(made, second=WRONG_SECOND[how](made.second))).statements[0].at == year(3)
        return
    with pytest.raises(REFUSED):
        followed(replace(made, second=WRONG_SECOND[how](made.second)))


def test_a_second_tree_binds_the_receipt_and_its_renewals() -> None:
    with pytest.raises(CheckpointInvalidError, match="not in the second tree"):
        followed(with_second(), original=b"<another receipt/>")
    other = Chain(spans(0, 1, 2, 3), ats=(year(0) + timedelta(days=1), year(1), year(2), year(3))).build()
    with pytest.raises(CheckpointInvalidError, match="other renewals"):
        followed(replace(other, second=with_second().second))


def test_a_thousand_changes_of_a_file_of_renewals_are_refused() -> None:
    text = with_second().to_bytes()
    chosen = random.Random(4998)  # noqa: S311  (a fixed choice of changes)
    for _ in range(1_000):
        changed = bytearray(text)
        changed[chosen.randrange(len(text))] ^= chosen.randrange(1, 256)
        with pytest.raises(REFUSED):
            follow(
                read_renewals(bytes(changed)),
                LEAF,
                ORIGINAL,
                seals=[pki().seal.certificate],
                authorities=pins(),
            )


def test_the_longest_chain_that_is_read_is_judged() -> None:
    made = plain()
    found = followed(made)
    stamps = [found.heads[-1]] * 240
    proof = stamps[-1].proof()
    for before, _ in pairwise(reversed(stamps)):
        proof = before.proof(proof)
    assert convinces(replace(found, proof=proof), year(3))
