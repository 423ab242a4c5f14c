"""The XML form of a statement, in the namespace `urn:notigateway:evidence:1`, as canonical bytes.

Its parts are declared in `statement` and written by the contracts' writer; what depends on the event is
written here, as text of the same form (a test compares it with the canonicaliser's). Instants are written
in UTC with milliseconds, truncated: a receipt never states an instant later than the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.contract.writing import writer
from notigateway.evidence.events import event_uri
from notigateway.evidence.statement import (
    DEADLINE_RULE,
    DEADLINE_ZONE,
    POLICY_ID,
    POLICY_SHA256,
    TEMPLATE_ID,
    TEMPLATE_VERSION,
    Parties,
)
from notigateway.instants import instant_text
from notigateway.law.lifecycle import State
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.evidence.statement import Statement
    from notigateway.law.deadlines import Outage


_POLICY: Final = (
    f"<EvidenceIssuerPolicy><EvidenceIssuerPolicyID>{POLICY_ID}</EvidenceIssuerPolicyID>"
    f"<Sha256>{POLICY_SHA256}</Sha256></EvidenceIssuerPolicy>"
)


_write_parties: Final = writer(Parties)


def render(statement: Statement) -> bytes:
    """Return the unsealed `Evidence` element in exclusive canonical form.

    Raises `KeyError` for a state that proves nothing, `ValueError` for a text that XML cannot hold.
    """
    return "".join(
        (
            f'<Evidence xmlns="{EVIDENCE_1}">',
            f"<EvidenceIdentifier>{statement.evidence_id}</EvidenceIdentifier>",
            f"<ERDSEventId>{event_uri(statement.event, statement.nature)}</ERDSEventId>",
            _reasons(statement),
            f"<EventTime>{instant_text(statement.event_time)}</EventTime>",
            "" if statement.channel is None else f"<Channel>{statement.channel.value}</Channel>",
            f"<SubmissionTime>{instant_text(statement.submission_time)}</SubmissionTime>",
            _deadline(statement),
            _outages(statement.outages),
            _obligation(statement),
            _POLICY,
            _write_parties(statement),
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


def _obligation(statement: Statement) -> str:
    """Say why the addressee was obliged, and why it is practised on paper; nothing of who was not."""
    said = _optional("Ground", statement.ground) + _optional("Paper", statement.paper)
    return f"<Obligation>{said}</Obligation>" if said else ""


def _rendition(csv_code: str | None) -> str:
    if csv_code is None:
        return ""
    return (
        f"<HumanRendition><CsvCode>{canonical_text(csv_code)}</CsvCode><TemplateId>{TEMPLATE_ID}</TemplateId>"
        f"<TemplateVersion>{TEMPLATE_VERSION}</TemplateVersion></HumanRendition>"
    )


def _optional(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{canonical_text(text)}</{name}>"
