"""The figures of training: paths over a loss surface, and sizes from layer to layer."""

import json
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from backprop_lib import Sequential, live
from backprop_lib.graph import sigmoid
from backprop_lib.live import layers_view
from backprop_lib.live.lesson_06_training import FIGURES
from backprop_lib.live.numbers import number
from backprop_lib.losses import HalfSquaredError
from backprop_lib.optim import SGD, Adam
from backprop_lib.still import PAGE
from backprop_lib.training import minibatches

every_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)


def stored(figure):
    return json.loads(re.search(r"<script type=application/json>(.*?)</script>", figure.html())[1])


@every_figure
def test_a_figure_is_small_and_has_all_its_faces(make):
    figure = make()
    assert len(figure.html().encode()) <= 45_000
    ElementTree.fromstring(figure.still())
    faces = figure._repr_mimebundle_()
    assert faces[PAGE] == figure.html()
    assert figure.sentence() in faces["text/html"]
    assert faces["text/plain"] == f"<{figure.description()}>"
    assert stored(figure)["kind"] == figure.kind


MOVES = {
    "path": [("w", 0.5), ("b", 2.0), ("eta", 0.5), ("batch", 7), ("epochs", 11), ("rule", "Adam")],
    "layers": [("depth", 20), ("start", "He"), ("activation", "ReLU")],
}


@every_figure
def test_every_control_of_the_notebook_moves_the_drawing_and_reset_returns(make):
    figure = make()
    controls, start = figure.controls, dict(figure.at)
    drawn = first = controls.drawing.value
    assert [*controls.widgets] == [name for name in start]
    for name, value in MOVES[figure.kind]:
        controls.widgets[name].value = value
        assert figure.at[name] == (pytest.approx(value) if name == "eta" else value)
        assert controls.drawing.value != drawn
        drawn = controls.drawing.value
        assert figure.drawing() in drawn and figure.sentence() in drawn and figure.caption in drawn
    controls.box.children[-1].children[0].click()
    assert controls.drawing.value == first and figure.at == start
    assert {name: widget.value for name, widget in controls.widgets.items()} == start


def test_a_thumb_that_a_browser_has_put_on_its_grid_has_not_moved():
    figure = live.path_figure(learning_rate=0.15)
    drawn = figure.controls.drawing.value
    figure.controls.widgets["eta"].value = 10 ** (-3 + 0.05 * 44)  # the nearest point: 0.158
    assert figure.at["eta"] == 0.15 and figure.controls.drawing.value == drawn
    figure.controls.widgets["eta"].value = 10 ** (-3 + 0.05 * 43)
    assert figure.at["eta"] == pytest.approx(0.141, abs=1e-3)
    figure.controls.reset()
    assert figure.at["eta"] == 0.15 and figure.controls.drawing.value == drawn


# --- Path -----------------------------------------------------------------------------------


def test_the_contour_lines_are_where_the_loss_is_their_level():
    figure = live.path_figure()
    turns = np.linspace(0, 2 * np.pi, 13)
    for level in (0.2, 1.0, 20.0):
        radius = (2 * (level - figure.least)) ** 0.5
        circle = radius * np.stack([np.cos(turns), np.sin(turns)])
        for w, b in (figure.from_circle @ circle).T + figure.lowest:
            assert figure.loss(w, b) == pytest.approx(level)
    numbers = re.search(r'matrix\((.*?)\)"><circle r=(\S+) />', figure.drawing())
    a, b, c, d, e, f = map(float, numbers[1].split())
    u, v = e + float(numbers[2]) * a, f + float(numbers[2]) * b  # a point of the first line
    w = figure.w_range[0] + u / figure.width * (figure.w_range[1] - figure.w_range[0])
    bias = figure.b_range[1] - v / figure.height * (figure.b_range[1] - figure.b_range[0])
    assert figure.loss(w, bias) == pytest.approx(0.2, rel=1e-4)


def test_the_orders_of_the_page_are_those_of_the_minibatches():
    data, rng = stored(live.path_figure(seed=3)), np.random.default_rng(3)
    for order in data["orders"]:
        assert order == np.concatenate([*minibatches(24, 5, rng)]).tolist()


