"""A year of a bureau with three employees and ten clients of two accounts each, played through SOAP.

What must come of it stands in three tables, written by hand: who sees the act of each month beside its
addressee, what the end of a title takes away again, and how each act ends. They are compared month by month
and, at the end of the year, for each who asks and for every receipt.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from lxml import etree

from bureau import (
    ASKING,
    AUTHORISATION,
    BODIES,
    BUREAU_NAME,
    BUREAU_NIF,
    CLIENTS,
    CLIENTS_REPRESENTATIVE,
    FIRST_NIF,
    NI,
    OTHER_AUTHORISATION,
    OTHER_NIF,
    PERSON_NAME,
    REPRESENTATIVE_NAME,
    SECOND_NIF,
    Year,
    bureau,
    content_of,
    person,
)
from bureau_year import AFTERWARDS, BEFORE, INFORMED, MEANWHILE
from notigateway.evidence.statement import EvidencePart
from notigateway.evidence.xades import verify_receipt
from notigateway.law.identifiers import is_company_nif
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from notigateway.published import published_folder
from pki import REPRESENTATIVE_NIF, pki
from stack import NG, text
from titles import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair
    from stack import Stack

pytestmark = pytest.mark.once

EV = {"ev": EvidencePart.xmlns}
Named = tuple[str | None, ...] | None
Told = tuple[str, Named, Named]

# Who sees the act of a month beside its addressee: g the bureau by RED, a the bureau by power, o the other
# bureau by RED; a dot where nothing was published. What names `absorbed` from month 9 on is addressed to
# `absorbing`: RED follows the main account of that one.
#         0 1 2 3 4 5 6 7 8 9 10 11 12
SEEN = {
    "plain": "- g g g g g g g - g g g g",  # month 8: data of health
    "moved": "- g g o o o o o o o o o o",
    "alone": "- g g - - - g g g g g g g",
    "worker": "- g g g g g g g g g g g g",
    "employer": "- - - - - - g g g g g g g",
    "general": "a a a a a a a a a a a - -",
    "items": "a a a a a a - a - a - a -",
    "absorbed": "- g g g g g g g g g g g g",
    "absorbing": "- g . g . g . g . g . g g",
    "elsewhere": "- g . g . g . g . g . g g",
}
# Since which month the end of a title has taken which months' acts away.
LOST: dict[str, tuple[int, set[int]]] = {
    "general": (11, set(range(13))),  # renounced
    "items": (6, {0, 2, 4}),  # of two things that the power names, one was revoked
}
# How it ends: 1 and 2 the employees accept, k the first rejects, r the representative accepts, o the other
# bureau; c the addressee accepts, x it rejects; l it lapses; d it was accepted in DEHú before the employee
# did; s the successor accepts; v nobody decides and it never lapses; n it is at disposal when the year ends.
ENDS = {
    "plain": "l 1 2 r 1 2 l 1 c 1 r 1 n",
    "moved": "c 2 1 o o l o o l o o o n",
    "alone": "c 1 2 c x l 1 1 r k 1 1 n",
    "worker": "v 1 1 l 2 r 2 1 c 1 l 1 n",
    "employer": "v c v v c v 1 r 1 l k 1 n",
    "general": "r r l r r r r l r x r c n",
    "items": "r l r r c r c r l r c r n",
    "absorbed": "l 1 1 2 l 1 1 r s 1 1 l n",
    "absorbing": "c 2 . 1 . r . 1 . 1 . k n",
    "elsewhere": "c 1 . 2 . d . 1 . k . r n",
}


def test_a_year_of_a_bureau(stack: Stack) -> None:
    stack.register_issuer("EA0041735", "INSS", "Instituto Nacional de la Seguridad Social")
    year = Year(stack)
    for month in range(13):
        year.month = month
        year.on_day(0)
        year.sweep()
        for scene in BEFORE.get(month, ()):
            scene(year)
        stack.pass_time(hours=1)
        publish(year)
        year.on_day(3)
        for scene in MEANWHILE.get(month, ()):
            scene(year)
        # The outage of month 4 leaves more time.
        year.on_day(12 if month == 4 else 5)
        check_who_sees_what(year)
        decide(year)
        stack.pass_time(days=1)
        for scene in AFTERWARDS.get(month, ()):
            scene(year)
    check_what_each_client_sees(year)
    check_outcomes(year)
    check_receipts(year)
    seals = load_certificates(stack.settings.seal_certificate_file)
    assert list(Checking(stack.engine, stack.office.store, seals).findings()) == []


def cells(table: Mapping[str, str], month: int) -> Iterator[tuple[str, str]]:
    """Return the clients that have an act of the month, each with its cell."""
    return ((key, cell) for key, row in table.items() if (cell := row.split()[month]) != ".")


def publish(year: Year) -> None:
    """Publish what was not published for this month before."""
    year.publish(key for key, _ in cells(SEEN, year.month) if (key, year.month) not in year.ids)


# --- who sees what, and decides -------------------------------------------------------------------


def expected(year: Year, roles: Mapping[str, str]) -> dict[UUID, str]:
    """Return what the tables give whoever acts in these roles."""
    seen = {}
    for month in range(year.month + 1):
        for key, cell in cells(SEEN, month):
            since, months = LOST.get(key, (99, set()))
            if cell in roles and not (since <= year.month and month in months):
                seen[year.ids[key, month]] = roles[cell]
    return seen


def check_who_sees_what(year: Year) -> None:
    """Compare what the three employees and the other bureau see with the tables."""
    works = {"g": "red"}
    sees = [
        (person(FIRST_NIF), works),
        (person(SECOND_NIF), works if year.month < 7 else {}),
        (bureau(), {"g": "red", "a": "attorney"}),
    ]
    if year.month >= 3:  # a stranger before
        sees.append((person(OTHER_NIF), {"o": "red"}))
    for by, roles in sees:
        assert listed(year.stack, by) == expected(year, roles), year.month


def check_what_each_client_sees(year: Year) -> None:
    """Compare what the addressees see at the end; the successor sees what came since the fact, too."""
    for key, client in CLIENTS.items():
        own = {one: "own" for (whose, month), one in year.ids.items() if addressee(whose, month) == key}
        if key == "absorbing":
            own[year.ids["absorbed", 8]] = "own"
        assert listed(year.stack, client.certificate) == own, key


def addressee(key: str, month: int) -> str:
    """Return to whom an act is addressed that names this client."""
    return "absorbing" if key == "absorbed" and month >= 9 else key


def decide(year: Year) -> None:
    """Let each decide what the table says, and read what was accepted."""
    for letter, by in (("1", person(FIRST_NIF)), ("2", person(SECOND_NIF)), ("r", bureau())):
        accept(year, [key for key, cell in cells(ENDS, year.month) if as_decided(cell) == letter], by)
    accept(year, [key for key, cell in cells(ENDS, year.month) if cell == "o"], person(OTHER_NIF))
    for key, cell in cells(ENDS, year.month):
        if cell in "cs":
            accept(year, [key], CLIENTS["absorbing" if cell == "s" else key].certificate)
        elif cell in "kx":
            by = person(FIRST_NIF) if cell == "k" else CLIENTS[key].certificate
            assert year.decide("RejectNotifications", [key], by) == ["decided"]


def as_decided(cell: str) -> str:
    """Return who decides here: what was accepted in DEHú before, the first employee accepts too."""
    return "1" if cell == "d" else cell


def accept(year: Year, keys: list[str], by: KeyPair) -> None:
    """Accept, and read in every third month."""
    assert year.decide("AcceptNotifications", keys, by) == ["decided"] * len(keys), (year.month, keys)
    if keys and reads(year.month):
        assert year.contents(keys, by) == [content_of(key, year.month).encode() for key in keys]


def reads(month: int) -> bool:
    """Tell whether in that month whoever accepts reads the content too."""
    return month % 3 == 0


# --- the receipts ---------------------------------------------------------------------------------


def check_receipts(year: Year) -> None:
    """Verify every receipt, and compare the three parties that it names with the tables."""
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
    for whose, client in CLIENTS.items():
        acts = [act for act in year.ids if addressee(*act) == whose]
        inner = "".join(f"<id>{year.ids[act]}</id>" for act in acts)
        answer = year.stack.ask("RetrieveReceipts", inner + ASKING, holder=client.certificate)
        for (key, month), one in zip(acts, answer.tree.findall("ng:item", NG), strict=True):
            roots = [verified(xml.text) for xml in one.iterfind("ng:receipt/ng:xml", NG)]
            for root in roots:
                schema.assertValid(root)
                is_successor = key != whose
                name = client.name if is_successor else client.as_quoted(month)[0]
                assert details(root, "RecipientDetails") == (client.nif, name), (key, month)
                assert (details(root, "PredecessorDetails") is not None) is is_successor
            states = [text(receipt, "state") for receipt in one.iterfind("ng:receipt", NG)]
            named = [(details(root, "DelegateDetails"), details(root, "SignerDetails")) for root in roots]
            told = [(str(state), *who) for state, who in zip(states, named, strict=True)]
            assert told == list(attested(year, key, month)), (key, month)


def check_outcomes(year: Year) -> None:
    """Compare what each body is told of its acts with the tables."""
    states = {"k": "rejected", "x": "rejected", "l": "lapsed"}
    told = {}
    for body in BODIES:
        tree = year.stack.ask_issuing("ListOutcomes", "<pageSize>500</pageSize>", issuer=body).tree
        for one in tree.iterfind("ni:outcome", NI):
            told[one.findtext("ni:reference", "", NI)] = one.findtext("ni:decision/ni:state", "", NI)
    assert told == {
        f"{key}-{month}": states.get(cell, "accepted")
        for month in range(13)
        for key, cell in cells(ENDS, month)
        if cell not in "nv"
    }


def verified(xml: str | None) -> _Element:
    """Return a receipt whose seal was proven."""
    data = b64decode(xml or "")
    verify_receipt(data, seal_certificates=[pki().seal.certificate])
    return etree.fromstring(data)


def details(root: _Element, name: str) -> Named:
    """Return the texts of an element of a receipt, None where it is not there."""
    found = root.find(f"ev:{name}", EV)
    return None if found is None else tuple(child.text for child in found)


def attested(year: Year, key: str, month: int) -> Iterable[Told]:
    """Return what the receipts of an act must say: state, delegate, and the person who signed."""
    yield "available", None, None
    cell = ENDS[key].split()[month]
    if cell == "d":
        yield "accepted", None, None
    if cell == "l":
        yield "lapsed", None, None
    if cell in "kx":
        yield "rejected", *who(year, key, month, "1" if cell == "k" else "c")
    if (by := as_decided(cell)) in "12rocs":
        yield "accepted", *who(year, key, month, by)
        if reads(month):
            yield "read", *who(year, key, month, by)
    if (key, month) in INFORMED:
        yield "read", *who(year, key, month, INFORMED[key, month])


def who(year: Year, key: str, month: int, letter: str) -> tuple[Named, Named]:
    """Return the delegate and the signer that a letter of the tables stands for."""
    client = CLIENTS[key]
    by_red = ("red", BUREAU_NIF, BUREAU_NAME, AUTHORISATION)
    as_attorney = ("attorney", BUREAU_NIF, BUREAU_NAME, year.powers.get(key))
    successor = CLIENTS["absorbing"]
    representative = (CLIENTS_REPRESENTATIVE, REPRESENTATIVE_NAME)
    told: dict[str, tuple[Named, Named]] = {
        "1": (by_red, (FIRST_NIF, PERSON_NAME, "true")),
        "2": (by_red, (SECOND_NIF, PERSON_NAME, "true")),
        "r": (
            as_attorney if SEEN[key].split()[month] == "a" else by_red,
            (REPRESENTATIVE_NIF, REPRESENTATIVE_NAME),
        ),
        "o": (("red", OTHER_NIF, PERSON_NAME, OTHER_AUTHORISATION), (OTHER_NIF, PERSON_NAME)),
        "c": (
            ("own", client.nif, client.name),
            representative if is_company_nif(client.nif) else (client.nif, client.name),
        ),
        "s": (("own", successor.nif, successor.name, year.successions[BODIES[month % 2]]), representative),
    }
    return told[letter]
