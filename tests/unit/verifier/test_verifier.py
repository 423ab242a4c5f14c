"""A bundle passes as it was made; whatever is wrong with it, its step says so."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from bundles import (
    ACCEPT,
    NOTIFICATION,
    Proofs,
    accept_request,
    put_at_disposal,
    sealed,
    stamped,
    statement,
    write_trust,
)
from client_shapes import by_name, thumbprint_text
from notigateway.evidence import asic, bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import add_token, take_out
from notigateway.tlog.dating import checkpoint_imprint
from notigateway.tlog.note import read_note
from notigateway.verifier.cli import app
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome, Report
from pki import NOW, pki, write_issuers
from tsa import token_of, tsa

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.verifier.pins import Trust

AT = NOW + timedelta(days=1)
# Runs the command in a process that has nothing of the server and no network.
ALONE = """
import sys, socket
class Absent:
    def find_spec(self, name, path=None, target=None):
        absent = {"sqlalchemy", "spyne", "httpx", "obstore", "alembic", "pydantic_settings", "flask"}
        if name.partition(".")[0] in absent or name in {
            "notigateway.app", "notigateway.settings", "notigateway.repository", "notigateway.soap",
        }:
            raise ImportError("not on this machine: " + name)
sys.meta_path.insert(0, Absent())
def refused(*_): raise OSError("no network")
socket.socket.connect = socket.socket.bind = refused
from notigateway.verifier.cli import main
main()
"""

NOTHING_TO_CHECK = {"renewed heads", "cosignatures"}


@pytest.fixture(scope="session")
def proofs() -> bytes:
    return Proofs().build()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="session")
def trust(folder: Path) -> Trust:
    return load_trust(folder)


def outcomes(report: Report) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in report.steps}


def why(report: Report, name: str) -> str:
    (found,) = [step for step in report.steps if step.name == name]
    assert found.outcome is Outcome.FAILED, report
    return found.reason


def test_a_bundle_passes_every_step(proofs: bytes, trust: Trust) -> None:
    report = verify(proofs, trust=trust, at=AT)

    assert report.outcome is Outcome.PASSED
    found = outcomes(report)
    assert {name for name, one in found.items() if one is Outcome.SKIPPED} == NOTHING_TO_CHECK
    assert all(step.reason for step in report.steps)


def test_the_receipt_and_the_pdf_of_a_bundle_pass_by_themselves(proofs: bytes, trust: Trust) -> None:
    files = bundle.read_container(proofs)

    assert verify(files[bundle.RECEIPT], trust=trust, at=AT).outcome is Outcome.PASSED
    report = verify(files[bundle.FORM], trust=trust, at=AT)
    assert report.outcome is Outcome.PASSED
    assert report.steps[0].name == "PDF"


def test_the_same_parts_give_the_same_bundle() -> None:
    files = Proofs().members()
    seal = Seal(pki().seal)
    one, two = (bundle.write_bundle(files, receipt_id=NOTIFICATION, seal=seal, made_at=NOW) for _ in range(2))
    first, second = (dict(bundle.read_container(data)) for data in (one, two))
    first.pop(bundle.SIGNATURE), second.pop(bundle.SIGNATURE)  # ECDSA is not deterministic
    assert first == second


def flip_and_verify(data: bytes, trust: Trust, places: int) -> None:
    dice = random.Random(20261123)  # noqa: S311  (reproducible on purpose)
    for place in dice.sample(range(len(data)), places):
        changed = bytearray(data)
        changed[place] ^= 1 << dice.randrange(8)
        report = verify(bytes(changed), trust=trust, at=AT)
        assert report.outcome is Outcome.FAILED, place
        assert any(step.outcome is Outcome.FAILED and step.reason for step in report.steps)


def test_any_of_500_random_bytes_flipped_fails_and_names_the_step(proofs: bytes, trust: Trust) -> None:
    flip_and_verify(proofs, trust, 500)


def without_manifest(data: bytes) -> dict[str, bytes]:
    files = bundle.read_container(data)
    return {name: files[name] for name in files if name not in {bundle.MANIFEST, bundle.SIGNATURE}}


def test_a_flipped_byte_under_a_right_checksum_fails_at_the_manifest(proofs: bytes, trust: Trust) -> None:
    files = bundle.read_container(proofs)
    for name in files:
        changed = bytearray(files[name])
        changed[len(changed) // 3] ^= 4
        repaired = bundle.write({**files, name: bytes(changed)})
        report = verify(repaired, trust=trust, at=AT)
        assert outcomes(report)["container"] is Outcome.PASSED
        assert why(report, "manifest"), name


def test_a_flipped_byte_in_any_file_fails_also_without_the_manifest(proofs: bytes, trust: Trust) -> None:
    steps = {
        bundle.RECEIPT: "seal",
        bundle.FORM: "form",
        bundle.PREVIOUS: "chain",
        bundle.REQUEST: "request",
        bundle.SEAL_CERTIFICATE: "seal certificate",
        bundle.CALLER_CERTIFICATE: "caller's signature",
        bundle.LEAF: "log",
        bundle.INCLUSION: "log",
        bundle.CHECKPOINT: "checkpoint",
        bundle.REVOCATION: "revocation data",
        bundle.AUTHORITY_CERTIFICATE: "time-stamp",
        bundle.CHECKPOINT_TOKEN: "checkpoint's time",
    }
    files = without_manifest(proofs)
    assert set(steps) == set(files)
    for name, step in steps.items():
        changed = bytearray(files[name])
        changed[len(changed) // 2] ^= 1
        resealed = bundle.write_bundle(
            {**files, name: bytes(changed)},
            receipt_id=NOTIFICATION,
            seal=Seal(pki().seal),
            made_at=NOW,
        )
        report = verify(resealed, trust=trust, at=AT)
        assert outcomes(report)["manifest"] is Outcome.PASSED
        assert why(report, step), name


def rezipped(data: bytes, change: str) -> bytes:
    """Return the same files in another container."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(out, "w") as target:
        names = source.namelist()
        for name in reversed(names) if change == "order" else names:
            method = ZIP_DEFLATED if change == "compressed" else None
            target.writestr(name if change == "dates" else source.getinfo(name), source.read(name), method)
        if change == "extra":
            target.writestr("readme.txt", b"")
        if change == "comment":
            target.comment = b"hello"
    return out.getvalue()


