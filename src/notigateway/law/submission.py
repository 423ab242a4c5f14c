"""An act as an issuing body hands it over, and the checks it must pass; pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from notigateway.errors import InvalidActError, NeverElectronicError
from notigateway.instants import to_milliseconds
from notigateway.law.grounds import NAMEABLE_GROUNDS
from notigateway.law.identifiers import check_ccc, check_dir3, check_naf, check_nif
from notigateway.law.lifecycle import Kind
from notigateway.law.metadata import ASSIGNS, KEY_MAX, PAIRS_MAX, VALUE_MAX
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.law.grounds import Ground, Paper
    from notigateway.law.metadata import Pairs

# What the administration's catalogue of document formats allows and a notification can carry: never
# programs, never pages that load something when opened.
MEDIA_TYPES = frozenset(
    {
        "application/json",
        "application/pdf",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/xml",
        "application/zip",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "text/csv",
        "text/plain",
        "text/xml",
    }
)
DOCUMENTS_MAX = 100
SCHEDULED_AHEAD_MAX = timedelta(days=366)
# Longest texts, in characters: what the rows hold.
NAME_MAX = 255
_TEXTS = {"reference": 64, "subject": 255, "procedure": 16, "matter": 64}


@dataclass(frozen=True)
class SubmittedDocument:
    """A document as the issuing body hands it over."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class StoredDocument:
    """A document whose bytes are in the store already."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class SubmittedAddressee:
    """For whom an act is; the contribution account and the affiliation number where they are known."""

    identifier: str
    name: str
    ccc: str | None = None
    naf: str | None = None


@dataclass(frozen=True, kw_only=True)
class ActSubmission:
    """An act as the issuing body hands it over; `issuing_body` is its DIR3 code.

    Without `available_at` it is put at disposal when it is published. `voluntary` says that to the body's
    knowledge the addressee is not obliged, `named_ground` on which ground it is; the register decides
    (`obligation.access_to`). `paper` says why an act to somebody obliged is practised on paper: here it
    never lapses. `means_of_payment` and `non_convertible` say what an act must not have to be notified here;
    the body must tell.
    """

    issuing_body: str
    reference: str
    subject: str
    procedure: str
    matter: str
    addressee: SubmittedAddressee
    documents: tuple[SubmittedDocument | StoredDocument, ...] = field(repr=False)
    kind: Kind = Kind.NOTIFICATION
    available_at: datetime | None = None
    voluntary: bool = False
    named_ground: Ground | None = None
    paper: Paper | None = None
    special_category: bool = False
    means_of_payment: bool = False
    non_convertible: bool = False
    metadata: Pairs = ()


def check_act(submission: ActSubmission, *, document_max_bytes: int) -> ActSubmission:
    """Return the submission with its identifiers and its instant in their one form.

    Raises: `InvalidActError` with the facts `field` and `problem`; `NeverElectronicError`.
    """
    for name in ("means_of_payment", "non_convertible"):  # Orden ISM/903/2020 art. 3.2 and 5
        if getattr(submission, name):
            raise NeverElectronicError(f"{name}: never notified electronically", field=name)
    for name, longest in _TEXTS.items():
        check_text(name, getattr(submission, name), longest=longest)
    _check_documents(submission.documents, document_max_bytes)
    _check_metadata(submission.metadata)
    _check_channel(submission)
    return replace(
        submission,
        issuing_body=check_identifier("issuing_body", submission.issuing_body, check_dir3),
        addressee=_check_addressee(submission.addressee),
        available_at=_check_instant(submission.available_at),
    )


def _check_channel(submission: ActSubmission) -> None:
    """Check that what the body says of the channel does not contradict itself."""
    if submission.named_ground is not None and submission.named_ground not in NAMEABLE_GROUNDS:
        raise invalid("obligation_ground", "not_allowed", "is known by the register of powers alone")
    if submission.named_ground is not None and submission.voluntary:
        raise invalid("voluntary", "contradiction", "names a ground of an obligation as well")
    if submission.paper is not None and submission.kind is Kind.COMMUNICATION:
        raise invalid("paper", "not_allowed", "is practised of notifications, a communication has no effect")


def _check_addressee(addressee: SubmittedAddressee) -> SubmittedAddressee:
    """Return the addressee with its numbers in their one form."""
    check_text("addressee.name", addressee.name, longest=NAME_MAX)
    return SubmittedAddressee(
        identifier=check_identifier("addressee.identifier", addressee.identifier, check_nif),
        name=addressee.name,
        ccc=None if addressee.ccc is None else check_identifier("addressee.ccc", addressee.ccc, check_ccc),
        naf=None if addressee.naf is None else check_identifier("addressee.naf", addressee.naf, check_naf),
    )


def _check_instant(instant: datetime | None) -> datetime | None:
    """Return the instant in UTC, in whole milliseconds."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise invalid("available_at", "no_zone", "needs a zone, for example Z or +01:00")
    try:
        return to_milliseconds(instant.astimezone(UTC))
    except OverflowError as error:
        raise invalid("available_at", "out_of_range", "cannot be expressed in UTC") from error


