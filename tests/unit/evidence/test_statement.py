from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from notigateway.evidence.element import render
from notigateway.evidence.events import EVENT_URIS
from notigateway.evidence.statement import (
    POLICIES,
    POLICY_ID,
    AttestedDocument,
    RecipientDetails,
    ReportDetails,
    SenderDetails,
    SignerDetails,
    Statement,
    UserContent,
    read_facts,
)
from notigateway.law.assurance import Level, Means
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role
from notigateway.published import published_folder
from notigateway.wss.ns import EVIDENCE_1

SCHEMA = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)
INSTANTS = st.datetimes(datetime(2021, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def documents() -> st.SearchStrategy[tuple[AttestedDocument, ...]]:
    document = st.builds(
        AttestedDocument,
        document_id=st.uuids(),
        media_type=st.sampled_from(["application/pdf", "application/xml"]),
        size=st.integers(0, 2**53),
        sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    )
    return st.lists(document, min_size=1, max_size=3).map(tuple)


def statements() -> st.SearchStrategy[Statement]:
    return st.builds(
        Statement,
        evidence_id=st.uuids(),
        event=st.sampled_from(sorted(EVENT_URIS)),
        event_time=INSTANTS,
        submission_time=INSTANTS,
        deadline=st.none() | INSTANTS,
        channel=st.none() | st.sampled_from(Channel),
        reason=st.none() | TEXTS,
        sender=st.builds(SenderDetails, dir3=st.just("EA0041778"), name=TEXTS, nif=st.just("S2819001E")),
        recipient=st.builds(RecipientDetails, identifier=st.just("B00000000"), name=TEXTS),
        content=st.builds(
            UserContent,
            notification_id=st.uuids(),
            notification_code=st.integers(1, 2**63 - 1),
            act_reference=TEXTS,
            subject=TEXTS,
            procedure=TEXTS,
            documents=documents(),
        ),
    )


def tree(statement: Statement) -> etree._Element:
    return etree.fromstring(render(statement))


def text_at(element: etree._Element, *path: str) -> str | None:
    return element.findtext("/".join(f"{{{EVIDENCE_1}}}{name}" for name in path))


@settings(max_examples=150, deadline=None)
@given(statements())
def test_every_statement_is_valid_by_the_published_schema_and_reads_back(statement: Statement) -> None:
    element = tree(statement)
    assert etree.tostring(element, method="c14n", exclusive=True) == render(statement)
    SCHEMA.assertValid(element)
    facts = read_facts(element)
    assert facts.receipt_id == statement.evidence_id
    assert facts.state == statement.event
    assert timedelta(0) <= statement.event_time - facts.event_time < timedelta(milliseconds=1)
    assert facts.notification_id == statement.content.notification_id
    assert facts.notification_code == statement.content.notification_code
    assert facts.addressee == statement.recipient.identifier
    assert facts.documents == statement.content.documents


def test_a_full_acceptance_is_valid_by_the_published_schema(accepted: Statement) -> None:
    SCHEMA.assertValid(tree(accepted))


def test_a_sealed_receipt_is_valid_by_the_published_schema(receipt: bytes) -> None:
    SCHEMA.assertValid(etree.fromstring(receipt))


def test_a_receipt_never_states_an_instant_later_than_the_event(accepted: Statement) -> None:
    late = replace(accepted, event_time=datetime(2026, 4, 5, 21, 59, 59, 999_999, tzinfo=UTC))
    assert text_at(tree(late), "EventTime") == "2026-04-05T21:59:59.999Z"


def test_instants_of_another_zone_are_written_in_utc(accepted: Statement) -> None:
    madrid_summer = timezone(timedelta(hours=2))
    elsewhere = replace(accepted, event_time=datetime(2026, 7, 1, 1, 30, tzinfo=madrid_summer))
    assert text_at(tree(elsewhere), "EventTime") == "2026-06-30T23:30:00.000Z"


def test_the_receipt_names_signer_role_request_and_rule(accepted: Statement) -> None:
    element = tree(accepted)
    assert text_at(element, "DelegateDetails", "Role") == Role.OWN
    assert text_at(element, "DelegateDetails", "Identifier") == "00000000T"
    assert text_at(element, "RequestEvidence", "EnvelopeSha256") == "c" * 64
    assert text_at(element, "ActorAuthentication", "CertificateSha256") == "b" * 64
    assert text_at(element, "Deadline", "RuleId") == "ley39/2015:43.2"


@pytest.mark.parametrize("serial", ["1", str(2**159), "9" * 49])
def test_a_serial_number_of_any_length_is_valid_by_the_published_schema(
    accepted: Statement, serial: str
) -> None:
    """RFC 5280 allows 20 octets; numbers of more than 24 digits are none to libxml2, so it is a text."""
    assert accepted.authentication is not None
    SCHEMA.assertValid(
        tree(replace(accepted, authentication=replace(accepted.authentication, serial=serial)))
    )


def test_a_secondary_user_is_marked_and_nobody_else(accepted: Statement) -> None:
    person = SignerDetails(identifier="00000001R", name="Ana", secondary_user=True)
    element = tree(replace(accepted, signer=person))
    SCHEMA.assertValid(element)
    assert text_at(element, "SignerDetails", "SecondaryUser") == "true"
    element = tree(replace(accepted, signer=replace(person, secondary_user=None)))
    SCHEMA.assertValid(element)
    assert element.find(f"{{{EVIDENCE_1}}}SignerDetails/{{{EVIDENCE_1}}}SecondaryUser") is None


@pytest.mark.parametrize(("means", "level"), [*zip(Means, [*Level, Level.HIGH], strict=True)])
def test_every_means_and_level_is_a_word_of_the_schema(
    accepted: Statement, means: Means, level: Level
) -> None:
    assert accepted.authentication is not None
    proof = replace(accepted.authentication, means=means, level=level)
    SCHEMA.assertValid(tree(replace(accepted, authentication=proof)))


def test_what_no_party_caused_names_no_party(accepted: Statement) -> None:
    lapse = replace(
        accepted, event=State.LAPSED, channel=None, delegate=None, authentication=None, request=None
    )
    element = tree(lapse)
    SCHEMA.assertValid(element)
    assert text_at(element, "ERDSEventId") == "http://uri.etsi.org/19522/Event/AcceptanceRejectionExpiry"
    assert element.find(f"{{{EVIDENCE_1}}}DelegateDetails") is None


def test_a_reported_decision_says_when_and_by_what_it_became_known(accepted: Statement) -> None:
    report = ReportDetails(reported_at=datetime(2026, 4, 2, 9, 30, tzinfo=UTC), reference="SEDE-77")
    element = tree(replace(accepted, delegate=None, authentication=None, report=report))
    SCHEMA.assertValid(element)
    assert read_facts(element).sealed_at == report.reported_at
    assert text_at(element, "Report", "Reference") == "SEDE-77"
    assert text_at(element, "Report", "Identifier") is None


def test_a_state_that_proves_nothing_has_no_receipt(accepted: Statement) -> None:
    with pytest.raises(KeyError):
        render(replace(accepted, event=State.SCHEDULED))


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_text_that_xml_cannot_hold_is_not_sealed(accepted: Statement, character: str) -> None:
    with pytest.raises(ValueError, match="XML"):
        render(replace(accepted, reason=f"a{character}b"))


@pytest.mark.parametrize(
    "character", ["&", "<", ">", '"', "\r", "\n", "\t", "\x7f", "\u0085", "]]>", "\ufffd"]
)
def test_awkward_characters_are_written_as_the_canonical_form_has_them(
    accepted: Statement, character: str
) -> None:
    rejected = replace(accepted, reason=f"a{character}b")
    assert text_at(tree(rejected), "EventReasons", "Reason") == rejected.reason
    assert etree.tostring(tree(rejected), method="c14n", exclusive=True) == render(rejected)


def test_a_doubled_element_cannot_be_read(accepted: Statement) -> None:
    element = tree(accepted)
    etree.SubElement(element, f"{{{EVIDENCE_1}}}EvidenceIdentifier").text = str(UUID(int=0))
    with pytest.raises(ValueError, match="too many values"):
        read_facts(element)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_policy_named_in_a_receipt_is_the_published_text(policy: str) -> None:
    number = policy.rpartition(":")[2]
    text = (published_folder("wsdl") / f"notigateway-evidence-policy-{number}.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == POLICIES[policy]
    assert text.startswith(f"{policy}\n".encode())


def test_receipts_are_issued_under_the_last_policy() -> None:
    assert list(POLICIES)[-1] == POLICY_ID
