"""The lists and answers that the operator drops into a folder, and what there is that is neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.pki.revocation import RevocationSource
from notigateway.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES: Final = {".crl": RevocationSource.CRL, ".ocsp": RevocationSource.OCSP}


@dataclass(frozen=True, slots=True)
class DroppedFiles:
    """The files to take in, by their names, and in words what keeps others from being so."""

    files: tuple[tuple[RevocationSource, Path], ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> DroppedFiles:
        """Look into the folder of the settings: `.crl` and `.ocsp` are taken, hidden files not looked at.

        What is wrong is told and holds up nothing: a list that lies there is no less true for a stray file
        beside it. The default need not be there; a folder that the operator names must, since a volume that
        is not mounted would look like one without lists.
        """
        folder = settings.revocation_folder
        try:
            files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        except FileNotFoundError:
            is_named = folder != Settings.model_fields["revocation_folder"].default
            return cls(problems=(f"{folder}: there is no such folder",) if is_named else ())
        except OSError as error:
            return cls(problems=(f"{folder}: {error.strerror}",))
        kinds = [(_SUFFIXES.get(file.suffix.lower()), file) for file in files]
        strays = [file for kind, file in kinds if kind is None]
        return cls(
            tuple((kind, file) for kind, file in kinds if kind is not None),
            (_said_of(strays),) if strays else (),
        )


def _said_of(strays: list[Path]) -> str:
    """Name one of them: there may be any number."""
    more = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
    return f"{strays[0]}{more}: neither a revocation list (.crl) nor an answer (.ocsp)"
