"""From options to a service under test: files are read, a world is made where a sandbox is named."""

from __future__ import annotations

import ssl
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography import x509

from notigateway.conformance.dialects import dialect_of
from notigateway.conformance.steering import Steering
from notigateway.conformance.target import Given, Publishing, Target, pair_of
from notigateway.errors import ConfigurationError
from notigateway.evidence.history import load_seals
from notigateway.given_files import read_file
from notigateway.pki.keys import load_certificates, load_key_pair, load_p12

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from notigateway.evidence.history import Pin
    from notigateway.pki.keys import KeyPair

_ME: Final = "company"
_SECOND: Final = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was said at the command line."""

    url: str | None = None
    contract: Literal["v1", "wscn"] = "v1"
    public_url: str | None = None
    p12: Path | None = None
    key: Path | None = None
    cert: Path | None = None
    password_file: Path | None = None
    second_p12: Path | None = None
    second_password_file: Path | None = None
    issuer_p12: Path | None = None
    issuer_password_file: Path | None = None
    issuer_id: str | None = None
    issuing_url: str | None = None
    server_cert: Sequence[Path] = ()
    seal_cert: Sequence[Path] = ()
    ca_file: Path | None = None
    timeout_seconds: float = 60.0
    sandbox: str | None = None
    token_file: Path | None = None
    may_decide: bool = False
    all_wrappings: bool = False


@contextmanager
def arranged(options: Options) -> Iterator[Target]:
    """Give the service that the options name, for the length of the context.

    A sandbox without an address gives a world of its own, which is taken away at the end; with one, the world
    at its base is used as it is, clock and all.

    Raises: `ConfigurationError` for what is missing or cannot be read; `SteeringError` of the sandbox.
    """
    with ExitStack() as stack:
        steering = _steering(options, stack)
        target = Target(_given(options, steering))
        stack.callback(target.close)
        yield target


@contextmanager
def a_world(sandbox: str, token_file: Path | None) -> Iterator[Steering]:
    """Give a new world in a sandbox, for the length of the context. Raises: `SteeringError`."""
    with ExitStack() as stack:
        root = steering_of(sandbox, token_file)
        stack.callback(root.close)
        world = root.new_world(notifications=0)
        stack.callback(world.close)
        stack.callback(root.delete_world, str(world.world()["name"]))
        yield world


def steering_of(sandbox: str, token_file: Path | None) -> Steering:
    """Return what steers the sandbox at an address. Raises: `ConfigurationError`."""
    token = None if token_file is None else read_file(token_file).decode("ascii", "replace").strip()
    return Steering(sandbox, token)


def _steering(options: Options, stack: ExitStack) -> Steering | None:
    if options.sandbox is None:
        return None
    if options.url is None:
        return stack.enter_context(a_world(options.sandbox, options.token_file))
    root = steering_of(options.sandbox, options.token_file)
    stack.callback(root.close)
    return root


def _given(options: Options, steering: Steering | None) -> Given:
    world = {} if steering is None else steering.world()
    told = {} if steering is None else steering.certificates()
    holders = told.get("holders", {})
    service = [one for file in options.server_cert for one in load_certificates(file)]
    own_url = world.get("wscn" if options.contract == "wscn" else "url")
    url = options.url or own_url
    me = _own(options) or _holder(holders, _ME)
    if url is None:
        raise ConfigurationError("the address of the service is missing: give URL, or --sandbox")
    if me is None:
        raise ConfigurationError("the caller is missing: give --p12, or --key and --cert, or --sandbox")
    service = service or _pems(told, "service")
    if not service:
        raise ConfigurationError("the service's certificate is missing: give --server-cert, or --sandbox")
    seals: list[Pin] = [one for path in options.seal_cert for one in _pins(path)]
    return Given(
        url=url,
        dialect=dialect_of(options.contract, str(own_url or options.public_url or url)),
        me=me,
        second=_p12(options.second_p12, options.second_password_file, options) or _holder(holders, _SECOND),
        service=service,
        seals=seals or _pems(told, "seal"),
        public_url=options.public_url or (own_url if own_url != url else None),
        may_decide=options.may_decide,
        all_wrappings=options.all_wrappings,
        timeout_seconds=options.timeout_seconds,
        tls=_tls(options.ca_file),
        steering=steering,
        holders=holders,
        publishing=_publishing(options, url),
    )


def _holder(holders: Mapping[str, Any], name: str) -> KeyPair | None:
    return pair_of(holders[name]) if name in holders else None


def _own(options: Options) -> KeyPair | None:
    if options.p12 is not None:
        return _p12(options.p12, options.password_file, options)
    if options.key is None and options.cert is None:
        return None
    if options.key is None or options.cert is None:
        raise ConfigurationError("--key and --cert belong together")
    return load_key_pair(options.key, options.cert, _password(options.password_file))


def _p12(file: Path | None, password_file: Path | None, options: Options) -> KeyPair | None:
    return None if file is None else load_p12(file, _password(password_file or options.password_file))


def _password(file: Path | None) -> bytes | None:
    return None if file is None else read_file(file).rstrip(b"\r\n")


def _publishing(options: Options, url: str) -> Publishing | None:
    pair = _p12(options.issuer_p12, options.issuer_password_file, options)
    if pair is None:
        return None
    if options.issuer_id is None:
        raise ConfigurationError("--issuer-p12 needs --issuer-id, the DIR3 code of the issuing body's unit")
    issuing_url = options.issuing_url or f"{url.rpartition('/')[0]}/issuing/v1"
    return Publishing(url=issuing_url, issuer_id=options.issuer_id, pair=pair)


def _pems(told: Mapping[str, Any], name: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(str(told[name]).encode()) if name in told else []


def _pins(path: Path) -> Sequence[Pin]:
    return load_seals(path) if path.is_dir() else load_certificates(path)


def _tls(ca_file: Path | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(f"cannot use {ca_file}: {error}") from error
