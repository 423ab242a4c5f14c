"""What is published from: a checked act whose documents are in the store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from notigateway.instants import instant_text
from notigateway.law.submission import ActSubmission, StoredDocument, SubmittedDocument

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Deposit:
    """A checked act whose documents are in the store; `submission` no longer carries their bytes."""

    submission: ActSubmission
    documents: tuple[StoredDocument, ...]

    @cached_property
    def sha256(self) -> str:
        """Return the hash of everything that was submitted: equal means the same submission."""
        # Field by field: `asdict` copies every value, and takes longer than the hash.
        submitted = {
            **vars(self.submission),
            "addressee": vars(self.submission.addressee),
            "documents": [vars(d) for d in self.documents],
        }
        # Always false in what was checked: not part of the hash, which is older than they are.
        del submitted["means_of_payment"], submitted["non_convertible"]
        for later in ("named_ground", "paper"):
            if submitted[later] is None:
                del submitted[later]
        if not submitted["metadata"]:
            del submitted["metadata"]
        canonical = json.dumps(submitted, sort_keys=True, separators=(",", ":"), default=instant_text)
        return hashlib.sha256(canonical.encode()).hexdigest()


def deposit_of(checked: ActSubmission, hashes: Iterator[str]) -> Deposit:
    """Return what was checked, its documents named by the next hashes, in their order."""
    documents = tuple(_stored(document, hashes) for document in checked.documents)
    return Deposit(replace(checked, documents=()), documents)


def _stored(document: SubmittedDocument | StoredDocument, hashes: Iterator[str]) -> StoredDocument:
    """Return a document as it was stored; the next hash is that of the next one that came with its bytes."""
    if isinstance(document, StoredDocument):
        return document
    return StoredDocument(document.name, document.media_type, len(document.content), next(hashes))
