"""Servers whose answers are wrong: unsigned, old, to another request, or saying something else."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from sqlalchemy import select

from mutants import V1, Patch, mutation, reading, saying, signed_then, signing
from notigateway import errors
from notigateway.addressee import mailbox
from notigateway.repository.model import Notification
from notigateway.repository.notifications import find_visible
from notigateway.soap import endpoint, faults
from notigateway.soap.packaging import Packaging
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import WSA
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from lxml.etree import _Element

SECURITY = re.compile(rb"<wsse:Security.*?</wsse:Security>", re.DOTALL)
STRANGER = "urn:uuid:11111111-1111-4111-8111-111111111111"


@mutation("unsigned answers", "answers without a signature")
def _unsigned() -> list[Patch]:
    return signed_then(lambda body, is_fault: body if is_fault else SECURITY.sub(b"", body, count=1))


@mutation("unsigned faults", "faults without a signature")
def _unsigned_faults() -> list[Patch]:
    return signed_then(lambda body, is_fault: SECURITY.sub(b"", body, count=1) if is_fault else body)


@mutation("another key", "signs answers with a key of its own making")
def _another_key() -> list[Patch]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Another")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=400))
        .sign(key, hashes.SHA256())
    )
    signer = Signer(key, certificate)
    return signing(lambda given: {**given, "signer": signer})


@mutation("answers of before", "dates its answers an hour back")
def _old() -> list[Patch]:
    return signing(lambda given: {**given, "now": given["now"] - timedelta(hours=1)})


@mutation("answers for a day", "gives answers a life of a day")
def _long_lived() -> list[Patch]:
    return signing(lambda given: {**given, "ttl": timedelta(days=1)})


def _relating(to: str | None) -> list[Patch]:
    def change(given: dict[str, Any]) -> dict[str, Any]:
        kept = [one for one in given["form"].addressing if one[0] != "RelatesTo"]
        related = [("RelatesTo", to)] if to else []
        return {**given, "form": replace(given["form"], addressing=(*kept, *related))}

    return signing(change)


@mutation("no relation", "does not say to which request it answers")
def _no_relation() -> list[Patch]:
    return _relating(None)


@mutation("another relation", "relates to another request")
def _another_relation() -> list[Patch]:
    return _relating(STRANGER)


@mutation("unsigned relation", "relates to the request, unsigned")
def _unsigned_relation() -> list[Patch]:
    asked = threading.local()

    def change(given: dict[str, Any]) -> dict[str, Any]:
        addressing = dict(given["form"].addressing)
        asked.related = addressing.pop("RelatesTo", None)
        return {**given, "form": replace(given["form"], addressing=tuple(addressing.items()))}

    real = signing(change)[0][2]

    def sign(content: bytes, **given: Any) -> bytes:
        body: bytes = real(content, **given)
        block = f'<wsa:RelatesTo xmlns:wsa="{WSA}">{asked.related}</wsa:RelatesTo></soap:Header>'
        return body.replace(b"</soap:Header>", block.encode(), 1) if asked.related else body

    return [(endpoint, "sign_envelope", sign)]


@mutation("no list of prefixes", "signs faults like answers, without the prefixes of their codes")
def _no_prefixes() -> list[Patch]:
    return signing(lambda given: {**given, "is_fault": False})


@mutation("wrong fault code", "says that a message which is too old failed a check")
def _fault_code() -> list[Patch]:
    real = faults.fault_code

    def code(error: type[errors.GatewayError]) -> str:
        return "wsse:FailedCheck" if issubclass(error, errors.FreshnessError) else real(error)

    return [(faults, "fault_code", code)]


@mutation("wrong code", "gives what is refused for its schema another code")
def _code() -> list[Patch]:
    return [(errors.InvalidRequestError, "code", "INVALID_CURSOR")]


@mutation("faults that succeed", "sends faults with HTTP status 200")
def _status() -> list[Patch]:
    return [(endpoint, "fault_status", lambda *_: 200)]


@mutation("an echo", "repeats in faults what the request said")
def _echo() -> list[Patch]:
    asked = threading.local()

    def remember(data: bytes, **more: Any) -> Any:
        envelope = parse_envelope(data, **more)
        asked.said = str(envelope.operation.tag).rpartition("}")[2]
        return envelope

    def repeat(error: errors.GatewayError, **more: Any) -> bytes:
        body = faults.render_fault(error, **more)
        return body.replace(b"</faultstring>", f" ({asked.said})</faultstring>".encode(), 1)

    return [(endpoint, "parse_envelope", remember), (endpoint, "render_fault", repeat)]


@mutation("1.1 for everybody", "answers in contract 1.1 who asks for none")
def _latest() -> list[Patch]:
    from notigateway.contract import versions, xml  # noqa: PLC0415

    return [(xml, "answered_version", lambda _: versions.LATEST)]


@mutation("no more, too early", "says that a page is the last one before it is")
def _no_more() -> list[Patch]:
    def change(root: _Element) -> None:
        for one in root.findall(f"{V1}hasMore"):
            one.text = "false"

    return saying("ListNotificationsResponse", change)


@mutation("a row less", "leaves out the last row of each page of the list")
def _row_less() -> list[Patch]:
    def change(root: _Element) -> None:
        rows = root.findall(f"{V1}notification")
        if len(rows) > 1:
            root.remove(rows[-1])

    return saying("ListNotificationsResponse", change)


@mutation("the first page again", "does not look at the cursor of a list")
def _first_page() -> list[Patch]:
    def forget(element: _Element) -> None:
        for one in element.findall(f"{V1}cursor"):
            element.remove(one)

    return reading("ListNotifications", forget)


@mutation("no filter", "gives the whole list, whatever the filter says")
def _no_filter() -> list[Patch]:
    def forget(element: _Element) -> None:
        for one in element.findall(f"{V1}filter"):
            element.remove(one)

    return reading("ListNotifications", forget)


@mutation("outcomes out of order", "gives the outcomes of a batch in another order")
def _order() -> list[Patch]:
    return saying("AcceptNotificationsResponse", lambda root: root.insert(0, root[-1]))


@mutation("decided again", "says that what was decided before is decided now")
def _again() -> list[Patch]:
    def change(root: _Element) -> None:
        for one in root.iter(f"{V1}outcome"):
            one.text = (one.text or "").replace("already_decided_by_you", "decided")

    return saying("AcceptNotificationsResponse", change)


@mutation("the receipt of another", "gives with an acceptance the receipt of an earlier one")
def _other_receipt() -> list[Patch]:
    kept: list[str] = []

    def change(root: _Element) -> None:
        for one in root.findall(f"{V1}item/{V1}receipt"):
            kept.append(etree.tostring(one, encoding="unicode"))
            parent = one.getparent()
            assert parent is not None
            parent.replace(one, etree.fromstring(kept[0]))

    return saying("AcceptNotificationsResponse", change)


@mutation("a receipt in other bytes", "changes the bytes of receipts, and their hash with them")
def _receipt_bytes() -> list[Patch]:
    def change(root: _Element) -> None:
        for one in root.iter(f"{V1}receipt"):
            xml, sha256 = one.find(f"{V1}xml"), one.find(f"{V1}sha256")
            assert xml is not None
            assert sha256 is not None
            data = base64.b64decode(xml.text or "") + b"\n"
            xml.text, sha256.text = base64.b64encode(data).decode(), hashlib.sha256(data).hexdigest()

    return saying("RetrieveReceiptsResponse", change)


@mutation("a document in other bytes", "hands out other bytes than those of a document's hash")
def _document() -> list[Patch]:
    def change(root: _Element) -> None:
        for one in root.iter(f"{V1}content"):
            if one.text:
                one.text = "AAAA" + one.text[4:]

    return saying("RetrieveNotificationsResponse", change)


@mutation("no parts", "gives documents as text to who asks for parts")
def _no_parts() -> list[Patch]:
    return [(endpoint, "asked_packaging", lambda _: Packaging.INLINE)]


@mutation("parts for everybody", "gives documents in parts to who asks for none")
def _parts() -> list[Patch]:
    return [(endpoint, "asked_packaging", lambda _: Packaging.XOP)]


@mutation("a change is missing", "leaves the last change out, and goes on behind it")
def _change_missing() -> list[Patch]:
    def change(root: _Element) -> None:
        changes = root.findall(f"{V1}change")
        if len(changes) > 1:
            root.remove(changes[-1])

    return saying("ListChangesResponse", change)


@mutation("changes the other way round", "gives changes the latest first")
def _changes() -> list[Patch]:
    def change(root: _Element) -> None:
        changes = root.findall(f"{V1}change")
        if changes:
            at = root.index(changes[0])
            for one in changes:
                root.insert(at, one)

    return saying("ListChangesResponse", change)


@mutation("told apart", "tells what is somebody else's from what does not exist")
def _told_apart() -> list[Patch]:
    known: set[str] = set()
    real = find_visible

    def remember(session: Any, ids: Any, **more: Any) -> Any:
        known.update(map(str, session.scalars(select(Notification.id).where(Notification.id.in_(ids)))))
        return real(session, ids, **more)

    def change(root: _Element) -> None:
        for item in root.findall(f"{V1}item"):
            text = item.find(f"{V1}problem/{V1}textEn")
            if text is not None and item.findtext(f"{V1}id") in known:
                text.text = "It is not yours."

    return [(mailbox, "find_visible", remember), *saying("RetrieveNotificationsResponse", change)]
