"""Options that several commands share, as annotated types; typer reads them at run time."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, time, timedelta
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

import typer

from notigateway.client.errors import NotConfirmedError
from notigateway.client.given import ENCODING, checked, dir3, label, nif, read_file
from notigateway.client.values import Filter, Metadata
from notigateway.law.metadata import ASSIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The words of the contract: a wrong one is refused here, with those that are right, and not by the service.
STATES: Final = ("available", "receipt_requested", "accepted", "rejected", "lapsed", "read", "cancelled")

# The contract's form of an identifier (ng:Uuid), or its beginning: what cannot be one is told before anything
# is sent. Shorter than its first group a beginning says too little.
_IDENTIFIER: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{0,4}|(?:-[0-9a-fA-F]{4}){1,2}-[0-9a-fA-F]{0,4}|(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{0,12})?",
    re.ASCII,
)
OR_BEGINNING: Final = ", its beginning, from 8 characters, where no other begins so, or its code"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(text: str) -> datetime:
    """Return an instant with its zone, or the beginning of a day of Madrid. Raises: `BadParameter`."""
    try:
        if _DAY.fullmatch(text):
            return _begins(date.fromisoformat(text))
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not an instant such as 2026-11-23T09:00:00Z") from error
    if found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} does not say its zone; append Z for UTC")
    return found


def before_day(text: str) -> datetime:
    """Return before which instant a term ends that is over before a day of Madrid, or before an instant.

    A last day ends at 00:00 of the next, so that very instant belongs to it. Raises: `BadParameter`.
    """
    found = instant(text)
    return found + timedelta(milliseconds=1) if _DAY.fullmatch(text) else found


def _begins(day: date) -> datetime:
    from notigateway.law.deadlines import MADRID  # noqa: PLC0415  (for who gives one)

    return datetime.combine(day, time.min, MADRID)


def directory(text: str) -> Path:
    """Return the folder of an archive. Raises: `BadParameter` for an empty name, as of an unset variable."""
    if not text:
        raise typer.BadParameter("an empty name is no folder; . is the one where you are")
    return Path(text)


def whole_identifier(text: str) -> str:
    """Return an identifier of a power or an assignment. Raises: `BadParameter` for what is none."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not an identifier, as the list prints it") from error


def _state(text: str) -> str:
    if text not in STATES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(STATES)}")
    return text


def _ccc(text: str) -> str:
    from notigateway.law.identifiers import check_ccc  # noqa: PLC0415  (for who gives one)

    return checked(text, check_ccc)


def _naf(text: str) -> str:
    from notigateway.law.identifiers import check_naf  # noqa: PLC0415  (for who gives one)

    return checked(text, check_naf)


def _pair(text: str) -> Metadata:
    key, sign, value = text.partition(ASSIGNS)
    if not (key and sign and value):
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE")
    return Metadata(key=key, value=value)


def identifier(text: str) -> str:
    """Return an identifier of a notification, a beginning, or its code. Raises: `BadParameter` otherwise."""
    if is_code(text):
        return text
    if _IDENTIFIER.fullmatch(text) is None:
        raise typer.BadParameter(
            f"{text!r} is neither an identifier nor a code, as list prints them; of an identifier, 8 letters "
            "or more will do"
        )
    return text


def is_code(text: str) -> bool:
    """Tell whether a text is the code of a notification, and not its identifier."""
    return text.isascii() and text.isdecimal()


