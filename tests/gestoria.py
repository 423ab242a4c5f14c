"""A simulated bureau: thousands of clients and a year of what is put at disposal and decided, with evidence.

Everything is done by the gateway's own use cases, day by day, at instants of the clock of `stack`: documents
are stored, receipts sealed, changes placed. The same seed plays the same year. For whom the bureau acts and
who works there is of `gestoria_people`. What the service then knows of all that somebody may see is
`service_record.record`: what an archive of a client is compared with.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Final

from bureau import BODIES
from following import asking
from gestoria_people import SORTS, People
from histories import caller_of
from notigateway.addressee.mailbox import Will
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.issuer.reporting import Report
from notigateway.law.lifecycle import Channel, Decision, Kind
from notigateway.law.reports import Reported
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.repository.acts import find_issuing_body
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
_AT_ONCE: Final = 250
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
    people: People
    notifications: int = 1_200
    seed: int = 20_261_128
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  (the same year every time)
        self.begins = self.stack.now
        self.published = 0
        # What will be done, in the order of time: when, the how manieth, what, and to which notification.
        self._due: list[tuple[datetime, int, str, Act]] = []
        self._turns = count()

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
            self.told.update(self.people.change(day))
            self._publish(round((day + 1) * per_day) - self.published)
            self._work(morning + 8 * HOUR)
            yield day

    def _on(self, at: datetime) -> None:
        assert at >= self.stack.now
        self.stack.now = at

    # --- a day

    def _publish(self, wanted: int) -> None:
        """Put so many at disposal, for clients by chance, and say what will become of each."""
        publishing, now = self.stack.office.publishing, self.stack.now
        acts = [self._act() for _ in range(wanted)]
        deposits = [one for one in publishing.deposit_all(acts) if not isinstance(one, Exception)]
        if not acts:
            return
        with writing(self.stack.engine) as session:
            for of, published in zip(acts, publishing.publish_all(session, deposits, now=now), strict=True):
                assert not isinstance(published, Exception)
                notification = published.notification
                act = Act(of.issuing_body, of.reference, of.addressee.identifier, now, notification.id)
                self._plan(act, is_communication=of.kind is Kind.COMMUNICATION)
                if notification.deadline is not None:
                    self._later_on(notification.deadline, "lapses", act)

    def _act(self) -> ActSubmission:
        """Return an act: some are communications, some have an annex, few have data of health."""
        self.published += 1
        number = self.chance.randrange(self.people.clients)
        procedure, matter = self.chance.choice(SORTS)
        documents = [SubmittedDocument("acto.pdf", "application/pdf", f"%PDF-1.7 {self.published}".encode())]
        if self.chance.random() < 0.125:
            annex = f"%PDF-1.7 anexo {self.published}".encode()
            documents.append(SubmittedDocument("anexo.pdf", "application/pdf", annex))
        return ActSubmission(
            issuing_body=BODIES[self.published % 2],
            reference=f"G-{self.published:06}",
            subject=f"Acto {self.published}",
            procedure=procedure,
            matter=matter,
            addressee=SubmittedAddressee(
                self.people.nif(number), f"Cliente {number} SL", ccc=self.people.account(number)
            ),
            documents=tuple(documents),
            kind=Kind.COMMUNICATION if self.chance.random() < 0.05 else Kind.NOTIFICATION,
            special_category=self.chance.random() < 0.015,
        )

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
            self.told[what] += what == "told late"
        self._on(until)
        if due["lapses"]:
            sweep(self.stack.engine, seal=self.stack.office.seal, now=until, sweeping=Sweeping())
        self._decide(self.people.bureau, due["bureau"], Decision.ACCEPT)
        self._decide(self.people.employee, due["employee"], Decision.ACCEPT)
        self._decide(self.people.bureau, due["rejected"], Decision.REJECT)
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
                    asked = asking(self.stack, self.people.bureau)
                    self.stack.office.reporting.report_all(session, asked, body, reports)
