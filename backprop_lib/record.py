"""Networks recorded as scalar graphs, every weight, input and intermediate by name.

``w1_12`` is the weight of layer 1 into neuron 1 from input 2; ``b1_1``, ``z1_1`` and ``a1_1`` are
that neuron's bias, its sum and its activation; ``x1`` an input, ``t1`` a target.
"""

import numpy as np

from backprop_lib import graph
from backprop_lib.activations import Identity, ReLU, Sigmoid, Tanh
from backprop_lib.conv import Conv2D, Flatten
from backprop_lib.datasets import load_digits
from backprop_lib.dense import Dense
from backprop_lib.network import Sequential

ACTIVATIONS = {Sigmoid: graph.sigmoid, Tanh: graph.tanh, ReLU: graph.relu, Identity: None}
VERTICAL_STROKE = ((-0.5, 1.0, -0.5),) * 3  # answers ink with paper on its left and right


def record_network(example):
    """Record a worked network with half squared error on its one sample.

    Parameters
    ----------
    example : worked.WorkedNetwork

    Returns
    -------
    dict of str to Value
        By name; the loss is ``E``. A neuron without activation function has no ``a``.
    """
    v = {f"x{i}": graph.Value(x) for i, x in enumerate(example.x[:, 0], 1)}
    before = list(v)
    parameters = zip(example.weights, example.biases, example.activations, strict=True)
    for layer, (W, b, activation) in enumerate(parameters, 1):
        after = []
        for j, row in enumerate(W, 1):
            z, a, bias = f"z{layer}_{j}", f"a{layer}_{j}", f"b{layer}_{j}"
            v[bias] = v[z] = graph.Value(b[j - 1, 0])
            for i, (w, source) in enumerate(zip(row, before, strict=True), 1):
                v[f"w{layer}_{j}{i}"] = graph.Value(w)
                v[z] = v[z] + v[f"w{layer}_{j}{i}"] * v[source]
            if ACTIVATIONS[activation]:
                v[a] = ACTIVATIONS[activation](v[z])
            after.append(a if ACTIVATIONS[activation] else z)
        before = after
    v |= {f"t{j}": graph.Value(y) for j, y in enumerate(example.y[:, 0], 1)}
    squares = [graph.square(v[a] - v[f"t{j}"]) for j, a in enumerate(before, 1)]
    v["E"] = 0.5 * sum(squares[1:], start=squares[0])
    return named(v)


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


def record_kernel(network, image, label):
    """Record a ``kernel_network`` with softmax cross-entropy on one image of shape (8, 8).

    Returns
    -------
    dict of str to Value
        Pixels ``p00``, kernel ``w00``, bias ``b``, map ``z00``, its ReLU ``a00``, scores ``s0``,
        targets ``t0`` and the loss ``J``. The head's weights are constants.
    """
    conv, _, _, head = network.layers
    v = {f"p{r}{c}": graph.Value(float(x)) for (r, c), x in np.ndenumerate(image)}
    v |= {f"w{i}{j}": graph.Value(float(w)) for (i, j), w in np.ndenumerate(conv.W[0, 0])}
    v["b"] = graph.Value(float(conv.b[0, 0]))
    flat = []
    for r, c in np.ndindex(6, 6):
        z = v["b"]
        for i, j in np.ndindex(3, 3):
            z = z + v[f"w{i}{j}"] * v[f"p{r + i}{c + j}"]
        v[f"z{r}{c}"], v[f"a{r}{c}"] = z, graph.relu(z)
        flat.append(v[f"a{r}{c}"])
    for k, (row, bias) in enumerate(zip(head.W, head.b[:, 0], strict=True)):
        score = graph.Value(bias)
        for w, a in zip(row, flat, strict=True):
            score = score + float(w) * a
        v[f"s{k}"], v[f"t{k}"] = score, graph.Value(float(k == label))
    v["J"] = _cross_entropy([v[f"s{k}"] for k in range(10)], [v[f"t{k}"] for k in range(10)])
    return named(v)


def _cross_entropy(scores, targets):
    """Return log Σ exp(s) − Σ t s, the largest score taken out of the exponentials."""
    largest = scores[0]
    for score in scores[1:]:
        largest = graph.maximum(largest, score)
    powers = [graph.exp(score - largest) for score in scores]
    wanted = 0.0
    for t, score in zip(targets, scores, strict=True):
        wanted = wanted + t * score
    return largest + graph.log(sum(powers[1:], start=powers[0])) - wanted


def named(values):
    """Give each value the name under which it stands, and return the dict."""
    for name, value in values.items():
        value.named(name)
    return values
