"""What a URL that an operator writes says: its scheme, its place, and whether a password is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from pydantic import HttpUrl

_Web = TypeVar("_Web", "HttpUrl", "HttpUrl | str")
# Up to the last @, as databases read it: their passwords may hold / and # unescaped, which ends the
# authority for everybody else (RFC 3986 §3.2).
_USER_AND_PASSWORD: Final = re.compile(r"\s*(?:[^:/?#@]+://[^:/?#@]*:[^@]+@|(?!file:)[^:/?#@]+:[^/@][^@]*@)")
_SECRET_PARAMETER: Final = re.compile(r"password|passwd|pwd|secret|token|signature|^sig$|access_?key")


def scheme_of(url: str) -> str:
    """Return the scheme in small letters, white space before it left out; "" where there is none."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def served_path(url: str) -> str:
    """Return the path at which a URL is served, as a server hands it on: its octets, one a character.

    PEP 3333; a space or ñ is written %20 or %C3%B1 in the URL, and comes in so or otherwise.
    """
    return unquote_to_bytes(urlsplit(url).path).decode("latin-1")


def has_password(url: str) -> bool:
    """Tell whether a password stands in a URL: before its host, or as a parameter.

    Before the host of `http` any name counts: some services take a key there, without a password.
    """
    if scheme_of(url) in {"http", "https"}:
        stands_before = "@" in url.partition("//")[2].partition("/")[0]
    else:
        stands_before = _USER_AND_PASSWORD.match(url) is not None
    names = (name.lower() for name, _ in parse_qsl(url.partition("?")[2]))
    return stands_before or any(_SECRET_PARAMETER.search(name) for name in names)


def place_of(url: str) -> str:
    """Return where a URL leads, for people: without what could be a password.

    Left out are who asks, before the host, and every parameter: many services take a key there under a name
    of their own. `?…` says that there are some.
    """
    is_web = scheme_of(url) in {"http", "https"}
    kept = None if is_web else _USER_AND_PASSWORD.match(url)
    scheme, colon, rest = url.strip().partition(":")
    if kept is not None:
        rest = ("//" if rest.startswith("//") else "") + url[kept.end() :]
    rest, has_parameters, _ = rest.partition("#")[0].partition("?")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = f"//{host.rpartition('@')[2]}{slash}{path}"
    return f"{scheme}{colon}{rest}{'?…' if has_parameters else ''}"


def check_web(url: _Web) -> _Web:
    """Return an address that can be fetched, or "" for none. Raises: `ValueError`.

    A name and a password before its host would never be sent: an address with them is refused by who fetches.
    """
    if has_password(str(url).partition("?")[0]):
        raise ValueError("no user name or password before the host: none is ever sent")
    return url


def check_proxy(url: str) -> str:
    """Return the address of a proxy, or "" for none. Raises: `ValueError`; what was written is not in it."""
    if not url:
        return url
    wrong = "write http://HOST:PORT or https://HOST:PORT: no other kind of proxy is spoken to"
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:
        raise ValueError(wrong) from error
    if not is_one:
        raise ValueError(wrong)
    return url
