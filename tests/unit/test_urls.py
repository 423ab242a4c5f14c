"""What is told of a URL, and which of them an operator may write."""

from __future__ import annotations

import pytest

from notigateway.addresses import check_host
from notigateway.errors import ConfigurationError
from notigateway.pki.fetching import Fetcher
from notigateway.settings import load_settings
from notigateway.trust.refreshing import Sources
from notigateway.urls import place_of

LISTS = (
    "http://[::1]:8080/a.crl",
    "https://[2001:db8::1]/a.crl",
    "https://ñandú.example/a.crl?part=1",
    "https://CRL.example:443/a.crl",
    "http://crl_1.example/a.crl",
)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://name:s3cret@host/list.crl?token=s3cret", "https://host/list.crl?…"),
        ("https://s3cret@host:8443/", "https://host:8443/"),
        ("http://host:80/a@b#s3cret", "http://host:80/a@b"),
        ("s3://key:s3/c?r#et@bucket/prefix?secret=s3cret", "s3://bucket/prefix?…"),
        ("postgresql://user:s3cret@host/base", "postgresql://host/base"),
        ("file:documents", "file:documents"),
        ("file:///var/documents", "file:///var/documents"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_place_is_told_without_what_may_be_a_password(url: str, place: str) -> None:
    assert place_of(url) == place


def test_whatever_address_of_a_list_is_taken_can_be_fetched() -> None:
    settings = load_settings(None, overrides={"mode": "development", "revocation_list_urls": LISTS})
    sources = Sources.by(settings)
    fetcher = Fetcher(sources.hosts, timeout_seconds=1, max_bytes=1)
    assert [fetcher.is_allowed(url) for url in sources.list_urls] == [True] * len(LISTS)


def test_a_host_stands_for_the_usual_port_and_a_port_for_itself() -> None:
    fetcher = Fetcher(
        ["a.example", "b.example:80", "[::1]", "ñ.example", "%"], timeout_seconds=1, max_bytes=1
    )
    for url in ("http://a.example/", "https://A.example/", "http://b.example/", "http://[::1]/x"):
        assert fetcher.is_allowed(url), url
    assert fetcher.is_allowed("http://xn--ida.example/")
    for url in ("http://a.example:8080/", "https://b.example/", "http://[::2]/", "http://x@a.example/"):
        assert not fetcher.is_allowed(url), url


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("revocation_list_urls", ["https://u:s3cret@host/"], "no user name or password before the host"),
        ("timestamp_authority_url", "https://u:s3cret@host/", "no user name or password before the host"),
        ("revocation_proxy_url", "socks5://u:s3cret@host:1080", "write http://HOST:PORT"),
        ("revocation_proxy_url", "http://", "write http://HOST:PORT"),
        ("revocation_hosts", ["http://s3cret.example/"], "write HOST or HOST:PORT"),
        ("revocation_hosts", ["s3cret@host"], "write HOST or HOST:PORT"),
    ],
)
def test_what_could_never_be_fetched_is_refused_and_not_repeated(
    setting: str, value: object, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        load_settings(None, overrides={"mode": "development", setting: value})
    assert refused.value.detail.startswith(setting)
    assert "s3cret" not in refused.value.detail


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "a:x", "a/", "a?b", "a#b", "a@b", "[::1", "::1", "a..b", "a:0"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="write HOST or HOST:PORT"):
        check_host(host)


@pytest.mark.parametrize("host", ["crl.example", "crl.example:8080", "[::1]:80", "192.0.2.1", "ñ.example:81"])
def test_a_host_with_a_port_or_without_is_one(host: str) -> None:
    assert check_host(host) == host
