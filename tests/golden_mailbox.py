"""What the addressees' contract answers: the chapters of the mailbox, of following it, and of titles."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from golden_recorder import Recorder
from hooks import key_file
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.instants import instant_text
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind
from notigateway.receipts.stamping import stamp
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import ISSUER, NG
from titles import (
    ATTORNEY_NIF,
    assign,
    attorney,
    grant,
    red,
    register_company,
)
from tsa import Answering, serving

if TYPE_CHECKING:
    from datetime import datetime

    from stack import Answer, Stack

NOBODY = UUID(int=0)
# So small that a second document is too large to come with the answer.
MAILBOX_SETTINGS = {"inline_document_max_bytes": 40, "document_chunk_max_bytes": 30}
SMALL = b"%PDF-1.7 acto"
LARGE = b"%PDF-1.7 " + b"anexo " * 12
LAPSE = timedelta(days=12)


def ids(*wanted: object) -> str:
    """Return the elements that name notifications."""
    return "".join(f"<id>{one}</id>" for one in wanted)


def first(answer: Answer, path: str) -> str:
    """Return the first text of that name in an answer."""
    return str(answer.tree.findtext(f".//ng:{path}", namespaces=NG))


def swept(stack: Stack) -> None:
    """Let the clock's work be done."""
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    stack.pass_time(seconds=1)


def mailbox(record: Recorder) -> None:
    """Listing, retrieving and deciding as the addressee and its representative."""
    a, b, c = (record.publish(f"ACT-{name}", documents=(SMALL, LARGE)) for name in "ABC")
    health = record.publish("HEALTH", special_category=True, matter="benefits", procedure="203547")
    voluntary = record.publish("VOLUNTARY", paper=Paper.FIRST_EX_OFFICIO)
    info = record.publish("INFO", kind=Kind.COMMUNICATION, subject='Aviso: "<5 & más>"')
    later = record.publish("LATER", available_at=NOW + timedelta(days=2))
    gone = record.publish("GONE")
    others = record.publish("OTHERS", addressee=PERSON_NIF)
    lapsing = record.publish("LAPSING")
    record.issuing(
        "an act is withdrawn",
        "CancelNotifications",
        "<cancellation><reference>GONE</reference></cancellation>",
    )
    record.ask("ping", "Ping")
    record.ask("ping by a representative", "Ping", holder=pki().representative)
    record.ask("ping by a stranger", "Ping", holder=pki().stranger)
    record.ask("the whole list", "ListNotifications")
    page = record.ask("a page of the list", "ListNotifications", "<pageSize>3</pageSize>")
    cursor = f"<cursor>{first(page, 'nextCursor')}</cursor>"
    page = record.ask("the next page", "ListNotifications", f"{cursor}<pageSize>3</pageSize>")
    cursor = f"<cursor>{first(page, 'nextCursor')}</cursor>"
    record.ask("the rest", "ListNotifications", f"{cursor}<pageSize>50</pageSize>")
    record.ask("retrieving before deciding", "RetrieveNotifications", ids(a, info, gone, later, NOBODY))
    record.ask("receipts before deciding", "RetrieveReceipts", ids(a, later, others, NOBODY))
    _decide(record, a=a, b=b, c=c, others=(health, voluntary, info, gone, others, NOBODY))
    _retrieve(record, a, b)
    record.stack.now = NOW + LAPSE
    for title, inner in _FILTERS.items():
        record.ask(f"the list: {title}", "ListNotifications", f"<filter>{inner}</filter>")
    record.ask("deciding too late", "AcceptNotifications", ids(lapsing, a))
    swept(record.stack)
    record.ask("deciding what is written as lapsed", "RejectNotifications", ids(lapsing, b))
    record.ask("retrieving what lapsed", "RetrieveNotifications", ids(lapsing))
    record.ask(
        "the receipts of everything", "RetrieveReceipts", ids(a, b, c, info, health, gone, lapsing, later)
    )
    record.ask("the list at the end", "ListNotifications")
    record.access_records()


_FILTERS = {
    "by state": "<state>accepted</state><state>lapsed</state>",
    "by kind": "<kind>communication</kind>",
    "by role": "<role>own</role>",
    "by role, nothing": "<role>red</role>",
    "by addressee": f"<addresseeId>{COMPANY_NIF}</addresseeId>",
    "by issuing body": f"<issuerId>{ISSUER}</issuerId>",
    "by instants": "<availableFrom>2026-06-01T12:00:02Z</availableFrom>"
    "<availableTo>2026-06-01T14:00:04+02:00</availableTo>",
    "by deadline": "<deadlineBefore>2026-06-12T00:00:00+02:00</deadlineBefore>",
}


