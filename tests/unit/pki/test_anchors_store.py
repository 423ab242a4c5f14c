"""The store of authorised issuers: its cache, its folder, hostile certificates, and the pinned ones."""

from __future__ import annotations

import base64
import random
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from envelopes import Draft
from notigateway.errors import (
    CertificateExpiredError,
    ConfigurationError,
    GatewayError,
    IssuerNotAuthorisedError,
    TokenInvalidError,
)
from notigateway.pki.anchors import PinnedCertificates, TrustStore
from patience import PATIENCE_SECONDS
from pki import (
    COMPANY_NIF,
    NOW,
    authority,
    company_subject,
    pki,
    rsa_key,
    write_issuers,
)
from verifying import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBJECT = company_subject(COMPANY_NIF)


@pytest.fixture
def trust() -> TrustStore:
    return TrustStore(pki().anchors)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as they can, so that what they may not share is found."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


# --- the cache ------------------------------------------------------------------------------------


def test_a_cached_verdict_ends_with_the_certificate(trust: TrustStore) -> None:
    end = NOW + timedelta(seconds=30)
    pair = pki().holder(SUBJECT, rsa_key("company"), not_after=end)
    trust.check(pair.certificate, NOW)
    trust.check(pair.certificate, end)
    with pytest.raises(CertificateExpiredError):
        trust.check(pair.certificate, end + timedelta(seconds=1))


def test_a_cached_verdict_ends_with_the_issuer() -> None:
    end = NOW + timedelta(seconds=30)
    issuer = authority("ending issuer", not_after=end)
    pair = pki().holder(SUBJECT, rsa_key("company"), by=issuer)
    store = TrustStore([issuer.certificate])
    store.check(pair.certificate, NOW)
    store.check(pair.certificate, end)
    with pytest.raises(IssuerNotAuthorisedError):
        store.check(pair.certificate, end + timedelta(seconds=1))


@pytest.mark.parametrize("later", [-3600, 0, 599, 600, 86_400])
def test_a_verdict_is_right_at_every_instant(trust: TrustStore, later: int) -> None:
    trust.check(pki().person.certificate, NOW)
    trust.check(pki().person.certificate, NOW + timedelta(seconds=later))


def test_many_certificates_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notigateway.pki.anchors._CACHED_VERDICTS", 2)
    store = TrustStore(pki().anchors)
    for holder in (pki().company_seal, pki().person, pki().representative, pki().stranger):
        store.check(holder.certificate, NOW)
    assert len(store._verdicts) == 2


@pytest.mark.usefixtures("hasty_threads")
def test_threads_share_a_store_from_its_first_use() -> None:
    holders = ("company_seal", "person", "representative", "stranger")
    certificates = [getattr(pki(), holder).certificate for holder in holders]
    stranger = pki().wrong_issuer.certificate
    failures: list[BaseException] = []

    def work(store: TrustStore, together: threading.Barrier, first: int) -> None:
        try:
            together.wait(PATIENCE_SECONDS)
            for certificate in certificates[first:] + certificates[:first]:
                store.check(certificate, NOW)
                with pytest.raises(IssuerNotAuthorisedError):
                    store.check(stranger, NOW)
        except BaseException as error:  # noqa: BLE001  (reported by the test)
            failures.append(error)

    for _ in range(8):
        shared = TrustStore(pki().anchors), threading.Barrier(8)
        threads = [threading.Thread(target=work, args=(*shared, number % 4)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


# --- hostile certificates -------------------------------------------------------------------------


def test_no_damaged_certificate_is_admitted_and_none_breaks_the_store(trust: TrustStore) -> None:
    """Also through the whole verification, which must always answer with an error of the catalogue."""
    chance = random.Random("certificates")  # noqa: S311  (repeatable, not secret)
    der = pki().person.certificate.public_bytes(Encoding.DER)
    message = Draft(pair=pki().person).build()
    token = base64.b64encode(der)
    assert token in message
    for _ in range(800):
        damaged = bytearray(der)
        for _ in range(chance.choice((1, 1, 2, 4))):
            damaged[chance.randrange(len(der))] = chance.randrange(256)
        if damaged == der:
            continue
        with pytest.raises(GatewayError):
            verify(message.replace(token, base64.b64encode(damaged)))


@pytest.mark.parametrize("der", [b"\x30" * 16_000, b"\x30\x80" * 8_000, b"\xa0\x82\x3e\x7c" * 4_000])
def test_deeply_nested_bytes_are_no_certificate(der: bytes) -> None:
    with pytest.raises(TokenInvalidError):
        verify(Draft(token_text=base64.b64encode(der).decode()).build())


# --- the folder -----------------------------------------------------------------------------------


def test_a_folder_of_issuers_is_read(tmp_path: Path) -> None:
    folder = write_issuers(tmp_path / "issuers", [pki().root.certificate])
    (folder / "issuing.DER").write_bytes(pki().issuing.certificate.public_bytes(Encoding.DER))
    bundle = b"".join(c.public_bytes(Encoding.PEM) for c in (pki().rsa_issuing.certificate,) * 2)
    (folder / "bundle.crt").write_bytes(bundle)
    (folder / "..data").mkdir()
    store = TrustStore.from_folder(folder, cache_seconds=1)
    store.check(pki().company_seal.certificate, NOW)
    store.check(pki().holder(SUBJECT, rsa_key("company"), by=pki().rsa_issuing).certificate, NOW)


@pytest.mark.parametrize("problem", ["missing", "empty", "readme", "damaged", "a file", "not an authority"])
def test_an_unusable_folder_stops_the_start_and_is_named(tmp_path: Path, problem: str) -> None:
    folder = tmp_path / "issuers"
    if problem == "a file":
        folder.write_bytes(b"")
    elif problem != "missing":
        folder.mkdir()
    if problem == "readme":
        write_issuers(folder, pki().anchors)
        (folder / "README.txt").write_text("hello")
    elif problem == "damaged":
        (folder / "issuer.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    elif problem == "not an authority":
        write_issuers(folder, [pki().company_seal.certificate])
    with pytest.raises(ConfigurationError) as caught:
        TrustStore.from_folder(folder)
    expected = "is not a certificate authority" if problem == "not an authority" else str(folder)
    assert expected in str(caught.value)


def test_a_store_without_issuer_cannot_be_made() -> None:
    with pytest.raises(ConfigurationError):
        TrustStore([])


# --- pinned ---------------------------------------------------------------------------------------


def test_a_client_trusts_its_pinned_certificate_and_no_other() -> None:
    pinned = PinnedCertificates([pki().service.certificate, pki().expired.certificate])
    pinned.check(pki().service.certificate, NOW)
    with pytest.raises(IssuerNotAuthorisedError):
        pinned.check(pki().company_seal.certificate, NOW)
    with pytest.raises(CertificateExpiredError):
        pinned.check(pki().expired.certificate, NOW)
    with pytest.raises(ConfigurationError):
        PinnedCertificates([])