@pytest.mark.parametrize(
    ("rule", "optimizer"),
    [("plain", SGD(0.2)), ("momentum", SGD(0.2, 0.9)), ("Adam", Adam(0.2))],
)
def test_a_path_is_that_of_the_optimiser(rule, optimizer):
    figure = live.path_figure(learning_rate=0.2, epochs=2)
    figure.at["rule"] = rule
    parameters, rng = {"w": np.array(-1.6), "b": np.array(1.6)}, np.random.default_rng(0)
    expected = [(-1.6, 1.6)]
    for _ in range(2):
        for batch in minibatches(24, 4, rng):
            D = parameters["w"] * figure.x[batch] + parameters["b"] - figure.t[batch]
            gradients = {"w": np.mean(D * figure.x[batch]), "b": np.mean(D)}
            optimizer.step(parameters, gradients)
            expected.append((parameters["w"].item(), parameters["b"].item()))
    np.testing.assert_allclose(figure.run(4), expected, rtol=1e-12)


def test_passes_updates_and_losses_are_told_apart():
    figure = live.path_figure(batch_size=5, epochs=3)
    full, mini, single = figure.runs()
    assert [run[0] for run in (full, mini, single)] == [
        "full batch",
        "batches of 5",
        "single samples",
    ]
    assert [run[2] for run in (full, mini, single)] == [72, 72, 72]
    assert [len(run[1]) - 1 for run in (full, mini, single)] == [3, 15, 72]
    w, b = full[1][-1]
    J = HalfSquaredError().forward((w * figure.x + b)[None], figure.t[None])
    assert full[3] == number(J) and f"full batch: {number(J)}" in figure.sentence()


def test_a_path_that_diverges_ends_and_says_so():
    figure = live.path_figure(learning_rate=1.0, batch_size=2, epochs=30)
    for _, path, passes, loss in figure.runs()[1:]:
        assert loss == "diverged"
        assert max(map(abs, path[-1])) > 1e6 >= max(map(abs, path[-2]))
        assert passes < 720
    assert "diverged" in figure.sentence() and "diverged" in figure.drawing()


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"learning_rate": 0}, ValueError, "learning_rate: expected a number above 0, got 0"),
        ({"learning_rate": 2}, ValueError, "learning_rate: expected a number from 0.001 to 1, got"),
        ({"batch_size": 25}, ValueError, "batch_size: expected a whole number <= 24, got 25"),
        ({"batch_size": 1.5}, TypeError, "batch_size: expected a whole number, got float"),
        ({"epochs": 31}, ValueError, "epochs: expected a whole number <= 30, got 31"),
        ({"seed": -1}, ValueError, "seed: expected a whole number >= 0, got -1"),
        ({"seed": "0"}, TypeError, "seed: expected a whole number, got str"),
    ],
)
def test_the_path_says_what_it_expected(changes, error, said):
    with pytest.raises(error, match=f"^PathFigure: {re.escape(said)}"):
        live.path_figure(**changes)


GOOD = {"x": [0, 1], "t": [0, 1], "start": (0, 0), "w_range": (-1, 1), "b_range": (-1, 1)}


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"x": [1, 1]}, ValueError, "x: expected at least two different inputs, got one"),
        ({"t": [1, 2, 3]}, ValueError, "t: expected shape (2,), got (3,)"),
        ({"start": (0, 2)}, ValueError, "start: b: expected a number from -1 to 1, got 2"),
        ({"start": 0}, TypeError, "start: expected a list, got int"),
        ({"w_range": (1, -1)}, ValueError, "w_range: expected low < high, got 1.0 and -1.0"),
        ({"b_range": (1,)}, ValueError, "b_range: expected 2 of them, got 1"),
    ],
)
def test_a_path_of_one_s_own_says_what_it_expected(changes, error, said):
    live.PathFigure(**GOOD, batch_size=1).html()
    with pytest.raises(error, match=f"^PathFigure: {re.escape(said)}"):
        live.PathFigure(**GOOD | changes, batch_size=1)


