"""The bad vectors about the time-stamps of receipts, and about time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vector_evidence import DISPOSED, NOW, Said, acceptance, available, small
from vector_keys import holder, token
from vector_kind import LONE_B, LONE_T, UNPROVEN, Vector, but, flipped
from vector_log import text_of
from vector_seals import raised, sealed, value_element, zip_of
from vectors_good import SEAL_ENDS, available_t, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator


AFTER_END = SEAL_ENDS + timedelta(days=5)


# Not even a tree, or one that is no receipt.
def bad_stamps() -> Iterator[Vector]:
    """Yield receipts with a time-stamp that is wrong."""
    seconds = timedelta(seconds=40)
    wrong = but(LONE_B, ".xml", time_stamp="f")
    whole = available()
    other = token(value_element(acceptance()), NOW + seconds)
    yield Vector(
        name="time-stamp-of-another",
        data=raised(whole, other),
        rule="V30",
        steps=wrong,
        says="The time-stamp of another receipt.",
    )
    early = stamped(whole, DISPOSED - timedelta(minutes=6))
    yield Vector(
        name="time-stamp-older",
        data=early,
        rule="V31",
        steps=wrong,
        says="A time-stamp from six minutes before the seal.",
    )
    good = token(value_element(whole), DISPOSED + seconds)
    yield Vector(
        name="time-stamp-bit",
        data=raised(whole, flipped(good, len(good) - 5)),
        rule="V37",
        steps=wrong,
        says="One bit of the time-stamp's signature.",
    )
    name = good.rindex(b"TEST Issuer") + 5
    yield Vector(
        name="time-stamp-bit-of-name",
        data=raised(whole, flipped(good, name)),
        rule="V38",
        steps=wrong,
        says="One bit of the issuer's name in SignerInfo, which no signature covers.",
    )
    yield Vector(
        name="time-stamp-long-length",
        data=raised(whole, _longer(good)),
        rule="V35",
        steps=wrong,
        says="A time-stamp whose first length is not in its shortest form.",
    )
    nobody = stamped(whole, DISPOSED + seconds, "authority-nobody-pins")
    yield Vector(
        name="time-stamp-not-pinned",
        data=nobody,
        rule="V38",
        steps=but(LONE_B, ".xml", time_stamp="f"),
        says="A time-stamp of an authority that is not pinned.",
    )
    plain = stamped(whole, DISPOSED + seconds, "authority-not-critical")
    yield Vector(
        name="time-stamp-not-critical",
        trust="trust-odd-authorities",
        data=plain,
        rule="V38",
        steps=wrong,
        says="The authority's purpose is not critical.",
    )
    expired = stamped(whole, DISPOSED + seconds, "authority-expired")
    yield Vector(
        name="time-stamp-expired",
        trust="trust-odd-authorities",
        data=expired,
        rule="V38",
        steps=wrong,
        says="The authority's certificate was not valid any more.",
    )
    caller = stamped(whole, DISPOSED + seconds, "caller")
    yield Vector(
        name="time-stamp-no-purpose",
        trust="trust-odd-authorities",
        data=caller,
        rule="V38",
        steps=wrong,
        says="The certificate is not for time-stamps.",
    )
    yield Vector(
        name="time-stamp-missing",
        data=whole,
        level="T",
        rule="V48",
        steps=but(LONE_B, ".xml", time_stamp="f"),
        says="Level T is required, and there is no time-stamp.",
    )


def _longer(token_der: bytes) -> bytes:
    assert token_der[1] == 0x82, token_der[:4]
    return token_der[:1] + b"\x83\0" + token_der[2:]


def bad_times() -> Iterator[Vector]:
    """Yield what cannot be told by its time."""
    late = stamped(available(), AFTER_END)
    doubt = but(LONE_T, ".xml", existence="i")
    yield Vector(
        name="retired-stamped-later",
        data=late,
        trust="trust-retired",
        level="T",
        rule="V45",
        steps=doubt,
        says="The seal is out of use, and the receipt is stamped after that: a thief of the key does so.",
    )
    yield Vector(
        name="retired-not-stamped",
        data=available(),
        trust="trust-retired",
        rule="V45",
        steps=but(LONE_B, ".xml", existence="i"),
        says="The seal is out of use, and there is no time-stamp.",
    )
    after = replace(Said(), at=AFTER_END).content()
    void = sealed(after, holder("seal"), text_of(AFTER_END))
    yield Vector(
        name="retired-seals-on",
        data=void,
        trust="trust-retired",
        rule="V27",
        steps=but(UNPROVEN, ".xml", seal_certificate="f"),
        says="The seal is out of use, and the receipt is of later.",
    )
    ended = but(LONE_T, ".xml", time_stamp="s", existence="i")
    yield Vector(
        name="authority-ended",
        data=available_t(),
        trust="trust-authority-ended",
        rule="V42",
        steps=ended,
        says="Seal and authority are out of use, and nobody says anything of later.",
    )
    yield Vector(
        name="authority-ended-level-t",
        data=available_t(),
        trust="trust-authority-ended",
        level="T",
        rule="V42",
        steps=but(ended, ".xml", time_stamp="i"),
        says="The same, with level T required.",
    )
    yield Vector(
        name="not-sealed-yet",
        data=available(),
        at=DISPOSED - timedelta(days=1),
        rule="V89",
        steps=but(UNPROVEN, ".xml", seal="i"),
        says="Verified as of an instant before it was sealed.",
    )
    between = DISPOSED + timedelta(seconds=20)
    yield Vector(
        name="bundle-as-of-before-its-time-stamps",
        data=zip_of(small().all_files().items()),
        at=between,
        steps="ps pppp ss ssss spps ss s",
        says="Nothing counts that is from after the instant: manifest, time-stamps, PDF (V89).",
    )
    yield Vector(
        name="form-made-later",
        data=small().members()["receipt.pdf"],
        at=between,
        rule="V89",
        needs=("form",),
        steps="i",
        says="A PDF as of an instant before it was made.",
    )
    yield Vector(
        name="seal-of-another-time",
        data=available(),
        trust="trust-of-later",
        rule="V47",
        steps=but(UNPROVEN, ".xml", seal_certificate="i"),
        says="No seal is pinned for the instant of the receipt.",
    )
    none = "pii" + but(UNPROVEN, ".xml").replace(" ", "")[3:]
    yield Vector(
        name="no-seals",
        data=available(),
        trust="trust-without-seals",
        rule="V47",
        steps=none,
        says="The trust folder has no seal.",
    )
    yield Vector(
        name="no-authorities-level-t",
        data=available_t(),
        trust="trust-without-authorities",
        level="T",
        rule="V48",
        steps=but(LONE_T, ".xml", time_stamp="i", existence="s"),
        says="Level T is required, and nobody is pinned who could date it.",
    )
    yield Vector(
        name="sha-256-ended",
        data=available_t(),
        algorithms="algorithms-past-sha-256.toml",
        rule="V40",
        steps=ended,
        says="SHA-256 has ended: neither the seal nor the time-stamp counts by itself.",
    )
