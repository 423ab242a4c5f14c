"""`notigateway-client`: list, pull, accept, reject, receipt, changes and more, from a terminal or a script.

Exit codes: 0 done · 1 some items refused, or of a lower level than was asked for · 2 wrong usage or
unusable files · 3 the service answered a fault or not at all, or the folder cannot be written · 4 something
is not verified, or what was archived is lost or changed · 5 the archive was corrected · 6 the log of the
service is not the one that was seen before · 130 interrupted.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

import typer

from notigateway.client import show
from notigateway.client.archive.commands import archive_app
from notigateway.client.connection import Connection, connection_of, read_config
from notigateway.client.contacts_commands import contacts_app
from notigateway.client.errors import ClientError, SpoolError
from notigateway.client.follow_command import add_follow_command
from notigateway.client.following_commands import add_following_commands
from notigateway.client.log_commands import add_log_commands
from notigateway.client.marking_commands import add_marking_command
from notigateway.client.matters import check_matter
from notigateway.client.naming import resolved
from notigateway.client.options import (
    EVERYTHING,
    Archived,
    AssignedTo,
    Downloaded,
    Ids,
    IdsFile,
    Json,
    Label,
    States,
    WithMarks,
    Yes,
    check_can_ask,
    choosing,
    chosen_ids,
    confirm,
)
from notigateway.client.power_commands import add_power_commands
from notigateway.client.pulling_commands import add_pulling_command
from notigateway.client.representation_commands import add_representation_commands
from notigateway.client.retrieving_commands import add_retrieving_command
from notigateway.client.subscription_commands import subscriptions_app
from notigateway.client.tables import shown
from notigateway.client.users_commands import users_app
from notigateway.client.values import DecisionOutcome, Filter
from notigateway.client.wscn_commands import ContractGroup, check_contract, wscn_app
from notigateway.collecting import collect_late
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.private_files import keep_to_owner, make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.client.proof import Verdict

_REFUSED: Final = 1
_USAGE: Final = 2
_FAILED: Final = 3
_NOT_VERIFIED: Final = 4

app = typer.Typer(
    name="notigateway-client",
    cls=ContractGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done; 1 some items refused, or receipts of a lower level than was asked for; 2 "
    "wrong usage or unusable files; 3 fault, no answer or folder not writable; 4 something is not verified, "
    "or what was archived is lost or changed; 5 what the archive said was corrected; "
    "6 the service's log is not the one that was seen before, or has a new name; 130 interrupted.",
)


def _env(name: str) -> str:
    return f"NOTIGATEWAY_CLIENT_{name}"


def _defaults(context: typer.Context, file: Path | None) -> Path | None:
    if file is not None:
        context.default_map = read_config(file)
    return file


@app.callback(help="Retrieve notifications over signed SOAP; every answer is verified before it is read.")
def connect(
    context: typer.Context,
    _config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            callback=_defaults,  # is all that reads it
            is_eager=True,
            envvar=_env("CONFIG"),
            help="TOML file with these options.",
        ),
    ] = None,
    contract: Annotated[
        str, typer.Option(envvar=_env("CONTRACT"), help="What the service speaks: notigateway or wscn.")
    ] = "notigateway",
    url: Annotated[str | None, typer.Option(envvar=_env("URL"), help="The service's address.")] = None,
    public_url: Annotated[
        str | None,
        typer.Option(envvar=_env("PUBLIC_URL"), help="What the service calls itself, if not its --url."),
    ] = None,
    key: Annotated[Path | None, typer.Option(envvar=_env("KEY"), help="Your private key.")] = None,
    cert: Annotated[Path | None, typer.Option(envvar=_env("CERT"), help="Your certificate.")] = None,
    p12: Annotated[Path | None, typer.Option(envvar=_env("P12"), help="Both in one PKCS #12 file.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(envvar=_env("PASSWORD_FILE"), help="File with the password of your key.")
    ] = None,
    server_cert: Annotated[
        list[Path] | None,
        typer.Option(
            envvar=_env("SERVER_CERT"), metavar="<path>", help="Certificate that signs the answers."
        ),
    ] = None,
    seal_cert: Annotated[
        list[Path] | None,
        typer.Option(
            envvar=_env("SEAL_CERT"),
            metavar="<path>",
            help="Certificate that seals receipts, or a folder of all.",
        ),
    ] = None,
    timestamp_cert: Annotated[
        list[Path] | None,
        typer.Option(
            envvar=_env("TIMESTAMP_CERT"),
            metavar="<path>",
            help="Authority of time-stamps, or a folder of all: others are told.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(envvar=_env("CA_FILE"), help="Issuers of the TLS certificate, if not public."),
    ] = None,
    timeout_seconds: Annotated[
        float, typer.Option(envvar=_env("TIMEOUT_SECONDS"), min=1, help="How long to wait for an answer.")
    ] = 60.0,
    mtom: Annotated[
        bool,
        typer.Option("--mtom", envvar=_env("MTOM"), help="Have documents beside answers, of any size."),
    ] = False,
) -> None:
    """Take the options of the connection; the commands open it."""
    check_contract(contract)
    context.obj = Connection(
        url=url,
        key=key,
        cert=cert,
        p12=p12,
        password_file=password_file,
        server_cert=server_cert or [],
        seal_cert=seal_cert or [],
        timestamp_cert=timestamp_cert or [],
        ca_file=ca_file,
        timeout_seconds=timeout_seconds,
        public_url=public_url,
        mtom=mtom,
    )


@app.command("list", help="List notifications. No legal effect.")
@choosing
def list_command(
    context: typer.Context,
    state: States = None,
    where: Filter = EVERYTHING,
    downloaded: Downloaded = None,
    archived: Archived = None,
    assigned_to: AssignedTo = None,
    label: Label = None,
    with_marks: WithMarks = False,
    as_json: Json = False,
) -> None:
    """Print every notification that matches."""
    where = replace(
        where,
        states=tuple(state or ()),
        downloaded=downloaded,
        archived=archived,
        assigned_to=assigned_to,
        label=label,
    )
    with connection_of(context).client() as client:
        check_matter(client, where)
        found = client.list_notifications(where, with_marks=with_marks)
        show.print_all(found, show.notifications_table, as_json=as_json)


add_pulling_command(app)
add_following_commands(app)
add_retrieving_command(app)
add_representation_commands(app)
add_power_commands(app)
add_log_commands(app)
add_marking_command(app)
add_follow_command(app)
app.add_typer(users_app, name="users")
app.add_typer(subscriptions_app, name="subscriptions")
app.add_typer(contacts_app, name="contacts", help="Where you are told by e-mail: get, set. No legal effect.")
app.add_typer(archive_app, name="archive", help="Make something of an archive: a table, a report, a ZIP.")
app.add_typer(wscn_app, name="wscn", help="The same by the Social Security's contract; or --contract wscn.")


@app.command("accept", help="Accept notifications: this has legal effect.")
def accept_command(
    context: typer.Context, ids: Ids = None, ids_file: IdsFile = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Accept, and print an outcome for each."""
    chosen = chosen_ids(ids, ids_file)
    check_can_ask(yes=yes)
    with connection_of(context).client() as client:
        wanted = resolved(client, chosen)
        confirm("Accept", len(wanted), yes=yes)
        _print_outcomes(client.accept(wanted), as_json=as_json)


