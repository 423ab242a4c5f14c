"""A gateway in this process, with a mailbox of notifications and callers who sign."""

from __future__ import annotations

import gc
import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.acts import prepare
from notigateway.app import build_app
from notigateway.errors import GatewayError
from notigateway.pki.keys import load_key_pair
from notigateway.sandbox.holders import ensure_pki
from notigateway.sandbox.jobs import refresh_once
from notigateway.settings import load_settings
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.sign import Signer, sign_envelope
from notigateway.wss.verify import verify_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from wsgiref.types import WSGIEnvironment


# What a fault says, of an answer of ten kilobytes.
_FAULT = re.compile(r"(?<=<faultstring>)[^<]*|<fact [^>]*>[^<]*")


class Gateway:
    """The WSGI application over a seeded database, and the keys of the sandbox's holders.

    The database is SQLite's in the folder, where no other is given.
    """

    def __init__(self, folder: Path, *, notifications: int, database_url: str | None = None) -> None:
        now = datetime.now(UTC)
        self._pki = pki = ensure_pki(folder / "pki", now)
        self._signers: dict[str, Signer] = {}
        settings = load_settings(
            None,
            overrides={
                "database_url": database_url or f"sqlite:///{folder / 'notigateway.db'}",
                "document_store_url": f"file:{folder / 'documents'}",
                "service_key_file": pki.key("service"),
                "service_certificate_file": pki.certificate("service"),
                "seal_key_file": pki.key("seal"),
                "seal_certificate_file": pki.certificate("seal"),
                "authorised_issuers_folder": pki.issuers,
                "evidence_issuers_folder": pki.evidence_issuers,
                "revocation_folder": pki.revocation,
                "log_level": "error",
            },
        )
        prepare(settings, notifications)
        refresh_once(settings, now)
        self.trust = pki.trust
        self._path = settings.public_url.path
        self.application = build_app(settings)
        gc.collect()
        gc.freeze()  # as wsgi.py does

    def close(self) -> None:
        """Let go of the database."""
        self.application.gate.office.engine.dispose()

    def signed(self, content: bytes, holder: str = "company") -> bytes:
        """Return a request no one has sent before, signed by a holder of the sandbox."""
        signer = self._signers.get(holder)
        if signer is None:
            files = self._pki.holder(holder)
            pair = load_key_pair(files.key, files.certificate)
            signer = self._signers[holder] = Signer(pair.key, pair.certificate)
        return sign_envelope(content, signer=signer, now=datetime.now(UTC))

    def answer(self, request: bytes) -> bytes:
        """Run one request through the application.

        Raises: `SystemExit` for any answer but success: a fault's speed is of no interest here.
        """
        status, answer = self._send(request)
        if status != "200 OK":
            raise SystemExit(" ".join(_FAULT.findall(answer.decode())) or answer.decode())
        return answer

    def refused(self, request: bytes) -> bytes:
        """Run one request that must be refused. Raises: `SystemExit` where it is not, or not by a fault."""
        status, answer = self._send(request)
        if status == "200 OK" or b"INTERNAL_ERROR" in answer:
            raise SystemExit(answer.decode())
        return answer

    def proven(self, request: bytes) -> str:
        """Verify one request as the application does and answer nothing; return by which code it is refused.

        Raises: `SystemExit` where it is not.
        """
        gate = self.application.gate
        try:
            verify_envelope(
                parse_envelope(request, limits=gate.limits),
                now=datetime.now(UTC),
                expectations=gate.expectations,
                check_certificate=gate.admission.check,
                clients=gate.clients,
            )
        except GatewayError as refusal:
            return refusal.code
        raise SystemExit("it is not refused")

    def sent(self, request: bytes, *, accept: str) -> int:
        """Run one request through the application; return the bytes of its answer, of which none is kept."""
        statuses, pieces = self._begin(request, HTTP_ACCEPT=accept)
        size = sum(map(len, pieces))
        if statuses != ["200 OK"]:
            raise SystemExit(f"answered {statuses}")
        return size

    def _send(self, request: bytes) -> tuple[str, bytes]:
        statuses, pieces = self._begin(request)
        answer = b"".join(pieces)
        return statuses[0], answer

    def _begin(self, request: bytes, **more: str) -> tuple[list[str], Iterable[bytes]]:
        statuses: list[str] = []

        def start_response(status: str, *_rest: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return len  # stands for WSGI's old way to write, which nobody uses

        environ: WSGIEnvironment = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": self._path,
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(request)),
            "wsgi.input": io.BytesIO(request),
            **more,
        }
        return statuses, self.application(environ, start_response)
