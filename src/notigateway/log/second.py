"""Builds the log's second tree (SHA-512) in portions, however large the log and however often it is cut off.

Each portion is one transaction that adds entries to the tiles and nothing else, so a run goes on where the
last one that was committed ended. Once the tree has reached the newest renewed head, its root gets a
time-stamp.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha512
from typing import TYPE_CHECKING, Final
from uuid import UUID

from lxml.etree import XMLSyntaxError

from notigateway.errors import LogDamagedError, StampInvalidError
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, embedded_certificates, read_stamp
from notigateway.instants import to_milliseconds
from notigateway.log.growing import inclusion_of
from notigateway.log.renewing import links_of, renewals_of
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.log import TileReader, find_last_checkpoint, list_entries
from notigateway.repository.model import Receipt
from notigateway.repository.receipts import find_envelopes, find_originals
from notigateway.repository.renewals import (
    SecondRoot,
    SecondTiles,
    find_last_renewal,
    find_last_root,
    find_renewal_covering,
    find_root_covering,
    keep_second_tile,
    list_renewals,
    list_roots,
    lock_renewals,
    second_size,
    sizes_of_renewals,
)
from notigateway.tlog.leaf import Leaf, LeafKind
from notigateway.tlog.merkle import SHA512, inclusion_proof, root_of
from notigateway.tlog.renewal import RENEWALS_AT_MOST, Renewals, Second
from notigateway.tlog.second import (
    START,
    Bound,
    Statement,
    chained,
    entry,
    record_digest,
    statement_imprint,
    with_proof,
)
from notigateway.tlog.tiles import grow, subtree_in_tiles
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.evidence.lasting import Lasting
    from notigateway.log.growing import Inclusion
    from notigateway.log.renewing import Renewing
    from notigateway.repository.renewals import LogRenewal
    from notigateway.repository.session import Session
    from notigateway.tlog.renewal import Link

_AT_ONCE: Final = 500
_PREVIOUS: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("PreviousEvidence", "EvidenceIdentifier"))
_REQUEST: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("RequestEvidence", "EnvelopeSha256"))


@dataclass(frozen=True, slots=True)
class Built:
    """What a run did: entries that it added, how many there are, and the statement's number and instant."""

    added: int
    size: int
    number: int
    at: datetime


