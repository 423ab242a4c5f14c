"""An address to listen at is a host and a port, and nothing else."""

from __future__ import annotations

import pytest

from notigateway.addresses import check_address, host_and_port
from notigateway.errors import ConfigurationError
from notigateway.settings import load_settings


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("127.0.0.1:8081", "127.0.0.1", 8081),
        ("0.0.0.0:65535", "0.0.0.0", 65535),  # noqa: S104
        ("[::1]:8081", "::1", 8081),
        ("localhost:1", "localhost", 1),
        ("gateway-1.internal:8081", "gateway-1.internal", 8081),
    ],
)
def test_host_and_port_are_read(address: str, host: str, port: int) -> None:
    assert host_and_port(address) == (host, port)
    assert check_address(address) == address


def test_nothing_is_no_address() -> None:
    assert not check_address("")


@pytest.mark.parametrize(
    "address",
    [
        "8081",
        ":8081",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:080",
        "127.0.0.1:8081 ",
        "127.0.0.1:8081\n",
        "127.0.0:8081",
        "127.0.0.256:8081",
        "::1:8081",
        "[::g]:8081",
        "[::1:8081",
        "[localhost]:8081",
        "-a:8081",
        "a..b:8081",
        "a_b:8081",
        "http://127.0.0.1:8081",
        "unix:/run/notigateway.sock",
        "127.0.0.1:8081/healthz",
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_setting(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^operations_address: (?!Value error)") as refused:
        load_settings(None, overrides={"operations_address": address})
    assert "\n" not in str(refused.value)
