"""A bureau that acts for companies, and its employees: who is registered for what."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from pki import OTHER_COMPANY_NIF, ec_key, person_subject, pki, representative_subject
from shapes import MEMBERSHIP, QCP_N
from stack import text
from titles import grant, register_company

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from stack import Answer, Stack

BUREAU_NIF, BUREAU_NAME = OTHER_COMPANY_NIF, "Gestoría Prueba SA"
ONE_NIF, OTHER_NIF = "00000001R", "00000002W"
LATEST = "<contractVersion>1.1</contractVersion>"


@cache
def bureau() -> KeyPair:
    """Return the certificate of the bureau's representative."""
    return pki().holder(representative_subject("12345678Z", BUREAU_NIF, BUREAU_NAME), ec_key("bureau"))


@cache
def person(nif: str = ONE_NIF) -> KeyPair:
    """Return a person's own certificate."""
    return pki().holder(person_subject(nif, "Celia", "Prueba"), ec_key(f"user {nif}"))


@cache
def member(nif: str = ONE_NIF, entity: str = BUREAU_NIF) -> KeyPair:
    """Return a certificate of who works at an entity: it names both."""
    subject = representative_subject(nif, entity, "Gestoría Prueba SA")
    return pki().holder(subject, ec_key(f"member {nif} {entity}"), named_policies=[MEMBERSHIP, QCP_N])


def ask_user(
    stack: Stack,
    nif: str = ONE_NIF,
    *,
    clients: tuple[str, ...] = (),
    matters: tuple[str, ...] = (),
    may_decide: bool = True,
    more: str = "",
    by: KeyPair | None = None,
) -> Answer:
    """Ask the bureau's registration of a person; without clients for all of them."""
    named = "".join(f"<client>{one}</client>" for one in clients)
    named += "".join(f"<matter>{one}</matter>" for one in matters)
    inner = (
        f"<person>{nif}</person><personName>Celia Prueba</personName>"
        f"<allClients>{str(not clients).lower()}</allClients>{named}"
        f"<mayDecide>{str(may_decide).lower()}</mayDecide>{more}{LATEST}"
    )
    return stack.ask("GrantUser", inner, holder=by or bureau())


def register(stack: Stack, nif: str = ONE_NIF, **terms: object) -> UUID:
    """Register a person and return the registration."""
    answer = ask_user(stack, nif, **terms)  # type: ignore[arg-type]
    assert answer.status == 200, answer.body
    return UUID(text(answer.tree, "user/userId"))


def end(stack: Stack, user: UUID, *, by: KeyPair | None = None) -> Answer:
    """Ask the end of a registration."""
    return stack.ask("EndUser", f"<userId>{user}</userId>{LATEST}", holder=by or bureau())


def be_attorney(stack: Stack) -> UUID:
    """Let the bureau be the company's attorney; return the power."""
    register_company(stack)
    power = grant(stack, attorney=BUREAU_NIF, attorneyName=BUREAU_NAME)
    accepted = stack.ask("AcceptPower", f"<powerId>{power}</powerId>", holder=bureau())
    assert accepted.status == 200, accepted.body
    stated = (
        f"<powerId>{power}</powerId><statutesAllowRepresentation>true</statutesAllowRepresentation>{LATEST}"
    )
    stack.ask("MakeResponsibleStatement", stated, holder=bureau())
    return power
