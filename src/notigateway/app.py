"""The composition root: settings, engine, keys, trust and clock become a WSGI application, by hand."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway import telemetry
from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.seals import open_seal
from notigateway.health.gauges import gauges_of
from notigateway.health.instance import Instance
from notigateway.health.queues import QueuesWanted
from notigateway.health.readiness import Readiness, Served
from notigateway.health.revocation import RevocationWanted
from notigateway.http.failures import FailureLimit
from notigateway.log.heads import check_name
from notigateway.logger import Logger
from notigateway.metering.meters import METRICS_KIND, meters
from notigateway.office import open_office
from notigateway.pki.families import Families
from notigateway.pki.in_use import Reminder
from notigateway.provision import Provision
from notigateway.receipts import csv_codes, proving
from notigateway.repository.engine import create_database, note_pool, reading
from notigateway.repository.first_look import FirstLook
from notigateway.repository.marking import check_marked
from notigateway.repository.schema import check_revision
from notigateway.soap.arrivals import ORDINARY
from notigateway.soap.endpoint import Endpoint
from notigateway.soap.endpoints import Endpoints
from notigateway.soap.faults import fault_code
from notigateway.soap.forgetting import Forgetting
from notigateway.soap.gate import Gate
from notigateway.soap.notigateway_issuing_v1.service import as_whom, check_issuer
from notigateway.soap.notigateway_v1.service import ON_ONE_CONNECTION, WITHOUT_EFFECT, check_caller
from notigateway.soap.rates import CallerLimit
from notigateway.soap.served import (
    ISSUING,
    MAILBOX,
    SERVED,
    WSCN,
    issuing_dispatcher,
    mailbox_dispatcher,
)
from notigateway.soap.wscn.codes import numbers_of
from notigateway.soap.wscn.environment import ENVIRONMENTS
from notigateway.soap.wscn.service import DECIDING as WSCN_DECIDING
from notigateway.soap.wscn.service import ON_ONE_CONNECTION as WSCN_ON_ONE_CONNECTION
from notigateway.soap.wscn.service import WITHOUT_EFFECT as WSCN_WITHOUT_EFFECT
from notigateway.soap.wscn.service import WscnDispatcher, WscnPolicy
from notigateway.trust.admission import Admission, RevocationPolicy
from notigateway.trust.key_holders import KeyHolders
from notigateway.urls import served_path
from notigateway.web.open_pages import front_of, log_url, pages_for_people, verify_url
from notigateway.web.operations import ALIVE, METRICS, READY, Operations, alive_page, json_page, text_page
from notigateway.web.public_log import public_log
from notigateway.web.push import push_pages
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import WSGIApplication

    from sqlalchemy import Engine

    from notigateway.office import Office
    from notigateway.receipts.csv_codes import OnRecord
    from notigateway.repository.session import Session
    from notigateway.settings import Settings
    from notigateway.soap.arrivals import Arrivals
    from notigateway.soap.wscn.environment import Environment


_log = Logger("notigateway")
# How long a database that was away is waited for at each look: it may be silent as well as gone.
_LOOK_SECONDS: Final = 2


def system_clock() -> datetime:
    """Read the one clock."""
    return datetime.now(UTC)


def build_app(settings: Settings, clock: Callable[[], datetime] = system_clock) -> Endpoints:
    """Build the WSGI application. Raises: `ConfigurationError` for anything that cannot be used."""
    telemetry.configure(settings)
    warn_of_left_unsaid(settings)
    return open_app(Provision.read(settings, now=clock()), clock)


def warn_of_left_unsaid(settings: Settings) -> None:
    """Say in the log which settings were left that no default can be right for."""
    for name, consequence in settings.left_unsaid().items():
        _log.warning("setting_left_unsaid", setting=name, detail=consequence)


def open_app(
    provision: Provision,
    clock: Callable[[], datetime] = system_clock,
    *,
    is_patient: bool = False,
    arrivals: Arrivals = ORDINARY,
    beneath: str = "",
) -> Endpoints:
    """Build the application of what was read; no file of the operator's is read again.

    A patient one is of a gateway that has proven itself: it begins without its database or device, refuses
    till they are there, and looks for them by itself. `beneath` is the path beneath which stands whatever
    has a path of its own, as the Social Security's contract.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`; then nothing is left open.
    """
    settings = provision.settings
    if settings.mode == "production":
        proving.load()
    gate = replace(build_gate(provision, clock, is_patient=is_patient), arrivals=arrivals)
    public_url = str(settings.public_url)
    return Endpoints(
        _mailbox(gate, public_url, settings),
        _issuing(gate, public_url, settings.operators),
        *(_wscn(gate, environment, settings, beneath=beneath) for environment in ENVIRONMENTS),
        pages=_pages(gate, settings) | push_pages(settings, provision.push_keys.published()),
        trees={served_path(log_url(settings)): _public_log(gate)},
        front=front_of(settings, {one.name: one.url(public_url, beneath) for one in SERVED.values()}),
        operations=_operations(gate, provision),
        remind=_every_second(gate.office.engine, Reminder(provision.certificates, clock)),
    )


def _every_second(engine: Engine, remind: Reminder) -> Callable[[], None]:
    """Return what the worker's loop does all the time: it looks, and waits for nothing."""

    def look() -> None:
        with suppress(OSError):
            note_pool(engine)
        remind()

    return look


