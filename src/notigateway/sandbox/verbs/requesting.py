"""To ask as a client does, rightly or deliberately wrongly, and to be told how that is answered."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.sandbox.calling.contents import contract_of, request_of
from notigateway.sandbox.calling.messages import Asked, send
from notigateway.sandbox.calling.wrongs import WRONGS
from notigateway.sandbox.exchange import Own
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import BODIES
from notigateway.sandbox.verbs.deciding import AS, who
from notigateway.sandbox.verbs.verb import verb
from notigateway.soap.served import SERVED
from notigateway.wss.canonical import canonical

if TYPE_CHECKING:
    from notigateway.sandbox.calling.messages import Message
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_TIMES_MAX: Final = 1_000
SENT: Final = "false: do not send it, but return what would be sent"


@verb(
    "request",
    {
        "operation": "of any contract; `Ping` by default",
        "content": "what it is asked with, by the names on the wire",
        "xml": "instead of content: the element itself",
        "as": AS,
        "contract": f"one of `{'`, `'.join(SERVED)}`; by default the one that has the operation",
        "wrong": "what is wrong with it on purpose: [wrong requests](#wrong-requests)",
        "times": "how often it is asked, each time anew",
        "send": SENT,
    },
)
def request(world: World, wanted: Given) -> dict[str, Any]:
    """Ask in a holder's name, as a client does; return the code and what was answered."""
    asked = read_asked(world, wanted)
    wrong = wanted.word("wrong", WRONGS)
    times = wanted.whole("times", least=1, most=_TIMES_MAX) or 1
    is_sent = wanted.flag("send", default=True)
    make = WRONGS[wrong].make if wrong is not None else _right
    messages = [message for _ in range(times) for message in make(asked)]
    return sent(world, messages) if is_sent else shown(messages)


def _right(asked: Asked) -> list[Message]:
    return [asked.message()]


def read_asked(world: World, wanted: Given) -> Asked:
    """Return what is to be asked, and by whom. Raises: `InvalidError`."""
    operation, xml = wanted.text("operation") or "Ping", wanted.text("xml")
    contract = wanted.word("contract", SERVED) or contract_of(operation)
    content = wanted.take("content", dict) or {}
    default = "issuer" if contract == "issuing" else "company"
    pair = who(world, wanted, default)
    if xml is not None:
        data = _element(xml)
    else:
        if contract == "issuing" and "Outage" not in operation:
            content = {"issuerId": BODIES[0].dir3, **content}
        data = request_of(contract, operation, content, world.clock())
    return Asked(world, pair, contract=contract, operation=operation, content=data)


def sent(world: World, messages: list[Message]) -> dict[str, Any]:
    """Send messages one after the other; return what became of the last, and the codes of all."""
    answers = [send(world, one, Own.REQUEST) for one in messages]
    return answers[-1].line() | ({"codes": [one.code for one in answers]} if len(answers) > 1 else {})


def shown(messages: list[Message]) -> dict[str, Any]:
    """Return messages as they would be sent."""
    return {
        "messages": [
            {
                "method": one.method,
                "path": one.path,
                "headers": dict(one.headers),
                "body": base64.b64encode(one.body).decode(),
            }
            for one in messages
        ]
    }


def _element(xml: str) -> bytes:
    try:
        return canonical(etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True)))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidError("xml: one element expected") from error
