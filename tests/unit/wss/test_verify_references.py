"""Steps 3 and 4: what is signed are Body and Timestamp themselves, and the message is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envelopes import (
    EC,
    ENVELOPED,
    SIGN_BODY_AND_TIMESTAMP,
    WSU,
    Draft,
    Parts,
    Ref,
    instant,
)
from notigateway.errors import (
    DuplicateIdError,
    FreshnessError,
    NotSignedError,
    SecurityError,
    SecurityHeaderInvalidError,
    SignatureReferenceError,
    TimestampInvalidError,
)
from pki import NOW
from verifying import refused

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize(
    ("references", "part"),
    [
        ((Ref("Timestamp"),), "Body"),
        ((Ref("Timestamp"), Ref("Token")), "Body"),
        ((Ref("Body"),), "Timestamp"),
        ((Ref("Body"), Ref("Token")), "Timestamp"),
    ],
)
def test_a_part_that_is_not_signed_is_named(references: tuple[Ref, ...], part: str) -> None:
    error = refused(Draft(references=references).build(), NotSignedError)
    assert error.facts == {"part": part}


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "#",
        "#nowhere",
        "#id-1 ",
        "# id-1",
        "id-1",
        "##id-1",
        "#id%2D1",
        "#xpointer(/)",
        "#xpointer(id('id-1'))",
        "#element(/1/2)",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "http://127.0.0.1:9/#id-1",
        "cid:attachment",
        "../id-1",
        "#sig-1",
    ],
)
def test_a_reference_elsewhere_is_refused(uri: str) -> None:
    references = (Ref("Body", uri=uri), Ref("Timestamp"))
    assert refused(Draft(references=references).build(), SignatureReferenceError).facts == {"reference": 1}


def test_a_reference_without_uri_is_refused() -> None:
    data = Draft(prepare=lambda parts: parts.signature[0][2].attrib.clear()).build()
    refused(data, SignatureReferenceError)


@pytest.mark.parametrize("place", ["operation", "argument", "security", "header", "envelope", "in a header"])
def test_only_body_timestamp_token_and_headers_can_be_signed(place: str) -> None:
    def name(parts: Parts) -> None:
        element = {
            "operation": parts.body[0],
            "argument": parts.body[0][0],
            "security": parts.security,
            "header": parts.header,
            "envelope": parts.root,
            "in a header": parts.header[0][0],
        }[place]
        element.set(f"{{{WSU}}}Id", "other")

    draft = Draft(
        header_before='<h xmlns="urn:h"><i/></h>',
        prepare=name,
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("other", transforms=(ENVELOPED, EC))),
    )
    refused(draft.build(), SignatureReferenceError)


def test_one_part_signed_twice_is_refused() -> None:
    draft = Draft(references=(*SIGN_BODY_AND_TIMESTAMP, Ref("Body")))
    refused(draft.build(), SecurityHeaderInvalidError)
    by_two_names = Draft(
        body_attributes='Id="second"', references=(*SIGN_BODY_AND_TIMESTAMP, Ref("Body", uri="#second"))
    )
    refused(by_two_names.build(), SecurityHeaderInvalidError)


@pytest.mark.parametrize("attribute", ["wsu:Id", "Id", "ID", "xml:id", "n:Id"])
@pytest.mark.parametrize("value", ["id-1", "ts-1", "x509-1", "sig-1"])
def test_an_id_that_occurs_twice_is_refused_whatever_it_is_called(attribute: str, value: str) -> None:
    content = f'<n:Ping xmlns:n="urn:notigateway:v1" {attribute}="{value}"/>'
    refused(Draft(content=content).build(), DuplicateIdError)


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        ({"timestamp": "", "references": (Ref("Body"),)}, TimestampInvalidError),
        ({"created": "2026-06-01T12:00:00"}, TimestampInvalidError),
        ({"created": "2026-06-01T11:00:00Z"}, FreshnessError),
        ({"created": "2026-06-01T12:02:00Z"}, FreshnessError),
        ({"created": "2026-06-01T11:58:00Z", "expires": "2026-06-01T11:58:30Z"}, FreshnessError),
    ],
)
def test_the_timestamp_is_checked(draft: dict[str, str], error: type[SecurityError]) -> None:
    refused(Draft(**draft).build(), error)  # type: ignore[arg-type]


def test_a_timestamp_in_the_header_but_not_in_security_is_none() -> None:
    stamp = f'<wsu:Timestamp wsu:Id="ts-1"><wsu:Created>{instant(NOW)}</wsu:Created></wsu:Timestamp>'
    refused(Draft(timestamp="", header_before=stamp).build(), TimestampInvalidError)
