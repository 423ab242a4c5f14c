"""Documents beside an answer: for who asks, signed like the text in their place, streamed from the store."""

from __future__ import annotations

import base64
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from sqlalchemy.event import listens_for, remove
from structlog.testing import capture_logs

from notigateway.addressee.contents import PIECE_BYTES
from notigateway.http.streamed import CutOffError
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1, SWA_CONTENT
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope
from notigateway.wss.version import SoapVersion
from parcels import MTOM, SWA, include, made_whole, packed, part, root_part, taken_apart
from pki import pki
from stack import GENEROUS, Answer, Stack, environ_of, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element
    from sqlalchemy import Connection

SMALL = b"%PDF-1.7 small"
LARGE = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"end"


def contents_of(element: _Element) -> list[bytes | None]:
    return [
        None if (found := text(one, "content")) is None else base64.b64decode(found)
        for one in element.iterfind(".//{*}document")
    ]


def accepted(stack: Stack, *documents: bytes) -> UUID:
    mark = hashlib.sha256(b"".join(documents)).hexdigest()[:8]
    found = stack.publish(f"ACT-{mark}", documents=documents)
    stack.accept(found)
    return found


def asked(found: UUID) -> str:
    return f'<RetrieveNotifications xmlns="{NOTIGATEWAY_V1}"><id>{found}</id></RetrieveNotifications>'


def retrieve(stack: Stack, found: UUID, accept: str) -> Answer:
    return stack.send(stack.sign(asked(found)), HTTP_ACCEPT=accept)


def stored(stack: Stack, document: bytes) -> Path:
    name = hashlib.sha256(document).hexdigest()
    return stack.folder / "documents" / name[:2] / name[2:4] / name


class Sending:
    """An answer on its way, as far as the head of the large document."""

    def __init__(self, stack: Stack, content: str) -> None:
        self._pieces = iter(stack.endpoint(environ_of(stack.sign(content), HTTP_ACCEPT=MTOM), self._start))
        self.sent = b"".join(next(self._pieces) for _ in range(4))

    def _start(self, status: str, _headers: list[tuple[str, str]], _info: object = None, /) -> Any:  # noqa: ANN401
        assert status == "200 OK"

    def go_on(self) -> None:
        for piece in self._pieces:
            self.sent += piece


@contextmanager
def attesting(stack: Stack, then: Callable[[], object]) -> Iterator[None]:
    """Do that when the receipt of a handover is committed: what leaves was proven, and is not yet signed."""
    done: list[object] = []
    with stack.engine.connect() as own:
        before = receipts_in(own)

    def listen(connection: Connection) -> None:
        if not done and receipts_in(connection) > before:
            done.append(then())

    listens_for(stack.engine, "commit")(listen)
    yield
    remove(stack.engine, "commit", listen)
    assert done


def receipts_in(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM receipts").scalar_one())


def rot(file: Path) -> None:
    """Change the last byte as a disk does, without telling."""
    told = file.stat()
    with file.open("r+b") as target:
        target.seek(-1, os.SEEK_END)
        target.write(b"?")
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))


def test_mtom_is_answered_in_parts_and_signed_like_the_text_in_their_place(stack: Stack) -> None:
    found = accepted(stack, SMALL, LARGE, b"x")
    answer = retrieve(stack, found, f'text/xml, {MTOM}; start-info="text/xml"')
    assert answer.headers["Content-Type"].startswith(f"{MTOM}; start=")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    element = stack.check(made_whole(answer), is_1_0=True)
    assert contents_of(element) == [SMALL, LARGE, b"x"]
    # what is asked for plainly is as it was: inline as far as it goes
    plain = stack.ask("RetrieveNotifications", f"<id>{found}</id>")
    assert plain.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert etree.tostring(plain.tree) == etree.tostring(element)


