"""`follow`: keeps an archive current, and accepts what a policy says; woken by pushes, or looking by itself.

One round pulls what has changed, without any legal effect. Then it asks the policy about all that waits for
a decision, and accepts and stores what that says. What is to be accepted is written down before, with the
rule and the digest of the policy, and so is what came of it: `.follow.log` in the archive. It is never
accepted by default; a policy that names whom or what the service does not know stops before anything.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import ClientError, SpoolError
from notigateway.client.spool import Spool
from notigateway.client.values import UNDECIDED, Filter
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from notigateway.client.api import NotificationClient
    from notigateway.client.policy import Policy, Verdict
    from notigateway.client.pulled import PullReport
    from notigateway.client.wake import Alarm
    from notigateway.contract.v1 import Notification

LOG: Final = ".follow.log"
# How long nothing need have changed until what waits is looked at again: days and marks are no changes.
_LOOK_EVERY: Final = timedelta(minutes=15)
_LONGEST_PAUSE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a policy says of one notification that waits for a decision."""

    notification: Notification
    verdict: Verdict

    @property
    def why(self) -> str:
        """Why it is not accepted, in one word."""
        return self.verdict.waits_for or ("left" if self.verdict.rule else "no_rule")


@dataclass(slots=True)
class Round:
    """What one round did; `would_accept` in a dry run."""

    pulled: PullReport
    waiting: int = 0
    chosen: list[Chosen] = field(default_factory=list)
    accepted: PullReport | None = None

    @property
    def reasons(self) -> Counter[str]:
        """Count what is left, by why."""
        return Counter(one.why for one in self.chosen if not one.verdict.accepts)


@dataclass
class Following:
    """Who follows into which archive, by which policy; `pull` stores, `tell` hears of each round."""

    client: NotificationClient
    directory: Path
    pull: Callable[..., PullReport]
    policy: Policy | None = None
    dry_run: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _signer: str = ""
    _looked_at: datetime | None = None

    def check(self) -> None:
        """Ask the service who asks, and whether it knows whom and what the policy names.

        Raises: `PolicyError`, `ClientError`.
        """
        pong = self.client.ping()
        self._signer = pong.signer.identifier
        if self.policy is None or not self.policy.rules:
            return
        pages = self.client.representation_pages()
        clients = {pong.party.identifier} | {
            one.addressee.identifier for page in pages for one in page.representations
        }
        matters = self.client.list_matters()
        procedures = {one.code for matter in matters for one in matter.procedures}
        self.policy.check_known(clients, {one.code for one in matters}, procedures)

    def round(self) -> Round:
        """Pull, ask the policy, accept what it says. Raises: what `pull` raises."""
        now = self.clock()
        done = Round(self.pull(accept=False))
        has_changed = bool(done.pulled.changes or done.pulled.walked_list)
        is_due = self._looked_at is None or now - self._looked_at >= _LOOK_EVERY
        if self.policy is None or not (has_changed or is_due):
            return done
        done.chosen = self._judge(self.policy, now)
        done.waiting = len(done.chosen)
        wanted = [one for one in done.chosen if one.verdict.accepts]
        if wanted and not self.dry_run:
            self._log("accepting", wanted, now)
            try:
                done.accepted = self.pull(accept=True, chosen=[one.notification for one in wanted])
            except BaseException as error:
                with suppress(SpoolError):  # it may be what failed
                    self._log("interrupted", wanted, now, error=getattr(error, "code", "UNEXPECTED"))
                raise
            refused = {one.id for one in (*done.accepted.refused, *done.accepted.not_verified)}
            self._log("done", [one for one in wanted if one.notification.id not in refused], now)
            self._log("not_stored", [one for one in wanted if one.notification.id in refused], now)
        self._looked_at = now
        return done

    def run(self, alarm: Alarm, *, every: timedelta, tell: Callable[[Round | ClientError], None]) -> None:
        """Do rounds until the alarm is over; after a trouble that may pass, later and later.

        Raises: `ClientError` for what does not pass by itself.
        """
        self.check()
        failed = 0
        while not alarm.is_over:
            try:
                tell(self.round())
                failed = 0
            except ClientError as error:
                if not error.retryable:
                    raise
                failed += 1
                tell(error)
            pause = min(every * 2 ** min(failed, 10), max(every, _LONGEST_PAUSE)) if failed else every
            alarm.wait(pause.total_seconds())

    def _judge(self, policy: Policy, now: datetime) -> list[Chosen]:
        """Ask the policy about everything that waits for a decision."""
        where = Filter(states=tuple(sorted(UNDECIDED)))
        found = []
        for one in self.client.list_notifications(where, with_marks=policy.needs_labels):

            def is_checked(label: str, of: Notification = one) -> bool:
                labels = () if of.marks is None else of.marks.labels
                return any(mark.label == label and mark.by.identifier != self._signer for mark in labels)

            verdict = policy.judge(one, now=now, is_checked=is_checked)
            found.append(Chosen(replace(one, marks=None), verdict))
        return found

    def _log(self, what: str, chosen: Sequence[Chosen], now: datetime, **more: str) -> None:
        """Write down what is about to be accepted, or what came of it. Raises: `SpoolError`."""
        if not chosen or self.policy is None:
            return
        lines = [
            {
                "at": instant_text(now),
                "what": what,
                "code": one.notification.code,
                "id": one.notification.id,
                "addressee": one.notification.addressee.identifier,
                "rule": one.verdict.rule,
                "policy_sha256": self.policy.sha256,
                **more,
            }
            for one in chosen
        ]
        with Spool(self.directory, looks=False) as spool:
            text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
            spool.append_file(LOG, text.encode())
