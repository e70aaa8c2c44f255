"""Networks recorded as scalar graphs: each weight, each neuron and each pixel is a ``Value``."""

import numpy as np

from backprop_lib import graph
from backprop_lib._validate import instance, real_array, sequence, whole_number
from backprop_lib.activations import Identity, ReLU, Sigmoid, Tanh
from backprop_lib.conv import Conv2D, Flatten
from backprop_lib.datasets import load_digits
from backprop_lib.dense import Dense
from backprop_lib.network import Sequential
from backprop_lib.worked import WorkedNetwork

ACTIVATIONS = {Sigmoid: graph.sigmoid, Tanh: graph.tanh, ReLU: graph.relu}
VERTICAL_STROKE = ((-0.5, 1.0, -0.5),) * 3  # answers ink with paper on its left and right
BIAS = -0.03  # with pixels on a grid of 1/16 and weights on one of 0.05, Z is never at ReLU's kink


def record_network(example):
    """Record a worked network with half squared error on its one sample.

    Parameters
    ----------
    example : worked.WorkedNetwork

    Returns
    -------
    dict of str to Value
        ``x1``, ``w1_12`` (layer 1, into neuron 1 from input 2), ``b1_1``, ``z1_1``, ``a1_1`` (not
        where the activation is the identity: there z is a), ``t1`` (the target) and ``E``.
    """
    x, y = _checked(example)
    v = {f"x{i}": graph.Value(x_i) for i, x_i in enumerate(x[:, 0], 1)}
    before = list(v)  # the names of what enters the layer
    parameters = zip(example.weights, example.biases, example.activations, strict=True)
    for layer, (W, b, activation) in enumerate(parameters, 1):
        after = []
        for j, row in enumerate(W, 1):
            z, a = f"z{layer}_{j}", f"a{layer}_{j}"
            weights = [f"w{layer}_{j}{i}" for i in range(1, len(row) + 1)]
            v |= {name: graph.Value(w) for name, w in zip(weights, row, strict=True)}
            v[f"b{layer}_{j}"] = v[z] = graph.Value(b[j - 1, 0])
            for weight, source in zip(weights, before, strict=True):
                v[z] = v[z] + v[weight] * v[source]
            if activation is not Identity:
                v[a] = ACTIVATIONS[activation](v[z])
            after.append(z if activation is Identity else a)
        before = after
    squares = []
    for j, (a, y_j) in enumerate(zip(before, y[:, 0], strict=True), 1):
        v[f"t{j}"] = graph.Value(y_j)
        squares.append(graph.square(v[a] - v[f"t{j}"]))
    v["E"] = 0.5 * sum(squares[1:], start=squares[0])
    return named(v)


def _checked(example):
    """Return the network's one sample, x and y, or say what can't be recorded."""
    instance(example, WorkedNetwork, "record_network: example")
    parts = [
        sequence(getattr(example, part), f"record_network: {part}")
        for part in ("weights", "biases", "activations")
    ]
    if len({*map(len, parts)}) != 1 or not parts[0]:
        counts = ", ".join(str(len(part)) for part in parts)
        raise ValueError(
            f"record_network: expected weights, biases and activations of each layer, got {counts}"
        )
    x = real_array(example.x, "record_network: x", ("n", 1))
    n = len(x)
    for layer, (W, b, activation) in enumerate(zip(*parts, strict=True), 1):
        owner = f"record_network: layer {layer}"
        W, n_in = real_array(W, f"{owner}: W", ("n_out", n)), n
        n = len(real_array(b, f"{owner}: b", (len(W), 1)))
        if max(n, n_in) > 9:  # w1_112 would be into 1 from 12, and into 11 from 2
            raise ValueError(f"{owner}: expected at most 9 inputs and outputs, got {n_in} and {n}")
        if activation not in (*ACTIVATIONS, Identity):
            known = ", ".join(known.__name__ for known in (*ACTIVATIONS, Identity))
            found = getattr(activation, "__name__", activation)
            raise ValueError(f"record_network: activations: expected {known}, got {found}")
    return x, real_array(example.y, "record_network: y", (n, 1))


def kernel_network(kernel=VERTICAL_STROKE):
    """Return one 3×3 kernel, ReLU, and a head that compares its map with each digit's mean map.

    The head is fixed: for this kernel, logit k is −½ of the squared distance to the mean map of
    the digit k, up to a term that all ten share and softmax does not see.
    """
    kernel = real_array(kernel, "kernel_network: kernel", (3, 3))
    images, labels = load_digits()
    layers = [Conv2D(kernel.reshape(1, 1, 3, 3), [[BIAS]]), ReLU(), Flatten()]
    maps = Sequential(layers).forward(images)
    means = np.stack([maps[:, labels == k].mean(axis=1) for k in range(10)])
    return Sequential([*layers, Dense(means, -0.5 * (means**2).sum(axis=1, keepdims=True))])


def record_kernel_network(image, label, kernel=VERTICAL_STROKE):
    """Record ``kernel_network`` on one digit, with the cross-entropy of its scores.

    Parameters
    ----------
    image : array of shape (8, 8)
    label : int
        0 to 9.
    kernel : array of shape (3, 3), optional

    Returns
    -------
    dict of str to Value
        The pixels ``p00`` to ``p77``, the kernel ``w00`` to ``w22`` and its bias ``b``, the map
        before and after ReLU ``z00``, ``a00`` to ``z55``, ``a55``, the scores ``s0`` to ``s9``,
        the targets ``t0`` to ``t9``, the logarithm ``L`` of the sum of the scores' exponentials,
        whose derivatives by the scores are their probabilities, and the loss ``J``.
    """
    image = real_array(image, "record_kernel_network: image", (8, 8))
    label = whole_number(label, "record_kernel_network: label", least=0, most=9)
    head = kernel_network(kernel).layers[3]
    v = {f"p{r}{c}": graph.Value(x) for (r, c), x in np.ndenumerate(image)}
    v |= {f"w{i}{j}": graph.Value(w) for (i, j), w in np.ndenumerate(np.asarray(kernel))}
    v["b"] = graph.Value(BIAS)
    features = []
    for r, c in np.ndindex(6, 6):
        z = v["b"]
        for i, j in np.ndindex(3, 3):
            z = z + v[f"w{i}{j}"] * v[f"p{r + i}{c + j}"]
        v[f"z{r}{c}"], v[f"a{r}{c}"] = z, graph.relu(z)
        features.append(v[f"a{r}{c}"])
    scores = []
    for row, bias in zip(head.W.tolist(), head.b[:, 0].tolist(), strict=True):
        score = graph.Value(bias)
        for w, a in zip(row, features, strict=True):
            score = score + w * a
        scores.append(score)
    largest = scores[0]  # subtracted before exp, which then cannot overflow
    for score in scores[1:]:
        largest = graph.maximum(largest, score)
    powers = [graph.exp(score - largest) for score in scores]
    total = sum(powers[1:], start=powers[0])
    wanted = 0.0
    for k, score in enumerate(scores):
        v[f"s{k}"], v[f"t{k}"] = score, graph.Value(float(k == label))
        wanted = wanted + v[f"t{k}"] * score
    v["L"] = largest + graph.log(total)
    v["J"] = v["L"] - wanted
    return named(v)


def named(values):
    """Give each value the name under which it stands, and return the dict."""
    for name, value in instance(values, dict, "named: values").items():
        instance(value, graph.Value, f"named: {name}").named(name)
    return values
