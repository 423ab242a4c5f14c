"""Time-stamps of OpenSSL's authority are taken; everything else that answers is refused."""

from __future__ import annotations

import hashlib
import socket
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asn1crypto import cms, core, parser  # type: ignore[import-untyped]
from cryptography import x509

from notigateway.errors import ReceiptInvalidError, StampInvalidError
from notigateway.evidence.der import SEQUENCE, der
from notigateway.evidence.element import render
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import (
    Timestamp,
    add_token,
    check_token,
    kept_form,
    make_request,
    read_answer,
    read_stamp,
    signature_imprint,
    take_out,
)
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.fetching import Fetcher
from notigateway.pki.keys import load_certificates
from notigateway.sandbox.authority import TimestampAuthority
from notigateway.sandbox.holders import Pki, ensure_pki
from openssl_authority import find_openssl, stamping
from pki import NOW, rsa_key
from tsa import tsa, unchecked_token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notigateway.evidence.statement import Statement
    from notigateway.pki.keys import KeyPair

OPENSSL = find_openssl() or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")
IMPRINT = bytes(range(32))
NONCE = 2**62 + 5


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("tsa") / "pki", datetime.now(UTC))


@pytest.fixture(scope="module")
def pinned(authority: Pki) -> list[x509.Certificate]:
    return load_certificates(authority.certificate("tsa"))


