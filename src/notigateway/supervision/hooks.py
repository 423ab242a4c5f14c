"""The hooks that gunicorn calls in its master; `conf/gunicorn.conf.py` imports them by gunicorn's names.

A child of the master reads settings and files once and tries the start with them; the master holds what was
read for every worker that it forks. An error in a hook would end the master, and with it the service: that
happens at the first start alone, with one line, for what no time heals.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from gunicorn.util import set_owner_process

from notigateway import telemetry
from notigateway.app import system_clock
from notigateway.contract.problems import said_of
from notigateway.errors import (
    ConfigurationError,
    GatewayError,
    Part,
    ServiceError,
    TemporarilyUnavailableError,
)
from notigateway.evidence.seals import KeptInDevice
from notigateway.logger import Logger
from notigateway.metering import meters, tracing
from notigateway.private_files import keep_to_owner
from notigateway.provision import Provision
from notigateway.repository.schema import head_revision
from notigateway.settings import load_settings
from notigateway.soap import forgetting
from notigateway.supervision.held import held_provision, hold
from notigateway.supervision.operations import OperationsListener
from notigateway.supervision.trial import Outcome, Trial, reason_of, try_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gunicorn.arbiter import Arbiter

    from notigateway.http.worker import GatheringWorker

_log = Logger("notigateway.supervision")
# gunicorn's own code for an application that cannot be loaded: it is not tried again.
_APP_LOAD_ERROR: Final = 4
# What no time heals; a path with a typing error would serve refusals for ever.
_ENDS_A_START: Final = {Outcome.REFUSED, Outcome.BROKEN, Outcome.ABSENT}
# What a trial asks after it has opened the device.
_BEHIND_DEVICE: Final = {Part.DATABASE, Part.STORE}
_COMES_EARLY: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

_operations: Final = OperationsListener()


def on_starting(server: Arbiter) -> None:
    """Read what the service stands on and try it; what cannot be used ends the start with one line."""
    for one in _COMES_EARLY:  # it would end us without a line; gunicorn acts on it when we have begun
        signal.signal(one, server.signal)
    keep_to_owner()
    _operations.receive()
    try:
        meters.share((server.cfg.uid, server.cfg.gid))
        forgetting.share()
        tracing.check(os.environ)
        trial = _try(server)
        provision = trial.provision
        if trial.outcome in _ENDS_A_START or provision is None:
            raise _refusal_of(trial)
        telemetry.configure(provision.settings)
        _operations.take(provision.settings.operations_address)
    except GatewayError as error:
        _give_up(server, error)
    if trial.outcome is not Outcome.READY:
        _log.warning("started_without", **_told(trial))
    hold(provision)
    _settle()


def on_reload(server: Arbiter) -> None:
    """Read and try everything anew (SIGHUP); where it cannot be used, what is in force stays so."""
    try:
        trial = _try(server)
        provision = _acceptable(trial)
        _operations.take(provision.settings.operations_address)
    except GatewayError as error:
        _log.error("reload_refused", **error.line)
        return
    except Exception as error:  # noqa: BLE001  (the service must outlive it)
        _log.error("reload_refused", code=ConfigurationError.code, detail=reason_of(error))
        return
    telemetry.configure(provision.settings)
    hold(provision)
    _settle()
    _log.info("reloaded", **_told(trial))


def post_fork(_server: Arbiter, worker: GatheringWorker) -> None:
    """Give a new worker what the master holds for it."""
    worker.operations_listener = _operations.listener


def pre_exec(server: Arbiter) -> None:
    """Hand the second address on to the next master (USR2); called in the process that becomes it."""
    _operations.hand_on(server.cfg.env_orig)
    meters.hand_on(server.cfg.env_orig)


def _read() -> Provision:
    """Read settings and files. Raises: `ConfigurationError`."""
    file = os.environ.get("NOTIGATEWAY_SETTINGS")
    return Provision.read(load_settings(Path(file) if file else None), now=system_clock())


def _try(server: Arbiter) -> Trial:
    """Try the start as the account that the workers have."""
    cfg = server.cfg
    return try_start(_read, before=partial(set_owner_process, cfg.uid, cfg.gid, initgroups=cfg.initgroups))


def _acceptable(trial: Trial) -> Provision:
    """Return what was read, if a reload with it leads to nothing worse than what is in force.

    What is away now is so for the workers in force as well, if it is at the place where they have it.

    Raises: `ConfigurationError`, `ServiceError`.
    """
    new, present = trial.provision, held_provision()
    if new is not None and trial.outcome is Outcome.READY:
        return new
    if new is None or present is None or trial.outcome not in {Outcome.AWAY, Outcome.ABSENT}:
        raise _refusal_of(trial)
    unproven = list(_unproven(trial, new, present))
    if unproven:
        raise ConfigurationError(f"{trial.detail} (so a new {' and '.join(unproven)} cannot prove itself)")
    return new


def _unproven(trial: Trial, new: Provision, present: Provision) -> Iterator[str]:
    """Yield what is new and was not reached by a trial, which ends at the first part that is away.

    It asks the device, then the database, then the store; one that said nothing may have reached none.
    """
    if trial.part not in _BEHIND_DEVICE and isinstance(new.seal, KeptInDevice) and new.seal != present.seal:
        yield "seal_pkcs11_module"
    if trial.part != Part.STORE:
        if new.settings.database_url != present.settings.database_url:
            yield "database_url"
        if new.authorities.listed != present.authorities.listed:  # it may be older than one that was in use
            yield "trusted_list_file"
    if new.settings.document_store_url != present.settings.document_store_url:
        yield "document_store_url"


def _refusal_of(trial: Trial) -> GatewayError:
    """Return why nothing begins with that: what the operator has to correct, or what the machine lacks."""
    if trial.outcome is Outcome.SHORT:
        return TemporarilyUnavailableError(trial.detail, part=Part(trial.part) if trial.part else None)
    if trial.outcome is Outcome.BROKEN:
        return ServiceError(trial.detail)
    return ConfigurationError(trial.detail)


def _settle() -> None:
    """Keep what was read out of the collector's way: workers share these pages as long as nobody writes."""
    head_revision()  # of this version, whatever is installed beside it meanwhile
    gc.collect()
    gc.freeze()


def _told(trial: Trial) -> dict[str, str]:
    """Return what a line of the log says of a trial; nothing of one that went as it should."""
    found = {"detail": trial.detail, "part": trial.part}
    return {name: value for name, value in found.items() if value}


def _give_up(server: Arbiter, error: GatewayError) -> NoReturn:
    """End the start with a line; gunicorn would print anything else with its whole trace."""
    if server.pidfile is not None:
        server.pidfile.unlink()
    sys.stderr.write(f"{error.code}: {said_of(error)}\n")
    sys.stderr.flush()
    sys.exit(_APP_LOAD_ERROR)