@pytest.mark.parametrize("change", ["order", "compressed", "dates", "extra", "comment"])
def test_another_container_of_the_same_files_is_refused(proofs: bytes, trust: Trust, change: str) -> None:
    assert why(verify(rezipped(proofs, change), trust=trust, at=AT), "container")


def test_bytes_before_after_or_missing_are_refused(proofs: bytes, trust: Trust) -> None:
    for changed in (proofs + b"\n", proofs[:-1], b"PK" + proofs, proofs[:200]):
        assert why(verify(changed, trust=trust, at=AT), "container")


@pytest.mark.parametrize("name", [bundle.FORM, bundle.LEAF, bundle.CHECKPOINT])
def test_a_bundle_without_a_required_file_cannot_be_written(name: str) -> None:
    with pytest.raises(ValueError, match="files of a bundle"):
        Proofs(files={name: None}).build()


def test_a_bundle_that_hides_the_request_is_refused(trust: Trust) -> None:
    report = verify(Proofs(files={bundle.REQUEST: None}).build(), trust=trust, at=AT)

    assert "does not hold" in why(report, "request")


def test_a_request_that_the_manifest_leaves_out_is_told_and_is_no_failure(
    trust: Trust, folder: Path, tmp_path: Path
) -> None:
    data = Proofs().without_request().build()
    report = verify(data, trust=trust, at=AT)
    assert report.outcome is Outcome.PASSED
    said = {step.name: step for step in report.steps}
    assert said["request"].outcome is said["caller's signature"].outcome is Outcome.SKIPPED
    assert said["request"].reason.startswith("left out of this bundle: it names other notifications")
    assert hashlib.sha256(accept_request()).hexdigest() in said["request"].reason

    # Whoever holds the request gives it, and everything is verified as if it were inside.
    whole = verify(data, trust=trust, at=AT, request=accept_request())
    assert {name for name, one in outcomes(whole).items() if one is Outcome.SKIPPED} == NOTHING_TO_CHECK
    file, request = tmp_path / "bundle.zip", tmp_path / "request.xml"
    file.write_bytes(data)
    request.write_bytes(accept_request())
    run = CliRunner().invoke(app, [str(file), "--trust", str(folder), "--request", str(request)])
    assert run.exit_code == 0
    assert "as the receipt says" in run.output
    other = verify(data, trust=trust, at=AT, request=accept_request(ACCEPT.replace("Accept", "Reject")))
    assert "not the one" in why(other, "request")


