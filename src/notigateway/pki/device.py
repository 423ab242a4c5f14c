"""A private key in a device (PKCS #11): a hardware security module, a smart card, or SoftHSM.

The key never leaves the device: a signature is asked for, one at a time. The PIN is used to log in, once per
process and again only after the device was away; a wrong one is never repeated, since devices count.
A process opens the device itself, after it was forked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.pki.keys import TokenKey, load_certificates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.x509 import Certificate

    # Checks a detached signature: text, signature, certificate. Raises `InvalidSignature`.
    Verify = Callable[[bytes, bytes, Certificate], None]

_SALT_BYTES: Final = 32
# Modules differ in what they allow at once, so one thing is asked at a time; an ECDSA signature takes a
# device a millisecond or a few.
_LOCK: Final = RLock()
_sessions: Final[dict[tuple[str, str], Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a key is: the module of the device's vendor, the labels of token and key, and the PIN."""

    module: str
    token_label: str
    key_label: str
    pin: str = field(repr=False)


def load_device_key(device: Device, certificate_file: Path, verify: Verify) -> TokenKey:
    """Open the device and return its key; `verify` proves that the certificate is of this very key.

    Raises: `ConfigurationError` for a missing package, module, token or key, a wrong PIN, or another key.
    """
    certificate = load_certificates(certificate_file)[0]
    key = _DeviceKey(device, certificate)
    probe = b"notigateway: does this key belong to its certificate?"
    try:
        verify(probe, key.sign(probe), certificate)
    except InvalidSignature as error:
        raise ConfigurationError("the key in the device does not belong to the certificate") from error
    except (TemporarilyUnavailableError, ValueError) as error:
        raise ConfigurationError(f"the key in the device cannot be used: {error}") from error
    return TokenKey(certificate, key.sign)


class _DeviceKey:
    """Signs with a key in a device."""

    def __init__(self, device: Device, certificate: Certificate) -> None:
        self._pkcs11 = _package()
        self._device = device
        self._is_ecdsa = isinstance(certificate.public_key(), EllipticCurvePublicKey)
        with _LOCK:
            try:
                self._key = self._find()
            except self._pkcs11.PKCS11Error as error:
                raise ConfigurationError(f"{self._name}: {_reason(error)}") from error

    @property
    def _name(self) -> str:
        return f"token {self._device.token_label!r}, key {self._device.key_label!r}"

    def sign(self, data: bytes) -> bytes:
        """Return ECDSA with SHA-256 in DER, or RSA-PSS with SHA-256 and a salt of 32 bytes.

        Raises: `TemporarilyUnavailableError` while the device does not answer.
        """
        digest = hashlib.sha256(data).digest()
        with _LOCK:
            try:
                return self._signed(digest)
            except self._pkcs11.PKCS11Error:
                pass  # away or reset: a new session knows
            try:
                _sessions.pop((self._device.module, self._device.token_label), None)
                self._key = self._find()
                return self._signed(digest)
            except self._pkcs11.PKCS11Error as error:
                raise TemporarilyUnavailableError(
                    f"{self._name}: {_reason(error)}", part=Part.SEAL
                ) from error

    def _find(self) -> Any:  # noqa: ANN401  (the package's type)
        classes = self._pkcs11.ObjectClass
        return self._session().get_key(object_class=classes.PRIVATE_KEY, label=self._device.key_label)

    def _session(self) -> Any:  # noqa: ANN401
        """Return the one session with a token: a device is logged into once per process."""
        place = self._device.module, self._device.token_label
        if place not in _sessions:
            token = self._pkcs11.lib(self._device.module).get_token(token_label=self._device.token_label)
            try:
                _sessions[place] = token.open(user_pin=self._device.pin)
            except self._pkcs11.UserAlreadyLoggedIn:
                _sessions[place] = token.open()
        return _sessions[place]

    def _signed(self, digest: bytes) -> bytes:
        mechanism = self._pkcs11.Mechanism
        if self._is_ecdsa:
            raw = bytes(self._key.sign(digest, mechanism=mechanism.ECDSA))
            half = len(raw) // 2
            return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        parameters = (mechanism.SHA256, self._pkcs11.MGF.SHA256, _SALT_BYTES)
        return bytes(self._key.sign(digest, mechanism=mechanism.RSA_PKCS_PSS, mechanism_param=parameters))


def _package() -> Any:  # noqa: ANN401
    try:
        import pkcs11  # noqa: PLC0415  (an extra: most installations have no device)
    except ImportError as error:
        raise ConfigurationError(
            "a key in a device needs the extra: pip install notigateway[pkcs11]"
        ) from error
    return pkcs11


def _reason(error: Exception) -> str:
    """Return what a device said; its errors carry their meaning in their names."""
    return f"{type(error).__name__} {error}".strip()
