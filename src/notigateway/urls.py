"""What a URL that an operator writes says: its scheme, and whether a password is in it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

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
