"""`notigateway monitor`: follow a log by HTTP alone, verify all of it, and tell a split view."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError, GatewayError

if TYPE_CHECKING:
    from notigateway.monitor.following import Followed, Trusted
    from notigateway.tlog.split_view import SplitViewError

_IN_ORDER: Final = 0
_WRONG: Final = 1
_UNKNOWN: Final = 2
_SPLIT: Final = 3
_UNSIGNED: Final = "so it would prove nothing against who runs the log"


def monitor(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where the log is read: https://…/notigateway/log.")
    ],
    trust: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder with seals/ (the gateway's seal certificates), and optionally witnesses.toml.",
        ),
    ],
    state: Annotated[
        Path, typer.Option(metavar="FILE", help="What is remembered between runs; made where it is missing.")
    ],
    head: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A signed head of this log from elsewhere, to be compared with it."
        ),
    ] = None,
    accept_name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The name under which a restored log goes on: you have asked who runs it."
        ),
    ] = None,
    cosigned_within: Annotated[
        int,
        typer.Option(
            min=60, metavar="SECONDS", help="For so long heads may be without the cosignatures they need."
        ),
    ] = 7200,
    every: Annotated[
        int,
        typer.Option(
            min=0, max=86_400, help="Go on, every so many seconds, until something is wrong; 0: once."
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for each run.")] = False,
) -> None:
    """Follow the log of a gateway from where the last run stopped: every head, every entry, every tile.

    Exit codes: 0 all is in order; 1 the log serves something wrong; 2 it cannot be told, as while the log is
    away, has a new name or is not cosigned; 3 a split view, whose evidence is written beside the state.
    """
    from notigateway.evidence.history import load_seals
    from notigateway.monitor.following import Trusted
    from notigateway.tlog.quorum import load_quorum

    if not url.startswith(("http://", "https://")):
        raise ConfigurationError("URL: write https://HOST/notigateway/log, or http://")
    trusted = Trusted(load_seals(trust / "seals"), load_quorum(trust))
    if not trusted.seals:
        raise ConfigurationError(f"there is no seal certificate in {trust / 'seals'}")
    if not state.parent.is_dir():
        raise ConfigurationError(f"there is no folder {state.parent}, in which the state would be kept")
    while True:
        code, said = _run(url, trusted, state, Asked(head or [], accept_name, cosigned_within))
        typer.echo(
            json.dumps(said, ensure_ascii=False) if as_json else harmless(said["said"]),
            err=code != _IN_ORDER and not as_json,
        )
        if not every or code in {_WRONG, _SPLIT}:
            raise typer.Exit(code)
        time.sleep(every)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked beside following: heads to compare, a name to accept, how long may be lacking."""

    heads: list[Path]
    accept_name: str | None
    cosigned_within: int


def _run(url: str, trusted: Trusted, state: Path, asked: Asked) -> tuple[int, dict[str, Any]]:
    """Follow the log once; return the exit code, and what there is to say."""
    from notigateway.monitor.following import Following, OtherNameError
    from notigateway.monitor.remembered import recall, remember
    from notigateway.monitor.source import Source, UnreachableError, WrongError
    from notigateway.tlog.kept_head import signed_head_in
    from notigateway.tlog.split_view import SplitViewError

    with Source(url) as source:
        now = datetime.now(UTC)
        following = Following(source, trusted, lambda known: remember(state, known), now=now)
        try:
            try:
                kept = [signed_head_in(file, _UNSIGNED) for file in asked.heads]
                others = [following.read(one.note, one.where) for one in kept if one.note is not None]
            except WrongError as error:  # that says nothing about the log
                raise UnreachableError(str(error)) from error
            found = following.follow(recall(state), others=others, accepted_name=asked.accept_name)
        except SplitViewError as view:
            file = _write(view, state)
            return _SPLIT, {
                "outcome": "split view",
                "said": f"{view}; evidence: {file}. Ask who runs the log whether a backup was restored",
                "evidence": str(file),
            }
        except WrongError as wrong:
            return _WRONG, {"outcome": "wrong", "said": str(wrong)}
        except (UnreachableError, OtherNameError) as lack:
            return _UNKNOWN, {"outcome": "indeterminate", "said": str(lack)}
        except GatewayError as error:
            return _UNKNOWN, {"outcome": "indeterminate", "said": f"{error.code}: {error.detail}"}
    said = _in_order(found)
    if not found.is_overdue(now, timedelta(seconds=asked.cosigned_within)):
        return _IN_ORDER, said
    overdue = "so for too long: are the witnesses asked? Until they are, a split view would be seen by nobody"
    return _UNKNOWN, said | {"outcome": "indeterminate", "said": f"{said['said']}; {overdue}"}


def _in_order(found: Followed) -> dict[str, Any]:
    said = f"{found.seen.head.origin}: {found.seen.head.size} entries, {found.new} of them new, all in order"
    line: dict[str, Any] = {
        "outcome": "in order",
        "origin": found.seen.head.origin,
        "size": found.seen.head.size,
        "new": found.new,
    }
    if found.quoted:
        said += f"; the new name is accepted: {found.quoted}"
    if found.counted is not None:
        said += f"; cosigned by {found.counted.words}"
        line["cosigned_by"] = sorted(found.counted.seen)
        line["is_cosigned"] = found.counted.is_enough
    return line | {"said": said}


def _write(view: SplitViewError, state: Path) -> Path:
    """Write the evidence beside the state, and never over other evidence; return the file."""
    from notigateway.private_files import write_new

    data = (json.dumps(view.evidence, ensure_ascii=False, indent=1) + "\n").encode()
    file = state.with_name(f"{state.name}.split-view-{view.name}.json")
    with suppress(FileExistsError):
        write_new({file: data})
    return file
