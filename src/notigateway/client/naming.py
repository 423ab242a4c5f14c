"""Notifications that are named by their code or the beginning of their identifier: the service says which."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import typer

from notigateway.client.options import is_code
from notigateway.client.tables import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.client.values import Notification

_WHOLE: Final = 36
_SHOWN: Final = 5


def resolved(client: NotificationClient, named: Sequence[str]) -> list[str]:
    """Return whole identifiers, each once, in their order; what a beginning means is told on standard error.

    Only where one is not whole the list is asked for: it has no legal effect.

    Raises: `BadParameter` for what is none's or of several, with those it may mean; `ClientError`.
    """
    short = {one for one in named if len(one) < _WHOLE}
    if not short:
        return list(named)
    found: dict[str, list[Notification]] = {one: [] for one in short}
    codes = {int(one): one for one in short if is_code(one)}
    beginnings = {one: one.lower() for one in short if not is_code(one)}
    for notification in client.list_notifications():
        if notification.code in codes:
            found[codes[notification.code]].append(notification)
        for one, letters in beginnings.items():
            if notification.id.lower().startswith(letters):
                found[one].append(notification)
    meant = {one: _only(one, several) for one, several in found.items()}
    for one, notification in meant.items():
        sys.stderr.write(f"{one} is {_described(notification)}\n")
    return list(dict.fromkeys(meant[one].id if one in meant else one for one in named))


def _only(short: str, found: Sequence[Notification]) -> Notification:
    if len(found) == 1:
        return found[0]
    if not found:
        said = f"has the code {short}" if is_code(short) else f"begins with {short!r}"
        raise typer.BadParameter(f"no notification that you may see {said}")
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    several = "; ".join(map(_described, found[:_SHOWN]))
    raise typer.BadParameter(f"{short!r} may mean {several}{more}: give more of the identifier")


def _described(one: Notification) -> str:
    return str(shown(f"{one.id} ({one.code}, {one.subject})"))
