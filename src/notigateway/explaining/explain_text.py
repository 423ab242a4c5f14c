"""Writes an explanation as text, for people, and as JSON, for what they build around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.problems import texts_of
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.errors import GatewayError
    from notigateway.explaining.cause import Cause
    from notigateway.explaining.explanation import Digested, Explanation, Step

_DOCUMENTATION: Final = "docs/errors.md"
# So much of the canonical octets is shown; the whole of them is for a file.
_SHOWN_OCTETS: Final = 400


def explanation_text(explanation: Explanation, *, errors_url: str = "", unchecked: str = "") -> str:
    """Return the explanation as lines; `unchecked` says what else was left out of the verification.

    `errors_url` is the page of the errors; "" where nobody has said which gateway it is.
    """
    return "\n".join(_lines(explanation, _unchecked(explanation, unchecked), errors_url)) + "\n"


def explanation_json(explanation: Explanation, *, unchecked: str = "") -> str:
    """Return the explanation as one JSON object."""
    content = {
        "at": instant_text(explanation.at),
        "verdict": "ACCEPTED" if explanation.error is None else "REFUSED",
        "contract": explanation.contract,
        "error": _error(explanation.error),
        "steps": [_step_object(step) for step in explanation.steps],
        "references": [_digested_object(one) for one in explanation.digested],
        "causes": [_cause_object(one) for one in explanation.causes],
        "remarks": [_cause_object(one) for one in explanation.remarks],
        "notChecked": list(_unchecked(explanation, unchecked)),
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _unchecked(explanation: Explanation, more: str) -> tuple[str, ...]:
    return (*((more,) if more else ()), *explanation.unchecked)


# --- lines ----------------------------------------------------------------------------------------


def _lines(explanation: Explanation, unchecked: tuple[str, ...], errors_url: str) -> Iterator[str]:
    yield f"at {instant_text(explanation.at)}"
    for step in explanation.steps:
        yield from _step(step, errors_url)
        if step.title == "digests":
            for one in explanation.digested:
                yield from _digested(one)
    yield ""
    if explanation.error is None:
        yield "ACCEPTED, as far as it is looked at here"
    else:
        yield f"REFUSED: {_reason(explanation.error, errors_url)}"
    if explanation.causes:
        yield ""
        yield "likely causes:"
        for cause in explanation.causes:
            yield _printable(f"  * {_cause(cause)}")
    if explanation.remarks:
        yield ""
        yield "remarks, no reason to refuse it:"
        for remark in explanation.remarks:
            yield _printable(f"  * {_cause(remark)}")
    if unchecked:
        yield ""
        yield "not checked here:"
        yield from (f"  - {one}" for one in unchecked)


def _cause(cause: Cause) -> str:
    return f"{cause.certainty.value}: {cause.words} ({cause.name}). {cause.cure[:1].upper()}{cause.cure[1:]}."


def _step(step: Step, errors_url: str) -> Iterator[str]:
    verdict = "-" if not step.looked else "FAILS" if step.error else "ok"
    yield f"{step.number} {step.title}: {verdict}"
    for finding in step.findings:
        yield f"    {_printable(finding)}"
    if step.error is not None:
        yield f"    {_reason(step.error, errors_url)}"


def _reason(error: GatewayError, errors_url: str) -> str:
    facts = " ".join(f"{name}={value}" for name, value in _facts(error).items())
    detail = " · ".join(part for part in (error.detail, facts) if part)
    page = f"{errors_url}#{error.code}" if errors_url else f"{_DOCUMENTATION}#{error.code.lower()}"
    return _printable(f"{error.code}: {texts_of(error).en} {f'({detail}) ' if detail else ''}See {page}")


def _facts(error: GatewayError) -> dict[str, str | int]:
    return {
        name: value if isinstance(value, (str, int)) else instant_text(value)
        for name, value in error.facts.items()
    }


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


# --- objects --------------------------------------------------------------------------------------


def _error(error: GatewayError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    text = texts_of(error).en
    return {"code": error.code, "text": text, "detail": error.detail, "facts": _facts(error)}


def _cause_object(cause: Cause) -> dict[str, str]:
    certainty = cause.certainty.value
    return {"name": cause.name, "certainty": certainty, "words": cause.words, "cure": cause.cure}


def _step_object(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "title": step.title,
        "looked": step.looked,
        "error": _error(step.error),
        "findings": list(step.findings),
    }


def _digested_object(one: Digested) -> dict[str, Any]:
    return {
        "number": one.number,
        "part": one.part,
        "method": one.method,
        "expected": one.expected[:1000],
        "found": one.found,
        "equal": one.error is None,
        "octets": len(one.octets),
    }