def test_a_request_that_is_given_is_compared_also_where_the_bundle_holds_its_own(
    proofs: bytes, trust: Trust
) -> None:
    assert verify(proofs, trust=trust, at=AT, request=accept_request()).outcome is Outcome.PASSED
    for other in (b"", b"not this one", accept_request() + b"\n"):
        report = verify(proofs, trust=trust, at=AT, request=other)
        assert report.outcome is Outcome.FAILED
        assert "given beside this file is not the one" in why(report, "request")


@pytest.mark.parametrize("name", [bundle.RECEIPT, bundle.FORM])
def test_a_lone_file_is_verified_with_the_request_of_who_holds_it(
    proofs: bytes, trust: Trust, name: str
) -> None:
    alone = bundle.read_container(proofs)[name]
    report = verify(alone, trust=trust, at=AT, request=accept_request())
    assert report.outcome is Outcome.PASSED
    assert outcomes(report)["request"] is outcomes(report)["caller's signature"] is Outcome.PASSED
    other = verify(alone, trust=trust, at=AT, request=accept_request(ACCEPT.replace("Accept", "Reject")))
    assert "not the one" in why(other, "request")


def test_a_signer_that_is_neither_beside_nor_in_the_request_is_told_and_is_no_failure(trust: Trust) -> None:
    seal = pki().company_seal
    named = by_name(seal, thumbprint_text(seal), ACCEPT).build()
    data = sealed(statement(named))
    report = verify(data, trust=trust, at=AT, request=named)
    assert report.outcome is Outcome.PASSED
    (step,) = [one for one in report.steps if one.name == "caller's signature"]
    assert step.outcome is Outcome.SKIPPED
    assert bundle.CALLER_CERTIFICATE in step.reason


def test_a_request_that_points_to_a_token_that_is_not_in_it_fails(trust: Trust) -> None:
    dangling = accept_request().replace(b"<wsse:Reference URI=", b"<wsse:Reference URI='#nothing' x=")
    report = verify(sealed(statement(dangling)), trust=trust, at=AT, request=dangling)
    assert report.outcome is Outcome.FAILED
    assert why(report, "caller's signature")


def test_a_request_is_not_left_out_by_who_does_not_hold_the_seal(proofs: bytes, trust: Trust) -> None:
    """Taken away from a whole bundle, with a manifest that says it was left out: the seal is not on that."""
    files = dict(bundle.read_container(proofs))
    files.pop(bundle.REQUEST)
    honest = bundle.read_container(Proofs().without_request().build())
    for manifest in (files[bundle.MANIFEST], honest[bundle.MANIFEST]):
        report = verify(bundle.write({**files, bundle.MANIFEST: manifest}), trust=trust, at=AT)
        assert why(report, "manifest")
        assert "does not hold" in why(report, "request")


