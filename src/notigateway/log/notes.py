"""Heads of the log as others read them: a signed note, made of what is kept, and never signed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.note import SignatureLine, write_note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.x509 import Certificate

    from notigateway.repository.cosignatures import LogCosignature
    from notigateway.repository.log import LogCheckpoint


def note_of(
    head: LogCheckpoint, seals: Mapping[str, Certificate], cosignatures: Iterable[LogCosignature] = ()
) -> bytes:
    """Return a head as a note, by the seals that there were. Raises: `ConfigurationError`."""
    certificate = seals.get(head.seal_sha256)
    if certificate is None:
        raise ConfigurationError(
            f"retired_seals_folder: there is no certificate of the seal on the head of {head.size} entries"
        )
    lines = [SignatureLine(one.witness, one.key_id, one.signature) for one in cosignatures]
    origin = read_checkpoint(head.text).origin
    return write_note(head.text, head.signature, origin=origin, certificate=certificate, cosignatures=lines)
