"""Writes an explanation as text: for a terminal, a log of a developer, or the sandbox's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.contract.problems import texts_of
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.errors import GatewayError
    from notigateway.explaining.explain import Digested, Explanation, Step

_DOCUMENTATION: Final = "docs/errors.md"
# So much of the canonical octets is shown; the whole of them is for a file.
_SHOWN_OCTETS: Final = 400


def explanation_text(explanation: Explanation, *, unchecked: str = "") -> str:
    """Return the explanation as lines; `unchecked` says what was left out of the verification."""
    return "\n".join(_lines(explanation, unchecked)) + "\n"


def _lines(explanation: Explanation, unchecked: str) -> Iterator[str]:
    yield f"at {instant_text(explanation.at)}"
    for step in explanation.steps:
        yield from _step(step)
        if step.number == len(explanation.steps) - 1:
            for one in explanation.digested:
                yield from _digested(one)
    yield ""
    if unchecked:
        yield f"not checked: {unchecked}"
    if explanation.error is None:
        yield "ACCEPTED by verify_envelope; replay, rights and schema are looked at afterwards"
    else:
        yield f"REFUSED: {_reason(explanation.error)}"
    if explanation.causes:
        yield ""
        yield "likely causes:"
        for cause in explanation.causes:
            yield f"  * {cause}"


def _step(step: Step) -> Iterator[str]:
    verdict = "-" if not step.looked else "FAILS" if step.error else "ok"
    yield f"{step.number} {step.title}: {verdict}"
    for finding in step.findings:
        yield f"    {_printable(finding)}"
    if step.error is not None:
        yield f"    {_reason(step.error)}"


def _reason(error: GatewayError) -> str:
    facts = " ".join(
        f"{name}={value if isinstance(value, (str, int)) else instant_text(value)}"
        for name, value in error.facts.items()
    )
    detail = " · ".join(part for part in (error.detail, facts) if part)
    page = f"{_DOCUMENTATION}#{error.code.lower()}"
    return f"{error.code}: {texts_of(error).en} {f'({detail}) ' if detail else ''}See {page}"


def _digested(one: Digested) -> Iterator[str]:
    verdict = "differs" if one.error else "equal"
    yield f"    reference {one.number}, {one.part}, {one.method}: {verdict}"
    yield f"        expected {_printable(one.expected[:100])}"
    yield f"        found    {one.found}"
    text = one.octets.decode("utf-8", "replace")
    shown = text if len(text) <= _SHOWN_OCTETS else f"{text[:_SHOWN_OCTETS]}…"
    yield f"        digested {len(one.octets):,} octets: {_printable(shown)}"


def _printable(text: str) -> str:
    """Return a text on one line, without what a terminal would act on."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
