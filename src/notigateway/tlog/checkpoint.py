r"""A signed statement of what the log was at an instant: its name, its size, its root.

The text follows the C2SP form of a checkpoint (tlog-checkpoint): origin, size and root in base64, each
a line; our extension line is the instant, and heads of a log under a new name have two more
(`Follows`). The signature stands beside it, made over exactly these bytes with the seal's key; so does a
time-stamp (RFC 3161), which is added later.

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
from notigateway.evidence.naming import not_in_use
from notigateway.instants import instant_text
from notigateway.tlog.merkle import HASH_BYTES

if TYPE_CHECKING:
    from notigateway.evidence.history import Pin

CHECKPOINT_MAX_BYTES: Final = 1_000
# A number has one spelling, an instant too: every byte of the text means something.
# C2SP tlog-checkpoint: what whoever counts them holds in 63 bits.
SIZE_MOST: Final = 2**63 - 1
_TEXT: Final = re.compile(
    r"(?P<origin>[!-~]+(?: [!-~]+)*)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)\n"
    r"(?:follows (?P<old_size>0|[1-9][0-9]{0,18}) (?P<old_root>[A-Za-z0-9+/]{43}=) "
    r"(?P<old>[!-~]+(?: [!-~]+)*)\nreason (?P<reason>[!-~]+(?: [!-~]+)*)\n)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Follows:
    """Which head a log under a new name goes on from, though it does not contain it, and why."""

    origin: str
    size: int
    root: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log was: `origin` names it among all logs, `at` is when this was said.

    Heads of a log under a new name say which head it `follows`: the last that was known under the former.
    """

    origin: str
    size: int
    root: bytes
    at: datetime
    follows: Follows | None = None

    def to_bytes(self) -> bytes:
        """Return the text that is signed."""
        lines = [self.origin, str(self.size), _base64(self.root), instant_text(self.at)]
        if self.follows is not None:
            old = self.follows
            lines += [f"follows {old.size} {_base64(old.root)} {old.origin}", f"reason {old.reason}"]
        return "".join(f"{line}\n" for line in lines).encode("ascii")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read_checkpoint(text: bytes) -> Checkpoint:
    """Read a checkpoint's text in its one spelling; nothing is proven yet.

    Raises: `CheckpointInvalidError`.
    """
    try:
        found = _TEXT.fullmatch(text.decode("ascii")) if len(text) <= CHECKPOINT_MAX_BYTES else None
        if found is None:
            raise CheckpointInvalidError("the text does not have the form of a checkpoint")
        root = base64.b64decode(found["root"], validate=True)
        follows = None
        if found["old"] is not None:
            old_root = base64.b64decode(found["old_root"], validate=True)
            follows = Follows(found["old"], int(found["old_size"]), old_root, found["reason"])
        checkpoint = Checkpoint(
            found["origin"], int(found["size"]), root, datetime.fromisoformat(found["at"]), follows
        )
    except ValueError as error:
        raise CheckpointInvalidError(f"the text cannot be read: {error}") from error
    if max(checkpoint.size, 0 if follows is None else follows.size) > SIZE_MOST:
        raise CheckpointInvalidError("the text states more entries than any log has")
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
        raise CheckpointInvalidError(not_in_use(pinned, checkpoint.at))
    return checkpoint
