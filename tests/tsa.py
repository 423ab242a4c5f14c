"""A time-stamp authority in this process: it answers what OpenSSL's would, or whatever a test wants it to."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from asn1crypto import algos, cms, core, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notigateway.evidence.timestamp import kept_form, read_answer
from notigateway.receipts.stamping import Authority
from notigateway.sandbox.certifying import STAMPING, name
from pki import Issue, ec_key, pki

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.certifying import PrivateKey

_NONCE = 7
_DIGESTS = {"sha256": hashes.SHA256, "sha512": hashes.SHA512}
_ALWAYS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)


@cache
def tsa(
    label: str = "tsa", valid: tuple[datetime, datetime] = _ALWAYS, key: PrivateKey | None = None
) -> KeyPair:
    """Return the key and the certificate of an authority."""
    return Issue(
        name((NameOID.COMMON_NAME, f"Sellos de tiempo ({label})")),
        key or ec_key(label),
        by=pki().issuing,
        not_before=valid[0],
        not_after=valid[1],
        extra=[STAMPING],
    ).make()


@dataclass(frozen=True)
class Answering:
    """How an authority answers; what is not said is as it must be."""

    pair: KeyPair = field(default_factory=tsa)
    at: datetime | None = None
    imprint: bytes | None = None
    nonce: int | None = None
    digest: str = "sha256"

    def to(self, query: bytes) -> bytes:
        """Return the answer to a request."""
        asked = tsp.TimeStampReq.load(query)
        imprint = self.imprint or asked["message_imprint"]["hashed_message"].native
        nonce = asked["nonce"].native if self.nonce is None else self.nonce
        at = self.at or datetime.now(UTC)
        return _answer(self.pair, imprint, nonce=nonce, at=at, digest=self.digest)


def token_of(imprint: bytes, *, at: datetime, pair: KeyPair | None = None, digest: str = "sha256") -> bytes:
    """Return a token in the form in which tokens are kept, signed by way of that digest."""
    pair = pair or tsa()
    answer = _answer(pair, imprint, nonce=_NONCE, at=at, digest=digest)
    return read_answer(answer, imprint=imprint, nonce=_NONCE, authorities=[pair.certificate]).token


def unchecked_token_of(
    imprint: bytes,
    *,
    at: datetime | core.GeneralizedTime,
    pair: KeyPair,
    digest: str = "sha256",
    accuracy: int | None = None,
) -> bytes:
    """Return the same whatever is wrong with the authority or the instant, stated to so many seconds."""
    answer = tsp.TimeStampResp.load(
        _answer(pair, imprint, nonce=_NONCE, at=at, digest=digest, accuracy=accuracy)
    )
    return kept_form(answer["time_stamp_token"].dump(), [pair.certificate])


@contextmanager
def serving(answering: Answering, *, pinned: KeyPair | None = None) -> Iterator[Authority]:
    """Answer on a port of 127.0.0.1; the certificate pinned is the tests' authority's, or that one's."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            body = answering.to(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Authority(f"http://127.0.0.1:{server.server_address[1]}/", [(pinned or tsa()).certificate], 20)
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _answer(
    pair: KeyPair,
    imprint: bytes,
    *,
    nonce: int,
    at: datetime | core.GeneralizedTime,
    digest: str,
    accuracy: int | None = None,
) -> bytes:
    hashing = _DIGESTS[digest]()
    about = {32: "sha256", 64: "sha512"}[len(imprint)]
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.3.6.1.4.1.99999.1",
            "message_imprint": {"hash_algorithm": {"algorithm": about}, "hashed_message": imprint},
            "serial_number": 1,
            "gen_time": at,
            **({} if accuracy is None else {"accuracy": {"seconds": accuracy}}),
            "nonce": nonce,
        }
    )
    certificate = asn1.Certificate.load(pair.certificate.public_bytes(Encoding.DER))
    attributes = _attributes(
        hashlib.new(digest, info.dump()).digest(), pair.certificate.fingerprint(hashes.SHA256())
    )
    if isinstance(pair.key, ec.EllipticCurvePrivateKey):
        kind = "ecdsa"
        signature = pair.key.sign(attributes.dump(), ec.ECDSA(hashing, deterministic_signing=True))
    else:
        kind, signature = "rsa", pair.key.sign(attributes.dump(), padding.PKCS1v15(), hashing)
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": f"{digest}_{kind}"}),
        "signature": signature,
    }
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(info.dump()),
            },
            "certificates": [certificate],
            "signer_infos": [signer],
        }
    )
    answer = tsp.TimeStampResp(
        {
            "status": {"status": "granted"},
            "time_stamp_token": cms.ContentInfo({"content_type": "signed_data", "content": signed}),
        }
    )
    dumped: bytes = answer.dump()
    return dumped


def _attributes(content_digest: bytes, certificate_sha256: bytes) -> cms.CMSAttributes:
    named = tsp.SigningCertificateV2({"certs": [{"cert_hash": certificate_sha256}]})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [content_digest]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}),
        ]
    )
