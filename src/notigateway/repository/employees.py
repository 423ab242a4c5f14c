"""Rows and queries of the employees whom issuing bodies have authorised; what has ended stays."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Uuid, and_, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.model import IssuingBody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session


class Employee(Row):
    """That an employee acts for an issuing body, from when until when, and by which decision of the body."""

    __tablename__ = "issuing_employees"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        Index(None, "nif", "issuing_body_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    issuing_body_id: Mapped[int] = mapped_column(ForeignKey("issuing_bodies.id"))
    nif: Mapped[str] = mapped_column(String(9))
    name: Mapped[str] = mapped_column(String(255))
    ground: Mapped[str] = mapped_column(String(255))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # By which decision it was ended, and when that was recorded; NULL where it runs its time.
    withdrawn_ground: Mapped[str | None] = mapped_column(String(255))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    issuing_body: Mapped[IssuingBody] = relationship(lazy="raise")


def lock_body(session: Session, dir3: str) -> IssuingBody | None:
    """Return the issuing body, locked: one change of its employees at a time."""
    return session.scalars(
        select(IssuingBody).where(IssuingBody.dir3 == dir3).with_for_update()
    ).one_or_none()


def list_employees(session: Session, body: IssuingBody) -> Sequence[Employee]:
    """Return everybody whom the body has ever authorised, oldest first."""
    query = select(Employee).where(Employee.issuing_body_id == body.id)
    return session.scalars(query.order_by(Employee.starts_at, Employee.id)).all()


def find_last(session: Session, body: IssuingBody, nif: str) -> Employee | None:
    """Return the last authorisation of that employee by that body."""
    query = select(Employee).where(Employee.issuing_body_id == body.id, Employee.nif == nif)
    return session.scalars(query.order_by(Employee.starts_at.desc(), Employee.id.desc()).limit(1)).first()


def find_employee(
    session: Session, *, employer: str, nif: str, now: datetime, dir3: str | None = None
) -> Employee | None:
    """Return an authorisation that stands: by the body with that DIR3 code, or by any of that NIF."""
    query = (
        select(Employee)
        .join(Employee.issuing_body)
        .where(IssuingBody.nif == employer, Employee.nif == nif, _stands(now))
        .options(joinedload(Employee.issuing_body, innerjoin=True))
        .order_by(Employee.starts_at, Employee.id)
        .limit(1)
    )
    return session.scalars(query if dir3 is None else query.where(IssuingBody.dir3 == dir3)).first()


def _stands(now: datetime) -> ColumnElement[bool]:
    """Say that an authorisation stands: its end is not part of it."""
    return and_(Employee.starts_at <= now, or_(Employee.ends_at.is_(None), Employee.ends_at > now))
