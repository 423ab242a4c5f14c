"""`notigateway demo`: the whole way once, from a fresh sandbox to verified receipts and files."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError, ReceiptInvalidError
from notigateway.law.lifecycle import State

if TYPE_CHECKING:
    from cryptography import x509

    from notigateway.evidence.statement import ReceiptFacts

_SHOWN_PROBLEMS: Final = 20
# Put at disposal, accepted, content handed over.
_RECEIPTS_OF_EACH: Final = 3


@dataclass
class Findings:
    """What stands in the folder of a pull, verified from its bytes alone."""

    stored: int = 0
    accepted: int = 0
    receipts: int = 0
    documents: int = 0
    document_bytes: int = 0
    problems: list[str] = field(default_factory=list)


def demo(
    notifications: Annotated[int, typer.Option(min=1, max=100_000, help="How many to pull.")] = 1000,
    directory: Annotated[
        Path | None, typer.Option(help="Keep sandbox and notifications here, instead of a temporary folder.")
    ] = None,
) -> None:
    """Start a sandbox, pull and accept everything, verify every receipt and document, stop it."""
    from notigateway.client import ClientError

    # Python dies of SIGTERM without leaving its contexts; the sandbox must not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with _folder(directory) as folder:
            problems = _run(folder, notifications)
    except (ClientError, GatewayError) as error:
        text = error.line() if isinstance(error, ClientError) else f"{error.code}: {said_of(error)}"
        typer.echo(f"demo failed: {text}", err=True)
        raise typer.Exit(1) from error
    for problem in problems[:_SHOWN_PROBLEMS]:
        typer.echo(f"demo failed: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _run(folder: Path, notifications: int) -> list[str]:
    from notigateway.cli.demo_timestamps import await_timestamps
    from notigateway.client import NotificationClient, pull
    from notigateway.client.show import pull_progress
    from notigateway.pki.keys import load_certificates
    from notigateway.sandbox.process import running

    began = time.monotonic()
    inbox = folder / "inbox"
    options = ("--notifications", str(notifications), "--timestamp-seconds", "1")
    with running(folder / "sandbox", *options) as sandbox:
        started = time.monotonic()
        company = sandbox.pki.holder("company")
        seals = load_certificates(sandbox.pki.certificate("seal"))
        with (
            NotificationClient.from_files(
                sandbox.url,
                key=company.key,
                certificate=company.certificate,
                server_certificates=[sandbox.pki.certificate("service")],
            ) as client,
            pull_progress() as progress,
        ):
            report = pull(client, inbox, seal_certificates=seals, accept=True, progress=progress)
            pulled = time.monotonic()
            stamped = await_timestamps(client, _identifiers(inbox), sandbox.pki, seals)
        waited = time.monotonic()
        findings = inspect(inbox, seals)
        verified = time.monotonic()
    left = [f"{one.code}: {one.reason} {one.text}" for one in [*report.refused, *report.not_verified]]
    problems = [*left, *findings.problems, *_shortfalls(findings, notifications), *stamped.problems]
    _summarise(findings, notifications, [began, started, pulled, waited, verified])
    typer.echo(stamped.line(waited - pulled))
    return problems


def inspect(inbox: Path, seals: Sequence[x509.Certificate]) -> Findings:
    """Verify everything that a pull stored, trusting nothing but the pinned seal certificates."""
    findings = Findings()
    for file in sorted(inbox.rglob("notification.json")):
        findings.stored += 1
        try:
            _inspect_one(file, seals, findings)
        except (GatewayError, OSError, ValueError, KeyError) as error:
            findings.problems.append(f"{file.parent.name}: {type(error).__name__}: {error}")
    return findings


def _inspect_one(file: Path, seals: Sequence[x509.Certificate], findings: Findings) -> None:
    from notigateway.evidence.xades import verify_receipt

    described: dict[str, Any] = json.loads(file.read_text("utf-8"))
    hashes = {}
    for document in described["documents"]:
        content = (file.parent / document["file"]).read_bytes()
        hashes[document["document_id"]] = hashlib.sha256(content).hexdigest()
        findings.documents += 1
        findings.document_bytes += len(content)
    accepted = False
    for receipt in described["receipts"]:
        facts = verify_receipt((file.parent / receipt["file"]).read_bytes(), seal_certificates=seals)
        _check_same(facts, described, hashes)
        findings.receipts += 1
        accepted = accepted or facts.state is State.ACCEPTED
    findings.accepted += accepted


def _check_same(facts: ReceiptFacts, described: dict[str, Any], hashes: dict[str, str]) -> None:
    """Check that a receipt speaks of this notification and of exactly these files."""
    if (str(facts.notification_id), facts.notification_code) != (described["id"], described["code"]):
        raise ReceiptInvalidError("the receipt is for another notification")
    if {str(one.document_id): one.sha256 for one in facts.documents} != hashes:
        raise ReceiptInvalidError("a file is not the document that the receipt names")


def _shortfalls(findings: Findings, notifications: int) -> list[str]:
    receipts = notifications * _RECEIPTS_OF_EACH
    counts = {
        "stored": (findings.stored, notifications),
        "accepted": (findings.accepted, notifications),
        "receipts": (findings.receipts, receipts),
    }
    return [
        f"{name}: {found:,} instead of {expected:,}"
        for name, (found, expected) in counts.items()
        if found != expected
    ]


def _identifiers(inbox: Path) -> list[str]:
    """Return which notifications stand in the folder of a pull."""
    return [json.loads(file.read_text("utf-8"))["id"] for file in sorted(inbox.rglob("notification.json"))]


def _summarise(findings: Findings, notifications: int, instants: Sequence[float]) -> None:
    starting, pulling, _, verifying = (later - earlier for earlier, later in pairwise(instants))
    typer.echo(f"{findings.accepted:,} of {notifications:,} accepted, {findings.stored:,} stored")
    typer.echo(f"{findings.receipts:,} receipts verified")
    typer.echo(f"{findings.documents:,} documents verified, {findings.document_bytes / 1e6:,.1f} MB")
    typer.echo(
        f"{starting:.1f} s to start the sandbox, {pulling:.1f} s to list, accept, retrieve and store "
        f"({findings.stored / pulling:,.0f} notifications/s), {verifying:.1f} s to verify"
    )


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="notigateway-demo-") as temporary:
        yield Path(temporary)
