"""What the client says of its own: each code and each exit code stands where people look them up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.client import cli
from notigateway.client.errors import ClientError, GatewayFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[3] / "docs"
ROW = re.compile(r"\| `([A-Z_]+)` \| (\d) \|")


def told(kind: type[ClientError] = ClientError) -> Iterator[tuple[str, str]]:
    for one in kind.__subclasses__():
        if one is not GatewayFaultError and "code" in vars(one):
            yield one.code, str(one.exit_code)
        yield from told(one)


def test_each_code_of_the_client_stands_in_the_table_of_errors_with_its_exit_code() -> None:
    section = (
        (DOCS / "errors.md").read_text("utf-8").partition("\n## Of the client\n")[2].partition("\n## ")[0]
    )
    assert dict(ROW.findall(section)) == dict(told())


def test_each_exit_code_stands_in_the_help_and_in_the_guide() -> None:
    guide = (
        (DOCS / "integration.md")
        .read_text("utf-8")
        .partition("programs. Exit codes: ")[2]
        .partition("130 ")[0]
    )
    for code in {exit_code for _, exit_code in told()}:
        assert re.search(rf"\b{code} ", str(cli.app.info.epilog)), code
        assert re.search(rf"(^|· |\n){code} ", guide), code
