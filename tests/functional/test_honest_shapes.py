"""What honest stacks write differently, through the whole gateway: answered, or refused with the reason.

The rows of `docs/divergences.md` say which; what is answered here is also in the generators of attacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from client_shapes import (
    by_name,
    certificate_text,
    issuer_serial_text,
    subject_text,
    with_path,
    x509_data,
)
from envelopes import SIGN_BODY_AND_TIMESTAMP, WSU, Draft, Ref
from notigateway.sandbox.certifying import name
from notigateway.wss.ns import NOTIGATEWAY_V1
from pki import COMPANY_NIF, PERSON_NIF, Issue, company_subject, pki, rsa_key, write_pem
from refusals import assert_answered, assert_refusal
from stack import CONTRACT, ISSUER, NG, Stack, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stack import Answer

NGV1: Final = f'xmlns:n="{NOTIGATEWAY_V1}"'
PING: Final = f"<n:Ping {NGV1}/>"
XSI: Final = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XS: Final = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
WSA: Final = "http://www.w3.org/2005/08/addressing"
SOME: Final = "019e830e-1a00-7f33-99b3-bff608ba5160"


@pytest.fixture
def registering(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Start a gateway at which some holders' certificates are registered."""
    started: list[Stack] = []

    def start(*holders: str, **options: object) -> Stack:
        clients = [
            {"certificate_file": write_pem(getattr(pki(), holder), tmp_path, holder)[1], **options}
            for holder in holders
        ]
        stack = Stack(sqlite_url, tmp_path, clients=clients)
        stack.publish()
        started.append(stack)
        return stack

    yield start
    for stack in started:
        stack.close()


def operation(name: str, inner: str = "", attributes: str = "") -> str:
    return f"<n:{name} {NGV1} {XSI} {XS} {attributes}>{inner}</n:{name}>"


def asked(stack: Stack, content: str, **changes: Any) -> Answer:  # noqa: ANN401  (fields of Draft)
    """Send a message that no other is like, so that none is a replay."""
    stack.pass_time(milliseconds=1)
    return stack.send(Draft(content=content, now=stack.now, **changes).build())


# --- who signed -----------------------------------------------------------------------------------


