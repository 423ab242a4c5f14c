"""What the gateway's own certificates are validated by is kept while it can be had, and goes into PDFs."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from sqlalchemy import select

from authority import AuthoritySite
from notigateway.evidence.pades import verify_pdf
from notigateway.evidence.seals import HeldSeal, load_history
from notigateway.jobs import Sealing, refreshing
from notigateway.log.witnessing import Witnesses
from notigateway.pki.keys import fingerprint
from notigateway.receipts.renewing import RenewalJob
from notigateway.receipts.stamping import stamp
from notigateway.repository.engine import reading
from notigateway.repository.kept_validation import KeptStatus
from notigateway.repository.renewals import find_last_renewal
from notigateway.repository.trust import list_current_digests
from notigateway.settings import NamedWitness
from notigateway.tlog.cosignature import cosigner_of
from notigateway.tlog.renewal import read_record
from pki import (
    NOW,
    OTHER_COMPANY_NIF,
    company_subject,
    crl,
    ec_key,
    ocsp_answer,
    pki,
    write_issuers,
    write_pem,
)
from stack import NG, Stack
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.pki.keys import KeyPair
    from notigateway.trust.refreshing import Refreshed

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ISSUERS = ("root", "issuing")


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Give a maker of a gateway whose operator has named who issued its certificates."""
    made: list[Stack] = []

    def one(seal: KeyPair | None = None, issuers: Sequence[str] = ISSUERS, **overrides: object) -> Stack:
        authorities = tmp_path / "authorities"
        authorities.mkdir()
        (authorities / "tsa.pem").write_bytes(tsa().certificate.public_bytes(Encoding.PEM))
        certificates = [getattr(pki(), name).certificate for name in issuers]
        own: dict[str, Any] = {
            "timestamp_authority_folder": authorities,
            "evidence_issuers_folder": write_issuers(tmp_path / "evidence-issuers", certificates),
        }
        if seal is not None:
            (tmp_path / "seal.pem").write_bytes(seal.certificate.public_bytes(Encoding.PEM))
            own["seal_certificate_file"] = tmp_path / "seal.pem"
        made.append(Stack(database_url, tmp_path, **own | overrides))
        return made[-1]

    yield one
    for stack in made:
        stack.close()


@pytest.fixture
def site() -> Iterator[AuthoritySite]:
    with AuthoritySite() as site:
        yield site


def kept(stack: Stack, certificate: Certificate) -> list[datetime]:
    """Return since when what is kept of a certificate says so."""
    with reading(stack.engine) as session:
        of_it = KeptStatus.certificate_sha256 == fingerprint(certificate)
        return list(session.scalars(select(KeptStatus.this_update).where(of_it).order_by("this_update")))


def drop(stack: Stack, at: datetime, *, ends: datetime | None = None) -> Refreshed:
    """Drop new lists of both authorities, and take them in."""
    until = ends or at + 30 * DAY
    for number, name in enumerate(ISSUERS):
        file = stack.folder / "revocation" / f"issuer-{number}.crl"
        file.write_bytes(crl(getattr(pki(), name), this_update=at, next_update=until))
    return stack.refresh_trust()


def stamped_pdf(stack: Stack) -> tuple[UUID, datetime]:
    """Accept something, have its PDF made and time-stamped, and return whose it is and of when."""
    wanted = stack.publish()
    stack.accept(wanted)
    pdf_of(stack, wanted)
    at = (stack.now + MINUTE).replace(microsecond=0)
    with serving(Answering(at=at)) as authority:
        stamp(stack.engine, authority=authority, now=stack.now, batch_size=10)
    return wanted, at


def pdf_of(stack: Stack, wanted: UUID) -> bytes:
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>pdf</format>")
    receipts = answer.tree.findall("ng:item/ng:receipt", namespaces=NG)
    return base64.b64decode(receipts[-1].findtext("ng:file", "", namespaces=NG))


def has_validation(pdf: bytes, at: datetime) -> bool:
    found = verify_pdf(
        pdf, seal_certificates=[pki().seal.certificate], timestamp_certificates=[tsa().certificate]
    )
    assert found.timestamped_at == at
    return found.has_additions


