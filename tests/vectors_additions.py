"""Vectors of receipts to which others have added: values, archive time-stamps, and what must not be there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from vector_evidence import DISPOSED, available, small
from vector_keys import Holder, holder, issuer, revocation_list, token
from vector_kind import LATER, LONE_T, SMALL, UNPROVEN, Vector, but, changed, raised_steps
from vector_seals import b64, key_info_of, properties_of, signed_info_of, value_element, zip_of
from vectors_good import available_t, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator

_XADES: Final = b' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"'
_XADES_141: Final = b' xmlns:xades141="http://uri.etsi.org/01903/v1.4.1#"'
_DS: Final = b' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
_END: Final = b"</xades:UnsignedSignatureProperties>"
_VALUES: Final = re.compile(r"<xades:(CertificateValues|RevocationValues)>.*?</xades:\1>")
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ARCHIVED: Final = datetime(2029, 6, 15, tzinfo=UTC)
_IN_2045: Final = datetime(2045, 1, 1, tzinfo=UTC)
_NEEDS: Final = ("additions",)


def additions() -> list[Vector]:
    """Return them."""
    return [*_values(), *_archives(), *_bundles(), *_hidden()]


def with_additions(receipt: bytes, added: str) -> bytes:
    """Return a receipt as another tool may write it, with more unsigned properties."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + changed(receipt, _END, added.encode() + _END)


def certificates(*of: Holder) -> str:
    held = (
        f"<xades:EncapsulatedX509Certificate>{b64(one.der)}</xades:EncapsulatedX509Certificate>" for one in of
    )
    return f"<xades:CertificateValues>{''.join(held)}</xades:CertificateValues>"


def lists(*of: bytes) -> str:
    held = (f"<xades:EncapsulatedCRLValue>{b64(one)}</xades:EncapsulatedCRLValue>" for one in of)
    return (
        f"<xades:RevocationValues><xades:CRLValues>{''.join(held)}</xades:CRLValues></xades:RevocationValues>"
    )


def _data(*, revoked: bool = False) -> str:
    """Return what shows that seal and authority were good: both are of one issuer."""
    before = [(holder("seal"), DISPOSED - timedelta(hours=1))] if revoked else []
    return certificates(issuer()) + lists(revocation_list(*before, at=DISPOSED))


def archived(receipt: bytes, added: str, at: datetime, by: str, *, of_other: bool = False) -> str:
    """Return an archive time-stamp (V84) behind these properties of a receipt with its time-stamp."""
    text = receipt.decode()
    signed = re.sub(r"<xades:UnsignedProperties>.*</xades:UnsignedProperties>", "", text)
    content = receipt[: receipt.index(b"<ds:Signature ")] + b"</Evidence>"
    own = re.search(r"<xades:SignatureTimeStamp>.*</xades:SignatureTimeStamp>", text)
    assert own is not None
    key = key_info_of(signed)
    parts = [content, properties_of(signed), key, signed_info_of(signed), value_element(receipt), key]
    parts += [_canonical(one) for one in (own[0], *(found[0] for found in _VALUES.finditer(added)))]
    made = token(b"".join(parts) + (b"else" if of_other else b""), at, by)
    return (
        f'<xades141:ArchiveTimeStamp{_XADES_141.decode()}><ds:CanonicalizationMethod Algorithm="{_C14N}"/>'
        f"<xades:EncapsulatedTimeStamp>{b64(made)}</xades:EncapsulatedTimeStamp></xades141:ArchiveTimeStamp>"
    )


def _canonical(element: str) -> bytes:
    """Return an unsigned property by itself: each name space where it is first used."""
    part = re.sub(rb"^<(xades:[A-Za-z]+)", rb"<\1" + _XADES, element.encode())
    return re.sub(rb"<(ds:[A-Za-z0-9]+)", rb"<\1" + _DS, part)


def _raised(name: str, data: bytes, steps: str, says: str, **more: object) -> Vector:
    given = {"needs": _NEEDS, "is_told": True, "is_raised": True, **more}
    return Vector(name=name, data=data, steps=steps, says=says, **given)  # type: ignore[arg-type]


