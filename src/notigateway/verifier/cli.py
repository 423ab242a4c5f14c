"""`notigateway-verify`: a judge's command. Exit codes: 0 passed · 1 failed · 2 indeterminate."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from notigateway.collecting import collect_late
from notigateway.errors import GatewayError
from notigateway.verifier.report import EXIT_CODES, Outcome, Report, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAILED",
    Outcome.INDETERMINATE: "UNKNOWN",
    Outcome.SKIPPED: "-",
}
_NAME_COLUMN: Final = 20


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is not an instant such as 2035-11-23T09:00:00Z") from error
    raise typer.BadParameter(f"{text!r} does not say its zone; append Z for UTC")


app = typer.Typer(
    name="notigateway-verify", add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.command(
    help="Verify evidence bundles (also as ASiC-E), receipts (XML) or their sealed PDFs, without network or "
    "service.",
    epilog="Exit codes: 0 all passed; 1 one failed; 2 none failed and one is indeterminate, or it or DIR "
    "cannot be read.",
)
def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Bundles, receipts or PDFs.")],
    trust: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder with seals/ (the gateway's seal certificates), and optionally timestamp/ "
            "(authorities of time-stamps), issuers/ (of callers' certificates; for levels LT and LTA also of "
            "seals and authorities), witnesses.toml (of the log).",
        ),
    ],
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=_instant,
            metavar="INSTANT",
            help="Judge as of this instant: what is later counts for nothing. Now by default.",
        ),
    ] = None,
    require_level: Annotated[
        Literal["T", "LT", "LTA"] | None,
        typer.Option(
            help="T: a receipt without its time-stamp fails. LT: it must hold what shows that seal and "
            "time-stamp were good; LTA: under an archive time-stamp."
        ),
    ] = None,
    require_witnesses: Annotated[
        bool,
        typer.Option("--require-witnesses", help="Too few cosignatures on the log's head fail."),
    ] = False,
    request: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The signed request of the one FILE, to be compared and verified with it.",
        ),
    ] = None,
    algorithms: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A later table of until when algorithms count than the one of this version."
        ),
    ] = None,
    without_form: Annotated[
        bool,
        typer.Option(
            "--without-form",
            help="Leave a bundle's PDF alone: all else is verified, and its pages prove nothing.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one document for each file.")] = False,
) -> None:
    """Verify, print each step, exit with what they come to."""
    if request is not None and len(files) > 1:
        raise typer.BadParameter("a request belongs to one bundle: give one FILE", param_hint="--request")
    found = []
    for file in files:
        name = str(file) if len(files) > 1 else None
        try:
            report = _verify(
                file,
                trust,
                at=at,
                level=require_level,
                witnesses=require_witnesses,
                request=request,
                algorithms=algorithms,
                without_form=without_form,
            )
        except (OSError, GatewayError) as error:
            _print_unread(error, name, as_json=as_json)
            found.append(Outcome.INDETERMINATE)
            continue
        found.append(report.outcome)
        (_print_json if as_json else _print_steps)(report, name)
    worst = next((one for one in (Outcome.FAILED, Outcome.INDETERMINATE) if one in found), Outcome.PASSED)
    raise typer.Exit(EXIT_CODES[worst])


def _verify(
    file: Path,
    trust: Path,
    *,
    at: datetime | None,
    level: str | None,
    witnesses: bool,
    request: Path | None,
    algorithms: Path | None,
    without_form: bool,
) -> Report:
    """Verify a file. Raises: `ConfigurationError`, `OSError` where something given cannot be read."""
    from notigateway.evidence.algorithms import load_algorithms
    from notigateway.evidence.bundle import BUNDLE_MAX_BYTES
    from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
    from notigateway.given_files import read_file
    from notigateway.verifier.conclusion import NO_SEALS
    from notigateway.verifier.pins import load_trust
    from notigateway.verifier.procedure import verify

    pinned = load_trust(trust)
    report = verify(
        read_file(file, max_bytes=BUNDLE_MAX_BYTES),
        trust=pinned,
        at=at or datetime.now(UTC),
        # The clock of this machine is one more, and whoever names an instant has read none.
        ahead=CLOCKS_DIFFER_AT_MOST if at is None else timedelta(0),
        required_level=level,
        require_witnesses=witnesses,
        request=None if request is None else read_file(request, max_bytes=BUNDLE_MAX_BYTES),
        algorithms=None if algorithms is None else load_algorithms(algorithms),
        without_form=without_form,
    )
    if report.is_told_at_once and not pinned.seals:
        report.says = (
            f"{NO_SEALS}: there is none in {trust / 'seals'}; --trust names the folder that holds seals/"
        )
    return report


def _print_unread(error: OSError | GatewayError, name: str | None, *, as_json: bool) -> None:
    """Say what cannot be read: with `--json` there is a document all the same."""
    reason = _one_line(str(error))
    if as_json:
        _print_json(Report([Step("reading", Outcome.INDETERMINATE, reason)], says=reason), name)
    else:
        typer.echo(f"notigateway-verify: {reason}", err=True)


def _print_json(report: Report, name: str | None) -> None:
    """Print one document, on one line; its file's name stands in it where there are several.

    In ASCII, for a terminal of any kind: names of files need not be text.
    """
    said: dict[str, Any] = {} if name is None else {"file": name}
    said |= {
        "outcome": report.outcome,
        "says": report.says,
        "steps": [asdict(step) for step in report.steps],
    }
    typer.echo(json.dumps(said))


def _print_steps(report: Report, name: str | None) -> None:
    """Print a line for each step, what they come to in words, and the result, below the file's name.

    Steps that say the same, since one thing is missing, share a line. The name stands there where there are
    several files.
    """
    if name is not None:
        typer.echo(_one_line(name))
    if not report.is_told_at_once:
        for line in _lines(report):
            typer.echo(line)
    if report.says and (report.is_told_at_once or len(report.steps) > 1):  # else the one step has said it
        typer.echo(_one_line(report.says))
    typer.echo(f"result: {report.outcome}")


def _lines(report: Report) -> Iterator[str]:
    """Yield the lines of the steps; those that did not pass for one reason stand beside the first of them."""
    alike: dict[tuple[Outcome, str], list[str]] = {}
    for step in report.steps:
        alike.setdefault((step.outcome, step.reason), []).append(step.name)
    told: set[str] = set()
    for number, step in enumerate(report.steps, 1):
        if step.name in told:
            continue
        others = []
        if step.outcome is not Outcome.PASSED:
            others = [one for one in alike[step.outcome, step.reason] if one != step.name]
        told.update(others)
        said = f"{step.reason} (the same: {', '.join(others)})" if others else step.reason
        yield f"{number:>2} {step.name:<{_NAME_COLUMN}} {_WORDS[step.outcome]:<8} {_one_line(said)}"


def _one_line(text: str) -> str:
    """Return a text for a terminal: what is being verified may be anybody's bytes."""
    return "".join(one if one.isprintable() else " " for one in text)


def main() -> None:
    """Run the command."""
    collect_late()
    sys.exit(app(prog_name="notigateway-verify"))


if __name__ == "__main__":
    main()
