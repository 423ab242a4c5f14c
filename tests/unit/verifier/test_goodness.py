"""What strangers put beside evidence as certificates of authorities: it hinders nothing that is right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.existence import Judgement
from notigateway.evidence.validation_data import ValidationData
from notigateway.verifier.goodness import Goodness
from pki import NOW, crl, pki

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.pki.keys import KeyPair

LISTS = [
    crl(by, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(days=30))
    for by in (pki().issuing, pki().root)
]


def der(pair: KeyPair) -> bytes:
    return pair.certificate.public_bytes(Encoding.DER)


def shown(certificates: Sequence[bytes]) -> str:
    """Return who says that the seal was good, by these certificates of authorities."""
    data = ValidationData(list(certificates), LISTS)
    anchors = [pki().root.certificate]
    judgement = Judgement(NOW, known_algorithms())
    goodness = Goodness(data, data, beside=[], anchors=anchors, judgement=judgement)
    goodness.check_not_revoked(pki().seal.certificate, NOW)
    return goodness.check(pki().seal.certificate, NOW)


@pytest.mark.parametrize("which", ["issuing", "root"])
def test_a_certificate_that_is_damaged_anywhere_hinders_nothing_behind_it(which: str) -> None:
    genuine = [der(pki().issuing), der(pki().root)]
    wanted = shown(genuine)
    whole = der(getattr(pki(), which))
    for place, octet in enumerate(whole):
        for bit in (place % 8, 5):
            damaged = whole[:place] + bytes([octet ^ 1 << bit]) + whole[place + 1 :]
            assert shown([damaged, *genuine]) == wanted, (place, bit)
