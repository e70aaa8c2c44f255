"""The figures that are walked through: a kernel on an image, a program on its tape."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers import two_outputs

from backprop_lib import Conv2D, graph, live
from backprop_lib.graph import Value
from backprop_lib.live.numbers import number
from backprop_lib.live.tape_view import ROOT
from backprop_lib.still import PAGE


def spiral(t):
    """Return the two coordinates of a spiral."""
    radius = (2 * t).named("r")
    return radius * graph.cos(t), radius * graph.sin(t)


FIGURES = {
    "slide": live.slide_figure,
    "tape": live.tape_figure,
    "tape of two": lambda: live.tape_figure(two_outputs, u=0.5, v=-1.5),
}
every_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)


@every_figure
def test_a_figure_is_small_and_has_all_its_faces(make):
    faces = make()._repr_mimebundle_()
    figure = make()
    assert len(figure.html().encode()) <= 45_000
    ElementTree.fromstring(figure.still())
    assert faces[PAGE] == figure.html()
    assert figure.sentence() in faces["text/html"]


@every_figure
def test_the_notebook_walks_to_the_end_and_starts_again(make):
    figure = make()
    controls = figure.controls
    row, _ = controls.box.children[2:4]
    back, on, play = row.children
    drawn = controls.drawing.value
    back.click()
    assert controls.drawing.value != drawn
    on.click()
    assert controls.drawing.value == drawn
    while not figure.at_end:
        on.click()
        assert figure.sentence().replace("<", "&lt;") in controls.drawing.value
    on.click()
    assert all(figure.at[name] == 0 for name in figure.limits())
    steps = 0
    play.click()
    assert controls.beat.playing and "Pause" in play.description
    while controls.beat.playing:
        steps += 1
        controls.beat.value = steps
    assert figure.at_end and "Play" in play.description
    assert steps == np.prod([most + 1 for most in figure.limits().values()]) - 1
    for name in figure.limits():
        assert controls.widgets[name].value == figure.at[name]
    play.click()
    on.click()  # by hand: Play is over
    assert not controls.beat.playing
    controls.reset()
    assert controls.drawing.value == drawn


@every_figure
def test_a_choice_brings_the_place_inside_its_limits(make):
    figure = make()
    controls = figure.controls
    choice = "way" if figure.kind == "slide" else "mode"
    for value in [*figure.settings[choice].options] * 2:
        for name, most in figure.limits().items():
            controls.widgets[name].value = most
        controls.widgets[choice].value = value
        for name, most in figure.limits().items():
            assert controls.widgets[name].max == most and 0 <= figure.at[name] <= most
            assert controls.widgets[name].value == figure.at[name]
        assert figure.sentence() in controls.drawing.value


# --- The kernel -----------------------------------------------------------------------------


def stand(figure, **settings):
    """Bring a figure to its settings."""
    figure.at |= settings
    figure.settle()


def everywhere(figure):
    """Stand at every output, pixel and weight with every kernel."""
    for kernel in figure.settings["kernel"].options:
        for way, size in figure.sizes.items():
            for row, column in np.ndindex(size):
                stand(figure, kernel=kernel, way=way, row=row, column=column)
                yield way, row, column


def test_every_sum_is_what_the_convolution_computes():
    figure = live.slide_figure()
    by_name = figure.recording.by_name
    rows, columns = figure.sizes["pixel"]
    image = np.array([[by_name[f"p{r}{c}"].data for c in range(columns)] for r in range(rows)])
    upstream = np.array([[by_name[f"z{r}{c}"].grad for c in range(4)] for r in range(4)])
    layers = []
    for kernel in figure.kernels:
        layer = Conv2D(kernel[None, None], [[0.0]])
        Z = layer.forward(image[None, :, :, None])
        dP = layer.backward(upstream[None, :, :, None])
        layers.append({"window": Z[0, ..., 0], "pixel": dP[0, ..., 0], "weight": layer.dW[0, 0]})
    for way, r, c in everywhere(figure):
        expected = layers[int(figure.at["kernel"])][way][r, c]
        products = [math.prod(figure.factors(pair)) for pair in figure.here() if pair]
        assert sum(products) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert figure.result()[1] == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert figure.sentence().endswith(f" = {number(figure.result()[1])}")


def test_a_pixel_in_the_middle_meets_the_kernel_in_reverse():
    figure = live.slide_figure()
    stand(figure, way="pixel", row=2, column=3)
    weights = [pair[1] for pair in figure.here()]
    assert weights == [f"w{i}{j}" for i in (2, 1, 0) for j in (2, 1, 0)]
    assert [figure.factors(pair)[1] for pair in figure.here()] == [*range(9, 0, -1)]
    figure.at |= {"row": 0, "column": 0}
    assert [pair for pair in figure.here() if pair] == [("z00", "w00")]


def test_what_is_outlined_is_what_has_part():
    figure = live.slide_figure()
    figure.at |= {"way": "pixel", "row": 1, "column": 4}
    drawn = re.findall(
        r'"bf-window \S+" x=(\d+) y=(\d+) width=(\d+) height=(\d+)', figure.drawing()
    )
    image, kernel, outputs, dP, dW, dZ = (tuple(map(int, each)) for each in drawn)
    w, h = 44, 26
    assert image[2:] == outputs[2:] == dW[2:] == (0, 0)
    assert kernel == (w, 0, 2 * w, 2 * h)  # rows 0 and 1, columns 1 and 2
    assert dP == (4 * w, h, w, h)
    assert dZ == (2 * w, 0, 2 * w, 2 * h)


GOOD = dict(image=np.eye(5), kernels={"a": np.ones((3, 3))}, upstream=np.ones((3, 3)))


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"image": np.eye(3)}, ValueError, "image: expected 4 to 6 rows and columns, got (3, 3)"),
        ({"image": np.ones((4, 7))}, ValueError, "image: expected 4 to 6 rows and columns"),
        ({"image": [1, 2]}, ValueError, "image: expected shape (rows, columns), got (2,)"),
        ({"image": "a"}, TypeError, "image: expected real numbers"),
        ({"kernels": {}}, ValueError, "kernels: expected at least one, got none"),
        ({"kernels": [1]}, TypeError, "kernels: expected a dict, got list"),
        ({"kernels": {1: np.ones((3, 3))}}, TypeError, "kernels: a label: expected a str, got int"),
        ({"kernels": {"a": np.ones((2, 2))}}, ValueError, "kernels: a: expected shape (3, 3)"),
        ({"upstream": np.ones((5, 5))}, ValueError, "upstream: expected shape (3, 3), got (5, 5)"),
        ({"upstream": np.full((3, 3), np.nan)}, ValueError, "upstream: expected finite numbers"),
    ],
)
def test_a_bad_kernel_figure_is_refused(changes, error, said):
    live.SlideFigure(**GOOD).html()
    with pytest.raises(error, match=f"^SlideFigure: {re.escape(said)}"):
        live.SlideFigure(**GOOD | changes)


@pytest.mark.parametrize("sample", [-1, 1797, 1.5, "a"])
def test_a_bad_sample_is_refused(sample):
    with pytest.raises((TypeError, ValueError), match="^slide_figure: sample: expected a whole"):
        live.slide_figure(sample)


# --- The tape -------------------------------------------------------------------------------

PROGRAMS = {
    "three to one": (lambda: live.tape_figure(), 3, 1),
    "one to two": (lambda: live.tape_figure(spiral, t=1.0), 1, 2),
    "two to two": (FIGURES["tape of two"], 2, 2),
}


@pytest.mark.parametrize(("make", "inputs", "outputs"), PROGRAMS.values(), ids=PROGRAMS)
def test_both_modes_agree_with_the_graph_s_gradients(make, inputs, outputs):
    figure = make()
    assert (len(figure.inputs), len(figure.outputs)) == (inputs, outputs)
    by_name = figure.recording.by_name
    tangents = {}
    for mode in figure.settings["mode"].options:
        stand(figure, mode=mode)
        kind, start = figure.mode
        if kind == "forward":
            tangents[start] = {name: figure.slopes[by_name[name]] for name in figure.symbols}
    for output in figure.outputs:
        stand(figure, mode=f"reverse {output}")
        adjoints = {name: figure.slopes[by_name[name]] for name in figure.symbols}
        by_name[output].backward()
        below = {value.name for value in by_name[output].ancestors()}
        for name in figure.symbols:
            expected = by_name[name].grad if name in below else 0.0
            assert adjoints[name] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        for name in figure.inputs:
            assert tangents[name][output] == pytest.approx(adjoints[name], rel=1e-12)


@pytest.mark.parametrize(("make", "inputs", "outputs"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_program_shown_computes_the_values_shown(make, inputs, outputs):
    figure = make()
    figure.settle()
    functions = {name: getattr(math, name) for name in ("sin", "cos", "exp")}
    found = {name: figure.at[name] for name in figure.inputs}
    for name in figure.lines:
        exec(figure.line(name), functions, found)
        assert found[name] == pytest.approx(figure.recording.by_name[name].data, rel=1e-15)
    arrows = len(re.findall("class=bf-ahead data-way", figure.drawing())) / 2  # wide and narrow
    assert arrows == figure.arrows
    costs = [f"{n} × {figure.arrows} = {n * figure.arrows}<" for n in (inputs, outputs)]
    assert all(cost in figure.beside() for cost in costs)


def test_each_step_shows_one_number_more():
    figure = live.tape_figure()
    for mode in figure.settings["mode"].options:
        seen = []
        stand(figure, mode=mode)
        for step in range(figure.limits()["step"] + 1):
            stand(figure, step=step)
            cells = re.findall(r"<td data-(value|grad)=\d+>([^<]*)", figure.beside())
            counts = [sum(of == kind and x != "" for of, x in cells) for kind in ("value", "grad")]
            seen.append(tuple(counts))
            hidden = len(re.findall(r"data-box='\d+'\](?=,|\{visib)", figure.lit("here")))
            assert hidden == 7 - counts[0]
        lines, count = 4, 3
        ahead = [(count + k, count + k) for k in range(lines + 1)]
        if figure.mode[0] == "reverse":
            ahead = [(count + k, 0) for k in range(lines + 1)] + [(7, k) for k in range(1, 8)]
        assert seen == ahead


def test_the_sentences_can_be_recomputed():
    figure = live.tape_figure(two_outputs, u=0.5, v=-1.5)
    checked = 0
    for mode in figure.settings["mode"].options:
        stand(figure, mode=mode)
        for step in range(figure.limits()["step"] + 1):
            stand(figure, step=step)
            for sum_, result in re.findall(r"= ([^=:]* × [^=:]*) = (\S+?):", figure.sentence()):
                plain = [x.replace("−", "-").replace("×", "*") for x in (sum_, result)]
                assert eval(plain[0]) == pytest.approx(float(plain[1]), abs=0.01)
                checked += 1
    assert checked > 15


def test_what_f_names_keeps_its_name_and_lines_without_get_one():
    figure = live.tape_figure(spiral, t=1.0)
    lines = [figure.line(name) for name in figure.lines]
    assert lines == ["t1 = cos(t)", "r = 2.0 * t", "t2 = sin(t)", "y1 = r * t1", "y2 = r * t2"]
    assert ROOT not in figure.html()
    figure = live.tape_figure(lambda y, t1: y * t1 + y, y=2.0, t1=3.0)
    assert [figure.line(name) for name in figure.lines] == ["t2 = y * t1", "out = t2 + y"]


def boxed(**leaves):
    return sum(leaves.values(), start=Value(0.0, "zero")).named("s")


TOO_MANY = {f"x{k}": 1.0 for k in range(5)}


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: live.tape_figure(3), TypeError, "tape_figure: f: expected a function"),
        (lambda: live.tape_figure(lambda: 1), ValueError, "tape_figure: start: expected a number"),
        (
            lambda: live.tape_figure(lambda x: 1.0, x=1.0),
            TypeError,
            "tape_figure: f: expected it to return Values, got float",
        ),
        (lambda: live.tape_figure(lambda x: (), x=1.0), ValueError, "tape_figure: f: expected it"),
        (
            lambda: live.tape_figure(lambda x, y: x * x, x=1.0, y=2.0),
            ValueError,
            "tape_figure: f: expected it to use every input, y is not",
        ),
        (
            lambda: live.tape_figure(lambda x: x, x=1.0),
            ValueError,
            "TapeFigure: outputs: expected named results",
        ),
        (
            lambda: live.tape_figure(boxed, **TOO_MANY),
            ValueError,
            "TapeFigure: expected 1 to 4 named",
        ),
        (
            lambda: live.tape_figure(lambda step: step * step, step=1.0),
            ValueError,
            "TapeFigure: expected another name of an input than 'step'",
        ),
        (
            lambda: live.tape_figure(lambda x: x**2 * x**3 * x**4 * x**5 * x**6, x=1.0),
            ValueError,
            "TapeFigure: expected 1 to 8 named lines, got 9",
        ),
        (lambda: live.tape_figure(lambda x: x * x, x="1"), TypeError, "Value x: expected a real"),
        (
            lambda: live.tape_figure(lambda x: x * x, x=1e200),
            ValueError,
            "tape_figure: x: expected",
        ),
        (lambda: live.TapeFigure(3), TypeError, "TapeFigure: outputs: expected a list, got int"),
        (lambda: live.TapeFigure([]), ValueError, "TapeFigure: outputs: expected named results"),
        (lambda: live.TapeFigure([3]), TypeError, "TapeFigure: outputs: expected a Value, got int"),
        (
            lambda: live.TapeFigure([(Value(1.0, "x") * 2).named("y")], 3),
            TypeError,
            "TapeFigure: title: expected a str, got int",
        ),
        (
            lambda: live.TapeFigure([(Value(1.0) * 2).named("y")]),
            ValueError,
            "TapeFigure: expected 1 to 4 named inputs, got 0",
        ),
    ],
)
def test_a_bad_program_is_refused(make, error, said):
    with pytest.raises(error, match=f"^{re.escape(said)}"):
        make()
