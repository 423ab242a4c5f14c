"""The one table between our errors and the contract's numbers; the texts are ours.

`docs/errors.md` shows it to integrators, and a test compares both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.contract.problems import coded_texts_of
from notigateway.contract.wscn import Error
from notigateway.errors import (
    AcuseAlgorithmError,
    AcuseAlteredError,
    AcuseEncodingError,
    AcuseExpiredError,
    AcuseInvalidError,
    AcuseOursMissingError,
    AcuseSignatureCountError,
    AcuseSignatureError,
    AcuseSignerError,
    AcuseUnsignedError,
    AlreadyDecidedError,
    CallerUnknownError,
    DocumentDamagedError,
    GatewayError,
    GrantorUnknownError,
    IdentityError,
    InvalidRequestError,
    LapsedError,
    NotAcceptedError,
    NotificationUnknownError,
    NotSignedError,
    RejectedError,
    RoleUnknownError,
    SecurityHeaderMissingError,
    TemporarilyUnavailableError,
    TokenError,
    TokenTypeError,
    TokenUnavailableError,
)
from notigateway.law.lifecycle import State
from notigateway.law.representation import Role

if TYPE_CHECKING:
    from uuid import UUID

SUCCESS: Final = 0
NOT_AVAILABLE: Final = 100

# In the answer of the operation.
FUNCTIONAL: Final[dict[type[GatewayError], int]] = {
    AcuseAlgorithmError: 11,
    AcuseOursMissingError: 13,
    AcuseAlteredError: 14,
    AcuseSignatureCountError: 15,
    AcuseEncodingError: 16,
    AcuseUnsignedError: 20,
    AcuseSignatureError: 22,
    AcuseSignerError: 24,
    RejectedError: 27,
    TemporarilyUnavailableError: NOT_AVAILABLE,
    DocumentDamagedError: NOT_AVAILABLE,
    GrantorUnknownError: 109,
    RoleUnknownError: 112,
    AcuseInvalidError: 119,
    AcuseExpiredError: 119,
    InvalidRequestError: 133,
}
# The same, one number for each capacity.
BY_ROLE: Final[dict[tuple[type[GatewayError], State | None], dict[Role, int]]] = {
    (NotificationUnknownError, None): {Role.OWN: 116, Role.RED: 117, Role.ATTORNEY: 118},
    (AlreadyDecidedError, State.ACCEPTED): {Role.OWN: 135, Role.RED: 138, Role.ATTORNEY: 141},
    (AlreadyDecidedError, State.REJECTED): {Role.OWN: 136, Role.RED: 139, Role.ATTORNEY: 142},
    (LapsedError, None): {Role.OWN: 137, Role.RED: 140, Role.ATTORNEY: 143},
    (NotAcceptedError, None): {Role.OWN: 144, Role.RED: 145, Role.ATTORNEY: 146},
}
# In the fault, because nothing is proven yet; all others are "not available" (100). First match wins.
IN_FAULTS: Final[tuple[tuple[type[GatewayError], int], ...]] = (
    (TokenError, 1),
    (TokenUnavailableError, 1),
    (TokenTypeError, 1),
    (SecurityHeaderMissingError, 2),
    (NotSignedError, 2),
    (IdentityError, 17),
    (CallerUnknownError, 102),
)


def functional_code(error: GatewayError, role: Role) -> int | None:
    """Return the number of an error in an answer; None for one that only a fault can tell."""
    state = error.facts.get("state")
    numbers = BY_ROLE.get((type(error), None if state is None else State(str(state))))
    return FUNCTIONAL.get(type(error)) if numbers is None else numbers[role]


def fault_code(error: GatewayError) -> int:
    """Return the number of an error in a fault."""
    return next((code for family, code in IN_FAULTS if isinstance(error, family)), NOT_AVAILABLE)


def success(correlation_id: UUID, note: str = "") -> Error:
    """Return the outcome of what was done, perhaps with a note."""
    text = f"Operación realizada. {note}".strip()
    return Error(codigo=SUCCESS, descripcion=text, identificador_peticion=str(correlation_id))


def refusal(code: int, error: GatewayError, correlation_id: UUID) -> Error:
    """Return the outcome of what was not: the number, our code and text, and what to quote."""
    return Error(
        codigo=code,
        descripcion=coded_texts_of(error).es,
        identificador_peticion=str(correlation_id),
    )
