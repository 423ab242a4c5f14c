"""Which event of ETSI EN 319 522 a receipt proves, and what of it the event alone does not say."""

from __future__ import annotations

from typing import Final

from notigateway.law.lifecycle import Nature, State

_EVENT: Final = "http://uri.etsi.org/19522/Event/"
EVENT_URIS: Final = {
    State.AVAILABLE: f"{_EVENT}NotificationForAcceptance",
    State.ACCEPTED: f"{_EVENT}ConsignmentAcceptance",
    State.REJECTED: f"{_EVENT}ConsignmentRejection",
    State.READ: f"{_EVENT}ContentHandover",
    State.LAPSED: f"{_EVENT}AcceptanceRejectionExpiry",
}
# Where the state alone does not say it: names of our own where EN 319 522 has none.
_OWN_EVENT: Final = "urn:notigateway:evidence-event:"
_NATURE_URIS: Final = {
    Nature.PUBLISHED: f"{_OWN_EVENT}OfficialPublication",
    Nature.ABSENT: f"{_EVENT}ContentHandoverFailure",
    Nature.DECEASED: f"{_EVENT}ContentHandoverFailure",
    Nature.INFORMATION: f"{_OWN_EVENT}ReadingForInformation",
}
# Which state began, as the row of a receipt says it, by the event that the receipt names.
STATES: Final = {
    **{uri: state for state, uri in EVENT_URIS.items()},
    _NATURE_URIS[Nature.PUBLISHED]: State.ACCEPTED,
    _NATURE_URIS[Nature.ABSENT]: State.AVAILABLE,
    _NATURE_URIS[Nature.INFORMATION]: State.READ,
}


def event_uri(state: State, nature: Nature | None) -> str:
    """Return the name of the event that a receipt proves. Raises: `KeyError` for what proves nothing."""
    return _NATURE_URIS[nature] if nature in _NATURE_URIS else EVENT_URIS[state]


def nature_of(uri: str, *, reported: str | None) -> Nature | None:
    """Return what a receipt proves where the state alone does not say it: as reported, or by its event."""
    if reported is not None:
        return Nature(reported)
    return next((nature for nature, own in _NATURE_URIS.items() if own == uri), None)