def test_the_signer_is_the_end_of_the_path_wherever_it_stands(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    seal, issuing, root = (
        certificate_text(one.certificate) for one in (pki().company_seal, pki().issuing, pki().root)
    )
    for path in ((seal, issuing, root), (root, issuing, seal), (issuing, seal), (issuing, root, seal)):
        sqlite_stack.pass_time(milliseconds=1)
        draft = x509_data(pki().company_seal, *path, content=PING)
        draft.now = sqlite_stack.now
        answer = sqlite_stack.send(draft.build())
        assert_answered(sqlite_stack, answer, "Ping")
        assert text(answer.tree, "party/identifier") == COMPANY_NIF


@pytest.mark.parametrize(
    ("holders", "code"),
    [
        pytest.param(("company_seal", "person"), "TOKEN_INVALID", id="two ends"),
        pytest.param(("company_seal", "company_seal"), "TOKEN_INVALID", id="twice"),
        pytest.param(("company_seal", "issuing", "other_root"), "TOKEN_INVALID", id="one beside the path"),
        pytest.param(("issuing", "root"), "CERTIFICATE_MAY_NOT_SIGN", id="nobody but authorities"),
    ],
)
def test_certificates_that_are_not_one_path_are_refused(
    sqlite_stack: Stack, holders: tuple[str, ...], code: str
) -> None:
    wanted = sqlite_stack.publish()
    content = operation("AcceptNotifications", f"<n:id>{wanted}</n:id>")
    data = x509_data(
        pki().company_seal,
        *(certificate_text(getattr(pki(), one).certificate) for one in holders),
        content=content,
    )
    assert_refusal(sqlite_stack, sqlite_stack.send(data.build()), code)
    assert sqlite_stack.decisions() == 0


def test_a_subject_beside_its_certificate_needs_no_registration(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    assert_answered(
        sqlite_stack, sqlite_stack.send(with_path(pki().company_seal, content=PING).build()), "Ping"
    )


def test_a_subject_alone_names_a_registered_certificate(registering: Callable[..., Stack]) -> None:
    stack = registering("company_seal")
    for spelled in (
        None,
        "/" + "/".join(reversed(pki().company_seal.certificate.subject.rfc4514_string().split(","))),
    ):
        stack.pass_time(milliseconds=1)
        draft = x509_data(pki().company_seal, subject_text(pki().company_seal, spelled), content=PING)
        draft.now = stack.now
        assert_answered(stack, stack.send(draft.build()), "Ping")
    other = x509_data(pki().person, subject_text(pki().person), content=PING)
    assert_refusal(stack, stack.send(other.build()), "TOKEN_UNAVAILABLE")


def test_a_subject_of_two_registered_certificates_names_neither(registering: Callable[..., Stack]) -> None:
    stack = registering("company_seal", "ec_company")
    data = x509_data(pki().company_seal, subject_text(pki().company_seal), content=PING).build()
    assert_refusal(stack, stack.send(data), "TOKEN_UNAVAILABLE")


def test_a_path_of_a_client_without_a_token_reference_is_read_where_that_was_agreed(
    registering: Callable[..., Stack],
) -> None:
    path = "".join(certificate_text(one.certificate) for one in (pki().issuing, pki().company_seal))
    bare = f"<ds:KeyInfo><ds:X509Data>{path}</ds:X509Data></ds:KeyInfo>"
    stack = registering("company_seal", bare_x509_data=True)
    assert_answered(stack, stack.send(by_name(pki().company_seal, bare, PING).build()), "Ping")


# `O` is "Emisión / Firma+Sello, S.A."; version 3 of OpenSSL escapes what separates, older ones do not.
OPENSSL: Final = {
    "compat, and PHP": (
        "/C=ES/O=Emisi\\xC3\\xB3n \\/ Firma\\+Sello, S.A./serialNumber=Q2826004J/CN=AC \\xC3\\x9Anica"
    ),
    "compat of old": (
        "/C=ES/O=Emisi\\xC3\\xB3n / Firma+Sello, S.A./serialNumber=Q2826004J/CN=AC \\xC3\\x9Anica"
    ),
    "oneline": (
        'C = ES, O = "Emisi\\C3\\B3n / Firma+Sello, S.A.", serialNumber = Q2826004J, CN = AC \\C3\\9Anica'
    ),
    "RFC2253": ("CN=AC \\C3\\9Anica,serialNumber=Q2826004J,O=Emisi\\C3\\B3n / Firma\\+Sello\\, S.A.,C=ES"),
}


@pytest.mark.parametrize("spelled", OPENSSL)
def test_an_issuer_is_found_as_openssl_writes_it(sqlite_url: str, tmp_path: Path, spelled: str) -> None:
    authority = Issue(
        name(
            (NameOID.COUNTRY_NAME, "ES"),
            (NameOID.ORGANIZATION_NAME, "Emisión / Firma+Sello, S.A."),
            (x509.NameOID.SERIAL_NUMBER, "Q2826004J"),
            (NameOID.COMMON_NAME, "AC Única"),
        ),
        rsa_key("rsa issuing"),
        by=pki().root,
        ca=True,
        usages=frozenset({"key_cert_sign", "crl_sign"}),
    ).make()
    holder = pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=authority)
    _, file = write_pem(holder, tmp_path, "registered")
    stack = Stack(
        sqlite_url,
        tmp_path,
        anchors=[pki().root.certificate, authority.certificate],
        clients=[{"certificate_file": file}],
    )
    stack.publish()
    draft = by_name(holder, issuer_serial_text(holder, name=OPENSSL[spelled]), PING)
    assert_answered(stack, stack.send(draft.build()), "Ping")
    stack.close()


# --- XML ------------------------------------------------------------------------------------------

DECLARATIONS: Final = {
    'encoding="US-ASCII"': True,
    "encoding='us-ascii' standalone='yes'": True,
    'encoding="utf-8"': True,
    'encoding="ISO-8859-1"': False,
    'encoding="windows-1252"': False,
    'encoding="UTF-16"': False,
}


@pytest.mark.parametrize("declared", DECLARATIONS)
def test_ascii_may_be_called_so_and_what_could_be_something_else_may_not(
    sqlite_stack: Stack, declared: str
) -> None:
    sqlite_stack.publish()
    data = Draft(content=PING, prolog="").build()
    answer = sqlite_stack.send(f'<?xml version="1.0" {declared}?>'.encode() + data)
    if DECLARATIONS[declared]:
        assert_answered(sqlite_stack, answer, "Ping")
    else:
        assert_refusal(sqlite_stack, answer, "XML_NOT_WELL_FORMED")


def test_what_is_called_ascii_and_is_not_is_refused(sqlite_stack: Stack) -> None:
    wanted = sqlite_stack.publish()
    content = operation("RejectNotifications", f"<n:id>{wanted}</n:id><n:reason>ñ</n:reason>")
    data = Draft(content=content, prolog="").build()
    as_reference = data.replace(b"&#241;", "ñ".encode())
    answer = sqlite_stack.send(b'<?xml version="1.0" encoding="US-ASCII"?>' + as_reference)
    assert_refusal(sqlite_stack, answer, "XML_NOT_WELL_FORMED")
    written = as_reference.replace("ñ".encode(), b"&#241;")
    answer = sqlite_stack.send(b'<?xml version="1.0" encoding="US-ASCII"?>' + written)
    assert text(answer.tree, "item/outcome") == "decided"


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("Timestamp", ""),
        ("Timestamp", "http://schemas.xmlsoap.org/ws/2003/06/utility"),
        ("Timestamp", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"),
        ("BinarySecurityToken", WSU),
        ("BinarySecurityToken", ""),
        ("Signature", ""),
    ],
)
def test_a_child_of_security_in_another_namespace_is_told_so(
    sqlite_stack: Stack, name: str, namespace: str
) -> None:
    extra = f'<x:{name} xmlns:x="{namespace}"/>' if namespace else f'<{name} xmlns=""/>'
    answer = sqlite_stack.send(Draft(content=PING, security_extra=extra).build())
    assert_refusal(sqlite_stack, answer, "SECURITY_HEADER_INVALID")
    assert answer.facts == {"part": name, "rule": "namespace"}