def test_a_pdf_holds_what_was_in_force_and_then_for_good_the_first_that_is_newer(
    make: Callable[..., Stack],
) -> None:
    stack = make()
    wanted, at = stamped_pdf(stack)

    first = pdf_of(stack, wanted)
    drop(stack, at + MINUTE)
    newer = pdf_of(stack, wanted)
    stack.pass_time(days=3)
    drop(stack, at + 2 * DAY)
    last = pdf_of(stack, wanted)

    assert has_validation(first, at)
    assert has_validation(newer, at)
    assert newer != first
    assert last == newer
    assert kept(stack, pki().seal.certificate)[1:] == [at + MINUTE, at + 2 * DAY]
    assert kept(stack, pki().root.certificate) == []


def test_nothing_is_kept_twice_a_day(make: Callable[..., Stack]) -> None:
    stack = make()
    drop(stack, NOW - 2 * MINUTE)
    again = drop(stack, NOW - MINUTE)

    assert again.kept == 0
    assert kept(stack, pki().issuing.certificate)[1:] == [NOW - 2 * MINUTE]
    stack.pass_time(days=1)
    assert drop(stack, NOW + DAY - MINUTE).kept == 3


def test_without_named_issuers_nothing_is_kept_and_nothing_is_wrong(stack: Stack) -> None:
    assert stack.refresh_trust().failures == []
    assert kept(stack, pki().seal.certificate) == []
    wanted, at = stamped_pdf(stack)
    assert not has_validation(pdf_of(stack, wanted), at)


def test_an_issuer_that_is_missing_is_told_and_callers_do_not_notice(make: Callable[..., Stack]) -> None:
    stack = make(issuers=["issuing"])
    done = stack.refresh_trust()

    assert len(done.failures) == 2
    assert all("its issuer is not in evidence_issuers_folder" in one for one in done.failures)
    wanted, at = stamped_pdf(stack)
    assert not has_validation(pdf_of(stack, wanted), at)


def test_a_file_that_is_no_certificate_is_told_and_callers_do_not_notice(make: Callable[..., Stack]) -> None:
    stack = make()
    (stack.folder / "evidence-issuers" / "stray.txt").write_text("x")
    (failure,) = stack.refresh_trust().failures
    assert failure.startswith("evidence_issuers_folder: ")
    assert stack.accept(stack.publish())


@pytest.mark.parametrize(
    ("is_there", "why"), [(True, "there is no certificate in it"), (False, "no such folder")]
)
def test_a_named_folder_without_issuers_is_told(make: Callable[..., Stack], is_there: bool, why: str) -> None:
    """A volume that is not mounted looks like it, and what is not kept now cannot be had later."""
    stack = make()
    folder = stack.folder / "evidence-issuers"
    for file in folder.iterdir():
        file.unlink()
    if not is_there:
        folder.rmdir()
    (failure,) = stack.refresh_trust().failures
    assert failure.startswith(f"evidence_issuers_folder: {folder}: ")
    assert why in failure


def test_the_jobs_keep_what_validates_a_seal_that_is_named_since_they_began(
    make: Callable[..., Stack], tmp_path: Path
) -> None:
    """As operations.md has it: the former one goes into the folder, and the settings name the next."""
    stack = make(retired_seals_folder=tmp_path / "retired")
    before = stack.settings
    next_ = pki().holder(company_subject(OTHER_COMPANY_NIF, "Sello siguiente"), ec_key("next seal"))
    write_pem(next_, stack.folder, "next")
    retired = before.retired_seals_folder
    retired.mkdir(exist_ok=True)
    (retired / "seal.pem").write_bytes(before.seal_certificate_file.read_bytes())
    now = before.model_copy(
        update={
            "seal_key_file": stack.folder / "next.key.pem",
            "seal_certificate_file": stack.folder / "next.cert.pem",
        }
    )

    done = refreshing(before, Sealing(lambda: now))(stack.engine, stack.now)

    assert done.left == ()
    assert kept(stack, next_.certificate)
    assert kept(stack, pki().seal.certificate)
    history = load_history(before, next_.certificate)
    assert [one.certificate for one in history] == [next_.certificate, pki().seal.certificate]
    vkey = cosigner_of("witness.example/w1", Ed25519PrivateKey.generate()).vkey
    witness = NamedWitness.model_validate({"vkey": vkey, "url": "https://witness.example/w1"})
    assert Witnesses.by(before.model_copy(update={"witnesses": (witness,)}), next_.certificate)


