"""`notigateway-conformance`: what a service, or a client, does otherwise than the contract says.

Exit codes: 0 all that was asked passed · 1 something failed · 2 wrong usage, no such service, or nothing
could be asked.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from notigateway.collecting import collect_late
from notigateway.errors import ConfigurationError
from notigateway.private_files import keep_to_owner

if TYPE_CHECKING:
    from notigateway.conformance.kit import Check
    from notigateway.conformance.verdict import Finding, Report

_USAGE: Final = 2
_COMMANDS: Final = ("server", "client", "checks")

app = typer.Typer(
    name="notigateway-conformance",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Ask a service for everything that its contract says, or a client for what it owes to its user.",
    epilog="Exit codes: 0 all that was asked passed; 1 something failed; 2 wrong usage, no such service, or "
    "nothing could be asked.",
)

Contract = Annotated[Literal["v1", "wscn"], typer.Option(help="What the service speaks.")]
Sandbox = Annotated[
    str | None, typer.Option(metavar="BASE", help="The base address of a sandbox, whose clock may be moved.")
]
TokenFile = Annotated[
    Path | None, typer.Option(help="The sandbox's token.txt, if it listens beyond its machine.")
]
Only = Annotated[
    list[str] | None, typer.Option(help="Only this check, or this group: DEC, or DEC-01; may be repeated.")
]
Junit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as JUnit XML too.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as a page too.")]


@app.command("server", help="Ask a service; the word server may be left out before its address.")
def server_command(
    url: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="The service's address; without it --sandbox makes one."),
    ] = None,
    contract: Contract = "v1",
    public_url: Annotated[
        str | None, typer.Option(help="What the service calls itself, if not its address here.")
    ] = None,
    p12: Annotated[Path | None, typer.Option(help="The caller, in a PKCS #12 file.")] = None,
    key: Annotated[Path | None, typer.Option(help="The caller's private key.")] = None,
    cert: Annotated[Path | None, typer.Option(help="The caller's certificate.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password of the keys.")] = None,
    second_p12: Annotated[
        Path | None, typer.Option(help="Somebody else, who must not see what is the caller's.")
    ] = None,
    second_password_file: Annotated[
        Path | None, typer.Option(help="Its password, if it is another one.")
    ] = None,
    issuer_p12: Annotated[
        Path | None, typer.Option(help="An issuing body, which publishes what is tried; with --may-decide.")
    ] = None,
    issuer_password_file: Annotated[
        Path | None, typer.Option(help="Its password, if it is another one.")
    ] = None,
    issuer_id: Annotated[str | None, typer.Option(help="The DIR3 code of its unit.")] = None,
    issuing_url: Annotated[
        str | None, typer.Option(help="The address of the contract of issuing bodies, if not beside URL.")
    ] = None,
    server_cert: Annotated[
        list[Path] | None, typer.Option(metavar="<path>", help="Certificate that signs the answers.")
    ] = None,
    seal_cert: Annotated[
        list[Path] | None,
        typer.Option(metavar="<path>", help="Certificate that seals receipts, or a folder."),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Issuers of the TLS certificate, if not public.")
    ] = None,
    timeout_seconds: Annotated[float, typer.Option(min=1, help="How long to wait for an answer.")] = 60.0,
    sandbox: Sandbox = None,
    token_file: TokenFile = None,
    may_decide: Annotated[
        bool,
        typer.Option("--may-decide", help="Accept and reject what the caller has. This has legal effect."),
    ] = False,
    all_wrappings: Annotated[
        bool, typer.Option("--all-wrappings", help="Try every signature wrapping, not some of each kind.")
    ] = False,
    only: Only = None,
    junit: Junit = None,
    html: Html = None,
) -> None:
    """Make the checks, print a line for each, write the reports, exit with what they come to."""
    from notigateway.conformance.arranging import Options, arranged
    from notigateway.conformance.first_question import check_asked
    from notigateway.conformance.kit import chosen_checks
    from notigateway.conformance.performing import perform

    checks = chosen_checks(contract, only or ())
    if not checks:
        raise typer.BadParameter(f"{contract} has no such check; see the command checks", param_hint="--only")
    options = Options(
        url=url,
        contract=contract,
        public_url=public_url,
        p12=p12,
        key=key,
        cert=cert,
        password_file=password_file,
        second_p12=second_p12,
        second_password_file=second_password_file,
        issuer_p12=issuer_p12,
        issuer_password_file=issuer_password_file,
        issuer_id=issuer_id,
        issuing_url=issuing_url,
        server_cert=server_cert or (),
        seal_cert=seal_cert or (),
        ca_file=ca_file,
        timeout_seconds=timeout_seconds,
        sandbox=sandbox,
        token_file=token_file,
        may_decide=may_decide,
        all_wrappings=all_wrappings,
    )
    with arranged(options) as target:
        check_asked(target)
        report = perform(checks, target, told=_Telling())
    _finish(report, junit, html)


@app.command(
    "client",
    help="Ask a client: it is run, to accept what is there for it, in a sandbox where things go wrong.",
)
def client_command(
    command: Annotated[
        list[str],
        typer.Argument(
            metavar="-- COMMAND...",
            help="What runs the client; {url}, {key}, {cert}, {p12}, "
            "{passphrase}, {server_cert} and {seal_cert} in it are replaced.",
        ),
    ],
    sandbox: Annotated[str, typer.Option(metavar="BASE", help="The base address of a sandbox.")],
    token_file: TokenFile = None,
    contract: Contract = "v1",
    seconds: Annotated[float, typer.Option(min=1, help="How long one run of the client may take.")] = 120.0,
    pages_up_to: Annotated[
        int, typer.Option(min=2, help="How many notifications to publish at most, to have several pages.")
    ] = 300,
    only: Only = None,
    junit: Junit = None,
    html: Html = None,
) -> None:
    """Run the client once for each check, print a line for each, write the reports, exit as `server`."""
    from notigateway.conformance.arranging import a_world
    from notigateway.conformance.kit import chosen_checks
    from notigateway.conformance.performing import perform
    from notigateway.conformance.playing import playing

    checks = chosen_checks("client", only or ())
    if not checks:
        raise typer.BadParameter("there is no such check; see the command checks", param_hint="--only")
    with (
        a_world(sandbox, token_file) as steering,
        playing(steering, command, contract=contract, seconds=seconds, pages_up_to=pages_up_to) as play,
    ):
        report = perform(checks, play, told=_Telling())
    _finish(report, junit, html)


@app.command("checks", help="List every check: what is asked for, and where that stands.")
def checks_command(
    contract: Annotated[
        Literal["v1", "wscn", "client"], typer.Option(help="Of a service that speaks this, or of clients.")
    ] = "v1",
) -> None:
    """Print a line for each check of a contract."""
    from notigateway.conformance.kit import chosen_checks

    for one in chosen_checks(contract):
        typer.echo(f"{one.identifier:9}{one.asks} [{one.source}]{_needs(one)}")


def _needs(check: Check) -> str:
    return "".join(f"\n{'':9}needs {need.value}" for need in check.needs)


class _Telling:
    """Prints findings as they come, with the name of each group above its first."""

    def __init__(self) -> None:
        self._group = ""

    def __call__(self, finding: Finding) -> None:
        from notigateway.client.tables import shown
        from notigateway.conformance.terminal import heading_of, line_of

        if finding.check.group != self._group:
            self._group = finding.check.group
            typer.echo(heading_of(self._group))
        # what a service says may hold anything, also what moves a terminal
        typer.echo("\n".join(str(shown(line)) for line in line_of(finding).splitlines()))


def _finish(report: Report, junit: Path | None, html: Path | None) -> None:
    """Print the sum, write the files, exit. Raises: `ConfigurationError`."""
    from notigateway.conformance.html_page import html_of
    from notigateway.conformance.junit import junit_of
    from notigateway.conformance.terminal import sum_of

    typer.echo(sum_of(report))
    if junit is not None:
        _write(junit, junit_of(report))
    if html is not None:
        _write(html, html_of(report).encode())
    raise typer.Exit(report.exit_code)


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"cannot write {file}: {error.strerror}") from error


def main() -> None:
    """Run the command line; whatever stops it is one line on standard error and exit code 2."""
    collect_late()
    keep_to_owner()
    arguments = sys.argv[1:]
    if arguments and arguments[0] not in {*_COMMANDS, "--help"}:
        arguments = ["server", *arguments]
    try:
        app(arguments, prog_name="notigateway-conformance")
    except ConfigurationError as error:
        sys.stderr.write(f"notigateway-conformance: {error.detail}\n")
        sys.exit(_USAGE)


if __name__ == "__main__":
    main()
