"""The tables of `docs/scenarios.md`: which scenario shows which rule and which code, and what verbs take.

`unit/sandbox/test_scenario_table.py` compares; it never writes. After a scenario or a verb has changed:

    cd tests && ../.venv/bin/python -m scenario_table --write
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notigateway.sandbox.calling.acuses import WRONG_ACUSES
from notigateway.sandbox.calling.wrongs import WRONGS
from notigateway.sandbox.verbs.play import all_scenarios
from notigateway.sandbox.verbs.tuning import EMPTIED, SETTABLE
from notigateway.sandbox.verbs.verb import verbs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notigateway.sandbox.calling.acuses import WrongAcuse
    from notigateway.sandbox.calling.wrongs import Wrong
    from notigateway.sandbox.verbs.play import Scenario

_DOCS: Final = Path(__file__).parents[1] / "docs"
DOCUMENT: Final = _DOCS / "scenarios.md"
_ANY: Final = "[settings](#settings) by their names"
_RULE: Final = re.compile(r"^\| (R\d+[a-z]?) \| (.+?) \|", re.MULTILINE)
_CODE: Final = re.compile(r"</a>`([A-Z0-9_]+)` \| ([^|]+) \|")


def rules() -> list[str]:
    """Return the rules of `docs/lifecycle.md`, in their order."""
    return [found[1] for found in _RULE.finditer((_DOCS / "lifecycle.md").read_text("utf-8"))]


def codes() -> list[str]:
    """Return the codes of `docs/errors.md` that some caller can read: not those of the tools alone."""
    found = _CODE.finditer((_DOCS / "errors.md").read_text("utf-8"))
    return [one[1] for one in found if one[2].strip() != "tools"]


def showing(what: str) -> list[Scenario]:
    """Return the scenarios that show a rule or a code."""
    return [one for one in all_scenarios() if what in one.shows]


def ordered(scenario: Scenario) -> frozenset[str]:
    """Return the codes that a scenario does not bring about, but orders as faults."""
    faults = (step.members for step in scenario.steps if step.verb == "fault")
    return frozenset(str(one["code"]) for one in faults if one.get("kind") == "fault")


def tables() -> dict[str, str]:
    """Return what stands between the marks of the document, by their names."""
    return {
        "verbs": _table(("verb", "what happens", "members"), _verbs()),
        "wrongs": _table(("`wrong`", "code", "what is wrong"), _wrongs(WRONGS)),
        "acuses": _table(("`wrong`", "code", "what is wrong"), _wrongs(WRONG_ACUSES)),
        "settings": ", ".join(f"`{one}`" for one in (*SETTABLE, *EMPTIED)) + ".\n",
        "rules": _table(("rule", "scenarios"), ((one, _names(one)) for one in rules())),
        "codes": _table(("code", "scenarios", "how"), _codes()),
        "titles": _table(
            ("scenario", "what it tells"), ((f"`{one.name}`", one.title) for one in all_scenarios())
        ),
    }


def _verbs() -> Iterator[Sequence[str]]:
    for one in verbs().values():
        takes = [f"`{name}`: {text}" for name, text in (one.takes or {}).items()]
        yield f"`{one.name}`", one.title, " · ".join(takes) if takes or one.takes is not None else _ANY


def _wrongs(kinds: dict[str, Wrong] | dict[str, WrongAcuse]) -> Iterator[Sequence[str]]:
    for name, one in kinds.items():
        yield f"`{name}`", f"`{one.code}`", one.title


def _codes() -> Iterator[Sequence[str]]:
    for code in codes():
        is_ordered = all(code in ordered(one) for one in showing(code))
        yield f"[`{code}`](errors.md#{code.lower()})", _names(code), "ordered" if is_ordered else "real"


def _names(what: str) -> str:
    return ", ".join(f"`{one.name}`" for one in showing(what))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(one)} |\n" for one in lines)


def written(text: str) -> str:
    """Return the document with its tables as they are now."""
    for name, table in tables().items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, _, rest = text.partition(begin)
        text = head + begin + table + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m scenario_table --write")
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
