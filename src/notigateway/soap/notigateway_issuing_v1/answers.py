"""From rows and results to wire types: what the issuing contract says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.contract.problems import texts_of
from notigateway.errors import ActUnknownError, GatewayError
from notigateway.issuer.publishing import Publication, UploadedDocument
from notigateway.soap.notigateway_issuing_v1 import types

if TYPE_CHECKING:
    from notigateway.errors import PublicationError
    from notigateway.issuer.amending import Result
    from notigateway.repository import model
    from notigateway.repository.outages import OutageRow


def problem(
    error: GatewayError | type[GatewayError] | None, field: str | None = None
) -> types.Problem | None:
    """Return the catalogue's entry of an error, with what of the item is wrong."""
    if error is None:
        return None
    texts = texts_of(error)
    facts = error.facts if isinstance(error, GatewayError) else {}
    return types.Problem(
        code=error.code,
        textEs=texts.es,
        textEn=texts.en,
        retryable=error.retryable,
        field=field or facts.get("field"),
        rule=facts.get("problem"),
    )


def uploaded(result: UploadedDocument | PublicationError) -> types.UploadedDocument:
    """Return what became of one upload."""
    if isinstance(result, UploadedDocument):
        return types.UploadedDocument(sha256=result.sha256, size=result.size)
    return types.UploadedDocument(problem=problem(result))


def published(reference: str, result: Publication | PublicationError) -> types.PublishedAct:
    """Return what became of one act."""
    if not isinstance(result, Publication):
        return types.PublishedAct(reference=reference, outcome="refused", problem=problem(result))
    row = result.notification
    return types.PublishedAct(
        reference=reference,
        outcome="published" if result.is_new else "already_published",
        notificationId=str(row.id),
        code=row.code,
        availableAt=row.available_at,
        deadline=row.deadline,
    )


def item(result: Result) -> types.Item:
    """Return what became of one item."""
    row = result.notification
    return types.Item(
        reference=result.reference,
        outcome=_outcome(result),
        state=None if result.state is None else str(result.state),
        deadline=None if row is None else row.deadline,
        decision=None if result.standing is None else decision(result.standing),
        receipt=receipt(result.receipt),
        problem=problem(result.problem, result.field),
    )


def _outcome(result: Result) -> str:
    """Return the one word for what became of an item."""
    if result.problem is ActUnknownError:
        return "unknown"
    if result.is_recorded_only:
        return "on_record"
    if result.problem is not None:
        return "refused"
    if result.is_repeat:
        return "already_done"
    return "corrected" if result.is_correction else "done"


def decision(event: model.Event) -> types.Decision:
    """Return who decided, where and when, as far as it is known."""
    return types.Decision(
        state=str(event.state),
        at=event.at,
        channel=None if event.channel is None else str(event.channel),
        party=_party(event.party, event.party_name),
        signer=_party(event.signer, event.signer_name),
        reportedAt=event.reported_at,
    )


def _party(identifier: str | None, name: str | None) -> types.Party | None:
    return None if identifier is None else types.Party(identifier=identifier, name=name)


def receipt(row: model.Receipt | None) -> types.Receipt | None:
    """Return a receipt, its bytes as they are stored."""
    if row is None:
        return None
    return types.Receipt(
        receiptId=str(row.id),
        state=str(row.state),
        eventTime=row.event_time,
        sha256=row.sha256,
        xml=[row.xml],
    )


def outcome(
    event: model.Event, sealed: model.Receipt | None, notification: model.Notification, reference: str
) -> types.Outcome:
    """Return one event, as a following issuing body reads it."""
    return types.Outcome(
        reference=reference,
        notificationId=str(notification.id),
        code=notification.code,
        stands=event.decisive,
        decision=decision(event),
        receipt=receipt(sealed),
    )


def outage(row: OutageRow) -> types.Outage:
    """Return an outage."""
    return types.Outage(
        outageId=str(row.id),
        startedAt=row.started_at,
        endedAt=row.ended_at,
        declaredAt=row.declared_at,
    )
