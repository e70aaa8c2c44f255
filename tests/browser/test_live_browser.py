"""The live figures in a browser: every displayed number against Python's."""

import math
import random
import re

import numpy as np
import pytest
from alone import EXPLORED, SCRIPT, swipe, write_alone

from backprop_lib import graph, live
from backprop_lib.live.numbers import number
from backprop_lib.live.numbers import shown as text_of

READ = """figure => {
  const all = (name) => [...figure.querySelectorAll(`[data-${name}]`)]
    .map((el) => [el.getAttribute(`data-${name}`), el.textContent, el.dataset.digits]);
  const attributes = (selector, ...names) => [...figure.querySelectorAll(selector)]
    .map((el) => names.map((name) => el.getAttribute(name)));
  const leaves = [...figure.querySelectorAll("[data-leaf]")].map((el) => Number(el.dataset.leaf));
  return {
    values: all("value"), grads: all("grad"), locals: all("local"),
    leaves: leaves.map((i) => [i, figure.graph.values[i]]),
    typed: [...figure.querySelectorAll(".bf-row .bf-typed")].map((el, at) => [leaves[at], el.value]),
    heats: attributes(".bf-heat > rect", "fill"), bars: attributes("[data-bar]", "x", "width"),
    lines: attributes("[data-line]", "d"),
    exact: [...figure.graph.values], slopes: [...figure.graph.grads],
  };
}"""

# Puts every slider somewhere, as often as there are settings, and reads all that is shown
MOVE_ALL = f"""(figure, settings) => settings.map((setting) => {{
  [...figure.querySelectorAll("[data-leaf]")].forEach((slider, at) => {{
    slider.value = Number(slider.min) + setting[at] * (slider.max - slider.min);
    slider.dispatchEvent(new Event("input"));
  }});
  return ({READ})(figure);
}})"""

# Where a slider is in the window, and at which share of its width the thumb stands
PLACE = """el => {
  el.scrollIntoView({ block: "nearest", behavior: "instant" });
  const { left, width, top, height } = el.getBoundingClientRect();
  return [left, width, top + height / 2, (el.value - el.min) / (el.max - el.min)];
}"""

UNFOLD = "document.querySelectorAll('.bf-more').forEach((part) => (part.open = true))"

MOVED = "({ graph, start }) => start.some((x, i) => !graph.rules[i] && graph.values[i] !== x)"

PAGES = [
    (f"lessons/{lesson.__name__.partition('lesson_')[2]}.html", make)
    for lesson in live.LESSONS
    for make in lesson.FIGURES.values()
] + [("book/index.html", live.toy_figure)]
every_figure = pytest.mark.parametrize(("path", "make_figure"), PAGES)


@pytest.fixture
def open_figure(built_book, visit):
    """A function that opens a page of the book and returns the page and one of its figures.

    The formulas around it are typeset in one test of each figure, which is enough.
    """

    def open_one(path, make_figure=live.toy_figure, formulas=False):
        page = visit(built_book / path, formulas=formulas)
        page.evaluate(UNFOLD)
        return page, page.get_by_role("group", name=make_figure().title, exact=True)

    return open_one


def check_every_number(seen, figure):
    """Compare what the page shows with what Python computes from the same leaves."""
    recording = figure.recording
    for i, value in enumerate(recording.values):
        if not value.operation:
            value.data = seen["exact"][i]
    recording.run()
    recording.unreached = figure.walk.lost()
    check_all(seen["exact"], [value.data for value in recording.values])
    check_all(seen["slopes"], [value.grad for value in recording.values])
    texts = seen["values"] + [[i, text, None] for i, text in seen["typed"]]
    assert {int(i) for i, *_ in texts} >= {*map(recording.number_of, recording.by_name)}
    for of, found in [("value", texts), ("grad", seen["grads"]), ("local", seen["locals"])]:
        for at, text, digits in found:
            names = tuple(recording.values[int(i)].name for i in str(at).split())
            x, _ = recording.read(of, names if of == "local" else names[0])
            assert text == written(x, digits)
    drawing = figure.drawing()
    heats = re.findall(r"<rect x=\d+ y=\d+ width=\d+ height=\d+ fill=(\S+)", drawing)
    assert [fill for (fill,) in seen["heats"]] == heats
    bars = re.findall(r"<rect class=bf-bar.*? x=(\S+) y=\d+ width=(\S+)", drawing)
    assert [tuple(bar) for bar in seen["bars"]] == bars
    assert [d for (d,) in seen["lines"]] == re.findall(r'data-line="[^"]*" d="([^"]*)"', drawing)


