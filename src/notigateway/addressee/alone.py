"""The choice to receive alone: by RED nobody gets what comes (Orden ISM/903/2020 art. 6.1; LGSS art. 132.2).

The choice is the addressee's own, at any time, whoever is assigned and before anybody is. It stands until it
is taken back; attorneys keep seeing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.receipts.recording import record_request
from notigateway.repository.planning import instant_of_effect, replan
from notigateway.repository.powers import lock_party
from notigateway.repository.windows import RedOptOut, find_standing_opt_out
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session


def choose_alone(session: Session, asking: Asking, *, alone: bool) -> RedOptOut | None:
    """Let the caller receive alone from now on, or no longer; return the choice that stands, if one does.

    Repeating changes nothing. Who was never notified chooses too, and becomes an addressee.
    """
    addressee = lock_party(session, asking.party, name=asking.caller.party_name)
    if alone:
        return receive_alone(session, asking, addressee)
    receive_with_red(session, asking, addressee)
    return None


def receive_alone(session: Session, asking: Asking, addressee: Addressee) -> RedOptOut:
    """Keep what is put at disposal from now on from whoever is assigned; its rights must be locked."""
    standing = find_standing_opt_out(session, addressee)
    if standing is not None:
        return standing
    opt_out = RedOptOut(
        id=uuid7(asking.now),
        addressee_id=addressee.id,
        withheld_from=instant_of_effect(session, addressee, asking.now),
        chosen_at=asking.now,
        chosen_by=asking.caller.signer,
        request_sha256=asking.proof.sha256,
    )
    session.add(opt_out)
    record_request(session, asking)
    replan(session, addressee, asking.now)
    return opt_out


def receive_with_red(session: Session, asking: Asking, addressee: Addressee) -> bool:
    """Take the choice back, if it stands: whoever is assigned gets what comes; its rights must be locked.

    Returns whether it stood.
    """
    opt_out = find_standing_opt_out(session, addressee)
    if opt_out is None:
        return False
    opt_out.withheld_until = max(instant_of_effect(session, addressee, asking.now), opt_out.withheld_from)
    opt_out.withdrawn_at, opt_out.withdrawn_by = asking.now, asking.caller.signer
    opt_out.withdrawal_sha256 = asking.proof.sha256
    record_request(session, asking)
    replan(session, addressee, asking.now)
    return True
