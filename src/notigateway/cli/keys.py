"""`notigateway keys new`: the operator's own keys, and the requests by which an issuer certifies them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.options import SettingsFile
from notigateway.errors import ConfigurationError
from notigateway.law.identifiers import IdentifierError, check_nif
from notigateway.pki.key_kinds import KeyKind
from notigateway.private_files import make_folder, write_new

if TYPE_CHECKING:
    from notigateway.settings import Settings

keys = typer.Typer(help="Make the gateway's own keys.", no_args_is_help=True)

_PILOT_DAYS = 365


@dataclass(frozen=True, slots=True)
class _Wish:
    """A key that is wanted: what for, of which kind, and where it, its request and its certificate are."""

    purpose: str
    kind: KeyKind
    key: Path
    certificate: Path

    @property
    def request(self) -> Path:
        name = self.certificate.name.removesuffix(".cert.pem")
        return self.certificate.with_name(f"{name}.request.pem")


@keys.callback()
def _group() -> None:
    """Make the gateway's own keys."""


@keys.command()
def new(
    organisation: Annotated[str, typer.Argument(help="Who operates the gateway, as a certificate names it.")],
    nif: Annotated[str | None, typer.Option(help="Its NIF, to stand in the certificates.")] = None,
    service: Annotated[
        KeyKind, typer.Option(help="The kind of the key that signs answers.")
    ] = KeyKind.RSA_3072,
    seal: Annotated[KeyKind, typer.Option(help="The kind of the key that seals receipts.")] = KeyKind.P_256,
    only: Annotated[str, typer.Option(help="Only one of them: service, or seal.")] = "",
    into: Annotated[
        Path | None, typer.Option(help="A folder for the files, instead of where the settings have them.")
    ] = None,
    self_signed: Annotated[
        bool,
        typer.Option("--self-signed", help="For a pilot: certificates of a year, by no issuer."),
    ] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Make the keys that the settings name, with a request for each; never over a file that is there."""
    from notigateway.pki.certification import Subject, key_pem, new_key, request_pem, self_signed_pem
    from notigateway.settings import load_settings

    wishes = _wishes(load_settings(settings_file), service=service, seal=seal, only=only, into=into)
    try:
        named = check_nif(nif) if nif else None
    except IdentifierError as error:
        raise ConfigurationError(f"--nif: {error}") from error
    _check_apart(wishes)
    now = datetime.now(UTC)
    files: dict[Path, bytes] = {}
    for wish in wishes:
        subject = Subject(organisation=organisation, nif=named, purpose=f"notigateway {wish.purpose}")
        key = new_key(wish.kind)
        files[wish.key] = key_pem(key)
        if self_signed:
            files[wish.certificate] = self_signed_pem(key, subject, now=now, days=_PILOT_DAYS)
        else:
            files[wish.request] = request_pem(key, subject)
    _write(files)
    for wish in wishes:
        made = wish.certificate if self_signed else wish.request
        typer.echo(f"{wish.purpose}: {wish.kind.value}, {wish.key} and {made}")
    for number, line in enumerate(_next(wishes, is_self_signed=self_signed), 1):
        typer.echo(f"{number}. {line}")


def _wishes(
    settings: Settings, *, service: KeyKind, seal: KeyKind, only: str, into: Path | None
) -> list[_Wish]:
    """Return the keys that are wanted. Raises: `ConfigurationError`."""
    if only not in {"", "service", "seal"}:
        raise ConfigurationError("--only takes service or seal")
    if seal is KeyKind.RSA_2048:
        raise ConfigurationError("--seal: a seal of RSA has 3072 bits or more, since receipts last")
    found = [
        _Wish("service", service, settings.service_key_file, settings.service_certificate_file),
        _Wish("seal", seal, settings.seal_key_file, settings.seal_certificate_file),
    ]
    if settings.seal_pkcs11_module:
        if only == "seal":
            raise ConfigurationError("seal_pkcs11_module: the seal's key is in a device; make it there")
        found.pop()
    if into is not None:
        found = [
            replace(one, key=into / one.key.name, certificate=into / one.certificate.name) for one in found
        ]
    return [one for one in found if only in {"", one.purpose}]


def _check_apart(wishes: list[_Wish]) -> None:
    """Refuse two files in one place: the later would be there alone. Raises: `ConfigurationError`."""
    taken: set[Path] = set()
    for file in [file for one in wishes for file in (one.key, one.certificate, one.request)]:
        place = file.absolute()
        if place in taken:
            raise ConfigurationError(
                f"{file} would be two files: give each key and certificate a name of its own, or use --only"
            )
        taken.add(place)


def _write(files: dict[Path, bytes]) -> None:
    """Write all files or none. Raises: `ConfigurationError` naming the one that cannot be."""
    try:
        for folder in {file.parent for file in files}:
            make_folder(folder)
        write_new(files)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{error.filename} is there already, and nothing was changed: use --into another folder"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {error.filename}: {error.strerror}") from error


def _next(wishes: list[_Wish], *, is_self_signed: bool) -> list[str]:
    """Say what comes next, in three lines."""
    certificates = " and ".join(str(one.certificate) for one in wishes)
    if is_self_signed:
        first = f"Nobody vouches for {certificates}: they are for a pilot, and end in a year."
        second = "Before that make other keys with --into, and have an issuer certify them."
    else:
        requests = " and ".join(str(one.request) for one in wishes)
        first = f"Have an issuer certify {requests}, for digital signatures and non-repudiation."
        second = f"Put its certificates into {certificates}; the keys stay here, with a copy in a safe."
    third = "Run `notigateway doctor`, start, and give the certificates to your integrators to pin."
    if [one.purpose for one in wishes] == ["seal"]:
        third = "Where it takes another seal's place: the steps of docs/operations.md, Changing the seal."
    return [first, second, third]
