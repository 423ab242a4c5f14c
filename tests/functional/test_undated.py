"""Messages without a Timestamp: nothing in them ages, so each is let in once while its certificate is valid.

Clients of the Social Security's contract send them. One with fixed ids, of a key of RSA, sends the same bytes
whenever it asks the same: the operator may let its reads come again, until a day, and nothing else.
"""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from sqlalchemy import select

from envelopes import Ref, parts_of
from notigateway.contract.problems import texts_of
from notigateway.errors import UndatedReplayError
from notigateway.repository.engine import reading, writing
from notigateway.repository.replay import ReplayKey, register
from notigateway.repository.undated import UndatedMessage, UndatedPeriod
from notigateway.settings import load_settings
from notigateway.soap.forgetting import Forgetting
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import verify_envelope
from pki import COMPANY_NIF, NOW, PERSON_NIF, company_subject, pki, rsa_key
from pointed_away import WAYS, pointed_away
from stack import Stack
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from stack import Answer

REPLAYED = b"UNDATED_MESSAGE_REPLAYED"
LIST = "consultarListadoNotificaciones"
VIEW = "verNotificacionAceptada"
UNTIL = NOW.date() + timedelta(days=60)
LISTED = {
    "rol": 1,
    "codigoSiguienteNotificacionPropia": -1,
    "codigoSiguienteNotificacionAutorizadoRED": -1,
    "codigoSiguienteNotificacionApoderado": -1,
}


def fixed(client: Wscn, operation: str, **values: object) -> bytes:
    """Write the message of a client that never changes its ids: the same for the same question."""
    return client.envelope(client.write(client.environment, operation, **values), ids={"Body": "body"})


