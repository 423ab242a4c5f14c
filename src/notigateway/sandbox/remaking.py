"""Makes what is in a world anew, or brings something else in: whole, or not at all."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from notigateway.sandbox import replacing
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.filling import prove
from notigateway.sandbox.folder import Kept, Plan, kept_file, plan_file
from notigateway.sandbox.holders import Pki
from notigateway.sandbox.refusals import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.sandbox.clock import Setting
    from notigateway.sandbox.world import World
    from notigateway.sandbox.worlds import Worlds


def reset(
    worlds: Worlds,
    world: World,
    plan: Plan,
    *,
    setting: Setting | None = None,
    check: Callable[[], None] = lambda: None,
    then: Callable[[World], object] = lambda _: None,
) -> None:
    """Make what is in a world anew; the clock stays as it is set, or goes by another setting.

    `then` is what happens in it first. Where anything of it cannot be, the world is as it was, but for
    what it remembers of its clients. `check` is asked when nobody changes anything any more.

    Raises: `BusyError`, `NotHereError`, `ConfigurationError`; what `check` and `then` raise.
    """
    worlds.check_own_database(world)
    plan = replace(plan, own_holders=world.plan.own_holders)
    with ExitStack() as staying:
        with world.alone():
            check()
            _make(worlds, world, plan, setting)
            _exchange(worlds, world, plan)
            # Nobody else makes it anew until this has ended.
            staying.enter_context(world.looking(takes_long=True))
        try:
            then(world)
        except BaseException:
            _take_back_alone(worlds, world)
            raise
        replacing.settle(world.folder)


def _make(worlds: Worlds, world: World, plan: Plan, setting: Setting | None) -> None:
    """Make other data of a world beside those that it has."""
    making = replacing.begin(world.folder)
    try:
        shutil.copytree(world.folder / "pki", making / "pki")
        Kept(setting=setting or world.clock.setting).keep(kept_file(making))
        plan.keep(plan_file(making))
        worlds.fill(world.place, making, plan)
    except BaseException:
        replacing.discard(world.folder)
        raise


def bring_in(worlds: Worlds, world: World, plan: Plan) -> None:
    """Have in a world what was made beside it; who calls it has the world for itself.

    Raises: whatever is wrong with it; then nothing is changed.
    """
    making = world.folder / replacing.MAKING
    settings = worlds.settings_in(world.place, making)
    at = Kept.read(kept_file(making)).setting.at(machine_time())
    prove(settings, Pki(making / "pki"), worlds.site.build, now=at)
    _exchange(worlds, world, replace(plan, own_holders=world.plan.own_holders))
    replacing.settle(world.folder)


def _exchange(worlds: Worlds, world: World, plan: Plan) -> None:
    world.close()
    try:
        replacing.replace(world.folder)
        plan.keep(plan_file(world.folder))
        world.reopen(worlds.settings_of(world.place, world.folder), plan)
    except BaseException:
        _take_back(worlds, world)
        raise


def _take_back(worlds: Worlds, world: World) -> None:
    world.close()
    replacing.recover(world.folder)
    plan = Plan.kept(plan_file(world.folder), world.plan)
    world.reopen(worlds.settings_of(world.place, world.folder), plan)


def _take_back_alone(worlds: Worlds, world: World) -> None:
    """Take it back; where somebody does not leave it, it stays as it is, after the next start too."""
    try:
        with world.alone():
            _take_back(worlds, world)
    except BusyError:
        replacing.settle(world.folder)
        raise
