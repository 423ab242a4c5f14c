"""Many notifications at once, written as rows: publishing them one by one would take most of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from notigateway.evidence.xades import verify_receipt
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import State
from notigateway.repository.changes import Change
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event, Notification, Receipt
from notigateway.uuids import uuid7
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stack import Stack


def publish_many(stack: Stack, count: int) -> list[int]:
    """Put one act at the company's disposal as so many notifications, now; return their codes."""
    first = stack.publish("MANY")
    with writing(stack.engine) as session:
        one = session.scalars(select(Notification).where(Notification.id == first)).one()
        row = {
            "act_id": one.act_id,
            "addressee_id": one.addressee_id,
            "kind": one.kind,
            "state": one.state,
            "available_at": one.available_at,
            "deadline": deadline(one.available_at),
            "version": 1,
        }
        rows = [{**row, "id": uuid7(stack.now)} for _ in range(count - 1)]
        session.execute(insert(Notification), rows)
        codes = list(session.scalars(select(Notification.code).order_by(Notification.code)))
        session.add_all(
            Event(
                id=uuid7(stack.now),
                notification_code=code,
                position=1,
                state=State.AVAILABLE,
                decisive=False,
                by_secondary_user=False,
                at=stack.now,
            )
            for code in codes
            if code != one.code
        )
    return codes


OF_A_DECISION = Receipt.state != State.AVAILABLE


def settings_file(stack: Stack, **changes: Any) -> Path:  # noqa: ANN401
    """Write the stack's settings for a command."""
    values = {**stack.overrides, **changes}
    lines = [
        f"{name} = {json.dumps(value if isinstance(value, (int, bool, list)) else str(value))}"
        for name, value in values.items()
    ]
    file = stack.folder / "notigateway.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def command(*arguments: object) -> subprocess.Popen[str]:
    """Start a command of the operator."""
    return subprocess.Popen(
        [sys.executable, "-m", "notigateway.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: object) -> tuple[int, str, str]:
    """Run a command to its end; return exit code, standard output and standard error."""
    process = command(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def check_each_lapsed_once(stack: Stack, codes: Sequence[int]) -> None:
    """Check that each has one final event, one receipt, and a place among the changes for every event."""
    with reading(stack.engine) as session:
        decisive = session.execute(
            select(Event.notification_code, Event.state, Event.at).where(Event.decisive)
        ).all()
        receipts = session.execute(
            select(Receipt.notification_code, Receipt.state, Receipt.event_time).where(OF_A_DECISION)
        ).all()
        states = Counter(session.scalars(select(Notification.state)))
        sample = session.scalars(
            select(Receipt.xml).where(OF_A_DECISION).order_by(Receipt.id).limit(20)
        ).all()
        events = set(session.scalars(select(Event.id)))
        places = list(session.scalars(select(Change.event_id)))
    lapses_at = deadline(stack.now)
    expected = sorted((code, State.LAPSED, lapses_at) for code in codes)
    assert sorted(tuple(row) for row in receipts) == expected
    assert sorted(tuple(row) for row in decisive) == expected
    assert states == {State.LAPSED: len(codes)}
    assert len(places) == len(events)
    assert set(places) == events
    for xml in sample:
        facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
        assert (facts.state, facts.event_time) == (State.LAPSED, lapses_at)
