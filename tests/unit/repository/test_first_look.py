"""A process that began before its database looks for it by itself, and not too often."""

from __future__ import annotations

import pytest

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.repository.first_look import FirstLook


def test_it_looks_every_second_until_it_has_seen_and_then_never_again() -> None:
    at = [0.0]
    looks: list[float] = []
    troubles: list[Exception] = [
        TemporarilyUnavailableError("away", part=Part.DATABASE),
        ConfigurationError("an old schema"),  # a migration brings it, without a new start
    ]

    def look() -> None:
        looks.append(at[0])
        if troubles:
            raise troubles.pop(0)

    first = FirstLook(look, monotonic=lambda: at[0])
    for instant, said in ((0.0, "away"), (0.9, "away"), (1.0, "an old schema"), (1.5, "an old schema")):
        at[0] = instant
        with pytest.raises(TemporarilyUnavailableError, match=said) as refused:
            first.check()
        assert refused.value.part is Part.DATABASE
    at[0] = 2.0
    first.check()
    first.check()
    assert looks == [0.0, 1.0, 2.0]
