"""Marks: those who work for a party share its work, without legal effect, and nobody else sees how."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from notigateway.contract import v1
from notigateway.contract.reading import read
from pki import COMPANY_NIF, PERSON_NIF, pki
from stack import NG, text, texts
from titles import accept_power, assign, attorney, grant, red, register_company, unchanged

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from stack import Answer, Stack

ASKING = "<contractVersion>1.1</contractVersion>"
WITH = f"<withMarks>true</withMarks>{ASKING}"


def ids(*wanted: UUID) -> str:
    return "".join(f"<id>{one}</id>" for one in wanted)


def mark(stack: Stack, inner: str, *wanted: UUID, by: KeyPair | None = None) -> Answer:
    answer = stack.ask("MarkNotifications", ids(*wanted) + inner + ASKING, holder=by)
    assert answer.status == 200, answer.body
    return answer


def marks(
    stack: Stack, by: KeyPair | None = None, operation: str = "ListNotifications"
) -> list[v1.Marks | None]:
    """Return the marks of each notification in an answer, in its order."""
    answer = stack.ask(operation, WITH, holder=by)
    assert answer.status == 200, answer.body
    return [read(v1.Notification, one).marks for one in answer.tree.iter(f"{{{NG['ng']}}}notification")]


def found(stack: Stack, filter_: str, by: KeyPair | None = None) -> list[UUID]:
    answer = stack.ask("ListNotifications", f"<filter>{filter_}</filter>{ASKING}", holder=by)
    assert answer.status == 200, answer.body
    return [UUID(one) for one in texts(answer.tree, "notification/id") if one]


def test_what_one_employee_marks_the_others_see_with_who_and_when(stack: Stack) -> None:
    one, two = stack.publish("one"), stack.publish("two")
    labels = "<addLabel>visto</addLabel><addLabel>a revisar</addLabel>"
    first_at = stack.now
    mark(stack, f"<downloaded>true</downloaded><assignedTo>Mesa 3</assignedTo>{labels}", one)
    stack.pass_time(minutes=5)
    other = pki().representative
    mark(
        stack,
        "<archived>true</archived><addLabel>a revisar</addLabel><removeLabel>visto</removeLabel>",
        one,
        by=other,
    )
    (shown, none) = marks(stack)
    assert none is None
    assert shown is not None
    company = v1.Party(identifier=COMPANY_NIF, name="Conservas del Norte SL")
    assert shown.downloaded == v1.Marked(by=company, at=first_at)
    assert shown.assigned == v1.Assigned(to="Mesa 3", by=company, at=first_at)
    assert shown.archived is not None
    assert shown.archived.by.identifier != COMPANY_NIF
    assert shown.archived.at == stack.now
    # A label tells who set it last.
    assert [(one.label, one.by == shown.archived.by, one.at) for one in shown.labels] == [
        ("a revisar", True, stack.now)
    ]
    assert marks(stack, other) == [shown, None]
    assert marks(stack, operation="ListChanges") == [shown, None]
    retrieved = stack.ask("RetrieveNotifications", ids(two, one) + WITH)
    assert [read(v1.RetrievedNotification, item).notification.marks for item in retrieved.tree] == [  # type: ignore[union-attr]
        None,
        shown,
    ]


def test_marks_come_only_to_who_asks_for_them_in_this_version(stack: Stack) -> None:
    one = stack.publish("one")
    mark(stack, "<downloaded>true</downloaded>", one)
    for operation, inner in (
        ("ListNotifications", ""),
        ("ListChanges", ""),
        ("RetrieveNotifications", ids(one)),
    ):
        for more in (ASKING, "<withMarks>true</withMarks>"):
            assert b"<marks>" not in stack.ask(operation, inner + more).body
        assert b"<marks>" in stack.ask(operation, inner + WITH).body


def test_marks_are_found_by_filters_and_pages_keep_to_them(stack: Stack) -> None:
    wanted = [stack.publish(f"{number}") for number in range(5)]
    mark(stack, "<downloaded>true</downloaded>", wanted[0], wanted[2])
    mark(stack, "<archived>true</archived><assignedTo>Luz</assignedTo>", wanted[2])
    mark(stack, "<assignedTo>Sol</assignedTo><addLabel>100% ok</addLabel>", *wanted[3:])
    assert found(stack, "<downloaded>true</downloaded>") == [wanted[0], wanted[2]]
    assert found(stack, "<downloaded>false</downloaded>") == [wanted[1], wanted[3], wanted[4]]
    assert found(stack, "<downloaded>true</downloaded><archived>false</archived>") == [wanted[0]]
    assert found(stack, "<assignedTo>Luz</assignedTo>") == [wanted[2]]
    assert found(stack, "<assignedTo>luz</assignedTo>") == []
    assert found(stack, "<label>100% ok</label>") == wanted[3:]
    assert found(stack, "<label>100%</label>") == []
    assert found(stack, f"<addresseeId>{COMPANY_NIF}</addresseeId><label>100% ok</label>") == wanted[3:]
    filter_ = "<filter><archived>false</archived></filter>"
    page = stack.ask("ListNotifications", f"{filter_}<pageSize>3</pageSize>{ASKING}").tree
    cursor = f"<cursor>{text(page, 'nextCursor')}</cursor>"
    assert texts(page, "notification/id") == [str(wanted[n]) for n in (0, 1, 3)]
    rest = stack.ask("ListNotifications", f"{filter_}{cursor}<pageSize>3</pageSize>{ASKING}").tree
    assert texts(rest, "notification/id") == [str(wanted[4])]
    other = stack.ask("ListNotifications", f"<filter><archived>true</archived></filter>{cursor}{ASKING}")
    assert other.code == "INVALID_CURSOR"


def test_each_party_has_its_own_and_nobody_sees_anothers(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    one = stack.publish("one")
    hers = stack.publish("hers", addressee=PERSON_NIF)
    for by in (None, red(), attorney()):
        assert marks(stack, by) == [None]
        mark(stack, "<assignedTo>yo</assignedTo><addLabel>mío</addLabel>", one, by=by)
        assert found(stack, "<label>mío</label>", by) == [one]
    mark(stack, "<unassigned>true</unassigned><removeLabel>mío</removeLabel>", one, by=red())
    assert marks(stack, red()) == [None]
    assert (
        found(stack, "<label>mío</label>") == found(stack, "<assignedTo>yo</assignedTo>", attorney()) == [one]
    )
    before = stack.rows()
    answer = mark(stack, "<archived>true</archived>", hers, uuid4(), by=red())
    assert texts(answer.tree, "item/problem/code") == ["NOTIFICATION_UNKNOWN"] * 2
    assert unchanged(stack, before | {name: n for name, n in stack.rows().items() if name in RECORDS})


RECORDS = {"access_records", "log_leaves", "key_holders"}


def test_a_mark_decides_nothing_moves_nothing_and_leaves_no_receipt(stack: Stack) -> None:
    one = stack.publish("one")
    cursor = text(stack.ask("ListChanges", "<fromNow>true</fromNow>").tree, "nextCursor")
    before = stack.rows()
    mark(stack, "<downloaded>true</downloaded><archived>true</archived>", one)
    after = stack.rows()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"marks", "replay_keys", *RECORDS}
    assert texts(stack.ask("ListChanges", f"<cursor>{cursor}</cursor>").tree, "change/state") == []
    assert texts(stack.ask("ListNotifications", "").tree, "notification/state") == ["available"]


def test_of_two_who_want_it_one_gets_it_and_the_other_is_told_who_has_it(stack: Stack) -> None:
    one = stack.publish("one")
    wanting = "<assignedTo>{}</assignedTo><ifUnassigned>true</ifUnassigned><addLabel>{}</addLabel>"
    other = pki().representative

    def want(who: tuple[str, KeyPair | None]) -> Answer:
        return stack.ask(
            "MarkNotifications", ids(one) + wanting.format(who[0], who[0]) + ASKING, holder=who[1]
        )

    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip("AB", pool.map(want, [("A", None), ("B", other)]), strict=True))
    problems = {name: text(answer.tree, "item/problem/code") for name, answer in answers.items()}
    assert sorted(problems.values(), key=bool) == [None, "ALREADY_ASSIGNED"]
    (winner,) = (name for name, problem in problems.items() if problem is None)
    for answer in answers.values():
        assert text(answer.tree, "item/marks/assigned/to") == winner
        assert texts(answer.tree, "item/marks/label/label") == [winner]
    # Who repeats has it still; without the condition it is taken.
    by = None if winner == "A" else other
    assert text(want((winner, by)).tree, "item/problem/code") is None
    mark(stack, "<assignedTo>C</assignedTo>", one)
    assert text(want((winner, by)).tree, "item/problem/code") == "ALREADY_ASSIGNED"
    mark(stack, "<unassigned>true</unassigned>", one)
    assert text(want((winner, by)).tree, "item/marks/assigned/to") == winner


def test_an_eleventh_label_is_refused_for_its_item_alone(stack: Stack) -> None:
    one, two = stack.publish("one"), stack.publish("two")
    ten = "".join(f"<addLabel>{number}</addLabel>" for number in range(10))
    mark(stack, ten, one)
    answer = mark(stack, "<downloaded>true</downloaded><addLabel>más</addLabel>", one, two)
    assert [text(item, "problem/code") for item in answer.tree] == ["TOO_MANY_LABELS", None]
    (full, other) = marks(stack)
    assert full is not None
    assert other is not None
    assert (len(full.labels), full.downloaded) == (10, None)
    assert other.downloaded is not None
    mark(stack, "<addLabel>más</addLabel><removeLabel>0</removeLabel>", one)
    assert found(stack, "<label>más</label>") == [one, two]


NO_MARKS = [
    ("", "INVALID_REQUEST"),
    ("<ifUnassigned>true</ifUnassigned>", "INVALID_REQUEST"),
    ("<assignedTo>A</assignedTo><unassigned>true</unassigned>", "INVALID_REQUEST"),
    ("<addLabel>A</addLabel><removeLabel>A</removeLabel>", "INVALID_REQUEST"),
    (f"<addLabel>{'x' * 65}</addLabel>", "INVALID_REQUEST"),
    ("<addLabel></addLabel>", "INVALID_REQUEST"),
    ("".join(f"<addLabel>{number}</addLabel>" for number in range(11)), "INVALID_REQUEST"),
    ("<addLabel> A</addLabel>", "TEXT_INVALID"),
    ("<assignedTo>A\u202eB</assignedTo>", "TEXT_INVALID"),
    ("<assignedTo>A\tB</assignedTo>", "TEXT_INVALID"),
]


def test_what_cannot_be_a_mark_is_refused_and_nothing_changes(stack: Stack) -> None:
    one = stack.publish("one")
    codes = [stack.ask("MarkNotifications", ids(one) + inner).code for inner, _ in NO_MARKS]
    assert codes == [code for _, code in NO_MARKS]
    assert stack.rows()["marks"] == 0


def test_more_than_a_thousand_are_refused_and_a_repeated_one_is_marked_once(stack: Stack) -> None:
    one = stack.publish("one")
    many = stack.ask("MarkNotifications", ids(one) * 1001 + "<archived>true</archived>")
    assert many.code == "INVALID_REQUEST"
    answer = mark(stack, "<archived>true</archived>", *([one] * 1000))
    assert len(answer.tree) == 1000
    assert stack.rows()["marks"] == 1


def test_who_no_longer_sees_it_neither_marks_nor_finds_it(stack: Stack) -> None:
    power = grant(stack)
    accept_power(stack, power)
    one = stack.publish("one")
    mark(stack, "<downloaded>true</downloaded>", one, by=attorney())
    stack.ask("RevokePower", f"<powerId>{power}</powerId>", holder=pki().representative)
    stack.pass_time(seconds=1)
    assert found(stack, "<downloaded>true</downloaded>", attorney()) == []
    answer = mark(stack, "<archived>true</archived>", one, by=attorney())
    assert text(answer.tree, "item/problem/code") == "NOTIFICATION_UNKNOWN"
    assert text(answer.tree, "item/marks/downloaded") is None
