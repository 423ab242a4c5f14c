"""The contract `urn:notigateway:v1`: what is noted of notifications by those who work for one party."""

from __future__ import annotations

from typing import Annotated

from notigateway.contract.v1 import Marks, Problem, V1Part, V1Request
from notigateway.contract.xml import Child, Uuid, element


@element
class MarkNotifications(V1Request):
    """Set (true) and take away (false) marks of these, please; what is left out stays as it is.

    With `if_unassigned` they are assigned only where they are in nobody's hands. No legal effect.
    """

    ids: Annotated[tuple[Uuid, ...], Child("id", least=1, most=1000)]
    downloaded: bool | None = None
    archived: bool | None = None
    assigned_to: str | None = None
    unassigned: bool | None = None
    if_unassigned: bool | None = None
    add_labels: Annotated[tuple[str, ...], Child("addLabel", most=10)] = ()
    remove_labels: Annotated[tuple[str, ...], Child("removeLabel", most=10)] = ()


@element
class MarkedNotification(V1Part):
    """How the marks of one notification stand now, or why nothing of it was changed.

    They are there too where it is in somebody else's hands: the loser is told whose.
    """

    id: Uuid
    marks: Marks | None = None
    problem: Problem | None = None


@element
class MarkNotificationsResponse(V1Part):
    """An item for each that was asked for, in that order."""

    items: Annotated[tuple[MarkedNotification, ...], Child("item", least=1, most=1000)]
