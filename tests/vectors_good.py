"""The good vectors: evidence of every kind, which passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from vector_evidence import (
    DISPOSED,
    NOW,
    ROUTING,
    SECOND_ID,
    Bundle,
    Said,
    acceptance,
    actors,
    available,
    good_list,
    large,
    request,
    small,
)
from vector_keys import holder, token
from vector_kind import LARGE, LONE_B, LONE_T, SMALL, Vector, but
from vector_log import BODY_NIF, LOG, text_of
from vector_seals import b64, element, nif, pdf, raised, sealed, sha256, value_element, zip_of
from vectors_renewed import power, renewed

if TYPE_CHECKING:
    from collections.abc import Mapping


SEAL_ENDS: Final = datetime(2026, 6, 10, tzinfo=UTC)
ASIC: Final = 0o100644
_IN_2045: Final = datetime(2045, 1, 1, tzinfo=UTC)


def stamped(receipt: bytes, at: datetime, by: str = "authority") -> bytes:
    """Return a receipt with its time-stamp of an instant."""
    return raised(receipt, token(value_element(receipt), at, by))


@cache
def available_t() -> bytes:
    """Return the receipt that most bad ones are made of: stamped 40 seconds after."""
    return stamped(available(), DISPOSED + timedelta(seconds=40))


def good() -> list[Vector]:
    """Return them."""
    return [*_receipts(), *_bundles(), *_of_seals(), *_others()]


def _receipts() -> list[Vector]:
    about = f"<Subject>{'á' * 3} &lt;b&gt; &amp;#xD; \"'&#xD;\n\t𝒳</Subject>"
    odd = Said().content().replace("<Subject>Reclamación de deuda &amp; recargo</Subject>", about)
    third = Said(policy="3").content()
    return [
        Vector(name="receipt-b", data=available(), steps=LONE_B, says="A receipt without a time-stamp."),
        Vector(
            name="receipt-t",
            data=available_t(),
            level="T",
            steps=LONE_T,
            says="A receipt with its time-stamp, level T required.",
        ),
        Vector(
            name="receipt-of-text",
            data=sealed(odd, holder("seal"), text_of(DISPOSED)),
            steps=LONE_B,
            says="A receipt whose text has every escape of canonical XML, and letters of one to four bytes.",
        ),
        Vector(
            name="receipt-routing",
            data=sealed(Said(routing=ROUTING).content(), holder("seal"), text_of(DISPOSED)),
            steps=LONE_B,
            says="A receipt that says the matter, both accounts and two pairs of metadata.",
        ),
        Vector(
            name="receipt-in-lines",
            data=sealed(
                Said().content(),
                holder("seal"),
                text_of(DISPOSED),
                other={"certificate": _in_lines(holder("seal").der)},
            ),
            steps=LONE_B,
            says="A receipt whose certificate stands in lines of 64 characters, as most do.",
        ),
        Vector(
            name="receipt-policy-3-high",
            data=sealed(third, holder("seal"), text_of(DISPOSED), policy="3", high=True),
            steps=LONE_B,
            says="A receipt of policy 3 with the high form of an ECDSA signature, as it may (V10).",
        ),
        Vector(
            name="receipt-with-request",
            data=stamped(acceptance(), NOW + timedelta(seconds=40)),
            request=request(),
            steps="pppp sp ppss ssssss p",
            says="A receipt alone, with the request that it names given beside it.",
        ),
        Vector(
            name="receipt-no-authorities",
            data=available_t(),
            trust="trust-without-authorities",
            steps=but(LONE_T, ".xml", time_stamp="s", existence="s"),
            says="A receipt with a time-stamp, and nobody pinned who could date it.",
        ),
    ]


def _in_lines(der: bytes) -> str:
    text = b64(der)
    return "".join(f"{text[place : place + 64]}\n" for place in range(0, len(text), 64))


def _bundles() -> list[Vector]:
    plain = replace(large(), is_stamped=False)
    return [
        Vector(
            name="bundle-available",
            data=small().build(),
            level="T",
            steps=SMALL,
            says="The bundle of the first receipt of a notification.",
        ),
        Vector(
            name="bundle-acceptance",
            data=large().build(),
            level="T",
            steps=LARGE,
            says="The bundle of an acceptance, with everything in it.",
        ),
        Vector(
            name="bundle-rejection-request-left-out",
            data=rejection().build(),
            steps=but(LARGE, request="s", callers_signature="s"),
            says="The bundle of a rejection; the request names others' notifications and is left out.",
        ),
        Vector(
            name="bundle-lapse",
            data=lapse().build(),
            steps=but(SMALL, chain="p"),
            says="The bundle of a lapse: the clock caused it, so there is no request.",
        ),
        Vector(
            name="bundle-external-decision",
            data=external().build(),
            steps=LARGE,
            says="The bundle of an acceptance on paper, reported by the issuing body.",
        ),
        Vector(
            name="bundle-without-time-stamps",
            data=plain.build(),
            steps=but(LARGE, time_stamp="s", checkpoints_time="s", existence="s"),
            says="A bundle of the first minute: there are no time-stamps yet.",
        ),
        Vector(
            name="bundle-cosigned",
            data=replace(small(), witnesses=[("w1", NOW), ("wx", NOW), ("w3", NOW)]).build(),
            trust="trust-witnesses",
            witnesses=True,
            steps=but(SMALL, cosignatures="p"),
            says="A head that two of three witnesses have cosigned, and somebody whom nobody knows.",
        ),
        Vector(
            name="bundle-head-of-a-new-name",
            data=replace(
                small(), more_of_head=(f"follows 9 {b64(bytes(32))} {LOG}/before", "reason restored")
            ).build(),
            steps=SMALL,
            says="The first head of a log under a new name, with two lines more.",
        ),
    ]


def rejection() -> Bundle:
    """Return the bundle of a rejection whose request is left out."""
    asked = request("RejectNotifications")
    said = Said(
        identifier=SECOND_ID,
        event="ConsignmentRejection",
        at=NOW,
        reasons=element("Reason", "No procede"),
        channel="web_service",
        actors=actors(asked, holder("caller"), good_list()),
        previous=available(),
    )
    left = {"name": "request.xml", "sha256": sha256(asked), "reason": "names-others"}
    receipt = sealed(said.content(), holder("seal"), text_of(NOW))
    return replace(large().but(request_xml=None), receipt=receipt, left_out=[left])


def lapse() -> Bundle:
    """Return the bundle of a lapse."""
    at = NOW + timedelta(days=7)
    said = Said(
        identifier=SECOND_ID,
        event="AcceptanceRejectionExpiry",
        at=at,
        reasons=element("RuleId", "ley39/2015:43.2"),
        outages=element("ServiceAvailability", element("Outage", element("StartedAt", text_of(NOW)))),
        previous=available(),
    )
    receipt = sealed(said.content(), holder("seal"), text_of(at))
    return Bundle(
        receipt=receipt,
        identifier=SECOND_ID,
        sealed_at=at,
        previous=available(),
        made_at=at + timedelta(days=1),
    )


def external() -> Bundle:
    """Return the bundle of a decision that the issuing body reported."""
    asked = request("ReportDecisions", "body", contract="urn:notigateway:issuing:v1")
    report = element(
        "Report", element("ReportedAt", text_of(NOW)), element("Reference", "AVISO-1"), nif("00000001R")
    )
    said = Said(
        identifier=SECOND_ID,
        event="ConsignmentAcceptance",
        at=NOW - timedelta(days=1),
        channel="postal",
        actors=actors(asked, holder("body"), good_list(), delegate=False, report=report, who=BODY_NIF),
        previous=available(),
    )
    receipt = sealed(said.content(), holder("seal"), text_of(NOW))
    files: Mapping[str, bytes | None] = {
        **large().files,
        "request.xml": asked,
        "certificates/caller.cer": holder("body").der,
    }
    return replace(large(), receipt=receipt, files=files)


def _of_seals() -> list[Vector]:
    return [
        Vector(
            name="bundle-rsa",
            data=small("seal-rsa").build(),
            steps=SMALL,
            says="A bundle whose seal is RSA-PSS.",
        ),
        Vector(
            name="bundle-retired",
            data=small().build(),
            trust="trust-retired",
            steps=but(SMALL, manifest="s"),
            says="A seal out of use, with time-stamps of before: the manifest says nothing, and need not.",
        ),
        Vector(
            name="receipt-retired",
            data=available_t(),
            trust="trust-retired",
            steps=LONE_T,
            says="The same of a receipt alone.",
        ),
        Vector(
            name="receipt-retired-not-yet",
            data=available(),
            trust="trust-retired",
            at=SEAL_ENDS,
            steps=LONE_B,
            says="At the last instant of the seal's period a receipt needs no time-stamp.",
        ),
        Vector(
            name="bundle-dated-by-witnesses",
            data=replace(small(), witnesses=[("w1", NOW), ("w2", NOW)])
            .but(receipt_pdf=pdf(available(), holder("seal-rsa"), text_of(NOW)))
            .build(),
            trust="trust-witnesses-clocks",
            steps="ps pppp ss ssss spppppp",
            says="A seal out of use, no authority pinned, and witnesses whose clocks are trusted (V70).",
        ),
        Vector(
            name="bundle-renewed-2045",
            data=renewed().build(),
            trust="trust-2045",
            at=_IN_2045,
            needs=("renewed heads",),
            steps=but(SMALL, renewed_heads="p", time_stamp="s"),
            says="In 2045 seal and authority have ended long ago; two renewed heads carry the proof.",
        ),
    ]


def _others() -> list[Vector]:
    form = small().members()["receipt.pdf"]
    return [
        Vector(
            name="container",
            data=zip_of(small().container().items(), attributes=ASIC),
            needs=("container",),
            steps=SMALL,
            says="The bundle as a container of associated signatures (ASiC-E).",
        ),
        Vector(
            name="container-by-info-zip",
            data=zip_of(small().container().items(), attributes=0o100664, version=30, internal=1),
            needs=("container",),
            steps=SMALL,
            says="The same, packed anew by Info-ZIP, which says what is text.",
        ),
        Vector(
            name="form",
            data=form,
            needs=("form",),
            steps="p pppp ss ssss sssssp p",
            says="A PDF alone: the receipt is in it.",
        ),
        Vector(name="power", data=power(), steps="pppp", says="The certificate of a power."),
    ]
