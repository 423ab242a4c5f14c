"""Servers that are wrong on purpose: one defect each, put into the gateway of a test's own sandbox.

A mutation replaces names of the program in the process of `mutated_sandbox.py`, and nowhere else: nothing of
it is in production code. `conformance_table.py` tells which check of the kit catches which.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lxml import etree

from notigateway import errors
from notigateway.soap import endpoint
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import sign_envelope

if TYPE_CHECKING:
    from lxml.etree import _Element

# Where a name stands, the name, and what stands there instead.
Patch = tuple[Any, str, Any]
Contract = Literal["v1", "wscn"]
V1 = f"{{{NOTIGATEWAY_V1}}}"


@dataclass(frozen=True)
class Mutation:
    """One defect: its name, what the server does wrong, and what to replace for it."""

    name: str
    does: str
    patches: Callable[[], list[Patch]]
    contract: Contract = "v1"


MUTATIONS: dict[str, Mutation] = {}


def mutation(
    name: str, does: str, contract: Contract = "v1"
) -> Callable[[Callable[[], list[Patch]]], Callable[[], list[Patch]]]:
    """Declare a mutation."""

    def declare(patches: Callable[[], list[Patch]]) -> Callable[[], list[Patch]]:
        assert name not in MUTATIONS, name
        MUTATIONS[name] = Mutation(name, does, patches, contract)
        return patches

    return declare


def all_mutations() -> dict[str, Mutation]:
    """Return all of them, by their names."""
    import mutants_of_answers  # noqa: F401, PLC0415  (each declares its own)
    import mutants_of_law  # noqa: F401, PLC0415
    import mutants_of_verifying  # noqa: F401, PLC0415

    return MUTATIONS


def nothing(*_: object, **__: object) -> None:
    """Check nothing."""


def passing(real: Callable[..., Any], *refusals: type[errors.GatewayError]) -> Callable[..., Any]:
    """Return the same, but for these refusals."""

    def call(*args: Any, **more: Any) -> Any:
        with suppress(*refusals):
            return real(*args, **more)
        return None

    return call


# --- answers --------------------------------------------------------------------------------------


def signing(change: Callable[[dict[str, Any]], dict[str, Any]]) -> list[Patch]:
    """Sign answers otherwise; `change` gets what they are signed with, `content` among it."""
    real = sign_envelope

    def sign(content: bytes, **given: Any) -> bytes:
        changed = change({"content": content, **given})
        return real(changed.pop("content"), **changed)

    return [(endpoint, "sign_envelope", sign)]


def signed_then(change: Callable[[bytes, bool], bytes]) -> list[Patch]:
    """Change the bytes of answers after they were signed; `change` is told whether it is a fault."""
    real = sign_envelope

    def sign(content: bytes, **given: Any) -> bytes:
        return change(real(content, **given), bool(given.get("is_fault")))

    return [(endpoint, "sign_envelope", sign)]


def saying(name: str, change: Callable[[_Element], object]) -> list[Patch]:
    """Say something else in the answers of that name, before they are signed."""

    def changed(given: dict[str, Any]) -> dict[str, Any]:
        content: bytes = given["content"]
        # an answer that travels in parts has them in places of its own
        if name.encode() not in content[:200] or given.get("is_fault"):
            return given
        root = etree.fromstring(content)
        change(root)
        return {**given, "content": canonical(etree.fromstring(etree.tostring(root)))}

    return signing(changed)


def reading(operation: str, change: Callable[[_Element], object]) -> list[Patch]:
    """Read something else than was asked for, after the signature was verified."""
    from notigateway.soap.contract import Contract  # noqa: PLC0415

    real = Contract.check_request

    def check(self: Contract, element: _Element) -> None:
        real(self, element)
        if str(element.tag).endswith(f"}}{operation}"):
            change(element)

    return [(Contract, "check_request", check)]


def drop(element: _Element, *names: str) -> None:
    """Take children away."""
    for name in names:
        for one in element.findall(V1 + name):
            element.remove(one)
