"""Asks the admin API: JSON in, JSON out, an error with its code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True

# How long is waited for a connection, and for the answer to what takes no time.
SECONDS: Final = 60.0
_NOTHING: Final[Mapping[str, object]] = {}


class SandboxError(Exception):
    """The sandbox has refused: `code` for programs, `detail` for people."""

    def __init__(self, code: str, detail: str, *, status: int = 0, correlation_id: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.status = status
        self.correlation_id = correlation_id


class Calls:
    """Calls below one address; safe to share between threads."""

    def __init__(self, base: str, http: httpx.Client) -> None:
        self.base = base.rstrip("/").removesuffix("/_sandbox")
        self._http = http

    @classmethod
    def to(cls, base: str, token: str | None = None) -> Self:
        """Return calls to an address, with the token of a sandbox that listens elsewhere than on loopback."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # No proxy, no certificate: what is called is this machine, or a container on it.
        return cls(base, httpx.Client(headers=headers, timeout=SECONDS, trust_env=False))

    def below(self, base: str) -> Calls:
        """Return calls to another address of the same sandbox, over the same connections."""
        return Calls(base, self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, asked: Mapping[str, object] = _NOTHING, *, seconds: float = SECONDS) -> Any:  # noqa: ANN401  (JSON)
        """Return what is at a path, asked for by what is not None."""
        return self._asked("GET", path, params=query(asked), seconds=seconds).json()

    def get_all(self, path: str, name: str, asked: Mapping[str, object], *, following: str) -> list[Any]:
        """Return everything of a list that is told in parts: `following` asks for what `next` names.

        With a `limit` no more than that.
        """
        limit, found = asked.get("limit"), []
        told: Any = {"next": asked.get(following)}
        while True:
            told = self.get(path, {**asked, following: told["next"]})
            found += told[name]
            if told["next"] is None or limit is not None:
                return found

    def get_raw(self, path: str, *, accept: str = "*/*", seconds: float | None = SECONDS) -> bytes:
        """Return the bytes at a path."""
        return self._asked("GET", path, headers={"Accept": accept}, seconds=seconds).content

    def post(self, path: str, told: Mapping[str, object], *, seconds: float | None = SECONDS) -> Any:  # noqa: ANN401  (JSON)
        """Tell something, and return what was answered; members that are None are left out."""
        body = {name: plain(value) for name, value in told.items() if value is not None}
        return self._asked("POST", path, json=body, seconds=seconds).json()

    def post_raw(
        self, path: str, content: bytes, media_type: str, *, seconds: float | None = SECONDS
    ) -> None:
        """Hand bytes over."""
        self._asked("POST", path, content=content, headers={"Content-Type": media_type}, seconds=seconds)

    def delete(self, path: str, *, seconds: float | None = SECONDS) -> None:
        """Take away what is at a path."""
        self._asked("DELETE", path, seconds=seconds)

    def _asked(
        self,
        method: str,
        path: str,
        *,
        seconds: float | None = SECONDS,
        **given: Any,  # noqa: ANN401  (httpx's)
    ) -> httpx.Response:
        """Ask; the answer may take so many seconds, or as long as it takes where that is None."""
        url = f"{self.base}/_sandbox/{path}"
        try:
            patience = httpx.Timeout(seconds, connect=SECONDS)
            answer = self._http.request(method, url, timeout=patience, **given)
        except httpx.ReadTimeout:
            raise SandboxError(
                "NOT_DONE_IN_TIME",
                f"{method} {url}: no answer in {seconds:g} s; the sandbox is still at it, and what else is "
                "asked of this world may have to wait until that is done",
            ) from None
        except httpx.HTTPError as error:
            raise SandboxError("UNREACHABLE", f"{method} {url}: {error}") from error
        if answer.is_success:
            return answer
        raise _refusal(method, url, answer)


def _refusal(method: str, url: str, answer: httpx.Response) -> SandboxError:
    try:
        told = answer.json()["error"]
        return SandboxError(
            told["code"],
            told.get("detail", ""),
            status=answer.status_code,
            correlation_id=told.get("correlation_id", ""),
        )
    except (ValueError, KeyError, TypeError):  # whoever answered is no sandbox
        detail = f"{method} {url} was answered with {answer.status_code}: no sandbox with an admin API"
        return SandboxError("NOT_A_SANDBOX", detail, status=answer.status_code)


def query(asked: Mapping[str, object]) -> dict[str, str]:
    """Return the parameters of a query; what is None is not asked for."""
    return {name: str(plain(value)) for name, value in asked.items() if value is not None}


def plain(value: object) -> object:
    """Return a value as JSON has it: instants in UTC, durations in seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def instant(told: str) -> datetime:
    """Return an instant of the API."""
    return datetime.fromisoformat(told)
