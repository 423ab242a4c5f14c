"""The connection of one holder of a certificate to one service: what it is made of, and how it is asked."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from notigateway.client import wire
from notigateway.client.errors import NotVerifiedError, UnreachableError
from notigateway.client.transport import Retries, Transport
from notigateway.contract import v1
from notigateway.pki.anchors import PinnedCertificates
from notigateway.pki.keys import KeyPair, load_certificates, load_key_pair, load_p12

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from lxml.etree import _Element

    from notigateway.contract.xml import VersionedRequest


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def in_doubt() -> Iterator[None]:
    """Say of an answer that does not come, or is not proven, that what was asked may have been done."""
    try:
        yield
    except (NotVerifiedError, UnreachableError) as error:
        error.may_be_decided = True
        raise


class Caller:
    """Calls one service, as one holder of a certificate.

    `server_certificates` are the service's signing certificates, obtained beforehand: an answer that
    none of them signed, or that is not to the very request, is refused unread. `public_url` is how the
    service is called where it is reached at another address. With `mtom` documents come in parts beside an
    answer, however large, and are kept in temporary files. Methods raise `ClientError` and its kinds,
    nothing else of the network, XML or cryptography underneath.

    Raises: `ConfigurationError` for an unusable URL or key.
    """

    def __init__(
        self,
        url: str,
        *,
        key: RSAPrivateKey | EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        server_certificates: Sequence[x509.Certificate],
        timeout_seconds: float = 60.0,
        retries: Retries | None = None,
        clock: Callable[[], datetime] = _utc_now,
        tls: ssl.SSLContext | None = None,
        public_url: str | None = None,
        mtom: bool = False,
    ) -> None:
        self._transport = Transport(
            url,
            key_pair=KeyPair(key, certificate),
            pinned=PinnedCertificates(list(server_certificates)),
            timeout_seconds=timeout_seconds,
            retries=retries or Retries(),
            clock=clock,
            tls=tls,
            public_url=public_url,
            mtom=mtom,
        )

    @classmethod
    def from_files(
        cls,
        url: str,
        *,
        key: Path | None = None,
        certificate: Path | None = None,
        p12: Path | None = None,
        password: bytes | None = None,
        server_certificates: Iterable[Path],
        timeout_seconds: float = 60.0,
        retries: Retries | None = None,
        tls: ssl.SSLContext | None = None,
        public_url: str | None = None,
        mtom: bool = False,
    ) -> Self:
        """Return a client from a PKCS #12 file, or from a key and a certificate in PEM or DER.

        Raises: `ConfigurationError` for files that cannot be read; `ValueError` unless exactly one
        of both ways is given.
        """
        if p12 is not None and key is None and certificate is None:
            pair = load_p12(p12, password)
        elif p12 is None and key is not None and certificate is not None:
            pair = load_key_pair(key, certificate, password)
        else:
            raise ValueError("give either a PKCS #12 file, or a key and its certificate")
        return cls(
            url,
            key=pair.key,
            certificate=pair.certificate,
            server_certificates=[one for file in server_certificates for one in load_certificates(file)],
            timeout_seconds=timeout_seconds,
            retries=retries,
            tls=tls,
            public_url=public_url,
            mtom=mtom,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The service's address."""
        return self._transport.url

    @property
    def holder(self) -> str:
        """Whom the client's certificate names: the NIF of the entity or the person, else the name."""
        return self._transport.holder

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _call(self, asked: VersionedRequest) -> _Element:
        """Return the verified answer to the operation that is named like `asked`."""
        return self._transport.call(type(asked).__name__, wire.message(asked))

    def _call_with_effect(self, asked: VersionedRequest) -> _Element:
        """Return the same for what has an effect: it is not sent before answers can be proven."""
        content = wire.message(asked)
        self._prove()
        with in_doubt():
            return self._transport.call(type(asked).__name__, content)

    def _prove(self) -> None:
        """Learn whether an answer can be proven, before what has legal effect is sent blindly.

        The service takes a message whose clock is off by some minutes; its answer would be refused here.
        """
        if not self._transport.is_proven:
            self._call(v1.Ping())
