"""Linked text: formulas and links of a page light parts of its live figures, and back."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

FIGURE_PAGES = [
    "book/index",
    "lessons/01_chain_rule",
    "lessons/02_toy_model",
    "lessons/04_matrix_form",
    "lessons/05_delta_equations",
    "lessons/07_cnn",
]

# Lesson; a formula by its section and the letters that it begins with, as MathML has them; a term
# in it by its place; a word of the figure's title; numbers that are lit there.
TERMS = [
    ("01_chain_rule", "a-chain-whose-slope-changes", "∂z∂x=∂z∂t", 1, "chain", "grad t"),
    ("01_chain_rule", "a-chain-whose-slope-changes", "∂z∂x=∂z∂t", 2, "chain", "local t x"),
    ("01_chain_rule", "two-paths-the-slopes-add", "∂z∂s=∂z∂x∂x∂s", 2, "Two paths", "local x s"),
    ("01_chain_rule", "two-paths-the-slopes-add", "∂z∂s=∂z∂x∂x∂s", 3, "Two paths", "grad y"),
    ("01_chain_rule", "a-difference-without-a-difference", "x+h", 1, "secant", "value h"),
    ("02_toy_model", "cut-into-modules-run-forward", "f0=β0", 4, "toy", "value h_1"),
    ("02_toy_model", "cut-into-modules-run-forward", "f0=β0", 1, "toy", "value β_0"),
    ("02_toy_model", "the-same-line-walked-back", "∂ℓ/∂f3=2(f3−y)∂", 3, "toy", "grad h_3"),
    ("02_toy_model", "all-of-it-in-one-formula", "∂ℓ∂ω0=2", 0, "toy", "grad ω_0"),
    ("04_matrix_form", "move-it-yourself", "w132", 0, "2-3-2-1", "value w^2_13"),
    ("04_matrix_form", "move-it-yourself", "z11", 0, "2-3-2-1", "value z^1_1"),
    ("04_matrix_form", "move-it-yourself", "δ=∂E", 0, "2-3-2-1", "grad z^1_1, grad z^3_1"),
    ("04_matrix_form", "exercise-04-1", "dW1", 0, "matrices", "grad w^1_11, grad w^1_32"),
    ("05_delta_equations", "equation-1-the-output-layer", "δL=", 0, "2-2-2", "grad z^2_1, grad z^2_2"),
    ("05_delta_equations", "equation-2-one-layer-back", "δl=", 1, "2-2-2", "value w^2_11, value w^2_22"),
    ("05_delta_equations", "equation-2-one-layer-back", "δl=", 3, "2-2-2", "value z^1_1 a^1_1"),
    ("05_delta_equations", "equations-3-and-4-from-deltas-to-gradients", "∇blC", 0, "2-2-2", "grad b^1_1"),
    ("05_delta_equations", "equations-3-and-4-from-deltas-to-gradients", "∇WlC", 2, "2-2-2", "value x_1, value x_2"),
    ("05_delta_equations", "what-cross-entropy-changes", "δL=aL", 0, "saturated", "grad z^2_1"),
    ("07_cnn", "p-y", "dZ=1m(P−Y)", 0, "kernel", "grad s_0, grad s_9"),
    ("07_cnn", "the-live-figure", "p−y", 0, "kernel", "grad s_3"),
    ("07_cnn", "the-live-figure", "dW", 0, "kernel", "grad w_00, grad w_22"),
]  # fmt: skip

FORMULA = """(section, letters) => [...document.getElementById(section).querySelectorAll("mjx-container")]
  .find((el) => el.closest("section").id === section
    && el.querySelector("math").textContent.replace(/[\\s\\u2061]/g, "").startsWith(letters))"""

# What is lit, as "value f_2": numbers and edges in the figures' drawings that are shown
LIT = """() => [...document.querySelectorAll("backprop-figure")].flatMap((figure) => {
  const symbol = (i) => figure.data.symbols[i];
  return [...figure.querySelectorAll(".bp-lit")].filter((el) => !el.closest("table"))
    .flatMap((el) => Object.entries(el.dataset).map(([kind, at]) => [figure.ariaLabel, kind, at.split(" ").map(symbol).join(" ")]));
})"""


# The drawn number that a kind and symbols name: "value f_2"
LIT_NUMBER = """(wanted) => {
  const [kind, ...symbols] = wanted.split(" ");
  return [...document.querySelectorAll(`backprop-figure svg .bp-lit[data-${kind}]`)].find((el) =>
    el.checkVisibility() && el.dataset[kind].split(" ").map((i) => el.closest("backprop-figure").data.symbols[i])
      .join(" ") === symbols.join(" "));
}"""

NUMBER_OF = """symbol => Object.entries(document.querySelector("backprop-figure").data.symbols)
  .find(([, one]) => one === symbol)[0]"""

IN_SIGHT = """() => [...document.querySelectorAll("backprop-figure .bp-lit")].some((el) => {
  const { top, bottom } = el.getBoundingClientRect();
  return el.checkVisibility() && top >= 0 && bottom <= innerHeight;
})"""


@pytest.fixture
def open_lesson(built_book, visit):
    """A function that opens a page of the book, its formulas set and linked."""

    def open_page(name, **context):
        page = visit(built_book / f"{name}.html", **context)
        page.wait_for_selector(".bp-spoken", state="attached")
        return page

    return open_page


def formula_of(page, section, letters):
    """Return the formula of a section that begins with these letters."""
    found = page.evaluate_handle(f"([a, b]) => ({FORMULA})(a, b)", [section, letters]).as_element()
    assert found, (section, letters)
    return found


def lit_numbers(page):
    """Return what is lit in the figures: pairs of a title and "value f_2"."""
    kinds = {"drag": "value", "edge": "value", "pick": "value", "box": "value"}
    return {(title, f"{kinds.get(kind, kind)} {at}") for title, kind, at in page.evaluate(LIT)}


def focus_term(page, section, letters, place):
    """Bring the focus to a formula and walk to one of its terms."""
    formula = formula_of(page, section, letters)
    formula.scroll_into_view_if_needed()
    formula.focus()
    for _ in range(place):
        page.keyboard.press("ArrowRight")
    return formula


def blur(page):
    """Leave what has the focus and what the pointer is on."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    assert page.locator(".bp-lit").count() == 0