def _decide(record: Recorder, *, a: str, b: str, c: str, others: tuple[object, ...]) -> None:
    record.ask("accepting", "AcceptNotifications", ids(a))
    record.ask("accepting again", "AcceptNotifications", ids(a))
    record.ask(
        "accepting what is accepted, by another", "AcceptNotifications", ids(a), holder=pki().representative
    )
    record.ask(
        "rejecting with a reason",
        "RejectNotifications",
        f"{ids(b, a)}<reason>No es para mí: &lt;otra&gt; empresa &amp; más</reason>",
    )
    record.ask("rejecting again", "RejectNotifications", ids(b))
    record.ask("accepting what is rejected", "AcceptNotifications", ids(b))
    record.ask("rejecting by a representative", "RejectNotifications", ids(c), holder=pki().representative)
    record.ask("rejecting a communication", "RejectNotifications", ids(others[2]))
    record.ask("accepting many of all kinds", "AcceptNotifications", ids(*others, str(a).upper()))


def _retrieve(record: Recorder, a: str, b: str) -> None:
    found = record.ask("retrieving what is accepted", "RetrieveNotifications", ids(a, b))
    record.ask("retrieving it again, in upper case", "RetrieveNotifications", ids(a.upper()))
    documents = [str(one.text) for one in found.tree.iterfind(".//ng:document/ng:documentId", namespaces=NG)]
    small, large = (f"<id>{a}</id><documentId>{one}</documentId>" for one in documents)
    record.ask("a document", "RetrieveDocument", small)
    record.ask("the beginning of a large one", "RetrieveDocument", large)
    record.ask("a range of it", "RetrieveDocument", f"{large}<offset>30</offset><length>7</length>")
    record.ask("its end", "RetrieveDocument", f"{large}<offset>60</offset>")
    record.ask("a range outside", "RetrieveDocument", f"{large}<offset>5000</offset>")
    record.ask("an unknown document", "RetrieveDocument", f"<id>{a}</id><documentId>{NOBODY}</documentId>")
    record.ask("a document of what is rejected", "RetrieveDocument", large.replace(a, b))
    record.ask("a document of nothing", "RetrieveDocument", large.replace(a, str(NOBODY)))


def receipts(record: Recorder) -> None:
    """Every form of a receipt, its time-stamp, and the log."""
    stack = record.stack
    accepted, rejected = record.publish("ACCEPTED"), record.publish("REJECTED", special_category=True)
    lapsing = record.publish("LAPSING")
    record.ask("accepting", "AcceptNotifications", ids(accepted))
    record.ask("handing over", "RetrieveNotifications", ids(accepted), holder=pki().representative)
    record.ask("rejecting", "RejectNotifications", f"{ids(rejected)}<reason>No procede</reason>")
    record.ask("the XML alone", "RetrieveReceipts", f"{ids(accepted)}<format>xml</format>")
    record.ask("with the PDF", "RetrieveReceipts", f"{ids(accepted)}<format>pdf</format>")
    record.ask("with the bundle", "RetrieveReceipts", f"{ids(accepted)}<format>bundle</format>")
    stack.now = NOW + LAPSE
    swept(stack)
    with serving(Answering(at=stack.now)) as authority:
        stamp(stack.engine, authority=authority, now=stack.now, batch_size=20)
    stack.pass_time(seconds=1)
    for name in ("pdf", "bundle"):
        record.ask(
            f"other receipts, with the {name}",
            "RetrieveReceipts",
            f"{ids(rejected, lapsing)}<format>{name}</format>",
        )
    record.ask("time-stamped", "RetrieveReceipts", ids(accepted, lapsing))
    record.access_records()


