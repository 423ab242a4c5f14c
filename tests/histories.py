"""Random steps of every register, and who follows them: a bureau, its partner and an employee of both.

The partner is an entity, and says itself for what the employee works. They have clients by powers, by RED
and by successions. Each history has people of its own: one database serves many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bench.world import account_of, nif_of

from following import Follower, asking
from notigateway.addressee.alone import choose_alone
from notigateway.addressee.mailbox import Will
from notigateway.addressee.powers import (
    accept_power,
    extend_power,
    grant_power,
    make_statement,
    revoke_power,
)
from notigateway.addressee.red import assign_red, end_red
from notigateway.addressee.red_users import end_user, register_user
from notigateway.addressee.register import give_first_account
from notigateway.addressee.users import end_user as end_registration
from notigateway.addressee.users import grant_user
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.outages import close_outage, declare_outage
from notigateway.errors import GatewayError
from notigateway.issuer.reporting import Report
from notigateway.issuer.succeeding import SuccessionTerms, end_succession
from notigateway.law.caller import Caller
from notigateway.law.families import Family
from notigateway.law.lifecycle import Channel, Decision
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.red_users import UserTerms
from notigateway.law.reports import Reported
from notigateway.law.representation import ItemKind, PowerScope
from notigateway.law.submission import SubmittedAddressee
from notigateway.law.succession import Cause
from notigateway.law.titles import RedTerms
from notigateway.law.users import Scope
from notigateway.law.users import UserTerms as RegistrationTerms
from notigateway.repository.acts import find_issuing_body
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import writing
from stack import ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from notigateway.repository.session import Session
    from stack import Stack

DAY = timedelta(days=1)
CLIENTS = 3
# The last of the followers.
EMPLOYEE = 2
AUTHORISATION = "123456"
PROCEDURES = {"203546": "collection", "202301": "contribution"}
LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def person_nif(number: int) -> str:
    return f"{number:08}{LETTERS[number % 23]}"


def caller_of(nif: str) -> Caller:
    """Return a person, or the representative of a company, as its certificate tells."""
    family = Family.NATURAL_PERSON if nif[0].isdigit() else Family.REPRESENTATIVE
    signer = nif if nif[0].isdigit() else person_nif(1)
    return Caller(
        party=nif,
        party_name=f"Parte {nif}",
        signer=signer,
        signer_name=f"Firma {signer}",
        certificate_fingerprint="a" * 64,
        certificate_issuer="CN=Emisora",
        certificate_serial="1",
        family=family,
    )


@dataclass
class Play:
    """One history: its people, what they have been given, and who follows."""

    stack: Stack
    number: int
    powers: list[tuple[str, UUID]] = field(default_factory=list)
    assignments: list[UUID] = field(default_factory=list)
    users: list[UUID] = field(default_factory=list)
    outages: list[UUID] = field(default_factory=list)
    acts: list[tuple[str, UUID]] = field(default_factory=list)
    guardianships: list[UUID] = field(default_factory=list)
    registrations: list[UUID] = field(default_factory=list)
    # Whether the employee ever worked in some matters: of a power of others it is not told whose that is.
    is_in_some_matters: bool = False

    def __post_init__(self) -> None:
        self.bureau, self.employee = (person_nif(10 * self.number + n) for n in range(2))
        *self.clients, self.partner = (nif_of(10 * self.number + n) for n in range(CLIENTS + 1))
        with writing(self.stack.engine) as session:
            for n, nif in enumerate(self.clients):
                row = ensure_addressee(session, identifier=nif, name=f"Cliente {nif}")
                account = account_of(10 * self.number + n)
                give_first_account(session, row, account, starts_at=self.stack.now, now=self.stack.now)
        self.followers = [
            Follower(self.stack, caller_of(nif), page_size=size)
            # An outage is told of as many grantors at once.
            for nif, size in ((self.bureau, 100), (self.partner, CLIENTS), (self.employee, CLIENTS))
        ]
        for one in self.followers:
            one.begin()

    def do(self, step: Callable[[Play, Session, int], None], which: int) -> None:
        """Do a step in a transaction of its own; what is refused changes nothing."""
        try:
            with writing(self.stack.engine) as session:
                step(self, session, which)
        except GatewayError:
            return

    def check(self, who: int) -> None:
        """Let one follow, and compare."""
        one = self.followers[who]
        walks = one.walks
        one.follow()
        assert one.view == one.whole()
        if who != EMPLOYEE or not self.is_in_some_matters:
            assert one.walks == walks  # nothing here is too much to be told by addressee


# --- the steps: each with a number that chooses among what there is


def publish(play: Play, session: Session, which: int) -> None:
    procedure = list(PROCEDURES)[which % 2]
    nif = (*play.clients, play.partner)[which // 2 % (CLIENTS + 1)]
    deposit = play.stack.deposit(
        f"{play.number}-{len(play.acts)}",
        addressee=SubmittedAddressee(nif, f"Cliente {nif}"),
        procedure=procedure,
        matter=PROCEDURES[procedure],
        available_at=None if which % 5 else play.stack.now + 2 * DAY,
    )
    published = play.stack.office.publishing.publish(session, deposit, now=play.stack.now)
    play.acts.append((deposit.submission.reference, published.notification.id))


def grant(play: Play, session: Session, which: int) -> None:
    nif, to = play.clients[which % CLIENTS], (play.bureau, play.bureau, play.partner)[which // 3 % 3]
    is_general = which % 2 == 0
    terms = PowerTerms(
        attorney=to,
        attorney_name="Apoderada",
        scope=PowerScope.GENERAL if is_general else PowerScope.PROCEDURE,
        items=() if is_general else tuple(Named(ItemKind.PROCEDURE, code) for code in PROCEDURES),
        expires_at=play.stack.now + (2 + which % 9) * DAY,
    )
    power = grant_power(session, asking(play.stack, caller_of(nif)), terms)
    accept_power(session, asking(play.stack, caller_of(to)), power.id)
    if to == play.partner:
        make_statement(session, asking(play.stack, caller_of(to)), power.id, is_affirmed=True)
    play.powers.append((nif, power.id))


def revoke(play: Play, session: Session, which: int) -> None:
    if play.powers:
        nif, power = play.powers[which % len(play.powers)]
        item = Named(ItemKind.PROCEDURE, list(PROCEDURES)[which % 2]) if which % 3 else None
        revoke_power(session, asking(play.stack, caller_of(nif)), power, item)


def extend(play: Play, session: Session, which: int) -> None:
    if play.powers:
        nif, power = play.powers[which % len(play.powers)]
        extend_power(session, asking(play.stack, caller_of(nif)), power, play.stack.now + (5 + which) * DAY)


def assign(play: Play, session: Session, which: int) -> None:
    """Assign, at once, for later, for the past, or as a correction that moves what is at disposal."""
    start = play.stack.now + (0, 0, 2, -2, -3)[which % 5] * DAY
    terms = RedTerms(
        addressee=play.clients[which % CLIENTS],
        account=account_of(10 * play.number + which % CLIENTS),
        red_party=(play.bureau, play.partner)[which // 2 % 2],
        red_name="Autorizada",
        authorisation=AUTHORISATION,
        starts_at=start,
        ends_at=None if which % 3 else start + 6 * DAY,
        ground="error del registro" if which % 5 == 4 else None,
    )
    play.assignments.append(assign_red(session, terms, now=play.stack.now).id)


def end_assignment(play: Play, session: Session, which: int) -> None:
    """End one, by the way as a correction: then it never was, and what it gave is taken back."""
    if play.assignments:
        one = play.assignments[which % len(play.assignments)]
        is_correction = which % 3 == 0
        at = play.stack.now - (2 if is_correction else 0) * DAY
        ground = "error del registro" if is_correction else None
        end_red(session, one, at=at, now=play.stack.now, ground=ground)


def employ(play: Play, session: Session, which: int) -> None:
    terms = UserTerms(
        holder=(play.bureau, play.partner)[which % 2],
        authorisation=AUTHORISATION,
        person=play.employee,
        person_name="Empleada",
        starts_at=play.stack.now + (which % 3) * DAY,
        ends_at=None if which % 4 else play.stack.now + 5 * DAY,
    )
    play.users.append(register_user(session, terms, now=play.stack.now).id)


def dismiss(play: Play, session: Session, which: int) -> None:
    if play.users:
        one = play.users[which % len(play.users)]
        end_user(session, one, at=play.stack.now + which % 2 * DAY, now=play.stack.now)


def register(play: Play, session: Session, which: int) -> None:
    """Let the partner say for whom the employee works, and in what; the scope before ends with it."""
    clients = [one for n, one in enumerate((*play.clients, play.partner)) if which >> n & 1]
    terms = RegistrationTerms(
        person=play.employee,
        person_name="Empleada",
        scope=Scope(
            clients=frozenset(clients) or None,
            matters=frozenset({"collection"}) if which % 3 == 0 else None,
            may_decide=which % 5 != 0,
        ),
        starts_at=play.stack.now + (which % 7 == 0) * DAY,
        ends_at=play.stack.now + 4 * DAY if which % 4 == 0 else None,
    )
    play.is_in_some_matters |= terms.scope.matters is not None
    asked = asking(play.stack, caller_of(play.partner))
    play.registrations.append(grant_user(session, asked, terms).user.id)


def unregister(play: Play, session: Session, which: int) -> None:
    if play.registrations:
        one = play.registrations[which % len(play.registrations)]
        end_registration(session, asking(play.stack, caller_of(play.partner)), one)


def alone(play: Play, session: Session, which: int) -> None:
    nif = play.clients[which % CLIENTS]
    choose_alone(session, asking(play.stack, caller_of(nif)), alone=which % 2 == 0)


def succeed(play: Play, session: Session, which: int) -> None:
    terms = SuccessionTerms(
        predecessor=play.clients[which % CLIENTS],
        successor=play.partner,
        successor_name="Sucesora",
        cause=Cause.GUARDIANSHIP if which % 2 else Cause.TRANSFER,
        fact_at=play.stack.now - 3 * DAY,
        document="Expediente 7",
        procedures=frozenset() if which % 3 else frozenset({"203546"}),
    )
    row = play.stack.office.succeeding.communicate(session, terms, body=None, now=play.stack.now)
    if terms.cause is Cause.GUARDIANSHIP:
        play.guardianships.append(row.id)


def end_guardianship(play: Play, session: Session, which: int) -> None:
    if play.guardianships:
        at = play.stack.now + which % 2 * DAY
        end_succession(
            session, play.guardianships[which % len(play.guardianships)], at=at, now=play.stack.now
        )


def go_down(play: Play, session: Session, which: int) -> None:
    """Declare an outage of now or of some days ago, which opens what had lapsed."""
    started_at = play.stack.now - (which % 5) * DAY
    row = declare_outage(
        session,
        started_at=started_at,
        ended_at=None,
        reason="Avería",
        declared_by=person_nif(1),
        now=play.stack.now,
    )
    play.outages.append(row.id)


def come_up(play: Play, session: Session, which: int) -> None:
    """End the outage: now, or as if it had never been."""
    if play.outages:
        now = play.stack.now
        close_outage(session, play.outages[-1], ended_at=now - (which % 2) * timedelta(hours=3), now=now)


def decide(play: Play, session: Session, which: int) -> None:
    if play.acts:
        _, act = play.acts[which % len(play.acts)]
        by = (play.bureau, play.employee, *play.clients)[which % (2 + CLIENTS)]
        will = Will(Decision.ACCEPT if which % 2 else Decision.REJECT)
        play.stack.office.mailbox.decide_all(session, asking(play.stack, caller_of(by)), [act], will)


def report(play: Play, session: Session, which: int) -> None:
    """Tell of a decision of some days ago in another channel: a correction, where it comes first."""
    if play.acts:
        reference, _ = play.acts[which % len(play.acts)]
        at = play.stack.now - (which % 4) * DAY
        told = Report(
            reference=reference, channel=Channel.DEHU, what=Reported.ACCEPTED, at=at, evidence=f"E-{which}"
        )
        body = find_issuing_body(session, ISSUER)
        assert body is not None
        asked = asking(play.stack, caller_of(play.clients[0]))
        play.stack.office.reporting.report_all(session, asked, body, [told])


STEPS = (
    *[publish] * 4,
    *[grant] * 4,
    revoke,
    revoke,
    extend,
    *[assign] * 4,
    end_assignment,
    end_assignment,
    employ,
    employ,
    dismiss,
    *[register] * 4,
    unregister,
    alone,
    succeed,
    end_guardianship,
    go_down,
    come_up,
    decide,
    decide,
    report,
)


def tick(play: Play, hours: int, *, is_swept: bool) -> None:
    """Let time pass and, where it is wanted, the clock's work be done."""
    play.stack.pass_time(hours=hours)
    if is_swept:
        office = play.stack.office
        sweep(play.stack.engine, seal=office.seal, now=play.stack.now, sweeping=Sweeping())
