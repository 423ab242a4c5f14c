"""`notigateway`: the operator's command, one sub-command per file."""

from __future__ import annotations

import os
import sys

from notigateway.cli.commands import COMMANDS, program
from notigateway.cli.telling import TRACE_VARIABLE, tell
from notigateway.collecting import collect_late
from notigateway.private_files import keep_to_owner
from notigateway.telemetry import speak_beside_output


def main() -> None:
    """Run a command; whatever stops it is one clear line and exit code 2, with a trace for who asks."""
    collect_late()
    keep_to_owner()
    speak_beside_output()
    try:
        # Help, a mistyped name and completion need all of them.
        named = [name for name in sys.argv[1:2] if name in COMMANDS]
        program(named or COMMANDS)()
    except Exception as error:  # noqa: BLE001 - an operator at a terminal is told, never shown a traceback
        tell(error, trace=bool(os.environ.get(TRACE_VARIABLE)))
        sys.exit(2)


if __name__ == "__main__":
    main()
