"""What is said at the end of tests that were skipped. Browser fixtures: ``tests/browser/``."""

import pytest

pytest.register_assert_rewrite("helpers")  # a failed assertion there shows its numbers too

from helpers import NO_BROWSER, NO_TORCH  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    """Say it again at the end, where it is read, when something could not be tested."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for missing in (NO_BROWSER, NO_TORCH):
        if any(missing in reason for reason in reasons):
            terminalreporter.section("tests were skipped", red=True, bold=True)
            terminalreporter.write_line(missing, red=True, bold=True)
