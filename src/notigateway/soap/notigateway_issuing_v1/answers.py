"""From rows and results to what the issuing contract says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.contract import issuing_v1
from notigateway.contract.problems import texts_of
from notigateway.errors import ActUnknownError, GatewayError
from notigateway.issuer.publishing import Publication, UploadedDocument
from notigateway.law.actors import delegate_of, signing_person_of
from notigateway.repository.quoted import addressee_name_of

if TYPE_CHECKING:
    from notigateway.errors import PublicationError
    from notigateway.issuer.amending import Result
    from notigateway.repository import model
    from notigateway.repository.outages import OutageRow
    from notigateway.repository.successions import SuccessionRow


def problem(
    error: GatewayError | type[GatewayError] | None, field: str | None = None
) -> issuing_v1.Problem | None:
    """Return the catalogue's entry of an error, with what of the item is wrong."""
    if error is None:
        return None
    texts = texts_of(error)
    facts = error.facts if isinstance(error, GatewayError) else {}
    return issuing_v1.Problem(
        code=error.code,
        text_es=texts.es,
        text_en=texts.en,
        retryable=error.retryable,
        field=field or _word(facts.get("field")),
        rule=_word(facts.get("problem")),
    )


def _word(fact: object) -> str | None:
    return None if fact is None else str(fact)


def uploaded(result: UploadedDocument | PublicationError) -> issuing_v1.UploadedDocument:
    """Return what became of one upload."""
    if isinstance(result, UploadedDocument):
        return issuing_v1.UploadedDocument(sha256=result.sha256, size=result.size)
    return issuing_v1.UploadedDocument(problem=problem(result))


def published(reference: str, result: Publication | PublicationError) -> issuing_v1.PublishedAct:
    """Return what became of one act."""
    if not isinstance(result, Publication):
        return issuing_v1.PublishedAct(reference=reference, outcome="refused", problem=problem(result))
    row = result.notification
    return issuing_v1.PublishedAct(
        reference=reference,
        outcome="published" if result.is_new else "already_published",
        notification_id=str(row.id),
        code=row.code,
        available_at=row.available_at,
        deadline=row.deadline,
        obligation_ground=row.ground,
    )


def succession(row: SuccessionRow) -> issuing_v1.Succession:
    """Return a succession as it was communicated."""
    return issuing_v1.Succession(
        succession_id=str(row.id),
        predecessor=issuing_v1.Party(identifier=row.predecessor.identifier, name=row.predecessor.name),
        successor=issuing_v1.Party(identifier=row.successor),
        cause=row.cause,
        fact_at=row.fact_at,
        communicated_at=row.communicated_at,
    )


def item(result: Result) -> issuing_v1.Item:
    """Return what became of one item."""
    row = result.notification
    return issuing_v1.Item(
        reference=result.reference,
        outcome=_outcome(result),
        state=result.state,
        deadline=None if row is None else row.deadline,
        decision=None if result.standing is None else decision(result.standing, row),
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


def decision(event: model.Event, notification: model.Notification | None) -> issuing_v1.Decision:
    """Return for whom and by whom it was decided, where and when, as far as it is known."""
    return issuing_v1.Decision(
        state=event.state,
        at=event.at,
        channel=event.channel,
        party=_party(event.party, event.party_name),
        signer=_party(event.signer, event.signer_name),
        reported_at=event.reported_at,
        nature=event.nature,
        means=event.means,
        level=event.level,
        represented=None if notification is None else _addressee(notification),
        delegate=_delegate(event),
        signing_person=_signing_person(event),
    )


def _addressee(row: model.Notification) -> issuing_v1.Party:
    return issuing_v1.Party(identifier=row.addressee.identifier, name=addressee_name_of(row))


def _delegate(event: model.Event) -> issuing_v1.Delegate | None:
    """Return who held the title by which it was done."""
    found = delegate_of(event)
    if found is None:
        return None
    party = issuing_v1.Party(identifier=found.identifier, name=found.name)
    return issuing_v1.Delegate(role=found.role, party=party, reference=found.reference)


def _signing_person(event: model.Event) -> issuing_v1.SigningPerson | None:
    """Return the natural person who signed."""
    found = signing_person_of(event)
    if found is None:
        return None
    return issuing_v1.SigningPerson(
        identifier=found.identifier, name=found.name, secondary_user=found.is_secondary_user
    )


def _party(identifier: str | None, name: str | None) -> issuing_v1.Party | None:
    return None if identifier is None else issuing_v1.Party(identifier=identifier, name=name)


def receipt(row: model.Receipt | None) -> issuing_v1.Receipt | None:
    """Return a receipt, its bytes as they are stored."""
    if row is None:
        return None
    return issuing_v1.Receipt(
        receipt_id=str(row.id),
        state=row.state,
        event_time=row.event_time,
        sha256=row.sha256,
        xml=row.xml,
        nature=row.nature,
    )


def outcome(
    event: model.Event, sealed: model.Receipt | None, notification: model.Notification, reference: str
) -> issuing_v1.Outcome:
    """Return one event, as a following issuing body reads it."""
    return issuing_v1.Outcome(
        reference=reference,
        notification_id=str(notification.id),
        code=notification.code,
        stands=event.decisive,
        decision=decision(event, notification),
        receipt=receipt(sealed),
    )


def outage(row: OutageRow) -> issuing_v1.Outage:
    """Return an outage."""
    return issuing_v1.Outage(
        outage_id=str(row.id),
        started_at=row.started_at,
        ended_at=row.ended_at,
        declared_at=row.declared_at,
    )
