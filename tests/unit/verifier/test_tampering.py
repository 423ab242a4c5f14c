"""Whatever is done to evidence by who does not hold the seal: it never passes, and always has a verdict."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from bundles import write_trust
from exhibits import QUORUM, exhibits, rsa_seal, written
from notigateway.evidence import bundle
from notigateway.tlog.renewal import read_renewals
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import UNFORESEEN, Outcome, Report
from pki import NOW, pki
from tampering import Exhibit, change_json, change_node, change_text, opened, packed, tamperings
from tampering_log import tamper_note, tamper_renewals

if TYPE_CHECKING:
    from notigateway.verifier.pins import Trust

    Change = Callable[[bytes, Random], tuple[str, bytes]]

pytestmark = pytest.mark.once

AT = NOW + timedelta(days=1)
SEED = 20261123
CPU_SECONDS = 2


# Of 2,000: where there is the most to be changed, the most is tried.
SHARES = {
    "bundle": 450,
    "renewed": 350,
    "rsa": 150,
    "report": 150,
    "container": 300,
    "receipt": 120,
    "raised": 100,
    "lta": 130,
    "power": 80,
    "pdf": 170,
}


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = write_trust(tmp_path_factory.mktemp("trust"), pki().seal, rsa_seal())
    return replace(load_trust(folder), quorum=QUORUM)


def wrong_of(exhibit: Exhibit, changed: bytes, trust: Trust) -> str | None:
    """Return what is wrong with the verdict about a changed file, if anything is."""
    before = time.process_time()
    report = verify(changed, trust=trust, at=AT)
    spent = time.process_time() - before
    unforeseen = [step.name for step in report.steps if step.reason == UNFORESEEN]
    if report.outcome is Outcome.PASSED and not exhibit.is_itself(changed):
        return "passed"
    if not report.steps or unforeseen:
        return f"met what its reader does not refuse: {unforeseen}"
    return f"took {spent:.1f} s" if spent > CPU_SECONDS else None


def try_all(name: str, count: int, seed: int, trust: Trust) -> None:
    exhibit = exhibits()[name]
    found = {
        how: wrong
        for how, changed in tamperings(exhibit, count, seed)
        if (wrong := wrong_of(exhibit, changed, trust)) is not None
    }
    assert not found


@pytest.mark.parametrize("name", SHARES)
def test_a_slice_of_the_tamperings_is_refused_in_time_and_in_words(name: str, trust: Trust) -> None:
    assert verify(exhibits()[name].data, trust=trust, at=AT).outcome is Outcome.PASSED
    try_all(name, SHARES[name] // 10, SEED, trust)


# --- by who does hold the seal, and neither the authority's key nor a witness's -----------------------


def resealed(name: str, change: Change, seed: int) -> tuple[str, bytes, bytes]:
    """Return how a member of the log was changed, what it is now, and the bundle with a manifest of it."""
    files = dict(bundle.read_container(exhibits()["renewed"].data))
    for one in bundle.SEALED:
        files.pop(one)
    how, files[name] = change(files[name], Random(f"{name} {seed}"))  # noqa: S311  (reproducible on purpose)
    return how, files[name], written(files)


def outcome_of(data: bytes, step: str, trust: Trust) -> Outcome | None:
    """Return what a step comes to; None where a step before it ends the verification."""
    report = verify(data, trust=trust, at=AT)
    return next((one.outcome for one in report.steps if one.name == step), None)


def test_who_seals_a_bundle_anew_forges_no_renewal(trust: Trust) -> None:
    genuine = read_renewals(bundle.read_container(exhibits()["renewed"].data)[bundle.RENEWALS])
    assert genuine.second is not None
    records, statements = [one.record for one in genuine.links], genuine.second.statements
    change = partial(tamper_renewals, der=change_node, rest=change_json)
    passed = 0
    for seed in range(70):
        how, member, data = resealed(bundle.RENEWALS, change, seed)
        if outcome_of(data, "renewed heads", trust) is Outcome.PASSED:
            passed += 1
            said = read_renewals(member)
            count = len(said.links)
            assert [one.record for one in said.links] == records[:count], how
            assert said.second is None or said.second.statements == statements, how
    assert passed < 17  # to leave the newest out is lawful, and little else


def test_who_seals_a_bundle_anew_forges_no_cosignature(trust: Trust) -> None:
    whole = bundle.read_container(exhibits()["renewed"].data)[bundle.CHECKPOINT]
    for seed in range(70):
        how, member, data = resealed(bundle.CHECKPOINT, partial(tamper_note, rest=change_text), seed)
        if outcome_of(data, "cosignatures", trust) is Outcome.PASSED:
            assert set(whole.splitlines()) <= set(member.splitlines()), how


# --- one by one -----------------------------------------------------------------------------------

MIB = 1024 * 1024
ROOT = b'<Evidence xmlns="urn:notigateway:evidence:1">'


def member(name: str, content: bytes) -> bytes:
    """Return the bundle with another member, its checksum right."""
    whole = exhibits()["bundle"].data
    return packed(whole, {**opened(whole), name: content})


def receipt(old: bytes, new: bytes) -> bytes:
    """Return the receipt with something put behind one of its tags."""
    return exhibits()["receipt"].data.replace(old, old + new)


def of_no_version(certificate: bytes) -> bytes:
    """Return a certificate whose version nobody knows."""
    return certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)


def named_by_no_version() -> bytes:
    """Return a receipt whose seal names such a certificate."""
    other = base64.b64encode(of_no_version(pki().seal.certificate.public_bytes(Encoding.DER)))
    return re.sub(rb"(<ds:X509Certificate>)[^<]*", lambda found: found[1] + other, exhibits()["receipt"].data)


def with_store(content: bytes, times: int = 1) -> bytes:
    """Return the PDF with a security store that holds that as a certificate, named so many times."""

    def append(out: IncrementalPdfFileWriter) -> None:
        one = out.add_object(generic.StreamObject(stream_data=content))
        store = {pdf_name("/Type"): pdf_name("/DSS"), pdf_name("/Certs"): generic.ArrayObject([one] * times)}
        out.root["/DSS"] = out.add_object(generic.DictionaryObject(store))  # type: ignore[no-untyped-call]

    return appended_to(append)


def with_metadata(content: bytes) -> bytes:
    """Return the PDF with other metadata, compressed."""

    def append(out: IncrementalPdfFileWriter) -> None:
        stream = generic.StreamObject(stream_data=content)
        stream.compress()  # type: ignore[no-untyped-call]
        out.root["/Metadata"] = out.add_object(stream)

    return appended_to(append)


def appended_to(append: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Return the PDF with an update."""
    out = IncrementalPdfFileWriter(BytesIO(exhibits()["pdf"].data))
    append(out)
    out.update_root()  # type: ignore[no-untyped-call]
    written = BytesIO()
    out.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


