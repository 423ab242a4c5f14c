"""`notigateway-client` speaks every operation of the contract: representation, powers, delivery, the log."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from lxml import etree
from typer.testing import CliRunner

from notigateway.cli.commands import program
from notigateway.client import NotificationClient
from notigateway.client.cli import app
from notigateway.client.errors import ClientError, GatewayFaultError, NotConfirmedError
from notigateway.published import published_folder
from notigateway.sandbox.process import Running, running
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.once

# Each operation of the contract, and the command by which it is asked for.
COMMANDS = {
    "Ping": "ping",
    "ListNotifications": "list",
    "RetrieveNotifications": "retrieve",
    "RetrieveDocument": "retrieve",
    "AcceptNotifications": "accept",
    "RejectNotifications": "reject",
    "RetrieveReceipts": "receipt",
    "ListChanges": "changes",
    "GetSummary": "summary",
    "GetHistory": "history",
    "GetLogHead": "log head",
    "ProveConsistency": "log consistency",
    "ListRepresentations": "representations",
    "UnassignRed": "red unassign",
    "ReassignRed": "red reassign",
    "SetReceivingAlone": "red alone",
    "GrantPower": "power grant",
    "AcceptPower": "power accept",
    "MakeResponsibleStatement": "power state",
    "RenouncePower": "power renounce",
    "RevokePower": "power revoke",
    "ExtendPower": "power extend",
    "CertifyPower": "power certify",
    "ListPowers": "power list",
    "ListMatters": "matters",
    "GetDeliveryChannel": "channel show",
    "SetDeliveryChannel": "channel set",
    "GetContacts": "contacts get",
    "SetContacts": "contacts set",
    "MarkNotifications": "mark",
    "GrantUser": "users grant",
    "ListUsers": "users list",
    "EndUser": "users end",
    "Subscribe": "subscriptions add",
    "ListSubscriptions": "subscriptions list",
    "Unsubscribe": "subscriptions remove",
    "ListDeadDeliveries": "subscriptions dead",
    "ReplayDeliveries": "subscriptions replay",
}
WITH_EFFECT = ("accept", "reject", "red unassign", "red reassign", "red alone", "channel set")
ON_POWERS = ("grant", "accept", "state", "renounce", "revoke", "extend")


class Said(NamedTuple):
    out: str
    error: BaseException | None

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox"), "--notifications", "30") as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Running) -> Callable[..., Said]:
    def run(who: str, command: str, *options: str) -> Said:
        connection = {
            "--url": sandbox.url,
            "--p12": str(sandbox.pki.holder(who).p12),
            "--password-file": str(sandbox.pki.passphrase),
            "--server-cert": str(sandbox.pki.certificate("service")),
            "--seal-cert": str(sandbox.pki.certificate("seal")),
        }
        words = [word for pair in connection.items() for word in pair]
        found = CliRunner().invoke(app, [*words, *command.split(), *options])
        error = None if isinstance(found.exception, SystemExit) else found.exception
        assert error is not None or found.exit_code == 0, found.output
        return Said(found.stdout, error)

    return run


def test_the_day_of_a_bureau_works_as_written(
    sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of the document, in its order and with its files."""
    told = (Path(__file__).parents[2] / "docs/gestorias.md").read_text(encoding="utf-8")
    pki = sandbox.pki
    connection = {
        "url": sandbox.url,
        "p12": str(pki.holder("representative").p12),
        "password_file": str(pki.passphrase),
        "server_cert": [str(pki.certificate("service"))],
        "seal_cert": [str(pki.certificate("seal"))],
    }
    files = {
        "client.toml": "\n".join(f"{name} = {json.dumps(value)}" for name, value in connection.items()),
        "asignaciones.csv": re.findall(r"```csv\n(.*?)```", told, re.DOTALL)[0],
        "politica.toml": re.findall(r"```toml\n(.*?)```", told, re.DOTALL)[0],
        "clientes.txt": "# uno por línea\nb12345674\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIGATEWAY_CLIENT_CONFIG", "client.toml")
    monkeypatch.setenv("NOTIGATEWAY_SETTINGS", str(pki.passphrase.parents[2] / "notigateway.toml"))
    lines = re.findall(
        r"^\$ (.+)$", "".join(re.findall(r"```console\n(.*?)```", told, re.DOTALL)), re.MULTILINE
    )
    code = "none yet"
    for line in lines:
        name, *words = shlex.split(line)
        if words[0] == "follow" and "--once" not in words:
            words.append("--once")  # else it goes on
        ours = app if name == "notigateway-client" else program([words[0]])
        found = CliRunner().invoke(ours, [code if one == "CODIGO" else one for one in words])
        assert found.exit_code == 0, f"{line}: {found.output}{found.exception}"
        if words[0] == "list" and "--state" in words:
            code = found.stdout.splitlines()[1].split()[0]
    assert all((tmp_path / one).stat().st_size for one in ("informe.html", "dia.xlsx"))


def help_of(command: str) -> str:
    found = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert found.exit_code == 0, command
    return found.output


def test_every_operation_of_the_contract_has_a_command() -> None:
    wsdl = etree.parse(published_folder("wsdl") / "notigateway-v1.wsdl")
    found = set(wsdl.xpath("//*[local-name()='portType']/*[local-name()='operation']/@name"))
    assert set(COMMANDS) == found
    for command in sorted(set(COMMANDS.values())):
        assert "--json" in help_of(command), command


def test_the_table_of_the_documentation_is_complete() -> None:
    told = (Path(__file__).parents[2] / "docs/integration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `notigateway-client ([a-z ]+)` \| `(\w+)` \|$", told, re.MULTILINE)
    assert COMMANDS.items() <= {operation: command for operation, command, _ in rows}.items()
    assert [method for *_, method in rows if not hasattr(NotificationClient, method)] == []


