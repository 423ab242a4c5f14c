"""The Social Security's own contract (WSCN): every message once, in the order of its schema.

Its children have no namespace, and only the root has a prefix. Two environments share the messages and
differ in the namespace of the root.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Final

from notigateway.contract.writing import write_content
from notigateway.contract.xml import Child, Part, element

# Its numbers are of type xsd:int: a notification with a greater code has no name in this contract.
INT_MAX: Final = 2**31 - 1


@element
class Error(Part):
    """The outcome of an operation; 0 is success."""

    codigo: int
    descripcion: str | None = None
    identificador_peticion: str | None = None


@element
class Notificacion(Part):
    """A row of the list."""

    codigo: int
    descripcion_estado: str | None = None
    descripcion_tipo_destinatario: str | None = None
    destinatario: str | None = None
    estado: int
    fecha_fin_disponibilidad: str | None = None
    fecha_puesta_disposicion: str | None = None
    nombre_app_razon_social: str | None = None
    procedimiento: str | None = None
    tipo_destinatario: str | None = None


@element
class ListadoNotificaciones(Part):
    """A page of three buckets, each with its own cursor."""

    codigo_siguiente_notificacion_apoderado: int
    codigo_siguiente_notificacion_autorizado_red: Annotated[
        int, Child("codigoSiguienteNotificacionAutorizadoRED")
    ]
    codigo_siguiente_notificacion_propia: int
    error: Error | None = None
    hay_mas: bool
    notificaciones_apoderado: tuple[Notificacion, ...] = ()
    notificaciones_autorizado_red: Annotated[
        tuple[Notificacion, ...], Child("notificacionesAutorizadoRED")
    ] = ()
    notificaciones_propias: tuple[Notificacion, ...] = ()


@element
class AcuseNotificacion(Part):
    """A receipt to sign."""

    codigo_notificacion: int
    error: Error | None = None
    xml: Annotated[bytes | None, Child("XML")] = field(default=None, repr=False)


@element
class NotificacionRecuperada(Part):
    """What became of a notification, with its PDF once it is accepted."""

    codigo_notificacion: int
    error: Error | None = None
    pdf_notificacion: bytes | None = field(default=None, repr=False)
    sellado_tiempo: str | None = None


@element
class Poderdante(Part):
    """Somebody for whom the caller may act."""

    denominacion: str | None = None
    identificador: str | None = None


@element
class ListadoPoderdantes(Part):
    """All of them."""

    error: Error | None = None
    poderdantes: tuple[Poderdante, ...] = ()
    tiene_poderdantes: bool = False


@element
class ExcepcionSistema(Part):
    """The detail of a fault."""

    error: Error | None = None
    message: str | None = None


# --- what is asked --------------------------------------------------------------------------------


@element
class ConsultarListadoNotificaciones(Part):
    """A page of the buckets, please: 0 is all of them."""

    rol: int
    identificador_poderdante: str | None = None
    codigo_siguiente_notificacion_propia: int
    codigo_siguiente_notificacion_autorizado_red: Annotated[
        int, Child("codigoSiguienteNotificacionAutorizadoRED")
    ]
    codigo_siguiente_notificacion_apoderado: int


@element
class SolicitarAcuseNotificacion(Part):
    """The receipt to sign, please: of acceptance or of rejection."""

    rol: int
    identificador_poderdante: str | None = None
    codigo_notificacion: int
    es_de_aceptacion: bool


@element
class EnviarAcuseNotificacion(Part):
    """The receipt as it was handed out, signed by the caller; this has legal effect."""

    rol: int
    identificador_poderdante: str | None = None
    xml_acuse_firmado: bytes | None = field(default=None, repr=False)


@element
class VerNotificacionAceptada(Part):
    """An accepted notification again, please."""

    rol: int
    identificador_poderdante: str | None = None
    codigo_notificacion: int


@element
class SolicitarPoderdantes(Part):
    """Everybody for whom the caller may act, please."""


# What each operation takes, and the name and type of the one child of its answer.
REQUESTS: Final[dict[str, type[Part]]] = {
    "consultarListadoNotificaciones": ConsultarListadoNotificaciones,
    "solicitarAcuseNotificacion": SolicitarAcuseNotificacion,
    "enviarAcuseNotificacion": EnviarAcuseNotificacion,
    "verNotificacionAceptada": VerNotificacionAceptada,
    "solicitarPoderdantes": SolicitarPoderdantes,
}
ANSWERS: Final[dict[str, tuple[str, type[Part]]]] = {
    "consultarListadoNotificaciones": ("listadoNotificaciones", ListadoNotificaciones),
    "solicitarAcuseNotificacion": ("acuseNotificacion", AcuseNotificacion),
    "enviarAcuseNotificacion": ("notificacionRecuperada", NotificacionRecuperada),
    "verNotificacionAceptada": ("notificacionRecuperada", NotificacionRecuperada),
    "solicitarPoderdantes": ("listadoPoderdantes", ListadoPoderdantes),
}


def write_root(namespace: str, name: str, content: str) -> bytes:
    """Return a root element with its prefix, in exclusive canonical form."""
    return f'<wscn:{name} xmlns:wscn="{namespace}">{content}</wscn:{name}>'.encode()


def write_answer(namespace: str, operation: str, answer: Part) -> bytes:
    """Return the answer to an operation. Raises: `ContractError` for what XML cannot hold."""
    name, _ = ANSWERS[operation]
    return write_root(namespace, f"{operation}Response", f"<{name}>{write_content(answer)}</{name}>")