@pytest.fixture(scope="module")
def ask(authority: Pki) -> Iterator[Callable[[bytes, int], bytes]]:
    """Answer as the authority does: a function from imprint and nonce to the bytes of the answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    files = {"key": authority.key("tsa"), "certificate": authority.certificate("tsa")}
    with (
        TimestampAuthority(listener, stamping(openssl=OPENSSL, **files)),
        Fetcher([host], timeout_seconds=30, max_bytes=100_000) as fetcher,
    ):
        yield lambda imprint, nonce: fetcher.post(
            f"http://{host}/", make_request(imprint, nonce), "application/timestamp-query"
        )


@pytest.fixture(scope="module")
def answer(ask: Callable[[bytes, int], bytes]) -> bytes:
    return ask(IMPRINT, NONCE)


@pytest.fixture(scope="module")
def stamp(answer: bytes, pinned: Sequence[x509.Certificate]) -> Timestamp:
    return read_answer(answer, imprint=IMPRINT, nonce=NONCE, authorities=pinned)


def openssl_says(token: bytes, imprint: bytes, root: Path, folder: Path) -> str:
    (folder / "token").write_bytes(token)
    command = [OPENSSL, "ts", "-verify", "-token_in", "-in", str(folder / "token")]
    done = subprocess.run(
        [*command, "-digest", imprint.hex(), "-CAfile", str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip()


def test_openssl_verifies_the_token_as_it_is_kept(stamp: Timestamp, authority: Pki, tmp_path: Path) -> None:
    assert openssl_says(stamp.token, IMPRINT, authority.certificate("root"), tmp_path) == "Verification: OK"
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_openssl_gives_tokens_about_a_sha_512_that_do_not_rest_on_sha_256(
    ask: Callable[[bytes, int], bytes], pinned: Sequence[x509.Certificate], authority: Pki, tmp_path: Path
) -> None:
    imprint = hashlib.sha512(b"a statement of the second tree").digest()
    token = read_answer(ask(imprint, NONCE), imprint=imprint, nonce=NONCE, authorities=pinned).token
    assert "SHA-256" not in read_stamp(token, imprint=imprint, authorities=pinned).algorithms
    assert openssl_says(token, imprint, authority.certificate("root"), tmp_path) == "Verification: OK"
    with pytest.raises(StampInvalidError, match="not about a hash by sha256"):
        check_token(token, imprint=imprint[:32], authorities=pinned)


@pytest.mark.parametrize(
    ("imprint", "nonce", "reason"),
    [(bytes(32), NONCE, "wrong imprint"), (IMPRINT, NONCE + 1, "wrong nonce")],
    ids=["imprint", "nonce"],
)
def test_an_answer_to_something_else_is_refused(
    answer: bytes, pinned: Sequence[x509.Certificate], imprint: bytes, nonce: int, reason: str
) -> None:
    with pytest.raises(StampInvalidError, match=reason):
        read_answer(answer, imprint=imprint, nonce=nonce, authorities=pinned)


def test_a_foreign_authority_is_refused(answer: bytes, tmp_path: Path) -> None:
    other = ensure_pki(tmp_path / "pki", datetime.now(UTC))
    with pytest.raises(StampInvalidError, match="not from a pinned authority"):
        read_answer(
            answer, imprint=IMPRINT, nonce=NONCE, authorities=load_certificates(other.certificate("tsa"))
        )


def test_a_certificate_that_is_not_for_time_stamps_alone_is_refused(stamp: Timestamp, authority: Pki) -> None:
    seal = load_certificates(authority.certificate("seal"))
    with pytest.raises(StampInvalidError, match="not from a pinned authority"):
        check_token(stamp.token, imprint=IMPRINT, authorities=seal)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"<html>", b"\x30\x80", bytes(5000)],
    ids=["empty", "zero", "html", "ber", "big"],
)
def test_garbage_is_refused(garbage: bytes, pinned: Sequence[x509.Certificate]) -> None:
    with pytest.raises(StampInvalidError):
        read_answer(garbage, imprint=IMPRINT, nonce=NONCE, authorities=pinned)
    with pytest.raises(StampInvalidError):
        check_token(garbage, imprint=IMPRINT, authorities=pinned)


def test_a_refusal_of_the_authority_is_no_token(pinned: Sequence[x509.Certificate]) -> None:
    rejection = bytes.fromhex("30053003020102")
    with pytest.raises(StampInvalidError):
        read_answer(rejection, imprint=IMPRINT, nonce=NONCE, authorities=pinned)


def test_no_flipped_byte_of_a_token_survives(stamp: Timestamp, pinned: Sequence[x509.Certificate]) -> None:
    check_token(stamp.token, imprint=IMPRINT, authorities=pinned)
    for place in range(0, len(stamp.token), 3):
        flipped = bytearray(stamp.token)
        flipped[place] ^= 1
        with pytest.raises(StampInvalidError):
            check_token(bytes(flipped), imprint=IMPRINT, authorities=pinned)


# --- on a receipt -------------------------------------------------------------------------------------


@pytest.fixture
def raised(receipt: bytes, ask: Callable[[bytes, int], bytes], pinned: Sequence[x509.Certificate]) -> bytes:
    """Raise a receipt to XAdES-T."""
    imprint = signature_imprint(receipt)
    token = read_answer(ask(imprint, 7), imprint=imprint, nonce=7, authorities=pinned).token
    return add_token(receipt, token)


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(None, True), (1, True), (60, True), (61, False), (86_400, False)]
)
def test_an_instant_that_is_stated_to_the_hour_only_proves_nothing(
    seconds: int | None, *, is_taken: bool
) -> None:
    token = unchecked_token_of(bytes(32), at=NOW, pair=tsa(), accuracy=seconds)
    pinned = [tsa().certificate]
    if is_taken:
        assert read_stamp(token, imprint=bytes(32), authorities=pinned).at == NOW
        return
    with pytest.raises(StampInvalidError, match="by the hour only"):
        read_stamp(token, imprint=bytes(32), authorities=pinned)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (b"2026060112Z", "to the second"),
        (b"202606011200Z", "to the second"),
        (b"20260601120040+0000", "to the second"),
        (b"20260601120040,5Z", "to the second"),
        (b"20260601120040.50Z", "to the second"),
    ],
)
def test_an_instant_in_another_form_than_that_of_rfc_3161_proves_nothing(stated: bytes, why: str) -> None:
    token = unchecked_token_of(bytes(32), at=core.GeneralizedTime(contents=stated), pair=tsa())
    with pytest.raises(StampInvalidError, match=why):
        read_stamp(token, imprint=bytes(32), authorities=[tsa().certificate])


def test_a_negative_accuracy_proves_nothing() -> None:
    token = unchecked_token_of(bytes(32), at=NOW, pair=tsa(), accuracy=-1)
    with pytest.raises(StampInvalidError, match="negative accuracy"):
        read_stamp(token, imprint=bytes(32), authorities=[tsa().certificate])


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return DER with one element for another, and the lengths around it as they must be."""
    found = b""
    while data:
        _, _, _, header, content, trailer = parser.parse(data)
        whole, data = header + content + trailer, data[len(header + content + trailer) :]
        is_constructed = header[0] & 0x20
        if whole == old:
            found += new
        else:
            found += der(header[0], _with(content, old, new)) if is_constructed else whole
    return found


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_nothing_hides_in_the_parameters_of_the_signature(kind: str) -> None:
    """No signature covers them: what somebody else has written there is taken out, and never kept."""
    pair = tsa() if kind == "EC" else tsa("of RSA", key=rsa_key("of a token", 3072))
    token = unchecked_token_of(bytes(32), at=NOW, pair=pair)
    assert read_stamp(token, imprint=bytes(32), authorities=[pair.certificate]).at == NOW
    signer = cms.ContentInfo.load(token)["content"]["signer_infos"][0]
    method = signer["signature_algorithm"]
    name = method["algorithm"].dump()
    for hidden in (b"\x04\x08whatever", b"\x02\x01\x07", b"\x05\x00" if kind == "EC" else b""):
        data = _with(token, method.dump(), der(SEQUENCE, name, hidden))
        assert data != token
        assert kept_form(data, [pair.certificate]) == token
        with pytest.raises(StampInvalidError, match="form in which tokens are kept"):
            read_stamp(data, imprint=bytes(32), authorities=[pair.certificate])


