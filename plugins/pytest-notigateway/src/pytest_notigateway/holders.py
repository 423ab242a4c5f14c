"""The holders of a sandbox's certificates, and clients that sign as one of them."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notigateway.client import NotificationClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_notigateway.calling import Calls

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a certificate: files for a client under test, as bytes."""

    nif: str
    name: str
    certificate: bytes
    key: bytes
    p12: bytes

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what the sandbox says."""
        certificate, key = told["certificate"].encode(), told["key"].encode()
        return cls(told["nif"], told["name"], certificate, key, b64decode(told["p12"]))

    def key_pair(self) -> tuple[RSAPrivateKey, x509.Certificate]:
        """Return key and certificate, ready to sign."""
        key = load_pem_private_key(self.key, None)
        assert isinstance(key, RSAPrivateKey)  # noqa: S101  (as the sandbox makes them)
        return key, x509.load_pem_x509_certificate(self.certificate)


@dataclass(frozen=True, slots=True)
class Certificates:
    """All of a world, in PEM: the service's prove answers, the seal's receipts."""

    holders: Mapping[str, Holder]
    passphrase: str
    service: bytes
    seal: bytes
    told: Mapping[str, Any]

    @classmethod
    def of(cls, calls: Calls) -> Self:
        """Ask for them."""
        told = calls.get("certificates")
        holders = {name: Holder.of(one) for name, one in told["holders"].items()}
        return cls(holders, told["passphrase"], told["service"].encode(), told["seal"].encode(), told)

    def client(self, name: str, url: str, **options: Any) -> NotificationClient:  # noqa: ANN401
        """Return a client that signs as that holder."""
        key, certificate = self._holder(name).key_pair()
        pinned = x509.load_pem_x509_certificates(self.service)
        return NotificationClient(
            url, key=key, certificate=certificate, server_certificates=pinned, **options
        )

    def write(self, folder: Path) -> None:
        """Write them as files, under the names that they have in the folder `pki` of a sandbox.

        `service.cert.pem`, `seal.cert.pem`, and below `holders`: `company.key.pem`, `company.cert.pem`,
        `company.p12`, … with `passphrase.txt`.
        """
        holders = folder / "holders"
        holders.mkdir(parents=True, exist_ok=True)
        for name in ("service", "seal", "root", "issuing", "tsa"):
            if self.told.get(name):
                (folder / f"{name}.cert.pem").write_text(self.told[name], "utf-8")
        (holders / "passphrase.txt").write_text(f"{self.passphrase}\n", "utf-8")
        for name, holder in self.holders.items():
            for suffix, content in (
                ("key.pem", holder.key),
                ("cert.pem", holder.certificate),
                ("p12", holder.p12),
            ):
                (holders / f"{name}.{suffix}").write_bytes(content)

    def _holder(self, name: str) -> Holder:
        if name not in self.holders:
            raise KeyError(f"no holder {name}: there are {', '.join(sorted(self.holders))}")
        return self.holders[name]
