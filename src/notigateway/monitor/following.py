"""Follows a log from where it stopped the last time: every head, every entry, every tile.

1. The head is sealed by a pinned seal, of the log that was followed before, and not of an earlier instant.
2. It continues the head that was verified last, and those that came from elsewhere.
3. Each new entry is hashed, and makes the tree grow that is remembered; each tile that has become full is
   compared with the one that the log serves, and at the end those at its right edge.
4. The root is the head's.

It holds a bundle of entries and the tree's right edge in memory, however large the log is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.monitor.comparing import compare, compare_smaller, proven_root
from notigateway.monitor.remembered import Edge, Lacking, Remembered
from notigateway.monitor.source import UnreachableError, WrongError
from notigateway.tlog.merkle import HASH_BYTES, leaf_hash
from notigateway.tlog.note import not_sealed, read_note, verify_note
from notigateway.tlog.quorum import count_cosignatures
from notigateway.tlog.quoted import held_words, quoted_words
from notigateway.tlog.split_view import Seen, split
from notigateway.tlog.tile_paths import TILE_WIDTH, tile_path, width_of
from notigateway.tlog.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from notigateway.evidence.history import DatedCertificate
    from notigateway.monitor.source import Source
    from notigateway.tlog.quorum import Counted, Quorum

# So many bundles of entries later what was done is remembered.
_BUNDLES_BETWEEN: Final = 64


_LOOKS: Final = 10


class OtherNameError(Exception):
    """The log goes on under another name: a person has to find out why, and to confirm it."""


@dataclass(frozen=True)
class Trusted:
    """The seals of the log, dated, and the witnesses that count, where somebody does."""

    seals: Sequence[DatedCertificate]
    quorum: Quorum | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What was found to be in order: the head, how many entries are new, who has cosigned it."""

    seen: Seen
    new: int
    counted: Counted | None
    # Where its new name was accepted just now: what it says that it goes on from.
    quoted: str = ""
    lacking: Lacking | None = None

    def is_overdue(self, now: datetime, within: timedelta) -> bool:
        """Tell whether cosignatures have been lacking for longer than that.

        A head of a moment ago has none yet, and a busy log shows no other: so it is a head that has been
        without for that long, or many looks in a row over that time.
        """
        if self.lacking is None:
            return False
        is_old = self.seen.head.at + within < now
        return is_old or (self.lacking.looks >= _LOOKS and self.lacking.since + within < now)