@pytest.mark.parametrize("lesson", dict.fromkeys(row[0] for row in TERMS))
def test_terms_and_parts_light_each_other(open_lesson, lesson):
    page = open_lesson(f"lessons/{lesson}")
    for _, section, letters, place, title, parts in (row for row in TERMS if row[0] == lesson):
        case = (section, letters, place)
        focus_term(page, *case)
        lit = lit_numbers(page)
        assert {found for _, found in lit} >= set(parts.split(", ")), case
        assert len({figure for figure, _ in lit}) == 1 and title in next(iter(lit))[0], case
        here = page.locator(".bp-term.bp-here").first.element_handle()
        blur(page)

        here.hover()
        assert lit_numbers(page) == lit, case
        assert here.evaluate("el => el.classList.contains('bp-here')")
        part = page.evaluate_handle(LIT_NUMBER, parts.split(", ")[0]).as_element()
        blur(page)
        if part:
            part.hover()
            assert here.evaluate("el => el.classList.contains('bp-lit')"), case
            blur(page)
    assert page.complaints == []


def test_a_term_lights_its_own_part_alone(open_lesson):
    page = open_lesson("lessons/02_toy_model")
    focus_term(page, "the-same-line-walked-back", "h3", 0)
    drawn = page.locator("backprop-figure svg .bp-lit:visible")
    found = drawn.evaluate_all("all => all.map((el) => [el.localName, el.dataset])")
    h3 = page.evaluate(NUMBER_OF, "h_3")
    assert found == [["g", {"box": h3}], ["text", {"value": h3}]]
    rows = page.locator("backprop-figure .bf-row.bp-lit")
    assert rows.count() == 0  # a computed value has no slider
    focus_term(page, "the-same-line-walked-back", "ω3", 0)
    assert rows.count() == 1


def test_a_plate_and_a_slider_that_get_the_focus_light_the_text(open_lesson):
    page = open_lesson("lessons/04_matrix_form")
    formula = formula_of(page, "move-it-yourself", "w132")
    number = page.evaluate(NUMBER_OF, "w^2_13")
    page.locator(f'.bf-chip[data-pick="{number}"]:visible').focus()
    assert formula.evaluate("el => el.querySelector('.bp-lit') !== null")
    blur(page)
    page.locator(f'[data-leaf="{number}"]').first.evaluate(
        "el => el.closest('details').open = true"
    )
    page.locator(f'[data-leaf="{number}"]').first.focus()
    assert formula.evaluate("el => el.querySelector('.bp-lit') !== null")


def test_a_finger_lights_for_a_while_and_the_tip_leads_to_the_figure(open_lesson):
    page = open_lesson("lessons/02_toy_model", width=390, has_touch=True)
    formula = formula_of(page, "the-same-line-walked-back", "ω3")
    formula.scroll_into_view_if_needed()
    formula.query_selector(".bp-term").tap()
    assert ("The toy model", "value ω_3") in lit_numbers(page)
    tip = page.locator(".bp-tip")
    tip.wait_for()
    assert tip.text_content() == "ω₃ = 3.000 — ↓ show in “The toy model”"
    tip.tap()
    page.wait_for_function(IN_SIGHT)
    page.wait_for_function("document.querySelectorAll('.bp-lit').length === 0")
    assert page.complaints == []


