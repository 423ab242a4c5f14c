"""The operations by which an issuing body enters addressees and RED assignments, where it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spyne import ServiceBase

from notigateway.addressee.registering import AddresseeTerms, register_addressees, register_assignments
from notigateway.contract import issuing_v1 as contract
from notigateway.errors import CallerNotIssuingBodyError
from notigateway.issuer.amending import body_of
from notigateway.law.titles import RedTerms
from notigateway.receipts.recording import record_request
from notigateway.repository.rights import RedAssignment
from notigateway.soap.notigateway_issuing_v1 import answers
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notigateway.addressee.registering import Registered
    from notigateway.repository.session import Session
    from notigateway.soap.gate import Request


class RegisteringService(ServiceBase):
    """The registers, as the body that keeps the RED system reports them."""

    @operation(contract.RegisterAddressees, contract.RegisterAddresseesResponse)
    def RegisterAddressees(
        request: Request, asked: contract.RegisterAddressees
    ) -> contract.RegisterAddresseesResponse:
        """Enter addressees with their main accounts."""
        terms = [
            AddresseeTerms(
                identifier=one.identifier, name=one.name, ccc=one.ccc, naf=one.naf, since=one.since
            )
            for one in asked.addressees
        ]
        with request.writing() as session:
            _check_may_register(session, request, asked.issuer_id)
            obliging = request.office.delivering.obliging
            done = register_addressees(session, terms, obliging=obliging, now=request.asking.now)
            if any(one.outcome in {"created", "changed"} for one in done):
                record_request(session, request.asking)
            items = _items(request, (one.identifier for one in asked.addressees), done)
        return contract.RegisterAddresseesResponse(items=items)

    @operation(contract.RegisterRedAssignments, contract.RegisterRedAssignmentsResponse)
    def RegisterRedAssignments(
        request: Request, asked: contract.RegisterRedAssignments
    ) -> contract.RegisterRedAssignmentsResponse:
        """Enter RED assignments (Orden ISM/903/2020 art. 6.1)."""
        terms = [
            RedTerms(
                addressee=one.addressee,
                addressee_name=one.addressee_name,
                account=one.account,
                red_party=one.red_person.identifier,
                red_name=one.red_person.name or "",
                authorisation=one.authorisation,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in asked.assignments
        ]
        with request.writing() as session:
            _check_may_register(session, request, asked.issuer_id)
            obliging = request.office.delivering.obliging
            done = register_assignments(session, request.asking, terms, obliging=obliging)
            items = _items(request, (one.addressee for one in asked.assignments), done)
        return contract.RegisterRedAssignmentsResponse(items=items)


def _check_may_register(session: Session, request: Request, issuer_id: str) -> None:
    """Check that the operator lets the body, as which the caller acts, keep the registers.

    Raises: `IssuingBodyUnknownError`, `CallerNotIssuingBodyError`.
    """
    body = body_of(session, request.asking, issuer_id)
    if body.dir3 not in request.office.registering_bodies:
        raise CallerNotIssuingBodyError(f"body {body.dir3}", reason="may-not-register")


def _items(
    request: Request, addressees: Iterable[str], done: Sequence[Registered]
) -> tuple[contract.RegisteredEntry, ...]:
    """Return what became of each entry; which were refused, and why, stands in the access record."""
    entries = list(zip(addressees, done, strict=True))
    for addressee, result in entries:
        if result.refusal is not None:
            request.access.refuse(addressee, type(result.refusal))
    return tuple(_item(*one) for one in entries)


def _item(addressee: str, result: Registered) -> contract.RegisteredEntry:
    """Return what became of one entry."""
    row = result.row
    return contract.RegisteredEntry(
        addressee=addressee,
        outcome=result.outcome or "refused",
        assignment_id=str(row.id) if isinstance(row, RedAssignment) else None,
        problem=answers.problem(result.refusal),
    )
