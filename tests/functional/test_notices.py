"""Notices: who is told of what, in which words, and that nothing else changes by it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mail_server import Handler, mail_server, odd_server
from notigateway.addressee.red import end_red
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.instants import instant_text
from notigateway.jobs import noticing
from notigateway.law.deadlines import MADRID
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.outbox.carrying import Sender, Smtp
from notigateway.outbox.composing import Composing
from notigateway.outbox.mail_server import Server
from notigateway.outbox.sending import Sending, Told, tell
from notigateway.repository.engine import reading, writing
from notigateway.repository.mails import list_mails, retry_mails
from pki import COMPANY_NAME, COMPANY_NIF, PERSON_NIF, pki
from stack import Stack, text, texts
from titles import RED_NIF, accept_power, assign, attorney, change, grant, red, register_company
from users import be_attorney, bureau, member, person, register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from socket import socket
    from uuid import UUID

    from notigateway.pki.keys import KeyPair

FROM = "avisos@gateway.example"
V1_1 = "<contractVersion>1.1</contractVersion>"
COMPOSING = Composing(rights=DEFAULT_RIGHTS)


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(database_url, tmp_path, notices_folder=str(tmp_path / "notices"), notices_from=FROM)
    yield stack
    stack.close()


def contacts(*addresses: str, **more: object) -> str:
    said = "".join(f"<address>{one}</address>" for one in addresses)
    order = ("language", "delivery", "deadlineDays")
    return said + "".join(f"<{name}>{more[name]}</{name}>" for name in order if name in more)


def set_contacts(stack: Stack, *addresses: str, by: KeyPair | None = None, **more: object) -> Any:  # noqa: ANN401
    answer = stack.ask("SetContacts", contacts(*addresses, **more), holder=by)
    assert answer.code is None
    return answer.tree


class Post:
    """A mail server, and the job that sends by it at this stack's now."""

    def __init__(self, stack: Stack, address: str, handler: Handler) -> None:
        host, _, port = address.rpartition(":")
        self.stack = stack
        self.handler = handler
        self.server = Server(host=host, port=int(port), security="none", seconds=5)

    def run(self, *, is_hourly: bool = True, **how: Any) -> Told:  # noqa: ANN401
        carrier = Smtp(self.server, Sender(FROM, "bounces@gateway.example"), now=self.stack.now)
        sending = Sending(composing=COMPOSING, **how)
        return tell(self.stack.engine, carrier, sending, now=self.stack.now, is_hourly=is_hourly)

    def subjects(self) -> list[tuple[str, str]]:
        return sorted((one["To"], one["Subject"]) for one in self.handler.messages)


@contextmanager
def post(stack: Stack, handler: Handler | None = None) -> Iterator[Post]:
    with mail_server(handler) as (address, taken):
        yield Post(stack, address, taken)


def history(stack: Stack, one: UUID, by: KeyPair | None = None) -> list[tuple[str | None, ...]]:
    tree = stack.ask("GetHistory", f"<id>{one}</id>{V1_1}", holder=by).tree
    found = tree.iterfind(".//{*}notice")
    return [tuple(text(each, name) for name in ("kind", "state", "address")) for each in found]


def test_everybody_sets_its_own_contact_and_repeating_changes_nothing(stack: Stack) -> None:
    tree = set_contacts(stack, "ana@example.org", "eva@Example.org", language="both")
    said = [text(tree, name) for name in ("language", "delivery", "deadlineDays", "setAt")]
    assert texts(tree, "address") == ["ana@example.org", "eva@example.org"]
    assert said == ["both", "immediate", "3", instant_text(stack.now)]
    stack.pass_time(minutes=1)
    again = set_contacts(stack, "ana@example.org", "eva@example.org", language="both")
    assert text(again, "setAt") == said[-1]
    assert texts(stack.ask("GetContacts").tree, "address") == ["ana@example.org", "eva@example.org"]
    assert texts(stack.ask("GetContacts", holder=pki().person).tree, "address") == []
    set_contacts(stack)
    assert texts(stack.ask("GetContacts").tree, "address") == []
    rows = stack.contents()["contacts"]
    assert len(rows) == 2, "the former one and its withdrawal stay on record"


