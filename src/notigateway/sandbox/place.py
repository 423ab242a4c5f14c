"""Where worlds stand, what they share, and what builds the gateway that answers there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from notigateway.sandbox.jobs import Every
    from notigateway.settings import Settings
    from notigateway.soap.arrivals import Arrivals
    from notigateway.soap.endpoints import Endpoints


class Build(Protocol):
    """Builds the gateway of a world: what `notigateway.app` does, which this room does not import."""

    def __call__(
        self, settings: Settings, clock: Callable[[], datetime], *, arrivals: Arrivals, beneath: str
    ) -> Endpoints:
        """Raise: `ConfigurationError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the worlds of a sandbox share: where they lie and stand, and who may administer them.

    `is_alone` says that one process serves them; where several do, the one at the root is all there is.
    """

    directory: Path
    listens: str
    authority_url: str
    build: Build
    every: Every
    is_alone: bool = True
    token: str | None = None
    # What the pages mark their forms with: the same in every process that answers.
    secret: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a world stands: its name, "" of the one at the root, the path of its own and of its contracts."""

    name: str
    # "" or /w/NAME
    path: str
    # Of its contracts: the same, but of a world that is known by certificates "".
    served_at: str
    origin: str

    @property
    def base(self) -> str:
        """Return the address below which everything of it lies."""
        return self.origin + self.path


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
