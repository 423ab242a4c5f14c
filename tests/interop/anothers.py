"""Answers that the service has signed, fresh and whole, to requests that the client did not make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from lxml import etree

from envelopes import NS
from interop.hostile import Exchange, signer_of
from notigateway.sandbox.holders import Pki
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import EnvelopeForm, sign_envelope

Falsify = Callable[[Exchange], bytes]
Kind = Callable[[Pki], Falsify]
Naming = Callable[[Exchange], str | None]

WSA: Final = "http://www.w3.org/2005/08/addressing"
UNKNOWN: Final = "00000000-0000-4000-8000-000000000000"
# What a client must not say of a fault that is about something else.
FAULT_CODE: Final = "NOTIFICATION_UNKNOWN"
_NG: Final = 'xmlns="urn:notigateway:v1"'
# The second question of every client; the same with nothing to find; one that fails.
_LIST: Final = (
    f"<ListNotifications {_NG}><filter><state>available</state></filter>"
    "<pageSize>2</pageSize></ListNotifications>"
)
_EMPTY: Final = _LIST.replace("<state>available</state>", "<availableTo>2000-01-01T00:00:00Z</availableTo>")
FAILS: Final = (
    f"<RetrieveDocument {_NG}><id>{UNKNOWN}</id><documentId>{UNKNOWN}</documentId></RetrieveDocument>"
)
# The caller is the company, by its representative; the other one has a certificate too, and no more.
_CALLER: Final = "representative"
_OTHER: Final = "person"


def a_new_id(_: Exchange) -> str | None:
    """Return a MessageID as everybody makes them."""
    return f"urn:uuid:{uuid4()}"


def no_id(_: Exchange) -> str | None:
    """Ask without WS-Addressing: the answer relates to nothing."""
    return None


def the_same_id(exchange: Exchange) -> str | None:
    """Return the MessageID of the client's request: it is no secret."""
    found = etree.fromstring(exchange.request).findtext(f"soap:Header/{{{WSA}}}MessageID", None, NS)
    assert found is not None, "the client sends no MessageID"
    return found.strip()


def question_of(exchange: Exchange) -> etree._Element:
    """Return the operation that the client asked for."""
    (question,) = etree.fromstring(exchange.request).iterfind("soap:Body/*", NS)
    return question


def answered_to(
    holder: str, content: str | None = None, *, naming: Naming = a_new_id, expected: str = "Response"
) -> Kind:
    """Return what gives the service's answer when that holder asks this, or the client's own question."""

    def kind(pki: Pki) -> Falsify:
        signer = signer_of(pki.holder(holder))

        def falsify(exchange: Exchange) -> bytes:
            question = etree.fromstring(content) if content is not None else question_of(exchange)
            asked = etree.QName(question)
            # The Social Security's contract has actions without a namespace.
            stem = asked.namespace if asked.namespace == NOTIGATEWAY_V1 else "urn"
            action = f"{stem}:{asked.localname}"
            name = naming(exchange)
            headers = () if name is None else (("Action", action), ("MessageID", name))
            form = EnvelopeForm(addressing=headers)
            octets = canonical(question)
            answer = exchange.ask(sign_envelope(octets, signer=signer, now=datetime.now(UTC), form=form))
            assert expected.encode() in answer, answer
            return answer

        return falsify

    return kind


def related(kind: Kind) -> Kind:
    """Add to an answer what nobody signed: that it relates to the client's request."""

    def adding(pki: Pki) -> Falsify:
        falsify = kind(pki)

        def add(exchange: Exchange) -> bytes:
            envelope = etree.fromstring(falsify(exchange))
            header = envelope.find("soap:Header", NS)
            assert header is not None
            etree.SubElement(header, f"{{{WSA}}}RelatesTo").text = the_same_id(exchange)
            return etree.tostring(envelope)

        return add

    return adding


ANOTHERS: Final[dict[str, Kind]] = {
    "another caller's list": answered_to(_OTHER, _LIST),
    "an empty list": answered_to(_OTHER, _EMPTY),
    "an older list of the same caller": answered_to(_CALLER, _LIST),
    "a list that relates to nothing": answered_to(_CALLER, _LIST, naming=no_id),
    "a list that relates without signature": related(answered_to(_CALLER, _LIST, naming=no_id)),
    "a list that relates twice": related(answered_to(_CALLER, _LIST)),
    "a fault about another request": answered_to(_OTHER, FAILS, expected=FAULT_CODE),
    # It names its signer, so the service refuses whoever else asks under it.
    "a list under the same MessageID": answered_to(_OTHER, _LIST, naming=the_same_id, expected="Envelope"),
}
