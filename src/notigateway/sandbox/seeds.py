"""What a sandbox holds at its start: three issuing bodies and their acts, the same for the same seed.

The company's mailbox gets exactly the number asked for, all of them notifications that lapse. The
person's gets what else exists: communications, voluntary access, health data, and of what lapses the
acts by which somebody is obliged as a professional. The RED person sees the youngest of the company's,
and the person's by a power. All is fictitious.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.addressee.powers import import_power
from notigateway.addressee.red import assign_red
from notigateway.addressee.register import name_addressee
from notigateway.errors import PowerExistsError, PublicationError
from notigateway.evidence.seals import load_seal
from notigateway.issuer.publishing import Publishing, register_issuing_body
from notigateway.law.catalogue import check_catalogue
from notigateway.law.grounds import Ground
from notigateway.law.identifiers import control_digits
from notigateway.law.lifecycle import Kind
from notigateway.law.powers import PowerTerms
from notigateway.law.representation import PowerScope
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.law.titles import RedTerms
from notigateway.log.heads import check_name
from notigateway.repository.catalogue import load_catalogue
from notigateway.repository.engine import connected, writing
from notigateway.repository.marking import mark_store, open_store
from notigateway.repository.powers import list_all_red_assignments
from notigateway.repository.schema import upgrade
from notigateway.sandbox.cache import Cache
from notigateway.sandbox.fresh_schema import lay_schema
from notigateway.sandbox.holders import COMPANY, PERSON, RED
from notigateway.sandbox.matters import example
from notigateway.sandbox.papers import PAGE_COUNTS, make_paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from notigateway.issuer.deposits import Deposit
    from notigateway.issuer.publishing import Publication
    from notigateway.repository.session import Session
    from notigateway.settings import Settings

Taken = TypeVar("Taken")

# The youngest is published at the start, the oldest this long before: four days remain for it.
SPREAD: Final = timedelta(days=6)
_BATCH: Final = 100
_INSTANTS: Final = 100
_SHARE_WITH_ANNEX: Final = 0.2
_SHARE_OF_RED: Final = 0.1
PERSONAL_ACTS: Final = 10


@dataclass(frozen=True, slots=True)
class _Body:
    dir3: str
    acronym: str
    name: str
    nif: str


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of act; the procedures are fictitious SIA codes."""

    body: _Body
    procedure: str
    matter: str
    subject: str


_TGSS: Final = _Body("EA9999901", "TGSS", "Tesorería General de la Seguridad Social", "Q9999901C")
_INSS: Final = _Body("EA9999902", "INSS", "Instituto Nacional de la Seguridad Social", "Q9999902A")
_ISM: Final = _Body("EA9999903", "ISM", "Instituto Social de la Marina", "Q9999903I")
BODIES: Final = (_TGSS, _INSS, _ISM)

_SORTS: Final = (
    _Sort(_TGSS, "9900101", "company_registration", "Inscripción de empresa y asignación de cuenta"),
    _Sort(_TGSS, "9900102", "affiliation", "Resolución sobre afiliación"),
    _Sort(_TGSS, "9900103", "worker_registrations", "Alta de oficio de persona trabajadora"),
    _Sort(_TGSS, "9900104", "worker_changes", "Variación de datos de persona trabajadora"),
    _Sort(_TGSS, "9900105", "contribution", "Revisión de tipos de cotización"),
    _Sort(_TGSS, "9900106", "liquidation", "Reclamación de deuda por cuotas"),
    _Sort(_TGSS, "9900107", "collection", "Providencia de apremio"),
    _Sort(_TGSS, "9900108", "penalties", "Trámite de audiencia en procedimiento sancionador"),
    _Sort(_TGSS, "9900109", "appeals", "Resolución de recurso de alzada"),
    _Sort(_INSS, "9900201", "resolutions", "Resolución sobre recargo de prestaciones"),
    _Sort(_INSS, "9900202", "resolutions", "Comunicación de incapacidad temporal en pago delegado"),
    _Sort(_ISM, "9900301", "resolutions", "Resolución sobre coeficientes correctores de cotización"),
    _Sort(_ISM, "9900302", "acts", "Certificado de situación de cotización de la flota"),
)
_ABOUT_WORKERS: Final = frozenset({"affiliation", "worker_registrations", "worker_changes"})
_UNITS: Final = ("Nave 1", "Nave 2", "Oficina central")
_HEALTH: Final = _Sort(_INSS, "9900203", "resolutions", "Dictamen propuesta de incapacidad permanente")
_NOTICE: Final = _Sort(_TGSS, "9900110", "contribution", "Información sobre bases de cotización")

