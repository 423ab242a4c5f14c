r"""A signed statement of what the log was at an instant: its name, its size, its root.

The text follows the C2SP form of a checkpoint (tlog-checkpoint): origin, size and root in base64, each
a line; our one extension line is the instant. The signature stands beside it, made over exactly these
bytes with the seal's key; so does a time-stamp (RFC 3161), which is added later.

    notigateway.example/log
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    2026-01-31T22:59:59.123Z

Stand-alone: a verifier needs this file, the standard library and `cryptography`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.history import dated
from notigateway.instants import instant_text
from notigateway.tlog.merkle import HASH_BYTES

if TYPE_CHECKING:
    from notigateway.evidence.history import Pin

CHECKPOINT_MAX_BYTES: Final = 1_000
# A number has one spelling, an instant too: every byte of the text means something.
_TEXT: Final = re.compile(
    r"(?P<origin>[!-~]+(?: [!-~]+)*)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)\n",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log was: `origin` names it among all logs, `at` is when this was said."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def to_bytes(self) -> bytes:
        """Return the text that is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{instant_text(self.at)}\n".encode()


def read_checkpoint(text: bytes) -> Checkpoint:
    """Read a checkpoint's text in its one spelling; nothing is proven yet.

    Raises: `CheckpointInvalidError`.
    """
    try:
        found = _TEXT.fullmatch(text.decode("ascii")) if len(text) <= CHECKPOINT_MAX_BYTES else None
        if found is None:
            raise CheckpointInvalidError("the text does not have the form of a checkpoint")
        root = base64.b64decode(found["root"], validate=True)
        checkpoint = Checkpoint(
            found["origin"], int(found["size"]), root, datetime.fromisoformat(found["at"])
        )
    except ValueError as error:
        raise CheckpointInvalidError(f"the text cannot be read: {error}") from error
    if len(root) != HASH_BYTES or checkpoint.to_bytes() != text:
        raise CheckpointInvalidError("the text is not in its one spelling")
    return checkpoint


def verify_checkpoint(
    text: bytes,
    signature: bytes,
    *,
    seal_certificate: Pin,
    origin: str | None = None,
    either_form: bool = False,
) -> Checkpoint:
    """Return what a checkpoint says if the pinned seal certificate's key signed exactly this text.

    1. The text has the one form, and names the expected log where one is expected.
    2. The signature is the seal's: ECDSA P-256, or RSA-PSS of 3072 bits or more, with SHA-256.
       Of ECDSA it is the low form; heads from before that rule are in `either_form`.
    3. The certificate was valid and in use at the instant that the text states.

    Raises: `CheckpointInvalidError` with the reason.
    """
    checkpoint = read_checkpoint(text)  # 1
    if origin is not None and checkpoint.origin != origin:
        raise CheckpointInvalidError(f"the checkpoint is one of another log: {checkpoint.origin}")
    (pinned,) = dated([seal_certificate]).values()
    try:
        verify_detached(text, signature, pinned.certificate, either_form=either_form)  # 2
    except InvalidSignature as error:
        raise CheckpointInvalidError("the signature is not the seal's on this text") from error
    except ValueError as error:
        raise CheckpointInvalidError(str(error)) from error
    if not pinned.covers(checkpoint.at):  # 3
        raise CheckpointInvalidError("the seal certificate was not valid, or not in use, at that instant")
    return checkpoint
