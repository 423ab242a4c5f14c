"""A simulated bureau: thousands of clients and a year of what is put at disposal and decided, with evidence.

Everything is done by the gateway's own use cases, day by day, at instants of the clock of `stack`: documents
are stored, receipts sealed, changes placed. The same seed plays the same year. By RED and powers the bureau
sees what its clients have; two employees work under its authorisation. What the service then knows of all
that the bureau may see is `service_record.record`: what an archive of a client is compared with.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Final

from bench.world import account_of, nif_of

from bureau import AUTHORISATION, BODIES, BUREAU_NAME, BUREAU_NIF, FIRST_NIF, PERSON_NAME, SECOND_NIF, bureau
from catalogue import IN_GROUP
from following import Follower, asking
from histories import caller_of
from notigateway.addressee.mailbox import Will
from notigateway.addressee.powers import import_power, revoke_power
from notigateway.addressee.red import assign_red, end_red
from notigateway.addressee.red_users import end_user, register_user
from notigateway.addressee.register import give_first_account
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.reporting import Report
from notigateway.law.lifecycle import Channel, Decision, Kind
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.red_users import UserTerms
from notigateway.law.reports import Reported
from notigateway.law.representation import ItemKind, PowerScope
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.law.titles import RedTerms
from notigateway.pki.identity import read_caller
from notigateway.repository.acts import find_issuing_body
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller
    from stack import Stack

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
DAYS: Final = 360
# Numbers of clients, apart from those of other tests.
_FIRST: Final = 1_000
# Every tenth client has granted a power instead of being assigned.
_BY_POWER: Final = 10
_AT_ONCE: Final = 250
# Of each sort: the procedure and the matter.
_SORTS: Final = (("203546", "collection"), (IN_GROUP[0], "contribution"), ("2", "collection"))
# What becomes of how many: accepted or rejected by the bureau, by the first employee, by the client; accepted
# elsewhere and told at once; decided here or lapsed, and corrected days later by a report of before;
# and the rest nobody decides.
_FATES: Final = (
    ("bureau", 0.45),
    ("employee", 0.12),
    ("rejected", 0.05),
    ("client", 0.06),
    ("elsewhere", 0.03),
    ("corrected", 0.02),
    ("corrected lapse", 0.01),
    ("left", 0.26),
)


@dataclass(frozen=True)
class Act:
    """What was put at disposal, and of whom."""

    body: str
    reference: str
    addressee: str
    available_at: datetime
    notification: UUID


@dataclass
class Gestoria:
    """The bureau with so many clients, and the year that is played; `told` counts what happened."""

    stack: Stack
    clients: int = 100
    notifications: int = 1_200
    seed: int = 20_261_128
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  (the same year every time)
        self.begins = self.stack.now
        self.bureau: Caller = read_caller(bureau().certificate)
        self.employee = caller_of(FIRST_NIF)
        self._count = 0
        # What will be done, in the order of time: when, the how manieth, what, and to which notification.
        self._due: list[tuple[datetime, int, str, Act]] = []
        self._turns = count()
        self._powers: list[tuple[str, UUID]] = []
        self._assigned: list[UUID] = []
        self._users: list[UUID] = []
        # Clients that come later: of each month one by power, one by RED, with a backlog of their own.
        self._later = list(range(self.clients - min(24, self.clients // 4), self.clients))
        self._onboard()

    def nif(self, number: int) -> str:
        """Return who is the client of that number."""
        return nif_of(_FIRST + number)

    def follower(self, *, page_size: int = 1_000, caller: Caller | None = None) -> Follower:
        """Return who follows for the bureau, or for somebody else."""
        return Follower(self.stack, caller or self.bureau, page_size=page_size)

    # --- the year

    def play(self) -> None:
        """Play the whole year."""
        for _ in self.days():
            pass

    def days(self) -> Iterator[int]:
        """Play day after day, and pause after each for who wants to look."""
        per_day = self.notifications / DAYS
        for day in range(DAYS):
            morning = self.begins + (day + 1) * DAY
            self._on(morning)
            self._change_rights(day)
            self._publish(round((day + 1) * per_day) - self._count)
            self._work(morning + 8 * HOUR)
            self._sweep(morning + 12 * HOUR)
            yield day

    def _on(self, at: datetime) -> None:
        assert at >= self.stack.now
        self.stack.now = at

    def _onboard(self) -> None:
        """Register the clients with their accounts, and who acts for them."""
        self.stack.register_issuer(BODIES[1], "INSS", "Instituto Nacional de la Seguridad Social")
        for first in range(0, self.clients, _AT_ONCE):
            with writing(self.stack.engine) as session:
                for number in range(first, min(first + _AT_ONCE, self.clients)):
                    nif, now = self.nif(number), self.stack.now
                    row = ensure_addressee(session, identifier=nif, name=f"Cliente {number} SL")
                    give_first_account(session, row, account_of(_FIRST + number), starts_at=now, now=now)
        known = range(self.clients - len(self._later))
        self._empower([self.nif(one) for one in known if one % _BY_POWER == 0])
        self._assign([one for one in known if one % _BY_POWER])
        self._employ(FIRST_NIF)

    def _change_rights(self, day: int) -> None:
        """Gain clients in each month, and lose one; now and then an employee begins and leaves."""
        month, of_month = divmod(day, 30)
        if of_month == 10 and self._later:
            self._empower([self.nif(self._later.pop())])
            self.told["power gained"] += 1
            if self._later:
                self._assign([self._later.pop()])
                self.told["assignment gained"] += 1
        elif of_month == 20 and self._powers:
            self._lose(month)
        elif of_month == 15 and month in {3, 8}:
            self._employ(SECOND_NIF)
            self.told["employee begun"] += 1
        elif of_month == 25 and month in {5, 10}:
            with writing(self.stack.engine) as session:
                end_user(session, self._users.pop(), at=self.stack.now, now=self.stack.now)
            self.told["employee ended"] += 1

    def _lose(self, month: int) -> None:
        """Lose a power or one thing of it, and by turns an assignment, which takes only what comes later."""
        nif, power = self._powers[month % len(self._powers)]
        with writing(self.stack.engine) as session:
            revoke_power(session, asking(self.stack, caller_of(nif)), power)
            if month % 3 == 0 and self._assigned:
                end_red(session, self._assigned.pop(), at=self.stack.now, now=self.stack.now)
                self.told["assignment lost"] += 1
        self._powers.remove((nif, power))
        self.told["power lost"] += 1

    def _empower(self, nifs: Sequence[str]) -> None:
        """Let these have granted the bureau a power: a general one, or by turns of two procedures."""
        now = self.stack.now
        for first in range(0, len(nifs), _AT_ONCE):
            with writing(self.stack.engine) as session:
                for nif in nifs[first : first + _AT_ONCE]:
                    is_general = len(self._powers) % 3 != 0
                    named = tuple(Named(ItemKind.PROCEDURE, code) for code, _ in _SORTS[:2])
                    terms = PowerTerms(
                        attorney=BUREAU_NIF,
                        attorney_name=BUREAU_NAME,
                        scope=PowerScope.GENERAL if is_general else PowerScope.PROCEDURE,
                        items=() if is_general else named,
                        expires_at=now + 700 * DAY,
                    )
                    power = import_power(
                        session,
                        terms,
                        grantor=nif,
                        registered_at=now,
                        accepted_at=now,
                        is_adapted=False,
                        now=now,
                    )
                    self._powers.append((nif, power.id))

    def _assign(self, numbers: Sequence[int]) -> None:
        """Assign the main accounts of these to the bureau."""
        now = self.stack.now
        for first in range(0, len(numbers), _AT_ONCE):
            with writing(self.stack.engine) as session:
                for number in numbers[first : first + _AT_ONCE]:
                    terms = RedTerms(
                        addressee=self.nif(number),
                        account=account_of(_FIRST + number),
                        red_party=BUREAU_NIF,
                        red_name=BUREAU_NAME,
                        authorisation=AUTHORISATION,
                        starts_at=now,
                    )
                    self._assigned.append(assign_red(session, terms, now=now).id)

    def _employ(self, nif: str) -> None:
        terms = UserTerms(
            holder=BUREAU_NIF,
            authorisation=AUTHORISATION,
            person=nif,
            person_name=PERSON_NAME,
            starts_at=self.stack.now,
        )
        with writing(self.stack.engine) as session:
            self._users.append(register_user(session, terms, now=self.stack.now).id)

    # --- a day

    def _publish(self, wanted: int) -> None:
        """Put so many at disposal, for clients by chance, and say what will become of each."""
        deposits = [self._deposit() for _ in range(wanted)]
        if not deposits:
            return
        publishing, now = self.stack.office.publishing, self.stack.now
        with writing(self.stack.engine) as session:
            for published, deposit in zip(
                publishing.publish_all(session, deposits, now=now), deposits, strict=True
            ):
                assert not isinstance(published, Exception)
                of, notification = deposit.submission, published.notification
                act = Act(of.issuing_body, of.reference, of.addressee.identifier, now, notification.id)
                self._plan(act, is_communication=of.kind is Kind.COMMUNICATION)

    def _deposit(self) -> Deposit:
        """Return an act: some are communications, some have an annex, few have data of health."""
        self._count += 1
        number = self.chance.randrange(self.clients)
        procedure, matter = self.chance.choice(_SORTS)
        documents = [SubmittedDocument("acto.pdf", "application/pdf", f"%PDF-1.7 {self._count}".encode())]
        if self.chance.random() < 0.125:
            annex = f"%PDF-1.7 anexo {self._count}".encode()
            documents.append(SubmittedDocument("anexo.pdf", "application/pdf", annex))
        submission = ActSubmission(
            issuing_body=BODIES[self._count % 2],
            reference=f"G-{self._count:06}",
            subject=f"Acto {self._count}",
            procedure=procedure,
            matter=matter,
            addressee=SubmittedAddressee(
                self.nif(number), f"Cliente {number} SL", ccc=account_of(_FIRST + number)
            ),
            documents=tuple(documents),
            kind=Kind.COMMUNICATION if self.chance.random() < 0.05 else Kind.NOTIFICATION,
            special_category=self.chance.random() < 0.015,
        )
        return self.stack.office.publishing.deposit(submission)

    def _plan(self, act: Act, *, is_communication: bool) -> None:
        """Say what will become of it, and when."""
        names, weights = zip(*_FATES, strict=True)
        (fate,) = self.chance.choices(names, weights)
        if is_communication and fate != "left":
            fate = "bureau"
        soon = self.stack.now + self.chance.randint(0, 9) * DAY + 2 * HOUR
        if fate == "corrected":
            self._later_on(soon, "bureau", act)
            self._later_on(soon + 15 * DAY, "told late", act)
        elif fate == "corrected lapse":
            self._later_on(self.stack.now + 20 * DAY, "told late", act)
        elif fate != "left":
            self._later_on(soon, fate, act)
        self.told[fate] += 1

    def _later_on(self, at: datetime, what: str, act: Act) -> None:
        heapq.heappush(self._due, (at, next(self._turns), what, act))

    def _work(self, until: datetime) -> None:
        """Do what is due by then: everybody's decisions together, then what the bodies report."""
        due: dict[str, list[Act]] = defaultdict(list)
        while self._due and self._due[0][0] <= until:
            _, _, what, act = heapq.heappop(self._due)
            due[what].append(act)
        self._on(until)
        self._decide(self.bureau, due["bureau"], Decision.ACCEPT)
        self._decide(self.employee, due["employee"], Decision.ACCEPT)
        self._decide(self.bureau, due["rejected"], Decision.REJECT)
        for act in due["client"]:
            self._decide(caller_of(act.addressee), [act], Decision.ACCEPT)
        self._report(due["elsewhere"], since=until - HOUR)
        self._report(due["told late"], since=None)

    def _decide(self, caller: Caller, acts: Sequence[Act], decision: Decision) -> None:
        for first in range(0, len(acts), _AT_ONCE):
            some = [act.notification for act in acts[first : first + _AT_ONCE]]
            with writing(self.stack.engine) as session:
                asked = asking(self.stack, caller)
                self.stack.office.mailbox.decide_all(session, asked, some, Will(decision))

    def _report(self, acts: Sequence[Act], *, since: datetime | None) -> None:
        """Let each body tell of what was accepted elsewhere: then, or an hour after it was at disposal."""
        for dir3 in BODIES:
            reports = [
                Report(
                    reference=act.reference,
                    channel=Channel.DEHU,
                    what=Reported.ACCEPTED,
                    at=since or act.available_at + HOUR,
                    evidence=f"DEHU-{act.reference}",
                )
                for act in acts
                if act.body == dir3
            ]
            if reports:
                with writing(self.stack.engine) as session:
                    body = find_issuing_body(session, dir3)
                    assert body is not None
                    asked = asking(self.stack, self.bureau)
                    self.stack.office.reporting.report_all(session, asked, body, reports)

    def _sweep(self, at: datetime) -> None:
        self._on(at)
        sweep(self.stack.engine, seal=self.stack.office.seal, now=at, sweeping=Sweeping())
