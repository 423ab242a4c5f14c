"""The answers of OpenSSL as a time-stamp authority, which knows nothing of our code."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_OPENSSL_SECONDS: Final = 20
_SERIAL_BYTES: Final = 16
_CONFIGURATION: Final = """\
[tsa]
serial = serial
crypto_device = builtin
signer_digest = sha512
default_policy = 1.3.6.1.4.1.99999.3161.1
digests = sha256, sha512
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def find_openssl() -> str | None:
    """Return OpenSSL's program, where there is one."""
    return shutil.which("openssl")


def stamping(*, openssl: str, key: Path, certificate: Path) -> Callable[[str, bytes], bytes]:
    """Return how an authority answers with OpenSSL, by that key and certificate, at any path."""
    return lambda _, query: _reply(query, openssl=openssl, key=key, certificate=certificate)


def _reply(query: bytes, *, openssl: str, key: Path, certificate: Path) -> bytes:
    """Return OpenSSL's answer; nothing where it has none. A folder each: serial numbers need no lock."""
    with tempfile.TemporaryDirectory(prefix="tsa-") as name:
        folder = Path(name)
        (folder / "tsa.cnf").write_text(_CONFIGURATION)
        (folder / "serial").write_text(f"4{secrets.token_hex(_SERIAL_BYTES - 1)}0\n".upper())
        (folder / "query").write_bytes(query)
        command = [openssl, "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query"]
        command += ["-inkey", str(key.absolute()), "-signer", str(certificate.absolute()), "-out", "reply"]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=_OPENSSL_SECONDS, check=False)
            return (folder / "reply").read_bytes()
        except (OSError, subprocess.TimeoutExpired):
            return b""
