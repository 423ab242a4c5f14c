"""The contract `urn:notigateway:v1`: what is said of decisions, and of who took them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import Party, Problem, Receipt, V1Part, V1Request
from notigateway.contract.versions import Version
from notigateway.contract.xml import Child, Uuid, Word, element


@element
class Delegate(V1Part):
    """Who held the title by which it was done; `reference` is the power or the RED authorisation."""

    role: Word
    party: Party
    reference: str | None = None


@element
class SigningPerson(V1Part):
    """The natural person who signed; a secondary user works under the delegate's authorisation."""

    identifier: str
    name: str
    secondary_user: bool
    registration: Annotated[Uuid | None, Child(since=Version.V1_1)] = None


@element
class Decision(V1Part):
    """The decision that stands: for whom, by whom, where and when.

    Another channel does not always tell for whom, and never who signed; an entity's seal is no person.
    """

    state: Word
    at: datetime
    channel: Word
    party: Party | None = None
    signer: Party | None = None
    represented: Annotated[Party | None, Child(since=Version.V1_1)] = None
    delegate: Annotated[Delegate | None, Child(since=Version.V1_1)] = None
    signing_person: Annotated[SigningPerson | None, Child(since=Version.V1_1)] = None
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None
    means: Annotated[Word | None, Child(since=Version.V1_1)] = None
    level: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class DecisionOutcome(V1Part):
    """What became of one item of accept or reject."""

    id: Uuid
    outcome: Word
    decision: Decision | None = None
    receipt: Receipt | None = None
    problem: Problem | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether the decision asked for stands: taken now or by you before."""
        return self.outcome in {"decided", "already_decided_by_you"}


@element
class AcceptNotifications(V1Request):
    """Accept these; with legal effect."""

    ids: Annotated[tuple[Uuid, ...], Child("id", least=1, most=500)]


@element
class AcceptNotificationsResponse(V1Part):
    """An outcome for each that was asked for, in that order."""

    items: Annotated[tuple[DecisionOutcome, ...], Child("item", least=1, most=500)]


@element
class RejectNotifications(AcceptNotifications):
    """Reject these; with legal effect."""

    reason: str | None = None


@element
class RejectNotificationsResponse(AcceptNotificationsResponse):
    """The same."""
