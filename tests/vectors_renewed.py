"""Two of the good vectors that take more: renewed heads, and the certificate of a power."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from vector_evidence import DISPOSED, FIRST_ID, NOW, SECOND_ID, Bundle, available, request
from vector_keys import from_seed, holder, token
from vector_log import LOG, key_id, leaf_hash, leaf_of, line, node, text_of
from vector_seals import POLICIES, b64, nif, pdf, sealed, sha256, written

_RENEWED: Final = datetime(2027, 1, 15, tzinfo=UTC), datetime(2029, 6, 15, tzinfo=UTC)


def renewed(*, breaks: str = "") -> Bundle:
    """Return a bundle of 2029 with two renewals; `breaks`: `covered` or `token`, what is wrong in them."""
    receipt, salt = available(), from_seed("salt", 32)
    leaves = [leaf_hash(b"first"), leaf_hash(leaf_of(FIRST_ID, receipt, salt)), leaf_hash(b"last")]
    old_text = _head(3, node(node(leaves[0], leaves[1]), leaves[2]), _RENEWED[0])
    first = _record(_note(old_text, "seal"), _RENEWED[0], "authority-short")
    record_id, record_salt = (
        str(UUID(int=0x01939F5E7B6A7C3E9D0F2F5D8A1B2C77)),
        from_seed("salt of the record", 32),
    )
    leaves += [
        leaf_hash(b"between"),
        leaf_hash(leaf_of(record_id, first, record_salt, "renewal")),
        leaf_hash(b"end"),
    ]
    left, right = node(node(*leaves[0:2]), node(*leaves[2:4])), node(*leaves[4:6])
    new_text = _head(6, node(left, right), _RENEWED[1])
    note = _note(new_text, "seal-next")
    second = _record(note, _RENEWED[1], "authority-next", about=b"else" if breaks == "token" else None)
    way = [leaves[5].hex(), left.hex()]
    covered = {
        "record": record_id,
        "salt": record_salt.hex(),
        "index": 4,
        "proof": way[::-1] if breaks == "covered" else way,
    }
    said = {
        "format": "urn:notigateway:renewals:1",
        "index": 1,
        "proof": [leaves[0].hex(), leaves[2].hex()],
        "renewals": [
            {"record": first.decode(), "covered": covered},
            {"record": second.decode(), "covered": None},
        ],
        "second_tree": None,
    }
    proof = [leaves[0].hex(), node(leaves[2], leaves[3]).hex(), right.hex()]
    maker, at = holder("seal-next"), _RENEWED[1]
    signature = maker.sign(new_text)
    return Bundle(
        receipt=receipt,
        made_by="seal-next",
        authority="authority-short",
        made_at=at,
        files={
            "receipt.pdf": pdf(receipt, maker, text_of(at), stamped=(at, "authority-next")),
            "log/inclusion.json": written({"index": 1, "salt": salt.hex(), "proof": proof}),
            "log/checkpoint.note": note,
            "log/checkpoint.tst": token(signature, at, "authority-next"),
            "log/renewals.json": written(said),
        },
    )


def _head(size: int, root: bytes, at: datetime) -> bytes:
    return f"{LOG}\n{size}\n{b64(root)}\n{text_of(at)}\n".encode()


def _note(text: bytes, by: str) -> bytes:
    maker = holder(by)
    return text + b"\n" + line(LOG, key_id(maker), maker.sign(text))


def _record(note: bytes, at: datetime, by: str, *, about: bytes | None = None) -> bytes:
    said = {
        "format": "urn:notigateway:renewal:1",
        "subject": note.decode(),
        "token": b64(token(about or note, at, by)),
        "certificates": [],
        "revocations": [],
    }
    return written(said)


def power() -> bytes:
    """Return the certificate of a power."""
    party = nif("B12345674") + "<Name>Conservas de Prueba SL</Name>"
    content = (
        '<PowerCertificate xmlns="urn:notigateway:evidence:1">'
        f"<EvidenceIdentifier>{FIRST_ID}</EvidenceIdentifier><EventTime>{text_of(NOW)}</EventTime>"
        "<EvidenceIssuerPolicy><EvidenceIssuerPolicyID>urn:notigateway:evidence-policy:4</EvidenceIssuerPolicyID>"
        f"<Sha256>{POLICIES['4']}</Sha256></EvidenceIssuerPolicy>"
        "<EvidenceIssuerDetails><Name>TEST seal</Name></EvidenceIssuerDetails>"
        f"<GrantorDetails>{party}</GrantorDetails>"
        f"<AttorneyDetails>{nif('00000001R')}<Name>Ana Prueba</Name></AttorneyDetails>"
        f"<PowerId>{SECOND_ID}</PowerId>"
        f"<Scope>general</Scope><GrantedAt>{text_of(DISPOSED)}</GrantedAt>"
        f"<ExpiresAt>{text_of(NOW + timedelta(days=900))}</ExpiresAt>"
        "<State>in_force</State><RequestEvidence><MessageId>01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c32</MessageId>"
        f"<EnvelopeSha256>{sha256(request())}</EnvelopeSha256><SignatureMethod>http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
        "</SignatureMethod></RequestEvidence></PowerCertificate>"
    )
    return sealed(content, holder("seal"), text_of(NOW))