def test_another_request_than_the_receipts_cannot_be_left_out(trust: Trust) -> None:
    report = verify(Proofs().without_request("a" * 64).build(), trust=trust, at=AT)
    assert "another request" in why(report, "request")


def test_a_reason_that_this_verifier_does_not_know_is_told_as_it_is(trust: Trust) -> None:
    report = verify(Proofs().without_request(reason="of-later").build(), trust=trust, at=AT)
    assert report.outcome is Outcome.PASSED
    (step,) = [one for one in report.steps if one.name == "request"]
    assert "of-later" in step.reason


def test_the_certificate_beside_what_is_left_out_must_be_the_receipts(trust: Trust) -> None:
    person = pki().person.certificate.public_bytes(Encoding.DER)
    data = Proofs(files={bundle.CALLER_CERTIFICATE: person}).without_request().build()
    assert "not the certificate" in why(verify(data, trust=trust, at=AT), "caller's signature")


@pytest.mark.parametrize(
    "out",
    [
        (bundle.LeftOut(bundle.RECEIPT, "a" * 64, bundle.NAMES_OTHERS),),
        (bundle.LeftOut(bundle.PREVIOUS, "a" * 64, bundle.NAMES_OTHERS),),
        (bundle.LeftOut(bundle.REQUEST, "a" * 64, bundle.NAMES_OTHERS),),
    ],
)
def test_nothing_else_is_left_out_nor_what_is_there(out: tuple[bundle.LeftOut, ...]) -> None:
    with pytest.raises(ValueError, match="left out"):
        Proofs(left_out=out).build()


def test_a_sealed_manifest_that_leaves_out_what_it_holds_is_refused(proofs: bytes, trust: Trust) -> None:
    for name in (bundle.REQUEST, bundle.PREVIOUS, "anything"):
        files = dict(bundle.read_container(proofs))
        stated = json.loads(files[bundle.MANIFEST])
        stated["left_out"] = [{"name": name, "sha256": "a" * 64, "reason": "x"}]
        text = json.dumps(stated).encode()
        signed = {**files, bundle.MANIFEST: text, bundle.SIGNATURE: Seal(pki().seal).sign(text, now=NOW)}
        assert "leaves out" in why(verify(bundle.write(signed), trust=trust, at=AT), "manifest")


def test_a_bundle_forged_by_another_holder_of_the_same_authority_fails(trust: Trust) -> None:
    report = verify(Proofs(seal=pki().ec_company).build(), trust=trust, at=AT)

    for step in ("manifest", "seal certificate", "seal", "checkpoint"):
        assert "pin" in why(report, step)
    assert outcomes(report)["request"] is Outcome.INDETERMINATE


def test_a_request_signed_by_somebody_else_fails(trust: Trust) -> None:
    said = statement(accept_request())
    assert said.authentication is not None
    other = replace(said, authentication=replace(said.authentication, certificate_sha256="a" * 64))

    report = verify(Proofs(receipt=sealed(other)).build(), trust=trust, at=AT)

    assert "not the certificate that the receipt names" in why(report, "caller's signature")


def test_a_request_about_another_notification_fails(trust: Trust) -> None:
    request = accept_request(ACCEPT.replace("2c3d", "2c3e"))

    report = verify(Proofs(request=request).build(), trust=trust, at=AT)

    assert "does not name this notification" in why(report, "caller's signature")


def test_a_request_under_an_issuer_that_is_not_trusted_fails(proofs: bytes, tmp_path: Path) -> None:
    without = load_trust(write_trust(tmp_path, issuers=False))
    write_issuers(tmp_path / "issuers", [pki().other_root.certificate])
    other = load_trust(tmp_path)

    assert verify(proofs, trust=without, at=AT).outcome is Outcome.PASSED
    assert "none of the trust folder's" in why(verify(proofs, trust=other, at=AT), "caller's signature")


