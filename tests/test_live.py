"""The live figures in Python: numbers as text, recordings, and the callbacks of the sliders."""

import itertools
import json
import math
import re
from base64 import b64encode
from xml.etree import ElementTree

import numpy as np
import pytest

from backprop_lib import graph, live, toy, worked
from backprop_lib.live.curve_view import extent
from backprop_lib.live.heatmap import blended
from backprop_lib.live.layout import placed, spread_along
from backprop_lib.live.lesson_04_matrix_form import data_sliders
from backprop_lib.live.network_view import fill_level, fill_path
from backprop_lib.live.numbers import (
    fixed,
    html_symbol,
    number,
    parse_number,
    plain_symbol,
    short,
    spoken_symbol,
    symbol_of,
)
from backprop_lib.live.recording import ON_ARRAYS, Recording
from backprop_lib.live.sheet import sheet
from backprop_lib.live.svg import arrow, svg
from backprop_lib.losses import HalfSquaredError
from backprop_lib.still import PAGE


def everything(controls):
    """Return all that a figure shows in a notebook, as HTML; its own number left out."""
    parts = [controls.drawing, controls.said, controls.curve, controls.past, controls.refused]
    parts += controls.gradients
    return re.sub(r"bf-\d+", "bf-0", "".join(part.value for part in parts))


SETTINGS = [-1.7, 0.35, 1.05]  # values for a slider, on its grid


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (5.246071, "5.246"),
        (-17.0604665, "−17.060"),
        (0.0625, "0.0625"),
        (0.0123449, "0.0123"),
        (0.00123, "0.00123"),
        (0.000123456, "1.23e−4"),
        (-9.999e-4, "−1.00e−3"),
        (123456.0, "1.23e5"),
        (1e5, "1.00e5"),
        (0.1, "0.100"),
        (2.0625, "2.063"),  # a tie goes away from zero, as in JavaScript's toFixed
        (-2.0625, "−2.063"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "undefined"),
    ],
)
def test_a_number_keeps_three_significant_digits(x, text):
    assert number(x) == text


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (0.0, 9, "0.000000000"),
        (-0.004, 2, "0.00"),
        (-0.125, 2, "−0.13"),
        (1e-12, 1, "0.0"),
        (99999.25, 1, "99999.3"),
        (-1e9, 2, "−1.00e9"),
        (7, 0, "7"),
    ],
)
def test_a_number_with_fixed_decimals(x, digits, text):
    assert fixed(x, digits) == text


def test_symbols():
    scripts = "<span class=bf-ss><sup>1</sup><sub>12</sub></span>"
    assert html_symbol("w^1_12") == "w" + scripts
    assert html_symbol("β_0") == "β<sub>0</sub>"
    assert symbol_of("lambda1") == "λ_1"
    assert plain_symbol("w^1_12") == "w¹₁₂"


def test_local_derivatives_stop_at_names_and_add_paths():
    x = graph.Value(3.0, "x")
    t = (x + 1).named("t")
    out = (t * t + 2 * t).named("out")
    recording = Recording(out)
    assert recording.local_derivatives("out") == {"t": 2 * 4 + 2}
    assert recording.local_derivatives("t") == {"x": 1.0}
    assert x.grad == 10.0


def test_a_recording_refuses_two_values_of_one_name():
    with pytest.raises(ValueError, match="two values are called x"):
        Recording((graph.Value(1.0, "x") + graph.Value(2.0, "x")).named("out"))


def test_the_toy_sliders_drive_every_gradient():
    figure = live.toy_figure()
    for name, slider in figure.controls.sliders.items():
        for setting in SETTINGS:
            slider.value = setting
            values = {n: v.data for n, v in figure.recording.by_name.items()}
            assert values[name] == setting
            model = toy.ToyModel(
                [values[f"beta{k}"] for k in range(4)], [values[f"omega{k}"] for k in range(4)]
            )
            loss = model.forward(values["x"], values["y"])
            assert values["loss"] == pytest.approx(loss, rel=1e-12)
            for other, expected in model.backward().items():
                grad = figure.recording.by_name[other].grad
                assert grad == pytest.approx(expected, rel=1e-12, abs=1e-12)
                assert f">{number(grad)}<" in everything(figure.controls)
            assert number(loss) in everything(figure.controls)


@pytest.mark.parametrize("example", [worked.SIGMOID_2_2_2, worked.RELU_2_3_2_1])
def test_the_network_sliders_drive_every_gradient(example):
    figure = live.network_figure(example)
    by_name = figure.recording.by_name
    for name, slider in figure.controls.sliders.items():
        slider.value = 0.35
        assert by_name[name].data == 0.35
        network, loss = example.network(), HalfSquaredError()
        for layer, dense in enumerate(network.layers[::2], 1):
            for j, i in np.ndindex(dense.W.shape):
                dense.W[j, i] = by_name[f"w{layer}_{j + 1}{i + 1}"].data
                dense.b[j, 0] = by_name[f"b{layer}_{j + 1}"].data
        x = [[by_name[f"x{i}"].data] for i in range(1, len(example.x) + 1)]
        t = [[by_name[f"t{j}"].data] for j in range(1, len(example.y) + 1)]
        assert by_name["E"].data == pytest.approx(loss.forward(network.forward(x), t), rel=1e-12)
        network.backward(loss.backward())
        for layer, dense in enumerate(network.layers[::2], 1):
            for j, i in np.ndindex(dense.W.shape):
                weight, bias = by_name[f"w{layer}_{j + 1}{i + 1}"], by_name[f"b{layer}_{j + 1}"]
                assert weight.grad == pytest.approx(dense.dW[j, i], rel=1e-12, abs=1e-15)
                assert bias.grad == pytest.approx(dense.db[j, 0], rel=1e-12, abs=1e-15)
                assert number(weight.grad) in everything(figure.controls)


def test_the_thumb_stands_on_the_grid_and_the_value_where_it_was_put():
    """A browser rounds the thumb's place and reports it: that must not round the value."""
    figure = live.toy_figure()
    beta0, widget = figure.recording.by_name["beta0"], figure.controls.sliders["beta0"]
    figure.controls.fields["beta0"].value = "0.9125"
    assert (beta0.data, widget.value) == (0.9125, pytest.approx(0.9, abs=1e-12))
    widget.value = 0.9 + 1e-9  # the browser's answer
    assert beta0.data == 0.9125
    widget.value = 0.95  # a movement by hand
    assert beta0.data == 0.95
    figure.controls.fields["beta0"].value = "7.3"  # beyond the end of the slider
    assert (beta0.data, widget.value) == (7.3, 3.0)
    widget.value = 3.0 - 1e-9
    assert beta0.data == 7.3


def test_update_moves_the_parameters_against_the_gradient_and_reset_puts_them_back():
    figure = live.toy_figure()
    by_name, eta = figure.recording.by_name, figure.controls.eta.value
    before = {name: (value.data, value.grad) for name, value in by_name.items()}
    figure.controls.update(1)
    for name in ("beta0", "omega0", "beta3"):
        data, grad = before[name]
        assert by_name[name].data == data - eta * grad
        thumb = round(by_name[name].data / 0.05) * 0.05
        assert figure.controls.sliders[name].value == pytest.approx(thumb, abs=1e-12)
    assert by_name["x"].data == 2.3  # data are not trained
    assert by_name["loss"].data < before["loss"][0]
    figure.controls.reset()
    assert {name: (value.data, value.grad) for name, value in by_name.items()} == before


