"""The receipt that a party signs, a signed document within the message: what may be wrong in it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import WSCN, Need, check
from notigateway.conformance.wscn_asking import acuse_of, number, sent, signed, state_of
from notigateway.law.lifecycle import Decision
from notigateway.wss.ns import ds

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.conformance.target import Target

_NUMBERS: Final = "docs/errors.md, WSCN"
_RIGHT: Final = "an acceptance"


@check(
    "ACUSE-01",
    "a receipt whose data were changed after it was handed out is 14",
    _NUMBERS,
    Need.EFFECT,
    contracts=WSCN,
)
def _changed(target: Target) -> None:
    _expect(target, 14, lambda xml: xml.replace(b"ACEPTACION", b"RECHAZO"))


@check("ACUSE-02", "a receipt that was indented is 14", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _indented(target: Target) -> None:
    def indent(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        etree.indent(root)
        return etree.tostring(root)

    _expect(target, 14, indent)


@check("ACUSE-03", "a receipt without the service's signature is 13", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _without_ours(target: Target) -> None:
    _expect(target, 13, lambda xml: _without_signature(xml, 0))


@check("ACUSE-04", "a receipt that the party has not signed is 20", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _unsigned(target: Target) -> None:
    _expect(target, 20, lambda xml: _without_signature(xml, 1))


@check(
    "ACUSE-05",
    "a receipt whose signature of the party does not verify is 22",
    _NUMBERS,
    Need.EFFECT,
    contracts=WSCN,
)
def _wrong_signature(target: Target) -> None:
    def flip(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        value = root.findall(f"{ds('Signature')}/{ds('SignatureValue')}")[1]
        octets = bytearray(base64.b64decode(value.text or ""))
        octets[-1] ^= 1
        value.text = base64.b64encode(octets).decode()
        return etree.tostring(root)

    _expect(target, 22, flip)


@check(
    "ACUSE-06",
    "a receipt that is signed by another certificate than the message is 24",
    _NUMBERS,
    Need.EFFECT,
    Need.SECOND,
    contracts=WSCN,
)
def _another_signer(target: Target) -> None:
    code = target.supply.undecided().code
    handed = acuse_of(target, code)
    xml = signed(target, handed, code, Decision.ACCEPT, signer=target.second)
    same(number(sent(target, xml)), 24, "the number")
    _expect_undecided(target, code)


@check("ACUSE-07", "more than two signatures are 15", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _three(target: Target) -> None:
    def sign_again(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        root.append(etree.fromstring(etree.tostring(root.findall(ds("Signature"))[1])))
        return etree.tostring(root)

    _expect(target, 15, sign_again)


@check("ACUSE-08", "what is no XML in UTF-8 is 16", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _encoding(target: Target) -> None:
    _expect(target, 16, lambda _: b"%PDF-1.7")
    _expect(target, 16, lambda xml: etree.tostring(etree.fromstring(xml), encoding="UTF-16"))


@check("ACUSE-09", "something beside what was handed out is 119", _NUMBERS, Need.EFFECT, contracts=WSCN)
def _beside(target: Target) -> None:
    _expect(target, 119, lambda xml: xml.replace(b"</ProsaSignature>", b"<x/></ProsaSignature>"))


@check(
    "ACUSE-10",
    "a receipt that was handed out for another notification decides that one, or nothing",
    _NUMBERS,
    Need.EFFECT,
    contracts=WSCN,
)
def _of_another(target: Target) -> None:
    first, second = target.supply.undecided().code, target.supply.undecided().code
    handed = acuse_of(target, first)
    xml = signed(target, handed, first, Decision.ACCEPT)
    named = f">{first}<".encode(), f">{second}<".encode()
    same(number(sent(target, xml.replace(*named))), 14, "the number")
    _expect_undecided(target, second)


def _expect(target: Target, wanted: int, damage: Callable[[bytes], bytes]) -> None:
    """Expect that a signed receipt that was damaged is refused with a number, and decides nothing."""
    if _RIGHT not in target.stories:
        code = target.supply.undecided().code
        target.stories[_RIGHT] = code, signed(target, acuse_of(target, code), code, Decision.ACCEPT)
    code, xml = target.stories[_RIGHT]
    answer = sent(target, damage(xml))
    same(number(answer), wanted, "the number")
    expect(answer.sellado_tiempo is None, "a receipt that is refused has selladoTiempo")
    _expect_undecided(target, code)


def _expect_undecided(target: Target, code: int) -> None:
    expect(state_of(target, code) in {0, 1}, "it was decided all the same")


def _without_signature(xml: bytes, place: int) -> bytes:
    root = etree.fromstring(xml)
    root.remove(root.findall(ds("Signature"))[place])
    return etree.tostring(root)
