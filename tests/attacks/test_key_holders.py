"""Row 117 of the catalogue of attacks: a key that is certified twice, under different names.

A signature is a key's. While the token is unsigned whoever stands between can put in another certificate of
that key: so the first identity keeps the key, and another one must sign its token.
"""

from __future__ import annotations

import base64
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from client_shapes import by_name, issuer_serial_text, ski_text, thumbprint_text
from envelopes import SIGN_BODY_AND_TIMESTAMP, X509V3, Draft, Ref
from notigateway.errors import KeyHolderError
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint
from notigateway.repository.engine import reading, writing
from notigateway.repository.key_holders import KeyHolder
from notigateway.settings import load_settings
from notigateway.trust.key_holders import KeyHolders, KeyUse
from pki import (
    COMPANY_NIF,
    NOW,
    PERSON_NIF,
    company_subject,
    ec_key,
    person_subject,
    pki,
    representative_subject,
    rsa_key,
    write_pem,
)
from pointed_away import WAYS, pointed_away
from refusals import assert_answered, assert_refusal
from stack import Stack
from wscn import Wscn

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from notigateway.law.caller import Caller
    from notigateway.pki.keys import KeyPair

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
LIST = '<n:ListNotifications xmlns:n="urn:notigateway:v1"/>'
WITH_TOKEN = (*SIGN_BODY_AND_TIMESTAMP, Ref("Token"))
_numbers = itertools.count(1)

KEY = rsa_key("certified twice")


def seal() -> KeyPair:
    """Return the company's certificate of the key."""
    return pki().holder(company_subject(COMPANY_NIF), KEY)


def person() -> KeyPair:
    """Return a person's certificate of the same key, of an issuer that is authorised as well."""
    return pki().holder(person_subject(PERSON_NIF), KEY, by=pki().rsa_issuing)


def message(pair: KeyPair, content: str = PING, **changes: Any) -> bytes:  # noqa: ANN401  (fields of Draft)
    """Sign a message that differs from all others."""
    return Draft(pair=pair, content=content, ids={"Body": f"n-{next(_numbers)}"}, **changes).build()


def swapped(data: bytes, old: KeyPair, new: KeyPair) -> bytes:
    """Put another certificate into the token."""
    before, after = (base64.b64encode(one.certificate.public_bytes(Encoding.DER)) for one in (old, new))
    assert before in data
    return data.replace(before, after)


def holders(stack: Stack) -> list[str]:
    with reading(stack.engine) as session:
        return list(session.scalars(select(KeyHolder.holder)))


# --- what somebody in the middle does -------------------------------------------------------------


def test_117_a_message_is_nobody_elses_by_another_certificate_of_its_key(stack: Stack) -> None:
    victim, thief = seal(), person()
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    assert_answered(stack, stack.send(message(victim, LIST)), "ListNotifications")
    before = stack.contents()
    assert_refusal(stack, stack.send(swapped(message(victim, LIST), victim, thief)), "KEY_OF_ANOTHER")
    assert stack.contents() == before
    stack.start()  # the database remembers it, not the process
    assert_refusal(stack, stack.send(swapped(message(victim, LIST), victim, thief)), "KEY_OF_ANOTHER")
    assert_answered(stack, stack.send(message(victim, LIST)), "ListNotifications")
    assert holders(stack) == [f"{COMPANY_NIF}:{COMPANY_NIF}:"]


def test_117_a_signed_token_cannot_be_exchanged(stack: Stack) -> None:
    stack.publish(addressee=PERSON_NIF)
    data = message(seal_pair := seal(), references=WITH_TOKEN)
    assert_refusal(stack, stack.send(swapped(data, seal_pair, person())), "DIGEST_DIFFERS")
    assert holders(stack) == []


@pytest.mark.parametrize("way", WAYS)
def test_117_a_signed_token_cannot_be_left_aside(stack: Stack, way: str) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    assert_answered(stack, stack.send(message(seal(), LIST)), "ListNotifications")
    data = message(person(), LIST, references=WITH_TOKEN)
    before = stack.contents()
    for pair in (seal(), person()):
        answer = stack.send(pointed_away(data, pair, way))
        assert_refusal(stack, answer, "SECURITY_HEADER_INVALID")
        assert answer.facts == {"part": "KeyInfo"}
    assert stack.contents() == before
    assert_answered(stack, stack.send(data), "ListNotifications")


def test_117_nor_may_a_second_token_be_signed_that_nobody_designates(stack: Stack) -> None:
    stack.publish()
    text = base64.b64encode(seal().certificate.public_bytes(Encoding.DER)).decode()
    other = f'<wsse:BinarySecurityToken wsu:Id="other" ValueType="{X509V3}">{text}</wsse:BinarySecurityToken>'
    for references in ((*WITH_TOKEN, Ref("other")), (*SIGN_BODY_AND_TIMESTAMP, Ref("other"))):
        answer = stack.send(message(person(), references=references, security_extra=other))
        assert_refusal(stack, answer, "SECURITY_HEADER_INVALID")


