"""``live.explore``: a figure of any function, in which no arrow crosses a box."""

import functools
import random
import re

import pytest
from helpers import random_function

from backprop_lib import graph, live
from backprop_lib.live.layout import rows_of

RECT = re.compile(r"<g class=bf-box.*?<rect x=(\S+) y=(\S+) width=(\S+) height=(\S+)")
LINE = re.compile(r'<path class=bf-(?:ahead|back) data-way="\d+ \d+" d=M(\S+) />')


def crossed_boxes(drawing):
    """Return how many pairs of a box and an arrow of one drawing meet inside the box."""
    boxes = [tuple(map(float, box)) for box in RECT.findall(drawing)]
    lines = [
        [tuple(map(float, point.split(","))) for point in line.split("L")]
        for line in LINE.findall(drawing)
    ]
    assert boxes and lines
    count = 0
    for x, y, width, height in boxes:
        for line in lines:
            inside = any(
                x + 1 < u + t / 50 * (p - u) < x + width - 1
                and y + 1 < v + t / 50 * (q - v) < y + height - 1
                for (u, v), (p, q) in zip(line, line[1:], strict=False)
                for t in range(51)
            )
            count += inside
    return count


@pytest.mark.parametrize("seed", range(30))
def test_no_arrow_crosses_a_box_on_a_wide_or_a_narrow_page(seed):
    rng = random.Random(seed)
    figure = live.explore(random_function(rng, rng.randrange(2, 19)), a=0.5, b=-1.0, c=2.0)
    view = figure.views[0]
    assert 3 <= len(view.names) <= 30
    for wide in (True, False):
        assert crossed_boxes(view.draw(figure, wide)) == 0


def test_the_test_notices_a_crossed_box():
    figure = live.explore(lambda a, b: graph.sin(a) * b + a, a=1.0, b=2.0)
    drawing = figure.views[0].draw(figure, wide=True)
    x, y, width, height = map(float, RECT.search(drawing).groups())
    across = f'<path class=bf-ahead data-way="0 1" d=M{x - 20},{y + 9}L{x + width + 20},{y + 9} />'
    assert crossed_boxes(drawing + across) == 1


@pytest.mark.parametrize("name", live.FIGURES)
def test_no_arrow_crosses_a_box_in_a_lesson(name):
    figure = live.FIGURES[name]()
    for view in figure.views:
        if isinstance(view, live.GraphView):
            assert not any(crossed_boxes(view.draw(figure, wide)) for wide in (True, False))


def test_a_figure_in_one_line():
    figure = live.explore(lambda x, y: graph.sin(x) * y + x**2, x=1.0, y=2.0)
    assert figure.title == "f(x, y)"
    boxes = {name: figure.formula(name) for name in figure.views[0].names}
    shown = {"t1": "sin {x}", "t2": "{x}²", "t3": "{t1}·{y}", "f": "{t3} + {t2}"}
    assert boxes == {"x": "", "y": ""} | shown
    assert [(s.name, s.low, s.high, s.step) for s in figure.sliders] == [
        ("x", -3, 3, 0.05),
        ("y", -4, 4, 0.05),
    ]
    figure.controls.sliders["y"].value = 3.0
    assert figure.recording.by_name["x"].grad == pytest.approx(3 * 0.5403023058681398 + 2)


def test_names_given_in_the_function_are_kept():
    def loss(w):
        error = (w * 2 - 1).named("e")
        return graph.square(error)

    figure = live.explore(loss, w=0.5)
    assert (figure.title, figure.views[0].names) == ("loss(w)", ["w", "t1", "e", "loss"])


def test_of_more_than_30_values_those_with_names_are_shown():
    def chain(x):
        for k in range(40):
            x = graph.sin(x)
            if k in (10, 20):
                x = x.named(f"h{k}")
        return x

    assert live.explore(chain, x=1.0).views[0].names == ["x", "h10", "h20", "chain"]


def test_constants_have_no_box():
    figure = live.explore(lambda x: x * (graph.Value(2.0) * 3), x=1.0)
    assert figure.views[0].names == ["x", "f"]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: live.explore(3, x=1.0), TypeError, "explore: f: expected a function of Values"),
        (lambda: live.explore(lambda: 1), ValueError, "explore: start: expected a number for each"),
        (lambda: live.explore(lambda x: 1.0, x=1.0), TypeError, "expected it to return a Value"),
        (lambda: live.explore(lambda x: x, x=1.0), ValueError, "a result computed from its arg"),
        (lambda: live.explore(lambda x: graph.Value(2.0) + 1, x=1.0), ValueError, "a result comp"),
        (lambda: live.explore(lambda x: x + 1, x="1"), TypeError, "Value x: expected a real numb"),
        (
            lambda: live.explore(lambda x: sum((x.named("x") for _ in range(2)), x), y=1.0),
            TypeError,
            "y",
        ),
        (
            lambda: live.explore(lambda x: graph.sin(graph.exp(x).named("x")), x=1.0),
            ValueError,
            r"expected different names, got \[.x., .x., .f.\]",
        ),
    ],
)
def test_what_can_not_be_explored_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_any_name_of_a_function_or_an_argument():
    figure = live.explore(lambda f: f * 2, f=1.0)
    assert (figure.title, figure.loss_name) == ("out(f)", "out")
    assert live.explore(functools.partial(graph.square), a=1.0).loss_name == "f"
    with pytest.raises(ValueError, match="expected a name that no address .* got 'step'"):
        live.explore(lambda step: step * 2, step=1.0)
    with pytest.raises(ValueError, match="explore: x: expected at most 1e99, got 1e.308"):
        live.explore(lambda x: graph.sin(x), x=1e308)


def test_rows_hold_no_more_than_they_may_and_sources_come_first():
    names = list("abcdefg")
    edges = [("a", "d"), ("b", "d"), ("c", "d"), ("d", "e"), ("a", "f"), ("e", "g"), ("f", "g")]
    rows = rows_of(names, edges, most=2)
    row_of = {name: k for k, row in enumerate(rows) for name in row}
    assert sorted(row_of) == names
    assert max(map(len, rows)) == 2
    assert all(row_of[source] < row_of[user] for source, user in edges)
    assert rows[-1] == ["g"] and all(rows)


def test_up_to_four_columns_on_a_wide_page_then_rows():
    def four(x, y):
        return graph.sin(x * y) * x

    for f, across in [(four, True), (lambda x, y: graph.sin(four(x, y)), False)]:
        figure = live.explore(f, x=1.0, y=2.0)
        boxes = [tuple(map(float, b)) for b in RECT.findall(figure.views[0].draw(figure, True))]
        x, y = boxes[-1][:2]
        assert (x == max(box[0] for box in boxes)) == across
        assert (y == max(box[1] for box in boxes)) == (not across)


@pytest.mark.parametrize("sines, shown", [(29, 30), (30, 2)])
def test_all_values_have_a_box_up_to_30(sines, shown):
    def f(x):
        for _ in range(sines):
            x = graph.sin(x)
        return x

    assert len(live.explore(f, x=1.0).views[0].names) == shown
