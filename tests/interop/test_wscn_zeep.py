"""zeep, built from the official description and from ours, runs every operation of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import xmlsec
import zeep
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from zeep.exceptions import Fault
from zeep.wsse.signature import BinarySignature, _make_verify_key, _verify_envelope_with_key

from notigateway.soap.wscn.environment import ENVIRONMENTS, PRODUCTION, TEST
from pki import pki, write_pem
from titles import RED_NIF, accept_power, assign, attorney, grant, red, register_company
from wscn import BUCKETS, CURSORS, START, in_environment, reference_folder, sign

if TYPE_CHECKING:
    from pathlib import Path

    # The fixture `served` comes from conftest.py beside this file.
    from interop.conftest import Served
    from notigateway.pki.keys import KeyPair
    from notigateway.soap.wscn.environment import Environment


class OldClient(BinarySignature):
    """Signs the Body alone, as the known clients do; verifies answers with the service's certificate."""

    def __init__(self, key: Path, certificate: Path, service: Path, *, is_rsa: bool) -> None:
        method = xmlsec.constants.TransformRsaSha256 if is_rsa else xmlsec.constants.TransformEcdsaSha256
        methods = method, xmlsec.constants.TransformSha256
        super().__init__(key, certificate, None, *methods)  # type: ignore[no-untyped-call]
        self._service_key = _make_verify_key(service.read_bytes())  # type: ignore[no-untyped-call]

    def verify(self, envelope: Any) -> Any:  # noqa: ANN401
        """Prove that the service signed it."""
        _verify_envelope_with_key(envelope, self._service_key)  # type: ignore[no-untyped-call]
        return envelope


def connect(served: Served, wsdl: str, environment: Environment, pair: KeyPair) -> Any:  # noqa: ANN401
    """Return zeep's service at our address, whatever the description says."""
    files = write_pem(pair, served.service_certificate.parent, "holder")
    is_rsa = isinstance(pair.key, RSAPrivateKey)
    wsse = OldClient(*files, served.service_certificate, is_rsa=is_rsa)
    client = zeep.Client(wsdl, wsse=wsse)  # type: ignore[no-untyped-call]
    address = served.url.replace("/notigateway/v1", environment.path)
    binding = f"{{{environment.namespace}}}{environment.service}PortBinding"
    return client.create_service(binding, address)  # type: ignore[no-untyped-call]