def test_the_edges_show_weights_or_at_a_switch_gradients():
    figure = live.network_figure()
    controls, leaves = figure.controls, figure.recording.by_name

    def widths(by_gradient=False):
        pattern = r"data-edge=(\d+)(?: class=(\S+|\".+?\"))? data-way=\"\d+ \d+\" d=\S+ stroke-width=([\d.]+)"
        edges = re.findall(pattern, figure.drawing())
        assert len(edges) == 2 * 8  # the wide and the narrow drawing
        assert all(("bf-gradient" in kinds) == by_gradient for _, kinds, _ in edges)
        touched = figure.recording.number_of(figure.touched.name)
        assert {int(i) for i, kinds, _ in edges if "bf-lit" in kinds} == {touched}
        return {int(i): float(width) for i, _, width in edges}

    weights = {figure.recording.number_of(n): v for n, v in leaves.items() if n[0] == "w"}
    by_weight = {i: round(1 + 3 * abs(w.data), 2) for i, w in weights.items()}
    assert widths() == by_weight
    controls.edges.click()
    assert controls.edges.description == "Edges: gradient"
    steepest = max(abs(w.grad) for w in weights.values())
    expected = {i: 1 + 7.5 * abs(w.grad) / steepest for i, w in weights.items()}
    assert widths(by_gradient=True) == pytest.approx(expected, abs=0.005)  # two decimals
    controls.edges.click()
    assert widths() == by_weight


def test_an_overflow_is_said_and_the_figure_recovers():
    figure = live.toy_figure()
    drawing = everything(figure.controls)
    figure.recording.by_name["beta1"].data = 1000.0
    figure.controls.show()
    assert "<sub>2</sub> = ∞</b>: no number can hold it" in everything(figure.controls)
    assert figure.recording.by_name["h2"].data == math.inf
    assert math.isnan(figure.recording.by_name["loss"].data)
    figure.controls.reset()
    assert everything(figure.controls) == drawing
    figure.controls.eta.value = 0.01
    figure.controls.update(1000)  # diverges
    figure.controls.reset()
    assert everything(figure.controls) == drawing


def test_ten_updates_are_ten_times_one_and_leave_a_history():
    once, ten = live.toy_figure(), live.toy_figure()
    for _ in range(10):
        once.controls.update(1)
    ten.controls.update(10)
    assert once.history == ten.history and len(ten.history) == 11
    assert ten.history[-1] == ten.recording.loss.data < ten.history[0]
    said = f"10 updates: {number(ten.history[0])} → {number(ten.history[-1])}"
    assert said in everything(ten.controls)
    ten.controls.sliders["beta0"].value = 0.5
    assert ten.history == [] and "updates:" not in everything(ten.controls)


@pytest.mark.parametrize("name", live.FIGURES)
def test_the_notebook_walks_forward_and_backward(name):
    figure = live.FIGURES[name]()
    controls, rest = figure.controls, everything(figure.controls)
    if not figure.can_walk:
        return
    at, shapes = figure.recording.number_of, len(re.findall("<(?:rect|circle|path)", rest))
    for step in range(len(figure.walk)):
        controls.step_by(1)
        drawing = everything(controls)
        assert figure.walk.said(step) in drawing
        names, forward = figure.walk.current(step)
        assert f'-box~="{at(names[0])}"] > rect' in drawing
        assert len(re.findall("<(?:rect|circle|path)", drawing)) == shapes  # the drawing stays
        no_value, no_grad = figure.walk.unreached(step)
        assert len(no_value) == max(0, len(figure.walk.ahead) - step - 1)
        for of, unreached in [("value", no_value), ("grad", no_grad)]:
            texts = re.findall(rf"<t\w+[^>]* data-{of}=(\d+)[^>]*>([^<]*)<", drawing)
            for i, text in texts:
                assert (text == "") == (figure.recording.values[int(i)].name in unreached)
        column = "".join(part.value for part in controls.gradients)
        column = re.findall(r">([^<>]*)</b>", column)
        assert [not text for text in column] == [s.name in no_grad for s in figure.sliders]
    controls.step_by(1)
    assert everything(controls) == rest
    controls.step_by(-1)
    assert figure.walk.said(len(figure.walk) - 1) in everything(controls)


def test_the_notebook_takes_typed_numbers_and_refuses_nonsense():
    figure = live.toy_figure()
    field, value = figure.controls.fields["omega0"], figure.recording.by_name["omega0"]
    field.value = "−0.123456"
    assert value.data == -0.123456 and field.value == "−0.123"
    for nonsense in [
        "abc",
        "",
        "1,500",
        "nan",
        "1/0",
        "2^",
        "1/2/3",
        "2^9999",
        "inf",
        "1e999",
        "0x10",
        "1 2",
        "1_0",
        "٣",
    ]:
        field.value = nonsense
        assert value.data == -0.123456 and field.value == "−0.123"
        assert (
            f"“{nonsense}” is not a number such as −0.5, 1/2 or 1e−3: ω₀ stays −0.123."
            in everything(figure.controls)
        )
    field.value = "7.5"
    assert value.data == 7.5 and figure.controls.sliders["omega0"].value == 3.0
    assert "ω₀ = 7.500 lies outside its slider" in everything(figure.controls)
    assert ">7.5</text>" in everything(figure.controls)  # the curve reaches as far
    figure.controls.sliders["omega0"].value = 1.0
    assert value.data == 1.0 and "outside" not in everything(figure.controls)


def test_an_update_that_would_overflow_is_refused():
    figure = live.toy_figure()
    before = {slider.name: slider.value.data for slider in figure.sliders}
    figure.controls.eta.max, figure.controls.eta.value = 300, 1e300
    figure.recording.by_name["beta0"].grad = 1e10
    figure.controls.update(1)
    assert {slider.name: slider.value.data for slider in figure.sliders} == before
    assert "Stopped before update 1" in everything(figure.controls)


def test_a_figure_s_legend_names_what_it_draws():
    assert "purple below 0" in live.matrix_figure().head()
    secant = live.secant_figure().head()
    assert "secant</span>" in secant and "purple" not in secant and "forward" not in secant


def test_reset_puts_back_everything():
    figure = live.delta_figure()
    start = everything(figure.controls)
    figure.controls.example.value = "cross-entropy"
    figure.controls.eta.value = 2.0
    figure.controls.update(10)
    figure.controls.step_by(1)
    assert everything(figure.controls) != start
    figure.controls.reset()
    assert everything(figure.controls) == start
    assert (figure.controls.rate, figure.controls.example.value) == (0.5, "squared error")


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("1/2", 0.5),
        ("−3/4", -0.75),
        ("2^-3", 0.125),
        ("2^−3", 0.125),
        ("1e-3", 0.001),
        ("0,5", 0.5),
        (" −1,25 ", -1.25),
        ("1,5000", 1.5),
        ("1,500", None),  # or fifteen hundred
        ("1/0", None),
        ("(-8)^0.5", None),
        ("-8^0.5", None),
        ("10^400", None),
        ("1/2/3", None),
        ("", None),
        ("٣", None),
    ],
)
def test_what_is_typed(text, x):
    assert parse_number(text) == x


