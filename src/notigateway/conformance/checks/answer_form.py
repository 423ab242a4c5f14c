"""The answers' own form: signed over what is read, fresh, to this very request, and nobody else's words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.conformance.expecting import answered, expect, refused, same, valid
from notigateway.conformance.kit import BOTH, check
from notigateway.conformance.verdict import FailedError
from notigateway.wss.freshness import read_instant
from notigateway.wss.ns import (
    DS,
    EXC_C14N,
    INCLUSIVE_NAMESPACES,
    NOTIGATEWAY_V1,
    WSSE,
    WSU_ID,
    wsa,
    wsu,
)
from notigateway.wss.policy import DigestMethod, SignatureMethod
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.conformance.drafting import Draft
    from notigateway.conformance.target import Proven, Target

_CLOCKS_DIFFER_AT_MOST: Final = timedelta(seconds=60)
_LIVES_AT_MOST: Final = timedelta(seconds=600)
# A word that no service says by itself: where it comes back somebody has made it say so.
_ECHO: Final = "Xq7conformancekit"


@check(
    "ANS-01",
    "an answer is signed by the pinned certificate, over the Body that is read and over the Timestamp",
    "WSS 1.1.1 §8; docs/security.md, Answers",
    contracts=BOTH,
)
def _signed(target: Target) -> None:
    answered(target, target.send(target.draft()))


@check(
    "ANS-02",
    "a fault is signed in the same way",
    "WSS 1.1.1 §8, §12; docs/security.md, Answers",
    contracts=BOTH,
)
def _fault_signed(target: Target) -> None:
    refused(target, _unknown_operation(target), "OPERATION_UNKNOWN")


@check(
    "ANS-03",
    "the answer's Timestamp is of now, and ends within ten minutes",
    "WSS 1.1.1 §10; docs/security.md, Answers",
    contracts=BOTH,
)
def _fresh(target: Target) -> None:
    found = answered(target, target.send(target.draft()))
    age = target.now() - found.verified.created
    expect(abs(age) <= _CLOCKS_DIFFER_AT_MOST, f"the answer is dated {age.total_seconds():.0f} s before now")
    expires = next(found.envelope.root.iter(wsu("Expires")), None)
    if expires is None:
        raise FailedError("the answer does not say until when it may be believed")
    left = read_instant((expires.text or "").strip()) - found.verified.created
    expect(left <= _LIVES_AT_MOST, f"the answer may be believed for {left.total_seconds():.0f} s")


@check(
    "ANS-04",
    "an answer has exactly one RelatesTo, signed, with the request's MessageID",
    "WS-Addressing 1.0 Core §3.4; docs/integration.md, Answers that answer",
    contracts=BOTH,
)
def _related(target: Target) -> None:
    draft = target.draft()
    _expect_related(answered(target, target.send(draft)), dict(draft.addressing)["MessageID"])


@check(
    "ANS-05",
    "a fault about a request whose sender is proven relates to it in the same way",
    "docs/integration.md, Answers that answer",
    contracts=BOTH,
)
def _fault_related(target: Target) -> None:
    draft = _unknown_operation(target)
    found = refused(target, draft, "OPERATION_UNKNOWN")
    _expect_related(found, dict(draft.addressing)["MessageID"])


@check(
    "ANS-06",
    "a fault from before the sender is proven repeats nothing of the request: it has no RelatesTo",
    "docs/integration.md, Answers that answer; docs/security.md, Faults",
    contracts=BOTH,
)
def _unproven_relates_to_nothing(target: Target) -> None:
    draft = target.draft(after=lambda parts: _damage(parts.signature[1]))
    found = refused(target, draft, "SIGNATURE_WRONG")
    header = found.envelope.header
    blocks = [] if header is None else [one for one in header if one.tag == wsa("RelatesTo")]
    expect(not blocks, "the fault relates to a message whose sender was not proven")


@check(
    "ANS-07",
    "answers are signed with SHA-2, in exclusive canonical form, by a token that the signature references",
    "docs/security.md, Answers",
    contracts=BOTH,
)
def _algorithms(target: Target) -> None:
    root = answered(target, target.send(target.draft())).envelope.root
    c14n = {
        one.get("Algorithm") for one in root.iter(f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}Transform")
    }
    same(c14n, {EXC_C14N}, "the canonical form of the answer")
    (method,) = (one.get("Algorithm") for one in root.iter(f"{{{DS}}}SignatureMethod"))
    allowed = {SignatureMethod.RSA_SHA256.value, SignatureMethod.ECDSA_SHA256.value}
    expect(method in allowed, f"the answer is signed with {method}")
    digests = {one.get("Algorithm") for one in root.iter(f"{{{DS}}}DigestMethod")}
    same(digests, {DigestMethod.SHA256.value}, "the digest of the answer")
    (token,) = root.iter(f"{{{WSSE}}}BinarySecurityToken")
    (reference,) = root.iter(f"{{{WSSE}}}Reference")
    same(reference.get("URI"), f"#{token.get(WSU_ID)}", "what KeyInfo references")


@check(
    "ANS-08",
    "the Body's Reference has a list of prefixes in a fault (ng soap wsa wsse wsu) and none in an answer",
    "BSP 1.1 R5405; docs/security.md, Answers",
    contracts=BOTH,
)
def _prefixes(target: Target) -> None:
    answer = answered(target, target.send(target.draft()))
    same(_prefix_lists(answer), [], "the list of prefixes in an answer")
    fault = refused(target, _unknown_operation(target), "OPERATION_UNKNOWN")
    same(_prefix_lists(fault), ["ng soap wsa wsse wsu"], "the list of prefixes in a fault")


@check(
    "ANS-09",
    "every answer has an X-Correlation-Id of its own, and a fault says the same one",
    "docs/errors.md",
    contracts=BOTH,
)
def _correlated(target: Target) -> None:
    answer = answered(target, target.send(target.draft()))
    fault = refused(target, _unknown_operation(target), "OPERATION_UNKNOWN")
    seen = [one.reply.headers.get("x-correlation-id", "") for one in (answer, fault)]
    expect(all(seen), "there is an answer without X-Correlation-Id")
    expect(seen[0] != seen[1], "two answers have the same X-Correlation-Id")
    texts = [text.strip() for text in fault.element.itertext() if text]
    expect(seen[1] in texts, "the fault says another correlation id than its header")


@check(
    "ANS-10",
    "a fault repeats no word of the request",
    "docs/security.md, Faults",
    contracts=BOTH,
)
def _no_echo(target: Target) -> None:
    content = f'<{_ECHO} xmlns="{target.dialect.namespace}">{_ECHO}</{_ECHO}>'.encode()
    found = refused(target, target.draft(content=content), "OPERATION_UNKNOWN")
    expect(_ECHO.encode() not in found.reply.body, "the fault repeats what the request said")


@check(
    "ANS-11",
    "a fault has the typed detail of the contract: code, texts in both languages, whether to retry",
    "docs/errors.md; wsdl/notigateway-v1.xsd, GatewayFault",
)
def _detail(target: Target) -> None:
    found = refused(target, _unknown_operation(target), "OPERATION_UNKNOWN")
    detail = found.element.find(f"detail/{{{NOTIGATEWAY_V1}}}GatewayFault")
    expect(detail is not None, "there is no GatewayFault in the detail")
    assert detail is not None  # noqa: S101  (as expected above)
    said = {str(one.tag).rpartition("}")[2]: (one.text or "").strip() for one in detail}
    missing = {"code", "textEs", "textEn", "retryable", "correlationId", "documentation"} - said.keys()
    expect(not missing, f"the detail lacks {', '.join(sorted(missing))}")
    same(said["retryable"], "false", "retryable of OPERATION_UNKNOWN")
    expect(said["textEs"] != said["textEn"], "both texts are in one language")


@check(
    "ANS-12",
    "an answer in SOAP 1.2 where the request is; a fault there has Code, Subcode and HTTP status 400",
    "SOAP 1.2 part 1 §5.4, part 2 §7.5.2.2; docs/errors.md",
)
def _soap12(target: Target) -> None:
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    found = target.prove(target.send(target.draft(soap=SoapVersion.V1_2), headers))
    same(found.envelope.soap, SoapVersion.V1_2, "the version of the answer")
    expect(target.dialect.is_answer(found.element, "Ping"), f"the service answered {found.told}")
    valid(target, found)
    draft = target.draft(soap=SoapVersion.V1_2, content=_unknown_content(target))
    fault = target.prove(target.send(draft, headers))
    same((fault.told, fault.reply.status), ("OPERATION_UNKNOWN", 400), "code and HTTP status of the fault")


def _unknown_content(target: Target) -> bytes:
    return f'<NoSuchOperation xmlns="{target.dialect.namespace}"></NoSuchOperation>'.encode()


def _unknown_operation(target: Target) -> Draft:
    return target.draft(content=_unknown_content(target))


def _damage(value: _Element) -> None:
    text = value.text or ""
    value.text = ("B" if text[:1] == "A" else "A") + text[1:]


def _expect_related(found: Proven, message_id: str) -> None:
    header = found.envelope.header
    blocks = [] if header is None else [one for one in header if one.tag == wsa("RelatesTo")]
    same(len(blocks), 1, "the number of RelatesTo in the Header")
    expect(any(blocks[0] is one for one in found.verified.headers), "RelatesTo is not signed")
    expect((blocks[0].text or "").strip() == message_id, "the answer relates to another message")


def _prefix_lists(found: Proven) -> list[str]:
    return [one.get("PrefixList", "") for one in found.envelope.root.iter(INCLUSIVE_NAMESPACES)]
