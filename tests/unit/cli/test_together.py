"""What goes wrong in a process beside a command is told like what goes wrong in the command."""

from __future__ import annotations

import signal
from contextlib import nullcontext
from operator import truediv
from pathlib import Path
from typing import Any

import pytest

from notigateway.cli.telling import tell
from notigateway.cli.together import looked_in_order
from notigateway.log.leaves import look_apart


def looked(look: Any, portions: list[Any], *, opening: Any = nullcontext, settings: Any = None) -> list[Any]:  # noqa: ANN401
    return list(looked_in_order(portions, look, opening=opening, settings=settings, processes=1))


def test_a_defect_beside_is_told_with_its_own_place_and_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AttributeError) as caught:
        looked(look_apart, [range(3)])
    tell(caught.value, trace=False)
    assert "(at repository/" in capsys.readouterr().err
    tell(caught.value, trace=True)
    told = capsys.readouterr().err
    assert "in look_apart" in told
    assert told.splitlines()[-1].startswith("UNEXPECTED: AttributeError: ")


def test_what_cannot_be_opened_beside_is_no_sudden_end(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileNotFoundError):
        looked(truediv, [1], opening=Path.open, settings=Path("/nowhere"))
    assert capfd.readouterr().err == ""


def test_what_looks_beside_is_not_interrupted() -> None:
    assert looked(truediv, [2, 4], settings=8) == [4, 2]
    ((held, *_),) = looked(signal.pthread_sigmask, [()], settings=signal.SIG_BLOCK)
    assert held is signal.SIGINT
