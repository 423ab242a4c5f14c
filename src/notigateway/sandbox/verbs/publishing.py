"""To publish: an issuing body puts an act at somebody's disposal."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from notigateway.instants import instant_text
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import Kind
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.repository.engine import writing
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import BODIES, CCC, NAF
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_SUBJECT: Final = "Requerimiento de documentación"
_PROCEDURE, _MATTER = "9900101", "company_registration"
_SEVERAL_MAX: Final = 10_000
_DOCUMENT: Final = "DOCUMENTO DE PRUEBA SIN VALOR ADMINISTRATIVO\n"


@verb("publish")
def publish(world: World, wanted: Given) -> dict[str, Any]:
    """Put an act, or several, at somebody's disposal: by default at the company's."""
    several = wanted.whole("count", least=1, most=_SEVERAL_MAX) or 1
    submission = read_submission(world, wanted)
    wanted.end()
    made = []
    with world.using() as office:
        for number in range(1, several + 1):
            deposit = office.publishing.deposit(numbered(submission, number, several))
            with writing(office.engine) as session:
                published = office.publishing.publish(session, deposit, now=world.clock())
                row = published.notification
                made.append(
                    {
                        "id": str(row.id),
                        "code": row.code,
                        "state": row.state_at(world.clock()).value,
                        "available_at": instant_text(row.available_at),
                        "deadline": None if row.deadline is None else instant_text(row.deadline),
                    }
                )
    return made[0] | ({"notifications": made} if several > 1 else {})


def numbered(submission: ActSubmission, number: int, several: int) -> ActSubmission:
    """Return one of several acts: each has a reference of its own."""
    if several == 1:
        return submission
    return replace(submission, reference=f"{submission.reference}-{number}")


def read_submission(world: World, wanted: Given) -> ActSubmission:
    """Return the act that is told of. Raises: `InvalidError`."""
    body = _body(wanted.text("body") or "TGSS")
    named = wanted.text("addressee") or "company"
    nif = world.nif_of(named)
    kind = wanted.text("kind") or Kind.NOTIFICATION.value
    ground = wanted.text("ground")
    if kind not in set(Kind):
        raise InvalidError(f"kind: one of {', '.join(Kind)}")
    if ground is not None and ground not in set(Ground):
        raise InvalidError(f"ground: one of {', '.join(Ground)}")
    is_company = named == "company"
    return ActSubmission(
        issuing_body=body,
        reference=wanted.text("reference") or world.next_reference(),
        subject=wanted.text("subject") or _SUBJECT,
        procedure=wanted.text("procedure") or _PROCEDURE,
        matter=wanted.text("matter") or _MATTER,
        addressee=SubmittedAddressee(
            nif,
            wanted.text("addressee_name") or world.name_of(named),
            ccc=wanted.text("ccc") or (CCC if is_company else None),
            naf=wanted.text("naf") or (NAF if named == "person" else None),
        ),
        documents=_documents(wanted.take("documents", list)),
        kind=Kind(kind),
        available_at=wanted.instant("available_at"),
        voluntary=bool(wanted.take("voluntary", bool, default=False)),
        named_ground=None if ground is None else Ground(ground),
        special_category=bool(wanted.take("special_category", bool, default=False)),
        metadata=_metadata(wanted.take("metadata", dict)),
    )


def _body(named: str) -> str:
    found = next((one.dir3 for one in BODIES if named in {one.acronym, one.dir3}), None)
    if found is None:
        raise InvalidError(f"body: one of {', '.join(one.acronym for one in BODIES)}")
    return found


def _metadata(pairs: dict[Any, Any] | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), str(value)) for key, value in (pairs or {}).items())


def _documents(said: list[Any] | None) -> tuple[SubmittedDocument, ...]:
    """Return the documents: those that are told of, or a text."""
    if said is None:
        return (SubmittedDocument("documento.txt", "text/plain", _DOCUMENT.encode()),)
    return tuple(map(_document, said))


def _document(one: Any) -> SubmittedDocument:  # noqa: ANN401
    if not isinstance(one, dict) or not set(one) <= {"name", "media_type", "content", "text"}:
        raise InvalidError("documents: each with name, media_type and content (base64) or text")
    try:
        text = one.get("text")
        content = str(text).encode() if text else base64.b64decode(str(one["content"]), validate=True)
        return SubmittedDocument(str(one["name"]), str(one.get("media_type", "text/plain")), content)
    except (KeyError, binascii.Error) as error:
        raise InvalidError("documents: each with name, media_type and content (base64) or text") from error
