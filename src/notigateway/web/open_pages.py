"""What everybody may open beside the contracts, each page at its address beside the service's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from notigateway.settings import ERRORS_PATH, LOG_PATH, VERIFY_PATH
from notigateway.tlog.tile_paths import CHECKPOINT_PATH
from notigateway.urls import served_path
from notigateway.web.errors_page import errors_page
from notigateway.web.front_page import Documents, front_page
from notigateway.web.push import push_contract_url, push_keys_url
from notigateway.web.verification import verification_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIApplication

    from notigateway.errors import GatewayError
    from notigateway.receipts.csv_codes import OnRecord
    from notigateway.settings import Settings


def verify_url(settings: Settings) -> str:
    """Return the address of the public page for the codes of receipts."""
    return urljoin(str(settings.public_url), VERIFY_PATH)


def log_url(settings: Settings) -> str:
    """Return the address behind which everybody reads the log."""
    return urljoin(str(settings.public_url), LOG_PATH)


def errors_url(settings: Settings) -> str:
    """Return the address of the page of the errors."""
    return urljoin(str(settings.public_url), ERRORS_PATH)


def pages_for_people(
    settings: Settings,
    *,
    look_up: Callable[[str, str, str], OnRecord | None],
    fault_code: Callable[[type[GatewayError]], str],
    numbers: Callable[[type[GatewayError]], tuple[int, ...]],
) -> dict[str, WSGIApplication]:
    """Return the pages by their paths: what a code of a receipt tells, what the errors mean.

    `look_up` finds a code; `fault_code` and `numbers` are those of an error in the contracts.
    """
    verification = verification_page(
        f"/{VERIFY_PATH}", look_up=look_up, proxy_hops=settings.trusted_proxy_hops
    )
    errors = errors_page(f"/{ERRORS_PATH}", fault_code=fault_code, numbers=numbers)
    return {
        served_path(verify_url(settings)): verification,
        served_path(errors_url(settings)): errors,
    }


def front_of(settings: Settings, contracts: Mapping[str, str]) -> WSGIApplication:
    """Return the page at the root, which leads to the contracts and to everything here."""
    documents = Documents(
        errors=errors_url(settings),
        verify=verify_url(settings),
        checkpoint=log_url(settings) + CHECKPOINT_PATH,
        push_contract=push_contract_url(settings),
        push_keys=push_keys_url(settings),
    )
    return front_page(contracts, documents)
