"""How a sandbox says that it answers: one line `READY {json}`, and the same JSON in a file."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from notigateway.errors import ConfigurationError
from notigateway.private_files import make_folder
from notigateway.sandbox.explain_page import PATH as EXPLAINING_PATH
from notigateway.sandbox.settings_file import replace_file, settings_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.sandbox.server import Sandbox


def describe(sandbox: Sandbox, pid: int) -> dict[str, Any]:
    """Return what is announced: addresses, certificates with their keys, settings, process, token."""
    pki = sandbox.pki
    base = urljoin(sandbox.url, "/").removesuffix("/")
    return {
        "url": sandbox.url,
        "listens": sandbox.listens,
        "base": base,
        "sandbox": f"{base}/_sandbox/",
        "token": sandbox.token,
        "wsdl": f"{sandbox.url}?wsdl",
        "explain": urljoin(sandbox.url, EXPLAINING_PATH),
        "wscn": urljoin(sandbox.url, "/INFRWSCN/WSCNService"),
        "wscn_test": urljoin(sandbox.url, "/INFRWSCN_Pruebas/WSCNPruebasService"),
        "certificates": {
            "service": str(pki.certificate("service")),
            "seal": str(pki.certificate("seal")),
            "root": str(pki.certificate("root")),
            "issuers": str(pki.issuers),
            "passphrase": str(pki.passphrase),
            "holders": {
                name: {part: str(file) for part, file in asdict(holder).items()}
                for name, holder in pki.holders().items()
            },
        },
        "trust": str(pki.trust),
        "settings": str(settings_file(sandbox.directory)),
        "pid": pid,
    }


@contextmanager
def announcing(write: Callable[[str], None], file: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield what announces: it writes the file, whole whenever it is there, and then the line.

    One that an earlier sandbox has left behind is removed first, and it is gone when this one ends.

    Raises: `ConfigurationError` where it cannot be written, before anything is made.
    """
    starter = os.getpid()
    if file is not None:
        _check(file)

    def announce(said: dict[str, Any]) -> None:
        text = json.dumps(said, ensure_ascii=False)
        if file is not None:
            replace_file(file, f"{text}\n")
        write(f"READY {text}")

    try:
        yield announce
    finally:
        # Workers leave this context too when they end, and others take their place.
        if file is not None and os.getpid() == starter:
            file.unlink(missing_ok=True)


def _check(file: Path) -> None:
    """Remove what was left behind, and write the file as it will be, but for its name."""
    making = file.with_name(f"{file.name}.making")
    try:
        make_folder(file.parent)
        file.unlink(missing_ok=True)
        making.touch(mode=0o600)
        making.unlink()
    except OSError as error:
        raise ConfigurationError(f"cannot use {file}: {error.strerror}") from error
