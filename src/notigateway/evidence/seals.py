"""The seals of a gateway as its settings name them: the present one, and all there were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import DatedSeal, load_seals
from notigateway.evidence.xades import Seal
from notigateway.pki.device import Device, load_device_key
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.pki.validity import check_valid_now

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.settings import Settings


def load_seal(settings: Settings, *, now: datetime) -> Seal:
    """Return the present seal; its key is read once, or stays in its device.

    Raises: `ConfigurationError`, also where the history of the seals does not hold together, and where the
    present certificate is not valid now: whoever wants to seal begins with this, and would leave only void
    receipts.
    """
    present = load_history(settings)[0].certificate
    check_valid_now(present, now, setting="seal_certificate_file", file=settings.seal_certificate_file)
    if not settings.seal_pkcs11_module:
        return Seal(load_key_pair(settings.seal_key_file, settings.seal_certificate_file))
    device = Device(
        module=settings.seal_pkcs11_module,
        token_label=settings.seal_pkcs11_token_label,
        key_label=settings.seal_pkcs11_key_label,
        pin=_pin(settings),
    )
    return Seal(load_device_key(device, settings.seal_certificate_file, verify_detached))


def _pin(settings: Settings) -> str:
    file = settings.seal_pkcs11_pin_file
    if not file:
        return settings.seal_pkcs11_pin.get_secret_value()
    try:
        return Path(file).read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"seal_pkcs11_pin_file: cannot read {file}") from error


def load_history(settings: Settings) -> list[DatedSeal]:
    """Return all seal certificates that ever were: the present one, and the retired with their periods.

    Raises: `ConfigurationError`, also where the present one is among the retired.
    """
    (present, *_) = load_certificates(settings.seal_certificate_file)
    retired = load_seals(settings.retired_seals_folder)
    if present in [one.certificate for one in retired]:
        raise ConfigurationError("retired_seals_folder: the certificate of the present seal is among them")
    return [DatedSeal.of(present), *retired]
