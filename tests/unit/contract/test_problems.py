"""The table of texts: one entry for each code, each in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from notigateway.contract.problem_words import PROBLEMS
from notigateway.contract.problems import TEXTS, Texts, coded_texts_of, said_of, texts_of
from notigateway.errors import GatewayError, LapsedError, OutageUnknownError, catalogue
from notigateway.law.powers import invalid_power

ROOT = Path(__file__).parents[3]


def test_every_code_has_texts_and_no_text_is_without_a_code() -> None:
    assert sorted(TEXTS) == sorted(entry.code for entry in catalogue())


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_are_sentences_and_differ(code: str) -> None:
    texts = TEXTS[code]
    for text in (texts.es, texts.en):
        assert text == " ".join(text.split())
        assert text[0].isupper()
        assert text.endswith(".")
    assert texts.es != texts.en


def test_no_two_codes_say_the_same() -> None:
    assert len({texts.es for texts in TEXTS.values()}) == len(TEXTS)
    assert len({texts.en for texts in TEXTS.values()}) == len(TEXTS)


def test_an_error_and_its_class_have_the_same_texts() -> None:
    expected = Texts(
        "Terminó el plazo de diez días naturales: la notificación se entiende rechazada.",
        "The term of ten natural days ended: the notification is deemed rejected.",
    )
    assert texts_of(LapsedError) == texts_of(LapsedError("which one")) == expected


def test_a_text_with_its_code_begins_with_it() -> None:
    coded = coded_texts_of(OutageUnknownError("outage 7"))
    assert coded.en == "[OUTAGE_UNKNOWN] No outage with this identifier is declared."
    assert coded.es == "[OUTAGE_UNKNOWN] No hay ninguna interrupción declarada con este identificador."


def test_a_family_has_no_texts() -> None:
    with pytest.raises(KeyError):
        texts_of(GatewayError)


def test_an_operator_reads_the_detail_or_else_the_text() -> None:
    assert said_of(OutageUnknownError("outage 7")) == "outage 7"
    assert said_of(OutageUnknownError()) == "No outage with this identifier is declared."


def test_a_bare_word_of_the_law_is_followed_by_what_it_says() -> None:
    assert said_of(invalid_power("item", "repeated")) == "item: repeated (it is named twice)"


def test_every_word_that_is_raised_is_explained_and_no_other() -> None:
    raised = {
        word.value
        for file in (ROOT / "src").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        for word in words_of(call)
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }
    assert sorted(raised) == sorted(PROBLEMS)


def words_of(call: ast.Call) -> list[ast.expr]:
    """Return where a call may say a word: `problem=`, or the second argument of what makes such an error."""
    named = [one.value for one in call.keywords if one.arg == "problem"]
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if re.fullmatch(r"_?invalid(_(?!outage)[a-z]+)?", name) and len(call.args) > 1:
        word = call.args[1]
        named += [word.body, word.orelse] if isinstance(word, ast.IfExp) else [word]
    return named


def test_the_words_in_the_documentation_are_these() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    section = text.split("## The words of `problem`")[1].split("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)) == PROBLEMS
