"""The contract `urn:notigateway:v1`: where and how the caller wants its notices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import V1Part, V1Request
from notigateway.contract.xml import Child, Word, element


@element
class GetContacts(V1Request):
    """Where am I told?"""


@element
class GetContactsResponse(V1Part):
    """The caller's own contact; without addresses it is told nothing, and the rest is left out."""

    addresses: Annotated[tuple[str, ...], Child("address", most=5)] = ()
    language: Word | None = None
    delivery: Word | None = None
    deadline_days: int | None = None
    set_at: datetime | None = None


@element
class SetContacts(V1Request):
    """Tell me there from now on; without addresses, nowhere."""

    addresses: Annotated[tuple[str, ...], Child("address", most=5)] = ()
    language: Word | None = None
    delivery: Word | None = None
    deadline_days: int | None = None


@element
class SetContactsResponse(GetContactsResponse):
    """The same."""