@pytest.mark.parametrize(
    ("symbol", "spoken"), [("w^1_23", "w 2 3"), ("β_0", "beta 0"), ("x", "x"), ("b^2_1", "b 1")]
)
def test_a_symbol_is_spoken(symbol, spoken):
    assert spoken_symbol(symbol) == spoken


def test_an_example_is_chosen_in_the_notebook():
    x = graph.Value(1.0, "x")
    figure = live.Figure(
        graph.square(x).named("y"),
        title="square",
        sliders=[live.Slider(x, -3, 3)],
        views=[live.GraphView(["x", "y"])],
        examples={"one": {"x": 1.0}, "two": {"x": 2.0}},
    )
    figure.controls.example.value = "two"
    assert figure.recording.loss.data == 4.0
    assert "<option value=1>two</option>" in figure.html()
    figure.controls.reset()
    assert figure.recording.loss.data == 1.0 and figure.controls.example.value == "one"


@pytest.mark.parametrize("make_figure", [live.chain_figure, live.paths_figure])
def test_the_chain_rule_figures_follow_the_differences(make_figure):
    figure = make_figure()
    for name, slider in figure.controls.sliders.items():
        for setting in (-0.5, 1.5):
            slider.value = setting
            below, above = figure.recording.sweep(name, [setting - 1e-4, setting + 1e-4])
            slope = (above - below) / 2e-4
            assert figure.recording.by_name[name].grad == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_the_page_s_face_holds_every_value_and_the_graph():
    figure = live.toy_figure()
    html = figure.html()
    data = json.loads(re.search(r"<script type=application/json>(.*?)</script>", html)[1])
    assert len(data["nodes"]) == len(figure.recording.values)
    leaves = [node for node in data["nodes"] if not isinstance(node, list)]
    assert sorted(leaves) == sorted([*worked.TOY.beta, *worked.TOY.omega, 2.3, 2.0])
    moved = {data["names"][str(i)] for i in data["parameters"]}  # x and y are not trained
    assert moved == {f"{name}{k}" for name in ("beta", "omega") for k in range(4)}
    for value in figure.recording.by_name.values():
        assert f">{number(value.data)}<" in html and f">{number(value.grad)}<" in html


def test_a_figure_offers_both_faces_to_the_notebook(monkeypatch):
    shown = []
    monkeypatch.setattr(live.faces, "display", lambda data, raw: shown.append(data))
    figure = live.toy_figure()
    figure._ipython_display_()
    still, widgets = shown
    assert still.keys() == {"text/plain", "text/html", PAGE}
    assert still["text/plain"] == "<live figure: The toy model; loss = 0.139>"
    assert widgets.keys() == {"application/vnd.jupyter.widget-view+json"}
    hidden = figure.controls.box.children[0].children[-1].value
    assert f".{figure.face}{{display:none}}" in hidden
    assert f'class="bp-face {figure.face}"' in still["text/html"]
    assert len({make().face for make in live.FIGURES.values()}) == len(live.FIGURES)


def test_the_curve_passes_through_the_present_loss():
    figure = live.toy_figure()
    losses = figure.recording.sweep("omega0", [0.0, 0.1, 0.2])
    assert losses[1] == figure.recording.loss.data
    assert figure.recording.by_name["omega0"].data == 0.1


def test_a_kept_curve_is_drawn_anew_when_anything_else_moves():
    figure = live.toy_figure()
    points = [0.0, 0.1, 0.2]
    before = figure.recording.sweep("omega0", points)
    before.append("not the kept list")
    for name in ("omega0", "beta2", "x"):
        figure.recording.by_name[name].data += 0.3
        fresh = live.toy_figure().recording
        for leaf, value in fresh.by_name.items():
            value.data = figure.recording.by_name[leaf].data
        again = figure.recording.sweep("omega0", points)
        assert again == fresh.sweep("omega0", points)
        assert (again == before[:3]) == (name == "omega0")
    assert figure.recording.sweep("omega1", points) != again
    assert figure.recording.sweep("omega0", points[:2]) == again[:2]


def one_weight(**changes):
    """Return the arguments of a small figure with some of them changed."""
    w, x = graph.Value(0.5, "w"), graph.Value(2.0, "x")
    loss = graph.square(w * x).named("loss")
    arguments = {
        "title": "one weight",
        "sliders": [live.Slider(w, -3, 3)],
        "views": [live.GraphView(["w", "loss"]), live.CurveView()],
    }
    return [loss], arguments | changes


def plane(**changes):
    """Return a small plane with some of its arguments changed."""
    arguments = dict(function=abs, x_range=(0, 1), y_range=(0, 1), lines=[], points=[])
    return live.PlaneView(**arguments | changes)


STRAY = graph.Value(1.0, "w")


