"""CPU time of a call: what a machine must provide, however long the call waits."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Cpu:
    """Milliseconds of CPU per call, over all threads of the process."""

    median: float
    p90: float

    @classmethod
    def of(cls, calls: Iterable[Callable[[], object]]) -> Cpu:
        """Make each call once and keep the distribution; at least ten calls."""
        return cls.among(_cpu_of(call) for call in calls)

    @classmethod
    def among(cls, taken: Iterable[float]) -> Cpu:
        """Keep the distribution of what each call has taken, in milliseconds."""
        ordered = sorted(taken)
        return cls(statistics.median(ordered), statistics.quantiles(ordered, n=10)[-1])

    @classmethod
    def mean(cls, several: Iterable[Cpu]) -> Cpu:
        """Return the mean of what was measured at several times: a shared machine is not always as fast."""
        found = list(several)
        return cls(statistics.fmean(one.median for one in found), statistics.fmean(one.p90 for one in found))


def _cpu_of(call: Callable[[], object]) -> float:
    before = time.process_time_ns()
    call()
    return (time.process_time_ns() - before) / 1e6


def ecdsa_p256_private_operation() -> Cpu:
    """Measure the one operation that no sealed receipt can do without; a hundred at a time."""
    key = ec.generate_private_key(ec.SECP256R1())

    def hundred() -> None:
        for _ in range(100):
            key.sign(b"yardstick", ec.ECDSA(hashes.SHA256()))

    hundreds = Cpu.of(hundred for _ in range(30))
    return Cpu(hundreds.median / 100, hundreds.p90 / 100)


def rsa_2048_private_operation() -> Cpu:
    """Measure this machine's yardstick, the one operation no signed answer can do without.

    Ten at a time, since one is close to the clock's own cost.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def ten() -> None:
        for _ in range(10):
            key.sign(b"yardstick", padding.PKCS1v15(), hashes.SHA256())

    tens = Cpu.of(ten for _ in range(30))
    return Cpu(tens.median / 10, tens.p90 / 10)
