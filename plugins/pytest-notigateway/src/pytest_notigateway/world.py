"""A world of the sandbox: data of its own, with their own clock and journal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_notigateway.calling import instant
from pytest_notigateway.clock import Clock
from pytest_notigateway.holders import Certificates
from pytest_notigateway.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from notigateway.client import NotificationClient
    from pytest_notigateway.calling import Calls

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True

ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """That there is a receipt, of which kind, and of when."""

    id: str
    kind: str
    at: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what the sandbox says."""
        return cls(told["id"], told["kind"], instant(told["at"]))


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as the operator sees it; `told` has all that the sandbox says of it.

    `receipts` are those of one that was asked for alone; a list has none.
    """

    id: str
    state: str
    subject: str
    addressee: str
    deadline: datetime | None
    receipts: tuple[ReceiptLine, ...]
    told: Mapping[str, Any]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what the sandbox says."""
        deadline = told.get("deadline")
        return cls(
            told["id"],
            told["state"],
            told["subject"],
            told["addressee"],
            None if deadline is None else instant(deadline),
            tuple(map(ReceiptLine.of, told.get("receipts", ()))),
            told,
        )


class World:
    """One world, until it is removed. `told` is what the sandbox said of it when it was made.

    `url`, `wsdl`, `issuing`, `wscn` and `wscn_test` are its addresses for a client under test.

    What may take long is awaited however long it takes; or as long as `timeout` says, in seconds.
    Raises: `SandboxError` with code NOT_DONE_IN_TIME after that.
    """

    def __init__(self, calls: Calls, told: Mapping[str, Any], shared: Callable[[], Certificates]) -> None:
        self._calls = calls
        self._shared = shared
        self.told = told
        self.name: str = told["name"]
        self.base: str = told["base"]
        self.url: str = told["url"]
        self.wsdl: str = told["wsdl"]
        self.issuing: str = told["issuing"]
        self.wscn: str = told["wscn"]
        self.wscn_test: str = told["wscn_test"]
        self.clock = Clock(calls)
        self.journal = Journal(calls)

    # --- who calls --------------------------------------------------------------------------------

    @cached_property
    def certificates(self) -> Certificates:
        """The certificates and keys of this world: the sandbox's, unless it has holders of its own."""
        return Certificates.of(self._calls) if self.told["own_holders"] else self._shared()

    def as_holder(self, name: str, **options: Any) -> NotificationClient:  # noqa: ANN401  (the client's)
        """Return a client of this world that signs as that holder; close it when done.

        Options are those of `notigateway.client.NotificationClient`: `retries`, `mtom`, `clock`…
        """
        return self.certificates.client(name, self.url, **options)

    # --- what is there ----------------------------------------------------------------------------

    def notifications(
        self, *, state: str | None = None, addressee: str | None = None, limit: int | None = None
    ) -> list[Notification]:
        """Return what is in this world, whoever may see it; asking has no effect."""
        wanted = {"state": state, "addressee": addressee, "limit": limit}
        told = self._calls.get_all("notifications", "notifications", wanted, following="before")
        return [Notification.of(one) for one in told]

    def notification(self, notification_id: str) -> Notification:
        """Return one notification with its receipts; asking has no effect."""
        return Notification.of(self._calls.get(f"notifications/{notification_id}"))

    def outbox(self) -> list[Mapping[str, Any]]:
        """Return the notices that were sent by e-mail: each with `to`, `subject`, `at` and `text`."""
        return list(self._calls.get("outbox")["messages"])

    # --- what happens -----------------------------------------------------------------------------

    def do(self, verb: str, *, timeout: float | None = None, **arguments: object) -> dict[str, Any]:
        """Let something happen: `publish`, `accept`, `lapse`, `outage`, `revoke`, and what else there is."""
        return dict(self._calls.post(f"do/{verb}", arguments, seconds=timeout))

    def publish(self, *, timeout: float | None = None, **arguments: object) -> Notification:
        """Publish a notification and return it as it stands."""
        return self.notification(self.do("publish", timeout=timeout, **arguments)["id"])

    def scenario(self, name: str, *, timeout: float | None = None) -> list[Mapping[str, Any]]:
        """Play a scenario of the library; return what each step gave.

        Raises: `SandboxError` with code SCENARIO_UNKNOWN.
        """
        return list(self._calls.post("scenario", {"name": name}, seconds=timeout)["steps"])

    def steps(
        self, *steps: Mapping[str, Mapping[str, object]], timeout: float | None = None
    ) -> list[Mapping[str, Any]]:
        """Play steps, each a verb with its arguments, in one call."""
        told = self._calls.post("scenario", {"steps": list[object](steps)}, seconds=timeout)
        return list(told["steps"])

    def fault(self, kind: str, **selectors: object) -> int:
        """Plan a fault and return its id: `world.fault("status", status=503, operation="Ping", nth=1)`."""
        return int(self._calls.post("faults", {"kind": kind, **selectors})["id"])

    def faults(self) -> Sequence[Mapping[str, Any]]:
        """Return the planned faults, and how often each matched and struck."""
        return list(self._calls.get("faults")["faults"])

    def drop_faults(self) -> None:
        """Plan no fault any more."""
        self._calls.delete("faults")

    # --- the whole --------------------------------------------------------------------------------

    def reset(
        self,
        *,
        notifications: int | None = None,
        seed: int | None = None,
        scenario: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Make this world anew, as it was made or otherwise; no other world notices."""
        wished = {"notifications": notifications, "seed": seed, "scenario": scenario}
        self._calls.post("reset", wished, seconds=timeout)

    def snapshot(self, *, timeout: float | None = None) -> bytes:
        """Return all of this world, to be restored in a moment or tomorrow."""
        return self._calls.get_raw("snapshot", accept=ZIP, seconds=timeout)

    def restore(self, snapshot: bytes, *, timeout: float | None = None) -> None:
        """Let this world be as it was. Raises: `SandboxError` with code SNAPSHOT_OF_ANOTHER_VERSION."""
        self._calls.post_raw("restore", snapshot, ZIP, seconds=timeout)
