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
class Named(V1Part):
    """A matter, a group of procedures or a procedure, as a power names it."""

    kind: Word
    value: str


@element
class PowerItem(Named):
    """One thing that a power names, and how it stands by itself."""

    name: str
    state: Word
    ended_at: datetime | None = None


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
    items: Annotated[tuple[PowerItem, ...], Child("item", since=Version.V1_1)] = ()
    awaits: Annotated[tuple[Word, ...], Child("awaits", since=Version.V1_1)] = ()
    stated_at: Annotated[datetime | None, Child(since=Version.V1_1)] = None
    inscribed_at: Annotated[datetime | None, Child(since=Version.V1_1)] = None
    grantor_contact: Annotated[str | None, Child(since=Version.V1_1)] = None
    attorney_contact: Annotated[str | None, Child(since=Version.V1_1)] = None


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
    red_opted_out_since: Annotated[datetime | None, Child(since=Version.V1_1)] = None


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


@element
class SetReceivingAlone(V1Request):
    """From now on let me receive alone, whoever is assigned; or no longer."""

    receiving_alone: bool


@element
class SetReceivingAloneResponse(V1Part):
    """The choice as it stands now; `since` while the caller receives alone."""

    receiving_alone: bool
    since: datetime | None = None


# --- powers ---------------------------------------------------------------------------------------


@element
class GrantPower(V1Request):
    """Register a power of attorney."""

    attorney: Word
    attorney_name: str
    scope: Word
    value: str | None = None
    special_category: bool | None = None
    expires_at: datetime
    items: Annotated[tuple[Named, ...], Child("item", most=100)] = ()
    grantor_contact: str | None = None
    attorney_contact: str | None = None


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
class MakeResponsibleStatement(AcceptPower):
    """State, as a legal person that is an attorney, that its statutes let it represent others."""

    statutes_allow_representation: bool


@element
class MakeResponsibleStatementResponse(GrantPowerResponse):
    """The same."""


@element
class RenouncePower(AcceptPower):
    """End a power as its attorney, or one of its items."""

    item: Named | None = None


@element
class RenouncePowerResponse(GrantPowerResponse):
    """The same."""


@element
class RevokePower(AcceptPower):
    """End a power as its grantor, or one of its items."""

    item: Named | None = None


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
class CertifyPower(AcceptPower):
    """Certify what the register holds of a power, for its grantor or its attorney."""


@element
class CertifyPowerResponse(V1Part):
    """The sealed certificate."""

    certificate_id: Uuid
    issued_at: datetime
    sha256: Word
    xml: bytes


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


@element
class ListMatters(V1Request):
    """What may a power name?"""


@element
class Procedure(V1Part):
    """A procedure of the catalogue."""

    code: str
    name: str
    group: str | None = None


@element
class Group(V1Part):
    """A group of procedures of the catalogue."""

    code: str
    name: str


@element
class Matter(V1Part):
    """A matter of the catalogue, with its groups and procedures."""

    code: str
    name: str
    groups: Annotated[tuple[Group, ...], Child("group")] = ()
    procedures: Annotated[tuple[Procedure, ...], Child("procedure")] = ()


@element
class ListMattersResponse(V1Part):
    """The catalogue."""

    as_of: datetime
    matters: Annotated[tuple[Matter, ...], Child("matter")] = ()


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
