"""What a receipt attests, and its XML form in the namespace `urn:notigateway:evidence:1`.

Element names and event URIs are those of ETSI EN 319 522; no conformance to it is claimed. The
schema for people and validators is `wsdl/notigateway-evidence-1.xsd`. Instants are written in UTC
with milliseconds, truncated: a receipt never states an instant later than the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from lxml import etree

from notigateway.instants import instant_text
from notigateway.lifecycle import Channel, State
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.representation import Role

ROOT: Final = f"{{{EVIDENCE_1}}}Evidence"
_EVENT: Final = "http://uri.etsi.org/19522/Event/"
EVENT_URIS: Final = {
    State.AVAILABLE: f"{_EVENT}NotificationForAcceptance",
    State.ACCEPTED: f"{_EVENT}ConsignmentAcceptance",
    State.REJECTED: f"{_EVENT}ConsignmentRejection",
    State.READ: f"{_EVENT}ContentHandover",
    State.LAPSED: f"{_EVENT}AcceptanceRejectionExpiry",
}

DEADLINE_RULE: Final = "ley39/2015:43.2"
DEADLINE_ZONE: Final = "Europe/Madrid"
AUTHENTICATION_METHOD: Final = "x509-ws-security"

# The policy is published beside the schema; a test compares the digest with the file.
POLICY_ID: Final = "urn:notigateway:evidence-policy:1"
POLICY_SHA256: Final = "1b4fcef73e1e4854d8df3a7d0346f42739a7c466c369a9e27735baaf82aaa417"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderDetails:
    """The issuing body, as it was when the event happened."""

    dir3: str
    name: str
    nif: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientDetails:
    """The addressee."""

    identifier: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateDetails:
    """Who signed, and in which capacity; `reference` is the power or the RED authorisation that gave it."""

    role: Role
    identifier: str
    name: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorAuthentication:
    """The certificate by which the signer was identified, and when it was validated.

    `identifier` is the identity read from it, `serial` the decimal serial number, `issuer` RFC 4514.
    """

    certificate_sha256: str
    issuer: str
    serial: str
    identifier: str
    validated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvidence:
    """The signed request that decided: SHA-256 of the stored envelope, URI of the signature algorithm."""

    message_id: UUID
    envelope_sha256: str
    signature_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetails:
    """How a decision taken elsewhere became known: the issuing body (the sender) reported it.

    `reference` is where its own evidence is; `identifier` and `name` say who decided, where it is known.
    """

    reported_at: datetime
    reference: str
    identifier: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedDocument:
    """A document, by the hash of its bytes; `size` in bytes."""

    document_id: UUID
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContent:
    """What the notification holds: the act and its documents."""

    notification_id: UUID
    notification_code: int
    act_reference: str
    subject: str
    procedure: str
    documents: tuple[AttestedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One fact about one notification, ready to be sealed.

    `event` is the state the notification is in since `event_time`; `submission_time` is when it was
    put at disposal. What no party caused (put at disposal, lapse) has no channel, delegate,
    authentication or request.
    """

    evidence_id: UUID
    event: State
    event_time: datetime
    submission_time: datetime
    sender: SenderDetails
    recipient: RecipientDetails
    content: UserContent
    deadline: datetime | None = None
    channel: Channel | None = None
    reason: str | None = None
    delegate: DelegateDetails | None = None
    authentication: ActorAuthentication | None = None
    request: RequestEvidence | None = None
    report: ReportDetails | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """What a receipt says that its holder compares with a notification and its files."""

    receipt_id: UUID
    state: State
    event_time: datetime
    notification_id: UUID
    notification_code: int
    addressee: str
    documents: tuple[AttestedDocument, ...]
    reported_at: datetime | None = None

    @property
    def sealed_at(self) -> datetime:
        """When it was sealed: at the event, or when the gateway was told of it."""
        return self.reported_at or self.event_time


def render(statement: Statement) -> _Element:
    """Return the unsealed `Evidence` element.

    Raises `KeyError` for a state that proves nothing, `ValueError` for a text that XML cannot hold.
    """
    root = etree.Element(ROOT, nsmap={None: EVIDENCE_1})
    _add(root, "EvidenceIdentifier", str(statement.evidence_id))
    _add(root, "ERDSEventId", EVENT_URIS[statement.event])
    if statement.reason is not None:
        _add(_add(root, "EventReasons"), "Reason", statement.reason)
    _add(root, "EventTime", instant_text(statement.event_time))
    if statement.channel is not None:
        _add(root, "Channel", statement.channel.value)
    _add(root, "SubmissionTime", instant_text(statement.submission_time))
    if statement.deadline is not None:
        _group(
            root,
            "Deadline",
            {"ExpiresAt": instant_text(statement.deadline), "RuleId": DEADLINE_RULE, "Zone": DEADLINE_ZONE},
        )
    _group(root, "EvidenceIssuerPolicy", {"EvidenceIssuerPolicyID": POLICY_ID, "Sha256": POLICY_SHA256})
    _add_parties(root, statement)
    if statement.authentication is not None:
        _add_authentication(root, statement.authentication)
    if statement.request is not None:
        _add_request(root, statement.request)
    if statement.report is not None:
        _add_report(root, statement.report)
    _add_content(root, statement.content)
    return root


