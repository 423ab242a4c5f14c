"""The commands on representation by RED, on receiving alone, and on the channel of notification."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notigateway.client.connection import connection_of
from notigateway.client.days import moment_text
from notigateway.client.options import Json, Yes, confirm_effect, whole_identifier
from notigateway.client.show import print_json
from notigateway.client.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notigateway.contract.v1_representation import (
        GetDeliveryChannelResponse,
        ListRepresentationsResponse,
        RedAssignment,
        Representation,
    )

red = typer.Typer(
    help="Who manages your account in the RED system: take what comes away, give it back, receive alone.",
    no_args_is_help=True,
)
channel = typer.Typer(help="How you are notified: electronically or by post.", no_args_is_help=True)
Assignment = Annotated[
    str,
    typer.Argument(
        parser=whole_identifier, metavar="ID", help="Identifier of an assignment: `representations` shows it."
    ),
]


def add_representation_commands(app: typer.Typer) -> None:
    """Add `representations`, `red` and `channel` to the command line."""
    app.command("representations", help="List for whom you may act, and who manages your own account.")(
        representations_command
    )
    app.add_typer(red, name="red")
    app.add_typer(channel, name="channel")


def representations_command(context: typer.Context, as_json: Json = False) -> None:
    """Print those for whom the caller may act, then its own RED assignments."""
    with connection_of(context).client() as client:
        pages = list(client.representation_pages())
    if as_json:
        for one in chain.from_iterable(page.representations for page in pages):
            print_json(one)
        print_json(_own(pages))
        return
    _representations_table(chain.from_iterable(page.representations for page in pages))
    own = [one for page in pages for one in page.red_assignments]
    if own:
        print_table(("", ""), [("", ""), ("your own account is managed by", "")])
        _assignments_table(own)
    since = pages[0].red_opted_out_since
    if since is not None:
        print_table(("", ""), [("you receive alone since", moment_text(since))])


def _own(pages: Sequence[ListRepresentationsResponse]) -> dict[str, object]:
    """Return what is said of the caller's own account, the last line of JSON."""
    return {
        "red_assignments": [one for page in pages for one in page.red_assignments],
        "red_opted_out_since": pages[0].red_opted_out_since,
    }


@red.command("unassign", help="Take what comes from now on away from a RED person: this has legal effect.")
def unassign_command(
    context: typer.Context, assignment_id: Assignment, yes: Yes = False, as_json: Json = False
) -> None:
    """Unassign, and print the assignment as it stands."""
    confirm_effect("From now on receive alone, whoever is assigned?", yes=yes)
    with connection_of(context).client() as client:
        found = client.unassign_red(assignment_id)
    _print_assignment(found, as_json=as_json)


@red.command("reassign", help="Give what comes from now on to a RED person again: this has legal effect.")
def reassign_command(
    context: typer.Context, assignment_id: Assignment, yes: Yes = False, as_json: Json = False
) -> None:
    """Reassign, and print the assignment as it stands."""
    confirm_effect("Give what comes from now on to the RED person of this assignment again?", yes=yes)
    with connection_of(context).client() as client:
        found = client.reassign_red(assignment_id)
    _print_assignment(found, as_json=as_json)


@red.command("alone", help="Receive alone, whoever is assigned, or no longer: this has legal effect.")
def alone_command(
    context: typer.Context,
    choice: Annotated[Literal["on", "off"], typer.Argument(help="Whether you receive alone.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Choose, and print the choice as it stands."""
    alone = choice == "on"
    confirm_effect("Receive alone from now on?" if alone else "No longer receive alone?", yes=yes)
    with connection_of(context).client() as client:
        found = client.set_receiving_alone(alone=alone)
    if as_json:
        print_json(found)
    else:
        said = "yes" if found.receiving_alone else "no"
        print_table(("receiving alone", "since"), [(said, moment_text(found.since))])


@channel.command("show", help="Show how you are notified, and whether the law leaves a choice.")
def show_channel_command(context: typer.Context, as_json: Json = False) -> None:
    """Print the channel and the obligations."""
    with connection_of(context).client() as client:
        found = client.delivery_channel()
    _print_channel(found, as_json=as_json)


@channel.command("set", help="Choose how you are notified of what is issued from now on: legal effect.")
def set_channel_command(
    context: typer.Context,
    wanted: Annotated[Literal["electronic", "postal"], typer.Argument(help="The channel.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Choose, and print what stands."""
    confirm_effect(f"From now on be notified by the channel {wanted}?", yes=yes)
    with connection_of(context).client() as client:
        found = client.set_delivery_channel(wanted)
    _print_channel(found, as_json=as_json)


def _representations_table(found: Iterable[Representation]) -> None:
    print_table(
        ("role", "NIF", "addressee", "title", "from", "until"),
        ((one.role, one.addressee.identifier, one.addressee.name, *_title(one)) for one in found),
    )


def _title(one: Representation) -> tuple[str, str, str]:
    """Return by which title, from when and until when."""
    if one.power is not None:
        power = one.power
        return f"power {power.power_id}", moment_text(power.inscribed_at), moment_text(power.expires_at)
    if one.red_assignment is not None:
        assigned = one.red_assignment
        said = f"RED {assigned.authorisation}, account {assigned.account}"
        return said, moment_text(assigned.starts_at), moment_text(assigned.ends_at)
    return "", "", ""


def _print_assignment(found: RedAssignment, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _assignments_table([found])


def _assignments_table(found: Iterable[RedAssignment]) -> None:
    print_table(
        ("id", "account", "authorisation", "RED person", "name", "from", "until"),
        (
            (
                one.assignment_id,
                one.account,
                one.authorisation,
                one.red_person.identifier,
                one.red_person.name,
                moment_text(one.starts_at),
                moment_text(one.ends_at),
            )
            for one in found
        ),
    )


def _print_channel(found: GetDeliveryChannelResponse, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows: list[tuple[object, ...]] = [
        ("channel", found.channel or ""),
        ("chosen", moment_text(found.chosen_at)),
        ("obliged", "yes" if found.obliged else "no"),
    ]
    for one in found.obligations:
        span = f"since {moment_text(one.since)}" if one.since else "by its NIF"
        until = f" until {moment_text(one.until)}" if one.until else ""
        acts = ", ".join((*one.matters, *one.procedures))
        rows.append((f"ground {one.ground}", f"{span}{until}{': ' if acts else ''}{acts}"))
    print_table(("", ""), rows)