def test_what_is_too_large_for_a_message_goes_beside_it_whole(sqlite_stack: Stack) -> None:
    huge = LARGE * 3  # more than the 5 MiB of a document inline
    found = accepted(sqlite_stack, huge)
    assert contents_of(sqlite_stack.ask("RetrieveNotifications", f"<id>{found}</id>").tree) == [None]
    root, parts = taken_apart(retrieve(sqlite_stack, found, MTOM))
    assert list(parts.values()) == [huge]
    assert len(root) < 10_000


def test_attachments_are_found_by_the_document_and_signed_by_their_hash(stack: Stack) -> None:
    found = accepted(stack, SMALL, LARGE)
    answer = retrieve(stack, found, SWA)
    assert answer.headers["Content-Type"].startswith(f"{SWA}; start=")
    root, parts = taken_apart(answer)
    tree = parse_envelope(root, limits=GENEROUS)
    named = {text(one, "documentId"): text(one, "sha256") for one in tree.body.iterfind(".//{*}document")}
    assert contents_of(tree.body) == [None, None]
    assert {name.partition("@")[0]: hashlib.sha256(one).hexdigest() for name, one in parts.items()} == named
    signed = {
        one.get("URI"): one.findtext("{*}DigestValue")
        for one in tree.root.iter("{*}Reference")
        if one.find(f"{{*}}Transforms/{{*}}Transform[@Algorithm='{SWA_CONTENT}']") is not None
    }
    assert signed == {
        f"cid:{name}": base64.b64encode(hashlib.sha256(one).digest()).decode() for name, one in parts.items()
    }


@pytest.mark.parametrize(
    "accept",
    [
        "text/xml, multipart/related",  # Metro and SAAJ, whatever they are asked to do
        "application/soap+xml, application/dime, multipart/related, text/*",  # Axis
        "*/*",  # CXF
        'multipart/related; type="application/xop+xml"; q=0',
        'multipart/related; type="image/svg+xml"',
        "multipart/related; type=;;",
        '"',
    ],
)
def test_what_every_stack_says_asks_for_nothing(sqlite_stack: Stack, accept: str) -> None:
    found = accepted(sqlite_stack, SMALL)
    answer = retrieve(sqlite_stack, found, accept)
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert contents_of(sqlite_stack.check(answer, is_1_0=True)) == [SMALL]


@pytest.mark.parametrize(
    "accept",
    [
        "application/xop+xml",
        "multipart/related;type=application/xop+xml",
        'text/xml;q=0.5, Multipart/Related; Type="application/XOP+xml"; q=0.9',
        f"{SWA}, {MTOM}",
    ],
)
def test_mtom_is_asked_for_in_any_spelling(sqlite_stack: Stack, accept: str) -> None:
    found = accepted(sqlite_stack, SMALL)
    assert retrieve(sqlite_stack, found, accept).headers["Content-Type"].startswith(MTOM)


def test_what_has_no_document_is_answered_plainly(sqlite_stack: Stack) -> None:
    available = sqlite_stack.publish("ACT-OPEN")
    for content in (asked(available), f'<Ping xmlns="{NOTIGATEWAY_V1}"/>'):
        answer = sqlite_stack.send(sqlite_stack.sign(content), HTTP_ACCEPT=MTOM)
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        sqlite_stack.check(answer, is_1_0=True)


def test_a_request_in_parts_is_made_whole_and_answered_so(stack: Stack) -> None:
    """As CXF writes it: the token travels in a part, its name escaped."""
    found = accepted(stack, SMALL)
    envelope = stack.sign(asked(found))
    before, rest = envelope.split(b'wsu:Id="X509', 1)
    identifier, _, rest = rest.partition(b">")
    token, _, rest = rest.partition(b"<")
    pointing = include("token%40stack.example").encode()
    root = before + b'wsu:Id="X509' + identifier + b">" + pointing + b"<" + rest
    body, environ = packed([root_part(root), part("token@stack.example", base64.b64decode(token))])
    answer = stack.send(body, **environ)
    assert contents_of(stack.check(made_whole(answer), is_1_0=True)) == [SMALL]


