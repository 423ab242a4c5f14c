"""The one table between our errors and the contract's numbers; the texts are ours.

`docs/errors.md` shows it to integrators, and a test compares both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway import errors
from notigateway.contract.problems import coded_texts_of
from notigateway.contract.wscn import Error
from notigateway.law.lifecycle import State
from notigateway.law.representation import Role

if TYPE_CHECKING:
    from uuid import UUID

SUCCESS: Final = 0
NOT_AVAILABLE: Final = 100

# In the answer of the operation.
FUNCTIONAL: Final[dict[type[errors.GatewayError], int]] = {
    errors.AcuseAlgorithmError: 11,
    errors.AcuseOursMissingError: 13,
    errors.AcuseAlteredError: 14,
    errors.AcuseSignatureCountError: 15,
    errors.AcuseEncodingError: 16,
    errors.AcuseUnsignedError: 20,
    errors.AcuseSignatureError: 22,
    errors.AcuseSignerError: 24,
    errors.RejectedError: 27,
    errors.TemporarilyUnavailableError: NOT_AVAILABLE,
    errors.DocumentDamagedError: NOT_AVAILABLE,
    errors.GrantorUnknownError: 109,
    errors.RoleUnknownError: 112,
    errors.AcuseInvalidError: 119,
    errors.AcuseExpiredError: 119,
    errors.InvalidRequestError: 133,
}
# The same, one number for each capacity.
BY_ROLE: Final[dict[tuple[type[errors.GatewayError], State | None], dict[Role, int]]] = {
    (errors.NotificationUnknownError, None): {Role.OWN: 116, Role.RED: 117, Role.ATTORNEY: 118},
    (errors.AlreadyDecidedError, State.ACCEPTED): {Role.OWN: 135, Role.RED: 138, Role.ATTORNEY: 141},
    (errors.AlreadyDecidedError, State.REJECTED): {Role.OWN: 136, Role.RED: 139, Role.ATTORNEY: 142},
    (errors.LapsedError, None): {Role.OWN: 137, Role.RED: 140, Role.ATTORNEY: 143},
    (errors.NotAcceptedError, None): {Role.OWN: 144, Role.RED: 145, Role.ATTORNEY: 146},
}
# In the fault, because nothing is proven yet; all others are "not available" (100). First match wins.
IN_FAULTS: Final[tuple[tuple[type[errors.GatewayError], int], ...]] = (
    (errors.TokenError, 1),
    (errors.TokenUnavailableError, 1),
    (errors.TokenTypeError, 1),
    (errors.SecurityHeaderMissingError, 2),
    (errors.NotSignedError, 2),
    (errors.IdentityError, 17),
    (errors.CallerUnknownError, 102),
)


def functional_code(error: errors.GatewayError, role: Role) -> int | None:
    """Return the number of an error in an answer; None for one that only a fault can tell.

    An answer is entered, in the database: when that is away there is none, and the message stays unused.
    """
    if isinstance(error, errors.TemporarilyUnavailableError) and error.part is errors.Part.DATABASE:
        return None
    state = error.facts.get("state")
    numbers = BY_ROLE.get((type(error), None if state is None else State(str(state))))
    return FUNCTIONAL.get(type(error)) if numbers is None else numbers[role]


def fault_code(error: errors.GatewayError) -> int:
    """Return the number of an error in a fault."""
    return next((code for family, code in IN_FAULTS if isinstance(error, family)), NOT_AVAILABLE)


def numbers_of(error: type[errors.GatewayError]) -> tuple[int, ...]:
    """Return every number that an error may have here: in answers, or in a fault another than 100."""
    numbers = {FUNCTIONAL[error]} if error in FUNCTIONAL else set()
    numbers.update(number for family, number in IN_FAULTS if issubclass(error, family))
    for (kind, _), of_roles in BY_ROLE.items():
        if kind is error:
            numbers.update(of_roles.values())
    return tuple(sorted(numbers))


def success(correlation_id: UUID, note: str = "") -> Error:
    """Return the outcome of what was done, perhaps with a note."""
    text = f"Operación realizada. {note}".strip()
    return Error(codigo=SUCCESS, descripcion=text, identificador_peticion=str(correlation_id))


def refusal(code: int, error: errors.GatewayError, correlation_id: UUID, note: str = "") -> Error:
    """Return the outcome of what was not: the number, our code and text, perhaps a note, what to quote."""
    return Error(
        codigo=code,
        descripcion=f"{coded_texts_of(error).es} {note}".strip(),
        identificador_peticion=str(correlation_id),
    )
