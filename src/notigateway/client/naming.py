"""Notifications that are named by the beginning of their identifier: the service says which they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from notigateway.client.tables import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.client.values import Notification

_WHOLE: Final = 36
_SHOWN: Final = 5


def resolved(client: NotificationClient, named: Sequence[str]) -> list[str]:
    """Return whole identifiers, each once, in their order; what a beginning means is told on standard error.

    Only where there is a beginning the list is asked for: it has no legal effect.

    Raises: `BadParameter` for a beginning of none or of several, with those it may mean; `ClientError`.
    """
    beginnings = {one for one in named if len(one) < _WHOLE}
    if not beginnings:
        return list(named)
    found: dict[str, list[Notification]] = {one: [] for one in beginnings}
    for notification in client.list_notifications():
        for one in beginnings:
            if notification.id.lower().startswith(one.lower()):
                found[one].append(notification)
    meant = {one: _only(one, several) for one, several in found.items()}
    for one, notification in meant.items():
        sys.stderr.write(f"{one} is {_described(notification)}\n")
    return list(dict.fromkeys(meant[one].id if one in meant else one for one in named))


def _only(beginning: str, found: Sequence[Notification]) -> Notification:
    if len(found) == 1:
        return found[0]
    if not found:
        raise typer.BadParameter(f"no notification that you may see begins with {beginning!r}")
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    several = "; ".join(map(_described, found[:_SHOWN]))
    raise typer.BadParameter(f"{beginning!r} may mean {several}{more}: give more of it")


def _described(one: Notification) -> str:
    return str(shown(f"{one.id} ({one.code}, {one.subject})"))
