"""Archive time-stamps as proofs of existence, and the levels LT and LTA: what counts, and what does not."""

from __future__ import annotations

import base64
import random
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import OCSPNoCheck
from cryptography.x509.oid import ExtendedKeyUsageOID
from lxml import etree

from bundles import NOTIFICATION, STAMPED_AT, Proofs, put_at_disposal, sealed, stamped, statement
from notigateway.evidence import bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.archive import ARCHIVE_STAMPS_AT_MOST, imprint_of
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.sealing import Seal
from notigateway.evidence.template import XADES
from notigateway.evidence.validation_data import ValidationData
from notigateway.pki.anchors import TrustStore
from notigateway.sandbox.certifying import AUTHORITY_USAGES, STAMPING, authority_name
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import UNFORESEEN, Outcome, Report
from notigateway.wss.ns import DS, EXC_C14N
from pki import NOW, Issue, crl, ec_key, ocsp_answer, pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from notigateway.pki.keys import KeyPair

XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
AT = NOW + timedelta(days=1)


def on(year: int, month: int = 6) -> datetime:
    return datetime(year, month, 1, 12, tzinfo=UTC)


IN_2045 = on(2045)


@cache
def authority(first: int, last: int) -> KeyPair:
    return tsa(f"raised-{first}", (datetime(first, 1, 1, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)))


OF_2026, OF_2028, OF_2037 = (2020, 2029), (2028, 2039), (2037, 2049)
NOBODYS = tsa("nobody's")


def der(*certificates: x509.Certificate) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in certificates]


def fresh(by: KeyPair, *revoked: tuple[x509.Certificate, datetime]) -> bytes:
    return crl(by, *revoked, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(days=30))


DATA = ValidationData(
    der(pki().issuing.certificate, pki().root.certificate), [fresh(pki().issuing), fresh(pki().root)]
)


@cache
def trust(*, seal_until: datetime | None = None) -> Trust:
    """Pin the seal, out of use since 2027, and every authority there was; anchors: the root."""
    until = seal_until or datetime(2027, 12, 31, tzinfo=UTC)
    return Trust(
        seals=[DatedCertificate.of(pki().seal.certificate, until=until)],
        authorities=[DatedCertificate.of(authority(*one).certificate) for one in (OF_2026, OF_2028, OF_2037)],
        issuers=TrustStore([pki().root.certificate]),
    )


@cache
def receipt() -> bytes:
    return stamped(put_at_disposal(), pair=authority(*OF_2026))


def raised(data: ValidationData = DATA) -> bytes:
    return raise_to_lt(receipt(), data)


def archive(
    data: bytes,
    at: datetime,
    pair: KeyPair,
    *,
    algorithm: str = "sha256",
    imprint: bytes | None = None,
    earlier: ValidationData | None = None,
) -> bytes:
    """Add an archive time-stamp, over what it must be about or over something else."""
    about = imprint or archive_imprint(data, algorithm, earlier=earlier)
    token = token_of(about, at=at, pair=pair, digest=algorithm)
    return add_archive_timestamp(data, token, earlier=earlier)


@cache
def first() -> bytes:
    return archive(raised(), on(2027), authority(*OF_2026))


@cache
def second() -> bytes:
    return archive(first(), on(2029), authority(*OF_2028), earlier=DATA)


@cache
def third() -> bytes:
    return archive(second(), on(2038), authority(*OF_2037))


def reasons(report: Report) -> dict[str, str]:
    return {step.name: step.reason for step in report.steps}


def outcomes(report: Report) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in report.steps}


def told(data: bytes, at: datetime = AT, **options: object) -> str:
    """Return what is told of archive time-stamps that count for nothing; nothing else must suffer by them."""
    report = verify(data, trust=trust(), at=at, **options)  # type: ignore[arg-type]
    assert outcomes(report)["archive time-stamps"] is Outcome.SKIPPED
    assert verify(data, trust=trust(), at=AT).outcome is Outcome.PASSED
    assert verify(data, trust=trust(), at=IN_2045).outcome is Outcome.INDETERMINATE
    return reasons(report)["archive time-stamps"]


