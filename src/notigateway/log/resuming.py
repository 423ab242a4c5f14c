"""How a log goes on after a restore to an earlier point: under a new name, whose first head says so.

A backup that is restored has lost the last entries. Under its old name the log would sign other entries in
their place: that is a split view, and every witness says so. So it takes a new name. The first head of that
name quotes the last head that is known of the former one, and the reason, under the seal; clients and
witnesses take it when a person has confirmed it. The former name never comes back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text, to_milliseconds
from notigateway.log.growing import PLACED_AT_ONCE, consistency_of, root_at, sign_first
from notigateway.log.heads import name_of
from notigateway.repository.engine import writing
from notigateway.repository.log import find_last_checkpoint, log_access, log_size, place_leaves
from notigateway.tlog.checkpoint import Follows
from notigateway.tlog.merkle import is_consistent
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.repository.log import LogCheckpoint
    from notigateway.repository.session import Session
    from notigateway.tlog.checkpoint import Checkpoint

_OPERATION: Final = "ResumeLog"
_OPERATOR: Final = "operator"


def resume(
    engine: Engine, *, seal: Seal, origin: str, last: Checkpoint, reason: str, now: datetime
) -> LogCheckpoint:
    """Sign the first head of the log under a new name, which follows the last head that others know.

    `last` is proven already; `reason` is printable ASCII. What was committed before has its place first; that
    it was resumed is an entry of the log itself.

    Raises: `ConfigurationError` where the log has no other name, or goes on from that head after all;
    `TemporarilyUnavailableError`.
    """
    while True:
        with writing(engine) as session:
            if place_leaves(session, limit=PLACED_AT_ONCE) < PLACED_AT_ONCE:
                break
    with writing(engine) as session:
        kept = find_last_checkpoint(session)
        _check(session, kept, origin=origin, last=last)
        identifier, at = uuid7(now), to_milliseconds(now)
        said = {
            "id": str(identifier),
            "at": instant_text(at),
            "operation": _OPERATION,
            "result": "ok",
            "party": _OPERATOR,
            "asked": [last.origin, str(last.size), reason],
        }
        log_access(
            session,
            {
                "id": identifier,
                "at": at,
                "party": _OPERATOR,
                "operation": _OPERATION,
                "result": "ok",
                "record": json.dumps(said, separators=(",", ":")).encode(),
            },
        )
        session.flush()
        place_leaves(session, limit=PLACED_AT_ONCE)
        follows = Follows(last.origin, last.size, last.root, reason)
        return sign_first(session, seal=seal, origin=origin, follows=follows, now=now)


def _check(session: Session, kept: LogCheckpoint | None, *, origin: str, last: Checkpoint) -> None:
    """Check that there is something to be mended, and that it is this log's. Raises: `ConfigurationError`."""
    name = name_of(kept)
    if name is None or name == origin:
        raise ConfigurationError(
            f'log_origin: the log is signed as "{name}": set log_origin to a name that it never had'
            if name
            else "the log has no head yet, so it has no name to change"
        )
    if last.origin != name:
        raise ConfigurationError(f'that head is of "{last.origin}", and the log of this database is "{name}"')
    size = log_size(session)
    if last.size <= size:
        root = root_at(session, size)
        proof = consistency_of(session, last.size, size)
        if is_consistent(last.size, size, older_root=last.root, newer_root=root, proof=proof):
            raise ConfigurationError(
                f'the log still goes on from that head: nothing was lost, so it keeps its name "{name}"'
            )
