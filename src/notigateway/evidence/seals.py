"""The seals of a gateway as its settings name them: the present one, and all there were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import DatedCertificate, load_seals
from notigateway.evidence.retiring import Retirement
from notigateway.evidence.sealing import Seal
from notigateway.given_files import read_file
from notigateway.pki.device import Device, load_device_key
from notigateway.pki.keys import KeyPair, TokenKey, load_certificates, load_key_pair
from notigateway.pki.validity import check_valid_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.settings import Settings


@dataclass(frozen=True, slots=True)
class KeptInDevice:
    """A seal whose key is in a device, as far as files tell: where it is, and its certificate.

    A process opens the device itself, after it was forked.
    """

    device: Device
    certificate: Certificate


# A key in this process, one that only its device knows, or what stands for one that is not asked.
KeptSeal = KeyPair | KeptInDevice | TokenKey


def load_seal(settings: Settings, *, now: datetime) -> Seal:
    """Return the present seal; its key is read once, or stays in its device.

    Raises: `ConfigurationError`, also where the history of the seals does not hold together, and where the
    present certificate is not valid now: whoever wants to seal begins with this, and would leave only void
    receipts.
    """
    return open_seal(read_seal(settings, now=now), settings)


def open_seal(kept: KeptSeal, settings: Settings, *, is_patient: bool = False) -> Seal:
    """Return the seal of a key, which ceases to seal when the folder of retired seals puts it out of use.

    A patient one may have a device that is away, and looks for it at each seal.

    Raises: `ConfigurationError` where its device cannot be used.
    """
    key = kept
    if isinstance(key, KeptInDevice):
        key = load_device_key(key.device, key.certificate, verify_detached, is_patient=is_patient)
    return Seal(key, Retirement(settings.retired_seals_folder, key.certificate))


class HeldSeal:
    """The seal of a process that runs for long: what the settings name is read anew before each use.

    So a change of the seal is followed without a restart. What cannot be used leaves the seal that is held,
    as a refused reload does, for as long as that one is in use; `trouble` then says what is wrong.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read
        self._lock = Lock()
        self._kept: KeptSeal | None = None
        self._opened: tuple[KeptSeal, Path] | None = None
        self._seal: Seal | None = None
        self.trouble: ConfigurationError | None = None

    def at(self, now: datetime) -> Seal:
        """Return what seals now.

        Raises: `ConfigurationError` while there has been no seal that can be used, and
        `TemporarilyUnavailableError` since the one that there was is not in use any more.
        """
        with self._lock:  # a device is logged into by one at a time
            try:
                self._seal, self.trouble = self._follow(now), None
            except ConfigurationError as error:
                if self._seal is None:
                    raise
                if self._seal.lack(now) is not None:
                    raise TemporarilyUnavailableError(error.detail, part=Part.SEAL) from error
                self.trouble = error
            return self._seal

    def _follow(self, now: datetime) -> Seal:
        """Return the seal that the settings name; a device that is open already is left alone."""
        settings = self._read()
        kept: KeptSeal = read_seal(settings, now=now)
        if isinstance(kept, KeptInDevice) and kept == self._kept:
            kept = self._kept  # which remembers whether the device has refused its PIN
            if self._seal is not None and self._opened == (kept, settings.retired_seals_folder):
                return self._seal
        self._kept = kept
        seal = open_seal(kept, settings)
        self._opened = kept, settings.retired_seals_folder
        return seal


def read_seal(settings: Settings, *, now: datetime) -> KeyPair | KeptInDevice:
    """Read what files tell of the present seal; no device is opened.

    Raises: `ConfigurationError` as `load_seal`.
    """
    present = load_history(settings)[0].certificate
    check_valid_now(present, now, setting="seal_certificate_file", file=settings.seal_certificate_file)
    if not settings.seal_pkcs11_module:
        return load_key_pair(settings.seal_key_file, settings.seal_certificate_file)
    device = Device(
        module=settings.seal_pkcs11_module,
        token_label=settings.seal_pkcs11_token_label,
        key_label=settings.seal_pkcs11_key_label,
        pin=_pin(settings),
    )
    return KeptInDevice(device, present)


def _pin(settings: Settings) -> str:
    file = settings.seal_pkcs11_pin_file
    if not file:
        return settings.seal_pkcs11_pin.get_secret_value()
    try:
        return read_file(Path(file)).decode().rstrip("\r\n")
    except ConfigurationError as error:
        raise ConfigurationError(f"seal_pkcs11_pin_file: {error.detail}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"seal_pkcs11_pin_file: cannot read {file}") from error


def load_history(settings: Settings, present: Certificate | None = None) -> list[DatedCertificate]:
    """Return all seal certificates that ever were: the present one, and the retired with their periods.

    `present` is what seals now in a process that runs for long: the settings that it has read may still name
    the one before, which is among the retired by then.

    Raises: `ConfigurationError`, also where the present one is among the retired.
    """
    retired = load_seals(settings.retired_seals_folder)
    if present is not None:
        return [DatedCertificate.of(present), *(one for one in retired if one.certificate != present)]
    (present, *_) = load_certificates(settings.seal_certificate_file)
    if present in [one.certificate for one in retired]:
        raise ConfigurationError("retired_seals_folder: the certificate of the present seal is among them")
    return [DatedCertificate.of(present), *retired]
