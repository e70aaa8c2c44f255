"""The live figures made of lines, heat maps and bars."""

import numpy as np

from backprop_lib import graph, worked
from backprop_lib.datasets import load_digits
from backprop_lib.live.bars import BarsView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.figures import VERTICAL_STROKE, kernel_network, record_network
from backprop_lib.live.matrix import Block, MatrixView
from backprop_lib.live.plane import PlaneView
from backprop_lib.live.views import CurveView


def secant_figure(x=0.7, n=1):
    """Return the secant of x² over a step h = 2⁻ⁿ: it turns into the tangent, then rounding wins.

    Powers of two, so that h and the division by it are exact: all the error is in x + h and in
    the difference. Products, not ``square``: they round the same way everywhere.
    """
    v = {"x": graph.Value(x), "n": graph.Value(n)}
    v["h"] = 2 ** (-v["n"])
    v["y"], v["u"] = v["x"] * v["x"], v["x"] + v["h"]
    v["v"] = v["u"] * v["u"]
    v["s"], v["d"] = (v["v"] - v["y"]) / v["h"], 2 * v["x"]
    v["E"] = graph.log(abs(v["s"] - v["d"]) + 1e-17) / graph.log(10.0).data
    for name, value in v.items():
        value.named(name)
    lines = [("x", "y", "d", "back"), ("x", "y", "s", "ahead")]
    plane = PlaneView(lambda x: x * x, (-2.5, 2.5), (-2, 6), lines, [("x", "y"), ("u", "v")])
    numbers = [
        [Block(title, [[name]], digits=digits, cell=(120, 30))]
        for title, name, digits in [
            ("step h", "h", None),
            ("secant: slope", "s", 9),
            ("tangent: slope", "d", 9),
        ]
    ]
    return Figure(
        v["E"],
        title="The secant becomes the tangent",
        symbols={name: name for name in v},
        formulas={
            "h": "2^(−{n})",
            "y": "{x}²",
            "u": "{x} + {h}",
            "v": "{u}²",
            "d": "2·{x}",
            "s": "({v} − {y}) / {h}",
            "E": "log₁₀ (|{s} − {d}| + 10⁻¹⁷)",
        },
        sliders=[
            Slider(v["n"], 0, 52, 1, group="step", parameter=False),
            Slider(v["x"], -2, 2, group="point", parameter=False),
        ],
        views=[plane, MatrixView([sum(numbers, start=[])]), CurveView()],
    )


def matrix_figure(example=worked.RELU_2_3_2_1, reach=2, learning_rate=0.01):
    """Return a worked network as matrices: W, z, a and the switches; dW and δ below them."""
    v, parts = record_network(example)
    del parts["view"]
    rows, sliders = [], []
    for layer, W in enumerate(example.weights, 1):
        n_out, n_in = W.shape
        weights = [[f"w{layer}_{j + 1}{i + 1}" for i in range(n_in)] for j in range(n_out)]
        bias, z, a = ([[f"{c}{layer}_{j + 1}"] for j in range(n_out)] for c in "bza")
        switch = [[(a_j[0], z_j[0])] for a_j, z_j in zip(a, z, strict=True) if a_j[0] in v]
        forward = [(f"W^{layer}", weights), (f"b^{layer}", bias), (f"z^{layer}", z)]
        forward += [(f"a^{layer}", a)] if switch else []
        row = [Block(title, names) for title, names in forward]
        if switch:
            row.append(Block("switch", switch, of="local", scale=1, digits=0, cell=(48, 32)))
        row += [Block(f"δ^{layer}", z, of="grad"), Block(f"dW^{layer}", weights, of="grad")]
        rows.append(row)
        names = [*sum(weights, start=[]), *sum(bias, start=[])]
        sliders += [Slider(v[name], -reach, reach, group=f"layer {layer}") for name in names]
    for name in v:
        if name[0] in "xt":
            far = max(1, 2 * abs(v[name].data))
            sliders.append(Slider(v[name], -far, far, group="data", parameter=False))
    return Figure(
        v["E"],
        title="The same network as matrices",
        sliders=sliders,
        learning_rate=learning_rate,
        views=[MatrixView(rows), CurveView()],
        **parts,
    )


