"""The contract `urn:notigateway:v1`: what an entity says of who works for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import Party, V1Part, V1Request
from notigateway.contract.xml import Child, Integer, Uuid, Word, element


@element
class User(V1Part):
    """Who works for an entity, in which time and for what; clients by name only where one is asked for."""

    user_id: Uuid
    entity: Party
    person: Party
    all_clients: bool
    client_count: int
    clients: Annotated[tuple[str, ...], Child("client")] = ()
    matters: Annotated[tuple[str, ...], Child("matter")] = ()
    may_decide: bool
    starts_at: datetime
    ends_at: datetime | None = None
    granted_at: datetime
    granted_by: str | None = None


@element
class GrantUser(V1Request):
    """Let a person work for me, for some or all of my clients and matters; instead of what I said before."""

    person: str
    person_name: str
    all_clients: bool
    clients: Annotated[tuple[str, ...], Child("client", most=5000)] = ()
    matters: Annotated[tuple[str, ...], Child("matter", most=100)] = ()
    may_decide: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@element
class GrantUserResponse(V1Part):
    """The registration as it stands now."""

    user: User


@element
class EndUser(V1Request):
    """From now on let that person no longer work for me."""

    user_id: Uuid


@element
class EndUserResponse(V1Part):
    """The registration as it stands now."""

    user: User


@element
class ListUsers(V1Request):
    """Who works for me, or for whom do I work? With an identifier that one alone, its clients by name."""

    user_id: Uuid | None = None
    cursor: Word | None = None
    page_size: Integer | None = None


@element
class ListUsersResponse(V1Part):
    """A page of registrations in their order, ended ones too."""

    as_of: datetime
    has_more: bool
    next_cursor: Word | None = None
    users: Annotated[tuple[User, ...], Child("user", most=1000)] = ()
