"""Who is obliged, on which ground, and what lapses for whom, through SOAP (Orden ISM/903/2020 art. 4)."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from sqlalchemy import select

from notigateway.addressee.obligations import end_obligation, enter_obligation
from notigateway.addressee.register import MainTerms, set_main_account
from notigateway.clock.obliging import obliging_by
from notigateway.instants import instant_text
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Kind
from notigateway.law.obligation_entries import ObligationTerms
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Notification
from notigateway.wss.ns import EVIDENCE_1, NOTIGATEWAY_ISSUING_V1
from pki import NOW, PERSON_NIF, pki
from stack import NG, Stack, text
from titles import ATTORNEY_NIF, accept_power, assign, attorney, change, grant, listed, outcome, red

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair

NAF = "281234567840"
DAY = timedelta(days=1)
NI = {"ni": NOTIGATEWAY_ISSUING_V1}
ASKING = "<contractVersion>1.1</contractVersion>"


def publish(
    stack: Stack,
    reference: str,
    *,
    addressee: str = PERSON_NIF,
    named_ground: Ground | None = None,
    **changes: Any,  # noqa: ANN401  (fields of ActSubmission)
) -> UUID:
    """Publish an act for the person, of which the body names no ground."""
    return stack.publish(reference, addressee=addressee, named_ground=named_ground, **changes)


def row(stack: Stack, wanted: UUID) -> tuple[Ground | None, datetime | None]:
    """Return ground and deadline as they stand."""
    with reading(stack.engine) as session:
        one = session.scalars(select(Notification).where(Notification.id == wanted)).one()
        return one.ground, one.deadline


def enter(stack: Stack, ground: str, *, since: datetime | None = None, **more: object) -> UUID:
    """Enter an obligation of the person, as the operator does."""
    terms = ObligationTerms(
        **{"addressee": PERSON_NIF, "ground": ground, "since": since or stack.now, **more}  # type: ignore[arg-type]
    )
    with writing(stack.engine) as session:
        obliging = obliging_by(stack.settings)
        return enter_obligation(session, terms, name="Ana", obliging=obliging, now=stack.now).id


def end(stack: Stack, entry: UUID, *, at: datetime | None = None) -> None:
    """End it."""
    with writing(stack.engine) as session:
        obliging = obliging_by(stack.settings)
        end_obligation(session, entry, at=at or stack.now, obliging=obliging, now=stack.now)


def be_self_employed(stack: Stack) -> None:
    """Let the person's affiliation number be its main account from now on."""
    with writing(stack.engine) as session:
        ensure_addressee(session, identifier=PERSON_NIF, name="Ana García López")
        terms = MainTerms(addressee=PERSON_NIF, account=NAF, starts_at=stack.now)
        entry = set_main_account(session, terms, now=stack.now)
        obliging_by(stack.settings).look_again(session, entry.addressee_id, now=stack.now)


def channel(stack: Stack, asked: str | None = None, by: KeyPair | None = None) -> _Element:
    """Ask for a channel, or choose one, and want to know why."""
    operation = "GetDeliveryChannel" if asked is None else "SetDeliveryChannel"
    inner = ASKING if asked is None else f"<channel>{asked}</channel>{ASKING}"
    return stack.ask(operation, inner, holder=by or pki().person).tree


def grounds(tree: _Element) -> list[tuple[str | None, str | None]]:
    """Return the grounds that an answer tells, each with its beginning."""
    found = tree.findall("ng:obligation", namespaces=NG)
    return [(text(one, "ground"), text(one, "since")) for one in found]


def test_the_self_employed_are_obliged_from_the_moment_they_are_members_of_red(stack: Stack) -> None:
    before = publish(stack, "BEFORE")
    stack.pass_time(days=1)
    be_self_employed(stack)
    assign(stack, addressee=PERSON_NIF, account=NAF)
    stack.pass_time(minutes=1)
    item = publish(stack, "ITEM")
    assert row(stack, before) == (None, None)
    assert row(stack, item)[0] is Ground.B
    assert listed(stack, red()) == {item: "red"}
    # Paper is not theirs to choose, and what they do not open lapses.
    answer = stack.ask("SetDeliveryChannel", "<channel>postal</channel>", holder=pki().person)
    assert answer.code == "CHANNEL_OBLIGED"
    told = channel(stack)
    assert text(told, "obliged") == "true"
    assert grounds(told) == [("b", instant_text(NOW + DAY))]
    stack.pass_time(days=11)
    assert outcome(stack, item, pki().person) == "lapsed"
    assert outcome(stack, before, pki().person) == "decided"


def test_who_is_in_no_register_and_has_not_chosen_never_lapses_whatever_the_body_says(stack: Stack) -> None:
    silent, voluntary = publish(stack, "SILENT"), publish(stack, "VOLUNTARY", voluntary=True)
    assert grounds(channel(stack)) == []
    stack.pass_time(days=30)
    for one in (silent, voluntary):
        (item,) = stack.accept(one, holder=pki().person)
        assert (text(item, "outcome"), attested(item)) == ("decided", {})