# --- Layers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", layers_view.ACTIVATIONS)
@pytest.mark.parametrize("start", layers_view.STARTS)
def test_the_sizes_are_those_of_the_networks(activation, start):
    figure = live.layers_figure(start, activation, 30)
    rng = np.random.default_rng(0)
    X, G = rng.normal(size=(2, 64, 32))
    G /= np.sqrt(np.mean(G**2))
    function = layers_view.ACTIVATIONS[activation]
    init = layers_view.STARTS[start][1]
    layers = [
        layer
        for _ in range(30)
        for layer in (layers_view.Dense.random(64, 64, rng, init), function())
    ]
    A = Sequential(layers).forward(X)
    forward, backward = figure.sizes()
    assert len(forward) == len(backward) == 30
    assert forward[-1] == pytest.approx(np.sqrt(np.mean(A**2)), rel=6e-4)
    for k in (1, 15, 29):  # the network after layer k has layer k's activations as its input
        A, rest = Sequential(layers[: 2 * k]).forward(X), Sequential(layers[2 * k :])
        rest.forward(A)
        assert forward[k - 1] == pytest.approx(np.sqrt(np.mean(A**2)), rel=6e-4)
        assert backward[k - 1] == pytest.approx(np.sqrt(np.mean(rest.backward(G) ** 2)), rel=6e-4)
    assert backward[-1] == 1.0


@pytest.mark.parametrize("start", layers_view.STARTS)
def test_a_start_has_the_deviation_that_is_named(start):
    said, init = layers_view.STARTS[start]
    W = init((64, 64), 64, 64, np.random.default_rng(0))
    deviation = float(said.partition("σ = ")[2] or 0)
    assert W.std() == pytest.approx(deviation, rel=0.03)


def test_a_start_at_zero_has_no_bars_and_says_so():
    figure = live.layers_figure("zero", "ReLU", 10)
    bars = re.findall(r'class="bf-bars bf-bars-\w+"[^>]* d="([^"]*)"', figure.drawing())
    assert [path.count("M") for path in bars] == [0, 1]  # what is handed to the last layer
    assert figure.sentence() == (
        "Activations: 0 (no bar) in layer 1, 0 (no bar) in layer 10. "
        "Gradients: 1.000 in layer 10, 0 (no bar) in layer 1."
    )
    figure = live.layers_figure("zero", "sigmoid", 10)
    assert figure.sizes()[0] == [sigmoid(0.0).data] * 10  # what a sigmoid answers to nothing


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1.0], (-1, 0, 1)),
        ([0.0, 1.0], (-1, 0, 1)),
        ([0.5, 20.0], (-1, 2, 1)),
        ([1e-9, 1.0], (-15, 0, 5)),
        ([1e-80, 1.0], (-100, 0, 20)),
        ([6e37, 1.0, 5.0], (-10, 40, 10)),
    ],
)
def test_a_scale_has_every_bar_and_few_ticks(sizes, expected):
    low, high, step = layers_view.decades(sizes)
    assert (low, high, step) == expected
    assert all(low < math.log10(x) <= high for x in sizes if x)
    assert (high - low) / step <= 6


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"start": "Glorot"}, ValueError, "start: expected one of zero, small, large, Xavier, He"),
        ({"start": None}, TypeError, "start: expected a str, got NoneType"),
        (
            {"activation": "relu"},
            ValueError,
            "activation: expected one of sigmoid, tanh, ReLU, got",
        ),
        ({"depth": 15}, ValueError, "depth: expected one of [10, 20, 30, 40, 50], got 15"),
        ({"depth": 10.0}, TypeError, "depth: expected a whole number, got float"),
        ({"seed": None}, TypeError, "seed: expected a whole number, got NoneType"),
    ],
)
def test_the_layers_say_what_they_expected(changes, error, said):
    with pytest.raises(error, match=f"^LayersFigure: {re.escape(said)}"):
        live.layers_figure(**changes)
