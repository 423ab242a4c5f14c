"""The time-stamps that a sandbox gives are those of an authority to somebody who does not know our code."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from notigateway.sandbox.authority import Stamper, stamping_by
from notigateway.sandbox.holders import ensure_pki
from openssl_authority import find_openssl

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