def _mailbox(gate: Gate, url: str, settings: Settings) -> Endpoint:
    """Serve the addressees' contract."""
    return Endpoint(
        gate,
        path=served_path(url),
        contract=MAILBOX.contract(url),
        dispatcher=mailbox_dispatcher(),
        check_caller=partial(check_caller, seals_may_decide=settings.entity_seals_may_decide),
        without_effect=WITHOUT_EFFECT,
        on_one_connection=ON_ONE_CONNECTION,
    )


def _issuing(gate: Gate, url: str, operators: Iterable[str]) -> Endpoint:
    """Serve the issuing bodies' contract."""
    return Endpoint(
        gate,
        path=served_path(ISSUING.url(url)),
        contract=ISSUING.contract(url),
        dispatcher=issuing_dispatcher(),
        as_whom=as_whom,
        check_caller=partial(check_issuer, operators=frozenset(operators)),
        without_effect=frozenset({"ListOutcomes"}),
    )


def _operations(gate: Gate, provision: Provision) -> Operations:
    """Return the pages for the operator's programs."""
    settings = provision.settings
    instance, office = Instance.of(settings), gate.office
    served = Served(
        engine=office.engine,
        store=office.store,
        service=gate.signer.certificate,
        seal=office.seal,
        authorities=provision.authorities,
        revocation=RevocationWanted.by(settings),
        has_authority=bool(settings.timestamp_authority_url),
        has_witnesses=bool(settings.witnesses),
        sends_notices=settings.sends_notices,
        pushes=settings.pushes,
    )
    readiness = Readiness.of(instance, served, office.clock)
    gauges = gauges_of(
        readiness.findings,
        office.engine,
        wanted=QueuesWanted.by(settings),
        certificates=provision.certificates,
        clock=office.clock,
    )
    return Operations(
        {
            ALIVE: alive_page(instance),
            READY: json_page(readiness.answer),
            METRICS: text_page(METRICS_KIND, lambda: meters().exposed(gauges)),
        }
    )


def _pages(gate: Gate, settings: Settings) -> dict[str, WSGIApplication]:
    """Return the pages for people, by their paths."""
    office = gate.office

    def look_up(code: str, nif: str, peer: str) -> OnRecord | None:
        gate.first_look.check()
        return csv_codes.look_up(
            office.engine,
            code=code,
            nif=nif,
            peer=peer,
            now=office.clock(),
            per_minute=settings.code_checks_per_minute,
        )

    return pages_for_people(settings, look_up=look_up, fault_code=fault_code, numbers=numbers_of)


def _public_log(gate: Gate) -> WSGIApplication:
    @contextmanager
    def session() -> Iterator[Session]:
        gate.first_look.check()
        with reading(gate.office.engine) as opened:
            yield opened

    return public_log(gate.office.log, reading=session)


