"""Faults about the very request of a client: as the service signs them, and falsified."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lxml import etree

from envelopes import NS
from interop.anothers import FAILS, FAULT_CODE, WSA, Falsify, Kind, answered_to
from interop.hostile import signer_of
from notigateway.wss.canonical import canonical
from notigateway.wss.sign import EnvelopeForm, sign_envelope

if TYPE_CHECKING:
    from interop.hostile import Exchange
    from notigateway.sandbox.holders import Pki

# What a falsified fault says instead.
FALSE_CODE: Final = "NOTIFICATION_FALSIFIED"


def own_id(exchange: Exchange) -> str | None:
    """Return the MessageID of the client's request, where it has one."""
    found = etree.fromstring(exchange.request).findtext(f"soap:Header/{{{WSA}}}MessageID", None, NS)
    return None if found is None else found.strip()


# The caller's key makes the service answer with a fault to the name of the caller's request.
GENUINE: Final = answered_to("representative", FAILS, naming=own_id, expected=FAULT_CODE)


def falsified(genuine: Kind, code: str) -> dict[str, Kind]:
    """Return the ways in which a genuine fault with that code is made to say another."""

    def altered(pki: Pki) -> Falsify:
        true = genuine(pki)
        return lambda exchange: true(exchange).replace(code.encode(), FALSE_CODE.encode())

    def without_signature(pki: Pki) -> Falsify:
        false = altered(pki)

        def remove(exchange: Exchange) -> bytes:
            envelope = etree.fromstring(false(exchange))
            envelope.remove(envelope[0])
            return etree.tostring(envelope)

        return remove

    def by_another(pki: Pki) -> Falsify:
        false, signer = altered(pki), signer_of(pki.holder("company"))

        def sign(exchange: Exchange) -> bytes:
            envelope = etree.fromstring(false(exchange))
            headers = envelope.findall(f"soap:Header/{{{WSA}}}*", NS)
            named = tuple((etree.QName(one).localname, one.text or "") for one in headers)
            body = envelope.find("soap:Body", NS)
            assert body is not None
            form = EnvelopeForm(addressing=named)
            return sign_envelope(canonical(body[0]), signer=signer, now=datetime.now(UTC), form=form)

        return sign

    return {"altered": altered, "stripped": without_signature, "signed by another": by_another}


FALSIFIED: Final = falsified(GENUINE, FAULT_CODE)
