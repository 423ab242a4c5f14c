"""Whatever becomes of a trial, its master hears of it in time."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from masters import World
from notigateway.errors import ConfigurationError, Part
from notigateway.provision import Provision
from notigateway.settings import load_settings
from notigateway.supervision.handing import packed, unpacked
from notigateway.supervision.trial import Outcome, try_start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def provision(tmp_path: Path, migrated_sqlite: Path) -> Provision:
    world = World(tmp_path, f"sqlite:///{migrated_sqlite}")
    return Provision.read(load_settings(world.settings_file), now=datetime.now(UTC))


def test_what_a_child_has_read_is_what_its_master_has(provision: Provision) -> None:
    found, rest = unpacked(packed(provision) + b"and this")
    assert found is not None
    assert rest == b"and this"
    for name in ("settings", "authorities", "certificates"):
        assert getattr(found, name) == getattr(provision, name)
    for name in ("service", "seal"):
        assert getattr(found, name).certificate == getattr(provision, name).certificate
    assert unpacked(packed(provision)[:-1]) == (None, packed(provision)[8:-1])


def test_reading_that_does_not_end_is_given_up() -> None:
    def hang() -> Provision:
        time.sleep(60)
        raise AssertionError

    began = time.monotonic()
    trial = try_start(hang, seconds=0.5)
    assert time.monotonic() - began < 10
    assert (trial.outcome, trial.provision) == (Outcome.REFUSED, None)
    assert "does a volume hang?" in trial.detail


def test_a_trial_that_was_killed_says_so_and_is_no_mistake_in_the_settings() -> None:
    def be_killed() -> Provision:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    trial = try_start(be_killed)
    assert (trial.outcome, trial.part) == (Outcome.SHORT, Part.MEMORY)
    assert trial.detail == "the trial was killed (SIGKILL): is there too little memory?"


def test_what_cannot_be_read_is_said_as_it_is() -> None:
    def refuse() -> Provision:
        raise ConfigurationError("no such thing")

    trial = try_start(refuse)
    assert (trial.outcome, trial.detail, trial.provision) == (Outcome.REFUSED, "no such thing", None)