@pytest.mark.parametrize(
    "changes, error, message",
    [
        ({"title": ""}, ValueError, "Figure: title: expected a few words, got ''"),
        ({"title": 3}, ValueError, "Figure: title: expected a few words, got 3"),
        ({"sliders": []}, ValueError, "Figure: sliders: expected at least one, got none"),
        ({"sliders": ["w"]}, TypeError, "Figure: sliders: expected Sliders, got str"),
        ({"sliders": [live.Slider(STRAY, 0, 2)]}, ValueError, "sliders: w is no leaf of this"),
        ({"learning_rate": 0}, ValueError, "Figure: learning_rate: expected a number above 0"),
        ({"learning_rate": math.nan}, ValueError, "Figure: learning_rate: expected a finite"),
        ({"learning_rate": math.inf}, ValueError, "Figure: learning_rate: expected a finite"),
        ({"learning_rate": "1"}, TypeError, "Figure: learning_rate: expected a real number"),
        ({"views": ["graph"]}, TypeError, "Figure: views: expected views, got str"),
        ({"views": [live.GraphView(["v"])]}, ValueError, r"GraphView: .*\(w, x, loss\), got 'v'"),
        ({"views": [live.NetworkView([1, 1])]}, ValueError, "NetworkView: expected a name"),
        (
            {"views": [live.BarsView(["w"], {"w": ("local", [("loss", "y")], 1.0)})]},
            ValueError,
            "BarsView: expected a name of the graph .* got 'y'",
        ),
        (
            {"views": [live.MatrixView([[live.Block("a", [[("w", "x")]], of="local")]])]},
            ValueError,
            "MatrixView: w is not computed from x directly",
        ),
        (
            {"views": [live.PlaneView(abs, (0, 1), (0, 1), [("w", "x", "y", "back")], [])]},
            ValueError,
            "PlaneView: expected a name of the graph .* got 'y'",
        ),
        ({"formulas": {"lost": "{w}"}}, ValueError, "Figure: formulas: expected a name"),
        ({"examples": {"a": {"v": 1.0}}}, ValueError, "Figure: examples: a: expected a name"),
        ({"examples": {"a": {"loss": 1.0}}}, ValueError, "examples: a: loss is computed, no leaf"),
        ({"examples": {"a": {"w": math.nan}}}, ValueError, "examples: a: w: expected a finite"),
        ({"examples": {"a": {"w": "1"}}}, TypeError, "examples: a: w: expected a real number"),
        ({"examples": {"a": {"w": 1.0}}}, ValueError, "examples: expected {'w': 0.5} first, the"),
        ({"examples": {"a": {"w": 0.5}, "b": {"x": 1}}}, ValueError, "examples: .*same leaves"),
        ({"examples": {"a": {("loss", "w"): 1.0}}}, TypeError, "examples: a: expected a str, got"),
        ({"examples": {"a": [("w", 1.0)]}}, TypeError, "examples: a: expected a dict, got list"),
        ({"examples": {3: {"w": 1.0}}}, TypeError, "Figure: examples: expected a str, got int"),
        ({"examples": ["a"]}, TypeError, "Figure: examples: expected a dict, got list"),
        ({"formulas": ["loss"]}, TypeError, "Figure: formulas: expected a dict, got list"),
        ({"formulas": {3: "{w}"}}, TypeError, "Figure: formulas: expected a str, got int"),
        ({"formulas": {"loss": 3}}, TypeError, "Figure: formulas: loss: expected a str, got int"),
        ({"formulas": {"loss": "{v}"}}, ValueError, "formulas: loss: expected a name .* got 'v'"),
        ({"formulas": {"loss": "{}"}}, ValueError, "formulas: loss: expected a name .* got ''"),
        ({"formulas": {"loss": "{w"}}, ValueError, "formulas: loss: expected names in braces"),
        ({"terms": ["w"]}, TypeError, "Figure: terms: expected a dict, got list"),
        ({"terms": {3: ("grad", ["w"])}}, TypeError, "Figure: terms: expected a str, got int"),
        ({"terms": {"δ": "w"}}, TypeError, "Figure: terms: δ: .* expected a list"),
        ({"terms": {"δ": ("slope", ["w"])}}, ValueError, "terms: δ: expected value, grad or local"),
        ({"terms": {"δ": ("grad", ["v"])}}, ValueError, "Figure: terms: δ: expected a name .* 'v'"),
        ({"terms": {"δ": ("grad", [])}}, ValueError, "terms: δ: expected at least one name, got"),
        ({"terms": {"δ": ("local", [("w", "x")])}}, ValueError, "terms: δ: w is not computed from"),
        ({"apart": 1}, TypeError, "Figure: apart: expected a bool, got int"),
        ({"learning_rate": 1e308}, ValueError, "learning_rate: expected 1e-300 to 1e300, got 1e"),
        ({"learning_rate": 1e-320}, ValueError, "learning_rate: expected 1e-300 to 1e300, got"),
        ({"sliders": None}, TypeError, "Figure: sliders: expected a list, got NoneType"),
        ({"views": live.CurveView()}, TypeError, "Figure: views: expected a list, got CurveView"),
        ({"views": [live.GraphView(["loss", "w"])]}, ValueError, "expected w before loss, its re"),
        ({"views": [live.NetworkView([1, 1])]}, ValueError, "NetworkView: expected a name .* 'x1'"),
    ],
)
def test_what_a_figure_refuses(changes, error, message):
    values, arguments = one_weight(**changes)
    with pytest.raises(error, match=message):
        live.Figure(*values, **arguments)


def test_terms_are_written_as_formulas_are_read():
    values, arguments = one_weight(
        terms={"p - y": ("grad", ["w"]), "σ′": ("local", [("loss", "w")])}
    )
    figure = live.Figure(*values, **arguments)
    data = json.loads(re.search(r"application/json>(.*)</script>", figure.html())[1])
    w, loss = (figure.recording.number_of(name) for name in ("w", "loss"))
    assert data["terms"] == {"p−y": [f"grad {w}"], "σ′": [f"local {loss} {w}"]}
    assert data["apart"] is False