# --- proofs of existence --------------------------------------------------------------------------


def test_in_2045_a_receipt_convinces_with_archive_time_stamps_and_not_without() -> None:
    report = verify(third(), trust=trust(), at=IN_2045)
    assert report.outcome is Outcome.PASSED, report
    assert "existed on 2026-06-01T12:00:40.000Z" in reasons(report)["existence"]
    assert outcomes(report)["time-stamp"] is Outcome.PASSED
    for level in ("T", "LT", "LTA"):
        assert verify(third(), trust=trust(), at=IN_2045, required_level=level).outcome is Outcome.PASSED
    for short in (receipt(), raised(), first(), second()):
        old = verify(short, trust=trust(), at=IN_2045)
        assert old.outcome is Outcome.INDETERMINATE
        assert "nothing proves that this is older" in reasons(old)["existence"]
    said = reasons(verify(second(), trust=trust(), at=IN_2045))["archive time-stamps"]
    assert said.startswith("the archive time-stamp of 20")
    assert "nothing newer that counts covers it; the archive time-stamp of " in said


def test_a_chain_convinces_exactly_as_far_as_each_authority_reaches() -> None:
    for data, last in ((receipt(), 2029), (first(), 2029), (second(), 2039), (third(), 2049)):
        assert verify(data, trust=trust(), at=on(last)).outcome is Outcome.PASSED
        assert verify(data, trust=trust(), at=on(last + 1)).outcome is Outcome.INDETERMINATE


def test_a_break_in_the_chain_is_not_bridged() -> None:
    """The second came after the end of the first one's authority, so nothing is known of the first."""
    late = archive(first(), on(2031), authority(*OF_2028))
    assert verify(late, trust=trust(), at=on(2032)).outcome is Outcome.INDETERMINATE
    while_in_use = trust(seal_until=on(2049))
    found = verify(late, trust=while_in_use, at=on(2032), required_level="T")
    assert found.outcome is Outcome.PASSED
    assert "existed on 2031-06-01" in reasons(found)["archive time-stamps"]
    assert "an archive time-stamp proves" in reasons(found)["time-stamp"]


def test_an_archive_time_stamp_proves_a_receipt_whose_own_time_stamp_is_of_nobody() -> None:
    data = archive(first(), on(2028), authority(*OF_2028))
    whom = replace(
        trust(),
        seals=[DatedCertificate.of(pki().seal.certificate, until=on(2029))],
        authorities=[DatedCertificate.of(authority(*OF_2028).certificate)],
    )
    report = verify(data, trust=whom, at=on(2030))
    assert report.outcome is Outcome.PASSED, report
    assert "number 1 counts for nothing: the token is not from" in reasons(report)["archive time-stamps"]
    assert "existed on 2028-06-01" in reasons(report)["existence"]
    assert outcomes(report)["time-stamp"] is Outcome.SKIPPED


