"""The Social Security's way to decide: a receipt is asked for, signed, sent back; or spoilt on purpose."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from notigateway.law.lifecycle import Decision
from notigateway.sandbox.calling.acuses import WRONG_ACUSES, signed
from notigateway.sandbox.calling.contents import request_of
from notigateway.sandbox.calling.messages import Asked, send
from notigateway.sandbox.calling.parties import pair_of
from notigateway.sandbox.exchange import Own
from notigateway.sandbox.moving import later, move
from notigateway.sandbox.refusals import RefusedError
from notigateway.sandbox.showing import find
from notigateway.sandbox.verbs.deciding import AS, who
from notigateway.sandbox.verbs.requesting import SENT, sent, shown
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_ROLES: Final = {"own": 1, "red": 2, "attorney": 3}
_CONTRACT: Final = "wscn"
_ANOTHER: Final = "another"


@verb(
    "sign-receipt",
    {
        "notification": "its id",
        "decision": "`accept` (the default) or `reject`",
        "as": AS,
        "role": f"one of `{'`, `'.join(_ROLES)}`; `own` by default",
        "after": "how long after the receipt was handed out it is sent back",
        "wrong": "what is wrong with it on purpose: [wrong receipts](#wrong-receipts)",
        "send": SENT,
    },
)
def sign_receipt(world: World, wanted: Given) -> dict[str, Any]:
    """Accept or reject as clients of the Social Security's contract do: sign a receipt and send it back."""
    code = find(world, wanted.need("notification")).code
    decision = Decision(wanted.word("decision", Decision, Decision.ACCEPT) or Decision.ACCEPT)
    role = _ROLES[wanted.word("role", _ROLES, "own") or "own"]
    wrong, after = wanted.word("wrong", WRONG_ACUSES), wanted.duration("after")
    pair, is_sent = who(world, wanted), wanted.flag("send", default=True)
    acuse = _handed_out(world, pair, code, decision, role=role)
    if after is not None:
        move(world, lambda now: later(now, after))
    signer = pair_of(world, "stranger") if wrong == _ANOTHER else pair
    data = signed(acuse, signer, (code, decision))
    if wrong is not None:
        data = WRONG_ACUSES[wrong].spoil(data)
    asked = _asked(
        world, pair, "enviarAcuseNotificacion", rol=role, xmlAcuseFirmado=base64.b64encode(data).decode()
    )
    return sent(world, [asked.message()]) if is_sent else shown([asked.message()])


def _handed_out(world: World, pair: KeyPair, code: int, decision: Decision, *, role: int) -> bytes:
    """Return the receipt to sign. Raises: `RefusedError`."""
    members = {"codigoNotificacion": code, "esDeAceptacion": decision is Decision.ACCEPT}
    asked = _asked(world, pair, "solicitarAcuseNotificacion", rol=role, **members)
    answer = send(world, asked.message(), Own.HOLDER)
    if answer.refusals:
        raise RefusedError(answer.refusals[0].code, answer.refusals[0].text)
    return base64.b64decode(answer.said["XML"])


def _asked(world: World, pair: KeyPair, operation: str, **members: Any) -> Asked:  # noqa: ANN401
    content = request_of(_CONTRACT, operation, members, world.clock())
    return Asked(world, pair, contract=_CONTRACT, operation=operation, content=content)
