"""The proxy that the environment names for the service, chosen here so that what it does can be told of it.

The usual variables hold, as for other programs: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, in capitals or
not. One that is set for other addresses, or gone past, stops nobody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

from notigateway.errors import ConfigurationError

_SPOKEN: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it; its password is shown to nobody."""

    variable: str
    url: httpx.URL

    def __str__(self) -> str:
        return f"the proxy {self.place} (named by {self.variable})"

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"{self.url.host}:{self.url.port or _SPOKEN[self.url.scheme]}"

    def client(self) -> httpx.Proxy:
        """Return what the HTTP client takes."""
        return httpx.Proxy(self.url)


def proxy_for(url: httpx.URL) -> Proxy | None:
    """Return the proxy on the way to an address, if there is one.

    Raises: `ConfigurationError` for one that cannot be spoken to, such as SOCKS.
    """
    named = getproxies()
    scheme = next((one for one in (url.scheme, "all") if named.get(one)), None)
    if scheme is None or _is_gone_past(url, named.get("no", "")):
        return None
    variable = _variable(scheme)
    cure = f"name one of http:// or https://, or NO_PROXY={url.host} goes past it"
    address = named[scheme]
    try:
        found = httpx.URL(address if "://" in address else f"http://{address}")
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"the proxy that {variable} names is not a URL: {cure}") from error
    if found.scheme not in _SPOKEN or not found.host:
        raise ConfigurationError(
            f"{variable} names a proxy by {found.scheme}://, which is not spoken or names no host: {cure}"
        )
    return Proxy(variable, found)


def _is_gone_past(url: httpx.URL, without: str) -> bool:
    if "*" in (one.strip() for one in without.split(",")):
        return True
    port = url.port or _SPOKEN[url.scheme]
    return bool(proxy_bypass(url.host) or proxy_bypass(f"{url.host}:{port}"))


def _variable(scheme: str) -> str:
    """Return the name of the variable that counts: that in small letters, where there are both."""
    name = f"{scheme}_proxy"
    return name if os.environ.get(name) else name.upper()
