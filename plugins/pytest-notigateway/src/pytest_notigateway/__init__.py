"""The sandbox of notigateway in pytest: a world for each test, its clock, journal and clients."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_notigateway.calling import SandboxError
    from pytest_notigateway.clock import Clock, Moment
    from pytest_notigateway.holders import Certificates, Holder
    from pytest_notigateway.journal import Entry, Expectations, FaultNeverStruckWarning, Journal
    from pytest_notigateway.sandbox import Sandbox
    from pytest_notigateway.world import Notification, ReceiptLine, World

__version__ = "0.1.0"
__all__ = [
    "Certificates",
    "Clock",
    "Entry",
    "Expectations",
    "FaultNeverStruckWarning",
    "Holder",
    "Journal",
    "Moment",
    "Notification",
    "ReceiptLine",
    "Sandbox",
    "SandboxError",
    "World",
]

# Each name is loaded when it is first asked for: pytest reads this in every run, also where nobody asks.
_HOMES: Final = {
    "Certificates": "holders",
    "Clock": "clock",
    "Entry": "journal",
    "Expectations": "journal",
    "FaultNeverStruckWarning": "journal",
    "Holder": "holders",
    "Journal": "journal",
    "Moment": "clock",
    "Notification": "world",
    "ReceiptLine": "world",
    "Sandbox": "sandbox",
    "SandboxError": "calling",
    "World": "world",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