def test_a_figure_takes_numbers_of_other_kinds_and_stores_floats():
    values, arguments = one_weight(
        learning_rate=np.float32(0.5), examples={"a": {"w": np.float16(0.5)}, "b": {"w": 2}}
    )
    figure = live.Figure(*values, **arguments)
    assert (figure.learning_rate, figure.examples) == (0.5, {"a": {"w": 0.5}, "b": {"w": 2.0}})
    page = re.search(r"<script type=application/json>(.*?)</script>", figure.html())[1]
    assert json.loads(page)["examples"][0] == {"0": 0.5}


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda x: live.Slider(x, -1, 1), ValueError, "Slider: x = 3.0 is outside -1.0 to 1.0"),
        (lambda x: live.Slider((x + 1).named("t"), 0, 9), ValueError, "expected a named leaf"),
        (lambda x: live.Slider(graph.Value(1.0), 0, 9), ValueError, "expected a named leaf"),
        (lambda x: live.Slider("x", 0, 9), TypeError, "Slider: value: expected a Value, got str"),
        (lambda x: live.Slider(x, 3, 3), ValueError, "Slider: expected low < high, got 3.0 and"),
        (lambda x: live.Slider(x, 9, 0), ValueError, "Slider: expected low < high, got 9.0 and"),
        (lambda x: live.Slider(x, 0, 9, 0), ValueError, "Slider: step: expected a number above 0"),
        (lambda x: live.Slider(x, 0, 9, -1), ValueError, "Slider: step: expected a number above"),
        (lambda x: live.Slider(x, 0, math.nan), ValueError, "Slider: high: expected a finite"),
        (lambda x: live.Slider(x, None, 9), TypeError, "Slider: low: expected a real number"),
        (lambda x: live.Slider(x, 0, 9, 1e-200), ValueError, "Slider: step: expected .* 1e-100 up"),
        (lambda x: live.Slider(x, 0, 1e101), ValueError, "Slider: expected numbers up to 1e100"),
        (lambda x: live.Slider(x, -1e101, 9), ValueError, "Slider: expected numbers up to 1e100"),
        (
            lambda x: live.Slider(x, 0, 9, group=7),
            TypeError,
            "Slider: group: expected a str, got i",
        ),
        (lambda x: live.Slider(x, 0, 9, parameter="no"), TypeError, "parameter: expected a bool"),
        (lambda x: live.Slider(x.named("eta"), 0, 9), ValueError, "no address .* uses, got 'eta'"),
        (lambda x: live.GraphView([]), ValueError, "GraphView: names: expected different names"),
        (lambda x: live.GraphView("ab"), TypeError, "GraphView: names: expected a list, got str"),
        (lambda x: live.GraphView([3]), TypeError, "GraphView: names: expected a str, got int"),
        (lambda x: live.NetworkView([2]), ValueError, "NetworkView: sizes: expected two or more"),
        (lambda x: live.NetworkView(3), TypeError, "NetworkView: sizes: expected a list, got int"),
        (lambda x: live.NetworkView([0, 1]), ValueError, "sizes: expected a whole number >= 1"),
        (lambda x: live.NetworkView([1, 10]), ValueError, "sizes: expected a whole number <= 9"),
        (lambda x: live.MatrixView([["x"]]), TypeError, "MatrixView: rows: expected a Block, got"),
        (lambda x: live.MatrixView([[["·"], 3]]), TypeError, "MatrixView: rows: expected a Block,"),
        (
            lambda x: live.MatrixView([[["·", "+"]]]),
            ValueError,
            "MatrixView: rows: .* in each form",
        ),
        (
            lambda x: live.MatrixView([], "x"),
            TypeError,
            "MatrixView: boxes: expected a list, got s",
        ),
        (
            lambda x: live.Block("W", [["w"]], columns=["0", "1"]),
            ValueError,
            "Block W: columns: expected one for each, got 2",
        ),
        (lambda x: live.MatrixView([3]), TypeError, "MatrixView: rows: expected a list, got int"),
        (lambda x: live.Block(3, [["w"]]), TypeError, "Block: title: expected a str, got int"),
        (lambda x: live.Block("W", ["ab"]), TypeError, "Block W: names: expected a list, got str"),
        (lambda x: live.Block("W", [["w"]], scale=math.nan), ValueError, "Block W: scale: expect"),
        (lambda x: live.Block("W", [["w"]], digits=13), ValueError, "Block W: digits: .* <= 12"),
        (lambda x: live.Block("W", [["w"]], cell=(0, 9)), ValueError, "Block W: cell: expected a"),
        (lambda x: live.Block("W", [["w"]], cell=(9,)), ValueError, "Block W: cell: expected 2 of"),
        (lambda x: live.Block("W", [["ab"]], of="local"), TypeError, r"a pair \(result, input\)"),
        (lambda x: live.Block("W", [[("y", "x")]]), TypeError, "Block W: a name: expected a str"),
        (
            lambda x: live.BarsView(["w"], {}),
            ValueError,
            "BarsView: columns: expected at least one",
        ),
        (lambda x: live.BarsView(["w"], []), TypeError, "BarsView: columns: expected a dict, got"),
        (
            lambda x: live.BarsView(["w"], {"δ": ("grad", ["w"])}),
            ValueError,
            r"BarsView: δ: \(kind, names, scale\): expected 3 of them, got 2",
        ),
        (lambda x: live.GraphView(["a", "a"]), ValueError, "GraphView: names: expected different"),
        (lambda x: live.Block("W", [["w"]], of="slope"), ValueError, "Block W: expected value, g"),
        (
            lambda x: live.Block("W", [["w"], []]),
            ValueError,
            "Block W: names: expected rows of one",
        ),
        (lambda x: live.Block("W", []), ValueError, "Block W: names: expected rows of one length"),
        (
            lambda x: live.BarsView(["w"], {"δ": ("slope", ["w"], 1.0)}),
            ValueError,
            "BarsView: δ: expected value, grad or local, got 'slope'",
        ),
        (
            lambda x: live.BarsView(["w"], {"δ": ("grad", ["w"], 0.0)}),
            ValueError,
            "BarsView: δ: scale: expected a number above 0",
        ),
        (
            lambda x: live.BarsView(["w"], {"δ": ("grad", [], 1.0)}),
            ValueError,
            "BarsView: δ: expected 1 rows, got 0",
        ),
        (lambda x: Recording(3.0), TypeError, "Recording: loss: expected a Value, got float"),
        (lambda x: Recording(x * 2), ValueError, "Recording: loss: expected a value with a name"),
        (lambda x: live.heatmap([1.0, 2.0], "W"), ValueError, "heatmap: matrix: expected shape"),
        (
            lambda x: live.heatmap([[math.nan]], "W"),
            ValueError,
            "heatmap: matrix: expected finite numbers",
        ),
        (lambda x: live.heatmap([[1.0]], None), TypeError, "heatmap: title: expected a str"),
        (
            lambda x: live.heatmap([[1.0]], "W", scale=0),
            ValueError,
            "heatmap: scale: expected a nu",
        ),
        (lambda x: live.heatmap([[1.0]], "W", cell=4), ValueError, "heatmap: cell: .* >= 5, got 4"),
        (lambda x: live.heatmap([[1.0]], "W", digits=-1), ValueError, "heatmap: digits: .* >= 0"),
        (lambda x: live.heatmap([[1.0]], "W", digits=13), ValueError, "heatmap: digits: .* <= 12"),
        (
            lambda x: live.heatmap([[1.0]], "W", columns=3),
            TypeError,
            "heatmap: columns: expected a",
        ),
        (lambda x: live.heatmap([[1.0]], "W", direction="up"), ValueError, "heatmap: direction: "),
        (lambda x: live.Matrices(3), TypeError, "Matrices: description: expected a str, got int"),
        (lambda x: live.Matrices("W", [[1.0]]), TypeError, "Matrices: forward: expected a dict"),
        (lambda x: plane(function=3), TypeError, "PlaneView: function: expected a function of a f"),
        (
            lambda x: plane(function=str),
            TypeError,
            r"PlaneView: function\(0\): expected a real num",
        ),
        (lambda x: plane(x_range=(1, 1)), ValueError, "PlaneView: x_range: expected low < high"),
        (
            lambda x: plane(y_range=(0, math.inf)),
            ValueError,
            "PlaneView: y_range: high: expected a",
        ),
        (lambda x: plane(x_range=3), TypeError, "PlaneView: x_range: expected a list, got int"),
        (lambda x: plane(y_range=(0, 1e-200)), ValueError, "y_range: expected numbers up to 1e100"),
        (lambda x: plane(lines=[("x", "y", "d")]), ValueError, "PlaneView: lines: expected 4 of"),
        (lambda x: plane(lines=[("x", "y", "d", "up")]), ValueError, "lines: expected ahead or ba"),
        (lambda x: plane(points=["xy"]), TypeError, "PlaneView: points: expected a list, got str"),
        (
            lambda x: live.toy_figure(worked.RELU_2_3_2_1),
            TypeError,
            "example: expected a WorkedToy",
        ),
        (lambda x: live.network_figure(reach=0), ValueError, "network_figure: reach: expected a n"),
        (lambda x: live.matrix_figure(reach="2"), TypeError, "matrix_figure: reach: expected a re"),
        (lambda x: live.delta_figure([[1.0]]), ValueError, "delta_figure: weights: expected shape"),
        (lambda x: live.delta_figure(z_out="4"), TypeError, "delta_figure: z_out: expected a real"),
        (
            lambda x: live.cnn_figure(samples=(0, 1797)),
            ValueError,
            "samples: expected .* 0 to 1796",
        ),
        (lambda x: live.cnn_figure(samples=()), TypeError, "cnn_figure: samples: expected integer"),
    ],
)
def test_what_the_parts_of_a_figure_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make(graph.Value(3.0, "x"))


def test_a_slider_s_range_reaches_the_page_with_all_its_digits():
    x = graph.Value(1e6, "x")
    figure = live.Figure(
        graph.square(x).named("y"),
        title="far out",
        sliders=[live.Slider(x, 1e6 - 1, 1e6 + 1, 0.015625)],
        views=[live.CurveView()],
    )
    slider = "min=999999 max=1000001 step=0.015625 value=1000000"
    assert slider in figure.html()


@pytest.mark.parametrize("name", live.FIGURES)
def test_the_stored_figure_is_a_picture_for_whoever_does_not_trust_it(name):
    figure = live.FIGURES[name]()
    still = figure.still()
    texts = [node.text or "" for node in ElementTree.fromstring(still).iter() if node.text]
    for view in figure.views:
        for drawing in sum(view.pictures(figure), start=[]):
            for text in re.findall(r">([−\d.]+)</", drawing):
                assert text in texts
    assert "http" not in still.replace("http://www.w3.org/2000/svg", "")
    bundle = figure._repr_mimebundle_()
    shown = re.sub(r"<(?:link|img) [^>]*>", "", bundle["text/html"])
    face = f'<div class="bp-face {figure.face}">'
    assert shown == f"{face}<p>{live.faces.STILL_LINE}</p></div>"
    assert b64encode(still.encode()).decode() in bundle["text/html"]
    assert bundle[PAGE] == figure.html()


