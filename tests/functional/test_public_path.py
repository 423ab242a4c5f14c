"""A public address whose path has a space, a letter with an accent or a sign: it is served there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from notigateway.errors import ConfigurationError
from notigateway.settings import load_settings
from stack import NG, Stack, send

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Answer


def get(stack: Stack, url: str, query: str = "") -> Answer:
    """Get what stands at a URL, as a server that has read a request for it asks the application."""
    path = unquote_to_bytes(urlsplit(url).path).decode("latin-1")
    return send(stack.endpoint, b"", REQUEST_METHOD="GET", PATH_INFO=path, QUERY_STRING=query)


def test_whatever_is_in_the_path_of_the_public_address_it_is_served(sqlite_url: str, tmp_path: Path) -> None:
    root = "https://avisos.example/notificaci%C3%B3n%20a%20%3Cb%3E%2Fc%FF"
    stack = Stack(sqlite_url, tmp_path, public_url="https://avisos.example/notificación a <b>%2Fc%FF/v1")
    wsdl = get(stack, f"{root}/v1", "wsdl")
    assert wsdl.status == 200
    assert f'location="{root}/v1"'.encode() in wsdl.body
    assert get(stack, f"{root}/issuing/v1", "wsdl").status == 200
    assert f'location="{root}/issuing/v1"'.encode() in get(stack, f"{root}/issuing/v1", "wsdl").body
    path = unquote_to_bytes(urlsplit(f"{root}/v1").path).decode("latin-1")
    stack.publish()
    answer = stack.ask("ListNotifications", PATH_INFO=path)
    assert (answer.code, answer.status) == (None, 200)
    refused = send(stack.endpoint, b"<", PATH_INFO=path)
    told = refused.tree.findtext(".//ng:GatewayFault/ng:documentation", namespaces=NG)
    assert told == f"{root}/errors#XML_NOT_WELL_FORMED"
    assert get(stack, told).status == 200
    assert get(stack, f"{root}/verify").status == 200
    # The escapes themselves are another path, here as at every server.
    assert send(stack.endpoint, b"<", PATH_INFO=urlsplit(f"{root}/v1").path).code == "PATH_UNKNOWN"
    stack.close()


def test_a_page_for_people_is_not_hidden_behind_an_escape() -> None:
    with pytest.raises(ConfigurationError, match="cannot end with /verify or /errors"):
        load_settings(None, overrides={"public_url": "https://avisos.example/v1/verif%79"})
