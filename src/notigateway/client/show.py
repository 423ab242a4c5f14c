"""What the command line prints: tables and JSON on standard output, progress and errors on standard error.

Tables are for people and tell days of Madrid; JSON is for programs and tells UTC.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from notigateway.client.days import last_day_text, moment_text, over_text
from notigateway.client.pulled import Step
from notigateway.client.shapes import as_json
from notigateway.client.tables import marks_text, print_table, shown
from notigateway.law.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from notigateway.client.errors import ClientError
    from notigateway.client.proof import Verdict
    from notigateway.client.pulled import PullReport
    from notigateway.client.values import (
        AddresseeCount,
        Change,
        Decision,
        DecisionOutcome,
        Delegate,
        Event,
        History,
        Notification,
        Pong,
        RightsChange,
        SigningPerson,
        Summary,
    )
    from notigateway.contract.v1 import Receipt

Item = TypeVar("Item")


def waiting(error: ClientError, seconds: float) -> None:
    """Tell a person on standard error what is waited for; nothing where nobody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{shown(error.line())}; trying again in {max(seconds, 1):.0f} s\n")


def print_json(value: object) -> None:
    """Print one JSON document on one line."""
    sys.stdout.write(json.dumps(as_json(value), ensure_ascii=False) + "\n")


def print_all(found: Iterable[Item], table: Callable[[Iterable[Item]], None], *, as_json: bool) -> None:
    """Print a line of JSON for each, or one table of all."""
    if not as_json:
        table(found)
        return
    for one in found:
        print_json(one)


def notifications_table(notifications: Iterable[Notification]) -> None:
    """Print a list of notifications; what is furthest from deciding is left out on a narrow screen."""
    print_table(
        (
            *("code", "id", "kind", "state", "last day", "issuer", "matter", "addressee", "name", "subject"),
            *("documents", "account", "metadata", "marks"),
        ),
        (
            (
                one.code,
                one.id,
                one.kind,
                one.state,
                last_day_text(one.deadline),
                one.issuing_body.acronym,
                one.matter,
                one.addressee.identifier,
                one.addressee.name,
                one.subject,
                f"{one.document_count} ({sum(one.document_sizes)} B)",
                one.ccc or one.naf or "",
                "; ".join(f"{said.key}={said.value}" for said in one.metadata),
                marks_text(one.marks),
            )
            for one in notifications
        ),
        optional=(
            *("addressee", "issuer", "name", "matter", "kind", "documents", "account", "metadata", "marks"),
        ),
    )


def outcomes_table(outcomes: Iterable[DecisionOutcome]) -> None:
    """Print what became of each item of accept or reject."""
    print_table(
        ("id", "outcome", "state", "since", "by", "receipt", "problem"),
        (
            (
                one.id,
                one.outcome,
                one.decision.state if one.decision else "",
                _when(one.decision.state, one.decision.at) if one.decision else "",
                _decided_by(one.decision),
                one.receipt.receipt_id if one.receipt else "",
                f"{one.problem.code}: {one.problem.text_en}" if one.problem else "",
            )
            for one in outcomes
        ),
    )


def _decided_by(decision: Decision | None) -> str:
    """Return who held the title and who signed or, for another channel, for whom it was decided."""
    if decision is None:
        return ""
    if decision.delegate is None:  # another channel, or a service that does not tell
        who = decision.signer or decision.party
        return who.identifier if who else ""
    return _acted(decision.delegate, decision.signing_person)


def _acted(delegate: Delegate | None, person: SigningPerson | None) -> str:
    """Return who held the title, by which one, and through which person; empty where nobody did."""
    if delegate is None:
        return ""
    said = f"{delegate.party.identifier} ({delegate.role}{_after(delegate.reference)})"
    if person is None or person.identifier == delegate.party.identifier:
        return said
    return f"{said} through {person.identifier}{', secondary user' if person.secondary_user else ''}"


def _after(reference: str | None) -> str:
    return "" if reference is None else f" {reference}"


def verdicts_table(verdicts: Iterable[Verdict]) -> None:
    """Print what is to be said of each receipt."""
    print_table(
        ("id", "receipt", "state", "time", "level", "verified", "problem"),
        (
            (
                one.id,
                one.receipt.receipt_id if one.receipt else "",
                _became(one.receipt) if one.receipt else "",
                _when(one.receipt.state, one.receipt.event_time) if one.receipt else "",
                one.level or "",
                "yes" if one.verified else "NO",
                one.problem,
            )
            for one in verdicts
        ),
    )


def pong_table(pong: Pong) -> None:
    """Print what the service reads in the caller's certificate."""
    print_table(
        ("", ""),
        (
            ("party", f"{pong.party.identifier} {pong.party.name}"),
            ("signer", f"{pong.signer.identifier} {pong.signer.name}"),
            ("known", "yes" if pong.known else "no"),
            ("certificate", f"{pong.certificate_serial} of {pong.certificate_issuer}"),
            ("certificate SHA-256", pong.certificate_sha256),
            ("server time", moment_text(pong.server_time)),
            ("versions", f"software {pong.software_version}, contract {pong.contract_version}"),
        ),
    )


