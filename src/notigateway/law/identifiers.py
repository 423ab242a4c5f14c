"""The identifiers of Spanish administration: NIF, NAF, CCC and DIR3, with their check digits.

Each `check_` function returns the normalised form (upper case, without separators) or raises. An
error never repeats the text: it may come from a stranger.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum.es import nif as stdnum_nif
from stdnum.es.cif import calc_check_digits
from stdnum.exceptions import ValidationError

# Spaces, hyphens, dots and slashes are how people group the digits on paper.
_SEPARATORS: Final = re.compile(r"[ .\-/]")
_NIF: Final = re.compile(r"[0-9A-Z][0-9]{7}[0-9A-Z]", re.ASCII)
_NAF: Final = re.compile(r"([0-9]{2})([0-9]{8})([0-9]{2})", re.ASCII)
_CCC: Final = re.compile(r"([0-9]{4})?([0-9]{2})([0-9]{7})([0-9]{2})", re.ASCII)
# A letter for the kind of administration (E state, A autonomous community, L local, U university,
# I other institution, J justice, G economic management, O office), and a letter or a digit, then
# seven digits: E04975301, EA0008567, L01280796. DIR3 has no check digit.
_DIR3: Final = re.compile(r"[EALUIJGO][A-Z0-9][0-9]{7}", re.ASCII)
_AUTHORISATION: Final = re.compile(r"[0-9]{1,8}", re.ASCII)


class IdentifierError(ValueError):
    """A text is not the identifier that it should be."""


def check_nif(text: str) -> str:
    """Return the normalised NIF of a person or company: DNI, NIE, K/L/M or CIF, nine characters.

    Raises: `IdentifierError` for another shape or a wrong check character.
    """
    number = _compact(text)
    if _NIF.fullmatch(number) is None:
        raise IdentifierError("a NIF has nine letters and digits")
    try:
        stdnum_nif.validate(number)
    except ValidationError as error:
        raise IdentifierError("the check character of the NIF is wrong") from error
    return number


def company_nif(number: int) -> str:
    """Return the NIF of the limited company (letter B) with that number of seven digits."""
    digits = f"B{number:07}"
    return digits + calc_check_digits(digits)[0]


def is_company_nif(nif: str) -> bool:
    """Tell whether a normalised NIF belongs to a legal entity (CIF) rather than a natural person."""
    return nif[0] in "ABCDEFGHJNPQRSUVW"


def check_naf(text: str) -> str:
    """Return the normalised Social Security affiliation number of a person: twelve digits.

    Raises: `IdentifierError`.
    """
    match = _NAF.fullmatch(_compact(text))
    if match is None:
        raise IdentifierError("a NAF has twelve digits")
    _check_control(match[1], match[2], match[3])
    return match[0]


def check_ccc(text: str) -> str:
    """Return the normalised contribution account code of a company: eleven digits.

    With the four-digit regime in front, when it is quoted with one: fifteen.

    Raises: `IdentifierError`.
    """
    match = _CCC.fullmatch(_compact(text))
    if match is None:
        raise IdentifierError("a CCC has eleven digits, or fifteen with its regime")
    _check_control(match[2], match[3], match[4])
    return match[0]


def check_dir3(text: str) -> str:
    """Return the normalised DIR3 code of a public body: nine characters.

    Raises: `IdentifierError`.
    """
    code = _compact(text)
    if _DIR3.fullmatch(code) is None:
        raise IdentifierError("a DIR3 code has a letter, a letter or digit, and seven digits")
    return code


def check_authorisation(text: str) -> str:
    """Return the normalised number of a RED authorisation: its digits, without the zeros in front.

    It has no check digit; files of the RED system write it in eight places. Raises: `IdentifierError`.
    """
    number = _compact(text).lstrip("0")
    if _AUTHORISATION.fullmatch(number) is None:
        raise IdentifierError("the number of a RED authorisation has one to eight digits")
    return number


def control_digits(province: str, serial: str) -> str:
    """Return the two control digits that a NAF or CCC with this province and serial ends in.

    Province and serial as one number, modulo 97; a serial that starts with 0 loses that one 0 first.
    """
    return f"{int(province + serial.removeprefix('0')) % 97:02d}"


def _check_control(province: str, serial: str, control: str) -> None:
    if control_digits(province, serial) != control:
        raise IdentifierError("the control digits are wrong")


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text.strip()).upper()
