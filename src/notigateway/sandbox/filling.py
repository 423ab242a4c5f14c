"""Makes what a world begins with: certificates, schema, acts; and proves that something can be served."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

from notigateway.drawing import unsafe_drawn_from
from notigateway.repository.engine import connected
from notigateway.repository.file_copies import check_database
from notigateway.repository.schema import current_revision, head_revision, upgrade
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.exchange import holders_of
from notigateway.sandbox.holders import Pki, renew_holders
from notigateway.sandbox.jobs import Works, refresh_once
from notigateway.sandbox.seeds import sow
from notigateway.soap.arrivals import ORDINARY

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from notigateway.sandbox.folder import Plan
    from notigateway.sandbox.place import Build
    from notigateway.settings import Settings


def make_trust(folder: Path, origin: Path, plan: Plan) -> None:
    """Give a world the certificates of the sandbox; with holders of its own, others of the same names."""
    making = folder / ".pki-making"
    shutil.copytree(origin / "pki", making)
    if plan.own_holders:
        renew_holders(Pki(making), machine_time())
    making.rename(folder / "pki")


def fill(settings: Settings, plan: Plan, *, now: datetime) -> None:
    """Make the data of a world where they are not there yet, and take in who is revoked.

    Raises: `ConfigurationError`.
    """
    with unsafe_drawn_from(random.Random(f"{plan.seed}:sown")):  # noqa: S311  (reproducible on purpose)
        sow(settings, notifications=plan.notifications, seed=plan.seed, now=now)
    refresh_once(settings, now)


def bring_up(settings: Settings, *, now: datetime) -> None:
    """Have data of before served by this version. Raises: `ConfigurationError`."""
    with connected(settings) as engine:
        if current_revision(engine) != head_revision():
            upgrade(engine)
    refresh_once(settings, now)


def prove(settings: Settings, pki: Pki, build: Build, *, now: datetime) -> None:
    """Prove that what lies in a folder can be served. Raises: whatever is wrong with it."""
    check_database(settings.database_url)
    bring_up(settings, now=now)
    holders_of(pki)
    Works.by(settings)
    app = build(settings, lambda: now, arrivals=ORDINARY, beneath="")
    app.gate.office.engine.dispose()