def _became(one: Change | Event | Receipt) -> str:
    """Return the state, and what it was where the state alone does not say it."""
    return one.state if one.nature is None else f"{one.state} ({one.nature})"


def _when(state: str, at: datetime) -> str:
    """Return when something became so; a term that is over at midnight ends with the day before."""
    return over_text(at) if state == State.LAPSED else moment_text(at)


def changes_table(
    changes: Iterable[Change],
    rights: Sequence[RightsChange],
    cursor: str | None,
    *,
    rights_changed: bool = False,
) -> None:
    """Print changes, what became of titles, and the cursor to go on from."""
    print_table(
        ("at", "code", "id", "became", "channel", "state now", "addressee", "subject"),
        (
            (
                _when(one.state, one.at),
                one.notification.code,
                one.notification.id,
                _became(one),
                one.channel or "",
                one.notification.state,
                one.notification.addressee.identifier,
                one.notification.subject,
            )
            for one in changes
        ),
    )
    if rights:
        print_table(
            ("title", "at", "addressee", "name", "role", "reference"),
            (
                (
                    one.kind,
                    "" if one.at is None else moment_text(one.at),
                    one.addressee.identifier,
                    one.addressee.name,
                    one.role,
                    one.reference or "",
                )
                for one in rights
            ),
        )
    also = [("rights", "others than before: list once")] if rights_changed else []
    print_table(("", ""), [*also, ("next cursor", cursor)])


def summary_table(summary: Summary) -> None:
    """Print how many there are, and how urgent they are."""
    rows: list[tuple[object, ...]] = [("total", summary.total)]
    rows += summary.by_state.items()
    rows += (
        (
            f"{one.issuing_body.acronym} {one.issuing_body.issuer_id}",
            f"{one.count} ({one.undecided} undecided)",
        )
        for one in summary.by_issuing_body
    )
    rows += ((f"{days} days left", count) for days, count in summary.by_days_left.items())
    if summary.without_deadline:
        rows.append(("without deadline", summary.without_deadline))
    print_table(("", ""), rows)
    if summary.by_addressee:
        print_table(
            ("addressee", "name", "count", "undecided", "first last day"),
            (
                (
                    one.addressee.identifier,
                    one.addressee.name,
                    one.count,
                    one.undecided,
                    last_day_text(one.nearest_deadline),
                )
                for one in sorted(summary.by_addressee, key=_urgency)
            ),
        )


def _urgency(one: AddresseeCount) -> tuple[bool, float, str]:
    """Return by what addressees are sorted: who has to decide first, then who may, then the others."""
    due = one.nearest_deadline
    return (due is None, -one.undecided if due is None else due.timestamp(), one.addressee.identifier)


def history_table(history: History) -> None:
    """Print what happened, and how the deadline moved."""
    print_table(
        ("at", "became", "channel", "role", "party", "signer", "acted", "reported by", "receipt"),
        (
            (
                _when(one.state, one.at),
                _became(one),
                one.channel or "",
                one.role or "",
                one.party.identifier if one.party else "",
                one.signer.identifier if one.signer else "",
                _acted(one.delegate, one.signing_person),
                one.reported_by or "",
                one.receipt_id or "",
            )
            for one in history.events
        ),
    )
    for moved in history.deadline_changes:
        said = f"deadline moved: last day {last_day_text(moved.deadline)}: {moved.cause}"
        print_table(("", ""), [(moment_text(moved.at), said)])


def report_table(report: PullReport) -> None:
    """Print what a pull did, and what it left with the reason of each."""
    rows: list[tuple[object, ...]] = [
        ("looked at", "everything" if report.walked_list else f"{report.changes} changes"),
        ("listed", report.listed),
        ("already stored", report.already_stored),
        ("accepted", report.accepted),
        ("stored", report.stored),
        ("… without content", report.noted),
        ("updated", report.updated),
        ("documents verified", f"{report.documents} ({report.document_bytes} B)"),
        ("receipts verified", report.receipts_verified),
        ("… without proof of their time", report.undated),
        ("time-stamped", f"{report.time_stamped}, waiting {report.waiting}"),
        ("not seen any more", report.unseen),
        ("corrected", len(report.corrections)),
        ("lost, fetched again", sum(one.is_mended for one in report.lost)),
        ("lost", sum(not one.is_mended for one in report.lost)),
        ("refused", len(report.refused)),
        ("not verified", len(report.not_verified)),
        ("entries of the log", "not shown" if report.log_size is None else report.log_size),
    ]
    if report.log_follows:
        rows.append(("the log's new name", report.log_follows))
    print_table(("", ""), rows)
    left = [*report.refused, *report.not_verified]
    if left:
        print_table(
            ("code", "id", "last day", "reason", "text"),
            ((one.code, one.id, last_day_text(one.deadline), one.reason, one.text) for one in left),
        )


@contextmanager
def pull_progress() -> Iterator[Callable[[Step, int], None]]:
    """Show bars on standard error while a pull runs; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task("stored", total=0)
        listed = settled = 0

        def advance(step: Step, count: int) -> None:
            nonlocal listed, settled
            if step is Step.LISTED:
                listed += count
            elif step is not Step.ACCEPTED:
                settled += count
            bars.update(bar, total=listed, completed=settled)

        yield advance
