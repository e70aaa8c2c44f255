"""The figures of training in a browser: against ``fit``, against Python's drawing, by hand."""

import random
import re

import numpy as np
import pytest
from alone import SCRIPT, swipe

from backprop_lib import live
from backprop_lib.live import layers_view
from backprop_lib.live.lesson_06_training import FIGURES
from backprop_lib.live.numbers import short

every_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)

# Moves every control to its setting, and returns what the script has computed and what is shown
MOVE = """(figure, settings) => {
  for (const [name, value] of Object.entries(settings)) {
    const control = figure.querySelector(`[data-set=${name}]`);
    control.value = control.dataset.log ? Math.log10(value) : value;
    control.dispatchEvent(new Event("input"));
  }
  const texts = (selector) => [...figure.querySelectorAll(selector)].map((el) => el.textContent);
  const paths = (selector) => [...figure.querySelectorAll(selector)].map((el) => el.getAttribute("d"));
  const { experiment } = figure;
  return {
    settings: experiment.settings, runs: experiment.runs,
    cells: texts("td"), names: texts(".bf-counts span"), said: figure.querySelector(".bf-said").textContent,
    numbers: texts(".bf-setting > b"),
    lines: paths(".bf-clip > path"), bars: paths(".bf-bars"), grids: paths(".bf-grid"),
    ticks: texts(".bf-tick"), widths: [...figure.querySelectorAll(".bf-bars")].map((el) => el.getAttribute("stroke-width")),
  };
}"""


def check_path(element, figure, settings):
    """Compare paths, drawing, counts and words with those that ``fit`` leads to."""
    seen = element.evaluate(MOVE, settings)
    figure.at |= seen["settings"]
    runs = figure.runs()
    for ran, (_, path, passes, loss) in zip(seen["runs"], runs, strict=True):
        np.testing.assert_allclose(ran["path"], path, rtol=1e-9, atol=1e-9)
        assert (ran["passes"], ran["loss"]) == (passes, loss)
    cells = [(passes, passes, len(path) - 1, loss) for _, path, passes, loss in runs]
    assert seen["cells"] == [str(cell) for row in cells for cell in row]
    assert seen["names"] == [label for label, *_ in runs]
    assert seen["said"] == figure.sentence()
    shown = [figure.at[name] for name in [*figure.at][:-1]]
    assert seen["numbers"] == [short(x) for x in shown]
    drawn = re.findall(r"<path class=\S+(?: bf-dots\")? d=(\S+) />", figure.surface(runs))
    for line, expected in zip(seen["lines"], drawn, strict=False):
        assert re.sub(r"[^A-Zh]", "", line) == re.sub(r"[^A-Zh]", "", expected)
        np.testing.assert_allclose(numbers(line), numbers(expected), atol=0.11)


def numbers(path):
    return [float(x) for x in re.findall(r"-?\d+\.?\d*", path)]


def random_settings(count):
    """Return settings of which each rule gets its share; one of them diverges."""
    rng = random.Random(0)
    settings = [
        {
            "w": round(rng.uniform(-2, 3), 1),
            "b": round(rng.uniform(-1.5, 3), 1),
            "eta": 10 ** rng.uniform(-2.5, -0.3),
            "batch": rng.randint(1, 24),
            "epochs": rng.randint(1, 30),
            "rule": ["plain", "momentum", "Adam"][k % 3],
        }
        for k in range(count)
    ]
    return [*settings, settings[0] | {"eta": 1.0, "batch": 2, "epochs": 30}]


def test_the_paths_are_those_of_fit(show_alone):
    page, element = show_alone(live.path_figure())
    figure = live.path_figure()
    for settings in random_settings(24):
        check_path(element, figure, settings)
    assert "diverged" in figure.sentence()
    assert page.complaints == []


