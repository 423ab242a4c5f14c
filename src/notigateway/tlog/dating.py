"""The time-stamp on a checkpoint of the log (RFC 3161): since when a head of the log exists.

It is about the SHA-256 of the checkpoint's signature, so it dates the text and who signed it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from notigateway.errors import CheckpointInvalidError, StampInvalidError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, read_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from notigateway.evidence.timestamp import Stamp
    from notigateway.tlog.checkpoint import Checkpoint


def checkpoint_imprint(signature: bytes) -> bytes:
    """Return what the time-stamp of a checkpoint with this signature is about."""
    return hashlib.sha256(signature).digest()


def verify_checkpoint_token(
    token: bytes, signature: bytes, checkpoint: Checkpoint, *, authorities: Sequence[Certificate]
) -> Stamp:
    """Return what a pinned authority states of a checkpoint whose signature was verified.

    Raises: `CheckpointInvalidError`, also for an instant before the one that the checkpoint states.
    """
    try:
        stamp = read_stamp(token, imprint=checkpoint_imprint(signature), authorities=authorities)
    except StampInvalidError as error:
        raise CheckpointInvalidError(f"its time-stamp: {error.detail}") from error
    if stamp.at < checkpoint.at - CLOCKS_DIFFER_AT_MOST:
        raise CheckpointInvalidError("its time-stamp is from before the checkpoint that it is about")
    return stamp
