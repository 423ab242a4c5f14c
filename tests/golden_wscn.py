"""What the Social Security's contract answers, in either environment, to each capacity."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

from lxml import etree

from golden_mailbox import ids
from golden_recorder import Recorder
from notigateway.law.lifecycle import Kind
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from titles import accept_power, assign, attorney, grant, red, register_company
from wscn import CURSORS, START, Style, Wscn, sign

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.soap.wscn.environment import Environment


def wscn_test(record: Recorder) -> None:
    """The test environment."""
    _wscn(record, TEST)


def wscn_production(record: Recorder) -> None:
    """Production."""
    _wscn(record, PRODUCTION)


class _Client:
    """One holder's calls of one environment, each written down."""

    def __init__(self, record: Recorder, environment: Environment, pair: KeyPair, rol: int) -> None:
        self.record = record
        self.wire = Wscn(record.stack, environment, pair)
        self.rol = rol

    def call(self, title: str, operation: str, **values: object) -> etree._Element:
        """Ask, write the answer down and return its tree."""
        wire = self.wire
        content = wire.write(wire.environment, operation, **values)
        return self.record.answer(title, wire.send(wire.envelope(content), operation)).tree

    def page(self, title: str, places: tuple[int, ...] = START, **values: object) -> etree._Element:
        """Ask for a page of the list."""
        asked = {"rol": self.rol, **values, **dict(zip(CURSORS, places, strict=True))}
        return self.call(title, "consultarListadoNotificaciones", **asked)

    def acuse(self, title: str, code: int, *, accepts: bool = True) -> bytes:
        """Ask for a receipt to sign."""
        asked = {"rol": self.rol, "codigoNotificacion": code, "esDeAceptacion": accepts}
        return b64decode(self.call(title, "solicitarAcuseNotificacion", **asked).findtext(".//XML") or "")

    def send(self, title: str, signed: bytes) -> None:
        """Send a receipt that is signed."""
        self.call(title, "enviarAcuseNotificacion", rol=self.rol, xmlAcuseFirmado=signed)

    def view(self, title: str, code: int) -> None:
        """Ask for an accepted notification again."""
        self.call(title, "verNotificacionAceptada", rol=self.rol, codigoNotificacion=code)


def _wscn(record: Recorder, environment: Environment) -> None:
    stack = record.stack
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    stack.pass_time(seconds=1)
    wanted = [record.publish(f"ACT-{number}") for number in range(1, 8)]
    record.publish("INFO", kind=Kind.COMMUNICATION)
    record.publish("TEXT", addressee=PERSON_NIF)
    own = _Client(record, environment, pki().company_seal, 1)
    red_person, proxy = _Client(record, environment, red(), 2), _Client(record, environment, attorney(), 3)
    own.page("the list")
    own.page("the list from a place", (4, -1, -1))
    for client, name in ((red_person, "RED person"), (proxy, "attorney")):
        client.page(f"the list of the {name}")
        client.page(f"all lists of the {name}", rol=0)
    proxy.page("the list of one grantor", identificadorPoderdante=COMPANY_NIF)
    proxy.page("the list of who granted nothing", identificadorPoderdante=PERSON_NIF)
    proxy.call("the grantors", "solicitarPoderdantes")
    own.call("no grantors", "solicitarPoderdantes")
    for number, (client, name) in enumerate(
        ((own, "company"), (red_person, "RED person"), (proxy, "attorney"))
    ):
        accepted, rejected = 2 * number + 1, 2 * number + 2
        pair = client.wire.pair
        acuse = client.acuse(f"a receipt to accept, for the {name}", accepted)
        client.send(f"accepted by the {name}", sign(acuse, pair))
        client.send(f"sent again by the {name}", sign(acuse, pair))
        client.view(f"seen again by the {name}", accepted)
        acuse = client.acuse(f"a receipt to reject, for the {name}", rejected, accepts=False)
        client.send(f"rejected by the {name}", sign(acuse, pair))
        client.view(f"what the {name} rejected is not seen", rejected)
        client.acuse(f"a receipt of what the {name} rejected", rejected)
        client.acuse(f"a receipt of nothing, for the {name}", 77)
        client.view(f"what the {name} does not have", 77)
        client.view(f"what the {name} did not decide", 7)
    record.ask("the receipts", "RetrieveReceipts", ids(*wanted[:6]))
    own.acuse("a receipt that nobody signs", 7)
    record.ask("the other contract's list", "ListNotifications")
    _wscn_refusals(own)
    stack.now = NOW + timedelta(days=12)
    for client, name in ((own, "company"), (red_person, "RED person"), (proxy, "attorney")):
        client.acuse(f"a receipt of what lapsed, for the {name}", 7)
    own.page("the list at the end")
    record.access_records()


def _wscn_refusals(client: _Client) -> None:
    pair = client.wire.pair
    acuse = client.acuse("a receipt to spoil", 7)
    for title, signed in {
        "not signed": acuse,
        "signed by another": sign(acuse, pki().representative),
        "signed twice": sign(sign(acuse, pair), pair),
        "changed": sign(acuse.replace(b"ACEPTACION", b"RECHAZO"), pair),
        "cut off": sign(acuse, pair)[:-10],
        "no receipt any more": sign(acuse, pair).replace(b"</ProsaSignature>", b"<x/></ProsaSignature>"),
        "without our signature": sign(_without_ours(acuse), pair),
        "signed with SHA-1": sign(acuse, pair, Style(hash_name="sha1")),
        "signed by nobody": _spoilt(sign(acuse, pair)),
    }.items():
        client.send(f"a receipt that is {title}", signed)
    client.call("no receipt", "enviarAcuseNotificacion", rol=1)
    client.page("an unknown role", rol=9)
    client.record.stack.pass_time(hours=1)
    client.send("a receipt that is too old", sign(acuse, pair))
    stranger = _Client(client.record, client.wire.environment, pki().stranger, 1)
    stranger.page("a stranger")
    client.call("no such operation", "noHayTal")


def _without_ours(acuse: bytes) -> bytes:
    root = etree.fromstring(acuse)
    root.remove(root.findall("{*}Signature")[0])
    return etree.tostring(root)


def _spoilt(signed: bytes) -> bytes:
    root = etree.fromstring(signed)
    root.findall("{*}Signature/{*}SignatureValue")[1].text = b64encode(bytes(256)).decode()
    return etree.tostring(root)
