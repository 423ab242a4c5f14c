"""One signed request, one verified answer: the only place where the client believes bytes.

1 sign at the clock's instant, under a new MessageID · 2 send · 3 take an HTTP refusal, which nobody signs,
for no more than a failure · 4 read a bounded answer · 5 verify against the pinned certificate, faults
included · 6 see that it is the answer to this very message · 7 hand out the verified element, nothing
else. A repetition is a new message: the same one would be a replay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from notigateway.client.binding import check_related, check_unbound, new_message_id
from notigateway.client.errors import (
    ClientError,
    GatewayFaultError,
    TransportFaultError,
    UnexpectedResponseError,
)
from notigateway.client.parts import ACCEPT, Received, is_in_parts, receive
from notigateway.client.proxies import proxy_for
from notigateway.client.unproven import Believing, clock_hint
from notigateway.client.unreached import CONNECT_MAX_SECONDS, Way, refused, unreached
from notigateway.client.wire import read_answer
from notigateway.errors import ConfigurationError
from notigateway.exchanges import BoundedTransport
from notigateway.pki.identity import read_holder
from notigateway.pki.keys import fingerprint
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.policy import Limits
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from lxml.etree import _Element

    from notigateway.pki.anchors import PinnedCertificates
    from notigateway.pki.keys import KeyPair

# Answers are larger than requests: a page of 1,000 has 25,000 elements. One text stays below 10 MB.
ANSWER_LIMITS: Final = Limits(
    request_max_bytes=64 * 1024 * 1024, max_elements=400_000, max_namespaces_total=4_096
)
# A signed answer is 200, a signed fault 500 (SOAP 1.1 §6.2); every other status is unsigned.
_SIGNED_STATUS: Final = frozenset({200, 500})
_REFUSAL_READ_BYTES: Final = 65_536
# 128 kbit/s for each download, a line on which 100 MB take nearly two hours: slower is nobody who answers.
_MIN_BYTES_PER_SECOND: Final = 16 * 1024
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a request is sent, and how long it waits between: random, up to twice as long each time.

    What the service asks for in Retry-After is added, up to a bound. `told` is called before each wait, with
    what went wrong and the seconds.
    """

    attempts: int = 5
    first_wait_seconds: float = 0.5
    max_wait_seconds: float = 20.0
    max_retry_after_seconds: float = 60.0
    told: Callable[[ClientError, float], None] = lambda _error, _seconds: None


class _Wait:
    """Waits at random, longer each time, and at least as long as the service asked, within a bound.

    The header is not signed: whoever can change it can also hold the answer back, so it may delay but
    not stop the client.
    """

    def __init__(self, retries: Retries) -> None:
        self._random = wait_random_exponential(
            multiplier=retries.first_wait_seconds, max=retries.max_wait_seconds
        )
        self._at_most = retries.max_retry_after_seconds

    def __call__(self, state: RetryCallState) -> float:
        """Return how many seconds to wait."""
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after_seconds if isinstance(error, ClientError) else 0.0
        return self._random(state) + min(asked, self._at_most)


def _own_action(operation: str) -> str:
    return f"{NOTIGATEWAY_V1}:{operation}"


@dataclass(frozen=True, slots=True)
class Speech:
    """A contract as far as the transport speaks it: its action, and how a verified answer is read."""

    action: Callable[[str], str] = _own_action
    read: Callable[[str, _Element], _Element] = read_answer


OWN_CONTRACT: Final = Speech()