def delta_figure(weights=((0.8, -0.6), (0.5, 0.9)), z_out=4.0):
    """Return δ and σ′ of a 2-2-1 sigmoid network as bars, with a choice between two losses.

    It starts with an output that is wrong and saturated: with the squared error it hardly learns,
    with the cross-entropy it does. The cross-entropy is written with z, so that it never asks for
    the logarithm of 0: max(z, 0) − z t + log(1 + exp(−|z|)).
    """
    v = {name: graph.Value(x) for name, x in [("x1", 1.0), ("x2", 0.5)]}
    for j, row in enumerate(weights, 1):
        v |= {f"w1_{j}{i}": graph.Value(w) for i, w in enumerate(row, 1)}
        v[f"b1_{j}"] = graph.Value(0.0)
        v[f"z1_{j}"] = v[f"b1_{j}"] + v[f"w1_{j}1"] * v["x1"] + v[f"w1_{j}2"] * v["x2"]
        v[f"a1_{j}"] = graph.sigmoid(v[f"z1_{j}"])
    v |= {"w2_11": graph.Value(1.5), "w2_12": graph.Value(1.0)}
    hidden = v["w2_11"].data * v["a1_1"].data + v["w2_12"].data * v["a1_2"].data
    v["b2_1"] = graph.Value(round(z_out - hidden, 2))
    v["z2_1"] = v["b2_1"] + v["w2_11"] * v["a1_1"] + v["w2_12"] * v["a1_2"]
    v["a2_1"] = graph.sigmoid(v["z2_1"])
    v |= {"t": graph.Value(0.0), "c": graph.Value(0.0)}
    squared = 0.5 * graph.square(v["a2_1"] - v["t"])
    z = v["z2_1"]
    entropy = graph.maximum(z, 0.0) - z * v["t"] + graph.log(1 + graph.exp(-abs(z)))
    v["J"] = (1 - v["c"]) * squared + v["c"] * entropy
    neurons = ["2_1", "1_1", "1_2"]
    for name, value in v.items():
        value.named(name)
    symbols = {name: _symbol(name) for name in v}
    rows = [[("grad", f"z{k}"), ("local", (f"a{k}", f"z{k}")), ("value", f"a{k}")] for k in neurons]
    formulas = {f"a{k}": f"σ({{z{k}}})" for k in neurons}
    formulas |= {f"z1_{j}": f"{{b1_{j}}} + {{w1_{j}1}}·{{x1}} + {{w1_{j}2}}·{{x2}}" for j in (1, 2)}
    formulas["z2_1"] = "{b2_1} + {w2_11}·{a1_1} + {w2_12}·{a1_2}"
    slopes = {(f"a{k}", f"z{k}"): f"{{a{k}}}(1 − {{a{k}}})" for k in neurons}
    layers = [(2, ["w2_11", "w2_12", "b2_1"])]
    layers += [(1, ["w1_11", "w1_12", "w1_21", "w1_22", "b1_1", "b1_2"])]
    sliders = [Slider(v[name], -6, 6, group=f"layer {k}") for k, names in layers for name in names]
    sliders += [
        Slider(v[name], low, 1, group="data", parameter=False)
        for name, low in [("x1", -1), ("x2", -1), ("t", 0)]
    ]
    return Figure(
        v["J"],
        title="A saturated, wrong neuron: which loss lets it learn?",
        symbols=symbols,
        formulas=formulas,
        locals=slopes,
        sliders=sliders,
        views=[
            BarsView(
                rows,
                [symbols[f"a{k}"] for k in neurons],
                ["δ = ∂J/∂z", "σ′(z)", "a = σ(z)"],
                [1.0, 0.25, 1.0],
            ),
            CurveView(),
        ],
        learning_rate=0.5,
        examples={"squared error": {"c": 0.0}, "cross-entropy": {"c": 1.0}},
    )


