"""The table of texts: one entry for each code, each in both languages."""

from __future__ import annotations

import pytest

from notigateway.contract.problems import TEXTS, Texts, coded_texts_of, said_of, texts_of
from notigateway.errors import GatewayError, LapsedError, OutageUnknownError, catalogue


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
