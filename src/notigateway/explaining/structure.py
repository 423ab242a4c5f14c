"""What stands where it does not belong in the Envelope, its Header and its Body.

Each row finds its mistake in the tree and says what is there; nothing is made again, so all of it is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.wss.envelope import is_for_us
from notigateway.wss.ns import SOAP11, SOAP12, XENC, namespace_of
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

    from notigateway import errors
    from notigateway.explaining.sight import Sight

    Finding = Known[Callable[[_Element], Iterator[str]]]

_MUST: Final = frozenset({"0", "1", "true", "false"})
_SIGNATURE: Final = ["SignedInfo", "SignatureValue", "KeyInfo"]
_SPACE: Final = " \t\r\n"
_READ_IN_SECURITY: Final = frozenset(
    {"Timestamp", "BinarySecurityToken", "Signature", "SecurityTokenReference", "UsernameToken",
     "SignatureConfirmation"}
)  # fmt: skip


def local_name(element: _Element) -> str:
    """Return a name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def named(parent: _Element, name: str) -> list[_Element]:
    """Return the children of that local name, in whatever namespace."""
    return [child for child in parent if isinstance(child.tag, str) and local_name(child) == name]


def version_of(root: _Element) -> SoapVersion:
    """Return the version of SOAP that the root is of, or 1.1 where it is of none."""
    return SoapVersion.V1_2 if namespace_of(str(root.tag)) == SOAP12 else SoapVersion.V1_1


# --- Envelope -------------------------------------------------------------------------------------


def _is_no_envelope(root: _Element) -> Iterator[str]:
    if local_name(root) != "Envelope":
        yield f"it is {local_name(root)[:60]!r}"


def _other_soap(root: _Element) -> Iterator[str]:
    namespace = namespace_of(str(root.tag))
    if local_name(root) == "Envelope" and namespace not in {SOAP11, SOAP12}:
        yield f"{namespace[:100]!r} is neither {SOAP11} nor {SOAP12}"


def _mixed_soap(root: _Element) -> Iterator[str]:
    own = namespace_of(str(root.tag))
    for child in root:
        if (
            isinstance(child.tag, str)
            and local_name(child) in {"Header", "Body"}
            and namespace_of(child.tag) != own
        ):
            yield f"{local_name(child)} is in {namespace_of(child.tag)[:100]!r}"


def _several(name: str) -> Callable[[_Element], Iterator[str]]:
    def find(root: _Element) -> Iterator[str]:
        if len(named(root, name)) > 1:
            yield f"{len(named(root, name))}"

    return find


def _no_body(root: _Element) -> Iterator[str]:
    if local_name(root) == "Envelope" and not named(root, "Body"):
        yield ""


def _header_behind(root: _Element) -> Iterator[str]:
    names = [local_name(child) for child in root if isinstance(child.tag, str)]
    if "Header" in names and "Body" in names and names.index("Header") > names.index("Body"):
        yield ""


def _behind_body(root: _Element) -> Iterator[str]:
    if local_name(root) == "Envelope":
        others = [local_name(child) for child in root if isinstance(child.tag, str)]
        yield from (name for name in others if name not in {"Header", "Body"})


def _body_empty(root: _Element) -> Iterator[str]:
    for body in named(root, "Body"):
        if not len(body) and not (body.text or "").strip():
            yield ""


def _body_text(root: _Element) -> Iterator[str]:
    for body in named(root, "Body"):
        if not len(body) and (body.text or "").strip():
            yield f"it begins {(body.text or '').strip()[:40]!r}"


def _body_several(root: _Element) -> Iterator[str]:
    for body in named(root, "Body"):
        if len(body) > 1:
            yield ", ".join(local_name(child) for child in list(body)[:4] if isinstance(child.tag, str))


def _text_between(root: _Element) -> Iterator[str]:
    parents = [root, *named(root, "Header"), *(body for body in named(root, "Body") if len(body))]
    for parent in parents:
        texts = [parent.text, *(child.tail for child in parent)]
        yield from (
            f"{text.strip()[:40]!r} in {local_name(parent)}" for text in texts if text and text.strip(_SPACE)
        )


