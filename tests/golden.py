"""What the wire and the receipts look like, kept as golden files: `tests/golden/*.txt`.

Each chapter plays one scenario with a fixed clock through a whole gateway and writes every answer down,
with what must differ between runs replaced (`golden_recorder`). `functional/test_golden.py` compares; it
never writes. After a change that is meant, write the files anew and read their difference:

    cd tests && ../.venv/bin/python -m golden --write
"""

from __future__ import annotations

import difflib
import itertools
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from golden_contracts import envelope, issuing
from golden_mailbox import MAILBOX_SETTINGS, following, mailbox, receipts, titles
from golden_recorder import Recorder, rendered
from golden_refusals import REFUSALS_SETTINGS, refusals, troubles
from golden_versions import versions
from golden_wscn import wscn_production, wscn_test
from notigateway.errors import GatewayError, TransportError, catalogue
from notigateway.law.representation import Role
from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade
from notigateway.soap.faults import fault_status, render_fault, render_static_fault
from notigateway.soap.wscn.codes import functional_code
from notigateway.soap.wscn.contract import WscnContract
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from notigateway.wss.version import SoapVersion
from pki import COMPANY_NIF, ISSUER_NIF
from stack import CONTRACT, ERRORS_URL, ISSUER, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.soap.wscn.environment import Environment

FOLDER = Path(__file__).with_name("golden")
_CORRELATION = UUID("019e830e-1de8-7176-a776-9ed337095006")


@dataclass(frozen=True)
class Chapter:
    """A scenario and the settings of its gateway."""

    play: Callable[[Recorder], None]
    settings: dict[str, Any] = field(default_factory=dict)


CHAPTERS = {
    "mailbox": Chapter(mailbox, dict(MAILBOX_SETTINGS)),
    "receipts": Chapter(receipts),
    "following": Chapter(following, {"operators": [ISSUER_NIF]}),
    "titles": Chapter(titles),
    "issuing": Chapter(issuing, {"operators": [ISSUER_NIF], "registering_bodies": [ISSUER]}),
    "wscn-test": Chapter(wscn_test, {"wscn_page_size": 3}),
    "wscn-production": Chapter(wscn_production, {"wscn_page_size": 3}),
    "envelope": Chapter(envelope),
    "versions": Chapter(versions),
    "refusals": Chapter(refusals, dict(REFUSALS_SETTINGS)),
    "troubles": Chapter(
        troubles,
        {
            "caller_requests_per_minute": 3,
            "require_registered_clients": True,
            "clients": [{"nif": COMPANY_NIF}],
            "log_level": "error",
        },
    ),
}
FAULTS = "faults"
# What is kept under another name.
FILES = {"wscn-test": "wscn", "wscn-production": "wscn"}


def played(name: str, database_url: str, folder: Path) -> Recorder:
    """Play a chapter on an empty database."""
    chapter = CHAPTERS[name]
    stack = Stack(database_url, folder, **chapter.settings)
    record = Recorder(stack)
    chapter.play(record)
    stack.close()
    return record


def difference(name: str, found: str) -> str:
    """Return how a text differs from the golden file; nothing where it does not.

    The Social Security's test environment has no file of its own: it is production under other names.
    """
    file = FOLDER / f"{FILES.get(name, name)}.txt"
    kept = file.read_text("utf-8")
    if name == "wscn-test":
        kept = in_test(kept)
    lines = difflib.unified_diff(kept.splitlines(), found.splitlines(), file.name, "today", lineterm="", n=4)
    return "\n".join(lines)


def in_test(text: str) -> str:
    """Return what production says in the names of the test environment."""
    for production, test in (
        (PRODUCTION.namespace, TEST.namespace),
        (PRODUCTION.fault, TEST.fault),
        (PRODUCTION.contract, TEST.contract),
    ):
        text = text.replace(production, test)
    return text


# --- every error as a fault -----------------------------------------------------------------------


def faults_of(error: GatewayError, environment: Environment = PRODUCTION) -> Iterator[tuple[str, bytes]]:
    """Render an error as every contract does, in both versions of SOAP.

    The one place here that knows how the gateway renders faults.
    """
    wscn = WscnContract(environment.contract, environment.namespace, "", ERRORS_URL, fault=environment.fault)
    details = {"notigateway": CONTRACT.add_detail, environment.contract: wscn.add_detail}
    for (contract, add_detail), soap in itertools.product(details.items(), SoapVersion):
        title = f"{contract}, SOAP {'1.1' if soap is SoapVersion.V1_1 else '1.2'}"
        if isinstance(error, TransportError):
            body = render_static_fault(error, correlation_id=_CORRELATION, soap=soap, add_detail=add_detail)
            yield f"{title}, unsigned, HTTP {error.status}", body
        else:
            body = render_fault(error, correlation_id=_CORRELATION, soap=soap, add_detail=add_detail)
            yield f"{title}, HTTP {fault_status(error, soap)}", body
    numbers = {str(role): functional_code(error, role) for role in Role}
    if any(numbers.values()):
        yield "the number in an answer", str(numbers).encode()


def faults(environment: Environment = PRODUCTION) -> str:
    """Return every fault of the catalogue, and some with facts of every type."""
    errors = {entry.code: entry for entry in catalogue()}
    decided = errors["ALREADY_DECIDED"]
    made = [errors[code]() for code in sorted(errors)]
    made.append(decided(limit_bytes=7, state="accepted", decided_at=datetime(2026, 6, 1, 12, tzinfo=UTC)))
    made.append(decided(state="rejected"))
    sections = []
    for error in made:
        said = " with facts" if error.facts else ""
        for title, body in faults_of(error, environment):
            sections.append(f"=== {error.code}{said}: {title}\n{rendered(body.decode())}\n")
    return "\n".join(sections)


# --- writing them anew ----------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Write the named chapters, or all of them."""
    if arguments[:1] != ["--write"]:
        sys.stdout.write(f"{__doc__}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        migrated = Path(place) / "migrated.db"
        engine = create_database(f"sqlite:///{migrated}")
        upgrade(engine)
        engine.dispose()
        for name in arguments[1:] or [*CHAPTERS, FAULTS]:
            if name == "wscn-test":
                continue
            if name == FAULTS:
                text = faults()
            else:
                folder = Path(place) / name
                folder.mkdir()
                shutil.copyfile(migrated, folder / "notigateway.db")
                record = played(name, f"sqlite:///{folder / 'notigateway.db'}", folder)
                text = record.chapter()
                sys.stdout.write(f"{name}: {record.answers} answers, {record.receipts} receipts\n")
            (FOLDER / f"{FILES.get(name, name)}.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