def test_117_of_both_identities_at_once_one_gets_the_key(stack: Stack) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    pairs = [seal(), person()]
    messages = [message(pairs[number % 2], LIST) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(stack.send, messages))
    codes = [{answer.code for answer in answers[number::2]} for number in range(2)]
    assert sorted(codes, key=str) == [{"KEY_OF_ANOTHER"}, {None}]
    assert len(holders(stack)) == 1


@pytest.mark.parametrize(
    "name", [issuer_serial_text, ski_text, thumbprint_text], ids=lambda one: one.__name__
)
def test_117_nor_where_the_message_only_names_its_certificate(
    sqlite_url: str,
    tmp_path: Path,
    name: Any,  # noqa: ANN401  (one of three functions)
) -> None:
    # Both have one key and so one key identifier, which then names nobody.
    pairs = {"seal": seal(), "person": person()}
    files = [write_pem(pair, tmp_path, stem)[1] for stem, pair in pairs.items()]
    stack = Stack(sqlite_url, tmp_path, clients=[{"certificate_file": file} for file in files])
    stack.publish()
    answers = [
        stack.send(replace(by_name(pair, name(pair), PING), ids={"Body": stem}).build())
        for stem, pair in pairs.items()
    ]
    expected = ["TOKEN_UNAVAILABLE"] * 2 if name is ski_text else [None, "KEY_OF_ANOTHER"]
    assert [answer.code for answer in answers] == expected
    stack.close()


def test_117_nor_in_the_social_securitys_contract(stack: Stack) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    victim, thief = Wscn(stack, pair=seal()), Wscn(stack, pair=person())
    victim.page()
    answer = thief.send(thief.envelope(thief.write(thief.environment, "solicitarPoderdantes")))
    assert answer.status == 500
    assert b"KEY_OF_ANOTHER" in answer.body


# --- what honest callers do -----------------------------------------------------------------------


def test_a_renewal_and_a_new_issue_in_the_same_name_are_the_same_holder(stack: Stack) -> None:
    stack.publish()
    renewed = pki().holder(company_subject(COMPANY_NIF, "Otro nombre, S.L."), KEY)
    reissued = pki().holder(company_subject(COMPANY_NIF), KEY, by=pki().rsa_issuing)
    for pair in (seal(), renewed, reissued, seal()):
        assert_answered(stack, stack.send(message(pair)), "Ping")
    assert len(holders(stack)) == 1


@pytest.mark.parametrize("key", [KEY, ec_key("certified twice")], ids=["rsa", "ec"])
def test_another_identity_of_the_same_key_signs_its_token(stack: Stack, key: Any) -> None:  # noqa: ANN401
    first = pki().holder(company_subject(COMPANY_NIF), key)
    second = pki().holder(person_subject(PERSON_NIF), key)
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    assert_answered(stack, stack.send(message(first)), "Ping")
    assert_refusal(stack, stack.send(message(second)), "KEY_OF_ANOTHER")
    assert_answered(stack, stack.send(message(second, references=WITH_TOKEN)), "Ping")
    assert_refusal(stack, stack.send(message(second)), "KEY_OF_ANOTHER")
    assert_answered(stack, stack.send(message(first)), "Ping")


def test_a_signed_message_id_that_names_the_certificate_binds_it_too(stack: Stack) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    assert_answered(stack, stack.send(message(seal())), "Ping")

    def named(pair: KeyPair, whose: KeyPair) -> bytes:
        header = (
            '<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing" wsu:Id="mid">urn:uuid:1#'
            f"{fingerprint(whose.certificate)}</a:MessageID>"
        )
        return message(pair, header_before=header, references=(*SIGN_BODY_AND_TIMESTAMP, Ref("mid")))

    second = person()
    assert stack.send(named(second, second)).status == 200
    assert_refusal(stack, stack.send(named(second, seal())), "ADDRESSING_INVALID")


def test_who_is_not_known_here_keeps_no_key(stack: Stack) -> None:
    stack.publish()
    assert_refusal(stack, stack.send(message(person(), LIST)), "CALLER_UNKNOWN")
    assert holders(stack) == []
    assert_answered(stack, stack.send(message(seal(), LIST)), "ListNotifications")


def test_after_the_first_request_of_a_key_it_costs_no_query(stack: Stack) -> None:
    stack.publish()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "key_holders" in statement:
            asked.append(statement.split(maxsplit=1)[0])

    event.listen(stack.engine, "before_cursor_execute", note)
    pair = seal()
    found = []
    for _ in range(3):
        assert_answered(stack, stack.send(message(pair, LIST)), "ListNotifications")
        found.append(tuple(asked))
        asked.clear()
    stack.start()
    event.listen(stack.engine, "before_cursor_execute", note)
    for _ in range(2):
        assert_answered(stack, stack.send(message(pair, LIST)), "ListNotifications")
        found.append(tuple(asked))
        asked.clear()
    assert found == [("SELECT", "INSERT"), (), (), ("SELECT",), ()]


