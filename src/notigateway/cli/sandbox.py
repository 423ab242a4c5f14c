"""`notigateway sandbox`: a gateway with test certificates and fictitious notifications, on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.sandbox.bounds import NOTIFICATIONS_MAX, SEED_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.settings import Settings
    from notigateway.soap.arrivals import Arrivals
    from notigateway.soap.endpoints import Endpoints


def sandbox(
    directory: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of the sandbox; made where there is none. Left out: one that ends with it."
        ),
    ] = None,
    notifications: Annotated[
        int,
        typer.Option(
            min=0, max=NOTIFICATIONS_MAX, help="How many the company has; fixed at the first start."
        ),
    ] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED_MAX, help="Same seed, same acts; fixed at the first start.")
    ] = 7,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 takes a free one.")] = 0,
    listen: Annotated[
        str, typer.Option(help="IP address to listen at; other than this machine's own asks for a token.")
    ] = "127.0.0.1",
    ready_file: Annotated[
        Path | None,
        typer.Option(help="File for the JSON of the line READY; there while the sandbox answers."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    sweep_seconds: Annotated[
        int, typer.Option(min=0, max=86_400, help="Write receipts of lapses every so often; 0: never.")
    ] = 0,
    timestamp_seconds: Annotated[
        int, typer.Option(min=0, max=86_400, help="Ask for time-stamps of receipts so often; 0: never.")
    ] = 60,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0, max=60, help="Sign the log's head every so often; 0: never.")
    ] = 10,
    public_url: Annotated[
        str | None, typer.Option(help="Where clients find it, if something stands before it.")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="An empty database instead of SQLite in the folder.")
    ] = None,
) -> None:
    """Serve a sandbox until it is stopped; print one line READY {json} once it answers."""
    from notigateway.sandbox.announcing import announcing
    from notigateway.sandbox.folder import Plan
    from notigateway.sandbox.jobs import Every
    from notigateway.sandbox.server import prepare, serve

    with (
        _folder(directory) as folder,
        announcing(_print_line, ready_file and ready_file.absolute()) as announce,
    ):
        if sys.stderr.isatty():  # a person waits
            sys.stderr.write(
                f"preparing {folder}: certificates, and {notifications:,} notifications where it is new; "
                "some seconds for each thousand\n"
            )
        prepared = prepare(
            folder,
            plan=Plan(notifications=notifications, seed=seed),
            port=port,
            now=datetime.now(UTC),
            address=listen,
            database_url=database_url,
            public_url=public_url,
            meanwhile=_load_gateway,
        )
        every = Every(
            sweep_seconds=sweep_seconds,
            timestamp_seconds=timestamp_seconds,
            checkpoint_seconds=checkpoint_seconds,
        )
        serve(prepared, build=_build_world, announce=announce, workers=workers, every=every)


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    """Yield the folder; one that nobody has named is removed again by the process that made it."""
    if named is not None:
        yield named
        return
    # Python dies of SIGTERM without leaving its contexts; gunicorn sets its own when it serves.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    starter, made = os.getpid(), tempfile.mkdtemp(prefix="notigateway-sandbox-")
    try:
        yield Path(made)
    finally:
        if os.getpid() == starter:
            shutil.rmtree(made, ignore_errors=True)


def _load_gateway() -> None:
    """Load what the workers build of, once for all of them."""
    import_module("notigateway.app")


def _build_world(
    settings: Settings, clock: Callable[[], datetime], *, arrivals: Arrivals, beneath: str
) -> Endpoints:
    from notigateway import telemetry
    from notigateway.app import open_app
    from notigateway.provision import Provision

    telemetry.configure(settings)
    return open_app(Provision.read(settings, now=clock()), clock, arrivals=arrivals, beneath=beneath)


def _print_line(line: str) -> None:
    """Write the one line; flushed, because its reader waits for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
