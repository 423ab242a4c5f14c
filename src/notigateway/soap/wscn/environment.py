"""The two environments of the contract: the same operations under other names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from notigateway.wss.ns import WSCN, WSCN_TEST


@dataclass(frozen=True, slots=True)
class Environment:
    """The names of one environment, as the official service has them."""

    contract: str
    namespace: str
    path: str
    service: str
    fault: str


PRODUCTION: Final = Environment("wscn-v1", WSCN, "/INFRWSCN/WSCNService", "WSCN", "WSCNExcepcionSistema")
TEST: Final = Environment(
    "wscn-pruebas-v1",
    WSCN_TEST,
    "/INFRWSCN_Pruebas/WSCNPruebasService",
    "WSCNPruebas",
    "WSCNPruebasExcepcionSistema",
)
ENVIRONMENTS: Final = (PRODUCTION, TEST)
# As an operator or an integrator calls them.
BY_NAME: Final = {"wscn": PRODUCTION, "wscn-test": TEST}
