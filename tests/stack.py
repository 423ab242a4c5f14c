"""The whole gateway in this process: real database, stores, keys and signatures; the clock is set by hand.

`stack` runs a test on SQLite and on PostgreSQL. Requests are bytes on the WSGI interface, made by
`envelopes.Draft` (which is not our signer) or by our own; answers are verified before they are read.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from catalogue import CATALOGUE
from contracts import check_1_0
from notigateway.app import build_app
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.publishing import register_issuing_body
from notigateway.law.grounds import Ground
from notigateway.law.identifiers import is_company_nif
from notigateway.law.lifecycle import State
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.pki.anchors import PinnedCertificates
from notigateway.receipts.own import own_certificates
from notigateway.repository.catalogue import load_catalogue
from notigateway.repository.columns import Row
from notigateway.repository.engine import connected, reading, writing
from notigateway.repository.marking import mark_store, open_store
from notigateway.repository.model import Receipt
from notigateway.repository.placing import place_committed
from notigateway.settings import Settings, load_settings
from notigateway.soap.contract import Contract
from notigateway.trust.authorities import load_trust
from notigateway.trust.refreshing import Refreshed, Sources, refresh
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1, SOAP11, SOAP12, namespace_of
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from notigateway.wss.version import SoapVersion
from pki import COMPANY_NAME, COMPANY_NIF, ISSUER_NIF, NOW, pki, write_issuers, write_lists, write_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from uuid import UUID
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from cryptography.x509 import Certificate
    from lxml.etree import _Element
    from sqlalchemy import Engine

    from databases import PostgreSQL
    from notigateway.pki.keys import KeyPair
    from notigateway.soap.endpoints import Endpoints

NG = {"ng": NOTIGATEWAY_V1, "soap": SOAP11, "soap12": SOAP12}
PUBLIC_URL = "http://127.0.0.1:8080/notigateway/v1"
ERRORS_URL = "http://127.0.0.1:8080/notigateway/errors"
CONTRACT = Contract("notigateway-v1", NOTIGATEWAY_V1, PUBLIC_URL, ERRORS_URL)
ISSUING_URL = "http://127.0.0.1:8080/notigateway/issuing/v1"
ISSUING_CONTRACT = Contract("notigateway-issuing-v1", NOTIGATEWAY_ISSUING_V1, ISSUING_URL, ERRORS_URL)
CONTRACTS = {one.namespace: one for one in (CONTRACT, ISSUING_CONTRACT)}
ISSUER = "EA0041485"
# Every verified request, refused or not, leaves a record here; `test_access_records.py` looks at them. The
# first one with a key leaves whose it is: `test_key_holders.py`.
ACCOUNTS = frozenset({"access_records", "log_leaves", "key_holders"})
GENEROUS = Limits(request_max_bytes=64 * 1024 * 1024, max_elements=500_000)


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def tree(self) -> _Element:
        """Return the element in the Body, verified or not."""
        return parse_envelope(self.body, limits=GENEROUS).operation

    @property
    def soap(self) -> SoapVersion:
        """Return the version of SOAP in which it is written."""
        return parse_envelope(self.body, limits=GENEROUS).soap

    @property
    def fault_code(self) -> str | None:
        """Return the SOAP fault code."""
        return self.tree.findtext("faultcode") or self.tree.findtext(
            "soap12:Code/soap12:Value", namespaces=NG
        )

    @property
    def subcode(self) -> str | None:
        """Return the subcode of a fault of SOAP 1.2."""
        return self.tree.findtext("soap12:Code/soap12:Subcode/soap12:Value", namespaces=NG)

    @property
    def code(self) -> str | None:
        """Return our stable code."""
        return self.tree.findtext(".//ng:GatewayFault/ng:code", namespaces=NG)

    @property
    def facts(self) -> dict[str, str | None]:
        """Return the facts of a fault."""
        found = self.tree.iterfind(".//ng:GatewayFault/ng:fact", namespaces=NG)
        return {str(fact.get("name")): fact.text for fact in found}


class Stack:
    """A gateway, its database and its world."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        now: datetime = NOW,
        anchors: Sequence[Certificate] = (),
        **overrides: object,
    ) -> None:
        self.folder = folder
        self.now = now
        self.database_url = database_url
        keys = folder / "keys"
        keys.mkdir()
        issuers = anchors or pki().anchors
        service_key, service_certificate = write_pem(pki().service, keys, "service")
        seal_key, seal_certificate = write_pem(pki().seal, keys, "seal")
        self.overrides: dict[str, object] = {
            "mode": "development",
            "public_url": PUBLIC_URL,
            # A count is a row of its own, beside those that a test compares; test_rates.py looks at it.
            "caller_requests_per_minute": 0,
            "database_url": database_url,
            "document_store_url": f"file://{folder / 'documents'}",
            "service_key_file": service_key,
            "service_certificate_file": service_certificate,
            "seal_key_file": seal_key,
            "seal_certificate_file": seal_certificate,
            "authorised_issuers_folder": write_issuers(folder / "issuers", issuers),
            "revocation_folder": write_lists(folder / "revocation", issuers),
            "log_level": "error",
            **overrides,
        }
        self.settings = load_settings(None, overrides=self.overrides)
        mark(self.settings, now=now)
        self.start()
        self.refresh_trust()
        self.register_issuer()
        with writing(self.engine) as session:
            load_catalogue(session, CATALOGUE, now=self.now)

    def refresh_trust(self) -> Refreshed:
        """Take in what lies in the revocation folder and at the addresses of the settings."""
        trust = load_trust(self.settings, self.engine, now=self.now, for_refreshing=True)
        find_own = partial(own_certificates, self.settings)
        return refresh(self.engine, trust, Sources.by(self.settings), now=self.now, find_own=find_own)

    def start(self) -> None:
        """Build the gateway: again, as after a restart, when there is one."""
        if hasattr(self, "engine"):
            self.engine.dispose()
        self.endpoint: Endpoints = build_app(self.settings, lambda: self.now)
        self.gate = self.endpoint.gate
        self.office = self.gate.office
        self.engine: Engine = self.office.engine

    def register_issuer(
        self,
        dir3: str = ISSUER,
        acronym: str = "TGSS",
        name: str = "Tesorería General de la Seguridad Social",
    ) -> None:
        """Register an issuing body."""
        with writing(self.engine) as session:
            register_issuing_body(session, dir3=dir3, acronym=acronym, name=name, nif=ISSUER_NIF)

    # --- issuing

    def publish(
        self,
        reference: str = "ACT-1",
        *,
        addressee: str | SubmittedAddressee = COMPANY_NIF,
        documents: tuple[bytes, ...] = (b"%PDF-1.7 acto",),
        **changes: Any,  # noqa: ANN401  (fields of ActSubmission)
    ) -> UUID:
        """Put an act at disposal and return the notification's identifier."""
        deposit = self.deposit(reference, addressee=addressee, documents=documents, **changes)
        with writing(self.engine) as session:
            return self.office.publishing.publish(session, deposit, now=self.now).notification.id

    def publish_many(self, count: int, stem: str = "ACT") -> list[UUID]:
        """Put that many acts at disposal in one transaction; identifiers in the order of the codes."""
        first = self.deposit(stem)
        deposits = [
            replace(first, submission=replace(first.submission, reference=f"{stem}-{number:05}"))
            for number in range(count)
        ]
        publish = self.office.publishing.publish
        with writing(self.engine) as session:
            return [publish(session, one, now=self.now).notification.id for one in deposits]

    def deposit(
        self,
        reference: str,
        *,
        addressee: str | SubmittedAddressee = COMPANY_NIF,
        documents: tuple[bytes, ...] = (b"%PDF-1.7 acto",),
        **changes: Any,  # noqa: ANN401  (fields of ActSubmission)
    ) -> Deposit:
        """Store the documents of an act; one for a person names a ground, unless it is voluntary."""
        identifier = addressee if isinstance(addressee, str) else addressee.identifier
        if not (is_company_nif(identifier) or changes.get("voluntary")):
            changes.setdefault("named_ground", Ground.C)
        submission = ActSubmission(
            **{
                "issuing_body": ISSUER,
                "reference": reference,
                "subject": "Reclamación de deuda",
                "procedure": "203546",
                "matter": "collection",
                "addressee": addressee
                if isinstance(addressee, SubmittedAddressee)
                else SubmittedAddressee(identifier=addressee, name=COMPANY_NAME),
                "documents": tuple(
                    SubmittedDocument(f"acto-{n}.pdf", "application/pdf", data)
                    for n, data in enumerate(documents, 1)
                ),
                **changes,
            }
        )
        return self.office.publishing.deposit(submission)

    # --- asking

    def send(self, data: bytes, **environ: object) -> Answer:
        """Send bytes as they are; `environ` overrides the WSGI environment (None removes a key)."""
        return send(self.endpoint, data, **environ)

    def sign(self, content: str, holder: KeyPair | None = None) -> bytes:
        """Return a request signed by a holder (the company's seal by default) at this stack's now."""
        holder = holder or pki().company_seal
        return sign_envelope(content.encode(), signer=Signer(holder.key, holder.certificate), now=self.now)

    def ask(
        self, operation: str, inner: str = "", *, holder: KeyPair | None = None, **environ: object
    ) -> Answer:
        """Send a signed operation; the answer's signature is proven, and its shape is the contract's.

        Who asks for no version must be answered by contract 1.0 as it was published.
        """
        content = f'<{operation} xmlns="{NOTIGATEWAY_V1}">{inner}</{operation}>'
        answer = self.send(self.sign(content, holder), **environ)
        self.check(answer, is_1_0="<contractVersion>" not in inner)
        return answer

    def check(self, answer: Answer, *, is_1_0: bool = False) -> _Element:
        """Prove that the service signed the answer, fault or not, and return the Body's element."""
        verified = verify_envelope(
            parse_envelope(answer.body, limits=GENEROUS),
            now=self.now,
            expectations=Expectations(),
            check_certificate=PinnedCertificates([pki().service.certificate]).check,
        )
        detail = verified.operation.find(".//ng:GatewayFault", namespaces=NG)
        element = verified.operation if detail is None else detail
        CONTRACTS[namespace_of(str(element.tag))].check(element)
        if is_1_0:
            check_1_0(element)
        return verified.operation

    def ask_issuing(
        self, operation: str, inner: str = "", *, holder: KeyPair | None = None, issuer: str | None = ISSUER
    ) -> Answer:
        """Send an operation of the issuing contract, by the issuing body's seal unless said otherwise."""
        named = "" if issuer is None else f"<issuerId>{issuer}</issuerId>"
        content = f'<{operation} xmlns="{NOTIGATEWAY_ISSUING_V1}">{named}{inner}</{operation}>'
        answer = self.send(self.sign(content, holder or pki().issuer), PATH_INFO="/notigateway/issuing/v1")
        self.check(answer, is_1_0="<contractVersion>" not in inner)
        return answer

    def accept(self, *ids: object, holder: KeyPair | None = None) -> list[_Element]:
        """Accept and return the outcomes."""
        answer = self.ask("AcceptNotifications", "".join(f"<id>{one}</id>" for one in ids), holder=holder)
        return answer.tree.findall("ng:item", namespaces=NG)

    def reject(
        self, *ids: object, holder: KeyPair | None = None, reason: str | None = None
    ) -> list[_Element]:
        """Reject and return the outcomes."""
        inner = "".join(f"<id>{one}</id>" for one in ids)
        if reason is not None:
            inner += f"<reason>{reason}</reason>"
        return self.ask("RejectNotifications", inner, holder=holder).tree.findall("ng:item", namespaces=NG)

    def pass_time(self, **duration: float) -> datetime:
        """Move the clock forward."""
        self.now += timedelta(**duration)
        return self.now

    # --- looking behind

    def rows(self) -> dict[str, int]:
        """Count the rows of every table but the accounts: what a refused request must leave as it was."""
        with reading(self.engine) as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Row.metadata.sorted_tables
                if table.name not in ACCOUNTS
            }

    def decisions(self) -> int:
        """Count the receipts of what was decided: all but those that it was put at disposal."""
        query = select(func.count()).select_from(Receipt).where(Receipt.state != State.AVAILABLE)
        with reading(self.engine) as session:
            return session.scalar(query) or 0

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """Read every row of every table but the accounts: the strongest way to say that nothing changed.

        Nor what told a signer's status: whoever asks for an effect marks it as evidence, also in vain.
        Changes have their places in it, as if somebody had looked.
        """
        place_committed(self.engine)
        with reading(self.engine) as session:
            return {
                table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
                for table in Row.metadata.sorted_tables
                if table.name not in ACCOUNTS | {"revocation_data"}
            }

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()


