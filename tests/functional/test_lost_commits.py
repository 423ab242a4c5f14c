"""The database commits, and its answer is lost on the way: the caller reads "later", never "a replay".

What was decided stands by then: who asks again is told so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from clusters import Address
from notigateway.errors import Part
from refusals import assert_refusal
from stack import Stack, text
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack import Answer

_REQUEST = "solicitarAcuseNotificacion"
_SEND = "enviarAcuseNotificacion"
_VIEW = "verNotificacionAceptada"


class Losing:
    """A gateway whose database stands behind an address that loses answers."""

    def __init__(self, postgresql_url: str, folder: Path) -> None:
        self.address = Address(f"{make_url(postgresql_url).query['host']}/.s.PGSQL.5432")
        url = f"{self.address.url.rpartition('/')[0]}/{make_url(postgresql_url).database}"
        self.stack = Stack(url, folder)

    def lose(self, client: Wscn, operation: str, **values: object) -> None:
        """Ask, and lose the answer to the request's first commit; the caller reads that it may try later."""
        self.stack.pass_time(seconds=1)
        data = client.envelope(client.write(client.environment, operation, rol=1, **values))
        self.address.commits_to_lose = 1
        with capture_logs() as lines:
            answer = client.send(data, operation)
        assert not self.address.commits_to_lose
        assert_later(answer)
        (line,) = [one for one in lines if one["event"].startswith("request_")]
        assert (line["event"], line["part"]) == ("request_failed", Part.DATABASE)
        self.stack.pass_time(seconds=1)


def assert_later(answer: Answer) -> None:
    """Assert the system fault of a database that is away, as who asks by our own contracts reads it."""
    assert (answer.status, answer.fault_code, answer.headers["Retry-After"]) == (500, "soap:Server", "5")
    (fault,) = answer.tree.iterfind("detail/*")
    assert number(fault) == 100
    assert (fault.findtext("error/descripcion") or "").startswith("[TEMPORARILY_UNAVAILABLE] ")


@pytest.fixture
def losing(postgresql_url: str, tmp_path: Path) -> Iterator[Losing]:
    """Give such a gateway, with two notifications that nobody has asked for.

    One was decided: whose the key is, and what told its status, was entered with that.
    """
    losing = Losing(postgresql_url, tmp_path)
    losing.stack.accept(losing.stack.publish("A1"))
    for reference in ("A2", "A3"):
        losing.stack.publish(reference)
    yield losing
    losing.stack.close()
    losing.address.close()


@pytest.mark.parametrize("has_timestamp", [False, True])
def test_by_the_social_securitys_contract_a_lost_commit_is_later_and_what_was_decided_stands(
    losing: Losing, *, has_timestamp: bool
) -> None:
    client = Wscn(losing.stack, has_timestamp=has_timestamp)
    losing.lose(client, _REQUEST, codigoNotificacion=2, esDeAceptacion=True)
    assert client.page((2, -1, -1)).findtext("notificacionesPropias/estado") == "1"
    signed = sign(client.acuse(2), client.pair)
    losing.lose(client, _SEND, xmlAcuseFirmado=signed)
    assert client.page((2, -1, -1)).findtext("notificacionesPropias/estado") == "2"
    again = client.send_acuse(signed)
    assert (number(again), again.findtext("selladoTiempo") is not None) == (135, True)  # it was its own
    before = losing.stack.decisions()
    losing.lose(client, _VIEW, codigoNotificacion=2)
    assert losing.stack.decisions() == before + 1  # handed over for the first time
    again = client.view(2)
    assert (number(again), again.find("pdfNotificacion") is not None) == (0, True)
    losing.lose(client, _VIEW, codigoNotificacion=2)  # which changes nothing any more
    losing.lose(client, _VIEW, codigoNotificacion=3)  # which would have been refused by a number
    assert number(client.decide(3, accepts=False)) == 0
    losing.lose(client, _SEND, xmlAcuseFirmado=signed)


def test_by_our_own_contract_it_is_the_same(losing: Losing) -> None:
    stack = losing.stack
    wanted = stack.publish()
    for operation in ("AcceptNotifications", "RetrieveNotifications", "ListNotifications"):
        stack.pass_time(seconds=1)
        losing.address.commits_to_lose = 1
        inner = "" if operation == "ListNotifications" else f"<id>{wanted}</id>"
        assert_refusal(stack, stack.ask(operation, inner), "TEMPORARILY_UNAVAILABLE")
        assert not losing.address.commits_to_lose
    assert text(stack.accept(wanted)[0], "outcome") == "already_decided_by_you"