@pytest.fixture
def lasting(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway that asks for no revocation status: months pass here."""
    stack = Stack(database_url, tmp_path, revocation="unsafe_off")
    stack.publish()
    yield stack
    stack.close()


@pytest.fixture
def agreed(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give one whose operator lets the company's reads come again until a day."""
    clients = [{"nif": COMPANY_NIF, "repeat_reads_until": UNTIL}]
    stack = Stack(database_url, tmp_path, revocation="unsafe_off", clients=clients)
    stack.publish()
    yield stack
    stack.close()


def is_replay(answer: Answer) -> bool:
    assert (answer.status, answer.fault_code) == (500, "wsse:FailedCheck"), answer.body
    assert "Retry-After" not in answer.headers
    return REPLAYED in answer.body


def forget(stack: Stack) -> None:
    """Do what a request does when it is due, on a machine on which time does not press."""
    Forgetting(stack.engine, monotonic=lambda: 0.0).run(stack.now)


def messages(stack: Stack) -> int:
    with reading(stack.engine) as session:
        return len(session.scalars(select(UndatedMessage.key)).all())


# --- once -----------------------------------------------------------------------------------------


def test_the_same_message_is_refused_for_as_long_as_its_certificate_is_valid(lasting: Stack) -> None:
    client = Wscn(lasting)
    data = fixed(client, LIST, **LISTED)
    assert client.send(data, LIST).status == 200
    for days in (0, 1, 2, 400, 3_000):
        lasting.pass_time(days=days)
        lasting.start()
        assert is_replay(client.send(data, LIST))
    assert messages(lasting) == 1


def test_the_refusal_names_both_cures() -> None:
    for text in (texts_of(UndatedReplayError()).en, texts_of(UndatedReplayError()).es):
        assert "Timestamp" in text
        assert "BinarySecurityToken" in text


def test_a_signed_token_with_a_random_id_and_a_timestamp_both_cure_it(lasting: Stack) -> None:
    client = Wscn(lasting)
    content = client.write(client.environment, LIST, **LISTED)
    for name in ("token-1", "token-2"):
        ids = {"Body": "body", "Token": name}
        data = client.envelope(content, ids=ids, references=(Ref("Body"), Ref("Token")))
        assert client.send(data, LIST).status == 200
        assert is_replay(client.send(data, LIST))
    dated = Wscn(lasting, has_timestamp=True)
    for _ in range(2):
        assert dated.send(fixed(dated, LIST, **LISTED), LIST).status == 200
        lasting.pass_time(seconds=1)


@pytest.mark.parametrize("way", WAYS)
def test_a_signed_token_that_is_left_aside_makes_no_message_new(lasting: Stack, way: str) -> None:
    client = Wscn(lasting)
    content = client.write(client.environment, LIST, **LISTED)
    data = client.envelope(content, references=(Ref("Body"), Ref("Token")))
    assert client.send(data, LIST).status == 200
    lasting.pass_time(days=2)
    forget(lasting)
    lasting.start()
    answer = client.send(pointed_away(data, client.pair, way), LIST)
    assert b"SECURITY_HEADER_INVALID" in answer.body
    assert is_replay(client.send(data, LIST))


def test_a_message_to_one_environment_is_none_to_another_contract(lasting: Stack) -> None:
    client = Wscn(lasting, environment=PRODUCTION)
    data = fixed(client, LIST, **LISTED)
    assert client.send(data, LIST).status == 200
    assert lasting.send(data).code == "TIMESTAMP_INVALID"
    elsewhere = lasting.send(data, PATH_INFO=TEST.path)
    assert elsewhere.status == 500
    assert b"OPERATION_UNKNOWN" in elsewhere.body
    assert is_replay(client.send(data, LIST))


def test_the_other_form_of_an_ecdsa_signature_is_the_same_message(lasting: Stack) -> None:
    client = Wscn(lasting, pair=pki().ec_company)
    root = etree.fromstring(fixed(client, LIST, **LISTED))
    assert client.send(etree.tostring(root), LIST).status == 200
    value = parts_of(root).signature[1]
    raw = base64.b64decode(value.text or "")
    mirrored = ec.SECP256R1().group_order - int.from_bytes(raw[32:])
    value.text = base64.b64encode(raw[:32] + mirrored.to_bytes(32)).decode()
    assert is_replay(client.send(etree.tostring(root), LIST))


# --- certificates that end ------------------------------------------------------------------------


def seal(until: datetime) -> KeyPair:
    """Return a certificate of the company's, always of the same key."""
    return pki().holder(company_subject(COMPANY_NIF), rsa_key("renewed"), not_after=until)


def with_certificate(data: bytes, old: KeyPair, new: KeyPair) -> bytes:
    before, after = (base64.b64encode(one.certificate.public_bytes(Encoding.DER)) for one in (old, new))
    return data.replace(before, after)


def test_a_renewed_certificate_makes_no_message_new(lasting: Stack) -> None:
    first, second = seal(NOW + timedelta(days=30)), seal(NOW + timedelta(days=400))
    client = Wscn(lasting, pair=first)
    old = fixed(client, LIST, **LISTED)
    assert client.send(old, LIST).status == 200
    lasting.pass_time(days=20)
    assert is_replay(client.send(with_certificate(old, first, second), LIST))
    Wscn(lasting, pair=second).page()  # renewed in time: remembered until the new one ends
    lasting.pass_time(days=200)
    assert is_replay(client.send(with_certificate(old, first, second), LIST))
    assert messages(lasting) == 2


def test_a_renewal_that_comes_after_all_was_forgotten_needs_a_timestamp_or_a_signed_token(
    lasting: Stack,
) -> None:
    first, second = seal(NOW + timedelta(days=30)), seal(NOW + timedelta(days=400))
    client = Wscn(lasting, pair=first)
    old = fixed(client, LIST, **LISTED)
    assert client.send(old, LIST).status == 200
    lasting.pass_time(days=31)
    assert b"CERTIFICATE_NOT_VALID_NOW" in client.send(old, LIST).body
    renewed = Wscn(lasting, pair=second)
    for _ in range(2):
        assert b"TIMESTAMP_INVALID" in client.send(with_certificate(old, first, second), LIST).body
        assert b"TIMESTAMP_INVALID" in renewed.send(fixed(renewed, LIST, **LISTED), LIST).body
        lasting.pass_time(days=3)
        forget(lasting)
    assert messages(lasting) == 0
    content = renewed.write(renewed.environment, LIST, **LISTED)
    signed = renewed.envelope(content, references=(Ref("Body"), Ref("Token")))
    assert renewed.send(signed, LIST).status == 200
    assert is_replay(renewed.send(signed, LIST))
    assert Wscn(lasting, pair=second, has_timestamp=True).page() is not None


def test_what_is_over_is_forgotten_a_day_later_and_its_period_is_not(lasting: Stack) -> None:
    client = Wscn(lasting, pair=seal(NOW + timedelta(days=30)))
    for _ in range(3):
        client.page()
    Wscn(lasting).page()
    lasting.pass_time(days=30, hours=23)
    forget(lasting)
    assert messages(lasting) == 4
    lasting.pass_time(hours=2)
    forget(lasting)
    assert messages(lasting) == 1
    with reading(lasting.engine) as session:
        periods = session.scalars(select(UndatedPeriod.forgotten_at).order_by(UndatedPeriod.id)).all()
    assert [one is not None for one in periods] == [True, False]


def test_a_machine_that_once_had_a_wrong_clock_makes_no_message_new(lasting: Stack) -> None:
    client = Wscn(lasting, pair=seal(NOW + timedelta(days=30)))
    data = fixed(client, LIST, **LISTED)
    assert client.send(data, LIST).status == 200
    Forgetting(lasting.engine, monotonic=lambda: 0.0).run(NOW + timedelta(days=40))
    assert messages(lasting) == 0
    lasting.pass_time(days=2)
    for _ in range(2):
        assert b"TIMESTAMP_INVALID" in client.send(data, LIST).body
        assert messages(lasting) == 0
        lasting.start()


# --- beside a worker of the release before --------------------------------------------------------


def test_what_the_release_before_has_let_in_is_not_let_in_by_this_one(lasting: Stack) -> None:
    client = Wscn(lasting)
    data = fixed(client, LIST, **LISTED)
    verified = verify_envelope(
        parse_envelope(data, limits=Limits()),
        now=NOW,
        expectations=Expectations(require_timestamp=False),
        check_certificate=lambda *_: None,
    )
    with writing(lasting.engine) as session:
        register(session, verified.replay_key, expires_at=NOW + timedelta(hours=24))
    assert is_replay(client.send(data, LIST))
    client.page()
    with reading(lasting.engine) as session:  # nor the other way round: it looks here only
        assert len(session.scalars(select(ReplayKey.key)).all()) == 2


# --- reads that may come again --------------------------------------------------------------------


def test_reads_of_that_client_come_again_until_that_day(agreed: Stack) -> None:
    client = Wscn(agreed)
    wanted = [fixed(client, LIST, **LISTED), fixed(client, "solicitarPoderdantes")]
    for _ in range(3):
        for data, operation in zip(wanted, (LIST, "solicitarPoderdantes"), strict=True):
            assert client.send(data, operation).status == 200
        agreed.pass_time(days=20, hours=11)
    assert agreed.now.date() > UNTIL
    assert is_replay(client.send(wanted[0], LIST))


def test_somebody_elses_option_is_of_no_use(agreed: Stack) -> None:
    agreed.publish("ACT-2", addressee=PERSON_NIF)
    client = Wscn(agreed, pair=pki().person)
    data = fixed(client, LIST, **LISTED)
    assert client.send(data, LIST).status == 200
    assert is_replay(client.send(data, LIST))


def test_what_has_an_effect_never_comes_again(agreed: Stack) -> None:
    client = Wscn(agreed)
    asking = fixed(client, "solicitarAcuseNotificacion", rol=1, codigoNotificacion=1, esDeAceptacion=True)
    answer = client.send(asking, "solicitarAcuseNotificacion")
    assert is_replay(client.send(asking, "solicitarAcuseNotificacion"))
    acuse = base64.b64decode(answer.tree[0].findtext("XML") or "")
    deciding = fixed(client, "enviarAcuseNotificacion", rol=1, xmlAcuseFirmado=sign(acuse, client.pair))
    assert client.send(deciding, "enviarAcuseNotificacion").status == 200
    assert is_replay(client.send(deciding, "enviarAcuseNotificacion"))
    viewing = fixed(client, VIEW, rol=1, codigoNotificacion=1)
    for _ in range(2):
        assert client.send(viewing, VIEW).status == 200
    assert agreed.decisions() == 2  # accepted, and handed over


def test_a_repeated_read_attests_nothing(agreed: Stack) -> None:
    """What is handed over for the first time is attested: a message that comes again is not asked to."""
    (document,) = (agreed.folder / "documents").glob("*/*/*")
    content = document.read_bytes()
    document.unlink()
    client = Wscn(agreed)
    assert number(client.decide(1)) == 100  # the acceptance stands, its PDF is not there
    viewing = fixed(client, VIEW, rol=1, codigoNotificacion=1)
    assert number(client.send(viewing, VIEW).tree[0]) == 100
    document.write_bytes(content)
    before = agreed.decisions()
    assert is_replay(client.send(viewing, VIEW))
    assert agreed.decisions() == before
    assert number(client.view(1)) == 0
    assert agreed.decisions() == before + 1


def test_the_option_is_for_production_too() -> None:
    clients = [{"nif": COMPANY_NIF, "repeat_reads_until": "2027-06-30"}]
    settings = load_settings(None, overrides={"clients": clients})
    assert settings.mode == "production"
    assert settings.clients[0].repeat_reads_until == date(2027, 6, 30)


def test_with_a_timestamp_the_option_changes_nothing(agreed: Stack) -> None:
    client = Wscn(agreed, has_timestamp=True)
    data = fixed(client, LIST, **LISTED)
    assert client.send(data, LIST).status == 200
    answer = client.send(data, LIST)
    assert b"[MESSAGE_REPLAYED]" in answer.body
    assert answer.headers["Retry-After"] == "1"
