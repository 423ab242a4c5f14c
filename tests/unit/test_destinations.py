"""To which addresses something is sent that a stranger has named: public ones, however they are written."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.destinations import AddressRefusedError, Destinations, is_public, read_networks

PRIVATE = (
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  (an address, nothing is bound)
    "255.255.255.255",
    "224.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4003::1")


def forms_of(address: str) -> list[str]:
    """Return the forms of IPv6 in which an address of IPv4 may be written."""
    number = int(ipaddress.IPv4Address(address))
    six_to_four = str(ipaddress.IPv6Address(0x2002 << 112 | number << 80 | 1))
    return [f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}", six_to_four]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_admitted(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.sampled_from([one for one in PRIVATE if "." in one]))
def test_no_form_of_ipv6_hides_an_address(address: str) -> None:
    for form in forms_of(address):
        assert not is_public(ipaddress.ip_address(form)), form


@given(st.integers(0, 2**32 - 1))
def test_a_form_of_ipv6_is_never_more_than_what_it_hides(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    for form in forms_of(str(plain)):
        assert not is_public(ipaddress.ip_address(form)) or is_public(plain), form


def test_one_refused_address_of_a_name_refuses_the_name() -> None:
    mixed = Destinations(find=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(AddressRefusedError):
        mixed.choose("example.org", 443)
    good = Destinations(find=lambda _host, _port: ["93.184.216.34", "8.8.8.8"])
    assert good.choose("example.org", 443) == "93.184.216.34"


def test_a_name_is_asked_for_once_and_the_connection_goes_where_it_was_looked_at() -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    rebinding = Destinations(find=lambda _host, _port: answers.pop(0))
    assert rebinding.choose("example.org", 443) == "93.184.216.34"
    with pytest.raises(AddressRefusedError):
        rebinding.choose("example.org", 443)


def test_where_networks_are_named_no_other_is_sent_to() -> None:
    inside = Destinations(read_networks(["10.0.0.0/8", "fd00::/8"]))
    assert inside.admits(ipaddress.ip_address("10.1.2.3"))
    assert inside.admits(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert inside.admits(ipaddress.ip_address("fd00::1"))
    assert not inside.admits(ipaddress.ip_address("8.8.8.8"))
    assert not inside.admits(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize("found", [[], ["8.8.8.8"] * 33])
def test_a_name_without_address_or_with_too_many_is_refused(found: list[str]) -> None:
    with pytest.raises(AddressRefusedError):
        Destinations(find=lambda _host, _port: found).choose("example.org", 443)


def test_a_label_that_is_none_is_refused_and_not_an_error_of_its_own() -> None:
    with pytest.raises(OSError, match="no name of a host") as caught:
        Destinations().choose("a" * 64 + ".example", 443)
    assert not isinstance(caught.value, socket.gaierror)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example.org", ""])
def test_what_is_no_network_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_networks([text])
