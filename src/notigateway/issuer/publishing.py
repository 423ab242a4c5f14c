"""The issuing body's side: publish.

In two steps: `Publishing.deposit` checks a submission and stores its documents, without a transaction;
`publish` takes only what was deposited. So a committed act always has its documents, however slow
the store is, and no transaction waits for a store. Documents whose act is refused in the end stay
behind unused: they are named by their content, and the next attempt finds them there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from notigateway.errors import IssuingBodyUnknownError, PublicationError, ReferenceConflictError
from notigateway.instants import to_milliseconds
from notigateway.issuer.deposits import deposit_of
from notigateway.issuer.succeeding import addressee_of
from notigateway.law.identifiers import check_dir3, check_nif
from notigateway.law.metadata import as_text
from notigateway.law.obligation import Issued
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.law.submission import (
    NAME_MAX,
    ActSubmission,
    SubmittedDocument,
    available_from,
    check_act,
    check_identifier,
    check_text,
    invalid,
)
from notigateway.law.transitions import publish
from notigateway.receipts.recording import record_put_at_disposal
from notigateway.repository import acts
from notigateway.repository.addressees import ensure_addressees
from notigateway.repository.issuer import keep_upload
from notigateway.repository.making import make
from notigateway.repository.model import Act, Document, Notification
from notigateway.repository.notices import queue_available
from notigateway.repository.obliging import Obliging
from notigateway.repository.publications import draw_codes, write_publications
from notigateway.repository.successions import with_successor
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from notigateway.evidence.sealing import Seal
    from notigateway.issuer.deposits import Deposit
    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.model import Addressee, IssuingBody
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Publication:
    """What became of a submission; `is_new` is false where the same one was published before."""

    notification: Notification
    is_new: bool


def register_issuing_body(session: Session, *, dir3: str, acronym: str, name: str, nif: str) -> IssuingBody:
    """Register who may issue acts, or rename it; repeating changes nothing.

    Raises: `InvalidActError`.
    """
    check_text("acronym", acronym, longest=16)
    check_text("name", name, longest=NAME_MAX)
    return acts.ensure_issuing_body(
        session,
        dir3=check_identifier("dir3", dir3, check_dir3),
        acronym=acronym,
        name=name,
        nif=check_identifier("nif", nif, check_nif),
    )


@dataclass(frozen=True)
class UploadedDocument:
    """The hash under which an uploaded document may be named."""

    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Where an issuing body's acts go, how it is found who is obliged, and how they are attested."""

    store: DocumentStore
    seal: Seal = field(repr=False)
    document_max_bytes: int
    obliging: Obliging = field(default_factory=Obliging)
    rights: RightsPolicy = DEFAULT_RIGHTS

    def deposit(self, submission: ActSubmission) -> Deposit:
        """Check a submission and store its documents; nothing is at anybody's disposal yet.

        Raises: `InvalidActError` naming the field, `NeverElectronicError`, `TemporarilyUnavailableError`.
        """
        (one,) = self.deposit_all([submission])
        if isinstance(one, PublicationError):
            raise one
        return one

    def deposit_all(self, submissions: Sequence[ActSubmission]) -> list[Deposit | PublicationError]:
        """Do so with several; of one that is refused nothing is stored, and it leaves its reason.

        Raises: `TemporarilyUnavailableError`.
        """
        checked = list(map(self._check, submissions))
        contents = [
            document.content
            for one in checked
            if isinstance(one, ActSubmission)
            for document in one.documents
            if isinstance(document, SubmittedDocument)
        ]
        hashes = iter(self.store.put_all(contents))
        return [deposit_of(one, hashes) if isinstance(one, ActSubmission) else one for one in checked]

    def _check(self, submission: ActSubmission) -> ActSubmission | PublicationError:
        try:
            return check_act(submission, document_max_bytes=self.document_max_bytes)
        except PublicationError as refusal:
            return refusal

    def store_uploads(self, contents: Sequence[bytes]) -> list[UploadedDocument | PublicationError]:
        """Store documents that acts will name by their hash; one that is refused leaves its reason.

        Raises: `TemporarilyUnavailableError`.
        """
        results: list[UploadedDocument | PublicationError] = []
        for content in contents:
            if 1 <= len(content) <= self.document_max_bytes:
                results.append(UploadedDocument(self.store.put(content), len(content)))
            else:
                results.append(invalid("content", "size", f"must have 1 to {self.document_max_bytes} bytes"))
        return results

    def publish(self, session: Session, deposit: Deposit, *, now: datetime) -> Publication:
        """Put an act at the disposal of its addressee, from `now` or from its own time on.

        Raises: `IssuingBodyUnknownError`, `ReferenceConflictError` for a reference that names another
        act, `InvalidActError` for a time that has passed; what `publish_all` raises.
        """
        (one,) = self.publish_all(session, [deposit], now=now)
        if isinstance(one, PublicationError):
            raise one
        return one

    def publish_all(
        self, session: Session, deposits: Sequence[Deposit], *, now: datetime
    ) -> list[Publication | PublicationError]:
        """Publish each act; one that is refused leaves its reason in its place and its neighbours alone.

        What is at disposal now has its sealed receipt in the same transaction; what will be gets it when
        its time has come (`clock.lapsing.sweep`, or the first decision).

        Raises: `TemporarilyUnavailableError` where the seal cannot be used now, also for what is sealed
        later: an act is not taken in that nobody could attest.
        """
        acts.wait_for_turn_to_publish(session)
        taken_in: dict[_Name, _TakenIn] = {}
        outcomes = list(self._judge_all(session, deposits, taken_in, now=now))
        notifications = self._put_at_disposal(session, list(taken_in.values()), now=now)
        new = dict(zip(taken_in, notifications, strict=True))
        # Of an act that stands several times among them the first one is new.
        return [
            Publication(new[one.name], one.is_first) if isinstance(one, _New) else one for one in outcomes
        ]

    def _judge_all(
        self,
        session: Session,
        deposits: Sequence[Deposit],
        taken_in: dict[_Name, _TakenIn],
        *,
        now: datetime,
    ) -> Iterator[_New | Publication | PublicationError]:
        """Say of each act what becomes of it, and collect what is taken in; nothing is written yet."""
        bodies = acts.find_issuing_bodies(session, {one.submission.issuing_body for one in deposits})
        published = {
            (body.dir3, reference): row
            for body in bodies.values()
            for reference, row in acts.find_published(session, body, _references(deposits, body)).items()
        }
        for deposit in deposits:
            try:
                yield self._judge(deposit, bodies, published, taken_in, now=now)
            except PublicationError as refusal:
                yield refusal

    def _judge(
        self,
        deposit: Deposit,
        bodies: Mapping[str, IssuingBody],
        published: Mapping[_Name, Notification],
        taken_in: dict[_Name, _TakenIn],
        *,
        now: datetime,
    ) -> _New | Publication:
        """Take an act in, unless it was before. Raises: `PublicationError`, `TemporarilyUnavailableError`."""
        submission = deposit.submission
        name = (submission.issuing_body, submission.reference)
        body = bodies.get(submission.issuing_body)
        if body is None:
            raise IssuingBodyUnknownError(f"issuing_body: {submission.issuing_body} is not registered")
        if name in published:
            _check_same(published[name].act.submission_sha256, deposit)
            # A repeat is idempotent: the act stands as it was published, even if its time, in the future
            # then, has come meanwhile.
            return Publication(published[name], is_new=False)
        if name in taken_in:
            _check_same(taken_in[name].deposit.sha256, deposit)
            return _New(name, is_first=False)
        self.seal.check(now)
        available_at = available_from(submission.available_at, to_milliseconds(now))
        taken_in[name] = _TakenIn(deposit, body, available_at)
        return _New(name, is_first=True)

    def _put_at_disposal(
        self, session: Session, taken_in: Sequence[_TakenIn], *, now: datetime
    ) -> list[Notification]:
        """Write the acts with their notifications and first events, and attest those that are at disposal."""
        submitted = [one.deposit.submission.addressee for one in taken_in]
        named = ensure_addressees(session, {one.identifier: one.name for one in reversed(submitted)})
        succeeded = with_successor(session, named.values())
        written = [_act_of(one, now=now) for one in taken_in]
        addressees = [named[one.identifier] for one in submitted]
        to = [
            addressee_of(session, row, act, at=to_milliseconds(now)) if row.id in succeeded else row
            for row, act in zip(addressees, written, strict=True)
        ]
        registered = self.obliging.registered(session, {row.id: row for row in to}.values())
        codes = draw_codes(session, len(taken_in))
        notifications = []
        for one, act, addressee, code in zip(taken_in, written, to, codes, strict=True):
            submission = one.deposit.submission
            named_row = named[submission.addressee.identifier]
            access = registered.access(addressee, _issued_of(submission, addressee), at=one.available_at)
            notification = Notification.put_at_disposal(
                publish(
                    available_at=one.available_at,
                    deadline=self.obliging.deadline(access, one.available_at),
                    now=to_milliseconds(now),
                ),
                act=act,
                addressee=addressee,
                code=code,
                kind=submission.kind,
                available_at=one.available_at,
                access=access,
                now=now,
            )
            if addressee is not named_row:
                notification.take_the_place(named_row, submission.addressee.name)
                act.addressee_name = addressee.name
            record_put_at_disposal(notification, now=now, seal=self.seal)
            notifications.append(notification)
        write_publications(session, notifications)
        at_disposal = [one for one in notifications if one.available_at <= now]
        queue_available(session, at_disposal, rights=self.rights, now=now)
        return notifications