def test_a_finger_on_a_part_lights_its_terms(open_lesson):
    page = open_lesson("lessons/01_chain_rule", width=390, has_touch=True)
    box = page.locator("#a-chain-whose-slope-changes .bf-box:visible").nth(2)
    box.scroll_into_view_if_needed()
    box.tap()
    term = formula_of(page, "a-chain-whose-slope-changes", "t=3").query_selector(".bp-term")
    assert term.evaluate("el => el.classList.contains('bp-lit')")


def test_a_click_leads_to_the_figure_which_stays_lit_for_a_while(open_lesson):
    page = open_lesson("lessons/02_toy_model")
    formula = formula_of(page, "the-same-line-walked-back", "h3")
    formula.query_selector(".bp-term").click()
    page.wait_for_function(IN_SIGHT)
    page.mouse.move(5, 400)
    page.wait_for_timeout(300)
    assert ("The toy model", "value h_3") in lit_numbers(page)
    page.wait_for_function("document.querySelectorAll('.bp-lit').length === 0")


def test_an_address_of_a_link_leads_to_its_part(built_book, browser):
    page = browser.new_page()
    page.goto((built_book / "lessons/04_matrix_form.html").as_uri() + "#show-a%5E1_1")
    page.wait_for_function(IN_SIGHT)
    page.close()


def test_enter_leads_to_the_figure_and_back(open_lesson):
    page = open_lesson("lessons/05_delta_equations")
    focus_term(page, "equation-1-the-output-layer", "δL=", 0)
    said = page.locator(".bp-spoken")
    assert said.text_content() == ""  # silent, until somebody walks through the terms
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert said.text_content() == "∂E/∂z²₁ = 0.0901, ∂E/∂z²₂ = −0.0226"
    place = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    page.wait_for_function(IN_SIGHT)
    assert page.locator(".CtxtMenu_Menu").count() == 0
    page.go_back()
    page.wait_for_function(f"Math.abs(scrollY - {place}) < 2")


@pytest.mark.parametrize("name", FIGURE_PAGES)
def test_links_in_prose_light_and_lead_to_a_part(open_lesson, name):
    page = open_lesson(name)
    links = page.locator(".bd-article a[href^='#show-']")
    assert links.count() > 0
    for link in links.all():
        link.scroll_into_view_if_needed()
        link.focus()
        drawn = page.locator("backprop-figure svg .bp-lit:visible")
        assert drawn.count() > 0, link.get_attribute("href")
        page.keyboard.press("Enter")
        page.wait_for_function(IN_SIGHT)
        assert "#" not in page.url
    assert page.locator(".bd-article mjx-container .bp-term").count() > 0
    assert page.complaints == []


@pytest.mark.parametrize("name", ["book/notation", "book/api"])
def test_a_page_without_figures_is_left_alone(built_book, visit, name):
    page = visit(built_book / f"{name}.html")
    assert page.locator(".bp-term, .bp-tip, mjx-container[role=group]").count() == 0
    assert page.complaints == []


def test_exercises_and_small_examples_keep_their_own_letters(open_lesson):
    page = open_lesson("lessons/07_cnn")
    section = page.locator("#the-kernel-s-gradient-no-flip")
    assert section.locator("mjx-container").count() > 0 == section.locator(".bp-term").count()
    page = open_lesson("lessons/02_toy_model")
    assert page.locator("#exercises mjx-container").count() > 0
    assert page.locator("#exercises .bp-term").count() == 0


def test_a_pointer_that_stays_on_a_part_changes_nothing(open_lesson):
    page = open_lesson("lessons/02_toy_model")
    box = page.locator("backprop-figure .bf-box:visible").nth(2)
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    x, y = place["x"] + 10, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    assert page.locator(".bp-term.bp-lit").count() > 0
    page.evaluate("""() => new MutationObserver((seen) => (window.changes = seen.length))
        .observe(document.body, { subtree: true, attributes: true, attributeFilter: ["class"] })""")
    page.mouse.move(x + 8, y + 5, steps=8)
    assert page.evaluate("window.changes") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_about_linked_text(open_lesson, scheme):
    page = open_lesson("lessons/05_delta_equations", color_scheme=scheme)
    focus_term(page, "equation-2-one-layer-back", "δl=", 1)
    page.locator(".bp-tip").wait_for()
    violations = Axe().run(page).response["violations"]
    nodes = [node["html"] for violation in violations for node in violation["nodes"]]
    assert [html for html in nodes if re.search("mjx|bp-", html)] == []
    page.locator("a.bp-term").first.focus()
    violations = Axe().run(page, context="a.bp-term").response["violations"]
    assert violations == []


def test_forced_colours_show_an_outline(open_lesson):
    page = open_lesson("lessons/02_toy_model", forced_colors="active")
    focus_term(page, "the-same-line-walked-back", "h3", 0)
    outline = "el => getComputedStyle(el).outlineStyle"
    assert page.locator(".bp-here").first.evaluate(outline) == "solid"
