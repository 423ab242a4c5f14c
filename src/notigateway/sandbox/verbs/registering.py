"""The registers that an operator keeps: RED assignments and users, accounts, who is obliged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.addressee.obligations import end_obligation, enter_obligation
from notigateway.addressee.red import assign_red, end_red
from notigateway.addressee.red_users import end_user, register_user
from notigateway.addressee.register import MainTerms, add_account, set_main_account
from notigateway.instants import instant_text
from notigateway.law.grounds import Ground
from notigateway.law.obligation_entries import ObligationTerms
from notigateway.law.red_users import UserTerms
from notigateway.law.titles import RedTerms
from notigateway.repository.engine import reading, writing
from notigateway.repository.powers import list_all_red_assignments
from notigateway.sandbox.calling.parties import named
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import AUTHORISATION, CCC, NAF
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.repository.rights import RedAssignment
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_ACCOUNTS: Final = {"company": CCC, "person": NAF}
_FROM, _TO = "from when: an instant, or how far from now; by default now", "until when, where that is known"
_GROUND: Final = "makes it a correction, which moves what is at disposal already"
_WHOSE: Final = "a holder's name or a NIF; by default `company`"


@verb(
    "assign-red",
    {
        "addressee": _WHOSE,
        "account": "its CCC (11 digits) or NAF (12); by default the one that the sandbox gives it",
        "red": "the RED person; by default `red`",
        "authorisation": f"`{AUTHORISATION}` by default",
        "from": _FROM,
        "to": _TO,
        "ground": _GROUND,
    },
)
def assign(world: World, wanted: Given) -> dict[str, Any]:
    """Let a RED person manage the account of an addressee."""
    now, whose = world.clock(), wanted.text("addressee") or "company"
    addressee, red = named(world, whose), named(world, wanted.text("red") or "red")
    terms = RedTerms(
        addressee=addressee.nif,
        addressee_name=addressee.name,
        account=_account(wanted, whose),
        red_party=red.nif,
        red_name=red.name,
        authorisation=wanted.text("authorisation") or AUTHORISATION,
        starts_at=wanted.moment("from", now) or now,
        ends_at=wanted.moment("to", now),
        ground=wanted.text("ground"),
    )
    with world.using() as office, writing(office.engine) as session:
        row = assign_red(session, terms, now=now)
        office.delivering.obliging.look_again(session, row.addressee_id, now=now)
        return _assignment(row)


@verb(
    "end-red",
    {
        "assignment": "its id; by default the last one of the addressee",
        "addressee": _WHOSE,
        "at": "when: an instant, or how far from now; by default now",
        "ground": _GROUND,
    },
)
def unassign(world: World, wanted: Given) -> dict[str, Any]:
    """End a RED assignment, as the RED system says."""
    now = world.clock()
    identifier, at = _assignment_id(world, wanted), wanted.moment("at", now) or now
    ground = wanted.text("ground")
    with world.using() as office, writing(office.engine) as session:
        return _assignment(end_red(session, identifier, at=at, now=now, ground=ground))


def _assignment_id(world: World, wanted: Given) -> UUID:
    whose, identifier = wanted.text("addressee") or "company", wanted.uuid("assignment")
    if identifier is not None:
        return identifier
    nif = named(world, whose).nif
    with world.looking() as office, reading(office.engine) as session:
        found = [one for one in list_all_red_assignments(session) if one.addressee.identifier == nif]
        if not found:
            raise InvalidError("addressee: nobody is assigned to it")
        return max(found, key=lambda one: one.starts_at).id


def _assignment(row: RedAssignment) -> dict[str, Any]:
    ends = None if row.ends_at is None else instant_text(row.ends_at)
    return {"id": str(row.id), "starts_at": instant_text(row.starts_at), "ends_at": ends}


@verb(
    "red-user",
    {
        "person": "who works under the authorisation: a holder's name or a NIF; by default `stranger`",
        "holder": "whose authorisation; by default `red`",
        "authorisation": f"`{AUTHORISATION}` by default",
        "from": _FROM,
        "to": _TO,
    },
)
def add_user(world: World, wanted: Given) -> dict[str, Any]:
    """Let a person work under a RED authorisation as a secondary user."""
    now, person = world.clock(), named(world, wanted.text("person") or "stranger")
    terms = UserTerms(
        holder=named(world, wanted.text("holder") or "red").nif,
        authorisation=wanted.text("authorisation") or AUTHORISATION,
        person=person.nif,
        person_name=person.name,
        starts_at=wanted.moment("from", now) or now,
        ends_at=wanted.moment("to", now),
    )
    with world.using() as office, writing(office.engine) as session:
        row = register_user(session, terms, now=now)
        return {"id": str(row.id), "person": row.person, "starts_at": instant_text(row.starts_at)}


@verb("end-red-user", {"user": "its id", "at": "when; by default now"})
def remove_user(world: World, wanted: Given) -> dict[str, Any]:
    """Let a secondary user no longer work under the authorisation."""
    now, identifier = world.clock(), wanted.need_uuid("user")
    at = wanted.moment("at", now) or now
    with world.using() as office, writing(office.engine) as session:
        row = end_user(session, identifier, at=at, now=now)
        return {"id": str(row.id), "ends_at": None if row.ends_at is None else instant_text(row.ends_at)}


@verb(
    "main-account",
    {
        "addressee": _WHOSE,
        "account": "its CCC (11 digits) or NAF (12); by default the one that the sandbox gives it",
        "from": _FROM,
        "to": "of a correction until when it was so",
        "ground": _GROUND,
    },
)
def main_account(world: World, wanted: Given) -> dict[str, Any]:
    """Enter which account is an addressee's main one from then on."""
    now, whose = world.clock(), wanted.text("addressee") or "company"
    account = _account(wanted, whose)
    terms = MainTerms(
        addressee=named(world, whose).nif,
        account=account,
        starts_at=wanted.moment("from", now) or now,
        ends_at=wanted.moment("to", now),
        ground=wanted.text("ground"),
    )
    with world.using() as office, writing(office.engine) as session:
        add_account(session, terms.addressee, account, starts_at=terms.starts_at, now=now)
        row = set_main_account(session, terms, now=now)
        office.delivering.obliging.look_again(session, row.addressee_id, now=now)
        return {"account": row.number, "starts_at": instant_text(row.starts_at)}


