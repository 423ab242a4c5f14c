"""Decisions taken in other channels, as the issuing body reports them.

The earliest event wins, whoever tells of it first (Ley 39/2015 art. 41.7; RD 203/2021 art. 42.1; Orden
ISM/903/2020 art. 6.4 and 9). So a report may come late and still be the decision: then it takes the
place of the one that stood, which stays on record, with its receipt. A later one is recorded too and
decides nothing, nor does an attempt that failed. The clock's event stands at the deadline, whether it is
written down yet or not. What each word of a report does: `law.reports`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from notigateway.errors import ActUnknownError, InvalidActError, LifecycleError, ReportInvalidError
from notigateway.instants import to_milliseconds
from notigateway.issuer.amending import Result, earliest_for, field_of, stated
from notigateway.law import transitions as law
from notigateway.law.caller import Circumstances
from notigateway.law.identifiers import check_nif
from notigateway.law.reports import Told
from notigateway.law.submission import NAME_MAX, check_identifier, check_text
from notigateway.receipts.recording import record_report, record_request
from notigateway.repository.issuer import lock_issued
from notigateway.repository.quoted import addressee_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.evidence.sealing import Seal
    from notigateway.law.lifecycle import Channel
    from notigateway.law.reports import Reported
    from notigateway.law.transitions import Transition
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Event, IssuingBody, Notification
    from notigateway.repository.session import Session


@dataclass(frozen=True, kw_only=True)
class Report:
    """What happened elsewhere; `evidence` is where the body keeps its proof.

    Who decided may be unknown: paper is handed over at a door. `at` of what took two attempts is the second.
    """

    reference: str
    channel: Channel
    what: Reported
    at: datetime
    evidence: str
    first_attempt_at: datetime | None = None
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
            now = earliest_for(notification, asking.now)
            transition = law.report(notification.standing, _of_the_law(report), now)
        except InvalidActError as error:
            return Result(report.reference, ReportInvalidError, notification, field=field_of(error))
        except LifecycleError as refusal:
            return Result(report.reference, type(refusal), notification, field=field_of(refusal))
        standing = notification.decisive_event()
        earlier = _same_report(notification, report, transition)
        if earlier is not None:
            # A repeat is idempotent: the same receipt, nothing new.
            return Result(
                report.reference,
                notification=notification,
                standing=standing,
                receipt=notification.receipt_of(earlier),
                is_repeat=True,
            )
        told = _told(report, notification, asking, now=now)
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


def _of_the_law(report: Report) -> Told:
    """Return the report as far as the rule looks at it."""
    return Told(
        what=report.what,
        channel=report.channel,
        at=report.at,
        first_attempt_at=report.first_attempt_at,
        names_somebody=report.party is not None or report.party_name is not None,
    )


def _told(report: Report, notification: Notification, asking: Asking, *, now: datetime) -> Circumstances:
    """Return what is told of the decision, and by whom."""
    return Circumstances(
        channel=report.channel,
        party=report.party,
        party_name=report.party_name or _known_name(notification, report.party),
        reported_by=notification.act.issuing_body.dir3,
        reported_at=now,
        reported_reference=report.evidence,
        first_attempt_at=report.first_attempt_at,
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
    first = report.first_attempt_at
    return replace(
        report,
        party=party,
        at=to_milliseconds(report.at),
        first_attempt_at=None if first is None else to_milliseconds(first),
    )


def _same_report(notification: Notification, report: Report, transition: Transition) -> Event | None:
    """Return the event of the same report: same channel, instant and word."""
    wanted = (report.channel, report.at, transition.state, transition.nature)
    found = (e for e in notification.events if (e.channel, e.at, e.state, e.nature) == wanted)
    return next(found, None)


def _known_name(notification: Notification, party: str | None) -> str | None:
    """Return the name of the party where it is the addressee itself."""
    return addressee_name_of(notification) if notification.addressee.identifier == party else None
