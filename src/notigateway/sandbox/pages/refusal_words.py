"""What the pages say of refusals: by the sandbox's own codes, and by the gateway's with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import HTTPException

from notigateway.contract.cures import CURES
from notigateway.contract.problems import texts_of
from notigateway.errors import GatewayError
from notigateway.sandbox.occupancy import OccupiedError
from notigateway.sandbox.refusals import BusyError, RefusedError, SandboxError
from notigateway.sandbox.steps import class_of

# Spanish, English: what a code means. The detail that the sandbox gives besides is English.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "INVALID": ("Algo de lo escrito no es válido.", "Something that was typed is not valid."),
    "MEDIA_TYPE": (
        "Aquí solo se aceptan JSON y, para restaurar, archivos ZIP.",
        "Only JSON is taken here, and ZIP archives to restore.",
    ),
    "HOST_NOT_OURS": ("El sandbox no responde a ese nombre.", "The sandbox does not answer to that name."),
    "TOKEN_MISSING": (
        "Este sandbox escucha más allá de esta máquina: pide su clave de acceso.",
        "This sandbox listens beyond this machine: it asks for its token.",
    ),
    "FORM_NOT_OURS": (
        "El formulario no procede de una página abierta de este sandbox.",
        "The form does not come from an open page of this sandbox.",
    ),
    "UNKNOWN": ("No existe, o ya no existe.", "There is no such thing, or not any more."),
    "LACKING": (
        "Aún no existe aquello sobre lo que trataría la petición.",
        "What the request would be about is not there yet.",
    ),
    "SCENARIO_UNKNOWN": ("No hay ningún escenario con ese nombre.", "There is no scenario of that name."),
    "SCENARIO_DIFFERS": (
        "Un paso del escenario dio otro resultado del que anuncia; lo anterior ha ocurrido.",
        "A step of the scenario came to something else than it says; what was before it has happened.",
    ),
    "WORLD_EXISTS": ("Ya hay un mundo con ese nombre.", "There is a world of that name already."),
    "NOT_FRESH": (
        "El reloj solo se atrasa en un mundo en el que aún no ha pasado nada, y con un motivo.",
        "A clock goes back only in a world where nothing has happened yet, and for a reason.",
    ),
    "CLOCK_OUT_OF_RANGE": (
        "Los certificados del sandbox no llegan hasta esa fecha.",
        "The certificates of the sandbox do not reach that far.",
    ),
    "NOT_HERE": (
        "Este sandbox no puede hacerlo: tiene varios procesos, una base de datos aparte o ya 64 mundos.",
        "This sandbox cannot do that: it has several workers, a database of its own server, or 64 worlds.",
    ),
    "NOT_REACHED": ("Lo esperado no llegó a tiempo.", "What was waited for did not come in time."),
    "BUSY": (
        "Mundo ocupado: responde, mueve su reloj, sigue un escenario o se rehace. Inténtelo de nuevo.",
        "The world is busy: it answers, moves its clock, plays a scenario or is made anew. Try again.",
    ),
    "SNAPSHOT_INVALID": ("El archivo no es la copia de un mundo.", "The file is no snapshot of a world."),
    "SNAPSHOT_TOO_LARGE": (
        "El mundo es demasiado grande para una copia.",
        "The world is too large for a snapshot.",
    ),
    "SNAPSHOT_OF_ANOTHER_VERSION": (
        "La copia es de otra versión del programa.",
        "The snapshot is of another version of the program.",
    ),
}
_OTHERWISE: Final = (
    "El sandbox no ha podido hacerlo; el motivo está en su registro.",
    "The sandbox could not do it; its log says why.",
)
_NO_PAGE: Final = ("No hay ninguna página en esa dirección.", "There is no page at that address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a page says of a refusal; `detail` is English, `cure` in both languages where there is one."""

    code: str
    status: int
    es: str
    en: str
    detail: str = ""
    cure_es: str = ""
    cure_en: str = ""


def said_of(error: Exception) -> Said:
    """Return what is said of an error."""
    if isinstance(error, OccupiedError):
        error = BusyError(str(error))
    if isinstance(error, RefusedError):
        return said_of_code(error.gateway_code, status=error.status, detail=error.detail)
    if isinstance(error, SandboxError):
        es, en = WORDS.get(error.code, _OTHERWISE)
        return Said(code=error.code, status=error.status, es=es, en=en, detail=error.detail)
    if isinstance(error, GatewayError):
        status = 503 if error.retryable else 422
        return said_of_code(error.code, status=status, detail=error.detail)
    if isinstance(error, HTTPException):
        es, en = _NO_PAGE if error.code == 404 else _OTHERWISE  # noqa: PLR2004
        code = (error.name or "refused").upper().replace(" ", "_")
        return Said(code=code, status=error.code or 500, es=es, en=en)
    es, en = _OTHERWISE
    return Said(code="INTERNAL_ERROR", status=500, es=es, en=en)


def said_of_code(code: str, *, status: int = 200, detail: str = "") -> Said:
    """Return what the catalogue says of a code of the gateway: its text, and what to do."""
    entry = class_of(code)
    if entry is None:
        return Said(code=code, status=status, es="", en="", detail=detail)
    texts, cure = texts_of(entry), CURES[code]
    return Said(
        code=code,
        status=status,
        es=texts.es,
        en=texts.en,
        detail=detail,
        cure_es=cure.es,
        cure_en=cure.en,
    )
