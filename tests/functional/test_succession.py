"""Who takes another's place, played through SOAP (RD 203/2021 art. 42.4)."""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from sqlalchemy import select

from following import asking
from notigateway.addressee.mailbox import Will
from notigateway.clock.obliging import obliging_by
from notigateway.errors import SuccessionExistsError, SuccessionInvalidError
from notigateway.instants import instant_text
from notigateway.issuer.succeeding import Succeeding, SuccessionTerms, end_succession
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import Decision
from notigateway.law.submission import SubmittedAddressee
from notigateway.law.succession import Cause
from notigateway.pki.identity import read_caller
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Addressee, Notification
from notigateway.repository.powers import lock_addressee
from notigateway.wss.ns import EVIDENCE_1, NOTIGATEWAY_ISSUING_V1
from patience import PATIENCE_SECONDS
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import NG, Stack, text
from titles import CCC, delegate, holder, listed, outcome, retrieved

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair

pytestmark = pytest.mark.once

NI = {"ni": NOTIGATEWAY_ISSUING_V1}
ASKING = "<contractVersion>1.1</contractVersion>"
DAY = timedelta(days=1)
HEIR, GUARDIAN, OTHER_GUARDIAN = "00000007F", "00000008P", "00000009D"


def succeed(stack: Stack, predecessor: str, successor: str, **changes: object) -> UUID:
    """Enter a succession, as the operator does."""
    terms = SuccessionTerms(
        **{  # type: ignore[arg-type]
            "predecessor": predecessor,
            "successor": successor,
            "successor_name": f"Name of {successor}",
            "cause": Cause.DEATH,
            "fact_at": NOW,
            "document": "Certificado de defunción 1/2026",
            **changes,
        }
    )
    with writing(stack.engine) as session:
        return (
            Succeeding.by(stack.settings, obliging_by(stack.settings))
            .communicate(session, terms, body=None, now=stack.now)
            .id
        )


def communicate(stack: Stack, *, cause: str = "death", successor: str = HEIR, more: str = "") -> _Element:
    """Communicate one of the person, as the issuing body does."""
    return stack.ask_issuing(
        "CommunicateSuccession",
        f"<predecessor>{PERSON_NIF}</predecessor><successor><identifier>{successor}</identifier>"
        f"<name>Heredera Prueba</name></successor><cause>{cause}</cause>"
        f"<factAt>{instant_text(NOW)}</factAt><document>Expediente 7, folio 3</document>{more}",
    ).tree


def person(stack: Stack, reference: str, **changes: object) -> UUID:
    """Publish an act for the person."""
    return stack.publish(reference, **{"addressee": PERSON_NIF, **changes})  # type: ignore[arg-type]


def attested(stack: Stack, one: UUID, by: KeyPair, path: str) -> dict[str, str | None]:
    """Accept and return what the receipt says in an element."""
    (item,) = stack.accept(one, holder=by)
    assert text(item, "outcome") == "decided"
    (found,) = item.iterfind("ng:receipt/ng:xml", namespaces=NG)
    said = etree.fromstring(b64decode(found.text or "")).find(f"{{{EVIDENCE_1}}}{path}")
    return {} if said is None else {etree.QName(child).localname: child.text for child in said}


