"""What stands at the top level of the repository is found, and is in the wheel too."""

from __future__ import annotations

import tomllib
from pathlib import Path

from notigateway import published
from notigateway.published import published_folder

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_checkout_serves_its_own_contract_and_migrations() -> None:
    assert (published_folder("wsdl") / "notigateway-v1.wsdl").is_file()
    assert (published_folder("migrations") / "env.py").is_file()


def test_wheel_carries_both_where_an_installation_looks() -> None:
    wheel = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {
        "wsdl": f"{published.__package__}/_published/wsdl",
        "migrations": f"{published.__package__}/_published/migrations",
    }
