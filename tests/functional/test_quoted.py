"""What an act quotes is data of that act: names in lists, changes and receipts (RD 203/2021 art. 42.3)."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.law.submission import SubmittedAddressee
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import reading
from notigateway.wss.ns import EVIDENCE_1
from pki import COMPANY_NIF
from stack import NG, text, texts

if TYPE_CHECKING:
    from uuid import UUID

    from stack import Stack

OTHER = "EA0041735"


def named(name: str) -> SubmittedAddressee:
    return SubmittedAddressee(COMPANY_NIF, name)


def names_in_receipts(stack: Stack, one: UUID) -> set[tuple[str | None, str | None]]:
    """Return the names of body and addressee in every receipt of a notification."""
    tree = stack.ask("RetrieveReceipts", f"<id>{one}</id>").tree
    found = set()
    for xml in tree.iterfind(".//ng:receipt/ng:xml", namespaces=NG):
        receipt = etree.fromstring(b64decode(xml.text or ""))
        names = [
            receipt.findtext(f".//{{{EVIDENCE_1}}}{details}/{{{EVIDENCE_1}}}Name")
            for details in ("SenderDetails", "RecipientDetails")
        ]
        found.add((names[0], names[1]))
    return found


def test_every_act_says_the_names_that_it_was_issued_with(stack: Stack) -> None:
    stack.register_issuer(OTHER, "INSS", "Instituto Nacional")
    first = stack.publish("1", addressee=named("Conservas del Norte SL"))
    second = stack.publish("2", addressee=named("CONSERVAS NORTE"), issuing_body=OTHER)
    stack.register_issuer(OTHER, "INSS", "Instituto de después")
    third = stack.publish("3", addressee=named("Conservas, S.L."), issuing_body=OTHER)
    said = {
        first: ("Tesorería General de la Seguridad Social", "Conservas del Norte SL"),
        second: ("Instituto Nacional", "CONSERVAS NORTE"),
        third: ("Instituto de después", "Conservas, S.L."),
    }
    tree = stack.ask("ListNotifications").tree
    names = zip(
        texts(tree, "notification/issuingBody/name"), texts(tree, "notification/addressee/name"), strict=True
    )
    assert list(names) == list(said.values())
    tree = stack.ask("ListChanges").tree
    assert texts(tree, "change/notification/addressee/name") == [name for _, name in said.values()]
    stack.accept(*said)
    for one, (body, addressee) in said.items():
        (item,) = stack.ask("RetrieveNotifications", f"<id>{one}</id>").tree
        assert text(item, "notification/addressee/name") == addressee
        assert text(item, "notification/issuingBody/name") == body
        assert names_in_receipts(stack, one) == {(body, addressee)}
    with reading(stack.engine) as session:
        company = find_addressee(session, COMPANY_NIF)
    assert company is not None
    assert company.name == "Conservas del Norte SL"
