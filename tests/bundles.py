"""An evidence bundle made by hand from its parts, without a gateway: each part can be another one."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding

from envelopes import RSA_SHA256, Draft
from notigateway.evidence import bundle
from notigateway.evidence.element import render
from notigateway.evidence.inclusion import inclusion_text
from notigateway.evidence.pades import seal_pdf
from notigateway.evidence.pdf_seal import add_stamp, stamp_imprint
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import (
    ActorAuthentication,
    AttestedDocument,
    DelegateDetails,
    PreviousEvidence,
    RecipientDetails,
    RequestEvidence,
    SenderDetails,
    Statement,
    UserContent,
)
from notigateway.evidence.timestamp import add_token, signature_imprint
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role
from notigateway.pki.keys import fingerprint
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.dating import checkpoint_imprint
from notigateway.tlog.leaf import Leaf, LeafKind, commitment
from notigateway.tlog.merkle import leaf_hash, node_hash
from notigateway.tlog.note import write_note
from pki import COMPANY_NAME, COMPANY_NIF, ISSUER_NIF, NOW, crl, pki, write_issuers
from stack import NG
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from notigateway.tlog.note import SignatureLine
    from stack import Stack

NOTIFICATION = UUID("01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c3d")
STAMPED_AT = NOW + timedelta(seconds=40)
ACCEPT = (
    f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{NOTIFICATION}</n:id></n:AcceptNotifications>'
)


@cache
def accept_request(content: str = ACCEPT) -> bytes:
    return Draft(content=content).build()


@cache
def put_at_disposal() -> bytes:
    """Return the receipt before the acceptance."""
    before = replace(
        statement(b""),
        evidence_id=UUID("01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c30"),
        event=State.AVAILABLE,
        event_time=NOW - timedelta(days=3),
        channel=None,
        delegate=None,
        authentication=None,
        request=None,
    )
    return sealed(before)


@cache
def status_list() -> bytes:
    """Return the list by which the caller's certificate was found good."""
    return crl(pki().issuing, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(hours=1))


def statement(
    request: bytes, caller: KeyPair | None = None, status: tuple[str, bytes] | None = None
) -> Statement:
    """Return an acceptance by that request; `status` is where the caller's was learned, and what said so."""
    certificate = (caller or pki().company_seal).certificate
    return Statement(
        evidence_id=UUID("01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c31"),
        event=State.ACCEPTED,
        event_time=NOW,
        submission_time=NOW - timedelta(days=3),
        deadline=NOW + timedelta(days=7),
        channel=Channel.WEB_SERVICE,
        sender=SenderDetails(
            dir3="EA0041485", name="Tesorería General de la Seguridad Social", nif=ISSUER_NIF
        ),
        recipient=RecipientDetails(identifier=COMPANY_NIF, name=COMPANY_NAME),
        delegate=DelegateDetails(role=Role.OWN, identifier=COMPANY_NIF, name=COMPANY_NAME),
        authentication=ActorAuthentication(
            certificate_sha256=fingerprint(certificate),
            issuer=certificate.issuer.rfc4514_string(),
            serial=str(certificate.serial_number),
            identifier=COMPANY_NIF,
            validated_at=NOW,
            revocation_source=None if status is None else status[0],
            revocation_sha256=None if status is None else hashlib.sha256(status[1]).hexdigest(),
        ),
        request=RequestEvidence(
            message_id=UUID("01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c32"),
            envelope_sha256=hashlib.sha256(request).hexdigest(),
            signature_method=RSA_SHA256,
        ),
        content=UserContent(
            notification_id=NOTIFICATION,
            notification_code=7,
            act_reference="ACT-1",
            subject="Reclamación de deuda",
            procedure="2001234",
            documents=(
                AttestedDocument(
                    document_id=UUID(int=1), media_type="application/pdf", size=1, sha256=f"{1:064x}"
                ),
            ),
        ),
        csv_code="ABCDEFGHIJKLMNOPQRSTUVWX",
    )


def sealed(one: Statement, pair: KeyPair | None = None) -> bytes:
    return Seal(pair or pki().seal).seal(render(one), one.event_time, now=one.event_time)


def stamped(receipt: bytes, *, at: datetime = STAMPED_AT, pair: KeyPair | None = None) -> bytes:
    """Raise a receipt to XAdES-T."""
    return add_token(receipt, token_of(signature_imprint(receipt), at=at, pair=pair or tsa()))


