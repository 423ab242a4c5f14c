"""The wire types of `wsdl/notigateway-issuing-v1.xsd` as Spyne models; they never leave `soap/`.

The published schema is the contract and is what requests are checked against; a test compares it
with these models, name by name.
"""

from __future__ import annotations

from spyne import Boolean, ComplexModel, DateTime, Integer, Integer32, Integer64, Unicode

from notigateway.soap.notigateway_v1.types import Base64, many, one, optional
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1


class _Part(ComplexModel):
    """A complex type of our namespace, its elements in the order of definition."""

    __namespace__ = NOTIGATEWAY_ISSUING_V1
    __abstract__ = True


class Problem(_Part):
    """`ni:Problem`."""

    _type_info = [
        ("code", one(Unicode)),
        ("textEs", one(Unicode)),
        ("textEn", one(Unicode)),
        ("retryable", one(Boolean)),
        ("field", optional(Unicode)),
        ("rule", optional(Unicode)),
    ]


class Party(_Part):
    """`ni:Party`."""

    _type_info = [("identifier", one(Unicode)), ("name", optional(Unicode))]


class Addressee(_Part):
    """`ni:Addressee`."""

    _type_info = [
        ("identifier", one(Unicode)),
        ("name", one(Unicode)),
        ("ccc", optional(Unicode)),
        ("naf", optional(Unicode)),
    ]


class Document(_Part):
    """`ni:Document`."""

    _type_info = [
        ("name", one(Unicode)),
        ("mediaType", one(Unicode)),
        ("content", optional(Base64)),
        ("sha256", optional(Unicode)),
    ]


class Act(_Part):
    """`ni:Act`."""

    _type_info = [
        ("reference", one(Unicode)),
        ("subject", one(Unicode)),
        ("procedure", one(Unicode)),
        ("matter", one(Unicode)),
        ("kind", optional(Unicode)),
        ("addressee", one(Addressee)),
        ("document", many(Document, 100, at_least=1)),
        ("availableAt", optional(DateTime)),
        ("voluntary", optional(Boolean)),
        ("specialCategory", optional(Boolean)),
        ("meansOfPayment", optional(Boolean)),
        ("nonConvertible", optional(Boolean)),
    ]


class UploadedDocument(_Part):
    """`ni:UploadedDocument`."""

    _type_info = [
        ("sha256", optional(Unicode)),
        ("size", optional(Integer64)),
        ("problem", optional(Problem)),
    ]


class PublishedAct(_Part):
    """`ni:PublishedAct`."""

    _type_info = [
        ("reference", one(Unicode)),
        ("outcome", one(Unicode)),
        ("notificationId", optional(Unicode)),
        ("code", optional(Integer32)),
        ("availableAt", optional(DateTime)),
        ("deadline", optional(DateTime)),
        ("problem", optional(Problem)),
    ]


class Cancellation(_Part):
    """`ni:Cancellation`."""

    _type_info = [("reference", one(Unicode)), ("reason", optional(Unicode))]


class Extension(_Part):
    """`ni:Extension`."""

    _type_info = [("reference", one(Unicode)), ("deadline", one(DateTime)), ("reason", one(Unicode))]


class Report(_Part):
    """`ni:Report`."""

    _type_info = [
        ("reference", one(Unicode)),
        ("channel", one(Unicode)),
        ("decision", one(Unicode)),
        ("at", one(DateTime)),
        ("decidedBy", optional(Party)),
        ("evidence", one(Unicode)),
    ]


class Decision(_Part):
    """`ni:Decision`."""

    _type_info = [
        ("state", one(Unicode)),
        ("at", one(DateTime)),
        ("channel", optional(Unicode)),
        ("party", optional(Party)),
        ("signer", optional(Party)),
        ("reportedAt", optional(DateTime)),
    ]


class Receipt(_Part):
    """`ni:Receipt`."""

    _type_info = [
        ("receiptId", one(Unicode)),
        ("state", one(Unicode)),
        ("eventTime", one(DateTime)),
        ("sha256", one(Unicode)),
        ("xml", one(Base64)),
    ]


class Item(_Part):
    """`ni:Item`."""

    _type_info = [
        ("reference", one(Unicode)),
        ("outcome", one(Unicode)),
        ("state", optional(Unicode)),
        ("deadline", optional(DateTime)),
        ("decision", optional(Decision)),
        ("receipt", optional(Receipt)),
        ("problem", optional(Problem)),
    ]


class Outcome(_Part):
    """`ni:Outcome`."""

    _type_info = [
        ("reference", one(Unicode)),
        ("notificationId", one(Unicode)),
        ("code", one(Integer32)),
        ("stands", one(Boolean)),
        ("decision", one(Decision)),
        ("receipt", optional(Receipt)),
    ]


class Outage(_Part):
    """`ni:Outage`."""

    _type_info = [
        ("outageId", one(Unicode)),
        ("startedAt", one(DateTime)),
        ("endedAt", optional(DateTime)),
        ("declaredAt", one(DateTime)),
    ]


class UploadDocumentsResponse(_Part):
    """Element `ni:UploadDocumentsResponse`."""

    _type_info = [("item", many(UploadedDocument, 100, at_least=1))]


class PublishActsResponse(_Part):
    """Element `ni:PublishActsResponse`."""

    _type_info = [("item", many(PublishedAct, 500, at_least=1))]


class CancelNotificationsResponse(_Part):
    """Element `ni:CancelNotificationsResponse`."""

    _type_info = [("item", many(Item, 500, at_least=1))]


class ExtendDeadlinesResponse(_Part):
    """Element `ni:ExtendDeadlinesResponse`."""

    _type_info = [("item", many(Item, 100, at_least=1))]


class ReportExternalDecisionsResponse(_Part):
    """Element `ni:ReportExternalDecisionsResponse`."""

    _type_info = [("item", many(Item, 500, at_least=1))]


class ListOutcomesResponse(_Part):
    """Element `ni:ListOutcomesResponse`."""

    _type_info = [
        ("hasMore", one(Boolean)),
        ("nextCursor", optional(Unicode)),
        ("outcome", many(Outcome, 500)),
    ]


class DeclareOutageResponse(_Part):
    """Element `ni:DeclareOutageResponse`."""

    _type_info = [("outage", one(Outage))]


class CloseOutageResponse(_Part):
    """Element `ni:CloseOutageResponse`."""

    _type_info = [("outage", one(Outage))]


# Arguments, as the operations take them: wrapped, so each is an element of the operation element.
Text = one(Unicode)
OptionalText = optional(Unicode)
OptionalInteger = optional(Integer)
Instant = one(DateTime)
OptionalInstant = optional(DateTime)
Contents = many(Base64, 100, at_least=1)
Acts = many(Act, 500, at_least=1)
Cancellations = many(Cancellation, 500, at_least=1)
Extensions = many(Extension, 100, at_least=1)
Reports = many(Report, 500, at_least=1)