def check_all(numbers, expected):
    """Compare long lists as ``pytest.approx`` does, in a hundredth of its time."""
    numbers, expected = np.array(numbers), np.array(expected)
    assert numbers.shape == expected.shape
    allowed = np.maximum(1e-9 * np.abs(expected), 1e-12)
    same = (numbers == expected) | (np.isnan(numbers) & np.isnan(expected))
    wrong = ~(np.abs(numbers - expected) <= allowed) & ~same
    assert not wrong.any(), [*zip(*np.nonzero(wrong), numbers[wrong], expected[wrong], strict=True)]


def written(x, digits):
    return text_of(x, None if digits is None else int(digits))


def check_slopes(figure, h=1e-5):
    """Compare every slider's gradient with a five-point difference, unless a ReLU is at its kink.

    The rule's error is h⁴/30 of the fifth derivative, up to 1e15 where the toy model's exponential
    has made a fast cosine; rounding adds 1e-16/h of the loss.
    """
    recording = figure.recording
    kinks = [v.inputs[0].data for v in recording.values if v.operation == "relu"]
    if any(abs(z) < 100 * h for z in kinks):
        return
    for slider in figure.sliders:
        x = slider.value.data
        far_below, below, above, far_above = recording.sweep(
            slider.name, [x - 2 * h, x - h, x + h, x + 2 * h]
        )
        slope = (8 * (above - below) - (far_above - far_below)) / (12 * h)
        largest = max(1, abs(slider.value.grad), abs(recording.loss.data))
        assert slider.value.grad == pytest.approx(slope, abs=1e-5 * largest)


def drag(page, slider, share):
    """Take a slider's thumb with the mouse and put it at a share of the slider's width."""
    left, width, middle, at = slider.evaluate(PLACE)
    page.mouse.move(left + 8 + at * (width - 16), middle)
    page.mouse.down()
    page.mouse.move(left + 8 + share * (width - 16), middle, steps=2)
    page.mouse.up()


@every_figure
def test_the_script_starts_from_what_python_drew(open_figure, path, make_figure):
    """It writes at first only the controls: writing everything must change nothing."""
    _, element = open_figure(path, make_figure)
    before, after = element.evaluate("""figure => {
      const rounded = (html) => html.replace(/\\d+\\.\\d+/g, (x) => Number(x).toFixed(1));
      const none = ' stroke-dasharray="none"'; // as without it
      const drawn = () =>
        rounded(figure.querySelector(".bf-views").innerHTML.replaceAll(none, ""));
      const before = drawn();
      figure.show();
      return [before, drawn()];
    }""")
    assert after == before


@every_figure
def test_50_random_settings_show_python_s_numbers(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure, formulas=True), make_figure()
    check_every_number(element.evaluate(READ), figure)
    rng = random.Random(0)
    settings = [[rng.random() for _ in figure.sliders] for _ in range(50)]
    seen = element.evaluate(MOVE_ALL, settings)
    assert len({tuple(x for _, x in shown["leaves"]) for shown in seen}) == 50
    for shown in seen:
        check_every_number(shown, figure)
        if (
            make_figure is not live.secant_figure
        ):  # its subject is what rounding does to differences
            check_slopes(figure)
    assert page.complaints == []


