"""Issuers of a trusted list are admitted while the list is genuine, current and the newest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from envelopes import Draft
from notigateway.errors import ConfigurationError
from pki import COMPANY_NIF, NOW, authority, company_subject, pki, rsa_key, write_lists
from refusals import assert_still_answers, refused
from stack import Stack
from trusted_lists import FOR_SEALS, FOR_WEB, TSA_QTST, WITHDRAWN, Listing, Service, supervisor, write_signers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
DAY = timedelta(days=1)


@pytest.fixture
def listed() -> KeyPair:
    return authority("listed issuer")


@pytest.fixture
def holder(listed: KeyPair) -> KeyPair:
    return pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=listed)


@pytest.fixture
def serve(sqlite_url: str, tmp_path: Path, listed: KeyPair) -> Iterator[Callable[[bytes], Stack]]:
    """Give a function that serves with a list beside the folder, again and again on the same database."""
    file, made = tmp_path / "ES.xml", list[Stack]()
    signers = write_signers(tmp_path / "signers")

    def one(data: bytes) -> Stack:
        file.write_bytes(data)
        if made:
            made[0].start()
        else:
            stack = Stack(
                sqlite_url, tmp_path, trusted_list_file=str(file), trusted_list_signers_folder=signers
            )
            made.append(stack)
            write_lists(tmp_path / "revocation", [*pki().anchors, listed.certificate])
            stack.refresh_trust()
            stack.publish()
        return made[0]

    yield one
    for stack in made:
        stack.close()


def admits(stack: Stack, holder: KeyPair) -> bool:
    answer = stack.ask("Ping", holder=holder)
    assert answer.code in {None, "ISSUER_NOT_AUTHORISED"}
    return answer.status == 200


def test_an_issuer_of_the_list_is_authorised_beside_those_of_the_folder(
    serve: Callable[[bytes], Stack], listed: KeyPair, holder: KeyPair
) -> None:
    stack = serve(Listing([Service(listed.certificate), Service(pki().issuing.certificate)]).signed())
    assert stack.ask("ListNotifications", holder=holder).status == 200
    assert_still_answers(stack)


def test_with_a_list_the_folder_may_be_missing(
    sqlite_url: str, tmp_path: Path, listed: KeyPair, holder: KeyPair
) -> None:
    file = tmp_path / "ES.xml"
    file.write_bytes(Listing([Service(listed.certificate)]).signed())
    stack = Stack(
        sqlite_url,
        tmp_path,
        anchors=[listed.certificate],
        authorised_issuers_folder=tmp_path / "none",
        trusted_list_file=str(file),
        trusted_list_signers_folder=write_signers(tmp_path / "signers"),
    )
    assert stack.ask("Ping", holder=holder).status == 200
    assert stack.ask("Ping").code == "ISSUER_NOT_AUTHORISED"
    stack.close()


@pytest.mark.parametrize(
    ("changes", "is_admitted"),
    [
        pytest.param({"use": FOR_SEALS}, True, id="for-seals"),
        pytest.param({"use": FOR_WEB}, False, id="for-web-sites"),
        pytest.param({"status": WITHDRAWN}, False, id="withdrawn"),
        pytest.param(
            {"status": WITHDRAWN, "was": "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"},
            False,
            id="granted-once",
        ),
        pytest.param({"since": NOW + DAY}, False, id="granted-tomorrow"),
        pytest.param({"kind": TSA_QTST}, False, id="time-stamps"),
        pytest.param({"kind": "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"}, False, id="not-qualified"),
    ],
)
def test_only_granted_issuers_of_qualified_certificates_are_taken(
    serve: Callable[[bytes], Stack],
    listed: KeyPair,
    holder: KeyPair,
    changes: dict[str, str],
    is_admitted: bool,
) -> None:
    stack = serve(Listing([Service(listed.certificate, **changes)]).signed())  # type: ignore[arg-type]
    assert admits(stack, holder) is is_admitted
    assert_still_answers(stack)


def test_a_listed_holder_is_no_issuer(serve: Callable[[bytes], Stack], holder: KeyPair) -> None:
    below = pki().holder(company_subject(COMPANY_NIF), rsa_key("person"), by=holder)
    stack = serve(Listing([Service(holder.certificate)]).signed())
    refused(stack, Draft(content=PING, pair=below).build(), "ISSUER_NOT_AUTHORISED")


def test_when_the_next_update_is_due_the_issuers_of_the_list_end(
    serve: Callable[[bytes], Stack], listed: KeyPair, holder: KeyPair
) -> None:
    stack = serve(Listing([Service(listed.certificate)], next_update=NOW + timedelta(minutes=5)).signed())
    assert stack.ask("Ping", holder=holder).status == 200
    stack.pass_time(minutes=5)
    assert stack.ask("Ping", holder=holder).status == 200
    stack.pass_time(seconds=1)
    answer = stack.ask("Ping", holder=holder)
    assert (answer.code, answer.headers["Retry-After"]) == ("TEMPORARILY_UNAVAILABLE", "60")
    assert_still_answers(stack)  # by an issuer of the folder
    with pytest.raises(ConfigurationError, match="out of date"):
        stack.start()
    assert stack.refresh_trust().failures == []  # the folder's issuers still have their lists fetched


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(Listing(next_update=NOW - DAY).signed(), "out of date", id="expired"),
        pytest.param(Listing(issued_at=NOW + DAY).signed(), "out of date", id="of-tomorrow"),
        pytest.param(Listing().signed(supervisor("foreign")), "not signed by a pinned", id="foreign-signer"),
        pytest.param(Listing().xml(), "not signed by a pinned", id="unsigned"),
        pytest.param(
            Listing().signed().replace(b"<TSLSequenceNumber>7<", b"<TSLSequenceNumber>8<"),
            "was changed since",
            id="changed",
        ),
        pytest.param(
            Listing(number=9).signed().replace(b"<TSPServices>", b"<TSPServices><!-- x -->"),
            None,
            id="a-comment-changes-nothing",
        ),
        pytest.param(
            b"<Wrapper>" + Listing().signed() + b"</Wrapper>", "not signed by a pinned", id="wrapped"
        ),
        pytest.param(
            Listing(kind="http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists").signed(),
            "cannot be read|can be read",
            id="list-of-lists",
        ),
        pytest.param(Listing(territory="España").signed(), "can be read", id="no-territory"),
        pytest.param(b"<!DOCTYPE x>" + Listing().signed(), "not a trusted list", id="doctype"),
        pytest.param(b"", "not signed by a pinned", id="empty"),
    ],
)
def test_a_list_that_is_not_genuine_and_current_stops_the_start(
    serve: Callable[[bytes], Stack], data: bytes, reason: str | None
) -> None:
    if reason is None:
        assert_still_answers(serve(data))
        return
    with pytest.raises(ConfigurationError, match=reason):
        serve(data)


def test_an_older_list_is_refused_even_after_a_restart(
    serve: Callable[[bytes], Stack], listed: KeyPair, holder: KeyPair
) -> None:
    old = Listing([Service(listed.certificate)], number=7).signed()
    new = Listing([Service(listed.certificate, status=WITHDRAWN)], number=8).signed()
    assert admits(serve(old), holder)
    assert not admits(serve(new), holder)
    with pytest.raises(ConfigurationError, match="has number 7, but number 8 was already in use"):
        serve(old)
    assert not admits(serve(new), holder)


def test_another_list_of_the_same_number_is_refused(serve: Callable[[bytes], Stack], listed: KeyPair) -> None:
    serve(Listing([Service(listed.certificate)]).signed())
    with pytest.raises(ConfigurationError, match="another trusted list of ES with number 7"):
        serve(Listing().signed())


def test_a_missing_file_or_signer_stops_the_start(serve: Callable[[bytes], Stack], tmp_path: Path) -> None:
    stack = serve(Listing().signed())
    (tmp_path / "ES.xml").unlink()
    with pytest.raises(ConfigurationError, match=r"cannot read .*ES\.xml"):
        stack.start()
    (tmp_path / "signers" / "0.pem").unlink()
    with pytest.raises(ConfigurationError):
        serve(Listing().signed())
