"""One signed request names several notifications: the evidence of one shows no stranger another of them."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bundles import bundles, request_in, write_trust
from notigateway.errors import ConfigurationError
from notigateway.evidence import bundle
from notigateway.instants import instant_text
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from operating import app
from pki import PERSON_NIF, pki
from stack import Stack
from titles import ATTORNEY_NIF, accept_power, assign, attorney, change, grant, listed, red, register_company

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from typer.testing import Result

    from notigateway.verifier.pins import Trust

REASON: Final = "se trata de mi salud"


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return load_trust(write_trust(tmp_path / "trust"))


@pytest.fixture
def guarded(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway where data of a special category are for addressees alone."""
    one = Stack(database_url, tmp_path, special_category_roles=["own"])
    register_company(one)
    yield one
    one.close()


def run(stack: Stack, *words: str) -> Result:
    lines = [f"{name} = {json.dumps(value, default=str)}" for name, value in stack.overrides.items()]
    file = stack.folder / "notigateway.toml"
    file.write_text("\n".join(lines), "utf-8")
    return CliRunner().invoke(app, [*words, "--settings", str(file)])


def left_out(data: bytes) -> list[dict[str, str]]:
    manifest = json.loads(bundle.read_container(data)[bundle.MANIFEST])
    return list(manifest.get("left_out", []))


def is_kept_from(data: bytes, *ids: UUID) -> bool:
    """Tell whether nothing of a bundle names the notifications, and that it says what it leaves out."""
    hidden = not any(str(one).encode() in data for one in ids)
    return (
        hidden and request_in(data) is None and [one["reason"] for one in left_out(data)] == ["names-others"]
    )


def test_who_may_not_know_of_the_other_gets_the_bundle_without_the_request(
    guarded: Stack, trust: Trust
) -> None:
    accept_power(guarded, grant(guarded))
    plain, health = guarded.publish("PLAIN"), guarded.publish("HEALTH", special_category=True)
    assert listed(guarded, attorney()) == {plain: "attorney"}
    guarded.accept(plain, health)

    whole = bundles(guarded, plain)["accepted"]
    request = request_in(whole)
    assert request is not None
    assert str(health).encode() in request
    assert left_out(whole) == []

    kept = bundles(guarded, plain, attorney())["accepted"]
    assert is_kept_from(kept, health)
    assert left_out(kept) == [
        {"name": "request.xml", "sha256": hashlib.sha256(request).hexdigest(), "reason": "names-others"}
    ]

    # A judge is told, and whoever holds the request can show that it is this one.
    report = verify(kept, trust=trust, at=guarded.now + timedelta(days=1))
    said = {step.name: step for step in report.steps}
    assert report.outcome is Outcome.PASSED, report
    assert said["request"].outcome is said["caller's signature"].outcome is Outcome.SKIPPED
    assert "names other notifications" in said["request"].reason
    assert "leaves out request.xml" in said["manifest"].reason
    shown = verify(kept, trust=trust, at=guarded.now + timedelta(days=1), request=request)
    assert {step.outcome for step in shown.steps if step.name in {"request", "caller's signature"}} == {
        Outcome.PASSED
    }
    other = verify(kept, trust=trust, at=guarded.now + timedelta(days=1), request=request + b"\n")
    assert other.outcome is Outcome.FAILED


def test_what_a_person_of_red_may_not_see_is_not_in_what_it_gets(stack: Stack) -> None:
    register_company(stack)
    backlog = stack.publish("BACKLOG")
    stack.pass_time(minutes=1)
    assign(stack)
    plain, health = stack.publish("PLAIN"), stack.publish("HEALTH", special_category=True)
    stack.reject(plain, health, backlog, reason=REASON)
    assert listed(stack, red()) == {plain: "red"}
    kept = bundles(stack, plain, red())["rejected"]
    assert is_kept_from(kept, health, backlog)
    assert request_in(bundles(stack, plain)["rejected"]) is not None


def test_a_grantor_does_not_learn_of_another_grantors_notification(stack: Stack) -> None:
    """The attorney decides for itself and for the company in one request."""
    register_company(stack)
    accept_power(stack, grant(stack))
    theirs = stack.publish("THEIRS")
    own = stack.publish("OWN", addressee=ATTORNEY_NIF)
    stack.accept(theirs, own, holder=attorney())
    for wanted, holder, other in ((theirs, None, own), (own, attorney(), theirs)):
        data = bundles(stack, wanted, holder)["accepted"]
        if holder is None:
            assert is_kept_from(data, other)
        else:  # its own word
            assert request_in(data) is not None


