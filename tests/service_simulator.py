"""A small stand-in for the service on 127.0.0.1: real HTTP, real signatures, real receipts, a list in memory.

It is for what the real service never does on purpose: signing with another key, changing an answer
after signing, answering something else, being busy twice and then well again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
from collections import deque
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

from lxml import etree

from bundles import stamped
from notigateway.evidence.element import render
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import (
    AttestedDocument,
    DelegateDetails,
    RecipientDetails,
    ReportDetails,
    SenderDetails,
    Statement,
    UserContent,
)
from notigateway.instants import instant_text
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role
from notigateway.pki.anchors import PinnedCertificates
from notigateway.soap.addressing import read_addressing
from notigateway.wss.canonical import canonical
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1, SOAP11, soap
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from notigateway.wss.version import SoapVersion
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml.etree import _Element

    from notigateway.soap.addressing import Addressing

    Answer = Callable[["Simulator", _Element], _Element]

AVAILABLE_AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
DECIDED_AT = AVAILABLE_AT + timedelta(days=1)
REPORTED_AT = DECIDED_AT + timedelta(days=1)
DEADLINE = datetime(2026, 11, 30, 23, tzinfo=UTC)


def element(name: str, *content: str | _Element) -> _Element:
    """Return an element of the contract with text or children."""
    made = etree.Element(f"{{{NOTIGATEWAY_V1}}}{name}", nsmap={None: NOTIGATEWAY_V1})
    for piece in content:
        if isinstance(piece, str):
            made.text = piece
        else:
            made.append(piece)
    return made


def fault_element(code: str, *, retryable: bool, **facts: str) -> _Element:
    """Return a fault with a detail of ours."""
    fault = etree.Element(soap("Fault"), nsmap={"soap": SOAP11})
    etree.SubElement(fault, "faultcode").text = "soap:Server"
    etree.SubElement(fault, "faultstring").text = f"Text of {code}"
    detail = element(
        "GatewayFault",
        element("code", code),
        element("textEs", f"Texto de {code}"),
        element("textEn", f"Text of {code}"),
        element("retryable", str(retryable).lower()),
        element("correlationId", "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"),
        element("documentation", f"https://gateway.example/notigateway/errors#{code}"),
    )
    for name, value in facts.items():
        fact = element("fact", value)
        fact.set("name", name)
        detail.append(fact)
    etree.SubElement(fault, "detail").append(detail)
    return fault


def gateway_fault(code: str, *, retryable: bool) -> Answer:
    """Return an answer that is a fault of that code."""
    return lambda _simulator, _request: fault_element(code, retryable=retryable)


@dataclass
class Item:
    """A notification with one document, in memory."""

    code: int
    id: str = field(default_factory=lambda: str(uuid4()))
    document_id: str = field(default_factory=lambda: str(uuid4()))
    state: str = "available"
    subject: str = "Providencia de apremio <nº 1> & recargo"
    name: str = "providencia.pdf"
    content: bytes = b"%PDF-1.7 the act"
    sha256: str = ""
    inline: bool = True
    addressee: str = "B00000000"
    receipt_id: str = field(default_factory=lambda: str(uuid4()))
    receipt: bytes = b""
    receipt_state: str = "accepted"
    # Receipts of other events, and what was reported: state, instant, bytes.
    others: list[tuple[str, datetime, bytes]] = field(default_factory=list)
    others_ids: list[str] = field(default_factory=list)
    deadline: datetime = DEADLINE
    decided_at: datetime = DECIDED_AT
    # Each with the NIF of who set it.
    labels: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sha256 = self.sha256 or hashlib.sha256(self.content).hexdigest()

    def metadata(self) -> _Element:
        """Return the element Notification, with one element that no client knows yet."""
        return element(
            "notification",
            element("code", str(self.code)),
            element("id", self.id),
            element("kind", "notification"),
            element("subject", self.subject),
            element(
                "issuingBody",
                element("issuerId", "EA0041778"),
                element("acronym", "TGSS"),
                element("name", "Tesorería General"),
            ),
            element("procedure", "2001234"),
            element("matter", "collection"),
            element("addressee", element("identifier", self.addressee), element("name", "Ejemplo SL")),
            element("role", "own"),
            element("state", self.state),
            element("availableAt", instant_text(AVAILABLE_AT)),
            element("deadline", instant_text(self.deadline)),
            element("timeLeft", "P7DT3H0M4S"),
            element("specialCategory", "false"),
            element("documentCount", "1"),
            element("documentSize", str(len(self.content))),
            *([self.marks()] if self.labels else []),
            element("colour", "a later minor version appended me"),
        )

    def marks(self) -> _Element:
        """Return the element Marks."""
        labels = [
            element(
                "label",
                element("label", label),
                element("by", element("identifier", nif), element("name", "Ana Ñuñez")),
                element("at", instant_text(AVAILABLE_AT)),
            )
            for label, nif in self.labels
        ]
        return element("marks", *labels)

    def document(self) -> _Element:
        """Return the element Document."""
        made = element(
            "document",
            element("documentId", self.document_id),
            element("name", self.name),
            element("mediaType", "application/pdf"),
            element("size", str(len(self.content))),
            element("sha256", self.sha256),
        )
        if self.inline:
            made.append(element("content", base64.b64encode(self.content).decode()))
        return made

    def sealed(self) -> _Element:
        """Return the element Receipt."""
        return _receipt(self.receipt_id, self.receipt_state, self.decided_at, self.receipt)

    def all_sealed(self) -> list[_Element]:
        """Return every receipt that there is, the first one first."""
        own = [self.sealed()] if self.receipt else []
        others = (_receipt(one, *told) for one, told in zip(self.others_ids, self.others, strict=True))
        return [*own, *others]


def _receipt(identifier: str, state: str, at: datetime, data: bytes) -> _Element:
    return element(
        "receipt",
        element("receiptId", identifier),
        element("state", state),
        element("eventTime", instant_text(at)),
        element("sha256", hashlib.sha256(data).hexdigest()),
        element("xml", base64.b64encode(data).decode()),
    )


def relating(message_id: str) -> Sequence[tuple[str, str]]:
    """Return the headers of the answer to a message."""
    return (("RelatesTo", message_id),)


class Simulator:
    """The service, as long as the context lasts.

    `changes` is what there is to follow, `titles` what became of titles (kind and addressee), and `rights`
    changes where that is more than is told one by one;
    `plan` holds answers given once each before the ordinary ones; `operations` what was asked, but of
    its log, of which it shows none;
    `related` gives the signed WS-Addressing headers of the answer to a MessageID; `tamper` changes the
    signed bytes; `status` replaces an answer by a bare HTTP status, once each.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.changes: list[tuple[Item, str]] = []
        self.titles: list[tuple[str, str]] = []
        # When what the changes at these places tell was, and which of them another channel told.
        self.instants: dict[int, datetime] = {}
        self.reported: set[int] = set()
        self.rights = 0
        self.plan: deque[Answer] = deque()
        self.status: deque[int] = deque()
        self.retry_after = ""
        self.operations: list[str] = []
        self.requests: list[bytes] = []
        self.addressing: list[Addressing] = []
        self.related: Callable[[str], Sequence[tuple[str, str]]] = relating
        self.tamper: Callable[[bytes], bytes] = bytes
        self.signer = Signer(pki().service.key, pki().service.certificate)
        # One of before receipts came with documents.
        self.is_early = False
        self.page_size = 1_000
        self.chunk_bytes = 7
        self._seal = Seal(pki().seal)
        self._callers = PinnedCertificates([pki().company_seal.certificate])
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self._server.server_port}/notigateway/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, count: int = 1, **fields: object) -> list[Item]:
        """Put notifications at disposal."""
        made = [Item(code=len(self.items) + number, **fields) for number in range(1, count + 1)]  # type: ignore[arg-type]
        self.items.update({item.id: item for item in made})
        self.changes += [(item, item.state) for item in made]
        return made

    def gain(self, addressee: str, *items: Item) -> None:
        """Let there be a power of somebody, with what it has of before: no change tells of that."""
        self.items.update({item.id: item for item in items})
        self.titles.append(("gained", addressee))

    def lose(self, addressee: str) -> None:
        """Let that power end: nothing of its grantor is seen any more."""
        self.items = {key: item for key, item in self.items.items() if item.addressee != addressee}
        self.titles.append(("lost", addressee))

    def accept(self, item: Item) -> None:
        """Accept a notification and seal its receipt, once."""
        if item.state == "available":
            item.state = "accepted"
            item.receipt = self.seal(item)
            self.changes.append((item, "accepted"))

    def time_stamp(self, *items: Item) -> None:
        """Raise receipts to the form with a time-stamp, as the service does after a minute."""
        for item in items:
            item.receipt = stamped(item.receipt, at=DECIDED_AT + timedelta(minutes=1))

    def report(self, item: Item, state: str, at: datetime) -> None:
        """Let another channel tell what happened there, before what is known here: it decides."""
        identifier = str(uuid4())
        item.others.append((state, at, self.seal(item, event=State(state), at=at, identifier=identifier)))
        item.others_ids.append(identifier)
        if item.state == "available" or at < DECIDED_AT or not item.receipt:
            item.state = state
        self.changes.append((item, state))
        self.instants[len(self.changes) - 1] = at
        self.reported.add(len(self.changes) - 1)

    def write_lapse(self, item: Item) -> None:
        """Write the evidence of a lapse, as the clock does soon after the deadline."""
        item.receipt_state = "lapsed"
        item.receipt = self.seal(item, event=State.LAPSED, at=DEADLINE)
        item.decided_at = DEADLINE
        self.changes.append((item, "lapsed"))
        self.instants[len(self.changes) - 1] = DEADLINE

    def seal(
        self,
        item: Item,
        *,
        event: State = State.ACCEPTED,
        addressee: str = "B00000000",
        at: datetime = DECIDED_AT,
        identifier: str | None = None,
    ) -> bytes:
        """Return a receipt about an item; `identifier` is of one that another channel's report has."""
        statement = Statement(
            evidence_id=UUID(identifier or item.receipt_id),
            event=event,
            event_time=at,
            submission_time=AVAILABLE_AT,
            sender=SenderDetails(dir3="EA0041778", name="Tesorería General", nif="S2819001E"),
            recipient=RecipientDetails(identifier=addressee, name="Ejemplo SL"),
            channel=Channel.WEB_SERVICE if identifier is None else Channel.SEDE,
            report=None
            if identifier is None
            else ReportDetails(reported_at=REPORTED_AT, reference="SEDE-77"),
            delegate=DelegateDetails(role=Role.OWN, identifier="00000000T", name="Ana Ñuñez")
            if identifier is None
            else None,
            content=UserContent(
                notification_id=UUID(item.id),
                notification_code=item.code,
                act_reference="A-1",
                subject=item.subject,
                procedure="2001234",
                documents=(
                    AttestedDocument(
                        document_id=UUID(item.document_id),
                        media_type="application/pdf",
                        size=len(item.content),
                        sha256=hashlib.sha256(item.content).hexdigest(),
                    ),
                ),
            ),
        )
        sealed_at = at if identifier is None else REPORTED_AT
        return self._seal.seal(render(statement), sealed_at, now=sealed_at)

    def ordinary(self, request: _Element) -> _Element:
        """Return the answer of a service in good health."""
        return _ANSWERS[etree.QName(request).localname](self, request)

    def answer(self, data: bytes, action: str) -> tuple[int, bytes]:
        """Verify a request as the service does, and return the signed answer with its status."""
        now = datetime.now(UTC)
        verified = verify_envelope(
            parse_envelope(data, limits=Limits()),
            now=now,
            expectations=Expectations(),
            check_certificate=self._callers.check,
        )
        operation = etree.QName(verified.operation).localname
        assert action == f'"{NOTIGATEWAY_V1}:{operation}"', action
        with self._lock:
            if operation == "GetLogHead":  # asked before all else: plans are about the rest
                about = read_addressing(verified.headers, SoapVersion.V1_1)
                form = EnvelopeForm(addressing=tuple(relating(about.message_id or "")))
                made = element("GetLogHeadResponse")
                return 200, sign_envelope(canonical(made), signer=self.signer, now=now, form=form)
            self.operations.append(operation)
            self.requests.append(data)
            self.addressing.append(read_addressing(verified.headers, SoapVersion.V1_1))
            form = EnvelopeForm(addressing=tuple(self.related(self.addressing[-1].message_id or "")))
            if self.status:
                return self.status.popleft(), b"<static/>"
            made = (self.plan.popleft() if self.plan else Simulator.ordinary)(self, verified.operation)
        is_fault = made.tag == soap("Fault")
        body = sign_envelope(canonical(made), signer=self.signer, now=now, is_fault=is_fault, form=form)
        return (500 if is_fault else 200), self.tamper(body)


