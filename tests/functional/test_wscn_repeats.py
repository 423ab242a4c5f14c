"""Who has heard only half of a decision asks again: it is told that it was its own, and where the rest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pki import pki
from stack import text
from titles import assign, red, register_company
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from lxml.etree import _Element

    from stack import Stack

_ALREADY = "[ALREADY_DECIDED] La notificación ya se decidió; vale la primera decisión."
_ACCEPTED = f"{_ALREADY} La decisión es la suya; el PDF lo entrega verNotificacionAceptada."
_REJECTED = f"{_ALREADY} La decisión es la suya."

_WITHOUT_PDF = (
    "[TEMPORARILY_UNAVAILABLE] El servicio está ocupado o un almacén no responde; repita la petición más "
    "tarde. La aceptación consta y vale. Pida el PDF más tarde con verNotificacionAceptada."
)


def said(answer: _Element) -> tuple[int, str | None, str | None]:
    """Return number, text and `selladoTiempo` of an answer."""
    return number(answer), answer.findtext("error/descripcion"), answer.findtext("selladoTiempo")


def asked(client: Wscn, code: int, rol: int) -> tuple[int, str | None, str | None]:
    """Ask for a receipt to sign."""
    answer = client.ask("solicitarAcuseNotificacion", rol=rol, codigoNotificacion=code, esDeAceptacion=True)
    return said(answer)


def test_an_acceptance_without_its_pdf_says_that_it_stands_and_asked_again_whose_it_is(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    stack.publish()
    company, red_person = Wscn(stack), Wscn(stack, pair=red())
    mine, theirs = company.acuse(1), red_person.acuse(1, rol=2)
    documents = stack.folder / "documents"
    elsewhere = documents.rename(stack.folder / "elsewhere")
    outcome, words, sealed = said(company.send_acuse(sign(mine, company.pair)))
    assert (outcome, words) == (100, _WITHOUT_PDF)
    assert sealed
    stack.pass_time(seconds=1)
    assert said(company.send_acuse(sign(mine, company.pair))) == (135, _ACCEPTED, sealed)
    assert asked(company, 1, 1) == (135, _ACCEPTED, None)  # that answer has no room for it
    # Another party, who may see it too, is not told that it was its own.
    assert said(red_person.send_acuse(sign(theirs, red_person.pair), rol=2)) == (138, _ALREADY, None)
    assert asked(red_person, 1, 2) == (138, _ALREADY, None)
    elsewhere.rename(documents)
    assert said(company.view(1)) == (0, "Operación realizada.", sealed)


def test_a_rejection_is_told_again_with_its_seal_whatever_it_was_sent_by(stack: Stack) -> None:
    stack.publish("A")
    other = stack.publish("B")
    client = Wscn(stack)
    acuses = [client.acuse(code, accepts=False) for code in (1, 2)]
    sealed = client.send_acuse(sign(acuses[0], client.pair)).findtext("selladoTiempo")
    assert sealed
    assert said(client.send_acuse(sign(acuses[0], client.pair))) == (136, _REJECTED, sealed)
    (item,) = stack.reject(other, holder=pki().representative)
    outcome, words, sealed = said(client.send_acuse(sign(acuses[1], client.pair)))
    assert (outcome, words) == (136, _REJECTED)
    assert (sealed or "").split(";")[1:] == [text(item, "receipt/receiptId"), text(item, "receipt/sha256")]