BROKEN = {
    "the step is halved": ("(g) => eta * g,", "(g) => 0.5 * eta * g,"),
    "momentum as a mean": ("0.9 * velocity + g", "0.9 * velocity + 0.1 * g"),
    "momentum is 0.9005": ("0.9 * velocity + g", "0.9005 * velocity + g"),
    "no correction of the mean": ("(mean / (1 - 0.9 ** t))", "mean"),
    "no correction of the square": ("square / (1 - 0.999 ** t)", "square"),
    "epsilon under the root": ("(1 - 0.999 ** t)) + 1e-8", "(1 - 0.999 ** t) + 1e-8)"),
    "a sum for a mean": ("sum / batch.length", "sum"),
    "another order": ("this.data.orders.slice(0, epochs)", "this.data.orders.slice(1, epochs + 1)"),
    "the last batch is left out": ("from < order.length;", "from + size <= order.length;"),
    "weights one after the other": ("RULES[rule](eta));", "RULES[rule](eta * 1.0005));"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_noticed(show_alone, name):
    right, wrong = BROKEN[name]
    assert SCRIPT.count(right) == 1
    page, element = show_alone(live.path_figure(), script=SCRIPT.replace(right, wrong))
    with pytest.raises(AssertionError):
        for settings in random_settings(9):
            check_path(element, live.path_figure(), settings)
    assert page.complaints == []


def test_every_network_s_bars_are_python_s(show_alone):
    page, element = show_alone(live.layers_figure())
    figure = live.layers_figure()
    for activation in layers_view.ACTIVATIONS:
        for start in layers_view.STARTS:
            for depth in (10, 30, 50):
                settings = {"activation": activation, "start": start, "depth": depth}
                seen = element.evaluate(MOVE, settings)
                figure.at |= settings
                check_bars(seen, figure)
    assert page.complaints == []


def check_bars(seen, figure):
    drawing = figure.drawing()
    assert seen["cells"] == re.findall(r"<td class=bf-\w+>([^<]*)", drawing)
    assert seen["said"] == figure.sentence()
    assert seen["grids"] == re.findall(r'<path class=bf-grid d="([^"]*)"', drawing)
    ticks = re.findall(r'<text [^>]*class="?bf-tick.*?</text>', drawing)
    assert seen["ticks"] == [re.sub("<[^>]*>", "", tick) for tick in ticks]
    bars = re.findall(r'"bf-bars [^>]*stroke-width=(\S+) d="([^"]*)"', drawing)
    assert [*zip(seen["widths"], seen["bars"], strict=True)] == bars


# --- By hand --------------------------------------------------------------------------------

SHOWN = "figure => figure.querySelector('.bf-views').innerHTML"


def test_the_start_is_dragged_and_clicked(show_alone):
    page, element = show_alone(live.path_figure())
    figure, box = live.path_figure(), element.locator(".bf-ground").bounding_box()

    def place(w, b):
        return box["x"] + (w + 2) / 5 * box["width"], box["y"] + (3 - b) / 4.5 * box["height"]

    page.mouse.move(*place(-1.6, 1.6))
    page.mouse.down()
    page.mouse.move(*place(1, 0), steps=4)
    page.mouse.move(*place(2.0, -1.0), steps=4)
    page.mouse.up()
    settings = element.evaluate("figure => figure.experiment.settings")
    assert (settings["w"], settings["b"]) == pytest.approx((2.0, -1.0), abs=0.02)
    check_path(element, figure, {})
    page.mouse.move(*place(0, 0))
    assert element.evaluate("figure => figure.experiment.settings") == settings
    page.mouse.click(*place(-1.0, 2.5))
    settings = element.evaluate("figure => figure.experiment.settings")
    assert (settings["w"], settings["b"]) == pytest.approx((-1.0, 2.5), abs=0.02)
    check_path(element, figure, {})


@every_figure
def test_keys_move_every_control_and_reset_returns(show_alone, make):
    page, element = show_alone(make(), reduced_motion="reduce")
    start = element.evaluate(SHOWN)
    element.evaluate("figure => figure.experiment.set({})")
    first = element.evaluate(SHOWN)
    for control in element.locator("[data-set]").all():
        before = element.evaluate("figure => JSON.stringify(figure.experiment.settings)")
        while not control.evaluate("el => el === document.activeElement"):
            page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        page.keyboard.press("ArrowDown")
        assert element.evaluate("figure => JSON.stringify(figure.experiment.settings)") != before
    page.wait_for_function(
        "document.querySelector('.bf-spoken').textContent === document.querySelector('.bf-said').textContent"
    )
    assert element.evaluate(SHOWN) != first
    element.locator("button").click()
    assert element.evaluate(SHOWN) == first
    strip = re.compile(r"<[^>]*>")
    assert strip.sub("", first) == strip.sub("", start)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.complaints == []


@every_figure
def test_without_a_script_the_whole_figure_stands_at_its_start(show_alone, make):
    figure = make()
    _, element = show_alone(figure, script="", java_script_enabled=False)
    assert element.locator("[data-set]:enabled, button:enabled").count() == 0
    assert figure.sentence() in element.inner_text()
    assert "Without JavaScript the figure stands still" in element.inner_text()


@pytest.mark.parametrize("target", [".bf-ground", "[data-set=w]", "[data-set=eta]"])
def test_a_swipe_that_scrolls_changes_nothing_and_a_sideways_drag_moves(show_alone, target):
    page, element = show_alone(live.path_figure(), width=390, has_touch=True, is_mobile=True)
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    read = "figure => JSON.stringify(figure.experiment.settings)"
    before = element.evaluate(read)
    box = element.locator(target).bounding_box()
    x, y = box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2
    swipe(page, [(x, y - 10 * k) for k in range(16)])
    page.wait_for_function("scrollY > 50")
    assert element.evaluate(read) == before
    box = element.locator(target).bounding_box()
    x, y = box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2
    swipe(page, [(x + 6 * k, y) for k in range(11)])
    assert element.evaluate(read) != before
    check_path(element, live.path_figure(), {})
    assert page.complaints == []


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_longest_counts_stay_inside_the_figure(show_alone, width):
    page, element = show_alone(live.path_figure(), width=width)
    seen = element.evaluate(MOVE, {"eta": 1.0, "batch": 12, "epochs": 30, "rule": "momentum"})
    assert "diverged" in seen["cells"]
    inside = """figure => figure.querySelector("table").getBoundingClientRect().right
      <= figure.querySelector("fieldset").getBoundingClientRect().right + 0.5"""
    assert element.evaluate(inside)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
