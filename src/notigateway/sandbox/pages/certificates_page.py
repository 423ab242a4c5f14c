"""`/_sandbox/pages/certificates`: whose certificates a world has, and the files themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from notigateway.pki.keys import load_certificates
from notigateway.sandbox.admin.data import PEMS
from notigateway.sandbox.admin.reading import this_world
from notigateway.sandbox.pages.shell import page
from notigateway.sandbox.pages.words import HOLDERS
from notigateway.sandbox.refusals import UnknownError

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Response as AnyResponse

    from notigateway.sandbox.holders import Pki

blueprint = Blueprint("certificates", __name__)
_PEM: Final = "application/x-pem-file"
_P12: Final = "application/x-pkcs12"
# Who is meant by each certificate that is no holder's.
_OTHERS: Final = {
    "service": ("Servicio: firma las respuestas", "Service: signs answers"),
    "seal": ("Sello: firma los justificantes", "Seal: signs receipts"),
    "issuing": ("Autoridad que ha emitido los demás", "Authority that has issued the others"),
    "root": ("Autoridad raíz", "Root authority"),
    "tsa": ("Autoridad de sellado de tiempo", "Time-stamp authority"),
}


@blueprint.get("/pages/certificates")
def show() -> AnyResponse:
    """Show them."""
    world = this_world()
    holders = []
    with world.looking():
        for name, files in world.pki.holders().items():
            (certificate,) = load_certificates(files.certificate)
            party = world.nif_of(name), world.name_of(name)
            holders.append((name, *party, certificate.not_valid_after_utc))
        passphrase = world.pki.passphrase.read_text("ascii").strip()
    return page("certificates.html", holders=holders, words=HOLDERS, others=_OTHERS, passphrase=passphrase)


@blueprint.get("/pages/certificates/<file>")
def give(file: str) -> Response:
    """Give a file: a certificate, a holder's key, or both as PKCS #12. Raises: `UnknownError`."""
    found = _files(this_world().pki).get(file)
    if found is None:
        raise UnknownError("there is no such certificate or key")
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    with this_world().looking():
        data = found.read_bytes()
    return Response(data, mimetype=_P12 if file.endswith(".p12") else _PEM, headers=headers)


def _files(pki: Pki) -> dict[str, Path]:
    """Return what is given, by its name: nothing else can be asked for."""
    files = {f"{name}.cert.pem": pki.certificate(name) for name in PEMS}
    for name, holder in pki.holders().items():
        files |= {
            f"{name}.cert.pem": holder.certificate,
            f"{name}.key.pem": holder.key,
            f"{name}.p12": holder.p12,
        }
    return files
