"""The client: signs requests, believes nothing that the pinned service did not sign, pulls crash-safely."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.client.api import NotificationClient
    from notigateway.client.errors import (
        ClientError,
        DocumentMismatchError,
        GatewayFaultError,
        LogNotProvenError,
        LogRenamedError,
        LogSplitError,
        NotVerifiedError,
        ReceiptNotVerifiedError,
        ResponseNotVerifiedError,
        ResponseToAnotherError,
        SpoolError,
        TransportFaultError,
        UnexpectedResponseError,
        UnreachableError,
        UnsendableTextError,
    )
    from notigateway.client.pulled import PullReport
    from notigateway.client.pulling import pull
    from notigateway.client.transport import Retries
    from notigateway.client.values import (
        AddresseeCount,
        Change,
        ChangesPage,
        DeadlineChange,
        Decision,
        DecisionOutcome,
        Document,
        Event,
        Filter,
        History,
        IssuingBodyCount,
        Metadata,
        Notification,
        NotificationReceipts,
        Page,
        Party,
        Pong,
        Problem,
        Receipt,
        RetrievedNotification,
        RightsChange,
        Summary,
    )

__all__ = [
    "AddresseeCount",
    "Change",
    "ChangesPage",
    "ClientError",
    "Contacts",
    "DeadlineChange",
    "Decision",
    "DecisionOutcome",
    "Document",
    "DocumentMismatchError",
    "Event",
    "Filter",
    "GatewayFaultError",
    "History",
    "IssuingBodyCount",
    "LogNotProvenError",
    "LogRenamedError",
    "LogSplitError",
    "Metadata",
    "NotVerifiedError",
    "Notification",
    "NotificationClient",
    "NotificationReceipts",
    "Page",
    "Party",
    "Pong",
    "Problem",
    "PullReport",
    "Receipt",
    "ReceiptNotVerifiedError",
    "ResponseNotVerifiedError",
    "ResponseToAnotherError",
    "Retries",
    "RetrievedNotification",
    "RightsChange",
    "SpoolError",
    "Summary",
    "TransportFaultError",
    "UnexpectedResponseError",
    "UnreachableError",
    "UnsendableTextError",
    "pull",
]

# Each name is loaded when it is first asked for: the command line tells what it can do without any of them.
_HOMES: Final = {
    "AddresseeCount": "values",
    "Change": "values",
    "ChangesPage": "values",
    "Contacts": "values",
    "ClientError": "errors",
    "DeadlineChange": "values",
    "Decision": "values",
    "DecisionOutcome": "values",
    "Document": "values",
    "DocumentMismatchError": "errors",
    "Event": "values",
    "Filter": "values",
    "GatewayFaultError": "errors",
    "History": "values",
    "IssuingBodyCount": "values",
    "LogNotProvenError": "errors",
    "LogRenamedError": "errors",
    "LogSplitError": "errors",
    "Metadata": "values",
    "NotVerifiedError": "errors",
    "Notification": "values",
    "NotificationClient": "api",
    "NotificationReceipts": "values",
    "Page": "values",
    "Party": "values",
    "Pong": "values",
    "Problem": "values",
    "PullReport": "pulled",
    "Receipt": "values",
    "ReceiptNotVerifiedError": "errors",
    "ResponseNotVerifiedError": "errors",
    "ResponseToAnotherError": "errors",
    "Retries": "transport",
    "RetrievedNotification": "values",
    "RightsChange": "values",
    "SpoolError": "errors",
    "Summary": "values",
    "TransportFaultError": "errors",
    "UnexpectedResponseError": "errors",
    "UnreachableError": "errors",
    "UnsendableTextError": "errors",
    "pull": "pulling",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what is asked for (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
