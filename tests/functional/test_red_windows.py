"""By RED an item is for whom it was when it was put at disposal (Orden ISM/903/2020 art. 6.1)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from notigateway.addressee.red import end_red
from notigateway.addressee.register import MainTerms, end_account, name_addressee, set_main_account
from notigateway.instants import instant_text
from notigateway.law.submission import SubmittedAddressee
from notigateway.repository.engine import writing
from pki import COMPANY_NAME, COMPANY_NIF, NOW
from stack import Stack, text
from titles import (
    CCC,
    OTHER_RED_NIF,
    accept_power,
    assign,
    attorney,
    grant,
    holder,
    listed,
    outcome,
    red,
    register_company,
    retrieved,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from uuid import UUID

    from notigateway.pki.keys import KeyPair

OTHER_CCC = "08999999904"
CHANGED = ("red_assignments", "red_windows", "rights_changes")
ANOTHER_COMPANY = "A28000016"


def quoting(account: str | None, nif: str = COMPANY_NIF) -> SubmittedAddressee:
    return SubmittedAddressee(nif, COMPANY_NAME, ccc=account)


def other_red() -> KeyPair:
    return holder(OTHER_RED_NIF)


def change_main(stack: Stack, account: str, **changes: object) -> None:
    terms = MainTerms(
        **{"addressee": COMPANY_NIF, "account": account, "starts_at": stack.now, **changes}  # type: ignore[arg-type]
    )
    with writing(stack.engine) as session:
        set_main_account(session, terms, now=stack.now)


def opted_out_since(stack: Stack) -> str | None:
    tree = stack.ask("ListRepresentations", "<contractVersion>1.1</contractVersion>").tree
    return text(tree, "redOptedOutSince")


def cursor_of(stack: Stack, by: KeyPair) -> str:
    tree = stack.ask("ListChanges", "<fromNow>true</fromNow>", holder=by).tree
    return f"<cursor>{text(tree, 'nextCursor')}</cursor>"


def as_red(ids: Iterable[UUID]) -> dict[UUID, str | None]:
    return dict.fromkeys(ids, "red")


def test_an_act_that_quotes_another_account_hides_nothing(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    stack.register_issuer("EA0041735", "INSS", "Instituto Nacional")
    seen = [stack.publish(f"{number}", addressee=quoting(CCC)) for number in range(5)]
    stack.pass_time(minutes=1)
    seen.append(stack.publish("other", addressee=quoting(OTHER_CCC), issuing_body="EA0041735"))
    assert listed(stack, red()) == as_red(seen)
    assert outcome(stack, seen[0], red()) == "decided"


def test_an_act_that_quotes_another_account_reveals_nothing(stack: Stack) -> None:
    register_company(stack)
    with writing(stack.engine) as session:
        name_addressee(session, ANOTHER_COMPANY, "Otra SA", now=stack.now)
    assign(stack, OTHER_RED_NIF, addressee=ANOTHER_COMPANY, addressee_name="Otra SA", account=OTHER_CCC)
    mine = stack.publish("mine", addressee=quoting(CCC))
    stack.pass_time(minutes=1)
    quoted = stack.publish("quoted", addressee=quoting(OTHER_CCC))
    assert listed(stack, other_red()) == {}
    for one in (mine, quoted):
        assert retrieved(stack, one, other_red()) == "NOTIFICATION_UNKNOWN"
        assert outcome(stack, one, other_red()) == "unknown"


def test_another_main_account_counts_for_what_comes(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    before = stack.publish("before")
    change_main(stack, OTHER_CCC)
    assign(stack, OTHER_RED_NIF, account=OTHER_CCC)
    stack.pass_time(days=1)
    after = stack.publish("after")
    assert listed(stack, red()) == as_red([before])
    assert listed(stack, other_red()) == as_red([after])


def test_what_is_scheduled_has_the_reader_of_when_it_arrives(stack: Stack) -> None:
    register_company(stack)
    first = assign(stack)
    later = stack.publish("later", available_at=stack.now + timedelta(days=5))
    stack.pass_time(days=2)
    with writing(stack.engine) as session:
        end_red(session, first, at=stack.now, now=stack.now)
    assign(stack, OTHER_RED_NIF)
    stack.pass_time(days=3)
    assert listed(stack, red()) == {}
    assert listed(stack, other_red()) == as_red([later])


def test_what_is_dated_back_moves_nothing_that_is_at_disposal(stack: Stack) -> None:
    register_company(stack)
    before = stack.publish("before")
    stack.pass_time(days=5)
    assign(stack, starts_at=NOW - timedelta(days=1))
    change_main(stack, OTHER_CCC, starts_at=NOW - timedelta(days=1))
    after = stack.publish("after")
    assert listed(stack, red()) == {}
    assert retrieved(stack, before, red()) == retrieved(stack, after, red()) == "NOTIFICATION_UNKNOWN"


def test_a_correction_gives_and_takes_what_is_at_disposal(stack: Stack) -> None:
    register_company(stack)
    one = stack.publish("one")
    stack.pass_time(days=5)
    assignment = assign(stack, starts_at=NOW - timedelta(days=1), ground="the RED system told late")
    two = stack.publish("two")
    assert listed(stack, red()) == as_red([one, two])
    stack.pass_time(days=5)
    change_main(
        *(stack, OTHER_CCC), starts_at=NOW, ends_at=NOW + timedelta(days=2), ground="it was another account"
    )
    assert listed(stack, red()) == as_red([two])
    with writing(stack.engine) as session:
        at = NOW + timedelta(days=3)
        end_red(session, assignment, at=at, now=stack.now, ground="it had ended before")
    assert listed(stack, red()) == {}
    assert outcome(stack, two, red()) == "unknown"


def test_a_ground_corrects_since_when_the_same_assignment_gives(stack: Stack) -> None:
    register_company(stack)
    one = stack.publish("one")
    stack.pass_time(days=2)
    entry = partial(assign, stack, starts_at=NOW, ends_at=NOW + timedelta(days=9))
    first = entry()
    assert listed(stack, red()) == {}
    before = cursor_of(stack, red())
    assert entry(ground="the RED system says so since then") == first
    assert listed(stack, red()) == as_red([one])
    assert text(stack.ask("ListChanges", before, holder=red()).tree, "rightsChanged") == "true"
    assert outcome(stack, one, red()) == "decided"
    told = stack.contents()
    assert entry(ground="the RED system says so since then") == entry() == first
    assert {name: stack.contents()[name] for name in CHANGED} == {name: told[name] for name in CHANGED}


def test_a_ground_corrects_the_account_too_that_the_assignment_has_registered(stack: Stack) -> None:
    one = stack.publish("one")
    stack.pass_time(days=2)
    entry = partial(assign, stack, starts_at=NOW, addressee_name=COMPANY_NAME)
    first = entry()
    assert listed(stack, red()) == {}
    for _ in range(2):
        assert entry(ground="the RED system says so since then") == first
        assert listed(stack, red()) == as_red([one])
    assert len(stack.contents()["main_accounts"]) == 2


def test_a_correction_to_the_end_that_it_has_takes_what_was_given_since(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    stack.pass_time(days=1)
    one = stack.publish("one")
    with writing(stack.engine) as session:
        end_red(session, assignment, at=stack.now, now=stack.now)
    assert listed(stack, red()) == as_red([one])
    at = stack.now
    stack.pass_time(days=1)
    with writing(stack.engine) as session:
        end_red(session, assignment, at=at, now=stack.now, ground="it had ended by then")
    assert listed(stack, red()) == {}
    assert outcome(stack, one, red()) == "unknown"


def test_receiving_alone_stands_whoever_is_assigned_and_attorneys_keep_seeing(stack: Stack) -> None:
    register_company(stack)
    first = assign(stack)
    accept_power(stack, grant(stack))
    before = stack.publish("before")
    stack.pass_time(days=1)
    stack.ask("UnassignRed", f"<assignmentId>{first}</assignmentId>")
    assign(stack)
    assert opted_out_since(stack) == instant_text(stack.now)
    stack.pass_time(days=1)
    alone = stack.publish("alone")
    assert listed(stack, red()) == as_red([before])
    assert listed(stack, attorney()) == dict.fromkeys([before, alone], "attorney")
    stack.pass_time(days=1)
    answer = stack.ask("ReassignRed", f"<assignmentId>{first}</assignmentId>")
    assert text(answer.tree, "redAssignment/endsAt") is None
    assert opted_out_since(stack) is None
    after = stack.publish("after")
    assert listed(stack, red()) == as_red([before, after])
    assert outcome(stack, alone, red()) == "unknown"


def test_receiving_alone_is_chosen_before_anybody_is_assigned(stack: Stack) -> None:
    alone, together = (f"<receivingAlone>{word}</receivingAlone>" for word in ("true", "false"))
    answer = stack.ask("SetReceivingAlone", alone).tree  # by who was never notified, too
    assert text(answer, "receivingAlone") == "true"
    assert text(answer, "since") == opted_out_since(stack) == instant_text(stack.now)
    before = stack.contents()
    stack.pass_time(hours=1)
    assert text(stack.ask("SetReceivingAlone", alone).tree, "since") == text(answer, "since")
    assert stack.contents()["red_opt_outs"] == before["red_opt_outs"]

    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    withheld = stack.publish("withheld")
    assert listed(stack, red()) == {}
    assert listed(stack, attorney()) == {withheld: "attorney"}

    stack.pass_time(days=1)
    answer = stack.ask("SetReceivingAlone", together).tree
    assert (text(answer, "receivingAlone"), text(answer, "since")) == ("false", None)
    assert opted_out_since(stack) is None
    given = stack.publish("given")
    assert listed(stack, red()) == as_red([given])
    assert outcome(stack, withheld, red()) == "unknown"


def test_receiving_alone_ends_no_assignment(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    stack.ask("SetReceivingAlone", "<receivingAlone>true</receivingAlone>")
    tree = stack.ask("ListRepresentations", "").tree
    assert text(tree, "redAssignment/authorisation") is not None
    assert text(tree, "redAssignment/endsAt") is None


def test_receiving_alone_is_taken_back_whatever_became_of_the_account(stack: Stack) -> None:
    register_company(stack)
    first = assign(stack)
    stack.ask("UnassignRed", f"<assignmentId>{first}</assignmentId>")
    stack.pass_time(days=1)
    change_main(stack, OTHER_CCC)
    assign(stack, OTHER_RED_NIF, account=OTHER_CCC)
    alone = stack.publish("alone")
    stack.pass_time(days=1)
    answer = stack.ask("ReassignRed", f"<assignmentId>{first}</assignmentId>")
    assert text(answer.tree, "redAssignment/assignmentId") == str(first)
    assert text(answer.tree, "redAssignment/endsAt") is not None
    assert opted_out_since(stack) is None
    after = stack.publish("after")
    assert listed(stack, other_red()) == as_red([after])
    assert listed(stack, red()) == {}
    assert outcome(stack, alone, other_red()) == "unknown"
    again = stack.ask("ReassignRed", f"<assignmentId>{first}</assignmentId>")
    assert again.code == "RED_ASSIGNMENT_INVALID"


def test_receiving_alone_counts_after_what_is_at_disposal_at_the_same_instant(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    one = stack.publish("one")
    stack.ask("UnassignRed", f"<assignmentId>{assignment}</assignmentId>")
    assert listed(stack, red()) == as_red([one])
    assert outcome(stack, one, red()) == "decided"


def test_what_was_withdrawn_before_its_time_delays_no_choice(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    stack.publish("later", available_at=stack.now + timedelta(days=30))
    stack.ask_issuing("CancelNotifications", "<cancellation><reference>later</reference></cancellation>")
    stack.pass_time(hours=1)
    stack.ask("UnassignRed", f"<assignmentId>{assignment}</assignmentId>")
    stack.pass_time(days=1)
    one = stack.publish("one")
    assert listed(stack, red()) == {}
    assert outcome(stack, one, red()) == "unknown"


def test_the_backlog_never_holds_what_came_while_the_addressee_received_alone(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, red_sees_backlog=True)
    register_company(stack)
    before = stack.publish("before")
    assignment = assign(stack)
    stack.pass_time(days=1)
    stack.ask("UnassignRed", f"<assignmentId>{assignment}</assignmentId>")
    alone = stack.publish("alone")
    stack.pass_time(days=1)
    stack.ask("ReassignRed", f"<assignmentId>{assignment}</assignmentId>")
    assert listed(stack, red()) == as_red([before])
    assert outcome(stack, alone, red()) == "unknown"
    stack.close()


def test_an_account_that_has_ended_never_becomes_the_main_one(stack: Stack) -> None:
    register_company(stack)
    change_main(stack, OTHER_CCC, starts_at=stack.now + timedelta(days=30))
    assign(stack, OTHER_RED_NIF, account=OTHER_CCC)
    with writing(stack.engine) as session:
        at = stack.now + timedelta(days=2)
        end_account(session, COMPANY_NIF, OTHER_CCC, at=at, now=stack.now)
    stack.pass_time(days=31)
    stack.publish("one")
    assert listed(stack, other_red()) == {}
