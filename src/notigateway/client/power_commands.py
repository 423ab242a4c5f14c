"""The commands on powers of attorney, and on the catalogue of what a power may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notigateway.client.connection import connection_of
from notigateway.client.days import moment_text
from notigateway.client.errors import ReceiptNotVerifiedError, SpoolError
from notigateway.client.options import Json, Yes, confirm_effect, instant, whole_identifier
from notigateway.client.show import print_all, print_json
from notigateway.client.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.contract.v1_representation import CertifyPowerResponse, Matter, Named, Power
    from notigateway.evidence.history import Pin

power = typer.Typer(help="Powers of attorney: granted by you, or to you.", no_args_is_help=True)


def _item(text: str) -> str:
    kind, _, value = text.partition(":")
    if kind not in {"matter", "group", "procedure"} or not value:
        raise typer.BadParameter(f"{text!r} is none of matter:CODE, group:CODE, procedure:CODE")
    return text


PowerId = Annotated[
    str,
    typer.Argument(
        parser=whole_identifier, metavar="ID", help="Identifier of a power: `power list` shows it."
    ),
]
Expires = Annotated[
    datetime, typer.Option(parser=instant, help="Until when, with zone: 2030-01-01T00:00:00+01:00.")
]
Item = Annotated[
    str | None,
    typer.Option(
        "--item", parser=_item, metavar="KIND:CODE", help="Only this of what it names, as procedure:202301."
    ),
]


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate of a power, its seal verified, and where it is."""

    certificate_id: str
    issued_at: datetime
    sha256: str
    file: str


def add_power_commands(app: typer.Typer) -> None:
    """Add `power` and `matters` to the command line."""
    app.add_typer(power, name="power")
    app.command("matters", help="List what a power may name.")(matters_command)


@power.command("list", help="List the powers that you have granted or received, ended ones too.")
def list_command(context: typer.Context, as_json: Json = False) -> None:
    """Print the register, as far as it is the caller's."""
    with connection_of(context).client() as client:
        print_all(client.list_powers(), _powers_table, as_json=as_json)


