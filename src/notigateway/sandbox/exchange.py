"""One exchange over HTTP in a world: what was received and sent, when, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notigateway.instants import instant_text
from notigateway.metering.account import NO_OPERATION, OK, UNKNOWN_OPERATION
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint, load_certificates
from notigateway.sandbox.steps import verdicts

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

    from notigateway.sandbox.faults import Fault, Kind, Order
    from notigateway.sandbox.holders import Pki
    from notigateway.sandbox.peeking import Seeming
    from notigateway.soap.telling import Telling

# Under which name it stands in the environment of its request.
_NAME: Final = "notigateway.sandbox.exchange"
# Under which name the environment of a request of the sandbox's own says so.
OWN: Final = "notigateway.sandbox.own"
# Bodies of which more came or went are kept so far, and counted whole.
KEPT_MAX_BYTES: Final = 4 * 1024 * 1024
# What an entry takes beside its texts and bodies, and a text or a fault beside what is in it, about.
_ENTRY_BYTES: Final = 2_000
_PIECE_BYTES: Final = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificate a request carries: its name in the sandbox, the NIF and the name of the party."""

    name: str
    party: str
    called: str


class Own(StrEnum):
    """Why the sandbox itself has asked: for a holder who does something, or to show how that is answered."""

    HOLDER = "holder"
    REQUEST = "request"


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """A request and its answer; `told` is what the gateway's contract tells of it, where one answered."""

    at: datetime
    received: datetime
    began: float
    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request: bytes = field(repr=False)
    request_bytes: int
    seeming: Seeming
    holder: Holder | None
    # Which faults are to strike it, and which of them found something to strike.
    drawn: list[Fault] = field(default_factory=list)
    struck: list[Fault] = field(default_factory=list)
    told: Telling | None = None
    # It is the sandbox's own: no client has asked.
    own: Own | None = None
    # By which instant its message was judged.
    dated: datetime | None = None
    number: int = 0
    seconds: float = 0.0
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = field(default=b"", repr=False)
    answer_bytes: int = 0
    # It ended without an answer, or before the end of it.
    is_cut_off: bool = False

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> Exchange:
        """Return the exchange to which a request belongs."""
        found = environ[_NAME]
        assert isinstance(found, cls)  # noqa: S101  (nobody else writes it)
        return found

    def drawn_of(self, kind: Kind) -> Fault | None:
        """Return the first fault of a kind that is to strike."""
        return next((one for one in self.drawn if one.order.kind is kind), None)

    def strike(self, fault: Fault) -> Order:
        """Note that a fault strikes; a request that is delivered twice is struck once."""
        if fault not in self.struck:
            self.struck.append(fault)
        return fault.order

    def struck_by(self, kind: Kind) -> Order | None:
        """Return what the first fault of a kind orders, which strikes now; None where there is none."""
        fault = self.drawn_of(kind)
        return None if fault is None else self.strike(fault)

    def put_into(self, environ: WSGIEnvironment) -> None:
        """Have it found by who answers the request."""
        environ[_NAME] = self

    @property
    def operation(self) -> str | None:
        """Return the operation that was asked for, as far as one can see."""
        told = self.told.account.operation if self.told else NO_OPERATION
        return self.seeming.operation if told in {NO_OPERATION, UNKNOWN_OPERATION} else told

    @property
    def contract(self) -> str | None:
        """Return which contract was called."""
        return self.told.account.contract if self.told else None

    @property
    def code(self) -> str | None:
        """Return what came of it; None where no operation was asked for."""
        code = self.told.account.code if self.told else None
        # The contract's files are given without one.
        return code if self.method == "POST" or code != OK else None

    @property
    def refused_items(self) -> dict[str, int]:
        """Return how many items of a batch were refused, by the code."""
        return self.told.account.refused if self.told else {}

    @property
    def caller(self) -> str | None:
        """Return the NIF of the party, once it is proven."""
        return self.told.party if self.told else None

    @property
    def weight(self) -> int:
        """Return how much memory it takes, about."""
        texts = [self.path, self.query]
        for headers in (self.request_headers, self.answer_headers):
            texts += [*headers, *headers.values()]
        pieces = len(texts) + len(self.drawn) + len(self.refused_items)
        bodies = len(self.request) + len(self.answer)
        return bodies + sum(map(len, texts)) + _PIECE_BYTES * pieces + _ENTRY_BYTES

    @property
    def is_request_whole(self) -> bool:
        """Tell whether all of the request's body is kept."""
        return len(self.request) == self.request_bytes

    def line(self) -> dict[str, Any]:
        """Return the entry of the journal."""
        return {
            "number": self.number,
            "at": instant_text(self.at),
            "received": instant_text(self.received),
            "seconds": round(self.seconds, 4),
            "method": self.method,
            "path": self.path + (f"?{self.query}" if self.query else ""),
            "operation": self.operation,
            "contract": self.contract,
            "caller": self.caller,
            "signer": self.told.signer if self.told else None,
            "holder": self.holder.name if self.holder else None,
            "status": self.status or None,
            "code": self.code,
            "refused_items": self.refused_items,
            "steps": verdicts(self.code),
            "faults": [one.identifier for one in self.struck],
            "cut_off": self.is_cut_off,
            "by_sandbox": self.own is not None,
            "correlation_id": self.answer_headers.get("X-Correlation-Id"),
            "request": {
                "headers": self.request_headers,
                "bytes": self.request_bytes,
                "kept": len(self.request),
            },
            "answer": {
                "headers": self.answer_headers,
                "bytes": self.answer_bytes,
                "kept": len(self.answer),
            },
        }


def headers_of(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers of a request; a secret of the sandbox is not among them."""
    found = {
        name[len("HTTP_") :].replace("_", "-").title(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and name != "HTTP_AUTHORIZATION"
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").title()] = str(environ[name])
    return found


def holders_of(pki: Pki) -> dict[str, Holder]:
    """Return whose certificates a sandbox has made, by their SHA-256."""
    found = {}
    for name, files in pki.holders().items():
        (certificate,) = load_certificates(files.certificate)
        caller = read_caller(certificate)
        found[fingerprint(certificate)] = Holder(name, caller.party, caller.party_name)
    return found
