"""The figures that are walked through, in a browser: every number against Python's, by hand."""

import random

import numpy as np
import pytest
from alone import SCRIPT, swipe
from axe_playwright_python.sync_playwright import Axe
from helpers import two_outputs

from backprop_lib import live

FIGURES = {
    "slide": live.slide_figure,
    "tape": live.tape_figure,
    "tape of two": lambda: live.tape_figure(two_outputs, u=0.5, v=-1.5),
}
every_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)

# Sets everything at once, and returns the settings and what the script has computed
MOVE = """(figure, settings) => {
  const { experiment } = figure;
  experiment.set({});
  for (const [name, value] of Object.entries(settings)) {
    const control = figure.querySelector(`[data-set=${name}]`);
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const { values, grads } = experiment.graph;
  return { settings: experiment.settings, values: [...values], grads: [...grads] };
}"""

# What is written and drawn in the page, and in the HTML that Python makes at the same settings
SEEN = """(figure, html) => {
  const made = document.createElement("div");
  made.innerHTML = html;
  return [figure, made].map((root) => {
    const all = (selector, read) => [...root.querySelectorAll(selector)].map(read);
    const attributes = (...names) => (el) => names.map((name) => el.getAttribute(name));
    return {
      texts: all(".bf-views text, .bf-sum :is(p, th, td, small), .bf-said", (el) => el.textContent),
      terms: all(".bf-terms", (el) => el.innerHTML + el.style.getPropertyValue("--columns")),
      fills: all(".bf-heat > rect", attributes("fill")),
      letters: all(".bf-heat > text", (el) => [el.classList.contains("bf-strong"), el.style.getPropertyValue("--letters")]),
      windows: all(".bf-window", attributes("x", "y", "width", "height")),
      rows: all("[data-row]", (el) => el.className),
    };
  });
}"""

# The boxes and arrows that are not to be seen, by their numbers, and the box that is lit
GROWN = """figure => {
  const gone = (el) => !el.checkVisibility({ visibilityProperty: true });
  const view = [...figure.querySelectorAll(".bf-wide, .bf-narrow")].find((el) => el.checkVisibility());
  const all = (name, select = "") => [...view.querySelectorAll(`[data-${name}]${select}`)]
    .filter(gone).map((el) => el.dataset[name]);
  const lit = view.querySelector(".bf-box.bf-lit");
  return {
    boxes: all("box"), ahead: all("way", ".bf-ahead"), back: all("way", ".bf-back"), locals: all("local"),
    tips: [...view.querySelectorAll(".bf-tip")].filter(gone).length,
    lit: lit && [lit.dataset.box, lit.matches(".bf-lit-ahead")],
  };
}"""


def random_settings(figure, count):
    rng = random.Random(0)
    choice = "way" if figure.kind == "slide" else "mode"
    for _ in range(count):
        figure.at[choice] = rng.choice([*figure.settings[choice].options])
        limits = figure.limits()
        settings = {choice: figure.at[choice]}
        settings |= {name: rng.randint(0, most) for name, most in limits.items()}
        if figure.kind == "slide":
            yield settings | {"kernel": rng.choice([*figure.settings["kernel"].options])}
        else:
            inputs = {name: rng.randint(1, 50) / 20 * rng.choice([-1, 1]) for name in figure.inputs}
            yield settings | inputs


def check(element, figure, settings):
    """Compare the computed numbers and everything shown with Python's at the same settings."""
    seen = element.evaluate(MOVE, settings)
    figure.at |= seen["settings"]
    figure.settle()
    values = figure.recording.values
    np.testing.assert_allclose(seen["values"], [v.data for v in values], rtol=1e-12, atol=1e-15)
    if figure.kind == "slide":
        np.testing.assert_allclose(seen["grads"], [v.grad for v in values], rtol=1e-12, atol=1e-15)
    page, python = element.evaluate(SEEN, figure.html())
    assert page == python
    if figure.kind == "tape":
        check_grown(element.evaluate(GROWN), figure)


def check_grown(seen, figure):
    """Compare what of the graph is to be seen with what the step has reached."""
    at, step, lines = figure.recording.number_of, figure.at["step"], figure.lines
    ahead = {str(at(name)) for name in lines[step:]}
    later = {str(at(name)) for name in figure.back[max(step - len(lines), 0) :]}
    forward = figure.mode[0] == "forward"
    edges = [
        (str(at(source)), str(at(name)))
        for name in lines
        for source in figure.recording.local_derivatives(name)
    ]
    unreached = sorted(f"{a} {b}" for a, b in edges if b in ahead)
    unwalked = sorted(f"{a} {b}" for a, b in edges if forward or b in ahead or a in later)
    assert set(seen["boxes"]) == ahead
    assert sorted(seen["ahead"]) == unreached
    assert sorted(" ".join(pair.split()[::-1]) for pair in seen["locals"]) == unreached
    assert sorted(seen["back"]) == unwalked
    assert seen["tips"] == len(unreached) + len(unwalked)
    now = figure._now()
    assert seen["lit"] == (now and [str(at(now)), step <= len(lines)])


