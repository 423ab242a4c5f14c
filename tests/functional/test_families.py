"""The families of Spanish certificates through the whole stack: whom each names, and what it may do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from notigateway.issuer.employees import authorise_employee, withdraw_employee
from notigateway.law.employees import EmployeeTerms
from notigateway.law.families import Family, is_seal
from notigateway.pki.families import BUILT_IN
from notigateway.repository.engine import writing
from notigateway.sandbox.certifying import name
from notigateway.soap.wscn.environment import TEST
from pki import (
    COMPANY_NIF,
    FNMT_CIF,
    FNMT_NIF,
    ISSUER_NIF,
    PERSON_NIF,
    REPRESENTATIVE_NIF,
    SERIAL_NUMBER,
    company_subject,
    ec_key,
    person_subject,
    pki,
    rsa_key,
)
from shapes import (
    BODY,
    CALLERS,
    EMPLOYEE_NIF,
    FNMT_ADMINISTRATOR,
    GN,
    MEMBERSHIP,
    NATIONAL_REPRESENTATIVE,
    NATIONAL_UNINCORPORATED,
    NOBODIES,
    PERSON,
    PSEUDONYM,
    PSEUDONYMOUS,
    PUBLIC_EMPLOYEE,
    PUBLIC_SEAL,
    QCP_L,
    QCP_N,
    SEAL_BODY,
    SN,
    Attribute,
    C,
    O,
    Shape,
)
from stack import ISSUER, Stack, text
from wscn import Wscn, template

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair

pytestmark = pytest.mark.once

PLAIN = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "NOMBRE APELLIDO - 00000000T"))

Extra = tuple[tuple[x509.ObjectIdentifier, str], ...]


@pytest.mark.parametrize("shape", CALLERS, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_names_its_party_and_its_signer(sqlite_stack: Stack, shape: Shape) -> None:
    answer = sqlite_stack.ask("Ping", holder=shape.holder(rsa_key("family"))).tree
    found = text(answer, "party/identifier"), text(answer, "signer/identifier")
    assert found == (shape.party, shape.signer)


@pytest.mark.parametrize("shape", NOBODIES, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_that_names_nobody_is_refused_and_told_why(sqlite_stack: Stack, shape: Shape) -> None:
    answer = sqlite_stack.ask("Ping", holder=shape.holder(rsa_key("family")))
    assert (answer.fault_code, answer.code) == ("wsse:FailedAuthentication", "IDENTITY_NOT_READABLE")
    assert answer.facts == {"reason": shape.reason}


@pytest.mark.parametrize(
    ("subject", "alternative"),
    [
        pytest.param(person_subject(PERSON_NIF), ((EMPLOYEE_NIF, REPRESENTATIVE_NIF),), id="two-employees"),
        pytest.param(company_subject(COMPANY_NIF), ((SEAL_BODY, ISSUER_NIF),), id="two-bodies"),
        pytest.param(PLAIN, ((FNMT_CIF, COMPANY_NIF), (SEAL_BODY, ISSUER_NIF)), id="entity-and-body"),
        pytest.param(person_subject(PERSON_NIF), ((FNMT_NIF, "00000001T"),), id="a-wrong-check-letter-too"),
    ],
)
def test_sources_that_disagree_are_refused(
    sqlite_stack: Stack, subject: x509.Name, alternative: Extra
) -> None:
    answer = ping(sqlite_stack, subject, alternative)
    assert "IDENTITY_NOT_READABLE" in (answer.findtext("faultstring") or "")


def ping(stack: Stack, subject: x509.Name, alternative: Extra) -> _Element:
    """Ask who a holder of such a certificate is."""
    directory = x509.SubjectAlternativeName([x509.DirectoryName(name(*alternative))])
    extra = [(directory, False)] if alternative else []
    holder = pki().holder(subject, rsa_key("family"), extra=extra)
    return stack.ask("Ping", holder=holder).tree


# --- what each family may do ---------------------------------------------------------------------------

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
LIMITED = {"arc": "1.3.6.1.4.1.99999.7", "family": "limited_representative", "source": "Política de pruebas"}
# Each names the person and the body whose seal `stack` registers; its policy alone makes the difference.
POLICIES = {
    Family.PSEUDONYMOUS_EMPLOYEE: PSEUDONYMOUS,
    Family.LIMITED_REPRESENTATIVE: LIMITED["arc"],
    Family.PUBLIC_EMPLOYEE: PUBLIC_EMPLOYEE,
    Family.MEMBERSHIP: MEMBERSHIP,
    Family.PUBLIC_SEAL: PUBLIC_SEAL,
    Family.ENTITY_SEAL: QCP_L,
    Family.ADMINISTRATOR: FNMT_ADMINISTRATOR,
    Family.UNINCORPORATED_REPRESENTATIVE: NATIONAL_UNINCORPORATED,
    Family.REPRESENTATIVE: NATIONAL_REPRESENTATIVE,
    Family.NATURAL_PERSON: QCP_N,
}
NAMES = {ISSUER_NIF: "the entity", PERSON_NIF: "the person"}


def holder_of(family: Family) -> KeyPair:
    """Issue a certificate of that family: a seal with the body's names, any other with both."""
    subject: tuple[Attribute, ...] = (C, O, BODY) if is_seal(family) else (C, PERSON, GN, SN, O, BODY)
    if family is Family.PSEUDONYMOUS_EMPLOYEE:
        subject = (C, PSEUDONYM, O, BODY)
    key = ec_key(f"family {family}")
    return pki().holder(name(*subject), key, named_policies=[POLICIES[family]])


