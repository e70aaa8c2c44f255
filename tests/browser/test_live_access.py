"""The live figures for everybody: keyboard, screen reader, contrast, zoom, phones, no script."""

import random

import pytest
from axe_playwright_python.sync_playwright import Axe

from backprop_lib import live
from backprop_lib.live import lesson_06_training

every_figure = pytest.mark.parametrize("make_figure", live.FIGURES.values(), ids=live.FIGURES)
ALL = live.FIGURES | lesson_06_training.FIGURES
with_training = pytest.mark.parametrize("make_figure", ALL.values(), ids=ALL)

# Texts, controls and plates that overlap, or that are not inside the figure. Letters fill about
# 70 % of a line's height; a symbol's own indices and a plate's own numbers may touch.
COLLISIONS = """figure => {
  const frame = figure.getBoundingClientRect();
  const boxes = [];
  const add = (text, owner, { left, right, top, bottom }, spare) => {
    boxes.push({ text, owner, left, right, top: top + spare, bottom: bottom - spare });
  };
  const walker = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (!data.replace("\u200b", "").trim() || !parentElement.checkVisibility()) continue;
    if (parentElement.closest("style, script, details, select, .bf-spoken")) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const owner = parentElement.closest(".bf-chip, text, p, button, .bf-name") ?? parentElement;
    const inner = owner.matches(".bf-chip") ? parentElement : owner;
    for (const box of range.getClientRects()) add(data, inner, box, 0.15 * box.height);
  }
  for (const el of figure.querySelectorAll("input, button, select, .bf-chip > rect")) {
    if (el.checkVisibility()) add(el.ariaLabel ?? "plate or button", el, el.getBoundingClientRect(), 0);
    if (el.type === "text" && el.scrollWidth > el.clientWidth + 1) add(`clipped: ${el.value}`, el, frame, -9);
  }
  const wrong = boxes
    .filter((box) => box.left < frame.left || box.right > frame.right + 0.5 || box.top < frame.top)
    .map((box) => `outside: ${box.text}`);
  const apart = (a, b) => a.owner !== b.owner && a.owner.parentNode !== b.owner.parentNode
    || (a.owner !== b.owner && !a.owner.closest(".bf-chip"));
  for (const [k, a] of boxes.entries()) {
    for (const b of boxes.slice(k + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1 && apart(a, b)) wrong.push(`${a.text} | ${b.text}`);
    }
  }
  return wrong;
}"""

MOVE = """(figure, shares) => [...figure.querySelectorAll("[data-leaf]")].forEach((slider, at) => {
  slider.value = Number(slider.min) + shares[at] * (slider.max - slider.min);
  slider.dispatchEvent(new Event("input"));
})"""


@with_training
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show_alone, make_figure, scheme):
    page, element = show_alone(make_figure(), color_scheme=scheme)
    for summary in element.locator("summary").all():
        summary.click()
    for _ in range(3):
        if element.locator("[data-do=step]").count():
            element.locator("[data-do=step]").click()
        violations = Axe().run(page, context="backprop-figure").response["violations"]
        assert {v["id"]: [node["html"] for node in v["nodes"]] for v in violations} == {}


@with_training
@pytest.mark.parametrize("width", [1280, 640, 390])  # 640 is 1280 at 200 %
def test_no_number_is_clipped_or_overlaps_another(show_alone, make_figure, width):
    page, element = show_alone(make_figure(), width=width)
    rng = random.Random(width)
    count = element.locator("[data-leaf]").count()
    for _ in range(6):
        assert element.evaluate(COLLISIONS) == []
        element.evaluate(MOVE, [rng.random() for _ in range(count)])
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
    slider = element.get_by_role("slider", name="omega 0, weights")
    for _ in range(3):
        slider.press("ArrowRight")
        assert spoken.text_content() == ""
    page.wait_for_timeout(500)
    loss, grad = element.evaluate("({ graph }) => [graph.values[graph.loss], graph.grads[2]]")
    figure = live.toy_figure()
    figure.recording.by_name["omega0"].data = element.evaluate("f => f.graph.values[f.touched]")
    figure.recording.run()
    assert loss == pytest.approx(figure.recording.loss.data, rel=1e-12)
    expected = live.figure.number(figure.recording.by_name["omega0"].grad)
    said = f"ℓ = {live.figure.number(loss)}, gradient of omega 0 = {expected}"
    assert spoken.text_content() == said


@every_figure
def test_the_keyboard_reaches_every_control(show_alone, make_figure):
    page, element = show_alone(make_figure())
    element.evaluate("figure => figure.querySelectorAll('details').forEach((d) => (d.open = true))")
    controls = element.locator("input, button, select, summary").count()
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
