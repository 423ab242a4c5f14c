"""What a receipt attests, and what its holder reads of it; `evidence/element.py` writes it as XML.

Element names and event URIs are those of ETSI EN 319 522; no conformance to it is claimed. The
schema for people and validators is `wsdl/notigateway-evidence-1.xsd`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from lxml import etree

from notigateway.contract.reading import read
from notigateway.contract.xml import Builtin, Child, Long, Part, Word, element
from notigateway.evidence.events import STATES, nature_of
from notigateway.law.assurance import SIGNED, Level, Means
from notigateway.law.representation import Role
from notigateway.wss.ns import EVIDENCE_1, names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from notigateway.law.actors import Delegate, SigningPerson
    from notigateway.law.deadlines import Outage
    from notigateway.law.grounds import Ground, Paper
    from notigateway.law.lifecycle import Channel, Nature, State

_name: Final = names_in(EVIDENCE_1)
ROOT: Final = _name("Evidence")

DEADLINE_RULE: Final = "ley39/2015:43.2"
DEADLINE_ZONE: Final = "Europe/Madrid"
AUTHENTICATION_METHOD: Final = "x509-ws-security"
# What a caller's signature and certificate were held to: docs/security.md.
ALGORITHM_POLICY: Final = "urn:notigateway:algorithm-policy:1"

# The policies are published beside the schema; a test compares the digests with the files. Receipts are
# issued under the last one; those of an earlier one still verify.
POLICIES: Final = {
    "urn:notigateway:evidence-policy:1": "1b4fcef73e1e4854d8df3a7d0346f42739a7c466c369a9e27735baaf82aaa417",
    "urn:notigateway:evidence-policy:2": "1b4eaa6f58dee9a78cdd01514c3920e8ede0a4007e3ea1f91207ef1e0575f724",
    "urn:notigateway:evidence-policy:3": "b473b8e99de9fa8225ca06a57f023904cfc8694bcd8fbb0c26b5725b10e3fe6c",
    "urn:notigateway:evidence-policy:4": "424dae76a8414bbaaac7463dc46121b33e0409c322aefb039b7efb5154d08932",
}
# Receipts of these were sealed in either form of an ECDSA signature; since then in the low one.
EITHER_FORM: Final = frozenset(list(POLICIES)[:3])
POLICY_ID: Final = "urn:notigateway:evidence-policy:4"
POLICY_SHA256: Final = POLICIES[POLICY_ID]

# How the human-readable form is made, so that it can be made again from the receipt alone.
TEMPLATE_ID: Final = "urn:notigateway:receipt-template"
TEMPLATE_VERSION: Final = "3"


class RetentionClass(StrEnum):
    """For how long a receipt is kept: the operator's schedule names a time for each class."""

    STANDARD = "standard"
    SPECIAL_CATEGORY = "special_category"


class EvidencePart(Part):
    """An element of a receipt; what is constant in it has its value here."""

    __slots__ = ()
    xmlns = EVIDENCE_1

    @staticmethod
    def child_name(field_name: str) -> str:
        """Return the name of the child that a field declares: `media_type` is `MediaType`."""
        return "".join(map(str.capitalize, field_name.split("_")))


@element
class EvidenceIssuerDetails(EvidencePart):
    """Who attests: the holder of the seal certificate; the identifier where the certificate states one."""

    name: str
    identifier: str | None = None


@element
class SenderDetails(EvidencePart):
    """The issuing body, as it was when the event happened."""

    dir3: str
    name: str
    nif: Annotated[str, Child("Identifier")]


@element
class RecipientDetails(EvidencePart):
    """The addressee."""

    identifier: str
    name: str


@element
class PredecessorDetails(EvidencePart):
    """Whom the act names, where the recipient has taken that place (RD 203/2021 art. 42.4)."""

    identifier: str
    name: str


@element
class DelegateDetails(EvidencePart):
    """Who held the title, in which capacity; `reference` is the power or the RED authorisation that gave it.

    The addressee itself where it acted in its own name. Under policies 1 and 2: who signed.
    """

    role: Annotated[Role, Builtin.WORD]
    identifier: str
    name: str
    reference: str | None = None

    @classmethod
    def of(cls, one: Delegate) -> DelegateDetails:
        """Return what a receipt says of a delegate."""
        return cls(role=one.role, identifier=one.identifier, name=one.name, reference=one.reference)


