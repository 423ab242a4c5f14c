"""`notigateway jobs`: all periodic jobs in one process."""

from __future__ import annotations

import logging
import os
import signal
from datetime import UTC, datetime
from typing import Annotated

import typer

from notigateway.cli.options import SettingsFile, named_settings

Seconds = Annotated[int, typer.Option(min=1, max=86_400, help="How often, in seconds.")]


def jobs(
    settings_file: SettingsFile = None,
    refresh_seconds: Seconds = 300,
    sweep_seconds: Seconds = 600,
    timestamp_seconds: Seconds = 60,
    checkpoint_seconds: Seconds = 30,
    renewal_seconds: Seconds = 3600,
    cosign_seconds: Seconds = 60,
    push_seconds: Seconds = 5,
    notices_seconds: Seconds = 60,
) -> None:
    """Do what is to be done periodically until it is stopped: trust, lapses, log, notices, pushing and more.

    Several may run, on several machines: each job is done by one of them, and by another within seconds after
    that one has died. What fails is logged and tried again. Another seal in the settings is taken up by
    itself; restart it after other changes.
    """
    from notigateway import telemetry
    from notigateway.clock.runs import CHECKPOINT, COSIGN, NOTICES, PUSH, REFRESH, RENEW, STAMP, SWEEP
    from notigateway.job_process import Jobs
    from notigateway.jobs import (
        Job,
        Sealing,
        checkpointing,
        cosigning,
        noticing,
        pushing,
        refreshing,
        renewing,
        stamping,
        sweeping,
    )

    settings = named_settings(settings_file)
    telemetry.configure(settings)
    sealing = Sealing(lambda: named_settings(settings_file))
    wanted = [
        Job(REFRESH, refresh_seconds, refreshing(settings, sealing)),
        Job(SWEEP, sweep_seconds, sweeping(settings, sealing)),
        Job(CHECKPOINT, checkpoint_seconds, checkpointing(settings, sealing)),
    ]
    if settings.timestamp_authority_url:
        wanted.append(Job(STAMP, timestamp_seconds, stamping(settings)))
        wanted.append(Job(RENEW, renewal_seconds, renewing(settings, sealing)))
    if settings.witnesses:
        wanted.append(Job(COSIGN, cosign_seconds, cosigning(settings, sealing)))
    if settings.pushes:
        wanted.append(Job(PUSH, push_seconds, pushing(settings)))
    if settings.sends_notices:
        wanted.append(Job(NOTICES, notices_seconds, noticing(settings)))
    running = Jobs(settings, wanted, clock=lambda: datetime.now(UTC))
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: running.stop())
    if not running.run():
        logging.shutdown()
        os._exit(0)  # a thread that hangs, or a pool that it has, would keep the process
