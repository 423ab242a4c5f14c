"""Every form of evidence that there is, made by hand from its parts, each of which passes as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from hashlib import sha512
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bundles import (
    NOTIFICATION,
    Proofs,
    statement,
    status_list,
)
from envelopes import Draft
from notigateway.evidence import asic, bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.element import render
from notigateway.evidence.power_certificate import PowerCertificate, PowerParty
from notigateway.evidence.power_certificate import render as render_power
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import EvidenceIssuerDetails, ReportDetails, RequestEvidence
from notigateway.evidence.validation_data import ValidationData
from notigateway.law.lifecycle import Channel
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.cosignature import cosign, cosigner_of
from notigateway.tlog.merkle import SHA256, SHA512, inclusion_proof, leaf_hash, root_of
from notigateway.tlog.note import SignatureLine, write_note
from notigateway.tlog.quorum import Quorum
from notigateway.tlog.renewal import Covered, Link, Record, Renewals, Second, note_imprint
from notigateway.tlog.second import START, Bound, Statement, chained, entry, statement_imprint
from notigateway.tlog.tiles import grow, subtree_in_tiles
from pki import COMPANY_NAME, COMPANY_NIF, NOW, OTHER_COMPANY_NIF, company_subject, crl, pki, rsa_key
from tampering import Exhibit, of_bundle, of_container, of_pdf, of_receipt
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notigateway.pki.keys import KeyPair
    from notigateway.tlog.merkle import Hashing, Subtree
    from notigateway.tlog.tiles import Tile

    Subtrees = Callable[[Subtree], bytes]

_HOUR: Final = timedelta(hours=1)
_WITNESSES: Final = {
    name: Ed25519PrivateKey.generate() for name in ("w1.example", "w2.example", "w3.example")
}
# Two of the three have cosigned every head, and two are needed.
QUORUM: Final = Quorum(tuple(cosigner_of(name, key) for name, key in _WITNESSES.items()), 2)


@cache
def rsa_seal() -> KeyPair:
    """Return a seal of the other profile, RSA-PSS."""
    return pki().holder(company_subject(OTHER_COMPANY_NIF, "Sello RSA"), rsa_key("rsa seal", 3072))


def cosigned(text: bytes) -> list[SignatureLine]:
    return [
        SignatureLine(one.name, one.key_id, cosign(text, _WITNESSES[one.name], NOW))
        for one in QUORUM.cosigners[:2]
    ]


@cache
def exhibits() -> Mapping[str, Exhibit]:
    """Return them by their names."""
    files = Proofs(cosigned=cosigned).members()
    receipt = files[bundle.RECEIPT]
    lt = raise_to_lt(receipt, _validation())
    lta = add_archive_timestamp(lt, token_of(archive_imprint(lt), at=NOW + _HOUR))
    found = (
        Exhibit("bundle", written(files), of_bundle),
        Exhibit("renewed", written({**files, bundle.RENEWALS: renewals(files)}), of_bundle),
        Exhibit("rsa", written(_by_rsa(), rsa_seal()), of_bundle),
        Exhibit("report", written(_report()), of_bundle),
        Exhibit(
            "container",
            asic.write_container(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW),
            of_container,
        ),
        Exhibit("receipt", receipt, of_receipt),
        Exhibit("raised", raised(receipt), of_receipt),
        Exhibit("lta", lta, of_receipt),
        Exhibit("power", power()),
        Exhibit("pdf", files[bundle.FORM], of_pdf),
    )
    return {one.name: one for one in found}


def written(files: Mapping[str, bytes], by: KeyPair | None = None) -> bytes:
    """Return a bundle with a manifest."""
    return bundle.write_bundle(dict(files), receipt_id=NOTIFICATION, seal=Seal(by or pki().seal), made_at=NOW)


def raised(receipt: bytes) -> bytes:
    """Return a receipt as others write it who have added to it."""
    end, values = b"</xades:SignatureTimeStamp>", b"<xades:CertificateValues/><xades:RevocationValues/>"
    return b'<?xml version="1.0" encoding="UTF-8"?>' + receipt.replace(end, end + values)


def _validation() -> ValidationData:
    issuers = pki().issuing, pki().root
    lists = [crl(one, this_update=NOW - _HOUR, next_update=NOW + 24 * _HOUR) for one in issuers]
    return ValidationData([one.certificate.public_bytes(Encoding.DER) for one in issuers], lists)


def _by_rsa() -> dict[str, bytes]:
    """Return the parts of a bundle whose every seal is RSA-PSS, but that of the receipt before."""
    return Proofs(seal=rsa_seal(), cosigned=cosigned).members()


def _report() -> dict[str, bytes]:
    """Return the parts of a bundle about a decision that was taken elsewhere, which the issuing body told."""
    issuer = pki().issuer
    told = '<n:ReportExternalDecisions xmlns:n="urn:notigateway:issuing:v1"/>'
    request = Draft(pair=issuer, content=told).build()
    said = replace(
        statement(request, issuer, ("crl", status_list())),
        event_time=NOW - _HOUR,
        channel=Channel.POSTAL,
        delegate=None,
        report=ReportDetails(reported_at=NOW, reference="ACUSE-1"),
        previous=Proofs().statement().previous,
    )
    receipt = Seal(pki().seal).seal(render(said), NOW, now=NOW)
    files: dict[str, bytes | None] = {
        bundle.CALLER_CERTIFICATE: issuer.certificate.public_bytes(Encoding.DER),
        bundle.REVOCATION: status_list(),
    }
    return Proofs(request=request, receipt=receipt, files=files, cosigned=cosigned).members()


def power() -> bytes:
    """Return the certificate of a power."""
    said = PowerCertificate(
        evidence_id=UUID(int=1),
        event_time=NOW,
        issuer=EvidenceIssuerDetails(name="Pasarela", identifier=OTHER_COMPANY_NIF),
        grantor=PowerParty(identifier=COMPANY_NIF, name=COMPANY_NAME),
        attorney=PowerParty(identifier=OTHER_COMPANY_NIF, name="Gestoría"),
        power_id=UUID(int=2),
        scope="general",
        granted_at=NOW - 9 * _HOUR,
        expires_at=NOW + 9000 * _HOUR,
        state="in_force",
        request=RequestEvidence(
            message_id=UUID(int=3), envelope_sha256=f"{1:064x}", signature_method="urn:x"
        ),
    )
    return Seal(pki().seal).seal(render_power(said), NOW, now=NOW)


# --- renewed heads, with a second tree -------------------------------------------------------------


@dataclass
class _Log:
    """A log, leaf by leaf."""

    leaves: list[bytes]

    def subtree(self, size: int) -> Subtrees:
        return _tree([leaf_hash(one) for one in self.leaves[:size]])

    def renewed(self, hours: int) -> bytes:
        """Return the record of a renewal of the head of now."""
        size, at = len(self.leaves), NOW + hours * _HOUR
        text = Checkpoint("log.example", size, root_of(size, self.subtree(size)), at).to_bytes()
        seal = Seal(pki().seal)
        signature = seal.sign(text, now=at)
        note = write_note(
            text,
            signature,
            origin="log.example",
            certificate=seal.certificate,
            cosignatures=cosigned(text),
        )
        return Record(note, token_of(note_imprint(note), at=at)).to_bytes()


def _tree(hashes: Sequence[bytes], hashing: Hashing = SHA256) -> Subtrees:
    tiles: dict[Tile, bytes] = {}
    tiles |= grow(0, list(hashes), tiles.__getitem__, hashing=hashing)
    return partial(subtree_in_tiles, tile=tiles.__getitem__, hashing=hashing)


def renewals(files: Mapping[str, bytes]) -> bytes:
    """Return what a bundle carries whose head was renewed three times, with a second tree at the last."""
    log, records, covered = _Log([b"another", files[bundle.LEAF]]), list[bytes](), list[Covered]()
    for number in range(3):
        records.append(log.renewed(number + 1))
        name, salt = UUID(int=number), bytes([number]) * 32
        covered.append(Covered(name, salt, len(log.leaves), ()))
        log.leaves += [covered[-1].leaf(records[-1]), b"more %d" % number]
    sizes = [2, 4, 6]
    ways = [
        replace(one, proof=tuple(inclusion_proof(one.index, size, log.subtree(size))))
        for one, size in zip(covered, sizes[1:], strict=False)
    ]
    links = tuple(map(Link, records, [*ways, None]))
    made = Renewals(1, tuple(inclusion_proof(1, 2, log.subtree(2))), links)
    return replace(made, second=_second(made, files)).to_bytes()


def _second(made: Renewals, files: Mapping[str, bytes]) -> Second:
    """Return what a second tree over the first two leaves adds."""
    receipt, previous = (take_apart(files[name]).original for name in (bundle.RECEIPT, bundle.PREVIOUS))
    digests = [sha512(one).digest() for one in (receipt, previous, files[bundle.REQUEST])]
    own = entry(files[bundle.LEAF], Bound(*(one.hex() for one in digests)), head=2, proof=made.proof)
    subtree = _tree([SHA512.leaf(b"another"), SHA512.leaf(own)], SHA512)
    bound = list(chained(START, made.links))[-1]
    at = NOW + 4 * _HOUR
    said = Statement("log.example", 2, root_of(2, subtree, hashing=SHA512), bound, None, at).to_bytes()
    token = token_of(statement_imprint(said), at=at, digest="sha512", pair=tsa())
    proof = tuple(inclusion_proof(1, 2, subtree, hashing=SHA512))
    return Second(START, digests[1], digests[2], proof, (Record(said, token).to_bytes(),))