def played(stack: Stack, family: Family) -> list[str]:
    """Return what such a certificate names and may do, in the words of the document."""
    holder = holder_of(family)
    ids = {nif: stack.publish(f"{family}-{nif}", addressee=nif) for nif in NAMES}
    ping = stack.ask("Ping", holder=holder)
    if ping.code is not None:
        outcomes = [
            stack.ask("ListNotifications", holder=holder),
            stack.ask_issuing("ListOutcomes", holder=holder),
        ]
        assert {one.code for one in outcomes} == {ping.code}
        return [f"`{family}`", f"nobody: `{ping.facts['reason']}`", "no", "no", "no"]
    party, signer = (str(text(ping.tree, f"{one}/identifier")) for one in ("party", "signer"))
    names = NAMES[party] if party == signer else f"{NAMES[party]}, signed by {NAMES[signer]}"
    listed = stack.ask("ListNotifications", holder=holder).tree
    seen = {one.text for one in listed.iterfind(".//{*}addressee/{*}identifier")}
    accepted = stack.accept(*ids.values(), holder=holder)
    decided = {nif for nif, one in zip(ids, accepted, strict=True) if one.findtext("{*}outcome") == "decided"}
    issuing = stack.ask_issuing("ListOutcomes", holder=holder)
    assert issuing.code in {None, "CALLER_NOT_ISSUING_BODY"}
    may_issue = "no" if issuing.code else "yes"
    with writing(stack.engine) as session:
        terms = EmployeeTerms(nif=PERSON_NIF, name="Ana", ground="x", ends_at=stack.now + timedelta(hours=1))
        authorise_employee(session, ISSUER, terms, now=stack.now)
    if stack.ask_issuing("ListOutcomes", holder=holder).code is None and issuing.code:
        may_issue = "where the body authorised the person"
    with writing(stack.engine) as session:
        withdraw_employee(session, ISSUER, PERSON_NIF, ground="x", now=stack.now)
    return [
        f"`{family}`",
        names,
        " ".join(NAMES[str(nif)] for nif in seen),
        " ".join(NAMES[nif] for nif in decided),
        may_issue,
    ]


def documented(mark: str) -> list[str]:
    """Return the lines of one table of the document."""
    page = DOCUMENT.read_text(encoding="utf-8")
    table = page.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->")[0]
    return table.splitlines()[2:]


def test_each_family_does_what_the_document_says(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, certificate_families=[LIMITED])
    found = [f"| {' | '.join(played(stack, family))} |" for family in Family]
    stack.close()
    assert found == documented("families")


def test_the_rows_of_the_table_are_the_documented_ones() -> None:
    found = [f"| `{row.arc}` | `{row.family}` | {row.source} |" for row in BUILT_IN]
    assert found == documented("arcs")


