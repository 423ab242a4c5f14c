"""In whose name something is asked: a holder of the sandbox, or somebody whose certificate is made for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from notigateway.law.families import Family
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import KeyPair, load_certificates, load_key_pair
from notigateway.sandbox.certifying import (
    SIGNING_USAGES,
    CertificateWish,
    entity_name,
    new_ec_key,
    person_name,
    policies,
    policies_for,
    representative_name,
)
from notigateway.sandbox.given import Given
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.seeds import BODIES

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from notigateway.sandbox.certifying import PrivateKey
    from notigateway.sandbox.world import World

_VALID: Final = timedelta(days=365)
_GIVEN: Final = "Nadie"
_SURNAME: Final = "Inventado Ficticio"
_ENTITY: Final = "Entidad Inventada (ficticia)"
# Of an example: no issuer has it (Rec. ITU-T X.660, the arc of examples).
LIMITED_ARC: Final = "2.999.1"
_POLICIES: Final[dict[str, tuple[str, ...]]] = {
    Family.PUBLIC_EMPLOYEE: ("2.16.724.1.3.5.7.1",),
    Family.LIMITED_REPRESENTATIVE: (LIMITED_ARC,),
}
FAMILIES: Final = (
    Family.NATURAL_PERSON,
    Family.ENTITY_SEAL,
    Family.REPRESENTATIVE,
    Family.LIMITED_REPRESENTATIVE,
    Family.PUBLIC_EMPLOYEE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody by NIF and name."""

    nif: str
    name: str


def named(world: World, who: str) -> Named:
    """Return who is meant by a holder's name, the acronym of a body or a NIF. Raises: `InvalidError`."""
    body = next((one for one in BODIES if who in {one.acronym, one.dir3, one.nif}), None)
    if body is not None:
        return Named(body.nif, body.name)
    if who == "representative":  # he himself, not the company for which his certificate acts
        caller = read_caller(_certificate(world, who))
        return Named(caller.signer, caller.signer_name)
    if who in world.pki.holders():
        return Named(world.nif_of(who), world.name_of(who))
    try:
        nif = check_nif(who)
    except IdentifierError as error:
        raise InvalidError(f"{who[:40]}: one of {', '.join(world.pki.holders())}, or a NIF") from error
    known = (named(world, one) for one in world.pki.holders())
    ordinary = Named(nif, _ENTITY if is_company_nif(nif) else f"{_GIVEN} {_SURNAME}")
    return next((one for one in known if one.nif == nif), ordinary)


def pair_of(world: World, who: Any) -> KeyPair:  # noqa: ANN401
    """Return key and certificate of who asks: a holder's name, a NIF, or NIF, family and entity.

    Raises: `InvalidError`.
    """
    if isinstance(who, dict):
        given = Given(who)
        nif, family, entity = given.text("nif"), given.text("family"), given.text("of")
        given.end()
        if nif is None or family not in FAMILIES:
            raise InvalidError(f"as: a nif, and a family of {', '.join(FAMILIES)}")
        return made(world, subject_of(world, nif, Family(family), entity), family=Family(family))
    if not isinstance(who, str):
        raise InvalidError("as: the name of a holder, or a NIF")
    if who in world.pki.holders():
        files = world.pki.holder(who)
        return load_key_pair(files.key, files.certificate)
    body = next((one for one in BODIES if who in {one.acronym, one.dir3}), None)
    return made(world, subject_of(world, who if body is None else body.nif))


def subject_of(world: World, who: str, family: Family | None = None, entity: str | None = None) -> x509.Name:
    """Return the subject of a certificate of somebody. Raises: `InvalidError`."""
    one = named(world, who)
    if family is Family.ENTITY_SEAL or (family is None and is_company_nif(one.nif)):
        return entity_name(one.nif, one.name)
    given, _, surname = one.name.partition(" ")
    if family in {None, Family.NATURAL_PERSON}:
        return person_name(one.nif, given, surname or _SURNAME)
    for_whom = named(world, entity or "company")
    return representative_name((one.nif, given, surname or _SURNAME), (for_whom.nif, for_whom.name))


def made(
    world: World,
    subject: x509.Name,
    *,
    key: PrivateKey | None = None,
    family: Family | None = None,
    usages: frozenset[str] = SIGNING_USAGES,
    until: datetime | None = None,
) -> KeyPair:
    """Return a new certificate of the sandbox's issuer, valid now in the world unless it has ended."""
    pki, now = world.pki, world.clock()
    by = load_key_pair(pki.key("issuing"), pki.certificate("issuing"))
    return CertificateWish(
        subject,
        key or new_ec_key(),
        by=by,
        not_before=max(now - _VALID, by.certificate.not_valid_before_utc),
        not_after=until or min(now + _VALID, by.certificate.not_valid_after_utc),
        usages=usages,
        extra=[policies(*(_POLICIES.get(family or "") or policies_for(subject)))],
    ).make()


def certificate_of(world: World, subject: x509.Name, key: RSAPublicKey) -> x509.Certificate:
    """Return a certificate of somebody else's key: whoever shows it could not sign with it."""
    pki, now = world.pki, world.clock()
    by = load_key_pair(pki.key("issuing"), pki.certificate("issuing"))
    extension, critical = policies(*policies_for(subject))
    builder = (
        x509.CertificateBuilder(by.certificate.subject, subject, key, x509.random_serial_number())
        .not_valid_before(max(now - _VALID, by.certificate.not_valid_before_utc))
        .not_valid_after(min(now + _VALID, by.certificate.not_valid_after_utc))
        .add_extension(extension, critical=critical)
    )
    return builder.sign(by.key, hashes.SHA256())


def _certificate(world: World, name: str) -> x509.Certificate:
    (certificate,) = load_certificates(world.pki.holder(name).certificate)
    return certificate
