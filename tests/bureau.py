"""A bureau of three employees and its ten clients: who they are, and how the scenes of its year are played.

Each client has two accounts, the main one first. In even months the Treasury sends an act that quotes the
main account, in odd ones the Institute one that quotes the other account and writes the name its own way.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from notigateway.addressee.red import assign_red
from notigateway.addressee.red_users import register_user
from notigateway.addressee.register import MainTerms, add_account, name_addressee, set_main_account
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.obliging import obliging_by
from notigateway.instants import instant_text
from notigateway.law.identifiers import control_digits, is_company_nif
from notigateway.law.red_users import UserTerms
from notigateway.law.titles import RedTerms
from notigateway.repository.engine import writing
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from pki import COMPANY_NIF, NOW, REPRESENTATIVE_NIF, ec_key, person_subject, pki, representative_subject
from stack import ISSUER, NG, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from notigateway.pki.keys import KeyPair
    from stack import Stack

NI = {"ni": NOTIGATEWAY_ISSUING_V1}
ASKING = "<contractVersion>1.1</contractVersion>"
DAY = timedelta(days=1)
INSTITUTE = "EA0041735"
BODIES = (ISSUER, INSTITUTE)
PROCEDURES = ("203546", "202301")

BUREAU_NIF, BUREAU_NAME, AUTHORISATION = COMPANY_NIF, "Gestoría de Pruebas SL", "123456"
FIRST_NIF, SECOND_NIF, OTHER_NIF, OTHER_AUTHORISATION = "00000003A", "00000007F", "00000006Y", "654321"
CLIENTS_REPRESENTATIVE = "00000005M"
# As `representative_subject` and `person` name them.
REPRESENTATIVE_NAME, PERSON_NAME = "Luis Pérez Díaz", "Celia Prueba"


@dataclass(frozen=True)
class Client:
    """A client of the bureau; the main account is the first."""

    key: str
    nif: str
    name: str
    accounts: tuple[str, str]

    @property
    def certificate(self) -> KeyPair:
        """Return what it signs with: its representative's certificate, or its own as a person."""
        if is_company_nif(self.nif):
            return representative(CLIENTS_REPRESENTATIVE, self.nif, self.name)
        return person(self.nif, self.name)

    def as_quoted(self, month: int) -> tuple[str, str]:
        """Return the name and the account as the act of a month quotes them."""
        if month % 2 == 0:
            return self.name, self.accounts[0]
        return f"{self.name.upper()} (EN TRÁMITE)", self.accounts[1]


@cache
def representative(nif: str, entity: str, name: str) -> KeyPair:
    """Return the certificate of a representative of an entity."""
    return pki().holder(representative_subject(nif, entity, name), ec_key(f"{nif} {entity}"))


@cache
def person(nif: str, name: str = PERSON_NAME) -> KeyPair:
    """Return the certificate of a person; the first word is the given name."""
    given_name, surname = name.split(" ", 1)
    return pki().holder(person_subject(nif, given_name, surname), ec_key(f"person {nif}"))


def bureau() -> KeyPair:
    """Return the certificate of the bureau's representative, its third employee."""
    return representative(REPRESENTATIVE_NIF, BUREAU_NIF, BUREAU_NAME)


def account(province: str, serial: str) -> str:
    """Return a CCC or a NAF with its control digits."""
    return f"{province}{serial}{control_digits(province, serial)}"


def _companies() -> Iterable[Client]:
    keys = ("plain", "moved", "alone", "general", "items", "absorbed", "absorbing", "elsewhere")
    nifs = ("18", "26", "34", "42", "59", "67", "75", "83")
    for number, (key, ends) in enumerate(zip(keys, nifs, strict=True)):
        accounts = account("28", f"100000{number}"), account("08", f"200000{number}")
        yield Client(key, f"B000000{ends}", f"Empresa {key} SL", accounts)


CLIENTS: Mapping[str, Client] = {
    one.key: one
    for one in (
        *_companies(),
        # Self-employed: the affiliation number is the main account; a household's account beside it.
        Client("worker", "00000001R", "Celia Prueba", (account("28", "12345678"), account("28", "3000001"))),
        Client("employer", "00000002W", "Celia Prueba", (account("28", "3000002"), account("08", "3000003"))),
    )
}


