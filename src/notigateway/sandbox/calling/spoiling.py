"""Ways of spoiling a right request: before, at and after it is signed, or on its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notigateway.sandbox.calling import editing
from notigateway.sandbox.calling.parties import certificate_of, made, subject_of
from notigateway.sandbox.certifying import name, new_ec_key, new_rsa_key
from notigateway.wss.ns import WSU
from notigateway.wss.sign import EnvelopeForm
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey as PublicKey

    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.calling.messages import Asked, Message

    Making = Callable[[Asked], list[Message]]

_STALE: Final = timedelta(minutes=10)
_DEPTH: Final = 100
_WEAK_BITS: Final = 1024
_LARGE_BITS: Final = 8200
_ENVELOPE: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{SoapVersion.V1_1.value}">'
    "<soap:Body>%s</soap:Body></soap:Envelope>"
)
_PARTS: Final = (
    'multipart/related; type="application/xop+xml"; start-info="text/xml"; start="<root>"; boundary="part"'
)
_NO_ROOT: Final = (
    b"--part\r\nContent-ID: <another>\r\nContent-Type: application/xop+xml; type=text/xml\r\n\r\n<x/>\r\n"
    b"--part--\r\n"
)


# --- what is done before, at and after signing


def edited(edit: Callable[[bytes], bytes]) -> Making:
    """Change the bytes of a request that was right."""

    def make(asked: Asked) -> list[Message]:
        right = asked.message()
        return [replace(right, body=edit(right.body))]

    return make


def resigned(edit: Callable[[bytes], bytes]) -> Making:
    """Sign another SignedInfo than the right one."""

    def make(asked: Asked) -> list[Message]:
        right = asked.message()
        return [replace(right, body=editing.resigned(right.body, asked.pair, edit))]

    return make


def carried(**changes: object) -> Making:
    """Send a right envelope with something else of HTTP."""

    def make(asked: Asked) -> list[Message]:
        return [replace(asked.message(), **changes)]  # type: ignore[arg-type]  # fields of Message

    return make


def header(block: str) -> Making:
    """Add a block to the header, which nobody has signed."""
    return edited(lambda data: editing.with_header(data, block))


def content(change: Callable[[bytes], bytes]) -> Making:
    """Ask for something else, rightly signed."""
    return lambda asked: [replace(asked, content=change(asked.content)).message()]


def plain(content: str) -> Making:
    """Send an envelope with that in its Body, and nothing else."""
    return lambda asked: [asked.carrying((_ENVELOPE % content).encode())]


# --- who asks


def by(make: Callable[[Asked], KeyPair]) -> Making:
    """Ask by another certificate."""
    return lambda asked: [asked.by(make(asked)).message()]


def may_not_sign(asked: Asked) -> KeyPair:
    """Return a certificate of the same holder that is for encryption only."""
    subject = asked.pair.certificate.subject
    return made(asked.world, subject, usages=frozenset({"key_encipherment"}))


def expired(asked: Asked) -> KeyPair:
    """Return a certificate of the same holder that ended yesterday."""
    return made(asked.world, asked.pair.certificate.subject, until=asked.now - timedelta(days=1))


def nameless(asked: Asked) -> KeyPair:
    """Return a certificate of nobody whom a NIF names."""
    return made(asked.world, name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "Nadie Ficticio")))


def not_registered(asked: Asked) -> KeyPair:
    """Return a new certificate of the same holder."""
    return made(asked.world, asked.pair.certificate.subject)


def token_of(key: Callable[[], PublicKey]) -> Making:
    """Show a certificate of another key: it is looked at before the signature is."""

    def make(asked: Asked) -> list[Message]:
        right, subject = asked.message(), asked.pair.certificate.subject
        token = certificate_of(asked.world, subject, key()).public_bytes(Encoding.DER)
        return [replace(right, body=editing.with_token(right.body, token))]

    return make


def weak_key() -> PublicKey:
    """Return a key that everybody could break."""
    return new_rsa_key(_WEAK_BITS).public_key()


def large_key() -> PublicKey:
    """Return what looks like a key that costs too much to verify with; nobody has its private half."""
    return RSAPublicNumbers(65537, (1 << _LARGE_BITS) + 1).public_key()


def key_of_another(asked: Asked) -> list[Message]:
    """Ask as somebody, then as somebody else who has the same key, without saying by which certificate."""
    key = new_ec_key()
    first = asked.by(made(asked.world, asked.pair.certificate.subject, key=key))
    second = asked.by(made(asked.world, subject_of(asked.world, "stranger"), key=key))
    silent = EnvelopeForm(must_understand=True)
    return [first.message(form=silent), second.message(form=silent)]


# --- what is asked


def twice(asked: Asked) -> list[Message]:
    """Send the same message twice."""
    right = asked.message()
    return [right, right]


def undated_twice(asked: Asked) -> list[Message]:
    """Send a message without a Timestamp twice, by a certificate with which nothing was agreed."""
    pair = not_registered(asked)
    right = asked.by(pair).message()
    undated = replace(right, body=editing.without_timestamp(right.body, pair))
    return [undated, undated]


def stale(asked: Asked) -> list[Message]:
    """Send what was signed some time ago."""
    return [asked.message(now=asked.now - _STALE)]


def addressed(header: str, text: str) -> Making:
    """Say something else in a header of WS-Addressing, rightly signed."""

    def make(asked: Asked) -> list[Message]:
        form = asked.form()
        others = tuple((one, text if one == header else said) for one, said in form.addressing)
        return [asked.message(form=replace(form, addressing=others))]

    return make


def of_another_version(asked: Asked) -> list[Message]:
    """Say of an envelope of SOAP 1.1 that it is one of SOAP 1.2."""
    right = asked.message()
    return [replace(right, headers={**right.headers, "Content-Type": "application/soap+xml; charset=utf-8"})]


def of_another_action(asked: Asked) -> list[Message]:
    """Name another operation in SOAPAction."""
    right = asked.message()
    return [replace(right, headers={**right.headers, "SOAPAction": '"urn:example:AnotherOperation"'})]


def too_large(asked: Asked) -> list[Message]:
    """Send a byte more than is read."""
    right = asked.message()
    most = asked.world.settings.request_max_bytes
    return [replace(right, body=right.body + b" " * max(0, most + 1 - len(right.body)))]


def to_nowhere(asked: Asked) -> list[Message]:
    """Send it to a path where nothing stands."""
    right = asked.message()
    return [replace(right, path=f"{right.path}/none")]


def with_id_twice(data: bytes) -> bytes:
    """Return an envelope with another element of the Body's wsu:Id."""
    mark = data.partition(b'wsu:Id="Body-')[2].partition(b'"')[0].decode()
    return editing.with_header(data, f'<x xmlns="urn:example" xmlns:wsu="{WSU}" wsu:Id="Body-{mark}"/>')