def test_a_receipt_that_the_log_does_not_hold_fails(trust: Trust) -> None:
    report = verify(Proofs(logged=b"another receipt").build(), trust=trust, at=AT)

    assert "does not speak of this receipt" in why(report, "log")


def test_the_previous_receipt_must_be_the_one_that_is_named(trust: Trust) -> None:
    other = sealed(replace(statement(b""), event_time=NOW - timedelta(days=1)))

    report = verify(Proofs(files={bundle.PREVIOUS: other}).build(), trust=trust, at=AT)

    assert "not the one that it names" in why(report, "chain")


def test_a_bundle_that_hides_the_receipt_before_is_refused(trust: Trust) -> None:
    report = verify(Proofs(files={bundle.PREVIOUS: None}).build(), trust=trust, at=AT)

    assert "does not hold" in why(report, "chain")


def test_the_pdf_must_be_of_this_receipt(trust: Trust, proofs: bytes) -> None:
    other = Proofs(request=accept_request(ACCEPT + " ")).members()[bundle.FORM]

    report = verify(Proofs(files={bundle.FORM: other}).build(), trust=trust, at=AT)

    assert "not this one" in why(report, "form")


# --- what cannot be told ---------------------------------------------------------------------------


def test_a_trust_folder_without_a_seal_of_that_time_is_indeterminate(proofs: bytes, tmp_path: Path) -> None:
    receipt = bundle.read_container(proofs)[bundle.RECEIPT]

    nothing = verify(receipt, trust=load_trust(tmp_path), at=AT)
    other_time = verify(receipt, trust=load_trust(write_trust(tmp_path, pki().expired)), at=AT)

    assert outcomes(nothing)["seal"] is Outcome.INDETERMINATE
    assert nothing.outcome is Outcome.INDETERMINATE
    assert outcomes(other_time)["seal certificate"] is Outcome.INDETERMINATE


def test_an_expired_seal_without_a_time_stamp_is_indeterminate_with_one_it_passes(trust: Trust) -> None:
    seal = pki().seal
    short = pki().holder(seal.certificate.subject, seal.key, not_after=NOW + timedelta(days=400))
    expiring = replace(trust, seals=[DatedCertificate.of(short.certificate), *trust.seals])
    later = NOW + timedelta(days=500)

    without = verify(Proofs(seal=short, stamped=False).build(), trust=expiring, at=later)

    assert outcomes(without)["existence"] is Outcome.INDETERMINATE
    assert without.outcome is Outcome.INDETERMINATE
    assert verify(Proofs(seal=short).build(), trust=expiring, at=later).outcome is Outcome.PASSED


# --- level T ---------------------------------------------------------------------------------------


def test_level_t_passes_with_the_time_stamp_of_a_trusted_authority(proofs: bytes, trust: Trust) -> None:
    receipt = bundle.read_container(proofs)[bundle.RECEIPT]

    for data in (proofs, receipt):
        report = verify(data, trust=trust, at=AT, required_level="T")
        assert report.outcome is Outcome.PASSED, report
        assert outcomes(report)["time-stamp"] is Outcome.PASSED


def test_level_t_fails_at_the_time_stamp_where_it_was_taken_away(proofs: bytes, trust: Trust) -> None:
    receipt = take_out(bundle.read_container(proofs)[bundle.RECEIPT])[0]
    files = {**without_manifest(proofs), bundle.RECEIPT: receipt}
    resealed = bundle.write_bundle(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)

    for data in (Proofs(stamped=False).build(), receipt):
        report = verify(data, trust=trust, at=AT, required_level="T")
        assert "there is no time-stamp" in why(report, "time-stamp")
        assert verify(data, trust=trust, at=AT).outcome is Outcome.PASSED
    # A bundle that was time-stamped says so by the authority's certificate, whatever level is required.
    assert "was taken away" in why(verify(resealed, trust=trust, at=AT), "time-stamp")


