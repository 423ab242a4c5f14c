"""What XML cannot hold is refused by the name of its element, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from notigateway.contract import v1, v1_decisions, wscn
from notigateway.contract.writing import write
from notigateway.contract.xml import ContractError


@pytest.mark.parametrize("text", ["\x00", "a\x1bb", "\ud800", "\uffff"])
def test_what_xml_cannot_hold_is_refused(text: str) -> None:
    problem = v1.Problem(code="A", text_es="b", text_en=text, retryable=False)
    item = v1_decisions.DecisionOutcome(id="a", outcome="refused", problem=problem)
    with pytest.raises(ContractError, match="textEn holds a character"):
        write(v1_decisions.AcceptNotificationsResponse(items=(item,)))


def test_an_identifier_is_escaped_like_any_text() -> None:
    assert b"<id>&lt;id/&gt;&amp;</id>" in write(v1_decisions.AcceptNotifications(ids=("<id/>&",)))


def test_a_text_is_no_number() -> None:
    asked: Any = v1.ListNotifications
    with pytest.raises(ContractError, match="ListNotifications"):
        write(asked(page_size="1</pageSize>"))


def test_a_wscn_answer_has_a_prefix_on_its_root_alone() -> None:
    answer = wscn.AcuseNotificacion(codigo_notificacion=7, error=wscn.Error(codigo=0), xml=b"abc")
    assert wscn.write_answer("urn:x", "solicitarAcuseNotificacion", answer) == (
        b'<wscn:solicitarAcuseNotificacionResponse xmlns:wscn="urn:x"><acuseNotificacion>'
        b"<codigoNotificacion>7</codigoNotificacion><error><codigo>0</codigo></error><XML>YWJj</XML>"
        b"</acuseNotificacion></wscn:solicitarAcuseNotificacionResponse>"
    )