def read_facts(evidence: _Element) -> ReceiptFacts:
    """Return the facts of an `Evidence` element, whose seal was verified before.

    Raises `ValueError` or `KeyError` when an element is missing, doubled or unreadable.
    """
    states = {uri: state for state, uri in EVENT_URIS.items()}
    content = only(evidence, _name("UserContentInfo"))
    return ReceiptFacts(
        receipt_id=UUID(_text(evidence, "EvidenceIdentifier")),
        state=states[_text(evidence, "ERDSEventId")],
        event_time=datetime.fromisoformat(_text(evidence, "EventTime")),
        notification_id=UUID(_text(content, "NotificationId")),
        notification_code=int(_text(content, "NotificationCode")),
        addressee=_text(only(evidence, _name("RecipientDetails")), "Identifier"),
        documents=tuple(map(_read_document, content.iterchildren(_name("Document")))),
        reported_at=_read_reported_at(evidence),
    )


def _read_reported_at(evidence: _Element) -> datetime | None:
    """Return when the gateway was told of an event in another channel."""
    if evidence.find(_name("Report")) is None:
        return None
    return datetime.fromisoformat(_text(only(evidence, _name("Report")), "ReportedAt"))


def only(element: _Element, tag: str) -> _Element:
    """Return the one child of that name. Raises `ValueError` when there is none or a second one."""
    (found,) = element.iterchildren(tag)
    return found


def _add_parties(root: _Element, statement: Statement) -> None:
    sender, recipient, delegate = statement.sender, statement.recipient, statement.delegate
    _group(root, "SenderDetails", {"Dir3": sender.dir3, "Name": sender.name, "Identifier": sender.nif})
    _group(root, "RecipientDetails", {"Identifier": recipient.identifier, "Name": recipient.name})
    if delegate is not None:
        fields = {"Role": delegate.role.value, "Identifier": delegate.identifier, "Name": delegate.name}
        if delegate.reference is not None:
            fields["Reference"] = delegate.reference
        _group(root, "DelegateDetails", fields)


def _add_authentication(root: _Element, authentication: ActorAuthentication) -> None:
    fields = {
        "Method": AUTHENTICATION_METHOD,
        "CertificateSha256": authentication.certificate_sha256,
        "Issuer": authentication.issuer,
        "Serial": authentication.serial,
        "Identifier": authentication.identifier,
        "ValidationTime": instant_text(authentication.validated_at),
    }
    _group(root, "ActorAuthentication", fields)


def _add_request(root: _Element, request: RequestEvidence) -> None:
    fields = {
        "MessageId": str(request.message_id),
        "EnvelopeSha256": request.envelope_sha256,
        "SignatureMethod": request.signature_method,
    }
    _group(root, "RequestEvidence", fields)


def _add_report(root: _Element, report: ReportDetails) -> None:
    fields = {
        "ReportedAt": instant_text(report.reported_at),
        "Reference": report.reference,
        "Identifier": report.identifier,
        "Name": report.name,
    }
    _group(root, "Report", {name: text for name, text in fields.items() if text is not None})


def _add_content(root: _Element, content: UserContent) -> None:
    fields = {
        "NotificationId": str(content.notification_id),
        "NotificationCode": str(content.notification_code),
        "ActReference": content.act_reference,
        "Subject": content.subject,
        "Procedure": content.procedure,
    }
    group = _group(root, "UserContentInfo", fields)
    for document in content.documents:
        document_fields = {
            "DocumentId": str(document.document_id),
            "MediaType": document.media_type,
            "Size": str(document.size),
            "Sha256": document.sha256,
        }
        _group(group, "Document", document_fields)


def _name(local: str) -> str:
    return f"{{{EVIDENCE_1}}}{local}"


def _add(parent: _Element, local: str, text: str | None = None) -> _Element:
    element = etree.SubElement(parent, _name(local))
    element.text = text
    return element


def _group(parent: _Element, local: str, fields: dict[str, str]) -> _Element:
    group = _add(parent, local)
    for name, text in fields.items():
        _add(group, name, text)
    return group


def _text(element: _Element, local: str) -> str:
    return only(element, _name(local)).text or ""


def _read_document(element: _Element) -> AttestedDocument:
    return AttestedDocument(
        document_id=UUID(_text(element, "DocumentId")),
        media_type=_text(element, "MediaType"),
        size=int(_text(element, "Size")),
        sha256=_text(element, "Sha256"),
    )
