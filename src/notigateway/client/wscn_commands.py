"""`notigateway-client --contract wscn`: the whole cycle of the Social Security's own contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from notigateway.client.connection import connection_of
from notigateway.client.errors import SpoolError
from notigateway.client.options import Json, Yes
from notigateway.client.show import print_json, print_table
from notigateway.client.wscn import ROLES, WscnOutcome
from notigateway.law.lifecycle import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.client.wscn import WscnClient

CONTRACTS: Final = ("notigateway", "wscn")
_REFUSED: Final = 1


def _role(text: str) -> str:
    if text not in ROLES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(ROLES)}")
    return text


Codes = Annotated[list[int], typer.Argument(metavar="CODE...", help="Codes of notifications.")]
Role = Annotated[
    str, typer.Option(parser=_role, metavar="<role>", help="Your capacity: own, red or attorney.")
]
AnyRole = Annotated[
    str | None,
    typer.Option(parser=_role, metavar="<role>", help="One capacity only: own, red or attorney."),
]
Grantor = Annotated[str | None, typer.Option(help="As attorney of this grantor (NIF).")]
Save = Annotated[Path | None, typer.Option(help="Write the PDFs into this folder.")]


class ContractGroup(TyperGroup):
    """Looks for a command among those of the contract that `--contract` names."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  (typer has its own click)
        """Return the command of that name."""
        if ctx.params.get("contract") == "wscn":
            group = super().get_command(ctx, "wscn")
            assert isinstance(group, TyperGroup)  # noqa: S101 - added below
            return group.get_command(ctx, cmd_name)
        return super().get_command(ctx, cmd_name)


def check_contract(contract: str) -> None:
    """Check the value of `--contract`. Raises: `typer.BadParameter`."""
    if contract not in CONTRACTS:
        raise typer.BadParameter(f"{contract!r} is none of {', '.join(CONTRACTS)}", param_hint="--contract")


wscn_app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@wscn_app.command("list", help="List notifications. No legal effect.")
def list_command(
    context: typer.Context, role: AnyRole = None, grantor: Grantor = None, as_json: Json = False
) -> None:
    """Print every row of one bucket or of all."""
    with connection_of(context).wscn() as client:
        found = list(client.list_notifications(role=role, grantor=grantor))
    if as_json:
        for one in found:
            print_json(one)
        return
    columns = ("code", "role", "state", "until", "addressee", "procedure")
    print_table(
        columns,
        (
            (one.code, one.role, one.state_text, one.available_until, one.addressee, one.procedure)
            for one in found
        ),
    )


@wscn_app.command("accept", help="Sign and send a receipt of acceptance: this has legal effect.")
def accept_command(
    context: typer.Context,
    codes: Codes,
    role: Role = "own",
    grantor: Grantor = None,
    save: Save = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Accept each, and print an outcome for each."""
    _confirm("Accept", len(codes), yes=yes)
    _each(
        context,
        codes,
        lambda client, code: client.decide(code, Decision.ACCEPT, role=role, grantor=grantor),
        save=save,
        as_json=as_json,
    )


@wscn_app.command("reject", help="Sign and send a receipt of rejection: this has legal effect.")
def reject_command(
    context: typer.Context,
    codes: Codes,
    role: Role = "own",
    grantor: Grantor = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Reject each, and print an outcome for each."""
    _confirm("Reject", len(codes), yes=yes)
    _each(
        context,
        codes,
        lambda client, code: client.decide(code, Decision.REJECT, role=role, grantor=grantor),
        save=None,
        as_json=as_json,
    )


@wscn_app.command("view", help="Fetch accepted notifications again. No legal effect.")
def view_command(
    context: typer.Context,
    codes: Codes,
    role: Role = "own",
    grantor: Grantor = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Fetch each, and print an outcome for each."""
    _each(
        context,
        codes,
        lambda client, code: client.view(code, role=role, grantor=grantor),
        save=save,
        as_json=as_json,
    )


@wscn_app.command("grantors", help="List those for whom you may act as attorney.")
def grantors_command(context: typer.Context, as_json: Json = False) -> None:
    """Print everybody with a power in force."""
    with connection_of(context).wscn() as client:
        found = client.grantors()
    if as_json:
        for one in found:
            print_json(one)
    else:
        print_table(("identifier", "name"), ((one.identifier, one.name) for one in found))


def _each(
    context: typer.Context,
    codes: Sequence[int],
    ask: Callable[[WscnClient, int], WscnOutcome],
    *,
    save: Path | None,
    as_json: bool,
) -> None:
    """Ask for each notification; print what became of it, and where its PDF lies."""
    rows = []
    with connection_of(context).wscn() as client:
        for code in dict.fromkeys(codes):
            outcome = ask(client, code)
            file = _written(outcome, save)
            row = {
                "code": code,
                "number": outcome.number,
                "text": outcome.text,
                "sealed": outcome.sealed,
                "file": file,
            }
            rows.append(row)
            if as_json:
                print_json(row)
    if not as_json:
        print_table(("code", "number", "text", "sealed", "file"), (row.values() for row in rows))
    if any(row["number"] for row in rows):
        raise typer.Exit(_REFUSED)


def _written(outcome: WscnOutcome, folder: Path | None) -> str:
    """Write the PDF, if there is one and a folder for it; return its path."""
    if folder is None or outcome.pdf is None:
        return ""
    file = folder / f"{outcome.code}.pdf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(outcome.pdf)
    except OSError as error:
        raise SpoolError(f"cannot write into {folder}: {error.strerror}") from error
    return str(file)


def _confirm(verb: str, count: int, *, yes: bool) -> None:
    """Ask a person; a script that calls this command has decided already."""
    if not yes and sys.stdin.isatty():
        what = "1 notification" if count == 1 else f"{count} notifications"
        typer.confirm(f"{verb} {what}? This has legal effect.", abort=True, err=True)
