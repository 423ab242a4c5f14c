"""The bad vectors about the log: leaf, proof, head, time-stamp of the head, cosignatures, renewals."""

from __future__ import annotations

import struct
from datetime import timedelta
from typing import TYPE_CHECKING

from vector_evidence import DISPOSED, FIRST_ID, NOW, Bundle, available, small
from vector_keys import from_seed, holder, token
from vector_kind import LATER, SMALL, Vector, but, changed, flipped
from vector_log import LOG, cosigned, head_text, key_id, leaf_hash, leaf_of, line, node, witness_id
from vector_seals import written
from vectors_good import available_t
from vectors_renewed import renewed

if TYPE_CHECKING:
    from collections.abc import Iterator


_HEAD = DISPOSED + timedelta(seconds=10)
_NO_LOG = but(SMALL, log="f")
_NO_HEAD = but(SMALL, checkpoint="f", checkpoints_time="i")


def bad_logs() -> list[Vector]:
    """Return them."""
    return [*_inclusions(), *_heads(), *_stamps(), *_cosignatures(), *_renewals()]


def _vector(name: str, made: Bundle, rule: str, says: str, steps: str, **more: object) -> Vector:
    return Vector(name=name, data=made.build(), rule=rule, says=says, steps=steps, **more)  # type: ignore[arg-type]


def _inclusions() -> Iterator[Vector]:
    whole = small()
    salt, first, last = whole.salt.hex(), leaf_hash(b"first").hex(), leaf_hash(b"last").hex()

    def inclusion(**other: object) -> Bundle:
        said = {"index": 1, "salt": salt, "proof": [first, last], **other}
        return whole.but(log_inclusion_json=written(said))

    cases = {
        "salt": (inclusion(salt=from_seed("another", 32).hex()), "V55", "Another salt."),
        "index": (inclusion(index=0), "V58", "Another place."),
        "index-beyond": (
            inclusion(index=3),
            "V57",
            "A place that the log does not have: its head is smaller.",
        ),
        "index-below": (inclusion(index=-1), "V57", "A place below nothing."),
        "proof-swapped": (inclusion(proof=[last, first]), "V58", "The hashes of the proof in another order."),
        "proof-short": (inclusion(proof=[first]), "V58", "A hash of the proof is missing."),
        "proof-long": (inclusion(proof=[first, last, last]), "V58", "A hash too many in the proof."),
        "proof-of-31-bytes": (inclusion(proof=[first, last[:-2]]), "V57", "A hash of 31 bytes in the proof."),
        "more": (inclusion(note="x"), "V54", "One more member beside the proof."),
        "upper-case": (inclusion(salt=salt.upper()), "V54", "The salt in upper-case digits."),
    }
    for name, (made, rule, says) in cases.items():
        yield _vector(f"log-{name}", made, rule, says, _NO_LOG)
    spaced = changed(whole.members()["log/inclusion.json"], b'"index": 1', b'"index":1')
    yield _vector(
        "log-spelling",
        whole.but(log_inclusion_json=spaced),
        "V54",
        "The same proof without a space.",
        _NO_LOG,
    )
    raised_leaf = leaf_of(FIRST_ID, available_t(), whole.salt)
    yield _vector(
        "log-leaf-of-raised",
        whole.but(log_leaf_txt=raised_leaf),
        "V55",
        "A leaf that commits to the receipt with its time-stamp.",
        _NO_LOG,
    )
    access = leaf_of(FIRST_ID, available(), whole.salt, "access")
    yield _vector(
        "log-leaf-of-access", whole.but(log_leaf_txt=access), "V55", "A leaf of another kind.", _NO_LOG
    )


def _signed(text: bytes, by: str = "seal", **more: bool) -> bytes:
    return text + b"\n" + line(LOG, key_id(holder(by)), holder(by).sign(text, **more))


def _with_note(note: bytes) -> Bundle:
    return small().but(log_checkpoint_note=note, log_checkpoint_tst=None)


def _heads() -> Iterator[Vector]:
    text, signature = small().head()
    none = but(SMALL, checkpoint="f", checkpoints_time="i")
    unread = but(none, log="f")
    late = but(SMALL, checkpoints_time="s")
    cases = {
        "high-s": (_signed(text, high=True), "V10", "A head whose signature is in its other form.", none),
        "another-holder": (
            _signed(text, "another-holder"),
            "V63",
            "A head signed by another holder of a certificate of the same issuer.",
            none,
        ),
        "lent-key-id": (
            text + b"\n" + line(LOG, key_id(holder("seal")), holder("another-holder").sign(text)),
            "V63",
            "The same under the seal's key id.",
            none,
        ),
        "another-name": (
            text + b"\n" + line("log.example/else", key_id(holder("seal")), signature),
            "V62",
            "The seal's line under another name.",
            none,
        ),
        "no-line": (text + b"\n", "V59", "A head without a signature.", unread),
        "leading-zero": (
            _signed(changed(text, b"\n3\n", b"\n03\n")),
            "V60",
            "The size with a zero before it.",
            unread,
        ),
        "no-milliseconds": (
            _signed(changed(text, b".000Z", b"Z")),
            "V60",
            "The instant without milliseconds.",
            unread,
        ),
        "one-line-more": (_signed(text + b"more\n"), "V60", "A line more in the text.", unread),
        "hyphen": (
            _signed(text).replace("—".encode(), b"-"),
            "V61",
            "A hyphen in the place of the dash.",
            unread,
        ),
        "carriage-return": (
            _signed(text).replace(b"\n\n", b"\r\n\r\n"),
            "V59",
            "Lines that end with carriage returns.",
            unread,
        ),
        "another-root": (
            _signed(head_text(3, bytes(32), _HEAD)),
            "V58",
            "A signed head with another root.",
            but(late, log="f"),
        ),
        "smaller": (
            _signed(head_text(1, leaf_hash(b"first"), _HEAD)),
            "V57",
            "A signed head from before the receipt.",
            but(late, log="f"),
        ),
    }
    for name, (note, rule, says, steps) in cases.items():
        yield _vector(f"head-{name}", _with_note(note), rule, says, steps)
    early = node(node(leaf_hash(b"first"), leaf_hash(small().leaf())), leaf_hash(b"last"))
    old = head_text(3, early, DISPOSED.replace(year=2019))
    yield _vector(
        "head-out-of-period", _with_note(_signed(old)), "V63", "A head of before the seal's period.", none
    )


