"""What happens in the year of the bureau, scene by scene, and in which month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bureau import (
    BODIES,
    BUREAU_NAME,
    BUREAU_NIF,
    CLIENTS,
    DAY,
    FIRST_NIF,
    INSTITUTE,
    NI,
    OTHER_NIF,
    SECOND_NIF,
    Year,
    bureau,
    content_of,
    person,
)
from notigateway.addressee.red_users import end_user
from notigateway.clock.outages import declare_outage
from notigateway.instants import instant_text
from notigateway.repository.engine import writing
from stack import text, texts
from titles import change, grant, item, listed, state_power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Who read for information what had lapsed or was rejected.
INFORMED: Final = {("plain", 6): "1", ("general", 7): "r", ("alone", 4): "c"}


def the_bureau_begins(year: Year) -> None:
    """The operator registers clients, accounts, assignments and employees; two clients grant powers."""
    for key in CLIENTS:
        year.register(key)
        if key != "employer":
            year.set_main(key)
    for key in ("plain", "moved", "alone", "worker", "absorbed", "absorbing", "elsewhere"):
        year.assign(key)
    for nif in (FIRST_NIF, SECOND_NIF):
        year.employ(nif)
    two = item("procedure", "203546") + item("group", "rates")
    for key, scope, more in (("general", "general", ""), ("items", "procedure", two)):
        until = instant_text(year.stack.now + 400 * DAY)
        by = CLIENTS[key].certificate
        named = {"attorney": BUREAU_NIF, "attorneyName": BUREAU_NAME, "scope": scope, "expiresAt": until}
        power = grant(year.stack, by=by, more=more, **named)
        assert change(year.stack, "AcceptPower", power, by=bureau()).status == 200
        year.powers[key] = str(power)
    # Nothing before the statement; one serves for both powers.
    assert listed(year.stack, bureau()) == {}
    assert state_power(year.stack, UUID(year.powers["general"]), by=bureau()).status == 200


def the_main_account_moves(year: Year) -> None:
    """To the other account, which another bureau manages."""
    year.set_main("moved", of=1)
    year.assign("moved", to=OTHER_NIF, of=1)


def a_client_receives_alone(year: Year) -> None:
    red(year, "UnassignRed")


def the_bureau_is_assigned_again(year: Year) -> None:
    """Which gives nothing while the client receives alone."""
    year.assign("alone")


def the_client_gives_back(year: Year) -> None:
    red(year, "ReassignRed")


def red(year: Year, operation: str) -> None:
    inner = f"<assignmentId>{year.assigned['alone']}</assignmentId>"
    assert year.stack.ask(operation, inner, holder=CLIENTS["alone"].certificate).status == 200


def a_person_becomes_an_employer(year: Year) -> None:
    year.set_main("employer")
    year.assign("employer")


def a_procedure_is_revoked(year: Year) -> None:
    power, by = UUID(year.powers["items"]), CLIENTS["items"].certificate
    answer = change(year.stack, "RevokePower", power, by=by, more=item("procedure", "203546"))
    assert text(answer.tree, "power/state") == "in_force"


def the_second_employee_leaves(year: Year) -> None:
    with writing(year.stack.engine) as session:
        end_user(session, year.users[SECOND_NIF], at=year.stack.now, now=year.stack.now)


def the_general_power_is_renounced(year: Year) -> None:
    assert change(year.stack, "RenouncePower", UUID(year.powers["general"]), by=bureau()).status == 200


def the_service_was_out(year: Year) -> None:
    """For more than a day: what was at disposal has two days more, and lapses neither on its old day."""
    with writing(year.stack.engine) as session:
        declare_outage(
            session,
            started_at=year.begins + DAY,
            ended_at=year.begins + 2 * DAY,
            reason="Corte de luz",
            declared_by=CLIENTS["worker"].nif,
            now=year.stack.now,
        )
    year.sweep()


def colleagues_repeat(year: Year) -> None:
    """What one employee has decided, all have, and nobody decides it again."""
    for by in (person(SECOND_NIF), bureau()):
        assert year.decide("AcceptNotifications", ["moved"], by) == ["already_decided_by_you"]
    assert year.decide("RejectNotifications", ["moved"], CLIENTS["moved"].certificate) == ["already_decided"]


def nobody_decides_what_is_not_his(year: Year) -> None:
    """What was moved or withheld from one is unknown to him, and each to the other."""
    for by, keys in (
        (person(FIRST_NIF), ["moved", "alone", "employer", "general"]),
        (bureau(), ["moved", "alone", "employer"]),
        (person(OTHER_NIF), ["plain", "alone", "general"]),
        (CLIENTS["plain"].certificate, ["moved"]),
    ):
        for operation in ("AcceptNotifications", "RejectNotifications"):
            assert year.decide(operation, keys, by) == ["unknown"] * len(keys)


def acts_are_scheduled(year: Year) -> None:
    """For the person who will be an employer then, and the company that will have been absorbed."""
    year.publish(["employer"], 6, at=year.begins + 32 * DAY)
    year.publish(["absorbed"], 10, at=year.begins + 152 * DAY)


def a_client_is_absorbed(year: Year) -> None:
    """By another one, the day before this month; each body communicates it for its own procedures."""
    old, new = CLIENTS["absorbed"], CLIENTS["absorbing"]
    said = (
        f"<predecessor>{old.nif}</predecessor><successor><identifier>{new.nif}</identifier>"
        f"<name>{new.name}</name></successor><cause>merger</cause>"
        f"<factAt>{instant_text(year.begins - DAY)}</factAt><document>Escritura de fusión 1/2027</document>"
    )
    for body in BODIES:
        answer = year.stack.ask_issuing("CommunicateSuccession", said, issuer=body).tree
        year.successions[body] = answer.findtext("ni:succession/ni:successionId", "", NI)
        year.stack.pass_time(minutes=1)


def dehu_tells_late(year: Year) -> None:
    """An acceptance before that of the employee takes its place."""
    at = instant_text(year.begins + DAY)
    report = (
        "<report><reference>elsewhere-5</reference><channel>dehu</channel><decision>accepted</decision>"
        f"<at>{at}</at><decidedBy><identifier>{CLIENTS['elsewhere'].nif}</identifier></decidedBy>"
        "<evidence>DEHU-1</evidence></report>"
    )
    tree = year.stack.ask_issuing("ReportExternalDecisions", report, issuer=INSTITUTE).tree
    assert tree.findtext("ni:item/ni:outcome", None, NI) == "corrected"


def what_has_ended_is_read_for_information(year: Year) -> None:
    """By whoever sees it, once its lapse is final; access would be something else."""
    for (key, month), letter in INFORMED.items():
        by = {"1": person(FIRST_NIF), "r": bureau(), "c": CLIENTS[key].certificate}[letter]
        assert year.contents([key], by, month=month) == ["NOT_ACCEPTED"]
        assert year.read([key], by, month=month) == [content_of(key, month).encode()]
    assert year.read(["plain"], person(SECOND_NIF), month=6) == ["NOTIFICATION_UNKNOWN"]


def receipts_of_own_decisions_stay(year: Year) -> None:
    """The bureau's when its powers have ended; an employee's are the bureau's own."""
    for key, month, by, stay in (
        ("general", 0, bureau(), ["available", "accepted"]),
        ("items", 0, bureau(), ["available", "accepted"]),
        ("general", 9, bureau(), []),
        ("plain", 2, person(SECOND_NIF), []),
        ("general", 0, person(FIRST_NIF), []),
    ):
        tree = year.stack.ask("RetrieveReceipts", f"<id>{year.ids[key, month]}</id>", holder=by).tree
        assert texts(tree, "item/receipt/state") == stay, (key, month)


Scenes = tuple["Callable[[Year], None]", ...]
BEFORE: Mapping[int, Scenes] = {
    3: (the_main_account_moves, a_client_receives_alone),
    5: (the_bureau_is_assigned_again,),
    6: (the_client_gives_back, a_person_becomes_an_employer, a_procedure_is_revoked),
    7: (the_second_employee_leaves,),
    11: (the_general_power_is_renounced,),
}
MEANWHILE: Mapping[int, Scenes] = {
    0: (the_bureau_begins,),
    3: (nobody_decides_what_is_not_his,),
    4: (the_service_was_out,),
    8: (a_client_is_absorbed,),
}
AFTERWARDS: Mapping[int, Scenes] = {
    2: (colleagues_repeat,),
    5: (acts_are_scheduled, dehu_tells_late),
    8: (what_has_ended_is_read_for_information,),
    12: (receipts_of_own_decisions_stay,),
}
