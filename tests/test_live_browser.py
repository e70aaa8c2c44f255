"""The live figures in a browser: every displayed number against Python's."""

import random

import pytest

from backprop_lib import graph, live, worked
from backprop_lib.live.numbers import number

READ = """figure => {
  const all = (name) => [...figure.querySelectorAll(`[data-${name}]`)]
    .map((el) => [el.getAttribute(`data-${name}`), el.textContent]);
  return {
    values: all("value"), grads: all("grad"), locals: all("local"),
    leaves: [...figure.querySelectorAll("[data-leaf]")]
      .map((el) => [Number(el.dataset.leaf), Number(el.value)]),
    exact: figure.graph.values, slopes: figure.graph.grads,
  };
}"""


def check_every_number(element, figure):
    """Compare what the page shows with what Python computes at the same sliders."""
    shown = element.evaluate(READ)
    for i, setting in shown["leaves"]:
        figure.recording.values[i].data = setting
    check_against_recording(shown, figure)


def check_against_recording(shown, figure):
    recording = figure.recording
    recording.run()
    for i, value in enumerate(recording.values):
        assert shown["exact"][i] == pytest.approx(value.data, rel=1e-9, abs=1e-12)
        assert shown["slopes"][i] == pytest.approx(value.grad, rel=1e-9, abs=1e-12)
    assert len(shown["values"]) > len(recording.by_name)
    for i, text in shown["values"]:
        assert text == number(recording.values[int(i)].data)
    for i, text in shown["grads"]:
        assert text == number(recording.values[int(i)].grad)
    for pair, text in shown["locals"]:
        out, source = (recording.values[int(i)].name for i in pair.split())
        assert text == number(recording.local_derivatives(out)[source])


def drag(page, slider, share):
    """Take a slider's thumb with the mouse and put it at a share of the slider's width."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    at = float(slider.evaluate("el => (el.value - el.min) / (el.max - el.min)"))
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + at * (box["width"] - 16), middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), middle, steps=4)
    page.mouse.up()


PAGES = [
    ("book/index.html", 0, live.toy_figure),
    ("lessons/01_chain_rule.html", 0, live.chain_figure),
    ("lessons/01_chain_rule.html", 1, live.paths_figure),
    ("lessons/02_toy_model.html", 0, live.toy_figure),
    ("lessons/04_matrix_form.html", 0, lambda: live.network_figure(worked.RELU_2_3_2_1)),
    ("lessons/05_delta_equations.html", 0, live.network_figure),
]


@pytest.mark.parametrize(("path", "place", "make_figure"), PAGES)
def test_every_slider_dragged_shows_python_s_numbers(built_book, visit, path, place, make_figure):
    page, figure = visit(built_book / path), make_figure()
    element = page.locator("backprop-figure:has(script)").nth(place)
    check_every_number(element, figure)
    rng = random.Random(0)
    for i, slider in enumerate(element.locator("[data-leaf]").all()):
        before = slider.input_value()
        at = float(slider.evaluate("el => (el.value - el.min) / (el.max - el.min)"))
        drag(page, slider, rng.choice([x for x in (0.15, 0.35, 0.65, 0.85) if abs(x - at) > 0.1]))
        assert slider.input_value() != before, f"slider {i} did not follow the mouse"
        check_every_number(element, figure)
    assert page.complaints == []


def test_a_key_moves_a_slider(built_book, visit):
    page, figure = visit(built_book / "lessons/02_toy_model.html"), live.toy_figure()
    element = page.locator("backprop-figure:has(script)").first
    slider = element.locator("[data-leaf]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(0.15)
    check_every_number(element, figure)


def test_update_descends_and_reset_returns(built_book, visit):
    page, figure = visit(built_book / "lessons/02_toy_model.html"), live.toy_figure()
    element = page.locator("backprop-figure:has(script)").first
    start = element.evaluate(READ)
    eta = 10 ** float(element.locator("[data-eta]").input_value())
    for times, button in [(1, "update"), (10, "update10")]:
        element.locator(f"[data-do={button}]").click()
        for _ in range(times):
            figure.recording.run()
            for slider in figure.sliders:
                if slider.parameter:
                    slider.value.data -= eta * slider.value.grad
        check_against_recording(element.evaluate(READ), figure)
    for _ in range(2):  # the second time from where a movement after the first one led
        element.locator("[data-do=reset]").click()
        assert element.evaluate(READ) == start
        drag(page, element.locator("[data-leaf]").first, 0.85)
        assert element.evaluate(READ) != start


def test_the_walk_visits_every_value_forward_and_backward(built_book, visit):
    page = visit(built_book / "lessons/02_toy_model.html")
    element = page.locator("backprop-figure:has(script)").first
    sentences = []
    for _ in range(16):
        element.locator("[data-do=step]").click()
        assert element.locator(".bf-wide .bf-box.bf-lit").count() == 1
        sentences.append(element.locator(".bf-sentence").inner_text())
    assert [s.split(".")[0] for s in sentences] == [
        f"{way}, {k} of 8" for way in ("Forward", "Backward") for k in range(1, 9)
    ]
    assert "sin 1.230 = 0.942" in sentences[1]
    assert "2.234 × (−sin 7.137 = −0.754) = −1.683" in sentences[11]
    element.locator("[data-do=back]").click()
    assert element.locator(".bf-sentence").inner_text() == sentences[14]


def test_both_operation_tables_agree(visit, tmp_path):
    """A graph that uses every operation, at random leaves: the script's table against Python's."""
    rng = random.Random(1)
    names = ["a", "b", "c", "d"]
    leaf = {name: graph.Value(rng.uniform(0.5, 1.5), name) for name in names}
    a, b, c, d = leaf.values()
    total = graph.sin(a) * graph.cos(b) + graph.exp(-c) / (1 + graph.square(d)) - graph.log(a)
    total = total + graph.tanh(b - c) * graph.sigmoid(d) + graph.relu(a - b) + graph.relu(b - a)
    total = total + a**b + abs(c - d) * graph.maximum(b, c)
    total.named("out")
    used = {value.operation for value in total.ancestors()} - {None}
    assert used == graph.OPERATIONS.keys(), "extend this graph by the new operation"
    figure = live.Figure(
        total,
        title="all operations",
        symbols={name: name for name in [*names, "out"]},
        sliders=[live.Slider(value, -3, 3, 0.01, parameter=False) for value in leaf.values()],
        views=[live.GraphView(["out"])],
    )
    script = (live.__path__[0]) + "/figure.js"
    with open(script, encoding="utf-8") as file:
        page_html = (
            f"<!doctype html><meta charset='utf-8'>{figure.html()}<script>{file.read()}</script>"
        )
    path = tmp_path / "figure.html"
    path.write_text(page_html, encoding="utf-8")
    page = visit(path)
    element = page.locator("backprop-figure")
    for _ in range(20):
        for name in ("a", "b", "c", "d"):
            setting = round(rng.uniform(0.1, 3) if name == "a" else rng.uniform(-3, 3), 2)
            index = figure.recording.number_of(name)
            element.locator(f"[data-leaf='{index}']").evaluate(
                "(el, x) => { el.value = x; el.dispatchEvent(new Event('input')); }", setting
            )
        check_every_number(element, figure)
    assert page.complaints == []
