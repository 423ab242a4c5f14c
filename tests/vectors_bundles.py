"""The bad vectors that are bundles and containers: their members, their manifest, their ZIP file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vector_evidence import (
    NOW,
    OTHER_NOTIFICATION,
    SECOND_ID,
    Bundle,
    Said,
    actors,
    available,
    good_list,
    large,
    request,
    small,
)
from vector_keys import holder, revocation_list
from vector_kind import LARGE, SMALL, Vector, but, changed, flipped
from vector_log import text_of
from vector_seals import pdf, sealed, sha256, written, zip_of
from vectors_good import available_t, rejection

if TYPE_CHECKING:
    from collections.abc import Iterator


UNPROVEN_SMALL = "pp ppfi ii iiii iipspi i"


def bad_bundles() -> list[Vector]:
    """Return them."""
    return [*_members(), *_manifests(), *_around()]


def _members() -> Iterator[Vector]:
    """Yield bundles in which one bit of a member is another, the ZIP file being written as it must."""
    files = small().all_files()
    broken = {
        "manifest.json": (files["manifest.json"].index(b"2c30"), "V15", but(SMALL, manifest="f")),
        "manifest.sig": (40, "V15", but(SMALL, manifest="f")),
        "receipt.xml": (files["receipt.xml"].index(b"ACT-1"), "V25", but(UNPROVEN_SMALL, manifest="f")),
        "receipt.pdf": (200, "V80", but(SMALL, manifest="f", form="f")),
        "certificates/seal.cer": (300, "V47", but(SMALL, manifest="f", seal_certificate="f")),
        "certificates/timestamp.cer": (300, "V48", but(SMALL, manifest="f", time_stamp="f")),
        "log/leaf.txt": (100, "V55", but(SMALL, manifest="f", log="f")),
        "log/checkpoint.note": (
            25,
            "V63",
            but(SMALL, manifest="f", log="f", checkpoint="f", checkpoints_time="i"),
        ),
        "log/checkpoint.tst": (600, "V37", but(SMALL, manifest="f", checkpoints_time="f")),
    }
    for name, (place, rule, steps) in broken.items():
        other = {**files, name: flipped(files[name], place)}
        yield Vector(
            name=f"bit-{name.replace('/', '-').replace('.', '-')}",
            data=zip_of(other.items()),
            rule=rule,
            steps=steps,
            says=f"One bit of {name}.",
        )
    swapped = {
        **files,
        "certificates/seal.cer": files["certificates/timestamp.cer"],
        "certificates/timestamp.cer": files["certificates/seal.cer"],
    }
    yield Vector(
        name="members-swapped",
        data=zip_of(swapped.items()),
        rule="V16",
        steps=but(SMALL, manifest="f", seal_certificate="f", time_stamp="f"),
        says="The certificates of seal and authority have changed places.",
    )


def _manifests() -> Iterator[Vector]:
    """Yield manifests that the seal has signed, and that are wrong."""
    whole = small()
    said = whole.manifest()
    files = said["files"]
    assert isinstance(files, list)
    texts: dict[str, tuple[bytes, str, str]] = {
        "lacks-a-member": (
            written({**said, "files": files[:-1]}),
            "V16",
            "The manifest does not list one of the members.",
        ),
        "lists-too-much": (
            written({**said, "files": [*files, {"name": "request.xml", "size": 1, "sha256": sha256(b"x")}]}),
            "V16",
            "The manifest lists a member that is not there.",
        ),
        "another-order": (
            written({**said, "files": files[::-1]}),
            "V16",
            "The manifest lists the members in another order.",
        ),
        "another-size": (
            written({**said, "files": [{**files[0], "size": 1}, *files[1:]]}),
            "V16",
            "The manifest states another size of the receipt.",
        ),
        "another-format": (
            written({**said, "format": "urn:notigateway:evidence-bundle:1"}),
            "V14",
            "The manifest is of another format.",
        ),
        "size-as-fraction": (
            written({**said, "files": [{**files[0], "size": float(files[0]["size"])}, *files[1:]]}),
            "V13",
            "A size with a fraction.",
        ),
        "member-twice": (
            changed(written(said), b'{\n "format"', b'{\n "format": "x",\n "format"'),
            "V13",
            "One name twice in an object.",
        ),
        "not-ascii": (
            json.dumps({**said, "note": "á"}, indent=1, ensure_ascii=False).encode() + b"\n",
            "V13",
            "A letter beyond ASCII.",
        ),
        "no-json": (written(said)[:-3], "V13", "JSON that does not end."),
        "leaves-out-the-log": (
            written(
                {
                    **said,
                    "left_out": [
                        {"name": "log/checkpoint.tst", "sha256": sha256(b""), "reason": "names-others"}
                    ],
                }
            ),
            "V17",
            "The manifest leaves out something else than the request.",
        ),
        "of-another-instant": (
            written({**said, "made_at": "2019-12-31T23:59:59.999Z"}),
            "V15",
            "The manifest is of before the seal's period.",
        ),
        "names-another-seal": (
            written({**said, "seal_sha256": sha256(holder("seal-rsa").der)}),
            "V15",
            "The manifest names another seal than the one that signed it.",
        ),
    }
    for name, (text, rule, says) in texts.items():
        yield Vector(
            name=f"manifest-{name}",
            data=zip_of(whole.all_files(text).items()),
            rule=rule,
            steps=but(SMALL, manifest="f"),
            says=says,
        )
    high = zip_of(whole.all_files(high=True).items())
    yield Vector(
        name="manifest-high-s",
        data=high,
        rule="V10",
        steps=but(SMALL, manifest="f"),
        says="The manifest's signature in its other form.",
    )
    forged = replace(whole, made_by="another-holder")
    text = written(forged.manifest())
    other = {**whole.all_files(), "manifest.json": text, "manifest.sig": holder("another-holder").sign(text)}
    yield Vector(
        name="manifest-another-holder",
        data=zip_of(other.items()),
        rule="V15",
        steps=but(SMALL, manifest="f"),
        says="The manifest is sealed by another holder of a certificate of the same issuer.",
    )


def _around() -> Iterator[Vector]:
    """Yield bundles of an acceptance whose parts do not belong together; the manifest is right."""
    whole = large()
    gone = whole.but(previous_xml=None)
    yield Vector(
        name="previous-missing",
        data=gone.build(),
        rule="V52",
        steps=but(LARGE, chain="f"),
        says="The receipt before is missing.",
    )
    other = sealed(Said(subject="Otra").content(), holder("seal"), text_of(NOW - timedelta(days=3)))
    yield Vector(
        name="previous-another",
        data=whole.but(previous_xml=other).build(),
        rule="V52",
        steps=but(LARGE, chain="f"),
        says="The receipt before is another one.",
    )
    of_other = sealed(
        Said(notification=OTHER_NOTIFICATION).content(), holder("seal"), text_of(NOW - timedelta(days=3))
    )
    strange = replace(whole, previous=of_other, receipt=_acceptance(of_other))
    yield Vector(
        name="previous-of-another-notification",
        data=strange.build(),
        rule="V52",
        steps=but(LARGE, chain="f"),
        says="The receipt before is of another notification.",
    )
    yield Vector(
        name="previous-not-named",
        data=small().but(previous_xml=available_t()).build(),
        rule="V52",
        steps=but(SMALL, chain="f"),
        says="A receipt before that the receipt does not name.",
    )
    without = whole.but(request_xml=None)
    yield Vector(
        name="request-missing",
        data=without.build(),
        rule="V49",
        steps=but(LARGE, request="f", callers_signature="s", signers_status="s"),
        says="The request is missing, and the manifest does not say why.",
    )
    changed_one = whole.but(
        request_xml=changed(request(), b"<n:AcceptNotifications", b"<n:AcceptNotifications ")
    )
    yield Vector(
        name="request-changed",
        data=changed_one.build(),
        rule="V49",
        steps=but(LARGE, request="f", callers_signature="i", signers_status="s"),
        says="A space more in the request.",
    )
    yield Vector(
        name="request-of-another",
        data=_asked_by("another-caller").build(),
        rule="V50",
        needs=("caller's signature",),
        steps=but(LARGE, callers_signature="f", signers_status="s"),
        says="The request is signed by somebody else than the receipt says.",
    )
    about_other = asking(request(notification=OTHER_NOTIFICATION))
    yield Vector(
        name="request-about-another",
        data=about_other.build(),
        rule="V50",
        needs=("caller's signature",),
        steps=but(LARGE, callers_signature="f", signers_status="s"),
        says="The request names another notification.",
    )
    left = replace(
        rejection(), left_out=[{"name": "request.xml", "sha256": sha256(b"x"), "reason": "names-others"}]
    )
    yield Vector(
        name="request-left-out-another",
        data=left.build(),
        rule="V49",
        steps=but(LARGE, request="f", callers_signature="s"),
        says="The manifest leaves out another request than the receipt names.",
    )
    yield Vector(
        name="caller-another",
        data=whole.but(certificates_caller_cer=holder("another-caller").der).build(),
        rule="V50",
        needs=("caller's signature",),
        steps=but(LARGE, callers_signature="f", signers_status="s"),
        says="Another certificate of the caller.",
    )
    later = revocation_list(at=NOW + timedelta(minutes=1))
    yield Vector(
        name="revocation-another",
        data=whole.but(revocation_der=later).build(),
        rule="V47",
        steps=but(LARGE, revocation_data="f", signers_status="i"),
        says="Another list of revoked certificates.",
    )
    revoked = revocation_list((holder("caller"), NOW - timedelta(hours=1)), at=NOW)
    bad = replace(whole.but(revocation_der=revoked), receipt=_acceptance(available(), revoked))
    yield Vector(
        name="signer-revoked",
        data=bad.build(),
        rule="V51",
        needs=("signer's status",),
        steps=but(LARGE, signers_status="f"),
        says="The caller's certificate was revoked an hour before.",
    )
    form = pdf(available(), holder("seal"), text_of(NOW))
    yield Vector(
        name="form-of-another",
        data=whole.but(receipt_pdf=form).build(),
        rule="V83",
        needs=("form",),
        steps=but(LARGE, form="f"),
        says="The PDF holds another receipt.",
    )
    stamped_form = pdf(available_t(), holder("seal"), text_of(NOW))
    yield Vector(
        name="form-of-raised",
        data=small().but(receipt_pdf=stamped_form).build(),
        rule="V82",
        needs=("form",),
        steps=but(SMALL, form="f"),
        says="The PDF holds the receipt with its time-stamp.",
    )
    yield Vector(
        name="bundle-stamp-taken-away",
        data=small().but(receipt_xml=available()).build(),
        rule="V48",
        steps=but(SMALL, time_stamp="f"),
        says="The time-stamp was taken away, and its authority's certificate is there.",
    )
    late = replace(small(), delay=timedelta(days=20))
    yield Vector(
        name="bundle-forged-in-time",
        data=late.build(),
        trust="trust-retired",
        rule="V45",
        steps=but(SMALL, manifest="s", checkpoints_time="i", form="i", existence="i"),
        says="Everything made by a thief of the retired key, with honest time-stamps of later.",
    )


def _acceptance(previous: bytes, status: bytes | None = None, asked: bytes | None = None) -> bytes:
    said = Said(
        identifier=SECOND_ID,
        event="ConsignmentAcceptance",
        at=NOW,
        channel="web_service",
        actors=actors(asked or request(), holder("caller"), status or good_list()),
        previous=previous,
    )
    return sealed(said.content(), holder("seal"), text_of(NOW))


def asking(asked: bytes) -> Bundle:
    """Return a bundle of an acceptance by that request."""
    return replace(large().but(request_xml=asked), receipt=_acceptance(available(), asked=asked))


def _asked_by(label: str) -> Bundle:
    return asking(request(by=label))
