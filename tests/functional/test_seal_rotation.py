"""The seal is changed while the gateway serves; every certificate then proves its own time, and no other."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from bundles import Proofs
from notigateway.app import build_app
from notigateway.client.connection import _pins
from notigateway.errors import (
    BundleInvalidError,
    CheckpointInvalidError,
    ConfigurationError,
    ReceiptInvalidError,
    RenditionInvalidError,
)
from notigateway.evidence import bundle
from notigateway.evidence.history import PERIODS
from notigateway.evidence.pades import seal_pdf, verify_pdf
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.sealing import Seal
from notigateway.evidence.seals import load_history, load_seal
from notigateway.evidence.xades import seal_certificate_of, verify_receipt
from notigateway.log.auditing import audit_log
from notigateway.log.growing import advance
from notigateway.receipts.stamping import stamp
from notigateway.settings import load_settings
from notigateway.tlog.checkpoint import verify_checkpoint
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from operating import app
from overdue import settings_file
from pki import NOW, OTHER_COMPANY_NIF, company_subject, ec_key, pki, write_issuers, write_pem
from stack import NG
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.pki.keys import KeyPair
    from notigateway.soap.endpoints import Endpoints
    from stack import Stack

RETIRED = "seal-2026.cert.pem"


@cache
def successor() -> KeyPair:
    return pki().holder(company_subject(OTHER_COMPANY_NIF, "Sello nuevo de la pasarela"), ec_key("seal-2"))


def write_history(folder: Path) -> Path:
    """Write the folder that says until when the first seal was in use."""
    folder.mkdir(exist_ok=True)
    (folder / RETIRED).write_bytes(pki().seal.certificate.public_bytes(Encoding.PEM))
    until = NOW + timedelta(minutes=10)
    (folder / PERIODS).write_text(f'["{RETIRED}"]\nuntil = {until.isoformat()}\n')
    return folder


def start_another(stack: Stack) -> Endpoints:
    """Start a gateway with the new seal on the same database, beside the one that runs."""
    key, certificate = write_pem(successor(), stack.folder / "keys", "seal-2")
    stack.overrides |= {
        "seal_key_file": key,
        "seal_certificate_file": certificate,
        "retired_seals_folder": write_history(stack.folder / "retired"),
    }
    stack.settings = load_settings(None, overrides=stack.overrides)
    return build_app(stack.settings, lambda: stack.now)


def use(stack: Stack, endpoint: Endpoints) -> None:
    stack.endpoint, stack.gate, stack.office = endpoint, endpoint.gate, endpoint.gate.office


def run(stack: Stack, *arguments: str) -> int:
    """Run a command of the operator's; return its exit code."""
    return CliRunner().invoke(app, [*arguments, "--settings", str(settings_file(stack))]).exit_code


def decided(stack: Stack, wanted: UUID, form: str = "xml") -> tuple[bytes, bytes]:
    """Return the receipt of an acceptance, and its other form."""
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>{form}</format>")
    for receipt in answer.tree.iterfind("ng:item/ng:receipt", namespaces=NG):
        if receipt.findtext("ng:state", namespaces=NG) == "accepted":
            found = [receipt.findtext(f"ng:{name}", "", namespaces=NG) for name in ("xml", "file")]
            return base64.b64decode(found[0]), base64.b64decode(found[1])
    raise AssertionError("there is no receipt of an acceptance")


def test_the_seal_changes_while_two_gateways_serve_and_every_receipt_verifies(stack: Stack) -> None:
    ids = stack.publish_many(4)
    old = stack.endpoint
    stack.accept(ids[0])
    new = start_another(stack)
    for wanted, endpoint in ((ids[1], new), (ids[2], old)):
        stack.pass_time(minutes=1)
        use(stack, endpoint)
        stack.accept(wanted)
    # Whatever the old key has made is proven to exist before its period ends.
    advance(stack.engine, seal=Seal(pki().seal), origin=stack.settings.log_origin, now=stack.now)
    with serving(Answering(at=stack.now)) as authority:
        assert not stamp(stack.engine, authority=authority, now=stack.now, batch_size=100).waiting
    stack.pass_time(days=1)
    use(stack, new)
    old.gate.office.engine.dispose()
    stack.engine = new.gate.office.engine
    stack.accept(ids[3])

    history = load_history(stack.settings)
    sealers = []
    for wanted in ids:
        xml, _ = decided(stack, wanted)
        verify_receipt(xml, seal_certificates=history)
        sealers.append(seal_certificate_of(xml))
    first, second = pki().seal.certificate, successor().certificate
    assert sealers == [first, second, first, second]
    trust = stack.folder / "trust"
    trust.mkdir()
    write_issuers(trust / "timestamp", [tsa().certificate])
    (write_history(trust / "seals") / "seal-2.pem").write_bytes(second.public_bytes(Encoding.PEM))
    for wanted in (ids[0], ids[3]):
        _, data = decided(stack, wanted, "bundle")
        report = verify(data, trust=load_trust(trust), at=stack.now + timedelta(days=1))
        assert report.outcome is Outcome.PASSED, report
    assert run(stack, "check") == 0
    assert run(stack, "log", "verify") == 0


