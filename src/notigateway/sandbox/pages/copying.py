"""A request as something to copy: commands of curl, a program for zeep, one for Apache CXF.

Each stands by itself and asks the same of the same world. Those with zeep and CXF sign anew; curl sends what
was signed here.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.contract import reading
from notigateway.contract.xml import Builtin, ContractError, Part, describe
from notigateway.sandbox.admin.reading import all_worlds
from notigateway.sandbox.calling.contents import element_of, said_of
from notigateway.sandbox.pages.published_operations import port_of
from notigateway.sandbox.pages.xml_view import in_body, parsed
from notigateway.soap.served import SERVED
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.sandbox.exchange import Exchange
    from notigateway.sandbox.pages.samples import Sample
    from notigateway.sandbox.world import World

_LONG: Final = 400
_WIDTH: Final = 96
# A program in which what differs stands between @.
_CXF: Final = (Path(__file__).parent / "templates" / "pages" / "Call.java").read_text("utf-8")
# What a text block of Java would read otherwise.
_ESCAPED: Final = re.compile(r'\\|"(?="")')


@dataclass(frozen=True, slots=True)
class Copy:
    """One of them: what it is for, in both languages, and its text."""

    name: str
    es: str
    en: str
    text: str


def copies_of_sample(world: World, sample: Sample, request_url: str) -> list[Copy]:
    """Return a sample as such; `request_url` is where it is had, signed anew each time."""
    asked = sample.asked
    published = asked.published
    message = ("Content-Type: text/xml; charset=utf-8", f'SOAPAction: "{published.action(asked.operation)}"')
    curl = Copy(
        "curl",
        "La primera orden trae la petición recién firmada; la segunda la envía.",
        "The first command gets the request, signed just then; the second sends it.",
        _curl(request_url, published.public_url, message),
    )
    programs = _programs(world, asked.contract, asked.operation, sample.holder)
    return [curl, *programs.both(sample.members, asked.content)]


def copies_of_exchange(world: World, exchange: Exchange) -> list[Copy]:
    """Return a request of the journal as such; without programs where it is none of a contract's."""
    if exchange.method != "POST":
        return []
    url = f"{world.place.origin}{exchange.path}" + (f"?{exchange.query}" if exchange.query else "")
    kept = ("Content-Type", "Soapaction", "Accept", "Content-Encoding")
    said = [f"{name}: {exchange.request_headers[name]}" for name in kept if name in exchange.request_headers]
    curl = Copy(
        "curl",
        "Es el mismo mensaje, byte a byte: si ya se usó, se rechaza como `MESSAGE_REPLAYED`.",
        "It is the same message, byte by byte: one that was used up is refused as `MESSAGE_REPLAYED`.",
        _curl(f"{world.place.base}/_sandbox/journal/{exchange.number}/request", url, said),
    )
    return [curl, *_programs_of(world, exchange)]


