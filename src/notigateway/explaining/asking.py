"""What is wrong with the question itself: HTTP, ids, coverage, addressing, operation, identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.explaining import binding
from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.soap.served import SERVED
from notigateway.wss.ns import WSA, WSSE, WSU, WSU_ID, namespace_of, wsa
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway import errors
    from notigateway.explaining.sight import Sight
    from notigateway.wss.envelope import Envelope

MEDIA_TYPE: Final = Known(
    "media-type", "Content-Type is none of SOAP in UTF-8",
    "send text/xml or application/soap+xml, in UTF-8 (curl: -H 'Content-Type: text/xml; charset=utf-8')",
    None,
)  # fmt: skip
CONTENT_ENCODING: Final = Known(
    "content-encoding", "Content-Encoding says that the body is packed",
    "send it as it is, without Content-Encoding", None,
)  # fmt: skip
OTHER_VERSION: Final = Known(
    "version-of-media-type", "the Envelope is of another version of SOAP than Content-Type says",
    "text/xml is SOAP 1.1, application/soap+xml is SOAP 1.2", None,
)  # fmt: skip
DOUBLE_ID: Final = Known(
    "id-doubled", "one id stands on two elements: old versions of node-soap repeat ids", "give each its own",
    None
)  # fmt: skip
BODY_UNSIGNED: Final = Known(
    "body-not-signed", "Body not signed: no Reference names its id", "put the Body's id into a Reference",
    None,
)  # fmt: skip
BODY_UNSIGNED_BY_WCF: Final = Known(
    "body-not-signed-by-wcf",
    "Body not signed: WCF signs only the Timestamp under TransportWithMessageCredential",
    "sign the Body too: MutualCertificate with ProtectionLevel.Sign", None,
)  # fmt: skip
TIMESTAMP_UNSIGNED: Final = Known(
    "timestamp-not-signed", "the Timestamp was added after signing, or the client signs the Body only",
    "sign both", None
)  # fmt: skip
HEADER_UNSIGNED: Final = Known(
    "addressing-not-signed", "a WS-Addressing header must be understood or signed, and is not signed",
    "sign the WS-Addressing headers, or send them without mustUnderstand", None,
)  # fmt: skip
BODY_WITHOUT_ID: Final = Known(
    "body-without-id", "the Body has no id (wsu:Id), so no reference can point to it", "set wsu:Id first",
    None
)  # fmt: skip
REPLY_ELSEWHERE: Final = Known(
    "reply-elsewhere", "ReplyTo or FaultTo wants the answer somewhere else",
    f"write {WSA}/anonymous, or leave it out", None,
)  # fmt: skip
ADDRESSING: Final = Known(
    "addressing", "a WS-Addressing header says something else than the message",
    "write To and Action as the WSDL says", None,
)  # fmt: skip
ADDRESSING_REPEATED: Final = Known(
    "addressing-repeated", "a WS-Addressing header is there more than once", "write it once", None
)
ADDRESSING_FORM: Final = Known(
    "addressing-form", "a WS-Addressing header holds something else than it may",
    "write a text alone; in ReplyTo and FaultTo one Address, without ReferenceParameters", None,
)  # fmt: skip
ACTION: Final = Known(
    "action-of-another-operation", "SOAPAction names another operation than the Body",
    "send that of the WSDL", None
)  # fmt: skip
OTHER_CONTRACT: Final = Known(
    "operation-of-another-contract", "the operation is one of another contract",
    "send it to that one's address", None
)  # fmt: skip
OPERATION_NAMESPACE: Final = Known(
    "operation-namespace", "the operation is in another namespace than its contract", "use the contract's",
    None
)  # fmt: skip
OPERATION_CASE: Final = Known(
    "operation-written-otherwise",
    "the operation is written in another case, or with Request or Response behind it",
    "write it as the WSDL does", None,
)  # fmt: skip
ROLE: Final = Known("role-unknown", "rol is no capacity of the contract", "1 own, 2 RED, 3 attorney", None)
OPERATION: Final = Known(
    "operation-unknown", "no operation has that name", "see the WSDL", None
)  # fmt: skip
IDENTITIES: Final = (
    Known("no-nif", "the certificate names nobody by NIF in an attribute that is read; a common name is none",
          "use a certificate with the NIF", "no-nif"),
    Known("no-person", "the certificate names no person by NIF, and no policy makes it a seal",
          "an entity calls with its qualified seal (QCP-l) or by a representative's certificate",
          "no-person"),
    Known("no-entity", "a representative's certificate without organizationIdentifier VATES-…",
          "use one that names the entity", "no-entity"),
    Known("not-an-entity", "the organizationIdentifier is a natural person's NIF",
          "a person is represented by a power", "not-an-entity"),
    Known("pseudonym", "the certificate names its holder by a pseudonym", "use one with the NIF",
          "pseudonym"),
    Known("limited-representation", "the representation is of limited scope (RD 203/2021 art. 34.2)",
          "use a general one, or a power", "limited-representation"),
    Known("foreign-identifier", "not an identifier of Spain",
          "IDCES-, PNOES-, TINES- or VATES-, bare where C is ES",
          "foreign-identifier"),
    Known("not-a-nif",
          "a NIF has nine letters and digits without spaces or hyphens; PAS, NTR and LEI are no NIF",
          "use a certificate with the NIF", "not-a-nif"),
    Known("contradiction", "two sources of the certificate name different holders, or a seal names a person",
          "use a certificate that names one", "contradiction"),
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (
    MEDIA_TYPE, CONTENT_ENCODING, OTHER_VERSION, DOUBLE_ID, BODY_UNSIGNED, BODY_UNSIGNED_BY_WCF,
    TIMESTAMP_UNSIGNED, HEADER_UNSIGNED, BODY_WITHOUT_ID, REPLY_ELSEWHERE, ADDRESSING, ADDRESSING_REPEATED,
    ADDRESSING_FORM, *binding.ALL, ACTION, OTHER_CONTRACT, OPERATION_NAMESPACE, OPERATION_CASE, ROLE,
    OPERATION, *IDENTITIES,
)  # fmt: skip


def version_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell whether the media type is of another version; the namespaces are looked at with the structure."""
    if "media type" in error.detail and sight.envelope is not None:
        name = "1.1" if sight.envelope.soap is SoapVersion.V1_1 else "1.2"
        yield OTHER_VERSION.cause(Certainty.SEEN, f"the Envelope is SOAP {name}")


