"""The demo tells the truth: it succeeds on an honest folder and names what is wrong with another."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from notigateway.cli.demo import inspect
from notigateway.pki.keys import load_certificates

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

pytestmark = pytest.mark.once

COUNT = 12


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "notigateway.cli.main", "demo"),
            *("--notifications", str(COUNT), "--directory", str(folder)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = run_demo(folder)
    assert done.returncode == 0, done.stderr
    assert f"{COUNT} of {COUNT} accepted, {COUNT} stored" in done.stdout
    assert f"{3 * COUNT} receipts verified" in done.stdout
    assert "documents verified" in done.stdout
    assert "notifications/s" in done.stdout
    return folder


@pytest.fixture(scope="module")
def seals(folder: Path) -> list[x509.Certificate]:
    return load_certificates(folder / "sandbox" / "pki" / "seal.cert.pem")


@pytest.fixture
def inbox(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder / "inbox", tmp_path / "inbox")


def first(inbox: Path, pattern: str) -> Path:
    return min(inbox.rglob(pattern))


def test_everything_that_was_pulled_is_verified(inbox: Path, seals: list[x509.Certificate]) -> None:
    findings = inspect(inbox, seals)
    assert (findings.stored, findings.accepted, findings.receipts) == (COUNT, COUNT, 3 * COUNT)
    assert findings.documents >= COUNT
    assert findings.problems == []


def test_a_changed_document_is_found(inbox: Path, seals: list[x509.Certificate]) -> None:
    document = first(inbox, "*.pdf")
    document.write_bytes(document.read_bytes().replace(b"EUR", b"USD"))
    (problem,) = inspect(inbox, seals).problems
    assert document.parent.name in problem
    assert "a file is not the document that the receipt names" in problem


def test_a_changed_receipt_is_found(inbox: Path, seals: list[x509.Certificate]) -> None:
    receipt = first(inbox, "receipt-*.xml")
    receipt.write_bytes(receipt.read_bytes().replace(b">standard<", b">special_category<"))
    findings = inspect(inbox, seals)
    assert "ReceiptInvalidError" in findings.problems[0]
    assert findings.receipts == 3 * (COUNT - 1)


def test_the_receipt_of_another_notification_is_found(inbox: Path, seals: list[x509.Certificate]) -> None:
    receipts = sorted(inbox.rglob("receipt-*.xml"))
    receipts[0].write_bytes(receipts[-1].read_bytes())
    assert "for another notification" in inspect(inbox, seals).problems[0]


def test_a_missing_document_is_found(inbox: Path, seals: list[x509.Certificate]) -> None:
    file = first(inbox, "notification.json")
    described = json.loads(file.read_text())
    described["documents"].pop()
    file.write_text(json.dumps(described))
    assert len(inspect(inbox, seals).problems) == 1


def test_receipts_of_another_seal_prove_nothing(inbox: Path, folder: Path) -> None:
    service = load_certificates(folder / "sandbox" / "pki" / "service.cert.pem")
    assert inspect(inbox, service).receipts == 0


def test_a_demo_that_finds_something_wrong_says_so_and_ends_with_1(folder: Path, tmp_path: Path) -> None:
    again = shutil.copytree(folder, tmp_path / "again")
    # the database names its documents by an absolute address, so the copy starts with its own data
    shutil.rmtree(again / "sandbox")
    done = run_demo(again)
    assert done.returncode == 1
    assert "demo failed: ARCHIVE_OF_ANOTHER" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_that_cannot_start_says_why_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIGATEWAY_MODE", "production")
    done = run_demo(tmp_path)
    assert done.returncode == 1
    assert "NOTIGATEWAY_MODE in the environment" in done.stderr
