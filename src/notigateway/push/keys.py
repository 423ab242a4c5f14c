"""The keys that sign what is pushed: the first signs, all are published, so receivers know the next in time.

They are keys of their own. One that also seals receipts or signs answers is refused: whoever got hold of the
process that speaks to strangers must not hold what proves anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file
from notigateway.pki.http_signatures import MessageKey, as_jwk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate

    from notigateway.settings import Settings


@dataclass(frozen=True)
class PushKeys:
    """The keys in the order of the settings; none where nothing is pushed."""

    keys: Sequence[MessageKey] = field(default=(), repr=False)

    @classmethod
    def read(cls, settings: Settings, *, others: Iterable[Certificate] = ()) -> Self:
        """Read the files that the settings name; `others` are certificates whose keys are none of them.

        Raises: `ConfigurationError`.
        """
        taken = [one.public_key() for one in others]
        keys = [_read(file) for file in settings.push_key_files]
        for file, key in zip(settings.push_key_files, keys, strict=True):
            if any(key.key.public_key() == one for one in taken):
                raise ConfigurationError(
                    f"push_key_files: {file} is the key of a certificate of the gateway's"
                )
        if len({one.name for one in keys}) < len(keys):
            raise ConfigurationError("push_key_files: a key is there twice")
        return cls(keys)

    def published(self) -> bytes:
        """Return the keys as everybody may read them (RFC 7517)."""
        return json.dumps({"keys": [as_jwk(one.key.public_key()) for one in self.keys]}).encode()


def _read(file: Path) -> MessageKey:
    try:
        return MessageKey.of(load_pem_private_key(read_file(file), None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"push_key_files: {file} holds no key of the curve P-256 in PEM, without a password"
        ) from error
