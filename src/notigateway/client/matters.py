"""A matter that a person names: a typing error must not look like nothing to do."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from notigateway.client.api import NotificationClient
    from notigateway.client.values import Filter


def check_matter(client: NotificationClient, where: Filter) -> None:
    """Check that the matter of a filter is one of the service's catalogue, or that something is of it.

    One that was withdrawn from the catalogue can be asked for while there is something of it.

    Raises: `BadParameter`; `ClientError`.
    """
    if where.matter is None:
        return
    known = [one.code for one in client.list_matters()]
    if where.matter in known or client.list_page(where, page_size=1).notifications:
        return
    near = get_close_matches(where.matter, known, n=1)
    hint = f"is it {near[0]!r}?" if near else "`matters` lists them"
    raise typer.BadParameter(
        f"{where.matter!r} is no matter of the service's catalogue: {hint}", param_hint="--matter"
    )