def build(engine: Engine, *, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Add entries up to the newest renewed head; return how many were added.

    Several at once share the work. Raises: `LogDamagedError`, `TemporarilyUnavailableError`.
    """
    added, is_more = 0, True
    while is_more:
        with writing(engine) as session:
            lock_renewals(session)
            start, sizes = second_size(session), sizes_of_renewals(session)
            limit = min(_AT_ONCE, (sizes[-1] if sizes else 0) - start)
            is_more = limit > 0
            if is_more:
                hashes = entries(session, start, limit, sizes)
                tiles = SecondTiles(session)
                for one, content in grow(start, hashes, tiles, hashing=SHA512).items():
                    keep_second_tile(session, one, content)
                added += limit
        if is_more:
            on_progress(start + limit)
            let_others_write(engine)
    return added


def entries(session: Session, start: int, count: int, sizes: Sequence[int]) -> list[bytes]:
    """Return the hashes of entries from a position on; `sizes` are those of the renewed heads.

    Raises: `LogDamagedError` where a leaf is not there, or the receipt of one.
    """
    subtree = cache(partial(subtree_in_tiles, tile=TileReader(session)))
    rows = list_entries(session, after=start - 1, limit=count)
    for position, row in enumerate(rows, start):
        if row.position != position:
            raise LogDamagedError(f"leaf {position} is missing")
        if row.kind is LeafKind.RECEIPT and row.xml is None:
            raise LogDamagedError(f"leaf {position}: the receipt {row.subject} is gone")
    bound = _bound(session, {row.subject: row.xml for row in rows if row.kind is LeafKind.RECEIPT})
    found = []
    for row in rows:
        head = sizes[bisect_right(sizes, row.position)]
        proof = inclusion_proof(row.position, head, subtree)
        leaf = Leaf(row.kind, row.subject, row.commitment).to_bytes()
        text = entry(leaf, bound.get(row.subject, Bound()), head=head, proof=proof)
        found.append(SHA512.leaf(text))
    if len(found) != count:
        raise LogDamagedError(f"leaf {start + len(found)} is missing")
    return found


def _bound(session: Session, receipts: Mapping[UUID, bytes]) -> dict[UUID, Bound]:
    """Return what binds each of these receipts, and what they name: the one before, and the request.

    Raises: `LogDamagedError`.
    """
    try:
        trees = {one: parse_receipt(xml) for one, xml in receipts.items()}
    except XMLSyntaxError as error:
        raise LogDamagedError("a receipt of the log is not XML") from error
    before = {one: tree.findtext(_PREVIOUS) for one, tree in trees.items()}
    asked = {one: tree.findtext(_REQUEST) for one, tree in trees.items()}
    wanted = [UUID(one) for one in before.values() if one is not None]
    originals = {one: sha512(xml).hexdigest() for one, xml in find_originals(session, wanted)}
    requests = find_envelopes(session, filter(None, asked.values()))
    envelopes = {one: sha512(xml).hexdigest() for one, xml in requests}
    found = {}
    for one, xml in receipts.items():
        previous = before[one]
        found[one] = Bound(
            sha512(xml).hexdigest(),
            None if previous is None else originals.get(UUID(previous)),
            envelopes.get(asked[one] or ""),
        )
    return found


def state(engine: Engine, renewing: Renewing, *, added: int, now: datetime) -> Built | None:
    """Have the root over all renewed heads time-stamped by SHA-512; None without a renewal.

    A statement of what the last one states already is made anew all the same: so its time-stamp is renewed.

    Raises: `StampInvalidError`, also where the authority signs by SHA-256; `LogDamagedError`, and as `renew`.
    """
    with reading(engine) as session:
        renewal, before = find_last_renewal(session), find_last_root(session)
        if renewal is None:
            return None
        size = renewal.size
        if second_size(session) < size:
            raise LogDamagedError("the second tree ends before the newest renewed head")
        said = Statement(
            origin=renewing.origin,
            size=size,
            root=root_of(size, _second_subtrees(session), hashing=SHA512),
            renewals=bound_by(session, renewal.number),
            before=None if before is None else record_digest(before.record),
            at=to_milliseconds(now),
        )
    text = said.to_bytes()
    record, stamp = renewing.record(text, statement_imprint(text))
    if stamp.at < max(said.at, renewal.at) - CLOCKS_DIFFER_AT_MOST:
        raise StampInvalidError("the time-stamp is from before the statement that it is about")
    _check_algorithms(stamp.token, statement_imprint(text))
    number = 1 if before is None else before.number + 1
    with writing(engine) as session:
        lock_renewals(session)
        last = find_last_root(session)
        if last is not None and last.number >= number:
            return Built(added, last.size, last.number, last.at)
        session.add(
            SecondRoot(
                number=number, size=size, renewal=renewal.number, at=stamp.at, record=record.to_bytes()
            )
        )
    return Built(added, size, number, stamp.at)


def bound_by(session: Session, number: int) -> bytes:
    """Return what stands for all renewals up to that number."""
    *_, last = chained(START, _links(session, number))
    return last


def _links(session: Session, number: int) -> tuple[Link, ...]:
    rows = [one for one in list_renewals(session, limit=number) if one.number <= number]
    return links_of(session, rows, partial(subtree_in_tiles, tile=TileReader(session)))


def with_renewals(
    session: Session, subject: UUID, inclusion: Inclusion, lasting: Lasting
) -> tuple[Inclusion, bytes | None]:
    """Return what proves a receipt in the log by now: the inclusion to give, and the file of renewals.

    The inclusion is the nearest to the fact; where the time-stamp of its head counts no more, or a seal of
    before has signed it without any, that in the newest head. Raises: `LogDamagedError`.
    """
    first = find_renewal_covering(session, inclusion.index)
    if first is None:
        return inclusion, None
    renewals = with_second(session, subject, renewals_of(session, inclusion.index, first), first)
    head, newest = inclusion.checkpoint, find_last_checkpoint(session)
    if newest is not None and newest.size != head.size:
        is_of_now = head.seal_sha256 == newest.seal_sha256
        if not is_of_now if head.token is None else lasting.has_ended(head.token):
            inclusion = inclusion_of(session, subject, size=newest.size) or inclusion
    return inclusion, renewals.to_bytes()


def with_second(session: Session, subject: UUID, renewals: Renewals, first: LogRenewal) -> Renewals:
    """Return renewals of a receipt, `first` the first that covers it, with what the second tree adds to them.

    They stay as they are where no statement covers the leaf. Raises: `LogDamagedError`.
    """
    root = find_root_covering(session, renewals.index)
    if root is None:
        return renewals
    before = START
    if first.number > 1:
        links = _links(session, first.number)[: first.number - 1]
        *_, before = chained(START, links)
        last = links[-1].covered
        if last is None:
            raise LogDamagedError(f"renewal {first.number - 1} is not covered by the next one")
        before = with_proof(before, last)
    proof = inclusion_proof(renewals.index, root.size, _second_subtrees(session), hashing=SHA512)
    rows = list_roots(session, after=root.number - 1, limit=RENEWALS_AT_MOST)
    row = session.get_one(Receipt, subject)
    bound = _bound(session, {subject: row.xml})[subject]
    statements = tuple(one.record for one in rows)
    second = Second(before, _read(bound.previous), _read(bound.request), tuple(proof), statements)
    return Renewals(renewals.index, renewals.proof, renewals.links, second)


def _read(digest: str | None) -> bytes | None:
    return None if digest is None else bytes.fromhex(digest)


def _second_subtrees(session: Session) -> partial[bytes]:
    return partial(subtree_in_tiles, tile=SecondTiles(session), hashing=SHA512)


def _check_algorithms(token: bytes, imprint: bytes) -> None:
    """Check that a token does not rest on what the second tree is to outlive. Raises: `StampInvalidError`."""
    stamp = read_stamp(token, imprint=imprint, authorities=embedded_certificates(token))
    if "SHA-256" in stamp.algorithms:
        raise StampInvalidError(
            "the authority signs by SHA-256, which its time-stamp of the second tree must outlive: ask one "
            "that signs by SHA-384 or SHA-512"
        )
