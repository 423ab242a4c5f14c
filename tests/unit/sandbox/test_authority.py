"""The time-stamps that a sandbox gives are those of an authority to somebody who does not know our code."""

from __future__ import annotations

import http.client
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from notigateway.sandbox.authority import Stamper, TimestampAuthority, stamping_by
from notigateway.sandbox.holders import ensure_pki
from notigateway.sandbox.listening import LOOPBACK, listen
from openssl_authority import find_openssl
from patience import slowed

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = find_openssl() or ""
NOW = datetime(2027, 2, 3, 4, 5, 6, 789_000, UTC)


def run(folder: Path, *arguments: str) -> str:
    """Run OpenSSL's `ts`, which must succeed; return what it says."""
    command = [OPENSSL, "ts", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(not OPENSSL, reason="OpenSSL's program is not here")
@pytest.mark.parametrize("options", [["-sha256"], ["-sha512", "-no_nonce"]])
def test_openssl_verifies_a_time_stamp(options: list[str], tmp_path: Path) -> None:
    pki = ensure_pki(tmp_path / "pki", NOW)
    stamper = Stamper.from_files(pki.key("tsa"), pki.certificate("tsa"), lambda: NOW)
    (tmp_path / "data").write_bytes(b"stamped")
    run(tmp_path, "-query", "-data", "data", *options, "-cert", "-out", "query")
    (tmp_path / "reply").write_bytes(stamper.reply((tmp_path / "query").read_bytes()))
    trusted = b"".join(pki.certificate(stem).read_bytes() for stem in ("root", "issuing"))
    (tmp_path / "trusted.pem").write_bytes(trusted)
    asked = (
        "-queryfile",
        "query",
        "-in",
        "reply",
        "-CAfile",
        "trusted.pem",
        "-attime",
        str(NOW.timestamp())[:10],
    )
    assert "Verification: OK" in run(tmp_path, "-verify", *asked)
    assert "Feb  3 04:05:06 2027 GMT" in run(tmp_path, "-reply", "-in", "reply", "-text")


def test_what_is_no_request_and_whose_nobody_is_get_no_answer(tmp_path: Path) -> None:
    pki = ensure_pki(tmp_path / "pki", NOW)
    stamper = Stamper.from_files(pki.key("tsa"), pki.certificate("tsa"), lambda: NOW)
    reply = stamping_by(lambda path: stamper if path == "/ours" else None)
    assert reply("/ours", b"no request") == b""
    assert reply("/theirs", b"no request") == b""


def asked(connection: http.client.HTTPConnection, body: bytes, **headers: str) -> int:
    """Send a request whose headers are these alone; return the status of its answer."""
    connection.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_connection_is_kept_while_it_is_known_where_a_request_ends() -> None:
    listener = listen(LOOPBACK, 0)
    port = listener.getsockname()[1]
    with TimestampAuthority(listener, lambda _, query: query):
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=slowed(20))
        assert asked(connection, b"one", Content_Length="3") == 200
        kept = connection.sock
        assert asked(connection, b"two", Content_Length="3") == 200
        assert connection.sock is kept
        assert asked(connection, b"", Content_Length="0") == 400
        assert connection.sock is kept
        connection.close()
        for length in ("-1", "abc", "+3", "\xb2", "99999999999", str(16 * 1024 + 1)):
            assert asked(connection, b"", Content_Length=length) == 400, length
            assert connection.sock is None, length
        assert asked(connection, b"", Transfer_Encoding="chunked") == 400
        assert connection.sock is None
        assert asked(connection, b"") == 400
        connection.close()
