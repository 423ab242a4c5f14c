"""Pings, lists and reads a fault with suds; prints a line of JSON for each.

    python ping.py URL me service.cert.pem

me stands for NAME.key.pem and NAME.cert.pem.
"""
# ruff: noqa: ANN401, INP001, T201  (a script for integrators; suds has no types)

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gateway_plugin import GatewayPlugin
from suds import WebFault
from suds.client import Client

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def show(operation: str, *, ok: bool) -> None:
    """Print what became of a call; an answer that is not verified raises, so this one was."""
    print(json.dumps({"operation": operation, "ok": ok, "verified": True}), flush=True)


def connect(url: str, me: str, service: str) -> Any:
    """Return a suds client of the gateway at that address, for one thread."""
    plugin = GatewayPlugin(Path(f"{me}.key.pem"), Path(f"{me}.cert.pem"), Path(service))
    # Without a cache: suds keeps what it read of a WSDL for a day. A fault is raised, with its typed detail.
    return Client(f"{url}?wsdl", location=url, plugins=[plugin], cache=None, timeout=60)


def main(url: str, me: str, service: str) -> None:
    """Call three operations; the first answer that is not verified ends the program."""
    versions = f"suds {version('suds-community')}, Python {platform.python_version()}"
    print(json.dumps({"versions": versions}), flush=True)
    client = connect(url, me, service)
    show("Ping", ok=client.service.Ping().known)
    chosen = client.factory.create("Filter")
    chosen.state = ["available"]
    page = client.service.ListNotifications(filter=chosen, pageSize=2)
    show("ListNotifications", ok=[one.state for one in page.notification] == ["available"] * 2)
    try:
        client.service.RetrieveDocument(id=UNKNOWN, documentId=UNKNOWN)
        show("a fault", ok=False)
    except WebFault as fault:
        show("a fault", ok=fault.fault.detail.GatewayFault.code == "NOTIFICATION_UNKNOWN")


if __name__ == "__main__":
    main(*sys.argv[1:4])