def _values() -> Iterator[Vector]:
    whole = available_t()
    plain = raised_steps(LONE_T, "s", "p", "s")
    own = with_additions(whole, certificates(holder("seal")))
    yield _raised(
        "receipt-with-additions", own, plain, "Somebody has added a certificate, which shows nothing."
    )
    shown = with_additions(whole, _data())
    yield _raised(
        "receipt-lt",
        shown,
        raised_steps(LONE_T, "s", "p", "p"),
        "Validation data that show that seal and authority were good.",
        level="LT",
    )
    yield _raised(
        "receipt-lt-not-shown",
        own,
        raised_steps(LONE_T, "s", "p", "i"),
        "Level LT is required, and the data do not show it.",
        level="LT",
        rule="V87",
    )
    yield _raised(
        "receipt-lt-missing",
        whole,
        raised_steps(LONE_T, "s", "p", "f"),
        "Level LT is required, and there are no data.",
        level="LT",
        rule="V87",
    )
    revoked = with_additions(whole, _data(revoked=True))
    yield _raised(
        "receipt-lt-revoked",
        revoked,
        raised_steps(LONE_T, "s", "p", "f"),
        "The seal's issuer says that it was revoked before.",
        level="LT",
        rule="V87",
    )
    yield _raised(
        "receipt-revoked",
        revoked,
        raised_steps(LONE_T, "s", "p", "i"),
        "The same, and no level is required.",
        rule="V87",
    )
    garbage = (
        "<xades:CertificateValues><xades:EncapsulatedX509Certificate>AAAA</xades:EncapsulatedX509Certificate>"
        f"</xades:CertificateValues>{lists(b'no list')}"
    )
    yield _raised(
        "receipt-lt-and-garbage",
        with_additions(whole, garbage + _data()),
        raised_steps(LONE_T, "s", "p", "p"),
        "Level LT, and values beside it that are no certificate and no list.",
        level="LT",
    )
    later = certificates(issuer()) + lists(revocation_list(at=LATER + timedelta(days=1)))
    yield _raised(
        "receipt-lt-of-later",
        with_additions(whole, later),
        raised_steps(LONE_T, "s", "p", "i"),
        "Level LT is required, and the list is from after the instant of the verification.",
        level="LT",
        rule="V86",
    )


def _archives() -> Iterator[Vector]:
    short = stamped(available(), DISPOSED + timedelta(seconds=40), "authority-short")
    data = _data()
    later = archived(short, data, _ARCHIVED, "authority-next")
    in_2045 = {"trust": "trust-2045", "at": _IN_2045}
    archive = raised_steps(LONE_T, "p", "p", "s")
    # The issuer of seal and authority ends in 2049: its word counts in 2045 too.
    yield _raised(
        "receipt-lta-2045",
        with_additions(short, data + later),
        raised_steps(LONE_T, "p", "p", "p"),
        "In 2045 an archive time-stamp of 2029 proves the receipt, its time-stamp and the data.",
        level="LTA",
        **in_2045,
    )
    revoking = lists(revocation_list((holder("seal"), DISPOSED - timedelta(hours=1)), at=_ARCHIVED))
    yield _raised(
        "receipt-lta-revoked",
        with_additions(short, data + later + revoking),
        raised_steps(LONE_T, "p", "p", "f"),
        "A list of later, behind the archive time-stamp, says that the seal was revoked before.",
        level="LTA",
        rule="V87",
        **in_2045,
    )
    bare = archived(short, "", _ARCHIVED, "authority-next")
    yield _raised(
        "receipt-archived-2045",
        with_additions(short, bare),
        archive,
        "The same without data.",
        **in_2045,
    )
    other = archived(short, "", _ARCHIVED, "authority-next", of_other=True)
    lost = raised_steps(LONE_T, "s", "s", "s")[:-1] + "i"
    yield _raised(
        "archive-of-other-data",
        with_additions(short, other),
        lost,
        "In 2045, with an archive time-stamp of something else.",
        rule="V85",
        **in_2045,
    )
    covered = with_additions(short, bare + data)
    yield _raised(
        "archive-before-the-data",
        covered,
        raised_steps(LONE_T, "p", "p", "i"),
        "Level LTA is required, and the data stand behind the archive time-stamp.",
        level="LTA",
        rule="V87",
        **in_2045,
    )
    late = archived(short, "", datetime(2031, 1, 1, tzinfo=UTC), "authority-next")
    yield _raised(
        "archive-too-late",
        with_additions(short, late),
        raised_steps(LONE_T, "p", "s", "s")[:-1] + "i",
        "In 2045, archived after the seal and the first authority had ended.",
        rule="V42",
        **in_2045,
    )


def _bundles() -> Iterator[Vector]:
    whole = small()
    own = certificates(holder("seal"))
    files = {**whole.all_files(), "receipt.xml": with_additions(available_t(), own)}
    yield _raised(
        "bundle-with-additions",
        zip_of(files.items()),
        raised_steps(SMALL, "s", "p", "s"),
        "A bundle to whose receipt somebody has added a certificate since.",
    )
    taken = {
        **whole.all_files(),
        "receipt.xml": with_additions(stamped(available(), DISPOSED + timedelta(days=1)), own),
    }
    yield _raised(
        "bundle-with-another-stamp",
        zip_of(taken.items()),
        raised_steps(but(SMALL, manifest="f"), "s", "p", "s"),
        "The same with another time-stamp than the manifest's.",
        rule="V16",
    )


def _hidden() -> Iterator[Vector]:
    none = but(UNPROVEN, ".xml", schema="f", seal_certificate="f")
    hidden = '<EvidenceIdentifier xmlns="urn:notigateway:evidence:1">x</EvidenceIdentifier>'
    counter = "<xades:CounterSignature></xades:CounterSignature>"
    entity = "<xades:CertificateValues><!-- --></xades:CertificateValues>"
    cases = {
        "of-ours": (hidden, "An element of a receipt hidden in what others may add."),
        "counter-signature": (counter, "A counter-signature, which is a second signature."),
        "comment": (entity, "A comment in what others may add."),
    }
    for name, (added, says) in cases.items():
        data = with_additions(available_t(), added)
        yield _raised(f"additions-{name}", data, none, says, rule="V32", is_raised=False)
