"""Whether the signed request that caused a fact may be shown to who asks for the evidence of that fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.repository.notifications import sees_all
from notigateway.repository.users import find_registrations

if TYPE_CHECKING:
    from notigateway.law.representation import RightsPolicy
    from notigateway.receipts.asking import Asking
    from notigateway.receipts.named import Names
    from notigateway.repository.model import Receipt
    from notigateway.repository.session import Session


def may_see_request(
    session: Session, asking: Asking, receipt: Receipt, names: Names, *, policy: RightsPolicy
) -> bool:
    """Tell whether the request behind a receipt may be shown to who asks for its evidence.

    To the party that made it always: it is its own word. To another one where it may know of all else that
    the request names, now and at the instant of the fact: a title that came later opens nothing that was
    said before, one that ended closes what it opened. What is not at anybody's disposal is nobody's.
    """
    if names.party == asking.party:
        return True
    if names.others is None:
        return False
    rights = asking.rights(policy)
    return all(
        sees_all(
            session,
            names.others,
            party=asking.party,
            now=at,
            rights=rights,
            registrations=find_registrations(session, asking.caller, at),
        )
        for at in (asking.now, receipt.event_time)
    )
