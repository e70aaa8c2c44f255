"""The live figures for everybody: keyboard, screen reader, contrast, zoom, phones, no script."""

import pytest
from alone import EVERY_FIGURE
from axe_playwright_python.sync_playwright import Axe

from backprop_lib import live
from backprop_lib.live import lesson_06_training

every_figure = pytest.mark.parametrize("make_figure", live.FIGURES.values(), ids=live.FIGURES)

# What brings a figure into each of the states in which it is looked at
STATES = {
    "start": "",
    "unfolded": "figure.querySelectorAll('details').forEach((part) => (part.open = true))",
    "forward": "figure.stepBy(1); figure.stepBy(1)",
    "backward": "figure.step = figure.data.walk.ahead.length + 1; figure.show()",
    "checked": "figure.switchCheck()",
    "solved": "figure.solve()",
    "refused": "const { field } = figure.sliders[0];"
    "field.value = 'one'; field.dispatchEvent(new Event('change'))",
    "overflow": "figure.set(figure.sliders[0].leaf, 1e308)",
    "updated": "if (figure.data.parameters.length) figure.update(10)",
    "hidden": "figure.querySelector('[data-do=hide]').click()",
    "what is what": "figure.querySelector('[data-do=help]').click()",
}


@pytest.mark.parametrize("name", EVERY_FIGURE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(show_alone, name, scheme):
    page, element = show_alone(EVERY_FIGURE[name](), color_scheme=scheme)
    rules, found = Axe(), {}
    for state, script in STATES.items():
        if state in ("forward", "backward") and not element.locator("[data-do=step]").count():
            continue
        if state == "solved" and not element.locator("[data-do=solve]").count():
            continue
        element.evaluate(f"figure => {{ {script} }}")
        for violation in rules.run(page, context="backprop-figure").response["violations"]:
            found[state, violation["id"]] = [node["html"] for node in violation["nodes"]]
        element.evaluate("figure => { figure.querySelector('dialog').close(); figure.reset(); }")
    assert found == {}


@pytest.mark.parametrize("name", lesson_06_training.FIGURES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_figures_of_training(show_alone, name, scheme):
    page, _ = show_alone(lesson_06_training.FIGURES[name](), color_scheme=scheme)
    violations = Axe().run(page, context="backprop-figure").response["violations"]
    assert {v["id"]: [node["html"] for node in v["nodes"]] for v in violations} == {}


CONTRAST = """figure => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((x) => x / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const paper = luminance(getComputedStyle(figure).backgroundColor);
  const texts = [...figure.querySelectorAll("svg text")].filter((el) => el.checkVisibility() && !el.closest(".bf-heat"));
  const weakest = Math.min(...texts.map((el) => contrast(luminance(getComputedStyle(el).fill), paper)));
  const [lit, other] = [".bf-lit", ":not(.bf-lit)"].map((kind) => figure.querySelector(`.bf-box${kind} > :is(rect, circle)`));
  return [weakest, getComputedStyle(lit).stroke, getComputedStyle(other).stroke];
}"""


@pytest.mark.parametrize("name", ["toy model", "2-3-2-1"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_leave_numbers_readable_and_the_step_visible(show_alone, name, scheme):
    page, element = show_alone(
        live.FIGURES[name](), forced_colors="active", color_scheme=scheme, reduced_motion="reduce"
    )
    element.locator("[data-do=step]").click()
    weakest, lit, other = element.evaluate(CONTRAST)
    assert weakest >= 4.5
    assert lit != other


@pytest.mark.parametrize("name", live.FIGURES)
def test_from_the_first_slider_step_is_at_most_three_tabs_away(show_alone, name):
    page, element = show_alone(live.FIGURES[name]())
    if not element.locator("[data-do=step]").count():
        return  # too many values to be walked through
    element.locator("[data-leaf]").first.focus()
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.dataset.do") == "step":
            return
    pytest.fail("Step was not reached")


@pytest.mark.parametrize("name", live.FIGURES)
@pytest.mark.parametrize(("width", "track"), [(320, 100), (390, 100), (1280, 70)])
def test_a_slider_is_long_enough_to_be_moved(show_alone, name, width, track):
    page, element = show_alone(live.FIGURES[name](), width=width)
    lengths = element.locator("[data-leaf]:visible").evaluate_all(
        "els => els.map((el) => el.clientWidth)"
    )
    assert min(lengths) >= track
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_sliders_say_what_they_are_and_where_they_stand(show_alone):
    _, element = show_alone(live.FIGURES["2-3-2-1"]())
    element.locator(".bf-more > summary").click()
    names = [slider.get_attribute("aria-label") for slider in element.locator("[data-leaf]").all()]
    assert names[:4] == ["w 1 1, layer 3", "w 1 2, layer 3", "b 1, layer 3", "w 1 1, layer 2"]
    assert len(set(names)) == len(names)
    slider = element.get_by_role("slider", name="w 2 3, layer 2")
    assert slider.get_attribute("aria-valuetext") == "1.200, gradient 25.928"
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("1.250, gradient ")
    assert element.get_by_label("w 2 3, layer 2, as a number").input_value() == "1.250"


def test_the_loss_and_the_gradient_are_announced_once_the_slider_rests(show_alone):
    page, element = show_alone(live.toy_figure())
    spoken = element.locator(".bf-spoken")
    assert spoken.get_attribute("aria-live") == "polite"
    slider = element.get_by_role("slider", name="beta 3, weights")
    said = slider.evaluate(
        """el => { for (let k = 0; k < 3; k++) {
          el.stepUp();
          el.dispatchEvent(new Event("input"));
        } return el.closest("backprop-figure").spoken.textContent; }"""
    )
    assert said == ""  # not while it moves
    page.wait_for_timeout(500)
    loss = element.evaluate("({ graph }) => graph.values[graph.loss]")
    figure = live.toy_figure()
    figure.recording.by_name["beta3"].data = element.evaluate("f => f.graph.values[f.touched]")
    figure.recording.run()
    assert loss == pytest.approx(figure.recording.loss.data, rel=1e-12)
    expected = live.figure.number(figure.recording.by_name["beta3"].grad)
    said = f"ℓ = {live.figure.number(loss)}, gradient of beta 3 = {expected}"
    assert spoken.text_content() == said


@every_figure
def test_the_keyboard_reaches_every_control(show_alone, make_figure):
    page, element = show_alone(make_figure())
    element.evaluate("figure => figure.querySelectorAll('details').forEach((d) => (d.open = true))")
    usable = ":is(input, button, select, summary, [tabindex='0']):not(:disabled):visible"
    controls = element.locator(usable).count()
    reached = set()
    for _ in range(controls):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_without_a_script_every_value_is_there_and_no_control_pretends(show_alone):
    figure = live.toy_figure()
    _, element = show_alone(figure, script="")
    text = element.locator("table").text_content() + element.locator(".bf-wide").text_content()
    for value in figure.recording.by_name.values():
        assert live.figure.number(value.data) in text and live.figure.number(value.grad) in text
    assert element.locator("input:enabled, button:enabled").count() == 0


def test_nothing_moves_by_itself(show_alone):
    page, element = show_alone(live.toy_figure(), reduced_motion="reduce")
    element.locator("[data-do=step]").click()
    assert page.evaluate("document.getAnimations().length") == 0
    assert "transition" not in live.svg.STYLE and "animation" not in live.svg.STYLE
