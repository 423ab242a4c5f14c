"""What is answered to who asks for a later version of a contract; all other chapters ask for none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from catalogue import GROUP
from golden_contracts import act
from golden_mailbox import first, ids
from notigateway.instants import instant_text
from notigateway.law.grounds import Paper
from pki import COMPANY_NIF, PERSON_NIF, pki
from titles import ATTORNEY_NIF, CCC, accept_power, attorney, change, grant, item
from titles import holder as person_holder

if TYPE_CHECKING:
    from golden_recorder import Recorder

HEIR = "00000007F"
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
    _powers(record)
    record.issuing("publishing", "PublishActs", act("REF-C") + ASKING)
    record.publish("PAPER", paper=Paper.FIRST_EX_OFFICIO)
    record.ask("the list, one of them on paper", "ListNotifications", ASKING)
    record.ask("why I am obliged", "GetDeliveryChannel", ASKING)
    record.issuing("publishing on paper, and a ground that the body names", "PublishActs", grounds())
    record.issuing("the outcomes", "ListOutcomes", ASKING)
    _succession(record)
    _alone(record)
    _contacts(record)
    with_receipts = f"{ids(a, b)}<withReceipts>true</withReceipts>"
    record.ask("retrieving with receipts", "RetrieveNotifications", with_receipts + ASKING)
    record.ask("the same, of 1.0", "RetrieveNotifications", with_receipts)
    _routing(record)
    _users(record)
    _rights(record)
    _marks(record, a)


def _marks(record: Recorder, wanted: str) -> None:
    """Mark; another employee does, and wants what is in somebody's hands."""
    inner = "<downloaded>true</downloaded><assignedTo>Mesa 3</assignedTo><addLabel>visto</addLabel>"
    record.ask("marking", "MarkNotifications", f"{ids(wanted)}{inner}{ASKING}")
    taking = "<assignedTo>Mesa 4</assignedTo><ifUnassigned>true</ifUnassigned>"
    other = pki().representative
    record.ask("in somebody's hands", "MarkNotifications", ids(wanted) + taking + ASKING, holder=other)
    filter_ = "<filter><label>visto</label></filter>"
    record.ask("the marked", "ListNotifications", f"{filter_}<withMarks>true</withMarks>{ASKING}")
    record.ask("no mark at all", "MarkNotifications", ids(wanted) + ASKING)


def _users(record: Recorder) -> None:
    """Let the company register somebody who works for it, who decides; and end that."""
    company, person = pki().representative, person_holder("00000005M")
    one = record.publish("REF-USER")
    granted = record.ask(
        "registering who works for the company",
        "GrantUser",
        f"<person>00000005M</person><personName>Celia Prueba</personName><allClients>false</allClients>"
        f"<client>{COMPANY_NIF}</client><matter>collection</matter><mayDecide>true</mayDecide>{ASKING}",
        holder=company,
    )
    user = f"<userId>{first(granted, 'userId')}</userId>{ASKING}"
    record.ask("who works for it accepts", "AcceptNotifications", f"{ids(one)}{ASKING}", holder=person)
    record.ask("for whom one works", "ListUsers", ASKING, holder=person)
    record.ask("ending it", "EndUser", user, holder=company)


def _routing(record: Recorder) -> None:
    """Publish acts that say what they are to be sorted by; what of it is shown, and to whom."""
    said = "".join(
        f"<metadata><key>{key}</key><value>{value}</value></metadata>"
        for key, value in (("period", "2026-01"), ("unit", "Nave 2 &amp; 3"))
    )
    published_at = instant_text(record.stack.now)
    numbers = f"<ccc>{CCC}</ccc><naf>281234567840</naf>"
    told = act("REF-SAID", more=said).replace("</addressee>", f"{numbers}</addressee>")
    record.issuing("publishing with accounts and metadata", "PublishActs", told + ASKING)
    twice = act("REF-TWICE", more=said + said)
    record.issuing("the same key twice", "PublishActs", twice + ASKING)
    since = f"<filter><availableFrom>{published_at}</availableFrom></filter>"
    answer = record.ask("the newest, of 1.0", "ListNotifications", since)
    record.ask("the newest", "ListNotifications", since + ASKING)
    record.ask(
        "what has the words", "ListNotifications", "<filter><text>reclamación said</text></filter>" + ASKING
    )
    record.ask("counts by addressee", "GetSummary", f"<countAddressees>true</countAddressees>{ASKING}")
    record.ask("its receipts", "RetrieveReceipts", f"{ids(first(answer, 'notification/ng:id'))}{ASKING}")


def _rights(record: Recorder) -> None:
    """Let an attorney who follows gain a power and lose it."""
    asked = f"<withRightsChanges>true</withRightsChanges>{ASKING}"
    begun = record.ask(
        "following titles", "ListChanges", f"<fromNow>true</fromNow>{asked}", holder=attorney()
    )
    power = grant(record.stack)
    accept_power(record.stack, power)
    cursor = f"<cursor>{first(begun, 'nextCursor')}</cursor>"
    page = record.ask("a title gained", "ListChanges", cursor + asked, holder=attorney())
    change(record.stack, "RevokePower", power)
    cursor = f"<cursor>{first(page, 'nextCursor')}</cursor>"
    record.ask("the title lost", "ListChanges", cursor + asked, holder=attorney())
    record.ask("the same, of 1.0", "ListChanges", cursor, holder=attorney())


