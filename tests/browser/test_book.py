"""The built book: no warning, no broken link, no other host, no error, no sideways scrolling."""

import html
import re
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from helpers import ROOT

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
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


# Looks when the scripts of the page have heard that it will be printed.
LOOK_AT_PAPER = """() => addEventListener("beforeprint", () => {
    const all = selector => [...document.querySelectorAll(selector)];
    const shown = { opacityProperty: true, visibilityProperty: true };
    const colours = ["color", "fill", "stroke", "backgroundColor", "colorScheme"];
    window.paper = {
        unfolded: all(".bd-article :is(details.hide pre, .dropdown > p)")
            .map(el => el.checkVisibility(shown)),
        left: all(".bd-article :is(.toggle-button, details.hide > summary)")
            .filter(el => el.checkVisibility(shown)).length,
        cut: all(".bd-article pre").filter(el => el.scrollWidth > el.clientWidth).length,
        colours: all("body, .bd-article *")
            .map(el => colours.map(name => getComputedStyle(el)[name]).join()),
    };
})"""


def test_paper_is_white_and_nothing_on_it_is_folded(built_book, visit):
    paper = {}
    for theme in ["light", "dark"]:
        page = visit(built_book / f"{CHAPTERS[0]}.html", color_scheme=theme, formulas=False)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 990})  # as A4, less its margins
        page.evaluate(LOOK_AT_PAPER)
        page.pdf()
        paper[theme] = page.evaluate("window.paper")
        assert page.evaluate("document.documentElement.dataset.theme") == theme  # as it was
        assert page.locator("details.hide[open], .toggle:not(.toggle-hidden)").count() == 0
    assert paper["dark"] == paper["light"]
    assert paper["dark"]["unfolded"] and all(paper["dark"]["unfolded"])
    assert (paper["dark"]["left"], paper["dark"]["cut"]) == (0, 0)


def search(page, word):
    """Search for a word, and return the links to what was found."""
    page.locator("input[name=q]:visible").first.fill(word)
    page.keyboard.press("Enter")
    page.get_by_text("Search finished").wait_for()
    return page.locator("ul.search li > a")


def test_search_finds_the_page_in_a_folder(built_book, visit):
    page = visit(built_book / "search.html")
    assert "07_cnn.html" in search(page, "convolution").first.get_attribute("href")
    assert page.complaints == []


def test_search_shows_a_summary_of_each_page_where_it_is_served(built_book, browser):
    def serve(route):
        route.fulfill(path=built_book / urlsplit(route.request.url).path.lstrip("/"))

    page = browser.new_page()
    page.route("http://book.test/**", serve)
    page.goto("http://book.test/search.html")
    search(page, "convolution")
    page.locator("ul.search li p.context").first.wait_for()
    page.close()


def test_internal_links_resolve(built_book):
    pages = {path: path.read_text(encoding="utf-8") for path in built_book.rglob("*.html")}
    pages = {path: text for path, text in pages.items() if "_static" not in path.parts}
    anchors = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    broken = []
    for path, text in pages.items():
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', text):
            address, anchor = urldefrag(unquote(html.unescape(link)))
            if re.match(r"[a-z]+:", address):
                continue
            target = (path.parent / address.split("?")[0]).resolve() if address else path
            if anchor.startswith("show-"):  # a part of a figure: tests/browser/test_links.py
                continue
            if not target.is_file() or anchor and anchor not in anchors.get(target, {anchor}):
                broken.append(f"{path.relative_to(built_book)}: {link}")
    assert broken == []


def test_equations_are_numbered_by_lesson(built_book):
    for chapter in CHAPTERS:
        lesson = re.match(r"lessons/0?(\d+)_", chapter)
        prefix = lesson[1] if lesson else "B"
        numbers = re.findall(
            r'"eqno">\(([^)]*)\)', (built_book / f"{chapter}.html").read_text(encoding="utf-8")
        )
        assert numbers == [f"{prefix}.{k}" for k in range(1, len(numbers) + 1)], chapter
