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


def _own_id(exchange: Exchange) -> str | None:
    found = etree.fromstring(exchange.request).findtext(f"soap:Header/{{{WSA}}}MessageID", None, NS)
    return None if found is None else found.strip()


# The caller's key makes the service answer with a fault to the name of the caller's request.
GENUINE: Final = answered_to("representative", FAILS, naming=_own_id, expected=FAULT_CODE)


def _altered(pki: Pki) -> Falsify:
    genuine = GENUINE(pki)
    return lambda exchange: genuine(exchange).replace(FAULT_CODE.encode(), FALSE_CODE.encode())


def _stripped(pki: Pki) -> Falsify:
    altered = _altered(pki)

    def remove(exchange: Exchange) -> bytes:
        envelope = etree.fromstring(altered(exchange))
        envelope.remove(envelope[0])
        return etree.tostring(envelope)

    return remove


def _signed_by_another(pki: Pki) -> Falsify:
    altered, signer = _altered(pki), signer_of(pki.holder("company"))

    def sign(exchange: Exchange) -> bytes:
        envelope = etree.fromstring(altered(exchange))
        headers = envelope.findall(f"soap:Header/{{{WSA}}}*", NS)
        form = EnvelopeForm(addressing=tuple((etree.QName(one).localname, one.text or "") for one in headers))
        body = envelope.find("soap:Body", NS)
        assert body is not None
        return sign_envelope(canonical(body[0]), signer=signer, now=datetime.now(UTC), form=form)

    return sign


FALSIFIED: Final[dict[str, Kind]] = {
    "altered": _altered,
    "stripped": _stripped,
    "signed by another": _signed_by_another,
}
