"""What is answered to who asks for a later version of a contract; all other chapters ask for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_contracts import act
from golden_mailbox import ids
from notigateway.law.grounds import Paper
from pki import PERSON_NIF

if TYPE_CHECKING:
    from golden_recorder import Recorder

ASKING = "<contractVersion>1.1</contractVersion>"


def grounds() -> str:
    """Return acts of which the body says more than it could in 1.0."""
    return (
        act("REF-PAPER", more="<paper>urgency</paper>")
        + act("REF-GROUND", addressee=PERSON_NIF, more="<obligationGround>c</obligationGround>")
        + ASKING
    )


def versions(record: Recorder) -> None:
    """Every operation whose answer holds more since 1.1; one of another time; and what is no version."""
    a, b = (record.publish(f"REF-{name}") for name in "AB")
    record.ask("ping", "Ping", ASKING)
    record.ask("ping, asking for 1.0", "Ping", "<contractVersion>1.0</contractVersion>")
    record.ask("ping, asking for a version of later", "Ping", "<contractVersion>1.999</contractVersion>")
    for stated in ("2.0", "1.1000", "1.01", "1", ""):
        record.ask(f"what is no version: {stated!r}", "Ping", f"<contractVersion>{stated}</contractVersion>")
    record.ask("the list", "ListNotifications", ASKING)
    record.ask("accepting", "AcceptNotifications", f"{ids(a)}{ASKING}")
    record.ask("rejecting", "RejectNotifications", f"{ids(b)}<reason>No procede</reason>{ASKING}")
    record.ask("retrieving", "RetrieveNotifications", f"{ids(a, b)}{ASKING}")
    record.ask("the receipts", "RetrieveReceipts", f"{ids(a)}{ASKING}")
    record.ask("the changes", "ListChanges", ASKING)
    record.ask("the history", "GetHistory", f"{ids(a)}{ASKING}")
    record.issuing("publishing", "PublishActs", act("REF-C") + ASKING)
    record.publish("PAPER", paper=Paper.FIRST_EX_OFFICIO)
    record.ask("the list, one of them on paper", "ListNotifications", ASKING)
    record.ask("why I am obliged", "GetDeliveryChannel", ASKING)
    record.issuing("publishing on paper, and a ground that the body names", "PublishActs", grounds())
    record.issuing("the outcomes", "ListOutcomes", ASKING)