class Transport:
    """Signs, sends, verifies; safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        key_pair: KeyPair,
        pinned: PinnedCertificates,
        timeout_seconds: float,
        retries: Retries,
        clock: Callable[[], datetime],
        tls: ssl.SSLContext | None,
        speech: Speech = OWN_CONTRACT,
        public_url: str | None = None,
        mtom: bool = False,
    ) -> None:
        """Speak to the service at `url`; `public_url` is what it is called where that is not its address.

        With `mtom` documents are asked for in parts beside the answer.
        """
        self._speech = speech
        self._url = address_of(url)
        self._to = url if public_url is None else public_url
        self._me = fingerprint(key_pair.certificate)
        named = read_holder(key_pair.certificate)
        self.holder = named.identifier or named.name
        self._signer = Signer(key_pair.key, key_pair.certificate)
        self._believing = Believing(pinned, ANSWER_LIMITS)
        # Whether an answer was proven: this clock and the pinned certificate are those of the service.
        self.is_proven = False
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._proxy = proxy_for(self._url)
        self._http = httpx.Client(
            transport=BoundedTransport(
                seconds=timeout_seconds,
                min_bytes_per_second=_MIN_BYTES_PER_SECOND,
                verify=_verifying(self._url, tls),
                proxy=self._proxy.client() if self._proxy is not None else None,
            ),
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_MAX_SECONDS)),
            follow_redirects=False,
            # The proxy is chosen above: here a variable that is wrong for another address would end it all.
            trust_env=False,
            headers={"Accept": ACCEPT if mtom else "text/xml", "Accept-Encoding": "identity"},
        )
        self._retrying = Retrying(
            retry=retry_if_exception(_is_retryable),
            stop=stop_after_attempt(retries.attempts),
            wait=_Wait(retries),
            before_sleep=_telling(retries),
            reraise=True,
        )

    @property
    def url(self) -> str:
        """The service's address."""
        return str(self._url)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def call(self, operation: str, content: bytes) -> _Element:
        """Return the verified answer to an operation, as `call_for_parts` does."""
        return self.call_for_parts(operation, content)[0]

    def call_for_parts(self, operation: str, content: bytes) -> tuple[_Element, Received]:
        """Return the verified answer to an operation and what came beside it, repeated where that may help.

        Raises: `GatewayFaultError`, `TransportFaultError`, `UnreachableError`,
        `ResponseNotVerifiedError`, `ResponseToAnotherError`, `UnexpectedResponseError`.
        """
        retrying = self._retrying.copy()
        try:
            return retrying(self._call_once, operation, content)
        except ClientError as error:
            error.attempts = int(retrying.statistics.get("attempt_number", 1))
            raise

    def _call_once(self, operation: str, content: bytes) -> tuple[_Element, Received]:
        message_id = new_message_id(self._me)
        form = self._form(operation, message_id)
        request = sign_envelope(content, signer=self._signer, now=self._clock(), form=form)  # 1
        status, received, retry_after = self._exchange(operation, request)  # 2, 3, 4
        envelope, verified = self._believing.verify(received, status=status, now=self._clock())  # 5
        self.is_proven = True
        is_bound = check_related(envelope, verified, message_id)  # 6
        try:  # 7
            return self._speech.read(operation, verified.operation), received
        except ClientError as error:
            if isinstance(error, GatewayFaultError):
                error.hint = clock_hint(error, self._clock())
                if not is_bound:
                    check_unbound(error)
            error.retry_after_seconds = retry_after
            raise

    def _form(self, operation: str, message_id: str) -> EnvelopeForm:
        """Return how a request looks: it says what it asks of whom, and under which name (Core §3.2)."""
        action = self._speech.action(operation)
        return EnvelopeForm(
            must_understand=True,
            addressing=(("To", self._to), ("Action", action), ("MessageID", message_id)),
        )

    def _exchange(self, operation: str, request: bytes) -> tuple[int, Received, float]:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{self._speech.action(operation)}"',
        }
        way = Way(self._proxy, is_tunnelled=self._url.scheme == "https")
        try:
            with self._http.stream(
                "POST", self._url, content=request, headers=headers, extensions={"trace": way.trace}
            ) as response:
                if response.status_code not in _SIGNED_STATUS:
                    raise _refusal(response, way)
                return response.status_code, _received(response), _retry_after(response)
        except httpx.RequestError as error:
            raise unreached(error, self._url, way, timeout_seconds=self._timeout_seconds) from error


def _telling(retries: Retries) -> Callable[[RetryCallState], None]:
    """Return what tells that the client waits, why and how long, before it asks again."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, ClientError) and state.next_action is not None:
            retries.told(error, state.next_action.sleep)

    return tell


def _verifying(url: httpx.URL, tls: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    """Return how TLS is verified; SSL_CERT_FILE and SSL_CERT_DIR hold where nothing else is given."""
    if tls is not None or url.scheme != "https":
        return tls or False
    return httpx.create_ssl_context()


def _refusal(response: httpx.Response, way: Way) -> TransportFaultError:
    """Return an HTTP refusal with the beginning of its text."""
    data = bytearray()
    try:
        for piece in response.iter_raw():
            data += piece
            if len(data) >= _REFUSAL_READ_BYTES:
                break
    except httpx.RequestError:
        pass  # its status is enough
    text = refused(response.status_code, bytes(data), location=response.headers.get("Location", ""), way=way)
    refusal = TransportFaultError(response.status_code, text, correlation_id=_correlation(response))
    refusal.retry_after_seconds = _retry_after(response)
    return refusal


def _correlation(response: httpx.Response) -> str:
    """Return what the operator may be asked about; nobody signed it, so it is shown and no more."""
    quoted = response.headers.get("X-Correlation-Id", "")
    return quoted if _UUID.fullmatch(quoted) else ""


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds of a Retry-After; a date, as caches send it, counts as none."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if re.fullmatch(r"[0-9]{1,6}", asked) else 0.0


def _received(response: httpx.Response) -> Received:
    """Read an answer, in parts or not."""
    content_type = response.headers.get("Content-Type", "")
    if not is_in_parts(content_type):
        return Received(_bounded(response))
    return receive(content_type, response.iter_raw(), envelope_max_bytes=ANSWER_LIMITS.request_max_bytes)


def _bounded(response: httpx.Response) -> bytes:
    """Read an answer as it travelled, never decompressed and never beyond the limit."""
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > ANSWER_LIMITS.request_max_bytes:
            raise UnexpectedResponseError(
                f"the answer is larger than {ANSWER_LIMITS.request_max_bytes} bytes"
            )
    return bytes(data)


def address_of(url: str) -> httpx.URL:
    """Return an address that can be called. Raises: `ConfigurationError`."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{url!r} is not a URL") from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise ConfigurationError(f"{url!r} is not an http or https URL")
    return address


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.retryable


def several(given: Iterable[str]) -> tuple[str, ...]:
    """Return texts as they are given. Raises: `TypeError` for a single one, whose letters are texts too."""
    if isinstance(given, str):
        raise TypeError(f"pass a list, not a str: [{given!r}]")
    return tuple(given)


def in_batches(ids: Iterable[str], size: int) -> list[tuple[str, ...]]:
    """Return the ids in pieces of at most `size`, in order. Raises: `TypeError` for a bare id."""
    every = several(ids)
    return [every[start : start + size] for start in range(0, len(every), size)]