CCC: Final = f"28{'0999999'}{control_digits('28', '0999999')}"
AUTHORISATION: Final = "999999"
NAF: Final = f"28{'09999999'}{control_digits('28', '09999999')}"


def submissions(notifications: int, seed: int) -> Iterator[ActSubmission]:
    """Yield the acts of a sandbox: those of the persons first, then the company's `notifications`.

    Where the company is to have none, nobody has any.
    """
    if not notifications:
        return
    yield from _for_persons(random.Random(f"{seed}:persons"))  # noqa: S311  (reproducible on purpose)
    company = SubmittedAddressee(COMPANY[0], COMPANY[1], ccc=CCC)
    for number in range(1, notifications + 1):
        yield _for_company(seed, number, company)


def sow(settings: Settings, *, notifications: int, seed: int, now: datetime) -> int:
    """Build the schema, mark the store and publish the acts of that seed; return how many were new.

    What is there already stays as it is, so a start that was interrupted is completed by the next.

    Raises: `ConfigurationError` where the log of these data bears another name than the settings say.
    """
    seal = load_seal(settings, now=now)
    new = 0
    with connected(settings) as engine:
        if not lay_schema(settings.database_url, Cache.of(os.environ), now=now):
            upgrade(engine)
        check_name(engine, settings.log_origin)
        store = open_store(settings.document_store_url, engine)
        mark_store(engine, store, now=now)
        publishing = Publishing(store=store, seal=seal, document_max_bytes=settings.document_max_bytes)
        with writing(engine) as session:
            for body in BODIES:
                register_issuing_body(session, **asdict(body))
            load_catalogue(session, check_catalogue(enumerate(example(), 1)), now=now)
            name_addressee(session, PERSON[0], f"{PERSON[1]} {PERSON[2]}", now=now - SPREAD)
            _assign_red(session, now - SPREAD * _SHARE_OF_RED)
        for batch in _deposits(publishing, notifications, seed):
            with writing(engine) as session:
                for share, together in batch:
                    at = now - SPREAD * (1 - share)
                    new += sum(map(_is_new, publishing.publish_all(session, together, now=at)))
        with writing(engine) as session:
            _grant_power(session, now)
    return new


def _assign_red(session: Session, at: datetime) -> None:
    """Let the RED person see the last tenth of the company's: assigned before any of it is at disposal."""
    if not list_all_red_assignments(session, account=CCC):
        terms = RedTerms(
            addressee=COMPANY[0],
            addressee_name=COMPANY[1],
            account=CCC,
            red_party=RED[0],
            red_name=f"{RED[1]} {RED[2]}",
            authorisation=AUTHORISATION,
            starts_at=at,
        )
        assign_red(session, terms, now=at)


def _grant_power(session: Session, now: datetime) -> None:
    """Let the RED person act for the person by a power."""
    power = PowerTerms(
        attorney=RED[0],
        attorney_name=f"{RED[1]} {RED[2]}",
        scope=PowerScope.GENERAL,
        expires_at=now + timedelta(days=365),
    )
    registered_at = now - timedelta(days=30)
    with suppress(PowerExistsError):  # an earlier start has granted it
        import_power(
            session,
            power,
            grantor=PERSON[0],
            registered_at=registered_at,
            accepted_at=registered_at,
            is_adapted=False,
            now=now,
        )


