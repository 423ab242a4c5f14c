"""A signed message with anything changed anywhere: refused, or the very operation that was signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client_shapes import cxf, node_soap, wcf, wse_php, zeep_envelope
from envelopes import Draft
from notigateway.pki.keys import KeyPair
from notigateway.wss.ns import NOTIGATEWAY_V1
from pki import pki
from refusals import SHAPES, assert_answered, assert_refusal, assert_still_answers, refused
from stack import texts

if TYPE_CHECKING:
    from stack import Answer, Stack

# Where a byte is changed, cut out, doubled or put in; positions are shares of the message's length.
SHARES = st.floats(0, 1, exclude_max=True)
PIECES = st.sampled_from(
    [b"<", b">", b"&", b'"', b"/", b" ", b"\0", b"\xff", b"<!--x-->", b"<?x y?>", b"]]>", b"0"]
)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw a change of a message."""
    first, second = sorted((draw(SHARES), draw(SHARES)))
    piece = draw(st.one_of(PIECES, st.binary(min_size=1, max_size=4)))
    kind = draw(st.sampled_from(["replace", "insert", "delete", "double", "swap", "bit"]))

    def change(data: bytes) -> bytes:
        at, until = int(first * len(data)), min(int(second * len(data)), int(first * len(data)) + 200)
        return {
            "replace": data[:at] + piece + data[at + len(piece) :],
            "insert": data[:at] + piece + data[at:],
            "delete": data[:at] + data[until:],
            "double": data[:until] + data[at:],
            "swap": data[until:] + data[:until],
            "bit": data[:at] + bytes([data[at] ^ (1 << (piece[0] % 8))]) + data[at + 1 :],
        }[kind]

    return change


def told(stack: Stack, answer: Answer) -> list[str | None]:
    """Return the items that were executed; prove that anything else is a proper refusal."""
    if answer.status == 200:
        return texts(stack.check(answer), "item/id")
    assert answer.code in SHAPES
    assert answer.code not in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"}
    assert_refusal(stack, answer, str(answer.code))
    return []


@given(st.lists(mutations(), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_message_is_refused_or_is_what_was_signed(
    sqlite_stack: Stack, changes: list[Callable[[bytes], bytes]]
) -> None:
    wanted, other = sqlite_stack.publish("WANTED"), sqlite_stack.publish("OTHER")
    content = (
        f'<n:AcceptNotifications xmlns:n="{NOTIGATEWAY_V1}"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )
    header = f'<n:id xmlns:n="{NOTIGATEWAY_V1}" id="x">{other}</n:id>'
    data = Draft(content=content, header_before=header).build()
    for change in changes:
        data = change(data)
    executed = told(sqlite_stack, sqlite_stack.send(data))
    assert executed in ([], [str(wanted)])
    assert sqlite_stack.rows()["receipts"] in {2, 3}  # two put at disposal; accepted
    assert_still_answers(sqlite_stack)


PING = f'<n:Ping xmlns:n="{NOTIGATEWAY_V1}"/>'
SHAPES_OF_CLIENTS: dict[str, Callable[[KeyPair], bytes]] = {
    "zeep": lambda pair: zeep_envelope(pair, PING),
    "node-soap": lambda pair: node_soap(pair, PING).build(),
    "node-soap-wsu": lambda pair: node_soap(pair, PING, id_mode="wsu:Id").build(),
    "wse-php": lambda pair: wse_php(pair, PING).build(),
    "cxf": lambda pair: cxf(pair, PING).build(),
    "wcf": lambda pair: wcf(pair, PING).build(),
    "pretty": lambda pair: Draft(pair=pair, content=PING, pretty=True).build(),
}


@pytest.mark.parametrize("shape", SHAPES_OF_CLIENTS)
@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
def test_the_shapes_of_real_clients_are_answered(gateway: Stack, shape: str, holder: str) -> None:
    data = SHAPES_OF_CLIENTS[shape](getattr(pki(), holder))
    assert_answered(gateway, gateway.send(data), "Ping")
    refused(gateway, data, "MESSAGE_REPLAYED")
