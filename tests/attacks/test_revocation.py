"""Row 87 of the catalogue of attacks: certificates that were revoked, and what is done while nobody knows."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from structlog.testing import capture_logs

from authority import AuthoritySite
from envelopes import Draft
from pki import COMPANY_NIF, NOW, company_subject, crl, ocsp_answer, pki, rsa_key
from refusals import assert_refusal, assert_still_answers, refused
from stack import Stack, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair

HOUR = timedelta(hours=1)
# Everything that only reads; the contract's other operations have an effect.
READING = {"ListNotifications": "", "GetSummary": "", "ListRepresentations": "", "Ping": ""}


def holder(by: KeyPair | None = None, *extra: x509.ExtensionType) -> KeyPair:
    """Return a seal of the company of its own, so that its status is nobody else's."""
    return pki().holder(
        company_subject(COMPANY_NIF), rsa_key("company"), by=by, extra=[(one, False) for one in extra]
    )


def asking_at(url: str) -> x509.AuthorityInformationAccess:
    """Return the extension that says where the status can be asked."""
    location = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]
    )


def listed_at(url: str) -> x509.CRLDistributionPoints:
    """Return the extension that says where the list is."""
    names = [x509.UniformResourceIdentifier(url)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


def accept_of(stack: Stack) -> str:
    """Publish something and return the operation that would accept it."""
    wanted = stack.publish()
    return (
        f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )


def settled(stack: Stack) -> Stack:
    """Let a gateway notice at once what was refreshed, as others do within seconds."""
    stack.gate.admission._reload_seconds = 0.0
    return stack


@pytest.fixture
def site() -> Iterator[AuthoritySite]:
    with AuthoritySite() as site:
        yield site


@pytest.fixture
def make(sqlite_url: str, tmp_path: Path, site: AuthoritySite) -> Iterator[Callable[..., Stack]]:
    """Give a maker of a gateway without any revocation data, at which the site may be asked."""
    made: list[Stack] = []

    def one(**overrides: object) -> Stack:
        (tmp_path / "none").mkdir(exist_ok=True)
        own: dict[str, Any] = {"revocation_folder": tmp_path / "none", "revocation_hosts": [site.host]}
        made.append(settled(Stack(sqlite_url, tmp_path, **own | overrides)))
        return made[-1]

    yield one
    for stack in made:
        stack.close()


def replace_list(stack: Stack, data: bytes) -> None:
    """Drop a list of the issuing authority in the operator's folder, and take it in."""
    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(data)
    assert stack.refresh_trust().failures == []


# --- lists ----------------------------------------------------------------------------------------


def test_87_a_revoked_certificate_is_refused_from_the_next_list_on(stack: Stack) -> None:
    settled(stack)
    thief = holder()
    content = accept_of(stack)
    assert stack.ask("ListNotifications", holder=thief).status == 200
    replace_list(stack, crl(pki().issuing, (thief.certificate, NOW - HOUR), this_update=NOW - HOUR))
    answer = refused(stack, Draft(content=content, pair=thief).build(), "CERTIFICATE_REVOKED")
    assert answer.facts == {"revokedAt": "2026-06-01T11:00:00.000Z"}
    for operation in READING:
        assert stack.ask(operation, holder=thief).code == "CERTIFICATE_REVOKED"
    assert stack.accept(stack.publish("ANOTHER"))  # by the company's own certificate


def test_87_a_revocation_is_remembered_when_its_list_is_out_of_date(sqlite_stack: Stack) -> None:
    stack = settled(sqlite_stack)
    thief = holder()
    ends = NOW + HOUR
    replace_list(stack, crl(pki().issuing, (thief.certificate, NOW), this_update=NOW, next_update=ends))
    stack.pass_time(days=30)
    assert stack.ask("Ping", holder=thief).code == "CERTIFICATE_REVOKED"


def test_87_an_older_list_never_replaces_a_newer_one(sqlite_stack: Stack) -> None:
    stack = settled(sqlite_stack)
    thief = holder()
    replace_list(stack, crl(pki().issuing, (thief.certificate, NOW), this_update=NOW - HOUR))
    replace_list(stack, crl(pki().issuing, this_update=NOW - 2 * HOUR))
    assert stack.ask("Ping", holder=thief).code == "CERTIFICATE_REVOKED"


def test_87_a_stale_list_lets_read_for_ten_minutes_and_lets_nobody_decide(sqlite_stack: Stack) -> None:
    stack = settled(sqlite_stack)
    replace_list(stack, crl(pki().issuing, this_update=NOW - HOUR, next_update=NOW + HOUR))
    content = accept_of(stack)
    stack.pass_time(hours=1)  # to the second: still current
    assert stack.send(stack.sign(content)).status == 200
    stack.pass_time(seconds=1)
    other = accept_of(stack).replace("Accept", "Reject")
    before = stack.rows()["events"]
    answer = stack.send(stack.sign(other))
    assert_refusal(stack, answer, "REVOCATION_UNKNOWN")
    assert answer.facts == {"reason": "out-of-date", "freshUntil": "2026-06-01T13:00:00.000Z"}
    assert stack.rows()["events"] == before
    for operation, inner in READING.items():
        assert stack.ask(operation, inner).status == 200, operation
    stack.pass_time(seconds=599)
    assert stack.ask("ListNotifications").status == 200
    stack.pass_time(seconds=1)
    for operation in READING:
        assert stack.ask(operation).code == "REVOCATION_UNKNOWN", operation


def test_87_a_list_from_the_future_is_not_believed_yet(sqlite_stack: Stack) -> None:
    stack = settled(sqlite_stack)
    replace_list(stack, crl(pki().issuing, this_update=NOW + timedelta(minutes=6)))
    assert stack.ask("Ping").code == "REVOCATION_UNKNOWN"
    stack.pass_time(minutes=1)
    assert_still_answers(stack)


def test_a_list_that_is_damaged_forged_or_anothers_changes_nothing(sqlite_stack: Stack) -> None:
    stack = settled(sqlite_stack)
    before = stack.contents()
    forged = crl(pki().issuing, this_update=NOW, key=pki().person.key)
    for number, data in enumerate((forged, crl(pki().other_root), b"\x30\x80", b"")):
        (stack.folder / "revocation" / f"bad-{number}.crl").write_bytes(data)
    failures = stack.refresh_trust().failures
    foreign = "is not signed by an authorised issuer, nor by one in evidence_issuers_folder"
    assert [line.rpartition("/")[2] for line in failures] == [
        f"bad-0.crl: the revocation list {foreign}",
        f"bad-1.crl: the revocation list {foreign}",
        "bad-2.crl: the revocation list cannot be read",
        "bad-3.crl: the revocation list cannot be read",
    ]
    assert stack.contents() == before
    assert_still_answers(stack)


def test_what_is_no_list_in_the_folder_is_told_and_holds_nothing_up(sqlite_stack: Stack) -> None:
    folder = sqlite_stack.folder / "revocation"
    for name in ("issuer.pem", "notes.txt"):
        (folder / name).touch()
    os.mkfifo(folder / "pipe.crl")
    (folder / "folder.crl").mkdir()
    (folder / "huge.crl").touch()
    os.truncate(folder / "huge.crl", 33 * 2**20)
    (folder / "issuer-1.crl").write_bytes(crl(pki().issuing, this_update=NOW - HOUR / 2))
    done = sqlite_stack.refresh_trust()
    neither = "a revocation list (.crl) nor an answer (.ocsp)"
    assert done.failures == [
        f"revocation_folder: {folder}/issuer.pem and 1 more: neither {neither}",
        f"{folder}/folder.crl: Is a directory",
        f"{folder}/huge.crl: it is larger than 33554432 bytes",
        f"{folder}/pipe.crl: it is a pipe or a device, and no file",
    ]
    assert (done.new, done.known) == (1, 2)


def test_a_folder_that_the_settings_name_is_missed(sqlite_stack: Stack) -> None:
    (sqlite_stack.folder / "revocation").rename(sqlite_stack.folder / "elsewhere")
    (failure,) = sqlite_stack.refresh_trust().failures
    assert failure == f"revocation_folder: {sqlite_stack.folder}/revocation: there is no such folder"


def test_no_folder_is_missed_that_nobody_named(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stack = Stack(sqlite_url, tmp_path, revocation_folder="revocation")
    shutil.rmtree(tmp_path / "revocation")
    assert stack.refresh_trust().failures == []
    stack.close()


def test_what_may_be_a_password_in_an_address_is_told_nowhere(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    stack = make(revocation_list_urls=[f"{site.url('/issuing.crl')}?token=s3cret&key=s3cret"])
    with capture_logs() as lines:
        failures = stack.refresh_trust().failures
    assert failures == [f"{site.url('/issuing.crl')}?…: HTTP status 503"]
    assert [one["source"] for one in lines if one["event"] == "revocation_source_failed"] == [
        f"{site.url('/issuing.crl')}?…"
    ]
    assert "s3cret" not in str(lines)


def test_lists_at_the_addresses_of_the_settings_are_fetched(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    thief = holder()
    site.files["/issuing.crl"] = crl(pki().issuing, (thief.certificate, NOW - HOUR), this_update=NOW - HOUR)
    stack = make(revocation_hosts=[], revocation_list_urls=[site.url("/issuing.crl")])
    assert stack.ask("Ping").status == 200
    assert stack.ask("Ping", holder=thief).code == "CERTIFICATE_REVOKED"
    site.is_down = True
    (failure,) = stack.refresh_trust().failures
    assert failure == f"{site.url('/issuing.crl')}: HTTP status 503"
    assert stack.ask("Ping").status == 200  # what is known stays known


# --- the unknown, and OCSP ------------------------------------------------------------------------


def test_without_any_data_everybody_is_unknown(make: Callable[..., Stack]) -> None:
    stack = make()
    content = accept_of(stack)
    before = stack.rows()["events"]
    answer = stack.send(stack.sign(content))
    assert_refusal(stack, answer, "REVOCATION_UNKNOWN")
    assert answer.facts == {"reason": "not-known"}
    assert stack.ask("ListNotifications").code == "REVOCATION_UNKNOWN"
    assert stack.rows()["events"] == before


def test_a_new_certificate_is_asked_about_and_then_admitted(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    newcomer = holder(None, asking_at(site.url("/ocsp")))
    site.ocsp = lambda _: ocsp_answer(newcomer.certificate, pki().issuing, this_update=NOW - HOUR)
    stack = make()
    wanted = stack.publish()
    assert stack.ask("Ping", holder=newcomer).code == "REVOCATION_UNKNOWN"
    assert site.connections == 0  # nobody waits for a responder
    done = stack.refresh_trust()
    assert (done.new, done.asked, done.failures) == (1, 1, [])
    (item,) = stack.accept(wanted, holder=newcomer)
    assert text(item, "outcome") == "decided"


def test_while_the_responder_is_down_one_may_list_and_not_accept(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    caller = holder(None, asking_at(site.url("/ocsp")))
    site.ocsp = lambda _: ocsp_answer(
        caller.certificate, pki().issuing, this_update=NOW - HOUR, next_update=NOW + HOUR
    )
    stack = make()
    wanted = stack.publish()
    stack.ask("Ping", holder=caller)
    stack.refresh_trust()
    site.is_down = True
    stack.pass_time(hours=1, minutes=5)
    assert stack.refresh_trust().failures
    refusal = stack.ask("AcceptNotifications", f"<id>{wanted}</id>", holder=caller)
    assert_refusal(stack, refusal, "REVOCATION_UNKNOWN")
    assert stack.ask("ListNotifications", holder=caller).status == 200
    site.is_down = False
    site.ocsp = lambda _: ocsp_answer(caller.certificate, pki().issuing, this_update=stack.now)
    assert stack.refresh_trust().new == 1
    (item,) = stack.accept(wanted, holder=caller)
    assert text(item, "outcome") == "decided"


def test_87_a_certificate_that_its_responder_calls_revoked_is_refused(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    thief = holder(None, asking_at(site.url("/ocsp")))
    site.ocsp = lambda _: ocsp_answer(
        thief.certificate, pki().issuing, this_update=NOW - HOUR, revoked_at=NOW - HOUR
    )
    stack = make()
    stack.publish()
    stack.ask("Ping", holder=thief)
    stack.refresh_trust()
    for operation in READING:
        assert stack.ask(operation, holder=thief).code == "CERTIFICATE_REVOKED"


def test_a_list_that_the_certificate_names_is_fetched_from_an_allowed_host(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    caller = holder(None, listed_at(site.url("/part-7.crl")))
    site.files["/part-7.crl"] = crl(pki().issuing, this_update=NOW - HOUR)
    stack = make()
    stack.publish()
    assert stack.ask("Ping", holder=caller).code == "REVOCATION_UNKNOWN"
    stack.refresh_trust()
    assert stack.ask("Ping", holder=caller).status == 200
    assert site.requests == ["GET /part-7.crl"]


def test_who_is_not_known_here_is_not_asked_about(make: Callable[..., Stack], site: AuthoritySite) -> None:
    stack = make()
    stack.publish()
    stranger = pki().holder(
        pki().stranger.certificate.subject,
        rsa_key("stranger"),
        extra=[(asking_at(site.url("/ocsp")), False)],
    )
    assert stack.ask("ListNotifications", holder=stranger).code == "CALLER_UNKNOWN"
    stack.refresh_trust()
    assert site.connections == 0


# --- no request ever goes where a caller's certificate wants --------------------------------------


def test_an_address_that_is_not_allowed_is_never_contacted(
    make: Callable[..., Stack], site: AuthoritySite
) -> None:
    stack = make(revocation_hosts=["crl.example.test", "127.0.0.1"])  # the bare host: port 80
    stack.publish()
    port = site.host.rpartition(":")[2]
    for url in (
        site.url("/x"),
        f"http://localhost:{port}/x",
        f"http://crl.example.test@{site.host}/x",
        f"http://[::ffff:127.0.0.1]:{port}/x",
        f"https://{site.host}/x",
        f"ftp://{site.host}/x",
        f"file:///etc/passwd#{site.host}",
        "http://169.254.169.254/latest",
        "not an address",
        "http://",
    ):
        caller = holder(None, asking_at(url), listed_at(url))
        assert stack.ask("Ping", holder=caller).code == "REVOCATION_UNKNOWN"
        done = stack.refresh_trust()
        assert (done.asked, done.new, done.failures) == (0, 0, []), url
    assert site.connections == 0


def test_a_redirection_is_not_followed(make: Callable[..., Stack], site: AuthoritySite) -> None:
    with AuthoritySite() as elsewhere:
        elsewhere.files["/real.crl"] = crl(pki().issuing)
        site.redirects["/moved.crl"] = elsewhere.url("/real.crl")
        stack = make(revocation_list_urls=[site.url("/moved.crl")])
        assert stack.refresh_trust().failures == [f"{site.url('/moved.crl')}: HTTP status 302"]
        assert elsewhere.connections == 0


def test_an_answer_is_read_no_further_than_its_limit(make: Callable[..., Stack], site: AuthoritySite) -> None:
    site.files["/huge.crl"] = bytes(200_000)
    stack = make(revocation_list_urls=[site.url("/huge.crl")], revocation_max_bytes=100_000)
    assert stack.refresh_trust().failures == [f"{site.url('/huge.crl')}: larger than 100000 bytes"]


# --- the switch -----------------------------------------------------------------------------------


def test_switched_off_it_is_not_asked_about(make: Callable[..., Stack]) -> None:
    stack = make(revocation="unsafe_off")
    wanted = stack.publish()
    assert text(stack.accept(wanted)[0], "outcome") == "decided"
    assert stack.rows()["watched_certificates"] == 0


def test_what_is_replaced_goes_after_an_hour_and_what_is_current_stays(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    assert stack.rows()["revocation_data"] == 3
    replace_list(stack, crl(pki().issuing, this_update=datetime(2026, 5, 31, tzinfo=UTC)))
    assert stack.rows()["revocation_data"] == 4
    stack.pass_time(hours=1, seconds=1)
    stack.refresh_trust()
    assert stack.rows()["revocation_data"] == 3
