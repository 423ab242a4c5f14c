"""Clients that were generated from contract 1.0 go on with the service of today, strict as they are.

`contract_1_0` holds what was published then. zeep reads strictly by default; CXF (JAXB) and Axis2 (ADB)
throw at an element that they do not expect. Each is also shown an answer of 1.1: so these tests can fail.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import zeep
from lxml import etree
from zeep.exceptions import XMLParseError
from zeep.plugins import Plugin

from contracts import CONTRACT_1_0
from interop.clients import RUN_SECONDS, build_with_maven, need, not_here
from interop.relay import relaying
from notigateway.contract.versions import LATEST
from notigateway.wss.ns import soap
from pki import COMPANY_NAME
from stack import ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    # The fixtures come from conftest.py beside this file.
    from interop.conftest import Served
    from stack import Stack

OLD_CLIENTS = CONTRACT_1_0.parent / "old_clients"
READ = {
    "ListNotifications": "read 2",
    "AcceptNotifications": "read accepted",
    "RetrieveNotifications": "read acto-1.pdf",
    "RetrieveReceipts": "read accepted",
}


# --- zeep, strict ---------------------------------------------------------------------------------


class Stating(Plugin):
    """States a version in the name of a client that knows of none; for as long as it has one to state."""

    version: str | None = None

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:  # noqa: ANN401, ARG002
        """Add the version to what is asked, before it is signed."""
        if self.version is not None:
            (body,) = envelope.iterchildren(soap("Body"))
            namespace = etree.QName(body[0]).namespace
            etree.SubElement(body[0], f"{{{namespace}}}contractVersion").text = self.version
        return envelope, http_headers


@pytest.fixture
def stating() -> Stating:
    return Stating()


@pytest.fixture
def connect(served: Served, sample: ModuleType, stating: Stating) -> Callable[[str, str, str], Any]:
    """Give what makes a client from an old contract: its name, the address, and who calls."""

    def made(contract: str, url: str, holder: str) -> Any:  # noqa: ANN401  (zeep has no types)
        signature = sample.GatewaySignature(*served.files(holder), service=served.service_certificate)
        client: Any = zeep.Client(  # type: ignore[no-untyped-call]
            str(CONTRACT_1_0 / f"{contract}.wsdl"), wsse=signature, plugins=[stating]
        )
        client.service._binding_options["address"] = url
        return client.service

    return made


def test_an_old_strict_zeep_reads_what_the_service_answers(
    served: Served, connect: Callable[[str, str, str], Any]
) -> None:
    one, two = (str(served.stack.publish(name)) for name in "AB")
    service = connect("notigateway-v1", served.url, "company_seal")
    assert [row.id for row in service.ListNotifications().notification] == [one, two]
    assert [row.notification.code for row in service.ListChanges().change] == [1, 2]
    (item,) = service.AcceptNotifications(id=[one])
    assert (item.outcome, item.decision.party.name) == ("decided", COMPANY_NAME)
    (item,) = service.RejectNotifications(id=[two], reason="No procede")
    assert item.decision.state == "rejected"
    (item,) = service.RetrieveNotifications(id=[one])
    assert [document.name for document in item.document] == ["acto-1.pdf"]
    (item,) = service.RetrieveReceipts(id=[one])
    assert [receipt.state for receipt in item.receipt] == ["available", "accepted", "read"]
    assert service.GetHistory(id=one).event[-1].signer.name == COMPANY_NAME
    assert service.Ping().contractVersion == "1.0"


def test_an_old_strict_zeep_fails_at_an_answer_that_it_did_not_ask_for(
    served: Served, connect: Callable[[str, str, str], Any], stating: Stating
) -> None:
    one = str(served.stack.publish())
    service = connect("notigateway-v1", served.url, "company_seal")
    stating.version = str(LATEST)
    for call in (
        service.ListNotifications,
        service.ListChanges,
        lambda: service.AcceptNotifications(id=[one]),
        lambda: service.RetrieveNotifications(id=[one]),
        lambda: service.GetHistory(id=one),
        service.Ping,
    ):
        with pytest.raises(XMLParseError, match="Unexpected element"):
            call()


def test_an_old_strict_zeep_of_an_issuing_body_reads_what_became_of_its_acts(
    served: Served, connect: Callable[[str, str, str], Any], stating: Stating
) -> None:
    one = served.stack.publish("A")
    served.stack.accept(one)
    url = served.url.replace("/v1", "/issuing/v1")
    service = connect("notigateway-issuing-v1", url, "issuer")
    (outcome,) = service.ListOutcomes(issuerId=ISSUER).outcome
    assert (outcome.reference, outcome.decision.party.name) == ("A", COMPANY_NAME)
    (item,) = service.CancelNotifications(issuerId=ISSUER, cancellation=[{"reference": "A"}])
    assert item.decision.state == "accepted"
    stating.version = str(LATEST)
    with pytest.raises(XMLParseError, match="Unexpected element"):
        service.ListOutcomes(issuerId=ISSUER)


# --- CXF and Axis2 --------------------------------------------------------------------------------


@pytest.fixture
def said(sqlite_stack: Stack) -> dict[str, dict[str, str]]:
    """Let both clients call all they know, in one process; what each said of each call."""
    need(not_here("java", "mvn"))
    jar = build_with_maven(OLD_CLIENTS, "old-clients", CONTRACT_1_0)
    ids = [str(sqlite_stack.publish(name)) for name in "AB"]
    with relaying(sqlite_stack) as plain, relaying(sqlite_stack, str(LATEST)) as asking:
        command = ("java", "-XX:TieredStopAtLevel=1", "-jar", str(jar), plain, asking, *ids)
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, dict[str, str]] = {}
    for who, operation, result in (line.split(" ", 2) for line in done.stdout.splitlines()):
        found.setdefault(who, {})[operation] = result
    return found


@pytest.mark.interop
def test_old_cxf_and_old_axis2_read_what_they_asked_for_and_fail_at_what_they_did_not(
    said: dict[str, dict[str, str]],
) -> None:
    assert said["cxf"] == {**READ, "ListChanges": "read 2"}
    assert said["axis2"] == {**READ, "ListChanges": "read 3"}  # the other one's acceptance, too
    for who, words in (("cxf", "unexpected element"), ("axis2", "Unexpected subelement")):
        later = said[f"{who}-{LATEST}"]
        assert later.keys() == said[who].keys()
        failed = {operation for operation, result in later.items() if words in result}
        # Receipts have no field of 1.1 so far.
        assert failed == later.keys() - {"RetrieveReceipts"}
