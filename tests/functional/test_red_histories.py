"""Random histories of the registers: what each RED person sees equals what the assignments say.

The oracle knows no windows: it asks of each item who managed which account when the item came to be at
disposal, from a list of what was entered and since when that counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notigateway.addressee.red import assign_red, end_red, reassign_red, unassign_red
from notigateway.addressee.register import MainTerms, set_main_account
from notigateway.errors import GatewayError
from notigateway.law.assurance import SIGNED
from notigateway.law.submission import SubmittedAddressee
from notigateway.law.titles import RedTerms
from notigateway.pki.identity import read_caller
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.engine import writing
from notigateway.repository.listing import ListFilter, list_page
from notigateway.uuids import uuid7
from pki import COMPANY_NIF, NOW, pki
from titles import CCC, OTHER_RED_NIF, RED_NIF, register_company

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.issuer.deposits import Deposit
    from notigateway.repository.session import Session
    from stack import Stack

DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
OTHER_CCC = "08999999904"
PEOPLE = [RED_NIF, OTHER_RED_NIF]
BODIES = ["EA0041485", "EA0041735"]


@dataclass(frozen=True)
class Publish:
    body: str
    quoted: str | None
    name: str
    in_days: int
    voluntary: bool


@dataclass(frozen=True)
class Assign:
    person: str
    account: str
    from_day: int
    days: int | None


@dataclass(frozen=True)
class End:
    which: int
    in_days: int


@dataclass(frozen=True)
class ChangeMain:
    account: str
    from_day: int


@dataclass(frozen=True)
class OptOut:
    which: int


@dataclass(frozen=True)
class OptIn:
    which: int


Step = Publish | Assign | End | ChangeMain | OptOut | OptIn
ACCOUNT = st.sampled_from([CCC, CCC, OTHER_CCC])
WHICH = st.integers(0, 5)
PUBLICATIONS = st.builds(
    Publish,
    st.sampled_from(BODIES),
    st.none() | ACCOUNT,
    st.sampled_from(["Conservas", "CONSERVAS DEL NORTE"]),
    st.sampled_from([0, 0, 0, 0, 1, 3]),
    st.sampled_from([False] * 5 + [True]),
)
CHANGES: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Assign,
        st.sampled_from(PEOPLE),
        ACCOUNT,
        st.sampled_from([0, 0, 0, -2, 1, 3]),
        st.sampled_from([None, 2, 3, 6]),
    ),
    st.builds(End, WHICH, st.integers(0, 2)),
    st.builds(ChangeMain, ACCOUNT, st.integers(-2, 2)),
    st.builds(OptOut, WHICH),
    st.builds(OptIn, WHICH),
)
# Days that pass, a change, and what is published at the same instant after it.
HISTORIES = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2]), CHANGES, PUBLICATIONS), min_size=6, max_size=14)


@dataclass
class Entered:
    """An assignment as the oracle remembers it: since when and until when it counts."""

    person: str
    account: str
    since: datetime
    until: datetime | None


@dataclass
class Oracle:
    """What was entered, and since when it counts; and the items, with when they are at disposal."""

    mains: dict[datetime, str] = field(default_factory=lambda: {NOW: CCC})
    assigned: dict[UUID, Entered] = field(default_factory=dict)
    alone: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    items: dict[int, tuple[datetime, bool]] = field(default_factory=dict)
    immediate: set[int] = field(default_factory=set)

    def effect(self, now: datetime) -> datetime:
        """Return since when something entered now counts: after everything at disposal."""
        at_disposal = [at for code, (at, _) in self.items.items() if at <= now or code in self.immediate]
        return max([now, *(at + MILLISECOND for at in at_disposal)])

    def main_at(self, at: datetime) -> str | None:
        """Return the main account: the one that was entered for the latest instant before."""
        return (
            self.mains[max(since for since in self.mains if since <= at)] if min(self.mains) <= at else None
        )

    def enter_main(self, account: str, since: datetime) -> None:
        """Enter a main account, unless it is the main one then."""
        if self.main_at(since) != account:
            self.mains[since] = account

    def readers(self, at: datetime) -> set[str]:
        """Return for whom what is put at disposal then is, too."""
        if any(since <= at and (until is None or at < until) for since, until in self.alone):
            return set()
        return {
            one.person
            for one in self.assigned.values()
            if one.since <= at and (one.until is None or at < one.until) and one.account == self.main_at(at)
        }

    def seen(self, person: str, now: datetime) -> set[int]:
        """Return what a person sees at `now`."""
        return {
            code
            for code, (at, is_obliged) in self.items.items()
            if at <= now and is_obliged and person in self.readers(at)
        }


@dataclass
class Play:
    """One history, played on the product and told to the oracle."""

    stack: Stack
    session: Session
    deposit: Deposit
    oracle: Oracle = field(default_factory=Oracle)
    now: datetime = NOW
    number: int = 0

    def step(self, step: Step) -> None:
        """Do one step; what is refused changes nothing."""
        try:
            with self.session.begin_nested():
                self._do(step)
        except GatewayError:
            return

    def _do(self, step: Step) -> None:
        if isinstance(step, Publish):
            return self._publish(step)
        effect = self.oracle.effect(self.now)
        if isinstance(step, Assign):
            return self._assign(step, effect)
        if isinstance(step, ChangeMain):
            start = self.now + step.from_day * DAY
            terms = MainTerms(addressee=COMPANY_NIF, account=step.account, starts_at=start)
            set_main_account(self.session, terms, now=self.now)
            return self.oracle.enter_main(step.account, max(start, effect))
        if not self.oracle.assigned:
            return None
        named = list(self.oracle.assigned)[step.which % len(self.oracle.assigned)]
        if isinstance(step, End):
            return self._end(named, self.now + step.in_days * DAY, effect)
        return self._opt(named, effect, is_out=isinstance(step, OptOut))

    def _publish(self, step: Publish) -> None:
        self.number += 1
        at = None if step.in_days == 0 else self.now + step.in_days * DAY
        submission = replace(
            self.deposit.submission,
            issuing_body=step.body,
            reference=f"{self.number}",
            addressee=SubmittedAddressee(COMPANY_NIF, step.name, ccc=step.quoted),
            available_at=at,
            voluntary=step.voluntary,
        )
        deposit = replace(self.deposit, submission=submission)
        published = self.stack.office.publishing.publish(self.session, deposit, now=self.now)
        code = published.notification.code
        self.oracle.items[code] = (at or self.now, published.notification.is_obliged)
        if at is None:
            self.oracle.immediate.add(code)

    def _assign(self, step: Assign, effect: datetime) -> None:
        start = self.now + step.from_day * DAY
        end = None if step.days is None else start + step.days * DAY
        terms = RedTerms(
            addressee=COMPANY_NIF,
            account=step.account,
            red_party=step.person,
            red_name=step.person,
            authorisation="123456",
            starts_at=start,
            ends_at=end,
        )
        row = assign_red(self.session, terms, now=self.now)
        self.oracle.assigned.setdefault(row.id, Entered(step.person, step.account, max(start, effect), end))

    def _end(self, assignment: UUID, at: datetime, effect: datetime) -> None:
        row = end_red(self.session, assignment, at=at, now=self.now)
        entered = self.oracle.assigned[assignment]
        until = max(row.ends_at or at, effect)
        if entered.until is None or until < entered.until:
            entered.until = until

    def _opt(self, assignment: UUID, effect: datetime, *, is_out: bool) -> None:
        oracle = self.oracle
        stands = bool(oracle.alone) and oracle.alone[-1][1] is None
        if is_out:
            unassign_red(self.session, self._asking(), assignment)
            entered = oracle.assigned[assignment]
            if entered.until is None or entered.until > effect:
                entered.until = effect
            if not stands:
                oracle.alone.append((effect, None))
            return
        row = reassign_red(self.session, self._asking(), assignment)
        if stands:
            oracle.alone[-1] = (oracle.alone[-1][0], effect)
        earlier = oracle.assigned[assignment]
        oracle.assigned.setdefault(row.id, Entered(earlier.person, earlier.account, effect, None))

    def _asking(self) -> Asking:
        caller = read_caller(pki().company_seal.certificate)
        proof = RequestProof(uuid7(self.now), b"<signed/>", "rsa-sha256")
        return Asking(caller=caller, assurance=SIGNED, now=self.now, proof=proof)

    def seen(self, person: str) -> set[int]:
        """Return what the product shows to a person."""
        rows = list_page(
            self.session, party=person, chosen=ListFilter(), after_code=0, limit=1000, now=self.now
        )
        return {row.code for row in rows}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_each_red_person_sees_what_the_assignments_say(
    stack: Stack, history: list[tuple[int, Step, Publish]]
) -> None:
    """And nothing that is done moves what was at disposal before it, for anybody."""
    stack.register_issuer(BODIES[1], "INSS", "Instituto Nacional")
    register_company(stack)
    with writing(stack.engine) as session:
        play = Play(stack, session, stack.deposit("1"))
        for days, change, publication in history:
            play.now += days * DAY
            before = {person: play.seen(person) for person in PEOPLE}
            known = {code for code, (at, _) in play.oracle.items.items() if at <= play.now}
            play.step(change)
            play.step(publication)
            for person in PEOPLE:
                seen = play.seen(person)
                assert seen & known == before[person]
                assert seen == play.oracle.seen(person, play.now)
        play.now += 10 * DAY
        for person in PEOPLE:
            assert play.seen(person) == play.oracle.seen(person, play.now)
        session.rollback()  # the next history begins empty
        session.begin()
