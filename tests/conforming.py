"""The conformance kit as the tests run it: against a sandbox, quietly."""

from __future__ import annotations

import base64
import os
import sys
from typing import TYPE_CHECKING

import pytest

from notigateway.conformance.arranging import Options, arranged
from notigateway.conformance.cli import main
from notigateway.conformance.first_question import check_asked
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.performing import perform
from notigateway.conformance.steering import Steering
from notigateway.conformance.verdict import NothingToAskError, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mutants import Contract
    from notigateway.conformance.verdict import Report


def report_on(
    base: str,
    contract: Contract = "v1",
    *,
    only: Collection[str] = (),
    but: Collection[str] = (),
    in_place: bool = False,
) -> Report:
    """Make the checks, and return what came of them: in a world of their own, or in the one that is there."""
    checks = [one for one in chosen_checks(contract, only) if not {one.identifier, one.group} & set(but)]
    url = address_of(base, contract) if in_place else None
    with arranged(Options(url=url, sandbox=base, contract=contract)) as target:
        return perform(checks, target, told=lambda _: None)


def address_of(base: str, contract: Contract) -> str:
    """Return the address of a contract in the world at a base."""
    steering = Steering(base)
    try:
        return str(steering.world()["wscn" if contract == "wscn" else "url"])
    finally:
        steering.close()


def options_of(world: Steering, folder: Path, *more: str) -> Options:
    """Return what somebody says at the command line who knows nothing of a sandbox.

    In the folder there are the files of these holders, and of `more`.
    """
    told = world.certificates()
    for name in ("company", "person", "issuer", *more):
        (folder / f"{name}.p12").write_bytes(base64.b64decode(told["holders"][name]["p12"]))
    for name in ("service", "seal", "passphrase"):
        (folder / name).write_text(told[name])
    return Options(
        url=str(world.world()["url"]),
        p12=folder / "company.p12",
        second_p12=folder / "person.p12",
        password_file=folder / "passphrase",
        server_cert=[folder / "service"],
        seal_cert=[folder / "seal"],
    )


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Return with what the command ends."""
    monkeypatch.setattr(sys, "argv", ["notigateway-conformance", *arguments])
    before = os.umask(0o077)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        os.umask(before)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def ended_early(base: str, contract: Contract) -> str:
    """Return why the first question ends a run in the world at a base; "" where the checks are made."""
    with arranged(Options(url=address_of(base, contract), sandbox=base, contract=contract)) as target:
        try:
            check_asked(target)
        except NothingToAskError as error:
            return error.detail
    return ""


def failed(report: Report) -> dict[str, str]:
    """Return the identifiers of what failed, each with why."""
    return {one.check.identifier: one.reason for one in report.findings if one.verdict is Verdict.FAILED}


def skipped(report: Report) -> dict[str, str]:
    """Return the identifiers of what could not be asked, each with why."""
    return {one.check.identifier: one.reason for one in report.findings if one.verdict is Verdict.SKIPPED}
