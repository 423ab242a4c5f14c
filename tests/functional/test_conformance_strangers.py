"""The conformance kit on what is not the service: it says so at once, and no check passes for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conforming import options_of
from not_the_service import STRANGERS, stranger
from notigateway.conformance.arranging import Options, arranged
from notigateway.conformance.first_question import check_asked
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.performing import perform
from notigateway.conformance.steering import Steering
from notigateway.conformance.verdict import NothingToAskError, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mutants import Contract
    from notigateway.conformance.verdict import Report
    from worlds import Sandboxed

pytestmark = pytest.mark.once

PATHS = {"v1": "/notigateway/v1", "wscn": "/INFRWSCN/WSCNService"}


@pytest.fixture(scope="module")
def world(sandboxed_once: Sandboxed) -> Iterator[Steering]:
    with sandboxed_once.world(notifications=1) as made:
        steering = Steering(made.base)
        yield steering
        steering.close()


def passed(report: Report) -> set[str]:
    return {one.check.identifier for one in report.findings if one.verdict is Verdict.PASSED}


def told(options: Options) -> str:
    """Return why nothing is asked of a service; "" where everything is."""
    with arranged(options) as target:
        try:
            check_asked(target)
        except NothingToAskError as error:
            return error.detail
    return ""


def report_unasked(options: Options) -> Report:
    """Make all checks, whoever it is that answers."""
    with arranged(options) as target:
        return perform(chosen_checks(options.contract), target, told=lambda _: None)


# --- no check passes for nothing ------------------------------------------------------------------


@pytest.mark.parametrize("contract", ["v1", "wscn"])
@pytest.mark.parametrize("name", STRANGERS)
def test_no_check_passes_where_no_service_is(
    world: Steering, tmp_path: Path, contract: Contract, name: str
) -> None:
    with stranger(name, PATHS[contract]) as address:
        options = replace(options_of(world, tmp_path), url=address, contract=contract, may_decide=True)
        report = report_unasked(options)
    assert passed(report) == set()
    assert report.count(Verdict.FAILED) > 60


@pytest.mark.parametrize("contract", ["v1", "wscn"])
def test_no_check_passes_by_what_the_sandbox_says_itself(
    sandboxed_once: Sandboxed, contract: Contract
) -> None:
    with (
        sandboxed_once.world(notifications=0) as made,
        stranger("another path", PATHS[contract]) as address,
    ):
        report = report_unasked(Options(url=address, sandbox=made.base, contract=contract))
    assert passed(report) == set()
    assert report.count(Verdict.SKIPPED) == 0


@pytest.mark.parametrize("contract", ["v1", "wscn"])
def test_of_a_caller_who_is_refused_only_what_comes_before_that_can_pass(
    world: Steering, tmp_path: Path, contract: Contract
) -> None:
    options = options_of(world, tmp_path, "expired")
    expired = tmp_path / "expired.p12"
    url = str(world.world()["wscn" if contract == "wscn" else "url"])
    report = report_unasked(
        replace(options, url=url, contract=contract, p12=expired, second_p12=expired, may_decide=True)
    )
    groups = {one.partition("-")[0] for one in passed(report) - {"WSCN-15"}}
    assert groups == {"HTTP", "XML", "SIG", "TIME", "CERT", "WRAP"}


# --- the first question ---------------------------------------------------------------------------


def test_the_service_is_asked_everything(world: Steering, tmp_path: Path) -> None:
    options = options_of(world, tmp_path)
    assert told(options) == ""
    wscn = str(world.world()["wscn"])
    assert told(replace(options, url=wscn, contract="wscn")) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a page", "HTTP 200, text/html"),
        ("no page", "HTTP 404, text/html"),
        ("nothing", "HTTP 200, no media type, no content"),
    ],
)
def test_where_no_soap_is_spoken_that_is_told(world: Steering, tmp_path: Path, name: str, said: str) -> None:
    with stranger(name) as address:
        options = replace(options_of(world, tmp_path), url=address)
        assert told(options) == f"no SOAP service answers at {address}: {said}"


def test_where_an_answer_leads_is_told(world: Steering, tmp_path: Path) -> None:
    with stranger("no page", location="https://notifications.example/") as address:
        said = told(replace(options_of(world, tmp_path), url=address))
    assert said.endswith("; it leads to https://notifications.example/")


def test_a_wrong_path_of_the_right_server_is_told(world: Steering, tmp_path: Path) -> None:
    options = options_of(world, tmp_path)
    assert options.url is not None
    address = f"{options.url}/more"
    assert told(replace(options, url=address)) == (
        f"the service at {address} says PATH_UNKNOWN: No service stands at this path."
    )


def test_a_certificate_that_is_not_the_signers_is_told_with_the_signers(
    world: Steering, tmp_path: Path
) -> None:
    said = told(replace(options_of(world, tmp_path), server_cert=[tmp_path / "seal"]))
    assert said.startswith("the answer is signed by another certificate than --server-cert: CN=")
    assert "service" in said
    assert len(said.rpartition("SHA-256 ")[2]) == 64


def test_a_service_that_calls_itself_otherwise_is_told_with_its_own_name(
    world: Steering, tmp_path: Path
) -> None:
    options = options_of(world, tmp_path)
    assert options.url is not None
    other = options.url.replace("127.0.0.1", "localhost")
    said = told(replace(options, url=other))
    assert said == (
        f"the service calls itself otherwise than {other} (ADDRESSING_INVALID): "
        f"give --public-url; its WSDL says {options.url}"
    )
    assert told(replace(options, url=other, public_url=options.url)) == ""


def test_another_contract_at_the_address_is_told(world: Steering, tmp_path: Path) -> None:
    said = told(replace(options_of(world, tmp_path), url=str(world.world()["wscn"])))
    assert "another contract is spoken" in said
    assert said.endswith("not urn:notigateway:v1; see --contract")


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ("expired", "CERTIFICATE_NOT_VALID_NOW"),
        ("revoked", "CERTIFICATE_REVOKED"),
        ("untrusted", "ISSUER_NOT_AUTHORISED"),
    ],
)
def test_a_caller_whom_the_service_refuses_is_told(
    world: Steering, tmp_path: Path, holder: str, code: str
) -> None:
    options = options_of(world, tmp_path, holder)
    assert told(replace(options, p12=tmp_path / f"{holder}.p12")).startswith(
        f"the caller is refused with {code}: The certificate "
    )


def test_whom_the_social_securitys_contract_does_not_know_is_told(world: Steering, tmp_path: Path) -> None:
    options = replace(options_of(world, tmp_path, "stranger"), p12=tmp_path / "stranger.p12")
    wscn = replace(options, url=str(world.world()["wscn"]), contract="wscn")
    assert "refused with CALLER_UNKNOWN" in told(wscn)
