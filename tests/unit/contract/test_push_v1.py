"""What subscribers are told by SOAP call-backs, and what of their answers is believed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from notigateway.contract.push_v1 import (
    Change,
    ConfirmSubscription,
    Event,
    TellChanges,
    check_told,
    read_confirmation,
    soap_action,
)
from notigateway.contract.writing import write
from notigateway.contract.xml import ContractError, Part
from notigateway.published import published_folder

ID = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
CHANGE = Change(code=1001, notification_id=ID, event_id=ID, state="accepted", position=7)
TOLD = TellChanges(
    subscription_id=ID,
    events=(
        Event(id=ID, type="notigateway.notification.accepted", time=NOW, change=CHANGE),
        Event(id=ID, type="notigateway.rights.changed", time=NOW),
    ),
)


def answer(content: str) -> bytes:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{soap}"><s:Body>{content}</s:Body></s:Envelope>'.encode()


@pytest.mark.parametrize("message", [TOLD, ConfirmSubscription(subscription_id=ID, challenge="a<b")])
def test_what_is_said_is_valid_by_the_published_schema(message: Part) -> None:
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-push-v1.xsd"))
    schema.assertValid(etree.fromstring(write(message)))


def test_the_published_actions_are_those_that_are_sent() -> None:
    root = etree.parse(published_folder("wsdl") / "notigateway-push-v1.wsdl").getroot()
    found = {one.get("soapAction") for one in root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}operation")}
    assert found == {soap_action(ConfirmSubscription), soap_action(TellChanges)}


def test_an_answer_of_the_contract_is_read() -> None:
    xmlns = 'xmlns="urn:notigateway:push:v1"'
    confirmed = answer(
        f"<ConfirmSubscriptionResponse {xmlns}><challenge>xyz</challenge></ConfirmSubscriptionResponse>"
    )
    assert read_confirmation(confirmed) == "xyz"
    check_told(answer(f"<TellChangesResponse {xmlns}/>"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + answer('<TellChangesResponse xmlns="urn:notigateway:push:v1"/>'),
        answer('<TellChangesResponse xmlns="urn:other"/>'),
        answer("<s:Fault><faultcode>s:Server</faultcode></s:Fault>"),
        answer('<ConfirmSubscriptionResponse xmlns="urn:notigateway:push:v1"/>'),
        answer("<a>" * 70 + "</a>" * 70),
        b" " * 70_000,
    ],
    ids=["empty", "html", "doctype", "namespace", "fault", "other", "deep", "large"],
)
def test_any_other_answer_says_that_nothing_was_taken(data: bytes) -> None:
    with pytest.raises(ContractError):
        check_told(data)
    with pytest.raises(ContractError):
        read_confirmation(data)