@dataclass(kw_only=True)
class Proofs:
    """The parts of a bundle; `files` replaces whole files at the end."""

    request: bytes = field(default_factory=accept_request)
    receipt: bytes | None = None
    previous: bytes = field(default_factory=put_at_disposal)
    seal: KeyPair = field(default_factory=lambda: pki().seal)
    neighbours: int = 1
    logged: bytes | None = None
    stamped: bool = True
    stamped_at: datetime = STAMPED_AT
    authority: KeyPair = field(default_factory=tsa)
    status: tuple[str, bytes] | None = field(default_factory=lambda: ("crl", status_list()))
    files: dict[str, bytes | None] = field(default_factory=dict)
    left_out: tuple[bundle.LeftOut, ...] = ()
    # What witnesses sign of the head of this text.
    cosigned: Callable[[bytes], Sequence[SignatureLine]] = lambda _text: ()

    def members(self) -> dict[str, bytes]:
        """Return the files that the manifest will name."""
        seal = Seal(self.seal)
        receipt = self.receipt or sealed(self.statement(), self.seal)
        members: dict[str, bytes | None] = {
            bundle.RECEIPT: self.raised(receipt),
            bundle.FORM: self._form(receipt, seal),
            bundle.PREVIOUS: self.raised(self.previous),
            bundle.REQUEST: self.request,
            bundle.SEAL_CERTIFICATE: self.seal.certificate.public_bytes(Encoding.DER),
            bundle.CALLER_CERTIFICATE: pki().company_seal.certificate.public_bytes(Encoding.DER),
            bundle.AUTHORITY_CERTIFICATE: self.authority.certificate.public_bytes(Encoding.DER)
            if self.stamped
            else None,
            bundle.REVOCATION: self.status[1] if self.status and self.receipt is None else None,
            **self._log(self.logged or receipt, seal),
            **self.files,
        }
        return {name: content for name, content in members.items() if content is not None}

    def _token(self, imprint: bytes) -> bytes:
        return token_of(imprint, at=self.stamped_at, pair=self.authority)

    def raised(self, receipt: bytes) -> bytes:
        """Return a receipt with its time-stamp, where there are any."""
        return add_token(receipt, self._token(signature_imprint(receipt))) if self.stamped else receipt

    def _form(self, receipt: bytes, seal: Seal) -> bytes:
        form = seal_pdf(render_pdf(receipt), seal=seal, at=NOW)
        return add_stamp(form, self._token(stamp_imprint(form))) if self.stamped else form

    def statement(self) -> Statement:
        """Return what the receipt says."""
        said = statement(self.request, status=self.status)
        digest = hashlib.sha256(self.previous).hexdigest()
        before = UUID("01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c30")
        return replace(said, previous=PreviousEvidence(evidence_id=before, sha256=digest))

    def build(self) -> bytes:
        """Return the bundle."""
        receipt_id = statement(b"").evidence_id
        return bundle.write_bundle(
            self.members(),
            receipt_id=receipt_id,
            seal=Seal(self.seal),
            made_at=NOW,
            left_out=self.left_out,
        )

    def without_request(self, sha256: str | None = None, reason: str = bundle.NAMES_OTHERS) -> Proofs:
        """Return the same, with the request left out and the manifest saying so."""
        stated = sha256 or hashlib.sha256(self.request).hexdigest()
        out = (bundle.LeftOut(bundle.REQUEST, stated, reason),)
        return replace(self, files={**self.files, bundle.REQUEST: None}, left_out=out)

    def _log(self, record: bytes, seal: Seal) -> dict[str, bytes]:
        """Return a log of two leaves: ours is the second."""
        salt = secrets.token_bytes(32)
        receipt_id = statement(b"").evidence_id
        leaf = Leaf(LeafKind.RECEIPT, receipt_id, commitment(record, salt)).to_bytes()
        other = leaf_hash(b"another")
        head = Checkpoint("log.example", 2, node_hash(other, leaf_hash(leaf)), NOW).to_bytes()
        signature = seal.sign(head, now=NOW)
        token = self._token(checkpoint_imprint(signature))
        note = write_note(
            head,
            signature,
            origin="log.example",
            certificate=seal.certificate,
            cosignatures=self.cosigned(head),
        )
        return {
            **({bundle.CHECKPOINT_TOKEN: token} if self.stamped else {}),
            bundle.LEAF: leaf,
            bundle.INCLUSION: inclusion_text(index=1, salt=salt, proof=[other]),
            bundle.CHECKPOINT: note,
        }


def write_trust(folder: Path, *seals: KeyPair, issuers: bool = True) -> Path:
    """Write a trust folder with these seals, the gateway's where none is given, and the tests' authority."""
    write_issuers(folder / "timestamp", [tsa().certificate])
    write_issuers(folder / "seals", [pair.certificate for pair in seals or (pki().seal,)])
    if issuers:
        write_issuers(folder / "issuers", pki().anchors)
    return folder


def bundles(stack: Stack, wanted: UUID, holder: KeyPair | None = None) -> dict[str, bytes]:
    """Return the bundle of each receipt that the holder gets, by what it proves."""
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>bundle</format>", holder=holder)
    found = answer.tree.findall("ng:item/ng:receipt", namespaces=NG)
    return {
        one.findtext("ng:state", "", NG): base64.b64decode(one.findtext("ng:file", "", NG)) for one in found
    }


def request_in(data: bytes) -> bytes | None:
    return bundle.read_container(data).get(bundle.REQUEST)