@element
class SignerDetails(EvidencePart):
    """The natural person who signed; there is none where an entity's seal did.

    `secondary_user` is True where that person works under the authorisation of the delegate; `registration`
    is by which it works for the delegate, where that is an entity that says so itself.
    """

    identifier: str
    name: str
    secondary_user: bool | None = None
    registration: UUID | None = None

    @classmethod
    def of(cls, one: SigningPerson) -> SignerDetails:
        """Return what a receipt says of a person."""
        return cls(
            identifier=one.identifier,
            name=one.name,
            secondary_user=one.is_secondary_user or None,
            registration=one.registration,
        )


@element
class ActorAuthentication(EvidencePart):
    """The certificate by which who signed the request was identified, and when and how it was validated.

    Who signed is the party or, of what was decided elsewhere, the issuing body that reported it.

    `identifier` is the identity read from it, `serial` the decimal serial number, `issuer` RFC 4514.
    `revocation_source` is where its status was learned, `revocation_sha256` the hash of that answer;
    None where no status was asked for. Who does not pass has no receipt. `means` and `level` are those of
    the access.
    """

    method: Word = AUTHENTICATION_METHOD
    certificate_sha256: Word
    issuer: str
    serial: Word
    identifier: str
    validated_at: Annotated[datetime, Child("ValidationTime")]
    revocation_source: str | None = None
    revocation_sha256: Word | None = None
    algorithm_policy: str = ALGORITHM_POLICY
    outcome: Word = "passed"
    means: Annotated[Means, Builtin.WORD] = SIGNED.means
    level: Annotated[Level, Builtin.WORD] = SIGNED.level


@element
class RequestEvidence(EvidencePart):
    """The signed request that decided: SHA-256 of the stored envelope, URI of the signature algorithm."""

    message_id: UUID
    envelope_sha256: Word
    signature_method: str


@element
class ReportDetails(EvidencePart):
    """How a decision taken elsewhere became known: the issuing body (the sender) reported it.

    `reference` is where its own evidence is; `identifier` and `name` say who decided, where it is known;
    `nature` what it was, where the event alone does not say it.
    """

    reported_at: datetime
    reference: str
    identifier: str | None = None
    name: str | None = None
    nature: Word | None = None
    first_attempt_at: datetime | None = None


@element
class PreviousEvidence(EvidencePart):
    """The receipt that was sealed before this one for the same notification, by the hash of its bytes."""

    evidence_id: Annotated[UUID, Child("EvidenceIdentifier")]
    sha256: Word


@element
class AttestedDocument(EvidencePart):
    """A document, by the hash of its bytes; `size` in bytes."""

    document_id: UUID
    media_type: str
    size: Long
    sha256: Word


@element
class StatedMetadata(EvidencePart):
    """Something that the issuing body says of the act besides."""

    key: str
    value: str


@element
class UserContent(EvidencePart):
    """What the notification holds: the act and its documents; what routes it, where the body gave that.

    Receipts of before say nothing of matter, accounts and metadata.
    """

    notification_id: UUID
    notification_code: Long
    act_reference: str
    subject: str
    procedure: str
    matter: str | None = None
    ccc: str | None = None
    naf: str | None = None
    metadata: Annotated[tuple[StatedMetadata, ...], Child("Metadata")] = ()
    documents: Annotated[tuple[AttestedDocument, ...], Child("Document", least=1)]


