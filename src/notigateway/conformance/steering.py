"""A sandbox as it is steered from outside: worlds, their clock, what is published, what is to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from notigateway.client.transport import address_of
from notigateway.client.unreached import Way, unreached
from notigateway.errors import ConfigurationError
from notigateway.exchanges import BoundedTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS: Final = 120.0


class SteeringError(ConfigurationError):
    """The sandbox refused what the kit wanted of it, or did not answer."""


class Steering:
    """One world of a sandbox, by the address of its base."""

    def __init__(self, base: str, token: str | None = None) -> None:
        """Steer the world at `base`; `token` is the sandbox's, where it listens beyond its own machine.

        Raises: `ConfigurationError` for what is no address.
        """
        self.base = base.rstrip("/")
        self._url = address_of(self.base)
        self._token = token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            transport=BoundedTransport(seconds=_TIMEOUT_SECONDS, verify=base.startswith("https:")),
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            headers=headers,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- worlds

    def world(self) -> dict[str, Any]:
        """Return what this world is. Raises: `SteeringError`, as every call."""
        return self._call("GET", "world")

    def new_world(self, **said: object) -> Self:
        """Make a world beside this one, and steer that."""
        made = self._call("POST", "worlds", said)
        return type(self)(str(made["base"]), self._token)

    def delete_world(self, name: str) -> None:
        """Take a world away."""
        self._call("DELETE", f"worlds/{name}")

    def certificates(self) -> dict[str, Any]:
        """Return the certificates and keys of this world."""
        return self._call("GET", "certificates")

    # --- what happens

    def do(self, verb: str, **members: object) -> dict[str, Any]:
        """Have something happen."""
        return self._call("POST", f"do/{verb}", members)

    def clock(self, **said: object) -> dict[str, Any]:
        """Return what time it is, or change it."""
        return self._call("POST", "clock", said) if said else self._call("GET", "clock")

    def order_fault(self, **said: object) -> dict[str, Any]:
        """Order a fault."""
        return self._call("POST", "faults", said)

    def withdraw_faults(self) -> None:
        """Withdraw all faults."""
        self._call("DELETE", "faults")

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults with how often each matched and struck."""
        found: list[dict[str, Any]] = self._call("GET", "faults")["faults"]
        return found

    # --- what was seen

    def notifications(self, **wanted: str) -> list[dict[str, Any]]:
        """Return how notifications stand, the newest first."""
        found: list[dict[str, Any]] = self._call("GET", "notifications", query=wanted)["notifications"]
        return found

    def notification(self, identifier: str) -> dict[str, Any]:
        """Return how a notification stands."""
        return self._call("GET", f"notifications/{identifier}")

    def journal(self, **wanted: str) -> list[dict[str, Any]]:
        """Return the entries of the journal, the oldest first."""
        found: list[dict[str, Any]] = self._call("GET", "journal", query=wanted)["entries"]
        return found

    def clear_journal(self) -> None:
        """Forget the journal."""
        self._call("DELETE", "journal")

    def request_of(self, number: int) -> bytes:
        """Return what was received in an exchange."""
        return self._exchange("GET", f"journal/{number}/request").content

    def _call(
        self, method: str, path: str, said: object = None, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        response = self._exchange(method, path, said, query=query)
        if not response.content:
            return {}
        try:
            found: dict[str, Any] = response.json()
        except ValueError as error:
            raise SteeringError(
                f"no sandbox answers at {self.base}: {path} is answered without JSON"
            ) from error
        return found

    def _exchange(
        self, method: str, path: str, said: object = None, *, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        url, way = f"{self.base}/_sandbox/{path}", Way()
        try:
            response = self._http.request(
                method, url, json=said, params=query, extensions={"trace": way.trace}
            )
        except httpx.RequestError as error:
            told = unreached(error, self._url, way, timeout_seconds=_TIMEOUT_SECONDS)
            raise SteeringError(f"the sandbox at {self.base} does not answer: {told}") from error
        if response.is_error:
            raise SteeringError(self._refused(path, response))
        return response

    def _refused(self, path: str, response: httpx.Response) -> str:
        """Return what is to be told of a refusal; only a sandbox says why in JSON."""
        try:
            error = response.json()["error"]
            return f"the sandbox at {self.base} refuses {path}: {error['code']}: {error['detail']}"
        except (ValueError, KeyError, TypeError):
            return f"no sandbox answers at {self.base}: HTTP {response.status_code} to {path}"
