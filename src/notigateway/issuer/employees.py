"""The employees by whom an issuing body acts: authorised and withdrawn by its word, kept by the operator.

Each counts from when it is recorded; nothing is dated back, and a withdrawal touches nothing that was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import EmployeeUnknownError, IssuingBodyUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law.employees import as_body, check_employee, check_person, check_words, invalid_employee
from notigateway.law.identifiers import IdentifierError, check_dir3
from notigateway.repository import employees as register
from notigateway.repository.acts import find_issuing_body
from notigateway.repository.employees import Employee
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.law.caller import Caller
    from notigateway.law.employees import EmployeeTerms
    from notigateway.repository.model import IssuingBody
    from notigateway.repository.session import Session


def authorise_employee(session: Session, dir3: str, terms: EmployeeTerms, *, now: datetime) -> Employee:
    """Record that a body lets an employee act for it; repeating changes nothing.

    Raises: `IssuingBodyUnknownError`, `EmployeeInvalidError`.
    """
    now = to_milliseconds(now)
    terms = check_employee(terms, now=now)
    body = _lock(session, dir3)
    last = register.find_last(session, body, terms.nif)
    if last is not None and _stands(last, now):
        if (last.name, last.ground, last.ends_at) != (terms.name, terms.ground, terms.ends_at):
            raise invalid_employee("nif", "authorised_otherwise")
        return last
    employee = Employee(
        id=uuid7(now),
        issuing_body_id=body.id,
        nif=terms.nif,
        name=terms.name,
        ground=terms.ground,
        starts_at=now,
        ends_at=terms.ends_at,
    )
    session.add(employee)
    return employee


def withdraw_employee(session: Session, dir3: str, nif: str, *, ground: str, now: datetime) -> Employee:
    """End an authorisation at once; repeating changes nothing.

    Raises: `IssuingBodyUnknownError`, `EmployeeUnknownError`, `EmployeeInvalidError`.
    """
    now = to_milliseconds(now)
    check_words("ground", ground)
    nif = check_person(nif)
    last = register.find_last(session, _lock(session, dir3), nif)
    if last is None:
        raise EmployeeUnknownError(f"nobody with the NIF {nif} is authorised by {dir3}")
    if _stands(last, now):
        last.ends_at, last.withdrawn_at, last.withdrawn_ground = now, now, ground
    return last


def list_employees(session: Session, dir3: str) -> Sequence[Employee]:
    """Return everybody whom a body has ever authorised. Raises: `IssuingBodyUnknownError`."""
    return register.list_employees(session, _known(find_issuing_body(session, _code(dir3))))


def acting_caller(session: Session, caller: Caller, *, now: datetime) -> Caller:
    """Return as whom a caller asks: an employee whom a body of its employer authorised, as that body."""
    if caller.employer is None:
        return caller
    employee = register.find_employee(session, employer=caller.employer, nif=caller.signer, now=now)
    return caller if employee is None else as_body(caller, name=employee.issuing_body.name)


def _lock(session: Session, dir3: str) -> IssuingBody:
    return _known(register.lock_body(session, _code(dir3)))


def _code(dir3: str) -> str:
    try:
        return check_dir3(dir3)
    except IdentifierError as error:
        raise IssuingBodyUnknownError("no DIR3 code") from error


def _known(body: IssuingBody | None) -> IssuingBody:
    if body is None:
        raise IssuingBodyUnknownError("no issuing body with that DIR3 code is registered")
    return body


def _stands(employee: Employee, now: datetime) -> bool:
    return employee.ends_at is None or employee.ends_at > now