def test_in_a_bundle_they_count_for_both_receipts() -> None:
    proofs = Proofs(authority=authority(*OF_2026))
    whole = bundle.write_bundle(proofs.members(), receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    held = dict(bundle.read_container(whole))
    for name in (bundle.RECEIPT, bundle.PREVIOUS):
        data = archive(raise_to_lt(held[name], DATA), on(2027), authority(*OF_2026))
        data = archive(data, on(2029), authority(*OF_2028))
        held[name] = archive(data, on(2038), authority(*OF_2037))
    data = bundle.write(held)
    whom = replace(trust(), issuers=TrustStore(pki().anchors))
    report = verify(data, trust=whom, at=on(2027, 7), required_level="LTA")
    assert report.outcome is Outcome.PASSED, report
    late = outcomes(verify(data, trust=whom, at=IN_2045))
    # What archive time-stamps do not cover: the head of the log, and the PDF.
    assert {name for name, one in late.items() if one is Outcome.INDETERMINATE} == {
        "checkpoint's time",
        "form",
    }
    assert late["existence"] is Outcome.PASSED


def test_a_file_that_others_have_written_anew_counts_by_what_is_in_it() -> None:
    root = etree.fromstring(third())
    anew = etree.tostring(root, encoding="UTF-8", standalone=True).replace(b"?>\n", b"?>\n\n")
    assert anew != third()
    assert verify(anew, trust=trust(), at=IN_2045).outcome is Outcome.PASSED
    # With the prefixes of others the time-stamp is about other bytes: those that are there.
    begin, end = third().index(b"<xades:UnsignedProperties>"), third().index(b"</xades:QualifyingProperties>")
    part = third()[begin:end].replace(b"xades:", b"q:")
    part = part.replace(b"<q:UnsignedProperties>", b'<q:UnsignedProperties xmlns:q="%b">' % XADES.encode())
    foreign = third()[:begin] + part + third()[end:]
    assert told(foreign).count("wrong imprint") == 3
    foreign = re.sub(rb"<xades141:ArchiveTimeStamp.*?</xades141:ArchiveTimeStamp>", b"", foreign)
    for at, pair in ((on(2029), authority(*OF_2028)), (on(2038), authority(*OF_2037))):
        token = token_of(imprint_of(take_apart(foreign), "sha256"), at=at, pair=pair)
        foreign = with_foreign(foreign, token)
    assert verify(foreign, trust=trust(), at=IN_2045).outcome is Outcome.PASSED


def with_foreign(data: bytes, token: bytes) -> bytes:
    """Add an archive time-stamp as another tool does: its prefixes, its lines, an identifier."""
    root = etree.fromstring(data)
    (parent,) = root.iter(f"{{{XADES}}}UnsignedSignatureProperties")
    parent.append(
        etree.fromstring(
            f'<a:ArchiveTimeStamp xmlns:a="{XADES_141}" xmlns:b="{XADES}" xmlns:d="{DS}" Id="A{len(parent)}">'
            f' <d:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
            f"<b:EncapsulatedTimeStamp>{base64.encodebytes(token).decode()}</b:EncapsulatedTimeStamp>\n"
            "</a:ArchiveTimeStamp>"
        )
    )
    return etree.tostring(root, encoding="UTF-8")


# --- what does not count --------------------------------------------------------------------------


def test_an_archive_time_stamp_of_other_data_counts_for_nothing() -> None:
    other = raise_to_lt(stamped(sealed(statement(b"")), pair=authority(*OF_2026)), DATA)
    for imprint in (bytes(32), archive_imprint(other), archive_imprint(raised(), "sha512")):
        digest = {32: "sha256", 64: "sha512"}[len(imprint)]
        wrong = imprint if digest == "sha256" else imprint[::-1]
        token = token_of(wrong, at=on(2029), pair=authority(*OF_2028), digest=digest)
        assert "wrong imprint" in told(add_archive_timestamp(raised(), token))


def test_one_by_nobody_pinned_counts_for_nothing() -> None:
    assert "not from a pinned authority" in told(archive(raised(), on(2029), NOBODYS))
    nobody = replace(trust(), authorities=[])
    report = verify(third(), trust=nobody, at=on(2027))
    assert "no authority in timestamp/" in reasons(report)["archive time-stamps"]
    assert report.outcome is Outcome.PASSED


def test_one_that_is_older_than_what_it_covers_counts_for_nothing() -> None:
    early = archive(raised(), STAMPED_AT - timedelta(minutes=6), authority(*OF_2026))
    assert "before a time-stamp that it covers" in told(early)
    before = archive(raised(), NOW - timedelta(days=30), authority(*OF_2026))
    assert "before the seal" in told(before)
    back = archive(second(), on(2028), authority(*OF_2028))
    report = verify(back, trust=trust(), at=on(2030))
    assert "number 3 counts for nothing: it is from before" in reasons(report)["archive time-stamps"]
    assert report.outcome is Outcome.PASSED


def test_two_that_are_swapped_count_for_nothing() -> None:
    begin, end = b"<xades141:ArchiveTimeStamp", b"</xades141:ArchiveTimeStamp>"
    data = archive(archive(raised(), on(2027), authority(*OF_2026)), on(2029), authority(*OF_2028))
    head, one, two = data.split(begin)
    two, tail = two.split(end)
    swapped = head + begin + two + end + begin + one.removesuffix(end) + end + tail
    assert sorted(swapped) == sorted(data)
    assert told(swapped).count("wrong imprint") == 2


def test_one_past_the_end_of_its_authority_counts_for_nothing() -> None:
    stolen = DatedCertificate.of(authority(*OF_2028).certificate, until=on(2028, 12))
    pins = [DatedCertificate.of(authority(*OF_2026).certificate), stolen]
    report = verify(second(), trust=replace(trust(), authorities=pins), at=on(2030))
    assert report.outcome is Outcome.INDETERMINATE
    assert "in use until 2028-12-01" in reasons(report)["archive time-stamps"]


def test_past_the_end_of_an_algorithm_only_one_of_before_by_another_convinces() -> None:
    table = replace(known_algorithms(), ends={**known_algorithms().ends, "SHA-256": on(2030)})
    options = {"trust": trust(), "at": on(2035), "algorithms": table}
    assert verify(second(), **options).outcome is Outcome.INDETERMINATE  # type: ignore[arg-type]
    late = archive(second(), on(2031), authority(*OF_2028))
    found = verify(late, **options)  # type: ignore[arg-type]
    assert found.outcome is Outcome.INDETERMINATE
    assert "SHA-256 is relied on until" in reasons(found)["archive time-stamps"]
    for at, wanted in ((on(2029, 8), Outcome.PASSED), (on(2031), Outcome.INDETERMINATE)):
        data = archive(second(), at, authority(*OF_2028), algorithm="sha512")
        assert verify(data, **options).outcome is wanted  # type: ignore[arg-type]


def test_whatever_is_changed_before_it_it_counts_for_nothing() -> None:
    stamp = third().rindex(b"<xades141:ArchiveTimeStamp")
    begin = third().index(b"<xades:CertificateValues>")
    chance = random.Random(18)  # noqa: S311
    for _ in range(60):
        place = chance.randrange(begin, stamp)
        data = bytearray(third())
        data[place] ^= 1 << chance.randrange(7)
        report = verify(bytes(data), trust=trust(), at=IN_2045)
        assert report.outcome is not Outcome.PASSED
        assert UNFORESEEN not in reasons(report).values()


def test_no_change_of_the_last_one_is_a_traceback() -> None:
    begin, end = third().rindex(b"<xades141:ArchiveTimeStamp"), third().rindex(b"</xades141")
    chance = random.Random(2045)  # noqa: S311
    for _ in range(100):
        data = bytearray(third())
        for _ in range(chance.choice((1, 1, 5))):
            data[chance.randrange(begin, end)] = chance.choice(b"A<>&\"'/=+0zZ \n\x00\xff")
        report = verify(bytes(data), trust=trust(), at=IN_2045)
        assert UNFORESEEN not in reasons(report).values(), report


def test_more_than_anybody_needs_are_not_read_and_take_no_time() -> None:
    big = replace(DATA, status_answers=[bytes(900_000)])
    data = raise_to_lt(receipt(), big)
    for number in range(ARCHIVE_STAMPS_AT_MOST):
        data = archive(data, on(2027) + timedelta(days=number), authority(*OF_2026))
    end = b"</xades:UnsignedSignatureProperties>"
    last = data[data.rindex(b"<xades141:ArchiveTimeStamp") : data.rindex(end)]
    more = data.replace(end, last * 200 + end)
    started = time.process_time()
    report = verify(more, trust=trust(), at=on(2028))
    assert report.outcome is Outcome.PASSED
    assert time.process_time() - started < 2


# --- levels ---------------------------------------------------------------------------------------


def level(
    data: bytes, wanted: str | None, at: datetime = AT, whom: Trust | None = None
) -> tuple[Outcome, str]:
    report = verify(data, trust=whom or trust(), at=at, required_level=wanted)
    step = next(one for one in report.steps if one.name == "validation data")
    return step.outcome, step.reason


def test_level_lt_is_what_shows_that_seal_and_authority_were_good() -> None:
    outcome, said = level(raised(), "LT")
    assert outcome is Outcome.PASSED
    assert said.count("was good on 2026-06-01T12:00:40.000Z, as CN=Emisora de pruebas,C=ES says") == 2
    assert said.endswith("level LT")
    assert verify(raised(), trust=trust(), at=AT, required_level="LT").outcome is Outcome.PASSED
    assert level(raised(), "LTA") == (Outcome.FAILED, "level LTA is required: there is no archive time-stamp")
    for without in (receipt(), put_at_disposal()):
        assert level(without, "LT")[0] is Outcome.FAILED
        assert "validation data" not in outcomes(verify(without, trust=trust(), at=AT))


def test_level_lta_is_the_same_under_a_word_that_counts() -> None:
    assert level(first(), "LTA", on(2027, 7))[1].endswith("level LTA")
    assert verify(first(), trust=trust(), at=on(2027, 7), required_level="LTA").outcome is Outcome.PASSED
    for wrong in (
        archive(raised(), on(2027), NOBODYS),
        archive(raised(), on(2027), authority(*OF_2026), imprint=bytes(32)),
    ):
        assert level(wrong, "LTA")[0] is Outcome.INDETERMINATE
        assert level(wrong, "LT")[0] is Outcome.PASSED


def test_an_archive_time_stamp_lends_nothing_to_data_behind_it() -> None:
    few = archive(raised(replace(DATA, revocation_lists=[])), on(2027), authority(*OF_2026))
    end = b"</xades:UnsignedSignatureProperties>"
    values = raised()[raised().index(b"<xades:RevocationValues>") : raised().index(end)]
    behind = few.replace(end, values + end)
    assert level(behind, "LT")[1].endswith("level LT")
    outcome, said = level(behind, "LTA")
    assert (outcome, said) == (
        Outcome.INDETERMINATE,
        "level LTA is required: no archive time-stamp that counts covers the data",
    )


def test_an_answer_shows_it_as_a_list_does() -> None:
    answers = [
        ocsp_answer(
            one, pki().issuing, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(hours=1)
        )
        for one in (pki().seal.certificate, authority(*OF_2026).certificate)
    ]
    data = raised(ValidationData(DATA.certificates, [fresh(pki().root)], answers))
    outcome, said = level(data, "LT")
    assert outcome is Outcome.PASSED
    assert "answer (OCSP)" in said


NOT_ENOUGH: dict[str, tuple[ValidationData, str]] = {
    "values of a foreign certificate": (
        ValidationData(der(pki().other_root.certificate), [fresh(pki().other_root)]),
        "its issuer, CN=Emisora de pruebas,C=ES, is not there",
    ),
    "no list": (replace(DATA, revocation_lists=[]), "no list or answer"),
    "a list of somebody else": (
        replace(DATA, revocation_lists=[fresh(pki().other_root)]),
        "no list or answer",
    ),
    "a list that somebody else has signed": (
        replace(DATA, revocation_lists=[crl(pki().issuing, key=ec_key("forger")), fresh(pki().root)]),
        "no list or answer",
    ),
    "a list that was out of date": (
        replace(
            DATA,
            revocation_lists=[
                crl(pki().issuing, this_update=NOW - timedelta(days=9), next_update=NOW - timedelta(days=8)),
                fresh(pki().root),
            ],
        ),
        "no list or answer",
    ),
    "no list about the issuer": (replace(DATA, revocation_lists=[fresh(pki().issuing)]), "no list or answer"),
    "garbage": (ValidationData([b"\x30\x03abc"], [b"", b"x"], [b"y"]), "is not there"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_ENOUGH)
def test_what_does_not_show_it_is_told_and_harms_nothing(what: str) -> None:
    data, why = NOT_ENOUGH[what]
    outcome, said = level(raised(data), None)
    assert outcome is Outcome.SKIPPED
    assert why in said
    assert verify(raised(data), trust=trust(), at=AT).outcome is Outcome.PASSED
    outcome, said = level(raised(data), "LT")
    assert outcome is Outcome.INDETERMINATE
    assert why in said


def test_a_path_must_lead_to_an_anchor_where_any_is_given() -> None:
    others = replace(trust(), issuers=TrustStore([pki().other_root.certificate]))
    outcome, said = level(raised(), "LT", whom=others)
    assert outcome is Outcome.INDETERMINATE
    assert "does not hold CN=Raíz de pruebas,C=ES in issuers/" in said
    assert level(raised(), "LT", whom=replace(trust(), issuers=None))[0] is Outcome.PASSED
    issuing = replace(trust(), issuers=TrustStore([pki().issuing.certificate]))
    assert level(raised(ValidationData([], [fresh(pki().issuing)])), "LT", whom=issuing)[0] is Outcome.PASSED


@pytest.mark.parametrize("whose", ["seal", "authority"])
def test_a_revocation_before_the_time_stamp_is_told_and_one_after_it_is_not_held_against_it(
    whose: str,
) -> None:
    one = pki().seal.certificate if whose == "seal" else authority(*OF_2026).certificate
    for since, wanted in (
        (STAMPED_AT, Outcome.INDETERMINATE),
        (STAMPED_AT + timedelta(hours=1), Outcome.PASSED),
    ):
        data = raised(replace(DATA, revocation_lists=[fresh(pki().issuing, (one, since)), fresh(pki().root)]))
        outcome, said = level(data, None)
        assert outcome is verify(data, trust=trust(), at=AT).outcome is wanted
        assert "revoked" in said
        if wanted is Outcome.INDETERMINATE:
            assert level(data, "LT")[0] is Outcome.FAILED


def test_nobody_else_can_have_a_receipt_doubted_by_a_revocation() -> None:
    """Whoever makes a root can certify the issuer's key and revoke that; it is not its issuer."""
    root = Issue(
        authority_name("Raíz de pruebas"), ec_key("false root"), ca=True, usages=AUTHORITY_USAGES
    ).make()
    false = Issue(
        pki().issuing.certificate.subject,
        pki().issuing.key,
        by=root,
        ca=True,
        usages=AUTHORITY_USAGES,
    ).make()
    revoking = ValidationData(
        der(false.certificate, root.certificate),
        [fresh(pki().issuing), fresh(root, (false.certificate, NOW - timedelta(days=9)))],
    )
    report = verify(raised(revoking), trust=trust(), at=AT)
    assert report.outcome is Outcome.PASSED
    assert outcomes(report)["validation data"] is Outcome.SKIPPED
    both = ValidationData(
        [*revoking.certificates, *DATA.certificates], [*revoking.revocation_lists, *DATA.revocation_lists]
    )
    assert level(raised(both), "LT")[0] is Outcome.PASSED


def test_past_the_end_of_their_issuers_the_data_need_a_word_that_they_are_older() -> None:
    far = tsa("far", (datetime(2020, 1, 1, tzinfo=UTC), datetime(2070, 12, 31, tzinfo=UTC)))
    whom = replace(
        trust(),
        seals=[DatedCertificate.of(pki().seal.certificate)],
        authorities=[DatedCertificate.of(far.certificate)],
    )
    lt = raise_to_lt(stamped(put_at_disposal(), pair=far), DATA)
    outcome, said = level(lt, "LT", at=on(2051), whom=whom)
    assert outcome is Outcome.INDETERMINATE
    assert "nothing proves that this is older" in said
    assert level(archive(lt, on(2049), far), "LTA", at=on(2051), whom=whom)[0] is Outcome.PASSED
    assert level(archive(lt, on(2050), far), "LT", at=on(2051), whom=whom)[0] is Outcome.INDETERMINATE
    again = archive(archive(lt, on(2049), far), on(2055), far)
    assert level(again, "LTA", at=on(2060), whom=whom)[0] is Outcome.PASSED


def _added(data: bytes, element: str) -> bytes:
    """Add an unsigned property behind all others."""
    end = "</xades:UnsignedSignatureProperties>"
    return data.replace(end.encode(), f"{element}{end}".encode())


def _behind(data: bytes, *lists: bytes) -> bytes:
    """Add lists of revoked certificates, as somebody else does, behind whatever a receipt holds."""
    values = "".join(
        f"<xades:EncapsulatedCRLValue>{base64.b64encode(one).decode()}</xades:EncapsulatedCRLValue>"
        for one in lists
    )
    return _added(
        data,
        f'<xades141:AnyValidationData xmlns:xades141="{XADES_141}"><xades:RevocationValues>'
        f"<xades:CRLValues>{values}</xades:CRLValues></xades:RevocationValues></xades141:AnyValidationData>",
    )


@pytest.mark.parametrize("whose", ["seal", "authority"])
def test_a_revocation_is_told_wherever_it_stands(whose: str) -> None:
    """Behind the archive time-stamp, under which an older list still says nothing of it."""
    one = pki().seal.certificate if whose == "seal" else authority(*OF_2026).certificate
    late = on(2027, 7)
    revoking = crl(
        pki().issuing,
        (one, NOW - timedelta(days=20)),
        this_update=late - timedelta(days=20),
        next_update=late,
    )
    data = _behind(first(), revoking)
    for wanted, outcome in ((None, Outcome.INDETERMINATE), ("LT", Outcome.FAILED), ("LTA", Outcome.FAILED)):
        found, said = level(data, wanted, late)
        assert (found, "says that it was revoked before 2026-06-01" in said) == (outcome, True)
    root = crl(
        pki().root,
        (pki().issuing.certificate, NOW - timedelta(days=20)),
        this_update=late - timedelta(days=20),
        next_update=late,
    )
    assert level(_behind(first(), root), "LTA", late)[0] is Outcome.INDETERMINATE
    # And where nothing else shows that the seal was good.
    alone = raised(ValidationData(DATA.certificates, [fresh(pki().root)]))
    assert level(_behind(alone, revoking), None)[0] is Outcome.INDETERMINATE


def test_a_list_of_after_the_verification_shows_nothing() -> None:
    later = [crl(by, this_update=on(2027, 3), next_update=on(2027, 9)) for by in (pki().issuing, pki().root)]
    data = raised(replace(DATA, revocation_lists=later))
    outcome, said = level(data, "LT")
    assert (outcome, "it is of 2027-03-01T12:00:00.000Z, and so of later" in said) == (
        Outcome.INDETERMINATE,
        True,
    )
    assert level(data, "LT", on(2027, 4))[0] is Outcome.PASSED


def _far() -> tuple[KeyPair, Trust]:
    far = tsa("far", (datetime(2020, 1, 1, tzinfo=UTC), datetime(2070, 12, 31, tzinfo=UTC)))
    seals = [DatedCertificate.of(pki().seal.certificate)]
    return far, replace(trust(), seals=seals, authorities=[DatedCertificate.of(far.certificate)])


def test_past_the_end_of_a_responder_its_answer_needs_a_word_that_it_is_older() -> None:
    """Whoever comes by the key of a responder that is no longer in use answers what they like."""
    far, whom = _far()
    delegate = Issue(
        authority_name("Estado de certificados"),
        ec_key("delegate"),
        by=pki().issuing,
        purposes=[ExtendedKeyUsageOID.OCSP_SIGNING],
        extra=[(OCSPNoCheck(), False)],
        not_before=on(2020),
        not_after=on(2029),
    ).make()
    answers = [
        ocsp_answer(one, pki().issuing, responder=delegate)
        for one in (pki().seal.certificate, far.certificate)
    ]
    data = ValidationData(DATA.certificates, [fresh(pki().root)], answers)
    lt = raise_to_lt(stamped(put_at_disposal(), pair=far), data)
    assert level(lt, "LT", on(2028), whom)[0] is Outcome.PASSED
    outcome, said = level(lt, "LT", on(2030), whom)
    assert outcome is Outcome.INDETERMINATE
    assert "CN=Estado de certificados,C=ES, which answered for it: its certificate was in use until" in said
    assert level(archive(lt, on(2028), far), "LTA", on(2030), whom)[0] is Outcome.PASSED
    assert level(archive(lt, on(2029, 7), far), "LT", on(2030), whom)[0] is Outcome.INDETERMINATE


def test_each_list_is_judged_by_the_archive_time_stamps_behind_it() -> None:
    """That of an issuer which has ended stands under the first, the other one under the second alone."""
    far, whom = _far()
    ended = Issue(
        authority_name("Emisora que termina"),
        ec_key("ending"),
        by=pki().root,
        ca=True,
        usages=AUTHORITY_USAGES,
        not_before=on(2020),
        not_after=on(2030),
    ).make()
    stamper = Issue(
        authority_name("Autoridad de la que termina"),
        ec_key("of the ending"),
        by=ended,
        extra=[STAMPING],
        not_before=on(2020),
        not_after=on(2069),
    ).make()
    whom = replace(whom, authorities=[*whom.authorities, DatedCertificate.of(stamper.certificate)])
    data = ValidationData(
        der(ended.certificate, pki().issuing.certificate, pki().root.certificate),
        [fresh(ended), fresh(pki().root)],
    )
    lt = raise_to_lt(stamped(put_at_disposal(), pair=stamper), data)
    under_one = archive(lt, on(2029), far)
    both = _behind(under_one, fresh(pki().issuing))
    assert level(both, "LT", on(2032), whom)[0] is Outcome.PASSED
    assert level(both, "LTA", on(2032), whom)[0] is Outcome.INDETERMINATE
    token = token_of(imprint_of(take_apart(both), "sha256"), at=on(2031), pair=far)
    twice = _added(
        both,
        f'<xades141:ArchiveTimeStamp xmlns:xades141="{XADES_141}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f"<xades:EncapsulatedTimeStamp>{base64.b64encode(token).decode()}</xades:EncapsulatedTimeStamp>"
        "</xades141:ArchiveTimeStamp>",
    )
    assert level(twice, "LTA", on(2032), whom)[0] is Outcome.PASSED


def test_no_heap_of_values_takes_long() -> None:
    same = [
        Issue(
            pki().issuing.certificate.subject,
            pki().issuing.key,
            by=pki().root,
            ca=True,
            usages=AUTHORITY_USAGES,
        )
        .make()
        .certificate
        for _ in range(80)
    ]
    lists: Sequence[bytes] = [fresh(pki().issuing), *(bytes(1000 + n) for n in range(900))]
    data = raised(ValidationData(der(*same), lists, [bytes(n) for n in range(1, 900)]))
    started = time.process_time()
    assert verify(data, trust=trust(), at=AT).outcome is Outcome.PASSED
    assert time.process_time() - started < 2
