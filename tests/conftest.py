"""Fixtures for the tests that look at the built book in a browser; what is said of skipped tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = (ROOT / "backprop_lib" / "live" / "figure.js").read_text(encoding="utf-8")
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "NO CHROMIUM WAS FOUND: nothing was tested in a browser. Install chromium, or set CHROMIUM "
    "to the path of a Chromium or Chrome."
)
NO_TORCH = "PYTORCH IS NOT INSTALLED: nothing was compared with it. `make torch` adds it."


def find_chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, or the first one on the PATH."""
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def pytest_terminal_summary(terminalreporter):
    """Say it again at the end, where it is read, when something could not be tested."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for missing in (NO_BROWSER, NO_TORCH):
        if any(missing in reason for reason in reasons):
            terminalreporter.section("tests were skipped", red=True, bold=True)
            terminalreporter.write_line(missing, red=True, bold=True)


def without(missing):
    """Skip the test for a reason that is said again at the end; in CI that is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, driven by Playwright."""
    chromium = find_chromium()
    if chromium is None:
        without(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def built_book(tmp_path_factory) -> Path:
    """The folder of the built pages. Any warning of the build is a failure here."""
    out = tmp_path_factory.mktemp("book")
    command = [sys.executable, ROOT / "tools" / "book.py", "--out", out]
    build = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CI": "true"})
    assert build.returncode == 0, build.stderr or build.stdout
    return out / "_build" / "html"


@pytest.fixture
def visit(browser):
    """A function that opens a file with the network cut.

    ``visit(path, width=1280, **context)`` returns the Playwright page. ``page.complaints`` lists
    every request for anything but a local file, everything missing, and every error in the
    browser's console; it goes on growing while the page is used. With ``formulas=False`` they are
    not typeset, which takes most of the time of opening a lesson.
    """
    contexts = []

    def open_page(path: Path, width: int = 1280, formulas: bool = True, **context) -> Page:
        contexts.append(
            browser.new_context(offline=True, viewport={"width": width, "height": 800}, **context)
        )
        page = contexts[-1].new_page()
        if not formulas:
            page.route("**/tex-chtml.js*", lambda route: route.fulfill(body=""))
        page.complaints = complaints = []
        page.on("request", lambda request: _note_foreign(request.url, complaints))
        page.on("websocket", lambda socket: _note_foreign(socket.url, complaints))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: _note_error(message, complaints))
        page.goto(path.as_uri())
        page.evaluate("() => window.MathJax?.startup?.promise")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def show_alone(visit, tmp_path):
    """A function that opens live figures on a page of their own, and returns page and figures."""

    def open_alone(*figures, script=SCRIPT, **context):
        path = tmp_path / "figure.html"
        write_alone(path, figures, script)
        page = visit(path, **context)
        return page, page.locator("backprop-figure")

    return open_alone


def write_alone(path, figures, script):
    """Write a page of live figures and their script."""
    body = "".join(figure.html() for figure in figures)
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>figure</title>{body}"
        f"<script>{script}</script>",
        encoding="utf-8",
    )


def _note_foreign(url, complaints):
    if not url.startswith(("file:", "data:", "blob:")):
        complaints.append(f"asked another host: {url}")


def _note_error(message, complaints):
    if message.type == "error":
        complaints.append(f"console: {message.text}")
