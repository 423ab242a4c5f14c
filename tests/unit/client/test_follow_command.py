"""What `follow` tells who runs it: by which rule, why not, and with which exit code it ends."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from service_simulator import AVAILABLE_AT, Item, Simulator, fault_element

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from unit.client.conftest import Done

POLICY = """
[[rule]]
name = "not this subject's clients"
decide = "leave"
clients = ["A28000016"]
[[rule]]
name = "at the last moment"
decide = "accept"
clients = "all"
days_left = 3
"""


@pytest.fixture
def follow(run: Callable[..., Done], tmp_path: Path) -> Callable[..., Done]:
    (tmp_path / "policy.toml").write_text(POLICY)

    def follow(*arguments: str) -> Done:
        policy = ("--accept-policy", tmp_path / "policy.toml", "--dry-run")
        return run("follow", tmp_path / "archive", *policy, "--once", *arguments)

    return follow


def test_a_dry_run_says_what_would_be_accepted_by_which_rule_and_why_the_rest_waits(
    service: Simulator, follow: Callable[..., Done]
) -> None:
    now = datetime.now(UTC)
    (near,) = service.add(1, deadline=now + timedelta(days=2))
    (far,) = service.add(1, deadline=now + timedelta(days=9))
    theirs = Item(code=3, addressee="A28000016")
    service.items[theirs.id] = theirs
    service.titles.append(("gained", "A28000016"))

    said = json.loads(follow("--json").out)

    assert [(one["code"], one["would"], one["rule"], one["waits_for"]) for one in said["decisions"]] == [
        (near.code, "accept", "at the last moment", None),
        (far.code, "wait", "at the last moment", "days_left"),
        (3, "wait", "not this subject's clients", "left"),
    ]
    assert (said["would_accept"], said["waiting"]) == (1, 3)
    done = follow()
    assert done.code == 0
    assert "{" not in done.out
    assert "its last day is not near enough yet" in done.out
    assert "the rule leaves it" in done.out
    assert done.out.index("accept ") < done.out.index("wait ")
    assert "AcceptNotifications" not in service.operations


def test_whom_the_service_does_not_know_is_told_with_the_file_that_names_him(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY.replace("A28000016", "A58818501"))
    done = run("follow", tmp_path / "archive", "--accept-policy", policy, "--once")
    assert done.code == 2
    assert "policy.toml: rule 1 (not this subject's clients): clients: 'A58818501' is nobody" in done.err
    assert service.operations.count("ListNotifications") == 0


def test_a_correction_is_told_also_where_the_policy_cannot_be_asked_for(
    service: Simulator, run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = service.add()
    service.accept(item)
    run("pull", tmp_path / "archive")
    service.report(item, "accepted", AVAILABLE_AT)
    ordinary, policy = Simulator.ordinary, tmp_path / "policy.toml"
    policy.write_text('[[rule]]\ndecide = "leave"\nclients = "all"\n')

    def without_lists(self: Simulator, request: _Element) -> _Element:
        if str(request.tag).endswith("}ListNotifications"):
            return fault_element("INTERNAL_ERROR", retryable=False)
        return ordinary(self, request)

    monkeypatch.setattr(Simulator, "ordinary", without_lists)
    done = run("follow", tmp_path / "archive", "--accept-policy", policy, "--once")
    assert (done.code, "CORRECTED: " in done.err) == (3, True)


def test_one_round_ends_as_a_pull_does(service: Simulator, run: Callable[..., Done], tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    item, other = service.add(2)
    service.accept(item)
    assert run("follow", archive, "--once").code == 0
    service.report(item, "accepted", AVAILABLE_AT + timedelta(hours=5))
    corrected = run("follow", archive, "--once")
    assert (corrected.code, "CORRECTED: " in corrected.err) == (5, True)
    assert run("follow", archive, "--once").code == 0
    shutil.rmtree(archive / "B00000000" / "2026" / str(other.code))
    lost = run("follow", archive, "--once")
    assert lost.code == 4
    assert (
        f"LOST: {other.code} of B00000000: B00000000/2026/{other.code} was not there any more: "
        "it was fetched again" in lost.err
    )
    assert run("follow", archive, "--once", "--json").code == 0