def _wscn(gate: Gate, environment: Environment, settings: Settings, *, beneath: str) -> Endpoint:
    """Serve one environment of the Social Security's contract. Its clients send no Timestamp."""
    policy = WscnPolicy(
        page_size=settings.wscn_page_size,
        acuse_valid=timedelta(seconds=settings.wscn_acuse_valid_seconds),
        unsafe_accept_sha1_acuse=settings.wscn_unsafe_accept_sha1_acuse,
        pdf_max_bytes=settings.inline_response_max_bytes,
    )
    return Endpoint(
        gate,
        path=f"{beneath}{environment.path}",
        contract=WSCN[environment].contract(str(settings.public_url), beneath),
        dispatcher=WscnDispatcher(environment, policy, signer=gate.signer),
        check_caller=partial(
            check_caller, seals_may_decide=settings.entity_seals_may_decide, deciding=WSCN_DECIDING
        ),
        without_effect=WSCN_WITHOUT_EFFECT,
        on_one_connection=WSCN_ON_ONE_CONNECTION,
        expectations=replace(gate.expectations, require_timestamp=WSCN[environment].requires_timestamp),
    )


def build_admission(provision: Provision, engine: Engine) -> Admission:
    """Gather who is trusted, and how revocation is judged."""
    settings = provision.settings
    policy = RevocationPolicy(
        grace=timedelta(seconds=settings.revocation_grace_seconds), is_off=settings.revocation == "unsafe_off"
    )
    return Admission(engine, provision.authorities.store(), policy)


def longest_fresh(settings: Settings) -> timedelta:
    """Return how long a message can be fresh after it was let in, of the client with the widest window."""
    skew = max(
        [settings.timestamp_skew_seconds, *(one.timestamp_skew_seconds or 0 for one in settings.clients)]
    )
    return timedelta(seconds=settings.timestamp_max_age_seconds + 2 * skew)


def build_gate(
    provision: Provision, clock: Callable[[], datetime] = system_clock, *, is_patient: bool = False
) -> Gate:
    """Open the seal and the office, and gather who is let in.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`; then nothing is left open.
    """
    settings = provision.settings
    # The seal first: where it is wrong nothing has been opened.
    seal = open_seal(provision.seal, settings, is_patient=is_patient)
    office = open_office(
        settings, clock, seal=seal, verify_url=verify_url(settings), known=provision.clients.known
    )
    with ExitStack() as undoing:
        undoing.callback(office.engine.dispose)
        gate = Gate(
            office=office,
            signer=Signer(provision.service.key, provision.service.certificate),
            admission=build_admission(provision, office.engine),
            key_holders=KeyHolders(office.engine),
            clients=provision.clients,
            families=Families.of(settings),
            limits=Limits.of(settings),
            request_seconds=settings.request_seconds,
            expectations=Expectations.of(settings),
            failures=FailureLimit(
                settings.failed_authentications_per_minute, proxy_hops=settings.trusted_proxy_hops
            ),
            forgetting=Forgetting(office.engine, fresh_for=longest_fresh(settings)),
            callers=CallerLimit(settings.caller_requests_per_minute),
            # The last: what is wrong with the rest is found also while the database is away.
            first_look=_look_at(office, provision, is_patient=is_patient),
        )
        undoing.pop_all()
    return gate


def _look_at(office: Office, provision: Provision, *, is_patient: bool) -> FirstLook:
    """Return the first look at the database, which a patient gateway may have to repeat.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError` where it is not patient.
    """

    def look(engine: Engine) -> None:
        check_revision(engine)
        provision.authorities.check_not_rolled_back(engine, office.clock())
        check_name(engine, provision.settings.log_origin)

    def look_quickly() -> None:
        url = provision.settings.database_url
        engine = create_database(url, pool_size=1, timeout_seconds=_LOOK_SECONDS)
        try:
            look(engine)
        finally:
            engine.dispose()

    first = FirstLook(look_quickly if is_patient else partial(look, office.engine))
    if not is_patient:
        first.insist()
        check_marked(office.store)
        return first
    with suppress(TemporarilyUnavailableError):
        first.check()
    return first
