"""The words of the report of a day, Spanish and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = ("es", "en")
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Notificaciones del día", "Notifications of the day"),
    "archive": ("Archivo", "Archive"),
    "made": ("Hecho el", "Made on"),
    "zone": ("Horas de Madrid.", "Times of Madrid."),
    "corrections": ("Correcciones", "Corrections"),
    "corrections_note": (
        "Decide un hecho anterior, comunicado después. Los plazos de recurso se cuentan desde él.",
        "An earlier event decides, which was reported later. Terms of appeal run from it.",
    ),
    "failures": ("Fallos", "Failures"),
    "failures_note": (
        "No se ha podido archivar. La siguiente descarga lo intenta de nuevo.",
        "This could not be archived. The next pull tries again.",
    ),
    "lapsed": ("Caducadas ese día", "Lapsed that day"),
    "lapsed_note": (
        "Nadie las aceptó a tiempo: se tienen por rechazadas.",
        "Nobody accepted them in time: they count as rejected.",
    ),
    "pending": ("Pendientes, por plazo", "Pending, by deadline"),
    "arrived": ("Llegadas ese día", "Arrived that day"),
    "decided": ("Decididas ese día", "Decided that day"),
    "unseen": ("Ya no se ven", "Not seen any more"),
    "unseen_note": (
        "El título por el que se veían ha terminado. Lo archivado se queda.",
        "The title by which they were seen has ended. What is archived stays.",
    ),
    "arrived_note": ("Marcadas como «nueva» en las otras tablas:", "Marked as “new” in the other tables:"),
    "new": ("nueva", "new"),
    "as_of": ("Estado al final de ese día", "As it stood at the end of that day"),
    "clients": ("Por cliente", "By client"),
    "next_day": ("Primer plazo", "First deadline"),
    "pending_short": ("Pendientes", "Pending"),
    "arrived_short": ("Llegadas", "Arrived"),
    "decided_short": ("Decididas", "Decided"),
    "lapsed_short": ("Caducadas", "Lapsed"),
    "corrections_short": ("Corregidas", "Corrected"),
    "matter": ("Materia", "Matter"),
    "code": ("Código", "Code"),
    "client": ("Cliente", "Client"),
    "account": ("Cuenta", "Account"),
    "body": ("Organismo", "Body"),
    "subject": ("Asunto", "Subject"),
    "state": ("Estado", "State"),
    "last_day": ("Último día", "Last day"),
    "days": ("Días", "Days"),
    "at": ("Instante", "Instant"),
    "available": ("A disposición", "At disposal"),
    "by": ("Quién", "By whom"),
    "channel": ("Canal", "Channel"),
    "was": ("Constaba", "It was"),
    "now": ("Es", "It is"),
    "reported": ("Comunicado", "Reported"),
    "reason": ("Motivo", "Reason"),
    "none": ("Ninguna.", "None."),
    "none_failures": ("Ninguno.", "None."),
    "no_deadline": ("sin plazo", "no deadline"),
    "over": ("vencido", "over"),
    "today": ("hoy", "today"),
    "no_runs": (
        "Ese día no terminó ninguna descarga: este informe puede no estar completo.",
        "No pull ended that day: this report may not be complete.",
    ),
    "runs": ("Descargas terminadas ese día", "Pulls that ended that day"),
    "state.available": ("a disposición", "at disposal"),
    "state.receipt_requested": ("acuse pedido", "receipt requested"),
    "state.accepted": ("aceptada", "accepted"),
    "state.read": ("leída", "read"),
    "state.rejected": ("rechazada", "rejected"),
    "state.lapsed": ("caducada", "lapsed"),
    "state.cancelled": ("retirada", "withdrawn"),
    "channel.web_service": ("servicio web", "web service"),
    "channel.sede": ("sede electrónica", "electronic office"),
    "channel.dehu": ("DEHú", "DEHú"),
    "channel.citizen_folder": ("Carpeta Ciudadana", "Citizen Folder"),
    "channel.postal": ("correo postal", "post"),
    "channel.in_person": ("en persona", "in person"),
}


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = LANGUAGES.index(language)

    def __getitem__(self, key: str) -> str:
        return _SAID[key][self._place]

    def of(self, kind: str, word: str | None) -> str:
        """Return a word of the contract; one that a later version added as it is."""
        said = _SAID.get(f"{kind}.{word}")
        return (word or "") if said is None else said[self._place]
