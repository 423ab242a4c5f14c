"""From a certificate to the caller: the only place that reads subjects.

Sources are DER attributes, each with one meaning; the common name is never read for a NIF, since
it is free text. Two sources that disagree are refused rather than ranked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from notigateway.errors import IdentityError
from notigateway.law.caller import Caller
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.pki.fitness import find_extension
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_NAME_CHARS: Final = 250
# ETSI EN 319 412-1 §5.1.3 and §5.1.4: semantics identifier, country, "-", the national number
_NATURAL: Final = re.compile(r"(?:IDC|PAS|PNO|TIN)([A-Z]{2})-(.+)", re.ASCII)
_LEGAL: Final = re.compile(r"(?:VAT|TIN)([A-Z]{2})-(.+)", re.ASCII)
_BARE: Final = re.compile(r"[0-9A-Z]{9}", re.ASCII)
# FNMT's older certificates: NIF of the person and CIF of the entity, in a directoryName of the SAN
_FNMT_PERSON: Final = "1.3.6.1.4.1.5734.1.4"
_FNMT_ENTITY: Final = "1.3.6.1.4.1.5734.1.7"
# Ley 40/2015 certificates of the public sector: <kind>.<level>.3 is the NIF of the body, .4 that of
# its employee or of the person responsible for the seal
_PUBLIC_SECTOR: Final = re.compile(r"2\.16\.724\.1\.3\.5\.[0-9]+\.[0-9]+\.([34])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate names that nobody calls with; the NIF only where it states a valid one."""

    name: str
    identifier: str | None


def read_holder(certificate: x509.Certificate) -> Holder:
    """Read who holds a certificate of the gateway itself."""
    names = _attributes(certificate.subject)
    name = _first(names, NameOID.ORGANIZATION_NAME) or _first(names, NameOID.COMMON_NAME)
    try:
        return Holder(name, read_caller(certificate).party)
    except IdentityError:
        return Holder(name, None)


@lru_cache(maxsize=1024)  # a certificate says the same every time, and callers come in thousands of requests
def read_caller(certificate: x509.Certificate) -> Caller:
    """Read the identity that a certificate states.

    Raises: `IdentityError` when there is no NIF, an invalid or foreign one, or two that disagree.
    """
    try:
        return _read(certificate)
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise IdentityError("the names cannot be read", reason="not-readable") from error


def _read(certificate: x509.Certificate) -> Caller:
    persons, entities = _read_nifs(certificate)
    person = _only(persons, "person")
    entity = _only(entities, "entity")
    if person is None and entity is None:
        raise IdentityError("no NIF in the certificate", reason="no-nif")
    names = _attributes(certificate.subject)
    person_name = _person_name(names)
    entity_name = _first(names, NameOID.ORGANIZATION_NAME) or _first(names, NameOID.COMMON_NAME)
    return Caller(
        party=entity or person or "",
        party_name=entity_name if entity else person_name,
        signer=person or entity or "",
        signer_name=person_name if person else entity_name,
        certificate_fingerprint=fingerprint(certificate),
        certificate_issuer=_printable(certificate.issuer.rfc4514_string()),
        certificate_serial=str(certificate.serial_number),
    )


def _read_nifs(certificate: x509.Certificate) -> tuple[set[str], set[str]]:
    """Return the NIFs of the person and of the entity, from every source that there is."""
    persons: set[str] = set()
    entities: set[str] = set()
    subject = _attributes(certificate.subject)
    for value in subject[NameOID.SERIAL_NUMBER.dotted_string]:
        # the seal of an entity carries the entity's NIF here, beside organizationIdentifier
        nif = _nif(value, _NATURAL)
        (entities if is_company_nif(nif) else persons).add(nif)
    for value in subject[NameOID.ORGANIZATION_IDENTIFIER.dotted_string]:
        entities.add(_nif(value, _LEGAL))
    for oid, value in _alternative_attributes(certificate):
        field = _PUBLIC_SECTOR.fullmatch(oid)
        if oid == _FNMT_PERSON or (field and field[1] == "4"):
            persons.add(_nif(value, _NATURAL))
        elif oid == _FNMT_ENTITY or (field and field[1] == "3"):
            entities.add(_nif(value, _LEGAL))
    return persons, entities


def _nif(value: str, semantics: re.Pattern[str]) -> str:
    """Return the NIF in an attribute, bare or behind its semantics identifier of Spain."""
    match = semantics.fullmatch(value)
    if match and match[1] != "ES":
        raise IdentityError("an identifier of another country", reason="foreign-identifier")
    number = match[2] if match else value
    if _BARE.fullmatch(number) is None:
        raise IdentityError("an identifier that is no NIF", reason="not-a-nif")
    try:
        return check_nif(number)
    except IdentifierError as error:
        raise IdentityError("an identifier with a wrong check character", reason="not-a-nif") from error


def _only(values: set[str], role: str) -> str | None:
    if len(values) > 1:
        raise IdentityError(f"sources disagree about the {role}", reason="contradiction")
    return next(iter(values), None)


def _attributes(name: x509.Name) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for attribute in name:
        if isinstance(attribute.value, str):
            found[attribute.oid.dotted_string].append(attribute.value)
    return found


def _alternative_attributes(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    """Yield the attributes of every directoryName in the subject's alternative names."""
    names = find_extension(certificate, x509.SubjectAlternativeName)
    for name in names.get_values_for_type(x509.DirectoryName) if names else ():
        for oid, values in _attributes(name).items():
            for value in values:
                yield oid, value


def _person_name(names: defaultdict[str, list[str]]) -> str:
    parts = (_first(names, NameOID.GIVEN_NAME), _first(names, NameOID.SURNAME))
    return " ".join(part for part in parts if part) or _first(names, NameOID.COMMON_NAME)


def _first(names: defaultdict[str, list[str]], oid: x509.ObjectIdentifier) -> str:
    values = names[oid.dotted_string]
    return _printable(values[0]) if values else ""


def _printable(text: str) -> str:
    """Return a name fit for receipts and logs: one line, no control characters, bounded."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_MAX_NAME_CHARS]


def describe(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return what a certificate says, as lines for whoever holds it; nothing is decided by them."""
    try:
        return _description(certificate)
    except (ValueError, TypeError):  # parsed only when read, and a stranger may have written it
        return ("the names in the certificate cannot be read",)


def _description(certificate: x509.Certificate) -> tuple[str, ...]:
    return (
        f"subject {certificate.subject.rfc4514_string()}",
        f"issuer {certificate.issuer.rfc4514_string()}, serial {certificate.serial_number}",
        f"valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}",
        f"SHA-256 {fingerprint(certificate)}",
    )