def test_the_register_beats_the_word_that_access_is_voluntary(stack: Stack) -> None:
    company = stack.publish("COMPANY", voluntary=True)
    enter(stack, "c")
    person = publish(stack, "PERSON", voluntary=True)
    assert (row(stack, company)[0], row(stack, person)[0]) == (Ground.A, Ground.C)
    stack.pass_time(days=11)
    assert outcome(stack, company) == outcome(stack, person, pki().person) == "lapsed"


def test_a_professional_is_obliged_for_acts_of_the_activity_and_chooses_for_the_rest(stack: Stack) -> None:
    enter(stack, "a", matters=frozenset({"appeals"}))
    told = channel(stack, "postal")
    assert (text(told, "obliged"), text(told, "channel")) == ("false", "postal")
    (only,) = told.findall("ng:obligation", namespaces=NG)
    assert (text(only, "ground"), text(only, "matter")) == ("a", "appeals")
    case, private = publish(stack, "CASE", matter="appeals"), publish(stack, "PRIVATE")
    assert (row(stack, case)[0], row(stack, private)) == (Ground.A, (None, None))
    assert row(stack, case)[1] is not None


def test_red_sees_nothing_of_who_is_obliged_on_another_ground(stack: Stack) -> None:
    be_self_employed(stack)
    assign(stack, addressee=PERSON_NIF, account=NAF)
    stack.pass_time(minutes=1)
    member = publish(stack, "MEMBER")
    assert listed(stack, red()) == {member: "red"}
    with writing(stack.engine) as session:
        terms = MainTerms(addressee=PERSON_NIF, account=None, starts_at=stack.now + DAY)
        set_main_account(session, terms, now=stack.now)
    stack.pass_time(days=2)
    enter(stack, "c")
    later = publish(stack, "LATER")
    assert row(stack, later)[0] is Ground.C
    assert later not in listed(stack, red())
    assert later in listed(stack, pki().person)


def test_an_attorney_is_obliged_and_the_grantor_is_not(stack: Stack) -> None:
    power = grant(stack, by=pki().person)
    assert grounds(channel(stack, by=attorney())) == []
    accept_power(stack, power)
    grantors, own = publish(stack, "GRANTOR"), publish(stack, "OWN", addressee=ATTORNEY_NIF)
    assert (row(stack, grantors), row(stack, own)[0]) == ((None, None), Ground.D)
    assert grounds(channel(stack, by=attorney())) == [("d", instant_text(stack.now))]
    assert grounds(channel(stack)) == []
    # When the power ends, the obligation does.
    change(stack, "RevokePower", power, by=pki().person)
    stack.pass_time(minutes=1)
    assert row(stack, publish(stack, "AFTER", addressee=ATTORNEY_NIF)) == (None, None)


def test_by_policy_what_an_attorney_may_open_lapses_for_the_grantor_too(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, attorney_obliges_grantor=True)
    accept_power(stack, grant(stack, by=pki().person, scope="matter", value="collection"))
    covered, other = publish(stack, "COVERED"), publish(stack, "OTHER", matter="appeals")
    assert (row(stack, covered)[0], row(stack, other)) == (Ground.D, (None, None))
    stack.close()


def test_an_issuing_body_may_name_a_ground_that_the_register_does_not_know(stack: Stack) -> None:
    named = issued(stack, "NAMED", "<obligationGround>c</obligationGround>")
    assert said(named, "ni:obligationGround") == "c"
    assert said(named, "ni:deadline") is not None
    # The register knows that it is over; and who chose paper is believed.
    end(stack, enter(stack, "c", since=stack.now - 2 * DAY), at=stack.now - DAY)
    over = issued(stack, "OVER", "<obligationGround>c</obligationGround>")
    assert said(over, "ni:obligationGround") is None
    contradiction = issued(stack, "BOTH", "<voluntary>true</voluntary><obligationGround>b</obligationGround>")
    assert said(contradiction, "ni:problem/ni:field") == "voluntary"


def test_by_policy_the_word_of_a_body_obliges_nobody(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, issuing_body_grounds=False)
    assert row(stack, publish(stack, "NAMED", named_ground=Ground.C)) == (None, None)
    stack.close()


def issued(stack: Stack, reference: str, more: str, *, kind: Kind = Kind.NOTIFICATION) -> _Element:
    """Publish an act for the person by the issuing contract, and want to know the ground."""
    act = (
        f"<act><reference>{reference}</reference><subject>x</subject><procedure>203546</procedure>"
        f"<matter>collection</matter><kind>{kind}</kind><addressee><identifier>{PERSON_NIF}</identifier>"
        "<name>Ana</name></addressee><document><name>a.pdf</name><mediaType>application/pdf</mediaType>"
        f"<content>JVBERi0=</content></document>{more}</act>"
    )
    (item,) = stack.ask_issuing("PublishActs", f"{act}{ASKING}").tree.findall("ni:item", namespaces=NI)
    return item


def said(item: _Element, path: str) -> str | None:
    """Return what an item of the issuing contract says."""
    return item.findtext(path, namespaces=NI)