@verb(
    "obligation",
    {
        "addressee": "a person: a holder's name or a NIF; by default `person`",
        "ground": f"one of `{'`, `'.join(Ground)}` of Orden ISM/903/2020 art. 4.1; `b` by default",
        "from": _FROM,
        "to": _TO,
        "matters": "of ground `a` the matters of the activity",
        "procedures": "of ground `a` its procedures",
    },
)
def oblige(world: World, wanted: Given) -> dict[str, Any]:
    """Enter that somebody is obliged to the electronic channel."""
    now, whom = world.clock(), named(world, wanted.text("addressee") or "person")
    terms = ObligationTerms(
        addressee=whom.nif,
        ground=wanted.word("ground", Ground, Ground.B) or Ground.B,
        since=wanted.moment("from", now) or now,
        until=wanted.moment("to", now),
        matters=frozenset(wanted.texts("matters") or ()),
        procedures=frozenset(wanted.texts("procedures") or ()),
    )
    with world.using() as office, writing(office.engine) as session:
        obliging = office.delivering.obliging
        row = enter_obligation(session, terms, name=whom.name, obliging=obliging, now=now)
        return {"id": str(row.id), "ground": row.ground.value, "since": instant_text(row.since)}


@verb("end-obligation", {"obligation": "its id", "at": "when; by default now"})
def release(world: World, wanted: Given) -> dict[str, Any]:
    """Enter that an obligation has ended."""
    now, identifier = world.clock(), wanted.need_uuid("obligation")
    at = wanted.moment("at", now) or now
    with world.using() as office, writing(office.engine) as session:
        obliging = office.delivering.obliging
        row = end_obligation(session, identifier, at=at, obliging=obliging, now=now)
        return {"id": str(row.id), "until": None if row.until is None else instant_text(row.until)}


def _account(wanted: Given, whose: str) -> str:
    account = wanted.text("account") or _ACCOUNTS.get(whose)
    if account is None:
        raise InvalidError("account: a CCC or NAF, since the sandbox gives that addressee none")
    return account
