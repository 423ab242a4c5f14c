"""The command that keeps an archive current until it is stopped, and accepts by a policy."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.addresses import check_address
from notigateway.client import show
from notigateway.client.connection import connection_of
from notigateway.client.days import last_day_text
from notigateway.client.errors import ClientError, PolicyError
from notigateway.client.options import Json, directory
from notigateway.client.pulling_commands import end_as, tell_aloud
from notigateway.client.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from notigateway.client.follow import Chosen, Round
    from notigateway.client.policy import Policy
    from notigateway.client.wake import Alarm


def add_follow_command(app: typer.Typer) -> None:
    """Add `follow` to the command line."""
    app.command("follow", help="Keep an archive current; with a policy, accept what that says.")(
        follow_command
    )


def follow_command(
    context: typer.Context,
    directory: Annotated[
        Path,
        typer.Argument(parser=directory, metavar="DIRECTORY", help="The archive: the folder of a pull."),
    ],
    accept_policy: Annotated[
        Path | None,
        typer.Option(
            "--accept-policy", help="Accept by these rules: this has legal effect. Without it none is."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what the policy says; accept nothing.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="One round, then end: for a timer.")] = False,
    every_seconds: Annotated[int, typer.Option(min=5, max=86_400, help="How often to look by itself.")] = 60,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Be woken by pushes that come in here.")
    ] = None,
    push_url: Annotated[
        str | None, typer.Option(help="The address that was subscribed, which your proxy hands on.")
    ] = None,
    push_keys: Annotated[
        Path | None, typer.Option(help="The service's keys for pushes, as it publishes them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Follow until SIGTERM or SIGINT; the round under way ends first."""
    from notigateway.client.follow import Following
    from notigateway.client.pulling import pull
    from notigateway.client.wake import Alarm

    alarm = Alarm()
    policy = None if accept_policy is None else _policy(accept_policy)
    connection = connection_of(context)
    with (
        connection.client() as client,
        _listening(listen, push_url, push_keys, alarm),
        _named(accept_policy),
    ):
        storing = partial(
            pull,
            client,
            directory,
            seal_certificates=connection.seals(),
            authorities=connection.authorities(),
            tell=tell_aloud,
        )
        following = Following(client, directory, storing, policy, dry_run)
        if once:
            following.check()
            done = following.round()
            _tell(done, as_json=as_json, is_dry=dry_run)
            end_as(done.pulled, *filter(None, [done.accepted]))
            return
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda _number, _frame: alarm.end())
        every = timedelta(seconds=every_seconds)
        following.run(alarm, every=every, tell=lambda done: _tell(done, as_json=as_json, is_dry=dry_run))


def _policy(file: Path) -> Policy:
    from notigateway.client.policy import LARGEST_BYTES, read_policy
    from notigateway.given_files import read_file

    with _named(file):
        return read_policy(read_file(file, max_bytes=LARGEST_BYTES))


@contextmanager
def _named(file: Path | None) -> Iterator[None]:
    """Say of which file it is that a policy is wrong, or names what the service does not know."""
    try:
        yield
    except PolicyError as error:
        raise PolicyError(f"{file}: {error}") from error


def _listening(
    listen: str | None, url: str | None, keys: Path | None, alarm: Alarm
) -> AbstractContextManager[object]:
    """Return what listens for pushes; nothing where no address is given."""
    if listen is None:
        return nullcontext()
    if url is None or keys is None:
        raise typer.BadParameter("--listen needs --push-url and --push-keys: else nobody's push is proven")
    from notigateway.client.wake import listening
    from notigateway.given_files import read_file
    from notigateway.pki.http_signatures import read_jwks

    try:
        host, _, port = check_address(listen).rpartition(":")
        known = read_jwks(read_file(keys))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return listening((host.strip("[]"), int(port)), url, known, alarm)


def _tell(done: Round | ClientError, *, as_json: bool, is_dry: bool) -> None:
    """Print a round in one line, where something happened; trouble goes to standard error."""
    if isinstance(done, ClientError):
        sys.stderr.write(f"notigateway-client: {done.line()}\n")
        return
    pulled, accepted = done.pulled, done.accepted
    said = {
        "changes": pulled.changes,
        "stored": pulled.stored + (accepted.stored if accepted else 0),
        "noted": pulled.noted,
        "updated": pulled.updated,
        "corrections": len(pulled.corrections) + (len(accepted.corrections) if accepted else 0),
        "lost": len(pulled.lost),
        "accepted": accepted.accepted if accepted else 0,
        "would_accept": 0 if accepted else sum(one.verdict.accepts for one in done.chosen),
        "waiting": done.waiting,
        "refused": len(pulled.refused) + (len(accepted.refused) if accepted else 0),
        "not_verified": len(pulled.not_verified) + (len(accepted.not_verified) if accepted else 0),
    }
    if as_json:
        decisions = {"decisions": [_decision(one) for one in done.chosen]} if is_dry else {}
        show.print_json({**said, "waiting_for": dict(done.reasons), **decisions})
    elif any(said.values()):
        typer.echo(", ".join(f"{name} {value}" for name, value in said.items() if value))
        if is_dry:
            _tell_dry(done)
        elif done.reasons:
            typer.echo(f"not accepted: {_reasons(done)}")


_WHY: Final = {
    "no_rule": "no rule fits",
    "left": "the rule leaves it",
    "days_left": "its last day is not near enough yet",
    "four_eyes": "nobody else has set the label of the rule",
}


def _why(chosen: Chosen) -> str:
    """Return in words why something is not accepted now."""
    return _WHY.get(chosen.why, chosen.why)


def _reasons(done: Round) -> str:
    return ", ".join(f"{count} because {_WHY.get(why, why)}" for why, count in done.reasons.items())


def _decision(chosen: Chosen) -> dict[str, object]:
    """Return what a policy says of one notification, and by which rule."""
    of = chosen.notification
    return {
        "code": of.code,
        "id": of.id,
        "addressee": of.addressee.identifier,
        "subject": of.subject,
        "deadline": of.deadline,
        "would": "accept" if chosen.verdict.accepts else "wait",
        "rule": chosen.verdict.rule,
        "waits_for": None if chosen.verdict.accepts else chosen.why,
    }


def _tell_dry(done: Round) -> None:
    """Print of each what the policy says of it: first what it would accept."""
    found = sorted(done.chosen, key=lambda one: not one.verdict.accepts)
    print_table(
        ("code", "addressee", "last day", "would", "rule", "why", "subject"),
        (
            (
                one.notification.code,
                one.notification.addressee.identifier,
                last_day_text(one.notification.deadline),
                "accept" if one.verdict.accepts else "wait",
                one.verdict.rule or "",
                "" if one.verdict.accepts else _why(one),
                one.notification.subject,
            )
            for one in found
        ),
    )