def test_a_responder_that_the_own_certificate_names_is_asked_without_further_leave(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    seal = _naming(site)
    asked_at = NOW - MINUTE
    site.ocsp = lambda _: ocsp_answer(
        seal.certificate, pki().issuing, this_update=asked_at, next_update=asked_at + DAY
    )
    stack = make(seal)

    assert site.requests == ["POST /ocsp"]
    assert kept(stack, seal.certificate) == [asked_at]
    stack.pass_time(days=2)
    site.is_down = True
    # The list that was dropped still tells; it is older than what is known, so it is not kept.
    assert stack.refresh_trust().failures == []


def test_what_nobody_tells_is_told_the_operator(make: Callable[..., Stack], site: AuthoritySite) -> None:
    stack = make(_naming(site))
    ends = NOW + MINUTE
    drop(stack, NOW - MINUTE, ends=ends)
    site.is_down = True
    stack.pass_time(minutes=2)

    failures = stack.refresh_trust().failures

    assert any("nothing tells of its status now: " in one and "HTTP status 503" in one for one in failures)


def test_a_seal_that_is_revoked_is_told_and_validates_no_pdf_of_later(make: Callable[..., Stack]) -> None:
    stack = make()
    wanted, at = stamped_pdf(stack)
    revoked = crl(
        pki().issuing, (pki().seal.certificate, at - MINUTE), this_update=at + MINUTE, next_update=at + DAY
    )
    assert has_validation(pdf_of(stack, wanted), at)

    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(revoked)
    (failure,) = stack.refresh_trust().failures

    assert "it is revoked since 2026-06-01T12:00:00.000Z" in failure
    assert "Sello de la pasarela" in failure
    assert not has_validation(pdf_of(stack, wanted), at)


def test_a_list_of_authorities_tells_of_them_and_of_nobody_else(make: Callable[..., Stack]) -> None:
    stack = make()
    at = NOW - MINUTE
    of_authorities = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    for number, name in enumerate(ISSUERS):
        data = crl(getattr(pki(), name), this_update=at, next_update=at + DAY, extra=[(of_authorities, True)])
        (stack.folder / "revocation" / f"issuer-{number}.crl").write_bytes(data)
    stack.refresh_trust()

    assert kept(stack, pki().issuing.certificate)[-1] == at
    assert kept(stack, pki().seal.certificate)[-1] != at


def test_a_list_that_is_kept_for_the_seal_serves_callers_too(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    """The seal's issuer is one of the callers': what came for the one first is not lost to the others."""
    names = [x509.UniformResourceIdentifier(site.url("/issuing.crl"))]
    listed = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
    seal = _seal(listed)
    site.files["/issuing.crl"] = crl(pki().issuing, this_update=NOW - MINUTE, next_update=NOW + DAY)
    stack = make(seal)
    assert kept(stack, seal.certificate) == [NOW - MINUTE]
    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(site.files["/issuing.crl"])

    assert stack.refresh_trust().new == 1

    with reading(stack.engine) as session:
        assert len(list_current_digests(session)) == 3


def test_a_renewed_head_carries_what_its_authority_is_validated_by(make: Callable[..., Stack]) -> None:
    stack = make()
    stack.accept(stack.publish())
    with serving(Answering(at=NOW)) as authority:
        job = RenewalJob.by(stack.settings, authority)
        job.renew(stack.engine, HeldSeal(lambda: stack.settings).at(NOW), now=NOW)

    with reading(stack.engine) as session:
        last = find_last_renewal(session)
        assert last is not None
        record = read_record(last.record)
    ders = [
        one.public_bytes(Encoding.DER)
        for one in (tsa().certificate, pki().issuing.certificate, pki().root.certificate)
    ]
    assert list(record.certificates) == ders
    lists = [x509.load_der_x509_crl(one) for one in record.revocations]
    assert {one.issuer for one in lists} == {
        pki().issuing.certificate.subject,
        pki().root.certificate.subject,
    }


def _seal(*extra: x509.ExtensionType) -> KeyPair:
    subject = company_subject(OTHER_COMPANY_NIF, "Sello de la pasarela")
    return pki().holder(subject, ec_key("seal"), extra=[(one, False) for one in extra])


def _naming(site: AuthoritySite) -> KeyPair:
    """Return a seal whose certificate names a responder."""
    location = x509.UniformResourceIdentifier(site.url("/ocsp"))
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
    return _seal(x509.AuthorityInformationAccess([access]))
