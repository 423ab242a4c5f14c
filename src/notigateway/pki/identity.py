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
from notigateway.law.families import Family, is_seal, represents
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.pki.families import KNOWN_FAMILIES
from notigateway.pki.fitness import find_extension
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.pki.families import Families

# What reading an extension or a name raises where a stranger wrote it badly
_UNREADABLE: Final = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_MAX_NAME_CHARS: Final = 250
# ETSI EN 319 412-1 §5.1.3: semantics identifier, country, "-", the number. PAS is a passport's, no NIF.
_NATURAL: Final = re.compile(r"(?:IDC|PNO|TIN)([A-Z]{2})-(.+)", re.ASCII)
_PERSONS_ONLY: Final = ("IDC", "PNO")
# ... §5.1.4. NTR is the number in a trade register, LEI and local schemes are others: no NIF, even where
# the number looks like one. Without a scheme nothing says what it is.
_LEGAL: Final = re.compile(r"(?:VAT|TIN)([A-Z]{2})-(.+)", re.ASCII)
# Without spaces or hyphens, which would give one NIF several spellings; the case is no difference.
_NIF: Final = re.compile(r"[0-9A-Za-z]{9}", re.ASCII)
# FNMT's older certificates: NIF of the person and CIF of the entity, in a directoryName of the SAN
_FNMT_PERSON: Final = "1.3.6.1.4.1.5734.1.4"
_FNMT_ENTITY: Final = "1.3.6.1.4.1.5734.1.7"
# Camerfirma's older ones: CIF of the entity, in the subject
_CAMERFIRMA_ENTITY: Final = "1.3.6.1.4.1.17326.30.3"
# Ley 40/2015 certificates of the public sector: <kind>.<level>.3 is the NIF of the body, .4 that of its
# employee; in a seal (kinds 2 and 6) that of its holder, who signs nothing (RD 203/2021 art. 19.1)
_PUBLIC_SECTOR: Final = re.compile(r"2\.16\.724\.1\.3\.5\.([0-9]+)\.[0-9]+\.([34])", re.ASCII)
_PUBLIC_SEALS: Final = frozenset({"2", "6"})
_PSEUDONYM: Final = x509.ObjectIdentifier("2.5.4.65")
_SPAIN: Final = "ES"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate names that nobody calls with; the NIF only where it states a valid one."""

    name: str
    identifier: str | None


@dataclass(frozen=True, slots=True)
class _Named:
    """Whom the names of a certificate name, whatever that proves."""

    person: str | None
    entity: str | None
    person_name: str
    entity_name: str
    has_person_name: bool
    ignored: str | None


def read_holder(certificate: x509.Certificate) -> Holder:
    """Read who holds a certificate of the gateway itself."""
    names = _attributes(certificate.subject)
    name = _first(names, NameOID.ORGANIZATION_NAME) or _first(names, NameOID.COMMON_NAME)
    try:
        named = _read_names(certificate)
    except (IdentityError, *_UNREADABLE):
        return Holder(name, None)
    return Holder(name, named.entity or named.person)


@lru_cache(maxsize=1024)  # a certificate says the same every time, and callers come in thousands of requests
def read_caller(certificate: x509.Certificate, families: Families = KNOWN_FAMILIES) -> Caller:
    """Read who calls with a certificate, and for whom: for an entity only where the family proves it.

    Raises: `IdentityError` when there is no NIF, an invalid or foreign one, two that disagree, or not the
    one that the family needs; the fact `reason` says which.
    """
    try:
        family = families.family_of(_marks(certificate))
        named = _read_names(certificate)
        return _call_as(certificate, family, named, accepts_limited=families.accepts_limited)
    except _UNREADABLE as error:
        raise IdentityError("the names cannot be read", reason="not-readable") from error


def _call_as(
    certificate: x509.Certificate, family: Family, named: _Named, *, accepts_limited: bool
) -> Caller:
    """Return the caller that a certificate of that family makes of whom it names."""
    if family is Family.PSEUDONYMOUS_EMPLOYEE:
        raise IdentityError("an employee under a pseudonym", reason="pseudonym")
    if family is Family.LIMITED_REPRESENTATIVE and not accepts_limited:
        raise IdentityError("a power of limited scope", reason="limited-representation")
    if is_seal(family):
        party, signer = _entity_of_seal(family, named), None
    else:
        signer = _person(named)
        party = _entity(named) if represents(family, accepts_limited=accepts_limited) else signer
    is_entity = party != signer
    return Caller(
        party=party,
        party_name=named.entity_name if is_entity else named.person_name,
        signer=signer or party,
        signer_name=named.person_name if signer else named.entity_name,
        certificate_fingerprint=fingerprint(certificate),
        certificate_issuer=_printable(certificate.issuer.rfc4514_string()),
        certificate_serial=str(certificate.serial_number),
        family=family,
        employer=named.entity if family is Family.PUBLIC_EMPLOYEE else None,
        member_of=named.entity if family in {Family.PUBLIC_EMPLOYEE, Family.MEMBERSHIP} else None,
    )


def _person(named: _Named) -> str:
    """Return the NIF of the person, without which nobody is taken for anybody."""
    if named.person is not None:
        return named.person
    if named.entity is not None or named.has_person_name:
        raise IdentityError("no NIF of a person, nor the policy of a seal", reason="no-person")
    raise IdentityError("no NIF in the certificate", reason=named.ignored or "no-nif")


def _entity(named: _Named) -> str:
    """Return the NIF of the entity; a natural person is represented by a power, not by a certificate."""
    if named.entity is None:
        raise IdentityError("no NIF of the entity", reason=named.ignored or "no-entity")
    if not is_company_nif(named.entity):
        raise IdentityError("the NIF of a natural person as an entity's", reason="not-an-entity")
    return named.entity


def _entity_of_seal(family: Family, named: _Named) -> str:
    """Return the NIF of the entity whose seal it is.

    A seal names no person, but for an administrative body's, which may name its holder beside it
    (RD 203/2021 art. 19.1).
    """
    if named.person is not None or (named.has_person_name and family is not Family.PUBLIC_SEAL):
        raise IdentityError("the policy of a seal, and a person's names", reason="contradiction")
    return _entity(named)


def _marks(certificate: x509.Certificate) -> Iterator[str]:
    """Yield what tells the family: the policies, and the attributes of alternative names."""
    policies = find_extension(certificate, x509.CertificatePolicies)
    for policy in policies or ():
        yield policy.policy_identifier.dotted_string
    for oid, _ in _alternative_attributes(certificate):
        yield oid


def _read_names(certificate: x509.Certificate) -> _Named:
    """Read the names from every source that there is. Raises: `IdentityError`."""
    names = _attributes(certificate.subject)
    if names[_PSEUDONYM.dotted_string]:
        raise IdentityError("a pseudonym instead of a name", reason="pseudonym")
    is_spanish = all(country.upper() == _SPAIN for country in names[NameOID.COUNTRY_NAME.dotted_string])
    persons: set[str] = set()
    entities: set[str] = set()
    for value in names[NameOID.SERIAL_NUMBER.dotted_string]:
        nif = _nif(value, _NATURAL, is_spanish=is_spanish)
        if is_company_nif(nif) and value.startswith(_PERSONS_ONLY):
            raise IdentityError("an entity's NIF as a person's", reason="not-a-nif")
        # an entity's seal may carry its NIF here, beside organizationIdentifier
        (entities if is_company_nif(nif) else persons).add(nif)
    entities |= {_nif(value, _LEGAL, is_spanish=is_spanish) for value in names[_CAMERFIRMA_ENTITY]}
    ignored = None
    for value in names[NameOID.ORGANIZATION_IDENTIFIER.dotted_string]:
        match = _LEGAL.fullmatch(value)
        if match and match[1] == _SPAIN:
            entities.add(_check(match[2]))
        else:
            ignored = "foreign-identifier" if match else "not-a-nif"
    for role, nif in _alternative_nifs(certificate):
        (persons if role == "person" else entities).add(nif)
    return _Named(
        person=_only(persons, "person"),
        entity=_only(entities, "entity"),
        person_name=_person_name(names),
        entity_name=_first(names, NameOID.ORGANIZATION_NAME) or _first(names, NameOID.COMMON_NAME),
        has_person_name=any(names[oid.dotted_string] for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME)),
        ignored=ignored,
    )


def _alternative_nifs(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    """Yield the NIFs in the alternative names, each with whose it is: "person" or "entity"."""
    for oid, value in _alternative_attributes(certificate):
        field = _PUBLIC_SECTOR.fullmatch(oid)
        if oid == _FNMT_PERSON or (field and field[2] == "4" and field[1] not in _PUBLIC_SEALS):
            yield "person", _nif(value, _NATURAL)
        elif oid in {_FNMT_ENTITY, _CAMERFIRMA_ENTITY} or (field and field[2] == "3"):
            yield "entity", _nif(value, _LEGAL)


def _nif(value: str, semantics: re.Pattern[str], *, is_spanish: bool = True) -> str:
    """Return the NIF in an attribute: behind its semantics identifier of Spain, or bare where C is ES."""
    match = semantics.fullmatch(value)
    if (match and match[1] != _SPAIN) or (match is None and not is_spanish):
        raise IdentityError("an identifier of another country", reason="foreign-identifier")
    return _check(match[2] if match else value)


def _check(number: str) -> str:
    if _NIF.fullmatch(number) is None:
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


def describe_caller(certificate: x509.Certificate, families: Families) -> tuple[str, ...]:
    """Return who would call with a certificate, and why, as lines for whoever holds it."""
    try:
        marks = ", ".join(dict.fromkeys(_marks(certificate)))
        caller = read_caller(certificate, families)
    except _UNREADABLE:
        return ("its extensions cannot be read",)
    except IdentityError as error:
        return (f"policies and alternative names {marks or 'none'}", f"no caller: {error.detail}")
    return (
        f"policies and alternative names {marks or 'none'}",
        f"family {caller.family}: party {caller.party}, signer {caller.signer}",
    )


def _description(certificate: x509.Certificate) -> tuple[str, ...]:
    return (
        f"subject {certificate.subject.rfc4514_string()}",
        f"issuer {certificate.issuer.rfc4514_string()}, serial {certificate.serial_number}",
        f"valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}",
        f"SHA-256 {fingerprint(certificate)}",
    )
