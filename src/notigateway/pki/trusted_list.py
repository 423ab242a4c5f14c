"""An EU trusted list (ETSI TS 119 612): whose certificates a member state's supervisor vouches for.

The list is a file that the operator brings; its signer is pinned by certificate, as the list of lists
publishes it. Nothing is fetched. Only what was signed is read, and of it only the services that issue
qualified certificates and are granted at this moment.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509
from lxml import etree
from signxml.exceptions import InvalidCertificate, InvalidInput, InvalidSignature
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lxml.etree import _Element
    from pyhanko.sign.validation.qualified.tsp import CAServiceInformation

TSL: Final = "http://uri.etsi.org/02231/v2#"
_ROOT: Final = f"{{{TSL}}}TrustServiceStatusList"
_NS: Final = {"t": TSL}
_EU_LIST: Final = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"
_MAX_BYTES: Final = 32 * 1024 * 1024
_TERRITORY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedList:
    """A verified list: authorised issuers, who are so until `next_update`."""

    territory: str
    sequence_number: int
    issued_at: datetime
    next_update: datetime
    sha256: str
    issuers: tuple[x509.Certificate, ...]

    def is_current(self, now: datetime) -> bool:
        """Tell whether it is issued and its next update not due."""
        return self.issued_at <= now <= self.next_update

    def check_current(self, now: datetime) -> None:
        """Check that it is current. Raises: `ConfigurationError`."""
        if not self.is_current(now):
            raise ConfigurationError(
                f"the trusted list of {self.territory} is out of date: issued {self.issued_at:%Y-%m-%d},"
                f" next update due {self.next_update:%Y-%m-%d %H:%M} UTC"
            )


def read_trusted_list(file: Path, signers: Sequence[x509.Certificate], *, now: datetime) -> TrustedList:
    """Read a list that one of the pinned certificates signed, current or not.

    Raises: `ConfigurationError` saying what does not hold.
    """
    data = read_file(file)
    if len(data) > _MAX_BYTES or b"<!DOCTYPE" in data:
        raise ConfigurationError(f"{file} is not a trusted list")
    signed = _signed_part(data, signers, now, file)
    try:
        return _read(signed, hashlib.sha256(data).hexdigest(), now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file} is not a trusted list that can be read") from error


def _signed_part(data: bytes, signers: Sequence[x509.Certificate], now: datetime, file: Path) -> bytes:
    """Return the bytes of the list that the signature covers, without the signature itself."""
    expected = XAdESSignatureConfiguration(
        require_x509=True, location="./", expect_references=True, verification_time=now
    )
    for signer in signers:
        try:
            results = XAdESVerifier().verify(data, x509_cert=signer, expect_config=expected)
        except (InvalidSignature, InvalidInput, InvalidCertificate, etree.LxmlError, ValueError):
            continue
        for result in results:
            # None for signed bytes that are no XML, whatever the library's types say.
            if getattr(result.signed_xml, "tag", None) == _ROOT:
                return bytes(result.signed_data)
    raise ConfigurationError(f"{file} is not signed by a pinned certificate, or was changed since")


def _read(signed: bytes, sha256: str, now: datetime) -> TrustedList:
    root = etree.fromstring(signed, etree.XMLParser(resolve_entities=False, no_network=True))
    scheme = root.find("t:SchemeInformation", _NS)
    if scheme is None or _text(scheme, "t:TSLType") != _EU_LIST:
        raise ValueError("not a list of an EU member state")
    territory = _text(scheme, "t:SchemeTerritory")
    if _TERRITORY.fullmatch(territory) is None:
        raise ValueError("no territory")
    return TrustedList(
        territory=territory,
        sequence_number=int(_text(scheme, "t:TSLSequenceNumber")),
        issued_at=_instant(_text(scheme, "t:ListIssueDateTime")),
        next_update=_instant(_text(scheme, "t:NextUpdate/t:dateTime")),
        sha256=sha256,
        issuers=tuple(_granted_issuers(signed.decode("utf-8"), now)),
    )


def _granted_issuers(signed: str, now: datetime) -> Iterator[x509.Certificate]:
    """Yield the certificates of the services that issue qualified certificates and are granted now.

    The parser also returns what was granted in the past: such a service has an end.
    """
    # Reading the schema's classes takes most of a second: who has no trusted list does without.
    from pyhanko.sign.validation.qualified.eutl_parse import read_qualified_service_definitions  # noqa: PLC0415
    from pyhanko.sign.validation.qualified.tsp import CAServiceInformation  # noqa: PLC0415

    seen: set[bytes] = set()
    for service in read_qualified_service_definitions(signed):
        if not isinstance(service, CAServiceInformation) or not _is_wanted(service, now):
            continue
        for certificate in service.base_info.provider_certs:
            der = certificate.dump()
            if der not in seen:
                seen.add(der)
                yield x509.load_der_x509_certificate(der)


def _is_wanted(service: CAServiceInformation, now: datetime) -> bool:
    """Tell whether a service is granted now, and for signatures or seals, not for web sites only."""
    from pyhanko.sign.validation.qualified.tsp import QcCertType  # noqa: PLC0415

    base = service.base_info
    kinds = base.additional_info_certificate_type
    is_ours = not kinds or bool(kinds & {QcCertType.QC_ESIGN, QcCertType.QC_ESEAL})
    return base.valid_until is None and base.valid_from <= now and is_ours


def _text(element: _Element, path: str) -> str:
    (found,) = element.findall(path, _NS)
    return (found.text or "").strip()


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without zone")
    return instant.astimezone(UTC)
