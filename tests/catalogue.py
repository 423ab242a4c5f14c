"""What a power may name in tests: the catalogue that every `stack` has."""

from __future__ import annotations

from notigateway.law.catalogue import Entry
from notigateway.law.representation import ItemKind

MATTERS = ("collection", "contribution", "affiliation", "penalties", "appeals")
# A group of the matter contribution: its procedures.
GROUP, IN_GROUP = "rates", ("202301", "202302")
CATALOGUE = (
    *(Entry(kind=ItemKind.MATTER, code=code, name=f"Materia {code}") for code in MATTERS),
    Entry(kind=ItemKind.GROUP, code=GROUP, name="Tipos de cotización", matter="contribution"),
    *(
        Entry(kind=ItemKind.PROCEDURE, code=code, name=f"Trámite {code}", matter="contribution", group=GROUP)
        for code in IN_GROUP
    ),
    *(
        Entry(kind=ItemKind.PROCEDURE, code=code, name=f"Trámite {code}", matter="collection")
        for code in ("203546", "2")
    ),
)