@every_figure
def test_random_settings_show_python_s_numbers(show_alone, make):
    page, element = show_alone(make())
    figure = make()
    drawn, python = element.evaluate(SEEN, figure.html())
    assert drawn == python  # what stands there before anything is moved
    check(element, figure, {})
    for settings in random_settings(make(), 60):
        check(element, figure, settings)
    assert page.complaints == []


def test_every_place_of_the_kernel_shows_python_s_numbers(show_alone):
    page, element = show_alone(live.slide_figure())
    figure = live.slide_figure()
    for way, (rows, columns) in figure.sizes.items():
        for row, column in np.ndindex(rows, columns):
            check(element, figure, {"way": way, "row": row, "column": column})
    assert page.complaints == []


@pytest.mark.parametrize("name", ["tape", "tape of two"])
def test_every_step_of_every_mode_shows_python_s_numbers(show_alone, name):
    page, element = show_alone(FIGURES[name]())
    figure = FIGURES[name]()
    for mode in figure.settings["mode"].options:
        figure.at["mode"] = mode
        for step in range(figure.limits()["step"] + 1):
            check(element, figure, {"mode": mode, "step": step})
    assert page.complaints == []


BROKEN = {
    "a pair is turned": (
        "slide",
        "terms.map(([a, b]) => first[a]",
        "terms.map(([b, a]) => first[a]",
    ),
    "values for gradients": ("slide", "back ? [grads, ", "back ? [values, "),
    "an outline too wide": ("slide", "(low % count) + 1) * width", "(low % count) + 2) * width"),
    "the kernel stays": ("slide", "graph.values[maps[1][k]] = w", "graph.values[maps[1][k]] + w"),
    "one tangent is lost": ("tape", "right(...at) * found[b[i]]", "right(...at)"),
    "the seed is the last value": ("tape of two", "graph.backward(seed);", "graph.backward();"),
    "values show too early": (
        "tape",
        "new Set(lines.slice(step))",
        "new Set(lines.slice(step + 1))",
    ),
    "all adjoints at once": (
        "tape",
        "new Set(back.slice(Math.max(step",
        "new Set(back.slice(Math.min(step",
    ),
    "arrows stay": ("tape", "hide(part, hidden)", "hide(el, hidden)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_noticed(show_alone, name):
    kind, right, wrong = BROKEN[name]
    assert SCRIPT.count(right) == 1
    page, element = show_alone(FIGURES[kind](), script=SCRIPT.replace(right, wrong))
    figure = FIGURES[kind]()
    with pytest.raises(AssertionError):
        for settings in random_settings(FIGURES[kind](), 30):
            check(element, figure, settings)
    assert page.complaints == []


# --- By hand --------------------------------------------------------------------------------

SETTINGS = "figure => figure.experiment.settings"


def cell(element, k, at):
    """Find a cell of one of the six maps."""
    return element.locator(".bf-map").nth(k).locator(".bf-heat > rect").nth(at)


def test_a_press_on_a_cell_goes_there_and_the_mouse_leads_on(show_alone):
    page, element = show_alone(live.slide_figure())
    figure = live.slide_figure()
    places = {
        0: ("pixel", 8),
        1: ("weight", 5),
        2: ("window", 6),
        3: ("pixel", 3),
        5: ("window", 1),
    }
    for k, (way, at) in places.items():
        box = cell(element, k, at).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # on the number
        settings, columns = element.evaluate(SETTINGS), figure.sizes[way][1]
        assert [settings[name] for name in ("way", "row", "column")] == [way, *divmod(at, columns)]
        check(element, figure, {})
    for at in (2, 3, 7):
        cell(element, 2, at).hover(position={"x": 3, "y": 3}, force=True)
        settings = element.evaluate(SETTINGS)
        assert (settings["row"], settings["column"]) == divmod(at, 4)
    cell(element, 0, 0).hover(position={"x": 3, "y": 3}, force=True)  # another way: only by a press
    assert element.evaluate(SETTINGS) == settings
    check(element, figure, {})
    assert page.complaints == []


@every_figure
def test_buttons_walk_through_all_places_and_play_ends_there(show_alone, make):
    page, element = show_alone(make())
    figure = make()
    back, on, play = element.locator("[data-walk]").all()
    for button, way in [(back, -1), (on, 1), (on, 1), (on, 1), (back, -1)]:
        button.click()
        figure.go(way)
        check(element, figure, {})
    last = {name: most for name, most in figure.limits().items()}
    check(element, figure, last | {[*last][-1]: [*last.values()][-1] - 1})
    play.click()
    assert element.evaluate("f => f.experiment.playing") is False  # the last place is reached
    settings = element.evaluate(SETTINGS)
    assert {name: settings[name] for name in last} == last
    play.click()  # from the first place on
    assert "Pause" in play.inner_text()
    page.wait_for_timeout(1400)
    settings = element.evaluate(SETTINGS)
    assert [settings[name] for name in last] == [*[0] * (len(last) - 1), 1]
    back.click()  # by hand: it is over
    assert "Play" in play.inner_text()
    element.locator("[data-do=reset]").click()
    check(element, figure, {})
    assert {**figure.at} == make().at
    assert page.complaints == []


@every_figure
def test_keys_reach_and_move_every_control(show_alone, make):
    page, element = show_alone(make())
    figure = make()
    for control in element.locator("[data-set], button").all():
        while not control.evaluate("el => el === document.activeElement"):
            page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if control.get_attribute("data-set"):
            before = element.evaluate(SETTINGS)
            page.keyboard.press("ArrowDown")
            assert element.evaluate(SETTINGS) != before
            check(element, figure, {})
    page.wait_for_timeout(400)
    said = element.locator(".bf-said").inner_text()
    assert element.locator(".bf-spoken").text_content() == said


def states(figure):
    choice = "way" if figure.kind == "slide" else "mode"
    for value in figure.settings[choice].options:
        yield {choice: value}
        if figure.kind == "tape":
            yield {choice: value, "step": 2}


@every_figure
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show_alone, make, scheme):
    page, element = show_alone(make(), color_scheme=scheme)
    for settings in states(make()):
        element.evaluate(MOVE, settings)
        violations = Axe().run(page, context="backprop-figure").response["violations"]
        assert {v["id"]: [node["html"] for node in v["nodes"]] for v in violations} == {}


@every_figure
@pytest.mark.parametrize("width", [1280, 640, 390])
def test_nothing_is_clipped_or_sticks_out(show_alone, make, width):
    page, element = show_alone(make(), width=width)
    outside = """figure => [...figure.querySelectorAll("text, td, th, p, button, select, input, .bf-terms > *")]
      .filter((el) => el.checkVisibility() && !el.matches(".bf-spoken"))
      .filter((el) => {
        const [inner, frame] = [el, figure].map((part) => part.getBoundingClientRect());
        return inner.left < frame.left || inner.right > frame.right + 0.5
          || (el.matches(".bf-terms > *") && el.scrollWidth > el.clientWidth + 1);
      }).map((el) => el.outerHTML)"""
    for settings in [*states(make()), *random_settings(make(), 10)]:
        element.evaluate(MOVE, settings)
        assert element.evaluate(outside) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if width == 1280:
        assert element.bounding_box()["height"] <= 900


def test_a_narrow_figure_shows_the_maps_that_have_part(show_alone):
    page, element = show_alone(live.slide_figure(), width=390)
    titles = """figure => [...figure.querySelectorAll(".bf-map")]
      .filter((map) => map.checkVisibility()).map((map) => map.querySelector("text").textContent)"""
    shown = {}
    for way in ("window", "pixel", "weight"):
        element.evaluate(MOVE, {"way": way})
        shown[way] = element.evaluate(titles)
    assert shown["window"] == ["image P", "kernel W", "outputs Z"]
    assert shown["pixel"] == ["kernel W", "∂J/∂P", "∂J/∂Z, from above"]
    assert shown["weight"] == ["image P", "∂J/∂W", "∂J/∂Z, from above"]
    check(element, live.slide_figure(), {"way": "pixel", "row": 0, "column": 4})


@every_figure
@pytest.mark.parametrize("width", [1280, 390])
def test_without_a_script_the_whole_figure_stands_at_its_start(show_alone, make, width):
    figure = make()
    _, element = show_alone(figure, script="", java_script_enabled=False, width=width)
    assert element.locator("[data-set]:enabled, button:enabled").count() == 0
    assert figure.sentence() in element.inner_text()
    if figure.kind == "slide":
        assert [each.is_visible() for each in element.locator(".bf-map").all()] == [True] * 6


@pytest.mark.parametrize(
    ("name", "target"),
    [("slide", ".bf-heat > rect"), ("slide", "[data-set=row]"), ("tape", "[data-set=step]")],
)
def test_a_swipe_that_scrolls_changes_nothing_and_a_tap_goes_there(show_alone, name, target):
    page, element = show_alone(FIGURES[name](), width=390, has_touch=True, is_mobile=True)
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    before = element.evaluate(SETTINGS)
    box = element.locator(target).first.bounding_box()
    x, y = box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2
    page.evaluate(f"scrollTo(0, {max(y - 300, 0)})")
    y -= page.evaluate("scrollY")
    swipe(page, [(x, y - 10 * k) for k in range(16)])
    page.wait_for_function("scrollY > 50")
    assert element.evaluate(SETTINGS) == before
    element.locator(target).first.tap(position={"x": 5, "y": 5})
    assert element.evaluate(SETTINGS) != before
    check(element, FIGURES[name](), {})
    assert page.complaints == []


@every_figure
def test_a_movement_is_painted_within_a_frame(show_alone, make):
    page, element = show_alone(make())
    for settings in random_settings(make(), 5):
        element.evaluate(MOVE, settings)
    times = element.evaluate("""figure => {
      const slider = figure.querySelector("input[data-set]");
      return Array.from({ length: 40 }, (_, k) => {
        const start = performance.now();
        slider.value = k % 3;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        figure.getBoundingClientRect();
        return performance.now() - start;
      });
    }""")
    assert sorted(times)[len(times) // 2] <= 16
