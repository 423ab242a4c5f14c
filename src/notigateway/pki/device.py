"""A private key in a device (PKCS #11): a hardware security module, a smart card, or SoftHSM.

The key never leaves the device: a signature is asked for, one at a time. The PIN is used to log in, once per
process and again only after the device was away; a wrong one is never repeated, since devices count.
A process opens the device itself, after it was forked.
"""

from __future__ import annotations

import hashlib
import mmap
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.pki.keys import TokenKey
from notigateway.pki.low_form import low_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate

    # Checks a detached signature: text, signature, certificate. Raises `InvalidSignature`.
    Verify = Callable[[bytes, bytes, Certificate], None]

_SALT_BYTES: Final = 32
# Modules differ in what they allow at once, so one thing is asked at a time; an ECDSA signature takes a
# device a millisecond or a few.
_LOCK: Final = RLock()
_sessions: Final[dict[tuple[str, str], Any]] = {}


class PinMemory:
    """Whether a device has refused a PIN: known to every process that is forked from whoever made this."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    @property
    def is_refused(self) -> bool:
        """Tell whether the PIN was refused."""
        return bool(self._byte[0])

    def refuse(self) -> None:
        """Remember that it was."""
        self._byte[0] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a key is: the module of the device's vendor, the labels of token and key, and the PIN."""

    module: str
    token_label: str
    key_label: str
    pin: str = field(repr=False)
    pin_memory: PinMemory = field(default_factory=PinMemory, repr=False, compare=False)


def load_device_key(
    device: Device, certificate: Certificate, verify: Verify, *, is_patient: bool = False
) -> TokenKey:
    """Open the device and return its key; `verify` proves that the certificate is of this very key.

    A patient key may be of a device that is away: each signature looks for it, and is refused till then.

    Raises: `ConfigurationError` for a missing package, module, token or key, a wrong PIN, or another key.
    """
    key = _DeviceKey(device, certificate, verify)
    try:
        key.open()
    except ConfigurationError:
        if not is_patient:
            raise
    return TokenKey(certificate, key.sign)


class _DeviceKey:
    """Signs with a key in a device."""

    def __init__(self, device: Device, certificate: Certificate, verify: Verify) -> None:
        self._pkcs11 = _package()
        self._device = device
        self._certificate = certificate
        self._verify = verify
        self._is_ecdsa = isinstance(certificate.public_key(), EllipticCurvePublicKey)
        self._key: Any = None  # the package's type

    @property
    def _name(self) -> str:
        return f"token {self._device.token_label!r}, key {self._device.key_label!r}"

    def open(self) -> None:
        """Find the key, and prove that it is the certificate's. Raises: `ConfigurationError`."""
        probe = b"notigateway: does this key belong to its certificate?"
        with _LOCK:
            try:
                key = self._find()
            except self._pkcs11.PKCS11Error as error:
                raise ConfigurationError(f"{self._name}: {_reason(error)}") from error
            try:
                signature = self._signed(hashlib.sha256(probe).digest(), key)
                self._verify(probe, signature, self._certificate)
            except InvalidSignature as error:
                raise ConfigurationError(
                    "the key in the device does not belong to the certificate"
                ) from error
            except (self._pkcs11.PKCS11Error, ValueError) as error:
                raise ConfigurationError(
                    f"the key in the device cannot be used: {self._name}: {_reason(error)}"
                ) from error
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """Return ECDSA with SHA-256 in DER, in its low form, or RSA-PSS with SHA-256 and a salt of 32 bytes.

        Raises: `TemporarilyUnavailableError` while the device does not answer.
        """
        digest = hashlib.sha256(data).digest()
        with _LOCK:
            try:
                if self._key is not None:
                    return self._signed(digest, self._key)
            except self._pkcs11.PKCS11Error:
                pass  # away or reset: a new session knows
            _sessions.pop((self._device.module, self._device.token_label), None)
            try:
                self.open()
                return self._signed(digest, self._key)
            except ConfigurationError as error:
                raise TemporarilyUnavailableError(error.detail, part=Part.SEAL) from error
            except self._pkcs11.PKCS11Error as error:
                raise TemporarilyUnavailableError(
                    f"{self._name}: {_reason(error)}", part=Part.SEAL
                ) from error

    def _find(self) -> Any:  # noqa: ANN401  (the package's type)
        classes = self._pkcs11.ObjectClass
        return self._session().get_key(object_class=classes.PRIVATE_KEY, label=self._device.key_label)

    def _session(self) -> Any:  # noqa: ANN401
        """Return the one session with a token: a device is logged into once per process.

        Raises: `ConfigurationError` where the PIN was refused: devices lock after a few tries.
        """
        place = self._device.module, self._device.token_label
        if place not in _sessions:
            if self._device.pin_memory.is_refused:
                raise ConfigurationError(f"{self._name}: the PIN was refused, and is not tried again")
            token = self._pkcs11.lib(self._device.module).get_token(token_label=self._device.token_label)
            try:
                _sessions[place] = token.open(user_pin=self._device.pin)
            except self._pkcs11.UserAlreadyLoggedIn:
                _sessions[place] = token.open()
            except _refusals_of_pins(self._pkcs11):
                self._device.pin_memory.refuse()
                raise
        return _sessions[place]

    def _signed(self, digest: bytes, key: Any) -> bytes:  # noqa: ANN401
        mechanism = self._pkcs11.Mechanism
        if self._is_ecdsa:
            raw = bytes(key.sign(digest, mechanism=mechanism.ECDSA))
            half = len(raw) // 2
            return low_form(encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:])))
        parameters = (mechanism.SHA256, self._pkcs11.MGF.SHA256, _SALT_BYTES)
        return bytes(key.sign(digest, mechanism=mechanism.RSA_PKCS_PSS, mechanism_param=parameters))


def _package() -> Any:  # noqa: ANN401
    try:
        import pkcs11  # noqa: PLC0415  (an extra: most installations have no device)
    except ImportError as error:
        raise ConfigurationError(
            "a key in a device needs the extra: pip install notigateway[pkcs11]"
        ) from error
    return pkcs11


def _refusals_of_pins(package: Any) -> tuple[type[Exception], ...]:  # noqa: ANN401
    """Return what a device says to a PIN that is wrong, or of which it has had enough."""
    return package.PinIncorrect, package.PinInvalid, package.PinLenRange, package.PinLocked


def _reason(error: Exception) -> str:
    """Return what a device said; its errors carry their meaning in their names."""
    return f"{type(error).__name__} {error}".strip()
