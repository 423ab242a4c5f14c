"""Reads one line of `manifest.jsonl`: an act in JSON, its documents as files beside the manifest.

    {"issuing_body": "E04921401", "reference": "2026/000123", "subject": "...", "procedure": "202301",
     "matter": "collection", "kind": "notification",
     "addressee": {"identifier": "B12345674", "name": "...", "ccc": "...", "naf": "..."},
     "documents": [{"file": "123/resolution.pdf", "name": "resolution.pdf", "media_type": "application/pdf"}],
     "available_at": "2026-12-01T08:00:00+01:00", "voluntary": false, "special_category": false,
     "obligation_ground": "c", "paper": null, "means_of_payment": false, "non_convertible": false,
     "metadata": [{"key": "period", "value": "2026-01"}]}

`kind` is `notification` or `communication`. May be left out: `kind` (notification), `ccc`, `naf`, a
document's `name` (the last part of `file`), `available_at` (at once), `voluntary` (false; it decides
nothing, the register does), `obligation_ground` (none; `a`, `b` or `c`: on which ground the addressee is
obliged to the body's knowledge), `paper` (none; why an act to somebody obliged is practised on paper:
`first_ex_officio`, `on_appearance`, `direct_delivery` or `urgency`), `special_category` (false),
`means_of_payment` and `non_convertible` (false; an act that has either is refused), `metadata` (none; at most
20 pairs for sorting, which anybody reads who may see the list row). Any other key is an error.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from notigateway.errors import InvalidActError
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Kind
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument, invalid

LINE_MAX_BYTES = 1024 * 1024


class _Strict(BaseModel):
    """Nothing is guessed: types are exact and unknown keys are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ManifestDocument(_Strict):
    """A document's file and how it is called."""

    file: str
    media_type: str
    name: str | None = None


class ManifestAddressee(_Strict):
    """For whom the act is."""

    identifier: str
    name: str
    ccc: str | None = None
    naf: str | None = None


class ManifestMetadata(_Strict):
    """Something that the body says of the act besides."""

    key: str
    value: str


class ManifestAct(_Strict):
    """One line."""

    issuing_body: str
    reference: str
    subject: str
    procedure: str
    matter: str
    addressee: ManifestAddressee
    documents: tuple[ManifestDocument, ...] = Field(strict=False)
    kind: Kind = Kind.NOTIFICATION
    available_at: AwareDatetime | None = None
    voluntary: bool = False
    obligation_ground: Ground | None = Field(default=None, strict=False)
    paper: Paper | None = Field(default=None, strict=False)
    special_category: bool = False
    means_of_payment: bool = False
    non_convertible: bool = False
    metadata: tuple[ManifestMetadata, ...] = Field(default=(), strict=False)


def read_line(line: bytes, *, folder: Path, document_max_bytes: int) -> ActSubmission:
    """Return the act of one line with the bytes of its documents.

    Raises: `InvalidActError` for whatever is wrong with the line or its files.
    """
    act = parse_line(line)
    documents = tuple(
        SubmittedDocument(
            name=PurePosixPath(document.file).name if document.name is None else document.name,
            media_type=document.media_type,
            content=_read_document(
                folder, document.file, place=f"documents[{index}].file", limit=document_max_bytes
            ),
        )
        for index, document in enumerate(act.documents)
    )
    return ActSubmission(
        **act.model_dump(exclude={"addressee", "documents", "obligation_ground", "metadata"}),
        named_ground=act.obligation_ground,
        metadata=tuple((one.key, one.value) for one in act.metadata),
        addressee=SubmittedAddressee(**act.addressee.model_dump()),
        documents=documents,
    )


def parse_line(line: bytes) -> ManifestAct:
    """Return the line as it stands, files not yet looked at.

    Raises: `InvalidActError`.
    """
    if len(line) > LINE_MAX_BYTES:
        raise invalid("line", "size", f"has more than {LINE_MAX_BYTES} bytes")
    try:
        return ManifestAct.model_validate_json(line)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in error.errors()]
        raise InvalidActError("; ".join(problems), field="line", problem="json") from error


def _read_document(folder: Path, name: str, *, place: str, limit: int) -> bytes:
    """Return a file's bytes; it must lie in the folder, links followed."""
    root = folder.resolve()
    try:
        file = (root / name).resolve(strict=True)
        if not file.is_relative_to(root):
            raise invalid(place, "outside", "leads out of the folder")
        if not file.is_file():
            raise invalid(place, "no_file", "is not a file")
        if file.stat().st_size > limit:
            raise invalid(place, "size", f"has more than {limit} bytes")
        return file.read_bytes()
    # Links in a circle are a RuntimeError up to Python 3.12, a zero byte in the name is a ValueError.
    except (OSError, RuntimeError, ValueError) as error:
        raise invalid(place, "no_file", "cannot be read") from error
