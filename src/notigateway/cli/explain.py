"""`notigateway explain`: what the gateway sees in a signed envelope, step by step."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notigateway.cli.options import SettingsFile
from notigateway.errors import ConfigurationError
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from cryptography import x509

    from notigateway.explaining.explanation import Explanation

_UNCHECKED = "whether the certificate is admitted; name the authorised issuers with --trust"


def explain(
    envelope: Annotated[Path, typer.Argument(help="The file with the envelope as it was sent; - reads it.")],
    trust: Annotated[
        Path | None, typer.Option(help="Folder of the authorised issuers; left out: any certificate.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The instant to look at it, such as 2026-06-01T12:00:00Z; else now.")
    ] = None,
    octets: Annotated[
        Path | None, typer.Option(help="Folder for the canonical octets of each reference.")
    ] = None,
    contract: Annotated[
        Literal["v1", "issuing", "wscn", "wscn-test"] | None,
        typer.Option(help="The contract it was sent to; else by the Body's namespace."),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(help="The Content-Type header that was sent with it.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="The SOAPAction header that was sent with it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Explain step by step whether a signed request is accepted and, if not, the likely causes.

    It goes the whole way up to the effect; what only the service's data can tell is named. Exit codes:
    0 accepted, 1 refused, 2 the command cannot run.
    """
    from notigateway.explaining.explain import explain_envelope
    from notigateway.explaining.explain_text import explanation_json, explanation_text
    from notigateway.explaining.way import Way
    from notigateway.pki.anchors import TrustStore
    from notigateway.settings import load_settings
    from notigateway.soap.served import SERVED, errors_url_beside
    from notigateway.wss.clients import ClientRegister
    from notigateway.wss.policy import Expectations, Limits

    settings = load_settings(settings_file)
    explanation = explain_envelope(
        _read(envelope),
        now=_instant(at),
        limits=Limits.of(settings),
        expectations=Expectations.of(settings),
        clients=ClientRegister.of(settings),
        check_certificate=TrustStore.from_folder(trust).check if trust else _admit_anybody,
        way=Way(
            public_url=str(settings.public_url) if settings_file is not None else None,
            served=SERVED[contract] if contract is not None else None,
            content_type=content_type,
            action=action,
            instant_by="--at" if at is None else "",
        ),
    )
    unchecked = "" if trust else _UNCHECKED
    if as_json:
        typer.echo(explanation_json(explanation, unchecked=unchecked), nl=False)
    else:
        # Without settings their public address is nobody's.
        errors_url = "" if settings_file is None else errors_url_beside(str(settings.public_url))
        typer.echo(explanation_text(explanation, errors_url=errors_url, unchecked=unchecked), nl=False)
    if octets is not None:
        _write(explanation, octets, quiet=as_json)
    raise typer.Exit(0 if explanation.error is None else 1)


def _admit_anybody(_certificate: x509.Certificate, _now: datetime) -> None:
    """Check nothing: without --trust nobody's issuers are known, and the text says so."""


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error


def _instant(text: str | None) -> datetime:
    from notigateway.wss.freshness import read_instant

    if text is None:
        return datetime.now(UTC)
    try:
        return read_instant(text)
    except ValueError as error:
        raise ConfigurationError(f"--at {text!r}: an instant such as 2026-06-01T12:00:00Z") from error


def _write(explanation: Explanation, folder: Path, *, quiet: bool) -> None:
    """Write the octets whose digests were taken, to be compared with the client's own."""
    files = {f"reference-{one.number}-{one.part}.xml": one.octets for one in explanation.digested}
    if explanation.signed_info is not None:
        files["signed-info.xml"] = explanation.signed_info
    try:
        make_folder(folder)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}") from error
    if not quiet:
        typer.echo(f"\n{len(files)} files of octets in {folder}")
