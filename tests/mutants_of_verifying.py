"""Servers that let in what must be refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mutants import Patch, mutation, nothing, passing
from notigateway import errors
from notigateway.soap import endpoint, memory
from notigateway.soap.addressing import Addressing
from notigateway.soap.contract import Contract
from notigateway.soap.reply import Reply
from notigateway.trust.admission import Admission
from notigateway.wss import clients, envelope, policy, references, verify
from notigateway.wss.freshness import Window, check_freshness
from notigateway.wss.ns import WSU_ID

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element

    from notigateway.wss.envelope import Envelope
    from notigateway.wss.policy import Expectations


def _fresh_for(reasons: set[str]) -> list[Patch]:
    def check(element: _Element | None, *, now: datetime, expectations: Expectations) -> Window:
        try:
            return check_freshness(element, now=now, expectations=expectations)
        except errors.FreshnessError as error:
            if error.facts.get("reason") not in reasons:
                raise
        return Window(created=now, fresh_until=now + expectations.max_age)

    return [(verify, "check_freshness", check)]


@mutation("replays", "lets a message in a second time")
def _replays() -> list[Patch]:
    kind = memory.DatedMemory
    return [(kind, "knows", lambda *_: False), (kind, "take", lambda *_: True)]


@mutation("old messages", "lets in messages of an hour ago")
def _old() -> list[Patch]:
    return _fresh_for({"created-too-old", "expired"})


@mutation("messages to come", "lets in messages from the future")
def _future() -> list[Patch]:
    return _fresh_for({"created-in-future"})


@mutation("unsigned Body", "does not look whether the Body is signed")
def _unsigned_body() -> list[Patch]:
    return [(verify, "check_coverage", nothing)]


@mutation("no digests", "does not compare digests")
def _no_digests() -> list[Patch]:
    return [(verify, "check_digest", nothing)]


@mutation("no signature value", "does not verify the signature value")
def _no_value() -> list[Patch]:
    return [(verify, "check_signature_value", nothing)]


@mutation("wrapped Body", "verifies whatever element has the id, and reads the Body where it stands")
def _wrapped() -> list[Patch]:
    def parts(found: Envelope, _: object) -> dict[str, _Element]:
        by_id: dict[str, _Element] = {}
        for one in found.root.iter("{*}*"):
            for name in (one.get(WSU_ID), one.get("Id")):
                if name is not None:
                    by_id[name] = one
        return by_id

    return [(verify, "signable_parts", parts), (verify, "check_coverage", nothing)]


@mutation("the same id twice", "takes ids that stand twice")
def _ids() -> list[Patch]:
    return [(references, "_check_unique_ids", nothing)]


@mutation("anybody's certificate", "admits certificates of any issuer")
def _anybody() -> list[Patch]:
    return [(Admission, "check", passing(Admission.check, errors.IssuerNotAuthorisedError))]


@mutation("expired certificates", "admits certificates that have expired")
def _expired() -> list[Patch]:
    refused = errors.CertificateExpiredError
    return [
        (Admission, "check", passing(Admission.check, refused)),
        (Admission, "require_status", passing(Admission.require_status, refused)),
    ]


@mutation("revoked certificates", "admits certificates that were revoked")
def _revoked() -> list[Patch]:
    refused = errors.CertificateRevokedError
    return [
        (Admission, "check", passing(Admission.check, refused)),
        (Admission, "require_status", passing(Admission.require_status, refused)),
    ]


@mutation("SHA-1", "takes SHA-1")
def _sha1() -> list[Patch]:
    real = clients.expectations_of

    def lax(*args: Any) -> Expectations:
        return replace(
            real(*args),
            signature_methods=frozenset(policy.SignatureMethod),
            digest_methods=frozenset(policy.DigestMethod),
        )

    return [(verify, "expectations_of", lax)]


@mutation("a DOCTYPE", "reads messages with a document type")
def _doctype() -> list[Patch]:
    real = envelope._scan_prolog

    def scan(data: bytes) -> None:
        passing(real, errors.ForbiddenXmlError)(data)

    docinfo = passing(envelope.parse_xml, errors.ForbiddenXmlError)

    def parse(data: bytes, **more: Any) -> Any:
        return docinfo(
            re.sub(rb"<!DOCTYPE[^>]*(?:\[.*?\]\s*)?>", b"", data, count=1, flags=re.DOTALL), **more
        )

    return [(envelope, "_scan_prolog", scan), (envelope, "parse_xml", parse)]


@mutation("headers not understood", "ignores headers that must be understood")
def _understood() -> list[Patch]:
    return [(envelope, "_check_understood", nothing)]


@mutation("any SOAPAction", "does not look at the SOAPAction")
def _action() -> list[Patch]:
    return [(endpoint, "read_actions", lambda _: frozenset())]


@mutation("any elements", "does not compare requests with the schema")
def _schema() -> list[Patch]:
    return [(Contract, "check_request", nothing)]


@mutation("any address", "does not compare signed addressing with itself")
def _address() -> list[Patch]:
    return [(Addressing, "check", nothing)]


@mutation("answers anywhere", "takes a ReplyTo that is somewhere else")
def _reply_to() -> list[Patch]:
    return [(endpoint, "check_reply_addresses", nothing)]


@mutation("another's MessageID", "answers under a MessageID that names another signer")
def _message_id() -> list[Patch]:
    return [(Addressing, "check_signer", nothing)]


@mutation("unsigned MessageID", "relates to a MessageID that is not signed")
def _unsigned_id() -> list[Patch]:
    real = Reply.to

    def to(self: Reply, verified: Any, now: datetime) -> Any:
        root = verified.body.getroottree().getroot()
        return real(self, replace(verified, headers=tuple(root[0])), now)

    return [(Reply, "to", to)]


@mutation("half a document", "does not say that it got half a message")
def _half() -> list[Patch]:
    return [(errors.MalformedXmlError, "code", "INTERNAL_ERROR")]
