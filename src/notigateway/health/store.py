"""How it stands with the document store: there, and this gateway's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.health.database import MIGRATE, START_IT
from notigateway.health.files import find_obstacle
from notigateway.health.finding import Finding, State
from notigateway.repository.documents import Marker
from notigateway.repository.object_stores import is_refusal, status_of
from notigateway.repository.troubles import is_of_another_schema

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from notigateway.repository.documents import DocumentStore

STORE: Final = "document_store"
REACH_IT: Final = "mount it or let it be reached, or correct document_store_url"
_LET_US: Final = "correct the store's credentials or what they may do, and synchronise this machine's clock"
_LOOK_AT_IT: Final = "look at the store's own service and its limits; the log has its words"
_MARK_IT: Final = "run `notigateway store mark`, once"
OWNER_UNKNOWN: Final = "whose it is, only the database can say"
_MOUNT_OR_MARK: Final = "mount it; where there never was one, run `notigateway store mark`"


def find_folder_obstacle(folder: Path) -> Finding | None:
    """Find what keeps this account from the folder of a local store; None where nothing does."""
    setting = "document_store_url"
    return find_obstacle(STORE, folder, setting=setting, writes=True, cure=_MOUNT_OR_MARK)


def with_owner(obstacle: Finding, owner: UUID | None) -> Finding:
    """Return what there is to do where a store is not there: one that was marked before is not made anew."""
    if obstacle.state is not State.FAILED:
        return obstacle
    return Finding(STORE, obstacle.state, obstacle.says, _MARK_IT if owner is None else REACH_IT)


def look_at_store(store: DocumentStore) -> Finding:
    """Find whether the store answers with the marker of this gateway; no document is read."""
    try:
        marker = store.find_marker()
    except TemporarilyUnavailableError as error:
        return _away(error)
    except Exception as error:
        if not is_of_another_schema(error):
            raise
        return Finding(STORE, State.UNKNOWN, OWNER_UNKNOWN, MIGRATE)
    if marker is Marker.OURS:
        return Finding(STORE, State.OK, "answers, and is marked as this gateway's")
    cure = _MARK_IT if marker is Marker.UNKNOWN else REACH_IT
    return Finding(STORE, State.FAILED, marker.value.partition(":")[0], cure)


def _away(error: TemporarilyUnavailableError) -> Finding:
    """Tell what is away: the database, which knows whose store it must be; the store; or only our right."""
    if error.part is not Part.STORE:
        return Finding(STORE, State.UNKNOWN, OWNER_UNKNOWN, START_IT)
    if is_refusal(error):
        return Finding(STORE, State.FAILED, "answers, and refuses us", _LET_US)
    status = status_of(error)
    if status is not None:
        return Finding(STORE, State.FAILED, f"answers with HTTP status {status}", _LOOK_AT_IT)
    return Finding(STORE, State.FAILED, "does not answer", REACH_IT)
