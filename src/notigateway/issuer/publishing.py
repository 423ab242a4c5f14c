"""The issuing body's side: publish.

In two steps: `Publishing.deposit` checks a submission and stores its documents, without a transaction;
`publish` takes only what was deposited. So a committed act always has its documents, however slow
the store is, and no transaction waits for a store. Documents whose act is refused in the end stay
behind unused: they are named by their content, and the next attempt finds them there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from notigateway.errors import IssuingBodyUnknownError, PublicationError, ReferenceConflictError
from notigateway.instants import instant_text, to_milliseconds
from notigateway.issuer.succeeding import addressee_of
from notigateway.law.identifiers import check_dir3, check_nif
from notigateway.law.obligation import Issued
from notigateway.law.submission import (
    NAME_MAX,
    ActSubmission,
    StoredDocument,
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
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.issuer import keep_upload
from notigateway.repository.model import Act, Document, Notification
from notigateway.repository.obliging import Obliging
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.evidence.sealing import Seal
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.model import IssuingBody
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Deposit:
    """A checked act whose documents are in the store; `submission` no longer carries their bytes."""

    submission: ActSubmission
    documents: tuple[StoredDocument, ...]

    @cached_property
    def sha256(self) -> str:
        """Return the hash of everything that was submitted: equal means the same submission."""
        submitted = {**asdict(self.submission), "documents": [asdict(d) for d in self.documents]}
        # Always false in what was checked: not part of the hash, which is older than they are.
        del submitted["means_of_payment"], submitted["non_convertible"]
        for later in ("named_ground", "paper"):
            if submitted[later] is None:
                del submitted[later]
        canonical = json.dumps(submitted, sort_keys=True, separators=(",", ":"), default=instant_text)
        return hashlib.sha256(canonical.encode()).hexdigest()


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

    def deposit(self, submission: ActSubmission) -> Deposit:
        """Check a submission and store its documents; nothing is at anybody's disposal yet.

        Raises: `InvalidActError` naming the field, `NeverElectronicError`, `TemporarilyUnavailableError`.
        """
        checked = check_act(submission, document_max_bytes=self.document_max_bytes)
        stored = tuple(map(self._store, checked.documents))
        return Deposit(replace(checked, documents=()), stored)

    def _store(self, document: SubmittedDocument | StoredDocument) -> StoredDocument:
        """Store a document, unless it was stored before."""
        if isinstance(document, StoredDocument):
            return document
        sha256 = self.store.put(document.content)
        return StoredDocument(document.name, document.media_type, len(document.content), sha256)

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

        What is at disposal now has its sealed receipt in the same transaction; what will be gets it when
        its time has come (`clock.lapsing.sweep`, or the first decision).

        Raises: `IssuingBodyUnknownError`, `ReferenceConflictError` for a reference that names another
        act, `InvalidActError` for a time that has passed; `TemporarilyUnavailableError` where the seal cannot
        be used now, also for what is sealed later: an act is not taken in that nobody could attest.
        """
        submission = deposit.submission
        acts.wait_for_turn_to_publish(session)
        body = acts.find_issuing_body(session, submission.issuing_body)
        if body is None:
            raise IssuingBodyUnknownError(f"issuing_body: {submission.issuing_body} is not registered")
        earlier = acts.find_act(session, body, submission.reference)
        if earlier is not None:
            if earlier.submission_sha256 != deposit.sha256:
                raise ReferenceConflictError(f"reference: {submission.reference} names another act")
            # A repeat is idempotent: the act stands as it was published, even if its time, in the future
            # then, has come meanwhile.
            return Publication(acts.get_notification_of(session, earlier), is_new=False)
        self.seal.check(now)
        available_at = available_from(submission.available_at, to_milliseconds(now))
        act = _write_act(session, body, deposit, now=now)
        notification = self._put_at_disposal(session, act, submission, available_at=available_at, now=now)
        record_put_at_disposal(notification, now=now, seal=self.seal)
        return Publication(notification, is_new=True)

    def publish_all(
        self, session: Session, deposits: Sequence[Deposit], *, now: datetime
    ) -> list[Publication | PublicationError]:
        """Publish each act; one that is refused leaves its reason in its place and its neighbours alone."""
        return [self._publish_or_refuse(session, deposit, now=now) for deposit in deposits]

    def _publish_or_refuse(
        self, session: Session, deposit: Deposit, *, now: datetime
    ) -> Publication | PublicationError:
        """Publish one act of several; the savepoint takes back whatever a refused one has written."""
        try:
            with session.begin_nested():
                return self.publish(session, deposit, now=now)
        except PublicationError as refusal:
            return refusal

    def _put_at_disposal(
        self,
        session: Session,
        act: Act,
        submission: ActSubmission,
        *,
        available_at: datetime,
        now: datetime,
    ) -> Notification:
        """Write the notification and its first event."""
        named = submission.addressee
        named_row = ensure_addressee(session, identifier=named.identifier, name=named.name)
        addressee = addressee_of(session, named_row, act, at=to_milliseconds(now))
        is_its_own = addressee is named_row
        issued = Issued(
            kind=submission.kind,
            matter=submission.matter,
            procedure=submission.procedure,
            # Known of whom the act names, not of who has taken its place.
            named_ground=submission.named_ground if is_its_own else None,
            paper=submission.paper,
        )
        access = self.obliging.access(session, addressee, issued, at=available_at)
        lapses_at = self.obliging.deadline(access, available_at)
        notification = Notification.put_at_disposal(
            publish(available_at=available_at, deadline=lapses_at, now=to_milliseconds(now)),
            act=act,
            addressee=addressee,
            kind=submission.kind,
            available_at=available_at,
            access=access,
            now=now,
        )
        if not is_its_own:
            notification.take_the_place(named_row, named.name)
            act.addressee_name = addressee.name
        session.add(notification)
        session.flush()
        return notification


def keep_uploads(
    session: Session, body: IssuingBody, uploads: Sequence[UploadedDocument], *, now: datetime
) -> None:
    """Remember who has stored the documents: only the same body may name them in its acts."""
    for upload in uploads:
        keep_upload(session, body, sha256=upload.sha256, size=upload.size, now=now)


def _write_act(session: Session, body: IssuingBody, deposit: Deposit, *, now: datetime) -> Act:
    """Write the act and the index of its documents."""
    submission = deposit.submission
    act = Act(
        id=uuid7(now),
        issuing_body=body,
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
        issuing_body_name=body.name,
        issuing_body_nif=body.nif,
        documents=[
            Document(id=uuid7(now), position=position, **asdict(document))
            for position, document in enumerate(deposit.documents, start=1)
        ],
    )
    session.add(act)
    return act