def test_who_acts_for_others_sets_its_own_contact_and_nobody_elses(stack: Stack) -> None:
    be_attorney(stack)
    assign(stack)
    user = register(stack)
    set_contacts(stack, "company@example.org")
    holders = {"bureau": bureau(), "red": red(), "user": person(), "member": member()}
    for name, by in holders.items():
        assert texts(stack.ask("GetContacts", holder=by).tree, "address") in ([], ["user@example.org"])
        # Whose certificate names the entity, too, is one person.
        set_contacts(stack, f"{name if name != 'member' else 'user'}@example.org", by=by)
    named = f"<address>eva@example.org</address><addressee>{COMPANY_NIF}</addressee>"
    assert stack.ask("SetContacts", named, holder=bureau()).code == "INVALID_REQUEST"
    assert texts(stack.ask("GetContacts").tree, "address") == ["company@example.org"]
    for told in ("bureau", "red", "user"):
        found = stack.ask("GetContacts", holder=holders[told]).tree
        assert texts(found, "address") == [f"{told}@example.org"]
    set_contacts(stack, by=bureau())
    assert texts(stack.ask("GetContacts").tree, "address") == ["company@example.org"]
    one = stack.publish()
    with post(stack) as mail:
        mail.run()
        stack.pass_time(days=1)
        mail.run()
    assert sorted(to for to, _ in mail.subjects()) == ["company@example.org", "red@example.org"]
    assert history(stack, one, person()) == [], f"{user} works for an entity, which is told at its own"


@pytest.mark.parametrize(
    ("written", "facts"),
    [
        ("ana@example.org\nBcc: eva@example.org", {"number": "1", "problem": "local_part"}),
        ("ana@example.org,eva@example.org", {"number": "1", "problem": "local_part"}),
        ("ana@españa.example.org", {"number": "1", "problem": "domain"}),
    ],
)
def test_what_is_no_address_is_refused_and_nothing_changes(
    stack: Stack, written: str, facts: dict[str, str]
) -> None:
    set_contacts(stack, "ana@example.org")
    answer = stack.ask("SetContacts", contacts(written))
    assert (answer.code, answer.facts) == ("CONTACT_INVALID", {"field": "address", **facts})
    assert texts(stack.ask("GetContacts").tree, "address") == ["ana@example.org"]


def test_where_no_notices_are_sent_no_contact_is_taken(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path)
    assert stack.ask("SetContacts", contacts("ana@example.org")).code == "NOTICES_OFF"
    assert stack.ask("SetContacts").code is None, "to withdraw it is always possible"
    assert stack.rows()["contacts"] == 0
    stack.close()


