"""The wire types of `wsdl/notigateway-v1.xsd` as Spyne models; they never leave `soap/`.

The published schema is the contract and is what requests are checked against; a test compares it
with these models, name by name.
"""

from __future__ import annotations

from typing import Any

from spyne import Boolean, ByteArray, ComplexModel, DateTime, Duration, Integer, Integer32, Integer64, Unicode

from notigateway.wss.ns import NOTIGATEWAY_V1


def one(model: Any) -> Any:  # noqa: ANN401  (Spyne's models are untyped)
    """Return the model as a required element."""
    return model.customize(min_occurs=1, max_occurs=1, nillable=False)


def optional(model: Any) -> Any:  # noqa: ANN401
    """Return the model as an optional element."""
    return model.customize(min_occurs=0, max_occurs=1, nillable=False)


def many(model: Any, at_most: Any = "unbounded", *, at_least: int = 0) -> Any:  # noqa: ANN401
    """Return the model as a repeated element."""
    return model.customize(min_occurs=at_least, max_occurs=at_most, nillable=False)


Base64 = ByteArray(encoding="base64")


class Part(ComplexModel):
    """A complex type of our namespace, its elements in the order of definition."""

    __namespace__ = NOTIGATEWAY_V1
    __abstract__ = True


class Problem(Part):
    """`ng:Problem`."""

    _type_info = [
        ("code", one(Unicode)),
        ("textEs", one(Unicode)),
        ("textEn", one(Unicode)),
        ("retryable", one(Boolean)),
    ]


class IssuingBody(Part):
    """`ng:IssuingBody`."""

    _type_info = [("issuerId", one(Unicode)), ("acronym", one(Unicode)), ("name", one(Unicode))]


class Party(Part):
    """`ng:Party`."""

    _type_info = [("identifier", one(Unicode)), ("name", one(Unicode))]


class Notification(Part):
    """`ng:Notification`."""

    _type_info = [
        ("code", one(Integer32)),
        ("id", one(Unicode)),
        ("kind", one(Unicode)),
        ("subject", one(Unicode)),
        ("issuingBody", one(IssuingBody)),
        ("procedure", one(Unicode)),
        ("matter", one(Unicode)),
        ("addressee", one(Party)),
        ("role", one(Unicode)),
        ("state", one(Unicode)),
        ("availableAt", one(DateTime)),
        ("deadline", optional(DateTime)),
        ("timeLeft", optional(Duration)),
        ("specialCategory", one(Boolean)),
        ("documentCount", one(Integer32)),
        ("documentSize", many(Integer64, at_least=1)),
    ]


class Filter(Part):
    """`ng:Filter`."""

    _type_info = [
        ("state", many(Unicode, 7)),
        ("kind", optional(Unicode)),
        ("role", optional(Unicode)),
        ("addresseeId", optional(Unicode)),
        ("issuerId", optional(Unicode)),
        ("availableFrom", optional(DateTime)),
        ("availableTo", optional(DateTime)),
        ("deadlineBefore", optional(DateTime)),
    ]


class Document(Part):
    """`ng:Document`."""

    _type_info = [
        ("documentId", one(Unicode)),
        ("name", one(Unicode)),
        ("mediaType", one(Unicode)),
        ("size", one(Integer64)),
        ("sha256", one(Unicode)),
        ("content", optional(Base64)),
    ]


class Receipt(Part):
    """`ng:Receipt`."""

    _type_info = [
        ("receiptId", one(Unicode)),
        ("state", one(Unicode)),
        ("eventTime", one(DateTime)),
        ("sha256", one(Unicode)),
        ("xml", one(Base64)),
        ("level", optional(Unicode)),
        ("file", optional(Base64)),
    ]


class Decision(Part):
    """`ng:Decision`."""

    _type_info = [
        ("state", one(Unicode)),
        ("at", one(DateTime)),
        ("channel", one(Unicode)),
        ("party", optional(Party)),
        ("signer", optional(Party)),
    ]


class DecisionOutcome(Part):
    """`ng:DecisionOutcome`."""

    _type_info = [
        ("id", one(Unicode)),
        ("outcome", one(Unicode)),
        ("decision", optional(Decision)),
        ("receipt", optional(Receipt)),
        ("problem", optional(Problem)),
    ]


class RetrievedNotification(Part):
    """`ng:RetrievedNotification`."""

    _type_info = [
        ("id", one(Unicode)),
        ("notification", optional(Notification)),
        ("document", many(Document)),
        ("problem", optional(Problem)),
    ]


class NotificationReceipts(Part):
    """`ng:NotificationReceipts`."""

    _type_info = [
        ("id", one(Unicode)),
        ("receipt", many(Receipt)),
        ("problem", optional(Problem)),
    ]


class ListNotificationsResponse(Part):
    """Element `ng:ListNotificationsResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("hasMore", one(Boolean)),
        ("nextCursor", optional(Unicode)),
        ("notification", many(Notification, 1000)),
    ]


class RetrieveNotificationsResponse(Part):
    """Element `ng:RetrieveNotificationsResponse`."""

    _type_info = [("item", many(RetrievedNotification, 100, at_least=1))]


class RetrieveDocumentResponse(Part):
    """Element `ng:RetrieveDocumentResponse`."""

    _type_info = [
        ("size", one(Integer64)),
        ("sha256", one(Unicode)),
        ("offset", one(Integer)),
        ("content", one(Base64)),
    ]


class AcceptNotificationsResponse(Part):
    """Element `ng:AcceptNotificationsResponse`."""

    _type_info = [("item", many(DecisionOutcome, 500, at_least=1))]


class RejectNotificationsResponse(Part):
    """Element `ng:RejectNotificationsResponse`."""

    _type_info = [("item", many(DecisionOutcome, 500, at_least=1))]


class RetrieveReceiptsResponse(Part):
    """Element `ng:RetrieveReceiptsResponse`."""

    _type_info = [("item", many(NotificationReceipts, 100, at_least=1))]


class PingResponse(Part):
    """Element `ng:PingResponse`."""

    _type_info = [
        ("party", one(Party)),
        ("signer", one(Party)),
        ("known", one(Boolean)),
        ("certificateIssuer", one(Unicode)),
        ("certificateSerial", one(Unicode)),
        ("certificateSha256", one(Unicode)),
        ("serverTime", one(DateTime)),
        ("softwareVersion", one(Unicode)),
        ("contractVersion", one(Unicode)),
    ]


# Arguments, as the operations take them: wrapped, so each is an element of the operation element.
Ids = {n: many(Unicode, n, at_least=1) for n in (100, 500)}
Id = one(Unicode)
OptionalText = optional(Unicode)
OptionalFilter = optional(Filter)
OptionalInteger = optional(Integer)
OptionalBoolean = optional(Boolean)
