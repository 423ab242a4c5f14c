"""`notigateway scenario`: have stories happen in a running sandbox, ready ones by name or those of a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

scenario = typer.Typer(help="List scenarios, and play one in a running sandbox.", no_args_is_help=True)

# A story takes as long as it takes, years may pass in it: only who does not answer at all is given up.
_CONNECT_SECONDS: Final = 20.0
_SHOWN_CHARS: Final = 160

Sandbox = Annotated[
    str,
    typer.Option(
        envvar="NOTIGATEWAY_SANDBOX_URL",
        help="Address of the sandbox or of a world in it: http://127.0.0.1:8080, http://127.0.0.1:8080/w/one.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(envvar="NOTIGATEWAY_SANDBOX_TOKEN", help="Its token, where it listens beyond its machine."),
]


@scenario.command("list")
def list_all(sandbox: Sandbox, token: Token = None) -> None:
    """List the ready ones: name, the rules and codes that it shows, title."""
    for one in _ask(sandbox, "GET", "scenarios", token)["scenarios"]:
        typer.echo("\t".join((one["name"], ",".join(one["shows"]), one["title"])))


@scenario.command()
def play(
    story: Annotated[str, typer.Argument(help="Name of a ready one, or a TOML file.", metavar="NAME|FILE")],
    sandbox: Sandbox,
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that each step gave.")] = False,
) -> None:
    """Have a scenario happen, and print what each step gave; exit 1 where one came to something else."""
    file = Path(story)
    said = {"steps": _steps(file)} if file.suffix == ".toml" or file.is_file() else {"name": story}
    steps = _ask(sandbox, "POST", "scenario", token, said)["steps"]
    if as_json:
        typer.echo(json.dumps(steps, ensure_ascii=False, indent=2))
        return
    for one in steps:
        result = json.dumps(one["result"], ensure_ascii=False)
        shown = result if len(result) <= _SHOWN_CHARS else result[: _SHOWN_CHARS - 1] + "…"
        typer.echo(f"{one['verb']}\t{shown}")


def _steps(file: Path) -> list[Any]:
    """Return the steps of a file; instants of TOML become texts. Raises: `ConfigurationError`."""
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from error
    steps = said.get("steps")
    if not isinstance(steps, list):
        raise ConfigurationError(f"{file} has no [[steps]]")
    plain: list[Any] = json.loads(json.dumps(steps, default=lambda one: one.isoformat()))
    return plain


def _ask(sandbox: str, method: str, path: str, token: str | None, said: Any = None) -> Any:  # noqa: ANN401
    import httpx

    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"{sandbox.rstrip('/').removesuffix('/_sandbox')}/_sandbox/{path}"
    patient = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    try:
        with httpx.Client(timeout=patient, trust_env=False, headers=headers) as client:
            answer = client.request(method, url, json=said)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"no sandbox answers at {sandbox}: {error}") from error
    if not answer.is_success:
        _refuse(answer)
    return answer.json()


def _refuse(answer: httpx.Response) -> NoReturn:
    """Say why the sandbox has refused it, and end with 1."""
    try:
        error = answer.json()["error"]
        said = f"{error['code']}: {error['detail']}"
        if error["code"] == "TOKEN_MISSING":
            said += "; here it is given by --token or NOTIGATEWAY_SANDBOX_TOKEN"
    except (ValueError, KeyError, TypeError):
        said = f"HTTP {answer.status_code}: is this the address of a sandbox?"
    typer.echo(said, err=True)
    raise typer.Exit(1)
