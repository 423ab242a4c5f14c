"""For whom the bureau of `gestoria` acts, and who works there; how both change in its year.

The clients are brought by `notigateway import`, as an operator does: a power for every tenth, RED for the
others. One employee decides as a secondary user of the authorisation; three have a scope each, which the
bureau names, and an archive of their own. The third comes and goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bench.world import account_of, nif_of

from bureau import AUTHORISATION, BODIES, BUREAU_NAME, BUREAU_NIF, FIRST_NIF, PERSON_NAME, bureau
from catalogue import IN_GROUP
from following import asking
from histories import caller_of, person_nif
from notigateway.addressee.powers import import_power, revoke_power
from notigateway.addressee.red import assign_red, end_red
from notigateway.addressee.users import end_user, grant_user
from notigateway.instants import instant_text
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.representation import ItemKind, PowerScope
from notigateway.law.titles import RedTerms
from notigateway.law.users import Scope, UserTerms
from notigateway.pki.identity import read_caller
from notigateway.repository.engine import reading, writing
from notigateway.repository.powers import list_all_powers, list_all_red_assignments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from uuid import UUID

    from notigateway.law.caller import Caller
    from stack import Stack

    # Imports a file of lines of a kind.
    Importing = Callable[[str, Path], None]

# Numbers of clients, apart from those of other tests.
_FIRST: Final = 1_000
# Every tenth client has granted a power instead of being assigned.
_BY_POWER: Final = 10
# Of each sort: the procedure and the matter.
SORTS: Final = (("203546", "collection"), (IN_GROUP[0], "contribution"), ("2", "collection"))
# Each with a scope and an archive of its own.
BY_CLIENTS, BY_MATTER, BY_BOTH = person_nif(91), person_nif(92), person_nif(93)
# In which months who comes and goes is there.
_COMES, _GOES = {8}, {5, 10}
_SINCE: Final = timedelta(days=700)


@dataclass
class People:
    """The bureau's clients, so many, and its people."""

    stack: Stack
    clients: int = 100
    powers: list[tuple[str, UUID]] = field(default_factory=list)
    assigned: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bureau: Caller = read_caller(bureau().certificate)
        self.employee = caller_of(FIRST_NIF)
        self._users: dict[str, UUID] = {}
        # Clients that come later: of each month one by power, one by RED, with a backlog of their own.
        self._later = list(range(self.clients - min(24, self.clients // 4), self.clients))

    def nif(self, number: int) -> str:
        """Return who is the client of that number."""
        return nif_of(_FIRST + number)

    def account(self, number: int) -> str:
        """Return its main account."""
        return account_of(_FIRST + number)

    # --- onboarding

    def onboard(self, import_: Importing) -> dict[str, int]:
        """Have everybody imported, register who works there; return how many lines each kind had."""
        self.stack.register_issuer(BODIES[1], "INSS", "Instituto Nacional de la Seguridad Social")
        lines = {kind: list(of) for kind, of in self._lines()}
        for kind, of in lines.items():
            file = self.stack.folder / f"{kind}.csv"
            file.write_text("".join(f"{one}\n" for one in of), "utf-8")
            import_(kind, file)
        with reading(self.stack.engine) as session:
            self.powers = sorted((one.grantor.identifier, one.id) for one in list_all_powers(session))
            self.assigned = [one.id for one in list_all_red_assignments(session)]
        self._employ(BY_CLIENTS, Scope(clients=frozenset(map(self.nif, range(0, self.clients, 3)))))
        self._employ(BY_MATTER, Scope(matters=frozenset({"contribution"}), may_decide=False))
        self._employ(BY_BOTH, self._of_both())
        return {kind: len(of) - 1 for kind, of in lines.items()}

    def _lines(self) -> Iterable[tuple[str, Iterable[str]]]:
        since = instant_text(self.stack.now)
        everybody, known = range(self.clients), range(self.clients - len(self._later))
        yield (
            "addressees",
            (
                "nif;name;ccc;from",
                *(f"{self.nif(one)};Cliente {one} SL;{self.account(one)};{since}" for one in everybody),
            ),
        )
        yield (
            "red",
            (
                "addressee;account;red_party;red_name;authorisation;from",
                *(
                    f"{self.nif(one)};{self.account(one)};{BUREAU_NIF};{BUREAU_NAME};{AUTHORISATION};{since}"
                    for one in known
                    if one % _BY_POWER
                ),
            ),
        )
        yield (
            "red-users",
            (
                "holder;authorisation;person;person_name;from",
                f"{BUREAU_NIF};{AUTHORISATION};{FIRST_NIF};{PERSON_NAME};{since}",
            ),
        )
        until = instant_text(self.stack.now + _SINCE)
        yield (
            "powers",
            (
                "grantor,attorney,attorney_name,scope,items,registered_at,accepted_at,expires_at",
                *(
                    f"{self.nif(one)},{BUREAU_NIF},{BUREAU_NAME},{scope},{items},{since},{since},{until}"
                    for one in known
                    if one % _BY_POWER == 0
                    for scope, items in [_scope_of(one // _BY_POWER)]
                ),
            ),
        )

    # --- changes

    def change(self, day: int) -> Counter[str]:
        """Gain clients in each month, and lose one; now and then an employee begins, ends or gets others."""
        told: Counter[str] = Counter()
        month, of_month = divmod(day, 30)
        if of_month == 10 and self._later:
            self._empower(self._later.pop())
            told["power gained"] += 1
            if self._later:
                self._assign(self._later.pop())
                told["assignment gained"] += 1
        elif of_month == 20 and self.powers:
            told.update(self._lose(month))
        elif of_month == 15 and month in _COMES:
            self._employ(BY_BOTH, self._of_both())
            told["employee begun"] += 1
        elif of_month == 25 and month in _GOES:
            with writing(self.stack.engine) as session:
                end_user(session, asking(self.stack, self.bureau), self._users[BY_BOTH])
            told["employee ended"] += 1
        elif (month, of_month) == (6, 5):
            self._employ(BY_MATTER, Scope(matters=frozenset({"collection"}), may_decide=False))
            told["scope changed"] += 1
        return told

    def _lose(self, month: int) -> Iterable[str]:
        """Lose a power, and by turns an assignment, which takes only what comes later."""
        nif, power = self.powers[month % len(self.powers)]
        with writing(self.stack.engine) as session:
            revoke_power(session, asking(self.stack, caller_of(nif)), power)
            yield "power lost"
            if month % 3 == 0 and self.assigned:
                end_red(session, self.assigned.pop(), at=self.stack.now, now=self.stack.now)
                yield "assignment lost"
        self.powers.remove((nif, power))

    def _empower(self, number: int) -> None:
        """Let a client have granted the bureau a power: a general one, or by turns of two procedures."""
        now = self.stack.now
        scope, _ = _scope_of(len(self.powers))
        terms = PowerTerms(
            attorney=BUREAU_NIF,
            attorney_name=BUREAU_NAME,
            scope=scope,
            items=() if scope is PowerScope.GENERAL else _NAMED,
            expires_at=now + _SINCE,
        )
        with writing(self.stack.engine) as session:
            power = import_power(
                session,
                terms,
                grantor=self.nif(number),
                registered_at=now,
                accepted_at=now,
                is_adapted=False,
                now=now,
            )
            self.powers.append((self.nif(number), power.id))

    def _assign(self, number: int) -> None:
        """Assign the main account of a client to the bureau."""
        now = self.stack.now
        terms = RedTerms(
            addressee=self.nif(number),
            account=self.account(number),
            red_party=BUREAU_NIF,
            red_name=BUREAU_NAME,
            authorisation=AUTHORISATION,
            starts_at=now,
        )
        with writing(self.stack.engine) as session:
            self.assigned.append(assign_red(session, terms, now=now).id)

    def _of_both(self) -> Scope:
        clients = frozenset(map(self.nif, range(self.clients // 2)))
        return Scope(clients=clients, matters=frozenset({"collection"}), may_decide=False)

    def _employ(self, nif: str, scope: Scope) -> None:
        """Let somebody work for the bureau from now on, in that scope."""
        terms = UserTerms(person=nif, person_name=PERSON_NAME, scope=scope, starts_at=self.stack.now)
        with writing(self.stack.engine) as session:
            self._users[nif] = grant_user(session, asking(self.stack, self.bureau), terms).user.id


_NAMED: Final = tuple(Named(ItemKind.PROCEDURE, code) for code, _ in SORTS[:2])


def _scope_of(turn: int) -> tuple[PowerScope, str]:
    """Return what a power is of, and its items as a line says them."""
    if turn % 3:
        return PowerScope.GENERAL, ""
    return PowerScope.PROCEDURE, ";".join(f"procedure:{one.value}" for one in _NAMED)
