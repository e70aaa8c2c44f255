"""Matrices and bars in a browser: what is lit, marked and scaled, and whether it fits; both faces."""

import re

import numpy as np
import pytest

from backprop_lib import live
from backprop_lib.live.numbers import number
from backprop_lib.live.svg import STYLE

MAKERS = [live.matrix_figure, live.cnn_figure, live.delta_figure, live.secant_figure]
every_figure = pytest.mark.parametrize("make_figure", MAKERS)
EXTREMES = [
    (make_figure, leaves)
    for make_figure, settings in zip(
        MAKERS,
        [
            [
                {"w1_11": -1088.0, "w1_12": -2.47e-6, "w3_11": -1.07e-12, "w2_12": 1e300},
                {"w1_11": 1e5, "w1_12": -1e-300, "b2_1": -99999.0, "w2_11": 1.07e-12},
            ],
            [
                {"w00": -1088.0, "w01": 2.47e9, "w02": -1.07e-12, "w11": 1e300},
                {"w00": -1e-300, "w12": -99999.5, "w22": -2.47e-6},
            ],
            [{"w1_11": -1.07e-12, "w2_11": -1.5e-6}, {"w1_11": -1088.0, "w2_11": 1e300}],
            [{"n": 50.0, "x": -1e7}, {"n": 50.0, "x": -1.07e-12}],
        ],
        strict=True,
    )
    for leaves in settings
]

# Sets leaves by name
SET = """(figure, leaves) => {
  for (const { leaf } of figure.sliders) {
    const x = leaves[figure.data.names[leaf]];
    if (x !== undefined) figure.set(leaf, x);
  }
}"""

# By how many pixels a number sticks out of its cell or reaches its bar, a title out of its drawing
BEYOND = """() => [...document.querySelectorAll(".bf-heat > text, .bf-sign, .bf-bars text[data-room]")]
  .filter((el) => el.textContent && el.checkVisibility())
  .map((el) => {
    const inside = el.getBoundingClientRect();
    const bar = el.closest(".bf-bars");
    const cell = el.matches(".bf-heat > rect + text") ? el.previousElementSibling : el.closest("svg");
    const { left, right, top } = cell.getBoundingClientRect();
    const start = bar ? inside.right - 72 * bar.getBoundingClientRect().width / bar.viewBox.baseVal.width : left;
    return [Math.max(start - inside.left, inside.right - right, top - inside.top - 2), el.textContent];
  })
  .filter(([beyond]) => beyond > 0.5)"""

# The cells and bars that are outlined, by the number of their place, and the outline's colour
OUTLINED = """() => [...document.querySelectorAll(".bf-wide .bf-bars > rect, .bf-heat > rect")]
  .map((el, k) => [k, getComputedStyle(el)])
  .filter(([, { strokeWidth }]) => strokeWidth === "5px")
  .map(([k, { stroke }]) => [k, stroke])"""

# The places of the framed cells, and the digits that are marked
MARKED = """() => [...document.querySelectorAll(".bf-most")].map((el) =>
  el.matches("rect") ? el.getAttribute("x") / el.getAttribute("width") : el.textContent)"""


def set_leaves(figure, leaves):
    """Set leaves and what the notebook shows of them."""
    for name, x in leaves.items():
        if name in figure.controls.sliders:
            figure.recording.by_name[name].data = x
    figure.controls.show()


def show_in_notebook(page, figure):
    """Put a notebook's drawing of a figure into a page."""
    page.set_content(f"<style>{STYLE}</style>{figure.controls.drawing.value}")


@pytest.mark.parametrize(("make_figure", "leaves"), EXTREMES)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_number_and_no_title_is_clipped(show_alone, make_figure, leaves, width):
    figure = make_figure()
    page, element = show_alone(figure, width=width)
    assert page.evaluate(BEYOND) == []
    element.evaluate(SET, leaves)
    assert page.evaluate(BEYOND) == []
    in_page = element.evaluate("f => f.querySelector('.bf-views').innerHTML")
    set_leaves(figure, leaves)
    styles = re.compile(r'style="?(--letters:[\d.]+px)')
    letters = styles.findall(re.sub(r"\s*;?\s*\"", '"', in_page).replace(": ", ":"))
    assert letters == styles.findall(figure.drawing())
    show_in_notebook(page, figure)
    assert page.evaluate(BEYOND) == []


