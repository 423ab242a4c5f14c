"""Whose certificates are admitted: the authorised issuers, and path validation against them.

Every certificate in the operator's folder is an authorised issuer, that is a trust anchor; there
are no others, the system's roots least of all. The path is validated by pyhanko-certvalidator at
the instant given; nothing is ever fetched, whatever addresses a certificate names.

Revocation is another question, asked in `revocation.py` of the issuer that is found here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from notigateway.errors import ConfigurationError, GatewayError, IssuerNotAuthorisedError, TokenInvalidError
from notigateway.instants import instant_text
from notigateway.logger import Logger
from notigateway.pki.anchor import Anchor, comparable, form_of, listed_anchors, read_anchor
from notigateway.pki.fitness import check_fit_to_sign, check_validity
from notigateway.pki.issuance import is_signed_by
from notigateway.pki.keys import fingerprint, load_certificates, subject_of
from notigateway.pki.validity import Validity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
    from cryptography import x509

_Known = TypeVar("_Known")

_log = Logger("notigateway.trust")
_CACHED_VERDICTS: Final = 4096
_CACHED_STRANGERS: Final = 4096
_DEFAULT_CACHE_SECONDS: Final = 600
_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer", ".der"})
# Why a certificate has no valid path although nothing is wrong with it: what the operator keeps has run out.
ISSUER_NOT_VALID: Final = "issuer-not-valid"
LIST_OUT_OF_DATE: Final = "trusted-list-out-of-date"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A path was found valid at an instant; its anchor stands until another."""

    found_at: datetime
    anchor_until: datetime
    authority: x509.Certificate


def load_folder(folder: Path) -> list[x509.Certificate]:
    """Read every certificate of a folder (`.pem`, `.crt`, `.cer`, `.der`).

    Raises: `ConfigurationError` naming the file or the folder.
    """
    return [certificate for file in certificate_files(folder) for certificate in load_certificates(file)]


def certificate_files(folder: Path) -> list[Path]:
    """Return the files of a folder of certificates, by their names.

    Hidden files are skipped, as mounted volumes contain them; any other file is an error,
    because a certificate that is silently left out is found too late.

    Raises: `ConfigurationError` naming the file or the folder.
    """
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise ConfigurationError(f"cannot read the folder {folder}: {error.strerror}") from error
    for file in files:
        if file.suffix.lower() not in _SUFFIXES:
            raise ConfigurationError(f"{file} is not a certificate file")
    return files


