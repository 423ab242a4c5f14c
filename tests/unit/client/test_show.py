"""What the command line says of who acted: who held the title, by which one, and through whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notigateway.client.proof import Verdict
from notigateway.client.show import outcomes_table, verdicts_table
from notigateway.client.values import (
    Decision,
    DecisionOutcome,
    Delegate,
    Party,
    Receipt,
    SigningPerson,
)
from pki import COMPANY_NIF, NOW, PERSON_NIF

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
