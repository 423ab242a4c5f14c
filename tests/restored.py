"""A gateway whose database was restored from a backup, and who watched its log meanwhile."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from listeners import client_of
from notigateway.app import build_app
from notigateway.client import PullReport, pull
from notigateway.errors import ConfigurationError
from notigateway.log.growing import advance
from notigateway.settings import load_settings
from operating import app
from overdue import settings_file
from pki import pki, write_issuers
from watched import at_a_door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stack import Stack

SEALS = [pki().seal.certificate]
NEW = "notigateway.example/log-2"
HELD = ".log-head"


def grow(stack: Stack, name: str) -> None:
    stack.pass_time(minutes=1)
    stack.publish(name)
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)


def serve(stack: Stack) -> object:
    def answer(environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        return stack.endpoint(environ, start_response)  # type: ignore[arg-type]

    return answer


def report_of(stack: Stack, folder: Path, *, accepted: str | None = None) -> PullReport:
    about = {"public_url": str(stack.settings.public_url), "clock": lambda: stack.now}
    with at_a_door(serve(stack)) as address, client_of(f"{address}/notigateway/v1", **about) as client:  # type: ignore[arg-type]
        return pull(client, folder, seal_certificates=SEALS, accept=False, accepted_log_name=accepted)


def pulled(stack: Stack, folder: Path, *, accepted: str | None = None) -> int | None:
    return report_of(stack, folder, accepted=accepted).log_size


def monitored(stack: Stack, folder: Path, *more: str) -> int:
    write_issuers(folder / "trust" / "seals", SEALS)
    known = ["--trust", str(folder / "trust"), "--state", str(folder / "state.json")]
    with at_a_door(serve(stack)) as address:  # type: ignore[arg-type]
        url = f"{address}/notigateway/log"
        return CliRunner().invoke(app, ["monitor", url, *known, *more]).exit_code


def resume(stack: Stack, head: Path, reason: str = "restored from the backup of 2 a.m.") -> object:
    arguments = ["log", "resume", "--last-head", str(head), "--reason", reason]
    run = CliRunner().invoke(app, [*arguments, "--settings", str(settings_file(stack))])
    return run.exception if isinstance(run.exception, ConfigurationError) else run.exit_code


def restore(stack: Stack, folder: Path, meanwhile: Callable[[], object]) -> None:
    """Take a backup, let more happen, and put the backup in the place of the database."""
    database, backup = Path(stack.engine.url.database or ""), folder / "backup.db"
    stack.engine.dispose()
    shutil.copyfile(database, backup)
    meanwhile()
    stack.engine.dispose()
    for one in database.parent.glob(f"{database.name}-*"):
        one.unlink()
    shutil.copyfile(backup, database)


def named_anew(stack: Stack) -> None:
    stack.engine.dispose()
    stack.overrides["log_origin"] = NEW
    stack.settings = load_settings(None, overrides=stack.overrides)


def started_anew(stack: Stack) -> None:
    stack.now = datetime.now(UTC)  # the command has signed by this machine's clock
    stack.office.engine.dispose()
    endpoint = build_app(stack.settings, lambda: stack.now)
    stack.endpoint, stack.gate, stack.office = endpoint, endpoint.gate, endpoint.gate.office
    stack.engine = stack.office.engine