@pytest.mark.parametrize("name", ["a b", "a<b>", "a{b}", "a;b", "1", "w^1", "a\nb", "x²"])
def test_a_name_can_stand_in_a_formula_an_address_and_a_drawing(name):
    x = graph.Value(1.0, name)
    with pytest.raises(ValueError, match="Recording: expected a Python identifier as name, got"):
        live.Figure((x * 2).named("y"), title="t", sliders=[live.Slider(x, 0, 2)], views=[])


def test_two_sliders_for_one_leaf_and_a_leaf_for_a_loss_are_refused():
    x = graph.Value(1.0, "x")
    sliders = [live.Slider(x, 0, 2), live.Slider(x, 0, 3)]
    with pytest.raises(ValueError, match="sliders: expected one for each leaf, got two for the"):
        live.Figure((x * 2).named("y"), title="t", sliders=sliders, views=[])
    with pytest.raises(ValueError, match="Figure: loss: expected a computed value, got x"):
        live.Figure(x, title="t", sliders=sliders[:1], views=[])


@pytest.mark.parametrize("make", [live.toy_figure, live.cnn_figure, live.matrix_figure])
@pytest.mark.parametrize("typed", ["1e308", "−1e308", "1e30", "5e-324"])
def test_no_number_that_can_be_typed_breaks_a_figure(make, typed):
    figure = make()
    drawing, name = everything(figure.controls), figure.sliders[0].name
    figure.controls.fields[name].value = typed
    assert figure.sliders[0].low <= figure.sliders[0].thumb <= figure.sliders[0].high
    figure.controls.update(2)
    ElementTree.fromstring(figure.still())
    assert "nan" not in everything(figure.controls).replace(figure.controls._scope, "")
    figure.controls.reset()
    assert everything(figure.controls) == drawing


def test_a_level_loss_has_a_curve_however_large_it_is():
    assert extent([5.0, 5.0]) == (5.0, 10.0)
    assert extent([1e300, 1e300]) == (1e300, 2e300)
    x = graph.Value(0.5, "x")
    loss = (x * 0 + 1e300).named("loss")
    view = live.CurveView()
    figure = live.Figure(loss, title="level", sliders=[live.Slider(x, 0, 1)], views=[view])
    assert "M50.0,140.0L51.5,140.0" in view.draw(figure)


def test_a_plane_s_curve_has_a_gap_where_its_function_has_no_value():
    for function in (math.log, lambda x: 1 / x, lambda x: math.nan if x == 0 else x):
        curve = plane(function=function).curve
        assert curve.startswith("M3.5,") and curve.count("M") == 1


def test_a_plane_s_ends_reach_the_page_with_all_their_digits():
    values, arguments = one_weight(views=[plane(x_range=(1e7, 1e7 + 1))])
    html = live.Figure(*values, **arguments).html()
    assert 'data-plane="560 260 10000000 10000001 0 1"' in html


def test_a_heat_map_of_any_precision_and_size():
    assert ">0.10</text>" in live.heatmap(np.float32([[0.1]]), "W")
    assert ">−1.00e300</text>" in live.heatmap([[-1e300]], "W")
    assert ">c</text>" in live.heatmap([[1.0]], "W", columns=np.array(["c"]))


def test_a_heat_map_writes_every_number():
    drawing = live.heatmap([[1.0, -0.5], [0.0, 0.25]], "W")
    assert re.findall(r">([−\d.]+)</text>", drawing) == ["1.00", "−0.50", "0.00", "0.25"]
    assert "#ffffff" in drawing  # white at zero
    with pytest.raises(ValueError, match="heatmap: matrix: expected shape"):
        live.heatmap([1.0, 2.0], "W")


# --- What is drawn and said, to the pixel and to the word ---


def test_a_leaf_s_sentence_writes_up_to_three_terms():
    for count, shortened in [(3, False), (4, True)]:
        x = graph.Value(0.5, "x")
        terms = [graph.sin(x * k).named(f"s{k}") for k in range(1, count + 1)]
        loss = sum(terms[1:], start=terms[0]).named("y")
        figure = live.Figure(loss, title="t", sliders=[live.Slider(x, 0, 1)], views=[])
        assert (f"… ({count} terms" in figure.walk.backward_sentence("x")) == shortened


def test_the_walk_knows_what_it_has_not_reached():
    walk = live.chain_figure().walk
    assert (walk.ahead, walk.back) == (["t", "z"], [["z"], ["t"], ["y"], ["x"]])
    assert walk.unreached(0) == ({"z"}, {"z", "t", "y", "x"})
    assert walk.unreached(2) == (set(), {"t", "y", "x"})


def test_a_leaf_without_a_box_follows_the_value_that_completes_its_gradient():
    w = graph.Value(0.5, "w")
    first = (w * 2).named("f")
    last = (w * first).named("l")
    view = live.GraphView(["f", "l"])
    figure = live.Figure(last, title="t", sliders=[live.Slider(w, 0, 1)], views=[view])
    assert figure.walk.back == [["l"], ["f", "w"]]


def test_the_infinite_gradient_nearest_to_the_loss_is_named():
    v = graph.Value(1.0, "v")
    root = ((v * 3).named("u") ** 0.5).named("r")
    figure = live.Figure(root, title="t", sliders=[live.Slider(v, 0, 1)], views=[])
    v.data = 0.0
    figure.recording.run()
    assert re.sub("<.*?>", "", figure.walk.lost_sentence()).startswith("∂r/∂u = ∞: no number")


def test_a_difference_is_in_brackets_as_a_factor():
    a, b = graph.Value(1.5, "a"), graph.Value(0.5, "b")
    loss = (0.5 * graph.square(a - b)).named("y")
    figure = live.Figure(loss, title="t", sliders=[live.Slider(a, 0, 2)], views=[])
    assert figure.walk.backward_sentence("a").startswith("∂y/∂a = ∂y/∂y × (a − b)<")


@pytest.mark.parametrize("name", graph.OPERATIONS)
def test_a_rule_on_arrays_is_the_rule_on_numbers(name):
    rule, points = graph.OPERATIONS[name], [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]
    compared = 0
    for a in points:
        for b in points:
            values = [graph.Value(x) for x in (a, b)[: rule.__wrapped__.__code__.co_argcount]]
            try:
                out = rule(*values)
            except (ArithmeticError, ValueError):
                continue
            with np.errstate(all="ignore"):
                found = ON_ARRAYS[name](*(np.float64(v.data) for v in values))
            expected = [out.data, *out.local_derivatives()]
            assert [float(x) for x in found] == pytest.approx(expected, rel=1e-15)  # last bits
            compared += 1
    assert compared >= 20


def test_rows_are_centred_and_a_plate_alone_stands_in_the_middle():
    middles = {"a": 11.0, "b": 5.0, "c": 17.0}
    assert placed([["a"], ["b", "c"]], box=10, gap=2) == (middles, 22)
    assert spread_along({"edge": ((0, 0), (100, 0))}, (10, 10)) == {"edge": (50.0, 0.0)}


def test_an_arrow_s_head_is_behind_its_tip():
    assert arrow([(0, 0), (100, 0)], "bf-ahead", "data-way=1") == (
        "<path class=bf-ahead data-way=1 d=M0.0,0.0L94.0,0.0 />"
        '<path class="bf-ahead bf-tip" d=M100.0,0.0L91.0,4.5L91.0,-4.5Z />'
    )