def id_causes(sight: Sight) -> Iterator[Cause]:
    """Name the ids that stand on several elements."""
    if sight.root is None:
        return
    places: dict[str, list[str]] = {}
    for element in sight.root.iter():
        for value in {value for name, value in element.attrib.items() if _is_id(str(name))}:
            places.setdefault(value, []).append(etree.QName(element).localname)
    for value, names in list(places.items())[:10_000]:
        if len(names) > 1:
            yield DOUBLE_ID.cause(Certainty.SEEN, f"{value[:100]!r} stands on {', '.join(names[:5])}")


def _is_id(name: str) -> bool:
    return name == "{http://www.w3.org/XML/1998/namespace}id" or name.rpartition("}")[2] in {"Id", "ID"}


def coverage_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell which part is not signed."""
    part = error.facts.get("part")
    body = sight.envelope.body if sight.envelope is not None else None
    if part == "Body" and body is not None and body.get(WSU_ID) is None and body.get("Id") is None:
        yield BODY_WITHOUT_ID.cause(Certainty.SEEN)
    elif part == "Body" and sight.envelope is not None and _is_of_wcf(sight.envelope):
        yield BODY_UNSIGNED_BY_WCF.cause(Certainty.SEEN)
    elif part == "Body":
        yield BODY_UNSIGNED.cause(Certainty.SEEN)
    elif part == "Timestamp":
        yield TIMESTAMP_UNSIGNED.cause(Certainty.SEEN)
    else:
        yield HEADER_UNSIGNED.cause(Certainty.SEEN)


def _is_of_wcf(envelope: Envelope) -> bool:
    """Tell whether WCF seems to have written it: its fixed prefixes, o for wsse and u for wsu."""
    security = envelope.header.find(f"{{{WSSE}}}Security") if envelope.header is not None else None
    if security is None or security.prefix != "o":
        return False
    return any(one.prefix == "u" for one in security if namespace_of(str(one.tag)) == WSU)


def reply_causes(sight: Sight) -> Iterator[Cause]:
    """Quote the address where the answer is wanted."""
    for block in (
        sight.envelope.header if sight.envelope is not None and sight.envelope.header is not None else ()
    ):
        if block.tag in {wsa("ReplyTo"), wsa("FaultTo")}:
            address = (block.findtext(wsa("Address")) or "").strip()
            if address != f"{WSA}/anonymous":
                yield REPLY_ELSEWHERE.cause(
                    Certainty.SEEN, f"{etree.QName(block).localname} {address[:100]!r}"
                )


def addressing_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Name the header, and what it should be."""
    name, rule = str(error.facts.get("header", "")), str(error.facts.get("rule", ""))
    detail = f"{name}: {rule}"
    if rule == "repeated":
        yield ADDRESSING_REPEATED.cause(Certainty.SEEN, name)
        return
    if rule in _FORMS:
        yield ADDRESSING_FORM.cause(Certainty.SEEN, detail)
        return
    if name == "MessageID":
        yield from binding.message_id_causes(sight, rule)
        return
    if sight.contract is not None and name == "To":
        detail = f"To is not {sight.contract.public_url}"
    yield ADDRESSING.cause(Certainty.SEEN, detail)


