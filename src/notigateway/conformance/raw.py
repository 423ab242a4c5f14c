"""Bytes to a service and bytes back: nothing of a reply is believed here, and none is asked for twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from notigateway.client.errors import ClientError
from notigateway.client.parts import Received, is_in_parts, receive
from notigateway.client.proxies import proxy_for
from notigateway.client.transport import address_of
from notigateway.client.unreached import Way, one_line, unreached
from notigateway.conformance.verdict import FailedError
from notigateway.exchanges import BoundedTransport
from notigateway.wss.ns import SOAP11, SOAP12
from notigateway.wss.policy import Limits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

REPLY_LIMITS: Final = Limits(
    request_max_bytes=64 * 1024 * 1024, max_elements=400_000, max_namespaces_total=4_096
)
SOAP11_TYPE: Final = "text/xml; charset=utf-8"
SOAP12_TYPE: Final = "application/soap+xml; charset=utf-8"
_TOO_MANY: Final = 429
# What refuses many messages in a minute counts them; it is waited for once for each, and no longer.
_WAIT_MAX_SECONDS: Final = 65


class NoAnswerError(FailedError):
    """Nothing came back; `why` tells how far it got."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no answer: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers by their names in small letters, the envelope and its parts."""

    status: int
    headers: Mapping[str, str]
    received: Received

    @property
    def body(self) -> bytes:
        """Return the envelope."""
        return self.received.envelope

    @property
    def is_soap(self) -> bool:
        """Tell whether it is a SOAP message at all, right or wrong."""
        return any(namespace.encode() in self.body for namespace in (SOAP11, SOAP12))

    @property
    def words(self) -> str:
        """Return what it is as HTTP."""
        media_type = one_line(self.headers.get("content-type", "").partition(";")[0])
        return f"HTTP {self.status}, {media_type or 'no media type'}{'' if self.body else ', no content'}"


class Line:
    """The way to one address; an exchange takes no longer than `timeout_seconds`."""

    def __init__(self, url: str, *, timeout_seconds: float, tls: ssl.SSLContext | None) -> None:
        """Raise: `ConfigurationError` for what is no address."""
        self._url = address_of(url)
        self._timeout_seconds = timeout_seconds
        verify: ssl.SSLContext | bool = tls or self._url.scheme == "https"
        self._proxy = proxy = proxy_for(self._url)
        self._http = httpx.Client(
            transport=BoundedTransport(
                seconds=timeout_seconds, verify=verify, proxy=proxy.client() if proxy is not None else None
            ),
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "text/xml", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self, data: bytes, headers: Mapping[str, str], *, method: str = "POST", query: str = ""
    ) -> Reply:
        """Send bytes as they are and return what comes; a service that counts refusals is waited for once.

        Raises: `NoAnswerError`; `FailedError` for an answer in parts that are none.
        """
        reply = self._send(data, headers, method, query)
        if reply.status == _TOO_MANY:
            time.sleep(min(_seconds(reply.headers.get("retry-after", "")), _WAIT_MAX_SECONDS))
            reply = self._send(data, headers, method, query)
        return reply

    def _send(self, data: bytes, headers: Mapping[str, str], method: str, query: str) -> Reply:
        url = self._url.copy_with(query=query.encode()) if query else self._url
        way = Way(self._proxy, is_tunnelled=url.scheme == "https")
        try:
            with self._http.stream(
                method, url, content=data or None, headers=dict(headers), extensions={"trace": way.trace}
            ) as response:
                received = _received(response)
        except httpx.RequestError as error:
            told = unreached(error, url, way, timeout_seconds=self._timeout_seconds)
            raise NoAnswerError(str(told)) from error
        except ClientError as error:
            raise FailedError(str(error)) from error
        found = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, found, received)


def _received(response: httpx.Response) -> Received:
    """Read an answer, in parts or not. Raises: `UnexpectedResponseError`, `FailedError`."""
    content_type = response.headers.get("Content-Type", "")
    if is_in_parts(content_type):
        envelope_max_bytes = REPLY_LIMITS.request_max_bytes
        return receive(content_type, response.iter_raw(), envelope_max_bytes=envelope_max_bytes)
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > REPLY_LIMITS.request_max_bytes:
            raise FailedError(f"an answer of more than {REPLY_LIMITS.request_max_bytes} bytes")
    return Received(bytes(body))


def soap_headers(action: str) -> dict[str, str]:
    """Return the headers of a request in SOAP 1.1."""
    return {"Content-Type": SOAP11_TYPE, "SOAPAction": f'"{action}"'}


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 1.0
