"""What a catalogue of matters and procedures may say: one bad line refuses all of it, by its number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalogue import CATALOGUE
from notigateway.errors import CatalogueInvalidError
from notigateway.law.catalogue import ENTRIES_MAX, Entry, check_catalogue
from notigateway.law.representation import ItemKind
from notigateway.sandbox.matters import example

MATTER = Entry(kind=ItemKind.MATTER, code="collection", name="Recaudación")
GROUP = Entry(kind=ItemKind.GROUP, code="g", name="Grupo", matter="collection")
PROCEDURE = Entry(kind=ItemKind.PROCEDURE, code="1", name="Trámite", matter="collection", group="g")
OTHER = replace(MATTER, code="contribution")


def problem(*entries: Entry) -> dict[str, object]:
    with pytest.raises(CatalogueInvalidError) as refusal:
        check_catalogue(enumerate(entries, 2))
    return dict(refusal.value.facts)


def test_the_catalogues_of_tests_and_sandbox_are_good() -> None:
    assert check_catalogue(enumerate(CATALOGUE, 1)) == list(CATALOGUE)
    assert check_catalogue(enumerate(example(), 1)) == example()
    assert check_catalogue([(1, PROCEDURE), (2, GROUP), (3, MATTER)]) == [PROCEDURE, GROUP, MATTER]


def test_the_sandbox_marks_every_entry_as_an_example() -> None:
    assert all(entry.name.startswith("EJEMPLO: ") for entry in example())


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (replace(PROCEDURE, code=""), "code"),
        (replace(PROCEDURE, code=" 1"), "code"),
        (replace(PROCEDURE, code="1" * 17), "code"),
        (replace(OTHER, code="m" * 65), "code"),
        (replace(PROCEDURE, name=" "), "name"),
        (replace(PROCEDURE, name="n" * 256), "name"),
        (replace(PROCEDURE, matter=None), "matter"),
        (replace(OTHER, matter="collection"), "matter"),
        (replace(GROUP, code="h", group="g"), "group"),
        (replace(PROCEDURE, matter="nothing"), "matter_unknown"),
        (replace(PROCEDURE, group="nothing"), "group_unknown"),
        (replace(PROCEDURE, matter="contribution"), "group_unknown"),
        (replace(MATTER, name="Otra"), "code_repeated"),
    ],
)
def test_a_bad_line_is_named_by_its_number(entry: Entry, wrong: str) -> None:
    assert problem(MATTER, OTHER, GROUP, entry) == {"line": 5, "problem": wrong}


def test_an_empty_catalogue_and_one_that_never_ends_are_refused() -> None:
    assert problem() == {"line": 0, "problem": "empty"}
    many = [replace(MATTER, code=str(number)) for number in range(ENTRIES_MAX + 1)]
    assert problem(*many) == {"line": ENTRIES_MAX + 2, "problem": "too_many"}
