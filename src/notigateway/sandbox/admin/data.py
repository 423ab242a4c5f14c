"""`/_sandbox/world`, `/worlds`, `/reset`, `/snapshot`, `/certificates`, `/notifications`, `/outbox`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from notigateway.law.lifecycle import State
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import load_certificates
from notigateway.repository.engine import reading
from notigateway.repository.overview import list_standing
from notigateway.sandbox import remaking
from notigateway.sandbox.admin.reading import all_worlds, asked, given, number, this_world
from notigateway.sandbox.bounds import NOTIFICATIONS_MAX, SEED_MAX
from notigateway.sandbox.folder import SNAPSHOT_MAX_BYTES, Plan
from notigateway.sandbox.moving import check_reach
from notigateway.sandbox.ordered import caller_of
from notigateway.sandbox.outbox import messages_of
from notigateway.sandbox.refusals import InvalidError, MediaTypeError
from notigateway.sandbox.showing import line_of, tell_one
from notigateway.sandbox.snapshots import restore, snapshot
from notigateway.sandbox.verbs import play

if TYPE_CHECKING:
    from notigateway.repository.overview import Stands
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.holders import Holder
    from notigateway.sandbox.world import World

blueprint = Blueprint("data", __name__)
_LIMIT: Final = 1_000
PEMS: Final = ("service", "seal", "root", "issuing", "tsa")


@blueprint.get("/world")
def tell() -> dict[str, Any]:
    """Tell what this world is."""
    return this_world().line()


@blueprint.get("/worlds")
def tell_all() -> dict[str, Any]:
    """Tell of all worlds."""
    return {"worlds": [world.line() for world in all_worlds().all()]}


@blueprint.post("/worlds")
def make() -> tuple[dict[str, Any], int]:
    """Make a world."""
    return make_world(given()).line(), 201


def make_world(wanted: Given) -> World:
    """Make the world that somebody wants. Raises: `InvalidError`, what making and playing raise."""
    name, frozen_at = wanted.text("name"), wanted.instant("freeze")
    own_holders = bool(wanted.take("own_holders", bool, default=False))
    plan = Plan(
        notifications=wanted.whole("notifications", most=NOTIFICATIONS_MAX) or 0,
        seed=_seed(wanted.whole("seed", most=SEED_MAX), 7),
        scenario=wanted.text("scenario"),
        own_holders=own_holders,
    )
    wanted.end()
    worlds = all_worlds()
    check_scenario(plan)
    if frozen_at is not None:
        check_reach(worlds.default, frozen_at)
    return worlds.make(name, plan, frozen_at=frozen_at, then=play_plan)


@blueprint.delete("/worlds/<name>")
def delete(name: str) -> tuple[str, int]:
    """Take a world away."""
    all_worlds().delete(name)
    return "", 204


@blueprint.post("/reset")
def reset() -> dict[str, Any]:
    """Make what is in this world anew."""
    reset_world(this_world(), given())
    return this_world().line()


def reset_world(world: World, wanted: Given) -> None:
    """Make a world anew as somebody wants. Raises: `InvalidError`, what resetting and playing raise."""
    notifications = wanted.whole("notifications", most=NOTIFICATIONS_MAX)
    seed, scenario = wanted.whole("seed", most=SEED_MAX), wanted.text("scenario")
    wanted.end()
    plan = Plan(
        notifications=world.plan.notifications if notifications is None else notifications,
        seed=_seed(seed, world.plan.seed),
        # "" is none, where it had one
        scenario=world.plan.scenario if scenario is None else scenario or None,
    )
    check_scenario(plan)
    remaking.reset(all_worlds(), world, plan, then=play_plan)


def check_scenario(plan: Plan) -> None:
    """Refuse a plan whose scenario nobody knows, before anything is made. Raises: `ScenarioUnknownError`."""
    if plan.scenario is not None:
        play.find(plan.scenario)


def play_plan(world: World) -> None:
    """Have happen in a new world what its scenario tells."""
    if world.plan.scenario is not None:
        play.play(world, play.find(world.plan.scenario))


@blueprint.get("/snapshot")
def take() -> Response:
    """Give everything in this world as an archive."""
    data = snapshot(all_worlds(), this_world())
    name = f"{this_world().name}.world.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, mimetype="application/zip", headers=headers)


@blueprint.post("/restore")
def bring_back() -> dict[str, Any]:
    """Have in this world what an archive holds."""
    if request.mimetype != "application/zip":
        raise MediaTypeError("send a snapshot: Content-Type: application/zip")
    request.max_content_length = SNAPSHOT_MAX_BYTES
    restore(all_worlds(), this_world(), request.get_data())
    return this_world().line()


@blueprint.get("/certificates")
def certificates() -> dict[str, Any]:
    """Give the certificates and keys of this world: they open nothing else."""
    with this_world().looking():  # while they are replaced there are none
        pki = this_world().pki
        pems = {name: pki.certificate(name).read_text("ascii") for name in PEMS}
        holders = {name: _holder(files) for name, files in pki.holders().items()}
        return {"passphrase": pki.passphrase.read_text("ascii").strip(), **pems, "holders": holders}


def _holder(files: Holder) -> dict[str, str]:
    (certificate,) = load_certificates(files.certificate)
    caller = read_caller(certificate)
    return {
        "certificate": files.certificate.read_text("ascii"),
        "key": files.key.read_text("ascii"),
        "p12": base64.b64encode(files.p12.read_bytes()).decode(),
        "nif": caller.party,
        "name": caller.party_name,
    }


@blueprint.get("/notifications")
def notifications() -> dict[str, Any]:
    """Tell of the notifications of this world, the newest first; where there are more, `next` is not null."""
    world, wanted = this_world(), asked()
    state, addressee = wanted.word("state", State), caller_of(wanted.text("addressee"), "addressee")
    limit, before = number(wanted, "limit", _LIMIT), number(wanted, "before", None)
    wanted.end()
    if not 0 < limit <= _LIMIT:
        raise InvalidError(f"limit: from 1 to {_LIMIT}; before: the next of the answer gives those behind")
    nif = None if addressee is None else world.nif_of(addressee)
    found: list[Stands] = []
    with world.looking() as office, reading(office.engine) as session:
        while len(found) <= limit:
            page = list_standing(session, now=world.clock(), addressee=nif, before=before, limit=_LIMIT + 1)
            # a state may follow from the clock alone: it is asked of the rows
            found += [one for one in page if state in {None, one.state.value}]
            if len(page) <= _LIMIT:
                break
            before = page[-1].code
    shown = found[:limit]
    following = shown[-1].code if len(found) > limit else None
    return {"notifications": [line_of(one) for one in shown], "next": following}


@blueprint.get("/notifications/<identifier>")
def notification(identifier: str) -> dict[str, Any]:
    """Tell of one, with its receipts."""
    return tell_one(this_world(), identifier)


@blueprint.get("/outbox")
def outbox() -> dict[str, Any]:
    """Tell which notices were sent by e-mail."""
    return {"messages": messages_of(this_world().folder / "notices")}


def _seed(value: int | None, ordinary: int) -> int:
    return ordinary if value is None else value