def test_its_own_request_stays_whole_to_who_made_it_also_after_its_title_has_ended(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    first, second = stack.publish("FIRST"), stack.publish("SECOND")
    stack.accept(first, second, holder=attorney())
    stack.pass_time(minutes=1)
    change(stack, "RevokePower", power)
    request = request_in(bundles(stack, first, attorney())["accepted"])
    assert request is not None
    assert str(second).encode() in request
    # To the grantor both were and are its own.
    assert request_in(bundles(stack, first)["accepted"]) == request


def test_a_title_of_later_opens_nothing_that_was_said_before(stack: Stack, trust: Trust) -> None:
    """A power for one matter sees both once it is general; then, it saw neither or one."""
    register_company(stack)
    one, other = stack.publish("ONE"), stack.publish("OTHER", matter="contribution")
    accept_power(stack, grant(stack, scope="matter", value="collection"))
    stack.pass_time(minutes=1)
    stack.accept(one, other)
    assert is_kept_from(bundles(stack, one, attorney())["accepted"], other)
    stack.pass_time(minutes=1)
    accept_power(stack, grant(stack))
    later = bundles(stack, one, attorney())["accepted"]
    assert is_kept_from(later, other)
    assert verify(later, trust=trust, at=stack.now + timedelta(days=1)).outcome is Outcome.PASSED


def test_a_title_that_ended_closes_what_it_opened(stack: Stack) -> None:
    """Two powers, one of them for the other's matter alone: when that ends, its notification is not shown."""
    register_company(stack)
    accept_power(stack, grant(stack, scope="matter", value="collection"))
    second = grant(stack, scope="matter", value="contribution")
    accept_power(stack, second)
    one, other = stack.publish("ONE"), stack.publish("OTHER", matter="contribution")
    stack.pass_time(minutes=1)
    stack.accept(one, other)
    assert request_in(bundles(stack, one, attorney())["accepted"]) is not None
    stack.pass_time(minutes=1)
    change(stack, "RevokePower", second)
    assert is_kept_from(bundles(stack, one, attorney())["accepted"], other)


def test_handed_over_together_is_shown_apart(guarded: Stack) -> None:
    accept_power(guarded, grant(guarded))
    plain, health = guarded.publish("PLAIN"), guarded.publish("HEALTH", special_category=True)
    guarded.accept(plain)
    guarded.accept(health)
    guarded.ask("RetrieveNotifications", f"<id>{plain}</id><id> {health} </id>")
    found = bundles(guarded, plain, attorney())
    assert is_kept_from(found["read"], health)
    assert request_in(found["accepted"]) is not None  # it names this one alone


def test_an_identifier_that_is_nobodys_is_not_shown_either(guarded: Stack) -> None:
    """Otherwise a bundle would tell what exists from what does not."""
    accept_power(guarded, grant(guarded))
    plain = guarded.publish("PLAIN")
    nothing = "019e830e-1a00-7f33-99b3-bff608ba5160"
    guarded.accept(plain, nothing)
    kept = bundles(guarded, plain, attorney())["accepted"]
    assert request_in(kept) is None
    assert nothing.encode() not in kept


def test_of_a_report_about_several_each_addressee_gets_its_own_evidence_alone(
    stack: Stack, trust: Trust
) -> None:
    theirs, alone = stack.publish("THEIRS"), stack.publish("ALONE")
    stack.publish("HERS", addressee=PERSON_NIF)
    at = f"<channel>sede</channel><decision>accepted</decision><at>{instant_text(stack.now)}</at>"
    several = "".join(
        f"<report><reference>{one}</reference>{at}<evidence>S-1</evidence></report>"
        for one in ("THEIRS", "HERS")
    )
    stack.ask_issuing("ReportExternalDecisions", several)
    stack.ask_issuing(
        "ReportExternalDecisions",
        f"<report><reference>ALONE</reference>{at}<evidence>S-2</evidence></report>",
    )
    data = bundles(stack, theirs)["accepted"]
    assert request_in(data) is None
    assert b"HERS" not in data
    assert verify(data, trust=trust, at=stack.now + timedelta(days=1)).outcome is Outcome.PASSED
    assert request_in(bundles(stack, alone)["accepted"]) is not None
    assert request_in(bundles(stack, theirs, pki().company_seal)["accepted"]) is None


def test_asking_for_a_bundle_tells_the_record_of_no_other_notification(guarded: Stack) -> None:
    accept_power(guarded, grant(guarded))
    plain, health = guarded.publish("PLAIN"), guarded.publish("HEALTH", special_category=True)
    guarded.accept(plain, health)
    bundles(guarded, plain, attorney())
    with reading(guarded.engine) as session:
        query = select(AccessRecord.record).where(AccessRecord.party == ATTORNEY_NIF)
        found = [one for one in session.scalars(query) if b"RetrieveReceipts" in one]
    (record,) = found
    assert str(plain).encode() in record
    assert str(health).encode() not in record


def test_the_operator_hands_the_whole_request_to_a_court(
    guarded: Stack, trust: Trust, tmp_path: Path
) -> None:
    accept_power(guarded, grant(guarded))
    plain, health = guarded.publish("PLAIN"), guarded.publish("HEALTH", special_category=True)
    guarded.accept(plain, health)
    kept = bundles(guarded, plain, attorney())["accepted"]
    (out,) = left_out(kept)
    file = tmp_path / "request.xml"

    done = run(guarded, "request", out["sha256"], "--output", str(file))
    assert (done.exit_code, done.output) == (0, f"{file}: the request of 2026-06-01T12:00:00Z\n")
    report = verify(kept, trust=trust, at=guarded.now + timedelta(days=1), request=file.read_bytes())
    assert {step.name: step.outcome for step in report.steps}["caller's signature"] is Outcome.PASSED

    for words in (
        (out["sha256"], "--output", str(file)),
        ("a" * 64, "--output", str(tmp_path / "other.xml")),
    ):
        failed = run(guarded, "request", *words)
        assert isinstance(failed.exception, ConfigurationError)
    assert not (tmp_path / "other.xml").exists()
