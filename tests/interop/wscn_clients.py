"""The samples of the Social Security's contract: how each is built and started, and what it shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from interop.anothers import Kind, a_new_id, answered_to, no_id, related, the_same_id
from interop.clients import (
    SAMPLES,
    Client,
    JavaClient,
    Parties,
    build_in,
    build_with_npm,
    is_older,
    with_stems,
)
from interop.faults import falsified, own_id
from interop.matrix import FAULT
from notigateway.wss.ns import WSCN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.sandbox.holders import Pki

# A number other than 0 in an answer, beside the system fault.
ERROR: Final = "an error"
OPERATIONS: Final = (
    "consultarListadoNotificaciones",
    "solicitarAcuseNotificacion",
    "enviarAcuseNotificacion",
    "verNotificacionAceptada",
    "solicitarPoderdantes",
    ERROR,
    FAULT,
)
# By the words of the sandbox: the environment of production, and the one for tests.
ENVIRONMENTS: Final = ("wscn", "wscn_test")


def parties_of(pki: Pki) -> Parties:
    """Return the company, by its representative, and in the other's place somebody whom nobody knows."""
    return Parties(
        pki.holder("representative"), pki.holder("stranger"), pki.certificate("service"), pki.passphrase
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What a sample says of its decisions: the code of the notification, and `selladoTiempo`."""

    accepted: tuple[int, str]
    rejected: tuple[int, str]

    @classmethod
    def split(cls, output: str) -> tuple[str, Decided]:
        """Return the lines of the matrix, and the decisions that stand between them."""
        lines = output.splitlines()
        told = [json.loads(line) for line in lines if '"selladoTiempo"' in line]
        kept = "\n".join(line for line in lines if '"selladoTiempo"' not in line)
        found = {name: (one[name], one["selladoTiempo"]) for one in told for name in one}
        return kept, cls(found["accepted"], found["rejected"])


@cache
def build_java() -> Path:
    """Compile with the JDK, which needs no package."""
    folder = SAMPLES / "wscn-java"
    jar = folder / "bin/wscn.jar"
    if is_older(jar, folder / "src"):
        sources = sorted(map(str, (folder / "src").glob("*.java")))
        for command in (
            ("javac", "-d", "bin/classes", *sources),
            (
                "jar",
                "--create",
                "--file",
                str(jar),
                "--main-class",
                "WscnOperations",
                "-C",
                "bin/classes",
                ".",
            ),
        ):
            built = build_in(folder, *command)
            assert built.returncode == 0, built.stderr[-4000:]
    return jar


@cache
def build_typescript() -> None:
    """Install exactly the packages of the lock file, and compile."""
    folder = SAMPLES / "wscn-typescript"
    made = folder / "dist/operations.js"
    build_with_npm(folder)
    if is_older(made, folder / "src", folder / "package-lock.json"):
        built = build_in(folder, "node", "node_modules/typescript/bin/tsc")
        assert built.returncode == 0, built.stdout[-4000:]
        made.touch()


def _java(url: str, parties: Parties) -> Sequence[str]:
    files = (parties.company.p12, parties.attorney.p12, parties.passphrase, parties.service)
    return [url, *map(str, files)]


PHP: Final = "PHP, WSCN"
WSCN_CLIENTS: Final = (
    JavaClient("Java, WSCN", ("java", "javac", "jar"), _java, build_java),
    Client(
        "TypeScript, WSCN",
        ("node", "npm"),
        with_stems("node", str(SAMPLES / "wscn-typescript/dist/operations.js")),
        build_typescript,
    ),
    Client(PHP, ("php",), with_stems("php", str(SAMPLES / "php/wscn_operations.php"))),
)


def another(kind: str) -> Kind:
    """Return what gives a genuine answer of that kind to the second question of a sample: its list."""
    holder, naming, adds = ANOTHERS[kind]
    made = answered_to(holder, naming=naming, expected="Envelope" if kind == _COPIED else "Response")
    return related(made) if adds else made


_COPIED: Final = "a list under the same MessageID"
# The answers to other requests that every sample must refuse.
ANOTHERS: Final = {
    "another caller's list": ("red", a_new_id, False),
    "an older list of the same caller": ("representative", a_new_id, False),
    "a list that relates to nothing": ("representative", no_id, False),
    "a list that relates without signature": ("representative", no_id, True),
    _COPIED: ("red", the_same_id, False),
}
# An operation that there is not: the service answers with its system fault.
FAULT_CODE: Final = "OPERATION_UNKNOWN"
GENUINE_FAULT: Final = answered_to(
    "representative", f'<ws:consultar xmlns:ws="{WSCN}"/>', naming=own_id, expected=FAULT_CODE
)
FALSIFIED_FAULTS: Final = falsified(GENUINE_FAULT, FAULT_CODE)
