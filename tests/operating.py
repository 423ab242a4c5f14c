"""The operator's program with all of its commands, as a help loads it."""

from __future__ import annotations

from typing import Final

from notigateway.cli.commands import program

app: Final = program()
