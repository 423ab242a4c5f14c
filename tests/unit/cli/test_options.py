"""Instants on the command line: with a zone, and within the calendar in every zone."""

from __future__ import annotations

import pytest

from notigateway.cli.options import read_instant
from notigateway.errors import ConfigurationError


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-03-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_an_instant_that_cannot_be_is_refused_in_words(text: str) -> None:
    with pytest.raises(ConfigurationError, match="instant"):
        read_instant(text)
