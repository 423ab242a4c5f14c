"""The report of the conformance kit as a page, in the system's Chromium, judged by axe-core."""

from __future__ import annotations

import pytest

from chromium import NARROW, WIDE, chromium, complaints
from interop.clients import need, not_here
from notigateway.conformance.html_page import html_of
from notigateway.conformance.kit import all_checks
from notigateway.conformance.verdict import Finding, Report, Verdict
from pki import NOW

pytestmark = pytest.mark.once

LONG = "an answer that goes on " * 20 + "x" * 300


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_report(scheme: str) -> None:
    need(not_here("chromium"))
    verdicts = list(Verdict)
    findings = [
        Finding(one, verdicts[number % len(verdicts)], LONG if number % len(verdicts) else "")
        for number, one in enumerate(all_checks())
    ]
    report = Report(subject="https://example.test/", contract="v1", at=NOW, findings=findings)
    with chromium() as browser:
        page = browser.new_page(color_scheme=scheme, viewport={"width": WIDE, "height": 900})  # type: ignore[arg-type]
        page.set_content(html_of(report))
        assert complaints(page) == []
        page.set_viewport_size({"width": NARROW, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
