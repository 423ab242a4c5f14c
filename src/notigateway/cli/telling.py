"""How a command that fails tells it: one line, what and where; the trace only for who asks for it."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path
from typing import Final

import typer

from notigateway.contract.problems import said_of
from notigateway.errors import ConfigurationError, GatewayError
from notigateway.law.texts import is_a_line

TRACE_VARIABLE: Final = "NOTIGATEWAY_TRACE"
_OURS: Final = Path(__file__).parents[1]
# What a pool gives as the cause of an error that a process beside this one has sent: its trace, as text.
_BESIDE: Final = "_RemoteTraceback"
_FRAME: Final = re.compile(r'^  File "([^"\n]+)", line (\d+)', re.MULTILINE)


def tell(error: Exception, *, trace: bool) -> None:
    """Print what went wrong on standard error, in one line, after the trace where that was asked for."""
    if trace:
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    typer.echo(_line(error, traced=trace), err=True)


def _line(error: Exception, *, traced: bool) -> str:
    if isinstance(error, GatewayError):
        return _one_line(f"{error.code}: {said_of(error)}")
    if isinstance(error, OSError) and error.filename is not None:
        return _one_line(f"{ConfigurationError.code}: cannot use {error.filename}: {error.strerror}")
    # A defect, or a library's word for what nobody thought of.
    hint = "" if traced else f"; with {TRACE_VARIABLE}=1 before it the command prints the trace"
    return _one_line(f"UNEXPECTED: {type(error).__name__}: {error} (at {_place(error)}){hint}")


def _place(error: Exception) -> str:
    """Return where in our own source it happened: what a report of a defect needs."""
    frames = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    if type(error.__cause__).__name__ == _BESIDE:
        frames += _FRAME.findall(str(error.__cause__))
    ours = [(Path(name), line) for name, line in frames if Path(name).is_relative_to(_OURS)]
    if not ours:
        return "the start"
    name, line = ours[-1]
    return f"{name.relative_to(_OURS)}:{line}"


def _one_line(text: str) -> str:
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """Return a text with nothing in it that could steer a terminal, hide, or turn what is read.

    The names of files and of keys in them are written by whoever put them there.
    """
    return "".join(letter if is_a_line(letter) else ascii(letter)[1:-1] for letter in text)


def in_json(said: object) -> str:
    """Return what programs read, in one line, which says the same and does as little to a terminal."""
    text = json.dumps(said, ensure_ascii=False)
    return "".join(letter if is_a_line(letter) else json.dumps(letter)[1:-1] for letter in text)
