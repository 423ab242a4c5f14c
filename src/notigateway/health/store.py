"""How it stands with the document store: there, and this gateway's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import TemporarilyUnavailableError
from notigateway.health.finding import Finding, State
from notigateway.repository.documents import Marker

if TYPE_CHECKING:
    from notigateway.repository.documents import DocumentStore

STORE: Final = "document_store"
REACH_IT: Final = "mount it or let it be reached, or correct document_store_url"
_MARK_IT: Final = "run `notigateway store mark`, once"


def look_at_store(store: DocumentStore) -> Finding:
    """Find whether the store answers with the marker of this gateway; no document is read."""
    try:
        marker = store.find_marker()
    except TemporarilyUnavailableError:
        return Finding(STORE, State.FAILED, "does not answer", REACH_IT)
    if marker is Marker.OURS:
        return Finding(STORE, State.OK, "answers, and is marked as this gateway's")
    cure = _MARK_IT if marker is Marker.UNKNOWN else REACH_IT
    return Finding(STORE, State.FAILED, marker.value.partition(":")[0], cure)
