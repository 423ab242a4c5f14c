"""The contracts that are served: their names, their addresses, and who reads their arguments.

What is here needs neither a database nor a key, so that a request can be looked at by the same rules
where there is none (`notigateway.explaining`); `notigateway.app` puts the rest around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from notigateway.settings import ERRORS_PATH
from notigateway.soap.contract import Contract
from notigateway.soap.notigateway_issuing_v1.registering_service import RegisteringService
from notigateway.soap.notigateway_issuing_v1.service import IssuingService
from notigateway.soap.notigateway_v1.contacts_service import ContactsService
from notigateway.soap.notigateway_v1.following_service import FollowingService
from notigateway.soap.notigateway_v1.marks_service import MarksService
from notigateway.soap.notigateway_v1.push_service import PushService
from notigateway.soap.notigateway_v1.representation_service import RepresentationService
from notigateway.soap.notigateway_v1.service import MailboxService
from notigateway.soap.notigateway_v1.users_service import UsersService
from notigateway.soap.protocol import Dispatcher
from notigateway.soap.wscn import environment
from notigateway.soap.wscn.contract import WscnContract
from notigateway.soap.wscn.reading import check_arguments
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.soap.wscn.environment import Environment


@cache
def mailbox_dispatcher() -> Dispatcher:
    """Return the dispatcher of the addressees' contract: once, since Spyne takes long to read its types."""
    return Dispatcher(
        (
            MailboxService,
            RepresentationService,
            ContactsService,
            FollowingService,
            MarksService,
            PushService,
            UsersService,
        ),
        NOTIGATEWAY_V1,
    )


@cache
def issuing_dispatcher() -> Dispatcher:
    """Return the dispatcher of the issuing bodies' contract, once as well."""
    return Dispatcher((IssuingService, RegisteringService), NOTIGATEWAY_ISSUING_V1)


@lru_cache(maxsize=64)
def _contract(file: str, namespace: str, url: str, errors_url: str) -> Contract:
    """Return a contract: it holds nothing of a gate, so a process that builds several needs it once."""
    return Contract(file, namespace, url, errors_url)


def errors_url_beside(public_url: str) -> str:
    """Return the address of the page of the errors, beside the path of the public address."""
    return urljoin(public_url, ERRORS_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One contract: `path` is its own, or stands beside that of the public address."""

    name: str
    file: str
    namespace: str
    path: str
    check_arguments: Callable[[_Element], None]
    fault: str = ""
    requires_timestamp: bool = True

    def url(self, public_url: str, beneath: str = "") -> str:
        """Return its address; a path that stands by itself may stand beneath another one."""
        path = f"{beneath}{self.path}" if self.path.startswith("/") else self.path
        return urljoin(public_url, path)

    def contract(self, public_url: str, beneath: str = "") -> Contract:
        """Return what is published of it."""
        url, errors_url = self.url(public_url, beneath), errors_url_beside(public_url)
        if self.fault:
            return WscnContract(self.file, self.namespace, url, errors_url, fault=self.fault)
        return _contract(self.file, self.namespace, url, errors_url)


def _wscn(name: str, names: Environment) -> Served:
    """Return an environment of the Social Security's contract. Its clients send no Timestamp."""
    return Served(
        name=name,
        file=names.contract,
        namespace=names.namespace,
        path=names.path,
        check_arguments=check_arguments,
        fault=names.fault,
        requires_timestamp=False,
    )


MAILBOX: Final = Served(
    name="v1",
    file="notigateway-v1",
    namespace=NOTIGATEWAY_V1,
    path="",
    check_arguments=lambda element: mailbox_dispatcher().check_arguments(element),
)
# Beside the path of the public address: /notigateway/v1 and /notigateway/issuing/v1.
ISSUING: Final = Served(
    name="issuing",
    file="notigateway-issuing-v1",
    namespace=NOTIGATEWAY_ISSUING_V1,
    path="issuing/v1",
    check_arguments=lambda element: issuing_dispatcher().check_arguments(element),
)
WSCN: Final = {one: _wscn(name, one) for name, one in environment.BY_NAME.items()}
SERVED: Final = {one.name: one for one in (MAILBOX, ISSUING, *WSCN.values())}