class Following:
    """One log, followed by one who remembers."""

    def __init__(
        self, source: Source, trusted: Trusted, keep: Callable[[Remembered], None], *, now: datetime
    ) -> None:
        self._source = source
        self._trusted = trusted
        self._keep_it = keep
        self._kept: Remembered | None = None
        self._now = now

    def _keep(self, known: Remembered) -> None:
        self._kept = known
        self._keep_it(known)

    def read(self, note: bytes, where: str) -> Seen:
        """Return a head whose seal is proven. Raises: `WrongError`."""
        try:
            sealed = verify_note(read_note(note), seal_certificates=self._trusted.seals, either_form=True)
        except CheckpointInvalidError as error:
            raise WrongError(f"{where}: {not_sealed(error, 'seals/ of the trust folder')}") from error
        if sealed.checkpoint.at > self._now + CLOCKS_DIFFER_AT_MOST:
            raise WrongError(f"{where}: its instant is ahead of this clock")
        return Seen(sealed.checkpoint, note, where)

    def follow(
        self, known: Remembered, *, others: Sequence[Seen] = (), accepted_name: str | None = None
    ) -> Followed:
        """Follow the log to its present head, and compare that with those from elsewhere.

        Raises: `SplitViewError`, `WrongError`, `UnreachableError`, `OtherNameError`.
        """
        begun, quoted = known, ""
        if known.under_way is not None:  # what was verified on that way is not read again
            known = self._finished(known)
        served = self.read(self._source.checkpoint(), self._source.url)
        self._check_not_former(known, served)
        self._check_unproven(known, served)
        if known.note and known.head.origin != served.head.origin:
            quoted = quoted_words(served.head, known.head, "this monitor has seen")
            quoted += f"; {held_words(known.head.size, is_held=self._still_holds(known, served))}"
            if accepted_name != served.head.origin:
                raise OtherNameError(_other_name(known, served, quoted))
            known = known.renamed()
        try:
            self._compare_known(known, served)
            known = self._grown(known, served, known.edge)
        except UnreachableError as error:
            if served.head.size <= known.edge.size:  # it is of what was verified before
                raise
            # A name that was accepted for a head that is not proven is asked about again.
            self._keep((self._kept or begun).with_unproven(served.note))
            raise UnreachableError(f"{error}; its sealed head is kept until it is proven") from error
        unproven = self._unproven(known, served)
        for other in [*unproven, *others]:
            self._compare_other(other, served, known)
        if unproven:
            proven = {one.note for one in unproven}
            known = replace(known, unproven=tuple(one for one in known.unproven if one not in proven))
            self._keep(known)
        new = known.edge.size - (
            begun.edge.size if begun.note and known.head.origin == begun.head.origin else 0
        )
        counted = self._counted(served)
        lacking = lacking_now(known.lacking, counted, self._now)
        if lacking != known.lacking:
            self._keep(replace(known, lacking=lacking))
        return Followed(served, new, counted, quoted, lacking)

    def _still_holds(self, known: Remembered, served: Seen) -> bool | None:
        """Tell whether a log under a new name begins with what was verified; None where tiles are away."""
        size = known.head.size
        if size >= served.head.size:
            return (size, known.head.root) == (served.head.size, served.head.root)
        try:
            return proven_root(served, size, self._source)[0] == known.head.root
        except UnreachableError:
            return None

    def _check_not_former(self, known: Remembered, served: Seen) -> None:
        """Check that a name that the log has given up does not come back: nobody confirms that (0084)."""
        for note in known.former:
            former = self.read(note, "the last head under the former name")
            if former.head.origin == served.head.origin:
                last = Seen(known.head, known.note, "seen before")
                raise split("the log has gone back to a name that it had before", last, served)

    def _unproven(self, known: Remembered, served: Seen) -> list[Seen]:
        """Return the heads of the name that is served which the log has signed and not proven."""
        seen = [self.read(one, "a head that the log did not prove before") for one in known.unproven]
        return [one for one in seen if one.head.origin == served.head.origin]

    def _check_unproven(self, known: Remembered, served: Seen) -> None:
        """Check a head against those that were not proven, as far as no tile is needed for it."""
        for before in self._unproven(known, served):
            if served.head.size < before.head.size and served.head.at > before.head.at:
                raise split(
                    "it has signed a head of more entries before, and never proven it", before, served
                )
            if served.head.size == before.head.size and served.head.root != before.head.root:
                raise split("two heads of one size with different roots", before, served)

    def _finished(self, known: Remembered) -> Remembered:
        note, edge = known.under_way or (b"", Edge())
        return self._grown(known, self.read(note, "the head that was under way"), edge)

    def _compare_known(self, known: Remembered, served: Seen) -> None:
        """Check a head against the last one, and against those before it that are remembered."""
        if not known.note:
            return
        last = Seen(known.head, known.note, "seen before")
        size = served.head.size
        if size < last.head.size:
            before = known.heads.get(size)
            if before is not None and before != served.head.root:
                raise split("two heads of one size with different roots", last, served)
            if before is None or served.head.at > last.head.at:
                compare_smaller(served, last, self._source)
            raise UnreachableError(
                f"the log serves a head of {size} entries, older than the one of {last.head.size} that was "
                "seen before: a copy that is not up to date"
            )
        try:
            compare(last, served, self._source)
        except WrongError as error:
            raise split(str(error), last, served) from error
        if served.head.at < last.head.at:
            raise WrongError(f"the head of {size} entries is of an instant before that of the last one")

    def _compare_other(self, other: Seen, served: Seen, known: Remembered) -> None:
        """Check a head from elsewhere against the one that is served."""
        if other.head.origin != served.head.origin:
            self._compare_former(other, served, known)
            return
        try:
            compare(other, served, self._source)
        except (WrongError, UnreachableError) as error:
            if other.head.size <= served.head.size:
                raise
            raise UnreachableError(
                f"{other.where}: it has {other.head.size} entries, and the log serves no more than "
                f"{served.head.size} yet: it cannot be compared ({error})"
            ) from error

    def _compare_former(self, other: Seen, served: Seen, known: Remembered) -> None:
        """Check a head of another name: one that this log had before it was restored, or of another log.

        A log keeps its leaves under a new name, but for those that were lost: so another root proves nothing
        against it, other than that of a head of that very name and size.
        """
        for note in known.former:
            former = self.read(note, "the last head under the former name")
            if (former.head.origin, former.head.size) == (other.head.origin, other.head.size):
                compare(former, other, self._source)
        size = other.head.size
        root = served.head.root if size == served.head.size else None
        if size < served.head.size:
            root, _ = proven_root(served, size, self._source)
        if root != other.head.root:
            raise UnreachableError(
                f"{other.where}: it is of {other.head.origin}, and the log is {served.head.origin} now: its "
                f"first {size} entries are others or not there: it is of what was lost when the log was "
                "restored, or of another log. Ask who runs it"
            )

    def _grown(self, known: Remembered, served: Seen, edge: Edge) -> Remembered:
        """Verify the entries up to a head, and remember it."""
        size, since = served.head.size, 0
        while edge.size < size:
            place = edge.size // TILE_WIDTH
            entries = self._source.entries(place, min(TILE_WIDTH, size - place * TILE_WIDTH))
            hashes = [leaf_hash(entry) for entry in entries]
            beside = edge.size - place * TILE_WIDTH
            if b"".join(hashes[:beside]) != edge.tiles.get(Tile(0, place), b""):
                raise WrongError(f"the entries before {edge.size} are not those that were verified before")
            edge, full = edge.grown(hashes[beside:])
            self._check_tiles(full, size)
            since += 1
            if since % _BUNDLES_BETWEEN == 0 and edge.size < size:
                self._keep(known.on_its_way(served.note, edge))
        self._check_tiles({one: edge.tiles[one] for one in edge.tiles if width_of(one, size)}, size)
        if edge.root() != served.head.root:
            raise WrongError(f"the {size} entries that the log serves do not have the root of its head")
        known = known.at(served.note, edge)
        self._keep(known)
        return known

    def _check_tiles(self, computed: dict[Tile, bytes], size: int) -> None:
        for tile, hashes in computed.items():
            if self._source.tile(tile, size) != hashes:
                path = tile_path(tile, len(hashes) // HASH_BYTES)
                raise WrongError(f"{path} is not the tile of the entries that the log serves")

    def _counted(self, served: Seen) -> Counted | None:
        if self._trusted.quorum is None:
            return None
        try:
            return count_cosignatures(
                read_note(served.note), self._trusted.quorum, stated=served.head.at, at=self._now
            )
        except CheckpointInvalidError as error:
            raise WrongError(error.detail) from error


def lacking_now(before: Lacking | None, counted: Counted | None, now: datetime) -> Lacking | None:
    """Return what is remembered of cosignatures that are lacking, after one more look."""
    if counted is None or counted.is_enough:
        return None
    return Lacking(now, 1) if before is None else Lacking(before.since, before.looks + 1)


def _other_name(known: Remembered, served: Seen, quoted: str) -> str:
    return (
        f"the log that was followed is {known.head.origin}, and its seal signs now under the name "
        f"{served.head.origin}, as after a restore: {quoted}. Ask who runs it by another way, then confirm "
        f"it: --accept-name {served.head.origin}"
    )
