"""A small trusted list of our own, in the form of ETSI TS 119 612, signed as member states sign theirs."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import methods
from signxml.algorithms import CanonicalizationMethod
from signxml.xades.xades import XAdESSigner

from notigateway.pki.trusted_list import TSL
from notigateway.sandbox.certifying import name
from notigateway.wss.ns import EXC_C14N, ds
from pki import NOW, authority, pki

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair

_BASE = "http://uri.etsi.org/TrstSvc"
GRANTED = f"{_BASE}/TrustedList/Svcstatus/granted"
WITHDRAWN = f"{_BASE}/TrustedList/Svcstatus/withdrawn"
CA_QC = f"{_BASE}/Svctype/CA/QC"
TSA_QTST = f"{_BASE}/Svctype/TSA/QTST"
FOR_SEALS = f"{_BASE}/TrustedList/SvcInfoExt/ForeSeals"
FOR_WEB = f"{_BASE}/TrustedList/SvcInfoExt/ForWebSiteAuthentication"


class _ListSigner(XAdESSigner):
    """signxml's signer, with the Transform that it applies and forgets to name."""

    def _add_reference_to_signed_info(
        self, sig_root: _Element, node_to_reference: _Element, **attributes: str
    ) -> None:
        super()._add_reference_to_signed_info(  # type: ignore[no-untyped-call]
            sig_root, node_to_reference, **attributes
        )
        reference = sig_root.findall(f"{ds('SignedInfo')}/{ds('Reference')}")[-1]
        transforms = etree.Element(ds("Transforms"))
        etree.SubElement(transforms, ds("Transform"), Algorithm=EXC_C14N)
        reference.insert(0, transforms)


@dataclass
class Service:
    """A service of the list; `was` adds an earlier status to its history."""

    issuer: x509.Certificate
    status: str = GRANTED
    kind: str = CA_QC
    since: datetime = NOW - timedelta(days=400)
    was: str = ""
    use: str = ""

    def xml(self) -> str:
        """Return the element."""
        history = ""
        if self.was:
            old = self._facts(self.was, self.since - timedelta(days=400))
            history = (
                f"<ServiceHistory><ServiceHistoryInstance>{old}</ServiceHistoryInstance></ServiceHistory>"
            )
        now = self._facts(self.status, self.since)
        return f"<TSPService><ServiceInformation>{now}</ServiceInformation>{history}</TSPService>"

    def _facts(self, status: str, since: datetime) -> str:
        der = base64.b64encode(self.issuer.public_bytes(Encoding.DER)).decode()
        uri = f'<URI xml:lang="en">{self.use}</URI>'
        use = f"<AdditionalServiceInformation>{uri}</AdditionalServiceInformation>"
        extension = f'<Extension Critical="false">{use}</Extension>'
        return (
            f"<ServiceTypeIdentifier>{self.kind}</ServiceTypeIdentifier>"
            '<ServiceName><Name xml:lang="en">Test service</Name></ServiceName>'
            f"<ServiceDigitalIdentity><DigitalId><X509Certificate>{der}</X509Certificate></DigitalId>"
            "</ServiceDigitalIdentity>"
            f"<ServiceStatus>{status}</ServiceStatus>"
            f"<StatusStartingTime>{since:%Y-%m-%dT%H:%M:%SZ}</StatusStartingTime>"
            + (
                f"<ServiceInformationExtensions>{extension}</ServiceInformationExtensions>"
                if self.use
                else ""
            )
        )


@cache
def supervisor(label: str = "supervisor") -> KeyPair:
    """Return the key that signs lists; each label is another one."""
    return authority(label, subject=name((x509.NameOID.COMMON_NAME, f"Supervisor {label}")))


@dataclass
class Listing:
    """The wish for a list."""

    services: Sequence[Service] = field(default_factory=lambda: [Service(pki().issuing.certificate)])
    number: int = 7
    issued_at: datetime = NOW - timedelta(days=10)
    next_update: datetime = NOW + timedelta(days=20)
    kind: str = f"{_BASE}/TrustedList/TSLType/EUgeneric"
    territory: str = "ES"

    def xml(self) -> bytes:
        """Return the list before it is signed."""
        services = "".join(service.xml() for service in self.services)
        return (
            f'<TrustServiceStatusList xmlns="{TSL}" TSLTag="http://uri.etsi.org/19612/TSLTag">'
            "<SchemeInformation><TSLVersionIdentifier>6</TSLVersionIdentifier>"
            f"<TSLSequenceNumber>{self.number}</TSLSequenceNumber><TSLType>{self.kind}</TSLType>"
            '<SchemeOperatorName><Name xml:lang="en">Test supervisor</Name></SchemeOperatorName>'
            f"<SchemeTerritory>{self.territory}</SchemeTerritory>"
            f"<ListIssueDateTime>{self.issued_at:%Y-%m-%dT%H:%M:%SZ}</ListIssueDateTime>"
            f"<NextUpdate><dateTime>{self.next_update:%Y-%m-%dT%H:%M:%SZ}</dateTime></NextUpdate>"
            "</SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPInformation>"
            '<TSPName><Name xml:lang="en">Test provider</Name></TSPName></TSPInformation>'
            f"<TSPServices>{services}</TSPServices>"
            "</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"
        ).encode()

    def signed(self, by: KeyPair | None = None) -> bytes:
        """Return the list with an enveloped XAdES signature."""
        by = by or supervisor()
        signer = _ListSigner(
            method=methods.enveloped,
            signature_algorithm="ecdsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        root = signer.sign(etree.fromstring(self.xml()), key=by.key, cert=[by.certificate])
        return etree.tostring(root)


def write_signers(folder: Path, *signers: KeyPair) -> Path:
    """Write the folder of the pinned signers."""
    folder.mkdir(exist_ok=True)
    for number, signer in enumerate(signers or (supervisor(),)):
        (folder / f"{number}.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    return folder