def mark(settings: Settings, *, now: datetime = NOW) -> None:
    """Mark the document store, as an operator does once."""
    with connected(settings) as engine:
        mark_store(engine, open_store(settings.document_store_url, engine), now=now)


def send(endpoint: WSGIApplication, data: bytes, **environ: object) -> Answer:
    """Send bytes to a gateway as a WSGI server does; `environ` overrides (None removes a key)."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _info: object = None, /
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda _: None

    body = b"".join(endpoint(environ_of(data, **environ), start_response))
    ((status, headers),) = started
    return Answer(int(status.split()[0]), dict(headers), body)


def environ_of(data: bytes, **environ: object) -> WSGIEnvironment:
    """Return what a WSGI server tells of a request; `environ` overrides (None removes a key)."""
    full: WSGIEnvironment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/notigateway/v1",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(data)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(data),
        "wsgi.url_scheme": "http",
        **environ,
    }
    return {key: value for key, value in full.items() if value is not None}


def text(element: _Element, path: str) -> str | None:
    """Return the text at a path of our namespace, for example `text(item, "decision/state")`."""
    return element.findtext("/".join(f"ng:{step}" for step in path.split("/")), namespaces=NG)


def texts(element: _Element, path: str) -> list[str | None]:
    """Return the texts of all elements at such a path."""
    found = element.findall("/".join(f"ng:{step}" for step in path.split("/")), namespaces=NG)
    return [one.text for one in found]


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on a fresh database; the test runs once on each kind."""
    one = Stack(database_url, tmp_path)
    yield one
    one.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_stack(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Give a gateway that the tests of a module share, for what leaves it as it was; once on each kind."""
    folder = tmp_path_factory.mktemp("shared")
    if request.param == "sqlite":
        shutil.copyfile(migrated_sqlite, folder / "notigateway.db")
        one = Stack(f"sqlite:///{folder / 'notigateway.db'}", folder)
        yield one
        one.close()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.create(template=request.getfixturevalue("migrated_postgresql"))
    one = Stack(server.url(name), folder)
    yield one
    one.close()
    server.drop(name)


@pytest.fixture
def sqlite_stack(sqlite_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on SQLite only, for what does not depend on the database."""
    one = Stack(sqlite_url, tmp_path)
    yield one
    one.close()
