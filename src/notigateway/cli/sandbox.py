"""`notigateway sandbox`: a gateway with test certificates and fictitious notifications, on this machine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def sandbox(
    directory: Annotated[Path, typer.Argument(help="Folder of the sandbox; made where there is none.")],
    notifications: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="How many the company has; fixed at the first start.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same acts; fixed at the first start.")] = 7,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
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
    from notigateway.app import build_app
    from notigateway.sandbox.server import Jobs, Seeds, prepare, serve

    if sys.stderr.isatty():  # a person waits
        sys.stderr.write(
            f"preparing {directory}: certificates, and {notifications:,} notifications where it is new; some "
            "seconds for each thousand\n"
        )
    prepared = prepare(
        directory,
        seeds=Seeds(notifications=notifications, seed=seed),
        port=port,
        now=datetime.now(UTC),
        database_url=database_url,
        public_url=public_url,
    )
    jobs = Jobs(
        sweep_seconds=sweep_seconds,
        timestamp_seconds=timestamp_seconds,
        checkpoint_seconds=checkpoint_seconds,
    )
    serve(prepared, build=build_app, announce=_print_line, workers=workers, jobs=jobs)


def _print_line(line: str) -> None:
    """Write the one line; flushed, because its reader waits for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
