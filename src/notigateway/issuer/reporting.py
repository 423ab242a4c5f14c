"""Decisions taken in other channels, as the issuing body reports them.

The earliest event wins, whoever tells of it first (Ley 39/2015 art. 41.7; RD 203/2021 art. 42.1; Orden
ISM/903/2020 art. 6.4 and 9). So a report may come late and still be the decision: then it takes the
place of the one that stood, which stays on record, with its receipt. A later one is recorded too and
decides nothing. The clock's event stands at the deadline, whether it is written down yet or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from notigateway.errors import ActUnknownError, InvalidActError, LifecycleError, ReportInvalidError
from notigateway.instants import to_milliseconds
from notigateway.issuer.amending import Result, field_of, stated
from notigateway.law import transitions as law
from notigateway.law.caller import Circumstances
from notigateway.law.identifiers import check_nif
from notigateway.law.submission import NAME_MAX, check_identifier, check_text
from notigateway.receipts.recording import record_report, record_request
from notigateway.repository.issuer import lock_issued
from notigateway.repository.quoted import addressee_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.evidence.xades import Seal
    from notigateway.law.lifecycle import Channel, Decision, State
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Event, IssuingBody, Notification
    from notigateway.repository.session import Session


@dataclass(frozen=True, kw_only=True)
class Report:
    """A decision taken elsewhere; `evidence` is where the body keeps its proof.

    Who decided may be unknown: paper is handed over at a door.
    """

    reference: str
    channel: Channel
    decision: Decision
    at: datetime
    evidence: str
    party: str | None = None
    party_name: str | None = None


@dataclass(frozen=True)
class Reporting:
    """Takes note of what issuing bodies report, and attests it with the seal."""

    seal: Seal = field(repr=False)

    def report_all(
        self, session: Session, asking: Asking, body: IssuingBody, reports: Sequence[Report]
    ) -> list[Result]:
        """Record each reported decision; each has its receipt, whether it decides or not."""
        rows = lock_issued(session, body, [report.reference for report in reports])
        results = [
            stated(self._report(session, asking, report, rows.get(report.reference)), asking.now)
            for report in reports
        ]
        if any(result.receipt is not None and not result.is_repeat for result in results):
            record_request(session, asking)
        return results

    def _report(
        self, session: Session, asking: Asking, report: Report, notification: Notification | None
    ) -> Result:
        """Record one report, or say why it cannot have happened like that."""
        if notification is None:
            return Result(report.reference, ActUnknownError)
        try:
            report = _checked(report)
            transition = law.report(notification.standing, report.decision, at=report.at, now=asking.now)
        except InvalidActError as error:
            return Result(report.reference, ReportInvalidError, notification, field=field_of(error))
        except LifecycleError as refusal:
            return Result(report.reference, type(refusal), notification, field=field_of(refusal))
        standing = notification.decisive_event()
        earlier = _same_report(notification, report, transition.state)
        if earlier is not None:
            # A repeat is idempotent: the same receipt, nothing new.
            return Result(
                report.reference,
                notification=notification,
                standing=standing,
                receipt=notification.receipt_of(earlier),
                is_repeat=True,
            )
        told = _told(report, notification, asking)
        event, receipt = record_report(notification, transition, told, asking=asking, seal=self.seal)
        session.flush()
        return Result(
            report.reference,
            transition.instead,
            notification,
            standing=standing if transition.is_recorded_only else event,
            receipt=receipt,
            is_correction=transition.is_correction,
            is_recorded_only=transition.is_recorded_only,
        )


def _told(report: Report, notification: Notification, asking: Asking) -> Circumstances:
    """Return what is told of the decision, and by whom."""
    return Circumstances(
        channel=report.channel,
        party=report.party,
        party_name=report.party_name or _known_name(notification, report.party),
        reported_by=notification.act.issuing_body.dir3,
        reported_at=asking.now,
        reported_reference=report.evidence,
        correlation_id=asking.proof.correlation_id,
    )


def _checked(report: Report) -> Report:
    """Return the report in its one form. Raises: `InvalidActError` with the field."""
    check_text("evidence", report.evidence, longest=NAME_MAX)
    party = report.party
    if party is not None:
        party = check_identifier("decidedBy.identifier", party, check_nif)
    if report.party_name is not None:
        check_text("decidedBy.name", report.party_name, longest=NAME_MAX)
    return replace(report, party=party, at=to_milliseconds(report.at))


def _same_report(notification: Notification, report: Report, state: State) -> Event | None:
    """Return the event of the same decision: same channel, instant and kind."""
    wanted = (report.channel, report.at, state)
    return next((e for e in notification.events if (e.channel, e.at, e.state) == wanted), None)


def _known_name(notification: Notification, party: str | None) -> str | None:
    """Return the name of the party where it is the addressee itself."""
    return addressee_name_of(notification) if notification.addressee.identifier == party else None
