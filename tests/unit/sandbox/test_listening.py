from __future__ import annotations

import socket
import stat
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.sandbox.listening import address_of, listen, token_for

if TYPE_CHECKING:
    from pathlib import Path

has_v6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),  # noqa: S104
        pytest.param("::1", "http://[::1]:", marks=has_v6),
        pytest.param("::", "http://[::1]:", marks=has_v6),
    ],
)
def test_the_address_told_is_one_that_this_machine_reaches(address: str, reached: str) -> None:
    with listen(address, 0) as listener:
        assert address_of(listener) == f"{reached}{listener.getsockname()[1]}"


@has_v6
def test_who_listens_everywhere_is_found_by_both_families() -> None:
    with listen("::", 0) as listener:
        socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=10).close()


@pytest.mark.parametrize("address", ["", "localhost", "sandbox.example", "127.0.0.1:80", "1.2.3"])
def test_what_is_no_ip_address_is_refused(address: str, tmp_path: Path) -> None:
    for act in (lambda: listen(address, 0), lambda: token_for(tmp_path, address)):
        with pytest.raises(ConfigurationError, match="write an IP address"):
            act()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot take port 0 of 192\.0\.2\.1: "):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1"])
def test_this_machine_alone_needs_no_token(address: str, tmp_path: Path) -> None:
    assert token_for(tmp_path, address) is None
    assert not list(tmp_path.iterdir())


def test_a_token_is_made_once_for_its_owners_eyes(tmp_path: Path) -> None:
    token = token_for(tmp_path, "0.0.0.0")  # noqa: S104
    (file,) = tmp_path.iterdir()
    assert token is not None
    assert len(token) > 40
    assert (file.name, file.read_text("utf-8"), stat.S_IMODE(file.stat().st_mode)) == (
        "token.txt",
        f"{token}\n",
        0o600,
    )
    assert token_for(tmp_path, "::") == token
    assert token_for(tmp_path / "..", "127.0.0.1") is None


def test_another_folder_has_another_token(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert token_for(tmp_path, "::") != token_for(tmp_path / "other", "::")


def test_a_token_that_a_person_has_chosen_is_taken(tmp_path: Path) -> None:
    (tmp_path / "token.txt").touch(0o600)
    (tmp_path / "token.txt").write_text("  chosen-by-a-person\n", "utf-8")
    assert token_for(tmp_path, "::") == "chosen-by-a-person"


def test_a_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    token_for(tmp_path, "::")
    (tmp_path / "token.txt").chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"others may read \S+token.txt: chmod 600"):
        token_for(tmp_path, "::")


@pytest.mark.parametrize("content", ["", "short", "two words of a token", "ñ" * 20, "x" * 600, "a\nb" * 10])
def test_what_is_no_token_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "token.txt").touch(0o600)
    (tmp_path / "token.txt").write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match="holds no token"):
        token_for(tmp_path, "::")
