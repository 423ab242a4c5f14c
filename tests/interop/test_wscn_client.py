"""Our own client speaks the Social Security's contract, from a command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from notigateway.client.cli import app
from notigateway.client.errors import GatewayFaultError, UnexpectedResponseError
from notigateway.client.wscn import namespace_at
from notigateway.errors import ConfigurationError
from notigateway.soap.wscn.environment import ENVIRONMENTS, TEST
from pki import COMPANY_NAME, COMPANY_NIF, pki, write_pem
from titles import accept_power, attorney, grant

if TYPE_CHECKING:
    from pathlib import Path

    # The fixture `served` comes from conftest.py beside this file.
    from interop.conftest import Served
    from notigateway.pki.keys import KeyPair
    from notigateway.soap.wscn.environment import Environment


def run(served: Served, environment: Environment, *words: str, pair: KeyPair | None = None) -> Result:
    key, certificate = write_pem(pair or pki().company_seal, served.service_certificate.parent, "caller")
    options = {
        "--contract": "wscn",
        "--url": served.url.replace("/notigateway/v1", environment.path),
        "--key": str(key),
        "--cert": str(certificate),
        "--server-cert": str(served.service_certificate),
    }
    return CliRunner().invoke(app, [word for option in options.items() for word in option] + list(words))


def lines(result: Result, exit_code: int = 0) -> list[dict[str, Any]]:
    assert result.exit_code == exit_code, (result.output, result.exception)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.service)
def test_the_whole_cycle(served: Served, environment: Environment, tmp_path: Path) -> None:
    served.stack.publish_many(103)
    found = lines(run(served, environment, "list", "--json"))
    assert [one["code"] for one in found] == list(range(1, 104))
    assert {one["state"] for one in found} == {0}
    folder = tmp_path / "inbox"
    done = lines(run(served, environment, "accept", "1", "2", "--yes", "--save", str(folder), "--json"))
    assert [(one["code"], one["number"]) for one in done] == [(1, 0), (2, 0)]
    assert (folder / "2.pdf").read_bytes() == b"%PDF-1.7 acto"
    (rejected,) = lines(run(served, environment, "reject", "3", "--yes", "--json"))
    assert (rejected["number"], rejected["file"]) == (0, "")
    (again,) = lines(run(served, environment, "accept", "3", "--yes", "--json"), 1)
    assert (again["number"], again["text"].split()[0]) == (136, "[ALREADY_DECIDED]")
    (seen,) = lines(run(served, environment, "view", "1", "--save", str(folder), "--json"))
    assert seen["sealed"] == done[0]["sealed"]
    shown = run(served, environment, "list", "--role", "own")
    assert shown.exit_code == 0
    assert "Notificada por aceptación" in shown.stdout


def test_an_attorney_lists_its_grantors_and_acts_for_one(served: Served) -> None:
    served.stack.publish()
    accept_power(served.stack, grant(served.stack))
    options: dict[str, Any] = {"pair": attorney()}
    assert lines(run(served, TEST, "grantors", "--json", **options)) == [
        {"identifier": COMPANY_NIF, "name": COMPANY_NAME}
    ]
    assert COMPANY_NAME in run(served, TEST, "grantors", **options).stdout
    as_attorney = ("--role", "attorney", "--grantor", COMPANY_NIF)
    (row,) = lines(run(served, TEST, "list", *as_attorney, "--json", **options))
    assert row["role"] == "attorney"
    (done,) = lines(run(served, TEST, "accept", "1", *as_attorney, "--yes", "--json", **options))
    assert done["number"] == 0
    refused = run(served, TEST, "list", "--role", "attorney", "--grantor", "00000001R", **options)
    assert isinstance(refused.exception, GatewayFaultError)
    assert refused.exception.code == "WSCN_109"


def test_a_stranger_is_told_our_code(served: Served) -> None:
    refused = run(served, TEST, "grantors", pair=pki().stranger)
    assert isinstance(refused.exception, GatewayFaultError)
    assert refused.exception.code == "CALLER_UNKNOWN"
    assert refused.exception.correlation_id


def test_what_is_wrong_on_the_command_line_is_named(served: Served) -> None:
    assert run(served, TEST, "list", "--role", "boss").exit_code == 2
    assert CliRunner().invoke(app, ["--contract", "dehu", "list"]).exit_code == 2
    with pytest.raises(ConfigurationError):
        namespace_at(served.url)
    assert UnexpectedResponseError("x").exit_code == 3
