"""The one safe parse: what is refused before, at and after it."""

from __future__ import annotations

import threading
import time

import pytest
from lxml import etree

from envelopes import PING, SOAP, plain_envelope
from notigateway.errors import (
    CanonicalFormError,
    EnvelopeStructureError,
    ForbiddenXmlError,
    GatewayError,
    MalformedXmlError,
    MustUnderstandError,
    TooLargeError,
    TransportError,
    VersionMismatchError,
    XmlLimitError,
)
from notigateway.wss.canonical import canonical
from notigateway.wss.envelope import Envelope, parse_envelope
from notigateway.wss.policy import Limits


def parse(data: bytes | str, **limits: int) -> Envelope:
    raw = data if isinstance(data, bytes) else data.encode()
    return parse_envelope(raw, limits=Limits(**limits))


def envelope(body: str = PING, *, header: str = "", attributes: str = "") -> str:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" {attributes}><soap:Header>{header}</soap:Header>'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )


def text_of(parsed: Envelope) -> str | None:
    return parsed.operation[0].text


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        plain_envelope(),
        b"\xef\xbb\xbf" + plain_envelope(),
        envelope().encode(),
        envelope().encode() + b"\n\n",
        b"\n  " + envelope().encode(),
        b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<!-- <!DOCTYPE x> -->"
        + envelope().encode(),
        f'<soap:Envelope xmlns:soap="{SOAP}">\n<soap:Body>\n{PING}\n</soap:Body>\n</soap:Envelope>'.encode(),
    ],
    ids=["plain", "bom", "no declaration", "newlines after", "space before", "comment", "pretty, no header"],
)
def test_an_envelope_is_read(data: bytes) -> None:
    parsed = parse(data)
    assert etree.QName(parsed.operation).localname == "Ping"
    assert parsed.operation.getparent() is parsed.body
    assert parsed.body.getparent() is parsed.root


def test_text_around_a_comment_is_one_text() -> None:
    parsed = parse(envelope("<p><text>ac<!-- x -->cept</text></p>"))
    assert text_of(parsed) == "accept"
    assert b"accept" in canonical(parsed.body)


def test_cdata_is_data_even_when_it_looks_like_a_doctype() -> None:
    parsed = parse(envelope("<p><text><![CDATA[<!DOCTYPE html> & ]]>x</text></p>"))
    assert text_of(parsed) == "<!DOCTYPE html> & x"


def test_characters_of_every_plane_survive() -> None:
    assert text_of(parse(envelope("<p><text>ñ€\U0001f600'\";--</text></p>"))) == "ñ€\U0001f600'\";--"


# --- bytes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", MalformedXmlError),
        (b"  \n ", MalformedXmlError),
        (b"hello", MalformedXmlError),
        (envelope().encode()[:-5], MalformedXmlError),
        (envelope().encode() * 2, MalformedXmlError),
        (envelope("<a>\0</a>").encode(), MalformedXmlError),
        (envelope().encode("utf-16"), MalformedXmlError),
        (envelope().encode("utf-16-be"), MalformedXmlError),
        (envelope().encode("utf-32"), MalformedXmlError),
        (envelope().encode("cp500"), MalformedXmlError),
        (b"<?xml version='1.0' encoding='iso-8859-1'?>" + envelope().encode(), MalformedXmlError),
        (
            b"<?xml version='1.0' encoding='us-ascii'?><!-- \xc3\xb1 -->" + envelope().encode(),
            MalformedXmlError,
        ),
        (b"<?xml version='1.0' encoding='utf-7'?>" + envelope().encode(), MalformedXmlError),
        (b"<?xml version='1.1'?>" + envelope().encode(), MalformedXmlError),
        (b"<?xml version='1.0' encoding='utf-8'" + envelope().encode(), MalformedXmlError),
        (b"<!-- never closed " + envelope().encode(), MalformedXmlError),
        (envelope("<a>\xe9</a>").encode("latin-1"), MalformedXmlError),
        (envelope("<a>").encode().replace(b"<a>", b"<a>\xc0\xbc</a>"), MalformedXmlError),
        (envelope("<a>").encode().replace(b"<a>", b"<a>\xed\xa0\x80</a>"), MalformedXmlError),
        (envelope("<a>\uffff</a>"), MalformedXmlError),
        (envelope("<a>&#0;</a>"), MalformedXmlError),
        (envelope("<a>&#x1f;</a>"), MalformedXmlError),
        (envelope("<a>&unknown;</a>"), MalformedXmlError),
        (envelope("<a b='1' b='2'/>"), MalformedXmlError),
        (envelope("<x:a/>"), MalformedXmlError),
        ("<!DOCTYPE a><a/>", ForbiddenXmlError),
        ("<!doctype a><a/>", ForbiddenXmlError),
        (
            "<?xml version='1.0'?>\n<!-- a --><?pi b?> <!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            ForbiddenXmlError,
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", ForbiddenXmlError),
        ("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'>%p;]><a/>", ForbiddenXmlError),
        ("<!ENTITY a 'b'><a/>", ForbiddenXmlError),
        (b"\xef\xbb\xbf<!DOCTYPE a><a/>", ForbiddenXmlError),
        (envelope("<a><!DOCTYPE b></a>"), MalformedXmlError),
    ],
)
def test_what_is_not_our_xml_is_refused(data: bytes | str, error: type[GatewayError]) -> None:
    with pytest.raises(error):
        parse(data)