@power.command("grant", help="Grant a power: this has legal effect.")
def grant_command(
    context: typer.Context,
    attorney: Annotated[str, typer.Option(help="NIF of the attorney.")],
    attorney_name: Annotated[str, typer.Option(help="Name of the attorney.")],
    scope: Annotated[Literal["general", "matter", "procedure"], typer.Option(help="The type of the power.")],
    expires: Expires,
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--item",
            parser=_item,
            metavar="KIND:CODE",
            help="What it names, as group:rates; may be repeated.",
        ),
    ] = None,
    grantor_contact: Annotated[str | None, typer.Option(help="How you are reached.")] = None,
    attorney_contact: Annotated[str | None, typer.Option(help="How the attorney is reached.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Grant, and print the power as it stands."""
    confirm_effect(f"Grant a {scope} power to {attorney}?", yes=yes)
    with connection_of(context).client() as client:
        granted = client.grant_power(
            attorney,
            attorney_name,
            scope=scope,
            expires_at=expires,
            items=tuple(map(_named, items or ())),
            grantor_contact=grantor_contact,
            attorney_contact=attorney_contact,
        )
    _print(granted, as_json=as_json)


@power.command("accept", help="Accept a power as its attorney: this has legal effect.")
def accept_command(
    context: typer.Context, power_id: PowerId, yes: Yes = False, as_json: Json = False
) -> None:
    """Accept, and print the power as it stands."""
    _change(context, "Accept this power?", lambda client: client.accept_power(power_id), yes, as_json)


@power.command("state", help="State, as an entity, that your statutes let you represent: legal effect.")
def state_command(
    context: typer.Context,
    power_id: PowerId,
    statutes_allow: Annotated[
        bool,
        typer.Option("--statutes-allow", help="Say it: the statutes allow representation of third parties."),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make the responsible statement, and print the power as it stands."""
    if not statutes_allow:
        raise typer.BadParameter(
            "give --statutes-allow: that is what is stated", param_hint="--statutes-allow"
        )
    question = "State that the statutes allow to represent others?"
    _change(context, question, lambda client: client.make_responsible_statement(power_id), yes, as_json)


@power.command("renounce", help="End a power as its attorney, or one of its items: legal effect.")
def renounce_command(
    context: typer.Context, power_id: PowerId, item: Item = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Renounce, and print the power as it stands."""
    named = None if item is None else _named(item)
    _change(
        context,
        f"Renounce {item or 'this power'}?",
        lambda client: client.renounce_power(power_id, named),
        yes,
        as_json,
    )


@power.command("revoke", help="End a power as its grantor, or one of its items: legal effect.")
def revoke_command(
    context: typer.Context, power_id: PowerId, item: Item = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Revoke, and print the power as it stands."""
    named = None if item is None else _named(item)
    _change(
        context,
        f"Revoke {item or 'this power'}?",
        lambda client: client.revoke_power(power_id, named),
        yes,
        as_json,
    )


@power.command("extend", help="Let a power run longer, as its grantor: this has legal effect.")
def extend_command(
    context: typer.Context, power_id: PowerId, expires: Expires, yes: Yes = False, as_json: Json = False
) -> None:
    """Extend, and print the power as it stands."""
    question = f"Extend this power until {moment_text(expires)}?"
    _change(context, question, lambda client: client.extend_power(power_id, expires), yes, as_json)


@power.command("certify", help="Fetch a sealed certificate of a power, and verify its seal. No legal effect.")
def certify_command(
    context: typer.Context,
    power_id: PowerId,
    output: Annotated[Path, typer.Option(help="Write the certificate into this file.")],
    as_json: Json = False,
) -> None:
    """Certify, verify, write, and print which certificate it is."""
    seals = connection_of(context).seals()
    with connection_of(context).client() as client:
        made = client.certify_power(power_id)
    _check_seal(made, seals)
    try:
        output.write_bytes(made.xml)
    except OSError as error:
        raise SpoolError(f"cannot write {output}: {error.strerror}") from error
    found = Certified(made.certificate_id, made.issued_at, made.sha256, str(output))
    if as_json:
        print_json(found)
    else:
        row = (found.certificate_id, moment_text(found.issued_at), found.file)
        print_table(("certificate", "issued", "file"), [row])


def matters_command(context: typer.Context, as_json: Json = False) -> None:
    """Print the catalogue."""
    with connection_of(context).client() as client:
        print_all(client.list_matters(), _matters_table, as_json=as_json)


def _named(item: str) -> Named:
    from notigateway.contract.v1_representation import Named

    kind, _, value = item.partition(":")
    return Named(kind=kind, value=value)


def _change(
    context: typer.Context,
    question: str,
    change: Callable[[NotificationClient], Power],
    yes: bool,
    as_json: bool,
) -> None:
    """Ask a person, change a power, and print it as it stands."""
    confirm_effect(question, yes=yes)
    with connection_of(context).client() as client:
        changed = change(client)
    _print(changed, as_json=as_json)


def _check_seal(made: CertifyPowerResponse, seals: Sequence[Pin]) -> None:
    """Check that a pinned seal sealed it. Raises: `ReceiptNotVerifiedError`."""
    from notigateway.errors import GatewayError
    from notigateway.evidence.power_certificate import verify_power_certificate

    try:
        verify_power_certificate(made.xml, seal_certificates=seals)
    except GatewayError as error:
        raise ReceiptNotVerifiedError(f"certificate {made.certificate_id}: {error}") from error


def _print(found: Power, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _powers_table([found])


def _powers_table(found: Iterable[Power]) -> None:
    print_table(
        ("id", "grantor", "attorney", "scope", "names", "state", "awaits", "registered", "until"),
        (
            (
                one.power_id,
                one.grantor.identifier,
                one.attorney.identifier,
                one.scope,
                " ".join(f"{item.kind}:{item.value}" for item in one.items if item.ended_at is None),
                one.state,
                " ".join(one.awaits),
                moment_text(one.registered_at),
                moment_text(one.expires_at),
            )
            for one in found
        ),
        optional=("grantor", "attorney", "registered", "awaits"),
    )


def _matters_table(found: Iterable[Matter]) -> None:
    print_table(("kind", "code", "name", "matter", "group"), _catalogue_rows(found))


def _catalogue_rows(found: Iterable[Matter]) -> Iterator[tuple[str, ...]]:
    for matter in found:
        yield ("matter", matter.code, matter.name, "", "")
        for group in matter.groups:
            yield ("group", group.code, group.name, matter.code, "")
        for procedure in matter.procedures:
            yield ("procedure", procedure.code, procedure.name, matter.code, procedure.group or "")
