"""What the command line prints: tables and JSON on standard output, progress and errors on standard error.

Texts of the service are printed as text: control characters could steer a terminal, square brackets
are markup to rich.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from notigateway.client.pulling import Step
from notigateway.client.shapes import as_json
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notigateway.client.errors import ClientError
    from notigateway.client.proof import Verdict
    from notigateway.client.pulling import PullReport
    from notigateway.client.values import (
        Change,
        Decision,
        DecisionOutcome,
        Delegate,
        Event,
        History,
        Notification,
        Pong,
        SigningPerson,
        Summary,
    )
    from notigateway.contract.v1 import Receipt

Item = TypeVar("Item")

# In a file or a pipe nothing is folded to the width of a screen that is not there.
_FILE_WIDTH: Final = 240


def shown(value: object) -> Text:
    """Return a value as plain text that cannot steer a terminal."""
    return Text(
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))
    )


def waiting(error: ClientError, seconds: float) -> None:
    """Tell a person on standard error what is waited for; nothing where nobody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{shown(error.line())}; trying again in {seconds:.0f} s\n")


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


def print_table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table; identifiers are never cut."""
    table = Table(*columns, box=None, pad_edge=False, show_header=any(columns))
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*map(shown, row))
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)


def notifications_table(notifications: Iterable[Notification]) -> None:
    """Print a list of notifications."""
    print_table(
        ("code", "id", "kind", "state", "deadline", "issuer", "addressee", "subject", "documents"),
        (
            (
                one.code,
                one.id,
                one.kind,
                one.state,
                instant_text(one.deadline) if one.deadline else "",
                one.issuing_body.acronym,
                one.addressee.identifier,
                one.subject,
                f"{one.document_count} ({sum(one.document_sizes)} B)",
            )
            for one in notifications
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
                instant_text(one.decision.at) if one.decision else "",
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
        ("id", "receipt", "state", "time", "verified", "problem"),
        (
            (
                one.id,
                one.receipt.receipt_id if one.receipt else "",
                _became(one.receipt) if one.receipt else "",
                instant_text(one.receipt.event_time) if one.receipt else "",
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
            ("server time", instant_text(pong.server_time)),
            ("versions", f"software {pong.software_version}, contract {pong.contract_version}"),
        ),
    )


def _became(one: Change | Event | Receipt) -> str:
    """Return the state, and what it was where the state alone does not say it."""
    return one.state if one.nature is None else f"{one.state} ({one.nature})"


def changes_table(changes: Iterable[Change], cursor: str | None) -> None:
    """Print changes, and the cursor to go on from."""
    print_table(
        ("at", "code", "id", "became", "channel", "state now", "addressee", "subject"),
        (
            (
                instant_text(one.at),
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
    print_table(("", ""), [("next cursor", cursor)])


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


def history_table(history: History) -> None:
    """Print what happened, and how the deadline moved."""
    print_table(
        ("at", "became", "channel", "role", "party", "signer", "acted", "reported by", "receipt"),
        (
            (
                instant_text(one.at),
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
        moment, deadline = instant_text(moved.at), instant_text(moved.deadline)
        print_table(("", ""), [(moment, f"deadline moved to {deadline}: {moved.cause}")])


def report_table(report: PullReport) -> None:
    """Print what a pull did, and what it left with the reason of each."""
    rows: list[tuple[object, ...]] = [
        ("looked at", "everything" if report.walked_list else f"{report.changes} changes"),
        ("listed", report.listed),
        ("already stored", report.already_stored),
        ("accepted", report.accepted),
        ("stored", report.stored),
        ("documents verified", f"{report.documents} ({report.document_bytes} B)"),
        ("receipts verified", report.receipts_verified),
        ("refused", len(report.refused)),
        ("not verified", len(report.not_verified)),
    ]
    print_table(("", ""), rows)
    left = [*report.refused, *report.not_verified]
    if left:
        print_table(
            ("code", "id", "reason", "text"), ((one.code, one.id, one.reason, one.text) for one in left)
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
