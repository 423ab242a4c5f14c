"""Titles by which somebody acts for the company, and what their holders see: for the role scenarios."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lxml import etree

from notigateway.addressee.red import assign_red
from notigateway.addressee.register import give_first_account
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.law.titles import RedTerms
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import writing
from notigateway.wss.ns import EVIDENCE_1
from pki import COMPANY_NAME, COMPANY_NIF, ec_key, person_subject, pki
from stack import NG, text

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair
    from stack import Answer, Stack

CCC = "28123456742"
RED_NIF = "00000003A"
OTHER_RED_NIF = "00000006Y"
ATTORNEY_NIF = "00000004G"
AUTHORISATION = "123456"


@cache
def holder(nif: str) -> KeyPair:
    """Return the certificate of a person."""
    return pki().holder(person_subject(nif, "Celia", "Prueba"), ec_key(nif))


def red() -> KeyPair:
    """Return the certificate of the RED-authorised person."""
    return holder(RED_NIF)


def attorney() -> KeyPair:
    """Return the certificate of the attorney."""
    return holder(ATTORNEY_NIF)


def register_company(stack: Stack) -> None:
    """Register the company with its contribution account."""
    with writing(stack.engine) as session:
        company = ensure_addressee(session, identifier=COMPANY_NIF, name=COMPANY_NAME)
        give_first_account(session, company, CCC, starts_at=stack.now, now=stack.now)


def red_terms(red_party: str, **changes: Any) -> RedTerms:  # noqa: ANN401  (fields of RedTerms)
    """Return the terms of an assignment of the company's account."""
    return RedTerms(
        **{
            "addressee": COMPANY_NIF,
            "account": CCC,
            "red_party": red_party,
            "red_name": "Celia Prueba",
            "authorisation": AUTHORISATION,
            **changes,
        }
    )


def assign(
    stack: Stack,
    red_party: str = RED_NIF,
    *,
    starts_at: datetime | None = None,
    **changes: Any,  # noqa: ANN401  (fields of RedTerms)
) -> UUID:
    """Register a RED assignment, as the operator does."""
    terms = red_terms(red_party, starts_at=starts_at or stack.now, **changes)
    with writing(stack.engine) as session:
        return assign_red(session, terms, now=stack.now).id


def ask_grant(stack: Stack, *, by: KeyPair | None = None, more: str = "", **changes: object) -> Answer:
    """Ask for a power of the company; a value of None leaves the element out, `more` are items."""
    fields: dict[str, object] = {
        "attorney": ATTORNEY_NIF,
        "attorneyName": "Celia Prueba",
        "scope": "general",
        "value": None,
        "specialCategory": "false",
        "expiresAt": instant_text(stack.now + timedelta(days=300)),
        **changes,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return stack.ask("GrantPower", inner + more, holder=by or pki().representative)


def item(kind: str, value: str) -> str:
    """Return what names a matter, a group or a procedure."""
    return f"<item><kind>{kind}</kind><value>{value}</value></item>"


def grant(stack: Stack, *, by: KeyPair | None = None, more: str = "", **changes: object) -> UUID:
    """Grant a power and return its identifier."""
    answer = ask_grant(stack, by=by, more=more, **changes)
    assert answer.status == 200, answer.body
    return UUID(text(answer.tree, "power/powerId"))


def change(stack: Stack, operation: str, power: UUID, *, by: KeyPair | None = None, more: str = "") -> Answer:
    """Accept, renounce or revoke a power, by the company's representative; `more` names one of its items."""
    return stack.ask(operation, f"<powerId>{power}</powerId>{more}", holder=by or pki().representative)


def state_power(stack: Stack, power: UUID, *, by: KeyPair | None = None, says: str = "true") -> Answer:
    """Make the responsible statement of the company, by its representative."""
    inner = f"<powerId>{power}</powerId><statutesAllowRepresentation>{says}</statutesAllowRepresentation>"
    return stack.ask("MakeResponsibleStatement", inner, holder=by or pki().representative)


def accept_power(stack: Stack, power: UUID) -> None:
    """Accept a power as its attorney."""
    assert change(stack, "AcceptPower", power, by=attorney()).status == 200


def listed(stack: Stack, by: KeyPair | None = None) -> dict[UUID, str | None]:
    """Return what a holder sees, each with its role."""
    answer = stack.ask("ListNotifications", "<pageSize>1000</pageSize>", holder=by)
    assert answer.status == 200, answer.body
    rows = answer.tree.findall("ng:notification", namespaces=NG)
    return {UUID(text(row, "id")): text(row, "role") for row in rows}


def retrieved(stack: Stack, one: UUID, by: KeyPair | None = None) -> str:
    """Return `content` where the documents come, otherwise the code of the problem."""
    (item,) = stack.ask("RetrieveNotifications", f"<id>{one}</id>", holder=by).tree
    return text(item, "problem/code") or ("content" if text(item, "document/content") else "nothing")


def outcome(stack: Stack, one: UUID, by: KeyPair | None = None) -> str | None:
    """Accept and return the word of the outcome."""
    (item,) = stack.accept(one, holder=by)
    return text(item, "outcome")


def delegate(item: _Element, name: str = "DelegateDetails") -> dict[str, str | None]:
    """Return who held the title, or who signed, as the verified receipt of an outcome says."""
    (found,) = item.iterfind("ng:receipt/ng:xml", namespaces=NG)
    data = b64decode(found.text or "")
    verify_receipt(data, seal_certificates=[pki().seal.certificate])
    (details,) = etree.fromstring(data).iter(f"{{{EVIDENCE_1}}}{name}")
    return {etree.QName(child).localname: child.text for child in details}


def unchanged(stack: Stack, before: dict[str, int]) -> bool:
    """Tell whether no row came or went; only that the message was received is remembered."""
    after = stack.rows()
    return all(after[name] == count for name, count in before.items() if name != "replay_keys")
