"""The bad vectors of the rules that nothing else breaks."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from vector_evidence import DISPOSED, Said, available, large, small
from vector_keys import holder, issuer, revocation_list, token
from vector_kind import LARGE, LONE_B, LONE_T, SMALL, UNPROVEN, Vector, but, changed, raised_steps
from vector_log import LOG, head_text, key_id, leaf_hash, line, node, text_of
from vector_seals import raised, sealed, value_element, zip_of
from vectors_additions import certificates, lists, with_additions
from vectors_good import ASIC, available_t, stamped
from vectors_renewed import renewed

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = DISPOSED + timedelta(seconds=10)
_IN_2045: Final = datetime(2045, 1, 1, tzinfo=UTC)
_SECONDS: Final = timedelta(seconds=40)


def rules() -> list[Vector]:
    """Return them."""
    return [*_seals(), *_tokens(), *_hashes(), *_containers(), *_renewals(), *_levels()]


def _seals() -> Iterator[Vector]:
    curve = sealed(Said().content(), holder("seal-p384"), text_of(DISPOSED))
    yield Vector(
        name="seal-another-curve",
        data=curve,
        trust="trust-another-curve",
        rule="V9",
        steps=UNPROVEN,
        says="The pinned seal has a key on P-384, which seals nothing.",
    )
    ended = but(
        LARGE,
        manifest="s",
        time_stamp="s",
        request="i",
        revocation_data="s",
        signers_status="s",
        chain="i",
        checkpoints_time="i",
        form="i",
        existence="i",
    )
    yield Vector(
        name="bundle-sha-256-ended",
        data=large().build(),
        algorithms="algorithms-past-sha-256.toml",
        rule="V46",
        steps=ended,
        says="SHA-256 has ended: what the receipt names by it is not to be believed.",
    )
    left = {
        "name": "request.xml",
        "sha256": hashlib.sha256(b"").hexdigest(),
        "reason": "names-others",
        "note": "x",
    }
    more = replace(small(), left_out=[left])
    yield Vector(
        name="manifest-left-out-with-more",
        data=more.build(),
        rule="V17",
        steps=but(SMALL, manifest="f"),
        says="A member more in what the manifest leaves out.",
    )


def _tokens() -> Iterator[Vector]:
    whole, wrong = available(), but(LONE_B, ".xml", time_stamp="f")
    good = token(value_element(whole), DISPOSED + _SECONDS)
    yield Vector(
        name="time-stamp-trailing",
        data=raised(whole, good + b"\0"),
        rule="V34",
        steps=wrong,
        says="A byte behind the time-stamp.",
    )
    yield Vector(
        name="time-stamp-empty",
        data=raised(whole, b""),
        rule="V34",
        steps=wrong,
        says="A time-stamp without a byte.",
    )
    other = token(b"else", DISPOSED + _SECONDS)
    yield Vector(
        name="time-stamp-of-nobody-of-another",
        data=raised(whole, other),
        trust="trust-without-authorities",
        rule="V39",
        steps=wrong,
        says="Nobody is pinned, and the time-stamp is of something else: it fails all the same.",
    )
    long = token(value_element(whole), DISPOSED + _SECONDS, about_by="sha512")
    yield Vector(
        name="time-stamp-imprint-sha-512",
        data=raised(whole, long),
        rule="V36",
        steps=wrong,
        says="A time-stamp in our spelling about a SHA-512.",
    )
    nobody = with_additions(
        stamped(whole, DISPOSED + _SECONDS, "authority-nobody-pins"), certificates(issuer())
    )
    yield Vector(
        name="additions-stamp-not-pinned",
        data=nobody,
        level="T",
        rule="V33",
        needs=("additions",),
        is_raised=True,
        steps=raised_steps(LONE_B, "s", "f", "s"),
        says="Level T is required, and what others added holds a time-stamp of nobody pinned.",
    )


def _hashes() -> Iterator[Vector]:
    """Yield heads whose tree is hashed otherwise."""
    leaf = small().leaf()
    first, last = leaf_hash(b"first"), leaf_hash(b"last")
    roots = {
        "leaf-without-prefix": node(node(first, hashlib.sha256(leaf).digest()), last),
        "node-without-prefix": hashlib.sha256(
            hashlib.sha256(first + leaf_hash(leaf)).digest() + last
        ).digest(),
    }
    for name, root in roots.items():
        text = head_text(3, root, _HEAD)
        note = text + b"\n" + line(LOG, key_id(holder("seal")), holder("seal").sign(text))
        made = small().but(log_checkpoint_note=note, log_checkpoint_tst=None)
        yield Vector(
            name=f"log-{name}",
            data=made.build(),
            rule="V56",
            steps=but(SMALL, log="f", checkpoints_time="s"),
            says="A signed head over a tree that is hashed without the bytes 0 and 1.",
        )


def _containers() -> Iterator[Vector]:
    files = small().container()
    seal = "META-INF/signatures001.xml"
    for name, old, new in (
        ("another-id", b'Id="container-seal-value"', b'Id="container-seal-other"'),
        (
            "transform",
            b'<ds:Reference Id="file-0" URI="manifest.json">',
            b'<ds:Reference Id="file-0" URI="manifest.json"><ds:Transforms></ds:Transforms>',
        ),
    ):
        other = {**files, seal: changed(files[seal], old, new)}
        yield Vector(
            name=f"container-{name}",
            data=zip_of(other.items(), attributes=ASIC),
            rule="V72",
            needs=("container",),
            steps=but(SMALL, manifest="f"),
            says="The container's signature has another shape.",
        )
    first = {"manifest.json": files["manifest.json"], **files}
    yield Vector(
        name="container-mimetype-behind",
        data=zip_of(first.items(), attributes=ASIC),
        rule="V71",
        suffix=".zip",
        steps="f",
        says="The media type does not stand first: it is read as a bundle, and is none.",
    )


def _renewals() -> Iterator[Vector]:
    good = renewed()
    text = good.members()["log/renewals.json"]
    failed = but(SMALL, renewed_heads="f", time_stamp="s", existence="i")
    spaced = good.but(log_renewals_json=changed(text, b'"second_tree": null', b'"second_tree":null'))
    yield Vector(
        name="renewals-spelling",
        data=spaced.build(),
        trust="trust-2045",
        at=_IN_2045,
        rule="V75",
        needs=("renewed heads",),
        steps=failed,
        says="The renewals without a space.",
    )
    later = datetime(2060, 1, 1, tzinfo=UTC)
    ended = but(
        SMALL, manifest="s", renewed_heads="i", time_stamp="s", checkpoints_time="i", form="i", existence="i"
    )
    yield Vector(
        name="renewals-ended",
        data=good.build(),
        trust="trust-2045",
        at=later,
        rule="V78",
        steps=ended,
        says="In 2060 the last renewal has ended too.",
    )


def _levels() -> Iterator[Vector]:
    whole = available_t()
    old = revocation_list(at=DISPOSED - timedelta(days=9))
    stale = with_additions(whole, certificates(issuer()) + lists(old))
    yield Vector(
        name="receipt-lt-stale",
        data=stale,
        rule="V86",
        steps=raised_steps(LONE_T, "s", "p", "i"),
        says="The list of revoked certificates is of before, and does not tell of that instant.",
        level="LT",
        needs=("additions",),
        is_raised=True,
    )
