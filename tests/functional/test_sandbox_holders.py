from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from notigateway.errors import CertificateExpiredError, ConfigurationError, IssuerNotAuthorisedError
from notigateway.evidence.sealing import Seal
from notigateway.pki.anchors import TrustStore
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint, load_certificates, load_key_pair, load_p12
from notigateway.sandbox.cache import Cache
from notigateway.sandbox.certifying import CertificateWish, certificate_pem, entity_name, new_ec_key
from notigateway.sandbox.holders import (
    COMPANY,
    ISSUER,
    PERSON,
    RED,
    REPRESENTATIVE,
    STRANGER,
    ensure_pki,
    renew_holders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.sandbox.holders import Pki

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("sandbox") / "pki", NOW)


def folders(folder: Path, *names: str) -> Iterator[Path]:
    for name in names:
        (folder / name).mkdir()
        yield folder / name


@pytest.mark.parametrize(
    ("name", "party", "signer"),
    [
        ("company", COMPANY[0], COMPANY[0]),
        ("person", PERSON[0], PERSON[0]),
        ("representative", COMPANY[0], REPRESENTATIVE[0]),
        ("red", RED[0], RED[0]),
        ("stranger", STRANGER[0], STRANGER[0]),
        ("issuer", ISSUER[0], ISSUER[0]),
    ],
)
def test_each_holder_is_admitted_and_names_party_and_signer(
    pki: Pki, name: str, party: str, signer: str
) -> None:
    holder = pki.holder(name)
    pair = load_key_pair(holder.key, holder.certificate)
    TrustStore.from_folder(pki.issuers).check(pair.certificate, NOW)
    caller = read_caller(pair.certificate)
    assert (caller.party, caller.signer) == (party, signer)


def test_the_expired_and_the_untrusted_holder_are_refused_for_their_reason(pki: Pki) -> None:
    trust = TrustStore.from_folder(pki.issuers)
    for name, reason in (("expired", CertificateExpiredError), ("untrusted", IssuerNotAuthorisedError)):
        (certificate,) = load_certificates(pki.holder(name).certificate)
        assert read_caller(certificate).party == COMPANY[0]
        with pytest.raises(reason):
            trust.check(certificate, NOW)


def test_a_folder_from_before_certificates_stated_policies_is_refused(tmp_path: Path) -> None:
    made = ensure_pki(tmp_path / "pki", NOW)
    ends = NOW + timedelta(days=1)
    plain = CertificateWish(entity_name(*COMPANY), new_ec_key(), not_before=NOW, not_after=ends)
    made.holder("company").certificate.write_bytes(certificate_pem(plain.make().certificate))
    with pytest.raises(ConfigurationError, match="earlier version"):
        ensure_pki(tmp_path / "pki", NOW)


def test_every_p12_opens_with_the_passphrase_in_the_file(pki: Pki) -> None:
    passphrase = pki.passphrase.read_bytes().strip()
    for holder in pki.holders().values():
        assert load_p12(holder.p12, passphrase).certificate == load_certificates(holder.certificate)[0]


def test_the_gateways_keys_are_fit_for_their_purposes(pki: Pki) -> None:
    Seal(load_key_pair(pki.key("seal"), pki.certificate("seal")))
    service = load_key_pair(pki.key("service"), pki.certificate("service"))
    assert service.key.key_size == 2048


def test_only_the_owner_may_read_private_files(pki: Pki) -> None:
    private = [*pki.folder.rglob("*.key.pem"), *pki.folder.rglob("*.p12"), pki.passphrase]
    assert (
        len(private) == 6 + 9 + 9 + 1
    )  # service, two false ones, seal, time-stamps, issuer; each holder twice; the passphrase
    for file in private:
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_has_keys_keeps_them(pki: Pki) -> None:
    before = fingerprint(load_certificates(pki.holder("company").certificate)[0])
    again = ensure_pki(pki.folder, NOW + timedelta(days=1))
    assert fingerprint(load_certificates(again.holder("company").certificate)[0]) == before


def test_a_start_that_was_killed_halfway_leaves_nothing_half_made(tmp_path: Path) -> None:
    (tmp_path / ".pki-making").mkdir()
    (tmp_path / ".pki-making" / "root.cert.pem").write_text("half")
    pki = ensure_pki(tmp_path / "pki", NOW)
    assert load_certificates(pki.certificate("root"))
    assert not (tmp_path / ".pki-making").exists()


def service_of(pki: Pki) -> bytes:
    return pki.key("service").read_bytes()


def test_sandboxes_of_one_week_begin_with_the_same_keys_for_their_owner_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    one, two = (ensure_pki(tmp_path / name / "pki", NOW, cache) for name in folders(tmp_path, "one", "two"))
    assert service_of(one) == service_of(two)
    Seal(load_key_pair(two.key("seal"), two.certificate("seal")))
    files = [file for file in two.folder.rglob("*") if file.is_file()]
    assert len(files) > 40
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    again = ensure_pki(two.folder, NOW + timedelta(days=400), cache)
    assert service_of(again) == service_of(two)


def test_a_later_week_has_others_whose_expired_ended_a_day_before(tmp_path: Path) -> None:
    cache, later = Cache(tmp_path / "cache"), NOW + timedelta(days=7)
    one = ensure_pki(next(folders(tmp_path, "one")) / "pki", NOW, cache)
    two = ensure_pki(next(folders(tmp_path, "two")) / "pki", later, cache)
    assert service_of(one) != service_of(two)
    (expired,) = load_certificates(two.holder("expired").certificate)
    assert expired.not_valid_after_utc == later - timedelta(days=1)


def test_one_that_has_not_expired_by_a_clock_that_went_back_is_not_used(tmp_path: Path) -> None:
    monday = datetime.fromtimestamp(2950 * 7 * 86_400, UTC)
    cache = Cache(tmp_path / "cache")
    one = ensure_pki(next(folders(tmp_path, "one")) / "pki", monday + timedelta(days=6), cache)
    two = ensure_pki(next(folders(tmp_path, "two")) / "pki", monday, cache)
    assert service_of(one) != service_of(two)
    (expired,) = load_certificates(two.holder("expired").certificate)
    assert expired.not_valid_after_utc < monday


def test_without_a_cache_that_may_be_trusted_each_has_keys_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o755)
    cache = Cache(tmp_path / "cache")
    one, two = (ensure_pki(tmp_path / name / "pki", NOW, cache) for name in folders(tmp_path, "one", "two"))
    assert service_of(one) != service_of(two)
    assert list((tmp_path / "cache").iterdir()) == []


def test_other_holders_of_the_same_authority_are_known_by_their_own_keys(tmp_path: Path) -> None:
    pki = ensure_pki(next(folders(tmp_path, "one")) / "pki", NOW)
    before = {name: files.key.read_bytes() for name, files in pki.holders().items()}
    service, issuers = service_of(pki), TrustStore.from_folder(pki.issuers)
    renew_holders(pki, NOW)
    assert service_of(pki) == service
    assert not set(before.values()) & {files.key.read_bytes() for files in pki.holders().values()}
    (company,) = load_certificates(pki.holder("company").certificate)
    assert read_caller(company).party == COMPANY[0]
    issuers.check(company, NOW)
    (revoked,) = load_certificates(pki.holder("revoked").certificate)
    listed = x509.load_der_x509_crl((pki.folder / "issuing.crl").read_bytes())
    assert [one.serial_number for one in listed] == [revoked.serial_number]