Json = Annotated[bool, typer.Option("--json", help="Print JSON: one line for each item, or one document.")]
States = Annotated[
    list[str] | None,
    typer.Option(parser=_state, help=f"In this state, or any of several: {', '.join(STATES)}."),
]
Kind = Annotated[Literal["notification", "communication"] | None, typer.Option(help="Only this kind.")]
Role = Annotated[
    Literal["own", "red", "attorney"] | None, typer.Option(help="Only what you see by this title.")
]
Addressee = Annotated[str | None, typer.Option(parser=nif, help="Only for this addressee (NIF).")]
Issuer = Annotated[str | None, typer.Option(parser=dir3, help="Only from this issuing body (DIR3).")]
_INSTANT_HELP: Final = "An instant with zone, such as 2026-11-23T09:00:00Z, or a day of Madrid."
From = Annotated[datetime | None, typer.Option(parser=instant, help=f"Put at disposal from. {_INSTANT_HELP}")]
To = Annotated[datetime | None, typer.Option(parser=instant, help=f"Put at disposal before. {_INSTANT_HELP}")]
Before = Annotated[
    datetime | None,
    typer.Option(
        parser=before_day,
        help=f"With a deadline before; a last day ends at 00:00 of the next. {_INSTANT_HELP}",
    ),
]
Starts = Annotated[datetime | None, typer.Option(parser=instant, help=f"From when. {_INSTANT_HELP}")]
Ends = Annotated[datetime | None, typer.Option(parser=instant, help=f"Until when. {_INSTANT_HELP}")]
Nif = Annotated[str | None, typer.Option(parser=nif, help="Only of this addressee.")]
Ccc = Annotated[
    str | None,
    typer.Option(parser=_ccc, help="Only acts that quote this contribution account."),
]
Naf = Annotated[
    str | None,
    typer.Option(parser=_naf, help="Only acts that quote this affiliation number."),
]
Matter = Annotated[str | None, typer.Option(help="Only of this matter.")]
Procedure = Annotated[str | None, typer.Option(help="Only of this procedure (SIA code).")]
Reference = Annotated[str | None, typer.Option(help="Only the act that its issuing body calls so.")]
Said = Annotated[
    list[Metadata] | None,
    typer.Option(
        "--metadata",
        parser=_pair,
        metavar="KEY=VALUE",
        help="Only acts of which the body says this; may be repeated.",
    ),
]
Text = Annotated[
    str | None,
    typer.Option(help="Only with these words in subject or reference, whatever their accents and capitals."),
]
Downloaded = Annotated[
    bool | None,
    typer.Option("--downloaded/--not-downloaded", help="Only what your party has, or has not, marked so."),
]
Archived = Annotated[
    bool | None,
    typer.Option("--archived/--not-archived", help="Only what your party has, or has not, put away."),
]
AssignedTo = Annotated[str | None, typer.Option(help="Only what is in these hands.")]
Label = Annotated[str | None, typer.Option(parser=label, help="Only with this label of your party.")]
WithMarks = Annotated[bool, typer.Option("--with-marks", help="Show the marks of your party too.")]
Ids = Annotated[list[str] | None, typer.Argument(help=f"Identifiers of notifications{OR_BEGINNING}.")]
IdsFile = Annotated[
    typer.FileText | None,
    typer.Option(encoding=ENCODING, help="Read identifiers from a file, one a line; - is standard input."),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Do not ask, although it has legal effect. Needed without a terminal.")
]

EVERYTHING: Final = Filter()


def chosen_ids(ids: Sequence[str] | None, ids_file: typer.FileText | None) -> list[str]:
    """Return the identifiers of arguments and file, each once. Raises: `BadParameter` where there is none."""
    read = [] if ids_file is None else read_file(ids_file, identifier)
    chosen = list(dict.fromkeys([*map(identifier, ids or ()), *read]))
    if not chosen:
        raise typer.BadParameter("no identifier is given", param_hint="IDS")
    return chosen


def _filter(
    *,
    kind: Kind = None,
    role: Role = None,
    addressee: Addressee = None,
    issuer: Issuer = None,
    available_from: From = None,
    available_to: To = None,
    deadline_before: Before = None,
    ccc: Ccc = None,
    naf: Naf = None,
    matter: Matter = None,
    procedure: Procedure = None,
    reference: Reference = None,
    metadata: Said = None,
    text: Text = None,
) -> Filter:
    return Filter(
        kind=kind,
        role=role,
        addressee_id=addressee,
        issuer_id=issuer,
        available_from=available_from,
        available_to=available_to,
        deadline_before=deadline_before,
        ccc=ccc,
        naf=naf,
        matter=matter,
        procedure=procedure,
        reference=reference,
        metadata=tuple(metadata or ()),
        text=text,
    )


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose notifications, in the place of its parameter `where`."""
    own, chosen = signature(command, eval_str=True), signature(_filter, eval_str=True).parameters

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401  (what typer has read by the signature below)
        where = _filter(**{name: given.pop(name) for name in chosen})
        command(**given, where=where)

    parameters = [
        shown.replace(kind=Parameter.KEYWORD_ONLY)
        for parameter in own.parameters.values()
        for shown in (chosen.values() if parameter.name == "where" else [parameter])
    ]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def check_can_ask(*, yes: bool) -> None:
    """Check that somebody can be asked, or need not be. Raises: `NotConfirmedError`."""
    if not yes and not sys.stdin.isatty():
        raise NotConfirmedError


def confirm(verb: str, count: int, *, yes: bool) -> None:
    """Ask a person. Nobody is taken to have agreed because nobody could be asked: a script says `--yes`.

    What comes through a pipe is no answer either: it may have been meant for something else.
    Raises: `NotConfirmedError` without a terminal; `Abort` where the person does not agree.
    """
    what = "1 notification" if count == 1 else f"{count} notifications"
    confirm_effect(f"{verb} {what}?", yes=yes)


def confirm_effect(question: str, *, yes: bool) -> None:
    """Ask a person whether something with legal effect shall be done. Raises: as `confirm`."""
    check_can_ask(yes=yes)
    if not yes:
        typer.confirm(f"{question} This has legal effect.", abort=True, err=True)