def expected_places(figure, step):
    """Return the numbers of the cells and bars that a step is about, in the order of the drawing."""
    names, forward = figure.walk.current(step)
    drawn = re.findall(
        r"<rect (?!class=bf-paper)[^>]*(?:data-bar|fill=#|fill=none)[^>]*><text ([^>]*)",
        re.sub("<div class=bf-narrow>.*?</div>", "", figure.drawing()),
    )
    places = [
        (of, [figure.recording.values[int(i)].name for i in numbers.strip('"').split()])
        for of, numbers in (
            re.search(r'data-(value|grad|local)=("[^"]*"|\d+)', mark).groups() for mark in drawn
        )
    ]
    have_own = {at[0] for of, at in places if of == "grad"}
    if forward:
        return [k for k, (of, at) in enumerate(places) if of == "value" and at == names]
    return [
        k
        for k, (of, at) in enumerate(places)
        if at[-1] in names and (of != "value" or at[0] not in have_own)
    ]


@every_figure
def test_the_walk_outlines_what_it_is_at_in_page_and_notebook(show_alone, make_figure):
    figure = make_figure()
    page, element = show_alone(figure)
    seen, steps = [], range(len(figure.walk) if figure.can_walk else 0)
    for step in steps:
        element.evaluate("figure => figure.stepBy(1)")
        seen.append(page.evaluate(OUTLINED))
        assert [k for k, _ in seen[step]] == expected_places(figure, step)
    colours = [{colour for _, colour in outlined} for outlined in seen]
    assert all(len(some) <= 1 for some in colours)
    if make_figure is live.matrix_figure:  # every value and gradient has its cell
        ahead = len(figure.walk.ahead)
        assert colours[:ahead] == [{"rgb(26, 95, 180)"}] * ahead
        assert set().union(*colours[ahead:]) == {"rgb(180, 80, 10)"}
    for step in steps:
        figure.controls.step_by(1)
        show_in_notebook(page, figure)
        assert page.evaluate(OUTLINED) == seen[step]


def full_colours(figure):
    """Return what the full colours stand for, from the numbers of the drawn cells."""
    view = next(view for view in figure.views if isinstance(view, live.MatrixView))
    found = {}
    for block in view.blocks:
        if isinstance(block.scale, str):
            found.setdefault(block.scale, []).extend(np.ravel(block.numbers(figure)))
    return [number(max(map(abs, numbers))) for numbers in found.values()]


@pytest.mark.parametrize("make_figure", MAKERS[:2])
def test_a_scale_that_changes_says_so(show_alone, make_figure):
    figure = make_figure()
    page, element = show_alone(figure)
    shown = "() => [...document.querySelectorAll('[data-full]')].map((el) => el.textContent)"
    start = page.evaluate(shown)
    assert start == full_colours(figure)
    moved = {figure.sliders[0].name: 1.75, figure.sliders[1].name: -1.3}
    element.evaluate(SET, moved)
    set_leaves(figure, moved)
    assert page.evaluate(shown) == full_colours(figure) != start
    if figure.can_walk:
        element.evaluate("figure => figure.stepBy(1)")
        assert page.evaluate(shown)[2] == "–"  # no gradient is reached
    show_in_notebook(page, figure)
    assert page.evaluate(shown) == full_colours(figure)


def test_the_kernel_s_scores_name_their_digits_and_mark_the_largest(show_alone):
    figure = live.cnn_figure()
    page, element = show_alone(figure)
    digits = (
        "() => [...document.querySelectorAll('.bf-heat > .bf-tick')].map((el) => el.textContent)"
    )
    assert page.evaluate(digits) == [str(k) for k in range(10)]
    probabilities = (
        "() => [...document.querySelectorAll('.bf-heat [data-local]')].map((el) => el.textContent)"
    )
    by_name, marked = figure.recording.by_name, []
    for label in ["a 1", "a 0", "a 7", "a 4"]:
        element.locator(".bf-controls select").select_option(label=label)
        figure.controls.example.value = label
        scores = np.array([by_name[f"s{k}"].data for k in range(10)])
        softmax = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        marked.append(page.evaluate(MARKED))
        assert marked[-1] == [scores.argmax(), str(scores.argmax())]
        assert page.evaluate(probabilities) == [f"{p:.2f}" for p in softmax]
        assert figure.recording.local_derivatives("L")["s3"] == pytest.approx(softmax[3])
    assert len({digit for _, digit in marked}) > 1
    show_in_notebook(page, figure)
    assert page.evaluate(MARKED) == marked[-1]


@pytest.mark.parametrize("make_figure", MAKERS)
def test_drawing_and_step_are_on_one_screen_of_a_phone(show_alone, make_figure):
    _, element = show_alone(make_figure(), width=390)
    ends = "el => { const { top, bottom } = el.getBoundingClientRect(); return [top, bottom]; }"
    top, bottom = element.locator(".bf-views").evaluate(ends)
    for step in element.locator("[data-do=step]").all():
        bottom = step.evaluate(ends)[1]
    assert bottom - top <= 844
