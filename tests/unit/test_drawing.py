"""What is drawn by chance: of the system's source, but in a sandbox."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from notigateway.drawing import draw_bits, draw_bytes, unsafe_drawn_from
from notigateway.uuids import uuid7

SOURCE = Path(__file__).parents[2] / "src/notigateway"
AT = datetime(2026, 6, 1, tzinfo=UTC)


def drawn(seed: int) -> tuple[object, ...]:
    with unsafe_drawn_from(random.Random(seed)):  # noqa: S311
        return uuid7(AT), draw_bits(40), draw_bytes(20)


def test_of_a_seed_the_same_is_drawn_and_outside_of_it_never() -> None:
    assert drawn(1) == drawn(1) != drawn(2)
    with unsafe_drawn_from(random.Random(1)):  # noqa: S311
        found: list[object] = []
        other = Thread(target=lambda: found.append(uuid7(AT)))
        other.start()
        other.join()
    assert found[0] not in {drawn(1)[0], uuid7(AT)}
    assert len({uuid7(AT) for _ in range(100)}) == 100


def test_only_a_sandbox_draws_from_a_seed() -> None:
    using = {
        file.relative_to(SOURCE).parts[0]
        for file in SOURCE.rglob("*.py")
        if "unsafe_drawn_from" in file.read_text("utf-8")
    }
    assert using == {"drawing.py", "sandbox"}
