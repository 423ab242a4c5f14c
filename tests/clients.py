"""Registered clients of the test PKI: the operator's register with the certificates in it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.pki.keys import fingerprint
from notigateway.settings import ClientRegistration
from notigateway.wss.clients import ClientRegister
from pki import pki, write_pem

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair


def register(pair: KeyPair | None = None, **options: object) -> ClientRegister:
    """Return a register in which the holder (the company's seal by default) has these options."""
    certificate = (pair or pki().company_seal).certificate
    return ClientRegister(
        [ClientRegistration.model_validate({"fingerprint": fingerprint(certificate), **options})]
    )


@cache
def knowing(*names: str) -> ClientRegister:
    """Return a register that knows the certificates of those holders."""
    with tempfile.TemporaryDirectory() as folder:
        return ClientRegister(
            ClientRegistration(certificate_file=write_pem(getattr(pki(), name), Path(folder), name)[1])
            for name in names
        )
