"""What a receipt says of its signer's status, and what it is worth when the certificate is revoked later."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from sqlalchemy import text as sql

from notigateway.errors import CertificateRevokedError
from notigateway.evidence.xades import verify_receipt
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from notigateway.pki.past import check_was_good
from notigateway.repository.engine import reading
from notigateway.repository.trust import get_revocation_data, list_current_digests
from notigateway.wss.ns import EVIDENCE_1
from pki import NOW, crl, pki
from stack import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.pki.revocation import RevocationSource
    from stack import Stack

HOUR = timedelta(hours=1)
SIGNER, ISSUER = pki().company_seal.certificate, pki().issuing.certificate


def take_in(stack: Stack, data: bytes) -> None:
    """Let the issuing authority publish a new list, and all workers know it."""
    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(data)
    assert stack.refresh_trust().failures == []
    stack.gate.admission._reload_seconds = 0.0


def accepted(stack: Stack) -> bytes:
    """Accept something and return the receipt."""
    (item,) = stack.accept(stack.publish())
    return b64decode(text(item, "receipt/xml") or "")


def status_in(receipt: bytes) -> tuple[str, str]:
    """Return what a receipt says: the source and the digest of what told the status."""
    path = f"{{{EVIDENCE_1}}}ActorAuthentication/{{{EVIDENCE_1}}}Revocation"
    root = etree.fromstring(receipt)
    return root.findtext(f"{path}Source") or "", root.findtext(f"{path}Sha256") or ""


def kept(stack: Stack, digests: Iterable[str]) -> list[tuple[RevocationSource, bytes]]:
    """Return the lists and answers that are stored under these digests."""
    with reading(stack.engine) as session:
        return [(source, data) for _, source, data in get_revocation_data(session, set(digests))]


def test_a_receipt_names_the_list_that_told_the_status_and_the_list_is_kept_for_ever(stack: Stack) -> None:
    stack.ask("ListNotifications")  # reading keeps nothing
    of_then = crl(pki().issuing, this_update=NOW - HOUR, next_update=NOW + HOUR)
    take_in(stack, of_then)
    receipt = accepted(stack)
    verify_receipt(receipt, seal_certificates=[pki().seal.certificate])
    source, digest = status_in(receipt)
    assert source == "crl"
    for _ in range(3):
        stack.pass_time(hours=2)
        take_in(stack, crl(pki().issuing, this_update=stack.now))
    stack.pass_time(hours=2)
    stack.refresh_trust()  # what was replaced an hour ago goes
    assert stack.rows()["revocation_data"] == 4  # three issuers' lists, and the one that a receipt names
    ((_, data),) = kept(stack, [digest])
    assert data == of_then
    check_was_good(SIGNER, ISSUER, NOW, data=kept(stack, [digest]))


@pytest.mark.parametrize(
    ("revoked_at", "was_good"),
    [
        pytest.param(NOW + timedelta(seconds=1), True, id="revoked-after-the-event"),
        pytest.param(NOW - timedelta(seconds=1), False, id="revoked-before-the-event-known-later"),
    ],
)
def test_a_later_revocation_touches_only_what_came_after_it(
    sqlite_stack: Stack, revoked_at: object, was_good: bool
) -> None:
    stack = sqlite_stack
    _, digest = status_in(accepted(stack))
    stack.pass_time(hours=3)
    take_in(stack, crl(pki().issuing, (SIGNER, revoked_at), this_update=NOW + HOUR))  # type: ignore[arg-type]
    assert stack.ask("Ping").code == "CERTIFICATE_REVOKED"
    with reading(stack.engine) as session:
        today = list_current_digests(session)
    data = kept(stack, today | {digest})
    if was_good:
        assert check_was_good(SIGNER, ISSUER, NOW, data=data).revoked_at == revoked_at
    else:
        with pytest.raises(CertificateRevokedError):
            check_was_good(SIGNER, ISSUER, NOW, data=data)


def test_the_check_finds_a_status_that_is_gone_or_changed(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    _, digest = status_in(accepted(stack))
    checking = Checking(
        stack.engine, stack.office.store, load_certificates(stack.settings.seal_certificate_file)
    )
    assert list(checking.findings()) == []
    for damage in ("UPDATE revocation_data SET data = x'00'", "DELETE FROM revocation_data"):
        with stack.engine.begin() as connection:
            connection.execute(sql(f"{damage} WHERE sha256 = '{digest}'"))
        (finding,) = checking.findings()
        assert (finding.rule, finding.detail) == ("revocation", f"the status {digest} is not kept")