def test_the_time_stamp_of_another_receipt_fails_whoever_is_trusted(tmp_path: Path, trust: Trust) -> None:
    other = take_out(stamped(put_at_disposal()))[1] or b""
    swapped = add_token(sealed(statement(b"")), other)
    without = replace(trust, authorities=[])

    for one in (trust, without):
        report = verify(swapped, trust=one, at=AT)
        assert "wrong imprint" in why(report, "time-stamp")


def test_level_t_by_an_authority_that_is_not_trusted(proofs: bytes, trust: Trust) -> None:
    nobody = replace(trust, authorities=[])
    another = replace(trust, authorities=[DatedCertificate.of(tsa("another").certificate)])

    unknown = verify(proofs, trust=nobody, at=AT, required_level="T")
    assert unknown.outcome is outcomes(unknown)["time-stamp"] is Outcome.INDETERMINATE
    assert verify(proofs, trust=nobody, at=AT).outcome is Outcome.PASSED
    assert "not from a pinned authority" in why(verify(proofs, trust=another, at=AT), "time-stamp")


def test_level_t_of_a_pdf_alone_is_that_of_its_own_seal(proofs: bytes, trust: Trust) -> None:
    pdf = bundle.read_container(proofs)[bundle.FORM]
    without = Proofs(stamped=False).members()[bundle.FORM]

    assert verify(pdf, trust=trust, at=AT, required_level="T").outcome is Outcome.PASSED
    assert verify(without, trust=trust, at=AT, required_level="T").outcome is Outcome.INDETERMINATE
    nobody = replace(trust, authorities=[])
    assert verify(pdf, trust=nobody, at=AT, required_level="T").outcome is Outcome.INDETERMINATE


def test_the_time_of_a_checkpoint_is_checked_against_its_signature(proofs: bytes, trust: Trust) -> None:
    files = without_manifest(proofs)
    early, other = (
        token_of(imprint, at=at)
        for imprint, at in (
            (
                checkpoint_imprint(read_note(files[bundle.CHECKPOINT]).lines[0].signature),
                NOW - timedelta(hours=1),
            ),
            (checkpoint_imprint(b"another"), NOW),
        )
    )
    for token, reason in ((early, "from before the checkpoint"), (other, "wrong imprint")):
        report = verify(Proofs(files={**files, bundle.CHECKPOINT_TOKEN: token}).build(), trust=trust, at=AT)
        assert reason in why(report, "checkpoint's time")


# --- the command -----------------------------------------------------------------------------------


