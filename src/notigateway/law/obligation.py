"""Who is obliged to the electronic channel, who may choose another, and what lapses for whom; pure.

A choice counts for what is issued after it (Orden ISM/903/2020 art. 4.2 and 9).
"""

from __future__ import annotations

from dataclasses import dataclass

from notigateway.errors import ChannelObligedError
from notigateway.law.identifiers import is_company_nif
from notigateway.law.lifecycle import Kind
from notigateway.law.representation import DeliveryChannel


@dataclass(frozen=True)
class Access:
    """How one notification is at disposal here: whether by obligation, and whether it lapses."""

    is_obliged: bool
    lapses: bool


def is_obliged(identifier: str, *, ccc: str | None) -> bool:
    """Tell whether an addressee must use the electronic channel.

    Legal entities (Ley 39/2015 art. 14.2) and whoever has a contribution account and so must join the
    RED system (Orden ISM/903/2020 art. 4.1).
    """
    return is_company_nif(identifier) or ccc is not None


def access_to(kind: Kind, *, voluntary: bool, choice: DeliveryChannel | None) -> Access:
    """Return how a notification is at disposal, by its body's word and the addressee's choice that stands.

    Only a notification through the mandatory or chosen electronic channel lapses (Ley 39/2015 art. 43.2;
    Orden ISM/903/2020 art. 1.2.c, 4.2 and 9). Who chose paper has voluntary access here, whatever the
    issuing body says; who chose electronic delivery has opted in.
    """
    obliged = not voluntary and choice is not DeliveryChannel.POSTAL
    opted_in = choice is DeliveryChannel.ELECTRONIC
    return Access(obliged, lapses=kind is Kind.NOTIFICATION and (obliged or opted_in))


def channel_in_force(choice: DeliveryChannel | None, *, obliged: bool) -> DeliveryChannel | None:
    """Return an addressee's channel; None where the issuing body decides.

    An obligation overrides a choice made before it.
    """
    return DeliveryChannel.ELECTRONIC if obliged else choice


def changes_channel(asked: DeliveryChannel, choice: DeliveryChannel | None, *, obliged: bool) -> bool:
    """Tell whether choosing that channel is a new choice; a repeat changes nothing, not even its instant.

    Raises: `ChannelObligedError` for paper where electronic means are obligatory.
    """
    if obliged and asked is DeliveryChannel.POSTAL:
        raise ChannelObligedError
    return not obliged and asked is not choice