def test_an_heir_sees_what_came_since_the_death_and_gets_what_comes_later(stack: Stack) -> None:
    heir = holder(HEIR)
    before = person(stack, "BEFORE")
    stack.pass_time(days=2)
    since, read = person(stack, "SINCE"), person(stack, "READ")
    stack.accept(read, holder=pki().person)
    scheduled = person(stack, "SCHEDULED", available_at=NOW + 20 * DAY)
    stack.pass_time(days=1)

    answer = communicate(stack, more="<procedure>203546</procedure>")
    assert answer.findtext("ni:succession/ni:communicatedAt", namespaces=NI) == instant_text(stack.now)
    assert listed(stack, heir) == dict.fromkeys((before, since, read), "own")
    assert retrieved(stack, read, heir) == "content"
    # What was put at disposal before stays valid, with its deadline, and of two the first decides.
    assert attested(stack, since, heir, "DelegateDetails") == {
        "Role": "own",
        "Identifier": HEIR,
        "Name": "Celia Prueba",
        "Reference": answer.findtext("ni:succession/ni:successionId", namespaces=NI),
    }
    (item,) = stack.accept(since, holder=pki().person)
    assert text(item, "outcome") == "already_decided"
    stack.pass_time(days=9)
    assert outcome(stack, before, pki().person) == "lapsed"

    # What comes later is the heir's: on paper, since nothing obliges it and it has chosen nothing.
    later = person(stack, "LATER")
    other = person(stack, "OTHER", procedure="999")
    stack.now = NOW + 40 * DAY
    assert set(listed(stack, pki().person)) == {before, since, read, other}
    assert set(listed(stack, heir)) == {before, since, read, later, scheduled}
    rows = stack.ask("ListNotifications", ASKING, holder=heir).tree.findall("ng:notification", namespaces=NG)
    shown = {text(one, "reference"): one for one in rows}["LATER"]
    assert text(shown, "addressee/identifier") == HEIR
    assert (text(shown, "addressee/name"), text(shown, "deadline")) == ("Heredera Prueba", None)
    assert text(shown, "predecessor/identifier") == PERSON_NIF
    assert attested(stack, later, heir, "PredecessorDetails")["Identifier"] == PERSON_NIF
    assert attested(stack, scheduled, heir, "RecipientDetails") == {
        "Identifier": HEIR,
        "Name": "Heredera Prueba",
    }


def test_what_was_put_at_disposal_before_the_fact_is_not_shown(stack: Stack) -> None:
    before = person(stack, "BEFORE")
    stack.pass_time(days=2)
    since = person(stack, "SINCE")
    succeed(stack, PERSON_NIF, HEIR, fact_at=NOW + DAY)
    assert listed(stack, holder(HEIR)) == {since: "own"}
    assert outcome(stack, before, holder(HEIR)) == "unknown"


def test_a_body_speaks_of_its_own_procedures_only(stack: Stack) -> None:
    stack.register_issuer("EA0021234", "INSS", "Instituto Nacional de la Seguridad Social")
    own, others = person(stack, "OWN"), person(stack, "OTHERS", issuing_body="EA0021234")
    communicate(stack)
    assert listed(stack, holder(HEIR)) == {own: "own"}
    assert others in listed(stack, pki().person)


def test_a_merged_company_obliges_its_successor_by_its_own_nature(stack: Stack) -> None:
    absorbing = "A28000016"
    succeed(stack, first_act(stack), absorbing, cause=Cause.MERGER)
    later = stack.publish("LATER")
    assert later not in listed(stack)
    with reading(stack.engine) as session:
        query = select(Addressee.identifier, Notification.ground, Notification.deadline)
        query = query.join(Addressee, Notification.addressee_id == Addressee.id)
        to, ground, lapses_at = session.execute(query.where(Notification.id == later)).one()
    assert (to, ground) == (absorbing, Ground.A)
    assert lapses_at is not None


def first_act(stack: Stack) -> str:
    """Let the company be an addressee."""
    stack.publish("FIRST")
    return COMPANY_NIF


def test_a_subrogated_account_takes_its_own_acts_along(stack: Stack) -> None:
    quoting = SubmittedAddressee(COMPANY_NIF, "Conservas del Norte SL", ccc=CCC)
    its, others = stack.publish("ITS", addressee=quoting), stack.publish("OTHERS")
    succeed(stack, COMPANY_NIF, HEIR, cause=Cause.ACCOUNT_SUBROGATION, account=f"0111{CCC}")
    later, other = stack.publish("LATER", addressee=quoting), stack.publish("OTHER")
    assert set(listed(stack, holder(HEIR))) == {its, later}
    assert set(listed(stack)) == {its, others, other}