@dataclass
class Year:
    """The bureau's year as it is played: what was published, and what was granted."""

    stack: Stack
    month: int = 0
    ids: dict[tuple[str, int], UUID] = field(default_factory=dict)
    powers: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, UUID] = field(default_factory=dict)
    users: dict[str, UUID] = field(default_factory=dict)
    successions: dict[str, str] = field(default_factory=dict)

    @property
    def begins(self) -> datetime:
        """Return the beginning of the month."""
        return NOW + self.month * 30 * DAY

    def on_day(self, day: float) -> None:
        """Let that day of the month come."""
        later = self.begins + day * DAY
        assert later >= self.stack.now
        self.stack.now = later

    def sweep(self) -> None:
        """Write what the clock has caused."""
        sweep(self.stack.engine, seal=self.stack.office.seal, now=self.stack.now, sweeping=Sweeping())

    # --- the issuing bodies

    def publish(self, keys: Iterable[str], month: int | None = None, *, at: datetime | None = None) -> None:
        """Publish, by the body of the month, an act for each; at an instant ahead where one is given."""
        month = self.month if month is None else month
        wanted = list(keys)
        acts = "".join(self._act(CLIENTS[key], month, at) for key in wanted)
        tree = self.stack.ask_issuing("PublishActs", acts, issuer=BODIES[month % 2]).tree
        for key, item in zip(wanted, tree.findall("ni:item", NI), strict=True):
            assert item.findtext("ni:outcome", None, NI) == "published", (key, month)
            self.ids[key, month] = UUID(item.findtext("ni:notificationId", "", NI))

    def _act(self, client: Client, month: int, at: datetime | None) -> str:
        name, quoted = client.as_quoted(month)
        number = "naf" if len(quoted) == 12 else "ccc"
        when = "" if at is None else f"<availableAt>{instant_text(at)}</availableAt>"
        health = "<specialCategory>true</specialCategory>" if (client.key, month) == ("plain", 8) else ""
        return (
            f"<act><reference>{client.key}-{month}</reference><subject>Acto del mes {month}</subject>"
            f"<procedure>{PROCEDURES[month % 2]}</procedure>"
            f"<matter>{('collection', 'contribution')[month % 2]}</matter>"
            f"<addressee><identifier>{client.nif}</identifier><name>{name}</name>"
            f"<{number}>{quoted}</{number}></addressee><document><name>acto.pdf</name>"
            f"<mediaType>application/pdf</mediaType><content>{content_of(client.key, month, encoded=True)}"
            f"</content></document>{when}{health}</act>"
        )

    # --- the operator

    def assign(self, key: str, *, to: str = BUREAU_NIF, of: int = 0) -> None:
        """Assign one of the client's accounts to the bureau, or to the other one."""
        is_bureau = to == BUREAU_NIF
        terms = RedTerms(
            addressee=CLIENTS[key].nif,
            account=CLIENTS[key].accounts[of],
            red_party=to,
            red_name=BUREAU_NAME if is_bureau else PERSON_NAME,
            authorisation=AUTHORISATION if is_bureau else OTHER_AUTHORISATION,
            starts_at=self.stack.now,
        )
        with writing(self.stack.engine) as session:
            self.assigned[key] = assign_red(session, terms, now=self.stack.now).id

    def set_main(self, key: str, of: int = 0) -> None:
        """Let one of the client's accounts be the main one from now on."""
        client, now = CLIENTS[key], self.stack.now
        terms = MainTerms(addressee=client.nif, account=client.accounts[of], starts_at=now)
        with writing(self.stack.engine) as session:
            entry = set_main_account(session, terms, now=now)
            obliging_by(self.stack.settings).look_again(session, entry.addressee_id, now=now)

    def register(self, key: str) -> None:
        """Register the client with its name and both accounts, of which none is the main one yet."""
        client, now = CLIENTS[key], self.stack.now
        with writing(self.stack.engine) as session:
            name_addressee(session, client.nif, client.name, now=now)
            for number in client.accounts:
                add_account(session, client.nif, number, starts_at=now, now=now)

    def employ(self, nif: str) -> None:
        """Register an employee as a secondary user of the bureau's authorisation."""
        terms = UserTerms(
            holder=BUREAU_NIF,
            authorisation=AUTHORISATION,
            person=nif,
            person_name=PERSON_NAME,
            starts_at=self.stack.now,
        )
        with writing(self.stack.engine) as session:
            self.users[nif] = register_user(session, terms, now=self.stack.now).id

    # --- whoever asks the service

    def decide(self, operation: str, keys: Iterable[str], by: KeyPair) -> list[str | None]:
        """Accept or reject the month's acts of these in one request; return the outcomes."""
        ids = [self.ids[key, self.month] for key in keys]
        if not ids:
            return []
        inner = "".join(f"<id>{one}</id>" for one in ids)
        return texts(self.stack.ask(operation, inner, holder=by).tree, "item/outcome")

    def contents(self, keys: Iterable[str], by: KeyPair, *, month: int | None = None) -> list[bytes | str]:
        """Return the documents of acts, by their readers; where there is none, the problem's code."""
        return self._contents(keys, by, month=month, more="")

    def read(self, keys: Iterable[str], by: KeyPair, *, month: int) -> list[bytes | str]:
        """Return the same, read for information."""
        return self._contents(keys, by, month=month, more="<forInformation>true</forInformation>")

    def _contents(
        self, keys: Iterable[str], by: KeyPair, *, month: int | None, more: str
    ) -> list[bytes | str]:
        month = self.month if month is None else month
        inner = "".join(f"<id>{self.ids[key, month]}</id>" for key in keys)
        items = self.stack.ask("RetrieveNotifications", inner + more, holder=by).tree
        return [
            text(one, "problem/code") or b64decode(text(one, "document/content") or "")
            for one in items.findall("ng:item", NG)
        ]


def content_of(key: str, month: int, *, encoded: bool = False) -> str:
    """Return the content of an act, as it is or in Base64."""
    plain = f"%PDF-1.7 {key} {month}"
    return b64encode(plain.encode()).decode() if encoded else plain