class TrustStore:
    """The authorised issuers and the verdicts about certificates seen lately; safe between threads.

    Verdicts about certificates that an authorised issuer signed stand for a while. Of all others it is
    remembered that they are strangers, for as long as the store stands: no issuer comes into it. They have a
    memory of their own, so forged certificates cannot push honest ones out.

    Raises: `ConfigurationError` when there is no anchor, or one that may not issue certificates.
    """

    def __init__(
        self,
        anchors: Iterable[x509.Certificate],
        *,
        listed: Iterable[x509.Certificate] = (),
        listed_until: datetime | None = None,
        cache_seconds: int = _DEFAULT_CACHE_SECONDS,
    ) -> None:
        own = list(anchors)
        found = [read_anchor(certificate) for certificate in own]
        found += listed_anchors((one for one in listed if one not in own), listed_until)
        self._anchors: dict[str, list[Anchor]] = {}
        # the longest first: of two certificates of one issuer and key only the first is consulted
        for anchor in sorted(found, key=lambda one: one.until, reverse=True):
            self._anchors.setdefault(anchor.name, []).append(anchor)
        # as nearly everybody writes a name: as its issuer does
        self._as_written = {one.certificate.subject.public_bytes(): self._anchors[one.name] for one in found}
        if not self._anchors:
            raise ConfigurationError("there is no authorised issuer")
        self._cache_time = timedelta(seconds=cache_seconds)
        self._verdicts: OrderedDict[str, _Verdict] = OrderedDict()
        self._strangers: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: Path, *, cache_seconds: int = _DEFAULT_CACHE_SECONDS) -> TrustStore:
        """Read every certificate of a folder as an authorised issuer.

        Raises: `ConfigurationError` naming the file or the folder.
        """
        certificates = load_folder(folder)
        if not certificates:
            raise ConfigurationError(f"the folder {folder} holds no authorised issuer")
        return cls(certificates, cache_seconds=cache_seconds)

    @property
    def authorities(self) -> list[x509.Certificate]:
        """Return the certificates of all authorised issuers."""
        return [anchor.certificate for anchors in self._anchors.values() for anchor in anchors]

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Check that a certificate may sign and has a valid path to an authorised issuer at `now`.

        Raises: as `find_authority`.
        """
        self.find_authority(certificate, now)

    def find_authority(self, certificate: x509.Certificate, now: datetime) -> x509.Certificate:
        """Return the authorised issuer from which a valid path leads to a certificate that may sign.

        Raises: `TokenWeakError`, `TokenTooLargeError`, `TokenTypeError`, `TokenInvalidError`,
        `CertificateExpiredError`, `KeyUsageError`, `IssuerNotAuthorisedError`.
        """
        try:
            return self._check(certificate, now)
        except (GatewayError, MemoryError):
            raise
        except Exception as error:
            # Two readers of ASN.1 meet bytes chosen by a stranger, and neither names all it raises.
            raise TokenInvalidError("the certificate cannot be processed") from error

    def _check(self, certificate: x509.Certificate, now: datetime) -> x509.Certificate:
        check_validity(certificate, now)
        mark = fingerprint(certificate)
        with self._lock:
            verdict = self._verdicts.get(mark)
            if verdict is not None and self._stands(verdict, now):
                self._verdicts.move_to_end(mark)
                return verdict.authority
            stranger = self._strangers.get(mark)
        if stranger is not None:
            raise _stranger(stranger)
        check_fit_to_sign(certificate)
        genuine = self._signers(certificate, mark)
        verdict = _find_path(certificate, genuine, now)
        with self._lock:
            _remember(self._verdicts, mark, verdict, most=_CACHED_VERDICTS)
        return verdict.authority

    def _stands(self, verdict: _Verdict, now: datetime) -> bool:
        return verdict.found_at <= now < verdict.found_at + self._cache_time and now <= verdict.anchor_until

    def _signers(self, certificate: x509.Certificate, mark: str) -> list[Anchor]:
        """Return the authorised issuers of the name that it gives who have signed it.

        It costs a look at a signature, while a path costs as much as some requests: a stranger who has others
        validated would be cheaper to send than to refuse.

        Raises: `IssuerNotAuthorisedError` where there is none.
        """
        named = self._as_written.get(certificate.issuer.public_bytes())
        if named is None:
            named = self._anchors.get(comparable(certificate.issuer), [])
        signers = [one for one in named if is_signed_by(certificate, one.certificate.public_key())]
        if signers:
            return signers
        reason = "path-not-valid" if named else "issuer-unknown"
        with self._lock:
            _remember(self._strangers, mark, reason, most=_CACHED_STRANGERS)
        raise _stranger(reason)


# Of a certificate that no authorised issuer signed: why it has no path, and in words.
_STRANGERS: Final = {
    "issuer-unknown": "no anchor of that name",
    "path-not-valid": "no anchor of that name has signed it",
}


def _stranger(reason: str) -> IssuerNotAuthorisedError:
    return IssuerNotAuthorisedError(_STRANGERS[reason], reason=reason)


def _remember(memory: OrderedDict[str, _Known], mark: str, known: _Known, *, most: int) -> None:
    """Keep what was found about a certificate, and forget what was not asked for the longest."""
    memory[mark] = known
    memory.move_to_end(mark)
    while len(memory) > most:
        memory.popitem(last=False)


def _find_path(certificate: x509.Certificate, signers: list[Anchor], now: datetime) -> _Verdict:
    subject = form_of(certificate)
    try:
        anchor = asyncio.run(_validate(subject, signers, now))
    except (ValidationError, PathError) as error:
        _check_issuer_valid(subject, signers, now)
        raise IssuerNotAuthorisedError(str(error), reason="path-not-valid") from error
    if now > anchor.until:
        detail = f"the next trusted list is due since {instant_text(anchor.until)}"
        raise IssuerNotAuthorisedError(detail, reason=LIST_OUT_OF_DATE)
    return _Verdict(found_at=now, anchor_until=anchor.until, authority=anchor.certificate)


async def _validate(
    subject: asn1.Certificate, candidates: list[Anchor], now: datetime, *, dated: bool = True
) -> Anchor:
    """Validate the path from one of the candidate issuers (RFC 5280 §6.1) and return that issuer.

    `dated`: candidates are held to their own validity.
    """
    trusted = [(one.trust(dated=dated), one) for one in candidates]
    context = ValidationContext(
        trust_roots=[trust for trust, _ in trusted],
        moment=now,
        allow_fetching=False,
        time_tolerance=timedelta(0),
    )
    path = await CertificateValidator(subject, validation_context=context).async_validate_path()
    for trust, candidate in trusted:
        # an anchor is no caller, so the path has a certificate below it
        if path.pkix_len and path.trust_anchor is trust:
            return candidate
    raise IssuerNotAuthorisedError("the certificate is itself an anchor", reason="path-not-valid")


def _check_issuer_valid(subject: asn1.Certificate, candidates: list[Anchor], now: datetime) -> None:
    """Tell a certificate without a valid path from one whose issuer's own certificate is not valid now.

    The path is validated as before, but for the validity of the issuer's certificate: whoever only writes
    the issuer's name into a certificate is none of its holders.

    Raises: `IssuerNotAuthorisedError` where only that stands against it.
    """
    lapsed = [one for one in candidates if not Validity.of(one.certificate).covers(now)]
    if not lapsed:
        return
    try:
        anchor = asyncio.run(_validate(subject, lapsed, now, dated=False))
    except (ValidationError, PathError):
        return
    lack = Validity.of(anchor.certificate).lack(now)
    name = subject_of(anchor.certificate)
    raise IssuerNotAuthorisedError(
        f"the certificate of the authorised issuer {name} {lack}", reason=ISSUER_NOT_VALID
    )


class PinnedCertificates:
    """The certificates that a client expects of its service: these, within their validity, no other.

    Raises: `ConfigurationError` when there is none.
    """

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self.certificates = tuple(certificates)
        self._fingerprints = frozenset(map(fingerprint, self.certificates))
        if not self._fingerprints:
            raise ConfigurationError("there is no pinned certificate")

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Check that a certificate is one of the pinned ones and valid at `now`.

        Raises: `IssuerNotAuthorisedError`, `CertificateExpiredError`.
        """
        if fingerprint(certificate) not in self._fingerprints:
            raise IssuerNotAuthorisedError("not a pinned certificate", reason="not-pinned")
        check_validity(certificate, now)
