"""What a signed envelope may contain: algorithms, limits and expectations, each one frozen value.

The value of every enum member is its URI; a URI without a member is refused. What is expected by
default are the members with SHA-2; those with SHA-1 only of a client for whom the operator says so.
No HMAC, no DSA, no MD5: RFC 6931 and XML-DSig 1.1 §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, Self, cast

from notigateway.wss.ns import DS, XENC

if TYPE_CHECKING:
    from notigateway.settings import Settings

_MORE_2001: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007: Final = "http://www.w3.org/2007/05/xmldsig-more#"

HashName = Literal["sha1", "sha256", "sha384", "sha512"]
KeyFamily = Literal["RSA", "RSA-PSS", "ECDSA"]


class SignatureMethod(Enum):
    """The signature algorithms that we read, each bound to a family of keys and a hash."""

    RSA_SHA1 = f"{DS}rsa-sha1"
    RSA_SHA256 = f"{_MORE_2001}rsa-sha256"
    RSA_SHA384 = f"{_MORE_2001}rsa-sha384"
    RSA_SHA512 = f"{_MORE_2001}rsa-sha512"
    RSA_PSS_SHA256 = f"{_MORE_2007}sha256-rsa-MGF1"
    RSA_PSS_SHA384 = f"{_MORE_2007}sha384-rsa-MGF1"
    RSA_PSS_SHA512 = f"{_MORE_2007}sha512-rsa-MGF1"
    ECDSA_SHA256 = f"{_MORE_2001}ecdsa-sha256"
    ECDSA_SHA384 = f"{_MORE_2001}ecdsa-sha384"
    ECDSA_SHA512 = f"{_MORE_2001}ecdsa-sha512"

    @property
    def family(self) -> KeyFamily:
        """Return the kind of key and padding that this method needs."""
        if self.name.startswith("ECDSA"):
            return "ECDSA"
        return "RSA-PSS" if self.name.startswith("RSA_PSS") else "RSA"

    @property
    def hash_name(self) -> HashName:
        """Return the hash over the canonical SignedInfo."""
        return cast("HashName", self.name.rpartition("_")[2].lower())

    @property
    def short_name(self) -> str:
        """Return the name by which stacks and error texts call it, such as `rsa-sha256`."""
        return self.value.partition("#")[2]


class DigestMethod(Enum):
    """The digests of signed parts that we read."""

    SHA1 = f"{DS}sha1"
    SHA256 = f"{XENC}sha256"
    SHA384 = f"{_MORE_2001}sha384"
    SHA512 = f"{XENC}sha512"

    @property
    def hash_name(self) -> HashName:
        """Return the name of the hash in `hashlib`."""
        return cast("HashName", self.name.lower())

    @property
    def short_name(self) -> str:
        """Return the name by which error texts call it."""
        return self.hash_name


STRONG_SIGNATURES: Final = frozenset(method for method in SignatureMethod if method.hash_name != "sha1")
STRONG_DIGESTS: Final = frozenset(method for method in DigestMethod if method.hash_name != "sha1")

# What clients send by mistake, by the name under which their documentation has it: an error text
# may name these, because they are words of ours and not an echo of the request.
REFUSED_BUT_KNOWN: Final[dict[str, str]] = {
    f"{DS}rsa-sha1": "rsa-sha1",
    f"{DS}dsa-sha1": "dsa-sha1",
    f"{DS}hmac-sha1": "hmac-sha1",
    f"{_MORE_2001}hmac-sha256": "hmac-sha256",
    f"{_MORE_2001}hmac-sha512": "hmac-sha512",
    f"{_MORE_2001}rsa-md5": "rsa-md5",
    f"{_MORE_2001}ecdsa-sha1": "ecdsa-sha1",
    f"{_MORE_2001}md5": "md5",
    f"{DS}sha1": "sha1",
    f"{DS}base64": "base64",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": "inclusive-c14n",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": "inclusive-c14n-with-comments",
    "http://www.w3.org/2006/12/xml-c14n11": "inclusive-c14n-1.1",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": "exclusive-c14n-with-comments",
    "http://www.w3.org/TR/1999/REC-xpath-19991116": "xpath",
    "http://www.w3.org/2002/06/xmldsig-filter2": "xpath-filter-2",
    "http://www.w3.org/TR/1999/REC-xslt-19991116": "xslt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an XML document may cost us; every count is taken before any canonicalisation."""

    request_max_bytes: int = 10 * 1024 * 1024
    max_depth: int = 64
    max_elements: int = 20_000
    max_attributes_per_element: int = 128
    max_namespaces_per_element: int = 64
    max_namespaces_total: int = 256
    max_name_chars: int = 512
    max_attribute_chars: int = 64 * 1024

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits that the operator set."""
        return cls(
            request_max_bytes=settings.request_max_bytes,
            max_depth=settings.xml_max_depth,
            max_elements=settings.xml_max_elements,
            max_attributes_per_element=settings.xml_max_attributes_per_element,
            max_namespaces_per_element=settings.xml_max_namespaces_per_element,
            max_namespaces_total=settings.xml_max_namespaces_total,
            max_name_chars=settings.xml_max_name_chars,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What a verifier expects of a signed envelope, beyond the fixed profile.

    `bare_x509_data`: X509Data may stand in KeyInfo without a SecurityTokenReference around it.
    `signed_addressing`: unsigned WS-Addressing headers are refused rather than ignored.
    """

    require_timestamp: bool = True
    max_age: timedelta = timedelta(seconds=300)
    skew: timedelta = timedelta(seconds=60)
    signature_methods: frozenset[SignatureMethod] = STRONG_SIGNATURES
    digest_methods: frozenset[DigestMethod] = STRONG_DIGESTS
    bare_x509_data: bool = False
    signed_addressing: bool = False
    max_references: int = 12
    max_prefixes: int = 32
    max_tokens: int = 4

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the operator's settings expect."""
        return cls(
            max_age=timedelta(seconds=settings.timestamp_max_age_seconds),
            skew=timedelta(seconds=settings.timestamp_skew_seconds),
        )
