"""The ready-made live figures of the lessons."""

import re

import numpy as np

from backprop_lib import graph, toy, worked
from backprop_lib.activations import Identity, ReLU, Sigmoid, Tanh
from backprop_lib.conv import Conv2D, Flatten
from backprop_lib.datasets import load_digits
from backprop_lib.dense import Dense
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.views import CurveView, GraphView, NetworkView
from backprop_lib.network import Sequential


def toy_figure(example=worked.TOY):
    """Return the toy model's figure: eight weights, x and y, every value and derivative."""
    v = toy.record(example.beta, example.omega, example.x, example.y)
    symbols = {f"beta{k}": f"β_{k}" for k in range(4)} | {f"omega{k}": f"ω_{k}" for k in range(4)}
    symbols |= {f"f{k}": f"f_{k}" for k in range(4)} | {f"h{k}": f"h_{k}" for k in (1, 2, 3)}
    symbols |= {"x": "x", "y": "y", "loss": "ℓ"}
    formulas = {"f0": "{beta0} + {omega0}·{x}", "loss": "({f3} − {y})²"}
    formulas |= {f"f{k}": f"{{beta{k}}} + {{omega{k}}}·{{h{k}}}" for k in (1, 2, 3)}
    formulas |= {"h1": "sin {f0}", "h2": "exp {f1}", "h3": "cos {f2}"}
    slopes = {("h1", "f0"): "cos {f0}", ("h2", "f1"): "exp {f1}", ("h3", "f2"): "−sin {f2}"}
    slopes |= {("loss", "f3"): "2({f3} − {y})", ("loss", "y"): "−2({f3} − {y})"}
    slopes |= {("f0", "omega0"): "{x}", ("f0", "x"): "{omega0}"}
    slopes |= {(f"f{k}", f"h{k}"): f"{{omega{k}}}" for k in (1, 2, 3)}
    slopes |= {(f"f{k}", f"omega{k}"): f"{{h{k}}}" for k in (1, 2, 3)}
    slopes |= {(f"f{k}", f"beta{k}"): "1" for k in range(4)}
    weights = [name for k in range(4) for name in (f"omega{k}", f"beta{k}")]
    sliders = [Slider(v[name], -3, 3, group="weights") for name in weights]
    sliders += [Slider(v[name], -3, 3, group="data", parameter=False) for name in ("x", "y")]
    return Figure(
        v["loss"],
        title="The toy model",
        symbols=symbols,
        formulas=formulas,
        locals=slopes,
        sliders=sliders,
        views=[GraphView(["f0", "h1", "f1", "h2", "f2", "h3", "f3", "loss"]), CurveView()],
        learning_rate=0.0001,  # the gradient is steep at the start: 0.001 overshoots
    )


ACTIVATIONS = {Sigmoid: graph.sigmoid, Tanh: graph.tanh, ReLU: graph.relu, Identity: None}
SLOPES = {Sigmoid: "{a}(1 − {a})", Tanh: "1 − {a}²"}  # written with the activation itself


def network_figure(example=worked.SIGMOID_2_2_2, reach=2, learning_rate=0.3):
    """Return a worked network as neurons, with a slider for every weight, bias, input and target.

    Parameters
    ----------
    example : worked.WorkedNetwork
        By default the 2-2-2 sigmoid network of source 001.
    reach : float
        Every slider of a parameter runs from −reach to reach.
    learning_rate : float
        Where the slider for η starts.
    """
    v, parts = record_network(example)
    weights = [name for name in v if name[0] in "wb"]
    weights.sort(key=lambda name: (-int(name[1]), name[0] == "b"))  # last layer first, biases last
    sliders = [Slider(v[name], -reach, reach, group=f"layer {name[1]}") for name in weights]
    for name in v:
        if name[0] in "xt":
            far = max(1, 2 * abs(v[name].data))
            sliders.append(Slider(v[name], -far, far, group="data", parameter=False))
    sizes = [example.weights[0].shape[1], *(len(W) for W in example.weights)]
    kind = example.activations[0].__name__.replace("Sigmoid", "sigmoid")
    return Figure(
        v["E"],
        title=f"The {'-'.join(map(str, sizes))} {kind} network",
        sliders=sliders,
        learning_rate=learning_rate,
        views=[parts.pop("view"), CurveView()],
        **parts,
    )