# --- what has not arrived is looked at again


def test_what_is_scheduled_follows_the_choice_that_stands_when_it_arrives(stack: Stack) -> None:
    now_here = publish(stack, "NOW")
    scheduled = publish(stack, "LATER", available_at=NOW + 5 * DAY)
    stack.pass_time(days=1)
    channel(stack, "electronic")
    ground, deadline = row(stack, scheduled)
    assert (ground, row(stack, now_here)) == (None, (None, None))
    assert deadline is not None
    stack.pass_time(days=1)
    channel(stack, "postal")
    assert row(stack, scheduled) == (None, None)
    stack.pass_time(days=1)
    channel(stack, "electronic")
    assert row(stack, scheduled) == (None, deadline)
    # It has arrived: from now on nothing moves it.
    stack.now = NOW + 6 * DAY
    channel(stack, "postal")
    assert row(stack, scheduled) == (None, deadline)


def test_what_is_scheduled_follows_the_obligation_that_stands_when_it_arrives(stack: Stack) -> None:
    here = publish(stack, "HERE")
    soon = publish(stack, "SOON", available_at=NOW + 2 * DAY)
    late = publish(stack, "LATE", available_at=NOW + 8 * DAY)
    stack.pass_time(minutes=1)
    # Dated back: what is at disposal stays as it is.
    entry = enter(stack, "c", since=NOW - 30 * DAY)
    assert [row(stack, one)[0] for one in (here, soon, late)] == [None, Ground.C, Ground.C]
    end(stack, entry, at=NOW + 5 * DAY)
    assert [row(stack, one)[0] for one in (here, soon, late)] == [None, Ground.C, None]
    be_self_employed(stack)
    assert [row(stack, one)[0] for one in (here, soon, late)] == [None, Ground.B, Ground.B]
    stack.now = NOW + 20 * DAY
    assert [outcome(stack, one, pki().person) for one in (here, soon, late)] == [
        "decided",
        "lapsed",
        "lapsed",
    ]


def test_a_deadline_that_was_extended_stays_when_an_obligation_is_added(stack: Stack) -> None:
    scheduled = publish(stack, "LATER", available_at=NOW + 5 * DAY, named_ground=Ground.C)
    later = NOW + 40 * DAY
    extension = f"<reference>LATER</reference><deadline>{instant_text(later)}</deadline><reason>x</reason>"
    stack.ask_issuing("ExtendDeadlines", f"<extension>{extension}</extension>")
    assert row(stack, scheduled) == (Ground.C, later)
    enter(stack, "b")
    assert row(stack, scheduled) == (Ground.B, later)


def test_what_is_scheduled_for_an_attorney_follows_its_power(stack: Stack) -> None:
    power = grant(stack, by=pki().person)
    scheduled = publish(stack, "LATER", addressee=ATTORNEY_NIF, available_at=NOW + 5 * DAY)
    assert row(stack, scheduled) == (None, None)
    accept_power(stack, power)
    assert row(stack, scheduled)[0] is Ground.D
    stack.pass_time(days=1)
    change(stack, "RevokePower", power, by=pki().person)
    assert row(stack, scheduled) == (None, None)


# --- on paper


@pytest.mark.parametrize("paper", Paper)
def test_what_is_practised_on_paper_never_lapses_here_and_access_has_full_effect(
    stack: Stack, paper: Paper
) -> None:
    first = stack.publish("FIRST", paper=paper)
    next_one = stack.publish("NEXT")
    (shown, _) = stack.ask("ListNotifications", ASKING).tree.findall("ng:notification", namespaces=NG)
    assert (text(shown, "obligationGround"), text(shown, "paper"), text(shown, "deadline")) == (
        "a",
        str(paper),
        None,
    )
    stack.pass_time(days=11)
    assert outcome(stack, next_one) == "lapsed"
    (item,) = stack.accept(first)
    assert text(item, "outcome") == "decided"
    assert attested(item) == {"Ground": "a", "Paper": str(paper)}


def attested(item: _Element) -> dict[str, str | None]:
    """Return what the receipt of an outcome says of the obligation."""
    (found,) = item.iterfind("ng:receipt/ng:xml", namespaces=NG)
    said = etree.fromstring(b64decode(found.text or "")).find(f"{{{EVIDENCE_1}}}Obligation")
    return {} if said is None else {etree.QName(child).localname: child.text for child in said}


def test_the_first_on_paper_is_also_for_red(stack: Stack) -> None:
    assign(stack, addressee_name="Conservas del Norte SL")
    stack.pass_time(minutes=1)
    first = stack.publish("FIRST", paper=Paper.FIRST_EX_OFFICIO)
    assert listed(stack, red()) == {first: "red"}


def test_a_communication_is_not_practised_on_paper(stack: Stack) -> None:
    item = issued(stack, "NOTE", "<paper>first_ex_officio</paper>", kind=Kind.COMMUNICATION)
    assert (said(item, "ni:outcome"), said(item, "ni:problem/ni:field")) == ("refused", "paper")
