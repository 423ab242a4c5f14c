"""Messages to a world's gateway in a holder's name: made, signed, sent in this process, answered.

They go the whole way of any message, as it stands behind the socket, and are in the journal as the
sandbox's own: nobody counts them among a client's calls.
"""

from __future__ import annotations

import io
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from notigateway.http.streamed import CutOffError
from notigateway.pki.keys import fingerprint
from notigateway.sandbox.calling.answers import Answer
from notigateway.sandbox.calling.contents import contract_of, request_of
from notigateway.sandbox.exchange import OWN, Exchange, Own
from notigateway.sandbox.refusals import RefusedError
from notigateway.soap.served import SERVED
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.world import World
    from notigateway.soap.contract import Contract

XML: Final = "text/xml; charset=utf-8"
_PEER: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request over HTTP, ready to be sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    contract: str
    method: str = "POST"


@dataclass(frozen=True)
class Asked:
    """What is to be asked: by whom, of which operation, when; `message` makes it as it should be."""

    world: World
    pair: KeyPair
    _: KW_ONLY
    contract: str
    operation: str
    content: bytes

    @property
    def now(self) -> datetime:
        """Return the time of the world."""
        return self.world.clock()

    @property
    def published(self) -> Contract:
        """Return the contract as the world publishes it."""
        place = self.world.place
        return SERVED[self.contract].contract(str(self.world.settings.public_url), place.served_at)

    def form(self) -> EnvelopeForm:
        """Return how the envelope looks: it says what it asks of whom, and under which name."""
        published = self.published
        message_id = f"urn:uuid:{uuid4()}#{fingerprint(self.pair.certificate)}"
        action = published.request_action(self.operation) if self.is_known else ""
        addressing = (("To", published.public_url), ("Action", action), ("MessageID", message_id))
        return EnvelopeForm(must_understand=True, addressing=addressing if self.is_known else ())

    @property
    def is_known(self) -> bool:
        """Tell whether the contract has the operation."""
        return self.operation in self.published.operations

    def message(self, *, form: EnvelopeForm | None = None, now: datetime | None = None) -> Message:
        """Return the request, signed."""
        data = sign_envelope(
            self.content,
            signer=Signer(self.pair.key, self.pair.certificate),
            now=now or self.now,
            form=form or self.form(),
        )
        return self.carrying(data)

    def carrying(self, body: bytes) -> Message:
        """Return a request with these bytes."""
        published = self.published
        action = published.action(self.operation) if self.is_known else ""
        return Message(
            path=urlsplit(published.public_url).path,
            headers={"Content-Type": XML, "SOAPAction": f'"{action}"'},
            body=body,
            contract=self.contract,
        )

    def by(self, pair: KeyPair) -> Asked:
        """Return the same, asked by another one."""
        return replace(self, pair=pair)


def send(world: World, message: Message, own: Own) -> Answer:
    """Have a message answered as if it had come over the wire. Raises: `OccupiedError`."""
    environ = _environ(message) | {OWN: own}
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None, /) -> Any:  # noqa: ANN401
        started[:] = [(status, headers)]
        return lambda _: None

    try:
        body = b"".join(world.answer(environ, start_response))
    except CutOffError:
        return Answer(0, {}, b"", message.contract, Exchange.of(environ).number)
    [(status, headers)] = started
    number = Exchange.of(environ).number
    return Answer(int(status.partition(" ")[0]), dict(headers), body, message.contract, number)


def ask(world: World, pair: KeyPair, operation: str, /, **members: Any) -> Answer:  # noqa: ANN401
    """Ask in a holder's name, and return the answer of what was done.

    Raises: `RefusedError` for what is refused, the request or the first of its items; `InvalidError`.
    """
    contract = contract_of(operation)
    content = request_of(contract, operation, members, world.clock())
    asked = Asked(world, pair, contract=contract, operation=operation, content=content)
    answer = send(world, asked.message(), Own.HOLDER)
    if answer.refusals:
        first = answer.refusals[0]
        raise RefusedError(first.code, first.text)
    return answer


def _environ(message: Message) -> dict[str, Any]:
    named = {name.upper().replace("-", "_"): value for name, value in message.headers.items()}
    own = {name: named.pop(name) for name in ("CONTENT_TYPE",) if name in named}
    return {
        "REQUEST_METHOD": message.method,
        "PATH_INFO": message.path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": _PEER,
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": _PEER,
        "CONTENT_LENGTH": str(len(message.body)),
        "wsgi.input": io.BytesIO(message.body),
        "wsgi.url_scheme": "http",
        **own,
        **{f"HTTP_{name}": value for name, value in named.items()},
    }