def following(record: Recorder) -> None:
    """Summary, history and changes, with deadlines that moved."""
    stack = record.stack
    a, b, c = (record.publish(name) for name in "ABC")
    record.publish("VOLUNTARY", paper=Paper.FIRST_EX_OFFICIO)
    record.publish("INFO", kind=Kind.COMMUNICATION)
    record.publish("LATER", available_at=NOW + timedelta(days=1))
    record.ask("changes to begin with now", "ListChanges", "<fromNow>true</fromNow>")
    page = record.ask("the first changes", "ListChanges", "<pageSize>3</pageSize>")
    cursor = f"<cursor>{first(page, 'nextCursor')}</cursor>"
    page = record.ask("the changes after them", "ListChanges", cursor)
    cursor = f"<cursor>{first(page, 'nextCursor')}</cursor>"
    record.ask("nothing new", "ListChanges", cursor)
    record.ask("the summary", "GetSummary")
    record.ask("the summary of a role", "GetSummary", "<role>attorney</role>")
    record.ask("accepting", "AcceptNotifications", ids(a), holder=pki().representative)
    record.issuing(
        "a deadline is extended",
        "ExtendDeadlines",
        "<extension><reference>B</reference><deadline>2026-06-20T00:00:00+02:00</deadline>"
        "<reason>Incidencia técnica</reason></extension>",
    )
    record.issuing(
        "a decision elsewhere is reported",
        "ReportExternalDecisions",
        "<report><reference>A</reference><channel>sede</channel><decision>rejected</decision>"
        "<at>2026-06-01T12:00:05Z</at><evidence>SEDE-1</evidence></report>",
    )
    stack.now = NOW + timedelta(days=2)
    record.issuing(
        "an outage is declared",
        "DeclareOutage",
        "<startedAt>2026-06-01T16:00:00Z</startedAt><endedAt>2026-06-02T16:00:00Z</endedAt>"
        "<reason>Corte de luz</reason>",
        issuer=None,
    )
    swept(stack)
    for name, one in {"corrected": a, "extended and moved": b, "moved": c}.items():
        record.ask(f"the history of what was {name}", "GetHistory", ids(one))
    record.ask("the history of nothing", "GetHistory", ids(NOBODY))
    stack.now = NOW + timedelta(days=30)
    swept(stack)
    record.ask("the changes since", "ListChanges", cursor)
    record.ask("the summary at the end", "GetSummary")
    record.ask("the history of what lapsed", "GetHistory", ids(c))
    record.ask("its receipts name the outage", "RetrieveReceipts", ids(c, a))
    record.ask("a cursor of nobody", "ListChanges", "<cursor>abc</cursor>")
    record.ask("the head of the log, which has none yet", "GetLogHead")
    record.ask("that it only grew", "ProveConsistency", "<oldSize>0</oldSize><newSize>0</newSize>")
    record.ask("more than a head covers", "ProveConsistency", "<oldSize>0</oldSize><newSize>9</newSize>")
    record.access_records()


def titles(record: Recorder) -> None:
    """Powers, RED assignments and delivery, and what is decided by them."""
    stack = record.stack
    register_company(stack)
    mine = assign(stack)
    stack.pass_time(seconds=1)
    one, two, three, four = (record.publish(f"ACT-{number}") for number in range(1, 5))
    power = _power_by_the_wire(record)
    record.ask("granting it again", "GrantPower", _grant(), holder=pki().representative)
    record.ask(
        "granting another term",
        "GrantPower",
        _grant(expires=NOW + timedelta(days=99)),
        holder=pki().representative,
    )
    record.ask("granting to oneself", "GrantPower", _grant(attorney=COMPANY_NIF), holder=pki().representative)
    record.ask(
        "granting to who cannot be", "GrantPower", _grant(attorney="12345678A"), holder=pki().representative
    )
    record.ask("granting without a value", "GrantPower", _grant(scope="matter"), holder=pki().representative)
    record.ask(
        "granting for too long",
        "GrantPower",
        _grant(expires=NOW + timedelta(days=3000)),
        holder=pki().representative,
    )
    record.ask(
        "accepting what nobody granted", "AcceptPower", f"<powerId>{NOBODY}</powerId>", holder=attorney()
    )
    for by, pair in {"the company": None, "the attorney": attorney(), "the RED person": red()}.items():
        record.ask(f"titles of {by}", "ListRepresentations", holder=pair)
        record.ask(f"powers of {by}", "ListPowers", holder=pair)
        record.ask(f"the list of {by}", "ListNotifications", holder=pair)
        record.ask(f"the summary of {by}", "GetSummary", holder=pair)
    record.ask("accepted by the attorney", "AcceptNotifications", ids(one), holder=attorney())
    record.ask("accepted by the RED person", "AcceptNotifications", ids(two, one), holder=red())
    record.ask("rejected by the attorney", "RejectNotifications", ids(three), holder=attorney())
    record.ask("rejected by the RED person", "RejectNotifications", ids(four), holder=red())
    record.ask("retrieved by the attorney", "RetrieveNotifications", ids(one), holder=attorney())
    record.ask("retrieved by the RED person", "RetrieveNotifications", ids(two), holder=red())
    record.ask("the receipts", "RetrieveReceipts", ids(one, two, three, four))
    record.ask("their forms", "RetrieveReceipts", f"{ids(one, two)}<format>pdf</format>", holder=attorney())
    record.ask("the history", "GetHistory", ids(two), holder=red())
    record.ask("the changes of the RED person", "ListChanges", holder=red())
    _end_titles(record, power, mine)
    _delivery(record)
    _subscriptions(record)
    record.access_records()


def _grant(*, attorney: str = ATTORNEY_NIF, scope: str = "general", expires: datetime | None = None) -> str:
    until = instant_text(expires or NOW + timedelta(days=300))
    return (
        f"<attorney>{attorney}</attorney><attorneyName>Celia Prueba</attorneyName><scope>{scope}</scope>"
        f"<specialCategory>false</specialCategory><expiresAt>{until}</expiresAt>"
    )


