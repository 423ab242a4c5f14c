"""The time-stamps on the seal of a receipt: each that verifies says since when the seal exists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notigateway.errors import StampInvalidError
from notigateway.evidence.timestamp import check_not_before_seal, embedded_certificates, read_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from notigateway.evidence.additions import Held
    from notigateway.evidence.timestamp import Stamp


def stamps_on_seal(held: Held, authorities: Sequence[x509.Certificate]) -> list[tuple[int, Stamp]]:
    """Return what the time-stamps on a seal say, each with its place among the unsigned properties.

    In our one spelling there is one, and it must verify. Where others have added some, those of the
    authorities count that verify; the others count for nothing, and hinder nothing beside one that does.
    Where nobody is pinned, it is by whoever made it. All rely on SHA-256 too, whatever they hash themselves:
    the seal that they are about hangs on the content by it.

    Raises: `StampInvalidError` where there are some and none verifies.
    """
    found: list[tuple[int, Stamp]] = []
    wrong: StampInvalidError | None = None
    for token in held.tokens(authorities):
        try:
            stampers = authorities or embedded_certificates(token.data)
            stamp = read_stamp(token.data, imprint=token.imprint, authorities=stampers)
            check_not_before_seal(held.original, stamp.at)
        except StampInvalidError as error:
            wrong = wrong or error
        else:
            found.append((token.place, replace(stamp, algorithms=stamp.algorithms | {"SHA-256"})))
    if wrong is not None and not found:
        raise wrong
    return found