@app.command("reject", help="Reject notifications: this has legal effect.")
def reject_command(
    context: typer.Context,
    ids: Ids = None,
    ids_file: IdsFile = None,
    reason: Annotated[str | None, typer.Option(help="Kept in the receipts.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Reject, and print an outcome for each."""
    chosen = chosen_ids(ids, ids_file)
    check_can_ask(yes=yes)
    with connection_of(context).client() as client:
        wanted = resolved(client, chosen)
        confirm("Reject", len(wanted), yes=yes)
        _print_outcomes(client.reject(wanted, reason=reason), as_json=as_json)


_LEVELS: Final[Mapping[str, Literal["XAdES-LT", "XAdES-LTA"]]] = {"LT": "XAdES-LT", "LTA": "XAdES-LTA"}


@app.command("receipt", help="Fetch receipts and verify their seals. No legal effect.")
def receipt_command(
    context: typer.Context,
    ids: Ids = None,
    ids_file: IdsFile = None,
    form: Annotated[
        Literal["xml", "pdf", "bundle", "asice"],
        typer.Option(
            "--format",
            help="Fetch the PDF for people, or the bundle for notigateway-verify, as well; asice: the "
            "bundle as a container that other tools open.",
        ),
    ] = "xml",
    level: Annotated[
        Literal["LT", "LTA"] | None,
        typer.Option(
            "--level",
            help="Fetch the receipts (.xml) in the form of ETSI for archives: LT with what validates them, "
            "LTA with an archive time-stamp, which is made once you have asked for it. Where less is there "
            "yet, that comes and is told, with exit code 1. With another --format it concerns the .xml "
            "beside it alone: a bundle or container never holds LT or LTA.",
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", "--output", help="Write the receipts into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a line for each receipt; save those that are verified."""
    from notigateway.client.proof import examine

    seals, authorities = connection_of(context).seals(), connection_of(context).authorities()
    with connection_of(context).client() as client:
        verdicts = [
            one
            for item in client.receipts(
                resolved(client, chosen_ids(ids, ids_file)),
                format=form,
                level=None if level is None else _LEVELS[level],
            )
            for one in examine(item, seals, authorities=authorities, asked=level)
        ]
    if save is not None:
        _save(verdicts, save)
    show.print_all(verdicts, show.verdicts_table, as_json=as_json)
    if save is None and (form != "xml" or level is not None):
        typer.echo("nothing is stored: --output FOLDER says where", err=True)
    if any(one.receipt is not None and not one.verified for one in verdicts):
        raise typer.Exit(_NOT_VERIFIED)
    if any(one.receipt is None or one.is_below(level) for one in verdicts):
        raise typer.Exit(_REFUSED)


@app.command("ping", help="Show what the service reads in your certificate.")
def ping_command(context: typer.Context, as_json: Json = False) -> None:
    """Ask, and print the answer."""
    with connection_of(context).client() as client:
        pong = client.ping()
    (show.print_json if as_json else show.pong_table)(pong)


def main() -> None:
    """Run the command line; every error is one line on standard error and an exit code."""
    collect_late()
    keep_to_owner()
    try:
        app(prog_name="notigateway-client")
    except ClientError as error:
        _stop(error.line(), error.exit_code)
    except GatewayError as error:
        _stop(f"{error.code}: {said_of(error)}", _USAGE)
    except Exception as error:  # noqa: BLE001 - a person at a terminal is told, never shown a traceback
        _stop(f"UNEXPECTED: {type(error).__name__}: {error}", _FAILED)


def _stop(line: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"notigateway-client: {shown(line)}\n")
    sys.exit(exit_code)


def _print_outcomes(outcomes: Sequence[DecisionOutcome], *, as_json: bool) -> None:
    show.print_all(outcomes, show.outcomes_table, as_json=as_json)
    if not all(one.is_done for one in outcomes):
        raise typer.Exit(_REFUSED)


def _save(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Write what is verified, as it came; a receipt never changes, so writing it again is harmless."""
    try:
        make_folder(folder)
        for one in verdicts:
            if one.verified and one.receipt is not None:
                stem = folder / f"receipt-{one.receipt.receipt_id.lower()}"
                stem.with_suffix(".xml").write_bytes(one.receipt.xml())
                if one.receipt.file is not None:
                    stem.with_suffix(_suffix_of(one.receipt.file)).write_bytes(one.receipt.file)
    except OSError as error:
        raise SpoolError(f"cannot write into {folder}: {error.strerror}") from error


def _suffix_of(form: bytes) -> str:
    """Return the ending of a file by what it is: a PDF, a bundle, or a container of signatures."""
    from notigateway.evidence.asic import is_container

    if form.startswith(b"%PDF-"):
        return ".pdf"
    return ".asice" if is_container(form) else ".zip"
