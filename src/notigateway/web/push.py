"""What a receiver of pushes reads beside the service: the keys that sign them, the contract of call-backs.

The same for everybody, whether anything is pushed or not. The contract is served as it is: the address in it
is a placeholder, since who serves it is who has subscribed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from lxml import etree

from notigateway.published import published_folder
from notigateway.settings import PUSH_CONTRACT_PATH, PUSH_KEYS_PATH
from notigateway.urls import served_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.settings import Settings

    # What stands at a query: its media type and its bytes; None where nothing does.
    Found = tuple[str, bytes] | None

_FILE: Final = "notigateway-push-v1"
_XML: Final = "text/xml; charset=utf-8"
_XS_IMPORT: Final = "{http://www.w3.org/2001/XMLSchema}import"
# A receiver that meets a key it does not know asks again.
_FOR_FIVE_MINUTES: Final = "public, max-age=300"


def push_pages(settings: Settings, keys: bytes) -> dict[str, WSGIApplication]:
    """Return the pages by their paths; `keys` are those that sign, as a set (RFC 7517)."""
    contract = _contract(push_contract_url(settings))
    return {
        served_path(push_keys_url(settings)): _page(lambda _: ("application/jwk-set+json", keys)),
        served_path(push_contract_url(settings)): _page(contract),
    }


def push_keys_url(settings: Settings) -> str:
    """Return the address of the keys that sign what is pushed."""
    return urljoin(str(settings.public_url), PUSH_KEYS_PATH)


def push_contract_url(settings: Settings) -> str:
    """Return the address at which the contract of call-backs is read."""
    return urljoin(str(settings.public_url), PUSH_CONTRACT_PATH)


def _contract(url: str) -> Callable[[str], Found]:
    """Return what gives the contract's files by the query: as they are, but that one finds the other."""
    folder = published_folder("wsdl")
    tree = etree.parse(folder / f"{_FILE}.wsdl")
    for imported in tree.iter(_XS_IMPORT):
        imported.set("schemaLocation", f"{url}?xsd={imported.get('schemaLocation')}")
    wsdl = etree.tostring(tree, encoding="utf-8", xml_declaration=True)
    files = {
        "wsdl": wsdl,
        "singlewsdl": wsdl,
        f"xsd={_FILE}.xsd": (folder / f"{_FILE}.xsd").read_bytes(),
    }

    def find(query: str) -> Found:
        file = files.get(query.lower())
        return None if file is None else (_XML, file)

    return find


def _page(find: Callable[[str], Found]) -> WSGIApplication:
    """Return a page of which nothing is read but its method and its query."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return []
        found = find(environ.get("QUERY_STRING", ""))
        if found is None:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        media_type, content = found
        headers = [
            ("Content-Type", media_type),
            ("Content-Length", str(len(content))),
            ("Cache-Control", _FOR_FIVE_MINUTES),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [] if method == "HEAD" else [content]

    return answer
