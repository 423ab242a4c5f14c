"""The XML form of a statement, in the namespace `urn:notigateway:evidence:1`, as canonical bytes.

Written as text, since a batch seals hundreds: one default namespace on the root, no attributes, canonical
escapes, so it is its own exclusive canonical form (a test compares). Instants are written in UTC with
milliseconds, truncated: a receipt never states an instant later than the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.evidence.statement import (
    ALGORITHM_POLICY,
    AUTHENTICATION_METHOD,
    DEADLINE_RULE,
    DEADLINE_ZONE,
    EVENT_URIS,
    POLICY_ID,
    POLICY_SHA256,
    TEMPLATE_ID,
    TEMPLATE_VERSION,
)
from notigateway.instants import instant_text
from notigateway.law.lifecycle import State
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.evidence.statement import (
        ActorAuthentication,
        EvidenceIssuerDetails,
        PreviousEvidence,
        ReportDetails,
        RequestEvidence,
        Statement,
        UserContent,
    )
    from notigateway.law.deadlines import Outage


_POLICY: Final = (
    f"<EvidenceIssuerPolicy><EvidenceIssuerPolicyID>{POLICY_ID}</EvidenceIssuerPolicyID>"
    f"<Sha256>{POLICY_SHA256}</Sha256></EvidenceIssuerPolicy>"
)


def render(statement: Statement) -> bytes:
    """Return the unsealed `Evidence` element in exclusive canonical form.

    Raises `KeyError` for a state that proves nothing, `ValueError` for a text that XML cannot hold.
    """
    return "".join(
        (
            f'<Evidence xmlns="{EVIDENCE_1}">',
            f"<EvidenceIdentifier>{statement.evidence_id}</EvidenceIdentifier>",
            f"<ERDSEventId>{EVENT_URIS[statement.event]}</ERDSEventId>",
            _reasons(statement),
            f"<EventTime>{instant_text(statement.event_time)}</EventTime>",
            "" if statement.channel is None else f"<Channel>{statement.channel.value}</Channel>",
            f"<SubmissionTime>{instant_text(statement.submission_time)}</SubmissionTime>",
            _deadline(statement),
            _outages(statement.outages),
            _POLICY,
            _issuer(statement.issuer),
            _parties(statement),
            _authentication(statement.authentication),
            _request(statement.request),
            _report(statement.report),
            _content(statement.content),
            _previous(statement.previous),
            _rendition(statement.csv_code),
            f"<RetentionClass>{statement.retention.value}</RetentionClass></Evidence>",
        )
    ).encode()


def _reasons(statement: Statement) -> str:
    """Say why: by which rule the clock decided, or what the party that rejected wrote."""
    rule = f"<RuleId>{DEADLINE_RULE}</RuleId>" if statement.event is State.LAPSED else ""
    given = rule + _optional("Reason", statement.reason)
    return f"<EventReasons>{given}</EventReasons>" if given else ""


def _deadline(statement: Statement) -> str:
    if statement.deadline is None:
        return ""
    return (
        f"<Deadline><ExpiresAt>{instant_text(statement.deadline)}</ExpiresAt><RuleId>{DEADLINE_RULE}</RuleId>"
        f"<Zone>{DEADLINE_ZONE}</Zone></Deadline>"
    )


def _outages(outages: Sequence[Outage] | None) -> str:
    if outages is None:
        return ""
    listed = "".join(
        f"<Outage><StartedAt>{instant_text(one.started_at)}</StartedAt>"
        f"{'' if one.ended_at is None else f'<EndedAt>{instant_text(one.ended_at)}</EndedAt>'}</Outage>"
        for one in outages
    )
    return f"<ServiceAvailability>{listed}</ServiceAvailability>"


def _issuer(issuer: EvidenceIssuerDetails | None) -> str:
    if issuer is None:
        return ""
    return (
        f"<EvidenceIssuerDetails><Name>{canonical_text(issuer.name)}</Name>"
        f"{_optional('Identifier', issuer.identifier)}</EvidenceIssuerDetails>"
    )


def _parties(statement: Statement) -> str:
    sender, recipient, delegate = statement.sender, statement.recipient, statement.delegate
    named = (
        f"<SenderDetails><Dir3>{canonical_text(sender.dir3)}</Dir3><Name>{canonical_text(sender.name)}</Name>"
        f"<Identifier>{canonical_text(sender.nif)}</Identifier></SenderDetails>"
        f"<RecipientDetails><Identifier>{canonical_text(recipient.identifier)}</Identifier>"
        f"<Name>{canonical_text(recipient.name)}</Name></RecipientDetails>"
    )
    if delegate is None:
        return named
    return (
        f"{named}<DelegateDetails><Role>{delegate.role.value}</Role>"
        f"<Identifier>{canonical_text(delegate.identifier)}</Identifier>"
        f"<Name>{canonical_text(delegate.name)}</Name>"
        f"{_optional('Reference', delegate.reference)}</DelegateDetails>"
    )


def _authentication(one: ActorAuthentication | None) -> str:
    if one is None:
        return ""
    return (
        f"<ActorAuthentication><Method>{AUTHENTICATION_METHOD}</Method>"
        f"<CertificateSha256>{canonical_text(one.certificate_sha256)}</CertificateSha256>"
        f"<Issuer>{canonical_text(one.issuer)}</Issuer><Serial>{canonical_text(one.serial)}</Serial>"
        f"<Identifier>{canonical_text(one.identifier)}</Identifier>"
        f"<ValidationTime>{instant_text(one.validated_at)}</ValidationTime>"
        f"{_optional('RevocationSource', one.revocation_source)}"
        f"{_optional('RevocationSha256', one.revocation_sha256)}"
        f"<AlgorithmPolicy>{ALGORITHM_POLICY}</AlgorithmPolicy><Outcome>passed</Outcome></ActorAuthentication>"
    )


def _request(request: RequestEvidence | None) -> str:
    if request is None:
        return ""
    return (
        f"<RequestEvidence><MessageId>{request.message_id}</MessageId>"
        f"<EnvelopeSha256>{canonical_text(request.envelope_sha256)}</EnvelopeSha256>"
        f"<SignatureMethod>{canonical_text(request.signature_method)}</SignatureMethod></RequestEvidence>"
    )


def _report(report: ReportDetails | None) -> str:
    if report is None:
        return ""
    return (
        f"<Report><ReportedAt>{instant_text(report.reported_at)}</ReportedAt>"
        f"<Reference>{canonical_text(report.reference)}</Reference>"
        f"{_optional('Identifier', report.identifier)}{_optional('Name', report.name)}</Report>"
    )


def _content(content: UserContent) -> str:
    documents = "".join(
        f"<Document><DocumentId>{one.document_id}</DocumentId>"
        f"<MediaType>{canonical_text(one.media_type)}</MediaType>"
        f"<Size>{one.size}</Size><Sha256>{canonical_text(one.sha256)}</Sha256></Document>"
        for one in content.documents
    )
    return (
        f"<UserContentInfo><NotificationId>{content.notification_id}</NotificationId>"
        f"<NotificationCode>{content.notification_code}</NotificationCode>"
        f"<ActReference>{canonical_text(content.act_reference)}</ActReference>"
        f"<Subject>{canonical_text(content.subject)}</Subject>"
        f"<Procedure>{canonical_text(content.procedure)}</Procedure>{documents}</UserContentInfo>"
    )


def _previous(previous: PreviousEvidence | None) -> str:
    if previous is None:
        return ""
    return (
        f"<PreviousEvidence><EvidenceIdentifier>{previous.evidence_id}</EvidenceIdentifier>"
        f"<Sha256>{previous.sha256}</Sha256></PreviousEvidence>"
    )


def _rendition(csv_code: str | None) -> str:
    if csv_code is None:
        return ""
    return (
        f"<HumanRendition><CsvCode>{canonical_text(csv_code)}</CsvCode><TemplateId>{TEMPLATE_ID}</TemplateId>"
        f"<TemplateVersion>{TEMPLATE_VERSION}</TemplateVersion></HumanRendition>"
    )


def _optional(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{canonical_text(text)}</{name}>"