def test_a_request_over_the_limit_is_too_large() -> None:
    with pytest.raises(TooLargeError) as caught:
        parse(envelope(), request_max_bytes=100)
    assert caught.value.facts == {"limit_bytes": 100}


# --- limits ---------------------------------------------------------------------------------------


def nested(depth: int) -> str:
    return "<a>" * depth + "</a>" * depth


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(envelope(nested(100)), id="depth"),
        pytest.param(envelope(nested(250)), id="depth near the parser's"),
        pytest.param(envelope(nested(10_000)), id="depth beyond the parser's"),
        pytest.param(envelope(nested(75_000)), id="coercive parsing"),
        pytest.param(envelope("<a>" + "<b/>" * 25_000 + "</a>"), id="elements"),
        pytest.param(envelope("<a>" + "<b></b>" * 60_000 + "</a>"), id="elements by bytes"),
        pytest.param(envelope("<a " + " ".join(f'b{n}=""' for n in range(25_000)) + "/>"), id="attributes"),
        pytest.param(
            envelope("<a " + " ".join(f'xmlns:b{n}="urn:{n}"' for n in range(5_000)) + "/>"), id="namespaces"
        ),
        pytest.param(
            envelope("<a " + " ".join(f'xmlns:b{n}="urn:{n}"' for n in range(65)) + "/>"), id="one tag"
        ),
        pytest.param(
            envelope("".join(f'<a xmlns:b="urn:{n}">' for n in range(257)) + "</a>" * 257),
            id="namespaces in all",
        ),
        pytest.param(envelope(f"<{'a' * 600}/>"), id="element name"),
        pytest.param(envelope(f"<{'a' * 60_000}/>"), id="element name beyond the parser's"),
        pytest.param(envelope(f"<a xmlns='urn:{'b' * 600}'/>"), id="namespace name"),
        pytest.param(envelope(f'<a xmlns:c = "urn:{"b" * 600}"/>'), id="prefixed namespace name"),
        pytest.param(envelope("<b c='' d='' e='' f='' g=''/>" * 19_000), id="attributes by bytes"),
        pytest.param(envelope(f"<a {'b' * 600}=''/>"), id="attribute name"),
        pytest.param(envelope(f"<a b='{'c' * 70_000}'/>"), id="attribute value"),
    ],
)
def test_a_structural_limit_is_reported_quickly(data: str) -> None:
    start = time.process_time()
    with pytest.raises(XmlLimitError):
        parse(data)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b" " * 10_000_000, id="spaces"),
        pytest.param(b"<?xml" + b" " * 10_000_000, id="spaces in the declaration"),
        pytest.param(b"<?xml version='1.0'" + b" " * 10_000_000, id="spaces after the version"),
        pytest.param(b"<!--" + b"-" * 10_000_000, id="a comment"),
        pytest.param(b"<!-- -->" * 1_000_000, id="comments"),
        pytest.param(b"<?a ?>" * 1_000_000, id="instructions"),
        pytest.param((b"<a xmlns" + b" " * 40_000) * 250, id="spaces after xmlns"),
        pytest.param((b"<a xmlns:" + b"b" * 40_000) * 250, id="letters after xmlns"),
        pytest.param(b"<a b='" + b"c" * 10_000_000, id="an attribute"),
        pytest.param(b"<a>" + b"&lt;" * 2_500_000, id="references"),
    ],
)
def test_ten_megabytes_of_nonsense_are_refused_within_a_second(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(TransportError):
        parse(data)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(nested(60), id="depth"),
        pytest.param("<a>" + "<b/>" * 19_900 + "</a>", id="elements"),
        pytest.param("<a " + " ".join(f'b{n}=""' for n in range(128)) + "/>", id="attributes"),
        pytest.param("<a " + " ".join(f'xmlns:b{n}="urn:{n}"' for n in range(64)) + "/>", id="namespaces"),
        pytest.param("<a>" + "<!-- c -->" * 25_000 + "</a>", id="comments"),
    ],
)
def test_what_is_within_the_limits_is_read(body: str) -> None:
    assert parse(envelope(body)).operation.tag == "a"


def test_limits_are_settings() -> None:
    with pytest.raises(XmlLimitError, match="depth"):
        parse(envelope("<a><b/></a>"), max_depth=3)
    assert parse(envelope("<a><b/></a>"), max_depth=4).operation.tag == "a"


# --- structure ------------------------------------------------------------------------------------

BODY = f"<soap:Body>{PING}</soap:Body>"


