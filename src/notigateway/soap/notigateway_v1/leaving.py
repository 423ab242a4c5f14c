"""Content that leaves: its receipt first, in a transaction of its own; what cannot have one stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notigateway.addressee.retrieved import Retrieved, with_receipts_of
from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from notigateway.addressee.retrieved import HandedOver
    from notigateway.repository.session import Session
    from notigateway.soap.gate import Request

_log = Logger("notigateway.soap")


def attested(request: Request, results: Sequence[Retrieved]) -> list[Retrieved]:
    """Attest what leaves for the first time, or for information; what may not any more says so.

    Mostly there is nothing, and no transaction: rights are those of when it was read.
    """
    informed = {
        one.id: one.notification.code
        for one in results
        if one.is_for_information and one.has_content and one.notification is not None
    }
    leaving = [one.id for one in results if one.is_first_handover or one.id in informed]
    if not leaving:
        return list(results)
    try:
        with request.writing() as session:
            handed = hand_over(session, request, leaving, informed=informed)
            for one, problem in handed.lost.items():
                request.access.refuse(one, problem)
    except TemporarilyUnavailableError as error:
        if error.part is not Part.SEAL:
            raise
        return _held_back(request, results, leaving, error)
    lost = handed.lost
    kept = [Retrieved(one.id, problem=lost[one.id]) if one.id in lost else one for one in results]
    return with_receipts_of(kept, handed)


def _held_back(
    request: Request, results: Sequence[Retrieved], leaving: list[UUID], error: TemporarilyUnavailableError
) -> list[Retrieved]:
    """Keep what cannot be attested now; what needs no new receipt leaves."""
    _log.warning("document_not_delivered", **error.line)
    for one in leaving:
        request.access.refuse(one, type(error))
    return [
        replace(one, documents=(), problem=type(error), is_for_information=False)
        if one.id in leaving
        else one
        for one in results
    ]


def hand_over(
    session: Session, request: Request, ids: list[UUID], *, informed: Mapping[UUID, int]
) -> HandedOver:
    """Attest that content leaves; return what may not any more, and what was found.

    `informed` are the codes of what is read for information only.
    """
    handed = request.office.mailbox.hand_over(session, request.asking, ids, for_information=bool(informed))
    request.access.read_for_information(code for one, code in informed.items() if one not in handed.lost)
    return handed
