"""Requests of the kit: right ones verify, and every wrapping is another message that does not."""

from __future__ import annotations

import pytest
from lxml import etree

from notigateway.conformance.drafting import Draft, Parts
from notigateway.conformance.wrapping import NAMES, PLACES, copy_of, wrappings
from notigateway.errors import GatewayError
from notigateway.pki.anchors import PinnedCertificates
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import Signer
from notigateway.wss.verify import Verified, verify_envelope
from notigateway.wss.version import SoapVersion
from pki import NOW, pki

PING = b'<Ping xmlns="urn:notigateway:v1"></Ping>'
LIST = b'<ListNotifications xmlns="urn:notigateway:v1"></ListNotifications>'
ADDRESSING = (("To", "https://example.test/"), ("Action", "urn:x"), ("MessageID", "urn:uuid:1"))


def draft(**changes: object) -> Draft:
    signer = Signer(pki().company_seal.key, pki().company_seal.certificate)
    return Draft(**{"content": PING, "signer": signer, "created": NOW, "addressing": ADDRESSING, **changes})  # type: ignore[arg-type]


def verified(data: bytes) -> Verified:
    return verify_envelope(
        parse_envelope(data, limits=Limits()),
        now=NOW,
        expectations=Expectations(),
        check_certificate=PinnedCertificates([pki().company_seal.certificate]).check,
    )


@pytest.mark.parametrize("soap", SoapVersion)
def test_a_draft_without_a_change_is_a_right_request(soap: SoapVersion) -> None:
    found = verified(draft(soap=soap).build())
    assert etree.QName(found.operation).localname == "Ping"
    assert len(found.headers) == len(ADDRESSING)


def test_each_draft_is_another_message() -> None:
    one = draft(addressing=())
    assert one.build() != one.build()


def test_every_wrapping_hides_the_signed_part_and_shows_another() -> None:
    seen = set()
    for one in wrappings(all_of_them=True):

        def wrap(parts: Parts) -> None:
            evil = copy_of(parts.body)
            evil[:] = [etree.fromstring(LIST)]
            one.apply(parts, parts.body, evil)  # noqa: B023  (built at once)

        data = draft(after=wrap).build()
        assert data.count(b"ListNotifications") in {1, 2}, one.words  # one element, empty or not
        assert b"<Ping" in data
        seen.add((one.place, one.naming, one.is_last))
        try:
            executed = verified(data)
        except GatewayError:
            continue
        assert etree.QName(executed.operation).localname == "Ping", one.words
    assert len(seen) == 2 * len(PLACES) * len(NAMES)


def test_some_of_each_kind_are_tried_where_not_all_are_wanted() -> None:
    usual = list(wrappings())
    assert {one.place for one in usual} == set(PLACES)
    assert len(usual) == 2 * len(PLACES)
    assert {one.is_last for one in usual} == {True, False}