def record_network(example):
    """Record a worked network with half squared error on its one sample.

    Parameters
    ----------
    example : worked.WorkedNetwork

    Returns
    -------
    values : dict of str to Value
        ``x1``, ``w1_12`` (layer 1, into neuron 1 from input 2), ``b1_1``, ``z1_1``, ``a1_1``,
        ``t1`` and ``E``.
    parts : dict
        ``view`` (a NetworkView), ``symbols``, ``formulas`` and ``locals`` for a ``Figure``.
    """
    v = {f"x{i}": graph.Value(x) for i, x in enumerate(example.x[:, 0], 1)}
    inputs = before = list(v)
    formulas, slopes, matrices, layers = {}, {}, [], []
    parameters = zip(example.weights, example.biases, example.activations, strict=True)
    for layer, (W, b, activation) in enumerate(parameters, 1):
        neurons, matrix = [], []
        for j, row in enumerate(W, 1):
            z, a, bias = f"z{layer}_{j}", f"a{layer}_{j}", f"b{layer}_{j}"
            names = [f"w{layer}_{j}{i}" for i in range(1, len(row) + 1)]
            v |= {name: graph.Value(w) for name, w in zip(names, row, strict=True)}
            v[bias] = v[z] = graph.Value(b[j - 1, 0])
            for name, source in zip(names, before, strict=True):
                v[z] = v[z] + v[name] * v[source]
                slopes |= {(z, name): f"{{{source}}}", (z, source): f"{{{name}}}"}
            slopes[z, bias] = "1"
            products = [f"{{{w}}}·{{{x}}}" for w, x in zip(names, before, strict=True)]
            formulas[z] = " + ".join([f"{{{bias}}}", *products])
            if ACTIVATIONS[activation] is None:
                a = z
            else:
                v[a] = ACTIVATIONS[activation](v[z])
                formulas[a] = f"{activation.__name__.replace('Sigmoid', 'σ')}({{{z}}})"
            if activation in SLOPES:
                slopes[a, z] = SLOPES[activation].replace("{a}", f"{{{a}}}")
            neurons.append((z, a, bias))
            matrix.append(names)
        before = [a for _, a, _ in neurons]
        layers.append(neurons)
        matrices.append(matrix)
    targets = [f"t{j}" for j in range(1, len(before) + 1)]
    squares = []
    for t, a, y in zip(targets, before, example.y[:, 0], strict=True):
        v[t] = graph.Value(y)
        squares.append(graph.square(v[a] - v[t]))
        slopes |= {("E", a): f"{{{a}}} − {{{t}}}", ("E", t): f"{{{t}}} − {{{a}}}"}
    v["E"] = 0.5 * sum(squares[1:], start=squares[0])
    errors = [f"({{{a}}} − {{{t}}})²" for t, a in zip(targets, before, strict=True)]
    formulas["E"] = "½ (" + " + ".join(errors) + ")"
    for name, value in v.items():
        value.named(name)
    captions = ["input", *["hidden"] * (len(layers) - 1), "output"]
    view = NetworkView(inputs, targets, layers, matrices, captions)
    symbols = {name: _symbol(name) for name in v}
    return v, dict(view=view, symbols=symbols, formulas=formulas, locals=slopes)


def _symbol(name):
    """Write ``w1_12`` as ``w^1_12`` and ``x1`` as ``x_1``."""
    return re.sub(r"(\d)_", r"^\1_", name) if "_" in name else re.sub(r"(\d)", r"_\1", name)


def chain_figure(x=1.0, y=2.0):
    """Return z = (x + y)² as a chain: x and y make t, t makes z."""
    v = {"x": graph.Value(x), "y": graph.Value(y)}
    v["t"] = v["x"] + v["y"]
    v["z"] = graph.square(v["t"])
    for name, value in v.items():
        value.named(name)
    wide = {"x": (0, 0), "y": (0, 1), "t": (1, 0.5), "z": (2, 0.5)}
    narrow = {"x": (0, 0), "y": (1, 0), "t": (0.5, 1), "z": (0.5, 2)}
    return Figure(
        v["z"],
        title="z = (x + y)² as a chain",
        symbols={name: name for name in v},
        formulas={"t": "{x} + {y}", "z": "{t}²"},
        locals={("t", "x"): "1", ("t", "y"): "1", ("z", "t"): "2{t}"},
        sliders=[Slider(v[name], -4, 4, group="inputs") for name in ("x", "y")],
        views=[GraphView(v, wide, narrow), CurveView()],
    )


def paths_figure(s=2.0, t=3.0):
    """Return z = x·y with x = s·t and y = s + t: two paths from each input to the result."""
    v = {"s": graph.Value(s), "t": graph.Value(t)}
    v["x"] = v["s"] * v["t"]
    v["y"] = v["s"] + v["t"]
    v["z"] = v["x"] * v["y"]
    for name, value in v.items():
        value.named(name)
    wide = {"s": (0, 0), "t": (0, 1), "x": (1, 0), "y": (1, 1), "z": (2, 0.5)}
    narrow = {"s": (0, 0), "t": (1, 0), "x": (0, 1), "y": (1, 1), "z": (0.5, 2)}
    slopes = {("x", "s"): "{t}", ("x", "t"): "{s}", ("y", "s"): "1", ("y", "t"): "1"}
    return Figure(
        v["z"],
        title="Two paths from each input to z",
        symbols={name: name for name in v},
        formulas={"x": "{s}·{t}", "y": "{s} + {t}", "z": "{x}·{y}"},
        locals=slopes | {("z", "x"): "{y}", ("z", "y"): "{x}"},
        sliders=[Slider(v[name], -4, 4, group="inputs", parameter=False) for name in ("s", "t")],
        views=[GraphView(v, wide, narrow), CurveView()],
    )


VERTICAL_STROKE = ((-0.5, 1.0, -0.5),) * 3  # answers ink with paper on its left and right


def kernel_network(kernel=VERTICAL_STROKE):
    """Return one 3×3 kernel, ReLU, and a head that compares its map with each digit's mean map.

    The head is fixed: for this kernel, logit k is −½ of the squared distance to the mean map of
    the digit k, up to a term that all ten share and softmax does not see. The bias keeps Z off the
    kink of ReLU: with pixels on a grid of 1/16 and weights on one of 0.05, Z is never 0.
    """
    images, labels = load_digits()
    layers = [Conv2D(np.reshape(kernel, (1, 1, 3, 3)), [[-0.03]]), ReLU(), Flatten()]
    maps = Sequential(layers).forward(images)
    means = np.stack([maps[:, labels == k].mean(axis=1) for k in range(10)])
    return Sequential([*layers, Dense(means, -0.5 * (means**2).sum(axis=1, keepdims=True))])
