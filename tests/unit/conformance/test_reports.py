"""What is told of a run: at the terminal, as JUnit XML, as a page, by the exit code."""

from __future__ import annotations

import pytest
from lxml import etree, html

from notigateway.conformance.html_page import html_of
from notigateway.conformance.junit import junit_of
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.terminal import line_of, sum_of
from notigateway.conformance.verdict import Finding, Report, Verdict
from pki import NOW

REASON = 'the answer is <b>"odd"</b> & \x1b[31m'


def report(*verdicts: Verdict) -> Report:
    checks = chosen_checks("v1", ["ANS", "TIME"])
    found = [
        Finding(check, verdict, "" if verdict is Verdict.PASSED else REASON, 0.25)
        for check, verdict in zip(checks, verdicts, strict=False)
    ]
    return Report(subject="https://example.test/?a=1&b=2", contract="v1", at=NOW, findings=found)


EACH = report(Verdict.PASSED, Verdict.FAILED, Verdict.ADVISED, Verdict.SKIPPED)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASSED, Verdict.SKIPPED], 0),
        ([Verdict.PASSED, Verdict.FAILED], 1),
        ([Verdict.ADVISED], 0),
        ([Verdict.SKIPPED], 2),
        ([], 2),
    ],
)
def test_the_exit_code_is_what_the_findings_come_to(verdicts: list[Verdict], code: int) -> None:
    assert report(*verdicts).exit_code == code


def test_junit_has_a_case_for_each_check_with_why_it_failed_and_where_that_stands() -> None:
    (suite,) = etree.fromstring(junit_of(EACH))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "1")
    passed, failed, advised, skipped = suite.findall("testcase")
    assert len(passed) == 0
    (failure,) = failed
    assert "\N{REPLACEMENT CHARACTER}[31m" in (failure.get("message") or "")
    assert EACH.findings[1].check.source in (failure.text or "")
    assert [one.tag for one in skipped] == ["skipped"]
    assert [one.tag for one in advised] == ["system-out"]
    assert len({case.get("name") for case in suite.findall("testcase")}) == 4


def test_the_page_stands_alone_and_can_be_read_aloud() -> None:
    text = html_of(EACH)
    page = html.document_fromstring(text)
    assert page.get("lang") == "en"
    assert not page.xpath("//script | //link | //img | //@src | //*[contains(@style, 'url')]")
    assert [one.text_content() for one in page.iter("h1")] == ["Conformance of https://example.test/?a=1&b=2"]
    assert all(table.find("caption") is not None for table in page.iter("table"))
    assert all(cell.get("scope") in {"row", "col"} for cell in page.iter("th"))
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(target.removeprefix("#") in ids for target in page.xpath("//a/@href"))
    assert [one.text_content() for one in page.xpath("//tbody//td[1]")] == [*Verdict]
    assert "<b>" not in text


def test_a_line_tells_why_and_where_it_stands() -> None:
    passed, failed, *_ = map(line_of, EACH.findings)
    assert "\n" not in passed
    assert failed.splitlines()[1].strip().startswith(REASON.replace("\n", " "))
    assert failed.endswith(f"[{EACH.findings[1].check.source}]")
    assert "1 passed, 1 failed, 1 advised, 1 skipped" in sum_of(EACH)
    assert "advised" not in sum_of(report(Verdict.PASSED))
