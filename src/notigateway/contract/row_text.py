"""What a list row says that stays as it is while its notification is listed, as canonical text.

The rest is spliced in where the row is shown: in which capacity, how it stands, what is left of its time, and
until when it may be read for information. The text is kept from publication on (`repository/row_texts.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from notigateway.instants import instant_text
from notigateway.law.metadata import pairs_of
from notigateway.wss.canonical import canonical_text

FLAG: Final = {True: "true", False: "false"}
# Of what form the text is: another number whenever it or its pieces change, for what is kept of before is
# then read no more. A test holds the form to its number.
FORM: Final = 2
# Between its pieces: XML has no such character.
CUT: Final = b"\0"
_CUT: Final = CUT.decode()


def row_text(row: Any) -> bytes:  # noqa: ANN401  (a row of many columns)
    """Return the pieces of a row's text with `CUT` between them.

    Five: up to the capacity; after the state; after the deadline; and of contract 1.1 what stands before
    `informationUntil` and what stands behind it.

    Raises: `ValueError` for a character that XML cannot hold.
    """
    ground = "" if row.ground is None else f"<obligationGround>{row.ground}</obligationGround>"
    paper = "" if row.paper is None else f"<paper>{row.paper}</paper>"
    ccc = "" if row.ccc is None else f"<ccc>{row.ccc}</ccc>"
    naf = "" if row.naf is None else f"<naf>{row.naf}</naf>"
    # Whom the act names, where its addressee has taken that place.
    named = "" if row.predecessor is None else _named("predecessor", row.predecessor, row.predecessor_name)
    return (
        f"<notification><code>{row.code}</code><id>{row.id}</id><kind>{row.kind}</kind>"
        f"<subject>{canonical_text(row.subject)}</subject>{_body(row.dir3, row.acronym, row.name)}"
        f"{_concerning(row.procedure, row.matter)}{_named('addressee', row.identifier, row.addressee_name)}"
        f"<role>{_CUT}</state><availableAt>{instant_text(row.available_at)}</availableAt>"
        f"{_CUT}{_documents(row.document_sizes, is_special=row.special_category)}"
        f"{_CUT}<reference>{canonical_text(row.reference)}</reference>{ground}{paper}"
        f"{_CUT}{ccc}{naf}{named}{_metadata(row.public_metadata)}"
    ).encode()


# Of the pieces that repeat from row to row, each is written once while it is among those used last: they
# say nothing but what they are made of.
_REMEMBERED: Final = 4096


@lru_cache(maxsize=_REMEMBERED)
def _body(dir3: str, acronym: str, name: str) -> str:
    return (
        f"<issuingBody><issuerId>{dir3}</issuerId><acronym>{canonical_text(acronym)}</acronym>"
        f"<name>{canonical_text(name)}</name></issuingBody>"
    )


@lru_cache(maxsize=_REMEMBERED)
def _concerning(procedure: str, matter: str) -> str:
    return f"<procedure>{canonical_text(procedure)}</procedure><matter>{canonical_text(matter)}</matter>"


@lru_cache(maxsize=_REMEMBERED)
def _named(element: str, identifier: str, name: str) -> str:
    return f"<{element}><identifier>{identifier}</identifier><name>{canonical_text(name)}</name></{element}>"


@lru_cache(maxsize=_REMEMBERED)
def _metadata(pairs: str | None) -> str:
    return "".join(
        f"<metadata><key>{canonical_text(key)}</key><value>{canonical_text(value)}</value></metadata>"
        for key, value in pairs_of(pairs)
    )


@lru_cache(maxsize=_REMEMBERED)
def _documents(sizes: str, *, is_special: bool) -> str:
    found = sizes.split()
    return (
        f"<specialCategory>{FLAG[is_special]}</specialCategory><documentCount>{len(found)}</documentCount>"
        f"{''.join(f'<documentSize>{size}</documentSize>' for size in found)}"
    )
