"""Enters the people of a filled repository: addressees, their accounts, who acts for them and since when."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bench.world import ATTORNEYS_COMPANIES, THE_ATTORNEY, THE_RED, account_of, nif_of
from notigateway.law.accounts import account_key
from notigateway.law.representation import PowerScope
from notigateway.repository.accounts import Account, MainAccount
from notigateway.repository.model import Addressee
from notigateway.repository.power_items import PowerItem
from notigateway.repository.rights import Power, RedAssignment
from notigateway.repository.windows import RedWindow
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from bench.bulk import Bulk
    from bench.world import World

# Every fiftieth of the RED person's companies has left in the middle of the year: what came by then stays.
_LEAVES: Final = 50
# Every tenth of the attorney's grantors gave a power for one matter, the others a general one.
_OF_ONE_MATTER: Final = 10
# Of everybody else: half have another RED person, of whom each has so many; every fiftieth has an attorney.
_OF_ANOTHER_RED: Final = 50
_HAS_ATTORNEY: Final = 50

Facts = dict[str, Any]


def enter(bulk: Bulk, world: World, *, since: datetime) -> None:
    """Enter everybody, with all that stands from `since` on."""
    people = _People(bulk, since)
    red, attorney = world.of_red, world.of_attorney
    for number in world.numbers():
        people.company(number)
        if red.first <= number < red.first + red.addressees:
            ends = since + timedelta(days=180) if number % _LEAVES == 0 else None
            people.red(number, THE_RED.party, "999999", ends)
        elif attorney.first <= number < attorney.first + ATTORNEYS_COMPANIES:
            people.power(
                number, THE_ATTORNEY.party, only="collection" if number % _OF_ONE_MATTER == 0 else None
            )
        elif number >= world.others.first and number % 2:
            # Companies too may be authorised for RED.
            people.red(number, nif_of(5_000_000 + number // (2 * _OF_ANOTHER_RED)), "888888", None)
        elif number >= world.others.first and number % _HAS_ATTORNEY == 0:
            people.power(number, nif_of(6_000_000 + number // 1_000), only=None)


class _People:
    """Writes what each has."""

    def __init__(self, bulk: Bulk, since: datetime) -> None:
        self._bulk, self._since = bulk, since
        self._random = random.Random("people")  # noqa: S311  (reproducible on purpose)

    def company(self, number: int) -> None:
        """Enter an addressee with its main account."""
        account = account_of(number)
        self._bulk.add(
            Addressee,
            {
                "id": number,
                "identifier": nif_of(number),
                "name": f"Empresa ficticia {number}, S.L.",
                "ccc": account,
                "naf": None,
            },
        )
        entry = {
            "addressee_id": number,
            "number": account,
            "key": account_key(account),
            "starts_at": self._since,
            "ends_at": None,
            "gives_from": self._since,
            "recorded_at": self._since,
            "position": 1,
        }
        self._bulk.add(Account, entry | {"id": uuid7(self._since)})
        self._bulk.add(MainAccount, entry | {"id": uuid7(self._since)})

    def red(self, number: int, party: str, authorisation: str, ends_at: datetime | None) -> None:
        """Assign an addressee to a RED person, who gets the window that follows from it."""
        assignment: Facts = {
            "id": uuid7(self._since),
            "addressee_id": number,
            "account": account_of(number),
            "red_party": party,
            "red_name": f"RED ficticia {party}",
            "authorisation": authorisation,
            "starts_at": self._since,
            "ends_at": ends_at,
            "gives_from": self._since,
            "gives_until": ends_at,
        }
        self._bulk.add(RedAssignment, assignment)
        window = assignment | {
            "id": uuid7(self._since),
            "assignment_id": assignment["id"],
            "opens_at": self._since,
            "closes_at": ends_at,
        }
        self._bulk.add(RedWindow, window)

    def power(self, number: int, attorney: str, *, only: str | None) -> None:
        """Let an addressee have granted a power: a general one, or `only` for a matter."""
        power: Facts = {
            "id": uuid7(self._since),
            "grantor_id": number,
            "attorney": attorney,
            "attorney_name": f"Apoderado ficticio {attorney}",
            "scope": PowerScope.GENERAL if only is None else PowerScope.MATTER,
            "value": None,
            "special_category": False,
            "is_void": False,
            "registered_at": self._since,
            "accepted_at": self._since,
            "expires_at": self._since + timedelta(days=5 * 365),
            "ended_at": None,
            "version": 1,
        }
        self._bulk.add(Power, power)
        if only is not None:
            item = {"id": uuid7(self._since), "power_id": power["id"], "position": 1, "kind": "matter"}
            self._bulk.add(PowerItem, item | {"value": only, "name": only})
