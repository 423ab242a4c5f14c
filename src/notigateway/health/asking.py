"""Asks a running gateway how it is, and makes sure that the one which answers is the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from notigateway.addresses import host_and_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.health.instance import Instance

ASK_SECONDS: Final = 4.0
_ANSWER_MAX_BYTES: Final = 1024 * 1024
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (of listening; one asks this machine)


class NobodyThereError(Exception):
    """Nobody answers at an address, or nobody of ours; the text says which, in a few words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a gateway of ours answered: its status of HTTP, and what it says."""

    status: int
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return the public address by which it names itself."""
        return str(self.said["instance"].get("public_url", ""))

    def is_of(self, instance: Instance) -> bool:
        """Tell whether it is that very gateway."""
        return bool(self.said["instance"] == instance.line)


def at(address: str) -> str:
    """Return the URL at which a listening address of this machine is asked."""
    host, port = host_and_port(address)
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def root_of(url: str) -> str:
    """Return the root of the server that a URL names."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def ask(root: str, path: str, *, seconds: float = ASK_SECONDS) -> Told:
    """Ask a gateway at one of the paths for its operators. Raises: `NobodyThereError`."""
    try:
        with (
            httpx.Client(timeout=seconds, trust_env=False) as client,
            client.stream("GET", root + path) as response,
        ):
            data = b""
            for piece in response.iter_raw():
                data += piece
                if len(data) > _ANSWER_MAX_BYTES:
                    raise NobodyThereError("what answers is no gateway of ours")
            return _read(response, data)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NobodyThereError(f"nobody answers ({type(error).__name__})") from error


def _read(response: httpx.Response, data: bytes) -> Told:
    try:
        said = httpx.Response(response.status_code, content=data).json()
        is_ours = isinstance(said["status"], str) and isinstance(said["instance"], dict)
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise NobodyThereError(f"what answers is no gateway of ours (HTTP {response.status_code})")
    return Told(response.status_code, said)
