"""To publish: an issuing body puts an act at somebody's disposal."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notigateway.errors import PublicationError
from notigateway.instants import instant_text
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Kind
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.repository.engine import writing
from notigateway.sandbox.calling.parties import Named, named
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import BODIES, CCC, NAF
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from notigateway.office import Office
    from notigateway.repository.model import Notification
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

Taken = TypeVar("Taken")
Item = TypeVar("Item")

_TOGETHER: Final = 200
_SUBJECT: Final = "Requerimiento de documentación"
_PROCEDURE, _MATTER = "9900101", "company_registration"
_SEVERAL_MAX: Final = 10_000
_ADDRESSEES_MAX: Final = 1_000
_DOCUMENT: Final = "DOCUMENTO DE PRUEBA SIN VALOR ADMINISTRATIVO\n"
_DOCUMENTS: Final = "documents: each with name, media_type and content (base64) or text"


@verb(
    "publish",
    {
        "addressee": "a holder's name or a NIF; by default `company`",
        "addressees": f"several of them, at most {_ADDRESSEES_MAX:,}: each gets an act of its own",
        "addressee_name": "what the act calls the addressee",
        "count": "how many acts each gets",
        "subject": "in a line",
        "body": "`TGSS` (the default), `INSS` or `ISM`, or a DIR3 code of theirs",
        "reference": "by default a new one; of several acts each has a number behind it",
        "procedure": "a code; `9900101` by default",
        "matter": "a word, by which rights and powers name it; `company_registration` by default",
        "kind": "`notification` (the default) or `communication`",
        "available_at": "for later: an instant, or how far from now (`P3D`)",
        "voluntary": "true: to the body's knowledge the addressee is not obliged",
        "ground": "the ground of obligation that the body names: `a`, `b` or `c`",
        "paper": "why it is practised on paper: `first_ex_officio`, `on_appearance`, …",
        "special_category": "true: health data",
        "means_of_payment": "true: is refused",
        "non_convertible": "true: is refused",
        "ccc": "the contribution account that the act quotes",
        "naf": "the affiliation number that it quotes",
        "documents": "each with `name`, `media_type`, and `text` or `content` in base64",
        "metadata": "pairs that the body says besides",
    },
)
def publish(world: World, wanted: Given) -> dict[str, Any]:
    """Put an act, or several, at somebody's disposal: by default at the company's."""
    several = wanted.whole("count", least=1, most=_SEVERAL_MAX) or 1
    addressees = wanted.texts("addressees") or [wanted.text("addressee") or "company"]
    if len(addressees) > _ADDRESSEES_MAX:
        raise InvalidError(f"addressees: at most {_ADDRESSEES_MAX}")
    act = read_act(world, wanted)
    quoted = {name: wanted.text(name) for name in ("addressee_name", "ccc", "naf")}
    acts = [replace(act, addressee=_addressee(world, one, quoted)) for one in addressees]
    acts = [one for one in acts for _ in range(several)]
    with world.using() as office:
        made = publish_all(office, numbered(acts), now=world.clock())
    return made[0] | ({"notifications": made} if len(made) > 1 else {})


def numbered(acts: list[ActSubmission]) -> list[ActSubmission]:
    """Return several acts, each with a reference of its own."""
    if len(acts) == 1:
        return acts
    return [replace(one, reference=f"{one.reference}-{number}") for number, one in enumerate(acts, 1)]


def publish_all(office: Office, acts: Sequence[ActSubmission], *, now: datetime) -> list[dict[str, Any]]:
    """Publish acts, many in a transaction; return what is told of each.

    Raises: what the first raises that is refused; of its transaction none is published.
    """
    publishing = office.publishing
    deposits = [taken(one) for one in publishing.deposit_all(acts)]
    told = []
    for batch in batched(list(zip(acts, deposits, strict=True)), _TOGETHER):
        with writing(office.engine) as session:
            done = publishing.publish_all(session, [deposit for _, deposit in batch], now=now)
            for (act, _), outcome in zip(batch, done, strict=True):
                told.append(_line(taken(outcome).notification, act.reference, now))
    return told


def taken(outcome: Taken | PublicationError) -> Taken:
    """Return what was taken in. Raises: `PublicationError`."""
    if isinstance(outcome, PublicationError):
        raise outcome
    return outcome


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _line(row: Notification, reference: str, now: datetime) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "code": row.code,
        "reference": reference,
        "state": row.state_at(now).value,
        "available_at": instant_text(row.available_at),
        "deadline": None if row.deadline is None else instant_text(row.deadline),
    }


def read_act(world: World, wanted: Given) -> ActSubmission:
    """Return the act that is told of; to whom it is addressed is said apart. Raises: `InvalidError`."""
    kind = wanted.word("kind", Kind, Kind.NOTIFICATION)
    ground, paper = wanted.word("ground", Ground), wanted.word("paper", Paper)
    return ActSubmission(
        issuing_body=_body(wanted.text("body") or "TGSS"),
        reference=wanted.text("reference") or world.next_reference(),
        subject=wanted.text("subject") or _SUBJECT,
        procedure=wanted.text("procedure") or _PROCEDURE,
        matter=wanted.text("matter") or _MATTER,
        addressee=SubmittedAddressee("", ""),
        documents=_documents(wanted.take("documents", list)),
        kind=Kind(kind or Kind.NOTIFICATION),
        available_at=wanted.moment("available_at", world.clock()),
        voluntary=wanted.flag("voluntary"),
        named_ground=None if ground is None else Ground(ground),
        paper=None if paper is None else Paper(paper),
        special_category=wanted.flag("special_category"),
        means_of_payment=wanted.flag("means_of_payment"),
        non_convertible=wanted.flag("non_convertible"),
        metadata=_metadata(wanted.take("metadata", dict)),
    )


def _addressee(world: World, who: str, quoted: Mapping[str, str | None]) -> SubmittedAddressee:
    try:
        one = named(world, who)
    except InvalidError:  # what no NIF is the gateway refuses, in its own words
        one = Named(who, who)
    return SubmittedAddressee(
        one.nif,
        quoted["addressee_name"] or one.name,
        ccc=quoted["ccc"] or (CCC if who == "company" else None),
        naf=quoted["naf"] or (NAF if who == "person" else None),
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
        raise InvalidError(_DOCUMENTS)
    try:
        text = one.get("text")
        content = str(text).encode() if text else base64.b64decode(str(one["content"]), validate=True)
        return SubmittedDocument(str(one["name"]), str(one.get("media_type", "text/plain")), content)
    except (KeyError, ValueError) as error:
        raise InvalidError(_DOCUMENTS) from error
