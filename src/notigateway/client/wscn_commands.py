"""`notigateway-client --contract wscn`: the whole cycle of the Social Security's own contract."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from inspect import signature
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from notigateway.client.connection import connection_of
from notigateway.client.errors import SpoolError
from notigateway.client.options import Json, Yes, confirm
from notigateway.client.show import print_all, print_json
from notigateway.client.tables import print_table
from notigateway.law.lifecycle import Decision
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from notigateway.client.wscn import Grantor as WscnGrantor
    from notigateway.client.wscn import WscnOutcome, WscnRow

CONTRACTS: Final = ("notigateway", "wscn")
_REFUSED: Final = 1
# About what a PDF takes: a disk that is full says so before anything is decided.
_TRIED_BYTES: Final = 65_536


def _role(text: str) -> str:
    from notigateway.client.wscn import ROLES

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
    print_all(found, _notifications_table, as_json=as_json)


def _notifications_table(found: Iterable[WscnRow]) -> None:
    print_table(
        ("code", "role", "state", "until", "addressee", "procedure"),
        (
            (one.code, one.role, one.state_text, one.available_until, one.addressee, one.procedure)
            for one in found
        ),
    )


def _add_command(
    name: str, ask: Callable[..., WscnOutcome], *, text: str, without: Collection[str] = ()
) -> None:
    """Add a command that asks for each code; `without` names the options that have no sense for it."""

    def command(
        context: typer.Context,
        codes: Codes,
        role: Role = "own",
        grantor: Grantor = None,
        save: Save = None,
        yes: Yes = False,
        as_json: Json = False,
    ) -> None:
        if "yes" not in without:
            confirm(name.capitalize(), len(codes), yes=yes)
        with connection_of(context).wscn() as client:
            ask_each(codes, partial(ask, client, role=role, grantor=grantor), save=save, as_json=as_json)

    shape = signature(command, eval_str=True)
    offered = [one for one in shape.parameters.values() if one.name not in without]
    command.__signature__ = shape.replace(parameters=offered)  # type: ignore[attr-defined]
    wscn_app.command(name, help=text)(command)


def ask_each(
    codes: Sequence[int], ask: Callable[[int], WscnOutcome], *, save: Path | None, as_json: bool
) -> None:
    """Ask for each notification; print what became of it, and where its PDF lies.

    What was asked for is told whatever happens then: it may have legal effect. Nothing is asked for whose
    PDF could not be written.

    Raises: `SpoolError`.
    """
    rows: list[dict[str, Any]] = []
    try:
        for code in dict.fromkeys(codes):
            if save is not None:
                _check_takes(save)
            outcome = ask(code)
            row = {
                "code": code,
                "number": outcome.number,
                "text": outcome.text,
                "sealed": outcome.sealed,
                "file": "",
            }
            rows.append(row)
            try:
                row["file"] = _written(outcome, save)
            finally:
                if as_json:
                    print_json(row)
    finally:
        if rows and not as_json:
            print_table(("code", "number", "text", "sealed", "file"), (row.values() for row in rows))
    if any(row["number"] for row in rows):
        raise typer.Exit(_REFUSED)


def _check_takes(folder: Path) -> None:
    """Check that a file can be written into the folder: one without a name is. Raises: `SpoolError`."""
    with _disk(folder):
        make_folder(folder)
        with TemporaryFile(dir=folder) as trial:
            trial.write(bytes(_TRIED_BYTES))
            trial.flush()
            os.fsync(trial.fileno())


def _written(outcome: WscnOutcome, folder: Path | None) -> str:
    """Write the PDF, if there is one and a folder for it; return its path. Raises: `SpoolError`."""
    if folder is None or outcome.pdf is None:
        return ""
    file = folder / f"{outcome.code}.pdf"
    with _disk(folder):
        make_folder(folder)
        file.write_bytes(outcome.pdf)
    return str(file)


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Tell what the disk refused as an error of the folder."""
    try:
        yield
    except OSError as error:
        raise SpoolError(f"cannot write into {folder}: {error.strerror}") from error


_add_command(
    "accept",
    lambda client, code, **asked: client.decide(code, decision=Decision.ACCEPT, **asked),
    text="Sign and send a receipt of acceptance: this has legal effect.",
)
_add_command(
    "reject",
    lambda client, code, **asked: client.decide(code, decision=Decision.REJECT, **asked),
    text="Sign and send a receipt of rejection: this has legal effect.",
    without=("save",),
)
_add_command(
    "view",
    lambda client, code, **asked: client.view(code, **asked),
    text="Fetch accepted notifications again. No legal effect.",
    without=("yes",),
)


@wscn_app.command("grantors", help="List those for whom you may act as attorney.")
def grantors_command(context: typer.Context, as_json: Json = False) -> None:
    """Print everybody with a power in force."""
    with connection_of(context).wscn() as client:
        found = client.grantors()
    print_all(found, _grantors_table, as_json=as_json)


def _grantors_table(found: Iterable[WscnGrantor]) -> None:
    print_table(("identifier", "name"), ((one.identifier, one.name) for one in found))
