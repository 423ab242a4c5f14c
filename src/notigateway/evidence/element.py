"""The XML form of a statement, in the namespace `urn:notigateway:evidence:1`.

Instants are written in UTC with milliseconds, truncated: a receipt never states an instant later than
the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from notigateway.evidence.statement import (
    ALGORITHM_POLICY,
    AUTHENTICATION_METHOD,
    DEADLINE_RULE,
    DEADLINE_ZONE,
    EVENT_URIS,
    POLICY_ID,
    POLICY_SHA256,
    ROOT,
    TEMPLATE_ID,
    TEMPLATE_VERSION,
)
from notigateway.instants import instant_text
from notigateway.lifecycle import State
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from notigateway.evidence.statement import (
        ActorAuthentication,
        EvidenceIssuerDetails,
        PreviousEvidence,
        ReportDetails,
        RequestEvidence,
        Statement,
        UserContent,
    )
    from notigateway.lifecycle import Outage


def render(statement: Statement) -> _Element:
    """Return the unsealed `Evidence` element.

    Raises `KeyError` for a state that proves nothing, `ValueError` for a text that XML cannot hold.
    """
    root = etree.Element(ROOT, nsmap={None: EVIDENCE_1})
    _add(root, "EvidenceIdentifier", str(statement.evidence_id))
    _add(root, "ERDSEventId", EVENT_URIS[statement.event])
    _add_reasons(root, statement)
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
    if statement.outages is not None:
        _add_outages(root, statement.outages)
    _group(root, "EvidenceIssuerPolicy", {"EvidenceIssuerPolicyID": POLICY_ID, "Sha256": POLICY_SHA256})
    if statement.issuer is not None:
        _add_issuer(root, statement.issuer)
    _add_parties(root, statement)
    if statement.authentication is not None:
        _add_authentication(root, statement.authentication)
    if statement.request is not None:
        _add_request(root, statement.request)
    if statement.report is not None:
        _add_report(root, statement.report)
    _add_content(root, statement.content)
    if statement.previous is not None:
        _add_previous(root, statement.previous)
    if statement.csv_code is not None:
        _add_rendition(root, statement.csv_code)
    _add(root, "RetentionClass", statement.retention.value)
    return root


def _add_reasons(root: _Element, statement: Statement) -> None:
    """Say why: by which rule the clock decided, or what the party that rejected wrote."""
    fields = {}
    if statement.event is State.LAPSED:
        fields["RuleId"] = DEADLINE_RULE
    if statement.reason is not None:
        fields["Reason"] = statement.reason
    if fields:
        _group(root, "EventReasons", fields)


def _add_outages(root: _Element, outages: Sequence[Outage]) -> None:
    availability = _add(root, "ServiceAvailability")
    for outage in outages:
        fields = {"StartedAt": instant_text(outage.started_at)}
        if outage.ended_at is not None:
            fields["EndedAt"] = instant_text(outage.ended_at)
        _group(availability, "Outage", fields)


def _add_issuer(root: _Element, issuer: EvidenceIssuerDetails) -> None:
    fields = {"Name": issuer.name}
    if issuer.identifier is not None:
        fields["Identifier"] = issuer.identifier
    _group(root, "EvidenceIssuerDetails", fields)


def _add_previous(root: _Element, previous: PreviousEvidence) -> None:
    fields = {"EvidenceIdentifier": str(previous.evidence_id), "Sha256": previous.sha256}
    _group(root, "PreviousEvidence", fields)


def _add_rendition(root: _Element, csv_code: str) -> None:
    fields = {"CsvCode": csv_code, "TemplateId": TEMPLATE_ID, "TemplateVersion": TEMPLATE_VERSION}
    _group(root, "HumanRendition", fields)


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
        "RevocationSource": authentication.revocation_source,
        "RevocationSha256": authentication.revocation_sha256,
        "AlgorithmPolicy": ALGORITHM_POLICY,
        "Outcome": "passed",
    }
    _group(root, "ActorAuthentication", {name: text for name, text in fields.items() if text is not None})


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