@pytest.mark.parametrize("place", [b"<n:Ping ", b"<soap:Body "])
def test_a_relative_namespace_has_nothing_that_could_be_signed(sqlite_stack: Stack, place: bytes) -> None:
    data = Draft(content=PING).build().replace(place, place + b'xmlns:r="relative" ')
    assert_refusal(sqlite_stack, sqlite_stack.send(data), "NO_CANONICAL_FORM")


@pytest.mark.parametrize("must", [" 1 ", "\n true\t", "0", " false "])
def test_white_space_around_must_understand_means_nothing(sqlite_stack: Stack, must: str) -> None:
    sqlite_stack.publish()
    answer = asked(sqlite_stack, PING, security_attributes=f'soap:mustUnderstand="{must}"')
    assert_answered(sqlite_stack, answer, "Ping")


def test_an_empty_header_is_no_security(sqlite_stack: Stack) -> None:
    data = Draft(content=PING, tamper=lambda parts: parts.header.clear()).build()
    assert_refusal(sqlite_stack, sqlite_stack.send(data), "SECURITY_HEADER_MISSING")


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"references": (Ref("Body", uri=" #id-1"), Ref("Timestamp"))}, "REFERENCE_NOT_RESOLVED"),
        ({"ids": {"Body": " id-1 "}}, "REFERENCE_NOT_RESOLVED"),
        ({"signature_method": " http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}, "ALGORITHM_UNSUPPORTED"),
        ({"token_attributes": 'ValueType=" http://docs.oasis-open.org/x"'}, "TOKEN_TYPE_UNSUPPORTED"),
    ],
    ids=["reference", "id", "algorithm", "value type"],
)
def test_white_space_in_a_uri_of_the_signature_is_refused(
    sqlite_stack: Stack, draft: dict[str, Any], code: str
) -> None:
    """No stack writes it, and xmlsec and WSS4J do not take it for the URI either."""
    assert_refusal(sqlite_stack, asked(sqlite_stack, PING, **draft), code)


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize("nil", ["true", "1", "false", " true "])
@pytest.mark.parametrize("name", ["Ping", "ListNotifications", "GetDeliveryChannel", "ListPowers"])
def test_an_operation_without_arguments_may_be_nil(sqlite_stack: Stack, name: str, nil: str) -> None:
    sqlite_stack.publish()
    answer = asked(sqlite_stack, operation(name, attributes=f'xsi:nil="{nil}"'))
    assert_answered(sqlite_stack, answer, name)


