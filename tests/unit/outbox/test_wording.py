"""A notice says what identifies a notification, in one line each, and nothing of what it holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from notigateway.law.contacts import NoticeKind, NoticeLanguage
from notigateway.outbox.wording import Telling, write

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
DEADLINE = datetime(2026, 6, 11, 22, tzinfo=UTC)
ONE = Telling(
    kind=NoticeKind.AVAILABLE,
    at=AT,
    deadline=DEADLINE,
    addressee="B12345674",
    addressee_name="Conservas del Norte SL",
    subject="Reclamación de deuda",
    reference="ACT-1",
    body="Tesorería General de la Seguridad Social",
)
RED = Telling(
    kind=NoticeKind.RED_ENDED,
    at=AT,
    addressee="B12345674",
    addressee_name="Conservas del Norte SL",
    holder="A28000016",
    holder_name="Gestoría",
    what="123456 / 28123456742",
)


def test_a_notice_identifies_the_notification() -> None:
    words = write([ONE], NoticeLanguage.SPANISH)
    assert words.subject == "Notificación puesta a disposición: Conservas del Norte SL"
    for said in (
        "  Destinatario: Conservas del Norte SL (B12345674)",
        "  Organismo: Tesorería General de la Seguridad Social",
        "  Asunto: Reclamación de deuda",
        "  Referencia: ACT-1",
        "  Puesta a disposición: 01/06/2026 12:00 (Europe/Madrid)",
        "  Último día del plazo: 11/06/2026",
        "no produce efectos",
    ):
        assert said in words.text


@pytest.mark.parametrize("language", list(NoticeLanguage))
def test_no_notice_holds_a_link_but_the_operators_page(language: NoticeLanguage) -> None:
    page = "https://example.org/avisos"
    for tellings in ([ONE], [RED], [ONE, RED]):
        assert "://" not in write(tellings, language).text
        assert set(re.findall(r"\S*://\S*", write(tellings, language, page=page).text)) == {page}


@pytest.mark.parametrize("language", list(NoticeLanguage))
def test_of_special_categories_only_neutral_words_are_told(language: NoticeLanguage) -> None:
    words = write([replace(ONE, is_special=True)], language)
    assert "Reclamación" not in words.subject + words.text
    assert "ACT-1" in words.text


def test_a_text_that_looks_like_lines_stays_one() -> None:
    words = write([replace(ONE, subject="x\n  Asunto: y", addressee_name="A\r\nBcc: z")], NoticeLanguage.BOTH)
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "  Asunto: x Asunto: y" in words.text


def test_several_are_grouped_and_counted_in_both_languages() -> None:
    words = write([ONE, RED, replace(ONE, kind=NoticeKind.DEADLINE)], NoticeLanguage.BOTH)
    assert words.subject == "Avisos de notificaciones electrónicas: 3"
    assert "Notificación puesta a disposición (1)" in words.text
    assert "Notification put at disposal (1)" in words.text
    assert words.text.index("Se acerca") < words.text.index("Notificación puesta")


def test_the_end_of_a_title_says_its_effects() -> None:
    text = write([RED], NoticeLanguage.ENGLISH).text
    assert "RED-authorised person: Gestoría (A28000016)" in text
    assert "until another RED-authorised person is assigned" in text