def _stamps() -> Iterator[Vector]:
    text, signature = small().head()
    failed = but(SMALL, checkpoints_time="f")
    seconds = timedelta(seconds=40)
    cases = {
        "of-the-text": (token(text, _HEAD + seconds), "V64", "The head's time-stamp is about its text."),
        "older": (
            token(signature, _HEAD - timedelta(minutes=6)),
            "V64",
            "The head's time-stamp is from six minutes before it.",
        ),
        "not-pinned": (
            token(signature, _HEAD + seconds, "authority-nobody-pins"),
            "V38",
            "The head's time-stamp is of nobody pinned.",
        ),
        "of-the-receipt": (
            token(available(), _HEAD + seconds),
            "V64",
            "The head's time-stamp is about something else.",
        ),
    }
    for name, (made, rule, says) in cases.items():
        yield _vector(f"head-stamp-{name}", small().but(log_checkpoint_tst=made), rule, says, failed)


def _cosignatures() -> Iterator[Vector]:
    text, _ = small().head()
    bare = _signed(text)
    about = {"trust": "trust-witnesses"}

    def noted(*lines: bytes) -> Bundle:
        return small().but(log_checkpoint_note=bare + b"".join(lines))

    one = cosigned(text, "w1", NOW)
    few = but(SMALL, cosignatures="i")
    stranger, early, late = (
        cosigned(text, "wx", NOW),
        cosigned(text, "w2", DISPOSED - timedelta(hours=1)),
        cosigned(text, "w2", LATER + timedelta(days=1)),
    )
    yield _vector(
        "witnesses-too-few", noted(one), "V70", "One cosignature, and two are needed.", few, **about
    )
    yield _vector(
        "witnesses-too-few-required",
        noted(one),
        "V70",
        "The same, and they are required.",
        but(SMALL, cosignatures="f"),
        witnesses=True,
        **about,
    )
    yield _vector(
        "witnesses-unknown",
        noted(one, stranger),
        "V67",
        "The second one is of a key that nobody knows.",
        few,
        **about,
    )
    yield _vector(
        "witnesses-one-twice",
        noted(one, cosigned(text, "w1", NOW + timedelta(hours=1))),
        "V69",
        "One witness has cosigned twice.",
        few,
        **about,
    )
    yield _vector(
        "witnesses-early",
        noted(one, early),
        "V69",
        "A witness says that it saw the head before it was made.",
        few,
        **about,
    )
    yield _vector(
        "witnesses-late",
        noted(one, late),
        "V69",
        "A witness saw the head after the instant of the verification.",
        few,
        **about,
    )
    yield _vector(
        "witnesses-another-head",
        noted(one, cosigned(text, "w2", NOW, head_text(2, bytes(32), _HEAD))),
        "V68",
        "A witness's line is about another head.",
        but(SMALL, cosignatures="f"),
        **about,
    )
    forged = struct.pack(">Q", int(NOW.timestamp())) + flipped(bytes(64), 3)
    yield _vector(
        "witnesses-forged",
        noted(one, line("w2.example", witness_id("w2"), forged)),
        "V68",
        "A witness's line that it never signed.",
        but(SMALL, cosignatures="f"),
        **about,
    )
    yield _vector(
        "witnesses-short",
        noted(one, line("w2.example", witness_id("w2"), bytes(71))),
        "V67",
        "A witness's line of 71 bytes.",
        but(SMALL, cosignatures="f"),
        **about,
    )
    yield _vector(
        "witnesses-nobody-named",
        small(),
        "V47",
        "Cosignatures are required, and the trust folder names nobody.",
        few,
        witnesses=True,
    )


def _renewals() -> Iterator[Vector]:
    at = LATER.replace(year=2045)
    failed = but(SMALL, renewed_heads="f", time_stamp="s", existence="i")
    about = {"trust": "trust-2045", "at": at, "needs": ("renewed heads",)}
    yield _vector(
        "renewals-not-covered",
        renewed(breaks="covered"),
        "V77",
        "The proof that the next head covers the first renewal is another.",
        failed,
        **about,
    )
    yield _vector(
        "renewals-another-token",
        renewed(breaks="token"),
        "V76",
        "The second renewal's time-stamp is about something else.",
        failed,
        **about,
    )
    bare = renewed().but(log_renewals_json=None)
    yield _vector(
        "renewals-missing",
        bare,
        "V45",
        "In 2045, and nobody has renewed anything.",
        but(failed, renewed_heads="s"),
        trust="trust-2045",
        at=at,
    )