def _relative(root: _Element) -> Iterator[str]:
    for element in root.iter():
        for uri in element.nsmap.values():
            if uri and ":" not in uri:
                yield repr(uri[:100])
                return


def _must_value(root: _Element) -> Iterator[str]:
    for block in blocks_of(root):
        value = block.get(version_of(root).tag("mustUnderstand"))
        if value is not None and value.strip(_SPACE) not in _MUST:
            yield f"{local_name(block)} has {value[:20]!r}"


def blocks_of(root: _Element) -> list[_Element]:
    """Return the header blocks."""
    return [block for header in named(root, "Header") for block in header if isinstance(block.tag, str)]


ENVELOPE: Final[tuple[Finding, ...]] = (
    Known("no-envelope", "the root element is no SOAP Envelope", "send the Envelope around it",
          _is_no_envelope),
    Known("soap-namespace", "the Envelope is in a namespace of no SOAP", "use that of SOAP 1.1 or 1.2",
          _other_soap),
    Known("soap-versions-mixed", "Header or Body is not in the namespace of the Envelope",
          "use one version of SOAP throughout", _mixed_soap),
    Known("two-bodies", "there are several Body elements", "send one", _several("Body")),
    Known("two-headers", "there are several Header elements", "put all blocks into one", _several("Header")),
    Known("no-body", "there is no Body", "send one, with the operation in it", _no_body),
    Known("header-behind-body", "the Header stands behind the Body", "write it first", _header_behind),
    Known("beside-body", "something stands beside Header and Body", "put it into the Header, or leave it out",
          _behind_body),
    Known("body-empty", "the Body is empty", "put the operation's element into it", _body_empty),
    Known("body-is-text", "the Body holds a text: XML that was escaped, or another format",
          "put the operation in as an element", _body_text),
    Known("body-several", "the Body holds several elements", "ask for one operation a message",
          _body_several),
    Known("text-between", "text stands between elements", "leave it out", _text_between),
    Known("relative-namespace", "a namespace name is a relative URI, which has no canonical form",
          "use an absolute one", _relative),
    Known("must-understand-value", "mustUnderstand has another value than 0, 1, true or false",
          "write 0 or 1",
          _must_value),
)  # fmt: skip
INSTRUCTION: Final = Known("instruction", "a processing instruction is in the message", "leave it out", None)
MUST_UNDERSTAND: Final = Known(
    "header-must-be-understood", "a header must be understood that is none of this service",
    "send it without mustUnderstand, or not at all", None,
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (*ENVELOPE, INSTRUCTION, MUST_UNDERSTAND)


def envelope_causes(sight: Sight) -> Iterator[Cause]:
    """Tell what is wrong with the structure of the envelope; without a tree an instruction is in it."""
    if sight.root is None:
        yield INSTRUCTION.cause(Certainty.SEEN)
    yield from seen(ENVELOPE, sight)


def seen(rows: tuple[Finding, ...], sight: Sight) -> Iterator[Cause]:
    """Tell which of these mistakes stand in the message."""
    if sight.root is None or not isinstance(sight.root.tag, str):
        return
    for known in rows:
        detail = next(known.how(sight.root), None)
        if detail is not None:
            yield known.cause(Certainty.SEEN, detail)


def canonical_form_causes(sight: Sight) -> Iterator[Cause]:
    """Name the namespace for which a part has no canonical form."""
    yield from seen(tuple(one for one in ENVELOPE if one.how is _relative), sight)


def must_understand_causes(sight: Sight, _error: errors.GatewayError) -> Iterator[Cause]:
    """Name the headers that must be understood and are not known."""
    if sight.root is None:
        return
    soap = version_of(sight.root)
    for block in blocks_of(sight.root):
        name = etree.QName(block)
        must = (block.get(soap.tag("mustUnderstand")) or "").strip(_SPACE) in {"1", "true"}
        if must and is_for_us(block, soap) and name.namespace != XENC and name.localname != "Security":
            known = MUST_UNDERSTAND
            if not str(name.namespace).startswith("http://www.w3.org/2005/08/addressing"):
                yield known.cause(Certainty.SEEN, f"{name.localname[:60]} of {str(name.namespace)[:100]}")
