"""A client that does everything wrong which the kit knows: never use it, and never write one like it.

It lists the first page, accepts what stands there, twice, verifies nothing, and asks again whatever was said.

    python careless_client.py URL KEY CERT
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
from lxml import etree

from notigateway.pki.keys import load_key_pair
from notigateway.wss.sign import Signer, sign_envelope

NG = "urn:notigateway:v1"
ATTEMPTS = 3


def asked(url: str, signer: Signer, operation: str, inner: str) -> etree._Element | None:
    """Return whatever comes back, as long as it is XML; None where nothing does."""
    content = f'<{operation} xmlns="{NG}">{inner}</{operation}>'.encode()
    data = sign_envelope(content, signer=signer, now=datetime.now(UTC))
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": ""}
    for _ in range(ATTEMPTS):
        try:
            answer = httpx.post(url, content=data, headers=headers, timeout=30, trust_env=False)
            if answer.is_success:
                return etree.fromstring(answer.content)
        except (httpx.HTTPError, etree.XMLSyntaxError):
            continue
    return None


def main(url: str, key: str, certificate: str) -> None:
    """Accept what the first page shows."""
    pair = load_key_pair(Path(key), Path(certificate))
    signer = Signer(pair.key, pair.certificate)
    where = "<filter><state>available</state></filter><pageSize>4</pageSize>"
    listed = asked(url, signer, "ListNotifications", where)
    ids = [] if listed is None else [one.text for one in listed.iter(f"{{{NG}}}id")]
    for _ in range(2):
        for one in ids:
            asked(url, signer, "AcceptNotifications", f"<id>{one}</id>")


if __name__ == "__main__":
    main(*sys.argv[1:])