@pytest.mark.parametrize(
    ("name", "inner", "attributes"),
    [
        ("AcceptNotifications", "", 'xsi:nil="true"'),
        ("AcceptNotifications", "{id}", 'xsi:nil="true"'),
        ("ListNotifications", "<n:filter/>", 'xsi:nil="true"'),
        ("ListNotifications", '<n:filter xsi:nil="true"/>', ""),
        ("Ping", "", 'xsi:nil="yes"'),
        ("Ping", "", 'xsi:nil="true" other="1"'),
        ("Ping", "text", 'xsi:nil="true"'),
    ],
)
def test_what_has_arguments_or_says_more_may_not(
    sqlite_stack: Stack, name: str, inner: str, attributes: str
) -> None:
    wanted = sqlite_stack.publish()
    content = operation(name, inner.format(id=f"<n:id>{wanted}</n:id>"), attributes)
    assert_refusal(sqlite_stack, asked(sqlite_stack, content), "INVALID_REQUEST")
    assert sqlite_stack.decisions() == 0


SPACED: Final = {
    "id": ("RetrieveReceipts", "<n:id>\n  {id}\t</n:id>"),
    "upper-case id": ("RetrieveReceipts", "<n:id> {ID} </n:id>"),
    "typed id": ("RetrieveReceipts", '<n:id xsi:type="n:Uuid">{id}</n:id>'),
    "typed and spaced": ("RetrieveReceipts", '<n:id xsi:type="n:Uuid"> {id} </n:id>'),
    "format": ("RetrieveReceipts", "<n:id>{id}</n:id><n:format> pdf\n</n:format>"),
    "nif": ("ListNotifications", "<n:filter><n:addresseeId> {nif} </n:addresseeId></n:filter>"),
    "dir3": ("ListNotifications", "<n:filter><n:issuerId>\t{dir3}\n</n:issuerId></n:filter>"),
    "words": (
        "ListNotifications",
        (
            "<n:filter><n:state> available </n:state><n:kind>\nnotification </n:kind>"
            "<n:role>\town</n:role></n:filter>"
        ),
    ),
    "typed": (
        "ListNotifications",
        (
            '<n:filter xsi:type="n:Filter"><n:state xsi:type="n:State">available</n:state>'
            '<n:availableFrom xsi:type="n:Instant">2026-01-01T00:00:00Z</n:availableFrom></n:filter>'
            '<n:pageSize xsi:type="n:PageSize">10</n:pageSize>'
        ),
    ),
    "numbers": ("ListNotifications", "<n:pageSize> 10\n</n:pageSize>"),
    "instants": (
        "ListNotifications",
        "<n:filter><n:availableFrom>\n 2026-01-01T00:00:00Z\t</n:availableFrom></n:filter>",
    ),
    "flags": ("RetrieveNotifications", "<n:id>{id}</n:id><n:forInformation> false </n:forInformation>"),
    "typed flag": (
        "RetrieveNotifications",
        '<n:id>{id}</n:id><n:forInformation xsi:type="xs:boolean">false</n:forInformation>',
    ),
    "version": ("Ping", "<n:contractVersion> 1.1 </n:contractVersion>"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPACED)
def test_white_space_and_right_types_change_nothing(sqlite_stack: Stack, case: str) -> None:
    wanted = sqlite_stack.publish()
    name, inner = SPACED[case]
    filled = inner.format(id=wanted, ID=str(wanted).upper(), nif=COMPANY_NIF, dir3=ISSUER)
    found = asked(sqlite_stack, operation(name, filled))
    assert_answered(sqlite_stack, found, name)
    CONTRACT.check(found.tree)
    ids = {(one.text or "").lower() for one in found.tree.iter(f"{{{NOTIGATEWAY_V1}}}id")}
    assert ids == (set() if name == "Ping" else {str(wanted)})
    assert found.tree.find(".//ng:problem", NG) is None or name == "RetrieveNotifications"


def test_a_decision_by_a_spaced_id_is_that_decision(stack: Stack) -> None:
    wanted = stack.publish()
    answer = stack.ask("AcceptNotifications", f"<id>\n {str(wanted).upper()} \n</id>")
    assert text(answer.tree, "item/id") == str(wanted).upper()  # as it was asked for
    assert text(answer.tree, "item/outcome") == "decided"
    again = stack.ask("AcceptNotifications", f"<id> {wanted}</id><id>{wanted} </id>")
    assert [one.text for one in again.tree.iterfind("ng:item/ng:outcome", NG)] == [
        "already_decided_by_you"
    ] * 2


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("<n:id>{id} {id}</n:id>", id="two in one"),
        pytest.param("<n:id>\N{NO-BREAK SPACE}{id}</n:id>", id="no-break space"),
        pytest.param("<n:id>\N{ZERO WIDTH SPACE}{id}</n:id>", id="zero width"),
        pytest.param('<n:id xsi:type="xs:string">{id}</n:id>', id="wider type"),
        pytest.param('<n:id xsi:type="n:Nif">{id}</n:id>', id="another type"),
        pytest.param('<n:id xsi:type="q:Uuid">{id}</n:id>', id="unbound prefix"),
        pytest.param('<n:id xsi:type="Uuid">{id}</n:id>', id="no prefix"),
    ],
)
def test_what_is_not_the_value_stays_refused(sqlite_stack: Stack, inner: str) -> None:
    wanted = sqlite_stack.publish()
    answer = asked(sqlite_stack, operation("AcceptNotifications", inner.format(id=wanted)))
    assert_refusal(sqlite_stack, answer, "INVALID_REQUEST")
    assert sqlite_stack.decisions() == 0