def cnn_figure(kernel=VERTICAL_STROKE, samples=(0, 11, 2, 3, 4, 5, 6, 7, 8, 9)):
    """Return one 3×3 kernel on a digit: map, ReLU, loss of a fixed head, and the way back.

    The head is that of ``kernel_network``; the gradient reaches the kernel and every pixel.
    """
    images, labels = load_digits()
    head = kernel_network(kernel).layers[3]
    v = {}
    start = samples[1]
    pixels = _named(v, "p", images[0, :, :, start])
    weights = _named(v, "w", np.array(kernel))
    v["b"] = graph.Value(-0.03)
    maps, active = {}, {}
    for r in range(6):
        for c in range(6):
            z = v["b"]
            for i in range(3):
                for j in range(3):
                    z = z + weights[i][j] * pixels[r + i][c + j]
            maps[r, c], active[r, c] = z, graph.relu(z)
            v[f"z{r}{c}"], v[f"a{r}{c}"] = maps[r, c], active[r, c]
    flat = list(active.values())
    scores = []
    for row, bias in zip(head.W, head.b[:, 0], strict=True):
        score = graph.Value(bias)
        for w, a in zip(row, flat, strict=True):
            score = score + float(w) * a
        scores.append(score)
    largest = scores[0]
    for score in scores[1:]:
        largest = graph.maximum(largest, score)
    powers = [graph.exp(score - largest) for score in scores]
    total = sum(powers[1:], start=powers[0])
    wanted = 0.0
    for k, score in enumerate(scores):
        v[f"s{k}"] = score
        v[f"t{k}"] = graph.Value(float(labels[start] == k))
        wanted = wanted + v[f"t{k}"] * score
    v["J"] = largest + graph.log(total) - wanted
    for name, value in v.items():
        value.named(name)
    grid = {
        c: [[f"{c}{r}{k}" for k in range(n)] for r in range(n)]
        for c, n in [("p", 8), ("w", 3), ("z", 6), ("a", 6)]
    }
    scores_row = [[f"s{k}" for k in range(10)]]
    image = {"digits": -1, "cell": (20, 20)}
    small = {"digits": 1, "cell": (28, 26)}
    rows = [
        [
            Block("image", grid["p"], scale=1, **image),
            Block("kernel W", grid["w"], scale=2, digits=2, cell=(37, 32)),
            Block("feature map Z", grid["z"], **small),
            Block("after ReLU", grid["a"], **small),
        ],
        [
            Block("∂J/∂ image", grid["p"], of="grad", **image),
            Block("dW", grid["w"], of="grad", cell=(56, 32)),
            Block("dZ", grid["z"], of="grad", digits=2, cell=(38, 26)),
        ],
        [Block("scores of 0 to 9", scores_row, digits=1, cell=(33, 28))],
        [
            Block(
                "∂J/∂ scores: probability − target",
                scores_row,
                of="grad",
                scale=1,
                digits=2,
                cell=(33, 28),
            )
        ],
    ]
    symbols = {name: _symbol(f"{name[0]}_{name[1:]}") if name[1:] else name for name in v}
    examples = {}
    for sample in (start, *(s for s in samples if s != start)):
        setting = {f"p{r}{c}": float(images[0, r, c, sample]) for r in range(8) for c in range(8)}
        label = int(labels[sample])
        examples[f"a {label}"] = setting | {f"t{k}": float(k == label) for k in range(10)}
    return Figure(
        v["J"],
        title="One kernel on a digit, forward and back",
        symbols=symbols,
        sliders=[Slider(v[name], -2, 2, group="kernel") for name in sum(grid["w"], start=[])],
        views=[MatrixView(rows), CurveView()],
        learning_rate=0.05,
        examples=examples,
    )


def _named(v, letter, array):
    """Record a square of leaves in ``v`` and return them by row."""
    for (r, c), x in np.ndenumerate(array):
        v[f"{letter}{r}{c}"] = graph.Value(float(x))
    return [[v[f"{letter}{r}{c}"] for c in range(array.shape[1])] for r in range(len(array))]


def _symbol(name):
    """Write ``w1_12`` as ``w^1_12``, ``x1`` as ``x_1``, ``p_00`` as it is."""
    letter, _, index = name.partition("_")
    if letter[1:]:
        return f"{letter[0]}^{letter[1:]}_{index}" if index else f"{letter[0]}_{letter[1:]}"
    return name