# --- histories ------------------------------------------------------------------------------------

ARC = "1.3.6.1.4.1.99999.7.1"
ROW = {"arc": ARC, "family": "representative", "source": "a test"}


def of_family() -> KeyPair:
    """Return a certificate that is a natural person's until a row says that it is a representative's."""
    return pki().holder(representative_subject(PERSON_NIF, COMPANY_NIF), KEY, named_policies=(ARC,))


def start_with(stack: Stack, *rows: dict[str, str]) -> None:
    """Start the process again with other rows of families."""
    overrides = {**stack.overrides, "certificate_families": list(rows)}
    stack.settings = load_settings(None, overrides=overrides)
    stack.start()


def test_a_key_follows_the_certificate_that_claimed_it_when_that_is_read_otherwise(stack: Stack) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    caller = of_family()
    for rows, party in (((), PERSON_NIF), ((ROW,), COMPANY_NIF), ((), PERSON_NIF)):
        start_with(stack, *rows)
        for _ in range(2):
            assert_answered(stack, stack.send(message(caller, LIST)), "ListNotifications")
        assert holders(stack) == [f"{party}:{PERSON_NIF}:"]


def test_117_another_certificate_does_not_get_the_key_by_a_row_of_families(stack: Stack) -> None:
    """Read otherwise, one that never claimed the key is another identity still: the claim names one alone."""
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    assert_answered(stack, stack.send(message(person(), LIST)), "ListNotifications")
    start_with(stack, ROW)
    assert_refusal(stack, stack.send(message(of_family(), LIST)), "KEY_OF_ANOTHER")
    start_with(stack)
    assert_answered(stack, stack.send(message(of_family(), LIST)), "ListNotifications")
    start_with(stack, ROW)
    assert_refusal(stack, stack.send(message(of_family(), LIST)), "KEY_OF_ANOTHER")
    assert holders(stack) == [f"{PERSON_NIF}:{PERSON_NIF}:"]


def test_another_process_learns_that_a_key_has_followed(stack: Stack) -> None:
    """It asks the database before it refuses: a renewed certificate of the new reading is let in."""
    model = read_caller(person().certificate)
    old, new, renewed, thief = (
        replace(model, party=party, certificate_fingerprint=number * 64)
        for party, number in (("a" * 9, "1"), ("b" * 9, "1"), ("b" * 9, "2"), ("c" * 9, "3"))
    )
    one, other = KeyHolders(stack.engine), KeyHolders(stack.engine)

    def use(worker: KeyHolders, caller: Caller) -> None:
        with reading(stack.engine) as session:
            worker.check(session, KeyUse(b"k" * 32, caller, is_bound=False))
        worker.claim(KeyUse(b"k" * 32, caller, is_bound=False), now=NOW)

    for worker, caller in ((one, old), (other, old), (one, new), (other, renewed), (one, renewed)):
        use(worker, caller)
    for worker, caller in ((one, thief), (other, thief), (KeyHolders(stack.engine), thief)):
        with pytest.raises(KeyHolderError):
            use(worker, caller)


def test_a_row_of_the_release_before_gets_the_certificate_of_its_own_holder(stack: Stack) -> None:
    stack.publish()
    stack.publish("ACT-2", addressee=PERSON_NIF)
    caller = of_family()
    assert_answered(stack, stack.send(message(caller, LIST)), "ListNotifications")
    with writing(stack.engine) as session:
        session.execute(update(KeyHolder).values(certificate=None))
    start_with(stack)
    assert_refusal(stack, stack.send(message(seal(), LIST)), "KEY_OF_ANOTHER")
    assert_answered(stack, stack.send(message(caller, LIST)), "ListNotifications")
    start_with(stack, ROW)
    assert_answered(stack, stack.send(message(caller, LIST)), "ListNotifications")


USES = st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.booleans(), st.integers(0, 1))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(USES, min_size=1, max_size=12))
def test_in_any_history_of_two_workers_an_unbound_key_is_of_its_first_holder(
    engine: Engine, history: list[tuple[int, str, bool, int]]
) -> None:
    model = read_caller(pki().company_seal.certificate)
    callers = {
        name: replace(model, signer=name * 9, certificate_fingerprint=f"{number:064x}")
        for number, name in enumerate("abc")
    }
    workers = [KeyHolders(engine), KeyHolders(engine)]
    first: dict[int, str] = {}
    marks = [next(_numbers).to_bytes(32) for _ in range(3)]
    for number, name, is_bound, worker in history:
        use = KeyUse(marks[number], callers[name], is_bound)
        is_let_in = is_bound or first.get(number, name) == name
        try:
            with reading(engine) as session:
                workers[worker].check(session, use)
            workers[worker].claim(use, now=NOW)
        except KeyHolderError:
            assert not is_let_in
        else:
            assert is_let_in
            first.setdefault(number, name)