@pytest.mark.parametrize(
    "share, colour, white",
    [
        (0.0, "#ffffff", False),
        (0.5, "#8dbc9b", False),
        (1.0, "#1b7837", True),
        (9.0, "#1b7837", True),
        (-0.74, "#9a61a3", False),
        (-0.75, "#985fa2", True),
        (-1.0, "#762a83", True),
    ],
)
def test_a_cell_s_colour_and_the_ink_on_it(share, colour, white):
    assert blended(share) == (colour, white)


def test_a_number_alone_has_no_colour_and_a_column_has():
    for names, scale in [([["w"]], "data-heat=0 "), ([["w"], ["x"]], "data-share=0 ")]:
        view = live.MatrixView([[live.Block("W", names)]])
        values, arguments = one_weight(views=[view])
        drawing = live.Figure(*values, **arguments).drawing()
        assert scale in drawing
        fills = re.findall(r"fill=(#\w+)", drawing)
        assert (fills == ["#ffffff"]) == ("full colour" not in drawing) == (len(names) == 1)


def test_a_neuron_is_filled_to_its_activation():
    assert [fill_level(a) for a in (-0.5, 0.25, 7.0)] == [0.0, 0.25, 1.0]
    assert fill_path(10, 0.5) == "M-10.0,0.0A10,10 0 0 0 10.0,0.0Z"
    assert fill_path(10, 0.9) == "M-6.0,-8.0A10,10 0 1 0 6.0,-8.0Z"
    assert fill_path(10, 1.0) == "M-10,0a10,10 0 1 0 20,0a10,10 0 1 0 -20,0Z"


def test_a_neuron_is_dead_where_relu_gives_zero_and_nowhere_else():
    figure = live.network_figure(worked.RELU_2_3_2_1)
    for slider in figure.sliders:
        slider.value.data = 0.0
    figure.recording.run()
    relu = [v for v in figure.recording.values if v.operation == "relu"]
    drawing = figure.views[0].draw(figure, wide=True)
    assert len(re.findall(r"bf-neuron bf-dead", drawing)) == len(relu)
    assert len(re.findall(r"bf-neuron", drawing)) == 3 + 2 + 1


@pytest.mark.parametrize("x, left, width", [(-1.0, "75.0", "35.0"), (5.0, "110.0", "70.0")])
def test_a_bar_starts_at_zero_and_ends_at_the_column_s_edge(x, left, width):
    view = live.BarsView(["w"], {"w": ("value", ["w"], 2.0)})
    values, arguments = one_weight(views=[view])
    figure = live.Figure(*values, **arguments)
    figure.sliders[0].value.data = x
    assert f'data-bar="110 35 70" x={left} y=30 width={width} ' in view.draw(figure, wide=True)


def test_a_plane_s_y_axis_points_up_and_its_lines_go_through_their_points():
    view = plane(x_range=(-1, 3), y_range=(0, 4))
    assert view.curve.startswith("M0.0,195.0L3.5,") and view.curve.endswith("L560.0,65.0")
    assert view._line(1, 2, 0.5) == "M0.0,195.0L560.0,65.0"


def test_a_loss_that_almost_reaches_zero_is_drawn_above_zero():
    assert extent([0.05, 1.0, math.inf]) == (0.0, 1.0)
    assert extent([0.15, 1.0, math.nan]) == (0.15, 1.0)


def test_the_tangent_leans_as_its_slope():
    curve = live.CurveView()  # from 50 to 292 across, from 24 to 140 down
    assert curve._tangent(100, 100, 1, length=math.sqrt(2)) == "M99.0,99.0L101.0,101.0"
    assert curve._tangent(51, 100, 0) == "M50.0,100.0L81.0,100.0"  # it ends with the plot
    assert curve._tangent(100, 139, -1, length=10 * math.sqrt(2)) == "M99.0,140.0L110.0,129.0"


def test_a_number_at_the_end_of_its_slider_is_not_outside():
    figure = live.chain_figure()
    for typed in ("4", "-4"):
        figure.controls.fields["x"].value = typed
        assert "lies outside" not in everything(figure.controls)


def test_the_learning_rate_reaches_a_hundred_times_lower_and_higher():
    values, arguments = one_weight(learning_rate=0.01)
    assert "data-eta min=-4 max=0 step=0.05 value=-2 " in live.Figure(*values, **arguments).html()


def test_what_can_not_be_followed_one_by_one_is_not_walked_through():
    walked = {name for name, make in live.FIGURES.items() if make().can_walk}
    assert walked == set(live.FIGURES) - {"kernel"}


def test_drawings_wrap_on_their_sheet_and_rows_stand_apart():
    wide, small = svg(400, 50, []), svg(300, 20, [])
    places = re.findall(r'<svg x="(\d+)" y="(\d+)"', sheet([[wide, small], [small, small]]))
    assert places == [("12", "12"), ("12", "72"), ("12", "102"), ("322", "102")]


def test_data_can_be_moved_twice_as_far_as_they_start():
    v = {"x1": graph.Value(3.0, "x1"), "t1": graph.Value(-0.2, "t1"), "w": graph.Value(1.0, "w")}
    found = [(s.name, s.low, s.high, s.parameter) for s in data_sliders(v)]
    assert found == [("x1", -6.0, 6.0, False), ("t1", -1.0, 1.0, False)]


def test_each_example_of_the_deltas_has_the_loss_it_is_called_after():
    figure = live.delta_figure()
    a, t, loss = (figure.recording.by_name[name] for name in ("a2_1", "t", "J"))
    for example, expected in [
        ("squared error", lambda: 0.5 * (a.data - t.data) ** 2),
        ("cross-entropy", lambda: -math.log(1 - a.data)),
    ]:
        figure.controls.example.value = example
        assert loss.data == pytest.approx(expected(), rel=1e-12)  # 1 − a loses two digits


@pytest.mark.parametrize("name", ["2-3-2-1", "2-2-2"])
def test_each_edge_says_between_which_values_it_runs(name):
    recording = (figure := live.FIGURES[name]()).recording
    edges = re.findall(r'data-edge=(\d+)[^>]*? data-way="(\d+) (\d+)"', figure.drawing())
    names = {i: value.name for i, value in enumerate(recording.values)}
    ways = [(names[int(w)], names[int(source)], names[int(target)]) for w, source, target in edges]
    weights = {name for name in recording.by_name if name[0] == "w"}
    assert {weight for weight, *_ in ways} == weights
    for weight, source, target in ways:
        assert recording.consumers(weight) == [target]
        assert source in recording.local_derivatives(target) and source[0] in "xaz"
        _, out, into = re.fullmatch(r"w(\d)_(\d)(\d)", weight).groups()
        assert target.endswith(f"_{out}") and source.endswith(into)


@pytest.mark.parametrize("name", ["2-3-2-1", "2-2-2"])
@pytest.mark.parametrize("wide", [True, False])
def test_no_plate_of_a_weight_covers_another_or_a_neuron(name, wide):
    [network, *_] = live.FIGURES[name]().views
    _, neurons, _, plates = network._layouts[wide]
    wide, high = network.chip_width, network.chip_height
    for (u, v), (x, y) in itertools.combinations(plates.values(), 2):
        assert abs(u - x) >= wide or abs(v - y) >= high
    for x, y in plates.values():
        for (column, _), (u, v) in neurons.items():
            aside, above = max(abs(x - u) - wide / 2, 0), max(abs(y - v) - high / 2, 0)
            radius = network.radius if column else network.input_radius
            assert math.hypot(aside, above) >= radius - 4  # the corners are round


