"""Posts one message to an address that a subscriber has named, and tells what became of it.

However the other side behaves it ends within seconds; an answer is read no further than needed, a redirection
never followed, and a connection goes to an address that was looked at.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import httpx

from notigateway.destinations import AddressRefusedError
from notigateway.exchanges import BoundedTransport, SlowExchangeError
from notigateway.law.pushing import Trouble

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

    from notigateway.destinations import Destinations
    from notigateway.pki.http_signatures import MessageKey, Posted

# A repeated challenge, or the answer of a call-back.
_READ_BYTES: Final = 16 * 1024
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
    """Signs and posts; use it as a context, since it keeps connections open. Threads may share it."""

    def __init__(
        self,
        key: MessageKey,
        destinations: Destinations,
        *,
        seconds: float,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._key = key
        self._destinations = destinations
        self._seconds = seconds
        self._verify = verify
        self._closing = ExitStack()
        self._making = Lock()
        self._made: httpx.Client | None = None

    def _http(self) -> httpx.Client:
        """Return the client, made when there is something to send: it reads all the roots of TLS."""
        with self._making:
            self._made = self._made or self._make()
        return self._made

    def _make(self) -> httpx.Client:
        client = httpx.Client(
            transport=BoundedTransport(
                seconds=self._seconds, verify=self._verify, choose=self._destinations.choose
            ),
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "notigateway"},
        )
        return self._closing.enter_context(client)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._made = None
        self._closing.close()

    def post(self, posted: Posted, *, now: datetime, **headers: str) -> Answer:
        """Sign a message as of `now`, and post it; whatever happens is an answer."""
        try:
            # As it goes over the wire (RFC 9421 §2.2.2): whoever verifies sees no other form of it.
            written = httpx.URL(posted.url)
            url = written.copy_with(raw_path=written.raw_path)
            signed = self._key.sign(replace(posted, url=str(url)), now=now)
            request = httpx.Request("POST", url, content=posted.content, headers={**signed, **headers})
            response = self._http().send(request, stream=True)
            try:
                return _read(response)
            finally:
                response.close()
        except httpx.ConnectError as error:
            refused = _is_refused(error)
            trouble = Trouble.ADDRESS_REFUSED if refused else Trouble.NO_CONNECTION
            return Answer(trouble, is_receivers=True)
        except httpx.TimeoutException:
            return Answer(Trouble.TOO_SLOW, is_receivers=True)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            is_slow = isinstance(error.__cause__, SlowExchangeError)
            return Answer(Trouble.TOO_SLOW if is_slow else Trouble.BROKEN, is_receivers=True)


def _is_refused(error: BaseException | None) -> bool:
    """Tell whether the cause of it all is an address to which nothing is sent."""
    return error is not None and (isinstance(error, AddressRefusedError) or _is_refused(error.__cause__))


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
