"""What a raised receipt holds to be validated by: certificates, lists and answers, as they stand in it.

Nothing of it is proven here, and whoever has put it in is not asked: a list counts by the signature of the
authority that it is of.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from notigateway.evidence.additions import XADES_141
from notigateway.evidence.template import XADES
from notigateway.evidence.validation_data import ValidationData
from notigateway.wss.ns import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

# Of each kind, and far more than two paths need: those behind are not read.
VALUES_AT_MOST: Final = 64
_xades, _xades_141 = names_in(XADES), names_in(XADES_141)
_HOLDING_VALUES: Final = frozenset(
    {
        _xades("CertificateValues"),
        _xades("RevocationValues"),
        _xades_141("TimeStampValidationData"),
        _xades_141("AnyValidationData"),
    }
)


def embedded_values(properties: Iterable[_Element]) -> ValidationData:
    """Return the values of unsigned properties, each once; what is no base64 is left out."""
    holding = [one for one in properties if one.tag in _HOLDING_VALUES]

    def values(name: str) -> list[bytes]:
        found = dict.fromkeys(one for each in holding for one in _values(each, _xades(name)))
        return list(found)[:VALUES_AT_MOST]

    return ValidationData(
        values("EncapsulatedX509Certificate"), values("EncapsulatedCRLValue"), values("EncapsulatedOCSPValue")
    )


def _values(element: _Element, tag: str) -> Iterator[bytes]:
    for one in element.iter(tag):
        try:
            yield base64.b64decode("".join((one.text or "").split()), validate=True)
        except ValueError:
            continue
