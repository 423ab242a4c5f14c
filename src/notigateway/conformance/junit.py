"""The report as JUnit XML, as continuous integration reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.kit import GROUPS
from notigateway.conformance.verdict import Verdict
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.conformance.verdict import Finding, Report

# What XML 1.0 cannot hold, of what a service has said.
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(report: Report) -> bytes:
    """Return the report as one test suite, a test case for each check."""
    counts = {
        "tests": str(len(report.findings)),
        "failures": str(report.count(Verdict.FAILED)),
        "errors": "0",
        "skipped": str(report.count(Verdict.SKIPPED)),
        "time": f"{report.seconds:.3f}",
    }
    root = etree.Element("testsuites", counts)
    suite = etree.SubElement(root, "testsuite", counts)
    suite.set("name", f"notigateway-conformance {report.contract}")
    suite.set("timestamp", instant_text(report.at))
    properties = etree.SubElement(suite, "properties")
    etree.SubElement(properties, "property", {"name": "subject", "value": shown(report.subject)})
    for finding in report.findings:
        _add(suite, finding, report.contract)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def shown(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _add(suite: _Element, finding: Finding, contract: str) -> None:
    check = finding.check
    group = GROUPS[check.group].replace(".", "")
    said = {
        "classname": f"{contract}.{group}",
        "name": f"{check.identifier} {check.asks}",
        "time": f"{finding.seconds:.3f}",
    }
    case = etree.SubElement(suite, "testcase", said)
    if finding.verdict is Verdict.PASSED:
        return
    if finding.verdict is Verdict.ADVISED:
        etree.SubElement(case, "system-out").text = f"advice: {shown(finding.reason)}"
        return
    kind = "failure" if finding.verdict is Verdict.FAILED else "skipped"
    told = etree.SubElement(case, kind, {"message": shown(finding.reason)})
    if kind == "failure":
        told.set("type", check.identifier)
        told.text = f"{shown(finding.reason)}\nasked for by: {check.source}"
