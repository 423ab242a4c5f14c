"""The vectors of the specification: made anew they are the same, and each comes to what it says."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from notigateway.errors import ConfigurationError
from notigateway.evidence import bundle
from notigateway.evidence.algorithms import load_algorithms
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from vector_evidence import small
from vector_pieces import joined
from vector_seals import zip_of
from vectors import ROOT, everything

if TYPE_CHECKING:
    from notigateway.verifier.pins import Trust

INDEX: list[dict[str, Any]] = json.loads((ROOT / "vectors.json").read_bytes())["vectors"]
DOCUMENTS = [ROOT.parents[1] / "docs" / name for name in ("verifying.md", "verifying-log.md")]
MOST_BYTES = 1_500_000
# V3; whoever does not prove who signed cannot tell whether that certificate was good.
STEP_CAPABILITIES = [
    ("schema",),
    ("caller's signature", "signer's status"),
    ("signer's status",),
    ("form",),
    ("renewed heads",),
]


@cache
def trusted(folder: str) -> Trust:
    return load_trust(ROOT / folder)


def _read(said: dict[str, Any]) -> None:
    trusted(said["trust"])
    if said["algorithms"] is not None:
        load_algorithms(ROOT / said["algorithms"])


def test_made_anew_every_byte_is_the_same() -> None:
    made = everything()
    found = {
        file.relative_to(ROOT).as_posix(): file.read_bytes() for file in ROOT.rglob("*") if file.is_file()
    }
    assert set(found) - set(made) == {"README.md"}
    differing = [name for name, content in made.items() if found.get(name) != content]
    assert not differing, "run `make vectors`"
    assert sum(map(len, found.values())) <= MOST_BYTES


@pytest.mark.parametrize("said", INDEX, ids=[one["name"] for one in INDEX])
def test_each_step_comes_to_what_the_vector_says(said: dict[str, Any]) -> None:
    stored = (ROOT / said["file"]).read_bytes()
    request, algorithms = said["request"], said["algorithms"]
    if not said["steps"]:
        assert said["outcome"] == "indeterminate"
        with pytest.raises(ConfigurationError):
            _read(said)
        return
    report = verify(
        stored if said["pieces"] is None else joined(stored, said["pieces"]),
        trust=trusted(said["trust"]),
        at=datetime.fromisoformat(said["at"]),
        required_level=said["require_level"],
        request=None if request is None else (ROOT / request).read_bytes(),
        algorithms=None if algorithms is None else load_algorithms(ROOT / algorithms),
        require_witnesses=said["require_witnesses"],
    )
    assert {one.name: str(one.outcome) for one in report.steps} == said["steps"], report
    assert report.outcome == said["outcome"]
    assert (said["rule"] is None) is (said["outcome"] == "passed")


@pytest.mark.parametrize("lacking", STEP_CAPABILITIES, ids=lambda names: names[0])
def test_who_lacks_a_step_is_told_where_the_outcome_may_differ(lacking: tuple[str, ...]) -> None:
    for said in (one for one in INDEX if one["steps"]):
        rest = {outcome for name, outcome in said["steps"].items() if name not in lacking}
        found = next((one for one in ("failed", "indeterminate") if one in rest), "passed")
        assert found == said["outcome"] or set(lacking) & set(said["needs"]), said["name"]


def test_the_rules_that_vectors_name_are_in_the_specification() -> None:
    text = "\n".join(one.read_text("utf-8") for one in DOCUMENTS)
    rules = re.findall(r"^- \*\*(V[0-9]+)\*\*", text, re.MULTILINE)
    assert len(rules) == len(set(rules))
    assert {one["rule"] for one in INDEX} - {None} <= set(rules)
    names = [one["name"] for one in INDEX]
    assert len(names) == len(set(names))


def test_a_bundle_by_the_specification_is_the_one_that_the_gateway_writes() -> None:
    files = small().all_files()
    assert bundle.write(files) == zip_of(files.items())
