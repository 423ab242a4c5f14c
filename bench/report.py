"""What a run of `make bench` has found: written as JSON, and compared with an earlier one.

Compared are ratios alone, of costs to the yardstick beside them: milliseconds are a machine's. Greater is
worse.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.beside import Beside
    from bench.measure import Cpu
    from bench.pages import Line

# By how much a ratio may be worse than in the committed report.
TOLERANCE: Final = 1.2


@dataclass(frozen=True, slots=True)
class Report:
    """The ratios by their names, and where they were measured."""

    python: str
    processor: str
    rsa_2048_ms: float
    ratios: dict[str, float]

    @classmethod
    def of(cls, yardstick: Cpu, lines: list[Line], sealed: dict[str, float], beside: list[Beside]) -> Report:
        """Gather what was measured; `sealed` are ratios to ECDSA, by their names."""
        ratios = {f"{line.name}, x RSA-2048": line.ratio for line in lines}
        ratios |= {f"{name}, x ECDSA P-256": ratio for name, ratio in sealed.items()}
        own = {one.rows: one.median for one in beside if one.server == beside[0].server}
        for one in beside:
            if one.server != beside[0].server:
                ratios[f"page of {one.rows:,}, x {one.server}"] = own[one.rows] / one.median
        return cls(platform.python_version(), _processor(), yardstick.median, ratios)

    @classmethod
    def read(cls, file: Path) -> Report:
        """Read one. Raises: `SystemExit` where there is none, or what is there is another thing."""
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise SystemExit(f"{file}: {error}") from error

    def write(self, file: Path) -> None:
        """Write it, four digits each: more are chance."""
        rounded = {name: float(f"{ratio:.4g}") for name, ratio in self.ratios.items()}
        found = asdict(self) | {"ratios": rounded, "rsa_2048_ms": round(self.rsa_2048_ms, 3)}
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")

    def beside(self, earlier: Report) -> Iterator[tuple[str, float, float]]:
        """Yield each ratio that both have: its name, the earlier one and this one."""
        for name, ratio in earlier.ratios.items():
            if name in self.ratios:
                yield name, ratio, self.ratios[name]


def is_worse(earlier: float, now: float) -> bool:
    """Tell whether a ratio has become worse by more than machines differ."""
    return now > earlier * TOLERANCE


def _processor() -> str:
    """Return the processor's name, as Linux has it."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123  (no regular file)
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()
