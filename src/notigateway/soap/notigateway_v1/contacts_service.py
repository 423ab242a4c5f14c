"""The operations on the caller's own electronic contact; neither has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spyne import ServiceBase

from notigateway.addressee.contacts import WantedContact
from notigateway.contract import v1_contacts as contract
from notigateway.law.contacts import NoticeDelivery, NoticeLanguage
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.repository.contacts import Contact
    from notigateway.soap.gate import Request


class ContactsService(ServiceBase):
    """Where the caller is told."""

    @operation(contract.GetContacts, contract.GetContactsResponse)
    def GetContacts(request: Request, asked: contract.GetContacts) -> contract.GetContactsResponse:
        """Return where the caller is told."""
        with request.reading() as session:
            found = request.office.contacting.get_contacts(session, request.asking)
            return contract.GetContactsResponse(**_said(found))  # type: ignore[arg-type]

    @operation(contract.SetContacts, contract.SetContactsResponse)
    def SetContacts(request: Request, asked: contract.SetContacts) -> contract.SetContactsResponse:
        """Choose where the caller is told from now on."""
        wanted = WantedContact(
            addresses=asked.addresses,
            language=None if asked.language is None else NoticeLanguage(asked.language),
            delivery=None if asked.delivery is None else NoticeDelivery(asked.delivery),
            deadline_days=asked.deadline_days,
        )
        with request.writing() as session:
            found = request.office.contacting.set_contacts(session, request.asking, wanted)
        return contract.SetContactsResponse(**_said(found))  # type: ignore[arg-type]


def _said(contact: Contact | None) -> dict[str, object]:
    """Return what is said of a contact."""
    if contact is None:
        return {}
    return {
        "addresses": tuple(contact.addresses.splitlines()),
        "language": contact.language,
        "delivery": contact.delivery,
        "deadline_days": contact.deadline_days,
        "set_at": contact.set_at,
    }
