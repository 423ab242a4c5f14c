"""Servers that break rules: of content, of terms, and those of the Social Security's contract."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from lxml import etree

from mutants import V1, Patch, mutation, nothing, saying, signing
from notigateway import errors
from notigateway.clock import lapsing, outages
from notigateway.evidence import acuse_check
from notigateway.law import deadlines, lifecycle, transitions
from notigateway.repository import model
from notigateway.soap.wscn import codes, service

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element

    from notigateway.law.lifecycle import Standing, State


@mutation("content before the acceptance", "hands out the content of what nobody has accepted")
def _content() -> list[Patch]:
    return [(model, "is_content_released", lambda _: True)]


@mutation("a second decision", "lets who rejects move what is accepted")
def _second() -> list[Patch]:
    def change(root: _Element) -> None:
        for one in root.iter(f"{V1}outcome"):
            one.text = "decided"

    return saying("RejectNotificationsResponse", change)


@mutation("eleven days", "gives a term of eleven days")
def _eleven() -> list[Patch]:
    return [(deadlines, "TERM_NATURAL_DAYS", 11)]


@mutation("no lapse", "lets decide after the deadline")
def _no_lapse() -> list[Patch]:
    real = lifecycle.effective_state

    def state(standing: Standing, now: datetime) -> State:
        return real(changed(standing, deadline=None), now)

    return [
        (lifecycle, "effective_state", state),
        (model, "effective_state", state),
        (lapsing, "_sweep_batch", lambda *_, **__: 0),
    ]


@mutation("a lapse in silence", "writes no receipt of a lapse")
def _silent() -> list[Patch]:
    def change(root: _Element) -> None:
        for item in root.findall(f"{V1}item"):
            for one in item.findall(f"{V1}receipt"):
                if one.findtext(f"{V1}state") == "lapsed":
                    item.remove(one)

    return saying("RetrieveReceiptsResponse", change)


@mutation("the last word", "lets whoever tells last decide")
def _last_word() -> list[Patch]:
    return [(transitions, "comes_first", lambda *_: True)]


@mutation("outages count", "counts the days of an outage")
def _outages() -> list[Patch]:
    return [(outages, "suspended_days", lambda *_: frozenset())]


# --- the Social Security's contract ---------------------------------------------------------------


def _saying(pattern: bytes, instead: bytes) -> list[Patch]:
    def change(given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "content": re.sub(pattern, instead, given["content"])}

    return signing(change)


@mutation("hayMas is false", "says that there is no more, whatever there is", contract="wscn")
def _hay_mas() -> list[Patch]:
    return _saying(rb"<hayMas>true<", b"<hayMas>false<")


@mutation("estado stays 0", "does not tell that a receipt was asked for", contract="wscn")
def _estado() -> list[Patch]:
    return _saying(rb"<estado>1<", b"<estado>0<")


@mutation("one number for all", "gives 100 for whatever is refused", contract="wscn")
def _numbers() -> list[Patch]:
    return [(codes, "functional_code", lambda *_: codes.NOT_AVAILABLE)]


@mutation("changed receipts", "takes a signed receipt whose data were changed", contract="wscn")
def _changed() -> list[Patch]:
    return [(acuse_check, "_check_ours", nothing)]


@mutation("anybody's signature", "takes a receipt that somebody else has signed", contract="wscn")
def _signer() -> list[Patch]:
    real = acuse_check.check_acuse

    def check(data: bytes, *, caller_fingerprint: str, **more: Any) -> Any:
        try:
            return real(data, caller_fingerprint=caller_fingerprint, **more)
        except errors.AcuseSignerError:
            *_, token = etree.fromstring(data).iter("{*}X509Certificate")
            signer = hashlib.sha256(base64.b64decode(token.text or "")).hexdigest()
            return real(data, caller_fingerprint=signer, **more)

    return [(service, "check_acuse", check)]


@mutation("no PDF", "accepts and keeps the PDF", contract="wscn")
def _no_pdf() -> list[Patch]:
    return _saying(rb"<pdfNotificacion>[^<]*</pdfNotificacion>", b"")
