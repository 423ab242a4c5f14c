"""Receipts in the forms of ETSI for archives: put together on request, the archive time-stamp by the job."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.client.proof import examine
from notigateway.client.values import NotificationReceipts
from notigateway.client.wire import items_of
from notigateway.evidence.additions import take_apart
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.template import XADES
from notigateway.receipts.stamping import Authority, stamp
from notigateway.repository.archive_timestamps import count_unstamped_archives
from notigateway.repository.engine import reading
from notigateway.sandbox.certifying import STAMPING
from pki import NOW, OTHER_COMPANY_NIF, Issue, company_subject, ec_key, pki, rsa_key, write_issuers
from stack import NG, Stack
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from notigateway.pki.keys import KeyPair

pytestmark = pytest.mark.once

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
AWAY = Authority("http://127.0.0.1:9/", [tsa().certificate], 1)
SHORT = datetime(2020, 1, 1, tzinfo=UTC), NOW + 200 * DAY
LONG = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def short_lived() -> KeyPair:
    return tsa("short", SHORT)


@pytest.fixture
def keeping(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway that keeps what its certificates are validated by."""
    authorities = tmp_path / "authorities"
    authorities.mkdir()
    for pair in (tsa(), short_lived(), tsa("long", LONG)):
        file = authorities / f"{pair.certificate.serial_number}.pem"
        file.write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    certificates = [pki().root.certificate, pki().issuing.certificate]
    own: dict[str, Any] = {
        "timestamp_authority_folder": authorities,
        "evidence_issuers_folder": write_issuers(tmp_path / "evidence-issuers", certificates),
    }
    one = Stack(database_url, tmp_path, **own)
    yield one
    one.close()


def run(stack: Stack, pair: KeyPair | None = None) -> int:
    """Run the job a minute later, and return how many archive time-stamps it got."""
    stack.pass_time(minutes=1)
    one = pair or tsa()
    with serving(Answering(one, at=stack.now)) as authority:
        pinned = replace(authority, certificates=[one.certificate])
        done = stamp(stack.engine, authority=pinned, now=stack.now, batch_size=10)
        assert not done.failures
        return done.archives


def accepted(stack: Stack, pair: KeyPair | None = None) -> UUID:
    """Accept something and have its receipts time-stamped."""
    wanted = stack.publish()
    stack.accept(wanted)
    run(stack, pair)
    return wanted


def receipts(stack: Stack, wanted: UUID, level: str | None) -> list[tuple[str, bytes]]:
    """Return the receipts of a notification: the level that each says it has, and its bytes."""
    asked = "" if level is None else f"<level>{level}</level>"
    inner = f"<id>{wanted}</id>{asked}<contractVersion>1.1</contractVersion>"
    found = stack.ask("RetrieveReceipts", inner).tree.iterfind("ng:item/ng:receipt", namespaces=NG)
    return [
        (one.findtext("ng:level", "", NG), base64.b64decode(one.findtext("ng:xml", "", NG))) for one in found
    ]


def added(xml: bytes) -> list[str]:
    """Return what stands behind the time-stamp on the seal, in its order."""
    unsigned = etree.fromstring(xml).find(f".//{{{XADES}}}UnsignedSignatureProperties")
    assert unsigned is not None
    return [etree.QName(one).localname for one in unsigned][1:]


def test_lt_is_given_at_once_and_its_original_stays(keeping: Stack) -> None:
    wanted = accepted(keeping)
    plain, raised = receipts(keeping, wanted, None), receipts(keeping, wanted, "XAdES-LT")

    assert {level for level, _ in plain} == {"XAdES-T"}
    assert {level for level, _ in raised} == {"XAdES-LT"}
    assert len(raised) == len(plain) >= 2
    for (_, before), (_, after) in zip(plain, raised, strict=True):
        assert take_apart(after).original == take_apart(before).original
        assert added(after) == ["CertificateValues", "RevocationValues"]
    assert receipts(keeping, wanted, "XAdES-LT") == raised


def test_an_archive_time_stamp_is_made_after_it_was_asked_for(keeping: Stack) -> None:
    wanted = accepted(keeping)
    first = receipts(keeping, wanted, "XAdES-LTA")
    assert {level for level, _ in first} == {"XAdES-LT"}

    assert run(keeping) == len(first)

    last = receipts(keeping, wanted, "XAdES-LTA")
    assert {level for level, _ in last} == {"XAdES-LTA"}
    assert all(added(xml)[-1] == "ArchiveTimeStamp" for _, xml in last)
    assert run(keeping) == 0
    assert receipts(keeping, wanted, "XAdES-LTA") == last
    assert {level for level, _ in receipts(keeping, wanted, "XAdES-LT")} == {"XAdES-LT"}


