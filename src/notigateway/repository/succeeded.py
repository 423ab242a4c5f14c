"""The columns of a notification for whose place its addressee has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

if TYPE_CHECKING:
    from notigateway.repository.model import Addressee


class Succeeded:
    """Whom the act names, where it goes to a successor (RD 203/2021 art. 42.4); null everywhere else."""

    predecessor: Mapped[str | None] = mapped_column(String(9))
    predecessor_name: Mapped[str | None] = mapped_column(String(255))

    def take_the_place(self, named: Addressee, name: str) -> None:
        """Remember whom the act names; the first one where several have followed each other."""
        if self.predecessor is None:
            self.predecessor, self.predecessor_name = named.identifier, name
