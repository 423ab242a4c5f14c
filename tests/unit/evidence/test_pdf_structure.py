"""What a PDF says that the seal's own key has sealed, and not as the gateway writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notigateway.errors import RenditionInvalidError
from notigateway.evidence.pades import verify_pdf
from vector_keys import holder
from vectors_receipts import structures

if TYPE_CHECKING:
    from vector_kind import Vector

SAID = {
    "form-two-fields": "2 signatures instead of its one seal",
    "form-kids": "signatures instead of its one seal",
    "form-certified-by-another": "the seal is not what certifies the PDF",
    "form-another-range": "the seal does not cover the whole PDF",
    "form-changes-allowed": "the seal allows changes",
    "form-two-attached": "its receipt attached and nothing else",
}


@pytest.mark.parametrize("vector", list(structures()), ids=lambda one: one.name)
def test_what_is_written_otherwise_is_refused_though_the_seal_is_right(vector: Vector) -> None:
    with pytest.raises(RenditionInvalidError, match=SAID[vector.name]):
        verify_pdf(vector.data, seal_certificates=[holder("seal").certificate], timestamp_certificates=[])
