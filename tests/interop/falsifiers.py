"""The answers that the service has not signed, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop.hostile import altered, signed_by, stripped, wrapped_in_body, wrapped_in_header

if TYPE_CHECKING:
    from interop.anothers import Kind

FALSIFIERS: Final[dict[str, Kind]] = {
    "altered": lambda _: altered,
    "wrapped in the header": lambda _: wrapped_in_header,
    "wrapped in the body": lambda _: wrapped_in_body,
    "stripped": lambda _: stripped,
    "signed by another": lambda pki: signed_by(pki.holder("company")),
}
