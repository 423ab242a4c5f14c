"""How it stands with the gateway's own keys: readable, private, fit, and of their certificates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature

from notigateway.errors import ConfigurationError
from notigateway.evidence.seals import load_history, load_seal
from notigateway.evidence.xades import Seal
from notigateway.health.certificates import RENEW, SEAL, SERVICE, look_at_certificate
from notigateway.health.files import find_obstacle, look_at_secret
from notigateway.health.finding import Finding, State
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.pki.keys import KeyPair
    from notigateway.settings import Settings

_NO_KEY: Final = "make it with `notigateway keys new`, or put it there"
_MAKE: Final = "make a pair with `notigateway keys new`, or name the files of one pair in the settings"
_DEVICE: Final = "correct the settings of the device; look before you repeat: devices lock after wrong PINs"


def look_at_service(settings: Settings, now: datetime) -> list[Finding]:
    """Find how the service's key and certificate are."""

    def use(pair: KeyPair) -> object:
        return Signer(pair.key, pair.certificate)

    key, certificate = settings.service_key_file, settings.service_certificate_file
    found = _look_at_pair("service", key, certificate, use)
    return [*found, *_look_at_own(SERVICE, certificate, settings, now)]


def look_at_seal(settings: Settings, now: datetime, *, online: bool) -> list[Finding]:
    """Find how the seal's key, its certificate and former seals are; a device is asked where wanted."""
    certificate = settings.seal_certificate_file
    if settings.seal_pkcs11_module:
        found = _look_at_device(settings, now, online=online)
    else:
        found = _look_at_pair("seal", settings.seal_key_file, certificate, Seal)
    return [*found, *_look_at_own(SEAL, certificate, settings, now), _look_at_history(settings)]


def _look_at_pair(name: str, key: Path, certificate: Path, use: Callable[[KeyPair], object]) -> list[Finding]:
    """Find whether the key is private, and whether it and its certificate can be used together."""
    check = f"{name}_key"
    secret = look_at_secret(check, key, setting=f"{name}_key_file", cure=_NO_KEY)
    if secret.state is not State.OK:
        return [secret]
    if find_obstacle(check, certificate, setting=f"{name}_certificate_file") is not None:
        return [secret]  # that of the certificate is told with the certificate
    try:
        use(load_key_pair(key, certificate))
    except ConfigurationError as error:
        return [Finding(check, State.FAILED, error.detail, _MAKE)]
    return [Finding(check, State.OK, f"{secret.says}; belongs to {certificate}")]


def _look_at_own(check: str, file: Path, settings: Settings, now: datetime) -> list[Finding]:
    obstacle = find_obstacle(check, file, setting=f"{check}_file")
    if obstacle is not None:
        return [obstacle]
    try:
        certificate = load_certificates(file)[0]
    except ConfigurationError as error:
        return [Finding(check, State.FAILED, error.detail, RENEW)]
    found = look_at_certificate(check, certificate, now, cure=RENEW)
    said = f"{found.says}; {_issued(certificate, settings)}"
    return [Finding(check, found.state, said, found.cure, found.values)]


def _issued(certificate: Certificate, settings: Settings) -> str:
    """Say by whom a certificate was issued, as far as the files here can prove it."""
    for issuer in (certificate, *_authorised(settings)):
        if issuer.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return "signed by itself" if issuer is certificate else "issued by an authorised issuer"
    return "of an issuer that is not among the authorised ones, so its chain is not proven here"


def _authorised(settings: Settings) -> Sequence[Certificate]:
    found: list[Certificate] = []
    folder = settings.authorised_issuers_folder
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            found += load_certificates(file)
        except ConfigurationError:
            continue  # told with the authorised issuers
    return found


def _look_at_device(settings: Settings, now: datetime, *, online: bool) -> list[Finding]:
    check = "seal_key"
    module = Path(settings.seal_pkcs11_module)
    obstacle = find_obstacle(check, module, setting="seal_pkcs11_module")
    if obstacle is not None:
        return [obstacle]
    if settings.seal_pkcs11_pin_file:
        pin = look_at_secret(check, Path(settings.seal_pkcs11_pin_file), setting="seal_pkcs11_pin_file")
        if pin.state is not State.OK:
            return [pin]
    if not online:
        return [Finding(check, State.OK, "in a device, which was not asked (--online asks it)")]
    try:
        load_seal(settings, now=now)
    except ConfigurationError as error:
        return [Finding(check, State.FAILED, error.detail, _DEVICE)]
    return [Finding(check, State.OK, "in a device, which sealed with it")]


def _look_at_history(settings: Settings) -> Finding:
    check = "retired_seals"
    try:
        count = len(load_history(settings)) - 1
    except ConfigurationError as error:
        return Finding(check, State.FAILED, error.detail, "correct retired_seals_folder")
    return Finding(check, State.OK, f"{count} in {settings.retired_seals_folder}")
