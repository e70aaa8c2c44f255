"""Fixtures for the tests that look at the built book and at live figures in a browser."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alone import SCRIPT, write_alone
from helpers import NO_BROWSER, ROOT, without
from playwright.sync_api import Page, sync_playwright

from tools.browser import CHROMIUM_FLAGS, find_chromium


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
def built_book(tmp_path_factory, worker_id) -> Path:
    """The folder of the built pages. Any warning of the build is a failure here.

    Workers share one build: who comes while it is being made waits for it.
    """
    temporary = tmp_path_factory.getbasetemp()
    out = (temporary if worker_id == "master" else temporary.parent) / "book"
    ended, complaint = out / "ended", out / "complaint"
    try:
        out.mkdir()  # to one worker alone
    except FileExistsError:
        while not ended.exists():
            time.sleep(0.2)
    else:
        try:
            command = [sys.executable, ROOT / "tools" / "book.py", "--out", out]
            environment = os.environ | {"CI": "true", "PYTHONIOENCODING": "utf-8"}
            build = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
            said = build.stderr or build.stdout
            complaint.write_text(said if build.returncode else "", encoding="utf-8")
        finally:
            ended.touch()
    assert complaint.read_text(encoding="utf-8") == ""
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


def _note_foreign(url, complaints):
    if not url.startswith(("file:", "data:", "blob:")):
        complaints.append(f"asked another host: {url}")


def _note_error(message, complaints):
    if message.type == "error":
        complaints.append(f"console: {message.text}")