@element
class Parties(EvidencePart):
    """What of a statement stands in the receipt as it is: who, by which proof, and about what."""

    issuer: Annotated[EvidenceIssuerDetails | None, Child("EvidenceIssuerDetails")] = None
    sender: Annotated[SenderDetails, Child("SenderDetails")]
    recipient: Annotated[RecipientDetails, Child("RecipientDetails")]
    predecessor: Annotated[PredecessorDetails | None, Child("PredecessorDetails")] = None
    delegate: Annotated[DelegateDetails | None, Child("DelegateDetails")] = None
    signer: Annotated[SignerDetails | None, Child("SignerDetails")] = None
    authentication: Annotated[ActorAuthentication | None, Child("ActorAuthentication")] = None
    request: Annotated[RequestEvidence | None, Child("RequestEvidence")] = None
    report: ReportDetails | None = None
    content: Annotated[UserContent, Child("UserContentInfo")]
    previous: Annotated[PreviousEvidence | None, Child("PreviousEvidence")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Parties):
    """One fact about one notification, ready to be sealed.

    `event` is the state that began at `event_time` (`read`: the content was handed over);
    `submission_time` is when it was put at disposal. What no party caused (put at disposal, lapse) has
    no channel, delegate, authentication or request. `ground` is why the addressee was obliged when it was
    put at disposal, `paper` why it is practised on paper all the same. `outages` are those declared within
    the term, on a lapse only. `csv_code` finds the receipt for who holds its printed form.
    """

    evidence_id: UUID
    event: State
    nature: Nature | None = None
    event_time: datetime
    submission_time: datetime
    deadline: datetime | None = None
    ground: Ground | None = None
    paper: Paper | None = None
    channel: Channel | None = None
    reason: str | None = None
    outages: Sequence[Outage] | None = None
    csv_code: str | None = None
    retention: RetentionClass = RetentionClass.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """What a receipt says that its holder compares with a notification and its files.

    `sha256` is the hash of the original, `timestamped_at` what a trusted time-stamp says, if there is one.
    """

    receipt_id: UUID
    state: State
    event_time: datetime
    notification_id: UUID
    notification_code: int
    addressee: str
    documents: tuple[AttestedDocument, ...]
    reported_at: datetime | None = None
    previous: PreviousEvidence | None = None
    csv_code: str | None = None
    sha256: str = ""
    timestamped_at: datetime | None = None
    nature: Nature | None = None

    @property
    def sealed_at(self) -> datetime:
        """When it was sealed: at the event, or when the gateway was told of it."""
        return self.reported_at or self.event_time


def read_facts(evidence: _Element) -> ReceiptFacts:
    """Return the facts of an `Evidence` element, whose seal was verified before.

    Raises `ValueError` or `KeyError` when an element is missing, doubled or unreadable.
    """
    content = only(evidence, _name("UserContentInfo"))
    report, previous = _find(evidence, "Report"), _find(evidence, "PreviousEvidence")
    rendition = _find(evidence, "HumanRendition")
    return ReceiptFacts(
        receipt_id=UUID(_text(evidence, "EvidenceIdentifier")),
        state=STATES[_text(evidence, "ERDSEventId")],
        event_time=datetime.fromisoformat(_text(evidence, "EventTime")),
        notification_id=UUID(_text(content, "NotificationId")),
        notification_code=int(_text(content, "NotificationCode")),
        addressee=_text(only(evidence, _name("RecipientDetails")), "Identifier"),
        documents=tuple(read(AttestedDocument, one) for one in content.iterchildren(_name("Document"))),
        reported_at=None if report is None else datetime.fromisoformat(_text(report, "ReportedAt")),
        previous=None if previous is None else read(PreviousEvidence, previous),
        csv_code=None if rendition is None else _text(rendition, "CsvCode"),
        nature=nature_of(
            _text(evidence, "ERDSEventId"),
            reported=None if report is None else report.findtext(_name("Nature")),
        ),
    )


def parse_receipt(data: bytes) -> _Element:
    """Return the root of a receipt; nothing is fetched, nothing expanded. Raises: `XMLSyntaxError`."""
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def only(element: _Element, tag: str) -> _Element:
    """Return the one child of that name. Raises `ValueError` when there is none or a second one."""
    (found,) = element.iterchildren(tag)
    return found


def _find(element: _Element, local: str) -> _Element | None:
    """Return the child that may be there once. Raises `ValueError` when there is a second one."""
    return None if element.find(_name(local)) is None else only(element, _name(local))


def _text(element: _Element, local: str) -> str:
    return only(element, _name(local)).text or ""
