"""The contract `urn:notigateway:v1`: what is said of representation and of delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import Party, V1Part, V1Request
from notigateway.contract.versions import Version
from notigateway.contract.xml import Child, Integer, Uuid, Word, element

# --- parts ----------------------------------------------------------------------------------------


@element
class RedAssignment(V1Part):
    """Who manages an account of the RED system, and since when."""

    assignment_id: Uuid
    account: str
    authorisation: str
    red_person: Party
    starts_at: datetime
    ends_at: datetime | None = None


@element
class Power(V1Part):
    """A power of attorney; `accept_before` while it is pending."""

    power_id: Uuid
    grantor: Party
    attorney: Party
    scope: Word
    value: str | None = None
    special_category: bool
    state: Word
    registered_at: datetime
    accept_before: datetime | None = None
    accepted_at: datetime | None = None
    expires_at: datetime
    ended_at: datetime | None = None


@element
class Representation(V1Part):
    """One addressee for whom the caller may act, with the title that gives the right."""

    role: Word
    addressee: Party
    red_assignment: RedAssignment | None = None
    power: Power | None = None


@element
class Obligation(V1Part):
    """On which ground somebody is obliged to the electronic channel, in which time; for some acts only."""

    ground: Word
    since: datetime | None = None
    until: datetime | None = None
    matters: Annotated[tuple[str, ...], Child("matter")] = ()
    procedures: Annotated[tuple[str, ...], Child("procedure")] = ()


# --- the RED system -------------------------------------------------------------------------------


@element
class ListRepresentations(V1Request):
    """For whom may I act, and who manages my own account?"""

    cursor: Word | None = None
    page_size: Integer | None = None


@element
class ListRepresentationsResponse(V1Part):
    """A page of those for whom the caller may act; itself first."""

    as_of: datetime
    has_more: bool
    next_cursor: Word | None = None
    representations: Annotated[tuple[Representation, ...], Child("representation")] = ()
    red_assignments: Annotated[tuple[RedAssignment, ...], Child("redAssignment")] = ()


@element
class UnassignRed(V1Request):
    """Take what comes from now on away from a RED person."""

    assignment_id: Uuid


@element
class UnassignRedResponse(V1Part):
    """The assignment as it stands now."""

    red_assignment: RedAssignment


@element
class ReassignRed(UnassignRed):
    """Give what comes from now on to a RED person again."""


@element
class ReassignRedResponse(UnassignRedResponse):
    """The same."""


# --- powers ---------------------------------------------------------------------------------------


@element
class GrantPower(V1Request):
    """Register a power of attorney."""

    attorney: str
    attorney_name: str
    scope: Word
    value: str | None = None
    special_category: bool
    expires_at: datetime


@element
class GrantPowerResponse(V1Part):
    """The power as it stands now."""

    power: Power


@element
class AcceptPower(V1Request):
    """Accept a power as its attorney."""

    power_id: Uuid


@element
class AcceptPowerResponse(GrantPowerResponse):
    """The same."""


@element
class RenouncePower(AcceptPower):
    """End a power as its attorney."""


@element
class RenouncePowerResponse(GrantPowerResponse):
    """The same."""


@element
class RevokePower(AcceptPower):
    """End a power as its grantor."""


@element
class RevokePowerResponse(GrantPowerResponse):
    """The same."""


@element
class ExtendPower(AcceptPower):
    """Let a power run longer, as its grantor."""

    expires_at: datetime


@element
class ExtendPowerResponse(GrantPowerResponse):
    """The same."""


@element
class ListPowers(ListRepresentations):
    """Which powers have I granted or received?"""


@element
class ListPowersResponse(V1Part):
    """A page of powers."""

    as_of: datetime
    has_more: bool
    next_cursor: Word | None = None
    powers: Annotated[tuple[Power, ...], Child("power", most=1000)] = ()


# --- delivery -------------------------------------------------------------------------------------


@element
class GetDeliveryChannel(V1Request):
    """How am I notified?"""


@element
class GetDeliveryChannelResponse(V1Part):
    """How the caller is notified, and whether the law leaves no choice."""

    obliged: bool
    channel: Word | None = None
    chosen_at: datetime | None = None
    obligations: Annotated[tuple[Obligation, ...], Child("obligation", since=Version.V1_1)] = ()


@element
class SetDeliveryChannel(V1Request):
    """Notify me like this from now on."""

    channel: Word


@element
class SetDeliveryChannelResponse(GetDeliveryChannelResponse):
    """The same."""