def test_every_formula_of_matrices_holds():
    """Each line of the figure is an equation; the second one of a row begins with the first's δ."""
    figure = live.matrix_figure()
    figure.recording.by_name["b1_1"].data = -0.7  # a switch is off
    figure.recording.run()
    view, checked = figure.views[0], 0

    def evaluated(parts):
        code = {"·": "@", "−": "-", ") ⊙": ") *", "½(": "0.5 * (", ")² =": ") ** 2 ="}
        blocks = [np.array(p.numbers(figure)) for p in parts if isinstance(p, live.Block)]
        names = iter(f"blocks[{k}]" for k in range(len(blocks)))
        text = " ".join(code.get(p, p) if isinstance(p, str) else next(names) for p in parts)
        return [eval(side, {"blocks": blocks}) for side in text.replace("ReLU\n→", "=").split("=")]

    for row in view.rows:
        for k, line in enumerate(row):
            before = [row[0][-1]] if k and line[0] == "·" else []
            left, middle, *after = evaluated(before + line)
            np.testing.assert_allclose(left, middle, rtol=1e-12)
            for a in after:
                np.testing.assert_array_equal(a, np.maximum(middle, 0))
            checked += 1
    assert checked == 10


# --- Play, the learning rate and messages in the notebook ---


def press(controls, label):
    """Press the button that is called so now."""
    buttons, boxes = [], [controls.box]
    for box in boxes:  # grows while it is walked
        boxes += getattr(box, "children", ())
        buttons += [box] if getattr(box, "description", None) == label else []
    (button,) = buttons
    button.click()


def beat(controls):
    controls.beat.value += 1


def test_play_walks_to_the_end_and_stops():
    figure = live.chain_figure()
    controls, rest = figure.controls, everything(figure.controls)
    press(controls, "▶▶ Play")
    for step in range(len(figure.walk)):
        beat(controls)
        assert controls.step == step and controls.beat.playing
    beat(controls)
    assert controls.step is None and not controls.beat.playing
    assert everything(controls) == rest
    press(controls, "▶▶ Play")
    press(controls, "❚❚ Pause")
    beat(controls)  # was under way
    assert controls.step is None


@pytest.mark.parametrize(
    "act",
    [
        lambda controls: press(controls, "Step ▶"),
        lambda controls: press(controls, "◀ Step"),
        lambda controls: press(controls, "Update ×1"),
        lambda controls: press(controls, "⟲ Reset"),
        lambda controls: press(controls, "Edges: weight"),
        lambda controls: setattr(controls.sliders["w1_11"], "value", 0.5),
        lambda controls: setattr(controls.fields["w1_11"], "value", "0.5"),
        lambda controls: setattr(controls.fields["w1_11"], "value", "abc"),
        lambda controls: setattr(controls.eta, "value", 0.1),
        lambda controls: setattr(controls.eta_field, "value", "0.1"),
    ],
)
def test_whatever_is_done_stops_play(act):
    controls = live.network_figure().controls
    press(controls, "▶▶ Play")
    beat(controls)
    act(controls)
    assert not controls.beat.playing
    press(controls, "▶▶ Play")


def test_the_speed_of_play_changes_in_turn():
    controls = live.chain_figure().controls
    for label, after, interval in [("1×", "2×", 600), ("2×", "½×", 2400), ("½×", "1×", 1200)]:
        press(controls, "▶▶ Play")
        press(controls, label)
        assert (controls.speed_button.description, controls.beat.interval) == (after, interval)
        press(controls, "❚❚ Pause")  # its speed did not stop it


def test_the_learning_rate_can_be_typed():
    figure = live.toy_figure()
    controls, omega0 = figure.controls, figure.recording.by_name["omega0"]
    assert controls.eta_field.value == "0.0001"
    controls.eta_field.value = "1/3000"
    assert controls.rate == 1 / 3000 and controls.eta_field.value == "0.000333"
    controls.eta.value *= 1 + 1e-9  # a browser's answer
    assert controls.rate == 1 / 3000
    before, grad = omega0.data, omega0.grad
    controls.update(1)
    assert omega0.data == before - grad / 3000
    for nonsense in ["abc", "0", "−1", ""]:
        controls.eta_field.value = nonsense
        said = f"“{nonsense}” is not a positive number such as 0.01, 1/2 or 1e−3: η stays 0.000333."
        assert said in everything(controls) and controls.rate == 1 / 3000
    controls.eta.value = 0.001  # by hand
    assert controls.rate == 0.001 and controls.eta_field.value == "0.001"
    controls.eta_field.value = "5"  # beyond the end of the slider
    assert controls.rate == 5 and controls.eta.value == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (1e-4, "0.0001"),
        (9.996e-5, "0.0001"),
        (1.5e-5, "1.5e−5"),
        (-1e-7, "−1e−7"),
        (21.06, "21.1"),
        (1.125, "1.13"),
        (99949.0, "99900"),
        (99950.0, "1e5"),
        (-1e9, "−1e9"),
    ],
)
def test_a_tick_and_a_learning_rate_are_short(x, text):
    assert short(x) == text


def test_messages_and_names_tell_weights_of_two_layers_apart():
    controls = live.network_figure().controls
    names = [slider.tooltip for slider in controls.sliders.values()]
    assert "w 1 1, layer 1" in names and "w 1 1, layer 2" in names
    assert len(set(names)) == len(names)
    controls.fields["w1_11"].value = "x"
    assert f"w¹₁₁ stays {controls.fields['w1_11'].value}." in everything(controls)
    controls.fields["w1_11"].value = "−7"
    assert "w¹₁₁ = −7.000 lies outside its slider, which ends at −2." in everything(controls)


def test_what_depends_on_a_lost_number_is_empty():
    figure = live.toy_figure()
    figure.recording.by_name["beta1"].data = 1000.0
    figure.recording.run()
    assert figure.walk.lost() == ({"h2", "f2", "h3", "f3", "loss"}, {*figure.recording.by_name})
    figure.controls.show()
    for of, kept in [("value", {"f0", "h1", "f1"}), ("grad", set())]:
        texts = re.findall(rf"<text[^>]* data-{of}=(\d+)[^>]*>([^<]*)<", figure.drawing())
        shown = {figure.recording.values[int(i)].name for i, text in texts if text}
        assert shown == kept
    figure.controls.reset()
    assert figure.walk.lost() == (set(), set())


def test_a_lost_gradient_empties_those_behind_it():
    v = graph.Value(1.0, "v")
    loss = ((v * 3).named("u") ** 0.5).named("r")
    figure = live.Figure((loss * 2).named("l"), title="t", sliders=[live.Slider(v, 0, 1)], views=[])
    v.data = 0.0
    figure.recording.run()
    assert figure.walk.lost() == (set(), {"u", "v"})


def test_a_large_number_in_a_cell_is_short():
    figure = live.matrix_figure()
    figure.controls.fields["w1_11"].value = "1e9"
    assert ">1.00e9<" in figure.drawing()
    assert not re.search(r"\d{7}", re.sub("<[^>]*>", " ", everything(figure.controls)))