def test_the_issuing_contract_reads_spaced_words_too(sqlite_stack: Stack) -> None:
    act = (
        "<act><reference>A</reference><subject>s</subject><procedure>203546</procedure>"
        "<matter>collection</matter><kind> notification </kind>"
        f"<addressee><identifier> {COMPANY_NIF}\n</identifier><name>x</name></addressee>"
        "<document><name>a</name><mediaType>application/pdf</mediaType><content>QUJD</content></document></act>"
    )
    answer = sqlite_stack.ask_issuing("PublishActs", act, issuer=f" {ISSUER} ")
    assert answer.tree.find(".//{*}problem") is None
    listed = sqlite_stack.ask("ListNotifications", holder=pki().company_seal)
    assert text(listed.tree, "notification/addressee/identifier") == COMPANY_NIF


# --- addressing and the files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "message_id",
    [
        "http://client.example/message?id=1&amp;n=2#x",
        "https://client.example/a('b')?x=%20",
        "urn:uuid:019E830E-1A00-7F33-99B3-BFF608BA5160",
        "\n mid:1@client.example \t",
    ],
)
def test_a_message_id_is_any_uri_and_comes_back_as_it_was(sqlite_stack: Stack, message_id: str) -> None:
    sqlite_stack.publish()
    header = f'<a:MessageID xmlns:a="{WSA}" xmlns:wsu="{WSU}" wsu:Id="m">{message_id}</a:MessageID>'
    action = f'<a:Action xmlns:a="{WSA}" xmlns:wsu="{WSU}" wsu:Id="a"> urn:notigateway:v1:Ping </a:Action>'
    answer = asked(
        sqlite_stack,
        PING,
        header_before=header + action,
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("m"), Ref("a")),
    )
    assert_answered(sqlite_stack, answer, "Ping")
    assert f">{message_id.strip()}</wsa:RelatesTo>".encode() in answer.body


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "singleWsdl", "wsdl=soap12", "xsd=notigateway-v1.xsd"])
def test_head_is_get_without_the_body(sqlite_stack: Stack, query: str) -> None:
    got, head = (
        sqlite_stack.send(b"", REQUEST_METHOD=method, QUERY_STRING=query, CONTENT_LENGTH=None)
        for method in ("GET", "HEAD")
    )
    assert (head.status, head.body) == (200, b"")
    changing = {"X-Correlation-Id"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }
    assert head.headers["Content-Length"] == str(len(got.body))


def test_a_soap_action_may_have_white_space_around(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    data = Draft(content=PING).build()
    answer = sqlite_stack.send(data, HTTP_SOAPACTION=' " urn:notigateway:v1:Ping " ')
    assert_answered(sqlite_stack, answer, "Ping")


def test_nobody_else_is_meant_by_a_shape(sqlite_stack: Stack) -> None:
    """The shapes of this file by somebody to whom nothing was addressed: never another's answer."""
    sqlite_stack.publish()
    for draft in (with_path(pki().person, content=operation("ListNotifications")),):
        answer = sqlite_stack.send(draft.build())
        assert answer.code == "CALLER_UNKNOWN"
        assert PERSON_NIF.encode() not in answer.body
