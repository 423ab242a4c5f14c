"""A party's own electronic contact: where it is told of what is put at its disposal, and how.

Everybody sets its own and nobody another's: a representative is told of what it may see at its own addresses
(Ley 39/2015 art. 41.6; RD 203/2021 art. 43.1). Nothing that is decided depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.errors import NoticesOffError
from notigateway.law.contacts import NoticeDelivery, NoticeLanguage, check_addresses, check_days
from notigateway.receipts.recording import record_request
from notigateway.repository.contacts import Contact, acts_for_others, find_contact, replace_contact
from notigateway.repository.powers import lock_party
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class WantedContact:
    """What a party asks for; what it leaves open is chosen for it."""

    addresses: Sequence[str]
    language: NoticeLanguage | None = None
    delivery: NoticeDelivery | None = None
    deadline_days: int | None = None


@dataclass(frozen=True)
class Contacting:
    """What a party learns and sets of its own contact; `are_sent` says whether this service sends notices."""

    are_sent: bool
    deadline_days: int

    def get_contacts(self, session: Session, asking: Asking) -> Contact | None:
        """Return the caller's own contact."""
        return find_contact(session, asking.party)

    def set_contacts(self, session: Session, asking: Asking, wanted: WantedContact) -> Contact | None:
        """Replace the caller's own contact; without addresses, withdraw it. The former one stays on record.

        Raises: `ContactInvalidError`; `NoticesOffError` for addresses where no notices are sent.
        """
        addresses = check_addresses(wanted.addresses)
        if addresses and not self.are_sent:
            raise NoticesOffError
        # Two at once: the second one finds the first.
        lock_party(session, asking.party, name=asking.caller.party_name)
        before = find_contact(session, asking.party)
        contact = self._contact(session, asking, wanted, addresses)
        if _said(before) == _said(contact):
            return before
        replace_contact(session, asking.party, now=asking.now)
        session.add(contact)
        record_request(session, asking)
        return contact if addresses else None

    def _contact(
        self, session: Session, asking: Asking, wanted: WantedContact, addresses: Sequence[str]
    ) -> Contact:
        # Whoever acts for thousands would get a message for each of their notifications.
        usual = NoticeDelivery.DAILY if acts_for_others(session, asking.party) else NoticeDelivery.IMMEDIATE
        return Contact(
            id=uuid7(asking.now),
            party=asking.party,
            addresses="\n".join(addresses),
            language=wanted.language or NoticeLanguage.SPANISH,
            delivery=wanted.delivery or usual,
            deadline_days=check_days(
                self.deadline_days if wanted.deadline_days is None else wanted.deadline_days
            ),
            set_at=asking.now,
            set_by=asking.caller.signer,
            request_sha256=asking.proof.sha256,
            replaced_at=None if addresses else asking.now,
        )


def _said(contact: Contact | None) -> tuple[object, ...]:
    """Say what a contact says: equal for a repeat; none and a withdrawal are the same."""
    if contact is None or not contact.addresses:
        return ()
    return (contact.addresses, contact.language, contact.delivery, contact.deadline_days)
