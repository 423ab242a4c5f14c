"""How it stands with the gateway's own keys: readable, private, fit, and of their certificates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.evidence.sealing import Seal
from notigateway.evidence.seals import load_history, load_seal
from notigateway.health.certificates import RENEW, SEAL, SERVICE, look_at_certificate
from notigateway.health.files import find_obstacle, judged, look_at_secret
from notigateway.health.finding import Finding, State
from notigateway.health.issuing import issued
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.pki.keys import KeyPair
    from notigateway.settings import Settings

_MAKE: Final = (
    "name the files of one pair in the settings, or make another with `notigateway keys new --into FOLDER`"
)
_EACH_FITS: Final = "the certificates of service and seal each belong to the other's key"
_SWAP: Final = "swap service_certificate_file and seal_certificate_file (or the two key files)"
_DEVICE: Final = "correct the settings of the device; look before you repeat: devices lock after wrong PINs"


def look_at_service(settings: Settings, now: datetime) -> list[Finding]:
    """Find how the service's key and certificate are."""

    def use(pair: KeyPair) -> object:
        return Signer(pair.key, pair.certificate)

    key, certificate = settings.service_key_file, settings.service_certificate_file
    found = _look_at_pair("service", key, certificate, use, cure=_make("service", settings.seal_key_file))
    if _are_swapped(settings):
        found = [Finding("service_key", State.FAILED, _EACH_FITS, _SWAP)]
    return [*found, *_look_at_own(SERVICE, certificate, settings, now)]


def look_at_seal(settings: Settings, now: datetime, *, online: bool) -> list[Finding]:
    """Find how the seal's key, its certificate and former seals are; a device is asked where wanted."""
    certificate = settings.seal_certificate_file
    if settings.seal_pkcs11_module:
        found = _look_at_device(settings, now, online=online)
    else:
        cure = _make("seal", settings.service_key_file)
        found = _look_at_pair("seal", settings.seal_key_file, certificate, Seal, cure=cure)
        if _are_swapped(settings):
            found = [Finding("seal_key", State.FAILED, _EACH_FITS, _SWAP)]
    return [*found, *_look_at_own(SEAL, certificate, settings, now), *_look_at_history(settings)]


def _make(name: str, other: Path) -> str:
    """Return what makes a key that is missing: it alone where the other is there, which is never replaced."""
    try:
        only = f" --only {name}" if other.exists() else ""
    except OSError:
        only = f" --only {name}"
    return f"make it with `notigateway keys new{only}`, or put it there"


def _look_at_pair(
    name: str, key: Path, certificate: Path, use: Callable[[KeyPair], object], *, cure: str
) -> list[Finding]:
    """Find whether the key is private, and whether it and its certificate can be used together."""
    check = f"{name}_key"
    secret = look_at_secret(check, key, setting=f"{name}_key_file", cure=cure)
    if secret.state is not State.OK:
        return [secret]
    if find_obstacle(check, certificate, setting=f"{name}_certificate_file") is not None:
        return [secret]  # that of the certificate is told with the certificate
    try:
        use(load_key_pair(key, certificate))
    except ConfigurationError as error:
        return [judged(check, error, _MAKE)]
    return [Finding(check, State.OK, f"{secret.says}; belongs to {certificate}")]


def _are_swapped(settings: Settings) -> bool:
    """Tell whether each of the two certificates fits the other's key: one cure for both."""
    if settings.seal_pkcs11_module:
        return False
    service, seal = settings.service_key_file, settings.seal_key_file
    try:
        load_key_pair(service, settings.seal_certificate_file)
        load_key_pair(seal, settings.service_certificate_file)
    except ConfigurationError:
        return False
    return settings.service_certificate_file != settings.seal_certificate_file and service != seal


def _look_at_own(check: str, file: Path, settings: Settings, now: datetime) -> list[Finding]:
    obstacle = find_obstacle(check, file, setting=f"{check}_file")
    if obstacle is not None:
        return [obstacle]
    try:
        certificate = load_certificates(file)[0]
    except ConfigurationError as error:
        return [judged(check, error, RENEW)]
    found = look_at_certificate(check, certificate, now, cure=RENEW)
    said = f"{found.says}; {issued(certificate, settings.authorised_issuers_folder)}"
    return [Finding(check, found.state, said, found.cure, found.values)]


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
        return [judged(check, error, _DEVICE)]
    return [Finding(check, State.OK, "in a device, which sealed with it")]


def _look_at_history(settings: Settings) -> list[Finding]:
    """Find how the former seals are; what is wrong with the present one is told of it alone."""
    check = "retired_seals"
    try:
        load_certificates(settings.seal_certificate_file)
    except ConfigurationError:
        return []
    try:
        count = len(load_history(settings)) - 1
    except ConfigurationError as error:
        return [judged(check, error, "correct retired_seals_folder")]
    return [Finding(check, State.OK, f"{count} in {settings.retired_seals_folder}")]
