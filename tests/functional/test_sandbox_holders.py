from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import CertificateExpiredError, ConfigurationError, IssuerNotAuthorisedError
from notigateway.evidence.sealing import Seal
from notigateway.pki.anchors import TrustStore
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint, load_certificates, load_key_pair, load_p12
from notigateway.sandbox.certifying import CertificateWish, certificate_pem, entity_name, new_ec_key
from notigateway.sandbox.holders import COMPANY, ISSUER, PERSON, RED, REPRESENTATIVE, STRANGER, ensure_pki

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.sandbox.holders import Pki

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("sandbox") / "pki", NOW)


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