@every_figure
def test_every_slider_follows_the_mouse(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    rng = random.Random(0)
    for i, slider in enumerate(element.locator("[data-leaf]").all()):
        before = slider.input_value()
        at = float(slider.evaluate("el => (el.value - el.min) / (el.max - el.min)"))
        drag(page, slider, rng.choice([x for x in (0.15, 0.35, 0.65, 0.85) if abs(x - at) > 0.1]))
        assert slider.input_value() != before, f"slider {i} did not follow the mouse"
        check_every_number(element.evaluate(READ), figure)
    assert page.complaints == []


def test_a_key_moves_a_slider(open_figure):
    page, element = open_figure("lessons/02_toy_model.html")
    slider = element.locator("[data-leaf]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(0.45)
    check_every_number(element.evaluate(READ), live.toy_figure())


@every_figure
def test_update_descends_and_reset_returns(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    start = element.evaluate(READ)
    if figure.trainable:
        losses = [figure.recording.loss.data]
        for times, button in [(1, "update"), (10, "update10")]:
            element.locator(f"[data-do={button}]").click()
            for _ in range(times):
                figure.recording.run()
                for slider in figure.sliders:
                    if slider.parameter:
                        slider.value.data -= figure.learning_rate * slider.value.grad
                figure.recording.run()
                losses.append(figure.recording.loss.data)
            leaves = dict(element.evaluate(READ)["leaves"])
            for slider in figure.sliders:
                i = figure.recording.number_of(slider.name)
                assert leaves[i] == pytest.approx(slider.value.data, rel=1e-9, abs=1e-12)
            check_every_number(element.evaluate(READ), figure)
        history = element.evaluate("figure => figure.history.map(([loss]) => loss)")
        assert history == pytest.approx(losses, rel=1e-9)
        said = f"11 updates: {number(losses[0])} → {number(losses[-1])}"
        assert element.locator("[data-count]").inner_text() == said
    for _ in range(2):  # the second time from where a movement after the first one led
        element.locator("[data-do=reset]").click()
        assert element.evaluate(READ) == start
        drag(page, element.locator("[data-leaf]").first, 0.85)
        assert element.evaluate(READ) != start


def test_a_descent_that_overflows_stops_and_says_so(open_figure):
    page, element = open_figure("lessons/02_toy_model.html")
    start = element.evaluate(READ)
    field = element.locator("[data-eta-field]")
    field.fill("1e200")
    field.press("Enter")
    element.locator("[data-do=update10]").click()
    assert "Try a smaller η" in element.locator(".bf-note").inner_text()
    assert all(map(math.isfinite, (x for _, x in element.evaluate(READ)["leaves"])))
    element.locator("[data-do=reset]").click()
    assert element.evaluate(READ) == start
    assert page.complaints == []


def test_the_learning_rate_is_written_one_way_and_refused_as_in_the_notebook(show_alone):
    page, element = show_alone(live.network_figure())
    field, controls = element.locator("[data-eta-field]"), live.network_figure().controls
    assert field.input_value() == controls.eta_field.value
    for typed in ["0.00012345", "1e-5", "1e6"]:
        field.fill(typed)
        field.press("Enter")
        field.blur()
        controls.eta_field.value = typed
        spoken = element.locator("[data-eta]").get_attribute("aria-valuetext")
        assert field.input_value() == spoken == controls.eta_field.value
    field.fill("−1")
    field.press("Enter")
    controls.eta_field.value = "−1"
    note = element.locator(".bf-note").inner_text()
    assert note and note in controls.refused.value
    for typed in ["x", "99"]:
        type_in(element, 0, typed)
        controls.fields[next(iter(controls.fields))].value = typed
        note = element.locator(".bf-note").inner_text()
        assert "w²₁₁" in note and note in controls.refused.value


@every_figure
def test_the_walk_takes_every_name_once_in_each_direction(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    walk, by_name = figure.walk, figure.recording.by_name
    if not figure.can_walk:
        assert element.locator("[data-do=step]").count() == 0
        return
    assert sorted(walk.ahead) == sorted(name for name, v in by_name.items() if v.operation)
    assert sorted(sum(walk.back, start=[])) == sorted(by_name)
    said = [element.evaluate("(f) => { f.stepBy(1); return f.said; }") for _ in range(len(walk))]
    assert said == [walk.said(step) for step in range(len(walk))]
    element.locator("[data-do=back]").click()
    assert element.evaluate("figure => figure.said") == said[-2]
    assert page.complaints == []


@every_figure
def test_in_the_walk_the_drawing_stays_and_only_what_is_to_come_is_empty(
    open_figure, path, make_figure
):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    shapes = """figure => [...figure.querySelectorAll(".bf-views :is(rect, circle, path)")]
      .filter((el) => el.checkVisibility({ visibilityProperty: true })).length"""
    filled = """figure => [...figure.querySelectorAll(".bf-views rect[fill]")]
      .filter((el) => el.getAttribute("fill") !== "none").length"""
    whole, coloured = element.evaluate(shapes), element.evaluate(filled)
    for step in range(len(figure.walk) if figure.can_walk else 0):
        element.evaluate("figure => figure.stepBy(1)")
        assert element.evaluate(shapes) >= whole - 3  # points and a tangent wait for their numbers
        no_value, no_grad = figure.walk.unreached(step)
        seen, values = element.evaluate(READ), figure.recording.values
        for of, unreached in [("values", no_value), ("grads", no_grad)]:
            for i, text, digits in seen[of]:
                hidden = values[int(i)].name in unreached or (digits or "0")[0] == "-"
                assert (text == "") == hidden
        for pair, text, _ in seen["locals"]:
            assert (text == "") == (values[int(pair.split()[1])].name in no_grad)
        now = element.evaluate(filled)
        assert now <= coloured and (now < coloured or step > 0 or not coloured)
    assert page.complaints == []


def test_the_walk_lights_one_box_and_hides_what_is_to_come(open_figure):
    _, element = open_figure("lessons/02_toy_model.html")
    hidden = []
    for _ in range(16):
        element.locator("[data-do=step]").click()
        assert element.locator(".bf-wide .bf-box.bf-lit").count() == 1
        hidden.append(
            element.locator(".bf-wide .bf-box > :is([data-value], [data-grad]):empty").count()
        )
    assert hidden == [7 + 8, 6 + 8, 5 + 8, 4 + 8, 3 + 8, 2 + 8, 1 + 8, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    sentence = element.locator(".bf-sentence").inner_text()
    assert sentence.startswith("Backward, 8 of 8.")
    assert "= 6.824 × (cos 1.230 = 0.334)\n= 2.281" in sentence
    element.locator("[data-do=step]").click()  # over
    assert element.locator(".bf-lit, .bf-wide text:empty").count() == 0


def type_in(element, at, text):
    field = element.locator(".bf-row .bf-typed").nth(at)
    field.fill(text)
    field.press("Enter")
    return field


@every_figure
def test_a_typed_number_is_taken_and_nonsense_refused(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    for at, slider in enumerate(figure.sliders):
        x = slider.low + 0.123456789 * (slider.high - slider.low)
        type_in(element, at, str(x).replace("-", "−"))
        assert element.evaluate(READ)["exact"][figure.recording.number_of(slider.name)] == x
    check_every_number_typed(element, figure)
    before = element.evaluate(READ)
    for nonsense in ["abc", "", "1,500", "NaN", "Infinity", "1e999", "0x10", "--1", "1 2", "٣"]:
        field = type_in(element, 0, nonsense)
        note = element.locator(".bf-note").inner_text()
        assert f"“{nonsense}” is not a number" in note
        assert field.get_attribute("aria-invalid") == "true"
        assert element.evaluate("figure => [...figure.graph.values]") == before["exact"]
    type_in(element, 0, "0.5")
    assert element.locator(".bf-note").inner_text() == ""
    assert element.locator("[aria-invalid=true]").count() == 0
    assert page.complaints == []


def check_every_number_typed(element, figure):
    element.evaluate("figure => document.activeElement.blur()")  # shows all digits while typed in
    check_every_number(element.evaluate(READ), figure)


def test_a_number_beyond_the_slider_is_taken_and_marked(open_figure):
    page, element = open_figure("lessons/02_toy_model.html")
    field = type_in(element, 0, "7.5")
    assert (
        "β₃ = 7.500 lies outside its slider, which ends at 3."
        in element.locator(".bf-note").inner_text()
    )
    assert element.locator(".bf-outside").count() == 1
    assert element.locator("[data-tick-high]").text_content() == "7.5"
    check_every_number_typed(element, live.toy_figure())
    drag(page, element.locator("[data-leaf]").first, 0.8)
    assert element.locator(".bf-outside").count() == 0
    assert element.locator(".bf-note").inner_text() == ""
    assert field.input_value() != "7.500"
    assert element.locator("[data-tick-high]").text_content() == "3"


def test_an_overflow_is_shown_and_the_figure_recovers(open_figure):
    page, element = open_figure("lessons/02_toy_model.html")
    start = element.evaluate(READ)
    at = [slider.name for slider in live.toy_figure().sliders].index("beta1")
    type_in(element, at, "1000")
    assert element.locator(".bf-wide [data-value]").nth(3).text_content() == ""  # h2 = exp 1000
    assert "h2 = ∞: no number can hold it" in element.locator(".bf-sentence").inner_text()
    figure = live.toy_figure()
    figure.recording.by_name["beta1"].data = 1000.0
    with np.errstate(invalid="ignore"):
        check_every_number_typed(element, figure)
    assert element.evaluate("figure => figure.said") == figure.walk.lost_sentence()
    type_in(element, at, "2")
    element.evaluate(
        "figure => { document.activeElement.blur(); figure.touch(figure.data.touched); }"
    )
    assert element.evaluate(READ) == start
    assert page.complaints == []


@every_figure
def test_a_link_restores_the_state(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    rng = random.Random(3)
    if figure.examples:
        element.locator(".bf-controls select").select_option("1")
    element.evaluate(MOVE_ALL, [[rng.random() for _ in figure.sliders]])
    type_in(element, 0, "0.123456789012345")
    if figure.trainable:
        element.locator("[data-eta-field]").fill("0.0123")
        element.locator("[data-do=update]").click()
    for _ in range(3 if figure.can_walk else 0):
        element.locator("[data-do=step]").click()
    element.locator("[data-do=link]").click()
    assert "leads to this state" in element.locator(".bf-note").inner_text()
    state = "figure => [figure.said, figure.eta, figure.step, figure.touched]"
    shown, rest = element.evaluate(READ), element.evaluate(state)
    page.reload()
    page.evaluate(UNFOLD)
    assert element.evaluate(READ) == shown
    assert element.evaluate(state) == rest
    for other in page.locator("backprop-figure:has(script)").all():
        moved = other.evaluate(MOVED)
        assert moved == other.evaluate("(figure, el) => figure === el", element.element_handle())


def test_a_link_to_what_is_not_there_says_so(open_figure):
    page, element = open_figure("lessons/02_toy_model.html")
    page.goto(page.url + "#live/1;omega9=1;omega0=x;beta0=2.5")
    assert "omega9=1; omega0=x." in element.locator(".bf-note").inner_text()
    figure = live.toy_figure()
    figure.recording.by_name["beta0"].data = 2.5
    figure.recording.run()
    shown = element.evaluate(READ)
    check_every_number(shown, figure)
    assert shown["exact"][figure.recording.number_of("beta0")] == 2.5
    assert page.complaints == []


def test_the_same_figure_twice(show_alone):
    page, elements = show_alone(live.toy_figure(), live.toy_figure())
    first, second = elements.nth(0), elements.nth(1)
    start = first.evaluate(READ)
    drag(page, second.locator("[data-leaf]").first, 0.8)
    assert first.evaluate(READ) == start != second.evaluate(READ)
    second.locator("[data-do=link]").click()
    moved = second.evaluate(READ)
    page.reload()
    assert first.evaluate(READ) == start
    assert second.evaluate(READ) == moved
    assert page.complaints == []


def all_operations():
    """Return a figure whose graph uses every operation."""
    rng = random.Random(1)
    leaf = {name: graph.Value(rng.uniform(0.5, 1.5), name) for name in "abcd"}
    a, b, c, d = leaf.values()
    total = graph.sin(a) * graph.cos(b) + graph.exp(-c) / (1 + graph.square(d)) - graph.log(a)
    total = total + graph.tanh(b - c) * graph.sigmoid(d) + graph.relu(a - b) + graph.relu(b - a)
    total = total + a**b + abs(c - d) * graph.maximum(b, d)
    total.named("out")
    used = {value.operation for value in total.ancestors()} - {None}
    assert used == graph.OPERATIONS.keys(), "extend this graph by the new operation"
    return live.Figure(
        total,
        title="all operations",
        sliders=[
            live.Slider(value, 0.1 if name == "a" else -3, 3, 0.01, parameter=False)
            for name, value in leaf.items()
        ],
        views=[live.GraphView(["out"])],
    )


def check_operations(element, figure, times):
    rng = random.Random(2)
    settings = [[rng.random() for _ in figure.sliders] for _ in range(times)]
    for shown in element.evaluate(MOVE_ALL, settings):
        check_every_number(shown, figure)


def test_both_operation_tables_agree(show_alone):
    figure = all_operations()
    page, element = show_alone(figure)
    check_operations(element, figure, 50)
    assert page.complaints == []


def broken_tables():
    """Return scripts by what was done: a row of the table left out, a function made a constant."""
    start = SCRIPT.index("const OPERATIONS = {\n") + len("const OPERATIONS = {\n")
    rows = SCRIPT[start : SCRIPT.index("  };", start)].splitlines(keepends=True)
    assert len(rows) == len(graph.OPERATIONS)
    without, constant = {}, {}
    for row in rows:
        operation, functions = row.strip().removesuffix("],").split(": [")
        without[operation] = SCRIPT.replace(row, "")
        functions = functions.split(", (")
        assert len(functions) in (2, 3)
        for k in range(len(functions)):
            changed = [*functions[:k], ") => 0.123" if k else "() => 0.123", *functions[k + 1 :]]
            broken = row.replace(", (".join(functions), ", (".join(changed))
            constant[f"{operation}, function {k}"] = SCRIPT.replace(row, broken)
    return without, constant


def test_every_broken_operation_is_noticed(show_alone, tmp_path):
    figure, (without, constant) = all_operations(), broken_tables()
    page, element = show_alone(figure)
    check_operations(element, figure, 3)

    def reopen(script):
        page.complaints.clear()
        write_alone(tmp_path / "figure.html", [figure], script)
        page.reload()

    for operation, script in without.items():
        reopen(script)
        assert page.complaints != [], f"{operation} is not needed"
    for script in constant.values():
        reopen(script)
        assert page.complaints == []
        with pytest.raises(AssertionError):
            check_operations(element, figure, 3)


# --- As a reader would -----------------------------------------------------------------------

PLACES = """figure => [...figure.querySelectorAll("button, select, .bf-row input, [data-eta]")]
  .filter((el) => el.checkVisibility())
  .map((el) => { const { x, y } = el.getBoundingClientRect(); return [x, y - figure.getBoundingClientRect().y]; })"""


@every_figure
def test_no_control_moves_when_something_is_said(open_figure, path, make_figure):
    (page, element), figure = open_figure(path, make_figure), make_figure()
    page.evaluate("document.querySelectorAll('.bf-more').forEach((part) => (part.open = false))")
    places = element.evaluate(PLACES)
    type_in(element, 0, "nonsense")
    assert element.evaluate(PLACES) == places
    type_in(element, 0, "0.5")
    assert element.evaluate(PLACES) == places
    if figure.trainable:
        element.locator("[data-do=update]").click()
        assert element.evaluate(PLACES) == places
    for _ in range(len(figure.walk) if figure.can_walk else 0):
        element.evaluate("figure => figure.stepBy(1)")
        assert element.evaluate(PLACES) == places


@every_figure
def test_a_figure_fits_one_screen(built_book, visit, path, make_figure):
    page = visit(built_book / path, formulas=False)
    element = page.get_by_role("group", name=make_figure().title, exact=True)
    assert element.bounding_box()["height"] <= 900
    if element.locator("[data-do=step]").count():
        views = element.locator(".bf-views").bounding_box()
        step = element.locator("[data-do=step]").bounding_box()
        assert 0 <= step["y"] - views["y"] - views["height"] <= 40  # directly under the drawing


def test_controls_and_numbers_agree_when_a_page_is_entered_again(open_figure):
    page, element = open_figure("lessons/05_delta_equations.html", live.delta_figure)
    start = element.evaluate(READ)
    element.locator(".bf-controls select").select_option("1")
    element.locator("[data-eta-field]").fill("7")
    element.locator("[data-eta-field]").press("Enter")
    drag(page, element.locator("[data-leaf]").first, 0.9)
    page.goto(page.url.replace("05_delta_equations", "02_toy_model"))
    page.go_back()
    page.wait_for_load_state()
    shown = element.evaluate(READ)
    leaves = element.evaluate(
        """figure => [...figure.querySelectorAll("[data-leaf]")]
          .map((el) => [Number(el.value), figure.graph.values[el.dataset.leaf]])"""
    )
    assert all(at == pytest.approx(value, abs=0.026) for at, value in leaves)  # half a step
    choice, eta = element.evaluate(
        """f => [[f.choice.value, String(f.example)], [f.etaField.value, String(f.eta)]]"""
    )
    assert choice[0] == choice[1] and eta[0] == eta[1]
    element.locator("[data-do=reset]").click()
    assert element.evaluate(READ) == start
    assert element.evaluate("f => [f.choice.value, f.etaField.value]") == ["0", "0.5"]
    assert shown is not None and page.complaints == []


@pytest.mark.parametrize("anchor", ["#live/1;omega0=%E0%A4%A", "#%", "#live/1;%zz=1"])
def test_a_malformed_address_leaves_the_page_alive(open_figure, anchor):
    page, element = open_figure("lessons/02_toy_model.html")
    page.goto(page.url + anchor)
    drag(page, element.locator("[data-leaf]").first, 0.8)
    check_every_number(element.evaluate(READ), live.toy_figure())
    assert page.complaints == []


def test_a_swipe_that_scrolls_changes_nothing_and_a_sideways_drag_moves(built_book, visit):
    path = built_book / "lessons/02_toy_model.html"
    page = visit(path, width=390, has_touch=True, is_mobile=True)
    element = page.get_by_role("group", name="The toy model", exact=True)
    slider = element.locator("[data-leaf]").first
    left, width, middle, at = slider.evaluate(PLACE)
    before, top = element.evaluate(READ)["exact"], page.evaluate("scrollY")
    swipe(page, [(left + 0.7 * width, middle - 10 * k) for k in range(21)])
    page.wait_for_function(f"scrollY > {top + 100}")
    assert element.evaluate(READ)["exact"] == before
    left, width, middle, at = slider.evaluate(PLACE)
    shares = [at + (0.9 - at) * k / 10 for k in range(11)]
    swipe(page, [(left + 8 + share * (width - 16), middle) for share in shares])
    assert float(slider.input_value()) == pytest.approx(2.4, abs=0.3)  # 0.9 of −3 to 3
    check_every_number(element.evaluate(READ), live.toy_figure())
    assert page.complaints == []


def test_play_walks_by_itself_and_can_be_paused(open_figure):
    page, element = open_figure("lessons/01_chain_rule.html", live.chain_figure)
    play = element.locator("[data-do=play]")
    play.click()
    assert element.evaluate("figure => figure.step") == 0
    page.wait_for_function("document.querySelector('backprop-figure').step === 1")
    assert play.inner_text().endswith("Pause")
    play.click()
    page.wait_for_timeout(1500)
    assert element.evaluate("figure => figure.step") == 1
    assert play.inner_text().endswith("Play")


@pytest.mark.parametrize("name", EXPLORED)
def test_explored_figures_show_python_s_numbers_and_nothing_that_is_to_come(show_alone, name):
    figure, rng = EXPLORED[name](), random.Random(5)
    page, element = show_alone(figure)
    settings = [[rng.random() for _ in figure.sliders] for _ in range(50)]
    for seen in element.evaluate(MOVE_ALL, settings):
        check_every_number(seen, figure)
    controls = "els => els.map((el) => Math.round(el.getBoundingClientRect().top + scrollY))"
    shown = element.locator(":is(button, input):visible")
    places = shown.evaluate_all(controls)
    for step in range(len(figure.walk)):
        element.locator("[data-do=step]").click()
        numbers = element.evaluate(READ)
        hidden_values, hidden_grads = figure.walk.unreached(step)
        at = figure.recording.number_of
        for kind, hidden in (("values", hidden_values), ("grads", hidden_grads)):
            empty = {int(i) for i, text, _ in numbers[kind] if not text}
            assert {at(n) for n in hidden} & {int(i) for i, *_ in numbers[kind]} <= empty
        assert shown.evaluate_all(controls) == places
    assert page.complaints == []