def test_what_is_not_time_stamped_yet_or_not_kept_comes_as_it_is(keeping: Stack, tmp_path: Path) -> None:
    wanted = keeping.publish()
    keeping.accept(wanted)
    assert {level for level, _ in receipts(keeping, wanted, "XAdES-LTA")} == {"XAdES-EPES"}


def test_the_client_tells_which_level_came_and_finds_the_time_stamp_in_each(keeping: Stack) -> None:
    """Long after the seal was put out of use, of what was time-stamped before that."""
    wanted = keeping.publish()
    keeping.accept(wanted)
    out_of_use = [DatedCertificate.of(pki().seal.certificate, until=keeping.now + DAY)]
    pinned = [DatedCertificate.of(tsa().certificate)]

    def told(asked: str | None) -> set[tuple[str, str | None, str]]:
        """Return what the service says, the client sees, and the client says, of all the receipts."""
        level = "" if asked is None else f"<level>XAdES-{asked}</level>"
        inner = f"<id>{wanted}</id>{level}<contractVersion>1.1</contractVersion>"
        answer = keeping.ask("RetrieveReceipts", inner).tree
        (item,) = items_of(NotificationReceipts, answer, [str(wanted)])
        verdicts = [*examine(item, out_of_use, now=keeping.now + 30 * DAY, authorities=pinned, asked=asked)]
        assert len(verdicts) >= 2
        assert all(one.verified and one.receipt is not None for one in verdicts)
        return {(one.receipt.level or "", one.level, one.problem) for one in verdicts if one.receipt}

    ((said, seen, problem),) = told("LTA")
    assert (said, seen) == ("XAdES-EPES", "B")
    assert problem.startswith("asked for LTA, came B: ")
    assert problem.endswith(", and it has no time-stamp")
    run(keeping)
    assert told(None) == {("XAdES-T", "T", "")}
    assert told("LT") == {("XAdES-LT", "LT", "")}
    ((said, seen, problem),) = told("LTA")
    assert (said, seen) == ("XAdES-LT", "LT")
    assert problem == (
        "asked for LTA, came LT: an archive time-stamp is made once it was asked for; ask again in a minute"
    )
    run(keeping)
    assert told("LTA") == {("XAdES-LTA", "LTA", "")}


def test_where_nobody_else_vouches_for_seal_and_authority_there_is_nothing_to_add(
    sqlite_url: str, tmp_path: Path
) -> None:
    own = Issue(company_subject(OTHER_COMPANY_NIF, "Sello propio"), ec_key("seal")).make()
    stamper = Issue(
        company_subject(OTHER_COMPANY_NIF, "Reloj propio"), ec_key("clock"), extra=[STAMPING]
    ).make()
    (tmp_path / "seal.pem").write_bytes(own.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "authorities").mkdir()
    (tmp_path / "authorities" / "a.pem").write_bytes(stamper.certificate.public_bytes(Encoding.PEM))
    settings: dict[str, Any] = {
        "seal_certificate_file": tmp_path / "seal.pem",
        "timestamp_authority_folder": tmp_path / "authorities",
        "evidence_issuers_folder": write_issuers(tmp_path / "evidence-issuers", [pki().root.certificate]),
    }
    stack = Stack(sqlite_url, tmp_path, **settings)
    wanted = accepted(stack, stamper)
    assert {level for level, _ in receipts(stack, wanted, "XAdES-LTA")} == {"XAdES-T"}
    stack.close()


def test_nothing_kept_nothing_raised(stack: Stack) -> None:
    wanted = accepted(stack)
    assert {level for level, _ in receipts(stack, wanted, "XAdES-LTA")} == {"XAdES-T"}
    assert run(stack) == 0


def test_an_authority_that_is_away_delays(keeping: Stack) -> None:
    wanted = accepted(keeping)
    asked = len(receipts(keeping, wanted, "XAdES-LTA"))
    tried = stamp(keeping.engine, authority=AWAY, now=keeping.now, batch_size=10)
    with reading(keeping.engine) as session:
        assert count_unstamped_archives(session) == tried.waiting == tried.failed == asked
    assert {level for level, _ in receipts(keeping, wanted, "XAdES-LTA")} == {"XAdES-LT"}

    keeping.pass_time(hours=1)

    assert run(keeping) == asked