@pytest.mark.parametrize("command", [*WITH_EFFECT, *(f"power {one}" for one in ON_POWERS)])
def test_what_has_an_effect_asks_or_needs_yes(command: str) -> None:
    text = help_of(command)
    assert "--yes" in text
    assert "legal effect" in text


def test_a_subscription_is_added_listed_and_removed(run: Callable[..., Said]) -> None:
    (made,) = run("company", "subscriptions add", "https://127.0.0.1:9443/hook", "--json").json
    assert (made["kind"], made["waiting"]) == ("webhook", 0)
    named = made["subscription_id"]
    assert named in run("company", "subscriptions list").out
    assert "none" in run("company", "subscriptions dead", named).out
    assert run("company", "subscriptions replay", named, "--json").json == [{"replayed": 0}]
    (ended,) = run("company", "subscriptions remove", named, "--json").json
    assert ended["ended"] == "unsubscribed"


def test_a_power_lives_from_its_grant_to_its_end(run: Callable[..., Said], tmp_path: Path) -> None:
    catalogue = run("company", "matters", "--json").json
    group = next(one for matter in catalogue for one in matter["groups"])["code"]
    procedures = [one["code"] for matter in catalogue for one in matter["procedures"]]
    granted = run(
        *("person", "power grant", "--attorney", "00000001R", "--attorney-name", "Rosa"),
        *("--scope", "procedure", "--item", f"group:{group}", "--item", f"procedure:{procedures[0]}"),
        *("--expires", "2030-01-01T00:00:00+01:00", "--yes", "--json"),
    )
    (power,) = granted.json
    assert (power["state"], power["awaits"]) == ("pending", ["acceptance"])
    one = power["power_id"]
    assert one in run("person", "power list").out
    renounced = run("person", "power revoke", one, "--item", f"group:{group}", "--yes", "--json").json[0]
    assert [item["state"] for item in renounced["items"]].count("revoked") == 1
    file = tmp_path / "power.xml"
    (certified,) = run("person", "power certify", one, "--output", str(file), "--json").json
    assert certified["file"] == str(file)
    assert file.read_bytes().startswith(b"<")
    early = run("person", "power extend", one, "--expires", "2031-01-01T00:00:00Z", "--yes").error
    assert isinstance(early, GatewayFaultError)
    assert early.code == "POWER_NOT_IN_FORCE"
    assert "revoked" in run("person", "power revoke", one, "--yes").out
    unknown = run("company", "power accept", "0" * 8 + "-0000-7000-8000-" + "0" * 12, "--yes").error
    assert isinstance(unknown, ClientError)


def test_red_is_taken_away_and_given_back(run: Callable[..., Said]) -> None:
    *_, own = run("company", "representations", "--json").json
    (assignment, *_) = own["red_assignments"]
    one = assignment["assignment_id"]
    assert isinstance(run("company", "red unassign", one).error, NotConfirmedError)
    (ended,) = run("company", "red unassign", one, "--yes", "--json").json
    assert ended["ends_at"] is not None
    assert run("company", "representations", "--json").json[-1]["red_opted_out_since"] is not None
    assert "you receive alone since" in run("company", "representations").out
    (back,) = run("company", "red reassign", one, "--yes", "--json").json
    assert back["ends_at"] is None
    assert run("company", "red alone", "on", "--yes", "--json").json[0]["receiving_alone"]
    assert run("company", "red alone", "off", "--yes").out.split()[-1] == "no"


def test_the_channel_is_shown_and_chosen(run: Callable[..., Said]) -> None:
    (shown,) = run("company", "channel show", "--json").json
    assert shown["obliged"]
    refused = run("company", "channel set", "postal", "--yes").error
    assert isinstance(refused, GatewayFaultError)
    (chosen,) = run("person", "channel set", "electronic", "--yes", "--json").json
    assert chosen["channel"] == "electronic"


def test_everybody_says_where_it_is_told(run: Callable[..., Said]) -> None:
    assert "you are told nowhere" in run("representative", "contacts get").out
    (said,) = run("representative", "contacts set", "ana@example.org", "--deadline-days", "0", "--json").json
    assert (said["addresses"], said["deadline_days"]) == (["ana@example.org"], 0)
    both = run("person", "contacts set", "eva@example.org", "ana@example.org", "--language", "both")
    assert "eva@example.org, ana@example.org: immediate, both" in both.out
    shown = run("representative", "contacts get").out
    assert shown.splitlines() == ["ana@example.org: immediate, es", "not of deadlines"]
    refused = run("person", "contacts set", "ana@example.org,eva@example.org").error
    assert isinstance(refused, GatewayFaultError)
    assert refused.code == "CONTACT_INVALID"
    for wrong in ((), ("ana@example.org", "--none"), ("ana@example.org", "--language", "fr")):
        with pytest.raises(AssertionError, match="Usage"):
            run("person", "contacts set", *wrong)
    assert "you are told nowhere" in run("person", "contacts set", "--none").out
    assert run("representative", "contacts get", "--json").json == [said]


def test_the_log_tells_its_head_and_its_proofs(run: Callable[..., Said], tmp_path: Path) -> None:
    file = tmp_path / "head"
    said: dict[str, Any] = {"head": None}
    until = time.monotonic() + PATIENCE_SECONDS
    while said["head"] is None and time.monotonic() < until:  # a job writes the first one
        (said,) = run("company", "log head", "--output", str(file), "--json").json
    size = int(said["head"].splitlines()[1])
    assert file.read_text() == said["head"]
    (proof,) = run("company", "log consistency", "1", str(size), "--json").json
    assert (proof["old_size"], proof["new_size"]) == (1, size)