def with_relative_namespace(content: bytes) -> bytes:
    """Return what is asked with a namespace that is a relative URI."""
    head, _, rest = content.partition(b" ")
    return head + b' xmlns:x="relative" ' + rest


def with_more(content: bytes) -> bytes:
    """Return what is asked with an element that no schema has."""
    end = content.rindex(b"</")
    return content[:end] + b"<nothing></nothing>" + content[end:]


def renamed(content: bytes) -> bytes:
    """Return it as an operation that there is not."""
    name = content[1 : content.index(b" ")]
    return content.replace(b"<" + name, b"<Nothing", 1).replace(b"</" + name + b">", b"</Nothing>", 1)


def with_doctype(data: bytes) -> bytes:
    """Return an envelope with a document type declaration."""
    return data.replace(b"?>\n", b"?>\n<!DOCTYPE x>", 1)


def with_changed_body(data: bytes) -> bytes:
    """Return an envelope with something in its Body that was not there when it was signed."""
    return data.replace(b"</soap:Body>", b" </soap:Body>", 1)


def deep() -> str:
    """Return elements in elements, deeper than anybody writes them."""
    return "<a>" * _DEPTH + "</a>" * _DEPTH


def as_form(asked: Asked) -> list[Message]:
    """Send it as a page sends a form."""
    right = asked.message()
    return [replace(right, headers={**right.headers, "Content-Type": "application/x-www-form-urlencoded"})]


def in_wrong_parts(asked: Asked) -> list[Message]:
    """Send it in parts of which none is the root that the header names."""
    return [replace(asked.message(), headers={"Content-Type": _PARTS}, body=_NO_ROOT)]


def without_timestamp(asked: Asked) -> list[Message]:
    """Sign it without a Timestamp."""
    right = asked.message()
    return [replace(right, body=editing.without_timestamp(right.body, asked.pair))]
