"""`notigateway power`: brings powers of another register here, and lists those that are here.

A line has `grantor`, `grantor_name` (where the grantor is not registered yet), `attorney`, `attorney_name`,
`scope` (general, matter or procedure), `items` (kind and code, as `procedure:202301;group:rates`),
`registered_at`, `accepted_at` (where the attorney has accepted), `expires_at`, `adapted` (true where one of
before 2 April 2021 was adapted), `grantor_contact`, `attorney_contact`. Instants have their zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from notigateway.cli.lines import check_names, read_lines
from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.contract.problems import said_of
from notigateway.errors import ConfigurationError, GatewayError, PowerInvalidError
from notigateway.instants import instant_text
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.representation import ItemKind, PowerScope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.repository.rights import Power
    from notigateway.repository.session import Session

power = typer.Typer(help="Import and list powers of attorney.", no_args_is_help=True)
NEEDED: Final = ("grantor", "attorney", "attorney_name", "scope", "registered_at", "expires_at")
COLUMNS: Final = frozenset(
    {
        *NEEDED,
        "grantor_name",
        "items",
        "accepted_at",
        "adapted",
        "grantor_contact",
        "attorney_contact",
    }
)


@power.command("import")
def import_powers(
    file: Annotated[Path, typer.Argument(help="CSV with a header, or JSON lines; one power a line.")],
    settings_file: SettingsFile = None,
) -> None:
    """Bring powers of another register here, all or none. Those that are here already stay as they are.

    A line has grantor, attorney, attorney_name, scope (general, matter or procedure), registered_at and
    expires_at; and where there is something to say grantor_name (registers a grantor that is not known),
    items (as procedure:202301;group:rates), accepted_at, adapted (true or false), grantor_contact,
    attorney_contact. Instants have their zone: 2026-03-01T00:00:00+01:00.
    """
    from notigateway.clock.obliging import obliging_by

    settings, now = named_settings(settings_file), datetime.now(UTC)
    obliging = obliging_by(settings)
    rows = []
    with writing_in(settings) as session:
        for number, said in read_lines(file):
            check_names(said, allowed=COLUMNS, file=file, number=number)
            try:
                row = import_line(session, said, now=now)
            except GatewayError as error:
                raise type(error)(f"line {number}: {said_of(error)}", **error.facts) from error
            obliging.look_again_by_power(session, row, now=now)
            rows.append(row)
        lines = [_line(row, now) for row in rows]
    typer.echo("\n".join(lines), nl=bool(lines))


@power.command("list")
def list_powers(
    party: Annotated[str | None, typer.Option(help="Only what this NIF has granted or received.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """List the register, one power a line.

    Identifier, grantor, attorney, scope, what it names, state, registered, accepted, until.
    """
    from notigateway.repository.powers import list_all_powers

    now = datetime.now(UTC)
    with reading_in(named_settings(settings_file)) as session:
        lines = [_line(row, now) for row in list_all_powers(session, party=party)]
    typer.echo("\n".join(lines), nl=bool(lines))


def import_line(session: Session, said: Mapping[str, str], *, now: datetime) -> Power:
    """Import the power of one line. Raises: `PowerInvalidError`, and what `import_power` raises."""
    from notigateway.addressee.powers import import_power

    for name in NEEDED:
        if name not in said:
            raise PowerInvalidError(f"{name}: required", field=name, problem="required")
    terms = PowerTerms(
        attorney=said["attorney"],
        attorney_name=said["attorney_name"],
        scope=_word(PowerScope, "scope", said["scope"]),
        items=tuple(map(_named, said["items"].split(";"))) if "items" in said else (),
        expires_at=_instant(said["expires_at"]),
        grantor_contact=said.get("grantor_contact"),
        attorney_contact=said.get("attorney_contact"),
    )
    return import_power(
        session,
        terms,
        grantor=said["grantor"],
        grantor_name=said.get("grantor_name"),
        registered_at=_instant(said["registered_at"]),
        accepted_at=read_instant(said.get("accepted_at")),
        is_adapted=_is_adapted(said.get("adapted", "false")),
        now=now,
    )


def _instant(text: str) -> datetime:
    """Read an instant that must be there. Raises: `ConfigurationError`."""
    instant = read_instant(text)
    if instant is None:
        raise ConfigurationError("an instant is missing")
    return instant


def _named(text: str) -> Named:
    """Read one thing that a power names. Raises: `PowerInvalidError`."""
    kind, _, value = text.strip().partition(":")
    return Named(_word(ItemKind, "items", kind), value)


def _word(vocabulary: Any, field: str, text: str) -> Any:  # noqa: ANN401  (a vocabulary and its member)
    """Read a word of a vocabulary. Raises: `PowerInvalidError`."""
    if text not in set(vocabulary):
        raise PowerInvalidError(f"{field}: unknown word", field=field, problem="word")
    return vocabulary(text)


def _is_adapted(text: str) -> bool:
    """Read whether a power was adapted. Raises: `PowerInvalidError`."""
    if text not in {"true", "false"}:
        raise PowerInvalidError("adapted: true or false", field="adapted", problem="word")
    return text == "true"


def _line(row: Power, now: datetime) -> str:
    """Return one line of the register, for people and for `cut`."""
    named = ";".join(f"{item.kind}:{item.value}" for item in row.terms.items)
    accepted = "-" if row.accepted_at is None else instant_text(row.accepted_at)
    return "\t".join(
        (
            str(row.id),
            row.grantor.identifier,
            row.attorney,
            row.scope,
            named or "-",
            row.state_at(now),
            instant_text(row.registered_at),
            accepted,
            instant_text(row.expires_at),
        )
    )