def _deposits(
    publishing: Publishing, notifications: int, seed: int
) -> Iterator[list[tuple[float, list[Deposit]]]]:
    """Store the documents; yield the acts in batches, those of one instant with its place from 0 to 1."""
    acts, total = submissions(notifications, seed), PERSONAL_ACTS + notifications
    # Each at an instant of its own, but of many some together, as bodies do it.
    size = min(max(total // _INSTANTS, 1), _BATCH)
    for start in range(0, total, _BATCH):
        deposits = [_accepted(one) for one in publishing.deposit_all(list(islice(acts, _BATCH)))]
        groups = [deposits[first : first + size] for first in range(0, len(deposits), size)]
        places = accumulate(map(len, groups), initial=start)
        yield [(place / total, group) for place, group in zip(islice(places, 1, None), groups, strict=True)]


def _accepted(one: Taken | PublicationError) -> Taken:
    if isinstance(one, PublicationError):
        raise one
    return one


def _is_new(one: Publication | PublicationError) -> bool:
    return _accepted(one).is_new


def _for_company(seed: int, number: int, company: SubmittedAddressee) -> ActSubmission:
    chance = random.Random(f"{seed}:{number}")  # noqa: S311  (reproducible on purpose)
    # the Treasury issues most of what a company receives
    sort = chance.choices(_SORTS, weights=[4] * 9 + [2] * 2 + [1] * 2)[0]
    reference = f"{sort.body.acronym}/2026/{seed}/{number:06d}"
    # What is about a worker of the company quotes that worker; every second act says something besides.
    quoted = replace(company, naf=NAF) if sort.matter in _ABOUT_WORKERS else company
    said = (("period", f"2026-{number % 12 + 1:02d}"), ("unit", chance.choice(_UNITS)))
    return replace(_act(sort, reference, quoted, chance=chance), metadata=said if number % 2 else ())


def _for_persons(chance: random.Random) -> Iterator[ActSubmission]:
    nif, given, surname = PERSON
    person = SubmittedAddressee(nif, f"{given} {surname}", naf=NAF)
    affiliation = _SORTS[1]
    for number in range(1, 4):
        yield _act(affiliation, f"TGSS/2026/P{number}", person, chance=chance, named_ground=Ground.A)
    for number in range(1, 4):
        yield _act(_NOTICE, f"TGSS/2026/C{number}", person, chance=chance, kind=Kind.COMMUNICATION)
    for number in range(1, 3):
        yield _act(affiliation, f"TGSS/2026/V{number}", person, chance=chance, voluntary=True)
    yield _act(_HEALTH, "INSS/2026/S1", person, chance=chance, special_category=True, named_ground=Ground.C)
    red = SubmittedAddressee(RED[0], f"{RED[1]} {RED[2]}")
    yield _act(affiliation, "TGSS/2026/R1", red, chance=chance, named_ground=Ground.A)


def _act(
    sort: _Sort,
    reference: str,
    addressee: SubmittedAddressee,
    *,
    chance: random.Random,
    kind: Kind = Kind.NOTIFICATION,
    voluntary: bool = False,
    special_category: bool = False,
    named_ground: Ground | None = None,
) -> ActSubmission:
    subject = f"{sort.subject}, expediente {chance.randrange(10**8):08d}"
    titles = ("resolucion", "anexo") if chance.random() < _SHARE_WITH_ANNEX else ("resolucion",)
    return ActSubmission(
        issuing_body=sort.body.dir3,
        reference=reference,
        subject=subject,
        procedure=sort.procedure,
        matter=sort.matter,
        addressee=addressee,
        documents=tuple(
            SubmittedDocument(
                f"{title}.pdf",
                "application/pdf",
                make_paper(
                    chance.choice(PAGE_COUNTS),
                    body=sort.body.name,
                    reference=f"{reference} {title}",
                    addressee=f"{addressee.identifier} {addressee.name}",
                    subject=subject,
                    amount=f"{chance.randrange(10_000, 10_000_000) / 100:.2f} EUR",
                ),
            )
            for title in titles
        ),
        kind=kind,
        voluntary=voluntary,
        special_category=special_category,
        named_ground=named_ground,
    )