def run_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, as on a machine with only the verifier."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    environment |= {name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")}
    return subprocess.run(
        [sys.executable, "-c", ALONE, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_needs_neither_server_nor_network_and_exits_0_1_2(
    proofs: bytes, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(proofs)
    (tmp_path / "flipped.zip").write_bytes(proofs[:-1] + b"\x01")
    at = "--at", AT.isoformat()

    passed = run_alone(tmp_path, "bundle.zip", "--trust", str(folder), *at)
    failed = run_alone(tmp_path, "flipped.zip", "--trust", str(folder), *at)
    required = run_alone(
        tmp_path, "bundle.zip", "--trust", str(folder), *at, "--require-level", "T", "--json"
    )
    unknown = run_alone(tmp_path, "bundle.zip", "--trust", str(tmp_path), *at)

    assert (passed.returncode, passed.stderr) == (0, "")
    lines = passed.stdout.splitlines()
    assert lines[-1] == "result: passed"
    assert lines[-2].startswith("Proven: On 1 June 2026")
    assert [line.split()[0] for line in lines[:-2]] == [str(n) for n in range(1, len(lines) - 1)]
    assert failed.returncode == 1
    assert "container" in failed.stdout
    assert required.returncode == 0
    assert json.loads(required.stdout)["outcome"] == "passed"
    assert unknown.returncode == 2


def test_several_files_end_with_the_worst_of_them(proofs: bytes, folder: Path, tmp_path: Path) -> None:
    good, bad, absent = (tmp_path / name for name in ("good.zip", "bad.zip", "absent.zip"))
    good.write_bytes(proofs)
    bad.write_bytes(proofs[:-1] + b"\x01")

    def run(*words: object) -> tuple[int, list[str]]:
        options = ["--trust", str(folder), "--at", AT.isoformat()]
        done = CliRunner().invoke(app, [*map(str, words), *options])
        return done.exit_code, done.stdout.splitlines()

    code, lines = run(good, good)
    assert (code, lines.count(str(good)), lines.count("result: passed")) == (0, 2, 2)
    assert run(absent, good)[0] == 2
    code, lines = run(absent, bad, good, "--json")
    told = [(one["file"], one["outcome"]) for one in map(json.loads, lines)]
    unread = (str(absent), "indeterminate")
    assert (code, told) == (1, [unread, (str(bad), "failed"), (str(good), "passed")])
    assert run(good, good, "--request", bad)[0] == 2


def test_a_file_or_folder_that_cannot_be_read_is_indeterminate(folder: Path, tmp_path: Path) -> None:
    for arguments in (
        ["absent.zip", "--trust", str(folder)],
        [str(folder / "seals" / "issuer-0.pem"), "--trust", "no"],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("notigateway-verify: ")
        said = CliRunner().invoke(app, [*arguments, "--json"])
        (step,) = json.loads(said.stdout)["steps"]
        assert (said.exit_code, step["outcome"], said.stderr) == (2, "indeterminate", "")
        assert step["reason"]


@pytest.mark.parametrize("name", ["a\udc80.zip", "missing/b\udcff.zip"])
def test_a_name_that_is_no_text_still_has_its_document(folder: Path, tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / name), "--trust", str(folder), "--json"])
    assert json.loads(result.stdout)["outcome"] == "indeterminate"


def test_a_device_that_never_ends_is_not_read(folder: Path) -> None:
    result = CliRunner().invoke(app, ["/dev/zero", "--trust", str(folder), "--json"])
    assert json.loads(result.stdout)["outcome"] == "indeterminate"


def test_what_is_no_receipt_fails_and_its_bytes_do_not_reach_the_terminal(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.xml"
    file.write_bytes(b"<Evidence xmlns='urn:\xc2\x9b31m'>\x1b[31m</Evidence>")

    result = CliRunner().invoke(app, [str(file), "--trust", str(folder)])

    assert result.exit_code == 1
    assert all(character.isprintable() or character == "\n" for character in result.stdout)


# --- the same as a container of associated signatures ---------------------------------------------


@pytest.fixture(scope="session")
def container() -> bytes:
    files = Proofs().members()
    return asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)


def test_a_container_takes_the_steps_of_a_bundle(container: bytes, proofs: bytes, trust: Trust) -> None:
    report = verify(container, trust=trust, at=AT)

    assert report.outcome is Outcome.PASSED, report
    assert outcomes(report) == outcomes(verify(proofs, trust=trust, at=AT))


def test_any_of_500_random_bytes_of_a_container_flipped_fails(container: bytes, trust: Trust) -> None:
    flip_and_verify(container, trust, 500)


def test_a_container_whose_manifest_names_other_files_or_another_seal_fails(trust: Trust) -> None:
    files = Proofs().members()
    seal, other = Seal(pki().seal), Seal(pki().ec_company)
    text_of = partial(bundle.manifest_text, receipt_id=NOTIFICATION, made_at=NOW, left_out=())
    changed = {**files, bundle.RECEIPT: b"<Evidence/>"}
    for text in (text_of(files, seal=other), text_of(changed, seal=seal), b"{}"):
        held = {**files, bundle.MANIFEST: text}
        sealed_by_ours = asic.container_of(held, seal=seal, at=NOW)
        assert why(verify(sealed_by_ours, trust=trust, at=AT), "manifest")
