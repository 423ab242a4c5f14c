"""The plugin in somebody's run: what it says of a test that failed, and of what is written wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_notigateway import Sandbox


TESTS = """
    import pytest

    NOBODYS = "46d8a5ba-7e9f-4a7c-9f5a-1d1c2b3a4f5e"

    def test_that_fails(as_company):
        as_company.ping()
        as_company.accept([NOBODYS])
        raise SystemError("of the client")

    def test_that_asks_wrongly(notigateway_world):
        notigateway_world.scenario("of nobody")

    def test_that_does_too_little(as_company, journal):
        journal.expect("Ping", count=2)
        as_company.ping()

    def test_that_fails_for_itself(journal):
        journal.expect("Ping", count=3)
        raise SystemError("of the client")

    @pytest.mark.notigateway(notification=1)
    def test_with_a_wish_that_nobody_knows(notigateway_world):
        pass
"""


def test_a_run_tells_what_its_worlds_were_asked(pytester: pytest.Pytester, notigateway: Sandbox) -> None:
    """All in one run, of the sandbox of this one: each run takes its time."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(
        f"--notigateway-url={notigateway.base}/_sandbox/", "--strict-markers", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=1, failed=3, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "*what the sandbox was asked*",
            "world *, 2 exchanges",
            "1: Ping by company at *: 200 OK",
            "2: AcceptNotifications by company at *: 200 OK (NOTIFICATION_UNKNOWN 1)",
            f"   why: journal.explain(2), {notigateway.base}/w/*/_sandbox/pages/journal/2",
            "*SandboxError: SCENARIO_UNKNOWN: *",
            "*Ping: expected exactly 2, found 1",
            "*the marker notigateway knows notifications, seed, *, not notification",
        ]
    )
    result.stdout.no_fnmatch_line("*expected exactly 3*")
    # What is refused is shown where the test has asked.
    result.stdout.no_fnmatch_line("*calling.py:*")


def test_where_no_sandbox_is_that_is_said(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIGATEWAY_SANDBOX_URL", "http://127.0.0.1:1")
    pytester.makepyfile("def test_it(notigateway_world): pass")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*UNREACHABLE: GET http://127.0.0.1:1/_sandbox/world: *"])


def test_who_does_not_use_it_loads_and_starts_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert "pytest_notigateway.plugin" in sys.modules
            assert not {"httpx", "notigateway", "pytest_notigateway.sandbox"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
