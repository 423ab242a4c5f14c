"""NIF, NAF, CCC and DIR3: their shapes and check digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.law.identifiers import (
    IdentifierError,
    check_ccc,
    check_dir3,
    check_naf,
    check_nif,
    control_digits,
    is_company_nif,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
PROVINCES = st.integers(1, 53).map("{:02d}".format)


@pytest.mark.parametrize(
    ("text", "nif"),
    [
        ("12345678Z", "12345678Z"),
        ("12345678z", "12345678Z"),
        (" 12.345.678-Z ", "12345678Z"),
        ("X0000001R", "X0000001R"),
        ("Y0000001S", "Y0000001S"),
        ("B12345674", "B12345674"),
        ("b-12345674", "B12345674"),
        ("Q2827003A", "Q2827003A"),
        ("K0867756N", "K0867756N"),
    ],
)
def test_a_nif_is_normalised(text: str, nif: str) -> None:
    assert check_nif(text) == nif


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678A",
        "12345678",
        "X0000001T",
        "B12345678",
        "ES12345678Z",
        "123456789",
        "B1234567",
        "12345678ZZ",
        "\uff112345678Z",
        "12345678Z\u200b",
        "ABCDEFGHI",
        "12345678\u017f",
    ],
)
def test_anything_else_is_no_nif_and_is_not_repeated(text: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        check_nif(text)
    assert not text or text not in str(caught.value)


@given(st.integers(0, 99_999_999))
def test_exactly_one_letter_fits_a_dni(number: int) -> None:
    accepted = [letter for letter in LETTERS if _accepts(check_nif, f"{number:08d}{letter}")]
    assert accepted == [LETTERS[number % 23]]


@pytest.mark.parametrize(
    ("nif", "company"), [("B12345674", True), ("12345678Z", False), ("X0000001R", False)]
)
def test_a_company_is_told_from_a_person(nif: str, *, company: bool) -> None:
    assert is_company_nif(nif) is company


@pytest.mark.parametrize(
    ("province", "serial", "control"),
    [("28", "1234567", "42"), ("28", "12345678", "40"), ("28", "01234567", "42"), ("01", "0000001", "28")],
)
def test_control_digits_drop_one_leading_zero_of_the_serial(province: str, serial: str, control: str) -> None:
    assert control_digits(province, serial) == control


@pytest.mark.parametrize(
    ("check", "text", "normalised"),
    [
        (check_naf, "281234567840", "281234567840"),
        (check_naf, "28/12345678/40", "281234567840"),
        (check_naf, "28 01234567 42", "280123456742"),
        (check_ccc, "28123456742", "28123456742"),
        (check_ccc, "28/1234567/42", "28123456742"),
        (check_ccc, "0111 28 1234567 42", "011128123456742"),
        (check_dir3, "E04975301", "E04975301"),
        (check_dir3, "ea0008567", "EA0008567"),
        (check_dir3, "L01280796", "L01280796"),
    ],
)
def test_the_usual_spellings_are_normalised(check: Callable[[str], str], text: str, normalised: str) -> None:
    assert check(text) == normalised
    assert check(normalised) == normalised


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (check_naf, ""),
        (check_naf, "281234567841"),
        (check_naf, "28123456784"),
        (check_naf, "2812345678400"),
        (check_naf, "28123456784\u0660"),
        (check_naf, "28_12345678_40"),
        (check_ccc, ""),
        (check_ccc, "28123456743"),
        (check_ccc, "011128123456743"),
        (check_ccc, "11128123456742"),
        (check_ccc, "2812345674a"),
        (check_dir3, ""),
        (check_dir3, "X04975301"),
        (check_dir3, "E0497530"),
        (check_dir3, "E049753011"),
        (check_dir3, "EAA049753"),
        (check_dir3, "E0497530\uff11"),
    ],
)
def test_anything_else_is_refused(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(IdentifierError):
        check(text)


@given(PROVINCES, st.integers(0, 99_999_999), st.integers(0, 99))
def test_exactly_one_control_fits_a_naf(province: str, serial: int, control: int) -> None:
    right = control_digits(province, f"{serial:08d}")
    fits = _accepts(check_naf, f"{province}{serial:08d}{control:02d}")
    assert fits == (right == f"{control:02d}")


@given(PROVINCES, st.integers(0, 9_999_999), st.sampled_from(["", "0111", "0521"]))
def test_a_ccc_with_the_right_control_is_accepted_with_and_without_regime(
    province: str, serial: int, regime: str
) -> None:
    text = f"{regime}{province}{serial:07d}{control_digits(province, f'{serial:07d}')}"
    assert check_ccc(text) == text


@given(PROVINCES, st.integers(0, 9_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_of_a_ccc_is_noticed(province: str, serial: int, place: int, change: int) -> None:
    digits = f"{province}{serial:07d}"
    text = f"{digits}{control_digits(digits[:2], digits[2:])}"
    wrong = text[:place] + str((int(text[place]) + change) % 10) + text[place + 1 :]
    assert not _accepts(check_ccc, wrong) or place == 2


@given(st.text(max_size=20))
def test_arbitrary_text_is_accepted_or_refused_but_never_breaks(text: str) -> None:
    for check in (check_nif, check_naf, check_ccc, check_dir3):
        try:
            normalised = check(text)
        except IdentifierError:
            continue
        assert normalised.isascii()
        assert normalised.isalnum()


def _accepts(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except IdentifierError:
        return False
    return True
