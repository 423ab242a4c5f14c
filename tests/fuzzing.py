"""What is fuzzed: one function per reader of foreign bytes, and good inputs to begin with.

Each function takes any bytes and passes, unless a reader raises what it does not promise or gives
what it must not. `make fuzz` runs them under a coverage-guided fuzzer, the tests under hypothesis.
"""

from __future__ import annotations

import base64
import io
import json
from contextlib import suppress
from datetime import UTC, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from bundles import Proofs
from envelopes import MORE_2007, Draft, Ref, exclusive, parts_of
from notigateway.cli.manifest import parse_line
from notigateway.cursors import (
    read_cursor,
    read_uuid_cursor,
    write_cursor,
    write_place,
    write_uuid_cursor,
)
from notigateway.errors import (
    EnvelopeStructureError,
    GatewayError,
    IdentityError,
    InvalidActError,
    InvalidCursorError,
    TransportError,
)
from notigateway.evidence.additions import take_apart
from notigateway.evidence.bundle import FORM, RECEIPT, read_container
from notigateway.evidence.history import DatedCertificate
from notigateway.explaining.explain import explain_envelope
from notigateway.explaining.explain_text import explanation_json, explanation_text
from notigateway.explaining.way import Way
from notigateway.mime.media_type import read_related
from notigateway.pki.anchors import TrustStore
from notigateway.pki.identity import read_caller
from notigateway.pki.names import key_of_text
from notigateway.soap.guard import read_actions, read_body, read_version
from notigateway.soap.packaging import asked_packaging
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import UNFORESEEN, Outcome
from notigateway.wss import certificates
from notigateway.wss.canonical import canonical
from notigateway.wss.envelope import parse_envelope, parse_xml
from notigateway.wss.freshness import read_instant
from notigateway.wss.header import decode_base64
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import verify_envelope
from notigateway.wss.xop import INCLUDE, read_whole
from parcels import include, packed, part, root_part
from pki import NOW, pki
from tsa import tsa

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = Limits(request_max_bytes=64 * 1024)
BELONGS_TO = ("B12345674", "filter")


def guard(data: bytes) -> None:
    """Read the headers and the body of a request whose headers are the first lines of the data."""
    kind, encoding, length, action, body = (*data.split(b"\n", 4), b"", b"", b"", b"", b"")[:5]
    environ = {
        "CONTENT_TYPE": kind.decode("latin-1"),
        "HTTP_CONTENT_ENCODING": encoding.decode("latin-1"),
        "CONTENT_LENGTH": length.decode("latin-1"),
        "HTTP_SOAPACTION": action.decode("latin-1"),
        "wsgi.input": io.BytesIO(body),
    }
    with suppress(TransportError):
        assert len(read_body(environ, max_bytes=1000)) <= 1000
        read_version(environ)
        assert "" not in read_actions(environ)
    asked_packaging({"HTTP_ACCEPT": f"multipart/related;{environ['CONTENT_TYPE']}"})


def parts(data: bytes) -> None:
    """Make a message in parts whole whose media type is the first line of the data: no part is left out."""
    kind, _, body = data.partition(b"\n")
    with suppress(GatewayError):
        whole = read_whole(body, read_related(kind.decode("latin-1")), limits=LIMITS)
        assert len(whole) <= LIMITS.request_max_bytes + len(body)
        assert parse_xml(whole, limits=LIMITS).find(f".//{INCLUDE}") is None


def parser(data: bytes) -> None:
    """Parse an envelope and canonicalise what was parsed."""
    with suppress(GatewayError):
        envelope = parse_envelope(data, limits=LIMITS)
        assert envelope.body.getparent() is envelope.root
        assert list(envelope.body) == [envelope.operation]
        with suppress(EnvelopeStructureError):
            assert canonical(envelope.root)


@cache
def _trust() -> TrustStore:
    return TrustStore(pki().anchors)


@cache
def _seeds_of_envelopes() -> tuple[bytes, ...]:
    pair, other = pki().company_seal, pki().ec_company
    return (
        Draft(pair=pair).build(),
        Draft(pair=other, references=(Ref("Token"), Ref("Body", prefixes="soap"), Ref("Timestamp"))).build(),
        Draft(pair=pair, signature_method=f"{MORE_2007}sha256-rsa-MGF1", id_attribute="Id").build(),
        Draft(
            header_before='<h xmlns="urn:h" wsu:Id="h1"><i>x</i></h>',
            references=(Ref("Body"), Ref("Timestamp"), Ref("h1")),
        ).build(),
    )


@cache
def _signed_bodies() -> frozenset[bytes]:
    return frozenset(exclusive(parts_of(etree.fromstring(seed)).body) for seed in _seeds_of_envelopes())


