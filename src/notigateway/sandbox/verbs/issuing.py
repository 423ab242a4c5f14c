"""What issuing bodies do with what they have issued, each by a message that it signs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.instants import instant_text
from notigateway.issuer.employees import authorise_employee, withdraw_employee
from notigateway.issuer.succeeding import SuccessionTerms, end_succession
from notigateway.law.employees import EmployeeTerms
from notigateway.law.lifecycle import Channel
from notigateway.law.reports import Reported
from notigateway.law.succession import Cause
from notigateway.repository.engine import writing
from notigateway.sandbox.calling.messages import ask
from notigateway.sandbox.calling.parties import named, pair_of
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import BODIES
from notigateway.sandbox.showing import find
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.pki.keys import KeyPair
    from notigateway.repository.overview import Stands
    from notigateway.repository.successions import SuccessionRow
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_EVIDENCE: Final = "Expediente de pruebas"
_REASON: Final = "Incidencia de pruebas"
_GROUND: Final = "Resolución de pruebas"
_DAY: Final = timedelta(days=1)
_NOTIFICATION: Final = "its id"
_ABOUT: Final = {
    "notification": _NOTIFICATION,
    "channel": f"one of `{'`, `'.join(one for one in Channel if one is not Channel.WEB_SERVICE)}`",
    "by": "who decided, where that is known: a holder's name or a NIF",
    "evidence": "where the body keeps its proof",
}


@verb(
    "report",
    {
        **_ABOUT,
        "what": f"one of `{'`, `'.join(Reported)}`; `accepted` by default",
        "at": "when it happened: an instant, or how far from now (`-PT1H`); by default now",
        "first_attempt_at": "of `absent` the first of the two attempts; by default a day before",
    },
)
def report(world: World, wanted: Given) -> dict[str, Any]:
    """Tell what happened in another channel, as the issuing body."""
    one, now = find(world, wanted.need("notification")), world.clock()
    return _report(world, one, wanted, at=wanted.moment("at", now) or now)


@verb("correct", {**_ABOUT, "what": "as of `report`", "before": "how long before what stands; `PT1M`"})
def correct(world: World, wanted: Given) -> dict[str, Any]:
    """Tell late of something in another channel that came before what was decided, and takes its place."""
    one = find(world, wanted.need("notification"))
    stood = one.decided_at or one.deadline
    if stood is None:
        raise InvalidError("notification: nothing has decided it, so there is nothing to correct")
    before = wanted.duration("before") or timedelta(minutes=1)
    return _report(world, one, wanted, at=stood - before)


def _report(world: World, one: Stands, wanted: Given, *, at: datetime) -> dict[str, Any]:
    what = Reported(wanted.word("what", Reported, Reported.ACCEPTED) or Reported.ACCEPTED)
    said: dict[str, Any] = {
        "reference": one.reference,
        "channel": wanted.word("channel", Channel, Channel.POSTAL),
        "decision": what.value,
        "at": instant_text(at),
        "evidence": wanted.text("evidence") or _EVIDENCE,
    }
    who = wanted.text("by")
    if who is not None:
        by = named(world, who)
        said["decidedBy"] = {"identifier": by.nif, "name": by.name}
    if what is Reported.ABSENT:
        first = wanted.moment("first_attempt_at", world.clock()) or at - _DAY
        said["firstAttemptAt"] = instant_text(first)
    return _item(world, one, "ReportExternalDecisions", report=[said])


@verb(
    "extend", {"notification": _NOTIFICATION, "to": "the new deadline, or how far from now", "reason": "why"}
)
def extend(world: World, wanted: Given) -> dict[str, Any]:
    """Move an unexpired deadline to a later instant, as the issuing body."""
    one, now = find(world, wanted.need("notification")), world.clock()
    to = wanted.moment("to", now) or (one.deadline or now) + timedelta(days=5)
    said = {
        "reference": one.reference,
        "deadline": instant_text(to),
        "reason": wanted.text("reason") or _REASON,
    }
    return _item(world, one, "ExtendDeadlines", extension=[said])


@verb("withdraw", {"notification": _NOTIFICATION, "reason": "why"})
def withdraw(world: World, wanted: Given) -> dict[str, Any]:
    """Withdraw what nobody has decided, as the issuing body."""
    one = find(world, wanted.need("notification"))
    said = {"reference": one.reference, "reason": wanted.text("reason") or _REASON}
    return _item(world, one, "CancelNotifications", cancellation=[said])


def _item(world: World, one: Stands, operation: str, **items: Any) -> dict[str, Any]:  # noqa: ANN401
    """Ask as the body that issued it; return what became of it."""
    answer = ask(world, pair_of_body(world, one.issuing_body), operation, issuerId=one.issuing_body, **items)
    item: dict[str, Any] = answer.said["item"][0]
    receipt = item.get("receipt")
    if receipt is not None:
        receipt.pop("xml", None)
    return item


def pair_of_body(world: World, dir3: str) -> KeyPair:
    """Return the seal of an issuing body: the holder's, or one that is made for it."""
    body = next(one for one in BODIES if one.dir3 == dir3)
    return pair_of(world, "issuer" if body is BODIES[0] else dir3)


