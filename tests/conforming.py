"""The conformance kit as the tests run it: against a sandbox, quietly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.conformance.arranging import Options, arranged
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.performing import perform
from notigateway.conformance.steering import Steering
from notigateway.conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

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


def failed(report: Report) -> dict[str, str]:
    """Return the identifiers of what failed, each with why."""
    return {one.check.identifier: one.reason for one in report.findings if one.verdict is Verdict.FAILED}


def skipped(report: Report) -> dict[str, str]:
    """Return the identifiers of what could not be asked, each with why."""
    return {one.check.identifier: one.reason for one in report.findings if one.verdict is Verdict.SKIPPED}
