"""What an act quotes: names and numbers as its issuing body gave them, data of that act for ever.

Where a register says otherwise later, a notification, its receipts and its forms still say the act's. No
right follows from any of it: by RED the register's main account counts (Orden ISM/903/2020 art. 6.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

if TYPE_CHECKING:
    from notigateway.repository.model import Act, Notification


class Quoted:
    """The columns of an act for what it quotes; the names are null only on acts of an earlier release."""

    addressee_name: Mapped[str | None] = mapped_column(String(255))
    # For routing only: an account that an act quotes is nobody's by that.
    ccc: Mapped[str | None] = mapped_column(String(15))
    naf: Mapped[str | None] = mapped_column(String(12))
    issuing_body_name: Mapped[str | None] = mapped_column(String(255))
    issuing_body_nif: Mapped[str | None] = mapped_column(String(9))
    # As `law/metadata.py` writes it; null where the body says nothing.
    public_metadata: Mapped[str | None] = mapped_column(Text)


def addressee_name_of(notification: Notification) -> str:
    """Return the addressee's name as the act says it."""
    return notification.act.addressee_name or notification.addressee.name


def body_name_of(act: Act) -> str:
    """Return the issuing body's name as it was when the act was issued."""
    return act.issuing_body_name or act.issuing_body.name


def body_nif_of(act: Act) -> str:
    """Return the issuing body's NIF as it was when the act was issued."""
    return act.issuing_body_nif or act.issuing_body.nif
