"""The operations by which an entity says who works for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee import users
from notigateway.contract import v1_users as contract
from notigateway.contract.v1 import Party
from notigateway.law.users import UserTerms, invalid_user, read_scope
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.repository.users import Registered
    from notigateway.soap.gate import Request

DEFAULT_PAGE_SIZE = 100


class UsersService(ServiceBase):
    """Who works for an entity, and for what."""

    @operation(contract.GrantUser, contract.GrantUserResponse)
    def GrantUser(request: Request, asked: contract.GrantUser) -> contract.GrantUserResponse:
        """Register who works for the caller."""
        if asked.all_clients == bool(asked.clients):
            raise invalid_user("client", "not_allowed" if asked.all_clients else "required")
        terms = UserTerms(
            person=asked.person,
            person_name=asked.person_name,
            scope=read_scope(
                None if asked.all_clients else asked.clients, asked.matters, may_decide=asked.may_decide
            ),
            starts_at=asked.starts_at or request.asking.now,
            ends_at=asked.ends_at,
        )
        with request.writing() as session:
            return contract.GrantUserResponse(
                user=_user(users.grant_user(session, request.asking, terms, matters=asked.matters))
            )

    @operation(contract.EndUser, contract.EndUserResponse)
    def EndUser(request: Request, asked: contract.EndUser) -> contract.EndUserResponse:
        """End a registration."""
        with request.writing() as session:
            ended = users.end_user(session, request.asking, UUID(asked.user_id))
            return contract.EndUserResponse(user=_user(ended))

    @operation(contract.ListUsers, contract.ListUsersResponse)
    def ListUsers(request: Request, asked: contract.ListUsers) -> contract.ListUsersResponse:
        """Return who works for the caller, and for whom it works."""
        with request.reading() as session:
            page = users.list_users(
                session,
                request.asking,
                user_id=None if asked.user_id is None else UUID(asked.user_id),
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
            )
            return contract.ListUsersResponse(
                as_of=request.asking.now,
                has_more=page.next_cursor is not None,
                next_cursor=page.next_cursor,
                users=tuple(map(_user, page.users)),
            )


def _user(registered: Registered) -> contract.User:
    """Return what is said of a registration."""
    row = registered.user
    return contract.User(
        user_id=str(row.id),
        entity=Party(identifier=row.holder, name=row.holder_name or row.holder),
        person=Party(identifier=row.person, name=row.person_name),
        all_clients=row.all_clients,
        client_count=registered.client_count,
        clients=tuple(registered.clients or ()),
        matters=tuple(registered.matters),
        may_decide=row.may_decide,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        granted_at=row.recorded_at,
        granted_by=row.granted_by,
    )
