"""Whose archive a folder is: `.archive` names the service, the party and the template of its folders.

Two services or two parties in one folder would be mixed for good: their codes are the same, and so are their
clients. What another has pulled is refused, before anything is stored; a service at another address whose log
goes on from the one that is known is the same service.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.errors import (
    ArchiveOfAnotherError,
    LogRenamedError,
    LogSplitError,
    NotVerifiedError,
    SpoolError,
)
from notigateway.client.folders import DEFAULT, FolderTemplate
from notigateway.client.log_watch import KEPT

if TYPE_CHECKING:
    from notigateway.client.api import NotificationClient
    from notigateway.client.log_watch import LogWatch
    from notigateway.client.spool import Spool

OWNER: Final = ".archive"
_FORMAT: Final = 1
_TAKE_OVER: Final = (
    "Give another folder; or, where you know that both are one, --adopt once. Nothing was stored"
)


def check_owner(
    spool: Spool,
    client: NotificationClient,
    watch: LogWatch,
    template: FolderTemplate | None,
    *,
    adopt: bool,
) -> int | None:
    """Check whose archive it is and that the service's log goes on; return the size of that, as `look` does.

    Raises: `ArchiveOfAnotherError`; as `LogWatch.look`.
    """
    said = _read(spool)
    text = said.get("folders", DEFAULT) if template is None else template.text
    if said and text != said.get("folders"):
        raise ArchiveOfAnotherError(
            f"the folders of this archive are {said.get('folders')}, and not {text}: leave --folders out, or "
            "give another folder"
        )
    spool.file_by(FolderTemplate.parse(text))
    party = client.holder
    if said and said.get("party") != party and not adopt:
        raise ArchiveOfAnotherError(
            f"this archive was pulled by {said.get('party')}, and your certificate is of {party}. "
            f"{_TAKE_OVER}"
        )
    is_elsewhere = bool(said) and said.get("url") != client.url and not adopt
    if is_elsewhere and spool.read_file(KEPT) is None:
        raise ArchiveOfAnotherError(_from_elsewhere(said, client))
    try:
        size = watch.look()
    except LogSplitError:
        raise  # of one name: it is evidence, wherever the service is
    except LogRenamedError as error:
        if is_elsewhere and not error.quotes:
            raise ArchiveOfAnotherError(f"{_from_elsewhere(said, client)} ({error.code}: {error})") from error
        raise  # it says what it goes on from: restored elsewhere, or somebody who says so; a person asks
    except NotVerifiedError as error:
        if is_elsewhere:
            raise ArchiveOfAnotherError(f"{_from_elsewhere(said, client)} ({error.code}: {error})") from error
        raise
    now = {"format": _FORMAT, "url": client.url, "party": party, "folders": text}
    if said != now:
        spool.keep_file(OWNER, f"{json.dumps(now, ensure_ascii=False)}\n".encode())
    return size


def _from_elsewhere(said: dict[str, Any], client: NotificationClient) -> str:
    return (
        f"this archive was pulled from {said.get('url')}, and nothing proves that {client.url} is the same "
        f"service. {_TAKE_OVER}"
    )


def _read(spool: Spool) -> dict[str, Any]:
    """Return what is said of the archive; nothing of a new one, or one of before. Raises: `SpoolError`."""
    kept = spool.read_file(OWNER)
    if kept is None:
        return {}
    try:
        found = json.loads(kept)
    except (ValueError, RecursionError):
        found = None
    if (
        not isinstance(found, dict)
        or found.get("format") != _FORMAT
        or not all(isinstance(found.get(name, ""), str) for name in ("url", "party", "folders"))
    ):
        raise SpoolError(
            f"{OWNER} in the folder is damaged, so it cannot be told whose archive it is: remove it to go "
            "on as its owner"
        )
    return found