def raw(inner: str, namespace: str = SOAP) -> str:
    return f'<soap:Envelope xmlns:soap="{namespace}">{inner}</soap:Envelope>'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(raw(BODY + BODY), id="two bodies"),
        pytest.param(raw(BODY + "<soap:Header/>"), id="header after body"),
        pytest.param(raw("<soap:Header/><soap:Header/>" + BODY), id="two headers"),
        pytest.param(raw(BODY + "<x/>"), id="element after body"),
        pytest.param(raw("<x/>" + BODY), id="element before body"),
        pytest.param(raw("<soap:Header/>"), id="no body"),
        pytest.param(raw(""), id="empty envelope"),
        pytest.param(raw("text" + BODY), id="text in envelope"),
        pytest.param(raw(BODY + "\u00a0"), id="no-break space in envelope"),
        pytest.param(raw("<soap:Header>text</soap:Header>" + BODY), id="text in header"),
        pytest.param(raw("<soap:Body/>"), id="empty body"),
        pytest.param(raw("<soap:Body>text</soap:Body>"), id="text body"),
        pytest.param(raw(f"<soap:Body>{PING}text</soap:Body>"), id="text after operation"),
        pytest.param(raw(f"<soap:Body>{PING}{PING}</soap:Body>"), id="two operations"),
        pytest.param(raw(f"<Body>{PING}</Body>"), id="body without namespace"),
        pytest.param("<x/>", id="no envelope"),
        pytest.param(raw(f"<soap:Body>{PING}<?pi x?></soap:Body>"), id="instruction in body"),
        pytest.param(raw("<soap:Header><?pi?></soap:Header>" + BODY), id="instruction in header"),
        pytest.param("<?pi x?>" + raw(BODY), id="instruction before root"),
        pytest.param("<!-- c --><?pi x?>\n" + raw(BODY), id="instruction before root, after a comment"),
        pytest.param(raw(BODY) + "<?pi x?>", id="instruction after root"),
        pytest.param(raw("<soap:Body><a><?xml-stylesheet href='x'?></a></soap:Body>"), id="instruction deep"),
    ],
)
def test_another_structure_is_refused(data: str) -> None:
    with pytest.raises(EnvelopeStructureError):
        parse(data)


@pytest.mark.parametrize("namespace", ["http://www.w3.org/2002/06/soap-envelope", "urn:other", ""])
def test_another_soap_version_is_a_mismatch(namespace: str) -> None:
    with pytest.raises(VersionMismatchError):
        parse(raw(BODY, namespace) if namespace else f"<Envelope><Body>{PING}</Body></Envelope>")


NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
ULTIMATE = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"


@pytest.mark.parametrize("must", ["1", "true", " 1 "])
@pytest.mark.parametrize("actor", ["", 'soap:actor=""', f'soap:actor="{NEXT}"', f'soap:actor="{ULTIMATE}"'])
def test_an_unknown_header_that_must_be_understood_is_refused(must: str, actor: str) -> None:
    with pytest.raises(MustUnderstandError):
        parse(envelope(header=f'<h xmlns="urn:h" soap:mustUnderstand="{must}" {actor}/>'))


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'soap:mustUnderstand="0"',
        'soap:mustUnderstand="false"',
        'soap:mustUnderstand="1" soap:actor="urn:other"',
    ],
)
def test_an_unknown_header_that_may_be_ignored_is_ignored(attributes: str) -> None:
    assert parse(envelope(header=f'<h xmlns="urn:h" {attributes}/>')).header is not None


def test_a_nonsense_must_understand_is_refused() -> None:
    with pytest.raises(EnvelopeStructureError):
        parse(envelope(header='<h xmlns="urn:h" soap:mustUnderstand="maybe"/>'))


# --- canonical form -------------------------------------------------------------------------------


def test_canonical_form_leaves_out_tail_and_comments() -> None:
    root = etree.fromstring('<r xmlns:p="urn:p" xmlns:q="urn:q"><p:a  b = "1"><!-- c --> x </p:a>tail</r>')
    assert canonical(root[0]) == b'<p:a xmlns:p="urn:p" b="1"> x </p:a>'


@pytest.mark.parametrize("other_thread", [False, True])
def test_the_default_namespace_can_be_listed_in_every_thread(*, other_thread: bool) -> None:
    found: list[bytes] = []

    def work() -> None:
        parsed = parse(envelope('<p:a xmlns:p="urn:p"/>', attributes='xmlns="urn:d"'))
        found.append(canonical(parsed.operation, prefixes=["#default", "soap", "never-declared"]))

    if other_thread:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    else:
        work()
    assert found == [f'<p:a xmlns="urn:d" xmlns:p="urn:p" xmlns:soap="{SOAP}"></p:a>'.encode()]


def test_a_relative_namespace_has_no_canonical_form() -> None:
    with pytest.raises(CanonicalFormError):
        canonical(etree.fromstring('<a xmlns="relative"/>'))