def test_what_a_retired_key_seals_later_is_refused_by_everybody(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    wanted = stack.publish()
    start_another(stack).gate.office.engine.dispose()
    stack.pass_time(days=1)
    stack.accept(wanted)  # by the gateway that still has the old key
    xml, data = decided(stack, wanted, "bundle")
    history = load_history(stack.settings)

    with pytest.raises(ReceiptInvalidError, match="not in use"):
        verify_receipt(xml, seal_certificates=history)
    trust = stack.folder / "trust"
    trust.mkdir()
    write_history(trust / "seals")
    report = verify(data, trust=load_trust(trust), at=stack.now + timedelta(days=1))
    failed = {step.name for step in report.steps if step.outcome is Outcome.FAILED}
    assert {"manifest", "seal certificate", "seal", "checkpoint"} <= failed
    assert run(stack, "check") == 1
    assert run(stack, "log", "verify") == 1
    with pytest.raises(ReceiptInvalidError, match="not in use"):
        verify_receipt(xml, seal_certificates=_pins(trust / "seals"))  # a client's --seal-cert


def test_checkpoints_manifests_and_pdfs_of_a_retired_key_are_held_to_its_period(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish()
    start_another(stack).gate.office.engine.dispose()
    history = load_history(stack.settings)
    files = bundle.read_container(Proofs().build())
    bundle.verify_manifest(files, seal_certificates=history)
    late = NOW + timedelta(days=1)
    seal = Seal(pki().seal)

    head = advance(stack.engine, seal=seal, origin="log.example", now=late)
    assert head is not None
    with pytest.raises(CheckpointInvalidError, match="not in use"):
        verify_checkpoint(head.text, head.signature, seal_certificate=history[1])
    kept = {name: files[name] for name in files if name not in {bundle.MANIFEST, bundle.SIGNATURE}}
    made = bundle.write_bundle(kept, receipt_id=stack.publish("ACT-2"), seal=seal, made_at=late)
    with pytest.raises(BundleInvalidError, match="not in use"):
        bundle.verify_manifest(bundle.read_container(made), seal_certificates=history)
    pdf = seal_pdf(render_pdf(files[bundle.RECEIPT]), seal=seal, at=late)
    with pytest.raises(RenditionInvalidError, match="not in use"):
        verify_pdf(pdf, seal_certificates=history)


def test_the_present_seal_among_the_retired_stops_the_start(sqlite_stack: Stack) -> None:
    settings = load_settings(
        None,
        overrides=sqlite_stack.overrides
        | {"retired_seals_folder": write_history(sqlite_stack.folder / "retired")},
    )
    with pytest.raises(ConfigurationError, match="present seal is among them"):
        load_seal(settings, now=NOW)  # which is how every process begins


def test_heads_that_only_a_seal_out_of_use_vouches_for_are_told(stack: Stack) -> None:
    """Who has the database and a stolen key signs the log anew, and dates it into the key's period."""
    stack.publish_many(2)
    origin = stack.settings.log_origin
    advance(stack.engine, seal=Seal(pki().seal), origin=origin, now=stack.now)
    start_another(stack).gate.office.engine.dispose()
    history = load_history(stack.settings)
    late = NOW + timedelta(days=1)

    def told(authorities: list[Certificate]) -> list[str]:
        return audit_log(
            stack.engine, seal_certificates=history, origin=origin, authorities=authorities, now=late
        ).unproven

    (said,) = told([tsa().certificate])
    assert "its seal is out of use since" in said
    assert told([]) == []  # without an authority there is nobody whose word there could be
    with serving(Answering(at=late)) as authority:
        stamp(stack.engine, authority=authority, now=late, batch_size=100)
    assert len(told([tsa().certificate])) == 1  # dated today, by the thief


def test_heads_that_were_dated_in_time_are_in_order(stack: Stack) -> None:
    stack.publish_many(2)
    origin = stack.settings.log_origin
    advance(stack.engine, seal=Seal(pki().seal), origin=origin, now=stack.now)
    stack.pass_time(minutes=1)
    stack.publish("ACT-9")
    advance(stack.engine, seal=Seal(pki().seal), origin=origin, now=stack.now)
    with serving(Answering(at=stack.now)) as authority:
        stamp(stack.engine, authority=authority, now=stack.now, batch_size=100)
    start_another(stack).gate.office.engine.dispose()
    found = audit_log(
        stack.engine,
        seal_certificates=load_history(stack.settings),
        origin=origin,
        authorities=[tsa().certificate],
        now=NOW + timedelta(days=1),
    )
    assert (found.checkpoints, found.unproven) == (2, [])
