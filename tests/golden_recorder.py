"""Writes answers down so that they can be compared between runs: byte for byte but for what must differ.

Keys, certificates, identifiers, hashes, nonces, salts, codes, cursors and signature values are new in every
run. Each stands as a placeholder with a number in the order of its first appearance; the same value has the
same number through a whole chapter, so what refers to what stays visible. Texts are never parsed and
written again: placeholders are put into the bytes as they came. Line ends are marked with `⏎`; a line end
without that mark was put in for the reader.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pypdf
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from sqlalchemy import select

from notigateway.evidence.bundle import read_container
from notigateway.instants import instant_text
from notigateway.published import published_folder
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading
from pki import pki
from titles import ATTORNEY_NIF, RED_NIF, holder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from notigateway.pki.keys import KeyPair
    from stack import Answer, Stack

# The only identifier that a test's request states itself (`client_shapes.wcf`).
_STATED = "8f7c6f4e-2f10-4e6c-9f7a-0b7a3f5a1d11"
_EMBEDDED = re.compile(r"<(xml|file|XML)>([A-Za-z0-9+/=]+)</\1>")
_ELEMENTS = (
    ("certificate", re.compile(r"(<(?:ds:X509Certificate|wsse:BinarySecurityToken)\b[^>]*>)([^<]+)")),
    ("signature", re.compile(r"(<ds:SignatureValue[^>]*>)([^<]+)")),
    ("time-stamp", re.compile(r"(<xades:EncapsulatedTimeStamp[^>]*>)([^<]+)")),
    ("cursor", re.compile(r"(<nextCursor>)([^<]+)")),
    ("version", re.compile(r"(<softwareVersion>)([^<]+)")),
    ("csv", re.compile(r"(<CsvCode>)([^<]+)")),
)
_VALUES = re.compile(
    r"(?P<uuid>(?i:\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b))"
    r"|(?P<sha256>\b[0-9a-f]{64}\b)"
    r"|(?<=-)(?P<nonce>[0-9a-f]{32}\b)"
    r"|(?<=SignXMLSignature)(?P<sid>[0-9A-F]{8}\b)|(?<=SignXMLReference)(?P<rid>[0-9A-F]{8}\b)"
    r"|(?<=SignXMLCertificate)(?P<kid>[0-9A-F]{8}\b)|(?<=SignedProperties)(?P<pid>[0-9A-F]{8}\b)"
    r"|(?P<serial>\b[0-9]{25,}\b)"
    r"|(?<![A-Za-z0-9+/=])(?P<base64>[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])"
)
# These begin anew with every text: they name only what stands in it.
_LOCAL = frozenset({"nonce", "sid", "rid", "kid", "pid"})
_SECURITY = re.compile(r"<wsse:Security .*?</wsse:Security>", re.DOTALL)
_NUMBER = re.compile(r"(\{(?:digest|signature|sha256|uuid)[a-z ]*?)-?[0-9]+")
_BREAKS = re.compile(r"(?<=>)(?=<[^/])|(?<=/>)(?=<)")
_AFTER_END = re.compile(r"(</[^<>]+>)(?=</)")
# A record and the receipt of the same request enter the log in the order of their identifiers.
_PLACES = re.compile(r'("index": )\d+(.*"proof": \[).*?(\])', re.DOTALL)
# In a note: who signed, and the signature.
_SIGNED = re.compile(rb"^(\xe2\x80\x94 \S+ )\S+$", re.MULTILINE)
_SIZES = re.compile(r'("size": )\d+')
_INVISIBLE = re.compile("[\u200b\u00ad\u2060]")
_USUAL_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass
class Recorder:
    """The answers of one chapter, in the order in which they came."""

    stack: Stack
    sections: list[str] = field(default_factory=list)
    answers: int = 0
    receipts: int = 0
    _names: dict[bytes, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _local: dict[tuple[str, str], str] = field(default_factory=dict)
    _later: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        named: dict[str, KeyPair] = {
            "the service": pki().service,
            "the seal": pki().seal,
            "the company": pki().company_seal,
            "the representative": pki().representative,
            "the person": pki().person,
            "the issuing body": pki().issuer,
            "the RED person": holder(RED_NIF),
            "the attorney": holder(ATTORNEY_NIF),
        }
        for name, pair in named.items():
            der = pair.certificate.public_bytes(Encoding.DER)
            self._names[der] = f"{{certificate of {name}}}"
            self._names[hashlib.sha256(der).digest()] = f"{{sha256 of the certificate of {name}}}"
            self._names[str(pair.certificate.serial_number).encode()] = f"{{serial of {name}}}"
        for file in published_folder("wsdl").glob("*policy*.txt"):
            digest = hashlib.sha256(file.read_bytes()).digest()
            self._names[digest] = f"{{sha256 of {file.name}}}"

    # --- asking and writing down

    def ask(
        self, title: str, operation: str, inner: str = "", *, holder: KeyPair | None = None, **environ: object
    ) -> Answer:
        """Ask an operation of the addressees' contract."""
        return self.answer(title, self.stack.ask(operation, inner, holder=holder, **environ))

    def issuing(
        self,
        title: str,
        operation: str,
        inner: str = "",
        *,
        holder: KeyPair | None = None,
        **named: str | None,
    ) -> Answer:
        """Ask an operation of the issuing bodies' contract."""
        return self.answer(title, self.stack.ask_issuing(operation, inner, holder=holder, **named))

    def publish(self, reference: str, **changes: Any) -> str:  # noqa: ANN401  (what Stack.publish takes)
        """Put an act at disposal, and let a second pass."""
        wanted = self.stack.publish(reference, **changes)
        self.stack.pass_time(seconds=1)
        return str(wanted)

    def answer(self, title: str, answer: Answer) -> Answer:
        """Write an answer down, and let a second pass: no two things happen at once."""
        headers = dict(answer.headers)
        for name, value in _USUAL_HEADERS.items():
            assert headers.pop(name) == value
        assert headers.pop("Content-Length") == str(len(answer.body))
        correlation_id = headers.pop("X-Correlation-Id")
        said = [headers.pop("Content-Type"), *(f"{name}: {headers[name]}" for name in sorted(headers))]
        etree.fromstring(answer.body)
        text = self.normal(answer.body.decode())
        text = _SECURITY.sub(lambda found: self._fold(found[0]), text)
        self._write(
            title,
            f"HTTP {answer.status} | {' | '.join(said)} | {self.normal(correlation_id)}\n{rendered(text)}",
        )
        self.answers += 1
        self._flush()
        self.stack.pass_time(seconds=1)
        return answer

    def text(self, title: str, text: bytes | str, *, is_xml: bool = False) -> None:
        """Write down a text that is no answer."""
        said = self.normal(text.decode() if isinstance(text, bytes) else text)
        self._write(title, rendered(said) if is_xml else said)
        self._flush()

    def access_records(self) -> None:
        """Write down what was recorded of every request, in the order of time and then of the answers."""
        with reading(self.stack.engine) as session:
            rows = [(row.at, row.record.decode()) for row in session.scalars(select(AccessRecord))]
        places = {name.decode(): place for place, name in enumerate(self._names) if name.isascii()}

        def order(row: tuple[datetime, str]) -> tuple[datetime, int]:
            return row[0], places.get(json.loads(row[1])["correlationId"], -1)

        self.text("the access records", "\n".join(record for _, record in sorted(rows, key=order)))

    def chapter(self) -> str:
        """Return everything as one text."""
        return "\n".join(self.sections)

    def _write(self, title: str, text: str) -> None:
        self.sections.append(f"=== {title}\n{text}\n")

    def _flush(self) -> None:
        """Write down what was found inside, each once."""
        while self._later:
            self._write(*self._later.pop(0))

    # --- placeholders

    def normal(self, text: str) -> str:
        """Return a text with its placeholders."""
        self._local = {}
        text = _EMBEDDED.sub(lambda found: f"<{found[1]}>{self._embedded(found)}</{found[1]}>", text)
        for kind, pattern in _ELEMENTS:
            text = pattern.sub(partial(self._element, kind), text)
        return _VALUES.sub(self._value, text)

    def _numbered(self, kind: str, value: bytes) -> str:
        if value not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[value] = f"{{{kind}-{self._counts[kind]}}}"
        return self._names[value]

    def _element(self, kind: str, found: re.Match[str]) -> str:
        start, value = found.groups()
        if kind in {"signature", "version", "time-stamp"}:
            return f"{start}{{{kind}}}"
        if kind == "certificate":
            lines = "{in lines}" if "\n" in value else ""
            return f"{start}{self._numbered(kind, b64decode(value))}{lines}"
        return start + self._numbered(kind, value.encode())

    def _value(self, found: re.Match[str]) -> str:
        kind, value = str(found.lastgroup), found[0]
        if value == _STATED:
            return value
        if kind in _LOCAL:
            place = sum(1 for known, _ in self._local if known == kind) + 1
            return self._local.setdefault((kind, value), f"{{{kind}-{place}}}")
        if kind == "sha256":
            return self._numbered(kind, bytes.fromhex(value))
        if kind == "base64":
            return self._numbered("sha256", b64decode(value)) + "{in base64}"
        if kind == "uuid" and value != value.lower():
            return self._numbered(kind, value.lower().encode()) + "{in upper case}"
        return self._numbered(kind, value.encode())

    def _fold(self, security: str) -> str:
        """Return the name of the security header's form, and write the form down where it is new."""
        made = instant_text(self.stack.now)
        ends = instant_text(self.stack.now + timedelta(seconds=300))
        form = _NUMBER.sub(r"\1", security.replace(made, "{now}").replace(ends, "{in five minutes}"))
        is_new = form.encode() not in self._names
        name = self._numbered("security header", form.encode())
        if is_new:
            self._later.append((name, rendered(form)))
        return name

    # --- what stands inside

    def _embedded(self, found: re.Match[str]) -> str:
        data = b64decode(found[2])
        read: Callable[[str, bytes], None]
        if data.startswith(b"%PDF"):
            kind, read = "pdf", self._pdf
        elif data.startswith(b"PK"):
            kind, read = "bundle", self._bundle
        elif found[1] == "XML":
            kind, read = "acuse", self._xml
        else:
            kind, read = "receipt", self._xml
        is_new = data not in self._names
        name = self._numbered(kind, data)
        if is_new:
            self.receipts += kind == "receipt"
            outer, self._local = self._local, {}
            read(name, data)
            self._local = outer
        return name

    def _xml(self, name: str, data: bytes) -> None:
        etree.fromstring(data)
        sha256 = self._numbered("sha256", hashlib.sha256(data).digest())
        self._later.append((f"{name}, with the hash {sha256}", rendered(self.normal(data.decode()))))

    def _pdf(self, name: str, data: bytes) -> None:
        """Note the text of a form: its receipt, and so every value in it, is known already."""
        reader = pypdf.PdfReader(io.BytesIO(data))
        about: Mapping[str, object] = reader.metadata or {}
        lines = [f"{key[1:]}: {about[key]}" for key in ("/Title", "/Subject", "/Author")]
        lines += [f"attached: {file}" for file in reader.attachments]
        pages = "\n--- page\n".join(page.extract_text() for page in reader.pages)
        text = _INVISIBLE.sub("", "\n".join([*lines, "--- page", pages]))
        self._later.append((name, self.normal(self._joined(text))))

    def _joined(self, text: str) -> str:
        """Join values that a line end divides: where it falls depends on their digits."""
        for value, name in self._names.items():
            if name.startswith("{csv-"):
                code = value.decode()
                grouped = "-".join(code[place : place + 4] for place in range(0, len(code), 4))
                text = re.sub("\n?".join(map(re.escape, grouped)), f"{name}{{in groups}}", text)
                continue
            if len(value) == hashlib.sha256().digest_size and "sha256" in name:
                written = value.hex()
            elif name.startswith(("{uuid-", "{serial")):
                written = value.decode()
            else:
                continue
            if written[:4] in text.replace("\n", ""):
                text = re.sub("\n?".join(written), written, text)
        return text

    def _bundle(self, name: str, data: bytes) -> None:
        said = []
        for member, content in read_container(data).items():
            if member.endswith((".txt", ".json", ".note")):
                shown = _SIGNED.sub(rb"\1{signature}", content).decode()
                text = self.normal(_PLACES.sub(r"\1{place}\2{hashes}\3", shown))
                text = _SIZES.sub(r"\1{size}", text)
            elif content in self._names:
                text = self._names[content]
            else:
                text = "{" + member.rpartition(".")[2] + "}"
            said.append(f"--- {member}\n{text}")
        self._later.append((name, "\n".join(said)))


def rendered(text: str) -> str:
    """Return XML with a line for each element, its own line ends marked."""
    marked = text.replace("\n", "⏎\n")
    return _AFTER_END.sub("\\1\n", _BREAKS.sub("\n", marked))


def content_of(data: bytes) -> str:
    """Return an element of a document's content."""
    return f"<content>{b64encode(data).decode()}</content>"
