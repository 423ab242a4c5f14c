"""The part of `notigateway demo` that waits for time-stamps, and lets OpenSSL judge each of them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509

from notigateway.client import NotificationClient
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.timestamp import signature_imprint, take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import load_certificates
from notigateway.sandbox.holders import Pki

# Bounded by progress: a slow machine takes longer, a dead authority makes none.
_NO_PROGRESS_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
_OPENSSL_SECONDS: Final = 30
_AT_ONCE: Final = 2


@dataclass
class Stamps:
    """What came of the time-stamps; without OpenSSL there is no authority, and nothing is waited for."""

    receipts: int = 0
    verified: int = 0
    problems: list[str] = field(default_factory=list)
    is_possible: bool = True

    def line(self, seconds: float) -> str:
        """Return the line of the summary."""
        if not self.is_possible:
            return "no openssl on this machine: receipts have no time-stamps"
        return (
            f"{self.verified:,} of {self.receipts:,} time-stamps verified with openssl and the seal under "
            f"each with xmlsec, {seconds:.1f} s later"
        )


def await_timestamps(
    client: NotificationClient, ids: Sequence[str], pki: Pki, seals: Sequence[x509.Certificate]
) -> Stamps:
    """Wait until every receipt has its time-stamp, and verify all of them."""
    openssl = shutil.which("openssl")
    if openssl is None or not pki.certificate("tsa").is_file():
        return Stamps(is_possible=False)
    stamps = Stamps()
    receipts = _await(client, list(ids), stamps)
    authorities = load_certificates(pki.certificate("tsa"))
    for data in receipts:
        try:
            verify_receipt(data, seal_certificates=seals, timestamp_certificates=authorities)
        except ReceiptInvalidError as error:
            stamps.problems.append(f"time-stamped receipt: {error}")
    root = pki.certificate("root")
    with tempfile.TemporaryDirectory(prefix="notigateway-tst-") as name, ThreadPoolExecutor(_AT_ONCE) as pool:
        folder = Path(name)
        judged = pool.map(lambda one: _judge(one, folder, openssl, root), enumerate(receipts))
        for problem in judged:
            stamps.verified += problem is None
            if problem is not None:
                stamps.problems.append(problem)
    if stamps.verified != stamps.receipts:
        stamps.problems.append(f"time-stamps: {stamps.verified:,} instead of {stamps.receipts:,}")
    return stamps


def _await(client: NotificationClient, waiting: list[str], stamps: Stamps) -> list[bytes]:
    """Return every receipt once all those of its notification have time-stamps, or none comes any more."""
    found: list[bytes] = []
    seen: dict[str, int] = {}
    last = time.monotonic()
    while waiting and time.monotonic() - last < _NO_PROGRESS_SECONDS:
        answers, left = client.receipts(waiting[:100]), waiting[100:]
        undone = []
        for item in answers:
            forms = [receipt.xml() for receipt in item.receipts]
            count = sum(take_out(form)[1] is not None for form in forms)
            if count > seen.get(item.id, 0):
                seen[item.id], last = count, time.monotonic()
            if count == len(forms):
                found += forms
            else:
                undone.append(item.id)
        waiting = [*left, *undone]
        if undone:
            time.sleep(_PAUSE_SECONDS)
    stamps.receipts = len(found) + sum(len(one.receipts) for one in client.receipts(waiting[:100]))
    return found


def _judge(numbered: tuple[int, bytes], folder: Path, openssl: str, root: Path) -> str | None:
    """Let OpenSSL verify a token; return what it says against it."""
    number, data = numbered
    original, token = take_out(data)
    file = folder / f"{number}.tst"
    file.write_bytes(token or b"")
    command = [openssl, "ts", "-verify", "-token_in", "-in", str(file), "-CAfile", str(root)]
    command += ["-digest", signature_imprint(original).hex()]
    done = subprocess.run(  # noqa: S603  (our own arguments)
        command, capture_output=True, text=True, timeout=_OPENSSL_SECONDS, check=False
    )
    return None if done.returncode == 0 else f"openssl refuses a time-stamp: {done.stderr.strip()}"