def test_the_evidence_of_a_request_in_parts_is_whole(sqlite_stack: Stack) -> None:
    found = sqlite_stack.publish("ACT-KEPT")
    envelope = sqlite_stack.sign(
        f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}"><id>{found}</id></AcceptNotifications>'
    )
    body, environ = packed([root_part(envelope)])
    sqlite_stack.check(sqlite_stack.send(body, **environ), is_1_0=True)
    (kept,) = [row for row in sqlite_stack.contents()["request_envelopes"] if envelope in row]
    assert hashlib.sha256(envelope).hexdigest() in kept


def test_soap_1_2_is_spoken_in_parts_too(sqlite_stack: Stack) -> None:
    found = accepted(sqlite_stack, SMALL)
    seal = pki().company_seal
    envelope = sign_envelope(
        asked(found).encode(),
        signer=Signer(seal.key, seal.certificate),
        now=sqlite_stack.now,
        form=EnvelopeForm(soap=SoapVersion.V1_2),
    )
    info = SoapVersion.V1_2.media_type
    body, environ = packed([root_part(envelope, soap=info)], **{"start-info": info})
    answer = sqlite_stack.send(body, **environ)
    assert f'start-info="{info}"' in answer.headers["Content-Type"]
    whole = made_whole(answer)
    assert whole.soap is SoapVersion.V1_2
    assert contents_of(sqlite_stack.check(whole)) == [SMALL]


def test_documents_beyond_the_limit_of_an_answer_go_by_reference(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, attached_response_max_bytes=len(LARGE) + 10)
    found = accepted(stack, LARGE, LARGE[1:], b"0123456789")
    assert contents_of(stack.check(made_whole(retrieve(stack, found, MTOM)))) == [LARGE, None, b"0123456789"]
    stack.close()


def test_what_is_damaged_is_told_of_its_item_alone(stack: Stack) -> None:
    damaged, sound = accepted(stack, LARGE), accepted(stack, LARGE[1:], SMALL)
    stored(stack, LARGE).write_bytes(b"0" + LARGE[1:])
    content = asked(damaged).replace("</Ret", f"<id>{sound}</id></Ret")
    answer = stack.send(stack.sign(content), HTTP_ACCEPT=MTOM)
    first, second = stack.check(made_whole(answer)).iterfind("{*}item")
    assert text(first, "problem/code") == "DOCUMENT_DAMAGED"
    assert contents_of(first) == []
    assert contents_of(second) == [LARGE[1:], SMALL]


def test_an_answer_is_cut_off_where_the_store_changes_while_it_is_sent(stack: Stack) -> None:
    """As long as it would be, without its end, and without the last piece of the document."""
    found = accepted(stack, LARGE)
    sending = Sending(stack, asked(found))
    rot(stored(stack, LARGE))
    with capture_logs() as logged, pytest.raises(CutOffError):
        sending.go_on()
    assert not sending.sent.endswith(b"--\r\n")
    assert sending.sent.count(LARGE[-10:-1]) == 0
    assert [one["event"] for one in logged] == ["answer_cut_off"]
    assert logged[0]["code"] == "DOCUMENT_DAMAGED"


def test_a_document_that_is_gone_is_a_fault_before_anything_is_sent_and_a_cut_behind(stack: Stack) -> None:
    gone = accepted(stack, LARGE)
    sending = Sending(stack, asked(gone))
    stored(stack, LARGE).unlink()
    with capture_logs() as logged, pytest.raises(CutOffError):
        sending.go_on()
    assert [one["event"] for one in logged] == ["document_damaged", "answer_cut_off"]
    found = accepted(stack, LARGE[1:])
    with attesting(stack, stored(stack, LARGE[1:]).unlink):
        answer = retrieve(stack, found, MTOM)
    stack.check(answer)
    assert (answer.status, answer.code) == (500, "DOCUMENT_DAMAGED")