def _contacts(record: Recorder) -> None:
    """Set the company's contact where notices are not sent: withdrawn it may always be."""
    record.ask("where I am told", "GetContacts", ASKING)
    record.ask("nowhere", "SetContacts", ASKING)
    record.ask("what is no address", "SetContacts", "<address>ana</address>")
    record.ask("somewhere, where nothing is sent", "SetContacts", "<address>ana@example.org</address>")


def _alone(record: Recorder) -> None:
    """Let the company receive alone, before anybody is assigned, and no longer."""
    for alone in ("true", "true", "false"):
        record.ask("receiving alone", "SetReceivingAlone", f"<receivingAlone>{alone}</receivingAlone>")
        record.ask("since when", "ListRepresentations", ASKING)


def _succession(record: Recorder) -> None:
    """Let one take the person's place: what came since is shown, what comes later is its own."""
    record.publish("SINCE", addressee=PERSON_NIF)
    later = f"<factAt>{instant_text(record.stack.now - timedelta(minutes=1))}</factAt>"

    def said(successor: str) -> str:
        return (
            f"<predecessor>{PERSON_NIF}</predecessor><successor><identifier>{successor}</identifier>"
            f"<name>Heredera Prueba</name></successor><cause>death</cause>{later}"
            f"<document>Expediente 7, folio 3</document>{ASKING}"
        )

    record.issuing("a succession", "CommunicateSuccession", said(HEIR))
    record.issuing("to oneself", "CommunicateSuccession", said(PERSON_NIF))
    record.issuing("a second time, of somebody else", "CommunicateSuccession", said(ATTORNEY_NIF))
    wanted = record.publish("LATER", addressee=PERSON_NIF)
    record.ask("the successor's list", "ListNotifications", ASKING, holder=person_holder(HEIR))
    record.ask("accepting as a successor", "AcceptNotifications", ids(wanted), holder=person_holder(HEIR))


def _powers(record: Recorder) -> None:
    """Grant, accept and partly revoke a power of several things."""
    stack = record.stack
    record.ask("what a power may name", "ListMatters", ASKING)
    until = instant_text(stack.now + timedelta(days=300))
    named = f"{item('procedure', '203546')}{item('group', GROUP)}"
    granted = record.ask(
        "granting a power of several things",
        "GrantPower",
        f"<attorney>{ATTORNEY_NIF}</attorney><attorneyName>Celia Prueba</attorneyName>"
        f"<scope>procedure</scope><expiresAt>{until}</expiresAt>{named}{ASKING}",
        holder=pki().representative,
    )
    power = f"<powerId>{first(granted, 'powerId')}</powerId>"
    record.ask("accepting it", "AcceptPower", f"{power}{ASKING}", holder=attorney())
    record.ask(
        "revoking one of them",
        "RevokePower",
        f"{power}{item('group', GROUP)}{ASKING}",
        holder=pki().representative,
    )
    record.ask(
        "revoking what it does not name",
        "RevokePower",
        f"{power}{item('matter', 'collection')}",
        holder=pki().representative,
    )
    record.ask("for whom the attorney acts", "ListRepresentations", ASKING, holder=attorney())
    record.ask(
        "renouncing the last one",
        "RenouncePower",
        f"{power}{item('procedure', '203546')}{ASKING}",
        holder=attorney(),
    )
    record.ask("the powers", "ListPowers", ASKING)
    _statement(record)


def _statement(record: Recorder) -> None:
    """Let a person grant a power to a company, which has to state that it may represent others."""
    until = instant_text(record.stack.now + timedelta(days=300))
    granted = record.ask(
        "granting a power to a company",
        "GrantPower",
        f"<attorney>{COMPANY_NIF}</attorney><attorneyName>Conservas del Norte SL</attorneyName>"
        f"<scope>general</scope><expiresAt>{until}</expiresAt><grantorContact>ana@example.org</grantorContact>"
        f"<attorneyContact>900 000 000</attorneyContact>{ASKING}",
        holder=pki().person,
    )
    power = f"<powerId>{first(granted, 'powerId')}</powerId>"
    company = pki().representative
    record.ask("accepting it by the seal", "AcceptPower", f"{power}{ASKING}")
    record.ask("accepting it by the representative", "AcceptPower", f"{power}{ASKING}", holder=company)
    stating = f"{power}<statutesAllowRepresentation>true</statutesAllowRepresentation>"
    record.ask(
        "stating nothing", "MakeResponsibleStatement", stating.replace("true", "false"), holder=company
    )
    record.ask("stating it", "MakeResponsibleStatement", f"{stating}{ASKING}", holder=company)
    record.ask("stating it in 1.0, again", "MakeResponsibleStatement", stating, holder=company)
    record.ask("certifying it", "CertifyPower", power, holder=company)
    record.ask("certifying it for another", "CertifyPower", power, holder=attorney())
    record.ask("stating it as another", "MakeResponsibleStatement", stating, holder=attorney())
