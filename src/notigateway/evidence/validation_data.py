"""What a seal and its time-stamp are validated by when their issuers no longer answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ValidationData:
    """Certificates of seal and authority up to their anchors, and what says that they were good, in DER.

    `revocation_lists` are CRLs, `status_answers` whole OCSP responses.
    """

    certificates: Sequence[bytes]
    revocation_lists: Sequence[bytes] = ()
    status_answers: Sequence[bytes] = ()

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.certificates or self.revocation_lists or self.status_answers)
