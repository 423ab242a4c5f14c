"""Posts one message to an address that a subscriber has named, and tells what became of it.

However the other side behaves it ends within seconds; an answer is read no further than needed, a redirection
never followed, and a connection goes to an address that was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import httpx

from notigateway.destinations import AddressRefusedError
from notigateway.exchanges import BoundedTransport, NotConnectedError, SlowExchangeError
from notigateway.law.pushing import Trouble

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

    from notigateway.destinations import Destinations
    from notigateway.pki.http_signatures import MessageKey, Posted

# A repeated challenge, or the answer of a call-back.
_READ_BYTES: Final = 16 * 1024
_ALWAYS: Final = {"Accept-Encoding": "identity", "User-Agent": "notigateway"}
_OK: Final = range(200, 300)
_REDIRECTION: Final = range(300, 400)
_GONE: Final = 410
# Of the whole receiver, not of one message.
_BUSY: Final = frozenset({429, 503})
_AT_MOST_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message: `trouble` is None where it was taken, with the beginning of the answer.

    `is_receivers` says that other messages would fare alike; `retry_after` is what the receiver asks for.
    """

    trouble: Trouble | None = None
    status: int | None = None
    content: bytes = b""
    is_receivers: bool = False
    is_gone: bool = False
    retry_after: int = 0


class Sender:
    """Opens lines: to nobody but whom the destinations admit, and what goes over them is signed."""

    def __init__(
        self,
        key: MessageKey,
        destinations: Destinations,
        *,
        seconds: float,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self._destinations = destinations
        self._seconds = seconds
        self._making = Lock()
        self._verify = verify

    def line(self) -> Line:
        """Return a line; threads may ask for one at once."""
        return Line(self._key, self._destinations, seconds=self._seconds, verify=self._trusted())

    def _trusted(self) -> ssl.SSLContext:
        """Return whom receivers are proven by: the roots of TLS, read when there is something to send."""
        with self._making:
            self._verify = self._verify or httpx.create_ssl_context(trust_env=False)
        return self._verify


class Line:
    """Signs and posts, one message after the other; a context, since it keeps a connection open.

    For one thread: several that share connections wait for each other longer than for the receivers.
    """

    def __init__(
        self, key: MessageKey, destinations: Destinations, *, seconds: float, verify: ssl.SSLContext
    ) -> None:
        self._key = key
        # Without a client around it: one would follow what an answer says, and keep its cookies.
        self._http = BoundedTransport(seconds=seconds, verify=verify, choose=destinations.choose)
        self._extensions = {"timeout": httpx.Timeout(seconds).as_dict()}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._http.close()

    def post(self, posted: Posted, *, now: datetime) -> Answer:
        """Sign a message as of `now`, and post it; whatever happens is an answer."""
        try:
            url = _as_sent(posted.url)
            signed = self._key.sign(replace(posted, url=str(url)), now=now)
            request = httpx.Request(
                "POST",
                url,
                content=posted.content,
                headers={**_ALWAYS, **signed},
                extensions=self._extensions,
            )
            response = self._http.handle_request(request)
            try:
                return _read(response)
            finally:
                response.close()
        except httpx.ConnectError as error:
            why = error.__cause__.why if isinstance(error.__cause__, NotConnectedError) else None
            is_refused = isinstance(why, AddressRefusedError)
            trouble = Trouble.ADDRESS_REFUSED if is_refused else Trouble.NO_CONNECTION
            return Answer(trouble, is_receivers=True)
        except httpx.TimeoutException:
            return Answer(Trouble.TOO_SLOW, is_receivers=True)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            is_slow = isinstance(error.__cause__, SlowExchangeError)
            return Answer(Trouble.TOO_SLOW if is_slow else Trouble.BROKEN, is_receivers=True)


@lru_cache(maxsize=100)
def _as_sent(url: str) -> httpx.URL:
    """Return an address as it goes over the wire (RFC 9421 §2.2.2): whoever verifies sees no other form."""
    written = httpx.URL(url)
    return written.copy_with(raw_path=written.raw_path)


def _read(response: httpx.Response) -> Answer:
    status = response.status_code
    if status in _OK:
        content = bytearray()
        for piece in response.iter_raw():
            content += piece
            if len(content) > _READ_BYTES:
                break
        return Answer(content=bytes(content[:_READ_BYTES]))
    if status in _REDIRECTION:
        return Answer(Trouble.REDIRECTED, status)
    return Answer(
        Trouble.STATUS,
        status,
        is_receivers=status in _BUSY,
        is_gone=status == _GONE,
        retry_after=_seconds(response.headers.get("retry-after", "")),
    )


def _seconds(text: str) -> int:
    """Return the seconds of Retry-After; 0 for a date or nonsense."""
    return min(int(text), _AT_MOST_SECONDS) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004
