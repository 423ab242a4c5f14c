"""The wire types of representation and delivery; see `types`."""

from __future__ import annotations

from spyne import Boolean, DateTime, Unicode

from notigateway.soap.notigateway_v1.types import Part, Party, many, one, optional


class RedAssignment(Part):
    """`ng:RedAssignment`."""

    _type_info = [
        ("assignmentId", one(Unicode)),
        ("account", one(Unicode)),
        ("authorisation", one(Unicode)),
        ("redPerson", one(Party)),
        ("startsAt", one(DateTime)),
        ("endsAt", optional(DateTime)),
    ]


class Power(Part):
    """`ng:Power`."""

    _type_info = [
        ("powerId", one(Unicode)),
        ("grantor", one(Party)),
        ("attorney", one(Party)),
        ("scope", one(Unicode)),
        ("value", optional(Unicode)),
        ("specialCategory", one(Boolean)),
        ("state", one(Unicode)),
        ("registeredAt", one(DateTime)),
        ("acceptBefore", optional(DateTime)),
        ("acceptedAt", optional(DateTime)),
        ("expiresAt", one(DateTime)),
        ("endedAt", optional(DateTime)),
    ]


class Representation(Part):
    """`ng:Representation`."""

    _type_info = [
        ("role", one(Unicode)),
        ("addressee", one(Party)),
        ("redAssignment", optional(RedAssignment)),
        ("power", optional(Power)),
    ]


class ListRepresentationsResponse(Part):
    """Element `ng:ListRepresentationsResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("hasMore", one(Boolean)),
        ("nextCursor", optional(Unicode)),
        ("representation", many(Representation)),
        ("redAssignment", many(RedAssignment)),
    ]


class UnassignRedResponse(Part):
    """Element `ng:UnassignRedResponse`."""

    _type_info = [("redAssignment", one(RedAssignment))]


class ReassignRedResponse(Part):
    """Element `ng:ReassignRedResponse`."""

    _type_info = [("redAssignment", one(RedAssignment))]


class GrantPowerResponse(Part):
    """Element `ng:GrantPowerResponse`."""

    _type_info = [("power", one(Power))]


class AcceptPowerResponse(Part):
    """Element `ng:AcceptPowerResponse`."""

    _type_info = [("power", one(Power))]


class RenouncePowerResponse(Part):
    """Element `ng:RenouncePowerResponse`."""

    _type_info = [("power", one(Power))]


class RevokePowerResponse(Part):
    """Element `ng:RevokePowerResponse`."""

    _type_info = [("power", one(Power))]


class ExtendPowerResponse(Part):
    """Element `ng:ExtendPowerResponse`."""

    _type_info = [("power", one(Power))]


class ListPowersResponse(Part):
    """Element `ng:ListPowersResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("hasMore", one(Boolean)),
        ("nextCursor", optional(Unicode)),
        ("power", many(Power, 1000)),
    ]


class GetDeliveryChannelResponse(Part):
    """Element `ng:GetDeliveryChannelResponse`."""

    _type_info = [
        ("obliged", one(Boolean)),
        ("channel", optional(Unicode)),
        ("chosenAt", optional(DateTime)),
    ]


class SetDeliveryChannelResponse(Part):
    """Element `ng:SetDeliveryChannelResponse`."""

    _type_info = [
        ("obliged", one(Boolean)),
        ("channel", optional(Unicode)),
        ("chosenAt", optional(DateTime)),
    ]


Text = one(Unicode)
Flag = one(Boolean)
Instant = one(DateTime)
