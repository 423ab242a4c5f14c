"""Columns of acts and notifications: what a body says of the channel, and the ground that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import true
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.grounds import RED_GROUNDS, Ground, Paper
from notigateway.repository.columns import Word

if TYPE_CHECKING:
    from notigateway.law.obligation import Access


class Worded:
    """What the issuing body said of the channel when it published an act."""

    named_ground: Mapped[Ground | None] = mapped_column(Word(Ground))
    paper: Mapped[Paper | None] = mapped_column(Word(Paper))


class Grounded:
    """On which ground the addressee was obliged when a notification was put at its disposal; none for others.

    Fixed then; a scheduled one is looked at again until its time comes.
    """

    ground: Mapped[Ground | None] = mapped_column(Word(Ground))
    # What the version before reads: whether RED-authorised persons may see it. Always written with it.
    is_obliged: Mapped[bool] = mapped_column(server_default=true())

    def found_by(self, access: Access) -> None:
        """Write down the ground."""
        self.ground, self.is_obliged = access.ground, access.ground in RED_GROUNDS
