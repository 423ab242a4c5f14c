"""Notifications for the checks: published where the kit may publish, else taken of what there is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from notigateway.client.errors import ClientError
from notigateway.client.transport import Speech
from notigateway.client.values import UNDECIDED, Filter
from notigateway.client.wire import read, read_fault
from notigateway.conformance.verdict import FailedError, SkippedError
from notigateway.contract import issuing_v1
from notigateway.contract.writing import write
from notigateway.pki.identity import read_caller
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, soap

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.client.transport import Transport
    from notigateway.client.values import DecisionOutcome
    from notigateway.conformance.target import Target

_DOCUMENT: Final = b"%PDF-1.7\n% CONFORMANCE KIT: NO ADMINISTRATIVE VALUE\n"
_NAMES: Final = ("resolution.pdf", "annex.pdf")
_NONE_UNDECIDED: Final = "there is no undecided notification to try it with"
_UNPUBLISHED: Final = "the issuing body cannot publish an act for the caller"
_NONE_ACCEPTED: Final = "there is no accepted notification to try it with"


@dataclass(frozen=True, slots=True)
class Item:
    """A notification by both its names."""

    id: str
    code: int


class Supply:
    """Gives notifications of the caller; each that is asked for as undecided is given once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._given: set[str] = set()
        self._accepted: DecisionOutcome | None = None
        self._untouched: Item | None = None

    def untouched(self) -> Item:
        """Return one that nobody has decided, the same for all checks: they leave it so.

        Raises: `SkippedError`.
        """
        if self._untouched is None:
            self._untouched = self.undecided()
        return self._untouched

    def undecided(self) -> Item:
        """Return one that nobody has decided, with documents, for a check alone. Raises: `SkippedError`."""
        given = self._target.given
        if given.steering is not None:
            return self.publish()
        if given.publishing is not None and given.may_decide:
            return self._published_by_body("notification")
        found = next((one for one in self._listed() if one.id not in self._given), None)
        if found is None:
            raise SkippedError(_NONE_UNDECIDED)
        self._given.add(found.id)
        return found

    def several(self, count: int) -> list[Item]:
        """Return so many of them. Raises: `SkippedError`."""
        if self._target.given.steering is None:
            return [self.undecided() for _ in range(count)]
        made = self._target.steering.do("publish", count=count, **self._for_me())
        return [Item(str(one["id"]), int(one["code"])) for one in made.get("notifications", [made])]

    def accepted(self) -> DecisionOutcome:
        """Return what came of an acceptance of the caller's own: the same one for all checks.

        Raises: `SkippedError` where none may be made.
        """
        if self._accepted is None:
            given = self._target.given
            if not (given.may_decide or given.steering is not None):
                raise SkippedError("it takes an acceptance: --may-decide, or a sandbox")
            (self._accepted,) = self._target.client().accept([self.undecided().id])
        return self._accepted

    def accepted_id(self) -> str:
        """Return the identifier of an accepted notification, made now or found. Raises: `SkippedError`."""
        given = self._target.given
        if given.may_decide or given.steering is not None:
            return self.accepted().id
        page = self._target.client().list_page(Filter(states=("accepted",), kind="notification"), page_size=1)
        if not page.notifications:
            raise SkippedError(_NONE_ACCEPTED)
        return page.notifications[0].id

    def any_one(self) -> str:
        """Return the identifier of any notification of the caller's. Raises: `SkippedError`."""
        if self._target.given.steering is not None:
            return self.untouched().id
        page = self._target.client().list_page(Filter(kind="notification", role="own"), page_size=1)
        if not page.notifications:
            raise SkippedError("the caller has no notification")
        return page.notifications[0].id

    def communication(self) -> Item:
        """Return a new communication. Raises: `SkippedError`."""
        if self._target.given.steering is not None:
            return self.publish(kind="communication")
        return self._published_by_body("communication")

    def publish(self, **members: Any) -> Item:  # noqa: ANN401  (members of the verb)
        """Publish an act in the sandbox, by default one for the caller with two documents."""
        made = self._target.steering.do("publish", **{**self._for_me(), **members})
        return Item(str(made["id"]), int(made["code"]))

    def _for_me(self) -> dict[str, Any]:
        caller = read_caller(self._target.given.me.certificate)
        return {"addressee": caller.party, "addressee_name": caller.party_name, "documents": _documents()}

    def _listed(self) -> list[Item]:
        if self._target.dialect.name == "wscn":
            rows = self._target.wscn_client.list_notifications(role="own")
            return [Item(f"code {one.code}", one.code) for one in rows if one.state == 0]
        where = Filter(states=("available",), kind="notification", role="own")
        page = self._target.client().list_page(where, page_size=100)
        return [Item(one.id, one.code) for one in page.notifications if one.state in UNDECIDED]

    # --- by the contract of issuing bodies

    def _published_by_body(self, kind: str) -> Item:
        """Have the issuing body publish an act for the caller. Raises: `SkippedError`."""
        target = self._target
        caller = read_caller(target.given.me.certificate)
        reference = f"CONFORMANCE/{uuid4()}"
        assert target.given.publishing is not None  # noqa: S101  (see above)
        act = issuing_v1.Act(
            reference=reference,
            subject="Conformance kit: no administrative value",
            procedure="203546",
            matter="collection",
            kind=kind,
            addressee=issuing_v1.Addressee(identifier=caller.party, name=caller.party_name),
            documents=(issuing_v1.Document(name=_NAMES[0], media_type="application/pdf", content=_DOCUMENT),),
        )
        asked = issuing_v1.PublishActs(issuer_id=target.given.publishing.issuer_id, acts=(act,))
        try:
            answer = self._issuing.call("PublishActs", write(asked))
        except ClientError as error:
            raise SkippedError(f"{_UNPUBLISHED}: {error.code}") from error
        (made,) = read(issuing_v1.PublishActsResponse, answer).items
        if made.notification_id is None or made.code is None:
            said = made.problem.code if made.problem is not None else made.outcome
            raise SkippedError(f"{_UNPUBLISHED}: {said}")
        return Item(made.notification_id, made.code)

    @cached_property
    def _issuing(self) -> Transport:
        publishing = self._target.given.publishing
        assert publishing is not None  # noqa: S101  (see above)
        speech = Speech(_issuing_action, _read_issuing)
        return self._target.transport(publishing.url, publishing.pair, speech)


def _documents() -> list[dict[str, str]]:
    return [
        {"name": name, "media_type": "application/pdf", "text": _DOCUMENT.decode() + name} for name in _NAMES
    ]


def _issuing_action(operation: str) -> str:
    return f"{NOTIGATEWAY_ISSUING_V1}:{operation}"


def _read_issuing(operation: str, element: _Element) -> _Element:
    """Return the answer to an operation of issuing bodies. Raises: `GatewayFaultError`, `FailedError`."""
    if element.tag == soap("Fault"):
        raise read_fault(element)
    if element.tag != f"{{{NOTIGATEWAY_ISSUING_V1}}}{operation}Response":
        raise FailedError(f"the answer is not one to {operation}")
    return element
