"""What a hand does to the drawings: dragging a weight where it stands, plates, dots, speed."""

import pytest
from alone import swipe

from backprop_lib import live

STATE = """figure => ({
  step: figure.step, touched: figure.data.names[figure.touched], speed: figure.speed,
  values: Object.fromEntries(Object.entries(figure.data.names).map(([i, name]) => [name, figure.graph.values[i]])),
})"""

# The dots that run now: their kind, and by how many animations
DOTS = """figure => [...figure.querySelectorAll(".bf-dot")]
  .map((dot) => [dot.getAttribute("class"), dot.getAnimations().length])"""


def drag_by(page, element, dx, dy=0):
    """Press the middle of an element, move and release."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def handle_of(element, name):
    """Find what can be dragged for a leaf in the drawing that is shown."""
    return element.evaluate_handle(
        """(figure, name) => [...figure.handles()].findLast(
          ([el, leaf]) => figure.data.names[leaf] === name && el.checkVisibility())[0]""",
        name,
    ).as_element()


@pytest.mark.parametrize("make_figure", live.FIGURES.values(), ids=live.FIGURES)
@pytest.mark.parametrize("width", [1280, 390])
def test_what_stands_for_a_slider_is_dragged_sideways(show_alone, make_figure, width):
    figure = make_figure()
    page, element = show_alone(figure, width=width)
    found = element.evaluate(
        """figure => [...new Set([...figure.handles()].filter(([el]) => el.checkVisibility())
          .map(([, leaf]) => figure.data.names[leaf]))]"""
    )
    sliders = {slider.name: slider for slider in figure.sliders}
    kind = type(figure.views[0])
    wanted = set(sliders) if kind in (live.GraphView, live.NetworkView) else set()
    if kind is live.MatrixView:
        wanted = {name for name in sliders if name[0] in "wb"}
    assert wanted <= set(found)
    for name in sorted(found)[:: max(len(found) // 4, 1)]:
        slider = sliders[name]
        before = element.evaluate(STATE)["values"]
        middle = (slider.low + slider.high) / 2
        way = 40 if before[name] <= middle else -40
        drag_by(page, handle_of(element, name), way)
        state = element.evaluate(STATE)
        reach = (slider.high - slider.low) / 240 * way
        assert state["values"].pop(name) == pytest.approx(
            before.pop(name) + reach, abs=0.51 * slider.step + abs(reach) / 20
        ), name
        assert state["values"] == before
        assert state["touched"] == name
    assert page.complaints == []


def test_a_press_without_a_movement_changes_nothing(show_alone):
    page, element = show_alone(live.network_figure())
    before = element.evaluate(STATE)["values"]
    drag_by(page, handle_of(element, "w1_11"), 2)
    state = element.evaluate(STATE)
    assert state["values"] == before and state["touched"] == "w1_11"  # its curve is shown


def test_plates_are_buttons_with_one_place_among_the_tabs(show_alone):
    page, element = show_alone(live.network_figure())
    plates = page.get_by_role("button", name="curve of")
    assert plates.count() == 12  # of the drawing that is shown
    assert plates.evaluate_all("els => els.filter((el) => el.tabIndex === 0).length") == 1
    plates.first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    third = plates.nth(2)
    assert third.evaluate("el => el === document.activeElement && el.tabIndex === 0")
    picked = int(third.get_attribute("data-pick"))
    assert element.evaluate("figure => figure.touched") == picked
    assert third.get_attribute("aria-pressed") == "true"
    assert plates.first.get_attribute("aria-pressed") == "false"
    assert plates.evaluate_all("els => els.filter((el) => el.tabIndex === 0).length") == 1


def test_a_dot_runs_along_each_arrow_of_a_step(show_alone):
    figure = live.network_figure()
    page, element = show_alone(figure)
    element.evaluate("figure => { figure.speed = 0.1; figure.stepBy(1); }")  # 2 weights into z1_1
    assert element.evaluate(DOTS) == [["bf-dot", 1]] * 2
    page.wait_for_function("!document.querySelector('.bf-dot')", timeout=15000)
    back = figure.walk.back.index(["a1_1"]) + len(figure.walk.ahead)
    element.evaluate(f"figure => {{ figure.step = {back - 1}; figure.stepBy(1); }}")
    assert element.evaluate(DOTS) == [["bf-dot bf-dot-back", 1]] * 2  # two paths lead back to it
    starts = element.locator(".bf-dot").evaluate_all(
        "els => els.map((el) => el.getAnimations()[0].effect.getKeyframes()[0].offsetDistance)"
    )
    assert starts == ["100%", "100%"]  # an edge is one line, walked backward


def test_with_reduced_motion_the_walk_steps_without_dots(show_alone):
    page, element = show_alone(live.toy_figure(), reduced_motion="reduce")
    element.locator("[data-do=play]").click()
    page.wait_for_function("document.querySelector('backprop-figure').step === 1")
    assert element.evaluate(DOTS) == []


def test_the_speed_of_play_is_chosen(show_alone):
    page, element = show_alone(live.toy_figure())
    speed, play = element.locator("[data-do=speed]"), element.locator("[data-do=play]")
    seconds = {}
    for label in ("2×", "½×", "1×"):
        speed.click()
        assert speed.inner_text() == label
        seconds[label] = element.evaluate(
            """async (figure) => {
              figure.reset();
              const start = performance.now();
              figure.play(true);
              while (figure.step < 1) await new Promise((done) => setTimeout(done, 5));
              figure.play(false);
              return (performance.now() - start) / 1000;
            }"""
        )
    assert play.inner_text().endswith("Play")
    assert seconds == pytest.approx({"2×": 0.6, "1×": 1.2, "½×": 2.4}, abs=0.3)
    assert seconds["2×"] < seconds["1×"] < seconds["½×"]


def test_a_finger_that_moves_down_a_plate_scrolls_and_changes_nothing(show_alone):
    page, element = show_alone(live.network_figure(), width=390, has_touch=True, is_mobile=True)
    before = element.evaluate(STATE)["values"]
    box = handle_of(element, "w1_11").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    swipe(page, [(x, y - 6 * k) for k in range(21)])
    page.wait_for_function("scrollY > 50")
    assert element.evaluate(STATE)["values"] == before
    box = handle_of(element, "w1_11").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    swipe(page, [(x + 4 * k, y) for k in range(21)])
    after = element.evaluate(STATE)["values"]
    assert after["w1_11"] > before["w1_11"] + 0.5
