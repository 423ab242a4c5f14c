"""Mail servers as they are: with TLS, with a login, with limits, and those that hang up."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mail_server import Handler, mail_server, odd_server, tls_of
from notigateway.errors import ConfigurationError
from notigateway.law.contacts import NoticeKind, NoticeLanguage
from notigateway.outbox.carrying import Carried, Fate, Letter, Sender, Smtp, server_by
from notigateway.outbox.mail_server import Refusals, Server, greet
from notigateway.outbox.wording import Telling, write
from notigateway.settings import load_settings
from notigateway.uuids import uuid7
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
SENDER = Sender("avisos@gateway.example", "bounces@gateway.example")
RIGHT = ("gateway", "geheim-4711")


@pytest.fixture
def tls(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    """Return what a server that has a certificate of these names speaks TLS by."""
    return lambda *names: tls_of(tmp_path, *names)[0]


@cache
def trusting(*, is_root: bool = True) -> ssl.SSLContext:
    by = pki().root if is_root else pki().other_root
    return ssl.create_default_context(cadata=by.certificate.public_bytes(Encoding.PEM).decode())


def server(address: str, security: str, **more: Any) -> Server:  # noqa: ANN401
    host, _, port = address.rpartition(":")
    return Server(host=host, port=int(port), security=security, seconds=5, **{"tls": trusting()} | more)


def letter(**more: Any) -> Letter:  # noqa: ANN401
    return replace(Letter(uuid7(NOW), "ana@example.org", "Aviso: cañería", "Á\n.\n..\nfin\n", NOW), **more)


@contextmanager
def smtp(asked: Server, **more: Any) -> Iterator[Smtp]:  # noqa: ANN401
    carrier = Smtp(asked, SENDER, now=NOW, **more)
    yield carrier
    carrier.close()


def sent(asked: Server, **more: Any) -> Carried:  # noqa: ANN401
    with smtp(asked, **more) as carrier:
        return carrier.carry(letter())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_messages_go_over_tls_of_either_kind(tls: Callable[..., ssl.SSLContext], security: str) -> None:
    context = tls("127.0.0.1")
    how: dict[str, Any] = {"starttls" if security == "starttls" else "ssl_context": context}
    with mail_server(login=RIGHT, **how) as (address, handler):
        asked = server(address, security, user=RIGHT[0], password=RIGHT[1])
        with smtp(asked) as carrier:
            assert [carrier.carry(letter()).fate for _ in range(3)] == [Fate.SENT] * 3
        assert greet(asked) == ""
    assert len(handler.logins) == 2, "one for a connection"
    assert handler.messages[0]["Subject"] == "Aviso: cañería"
    assert handler.messages[0].get_content().splitlines() == ["Á", ".", "..", "fin"]
    assert handler.envelopes == [("bounces@gateway.example", ["ana@example.org"])] * 3


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("names", "is_root", "said"),
    [
        (("mail.example.org",), True, "IP address mismatch"),
        (("127.0.0.2", "localhost"), True, "IP address mismatch"),
        (("127.0.0.1",), False, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_is_not_the_servers_ends_it_before_anything_is_said(
    tls: Callable[..., ssl.SSLContext], security: str, names: tuple[str, ...], is_root: bool, said: str
) -> None:
    context = tls(*names)
    how: dict[str, Any] = {"starttls" if security == "starttls" else "ssl_context": context}
    with mail_server(login=RIGHT, **how) as (address, handler):
        asked = server(address, security, user=RIGHT[0], password=RIGHT[1], tls=trusting(is_root=is_root))
        found = sent(asked)
        assert found.fate is Fate.AWAY
        assert found.why.startswith("its certificate: ")
        assert said in found.why
        assert greet(asked) == found.why
    assert (handler.logins, handler.raw) == ([], [])


def test_without_starttls_where_it_is_demanded_nothing_is_sent() -> None:
    with mail_server(login=RIGHT) as (address, handler):
        found = sent(server(address, "starttls", user=RIGHT[0], password=RIGHT[1]))
    assert found == Carried(Fate.AWAY, "it offers no STARTTLS, which smtp_security demands")
    assert (handler.logins, handler.raw) == ([], [])


def test_what_is_said_before_tls_counts_for_nothing(tls: Callable[..., ssl.SSLContext]) -> None:
    """Whoever is on the way adds an answer to that of STARTTLS (CVE-2011-0411)."""
    context = tls("127.0.0.1")

    def talk(taken: socket.socket) -> None:
        taken.sendall(b"220 here\r\n")
        taken.recv(4096)
        taken.sendall(b"250-here\r\n250 STARTTLS\r\n")
        taken.recv(4096)
        taken.sendall(b"220 go on\r\n250-here\r\n250 AUTH PLAIN\r\n235 taken\r\n250 OK\r\n250 OK\r\n")
        with suppress(OSError), context.wrap_socket(taken, server_side=True) as inside:
            inside.recv(4096)
            inside.sendall(b"554 not you\r\n")
            inside.recv(4096)

    with odd_server(talk) as address:
        assert sent(server(address, "starttls", user="a", password="b")).fate is not Fate.SENT


@pytest.mark.parametrize("wrong", [("gateway", "geheim-4712"), ("gatewey", "geheim-4711")])
def test_a_refused_login_is_told_without_the_password_and_not_repeated_at_once(
    tls: Callable[..., ssl.SSLContext], wrong: tuple[str, str]
) -> None:
    refusals = Refusals()
    with mail_server(login=RIGHT, starttls=tls("127.0.0.1")) as (address, handler):
        asked = server(address, "starttls", user=wrong[0], password=wrong[1])
        found = sent(asked, refusals=refusals)
        assert found == Carried(Fate.AWAY, "535 5.7.8 at login: it refuses smtp_user and its password")
        assert greet(asked) == found.why
        assert wrong[1] not in repr(asked)
        tries = len(handler.logins)
        for minutes in (0, 1, 14):
            later = Smtp(asked, SENDER, refusals=refusals, now=NOW + timedelta(minutes=minutes))
            assert later.carry(letter()).fate is Fate.AWAY
        assert len(handler.logins) == tries, "the account would be locked"
        corrected = replace(asked, user=RIGHT[0], password=RIGHT[1])
        assert sent(corrected, refusals=refusals).fate is Fate.SENT, "another password is tried at once"
        later = Smtp(asked, SENDER, refusals=refusals, now=NOW + timedelta(minutes=15))
        later.carry(letter())
        assert len(handler.logins) > tries + 1
    assert len(handler.raw) == 1


def test_a_login_that_is_not_taken_now_is_asked_for_again() -> None:
    refusals = Refusals()

    def talk(taken: socket.socket) -> None:
        taken.settimeout(5)
        taken.sendall(b"220 here\r\n")
        for answer in (b"250-here\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 not now, geheim-4711\r\n"):
            taken.recv(4096)
            taken.sendall(answer)
        taken.recv(4096)

    with odd_server(talk) as address:
        asked = server(address, "none", user=RIGHT[0], password=RIGHT[1])
        for _ in range(2):
            found = sent(asked, refusals=refusals)
            assert found == Carried(Fate.AWAY, "454 4.7.0 at login: it takes none now")


def test_what_is_taken_and_dropped_comes_again_with_the_same_bytes() -> None:
    one = letter()
    with mail_server(Handler(drops=True)) as (address, handler):
        with smtp(server(address, "none")) as carrier:
            assert carrier.carry(one).fate is Fate.LATER, "another may go first"
        handler.drops = False
        with smtp(server(address, "none")) as carrier:
            assert carrier.carry(one).fate is Fate.SENT
    assert handler.raw[0] == handler.raw[1]
    assert {each["Message-ID"] for each in handler.messages} == {f"<{one.id}@gateway.example>"}


def test_no_name_of_anybody_becomes_a_header_an_address_or_a_message() -> None:
    lines = "A\r\nBcc: eva@example.org\r\n\r\n.\r\nMAIL FROM:<eva@example.org>\r\n"
    telling = Telling(
        kind=NoticeKind.AVAILABLE,
        at=NOW,
        addressee="B12345674",
        addressee_name=lines,
        subject="\u2028".join([lines] * 2),
        reference=".\n",
        body=f"\x0b{lines}\x85",
    )
    with mail_server() as (address, handler), smtp(server(address, "none")) as carrier:
        for language in NoticeLanguage:
            words = write([telling], language)
            assert carrier.carry(letter(subject=words.subject, text=words.text)).fate is Fate.SENT
    assert handler.envelopes == [("bounces@gateway.example", ["ana@example.org"])] * 3
    for message in handler.messages:
        assert message["Bcc"] is None
        assert message["To"] == "ana@example.org"
        found = [one for one in message.get_content().splitlines() if "Bcc" in one]
        assert found
        assert all(one.startswith("  ") for one in found), "behind their labels"


def test_a_connection_that_ends_after_some_messages_is_opened_anew() -> None:
    with mail_server() as (address, handler), smtp(server(address, "none")) as carrier:
        assert carrier.carry(letter()).fate is Fate.SENT
        handler.drops = True
        found = carrier.carry(letter())
        handler.drops = False
        assert found.fate is Fate.LATER
        assert carrier.carry(letter()).fate is Fate.SENT
    assert len(handler.raw) == 4, "the second one twice: it was taken, and that was not heard"


def test_a_server_that_hangs_up_when_idle_keeps_nothing_waiting() -> None:
    with mail_server(timeout=0.2) as (address, handler), smtp(server(address, "none")) as carrier:
        assert carrier.carry(letter()).fate is Fate.SENT
        connection = carrier._connection
        assert connection is not None
        assert connection.sock is not None
        connection.sock.recv(4096)  # its good-bye: from here on it is gone
        assert carrier.carry(letter()).fate is Fate.SENT
    assert len(handler.raw) == 2


def test_a_message_that_is_larger_than_the_server_takes_stops_no_other() -> None:
    with mail_server(data_size_limit=2000) as (address, handler), smtp(server(address, "none")) as carrier:
        found = carrier.carry(letter(text="x" * 70 + "\n" + "y\n" * 2000))
        assert (found.fate, found.why[:3]) == (Fate.REFUSED, "552")
        assert carrier.carry(letter()).fate is Fate.SENT
    assert len(handler.raw) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_handshake_letter_by_letter_ends_in_time(security: str) -> None:
    def talk(taken: socket.socket) -> None:
        taken.settimeout(5)
        if security == "starttls":
            taken.sendall(b"220 here\r\n")
            taken.recv(4096)
            taken.sendall(b"250-here\r\n250 STARTTLS\r\n")
            taken.recv(4096)
            taken.sendall(b"220 go on\r\n")
        with suppress(OSError):
            taken.recv(4096)
            # A record of 16 kB, of which a byte comes at a time: each keeps the wait for the next one short.
            for byte in b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb" + bytes(100):
                taken.sendall(bytes([byte]))
                taken.settimeout(0.1)
                with suppress(TimeoutError):
                    if not taken.recv(1):
                        return

    with odd_server(talk) as address:
        found = sent(replace(server(address, security), seconds=0.5))
    assert found == Carried(Fate.AWAY, "it took longer than 0.5 s (smtp_timeout_seconds)")


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("gateway", "contraseña", "smtp_password_file"),
        ("gateway", "two\nlines", "smtp_password_file"),
        ("gateway", "", "smtp_password_file"),
        ("señor", "geheim", "smtp_user"),
    ],
)
def test_a_login_that_cannot_be_spoken_is_told_before_it_is_tried(
    tmp_path: Path, user: str, password: str, said: str
) -> None:
    file = tmp_path / "password"
    file.write_text(password + "\n", "utf-8")
    file.chmod(0o600)
    settings = load_settings(
        None,
        overrides={
            "mode": "development",
            "database_url": f"sqlite:///{tmp_path / 'x.db'}",
            "smtp_address": "127.0.0.1:25",
            "smtp_user": user,
            "smtp_password_file": str(file),
            "notices_from": SENDER.address,
        },
    )
    with pytest.raises(ConfigurationError, match=said) as refused:
        server_by(settings)
    assert not password or password not in refused.value.detail