def test_a_raised_receipt_verifies_and_gives_back_its_original(
    raised: bytes, receipt: bytes, seal_pair: KeyPair, pinned: Sequence[x509.Certificate]
) -> None:
    facts = verify_receipt(raised, seal_certificates=[seal_pair.certificate], timestamp_certificates=pinned)
    original = verify_receipt(receipt, seal_certificates=[seal_pair.certificate])
    assert facts.timestamped_at is not None
    assert (original.timestamped_at, original.sha256) == (None, facts.sha256)
    assert take_out(raised)[0] == receipt


def test_a_time_stamp_of_nobody_pinned_proves_nothing(raised: bytes, seal_pair: KeyPair) -> None:
    facts = verify_receipt(raised, seal_certificates=[seal_pair.certificate])
    assert facts.timestamped_at is None


def test_the_time_stamp_of_another_receipt_is_refused(
    raised: bytes, seal: Seal, seal_pair: KeyPair, accepted: Statement, pinned: Sequence[x509.Certificate]
) -> None:
    token = take_out(raised)[1]
    assert token is not None
    other = add_token(seal.seal(render(accepted), accepted.event_time, now=accepted.event_time), token)
    for authorities in ((), pinned):
        with pytest.raises(ReceiptInvalidError, match="wrong imprint"):
            verify_receipt(
                other, seal_certificates=[seal_pair.certificate], timestamp_certificates=authorities
            )


STAMP = b"xades:SignatureTimeStamp"
END = b"</xades:UnsignedSignatureProperties>"
METHOD = b'c14n#"></ds:CanonicalizationMethod><xades:E'
RESPELLED: dict[str, Callable[[bytes], bytes]] = {
    "space in the token": lambda data: data.replace(b"</xades:Encapsulated", b" </xades:Encapsulated"),
    "attribute": lambda data: data.replace(b"<" + STAMP + b">", b"<" + STAMP + b' Id="a">'),
    "other c14n": lambda data: data.replace(METHOD, METHOD.replace(b"#", b"")),
    "token twice": lambda data: data.replace(END, b"<" + STAMP + b"></" + STAMP + b">" + END),
    "empty": lambda data: add_token(take_out(data)[0], b""),
    "moved": lambda data: take_out(data)[0] + data[data.index(b"<xades:UnsignedProperties>") :],
}  # fmt: skip


@pytest.mark.parametrize("respell", RESPELLED.values(), ids=RESPELLED)
def test_another_spelling_of_a_raised_receipt_proves_no_more_than_its_own(
    respell: Callable[[bytes], bytes], raised: bytes, seal_pair: KeyPair, pinned: Sequence[x509.Certificate]
) -> None:
    """What others write anew is taken apart; a time-stamp counts there only where it verifies."""
    facts_of = partial(
        verify_receipt, seal_certificates=[seal_pair.certificate], timestamp_certificates=pinned
    )
    respelled, as_made = respell(raised), facts_of(raised)
    assert respelled != raised
    with suppress(ReceiptInvalidError):
        assert facts_of(respelled) in {as_made, replace(as_made, timestamped_at=None)}
