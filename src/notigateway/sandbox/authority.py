"""A time-stamp authority for a sandbox (RFC 3161), behind HTTP on this machine; each world has its own time.

It answers as any authority does, so a sandbox raises its receipts to XAdES-T the way production does. The
path of the request names the world. Each worker answers on the one socket that the sandbox has taken before
it forked.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Final, Self

from asn1crypto import algos, cms, core, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import ConfigurationError
from notigateway.evidence.der import OCTETS, SEQUENCE, SET, TAGGED_0, V1, V3, der
from notigateway.pki.keys import load_key_pair

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from email.message import Message
    from pathlib import Path

    from notigateway.pki.keys import KeyPair

_QUERY_MAX_BYTES: Final = 16 * 1024
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_READ_SECONDS: Final = 20
_STOP_SECONDS: Final = 5.0
_SERIAL_BITS: Final = 64
# An identifier of an example (RFC 7229 §2.1).
_POLICY: Final = core.ObjectIdentifier("1.3.6.1.5.5.7.13.1").dump()
_ACCURACY: Final = tsp.Accuracy({"seconds": 1}).dump()
_SHA256: Final = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
_SHA256_ECDSA: Final = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()
_TST_INFO: Final = cms.ContentType("tst_info").dump()
_SIGNED_DATA: Final = cms.ContentType("signed_data").dump()
_GRANTED: Final = tsp.PKIStatusInfo({"status": "granted"}).dump()
# An answer with a status alone; asn1crypto writes none without a token.
_REFUSED: Final = der(SEQUENCE, tsp.PKIStatusInfo({"status": "rejection"}).dump())


def _attribute(kind: str, value: bytes) -> bytes:
    return der(SEQUENCE, cms.CMSAttributeType(kind).dump(), der(SET, value))


_CONTENT_TYPE: Final = _attribute("content_type", _TST_INFO)


@dataclass(frozen=True)
class Stamper:
    """Whose time-stamps a world gets: key, certificate, time, and whether any are given now."""

    pair: KeyPair
    clock: Callable[[], datetime]
    is_failing: Callable[[], bool] = lambda: False

    @classmethod
    def from_files(cls, key: Path, certificate: Path, clock: Callable[[], datetime]) -> Self:
        """Read the authority's files. Raises: `ConfigurationError`."""
        return cls(load_key_pair(key, certificate), clock)

    def reply(self, query: bytes) -> bytes:
        """Return the answer to a request. Raises: `ValueError` for what is none."""
        if self.is_failing():
            return _REFUSED
        asked = tsp.TimeStampReq.load(query)
        info = der(
            SEQUENCE,
            V1,
            _POLICY,
            asked["message_imprint"].dump(),
            core.Integer(1 << _SERIAL_BITS | secrets.randbits(_SERIAL_BITS)).dump(),
            core.GeneralizedTime(_to_seconds(self.clock())).dump(),
            _ACCURACY,
            asked["nonce"].dump(),
        )
        return der(SEQUENCE, _GRANTED, self._token(info))

    @cached_property
    def _certificate(self) -> bytes:
        return self.pair.certificate.public_bytes(Encoding.DER)

    @cached_property
    def _identifier(self) -> bytes:
        """Who signs (RFC 5652 §5.3)."""
        certificate = asn1.Certificate.load(self._certificate)
        return der(SEQUENCE, certificate.issuer.dump(), core.Integer(certificate.serial_number).dump())

    @cached_property
    def _named(self) -> bytes:
        """The attribute that names the certificate (RFC 5816 §2.2.1)."""
        digest = der(OCTETS, hashlib.sha256(self._certificate).digest())
        return _attribute("signing_certificate_v2", der(SEQUENCE, der(SEQUENCE, der(SEQUENCE, digest))))

    def _token(self, info: bytes) -> bytes:
        """Return the signed token (RFC 5652 §5); its every part is written in DER as it will be read."""
        digest = _attribute("message_digest", der(OCTETS, hashlib.sha256(info).digest()))
        attributes = sorted([_CONTENT_TYPE, digest, self._named])
        signer = der(
            SEQUENCE,
            V1,
            self._identifier,
            _SHA256,
            der(TAGGED_0, *attributes),
            _SHA256_ECDSA,
            der(OCTETS, self._sign(der(SET, *attributes))),
        )
        signed = der(
            SEQUENCE,
            V3,
            der(SET, _SHA256),
            der(SEQUENCE, _TST_INFO, der(TAGGED_0, der(OCTETS, info))),
            der(TAGGED_0, self._certificate),
            der(SET, signer),
        )
        return der(SEQUENCE, _SIGNED_DATA, der(TAGGED_0, signed))

    def _sign(self, octets: bytes) -> bytes:
        key = self.pair.key
        if not isinstance(key, EllipticCurvePrivateKey):
            raise ConfigurationError("the key of a sandbox's time-stamp authority is an elliptic one")
        return key.sign(octets, ECDSA(hashes.SHA256()))


def _to_seconds(instant: datetime) -> datetime:
    """Cut an instant: a fraction must not end with a zero (RFC 3161 §2.4.2), and none is needed."""
    return instant.astimezone(UTC).replace(microsecond=0)


class TimestampAuthority:
    """Answers requests for time-stamps, in threads of this process, until it is stopped."""

    def __init__(self, listener: socket.socket, reply: Callable[[str, bytes], bytes]) -> None:
        """Answer on a listening socket what `reply` makes of a path and a request; none is a bad request."""

        class Handler(BaseHTTPRequestHandler):
            # Who asks for many time-stamps keeps its connection; head and body leave in one piece.
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            timeout = _READ_SECONDS

            def do_POST(self) -> None:
                length = _length(self.headers)
                query = b"" if length is None else self.rfile.read(length)
                answer = reply(self.path, query) if query else b""
                self.send_response(200 if answer else 400)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                if length is None:  # where the next request begins is not known
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing: the job that asks tells what came of it."""

        address = listener.getsockname()
        self._server = ThreadingHTTPServer(address, Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="tsa", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what has begun is not waited for."""
        self._server.shutdown()
        self._thread.join(_STOP_SECONDS)
        self._server.socket.close()

    def __enter__(self) -> Self:
        """Start, and return itself."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def _length(headers: Message) -> int | None:
    """Return how long the body of a request is; None where that is not said, or is more than any has."""
    found = headers.get_all("Content-Length") or [""]
    if "Transfer-Encoding" in headers or len(found) > 1 or not _DIGITS.fullmatch(found[0]):
        return None
    return length if (length := int(found[0])) <= _QUERY_MAX_BYTES else None


def stamping_by(find: Callable[[str], Stamper | None]) -> Callable[[str, bytes], bytes]:
    """Return how requests are answered, where `find` tells whose time-stamps are asked for at a path."""

    def reply(path: str, query: bytes) -> bytes:
        stamper = find(path)
        try:
            return stamper.reply(query) if stamper else b""
        except (ValueError, TypeError, KeyError):
            return b""

    return reply
