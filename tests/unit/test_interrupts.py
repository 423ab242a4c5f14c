"""A process that is begun beside a program is never interrupted at the terminal, not even while it loads."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from notigateway.interrupts import kept_from_those_begun

if TYPE_CHECKING:
    from collections.abc import Iterator

_IS_HELD: Final = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
# As a pool of processes does it, in a program that has begun none before.
_POOL: Final = """
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from notigateway.interrupts import kept_from_those_begun
with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
    with kept_from_those_begun():
        held = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [])
    print(signal.SIGINT in held.result())
"""


def said_by(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_what_is_begun_is_not_interrupted() -> None:
    with kept_from_those_begun():
        held = said_by(_IS_HELD)
    assert (held, said_by(_IS_HELD)) == ("True\n", "False\n")
    assert said_by(_POOL) == "True\n"


@pytest.fixture
def _at_a_terminal() -> Iterator[None]:
    """Take an interruption, also where the tests run behind a `nohup` or a `&`, which ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_at_a_terminal")
def test_the_program_is_interrupted_afterwards() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), kept_from_those_begun():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        reached.append(True)
    assert reached
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
