"""Programs for stacks without a whole sample: they ping, list and read a fault, and nothing false is read."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from interop import faults
from interop.anothers import ANOTHERS, FAULT_CODE
from interop.clients import (
    ROOT,
    SAMPLES,
    Client,
    JavaClient,
    Parties,
    build_in,
    build_with_maven,
    build_with_npm,
    is_older,
    need,
)
from interop.falsifiers import FALSIFIERS
from interop.matrix import FAULT, VERIFIED, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from interop.hostile import Hostile
    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
OPERATIONS = ("Ping", "ListNotifications", FAULT)


@cache
def build_gsoap() -> None:
    """Generate from the contract and compile."""
    folder = SAMPLES / "gsoap"
    made = folder / "build/gsoap-ping"
    if is_older(made, folder / "ping.c", folder / "build.sh", ROOT / "wsdl"):
        built = build_in(folder, "./build.sh")
        assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-4000:]


def _gsoap(url: str, parties: Parties) -> Sequence[str]:
    me = parties.company
    files = (me.key, me.certificate, parties.service)
    return [str(SAMPLES / "gsoap/build/gsoap-ping"), url, *map(str, files)]


def build_strong_soap() -> None:
    """Install what the program needs."""
    build_with_npm(SAMPLES / "strong-soap")


def _strong_soap(url: str, parties: Parties) -> Sequence[str]:
    me = str(parties.company.key).removesuffix(".key.pem")
    return ["node", str(SAMPLES / "strong-soap/ping.js"), url, me, str(parties.service)]


def _suds(url: str, parties: Parties) -> Sequence[str]:
    me = str(parties.company.key).removesuffix(".key.pem")
    return [sys.executable, str(SAMPLES / "suds/ping.py"), url, me, str(parties.service)]


def build_rampart() -> Path:
    """Compile the program, which generates nothing."""
    return build_with_maven(SAMPLES / "rampart", "notigateway-rampart")


def _rampart(url: str, parties: Parties) -> Sequence[str]:
    return [url, *map(str, (parties.company.p12, parties.passphrase, parties.service))]


PROGRAMS = (
    JavaClient("Axis2/Rampart", ("java", "mvn"), _rampart, build_rampart),
    Client("gSOAP", ("wsdl2h", "soapcpp2", "gcc", "pkg-config"), _gsoap, build_gsoap),
    Client("strong-soap", ("node", "npm"), _strong_soap, build_strong_soap),
    Client("suds", (), _suds),
)


@pytest.fixture(params=PROGRAMS, ids=lambda one: one.name)
def program(request: pytest.FixtureRequest) -> Client:
    found: Client = request.param
    need(found.missing())
    return found


def test_the_first_calls_are_answered_and_the_answers_verified(program: Client, sandbox: Running) -> None:
    done = program.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode == 0, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == dict.fromkeys(OPERATIONS, VERIFIED)


@pytest.mark.parametrize("kind", FALSIFIERS)
def test_what_the_service_did_not_sign_is_never_read(
    program: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    """The second answer is false: it ends the program, or the program reads what was signed."""
    with between.falsifying(FALSIFIERS[kind](sandbox.pki)):
        done = program.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert set(Shown.read(done.stdout).cells.values()) == {VERIFIED}, done.stdout


@pytest.mark.parametrize("kind", ANOTHERS)
def test_the_answer_to_another_request_is_never_read(
    program: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    with between.falsifying(ANOTHERS[kind](sandbox.pki)):
        done = program.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == {"Ping": VERIFIED}, done.stdout
    assert FAULT_CODE not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", faults.FALSIFIED)
def test_a_fault_that_the_service_did_not_sign_is_never_read(
    program: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    with between.falsifying(faults.FALSIFIED[kind](sandbox.pki)):
        done = program.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == {"Ping": VERIFIED}, done.stdout
    assert faults.FALSE_CODE not in done.stdout + done.stderr
