"""Documents in one answer: megabytes of them a second and core, as text within it and in parts beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from bench.acts import one_of, publish_to_company
from bench.measure import Cpu
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from bench.gateway import Gateway

MEGABYTE: Final = 1_000_000
INLINE_MEGABYTES: Final = 5
PARTS_MEGABYTES: Final = 100
_TIMES: Final = 10
# No other act of the gateway has such a number.
_FIRST: Final = 900_000
_MTOM: Final = 'multipart/related; type="application/xop+xml"'


def measure_documents(gateway: Gateway, megabytes: int, *, in_parts: bool) -> Cpu:
    """Return the CPU milliseconds of an answer with one document of that size, after a first one."""
    wanted = _accepted(gateway, megabytes)
    content = f'<RetrieveNotifications xmlns="{NOTIGATEWAY_V1}"><id>{wanted}</id></RetrieveNotifications>'
    requests = [gateway.signed(content.encode()) for _ in range(_TIMES + 1)]

    def work() -> None:
        if gateway.sent(requests.pop(), accept=_MTOM if in_parts else "text/xml") < megabytes * MEGABYTE:
            raise SystemExit("the document is not in its answer")

    work()
    return Cpu.of(work for _ in range(_TIMES))


def _accepted(gateway: Gateway, megabytes: int) -> str:
    office = gateway.application.gate.office
    number = _FIRST + megabytes
    (wanted,) = publish_to_company(
        office.engine,
        office.publishing,
        range(number, number + 1),
        documents=partial(one_of, megabytes * MEGABYTE),
    )
    accept = f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}"><id>{wanted}</id></AcceptNotifications>'
    if b"<outcome>decided</outcome>" not in gateway.answer(gateway.signed(accept.encode())):
        raise SystemExit("the document was not accepted")
    return str(wanted)
