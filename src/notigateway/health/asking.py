"""Asks a running gateway how it is, and makes sure that the one which answers is the one that is meant.

Whoever listens at the port may answer: what it says is read by its shape, and shown as one line of letters
that neither hide nor steer a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread
from typing import Annotated, Final
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from notigateway.addresses import host_and_port
from notigateway.exchanges import BoundedTransport
from notigateway.health.finding import State
from notigateway.health.instance import Instance
from notigateway.law.texts import is_a_line

ASK_SECONDS: Final = 4.0
_ANSWER_MAX_BYTES: Final = 1024 * 1024
_LINE_MAX_CHARS: Final = 300
_FINDINGS_MAX: Final = 100
_VALUES_MAX: Final = 20
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (of listening; one asks this machine)


class NobodyThereError(Exception):
    """Nobody answers at an address, or nobody of ours; the text says which, in a few words."""


def as_a_line(text: str) -> str:
    """Return a text of somebody else's that can be printed in a line as it is."""
    cut = text[:_LINE_MAX_CHARS]
    return "".join(letter if is_a_line(letter) else "\N{REPLACEMENT CHARACTER}" for letter in cut)


_Line = Annotated[str, AfterValidator(as_a_line)]


class _Finding(BaseModel):
    """One finding, as another process tells it."""

    check: _Line
    state: State
    says: _Line
    cure: _Line = "no cure"
    values: dict[str, float] = Field(default_factory=dict, max_length=_VALUES_MAX)


class _Instance(BaseModel):
    """The gateway that answers, as it names itself."""

    public_url: _Line
    data: _Line


class _Said(BaseModel):
    """What a gateway of ours says of itself."""

    status: str
    instance: _Instance
    findings: Annotated[tuple[_Finding, ...], Field(max_length=_FINDINGS_MAX)] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a gateway of ours answered: its status of HTTP, and what it says."""

    status: int
    said: _Said

    @property
    def name(self) -> str:
        """Return the public address by which it names itself."""
        return self.said.instance.public_url

    def is_of(self, instance: Instance) -> bool:
        """Tell whether it is that very gateway."""
        return Instance(self.said.instance.public_url, self.said.instance.data) == instance

    def findings(self, *states: State) -> str:
        """Return the findings of these states, in a line."""
        found = [one for one in self.said.findings if one.state in states]
        return "; ".join(f"{one.check}: {one.says} ({one.cure})" for one in found)


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
    """Ask a gateway at one of the paths for its operators; `seconds` are for all of it.

    In a thread that may be left behind: whoever answers byte by byte keeps every single wait short.

    Raises: `NobodyThereError`.
    """
    answers: list[Told | NobodyThereError] = []

    def run() -> None:
        try:
            answers.append(_ask(root + path, seconds))
        except NobodyThereError as error:
            answers.append(error)

    asking = Thread(target=run, name="asking", daemon=True)
    asking.start()
    asking.join(seconds)
    if not answers:
        raise NobodyThereError(f"no whole answer in {seconds:.0f} seconds")
    if isinstance(answers[0], NobodyThereError):
        raise answers[0]
    return answers[0]


def _ask(url: str, seconds: float) -> Told:
    try:
        bounded = BoundedTransport(seconds=seconds)
        with (
            httpx.Client(transport=bounded, timeout=seconds, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            data = b""
            for piece in response.iter_raw():
                data += piece
                if len(data) > _ANSWER_MAX_BYTES:
                    raise NobodyThereError("what answers is no gateway of ours")
            return Told(response.status_code, _Said.model_validate_json(data, strict=False))
    except ValidationError as error:
        said = f"what answers is no gateway of ours (HTTP {response.status_code})"
        raise NobodyThereError(said) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NobodyThereError(f"nobody answers ({type(error).__name__})") from error
