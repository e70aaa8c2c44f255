"""The live figures of lesson 4: a worked network as neurons, and as matrices."""

from functools import partial

from backprop_lib import worked
from backprop_lib._validate import positive_number
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.network_view import NetworkView
from backprop_lib.record import record_network

CELL = 44, 20
TURNED = "\u200bᵀ"  # beside a superscript, not in it


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
    v, reach = record_network(example), positive_number(reach, "network_figure: reach")
    sizes = [example.weights[0].shape[1], *(len(W) for W in example.weights)]
    kind = example.activations[0].__name__.replace("Sigmoid", "sigmoid")
    weights = [name for name in v if name[0] in "wb"]
    weights.sort(key=lambda name: (-int(name[1]), name[0] == "b"))  # last layer first, biases last
    return Figure(
        v["E"],
        title=f"The {'-'.join(map(str, sizes))} {kind} network",
        sliders=[Slider(v[name], -reach, reach, group=f"layer {name[1]}") for name in weights]
        + data_sliders(v),
        learning_rate=learning_rate,
        views=[NetworkView(sizes), CurveView()],
    )


def matrix_figure(example=worked.RELU_2_3_2_1, reach=2, learning_rate=0.01):
    """Return a worked network as matrices: the products of each layer, forward and backward."""
    v, reach = record_network(example), positive_number(reach, "matrix_figure: reach")
    inputs = [f"x{i + 1}" for i in range(example.weights[0].shape[1])]
    layers, before = [], inputs
    for layer, W in enumerate(example.weights, 1):
        names = {kind: [f"{kind}{layer}_{j + 1}" for j in range(len(W))] for kind in "bza"}
        names["W"] = [
            [f"w{layer}_{j + 1}{i + 1}" for i in range(len(row))] for j, row in enumerate(W)
        ]
        names["before"] = before
        before = names["a"] if names["a"][0] in v else names["z"]
        layers.append(names)
    sliders = []
    for layer, names in enumerate(layers, 1):
        moved = [*sum(names["W"], start=[]), *names["b"]]
        sliders += [Slider(v[name], -reach, reach, group=f"layer {layer}") for name in moved]
    targets = [name for name in v if name[0] == "t"]
    rows = _forward(layers, v, targets) + _backward(layers, v, targets)
    return Figure(
        v["E"],
        title="The same network as matrices",
        sliders=sliders + data_sliders(v),
        learning_rate=learning_rate,
        views=[MatrixView(rows, inputs), CurveView()],
    )


def _forward(layers, v, targets):
    """Return the rows of products: W a + b = z, then the activation; at the end the loss."""
    rows = []
    for layer, names in enumerate(layers, 1):
        z = _column(names["z"])
        row = [_matrix(f"W^{layer}", names["W"], "W, b"), "·", _column(names["before"]), "+"]
        row += [_matrix(f"b^{layer}", [[b] for b in names["b"]], "W, b"), "=", z]
        if names["a"][0] in v:
            row += ["ReLU\n→", _column(names["a"])]
        rows.append([row])
    out = _column(names["a"] if names["a"][0] in v else names["z"])
    before, after = ("½(", ")² =") if len(targets) == 1 else ("½‖", "‖² =")
    rows[-1].append([before, out, "−", _column(targets), after, Block("E", [["E"]], cell=CELL)])
    return rows


def _backward(layers, v, targets):
    """Return the rows of δ = (Wᵀ δ of the next layer) ⊙ switch and dW = δ · aᵀ, last layer first."""
    rows, above = [], None
    for layer in range(len(layers), 0, -1):
        names = layers[layer - 1]
        delta = _matrix(f"δ^{layer}", [[z] for z in names["z"]], "δ, dW", "grad")
        switched = names["a"][0] in v
        if layer < len(layers):
            turned = [list(column) for column in zip(*layers[layer]["W"], strict=True)]
            row = [_matrix(f"W^{layer + 1}{TURNED}", turned, "W, b"), "·", above]
        else:
            row = [_column(names["a"] if switched else names["z"]), "−", _column(targets)]
        if switched:
            switch = [[pair] for pair in zip(names["a"], names["z"], strict=True)]
            switch = Block("switch", switch, of="local", scale=1, digits=0, cell=CELL)
            row = ["(", *row, ") ⊙", switch]
        dW = _matrix(f"dW^{layer}", names["W"], "δ, dW", "grad")
        rows.append([[*row, "=", delta], ["·", _row(names["before"]), "=", dW]])
        above = delta
    return rows


def _matrix(title, names, scale, of="value"):
    return Block(title, names, of=of, scale=scale, cell=CELL)


def _column(names):
    """Return x, a, z or t as a column; they share a scale."""
    return _matrix(_title(names), [[name] for name in names], "x, z, a, t")


def _row(names):
    """Return x or a as a row, transposed."""
    return _matrix(_title(names) + TURNED, [names], "x, z, a, t")


def _title(names):
    """Return the symbol of all the names: ``z^1`` for z1_1, z1_2, and x for x1, x2."""
    letter, *layer = names[0].partition("_")[0] if "_" in names[0] else names[0][0]
    return f"{letter}^{layer[0]}" if layer else letter


def data_sliders(v):
    """Return sliders for the inputs and targets, which no update moves."""
    far = {name: max(1, 2 * abs(v[name].data)) for name in v if name[0] in "xt"}
    return [Slider(v[name], -x, x, group="data", parameter=False) for name, x in far.items()]


FIGURES = {
    "2-3-2-1": partial(network_figure, worked.RELU_2_3_2_1, learning_rate=0.01),
    "matrices": matrix_figure,
}
