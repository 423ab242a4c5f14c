"""A seal that repeats a proven one is proven by its bytes: with the verdict of every step, never another."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from mutations import damage_bytes, damage_tree
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.element import render
from notigateway.evidence.frames import Frames
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import Statement
from notigateway.evidence.template import Profile, make_template
from notigateway.evidence.xades import RECEIPT_MAX_BYTES, verify_receipt
from notigateway.wss.ns import DS
from sealing import CarelessSeal, sealed_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.evidence.history import Pin
    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.pki.keys import KeyPair

SEED = 20261126
DAMAGED = 2_000
POLICY_2 = Path(__file__).with_name("policy_2")


@pytest.fixture(scope="module", params=["ecdsa", "rsa-pss"])
def pair(request: pytest.FixtureRequest, seal_pair: KeyPair, certify: Callable[..., KeyPair]) -> KeyPair:
    if request.param == "ecdsa":
        return seal_pair
    return certify("RSA seal of the gateway", rsa.generate_private_key(65537, 3072))


@pytest.fixture(scope="module")
def own_seal(pair: KeyPair) -> Seal:
    return CarelessSeal(pair)


@pytest.fixture(scope="module")
def proven(own_seal: Seal, pair: KeyPair, accepted: Statement) -> bytes:
    """A receipt that every step has proven: `taught` knows its frame."""
    return sealed_at(own_seal, render(accepted), accepted.event_time)


@pytest.fixture(scope="module")
def taught(proven: bytes, pair: KeyPair) -> Frames:
    frames = Frames()
    assert frames.prove(proven, [pair.certificate]) is None
    verify_receipt(proven, seal_certificates=[pair.certificate], frames=frames)
    assert frames.prove(proven, [pair.certificate]) is not None
    return frames


def by_steps(data: bytes, pins: list[Pin]) -> ReceiptFacts | str:
    """Return what every step says of a receipt: nothing is known beforehand."""
    return verdict(data, pins, Frames())


def verdict(data: bytes, pins: list[Pin], frames: Frames) -> ReceiptFacts | str:
    try:
        return verify_receipt(data, seal_certificates=pins, frames=frames)
    except ReceiptInvalidError as refusal:
        return str(refusal)


def check_same(data: bytes, pins: list[Pin], taught: Frames) -> bool:
    """Check that both ways say the same, in the same words; return whether they take it."""
    said = by_steps(data, pins)
    assert verdict(data, pins, taught) == said
    return not isinstance(said, str)


def damage_texts(data: bytes, chance: random.Random) -> bytes:
    """Change texts and leave the form canonical: mostly another receipt that is as good."""
    damaged = etree.fromstring(damage_tree(data, chance))
    return etree.tostring(damaged, method="c14n", exclusive=True)


def test_a_seal_that_repeats_a_proven_one_gives_the_same_facts(
    own_seal: Seal, pair: KeyPair, accepted: Statement, taught: Frames
) -> None:
    pins: list[Pin] = [pair.certificate]
    for hours in range(20):
        other = replace(
            accepted,
            event_time=accepted.event_time - timedelta(hours=hours),
            csv_code=f"CSV-{hours}",
            reason="Äußerung: <a> & 'b'\r\n" * hours or None,
        )
        data = sealed_at(own_seal, render(other), other.event_time)
        assert taught.prove(data, pins) is not None, "by its bytes"
        assert verify_receipt(data, seal_certificates=pins, frames=taught) == by_steps(data, pins)


def test_no_damaged_receipt_gets_another_verdict(proven: bytes, pair: KeyPair, taught: Frames) -> None:
    chance = random.Random(SEED)  # noqa: S311  (reproducible on purpose)
    for _ in range(DAMAGED):
        damaged = chance.choice((damage_bytes, damage_tree))(proven, chance)
        if damaged != proven:
            assert taught.prove(damaged, [pair.certificate]) is None
    for _ in range(DAMAGED // 4):  # the words too: every step takes its time
        damaged = chance.choice((damage_bytes, damage_tree))(proven, chance)
        check_same(damaged, [pair.certificate], taught)


def test_what_the_seals_own_key_signed_of_damaged_content_gets_the_same_verdict(
    own_seal: Seal, pair: KeyPair, accepted: Statement, taught: Frames
) -> None:
    """The signature is right here, so only the form decides; the gateway itself writes none of them."""
    chance = random.Random(SEED)  # noqa: S311  (reproducible on purpose)
    content = render(accepted)
    pins: list[Pin] = [pair.certificate]
    taken = refused = 0
    for _ in range(DAMAGED):
        damaged = chance.choice((damage_bytes, damage_tree, damage_texts))(content, chance)
        if b"</" not in damaged:
            continue
        is_taken = check_same(sealed_at(own_seal, damaged, accepted.event_time), pins, taught)
        taken, refused = taken + is_taken, refused + (not is_taken)
    assert taken > DAMAGED // 40
    assert refused > DAMAGED // 40


SPELT: dict[str, Callable[[bytes], bytes]] = {
    "comment": lambda data: data.replace(b"<Role>own", b"<Role>ow<!-- -->n"),
    "cdata": lambda data: data.replace(b"<Role>own<", b"<Role><![CDATA[own]]><"),
    "instruction": lambda data: data.replace(b"<Role>", b"<?x?><Role>"),
    "document type": lambda data: b"<!DOCTYPE Evidence>" + data,
    "character reference": lambda data: data.replace(b"<Role>own<", b"<Role>&#111;wn<"),
    "apostrophe as an entity": lambda data: data.replace(b"<Role>own<", b"<Role>&apos;<"),
    "quote as an entity": lambda data: data.replace(b"<Role>own<", b"<Role>&quot;<"),
    "carriage return as such": lambda data: data.replace(b"<Role>own<", b"<Role>\r<"),
    "carriage return otherwise": lambda data: data.replace(b"&#xD;", b"&#13;"),
    "greater than as such": lambda data: data.replace(b"&gt;", b">"),
    "space in a tag": lambda data: data.replace(b"<Role>", b"<Role >"),
    "empty element": lambda data: data.replace(b"<Role>own</Role>", b"<Role/>"),
    "attribute": lambda data: data.replace(b"<Role>", b'<Role a="b">'),
    "xml:id of the key": lambda data: data.replace(b"<Role>", b'<Role xml:id="SignXMLCertificate">'),
    "prefix of the seal": lambda data: data.replace(b"<Evidence ", b'<Evidence xmlns:ds="%b" ' % DS.encode()),
    "prefix of the seal in use": lambda data: data.replace(
        b"<Evidence ", b'<Evidence ds:a="b" xmlns:ds="%b" ' % DS.encode()
    ),
    "another namespace inside": lambda data: data.replace(b"<Role>", b'<Role xmlns="urn:x">'),
    "a signature inside": lambda data: data.replace(
        b"<Role>own<", b'<Role><ds:Signature xmlns:ds="%b"></ds:Signature><' % DS.encode()
    ),
    "another root": lambda data: data.replace(b"Evidence>", b"Evidence2>"),
    "wrongly nested": lambda data: data.replace(b"<Role>own</Role>", b"<Role>own</Rola>"),
    "a control character": lambda data: data.replace(b"<Role>own", b"<Role>\x01"),
    "no utf-8": lambda data: data.replace(b"<Role>own", b"<Role>\xff"),
    "no character": lambda data: data.replace(b"<Role>own", b"<Role>\xef\xbf\xbf"),
    "a name that is none": lambda data: data.replace(b"Role>", b"1Role>"),
    "text before the seal": lambda data: data.replace(b"</Evidence>", b"text</Evidence>"),
    "two roots": lambda data: data + data,
    "a space after": lambda data: data + b" ",
}  # fmt: skip


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_a_signed_content_in_another_form_gets_the_same_verdict(
    spell: Callable[[bytes], bytes], own_seal: Seal, pair: KeyPair, accepted: Statement, taught: Frames
) -> None:
    content = spell(render(accepted))
    assert content != render(accepted)
    check_same(sealed_at(own_seal, content, accepted.event_time), [pair.certificate], taught)


def test_content_of_our_form_is_its_own_canonical_form(proven: bytes, taught: Frames, pair: KeyPair) -> None:
    sealed = taught.prove(proven, [pair.certificate])
    assert sealed is not None
    written = etree.tostring(sealed.evidence, method="c14n", exclusive=True)
    assert proven.startswith(written.removesuffix(b"</Evidence>") + b"<ds:Signature ")


def test_a_frame_counts_only_where_its_certificate_is_pinned_and_in_use(
    proven: bytes, pair: KeyPair, certify: Callable[[str], KeyPair], accepted: Statement, taught: Frames
) -> None:
    other = certify("Another seal").certificate
    assert taught.prove(proven, [other]) is None
    assert "pinned" in str(verdict(proven, [other], taught))
    until = DatedCertificate.of(pair.certificate, until=accepted.event_time - timedelta(seconds=1))
    assert not check_same(proven, [until], taught)
    assert check_same(proven, [other, pair.certificate], taught)


def test_a_seal_of_another_instant_than_the_event_is_refused_both_ways(
    own_seal: Seal, pair: KeyPair, accepted: Statement, taught: Frames
) -> None:
    late = sealed_at(own_seal, render(accepted), accepted.event_time + timedelta(seconds=1))
    assert taught.prove(late, [pair.certificate]) is not None, "the seal itself is right"
    assert "not the instant" in str(verdict(late, [pair.certificate], taught))
    assert not check_same(late, [pair.certificate], taught)


def test_receipts_of_an_earlier_policy_have_frames_of_their_own() -> None:
    pin = x509.load_pem_x509_certificate((POLICY_2 / "seal.cert.pem").read_bytes())
    frames = Frames()
    for name in ("own", "attorney", "red", "seal"):
        data = (POLICY_2 / f"{name}.xml").read_bytes()
        assert check_same(data, [pin], frames)
        assert frames.prove(data, [pin]) is not None


def test_a_receipt_larger_than_any_is_refused_although_its_seal_is_right(
    own_seal: Seal, pair: KeyPair, accepted: Statement, taught: Frames
) -> None:
    large = render(replace(accepted, reason="x" * RECEIPT_MAX_BYTES))
    data = sealed_at(own_seal, large, accepted.event_time)
    assert "larger than any" in str(verdict(data, [pair.certificate], taught))


def test_frames_of_many_processes_are_forgotten_and_learnt_again(
    seal_pair: KeyPair, accepted: Statement
) -> None:
    """Each start of a gateway names the parts of its seals anew."""
    frames = Frames()
    pins = [seal_pair.certificate]
    receipts = [sealed_at(Seal(seal_pair), render(accepted), accepted.event_time) for _ in range(70)]
    for data in receipts:
        assert frames.prove(data, pins) is None
        verify_receipt(data, seal_certificates=pins, frames=frames)
    assert frames.prove(receipts[0], pins) is None
    assert frames.prove(receipts[-1], pins) is not None
    assert make_template(pins[0], Profile.ECDSA).signature != make_template(pins[0], Profile.ECDSA).signature
