"""Certificates of the gateway's own that end, and the settings that name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from notigateway.sandbox.certifying import AUTHORITY_USAGES, authority_name
from pki import (
    COMPANY_NIF,
    NOW,
    OTHER_COMPANY_NIF,
    Issue,
    company_subject,
    ec_key,
    pki,
    rsa_key,
    write_pem,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from stack import Stack

SINCE = NOW - timedelta(days=30)
END = NOW + timedelta(days=3)
MOMENT = timedelta(milliseconds=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Before whatever the machine's clock says: for commands, which read it.
ENDED = datetime(2021, 1, 1, tzinfo=UTC)


@cache
def seal(until: datetime = END, *, since: datetime = SINCE) -> KeyPair:
    subject = company_subject(OTHER_COMPANY_NIF, "Sello de la pasarela")
    return pki().holder(subject, ec_key("seal that ends"), not_before=since, not_after=until)


@cache
def service(until: datetime = END, *, since: datetime = SINCE) -> KeyPair:
    subject = company_subject(OTHER_COMPANY_NIF, "Pasarela de pruebas")
    return pki().holder(subject, rsa_key("service"), not_before=since, not_after=until)


@cache
def ending_issuer(until: datetime = END, *, since: datetime = SINCE) -> KeyPair:
    """Issue an authority's certificate; the same name and key at each call, as of one that is renewed."""
    return Issue(
        authority_name("CA que acaba"),
        ec_key("issuer that ends"),
        by=pki().root,
        ca=True,
        usages=AUTHORITY_USAGES,
        not_before=since,
        not_after=until,
    ).make()


def caller_of(issuer: KeyPair, *, since: datetime = SINCE) -> KeyPair:
    """Issue a company's certificate, which outlives its issuer's."""
    return pki().holder(
        company_subject(COMPANY_NIF),
        rsa_key("company of another issuer"),
        by=issuer,
        not_before=since,
        not_after=END + timedelta(days=900),
    )


def named(folder: Path, name: str, pair: KeyPair) -> dict[str, Any]:
    """Write a pair to a folder of its own; return the settings that name it."""
    folder.mkdir(exist_ok=True)
    key, certificate = write_pem(pair, folder, name)
    return {f"{name}_key_file": key, f"{name}_certificate_file": certificate}


def documents(stack: Stack) -> set[str]:
    """Return what lies in the document store."""
    return {one.name for one in (stack.folder / "documents").rglob("*") if one.is_file()}
