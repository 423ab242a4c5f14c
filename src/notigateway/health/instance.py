"""Which gateway answers: its public address, and a mark of the data that it serves.

Two gateways of one machine may answer at each other's port; whoever asks compares. The mark is made of where
database and documents are, without user names and passwords, so it tells nothing that is secret.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from notigateway.repository.condition import database_file_named, database_place
from notigateway.urls import scheme_of

if TYPE_CHECKING:
    from notigateway.settings import Settings

IN_ITS_FOLDER: Final = "run it in the folder in which the gateway starts, or name absolute paths"


@dataclass(frozen=True, slots=True)
class Instance:
    """A gateway, as its answers about its health name it."""

    public_url: str
    data: str

    @classmethod
    def of(cls, settings: Settings) -> Instance:
        """Read it from the settings; relative places count from the folder of this process."""
        places = (database_place(settings.database_url), _store_place(settings.document_store_url))
        mark = hashlib.sha256("\n".join(places).encode()).hexdigest()
        return cls(str(settings.public_url), mark[:16])

    @property
    def line(self) -> dict[str, Any]:
        """Return what programs read of it."""
        return asdict(self)


def counted_from_here(settings: Settings) -> str:
    """Say, where the settings name data by relative paths, from which folder those count; else "".

    Whoever asks from another folder than that in which the gateway began means other data by the same words.
    """
    names = relative_data(settings)
    if not names:
        return ""
    named = " and ".join(names)
    return (
        f" ({named}: a relative path counts from this folder, {Path.cwd()}, and for it from where it began)"
    )


def relative_data(settings: Settings) -> list[str]:
    """Return the settings that name database and documents by paths which count from the folder."""
    named = []
    database = database_file_named(settings.database_url)
    if database is not None and not database.is_absolute():
        named.append("database_url")
    store = settings.document_store_url
    if scheme_of(store) == "file" and not Path(url2pathname(urlsplit(store).path)).is_absolute():
        named.append("document_store_url")
    return named


def relative_paths(settings: Settings) -> list[Path]:
    """Return all the paths that the settings name and that count from the folder."""
    named = [value for value in dict(settings).values() if isinstance(value, Path)]
    database, store = database_file_named(settings.database_url), settings.document_store_url
    named += [database] if database is not None else []
    named += [Path(url2pathname(urlsplit(store).path))] if scheme_of(store) == "file" else []
    return [path for path in named if not path.is_absolute()]


def _store_place(url: str) -> str:
    """Return where documents are, the same for every process that means the same place."""
    if scheme_of(url) == "file":
        return f"file:{Path(url2pathname(urlsplit(url).path)).resolve()}"
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
