"""The two versions of SOAP: the same envelope in two namespaces, with other words around it."""

from __future__ import annotations

from enum import Enum

from notigateway.wss.ns import SOAP11, SOAP12


class SoapVersion(Enum):
    """A version of SOAP, by the namespace of its Envelope."""

    V1_1 = SOAP11
    V1_2 = SOAP12

    def tag(self, local: str) -> str:
        """Return the qualified name of an element or attribute of this version, in Clark notation."""
        return f"{{{self.value}}}{local}"

    @property
    def actor(self) -> str:
        """Return the attribute that addresses a header block (SOAP 1.1 §4.2.2, SOAP 1.2 part 1 §5.2.2)."""
        return self.tag("actor" if self is SoapVersion.V1_1 else "role")

    @property
    def media_type(self) -> str:
        """Return the media type of its messages (SOAP 1.1 §6.1, RFC 3902)."""
        return "text/xml" if self is SoapVersion.V1_1 else "application/soap+xml"
