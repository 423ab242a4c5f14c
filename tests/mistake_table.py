"""`docs/explain.md`: every cause that is known, and how the corpus of mistakes is told.

`unit/explaining/test_corpus.py` compares; it never writes. After a mistake has come or gone:

    cd tests && ../.venv/bin/python -m mistake_table --write
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explained import told_of
from mistake_corpus import MISTAKES
from mistakes import SHAPES, made
from notigateway.explaining.binding import REMARKS
from notigateway.explaining.cause import Certainty
from notigateway.explaining.causes import KNOWN

if TYPE_CHECKING:
    from notigateway.explaining.explanation import Explanation

DOCUMENT: Final = Path(__file__).parents[1] / "docs/explain.md"
_HEAD: Final = """\
# What `notigateway explain` knows

Every mistake for which it has words, by where it is made; how to ask is told in
[integration.md](integration.md#when-a-message-is-refused). A cause is told as

* **sure**, where the mistake was made again, or undone, and then the digest, the signature or
the schema agrees; that something can be read once it is undone is not enough;
* **seen**, where it stands in the message;
* **likely**, where it is a guess. So are the sure ones where several mistakes give the same octets.

{summary}
In the Social Security's contract (WSCN) the service may refuse for another reason first: it asks whether it
knows the caller (`CALLER_UNKNOWN`) before it reads the arguments; no register is looked at here.
Right requests of every client get none. Two mistakes in one message make none sure that is not there.
`tests/mistake_corpus.py` makes them, and this page is made from what is then said; a test compares.

"""
_REMARKS: Final = """\
## Remarks

No reason to refuse a message: what is not as good in it as it could be.

| remark | what is the matter | what to do |
|---|---|---|
"""


@dataclass
class Result:
    """What came of the corpus: of how many messages, and what was told of each cause."""

    messages: int = 0
    named: int = 0
    false: int = 0
    told_as: dict[str, set[Certainty]] = field(default_factory=lambda: defaultdict(set))


def asserted(told: Explanation) -> set[str]:
    """Return the causes that are told as more than a guess."""
    return {cause.name for cause in told.causes if cause.certainty is not Certainty.LIKELY}


def play() -> Result:
    """Make every mistake from every shape, and look at what is told."""
    result = Result()
    for mistake in MISTAKES:
        for shape in mistake.shapes:
            told = told_of(made(mistake, shape=shape), way=mistake.way)
            result.messages += 1
            result.named += any(cause.name == mistake.cause for cause in told.causes)
            result.false += len(asserted(told) - {mistake.cause, *mistake.also})
            for cause in told.causes:
                result.told_as[cause.name].add(cause.certainty)
    return result


def document() -> str:
    """Return the whole page."""
    result = play()
    causes = [known for rows in KNOWN.values() for known in rows]
    told = [known for known in causes if result.told_as[known.name]]
    summary = (
        f"**{len(causes)}** causes are known. The corpus makes mistakes in right requests of {len(SHAPES)} "
        f"clients ({', '.join(SHAPES)}):\n**{result.messages}** messages, named right **{result.named}**, "
        f"falsely asserted **{result.false}**. **{len(told)}** causes are told there; for the other "
        f"**{len(causes) - len(told)}** the last\ncolumn is empty: they are not made in the corpus."
    )
    pieces = [_HEAD.format(summary=summary)]
    for title, rows in KNOWN.items():
        pieces.append(
            f"## {title}\n\n| cause | what is the matter | what to do | told as |\n|---|---|---|---|\n"
        )
        for known in rows:
            told_as = ", ".join(one.value for one in Certainty if one in result.told_as[known.name])
            cells = (f"`{known.name}`", known.words, known.cure, told_as)
            line = " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
            pieces.append(f"| {line} |\n")
        pieces.append("\n")
    pieces.append(_REMARKS)
    pieces.extend(f"| `{one.name}` | {one.words} | {one.cure} |\n" for one in REMARKS)
    return "".join(pieces).rstrip("\n") + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m mistake_table --write")
    DOCUMENT.write_text(document(), "utf-8")