def _handler(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "text/xml; charset=utf-8"
            status, body = simulator.answer(data, self.headers["SOAPAction"])
            self.send_response(status)
            if simulator.retry_after:
                self.send_header("Retry-After", simulator.retry_after)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # a client may have read enough
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's word
            """Say nothing."""

    return Handler


def _asked(request: _Element, name: str = "id") -> list[str]:
    return [one.text or "" for one in request.iterfind(f"{{*}}{name}")]


def _list(simulator: Simulator, request: _Element) -> _Element:
    states = [one.text for one in request.iterfind("{*}filter/{*}state")]
    addressee = request.findtext("{*}filter/{*}addresseeId")
    start = int(request.findtext("{*}cursor") or "0")
    found = [
        item
        for item in simulator.items.values()
        if item.code > start and item.state in (states or item.state) and addressee in {None, item.addressee}
    ]
    some, more = found[: simulator.page_size], len(found) > simulator.page_size
    return element(
        "ListNotificationsResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        element("hasMore", str(more).lower()),
        *([element("nextCursor", str(some[-1].code))] if more else []),
        *(item.metadata() for item in some),
    )


def _list_changes(simulator: Simulator, request: _Element) -> _Element:
    """Answer with changes; a cursor is a place, the rights and, where they are asked for, the titles told."""
    asked = request.findtext("{*}withRightsChanges")
    if asked is not None and simulator.is_early:
        return fault_element("INVALID_REQUEST", retryable=False)
    is_told, there = asked == "true", len(simulator.changes)
    all_titles = len(simulator.titles)
    both = simulator.rights + all_titles  # for who is not told of titles
    is_from_now = request.findtext("{*}fromNow") == "true"
    cursor = None if is_from_now else request.findtext("{*}cursor")
    try:
        start, rights, *told = map(int, (cursor or f"{there * is_from_now}.{both}").split("."))
        assert start <= there
    except (ValueError, AssertionError):
        return fault_element("INVALID_CURSOR", retryable=False)
    known = told[0] if told else all_titles
    has_changed = rights != (simulator.rights if is_told and told else both - known * bool(told))
    size = min(simulator.page_size, int(request.findtext("{*}pageSize") or "100"))
    titles = simulator.titles[known : known + size] if is_told else []
    known += len(titles)
    end = min(start + size - len(titles), there)
    here = (end, simulator.rights, known) if is_told else (end, both)
    has_more = end < there or (is_told and known < all_titles)
    return element(
        "ListChangesResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        element("hasMore", str(has_more).lower()),
        element("nextCursor", ".".join(map(str, here))),
        element("rightsChanged", str(has_changed).lower()),
        *(_change(simulator, *simulator.changes[place], place) for place in range(start, end)),
        *(_title(*one) for one in titles),
    )


def _title(kind: str, addressee: str) -> _Element:
    return element(
        "rightsChange",
        element("kind", kind),
        element("addressee", element("identifier", addressee), element("name", "Ejemplo SL")),
        element("role", "attorney"),
        element("at", instant_text(AVAILABLE_AT)),
    )


def _change(simulator: Simulator, item: Item, state: str, place: int) -> _Element:
    is_reported = place in simulator.reported
    channel = [] if state == "available" else [element("channel", "sede" if is_reported else "web_service")]
    usual = AVAILABLE_AT if state == "available" else DECIDED_AT
    return element(
        "change",
        element("eventId", str(uuid4())),
        element("state", state),
        element("at", instant_text(simulator.instants.get(place, usual))),
        *channel,
        *([element("reportedAt", instant_text(REPORTED_AT))] if is_reported else []),
        item.metadata(),
    )


def _summary(simulator: Simulator, request: _Element) -> _Element:
    undecided = sum(item.state == "available" for item in simulator.items.values())
    total = len(simulator.items)
    return element(
        "GetSummaryResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        element("total", str(total)),
        element("byState", element("state", "available"), element("count", str(undecided))),
        element("byState", element("state", "accepted"), element("count", str(total - undecided))),
        element(
            "byIssuingBody",
            element(
                "issuingBody",
                element("issuerId", "EA0041778"),
                element("acronym", "TGSS"),
                element("name", "Tesorería General"),
            ),
            element("count", str(total)),
            element("undecided", str(undecided)),
        ),
        element("byDaysLeft", element("daysLeft", "7"), element("count", str(undecided))),
        element("byDaysLeft", element("count", "0")),
        *_addressees(request),
    )


def _addressees(request: _Element) -> list[_Element]:
    """Return two pages of one addressee each, where they are asked for."""
    if request.findtext("{*}countAddressees") != "true":
        return []
    is_first = request.find("{*}cursor") is None
    identifier, due = ("A00000000", None) if is_first else ("B00000000", instant_text(DEADLINE))
    one = element(
        "byAddressee",
        element("addressee", element("identifier", identifier), element("name", "Ejemplo SL")),
        element("count", "3"),
        element("undecided", "1"),
        *([] if due is None else [element("nearestDeadline", due)]),
    )
    return [one, *([element("nextCursor", "second-page")] if is_first else [])]


def _history(simulator: Simulator, request: _Element) -> _Element:
    item = simulator.items.get(_asked(request)[0])
    if item is None:
        return fault_element("NOTIFICATION_UNKNOWN", retryable=False)
    at = element("at", instant_text(AVAILABLE_AT))
    decision = (
        element("channel", "web_service"),
        element("role", "own"),
        element("party", element("identifier", "B00000000"), element("name", "Ejemplo SL")),
        element("signer", element("identifier", "00000000T"), element("name", "Ana Ñuñez")),
        element("receiptId", item.receipt_id),
    )
    return element(
        "GetHistoryResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        item.metadata(),
        *(
            element(
                "event",
                element("eventId", str(uuid4())),
                element("state", state),
                copy(at),
                element("decisive", str(state == "accepted").lower()),
                *(decision if state == "accepted" else ()),
            )
            for changed, state in simulator.changes
            if changed is item
        ),
        element(
            "deadlineChange",
            at,
            element("previous", instant_text(AVAILABLE_AT)),
            element("deadline", instant_text(DEADLINE)),
            element("cause", "outage"),
        ),
    )


def _accept(simulator: Simulator, request: _Element) -> _Element:
    return element("AcceptNotificationsResponse", *(_outcome(simulator, one) for one in _asked(request)))


def _outcome(simulator: Simulator, identifier: str) -> _Element:
    item = simulator.items.get(identifier)
    if item is None or item.state not in {"available", "accepted"}:
        return element(
            "item", element("id", identifier), element("outcome", "unknown"), problem("NOTIFICATION_UNKNOWN")
        )
    outcome = "decided" if item.state == "available" else "already_decided_by_you"
    simulator.accept(item)
    decision = element(
        "decision",
        element("state", "accepted"),
        element("at", instant_text(AVAILABLE_AT)),
        element("channel", "web_service"),
        element("party", element("identifier", "B00000000"), element("name", "Ejemplo SL")),
        element("signer", element("identifier", "00000000T"), element("name", "Ana Ñuñez")),
    )
    return element("item", element("id", identifier), element("outcome", outcome), decision, item.sealed())


def problem(code: str) -> _Element:
    """Return the element problem."""
    return element(
        "problem",
        element("code", code),
        element("textEs", "Texto"),
        element("textEn", "Text"),
        element("retryable", "false"),
    )


def _retrieve(simulator: Simulator, request: _Element) -> _Element:
    if simulator.is_early and request.find("{*}withReceipts") is not None:
        return fault_element("INVALID_REQUEST", retryable=False)
    items = [simulator.items[one] for one in _asked(request)]
    is_with_receipts = request.findtext("{*}withReceipts") == "true"
    return element(
        "RetrieveNotificationsResponse",
        *(
            element(
                "item",
                element("id", item.id),
                item.metadata(),
                item.document(),
                *(item.all_sealed() if is_with_receipts else []),
            )
            for item in items
        ),
    )


def _receipts(simulator: Simulator, request: _Element) -> _Element:
    items = [simulator.items[one] for one in _asked(request)]
    return element(
        "RetrieveReceiptsResponse",
        *(element("item", element("id", item.id), *item.all_sealed()) for item in items),
    )


def _document(simulator: Simulator, request: _Element) -> _Element:
    item = simulator.items[_asked(request)[0]]
    offset = int(request.findtext("{*}offset") or "0")
    piece = item.content[offset : offset + simulator.chunk_bytes]
    return element(
        "RetrieveDocumentResponse",
        element("size", str(len(item.content))),
        element("sha256", item.sha256),
        element("offset", str(offset)),
        element("content", base64.b64encode(piece).decode()),
    )


def _ping(simulator: Simulator, request: _Element) -> _Element:
    return element(
        "PingResponse",
        element("party", element("identifier", "B00000000"), element("name", "Ejemplo SL")),
        element("signer", element("identifier", "00000000T"), element("name", "Ana Ñuñez")),
        element("known", "true"),
        element("certificateIssuer", "CN=Issuing CA"),
        element("certificateSerial", "12345"),
        element("certificateSha256", "a" * 64),
        element("serverTime", instant_text(AVAILABLE_AT)),
        element("softwareVersion", "0.1.0"),
        element("contractVersion", "1.0"),
    )


def _mark(simulator: Simulator, request: _Element) -> _Element:
    """Answer that the first is in Ana's hands, and nothing is known of the others."""
    by = element("by", element("identifier", "00000000T"), element("name", "Ana Ñuñez"))
    at = element("at", instant_text(AVAILABLE_AT))
    held = element("marks", element("assigned", element("to", "Mesa 3"), by, at))
    first, *others = _asked(request)
    return element(
        "MarkNotificationsResponse",
        element("item", element("id", first), held, problem("ALREADY_ASSIGNED")),
        *(element("item", element("id", one)) for one in others),
    )


def _matters(simulator: Simulator, request: _Element) -> _Element:
    procedure = element("procedure", element("code", "2001234"), element("name", "Apremio"))
    return element(
        "ListMattersResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        element("matter", element("code", "collection"), element("name", "Recaudación"), procedure),
    )


def _representations(simulator: Simulator, request: _Element) -> _Element:
    """Answer that one acts for whoever has something here."""
    return element(
        "ListRepresentationsResponse",
        element("asOf", instant_text(AVAILABLE_AT)),
        element("hasMore", "false"),
        *(
            element(
                "representation",
                element("role", "attorney"),
                element("addressee", element("identifier", one), element("name", "Ejemplo SL")),
            )
            for one in sorted({item.addressee for item in simulator.items.values()})
        ),
    )


_ANSWERS: dict[str, Answer] = {
    "AcceptNotifications": _accept,
    "GetHistory": _history,
    "GetSummary": _summary,
    "ListChanges": _list_changes,
    "ListMatters": _matters,
    "ListNotifications": _list,
    "ListRepresentations": _representations,
    "MarkNotifications": _mark,
    "Ping": _ping,
    "RetrieveDocument": _document,
    "RetrieveNotifications": _retrieve,
    "RetrieveReceipts": _receipts,
}
