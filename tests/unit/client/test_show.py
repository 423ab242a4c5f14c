"""What the command line says of who acted: who held the title, by which one, and through whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notigateway.client.proof import Verdict
from notigateway.client.shapes import as_json
from notigateway.client.show import notifications_table, outcomes_table, verdicts_table
from notigateway.client.values import (
    Decision,
    DecisionOutcome,
    Delegate,
    Metadata,
    Notification,
    Party,
    Receipt,
    SigningPerson,
)
from notigateway.client.wire import read
from pki import COMPANY_NIF, NOW, PERSON_NIF
from service_simulator import Item

ENTITY = Party(identifier=COMPANY_NIF, name="Gestoría SL")
PERSON = Party(identifier=PERSON_NIF, name="Ana García")
HELD = Delegate(role="attorney", party=ENTITY, reference="P-1")
SIGNED = SigningPerson(identifier=PERSON_NIF, name="Ana García", secondary_user=False)
DECIDED = Decision(
    state="accepted", at=NOW, channel="web_service", party=ENTITY, signer=PERSON, delegate=HELD
)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (replace(DECIDED, signing_person=SIGNED), f"{COMPANY_NIF} (attorney P-1) through {PERSON_NIF}"),
        (DECIDED, f"{COMPANY_NIF} (attorney P-1)"),
        (
            replace(
                DECIDED,
                delegate=Delegate(role="red", party=ENTITY, reference="123456"),
                signing_person=replace(SIGNED, secondary_user=True),
            ),
            f"{COMPANY_NIF} (red 123456) through {PERSON_NIF}, secondary user",
        ),
        (
            replace(DECIDED, delegate=Delegate(role="own", party=PERSON), signing_person=SIGNED),
            f"{PERSON_NIF} (own)",
        ),
        (replace(DECIDED, delegate=None), PERSON_NIF),
        (replace(DECIDED, delegate=None, signer=None), COMPANY_NIF),
    ],
)
def test_a_decision_says_who_acted(capsys: pytest.CaptureFixture[str], decision: Decision, said: str) -> None:
    outcomes_table([DecisionOutcome(id="a", outcome="decided", decision=decision)])
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[-1].split("  ") if cell.strip()]
    assert said in cells


def test_a_receipt_says_what_it_attests_where_its_state_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    sealed = Receipt(receipt_id="a", state="read", event_time=NOW, sha256="0" * 64, sealed=b"")
    for receipt, said in ((sealed, "read"), (replace(sealed, nature="information"), "read (information)")):
        verdicts_table([Verdict("a", receipt, verified=True)])
        assert f"  {said}  " in capsys.readouterr().out


def test_a_list_shows_account_and_metadata_where_acts_say_them(capsys: pytest.CaptureFixture[str]) -> None:
    silent = read(Notification, Item(code=7).metadata())
    said = (Metadata(key="period", value="2026-01"), Metadata(key="unit", value="Nave 2"))
    notifications_table([silent])
    assert "account" not in capsys.readouterr().out
    notifications_table([silent, replace(silent, ccc="28123456742", metadata=said)])
    shown = capsys.readouterr().out
    assert "28123456742  period=2026-01; unit=Nave 2" in shown
    assert as_json(replace(silent, metadata=said))["metadata"] == [
        {"key": "period", "value": "2026-01"},
        {"key": "unit", "value": "Nave 2"},
    ]