def test_who_has_only_changed_its_number_sees_everything(stack: Stack) -> None:
    old = person(stack, "OLD")
    stack.pass_time(days=200)
    succeed(stack, PERSON_NIF, HEIR, cause=Cause.NUMBER_CHANGE, fact_at=stack.now)
    assert listed(stack, holder(HEIR)) == {old: "own"}


def test_two_guardians_see_and_the_first_one_decides(stack: Stack) -> None:
    one = person(stack, "ONE")
    first, second = holder(GUARDIAN), holder(OTHER_GUARDIAN)
    guardianship = succeed(stack, PERSON_NIF, GUARDIAN, cause=Cause.GUARDIANSHIP)
    succeed(stack, PERSON_NIF, OTHER_GUARDIAN, cause=Cause.GUARDIANSHIP)
    later = person(stack, "LATER")
    for who in (first, second, pki().person):
        assert listed(stack, who) == {one: "own", later: "own"}
    assert attested(stack, one, second, "DelegateDetails")["Identifier"] == OTHER_GUARDIAN
    stack.pass_time(minutes=1)
    for who in (first, pki().person):
        (item,) = stack.reject(one, holder=who)
        assert text(item, "outcome") == "already_decided"
    # Its end takes everything away; the ward stays the addressee.
    with writing(stack.engine) as session:
        end_succession(session, guardianship, at=stack.now, now=stack.now)
    assert listed(stack, first) == {}
    assert set(listed(stack, second)) == {one, later}


def test_a_guardianship_ends_after_what_was_decided_by_it(stack: Stack) -> None:
    """Also of what the ward itself has in the place of another."""
    one, two = person(stack, "ONE"), person(stack, "TWO")
    stack.publish("OTHER", addressee=HEIR)
    succeed(stack, PERSON_NIF, HEIR)
    guardianship = succeed(stack, HEIR, GUARDIAN, cause=Cause.GUARDIANSHIP)
    stack.pass_time(days=1)
    asked = asking(stack, read_caller(holder(GUARDIAN).certificate))
    asked = replace(asked, now=stack.now + timedelta(milliseconds=40))

    def end() -> datetime | None:
        with writing(stack.engine) as session:
            return end_succession(session, guardianship, at=stack.now, now=stack.now).ends_at

    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            (decided,) = stack.office.mailbox.decide_all(session, asked, [one], Will(Decision.ACCEPT))
            running = pool.submit(end)
            with pytest.raises(TimeoutError):
                running.result(timeout=0.2)
        ended = running.result(timeout=PATIENCE_SECONDS)
    assert decided.problem is None
    assert ended == asked.now + timedelta(milliseconds=1)
    stack.pass_time(seconds=1)
    assert outcome(stack, two, holder(GUARDIAN)) == "unknown"


def test_who_succeeds_a_successor_takes_what_that_one_had(stack: Stack) -> None:
    first = person(stack, "FIRST")
    succeed(stack, PERSON_NIF, HEIR)
    second = person(stack, "SECOND")
    stack.pass_time(days=1)
    succeed(stack, HEIR, GUARDIAN)
    third = person(stack, "THIRD")
    assert set(listed(stack, holder(GUARDIAN))) == {first, second, third}
    assert set(listed(stack, holder(HEIR))) == {first, second}


