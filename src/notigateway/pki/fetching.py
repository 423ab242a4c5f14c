"""Fetches revocation data over HTTP, from hosts that the operator named and from no other.

The addresses partly come from certificates, so from strangers: a host that is not on the list is never
contacted, a redirection never followed, an answer read no further than its limits of size and time, which
hold for the whole of it. Never called while a request waits.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from notigateway.errors import RevocationDataError
from notigateway.exchanges import BoundedTransport, failure_words
from notigateway.urls import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answered: the status of HTTP, the media type as it was said, the body as it came."""

    status: int
    kind: str
    body: bytes


class Fetcher:
    """Gets and posts within limits; use it as a context, it keeps connections open."""

    def __init__(
        self, hosts: Iterable[str], *, timeout_seconds: float, max_bytes: int, proxy_url: str = ""
    ) -> None:
        self._hosts = frozenset(_read_hosts(hosts))
        self._seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._proxy_url = proxy_url
        self._closing = ExitStack()

    @cached_property
    def _http(self) -> httpx.Client:
        """Return the client, made when there is something to fetch: it reads all the roots of TLS."""
        # trust_env: no proxy, certificate or password of the environment; the settings say it all
        client = httpx.Client(
            transport=BoundedTransport(seconds=self._seconds, proxy=self._proxy_url or None),
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )
        return self._closing.enter_context(client)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._closing.close()

    def is_allowed(self, url: str) -> bool:
        """Tell whether an address may be contacted: http or https, a named host, nothing hidden in it.

        A host stands for its scheme's usual port; `host:port` allows that port.
        """
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            return False
        usual = _DEFAULT_PORTS.get(parsed.scheme)
        if usual is None or parsed.userinfo or not parsed.host:
            return False
        port = parsed.port or usual
        host = parsed.raw_host
        return (host, port) in self._hosts or (port == usual and (host, None) in self._hosts)

    def get(self, url: str) -> bytes:
        """Return what is at an address. Raises: `RevocationDataError`."""
        return self._fetch("GET", url)

    def post(self, url: str, data: bytes, content_type: str) -> bytes:
        """Return the answer to what is posted. Raises: `RevocationDataError`."""
        return self._fetch("POST", url, content=data, headers={"Content-Type": content_type})

    def exchange(self, method: str, url: str, **sent: Any) -> Reply:  # noqa: ANN401  (content and headers)
        """Return an answer of whatever status, for who is told something by it.

        Raises: `RevocationDataError` where there is none within the limits.
        """
        return self._exchange(method, url, any_status=True, **sent)

    def _fetch(self, method: str, url: str, **sent: Any) -> bytes:  # noqa: ANN401  (content and headers)
        return self._exchange(method, url, any_status=False, **sent).body

    def _exchange(self, method: str, url: str, *, any_status: bool, **sent: Any) -> Reply:  # noqa: ANN401
        if not self.is_allowed(url):
            raise RevocationDataError("the address is not of an allowed host", url=place_of(url))
        request = httpx.Request(method, url, **sent)
        try:
            response = self._http.send(request, stream=True)
            try:
                status = response.status_code
                if status != _OK and not any_status:
                    raise RevocationDataError(f"HTTP status {status}", url=place_of(url))
                kind = response.headers.get("content-type", "")
                return Reply(status, kind, self._read(response, url))
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise RevocationDataError(f"no answer: {failure_words(error)}", url=place_of(url)) from error

    def _read(self, response: httpx.Response, url: str) -> bytes:
        """Read to the end, or to the limit of size."""
        data = bytearray()
        for piece in response.iter_raw():
            data += piece
            if len(data) > self._max_bytes:
                raise RevocationDataError(f"larger than {self._max_bytes} bytes", url=place_of(url))
        return bytes(data)


def _read_hosts(hosts: Iterable[str]) -> Iterator[tuple[bytes, int | None]]:
    """Yield each host as it goes over the wire, with its port where it names one.

    A name beyond ASCII has one form there (RFC 5891), and an IPv6 address no brackets. The scheme is one that
    has no usual port: else that port would be read as none.
    """
    for host in hosts:
        with suppress(httpx.InvalidURL, ValueError):  # no address has such a host
            parsed = httpx.URL(f"host://{host}")
            yield parsed.raw_host, parsed.port