def _check_documents(
    documents: tuple[SubmittedDocument | StoredDocument, ...], document_max_bytes: int
) -> None:
    """Check number, names, media types and sizes."""
    if not 1 <= len(documents) <= DOCUMENTS_MAX:
        raise invalid("documents", "count", f"must be 1 to {DOCUMENTS_MAX}")
    names: set[str] = set()
    for index, document in enumerate(documents):
        place = f"documents[{index}]"
        check_text(f"{place}.name", document.name, longest=NAME_MAX)
        if "/" in document.name or "\\" in document.name or document.name in {".", ".."}:
            raise invalid(f"{place}.name", "path", "must be a name, not a path")
        if document.name in names:
            raise invalid(f"{place}.name", "repeated", "is the name of another document of this act")
        names.add(document.name)
        if document.media_type not in MEDIA_TYPES:
            raise invalid(
                f"{place}.media_type", "not_allowed", f"is not one of {', '.join(sorted(MEDIA_TYPES))}"
            )
        size = document.size if isinstance(document, StoredDocument) else len(document.content)
        if not 1 <= size <= document_max_bytes:
            raise invalid(f"{place}.content", "size", f"must have 1 to {document_max_bytes} bytes")


def _check_metadata(pairs: Pairs) -> None:
    """Check number, keys and values."""
    if len(pairs) > PAIRS_MAX:
        raise invalid("metadata", "count", f"must be at most {PAIRS_MAX}")
    keys: set[str] = set()
    for index, (key, value) in enumerate(pairs):
        place = f"metadata[{index}]"
        check_text(f"{place}.key", key, longest=KEY_MAX)
        check_text(f"{place}.value", value, longest=VALUE_MAX)
        if ASSIGNS in key:
            raise invalid(
                f"{place}.key", "character", f"has {ASSIGNS} in it", position=key.index(ASSIGNS) + 1
            )
        if key in keys:
            raise invalid(f"{place}.key", "repeated", "is the key of another pair of this act")
        keys.add(key)


def check_text(name: str, text: str, *, longest: int) -> None:
    """Check that a text can be shown, stored and written into XML as it is."""
    if not text.strip():
        raise invalid(name, "empty", "is empty")
    if len(text) > longest:
        raise invalid(name, "too_long", f"has more than {longest} characters")
    if text != text.strip():
        raise invalid(name, "white_space", "begins or ends with white space")
    position = hidden_at(text)
    if position is not None:
        explanation = f"character {position} controls, hides, turns the direction, or is none in XML"
        raise invalid(name, "character", explanation, position=position)


def available_from(wanted: datetime | None, now: datetime) -> datetime:
    """Return when an act is put at disposal: never in the past, it would shorten the ten days.

    Raises: `InvalidActError` with the facts `field` and `problem`.
    """
    if wanted is None:
        return now
    if wanted < now:
        raise invalid("available_at", "in_the_past", "lies in the past")
    if wanted > now + SCHEDULED_AHEAD_MAX:
        raise invalid("available_at", "too_far_ahead", f"is more than {SCHEDULED_AHEAD_MAX.days} days ahead")
    return wanted


def check_identifier(name: str, text: str, check: Callable[[str], str]) -> str:
    """Return the identifier in its one form."""
    try:
        return check(text)
    except ValueError as error:
        raise invalid(name, "identifier", str(error)) from error


def invalid(name: str, problem: str, explanation: str, **facts: int) -> InvalidActError:
    """Return the error for one field; facts and detail hold our words, never what was submitted."""
    return InvalidActError(f"{name}: {explanation}", field=name, problem=problem, **facts)
