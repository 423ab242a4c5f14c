from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from notigateway.errors import RevocationDataError
from notigateway.pki.keys import KeyPair
from notigateway.pki.ocsp import question, read_answer, responders
from notigateway.pki.revocation import RevocationData, RevocationRecords, RevocationStatus, read_list
from notigateway.sandbox.certifying import AUTHORITY_USAGES, name
from pki import COMPANY_NIF, NOW, Issue, company_subject, crl, ec_key, ocsp_answer, pki, responder, rsa_key

YESTERDAY = NOW - timedelta(days=1)
ISSUERS = pki().anchors
HOLDER = pki().company_seal.certificate
ISSUER = pki().issuing.certificate


def point(*names: str, **flags: bool) -> tuple[x509.ExtensionType, bool]:
    uris = [x509.UniformResourceIdentifier(one) for one in names]
    return (
        x509.IssuingDistributionPoint(
            full_name=uris or None,
            relative_name=None,
            only_contains_user_certs=flags.get("users", False),
            only_contains_ca_certs=flags.get("cas", False),
            only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}) if flags.get("reasons") else None,
            indirect_crl=flags.get("indirect", False),
            only_contains_attribute_certs=False,
        ),
        True,
    )


def holder_with_points(*names: str) -> x509.Certificate:
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(one)], None, None, None) for one in names
    ]
    extra = [(x509.CRLDistributionPoints(points), False)]
    return pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), extra=extra).certificate


# --- lists ----------------------------------------------------------------------------------------


def test_who_is_not_on_a_list_is_good_and_who_is_on_it_is_revoked() -> None:
    records = RevocationRecords([read_list(crl(pki().issuing, (HOLDER, YESTERDAY)), ISSUERS)])
    found = records.find(HOLDER, ISSUER)
    assert found
    assert (found.status, found.revoked_at) == (RevocationStatus.REVOKED, YESTERDAY)
    other = records.find(pki().person.certificate, ISSUER)
    assert other
    assert other.status is RevocationStatus.GOOD


def test_a_list_says_nothing_of_another_issuers_certificates() -> None:
    records = RevocationRecords([read_list(crl(pki().rsa_issuing, (HOLDER, YESTERDAY)), ISSUERS)])
    assert records.find(HOLDER, ISSUER) is None


def test_pem_is_read_too() -> None:
    data = crl(pki().issuing, (HOLDER, YESTERDAY))
    pem = x509.load_der_x509_crl(data).public_bytes(Encoding.PEM)
    assert read_list(pem, ISSUERS).revoked.keys() == {HOLDER.serial_number}


def test_a_list_for_a_part_of_the_certificates_speaks_of_those_that_name_it() -> None:
    inside, outside = holder_with_points("http://a.test/1.crl"), holder_with_points("http://a.test/2.crl")
    data = crl(
        pki().issuing,
        (inside, YESTERDAY),
        (outside, YESTERDAY),
        extra=[point("http://a.test/1.crl", "ldap://a.test/1", users=True)],
    )
    records = RevocationRecords([read_list(data, ISSUERS)])
    found = records.find(inside, ISSUER)
    assert found
    assert (found.status, found.is_watched) == (RevocationStatus.REVOKED, True)
    assert records.find(outside, ISSUER) is None
    assert records.find(HOLDER, ISSUER) is None


def test_a_hold_ends_with_a_later_word_and_a_revocation_does_not() -> None:
    for reason, status in [
        (x509.ReasonFlags.certificate_hold, RevocationStatus.GOOD),
        (x509.ReasonFlags.key_compromise, RevocationStatus.REVOKED),
        (None, RevocationStatus.REVOKED),
    ]:
        old = read_list(crl(pki().issuing, (HOLDER, YESTERDAY), reason=reason), ISSUERS)
        new = read_answer(ocsp_answer(HOLDER, pki().issuing, this_update=YESTERDAY), ISSUERS)
        both: list[RevocationData] = [old, new]
        for data in (both, both[::-1]):
            found = RevocationRecords(data).find(HOLDER, ISSUER)
            assert found
            assert found.status is status


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(crl(pki().other_root), "not signed by an authorised issuer", id="another-issuer"),
        pytest.param(
            crl(pki().issuing, key=ec_key("forger")), "not signed by an authorised issuer", id="forged"
        ),
        pytest.param(crl(pki().issuing, extra=[point(indirect=True)]), "indirect", id="indirect"),
        pytest.param(crl(pki().issuing, extra=[point(reasons=True)]), "some reasons", id="reasons"),
        pytest.param(
            crl(pki().issuing, extra=[(x509.DeltaCRLIndicator(1), True)]), "not understood", id="delta"
        ),
        pytest.param(crl(pki().issuing)[:-40], "cannot be read", id="cut"),
        pytest.param(b"", "cannot be read", id="empty"),
        pytest.param(b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n", "cannot be read", id="pem"),
        pytest.param(HOLDER.public_bytes(Encoding.DER), "cannot be read", id="certificate"),
    ],
)
def test_a_list_that_does_not_count_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RevocationDataError, match=reason):
        read_list(data, ISSUERS)


def test_a_list_of_authorities_or_of_holders_alone_says_nothing_of_the_others() -> None:
    authority = pki().issuing.certificate
    for extra, is_of_authorities in ((point(cas=True), True), (point(users=True), False)):
        data = crl(pki().root, (authority, YESTERDAY), extra=[extra])
        records = RevocationRecords([read_list(data, ISSUERS)])
        assert (records.find(authority, pki().root.certificate) is not None) is is_of_authorities
        assert (records.find(HOLDER, pki().root.certificate) is None) is is_of_authorities