_Name: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class _TakenIn:
    """An act that will be written."""

    deposit: Deposit
    body: IssuingBody
    available_at: datetime


@dataclass(frozen=True)
class _New:
    """That an act of that name is among those that will be written."""

    name: _Name
    is_first: bool


def _references(deposits: Sequence[Deposit], body: IssuingBody) -> set[str]:
    submissions = (one.submission for one in deposits)
    return {one.reference for one in submissions if one.issuing_body == body.dir3}


def _check_same(sha256: str, deposit: Deposit) -> None:
    """Check that what has the act's name is the same submission. Raises: `ReferenceConflictError`."""
    if sha256 != deposit.sha256:
        raise ReferenceConflictError(f"reference: {deposit.submission.reference} names another act")


def _issued_of(submission: ActSubmission, addressee: Addressee) -> Issued:
    """Return what the rules need to know of an act for whom it goes to."""
    is_its_own = addressee.identifier == submission.addressee.identifier
    return Issued(
        kind=submission.kind,
        matter=submission.matter,
        procedure=submission.procedure,
        # Known of whom the act names, not of who has taken its place.
        named_ground=submission.named_ground if is_its_own else None,
        paper=submission.paper,
    )


def keep_uploads(
    session: Session, body: IssuingBody, uploads: Sequence[UploadedDocument], *, now: datetime
) -> None:
    """Remember who has stored the documents: only the same body may name them in its acts."""
    for upload in uploads:
        keep_upload(session, body, sha256=upload.sha256, size=upload.size, now=now)


def _act_of(taken_in: _TakenIn, *, now: datetime) -> Act:
    """Return the act with the index of its documents."""
    deposit, body = taken_in.deposit, taken_in.body
    submission, identifier = deposit.submission, uuid7(now)
    return make(
        Act,
        id=identifier,
        issuing_body=body,
        issuing_body_id=body.id,
        reference=submission.reference,
        subject=submission.subject,
        procedure=submission.procedure,
        matter=submission.matter,
        special_category=submission.special_category,
        named_ground=submission.named_ground,
        paper=submission.paper,
        submission_sha256=deposit.sha256,
        document_sizes=" ".join(str(d.size) for d in deposit.documents),
        addressee_name=submission.addressee.name,
        ccc=submission.addressee.ccc,
        naf=submission.addressee.naf,
        public_metadata=as_text(submission.metadata),
        issuing_body_name=body.name,
        issuing_body_nif=body.nif,
        documents=[
            make(Document, id=uuid7(now), act_id=identifier, position=position, **vars(document))
            for position, document in enumerate(deposit.documents, start=1)
        ],
    )
