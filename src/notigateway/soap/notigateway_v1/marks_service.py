"""The operation by which those who work for a party mark what it sees; it has no legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee.marks import mark_all
from notigateway.contract import v1_marks as contract
from notigateway.law.marks import Wanted
from notigateway.soap.notigateway_v1 import answers
from notigateway.soap.notigateway_v1.marks_answers import marks_of
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.soap.gate import Request


class MarksService(ServiceBase):
    """What employees note for one another."""

    @operation(contract.MarkNotifications, contract.MarkNotificationsResponse)
    def MarkNotifications(
        request: Request, asked: contract.MarkNotifications
    ) -> contract.MarkNotificationsResponse:
        """Set and take away marks of notifications."""
        wanted = Wanted(
            downloaded=asked.downloaded,
            archived=asked.archived,
            assigned_to=asked.assigned_to,
            unassigned=bool(asked.unassigned),
            if_unassigned=bool(asked.if_unassigned),
            labels=asked.add_labels,
            gone_labels=asked.remove_labels,
        )
        with request.writing() as session:
            outcomes = mark_all(
                session,
                request.asking,
                list(map(UUID, asked.ids)),
                wanted,
                policy=request.office.mailbox.rights,
            )
            for one in outcomes:
                if one.problem is not None:
                    request.access.refuse(one.id, one.problem)
        return contract.MarkNotificationsResponse(
            items=tuple(
                contract.MarkedNotification(
                    id=wanted_id, marks=marks_of(one.marks), problem=answers.problem(one.problem)
                )
                for wanted_id, one in zip(asked.ids, outcomes, strict=True)
            )
        )