def test_a_token_from_before_the_receipt_is_never_kept(keeping: Stack) -> None:
    wanted = accepted(keeping)
    receipts(keeping, wanted, "XAdES-LTA")
    with serving(Answering(at=NOW - 10 * MINUTE)) as authority:
        done = stamp(keeping.engine, authority=authority, now=keeping.now, batch_size=10)
    assert done.archives == 0
    assert "the archive time-stamp is from before what it is about" in done.failures


def test_an_archive_time_stamp_is_followed_before_its_authority_ends(keeping: Stack) -> None:
    wanted = accepted(keeping, short_lived())
    asked = len(receipts(keeping, wanted, "XAdES-LTA"))
    assert run(keeping, short_lived()) == asked
    first = receipts(keeping, wanted, "XAdES-LTA")

    keeping.pass_time(days=100)
    assert run(keeping, tsa("long", LONG)) == 0
    keeping.pass_time(days=20)
    keeping.refresh_trust()
    assert run(keeping, short_lived()) == 0  # it would end as soon
    keeping.pass_time(days=8)
    assert run(keeping, tsa("long", LONG)) == 0  # seen to be due
    assert run(keeping, tsa("long", LONG)) == asked
    last = receipts(keeping, wanted, "XAdES-LTA")

    for (_, before), (_, after) in zip(first, last, strict=True):
        assert added(after)[-3:] == ["ArchiveTimeStamp", "TimeStampValidationData", "ArchiveTimeStamp"]
        assert after.startswith(before[: before.index(b"</xades:UnsignedSignatureProperties>")])
    assert run(keeping, tsa("long", LONG)) == 0


def test_a_next_authority_that_does_not_sign_yet_follows_nothing(keeping: Stack) -> None:
    """It is pinned beforehand; one more by that which ends would prove nothing, and take the room."""
    wanted = accepted(keeping, short_lived())
    asked = len(receipts(keeping, wanted, "XAdES-LTA"))
    assert run(keeping, short_lived()) == asked
    keeping.pass_time(days=115)
    keeping.refresh_trust()
    both = [short_lived().certificate, tsa("long", LONG).certificate]

    def archives_by(signing: KeyPair, *, days: int) -> tuple[list[int], int]:
        keeping.pass_time(days=days)
        with serving(Answering(signing, at=keeping.now)) as authority:
            pinned = replace(authority, certificates=both)
            done = stamp(keeping.engine, authority=pinned, now=keeping.now, batch_size=10)
        assert all("last no longer than" in one for one in done.failures)
        found = receipts(keeping, wanted, "XAdES-LTA")
        return [added(xml).count("ArchiveTimeStamp") for _, xml in found], len(done.failures)

    for _ in range(4):  # seen to be due, then asked once a week
        counts, _ = archives_by(short_lived(), days=1)
        assert counts == [1] * asked
    assert archives_by(short_lived(), days=1)[1] == 0
    assert archives_by(short_lived(), days=7) == ([1] * asked, 1)
    assert archives_by(tsa("long", LONG), days=8)[0] == [2] * asked


def test_an_archive_time_stamp_is_followed_before_an_algorithm_of_its_authority_ends(keeping: Stack) -> None:
    """RSA-2048 is relied on until 2031; the certificate lasts until 2040."""
    rsa = tsa("of RSA-2048", LONG, rsa_key("authority that lasts", 2048))
    folder = keeping.settings.timestamp_authority_folder
    (folder / "rsa.pem").write_bytes(rsa.certificate.public_bytes(Encoding.PEM))
    keeping.refresh_trust()
    wanted = accepted(keeping, rsa)
    asked = len(receipts(keeping, wanted, "XAdES-LTA"))
    assert run(keeping, rsa) == asked
    keeping.pass_time(days=(datetime(2030, 9, 1, tzinfo=UTC) - keeping.now).days)
    assert run(keeping, tsa("long", LONG)) == 0
    keeping.pass_time(days=40)
    keeping.refresh_trust()
    assert run(keeping, tsa("long", LONG)) == 0  # seen to be due
    assert run(keeping, tsa("long", LONG)) == asked


def test_more_than_ten_at_once_are_refused(keeping: Stack) -> None:
    wanted = keeping.publish()
    inner = f"<id>{wanted}</id>" * 11 + "<level>XAdES-LT</level>"
    assert keeping.ask("RetrieveReceipts", inner).code == "INVALID_REQUEST"


def test_another_level_than_the_contract_names_is_refused(keeping: Stack) -> None:
    inner = f"<id>{keeping.publish()}</id><level>XAdES-T</level>"
    assert keeping.ask("RetrieveReceipts", inner).code == "INVALID_REQUEST"