def verifier(data: bytes) -> None:
    """Verify an envelope: what is accepted is a Body that was signed, and explain says the same."""
    accepted = False
    with suppress(GatewayError):
        verified = verify_envelope(
            parse_envelope(data, limits=LIMITS),
            now=NOW,
            expectations=Expectations(),
            check_certificate=_trust().check,
        )
        accepted = True
        assert exclusive(verified.body) in _signed_bodies()
    explain = partial(
        explain_envelope,
        data,
        now=NOW,
        limits=LIMITS,
        expectations=Expectations(),
        check_certificate=_trust().check,
    )
    assert (explain().error is None) is accepted
    way = explain(way=Way(public_url="http://127.0.0.1:8080/notigateway/v1"))
    assert accepted or way.error is not None
    assert explanation_text(way)
    assert explanation_json(way)


def cursors(data: bytes) -> None:
    """Read a cursor of each kind: only what was written is read, in its one spelling."""
    text = data.decode("latin-1")
    with suppress(InvalidCursorError):
        assert write_cursor(read_cursor(text, belongs_to=BELONGS_TO), belongs_to=BELONGS_TO) == text
    with suppress(InvalidCursorError):
        assert write_uuid_cursor(read_uuid_cursor(text, belongs_to=BELONGS_TO), belongs_to=BELONGS_TO) == text


def manifest(data: bytes) -> None:
    """Read a line of a manifest."""
    with suppress(InvalidActError):
        assert parse_line(data).reference is not None


def certificate(data: bytes) -> None:
    """Read a certificate, a path of them, and the identity in it."""
    for load in (certificates.load, certificates.load_pki_path, certificates.load_pkcs7):
        with suppress(*certificates.UNREADABLE):
            found, _ = load(data)
            with suppress(IdentityError):
                caller = read_caller(found)
                assert caller.party
                assert caller.party_name.isprintable()


def names(data: bytes) -> None:
    """Read a distinguished name in its spellings."""
    with suppress(ValueError):
        assert key_of_text(data.decode("utf-8"))


def texts(data: bytes) -> None:
    """Read base64 and an instant: one value each, and of base64 one spelling."""
    text = data.decode("utf-8", "replace")
    with suppress(ValueError):
        octets = decode_base64(text, max_bytes=1000)
        assert base64.b64encode(octets).decode() == "".join(text.split())
    with suppress(ValueError):
        assert read_instant(text).tzinfo is UTC


@cache
def _evidence_trust() -> Trust:
    stampers = [DatedCertificate.of(tsa().certificate)]
    return Trust([DatedCertificate.of(pki().seal.certificate)], stampers, TrustStore(pki().anchors))


@cache
def _evidence() -> tuple[bytes, ...]:
    whole = Proofs().build()
    files = read_container(whole)
    return whole, files[RECEIPT], files[FORM]


def evidence(data: bytes) -> None:
    """Verify evidence: what passes is what was sealed, and no step meets what its reader has not foreseen."""
    report = verify(data, trust=_evidence_trust(), at=NOW + timedelta(days=1))
    assert not [step for step in report.steps if step.reason == UNFORESEEN]
    if report.outcome is Outcome.PASSED:
        assert data in _evidence() or take_apart(data).original == take_apart(_evidence()[1]).original


TARGETS: dict[str, Callable[[bytes], None]] = {
    "guard": guard,
    "parts": parts,
    "parser": parser,
    "verifier": verifier,
    "evidence": evidence,
    "cursors": cursors,
    "manifest": manifest,
    "certificate": certificate,
    "names": names,
    "texts": texts,
}


def _in_parts(root: str, *parts: bytes) -> bytes:
    """Return a message in parts behind its media type."""
    body, told = packed((root_part(root.encode()), *parts))
    return f"{told['CONTENT_TYPE']}\n".encode() + body


def seeds(target: str) -> list[bytes]:
    """Return good inputs of a target."""
    line = {
        "issuing_body": "EA0041485",
        "reference": "A-1",
        "subject": "Reclamación",
        "procedure": "203546",
        "matter": "collection",
        "addressee": {"identifier": "B12345674", "name": "Conservas del Norte SL"},
        "documents": [{"file": "a.pdf", "media_type": "application/pdf"}],
    }
    holders = (pki().company_seal, pki().representative, pki().person, pki().ec_company)
    return {
        "guard": [b"text/xml; charset=utf-8\n\n4\n\nbody", b"application/soap+xml; action=x\nidentity\n\n\n"],
        "parts": [_in_parts(f"<x>{include('a@x')}</x>", part("a@x", b"abc")), _in_parts("<x/>")],
        "parser": list(_seeds_of_envelopes()),
        "verifier": list(_seeds_of_envelopes()),
        "evidence": list(_evidence()),
        "cursors": [
            write_cursor(7, belongs_to=BELONGS_TO).encode(),
            write_place((1, 2, 3), belongs_to=BELONGS_TO).encode(),
        ],
        "manifest": [json.dumps(line).encode()],
        "certificate": [holder.certificate.public_bytes(Encoding.DER) for holder in holders],
        "names": [b'CN="a, b", O=x+OU=y, C=ES', b"/C=ES/O=x/CN=y", b"1.2.3=#0c0161;CN=\\C3\\A1"],
        "texts": [b"QUJD", b"QQ==", b"2026-06-01T12:00:00.123456789+02:00"],
    }[target]
