"""Whether renewals prove that a receipt existed, and since when: each link by itself, then the rule of time.

What is wrong is refused here: a link that is missing, swapped or out of order, a token older than its head or
of something else. Whether what is right convinces is left to `evidence.existence`: each token is a proof with
the next one as its later proof, so it counts where that is from before its own end.

Stand-alone, like `checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha512
from itertools import pairwise
from typing import TYPE_CHECKING

from notigateway.errors import CheckpointInvalidError, StampInvalidError
from notigateway.evidence.existence import Proof
from notigateway.evidence.history import dated
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, read_stamp
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint
from notigateway.tlog.merkle import SHA512, is_included, leaf_hash
from notigateway.tlog.note import read_note, verify_note
from notigateway.tlog.renewal import note_imprint, read_record
from notigateway.tlog.second import Bound, chained, entry, read_statement, record_digest, statement_imprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from notigateway.evidence.history import DatedCertificate, Pin
    from notigateway.tlog.checkpoint import Checkpoint
    from notigateway.tlog.renewal import Renewals, Second
    from notigateway.tlog.second import Statement


@dataclass(frozen=True, slots=True)
class Dated:
    """A head or statement with the word of a pinned authority that it existed."""

    size: int
    said_at: datetime
    at: datetime
    pin: DatedCertificate
    algorithms: frozenset[str]

    def proof(self, *later: Proof) -> Proof:
        """Return it as a proof, with what is known of its own age."""
        return Proof(self.at, self.pin, self.algorithms, later)


@dataclass(frozen=True, slots=True)
class Followed:
    """What renewals come to: the proof of the receipt, the tokens of the heads, those of the second tree.

    `second` is the proof by the second tree alone: of the receipt, and of what it binds beside that.
    """

    proof: Proof
    heads: tuple[Dated, ...]
    statements: tuple[Dated, ...] = ()
    second: Proof | None = None


def follow(
    renewals: Renewals, leaf: bytes, original: bytes, *, seals: Sequence[Pin], authorities: Sequence[Pin]
) -> Followed:
    """Return what proves a receipt by renewals, given the leaf that speaks of it.

    1. There is a link; each but the last says how the next head covers its record.
    2. Each record's subject is a note that a pinned seal signed while its certificate was valid, of more
       leaves than the one before. A period that ended before does not break the chain: who sealed a head
       proves nothing here, and a period may be ended later, for a time that has passed.
    3. Its token is about that note, by a pinned authority in its period, and not from before the head or the
       token before it, as far as clocks differ.
    4. The leaf is in the first head; the leaf of each record lies in the next head, behind its own.
    5. The second tree, where there is one: there is a statement; each names the record of the one before it
       by its SHA-512.
    6. The entry that says all this of the receipt is in the tree of the first.
    7. Each binds renewals of those that are here, and no fewer than the one before it.
    8. Each token is about its statement, by SHA-512, and none is from before what it is about.

    Raises: `CheckpointInvalidError`, `StampInvalidError` with the reason.
    """
    one = _Following(renewals, leaf, dated(authorities))
    heads = one.heads(seals)
    if renewals.second is None:
        return Followed(_joined(heads), tuple(heads))
    statements, bound = one.statements(renewals.second, original, heads[0].size)
    if statements[0].at < heads[bound].at - CLOCKS_DIFFER_AT_MOST:
        raise CheckpointInvalidError("the second tree is from before the renewals that it is about")
    beside = _joined(statements)
    return Followed(_joined(heads, beside, bound), tuple(heads), tuple(statements), beside)


@dataclass(frozen=True, slots=True)
class _Following:
    """What is followed: the renewals of a leaf, by these authorities."""

    renewals: Renewals
    leaf: bytes
    authorities: Mapping[str, DatedCertificate]

    def heads(self, seals: Sequence[Pin]) -> list[Dated]:
        """Return the renewed heads with their tokens. Raises: as `follow`."""
        links = self.renewals.links
        if not links or any((one.covered is None) is not (one is links[-1]) for one in links):  # 1
            raise CheckpointInvalidError("a link of the renewals is missing")
        records = [read_record(one.record) for one in links]
        # The token is about the whole note, whichever form the signature in it has.
        whole = [one.certificate for one in dated(seals).values()]
        heads = [
            verify_note(read_note(one.subject), seal_certificates=whole, either_form=True).checkpoint
            for one in records
        ]
        stamps = [
            self._dated(record.token, note_imprint(record.subject), head)
            for record, head in zip(records, heads, strict=True)
        ]
        _check_order(stamps, "renewed head")  # 2, 3
        self._check_covered(heads)  # 4
        return stamps

    def _check_covered(self, heads: Sequence[Checkpoint]) -> None:
        """Check the ways from the leaf to the first head, and from each record to the next head."""
        first, index = heads[0], self.renewals.index
        hashed = leaf_hash(self.leaf)
        if not is_included(hashed, index, first.size, proof=self.renewals.proof, root=first.root):
            raise CheckpointInvalidError("the proof does not lead from the receipt to the first renewed head")
        for one, (head, after) in zip(self.renewals.links, pairwise(heads), strict=False):
            covered = one.covered
            if covered is None or covered.index < head.size:
                raise CheckpointInvalidError("the leaf of a renewal stands before the head that it is about")
            hashed = leaf_hash(covered.leaf(one.record))
            if not is_included(hashed, covered.index, after.size, proof=covered.proof, root=after.root):
                raise CheckpointInvalidError(
                    f"the renewal of {instant_text(head.at)} is not in the renewed head after it"
                )

    def statements(self, second: Second, original: bytes, head_size: int) -> tuple[list[Dated], int]:
        """Return the statements with their tokens, and the last renewal that the first binds."""
        records = [read_record(one) for one in second.statements]
        statements = [read_statement(one.subject) for one in records]
        if not statements:  # 5
            raise CheckpointInvalidError("a statement of the second tree is missing")
        for before, after in zip(second.statements, statements[1:], strict=False):
            if after.before != record_digest(before):
                raise CheckpointInvalidError(
                    "a statement of the second tree does not follow the one before it"
                )
        first, index = statements[0], self.renewals.index
        bound = Bound(sha512(original).hexdigest(), _hex(second.previous), _hex(second.request))
        hashed = SHA512.leaf(entry(self.leaf, bound, head=head_size, proof=self.renewals.proof))
        proof, root = second.proof, first.root
        if not is_included(hashed, index, first.size, proof=proof, root=root, hashing=SHA512):  # 6
            raise CheckpointInvalidError("the receipt is not in the second tree")
        last = self._last_bound(second, statements)  # 7
        stamps = [
            self._dated(record.token, statement_imprint(record.subject), said)
            for record, said in zip(records, statements, strict=True)
        ]
        _check_order(stamps, "statement of the second tree", may_stay=True)  # 8
        return stamps, last

    def _last_bound(self, second: Second, statements: Sequence[Statement]) -> int:
        """Return which renewal the first statement binds as its last."""
        chain = chained(second.before, self.renewals.links)
        places = {after: place for place, after in enumerate(chain)}
        try:
            found = [places[one.renewals] for one in statements]
        except KeyError as error:
            raise CheckpointInvalidError("the second tree is about other renewals than these") from error
        if found != sorted(found):
            raise CheckpointInvalidError("a statement of the second tree binds less than the one before it")
        return found[0]

    def _dated(self, token: bytes, imprint: bytes, said: Checkpoint | Statement) -> Dated:
        """Check a token against its subject. Raises: `StampInvalidError`."""
        certificates = [one.certificate for one in self.authorities.values()]
        stamp = read_stamp(token, imprint=imprint, authorities=certificates)
        pin = self.authorities[fingerprint(stamp.authority)]
        if not pin.covers(stamp.at):
            raise StampInvalidError("the authority of a renewal was not in use when it gave its time-stamp")
        return Dated(said.size, said.at, stamp.at, pin, stamp.algorithms)


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _check_order(stamps: Sequence[Dated], what: str, *, may_stay: bool = False) -> None:
    """Check that sizes and instants go on. Raises: `CheckpointInvalidError`."""
    for one in stamps:
        if one.at < one.said_at - CLOCKS_DIFFER_AT_MOST:
            raise CheckpointInvalidError(f"the time-stamp of a {what} is from before it")
    for before, after in pairwise(stamps):
        # Authorities answer by several clocks, and one after the other is asked.
        if after.size < before.size + (not may_stay) or after.at < before.at - CLOCKS_DIFFER_AT_MOST:
            raise CheckpointInvalidError(f"a {what} is out of order")


def _joined(stamps: Sequence[Dated], beside: Proof | None = None, bound: int = -1) -> Proof:
    """Return the first as a proof with the others as later ones; `beside` is of all up to `bound`."""
    later: tuple[Proof, ...] = ()
    for place in reversed(range(len(stamps))):
        more = (beside,) if beside is not None and place <= bound else ()
        later = (stamps[place].proof(*later, *more),)
    return later[0]
