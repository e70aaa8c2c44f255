"""The live figures of lesson 4: a worked network as neurons, and as matrices."""

from functools import partial

from backprop_lib import worked
from backprop_lib._validate import positive_number
from backprop_lib.live.curve_view import CurveView
from backprop_lib.live.figure import Figure, Slider
from backprop_lib.live.matrix_view import Block, MatrixView
from backprop_lib.live.network_view import NetworkView
from backprop_lib.record import record_network


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
    """Return a worked network as matrices: W, z, a and the switches; dW and δ below them."""
    v, reach = record_network(example), positive_number(reach, "matrix_figure: reach")
    rows, sliders = [], []
    for layer, W in enumerate(example.weights, 1):
        n_out, n_in = W.shape
        weights = [[f"w{layer}_{j + 1}{i + 1}" for i in range(n_in)] for j in range(n_out)]
        bias, z, a = ([[f"{c}{layer}_{j + 1}"] for j in range(n_out)] for c in "bza")
        row = [Block(f"W^{layer}", weights), Block(f"b^{layer}", bias), Block(f"z^{layer}", z)]
        if a[0][0] in v:
            switch = [[(a_j, z_j)] for [a_j], [z_j] in zip(a, z, strict=True)]
            row.append(Block(f"a^{layer}", a))
            row.append(Block("switch", switch, of="local", scale=1, digits=0, cell=(48, 32)))
        row += [Block(f"δ^{layer}", z, of="grad"), Block(f"dW^{layer}", weights, of="grad")]
        rows.append(row)
        names = [*sum(weights, start=[]), *sum(bias, start=[])]
        sliders += [Slider(v[name], -reach, reach, group=f"layer {layer}") for name in names]
    return Figure(
        v["E"],
        title="The same network as matrices",
        sliders=sliders + data_sliders(v),
        learning_rate=learning_rate,
        views=[MatrixView(rows), CurveView()],
    )


def data_sliders(v):
    """Return sliders for the inputs and targets, which no update moves."""
    far = {name: max(1, 2 * abs(v[name].data)) for name in v if name[0] in "xt"}
    return [Slider(v[name], -x, x, group="data", parameter=False) for name, x in far.items()]


FIGURES = {
    "2-3-2-1": partial(network_figure, worked.RELU_2_3_2_1, learning_rate=0.01),
    "matrices": matrix_figure,
}