def _programs_of(world: World, exchange: Exchange) -> list[Copy]:
    root = parsed(exchange.request)
    element = None if root is None else in_body(root)
    if element is None:
        return []
    local, namespace = etree.QName(element).localname, namespace_of(str(element.tag))
    contract = next((name for name, one in SERVED.items() if one.namespace == namespace), None)
    kind = None if contract is None else element_of(contract, local)
    try:
        if contract is None or kind is None:
            return []
        members = said_of(reading.read(kind, element))
    except ContractError:
        return []
    holder = exchange.holder.name if exchange.holder else "company"
    return _programs(world, contract, local, holder).both(members, canonical(element))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Programs:
    """Programs that ask for an operation in a holder's name."""

    files: str
    url: str
    contract: str
    operation: str
    holder: str
    action: str

    def both(self, members: Mapping[str, Any], content: bytes) -> list[Copy]:
        kind = element_of(self.contract, self.operation)
        assert kind is not None  # noqa: S101  (the contract has the operation)
        return [
            Copy(
                "zeep",
                "Python; `zeep_client.py` está en `samples/python` y comprueba además la respuesta.",
                "Python; `zeep_client.py` stands in `samples/python`, and verifies the answer too.",
                self._zeep(kind, members),
            ),
            Copy(
                "CXF",
                "Java 17 y Apache CXF; `samples/java` dice qué más comprueba un cliente de verdad.",
                "Java 17 and Apache CXF; `samples/java` says what else a real client verifies.",
                self._cxf(content.decode()),
            ),
        ]

    def _zeep(self, kind: type[Part], members: Mapping[str, Any]) -> str:
        arguments = python_arguments(kind, members)
        call = f"client.service.{self.operation}({', '.join(arguments)})"
        if len(call) > _WIDTH:
            call = "\n".join(
                [f"client.service.{self.operation}(", *(f"    {one}," for one in arguments), ")"]
            )
        needs = [name for name in ("base64", "pathlib") if f"{name}." in call]
        fetched = (f"{self.holder}.key.pem", f"{self.holder}.cert.pem", "service.cert.pem")
        lines = [
            *(f"# {_fetching(f'{self.files}/{name}', name)}" for name in fetched),
            *(f"import {name}" for name in needs),
            *([""] if needs else []),
            "from zeep_client import connect",
            "",
            f'client = connect("{self.url}", ' + ", ".join(f'"{name}"' for name in fetched) + ")",
            f"answer = {call}",
            "print(answer)",
        ]
        return "\n".join(lines) + "\n"

    def _cxf(self, content: str) -> str:
        service, port = port_of(self.contract)
        block = _ESCAPED.sub(lambda found: "\\" + found[0], content)
        said = {
            "files": "\n".join(
                f"// {_fetching(f'{self.files}/{name}', name)}"
                for name in (f"{self.holder}.p12", "service.cert.pem")
            ),
            "url": self.url,
            "namespace": SERVED[self.contract].namespace,
            "service": service,
            "port": port,
            "action": self.action,
            "holder": self.holder,
            "content": block,
        }
        return re.sub(r"@(\w+)@", lambda found: said[found[1]], _CXF)


def _programs(world: World, contract: str, operation: str, holder: str) -> _Programs:
    published = SERVED[contract].contract(str(world.settings.public_url), world.place.served_at)
    return _Programs(
        files=f"{world.place.base}/_sandbox/pages/certificates",
        url=published.public_url,
        contract=contract,
        operation=operation,
        holder=holder,
        action=published.action(operation),
    )


def python_arguments(kind: type[Part], members: Mapping[str, Any]) -> list[str]:
    """Return the members of a message as arguments that zeep takes."""
    known = {one.name: one for one in describe(kind)}
    return [f"{name}={_python(known[name].type, value)}" for name, value in members.items()]


def _python(kind: Builtin | type[Part], value: Any) -> str:  # noqa: ANN401
    if isinstance(value, list):
        return f"[{', '.join(_python(kind, one) for one in value)}]"
    if isinstance(value, dict) and not isinstance(kind, Builtin):
        known = {one.name: one for one in describe(kind)}
        pairs = (f'"{name}": {_python(known[name].type, one)}' for name, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if kind is Builtin.BASE64:
        is_long = len(value) > _LONG
        return 'pathlib.Path("content.bin").read_bytes()' if is_long else f'base64.b64decode("{value}")'
    return repr(value)


def _curl(source: str, url: str, headers: list[str] | tuple[str, ...]) -> str:
    sent = " ".join(f"-H {shlex.quote(one)}" for one in headers)
    return (
        f"{_fetching(source, 'request.xml')}\n"
        f"curl -sS {shlex.quote(url)} {sent} \\\n    --data-binary @request.xml\n"
    )


def _fetching(url: str, name: str) -> str:
    """Return the command that gets a file of the sandbox's own addresses."""
    is_guarded = all_worlds().site.token is not None
    token = '-H "Authorization: Bearer $TOKEN" ' if is_guarded else ""
    return f"curl -sS {token}{shlex.quote(url)} -o {shlex.quote(name)}"