def _power_by_the_wire(record: Recorder) -> str:
    granted = record.ask("granting a power", "GrantPower", _grant(), holder=pki().representative)
    power = first(granted, "powerId")
    record.ask("powers while it is pending", "ListPowers", "<pageSize>1</pageSize>")
    record.ask("accepting it", "AcceptPower", f"<powerId>{power}</powerId>", holder=attorney())
    record.ask("accepting it again", "AcceptPower", f"<powerId>{power}</powerId>", holder=attorney())
    return power


def _end_titles(record: Recorder, power: str, assignment: UUID) -> None:
    stack = record.stack
    until = instant_text(NOW + timedelta(days=400))
    record.ask(
        "extending a power",
        "ExtendPower",
        f"<powerId>{power}</powerId><expiresAt>{until}</expiresAt>",
        holder=pki().representative,
    )
    second = grant(stack, scope="matter", value="collection", specialCategory="true")
    stack.pass_time(seconds=1)
    third = grant(stack, scope="procedure", value="203546")
    stack.pass_time(seconds=1)
    record.ask("renouncing a power", "RenouncePower", f"<powerId>{second}</powerId>", holder=attorney())
    record.ask("revoking a power", "RevokePower", f"<powerId>{power}</powerId>", holder=pki().representative)
    record.ask("revoking it again", "RevokePower", f"<powerId>{power}</powerId>", holder=pki().representative)
    record.ask(
        "extending what is revoked",
        "ExtendPower",
        f"<powerId>{power}</powerId><expiresAt>{until}</expiresAt>",
        holder=pki().representative,
    )
    record.ask(
        "accepting what is renounced", "AcceptPower", f"<powerId>{second}</powerId>", holder=attorney()
    )
    stack.pass_time(days=40)
    record.ask("accepting too late", "AcceptPower", f"<powerId>{third}</powerId>", holder=attorney())
    page = record.ask("powers at the end, a page", "ListPowers", "<pageSize>2</pageSize>")
    record.ask("the next page", "ListPowers", f"<cursor>{first(page, 'nextCursor')}</cursor>")
    record.ask(
        "another's cursor", "ListPowers", f"<cursor>{first(page, 'nextCursor')}</cursor>", holder=attorney()
    )
    named = f"<assignmentId>{assignment}</assignmentId>"
    record.ask("unassigning the RED person", "UnassignRed", named)
    record.ask("unassigning again", "UnassignRed", named)
    record.publish("BETWEEN")
    record.ask("reassigning the RED person", "ReassignRed", named)
    record.publish("AFTER")
    record.ask("unassigning what is unknown", "UnassignRed", f"<assignmentId>{NOBODY}</assignmentId>")
    record.ask("titles of the company at the end", "ListRepresentations")
    page = record.ask(
        "titles of the RED person at the end", "ListRepresentations", "<pageSize>1</pageSize>", holder=red()
    )
    record.ask("the list of the RED person at the end", "ListNotifications", holder=red())
    record.ask("the attorney is nobody any more", "ListNotifications", holder=attorney())


def _subscriptions(record: Recorder) -> None:
    stack, hook = record.stack, "<kind>webhook</kind><url>https://example.org/hook</url>"
    record.ask("to be told, where nothing is pushed", "Subscribe", hook)
    settings = stack.settings
    stack.settings = settings.model_copy(update={"push_key_files": (key_file(stack.folder),)})
    stack.start()
    made = record.ask("to be told", "Subscribe", hook)
    subscription = f"<subscriptionId>{first(made, 'subscription/ng:subscriptionId')}</subscriptionId>"
    record.ask("who is told", "ListSubscriptions")
    record.ask("what could not be told", "ListDeadDeliveries", subscription)
    record.ask("nothing to replay", "ReplayDeliveries", subscription)
    record.ask("to be told no more", "Unsubscribe", subscription)
    record.ask("a subscription that has ended", "ReplayDeliveries", subscription)
    stack.settings = settings
    stack.start()


def _delivery(record: Recorder) -> None:
    record.publish("PERSON-1", addressee=PERSON_NIF)
    person = pki().person
    record.ask("how the company is notified", "GetDeliveryChannel")
    record.ask("the company cannot choose", "SetDeliveryChannel", "<channel>postal</channel>")
    record.ask("how a person is notified", "GetDeliveryChannel", holder=person)
    record.ask("a person chooses paper", "SetDeliveryChannel", "<channel>postal</channel>", holder=person)
    record.publish("PERSON-2", addressee=PERSON_NIF)
    record.ask("what a person sees", "ListNotifications", holder=person)
    record.ask("a person chooses again", "SetDeliveryChannel", "<channel>electronic</channel>", holder=person)
    record.ask("the RED person has none", "GetDeliveryChannel", holder=red())
