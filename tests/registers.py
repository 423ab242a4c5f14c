"""A few people, random lines that say something of them, and every row that the registers have in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bench.world import account_of, nif_of
from sqlalchemy import select

from catalogue import IN_GROUP
from following import asking
from histories import caller_of, person_nif
from notigateway.addressee.alone import choose_alone
from notigateway.addressee.register import MainTerms, name_addressee, set_main_account
from notigateway.law.contacts import NoticeDelivery, NoticeLanguage
from notigateway.law.representation import DeliveryChannel
from notigateway.law.submission import SubmittedAddressee
from notigateway.repository.columns import Row
from notigateway.repository.contacts import Contact
from notigateway.repository.engine import writing
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from notigateway.repository.session import Session
    from stack import Stack

DAY: Final = timedelta(days=1)
# The first are companies, the next ones persons, and the last ones act for others.
COMPANIES, ADDRESSEES, EVERYBODY = range(5), range(8), range(11)
NIFS: Final = [nif_of(900 + n) if n in COMPANIES else person_nif(900 + n) for n in EVERYBODY]
ACCOUNTS: Final = [account_of(900 + n) for n in ADDRESSEES]
# Of these the register has a main account at the beginning.
WITH_ACCOUNT: Final = ADDRESSEES[::3]
PROXIES: Final = NIFS[len(ADDRESSEES) :]
# What the database counts by itself: the same act, another number.
_COUNTED: Final = {("red_boxes", "edition")}
_KEYS: Final = {"addressee_id": "addressees", "grantor_id": "addressees", "box_id": "red_boxes"}


def settle(stack: Stack, chance: Random) -> None:
    """Put things at disposal of some of them, now and later, and let some choose how they receive."""
    for n in (*ADDRESSEES[::2], ADDRESSEES[-1], EVERYBODY[-1]):
        for days in (0, 1, 4):
            if chance.random() < 0.5:
                stack.publish(
                    f"{n}/{days}",
                    addressee=SubmittedAddressee(NIFS[n], f"Parte {n}"),
                    available_at=stack.now + days * DAY if days else None,
                    voluntary=n not in COMPANIES,
                )
    for n in WITH_ACCOUNT:
        said = MainTerms(addressee=NIFS[n], account=ACCOUNTS[n], starts_at=stack.now - 20 * DAY)
        with writing(stack.engine) as session:
            name_addressee(session, NIFS[n], f"Parte {n}", now=stack.now)
            set_main_account(session, said, now=stack.now)
    for n in EVERYBODY:
        asked = asking(stack, caller_of(NIFS[n]))
        with writing(stack.engine) as session:
            if chance.random() < 0.2:
                choose_alone(session, asked, alone=True)
            if n not in {*COMPANIES, *WITH_ACCOUNT} and chance.random() < 0.3:  # not obliged
                stack.office.delivering.choose_channel(session, asked, DeliveryChannel.POSTAL)
            if chance.random() < 0.4:
                session.add(_contact(NIFS[n], stack.now))


def _contact(party: str, now: datetime) -> Contact:
    return Contact(
        id=uuid7(now),
        party=party,
        addresses="avisos@example.org",
        language=NoticeLanguage.BOTH,
        delivery=NoticeDelivery.IMMEDIATE,
        deadline_days=0,
        set_at=now,
        set_by=party,
        request_sha256="a" * 64,
    )


@dataclass
class Lines:
    """Lines of any kind that say at random what is right, what others contradict, and what is refused."""

    chance: Random
    now: datetime
    before: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def line(self, kind: str) -> dict[str, str]:
        """Return what one line says: often what one before has said, or that and something else."""
        said: dict[str, str | None] = getattr(self, "_" + kind.replace("-", "_"))()
        before = self.before[kind]
        if before and self.chance.random() < 0.4:
            changed = self.chance.sample(sorted(said), k=self.chance.choice([0, 1, 1]))
            if "ground" in said and self.chance.random() < 0.4:
                changed = ["ground"]
            said = {**self.chance.choice(before), **{name: said[name] for name in changed}}
        before.append({name: value for name, value in said.items() if value})
        return before[-1]

    def _addressees(self) -> dict[str, str | None]:
        n = self.chance.choice(ADDRESSEES)
        account, second = self._account(n), self._account(n)
        return {
            "nif": self._nif(n),
            "name": self.chance.choice([f"Parte {n}", f"Parte {n}", "Otra SL"]),
            "ccc": self._perhaps(account, 0.7),
            "naf": self._perhaps(second, 0.05),
            "from": self._at(),
        }

    def _accounts(self) -> dict[str, str | None]:
        n = self.chance.choice(ADDRESSEES)
        is_main = self.chance.random() < 0.6
        return {
            "nif": self._nif(n),
            "account": self._account(n),
            "from": self._at(),
            "to": self._perhaps(self._at(later=30), 0.3),
            "main": self._perhaps("true", float(is_main)),
            "ground": self._perhaps("told late", 0.3 * is_main),
        }

    def _red(self) -> dict[str, str | None]:
        n = self.chance.choice(ADDRESSEES)
        return {
            "addressee": self._nif(n),
            "addressee_name": self._perhaps(f"Parte {n}", 0.8),
            "account": self._account(n),
            "red_party": self.chance.choice([*PROXIES * 6, "nobody"]),
            "red_name": "Celia",
            "authorisation": self.chance.choice(["1", "1", "2"]),
            "from": self._at(),
            "to": self._perhaps(self._at(later=22), 0.6),
            "ground": self._perhaps("error del registro", 0.2),
        }

    def _red_users(self) -> dict[str, str | None]:
        return {
            "holder": self.chance.choice(PROXIES),
            "authorisation": self.chance.choice(["1", "1", "1", "2"]),
            "person": self.chance.choice(NIFS),
            "person_name": "Luis",
            "from": self._at(),
            "to": self._perhaps(self._at(later=22), 0.7),
        }

    def _powers(self) -> dict[str, str | None]:
        n = self.chance.choice(ADDRESSEES)
        scope, items = self.chance.choice(
            [
                ("general", ""),
                ("general", ""),
                ("matter", "matter:collection"),
                ("procedure", ";".join(f"procedure:{one}" for one in IN_GROUP)),
                ("matter", "matter:nothing"),
            ]
        )
        registered = self.now - self.chance.choice([30, 20]) * DAY
        return {
            "grantor": self._nif(n),
            "grantor_name": self._perhaps(f"Parte {n}", 0.8),
            "attorney": self.chance.choice([*PROXIES, NIFS[-1], NIFS[n - 1]]),
            "attorney_name": "Celia",
            "scope": scope,
            "items": items,
            "registered_at": registered.isoformat(),
            "accepted_at": self._perhaps((registered + DAY).isoformat(), 0.8),
            "expires_at": (self.now + self.chance.choice([300, 400]) * DAY).isoformat(),
        }

    def _obligations(self) -> dict[str, str | None]:
        n = self.chance.choice([*ADDRESSEES[len(COMPANIES) :]] * 4 + [0])
        ground = self.chance.choice(["a", "b", "b"])
        return {
            "addressee": self._nif(n),
            "addressee_name": self._perhaps(f"Parte {n}", 0.8),
            "ground": ground,
            "since": self._at(),
            "until": self._perhaps(self._at(later=22), 0.6),
            "matters": "collection;contribution" if ground == "a" else None,
        }

    def _nif(self, n: int) -> str:
        """Return who it is, in one of the forms that are read, and now and then nobody."""
        nif = NIFS[n]
        return self.chance.choice([nif] * 30 + [nif.lower(), f" {nif[0]}-{nif[1:]}", nif[:-1] + "?"])

    def _account(self, n: int) -> str:
        """Return an account: mostly the own one, in one of its forms."""
        one = ACCOUNTS[n] if self.chance.random() < 0.9 else self.chance.choice(ACCOUNTS)
        return self.chance.choice([one] * 20 + [f"0111{one}"] * 3 + ["1"])

    def _at(self, *, later: int = 0) -> str:
        days = later + self.chance.choice([-20, -5, -5, -2, -1, 0, 1, 2, 6])
        return (self.now + days * DAY).isoformat()

    def _perhaps(self, value: str, how_often: float) -> str | None:
        return value if self.chance.random() < how_often else None


def rows_in_words(session: Session) -> dict[str, list[str]]:
    """Return every row of every table, in an order of its own; keys that are drawn are told by their rows."""
    words: dict[object, str] = {}
    found: dict[str, list[str]] = {}

    def word(column: str, value: Any) -> object:  # noqa: ANN401
        if isinstance(value, UUID):
            return words.get(value, "of none")
        if column in _KEYS and value is not None:
            return words[_KEYS[column], value]
        return value

    boxes_first = sorted(Row.metadata.sorted_tables, key=lambda table: table.name != "red_boxes")
    for table in boxes_first:
        rows = []
        for row in session.execute(select(table)).mappings():
            text = " ".join(
                f"{name}={word(name, value)}"
                for name, value in row.items()
                if name != "id" and (table.name, name) not in _COUNTED
            )
            rows.append(text)
            if (key := row.get("id")) is not None:
                words[key if isinstance(key, UUID) else (table.name, key)] = text
        found[table.name] = sorted(rows)
    return found
