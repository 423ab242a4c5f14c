"""What is to go wrong: ordered faults, revoked certificates, parts of the service that fail by themselves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from notigateway.instants import instant_text
from notigateway.sandbox.ordered import read_order
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.revoking import reissue_list, revoke_holder
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_SHORT: Final = timedelta(minutes=1)
_AWAY: Final = "documents.away"
_DAMAGE: Final = b"DAMAGED"


@verb(
    "fault",
    {
        "kind": "of which kind: [faults](sandbox.md#faults)",
        "operation": "only of this operation",
        "caller": "only of this caller: a holder's name or a NIF",
        "nth": "from the so many-th on that matches",
        "times": "how often at most",
        "probability": "of each that matches, from 0 to 1",
        "code": "of `fault`: of which code",
        "status": "of `status`: which, 503 by default",
        "body": "of `status`: the text",
        "retry_after": "of `status`: the header, in seconds",
        "seconds": "of `delay`",
        "median": "of `delay`: of a log-normal one",
        "sigma": "of `delay`: beside `median`",
        "bytes": "of `truncate`: after how many",
        "by": "of `clock_skew`: a duration",
        "answer": "of `duplicate`: `first` or `second`",
        "bytes_per_second": "of `dribble`",
    },
)
def fault(world: World, wanted: Given) -> dict[str, Any]:
    """Order a fault."""
    return world.faults.order(read_order(wanted)).line()


@verb("fail-timestamping", {"failing": "false: give time-stamps again"})
def fail_timestamping(world: World, wanted: Given) -> dict[str, Any]:
    """Have the time-stamp authority refuse from now on."""
    world.is_stamping_failing = wanted.flag("failing", default=True)
    return {"failing": world.is_stamping_failing}


@verb("revoke", {"holder": "whose certificate; by default `company`"})
def revoke(world: World, wanted: Given) -> dict[str, Any]:
    """Revoke the certificate of a holder, from now on, in this world."""
    return revoke_holder(world, wanted.text("holder") or "company")


@verb("fail-revocation", {"failing": "false: bring a list again that lasts"})
def fail_revocation(world: World, wanted: Given) -> dict[str, Any]:
    """Let the list of revoked certificates end in a minute, with no later one."""
    until = world.clock() + _SHORT if wanted.flag("failing", default=True) else None
    return {"until": instant_text(reissue_list(world, until=until))}


@verb("fail-documents", {"how": "`away`: the store is gone (the default); `damaged`: its files; `back`"})
def fail_documents(world: World, wanted: Given) -> dict[str, Any]:
    """Let the store of the documents fail: it is gone, or what lies in it is damaged; or bring it back."""
    how = wanted.word("how", ("away", "damaged", "back"), "away")
    folder = Path(unquote(urlsplit(world.settings.document_store_url).path))
    away = folder.with_name(_AWAY)
    with world.using():
        if how == "damaged":
            return {"damaged": _damage(folder)}
        source, target = (folder, away) if how == "away" else (away, folder)
        if not source.is_dir():
            raise InvalidError(f"how: the documents are {'not away' if how == 'back' else 'away already'}")
        source.rename(target)
    return {"how": how}


def _damage(folder: Path) -> int:
    """Overwrite every document; the marks of the store stay."""
    files = [one for one in folder.glob("*/*/*") if one.is_file()]
    for one in files:
        one.write_bytes(_DAMAGE)
    return len(files)
