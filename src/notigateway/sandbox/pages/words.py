"""The words of the pages for states, kinds, steps, jobs and faults, Spanish and English."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from notigateway.evidence.wording import title
from notigateway.law.lifecycle import Kind, Nature, State
from notigateway.sandbox.faults import Kind as Fault

Words = tuple[str, str]

STATES: Final[dict[str, Words]] = {
    State.SCHEDULED: ("programada", "scheduled"),
    State.AVAILABLE: ("disponible", "available"),
    State.RECEIPT_REQUESTED: ("acuse solicitado", "receipt requested"),
    State.ACCEPTED: ("aceptada", "accepted"),
    State.REJECTED: ("rechazada", "rejected"),
    State.LAPSED: ("caducada", "lapsed"),
    State.READ: ("leída", "read"),
    State.CANCELLED: ("anulada", "cancelled"),
}
KINDS: Final[dict[str, Words]] = {
    Kind.NOTIFICATION: ("notificación", "notification"),
    Kind.COMMUNICATION: ("comunicación", "communication"),
}
MODES: Final[dict[str, Words]] = {
    "real": ("como el de esta máquina", "as this machine's"),
    "offset": ("desplazado", "with an offset"),
    "frozen": ("parado", "frozen"),
}
STEPS: Final[dict[str, Words]] = {
    "http": ("Petición HTTP", "HTTP request"),
    "parse": ("Lectura del XML y del sobre", "Reading of XML and envelope"),
    "verify": ("Firma, certificado y vigencia", "Signature, certificate and freshness"),
    "caller": ("Quién llama", "Who calls"),
    "operation": ("Qué operación", "Which operation"),
    "schema": ("Esquema del contrato", "Schema of the contract"),
    "new": ("Mensaje no usado antes", "Message not used before"),
    "execute": ("Ejecución", "Execution"),
    "sign": ("Respuesta firmada", "Answer signed"),
}
VERDICTS: Final[dict[str, Words]] = {
    "passed": ("superado", "passed"),
    "failed": ("falló", "failed"),
    "not reached": ("no alcanzado", "not reached"),
}
JOBS: Final[dict[str, Words]] = {
    "sweep": ("caducidades", "lapses"),
    "notices": ("avisos por correo", "notices by e-mail"),
    "push": ("avisos a programas", "pushes"),
    "refresh": ("listas de revocación", "revocation lists"),
    "stamp": ("sellos de tiempo", "time-stamps"),
    "checkpoint": ("cabecera del registro", "head of the log"),
}
# What a run of a job says that it has done.
DONE: Final[dict[str, Words]] = {
    "lapsed": ("caducadas", "lapsed"),
    "moved": ("plazos movidos", "deadlines moved"),
    "arrived": ("puestas a disposición", "put at disposal"),
    "unsealed": ("sin sellar", "not sealed"),
    "unsealed_arrivals": ("llegadas sin sellar", "arrivals not sealed"),
    "new": ("nuevas", "new"),
    "known": ("conocidas", "known"),
    "kept": ("conservadas", "kept"),
    "asked": ("consultadas", "asked"),
    "failed": ("fallidas", "failed"),
    "stamped": ("justificantes", "receipts"),
    "checkpoints": ("cabeceras", "heads"),
    "forms": ("formas", "forms"),
    "archives": ("sellos de archivo", "archive time-stamps"),
    "waiting": ("en espera", "waiting"),
    "composed": ("redactados", "composed"),
    "sent": ("enviados", "sent"),
    "later": ("para más tarde", "for later"),
    "erased": ("borrados", "erased"),
    "confirmed": ("confirmadas", "confirmed"),
    "queued": ("en cola", "queued"),
    "delivered": ("entregados", "delivered"),
    "dead": ("abandonados", "given up"),
}
CONTRACTS: Final[dict[str, Words]] = {
    "v1": ("Buzón: interesados y representantes", "Mailbox: parties and representatives"),
    "issuing": ("Órganos emisores", "Issuing bodies"),
    "wscn": ("WSCN de la Seguridad Social", "The Social Security's WSCN"),
    "wscn-test": ("WSCN, entorno de pruebas", "WSCN, test environment"),
}
HOLDERS: Final[dict[str, Words]] = {
    "company": (
        "Sello de la empresa a la que van dirigidas las notificaciones.",
        "Seal of the company to which notifications go.",
    ),
    "issuer": (
        "Sello del órgano emisor TGSS: llama al contrato de órganos emisores.",
        "Seal of the issuing body TGSS: it calls the contract of issuing bodies.",
    ),
    "person": (
        "Persona que recibe comunicaciones y datos de salud.",
        "A person who gets communications and health data.",
    ),
    "representative": ("Representante de la empresa.", "Representative of the company."),
    "red": (
        "Autorizado RED de la empresa, y apoderado de la persona.",
        "RED-authorised person of the company, and the person's attorney.",
    ),
    "stranger": (
        "Nadie la conoce: se le responde CALLER_UNKNOWN.",
        "Known to nobody: answered CALLER_UNKNOWN.",
    ),
    "expired": ("De la empresa, pero caducado.", "The company's, but expired."),
    "untrusted": (
        "Con el nombre de la empresa, de una autoridad no admitida.",
        "In the company's name, of an authority that is not admitted.",
    ),
    "revoked": ("De la empresa, pero revocado.", "The company's, but revoked."),
}
FAULTS: Final[dict[str, Words]] = {
    Fault.STATUS: (
        "Responde solo un código HTTP, como haría un proxy; la pasarela no ve la petición.",
        "Answers a bare HTTP status, as a proxy would; the gateway never sees the request.",
    ),
    Fault.FAULT: (
        "Rechaza la petición con un código del catálogo de errores, firmado como los de verdad.",
        "Refuses the request with a code of the catalogue of errors, signed as real ones are.",
    ),
    Fault.DELAY: (
        "Hace esperar: un tiempo fijo, o uno al azar con mediana y dispersión (log-normal).",
        "Makes the caller wait: a fixed time, or one drawn by median and spread (log-normal).",
    ),
    Fault.DROP_BEFORE: (
        "Corta la conexión antes de que la pasarela vea la petición: no ha pasado nada.",
        "Drops the connection before the gateway sees the request: nothing has happened.",
    ),
    Fault.DROP_AFTER: (
        "Corta la conexión cuando todo está hecho y guardado: el cliente no lo sabe.",
        "Drops the connection when all is done and stored: the client does not know.",
    ),
    Fault.TRUNCATE: (
        "Corta la respuesta antes de la longitud anunciada.",
        "Ends the answer before its announced length.",
    ),
    Fault.WRONG_SIGNATURE: (
        "Cambia la respuesta después de firmarla: su firma ya no vale.",
        "Changes the answer after it was signed: its signature is wrong.",
    ),
    Fault.NO_SIGNATURE: ("Quita la firma de la respuesta.", "Takes the signature off the answer."),
    Fault.FOREIGN_CERTIFICATE: (
        "Firma la respuesta otro, con un certificado de una autoridad desconocida.",
        "Somebody else signs the answer, with a certificate of an unknown authority.",
    ),
    Fault.EXPIRED_CERTIFICATE: (
        "Firma la respuesta un certificado del servicio que ya caducó.",
        "A certificate of the service that has expired signs the answer.",
    ),
    Fault.CLOCK_SKEW: (
        "Fecha la respuesta con un reloj adelantado o atrasado.",
        "Dates the answer by a clock that is ahead or behind.",
    ),
    Fault.DUPLICATE: (
        "Entrega la petición dos veces; el cliente recibe la primera o la segunda respuesta.",
        "Delivers the request twice; the client gets the first or the second answer.",
    ),
    Fault.DRIBBLE: ("Envía la respuesta muy despacio.", "Sends the answer very slowly."),
    Fault.LOSE_PART: (
        "Quita una de las partes que acompañan a la respuesta (MTOM, anexos).",
        "Loses one of the parts beside the answer (MTOM, attachments).",
    ),
}
# What a fault's own fields are called, each with its type and an example.
PARAMETERS: Final[dict[str, tuple[tuple[str, Words, str], ...]]] = {
    Fault.STATUS: (
        ("status", ("Código HTTP, de 400 a 599", "HTTP status, 400 to 599"), "503"),
        ("retry_after", ("Retry-After, en segundos", "Retry-After, in seconds"), ""),
        ("body", ("Texto de la respuesta", "Text of the answer"), ""),
    ),
    Fault.FAULT: (("code", ("Código del error", "Code of the error"), "TEMPORARILY_UNAVAILABLE"),),
    Fault.DELAY: (
        ("seconds", ("Tiempo fijo, p. ej. 2s", "Fixed time, e.g. 2s"), "2s"),
        ("median", ("O mediana, p. ej. 500ms", "Or median, e.g. 500ms"), ""),
        ("sigma", ("Dispersión, de 0 a 3", "Spread, 0 to 3"), ""),
    ),
    Fault.TRUNCATE: (("bytes", ("Bytes que llegan", "Bytes that arrive"), ""),),
    Fault.CLOCK_SKEW: (("by", ("Cuánto: PT10M, -PT10M", "By how much: PT10M, -PT10M"), "PT10M"),),
    Fault.DUPLICATE: (("answer", ("Respuesta: first o second", "Answer: first or second"), "first"),),
    Fault.DRIBBLE: (("bytes_per_second", ("Bytes por segundo", "Bytes per second"), "100"),),
}


def receipt_words(kind: str) -> Words:
    """Return what a receipt is called, by what it is told to attest: a state, or the nature of an event."""
    is_state = kind in set(State)
    found = title(State(kind), None) if is_state else title(State.AVAILABLE, Nature(kind))
    return found.es, found.en


def next_of(one: dict[str, Any], now: datetime) -> Words:
    """Return what happens next with a notification, as it is told (`data.line`), at an instant."""
    state, deadline = one["state"], one["deadline"]
    if datetime.fromisoformat(one["available_at"]) > now:
        return (
            "Aún no está a disposición de nadie; llegado su momento aparecerá en las listas.",
            "It is at nobody's disposal yet; when its time comes it appears in lists.",
        )
    if state in {State.AVAILABLE, State.RECEIPT_REQUESTED} and deadline is not None:
        return (
            "Si nadie la acepta ni la rechaza antes del fin de plazo, caduca y se entiende rechazada.",
            "If nobody accepts or rejects it before its deadline, it lapses and is deemed rejected.",
        )
    return _NEXT.get(state, _NO_DEADLINE)


_NO_DEADLINE: Final = (
    "No tiene plazo: espera a que se lea.",
    "It has no deadline: it waits to be read.",
)


_NEXT: Final[dict[str, Words]] = {
    State.ACCEPTED: (
        "Nada más cambia por sí solo. Se pueden recuperar documentos y justificantes.",
        "Nothing more happens by itself. Documents and receipts can be retrieved.",
    ),
    State.REJECTED: (
        "Nada más cambia por sí solo. No se entrega; se puede leer a título informativo.",
        "Nothing more happens by itself. It is not delivered; it can be read for information.",
    ),
    State.LAPSED: (
        "Nada más cambia por sí solo. Se entiende rechazada; se puede leer a título informativo.",
        "Nothing more happens by itself. It is deemed rejected; it can be read for information.",
    ),
    State.READ: ("Nada más: la comunicación ya se leyó.", "Nothing more: the communication was read."),
    State.CANCELLED: (
        "Nada más: el órgano emisor la anuló.",
        "Nothing more: the issuing body withdrew it.",
    ),
}
