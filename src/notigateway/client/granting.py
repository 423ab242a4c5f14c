"""What a new registration of a person says: what is not said stays, and who is new may only read.

Pure. Nothing is widened by what a person left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from notigateway.contract.v1_users import GrantUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from notigateway.client.values import User


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person asks for of another; None and empty: nothing is said of it."""

    person: str
    name: str
    all_clients: bool = False
    clients: Sequence[str] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    all_matters: bool = False
    matters: Sequence[str] = ()
    may_decide: bool | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    endless: bool = False


def standing(users: Iterable[User], person: str, at: datetime) -> list[User]:
    """Return what the entity has said of a person for `at` and later, in the order of time."""
    found = [
        one
        for one in users
        if one.person.identifier == person
        and one.entity.identifier != person
        and (one.ends_at is None or one.ends_at > max(at, one.starts_at))
    ]
    return sorted(found, key=lambda one: one.starts_at)


def terms_of(wanted: Wanted, former: User | None) -> GrantUser:
    """Return what to send: what is said, and of the former registration what is not.

    Raises: `BadParameter` where it is not clear for whom the person is to work.
    """
    all_clients, clients = _clients(wanted, former)
    matters: Sequence[str] = wanted.matters
    if not matters and not wanted.all_matters and former is not None:
        matters = former.matters
    may_decide, ends = wanted.may_decide, wanted.ends
    if may_decide is None:
        may_decide = former is not None and former.may_decide
    if ends is None and not wanted.endless and former is not None:
        ends = former.ends_at
    return GrantUser(
        person=wanted.person,
        person_name=wanted.name,
        all_clients=all_clients,
        clients=tuple(dict.fromkeys(clients)),
        matters=tuple(dict.fromkeys(matters)),
        may_decide=may_decide,
        starts_at=wanted.starts,
        ends_at=ends,
    )


def changes(former: User, now: User) -> list[str]:
    """Return what another registration says otherwise, each in words: before → after.

    Not its time: the former one has ended by being replaced.
    """
    pairs = {
        "name": (former.person.name, now.person.name),
        "clients": (_count(former), _count(now)),
        "matters": (_matters(former), _matters(now)),
        "decides": (decides(former), decides(now)),
    }
    said = [f"{name}: {before} → {after}" for name, (before, after) in pairs.items() if before != after]
    gone, new = set(former.clients) - set(now.clients), set(now.clients) - set(former.clients)
    if not (former.all_clients or now.all_clients):
        said += [f"- {nif}" for nif in sorted(gone)] + [f"+ {nif}" for nif in sorted(new)]
    return said


def decides(one: User) -> str:
    """Return whether a person may decide."""
    return "yes" if one.may_decide else "no"


def _clients(wanted: Wanted, former: User | None) -> tuple[bool, Sequence[str]]:
    is_changed = bool(wanted.added or wanted.removed)
    if wanted.all_clients + bool(wanted.clients) + is_changed > 1:
        raise typer.BadParameter(
            "give clients (--client, --clients), --all-clients, or changes (--add-client, --remove-client)"
        )
    if wanted.all_clients or wanted.clients:
        return wanted.all_clients, wanted.clients
    if former is None:
        raise typer.BadParameter(
            "nobody of this NIF works for you yet: give clients (--client, --clients) or --all-clients"
        )
    if former.all_clients:
        if is_changed:
            raise typer.BadParameter(
                "the person works for all of your clients: name those that it shall have"
            )
        return True, ()
    absent = sorted(set(wanted.removed) - set(former.clients))
    if absent:
        raise typer.BadParameter(f"the person does not work for {', '.join(absent)}")
    clients = [one for one in (*former.clients, *wanted.added) if one not in set(wanted.removed)]
    if not clients:
        raise typer.BadParameter("no client would be left: `users end` ends the registration")
    return False, clients


def _count(one: User) -> str:
    return "all" if one.all_clients else str(one.client_count)


def _matters(one: User) -> str:
    return ", ".join(one.matters) or "all"