def test_ping_tells_the_family_to_who_asks_for_it(sqlite_stack: Stack) -> None:
    for family in set(Family) - {Family.PSEUDONYMOUS_EMPLOYEE, Family.LIMITED_REPRESENTATIVE}:
        holder = holder_of(family)
        earlier = sqlite_stack.ask("Ping", holder=holder).tree
        later = sqlite_stack.ask("Ping", "<contractVersion>1.1</contractVersion>", holder=holder).tree
        assert (text(earlier, "certificateFamily"), text(later, "certificateFamily")) == (None, family)


def test_a_signing_certificate_of_the_dnie_is_welcome(sqlite_stack: Stack) -> None:
    """Its key usage is nonRepudiation alone, without an extended one."""
    subject = name(C, (SERIAL_NUMBER, PERSON_NIF), GN, SN)
    usages = frozenset({"content_commitment"})
    policies = ["2.16.724.1.2.2.2.3"]
    holder = pki().holder(subject, rsa_key("family"), usages=usages, purposes=(), named_policies=policies)
    answer = sqlite_stack.ask("Ping", holder=holder).tree
    assert (text(answer, "party/identifier"), text(answer, "signer/identifier")) == (PERSON_NIF, PERSON_NIF)


def test_a_membership_never_decides_for_the_company_it_works_for(stack: Stack) -> None:
    wanted = stack.publish(addressee=COMPANY_NIF)
    stack.publish("OWN", addressee=PERSON_NIF)
    for shape in CALLERS:
        if shape.number in {6, 8, 9} and shape.party == PERSON_NIF:
            (item,) = stack.accept(wanted, holder=shape.holder())
            assert item.findtext("{*}problem/{*}code") == "NOTIFICATION_UNKNOWN", shape.label
    assert stack.decisions() == 0


def test_a_representative_of_the_body_issues_nothing(stack: Stack) -> None:
    stack.publish()
    before = stack.rows()
    for family in (Family.REPRESENTATIVE, Family.ADMINISTRATOR):
        answer = stack.ask_issuing("ListOutcomes", holder=holder_of(family))
        assert (answer.code, answer.facts) == ("CALLER_NOT_ISSUING_BODY", {"reason": "not-a-seal"})
    assert stack.rows() == before


def test_a_seal_reads_and_a_representative_decides_where_the_operator_wants_it(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, entity_seals_may_decide=False)
    wanted = stack.publish()
    before = stack.rows()
    for operation in ("AcceptNotifications", "RejectNotifications"):
        answer = stack.ask(operation, f"<id>{wanted}</id>")
        assert (answer.fault_code, answer.code) == ("wsse:FailedAuthentication", "SEAL_MAY_NOT_DECIDE")
    assert stack.rows() == before
    listed = stack.ask("ListNotifications").tree
    assert listed.findtext(".//{*}addressee/{*}identifier") == COMPANY_NIF
    (decided,) = stack.accept(wanted, holder=pki().representative)
    assert decided.findtext("{*}outcome") == "decided"
    assert stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree.find(".//{*}content") is not None
    stack.close()


def test_a_seal_that_may_not_decide_gets_no_receipt_to_sign_either(database_url: str, tmp_path: Path) -> None:
    """In the Social Security's contract too; its list is read all the same."""
    stack = Stack(database_url, tmp_path, entity_seals_may_decide=False)
    stack.publish()
    client = Wscn(stack)
    (code,) = client.listed()["notificacionesPropias"]
    wanted = {"codigoNotificacion": code, "esDeAceptacion": True, "rol": 1}
    content = template(TEST, "solicitarAcuseNotificacion", **wanted)
    answer = client.send(client.envelope(content))
    assert "SEAL_MAY_NOT_DECIDE" in answer.body.decode()
    assert stack.decisions() == 0
    assert [one.text for one in stack.ask("ListNotifications").tree.iterfind(".//{*}state")] == ["available"]
    Wscn(stack, pair=pki().representative).decide(code)
    assert [one.text for one in stack.ask("ListNotifications").tree.iterfind(".//{*}state")] == ["accepted"]
    stack.close()


def test_a_limited_representative_acts_for_the_entity_where_the_operator_accepts_it(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, certificate_families=[LIMITED], limited_representatives="accepted")
    ping = stack.ask("Ping", holder=holder_of(Family.LIMITED_REPRESENTATIVE)).tree
    assert (text(ping, "party/identifier"), text(ping, "signer/identifier")) == (ISSUER_NIF, PERSON_NIF)
    stack.close()
