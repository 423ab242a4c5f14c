"""What others may append to a sealed PDF: validation data and document time-stamps, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import RenditionInvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from notigateway.evidence.pdf_seal import PdfSeal
    from notigateway.evidence.timestamp import Stamp


def check_additions(
    data: bytes,
    seal: PdfSeal,
    *,
    authorities: Sequence[Certificate],  # noqa: ARG001  (nothing may be appended)
) -> list[Stamp]:
    """Check what stands behind the part that a proven seal covers; return its time-stamps, the oldest first.

    Raises: `RenditionInvalidError`.
    """
    raise RenditionInvalidError(
        f"the seal does not cover the whole PDF: {len(data) - seal.covered} bytes more"
    )