def test_all_who_see_it_are_told_at_their_own_addresses_and_nobody_else(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    set_contacts(stack, "ana@example.org")
    assert (
        text(set_contacts(stack, "red@example.org", by=red(), delivery="immediate"), "delivery")
        == "immediate"
    )
    assert text(set_contacts(stack, "attorney@example.org", by=attorney()), "delivery") == "daily"
    set_contacts(stack, "attorney@example.org", by=attorney(), delivery="immediate")
    set_contacts(stack, "person@example.org", by=pki().person)
    one = stack.publish()
    health = stack.publish("HEALTH", special_category=True, subject="Alta por enfermedad")
    with post(stack) as mail:
        done = mail.run()
    assert (done.composed, done.sent, done.away) == (5, 5, [])
    to = [one for one, _ in mail.subjects()]
    assert to == ["ana@example.org"] * 2 + ["attorney@example.org"] * 2 + ["red@example.org"]
    bodies = [one.get_content() for one in mail.handler.messages]
    assert not any("enfermedad" in one for one in bodies)
    assert ("bounces@gateway.example", ["ana@example.org"]) in mail.handler.envelopes
    assert history(stack, one) == [("available", "sent", "ana@example.org")]
    assert history(stack, one, red()) == [("available", "sent", "red@example.org")]
    assert history(stack, health, attorney()) == [("available", "sent", "attorney@example.org")]


def test_a_message_says_who_it_is_from_and_that_nobody_answers_it(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org")
    stack.publish(subject="Reclamación de deuda")
    with post(stack) as mail:
        mail.run()
    (message,) = mail.handler.messages
    assert message["From"] == FROM
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@gateway.example>")
    assert message["Date"].datetime == stack.now.replace(microsecond=0)
    assert "Asunto: Reclamación de deuda" in message.get_content()
    assert mail.handler.raw[0].isascii(), "whatever the server on the way can"


def test_no_state_no_term_and_no_receipt_depends_on_a_notice(stack: Stack) -> None:
    def told(one: UUID) -> list[str | None]:
        tree = stack.ask("RetrieveNotifications", f"<id>{one}</id>{V1_1}").tree
        return [text(tree, name) for name in ("state", "deadline", "availableAt", "timeLeft")]

    without = stack.publish("WITHOUT")
    set_contacts(stack, "ana@example.org")
    sent, failed = stack.publish("SENT"), None
    with post(stack) as mail:
        mail.run()
    failed = stack.publish("FAILED")
    with post(stack, Handler(recipients={"ana@example.org": "550 no such user"})) as mail:
        assert mail.run().failed == 1
    assert told(without) == told(sent) == told(failed)
    assert history(stack, failed) == [("available", "failed", "ana@example.org")]
    receipts = [
        len(list(stack.ask("RetrieveReceipts", f"<id>{one}</id>").tree.iterfind(".//{*}receipt")))
        for one in (without, sent, failed)
    ]
    assert receipts == [1, 1, 1]
    answer = stack.ask("GetHistory", f"<id>{sent}</id>")
    assert not list(answer.tree.iterfind(".//{*}notice")), "1.0 answers as it was published"


def test_a_scheduled_one_is_told_when_it_arrives_whoever_finds_that(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org")
    later = stack.now + timedelta(days=1)
    swept, decided = (stack.publish(name, available_at=later) for name in ("SWEPT", "DECIDED"))
    with post(stack) as mail:
        assert mail.run().composed == 0
        stack.pass_time(days=1, minutes=1)
        stack.accept(decided)
        sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
        assert mail.run().sent == 2
    for one in (swept, decided):
        assert history(stack, one) == [("available", "sent", "ana@example.org")]


def elsewhere(stack: Stack, reference: str, decision: str = "accepted") -> None:
    by = f"<decidedBy><identifier>{COMPANY_NIF}</identifier></decidedBy>" if decision == "accepted" else ""
    inner = (
        f"<report><reference>{reference}</reference><channel>postal</channel><decision>{decision}</decision>"
        f"<at>{instant_text(stack.now)}</at>{by}<evidence>SOBRE-7</evidence></report>"
    )
    answer = stack.ask_issuing("ReportExternalDecisions", inner)
    assert answer.code is None, answer.body
    (item,) = answer.tree.iterfind("{*}item")
    assert item.findtext("{*}outcome") in {"done", "on_record"}, decision


def test_what_another_channel_decides_before_it_arrives_is_never_told(stack: Stack) -> None:
    """A notice tells of a putting at disposal (Ley 39/2015 art. 41.6); this one is notified (art. 41.7)."""
    register_company(stack)
    assign(stack)
    set_contacts(stack, "ana@example.org", deadlineDays=10)
    set_contacts(stack, "red@example.org", by=red(), deadlineDays=10)
    later = stack.now + timedelta(days=2)
    decided, attempted = (stack.publish(name, available_at=later) for name in ("DECIDED", "ATTEMPTED"))
    stack.publish("WITHDRAWN", available_at=later)
    stack.ask_issuing("CancelNotifications", "<cancellation><reference>WITHDRAWN</reference></cancellation>")
    stack.pass_time(days=1)
    elsewhere(stack, "DECIDED")
    elsewhere(stack, "ATTEMPTED", "absent")
    with post(stack) as mail:
        for _ in range(14):
            mail.run()
            stack.pass_time(days=1)
            sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    assert history(stack, decided) == history(stack, decided, red()) == []
    kinds = [kind for kind, *_ in history(stack, attempted)]
    assert kinds == ["available", "deadline"], "an attempt that failed decides nothing"
    told = [one.get_content() for one in mail.handler.messages]
    assert {one["To"] for one in mail.handler.messages} == {"ana@example.org", "red@example.org"}
    assert all("ATTEMPTED" in one and "DECIDED" not in one and "WITHDRAWN" not in one for one in told)


def test_what_arrived_and_was_decided_before_anybody_looked_is_not_told(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", deadlineDays=10)
    one = stack.publish("LATE", available_at=stack.now + timedelta(days=1))
    stack.pass_time(days=1, minutes=1)
    elsewhere(stack, "LATE")
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    with post(stack) as mail:
        assert mail.run().sent == 0
    assert history(stack, one) == []


def test_a_digest_reminds_of_nothing_that_another_channel_has_decided(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", "eva@example.org", delivery="daily", deadlineDays=3)
    for name in ("LEFT", "DECIDED"):
        stack.publish(name)
    with post(stack) as mail:
        stack.pass_time(hours=1)
        elsewhere(stack, "DECIDED")
        stack.pass_time(days=1)
        mail.run()
        (first, _) = mail.handler.messages
        entries = [each for each in first.get_content().split("\r\n\r\n") if "Referencia" in each]
        last_days = {"DECIDED" in each: "Último día" in each for each in entries}
        assert last_days == {False: True, True: False}, "it came in, and nothing is left to decide"


def test_a_digest_that_waits_is_written_anew_without_what_was_decided(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", delivery="daily", deadlineDays=3)
    left, decided = stack.publish("LEFT"), stack.publish("DECIDED")
    stack.pass_time(days=1)
    with post(stack) as mail:
        mail.run()
    stack.pass_time(days=8)
    with post(stack) as mail:
        mail.run()
        stack.pass_time(days=1)
        with odd_server(lambda taken: taken.close()) as away:
            assert Post(stack, away, Handler()).run().away
        elsewhere(stack, "DECIDED")
        assert mail.run().sent == 1
    (message,) = mail.handler.messages
    assert "Referencia: LEFT" in message.get_content()
    assert "DECIDED" not in message.get_content()
    assert [kind for kind, *_ in history(stack, left)] == ["available", "deadline"]
    assert [kind for kind, *_ in history(stack, decided)] == ["available"]


def test_what_waits_goes_to_the_address_that_stands(stack: Stack) -> None:
    set_contacts(stack, "wrong@example.org", "here@example.org")
    one = stack.publish()
    full = Handler(recipients={"wrong@example.org": "452 4.2.2 mailbox full"})
    with post(stack, full) as mail:
        mail.run()
        two = stack.publish("TWO")
        with odd_server(lambda taken: taken.close()) as away:
            assert Post(stack, away, Handler()).run().away
        set_contacts(stack, "right@example.org")
        full.recipients.clear()
        stack.pass_time(hours=1)
        mail.run()
    assert [to for to, _ in mail.subjects()] == ["here@example.org", "right@example.org"]
    assert history(stack, one) == [("available", "sent", "here@example.org")]
    assert history(stack, two) == [("available", "sent", "right@example.org")]


def test_a_deadline_is_told_once_and_not_where_it_was_met_or_moved(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", deadlineDays=2)
    left, met = stack.publish("LEFT"), stack.publish("MET")
    with post(stack) as mail:
        mail.run()
        stack.pass_time(days=8)
        assert mail.run().queued == 0, "three days are left"
        stack.pass_time(days=1)
        stack.accept(met)
        assert (mail.run().sent, mail.run().sent) == (1, 0)
    assert history(stack, left)[1:] == [("deadline", "sent", "ana@example.org")]
    assert history(stack, met)[1:] == []
    (_, subject) = max(mail.subjects(), key=lambda one: "fin del plazo" in one[1])
    assert subject == f"Se acerca el fin del plazo de una notificación: {COMPANY_NAME}"


def test_a_decision_before_sending_withdraws_the_deadline_that_waits(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", deadlineDays=3)
    one = stack.publish()
    with post(stack) as mail:
        mail.run()
    stack.pass_time(days=9)
    with odd_server(lambda taken: taken.close()) as away:
        assert Post(stack, away, Handler()).run().away
    assert [kind for kind, *_ in history(stack, one)] == ["available", "deadline"]
    stack.accept(one)
    with post(stack) as mail:
        assert mail.run().sent == 0
    assert [kind for kind, *_ in history(stack, one)] == ["available"]


def test_the_end_of_a_red_assignment_is_told_to_both_sides_when_it_comes(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    set_contacts(stack, "ana@example.org")
    set_contacts(stack, "red@example.org", by=red(), delivery="immediate", language="en")
    with post(stack) as mail:
        with writing(stack.engine) as session:
            end_red(session, assignment, at=stack.now + timedelta(days=3), now=stack.now)
        assert mail.run().sent == 0
        with writing(stack.engine) as session:
            end_red(session, assignment, at=stack.now + timedelta(days=1), now=stack.now)
        stack.pass_time(days=1)
        assert (mail.run().sent, mail.run().sent) == (2, 0)
        stack.pass_time(days=3)
        assert mail.run().sent == 0
    assert [subject.partition(":")[0] for _, subject in mail.subjects()] == [
        "Desvinculación del autorizado RED",
        "A RED authorisation is no longer assigned",
    ]
    assert RED_NIF in mail.handler.messages[0].get_content()


def test_the_end_of_a_power_is_told_to_both_sides_whoever_ends_it(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org")
    renounced = grant(stack)
    accept_power(stack, renounced)
    set_contacts(stack, "attorney@example.org", by=attorney(), delivery="immediate")
    change(stack, "RenouncePower", renounced, by=attorney())
    expiring = grant(stack, expiresAt=instant_text(stack.now + timedelta(days=30)))
    accept_power(stack, expiring)
    with post(stack) as mail:
        assert mail.run().sent == 2
        stack.pass_time(days=30, minutes=1)
        assert (mail.run().sent, mail.run().sent) == (2, 0)
    assert {subject for _, subject in mail.subjects()} == {f"Extinción de un poder: {COMPANY_NAME}"}


def test_a_digest_comes_once_a_day_with_what_came_until_its_hour(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org", delivery="daily")
    stack.publish_many(3)
    with post(stack) as mail:
        assert mail.run().sent == 0
        stack.pass_time(days=1)
        stack.publish("LATER")
        assert (mail.run().sent, mail.run().sent) == (1, 0)
        stack.pass_time(days=1)
        assert mail.run().sent == 1
    dates = [one["Date"].datetime.astimezone(MADRID) for one in mail.handler.messages]
    assert {f"{one:%H:%M}" for one in dates} == {"08:00"}, "of its hour, not of what it tells"
    assert [one["Subject"] for one in mail.handler.messages] == [
        "Avisos de notificaciones electrónicas: 3",
        f"Notificación puesta a disposición: {COMPANY_NAME}",
    ]


def test_who_withdraws_its_contact_is_told_nothing_more(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org")
    one = stack.publish()
    set_contacts(stack)
    with post(stack) as mail:
        assert mail.run().composed == 0
    assert history(stack, one) == []


def test_refusals_of_one_address_are_its_own(stack: Stack) -> None:
    set_contacts(stack, "gone@example.org", "full@example.org", "ana@example.org")
    one = stack.publish()
    handler = Handler(
        recipients={
            "gone@example.org": "550 5.1.1 no such user",
            "full@example.org": "452 4.2.2 mailbox full",
        }
    )
    with post(stack, handler) as mail:
        done = mail.run()
        assert (done.sent, done.later, done.failed) == (1, 1, 1)
        assert mail.run().sent == 0, "the pause is not over"
        handler.recipients.clear()
        stack.pass_time(minutes=2)
        assert mail.run().sent == 1
        with writing(stack.engine) as session:
            assert retry_mails(session, now=stack.now) == 1
        assert mail.run().sent == 1
    assert {state for _, state, _ in history(stack, one)} == {"sent"}


def test_what_is_refused_for_now_is_tried_for_three_days_and_then_fails(stack: Stack) -> None:
    set_contacts(stack, "full@example.org", deadlineDays=0)
    one = stack.publish()
    with post(stack, Handler(recipients={"full@example.org": "452 4.2.2 mailbox full"})) as mail:
        tries = mail.run().later
        assert history(stack, one) == [("available", "queued", "full@example.org")]
        while not (done := mail.run(is_hourly=False)).failed:
            tries += done.later
            stack.pass_time(hours=1)
    assert 20 < tries < 40
    assert history(stack, one) == [("available", "failed", "full@example.org")]
    with reading(stack.engine) as session:
        (mail_row,) = list_mails(session, limit=9)
    assert mail_row.trouble is not None


def _hangs_up(_taken: socket) -> None:
    return


def _greets(taken: socket) -> None:
    taken.sendall(b"220 here\r\n")
    taken.settimeout(3)
    taken.recv(1000)


def _greets_slowly(taken: socket) -> None:
    for letter in b"220 a greeting that takes its time, letter by letter, and never ends":
        taken.settimeout(3)
        taken.sendall(bytes([letter]))
        try:
            taken.settimeout(0.1)
            if not taken.recv(1):
                return
        except TimeoutError:
            continue


def _takes_and_drops(taken: socket) -> None:
    taken.sendall(b"220 here\r\n")
    taken.settimeout(3)
    for answer in (b"250 here\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
        taken.recv(4096)
        taken.sendall(answer)
    taken.recv(65536)


@pytest.mark.parametrize("talk", [_hangs_up, _greets, _greets_slowly, _takes_and_drops])
def test_a_server_that_is_away_hangs_or_drops_loses_nothing_and_ends_in_time(
    sqlite_url: str, tmp_path: Path, talk: Callable[[socket], None]
) -> None:
    stack = Stack(sqlite_url, tmp_path, notices_folder="x", notices_from=FROM)
    set_contacts(stack, "ana@example.org")
    one = stack.publish()
    with odd_server(talk) as address:
        away = Post(stack, address, Handler())
        away.server = Server(host="127.0.0.1", port=away.server.port, security="none", seconds=0.4)
        done = away.run()
    assert (done.sent, done.failed) == (0, 0)
    assert done.away or done.later
    stack.pass_time(minutes=2)
    with post(stack) as mail:
        assert mail.run().sent == 1
    assert history(stack, one) == [("available", "sent", "ana@example.org")]
    stack.close()


def test_killed_between_sending_and_writing_down_it_comes_again_with_the_same_identifier(
    stack: Stack,
) -> None:
    class KilledError(BaseException):
        pass

    set_contacts(stack, "ana@example.org")
    stack.publish()
    with post(stack) as mail:

        class Dying(Smtp):
            def carry(self, letter: Any) -> Any:  # noqa: ANN401
                super().carry(letter)
                raise KilledError

        carrier = Dying(mail.server, Sender(FROM, FROM), now=stack.now)
        with pytest.raises(KilledError):
            tell(stack.engine, carrier, Sending(composing=COMPOSING), now=stack.now, is_hourly=False)
        assert mail.run().sent == 0, "it is claimed"
        stack.pass_time(minutes=31)
        assert mail.run().sent == 1
    first, second = mail.handler.raw
    assert first == second
    assert mail.handler.messages[0]["Message-ID"] == mail.handler.messages[1]["Message-ID"]


def test_one_connection_carries_many_and_the_rate_is_kept(stack: Stack) -> None:
    set_contacts(stack, "ana@example.org")
    stack.publish_many(30)
    waits: list[float] = []
    with post(stack) as mail:
        done = mail.run(per_second=10, most=25, pause=waits.append)
        assert (done.sent, done.is_more) == (40, True) or done.sent in range(25, 45)
        mail.run(most=25)
    assert len(mail.handler.messages) == 30
    assert len({one["Message-ID"] for one in mail.handler.messages}) == 30
    assert max(waits) > 1.5


def test_the_sandbox_writes_files_that_a_mail_program_opens(stack: Stack, tmp_path: Path) -> None:
    set_contacts(stack, "ana@example.org")
    stack.publish()
    done = noticing(stack.settings)(stack.engine, stack.now)
    assert done.said["sent"] == 1
    (file,) = (tmp_path / "notices").iterdir()
    assert file.suffix == ".eml"
    assert b"To: ana@example.org" in file.read_bytes()


def test_addresses_and_words_are_erased_when_their_time_has_passed(stack: Stack) -> None:
    set_contacts(stack, "old@example.org", deadlineDays=0)
    set_contacts(stack, "ana@example.org", deadlineDays=0)
    one = stack.publish()
    with post(stack) as mail:
        mail.run()
        stack.pass_time(days=731)
        assert mail.run().erased == 1
    assert history(stack, one) == [("available", "sent", None)]
    everything = str([stack.contents()[name] for name in ("contacts", "mails", "notices")])
    assert "old@example.org" not in everything
    assert everything.count("ana@example.org") == 1, "the contact that stands"


def test_nobody_learns_of_a_notice_to_another(stack: Stack) -> None:
    set_contacts(stack, "person@example.org", by=pki().person)
    stack.publish("OTHER", addressee=PERSON_NIF)
    one = stack.publish()
    assert history(stack, one) == []
    with post(stack) as mail:
        mail.run()
    assert [to for to, _ in mail.subjects()] == ["person@example.org"]
    assert COMPANY_NIF not in mail.handler.messages[0].get_content()
