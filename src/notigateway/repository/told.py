"""What is known of who did something to a notification, where and why: the columns of an event for it.

Written when it happens and never later: no register is asked who somebody was.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (read by SQLAlchemy)
from uuid import UUID  # noqa: TC003  (as above)

from sqlalchemy import String, Text, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.assurance import Level, Means
from notigateway.law.lifecycle import Channel
from notigateway.law.representation import Role
from notigateway.repository.columns import UtcDateTime, Word


class Told:
    """The columns that hold `law.caller.Circumstances`, field by field."""

    channel: Mapped[Channel | None] = mapped_column(Word(Channel))
    role: Mapped[Role | None] = mapped_column(Word(Role))
    party: Mapped[str | None] = mapped_column(String(9))
    party_name: Mapped[str | None] = mapped_column(String(255))
    # The power or the RED authorisation; null too on events of an earlier release.
    title: Mapped[str | None] = mapped_column(String(64))
    signer: Mapped[str | None] = mapped_column(String(9))
    signer_name: Mapped[str | None] = mapped_column(String(255))
    by_secondary_user: Mapped[bool] = mapped_column(server_default=false(), default=False)
    # By which registration who signed works for the party, where the party is an entity and says so.
    registration: Mapped[UUID | None] = mapped_column(Uuid)
    means: Mapped[Means | None] = mapped_column(Word(Means))
    level: Mapped[Level | None] = mapped_column(Word(Level))
    reason: Mapped[str | None] = mapped_column(Text)
    # A decision taken in another channel: which issuing body (DIR3) told us, and when.
    reported_by: Mapped[str | None] = mapped_column(String(9))
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Where that body keeps the other channel's evidence.
    reported_reference: Mapped[str | None] = mapped_column(String(255))
    # When paper was brought in vain for the first time, where it was twice.
    first_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    correlation_id: Mapped[UUID | None] = mapped_column(Uuid)