@cache
def many_members(count: int) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as container:
        for number in range(count):
            container.writestr(str(number), b"")
    return out.getvalue()


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "a receipt of 48 MB": lambda: ROOT + b"<a/>" * (12 * MIB) + b"</Evidence>",
    "a receipt of 48 MB in a bundle": lambda: member(bundle.RECEIPT, ROOT + b"<a/>" * (12 * MIB)),
    "300,000 attributes": lambda: ROOT[:-1] + b"".join(b' a%d=""' % one for one in range(300_000)) + b"/>",
    "deep XML": lambda: ROOT + b"<a>" * 100_000,
    "a letter in EventTime": lambda: receipt(b"<EventTime>", b"x"),
    "an EventTime without zone": lambda: re.sub(
        rb"(<EventTime>[^<]*)Z<", rb"\1<", exhibits()["receipt"].data
    ),
    "an EventTime before all others": lambda: re.sub(
        rb"(<EventTime>)[^<]*<", rb"\g<1>0001-01-01T00:00:00.000+14:00<", exhibits()["receipt"].data
    ),
    "an endless EventTime": lambda: receipt(b"<EventTime>", b"9" * 4_000_000),
    "an endless EventTime of hidden letters": lambda: receipt(b"<EventTime>", "\u0600".encode() * 2_000_000),
    "a seal of digests": lambda: (
        ROOT
        + b"<ds:Signature "
        + b"<ds:DigestValue>%s=</ds:DigestValue>" % (b"A" * 43) * 40_000
        + b"</Evidence>"
    ),
    "a seal of an unknown version": named_by_no_version,
    "a caller of an unknown version": lambda: member(
        bundle.CALLER_CERTIFICATE, of_no_version(pki().company_seal.certificate.public_bytes(Encoding.DER))
    ),
    "brackets without end": lambda: member(bundle.INCLUSION, b"[" * 60_000),
    "brackets in the manifest": lambda: member(bundle.MANIFEST, b'{"a":' * 10_000),
    "brackets in renewals": lambda: packed(
        exhibits()["bundle"].data, {**opened(exhibits()["bundle"].data), bundle.RENEWALS: b"[" * (8 * MIB)}
    ),
    "renewals of empty objects": lambda: member(bundle.RENEWALS, b"[" + b'{"":0},' * (2 * MIB) + b"0]"),
    "renewals of lists": lambda: member(bundle.RENEWALS, b"[" + b"[0]," * (3 * MIB) + b"0]"),
    "renewals of texts": lambda: member(bundle.RENEWALS, b'["' + b'a","' * (3 * MIB) + b'"]'),
    "renewals of numbers": lambda: member(bundle.RENEWALS, b"[" + b"0," * (7 * MIB) + b"0]"),
    "a PDF of metadata that unfold": lambda: with_metadata(b"<r>" + b"<a/>" * (8 * MIB) + b"</r>"),
    "a PDF of metadata without end": lambda: with_metadata(b"\n" * (200 * MIB)),
    "a PDF of references": lambda: with_store(b"x", times=300_000),
    "an infinite index": lambda: member(bundle.INCLUSION, b'{"index": Infinity, "salt": "", "proof": []}'),
    "an index of 5,000 digits": lambda: member(
        bundle.INCLUSION, b'{"index": ' + b"9" * 5000 + b', "salt": "", "proof": []}'
    ),
    "half a character": lambda: member(bundle.MANIFEST, b'{"seal_sha256": "\\ud800", "format": "x"}'),
    "a huge token": lambda: receipt(b"<xades:EncapsulatedTimeStamp>", b"MIIB" * 1_000_000),
    "a nested token": lambda: member(bundle.CHECKPOINT_TOKEN, b"\x30\x80" * 30_000),
    "a huge request": lambda: member(bundle.REQUEST, b"<a>" * 15_000_000),
    "200,000 members": lambda: many_members(200_000),
    "200,000 members behind a container": lambda: exhibits()["container"].data + many_members(200_000),
    "200,000 byte ranges": lambda: (
        b"%PDF-1.7 <" + b"0" * (8 * MIB) + b">" + b"/ByteRange [0 9 8388619 1]\n" * 200_000
    ),
    "a PDF of brackets": lambda: exhibits()["pdf"].data + b"[" * (10 * MIB),
    "nothing": bytes,
    "two letters": lambda: b"PK",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_break_the_verifier_is_refused_in_time_and_in_words(name: str, trust: Trust) -> None:
    data = HOSTILE[name]()
    assert wrong_of(Exhibit(name, b""), data, trust) is None
    assert verify(data, trust=trust, at=AT).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "content", [b"1" * (3 * MIB), b"1 " * MIB, b"1 0 " * (MIB // 2)], ids=["1", "2", "3"]
)
def test_what_is_appended_to_a_pdf_costs_what_its_size_does(content: bytes, trust: Trust) -> None:
    data = with_store(content)
    before = time.process_time()
    assert verify(data, trust=trust, at=AT).outcome is Outcome.PASSED
    assert time.process_time() - before < CPU_SECONDS


def test_what_no_reader_has_foreseen_is_a_verdict_all_the_same() -> None:
    def too_deep() -> str:
        return too_deep()

    def too_large() -> str:
        return "x" * (1 << 62)

    report = Report()
    assert not report.take("one", too_deep)
    assert not report.take("other", too_large)
    assert [step.outcome for step in report.steps] == [Outcome.FAILED, Outcome.INDETERMINATE]


@pytest.mark.soak
@pytest.mark.parametrize("name", SHARES)
def test_two_thousand_tamperings_are_refused_in_time_and_in_words(name: str, trust: Trust) -> None:
    try_all(name, SHARES[name], SEED + 1, trust)
