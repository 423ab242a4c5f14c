"""The sandbox's catalogue of what a power may name: an example, not Annex I of Orden ISM/189/2021."""

from __future__ import annotations

from typing import Final

from notigateway.law.catalogue import Entry
from notigateway.law.representation import ItemKind

_MATTERS: Final = {
    "company_registration": "Inscripción de empresas",
    "affiliation": "Afiliación",
    "worker_registrations": "Altas de personas trabajadoras",
    "worker_changes": "Variaciones de datos de personas trabajadoras",
    "contribution": "Cotización",
    "liquidation": "Liquidación de cuotas",
    "collection": "Recaudación",
    "penalties": "Sanciones",
    "appeals": "Impugnaciones",
    "resolutions": "Resoluciones",
    "acts": "Actos",
}
_GROUPS: Final = {"rates": ("contribution", "Tipos y bases de cotización")}
# SIA code, matter, group, name; the codes are fictitious, and those of the sandbox's notifications.
_PROCEDURES: Final = (
    ("9900101", "company_registration", None, "Inscripción y asignación de cuenta"),
    ("9900102", "affiliation", None, "Afiliación"),
    ("9900103", "worker_registrations", None, "Alta de oficio"),
    ("9900104", "worker_changes", None, "Variación de datos"),
    ("9900105", "contribution", "rates", "Revisión de tipos de cotización"),
    ("9900110", "contribution", "rates", "Información sobre bases de cotización"),
    ("9900106", "liquidation", None, "Reclamación de deuda"),
    ("9900107", "collection", None, "Apremio"),
    ("9900108", "penalties", None, "Procedimiento sancionador"),
    ("9900109", "appeals", None, "Recurso de alzada"),
    ("9900201", "resolutions", None, "Recargo de prestaciones"),
    ("9900202", "resolutions", None, "Incapacidad temporal en pago delegado"),
    ("9900203", "resolutions", None, "Incapacidad permanente"),
    ("9900301", "resolutions", None, "Coeficientes correctores de cotización"),
    ("9900302", "acts", None, "Certificado de situación de cotización"),
)

# Every name begins so: nobody shall take it for what the Administration publishes.
_MARK: Final = "EJEMPLO: "


def example() -> list[Entry]:
    """Return the catalogue."""
    return [
        *(Entry(kind=ItemKind.MATTER, code=code, name=_MARK + name) for code, name in _MATTERS.items()),
        *(
            Entry(kind=ItemKind.GROUP, code=code, name=_MARK + name, matter=matter)
            for code, (matter, name) in _GROUPS.items()
        ),
        *(
            Entry(kind=ItemKind.PROCEDURE, code=code, name=_MARK + name, matter=matter, group=group)
            for code, matter, group, name in _PROCEDURES
        ),
    ]