def test_a_list_of_authorities_is_none_where_callers_are_meant() -> None:
    data = crl(pki().issuing, extra=[point(cas=True)])
    with pytest.raises(RevocationDataError, match="does not speak of holders"):
        read_list(data, ISSUERS, of_holders=True)


def test_an_issuer_that_may_not_sign_lists_cannot() -> None:
    subject = name((x509.NameOID.COMMON_NAME, "Solo certificados"))
    issuer = Issue(subject, ec_key("no lists"), ca=True, usages=AUTHORITY_USAGES - {"crl_sign"}).make()
    with pytest.raises(RevocationDataError, match="not signed by an authorised issuer"):
        read_list(crl(issuer), [issuer.certificate])


def test_the_successor_of_a_list_has_its_scope_and_another_part_has_another() -> None:
    old, new = crl(pki().issuing), crl(pki().issuing, (HOLDER, YESTERDAY), this_update=YESTERDAY)
    part = crl(pki().issuing, extra=[point("http://a.test/1.crl")])
    scopes = [read_list(one, ISSUERS).scope for one in (old, new, part)]
    assert scopes[0] == scopes[1] != scopes[2]


def test_a_renewed_issuer_keeps_its_list() -> None:
    first = pki().issuing
    renewed = Issue(
        first.certificate.subject, first.key, by=pki().root, ca=True, usages=AUTHORITY_USAGES
    ).make()
    records = RevocationRecords([read_list(crl(first, (HOLDER, YESTERDAY)), [renewed.certificate])])
    assert records.find(HOLDER, first.certificate) is not None


# --- OCSP -----------------------------------------------------------------------------------------


def test_the_issuer_and_a_responder_that_it_certified_are_believed() -> None:
    for by in (None, responder(pki().issuing)):
        answer = read_answer(ocsp_answer(HOLDER, pki().issuing, responder=by), ISSUERS)
        found = RevocationRecords([answer]).find(HOLDER, ISSUER)
        assert found
        assert (found.status, found.is_watched) == (RevocationStatus.GOOD, True)
        assert RevocationRecords([answer]).find(pki().person.certificate, ISSUER) is None


def test_an_rsa_issuer_is_believed() -> None:
    holder = pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=pki().rsa_issuing).certificate
    data = ocsp_answer(holder, pki().rsa_issuing, revoked_at=YESTERDAY)
    found = RevocationRecords([read_answer(data, ISSUERS)]).find(holder, pki().rsa_issuing.certificate)
    assert found
    assert (found.status, found.revoked_at) == (RevocationStatus.REVOKED, YESTERDAY)


def test_an_answer_without_next_update_ages_in_minutes() -> None:
    answer = read_answer(ocsp_answer(HOLDER, pki().issuing, this_update=NOW, next_update=None), ISSUERS)
    assert answer.fresh_until == NOW + timedelta(minutes=10)


def forged_answer() -> bytes:
    twin = KeyPair(
        ec_key("forger"),
        Issue(ISSUER.subject, ec_key("forger"), ca=True, usages=AUTHORITY_USAGES).make().certificate,
    )
    return ocsp_answer(HOLDER, pki().issuing, responder=twin)


def damaged(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(ocsp_answer(HOLDER, pki().other_root), "not about a certificate", id="another-issuer"),
        pytest.param(forged_answer(), "not certified by the issuer", id="forged"),
        pytest.param(
            ocsp_answer(HOLDER, pki().issuing, responder=responder(pki().rsa_issuing)),
            "not certified by the issuer",
            id="anothers-responder",
        ),
        pytest.param(
            ocsp_answer(HOLDER, pki().issuing, responder=responder(pki().issuing, certified=False)),
            "not certified for OCSP",
            id="a-mere-holder",
        ),
        pytest.param(
            ocsp_answer(HOLDER, pki().issuing, responder=responder(pki().issuing, no_check=False)),
            "not certified by the issuer",
            id="responder-to-be-asked-about",
        ),
        pytest.param(
            ocsp_answer(HOLDER, pki().issuing, status=x509.ocsp.OCSPCertStatus.UNKNOWN),
            "does not know",
            id="unknown",
        ),
        pytest.param(
            x509.ocsp.OCSPResponseBuilder.build_unsuccessful(
                x509.ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "TRY_LATER",
            id="try-later",
        ),
        pytest.param(damaged(ocsp_answer(HOLDER, pki().issuing)), "signature is wrong", id="damaged"),
        pytest.param(b"<html>", "cannot be read", id="html"),
    ],
)
def test_an_answer_that_does_not_count_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RevocationDataError, match=reason):
        read_answer(data, ISSUERS)


def test_the_question_names_the_certificate() -> None:
    asked = x509.ocsp.load_der_ocsp_request(question(HOLDER, ISSUER))
    assert asked.serial_number == HOLDER.serial_number


def test_responders_are_those_of_ocsp_only() -> None:
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(f"http://{host}.test/"))
            for method, host in (
                (AuthorityInformationAccessOID.CA_ISSUERS, "issuer"),
                (AuthorityInformationAccessOID.OCSP, "ocsp"),
            )
        ]
    )
    holder = pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), extra=[(access, False)])
    assert responders(holder.certificate) == ["http://ocsp.test/"]
    assert responders(HOLDER) == []


def test_instants_are_utc() -> None:
    assert read_list(crl(pki().issuing), ISSUERS).fresh_until == datetime(2049, 12, 31, tzinfo=UTC)
