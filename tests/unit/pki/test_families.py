"""The table of certificate families: each row under its arc, the operator's before the built-in ones."""

from __future__ import annotations

import pytest

from notigateway.errors import ConfigurationError
from notigateway.law.families import Family
from notigateway.pki.families import BUILT_IN, KNOWN_FAMILIES, Families, FamilyRow
from notigateway.settings import load_settings


@pytest.mark.parametrize("row", BUILT_IN, ids=lambda row: row.arc)
def test_a_row_counts_for_its_arc_and_all_below_it_and_nothing_beside(row: FamilyRow) -> None:
    assert row.source
    assert KNOWN_FAMILIES.family_of([row.arc]) is row.family
    assert KNOWN_FAMILIES.family_of([f"{row.arc}.2.7"]) is row.family
    assert KNOWN_FAMILIES.family_of([f"{row.arc}7"]) is Family.NATURAL_PERSON


def test_no_arc_stands_twice() -> None:
    arcs = [row.arc for row in BUILT_IN]
    assert len(set(arcs)) == len(arcs)


def test_what_is_in_no_row_is_a_natural_persons() -> None:
    assert KNOWN_FAMILIES.family_of([]) is Family.NATURAL_PERSON
    assert KNOWN_FAMILIES.family_of(["2.5.29.32.0", "1.2.3"]) is Family.NATURAL_PERSON


def test_of_two_families_the_narrower_counts() -> None:
    employee, representative = "2.16.724.1.3.5.7.2", "2.16.724.1.3.5.8"
    for oids in ([employee, representative], [representative, employee]):
        assert KNOWN_FAMILIES.family_of(oids) is Family.PUBLIC_EMPLOYEE


def test_a_longer_row_counts_before_a_shorter_one() -> None:
    families = Families([FamilyRow("2.16.724.1.3.5.8.4", Family.LIMITED_REPRESENTATIVE, "x")])
    assert families.family_of(["2.16.724.1.3.5.8.4.1"]) is Family.LIMITED_REPRESENTATIVE
    assert families.family_of(["2.16.724.1.3.5.8.5"]) is Family.REPRESENTATIVE


ROW = {"arc": "1.3.6.1.4.1.99999.1", "family": "representative", "source": "Política de pruebas 1.0"}


def test_the_operators_rows_add_to_the_table_and_replace_a_built_in_one() -> None:
    off = {**ROW, "arc": "2.16.724.1.3.5.8", "family": "natural_person"}
    families = Families.of(load_settings(None, overrides={"certificate_families": [ROW, off]}))
    assert families.family_of([ROW["arc"]]) is Family.REPRESENTATIVE
    assert families.family_of(["2.16.724.1.3.5.8"]) is Family.NATURAL_PERSON
    assert not families.accepts_limited


@pytest.mark.parametrize(
    "rows",
    [
        [{**ROW, "arc": "representative"}],
        [{**ROW, "arc": "1.3.06.1"}],
        [{**ROW, "arc": "1.3"}],
        [{**ROW, "family": "director"}],
        [{**ROW, "source": ""}],
        [{**ROW, "note": "x"}],
        [ROW, ROW],
    ],
)
def test_a_row_that_says_nothing_certain_is_refused(rows: list[dict[str, str]]) -> None:
    with pytest.raises(ConfigurationError, match="certificate_families"):
        load_settings(None, overrides={"certificate_families": rows})