def test_repeating_a_communication_changes_nothing(stack: Stack) -> None:
    person(stack, "ONE")
    said = communicate(stack)
    before = stack.rows()
    stack.pass_time(minutes=1)
    assert etree.tostring(communicate(stack)) == etree.tostring(said)
    after = stack.rows()
    for name in ("replay_keys", "access_records", "log_leaves"):
        before.pop(name, None)
        after.pop(name, None)
    assert after == before


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"successor": PERSON_NIF}, "successor", "is_the_predecessor"),
        ({"successor": "12345678A"}, "successor", "identifier"),
        ({"predecessor": "00000010X"}, "predecessor", "unknown"),
        ({"predecessor": COMPANY_NIF}, "predecessor", "is_an_entity"),
        ({"cause": Cause.MERGER}, "predecessor", "is_a_person"),
        ({"cause": Cause.ACCOUNT_SUBROGATION}, "account", "required"),
        ({"account": CCC}, "account", "not_allowed"),
        ({"cause": Cause.ACCOUNT_SUBROGATION, "account": "1"}, "account", "identifier"),
        ({"fact_at": NOW + DAY}, "fact_at", "in_the_future"),
        ({"document": " "}, "document", "required"),
        ({"successor_name": ""}, "successor_name", "required"),
        ({"procedures": frozenset({"x" * 17})}, "procedures", "text"),
    ],
)
def test_what_cannot_have_happened_is_refused_and_nothing_changes(
    stack: Stack, changed: dict[str, object], field: str, problem: str
) -> None:
    person(stack, "ONE")
    before = stack.rows()
    with pytest.raises(SuccessionInvalidError) as caught:
        succeed(stack, **{"predecessor": PERSON_NIF, "successor": HEIR, **changed})  # type: ignore[arg-type]
    assert caught.value.facts == {"field": field, "problem": problem}
    assert stack.rows() == before


def test_nobody_succeeds_in_a_circle_and_a_place_is_taken_once(stack: Stack) -> None:
    person(stack, "ONE")
    first = succeed(stack, PERSON_NIF, HEIR)
    with pytest.raises(SuccessionExistsError) as taken:
        succeed(stack, PERSON_NIF, GUARDIAN)
    assert taken.value.facts == {"succession_id": str(first)}
    succeed(stack, HEIR, GUARDIAN)
    before = stack.rows()
    with pytest.raises(SuccessionInvalidError) as circle:
        succeed(stack, GUARDIAN, PERSON_NIF)
    assert circle.value.facts == {"field": "successor", "problem": "is_a_circle"}
    assert stack.rows() == before


def test_what_the_law_does_not_name_is_admitted_by_policy(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, succession_policies=[])
    person(stack, "ONE")
    with pytest.raises(SuccessionInvalidError) as caught:
        succeed(stack, PERSON_NIF, HEIR, cause=Cause.GUARDIANSHIP)
    assert caught.value.facts == {"field": "cause", "problem": "not_admitted"}
    stack.close()


def test_only_the_successor_sees_it(stack: Stack) -> None:
    one = person(stack, "ONE")
    succeed(stack, PERSON_NIF, HEIR)
    assert delegate(stack.accept(one, holder=holder(HEIR))[0])["Role"] == "own"
    stack.publish("COMPANY")
    assert one not in listed(stack)


def test_what_is_taken_goes_on_also_to_who_was_communicated_before(stack: Stack) -> None:
    one = person(stack, "ONE")
    stack.publish("OTHER", addressee=HEIR)
    last = "00000006Y"
    succeed(stack, HEIR, OTHER_GUARDIAN)
    succeed(stack, OTHER_GUARDIAN, last)
    guarding = succeed(stack, last, GUARDIAN, cause=Cause.GUARDIANSHIP)
    stack.pass_time(days=1)
    assert one not in listed(stack, holder(OTHER_GUARDIAN))
    succeed(stack, PERSON_NIF, HEIR)
    for who in (HEIR, OTHER_GUARDIAN, last, GUARDIAN):
        assert listed(stack, holder(who))[one] == "own"
    with writing(stack.engine) as session:
        end_succession(session, guarding, at=stack.now, now=stack.now)
    assert outcome(stack, one, holder(GUARDIAN)) == "unknown"
    assert outcome(stack, one, holder(last)) == "decided"


def test_two_changes_that_concern_one_addressee_never_wait_for_each_other(stack: Stack) -> None:
    """Every change of rights locks the addressee first and keeps others from publishing then."""
    stack.publish("one", addressee=PERSON_NIF)
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            lock_addressee(session, PERSON_NIF)
            communicated = pool.submit(succeed, stack, PERSON_NIF, HEIR)
            with pytest.raises(TimeoutError):
                communicated.result(timeout=0.5)
            wait_for_turn_to_publish(session)
        succession = communicated.result(timeout=PATIENCE_SECONDS)
    assert succeed(stack, PERSON_NIF, HEIR) == succession  # a repeat