# --- whose place is taken, and by whom a body acts


@verb(
    "succession",
    {
        "predecessor": "whose place is taken: a holder's name or a NIF; by default `person`",
        "successor": "who takes it; by default `stranger`",
        "cause": f"one of `{'`, `'.join(Cause)}`; `death` by default",
        "fact_at": "when that was: an instant, or how far from now; by default now",
        "document": "the ground",
        "procedures": "only acts of these",
        "account": "of a subrogation the account",
        "body": "whose it is: `TGSS`, …; by default the operator's, for every body",
    },
)
def succession(world: World, wanted: Given) -> dict[str, Any]:
    """Let one take the place of another from now on, or be its guardian."""
    now = world.clock()
    predecessor = named(world, wanted.text("predecessor") or "person")
    successor = named(world, wanted.text("successor") or "stranger")
    terms = SuccessionTerms(
        predecessor=predecessor.nif,
        successor=successor.nif,
        successor_name=successor.name,
        cause=Cause(wanted.word("cause", Cause, Cause.DEATH) or Cause.DEATH),
        fact_at=wanted.moment("fact_at", now) or now,
        document=wanted.text("document") or _GROUND,
        procedures=frozenset(wanted.texts("procedures") or ()),
        account=wanted.text("account"),
    )
    body = wanted.text("body")
    if body is not None:
        return _communicate(world, body, terms)
    with world.using() as office, writing(office.engine) as session:
        return _succession(office.succeeding.communicate(session, terms, body=None, now=now))


def _communicate(world: World, body: str, terms: SuccessionTerms) -> dict[str, Any]:
    dir3 = next((one.dir3 for one in BODIES if body in {one.acronym, one.dir3}), body)
    answer = ask(
        world,
        pair_of(world, "issuer" if dir3 == BODIES[0].dir3 else dir3),
        "CommunicateSuccession",
        issuerId=dir3,
        predecessor=terms.predecessor,
        successor={"identifier": terms.successor, "name": terms.successor_name},
        cause=terms.cause.value,
        factAt=instant_text(terms.fact_at),
        document=terms.document,
        procedure=sorted(terms.procedures),
        account=terms.account,
    )
    said: dict[str, Any] = answer.said["succession"]
    return {"id": said["successionId"], "successor": terms.successor, "cause": terms.cause.value}


@verb("end-succession", {"succession": _NOTIFICATION, "at": "when; by default now"})
def end_guardianship(world: World, wanted: Given) -> dict[str, Any]:
    """End a guardianship."""
    now, identifier = world.clock(), wanted.need_uuid("succession")
    at = wanted.moment("at", now) or now
    with world.using() as office, writing(office.engine) as session:
        return _succession(end_succession(session, identifier, at=at, now=now))


def _succession(row: SuccessionRow) -> dict[str, Any]:
    ends = None if row.ends_at is None else instant_text(row.ends_at)
    return {"id": str(row.id), "successor": row.successor, "cause": row.cause.value, "ends_at": ends}


@verb(
    "authorise-employee",
    {"employee": "a person: a holder's name or a NIF", "body": "`TGSS` by default", "ground": "its decision"},
)
def authorise(world: World, wanted: Given) -> dict[str, Any]:
    """Let an employee act for an issuing body, by a certificate as its employee."""
    one = named(world, wanted.need("employee"))
    terms = EmployeeTerms(nif=one.nif, name=one.name, ground=wanted.text("ground") or _GROUND)
    with world.using() as office, writing(office.engine) as session:
        row = authorise_employee(session, _dir3(wanted), terms, now=world.clock())
        return {"nif": row.nif, "starts_at": instant_text(row.starts_at)}


@verb("withdraw-employee", {"employee": "who", "body": "`TGSS` by default", "ground": "its decision"})
def withdraw_authorisation(world: World, wanted: Given) -> dict[str, Any]:
    """Let an employee no longer act for an issuing body."""
    one, ground = named(world, wanted.need("employee")), wanted.text("ground") or _GROUND
    with world.using() as office, writing(office.engine) as session:
        row = withdraw_employee(session, _dir3(wanted), one.nif, ground=ground, now=world.clock())
        return {"nif": row.nif, "ends_at": None if row.ends_at is None else instant_text(row.ends_at)}


def _dir3(wanted: Given) -> str:
    body = wanted.text("body") or BODIES[0].dir3
    return next((one.dir3 for one in BODIES if body in {one.acronym, one.dir3}), body)
