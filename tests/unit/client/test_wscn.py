"""Which environment of the Social Security's contract is at an address."""

from __future__ import annotations

import pytest

from notigateway.client.wscn import namespace_at
from notigateway.errors import ConfigurationError
from notigateway.wss.ns import WSCN, WSCN_TEST


@pytest.mark.parametrize("before", ["", "/w/one-of-many", "/pasarela"])
def test_whatever_stands_before_the_path(before: str) -> None:
    assert namespace_at(f"https://gateway.example{before}/INFRWSCN/WSCNService") == WSCN
    assert namespace_at(f"https://gateway.example{before}/INFRWSCN_Pruebas/WSCNPruebasService") == WSCN_TEST


@pytest.mark.parametrize("path", ["", "/INFRWSCN", "/INFRWSCN/WSCNService/more", "/notigateway/v1"])
def test_another_path_is_neither(path: str) -> None:
    with pytest.raises(ConfigurationError, match="its path ends with /INFRWSCN/WSCNService or"):
        namespace_at(f"https://gateway.example{path}")
