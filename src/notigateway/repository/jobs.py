"""The periodic jobs: which process does each of them, and how it went the last time.

Who holds a job's lease does it; a process that dies holds it no longer than the lease, and the next one
goes on. Two that do the same job for a moment do no harm: jobs share their work. So the lease spares work,
and no more depends on it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import String, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session

LEASE: Final = timedelta(seconds=6)
DONE: Final = "done"
FAILED: Final = "failed"
_DETAIL_MAX_CHARS: Final = 500


class JobRun(Row):
    """One job: who holds it until when, and its latest run; `outcome` is "done" or "failed"."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[UUID | None]
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    begun: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(6))
    detail: Mapped[str | None] = mapped_column(String(_DETAIL_MAX_CHARS))


def take_job(session: Session, job: str, holder: UUID, *, now: datetime) -> bool:
    """Take or keep the lease of a job; tell whether this holder has it: of any number at once, one."""
    insert_if_absent(session, JobRun, job=job)
    # A lease that ends later than any could is of a clock that was wrong.
    is_free = or_(
        JobRun.holder.is_(None), JobRun.holder == holder, JobRun.until < now, JobRun.until > now + 4 * LEASE
    )
    taken = session.execute(
        update(JobRun)
        .where(JobRun.job == job, is_free)
        .values(holder=holder, until=now + LEASE)
        .returning(JobRun.job)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def leave_jobs(session: Session, holder: UUID) -> None:
    """Give back whatever that holder has."""
    session.execute(
        update(JobRun)
        .where(JobRun.holder == holder)
        .values(holder=None, until=None)
        .execution_options(synchronize_session=False)
    )


def record_run(
    session: Session, job: str, *, begun: datetime, ended: datetime, outcome: str, detail: str
) -> None:
    """Record how the latest run of a job went."""
    insert_if_absent(session, JobRun, job=job)
    session.execute(
        update(JobRun)
        .where(JobRun.job == job)
        .values(begun=begun, ended=ended, outcome=outcome, detail=detail[:_DETAIL_MAX_CHARS])
        .execution_options(synchronize_session=False)
    )


def last_runs(session: Session) -> Sequence[JobRun]:
    """Return every job that was ever done or held, with its latest run."""
    return session.scalars(select(JobRun).order_by(JobRun.job)).all()