_FORMS: Final = frozenset({"text", "address", "reference-parameters"})


def action_causes(sight: Sight) -> Iterator[Cause]:
    """Tell what SOAPAction should be."""
    if sight.contract is not None and sight.envelope is not None:
        name = etree.QName(sight.envelope.operation).localname
        yield ACTION.cause(Certainty.SEEN, f"it should be {sight.contract.action(name)}")


def operation_causes(sight: Sight) -> Iterator[Cause]:
    """Find the operation that was meant, in this contract or another."""
    if sight.envelope is None:
        return
    element = sight.envelope.operation
    name = etree.QName(element).localname
    namespace = namespace_of(str(element.tag))
    for served in SERVED.values():
        contract = served.contract("http://127.0.0.1/")
        if served.namespace == namespace and served is not sight.served and _names(contract.operations, name):
            yield OTHER_CONTRACT.cause(Certainty.SURE, served.name)
            return
    for served in [sight.served] if sight.served is not None else SERVED.values():
        operations = served.contract("http://127.0.0.1/").operations
        if name in operations:
            yield OPERATION_NAMESPACE.cause(
                Certainty.SEEN, f"{namespace[:100]!r} instead of {served.namespace}"
            )
            return
        meant = _names(operations, name)
        if meant and namespace == served.namespace:
            yield OPERATION_CASE.cause(Certainty.SEEN, f"{name[:60]!r} instead of {meant}")
            return
    yield OPERATION.cause(Certainty.SEEN, repr(name[:60]))


def _names(operations: frozenset[str], name: str) -> str:
    """Return the operation that a name means, or nothing."""
    stem = name.removesuffix("Request").removesuffix("Response").lower()
    return next((one for one in operations if one.lower() == stem), "")


def identity_causes(error: errors.GatewayError) -> Iterator[Cause]:
    """Tell what the certificate's names lack."""
    reason = error.facts.get("reason")
    yield from (known.cause(Certainty.SEEN) for known in IDENTITIES if known.how == reason)


def media_type_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell what is wrong with Content-Type, and quote it."""
    if error.detail == "content encoding":
        yield CONTENT_ENCODING.cause(Certainty.SEEN)
    elif sight.content_type:
        yield MEDIA_TYPE.cause(Certainty.SEEN, f"{error.detail} {sight.content_type[:100]!r}")
    else:
        yield MEDIA_TYPE.cause(Certainty.SEEN, "there is no Content-Type")
