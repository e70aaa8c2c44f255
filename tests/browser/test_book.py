"""The built book: no warning, no broken link, no other host, no error, no sideways scrolling."""

import html
import re
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from helpers import ROOT

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]]
PAGES = [TOC["root"], *CHAPTERS, "search"]

OVERFLOWING = """() => [...document.querySelectorAll("body *")]
    .filter(element => element.getBoundingClientRect().right > window.innerWidth + 1)
    .map(element => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("page", PAGES)
def test_page_works_offline_and_fits_a_phone(page, built_book, visit):
    opened = visit(built_book / f"{page}.html")
    assert opened.complaints == []
    opened.set_viewport_size({"width": 390, "height": 800})
    excess = opened.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert excess <= 0, opened.evaluate(OVERFLOWING)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_landing_page_is_accessible(scheme, built_book, visit):
    page = visit(built_book / f"{TOC['root']}.html", color_scheme=scheme)
    violations = Axe().run(page).response["violations"]
    assert {v["id"]: [node["html"] for node in v["nodes"]] for v in violations} == {}


def test_index_leads_to_the_landing_page(built_book, browser):
    page = browser.new_page()
    page.goto((built_book / "index.html").as_uri())
    page.wait_for_url((built_book / f"{TOC['root']}.html").as_uri())
    page.close()


def test_mathematics_is_typeset(built_book, visit):
    page = visit(built_book / f"{CHAPTERS[0]}.html")
    assert page.locator("mjx-container").count() > 0
    assert page.locator("mjx-merror").count() == 0


def test_reader_can_switch_between_light_and_dark(built_book, visit):
    page = visit(built_book / f"{TOC['root']}.html", color_scheme="light")
    seen = set()
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_internal_links_resolve(built_book):
    pages = {path: path.read_text() for path in built_book.rglob("*.html")}
    pages = {path: text for path, text in pages.items() if "_static" not in path.parts}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    broken = []
    for path, text in pages.items():
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', text):
            address, anchor = urldefrag(unquote(html.unescape(link)))
            if re.match(r"[a-z]+:", address):
                continue
            target = (path.parent / address.split("?")[0]).resolve() if address else path
            if not target.is_file() or anchor and anchor not in anchors.get(target, {anchor}):
                broken.append(f"{path.relative_to(built_book)}: {link}")
    assert broken == []


def test_equations_are_numbered_by_lesson(built_book):
    for chapter in CHAPTERS:
        lesson = re.match(r"lessons/0?(\d+)_", chapter)
        prefix = lesson[1] if lesson else "B"
        numbers = re.findall(r'"eqno">\(([^)]*)\)', (built_book / f"{chapter}.html").read_text())
        assert numbers == [f"{prefix}.{k}" for k in range(1, len(numbers) + 1)], chapter
