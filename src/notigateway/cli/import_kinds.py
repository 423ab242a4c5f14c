"""What can be imported, each kind with its columns: a line becomes the call of the single command's use case.

So every rule of the single command holds, and there is no second way into the registers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.addressee import obligations, red, red_users, register
from notigateway.addressee.registering import AddresseeTerms, register_addressee
from notigateway.cli.options import read_instant
from notigateway.cli.power import COLUMNS as POWER_COLUMNS
from notigateway.cli.power import NEEDED as POWER_NEEDED
from notigateway.cli.power import import_line
from notigateway.errors import ConfigurationError, ImportLineError
from notigateway.law.obligation_entries import ObligationTerms
from notigateway.law.red_users import UserTerms
from notigateway.law.titles import RedTerms

if TYPE_CHECKING:
    from notigateway.repository.obliging import Obliging
    from notigateway.repository.session import Session

Said = Mapping[str, str]


@dataclass(frozen=True)
class Desk:
    """Where a line is worked on: the transaction, at which instant, and how obligations are found."""

    session: Session
    obliging: Obliging
    now: datetime


@dataclass(frozen=True)
class Kind:
    """One kind of lines: its columns, those that must say something, and what a line does.

    `whose` is the column with the NIF of who is entered, and `key` what tells that two lines are about the
    same.
    """

    enter: Callable[[Desk, Said], object]
    whose: str
    key: tuple[str, ...]
    needed: tuple[str, ...]
    others: tuple[str, ...] = field(default=())

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return (*self.needed, *self.others)

    def names(self, said: Said) -> tuple[str, str | None]:
        """Return whom a line is about, and the account that it names."""
        return said.get(self.whose, ""), said.get("account") or said.get("ccc") or said.get("naf")


def _addressee(desk: Desk, said: Said) -> object:
    """Name an addressee; its CCC, or else its NAF, becomes the main account where one is told."""
    terms = AddresseeTerms(
        identifier=said["nif"],
        name=said["name"],
        ccc=said.get("ccc"),
        naf=said.get("naf"),
        since=_instant(said, "from"),
    )
    return register_addressee(desk.session, terms, obliging=desk.obliging, now=desk.now)


def _account(desk: Desk, said: Said) -> object:
    """Enter an account with its time, as the main one where the line says so."""
    session, now = desk.session, desk.now
    starts_at, ends_at = _needed_instant(said, "from"), _instant(said, "to")
    if not _is_true(said, "main"):
        for name in ("ground", "by"):
            if name in said:
                raise _invalid(name, "not_allowed")
        row = register.add_account(
            session, said["nif"], said["account"], starts_at=starts_at, ends_at=ends_at, now=now
        )
        desk.obliging.look_again(session, row.addressee_id, now=now)
        return row
    terms = register.MainTerms(
        addressee=said["nif"],
        account=said["account"],
        starts_at=starts_at,
        ends_at=ends_at,
        ground=said.get("ground"),
        recorded_by=said.get("by"),
    )
    entry = register.set_main_account(session, terms, now=now)
    desk.obliging.look_again(session, entry.addressee_id, now=now)
    return entry


def _red(desk: Desk, said: Said) -> object:
    """Register an assignment; where the addressee's name is told, it with its account."""
    terms = RedTerms(
        addressee=said["addressee"],
        addressee_name=said.get("addressee_name"),
        account=said["account"],
        red_party=said["red_party"],
        red_name=said["red_name"],
        authorisation=said["authorisation"],
        starts_at=_needed_instant(said, "from"),
        ends_at=_instant(said, "to"),
        ground=said.get("ground"),
    )
    row = red.assign_red(desk.session, terms, now=desk.now)
    desk.obliging.look_again(desk.session, row.addressee_id, now=desk.now)
    return row


def _red_user(desk: Desk, said: Said) -> object:
    """Register a secondary user of an authorisation."""
    terms = UserTerms(
        holder=said["holder"],
        authorisation=said["authorisation"],
        person=said["person"],
        person_name=said["person_name"],
        starts_at=_needed_instant(said, "from"),
        ends_at=_instant(said, "to"),
    )
    return red_users.register_user(desk.session, terms, now=desk.now)


def _power(desk: Desk, said: Said) -> object:
    """Bring a power of another register here."""
    for name in ("registered_at", "accepted_at", "expires_at"):
        _instant(said, name)
    row = import_line(desk.session, said, now=desk.now)
    desk.obliging.look_again_by_power(desk.session, row, now=desk.now)
    return row


def _obligation(desk: Desk, said: Said) -> object:
    """Enter an obligation to the electronic channel."""
    terms = ObligationTerms(
        addressee=said["addressee"],
        ground=said["ground"],
        since=_needed_instant(said, "since"),
        until=_instant(said, "until"),
        matters=_several(said, "matters"),
        procedures=_several(said, "procedures"),
    )
    return obligations.enter_obligation(
        desk.session, terms, name=said.get("addressee_name"), obliging=desk.obliging, now=desk.now
    )


KINDS: Final[Mapping[str, Kind]] = {
    "addressees": Kind(
        _addressee, whose="nif", key=("nif",), needed=("nif", "name"), others=("ccc", "naf", "from")
    ),
    "accounts": Kind(
        _account,
        whose="nif",
        key=("account", "from"),
        needed=("nif", "account", "from"),
        others=("to", "main", "ground", "by"),
    ),
    "red": Kind(
        _red,
        whose="addressee",
        key=("account", "from"),
        needed=("addressee", "account", "red_party", "red_name", "authorisation", "from"),
        others=("to", "addressee_name", "ground"),
    ),
    "red-users": Kind(
        _red_user,
        whose="holder",
        key=("holder", "authorisation", "person", "from"),
        needed=("holder", "authorisation", "person", "person_name", "from"),
        others=("to",),
    ),
    "powers": Kind(
        _power,
        whose="grantor",
        key=("grantor", "attorney", "scope", "items", "registered_at"),
        needed=POWER_NEEDED,
        others=tuple(sorted(POWER_COLUMNS - set(POWER_NEEDED))),
    ),
    "obligations": Kind(
        _obligation,
        whose="addressee",
        key=("addressee", "ground", "since", "matters", "procedures"),
        needed=("addressee", "ground", "since"),
        others=("until", "matters", "procedures", "addressee_name"),
    ),
}


def check_needed(kind: Kind, said: Said) -> None:
    """Check that a line says what it must. Raises: `ImportLineError`."""
    for name in kind.needed:
        if name not in said:
            raise _invalid(name, "required")


def _instant(said: Said, name: str) -> datetime | None:
    try:
        return read_instant(said.get(name))
    except ConfigurationError as error:
        raise _invalid(name, "instant") from error


def _needed_instant(said: Said, name: str) -> datetime:
    instant = _instant(said, name)
    if instant is None:
        raise _invalid(name, "required")
    return instant


def _is_true(said: Said, name: str) -> bool:
    if said.get(name, "false") not in {"true", "false"}:
        raise _invalid(name, "word")
    return said.get(name) == "true"


def _several(said: Said, name: str) -> frozenset[str]:
    return frozenset(one.strip() for one in said.get(name, "").split(";") if one.strip())


def _invalid(name: str, problem: str, **facts: Any) -> ImportLineError:  # noqa: ANN401  (as of any error)
    return ImportLineError(f"{name}: {problem}", field=name, problem=problem, **facts)