@pytest.fixture(
    params=[
        "reference",
        pytest.param("reference in production", marks=pytest.mark.soak),
        pytest.param("served", marks=pytest.mark.soak),
        "served in production",
    ]
)
def described(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> tuple[str, Environment]:
    """Give a description of each environment: the official one's files, and what we serve."""
    environment = PRODUCTION if "production" in request.param else TEST
    if request.param.startswith("served"):
        return f"{served.url.replace('/notigateway/v1', environment.path)}?wsdl", environment
    for name in ("WSCNPruebasService.wsdl", "WSCNPruebasService_schema1.xsd"):
        text = (reference_folder() / name).read_text("utf-8")
        (tmp_path / in_environment(name, environment)).write_text(in_environment(text, environment), "utf-8")
    return str(tmp_path / in_environment("WSCNPruebasService.wsdl", environment)), environment


def listed(service: Any, rol: int) -> tuple[int, dict[str, list[int]]]:  # noqa: ANN401
    """Return the number of pages, and the codes of each bucket, repeated ones dropped."""
    places, found, pages = dict(zip(CURSORS, START, strict=True)), {name: {} for name in BUCKETS}, 0  # type: ignore[var-annotated]
    while True:
        page = service.consultarListadoNotificaciones(rol=rol, **places)
        assert page.error.codigo == 0
        pages += 1
        for name in BUCKETS:
            found[name].update(dict.fromkeys(one.codigo for one in getattr(page, name)))
        places = {name: getattr(page, name) for name in CURSORS}
        if not page.hayMas:
            return pages, {name: list(codes) for name, codes in found.items()}
        assert pages < 20


def test_zeep_runs_every_operation_in_every_role(served: Served, described: tuple[str, Environment]) -> None:
    wsdl, environment = described
    stack = served.stack
    register_company(stack)
    assign(stack, RED_NIF)
    accept_power(stack, grant(stack))
    stack.publish_many(250)
    codes = list(range(1, 251))
    for rol, bucket, pair in (
        (1, 0, pki().company_seal), (2, 1, red()), (3, 2, attorney()), (0, 0, pki().representative)
    ):  # fmt: skip
        service = connect(served, wsdl, environment, pair)
        assert listed(service, rol) == (
            3,
            {name: codes if n == bucket else [] for n, name in enumerate(BUCKETS)},
        )
        role = rol or 1
        for code, accepts in ((10 * rol + 1, True), (10 * rol + 2, False)):
            acuse = service.solicitarAcuseNotificacion(
                rol=role, codigoNotificacion=code, esDeAceptacion=accepts
            )
            assert (acuse.error.codigo, acuse.codigoNotificacion) == (0, code)
            done = service.enviarAcuseNotificacion(rol=role, xmlAcuseFirmado=sign(acuse.XML, pair))
            assert (done.error.codigo, done.codigoNotificacion) == (0, code)
            assert done.pdfNotificacion == (b"%PDF-1.7 acto" if accepts else None)
            assert done.selladoTiempo
            again = service.enviarAcuseNotificacion(rol=role, xmlAcuseFirmado=sign(acuse.XML, pair))
            assert again.error.codigo == 135 + 3 * (role - 1) + (not accepts)
        seen = service.verNotificacionAceptada(rol=role, codigoNotificacion=10 * rol + 1)
        assert (seen.error.codigo, seen.pdfNotificacion) == (0, b"%PDF-1.7 acto")
        assert service.verNotificacionAceptada(rol=role, codigoNotificacion=10 * rol + 2).error.codigo == 27
        assert service.verNotificacionAceptada(rol=role, codigoNotificacion=200).error.codigo == 143 + role
        assert service.verNotificacionAceptada(rol=role, codigoNotificacion=999).error.codigo == 115 + role
        assert service.verNotificacionAceptada(rol=9, codigoNotificacion=1).error.codigo == 112
        acuse = service.solicitarAcuseNotificacion(rol=role, codigoNotificacion=200, esDeAceptacion=True)
        for code, damaged in (
            (20, acuse.XML),
            (24, sign(acuse.XML, pki().person)),
            (15, sign(sign(acuse.XML, pair), pair)),
            (14, sign(acuse.XML.replace(b"ACEPTACION", b"RECHAZO"), pair)),
            (16, b"no XML"),
        ):
            assert service.enviarAcuseNotificacion(rol=role, xmlAcuseFirmado=damaged).error.codigo == code
        assert service.enviarAcuseNotificacion(rol=role).error.codigo == 133
        grantors = service.solicitarPoderdantes()
        assert (grantors.tienePoderdantes, len(grantors.poderdantes)) == (rol == 3, int(rol == 3))
    named = service.consultarListadoNotificaciones(
        rol=3, identificadorPoderdante="00000001R", **dict(zip(CURSORS, START, strict=True))
    )
    assert named.error.codigo == 109
    stack.pass_time(days=11)
    assert service.verNotificacionAceptada(rol=1, codigoNotificacion=200).error.codigo == 137


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.service)
def test_zeep_reads_the_system_fault(served: Served, environment: Environment) -> None:
    wsdl = f"{served.url.replace('/notigateway/v1', environment.path)}?wsdl"
    service = connect(served, wsdl, environment, pki().stranger)
    with pytest.raises(Fault) as caught:
        service.solicitarPoderdantes()
    detail = caught.value.detail[0]
    assert detail.tag == f"{{{environment.namespace}}}{environment.fault}"
    assert detail.findtext("error/codigo") == "102"
