"""The contract's types: field by field the children on the wire, in the order of its schema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """The outcome of an operation; 0 is success."""

    codigo: int
    descripcion: str | None = None
    identificadorPeticion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notificacion:
    """A row of the list."""

    codigo: int
    descripcionEstado: str
    descripcionTipoDestinatario: str
    destinatario: str
    estado: int
    fechaFinDisponibilidad: str | None
    fechaPuestaDisposicion: str
    nombreAppRazonSocial: str
    procedimiento: str
    tipoDestinatario: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListadoNotificaciones:
    """A page of three buckets, each with its own cursor."""

    codigoSiguienteNotificacionApoderado: int
    codigoSiguienteNotificacionAutorizadoRED: int
    codigoSiguienteNotificacionPropia: int
    error: Error
    hayMas: bool
    notificacionesApoderado: tuple[Notificacion, ...] = ()
    notificacionesAutorizadoRED: tuple[Notificacion, ...] = ()
    notificacionesPropias: tuple[Notificacion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuseNotificacion:
    """A receipt to sign."""

    codigoNotificacion: int
    error: Error
    XML: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificacionRecuperada:
    """What became of a notification, with its PDF once it is accepted."""

    codigoNotificacion: int
    error: Error
    pdfNotificacion: bytes | None = None
    selladoTiempo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poderdante:
    """Somebody for whom the caller may act."""

    denominacion: str
    identificador: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListadoPoderdantes:
    """All of them."""

    error: Error
    poderdantes: tuple[Poderdante, ...] = ()
    tienePoderdantes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcepcionSistema:
    """The detail of a fault."""

    error: Error
    message: str


# The one child of each answer, by operation.
ANSWERS = {
    "consultarListadoNotificaciones": "listadoNotificaciones",
    "solicitarAcuseNotificacion": "acuseNotificacion",
    "enviarAcuseNotificacion": "notificacionRecuperada",
    "verNotificacionAceptada": "notificacionRecuperada",
    "solicitarPoderdantes": "listadoPoderdantes",
}
