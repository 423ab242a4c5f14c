"""Whether the seals of stored receipts are known: the present one, and those that were retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.evidence.seals import load_history
from notigateway.evidence.xades import seal_certificate_of
from notigateway.health.finding import Finding, State
from notigateway.repository.engine import reading
from notigateway.repository.receipts import list_outermost_receipts

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.settings import Settings

SEALED: Final = "receipts_sealed"
_AT_EACH_END: Final = 20
_CURE: Final = (
    "put the certificate of each former seal into retired_seals_folder, then run `notigateway check`"
)


def look_at_sealed(engine: Engine, settings: Settings) -> list[Finding]:
    """Find whether the oldest and the latest receipts have a seal that is known; `check` reads all of them.

    Settings that name no seals that can be read are told by themselves.

    Raises: `TemporarilyUnavailableError`.
    """
    try:
        known = {one.certificate for one in load_history(settings)}
    except ConfigurationError:
        return []
    with reading(engine) as session:
        receipts = list_outermost_receipts(session, count=_AT_EACH_END)
    unknown = sum(_is_of_another(one, known) for one in receipts)
    if not unknown:
        said = f"receipts looked at: {len(receipts)}, each with a known seal"
        return [Finding(SEALED, State.OK, said)]
    said = f"receipts looked at: {len(receipts)}, with a seal that is not known: {unknown}"
    return [Finding(SEALED, State.FAILED, said, _CURE, {"unknown": unknown})]


def _is_of_another(receipt: bytes, known: set[Certificate]) -> bool:
    """Tell whether a receipt names another seal than these, or none that can be read."""
    try:
        return seal_certificate_of(receipt) not in known
    except ValueError:
        return True
