"""What is timed: networks with their data, and how fast each is to be."""

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import NamedTuple

import numpy as np

from backprop_lib import Conv2D, Dense, Flatten, HalfSquaredError, ReLU, SoftmaxCrossEntropy
from backprop_lib.activations import Identity
from backprop_lib.network import Sequential
from backprop_lib.worked import RELU_2_3_2_1, SIGMOID_2_2_2

CLASSES = 10


class Problem(NamedTuple):
    """A network, its loss and one batch: a sample is a column, the batch is the last axis."""

    network: Sequential
    loss: HalfSquaredError | SoftmaxCrossEntropy
    X: np.ndarray
    Y: np.ndarray


class Workload(NamedTuple):
    """A problem to be built at a precision, and the ratios that are wanted.

    ``targets`` holds, by competitor and dtype, the largest ratio at one and at two threads.
    """

    name: str
    build: Callable
    targets: dict


def worked(example, dtype):
    """Return a worked example of the book, without the layers that do nothing."""
    layers = [layer for layer in example.network().layers if not isinstance(layer, Identity)]
    return cast(Problem(Sequential(layers), HalfSquaredError(), example.x, example.y), dtype)


def mlp(sizes, batch, dtype):
    """Return a ReLU network of the given sizes with random weights and data."""
    rng = np.random.default_rng(0)
    layers = _dense(sizes, rng)
    return _classification(layers, (sizes[0],), batch, rng, dtype)


def cnn(side, batch, dtype):
    """Return two convolutions and two dense layers for square images of one channel."""
    rng = np.random.default_rng(0)
    convolutions = [Conv2D.random(1, 8, 3, rng), ReLU(), Conv2D.random(8, 16, 3, rng), ReLU()]
    features = 16 * (side - 4) ** 2
    layers = [*convolutions, Flatten(), *_dense((features, 64, CLASSES), rng)]
    return _classification(layers, (1, side, side), batch, rng, dtype)


def mlp_of(parameters, dtype):
    """Return an MLP n-n-n-10 for batches of 32 with about that many parameters.

    It has 2n² + 12n + 10 of them.
    """
    n = round(sqrt(9 + (parameters - 10) / 2) - 3)
    return mlp((n, n, n, CLASSES), 32, dtype)


def _dense(sizes, rng):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [Dense.random(n_in, n_out, rng), ReLU()]
    return layers[:-1]


def _classification(layers, input_shape, batch, rng, dtype):
    X = rng.normal(size=(*input_shape, batch))
    labels = rng.integers(CLASSES, size=batch)
    return cast(Problem(Sequential(layers), SoftmaxCrossEntropy(), X, labels), dtype)


def cast(problem, dtype):
    """Return the problem at a precision; the layers of its network are changed."""
    for layer in problem.network.layers:
        for name, P in layer.parameters().items():
            setattr(layer, name, P.astype(dtype))
    Y = problem.Y if problem.Y.dtype.kind == "i" else problem.Y.astype(dtype)
    return problem._replace(X=problem.X.astype(dtype), Y=Y)


def _targets(float64, float32):
    return {"float64": float64, "float32": float32}


COMPILED = {
    "2-2-2 sigmoid, compiled": SIGMOID_2_2_2,
    "2-3-2-1 ReLU, compiled": RELU_2_3_2_1,
}
"""Worked networks that also run as a scalar graph, compiled; the target is to be ahead of JAX."""

WORKLOADS = [
    Workload(
        "2-2-2 sigmoid, batch 1",
        partial(worked, SIGMOID_2_2_2),
        {"PyTorch": _targets((0.20, 0.20), (0.20, 0.20))},
    ),
    Workload(
        "2-3-2-1 ReLU, batch 1",
        partial(worked, RELU_2_3_2_1),
        {"PyTorch": _targets((0.20, 0.20), (0.20, 0.20))},
    ),
    Workload(
        "MLP 784-128-64-10, batch 1",
        partial(mlp, (784, 128, 64, CLASSES), 1),
        {"PyTorch": _targets((0.60, 0.60), (0.50, 0.50))},
    ),
    Workload(
        "MLP 784-128-64-10, batch 64",
        partial(mlp, (784, 128, 64, CLASSES), 64),
        {
            "PyTorch": _targets((0.85, 0.85), (0.75, 0.75)),
            "GEMM floor": _targets((1.25, 1.25), (1.25, 1.25)),
        },
    ),
    Workload(
        "CNN on 8×8, batch 32",
        partial(cnn, 8, 32),
        {"PyTorch": _targets((0.50, 0.50), (0.30, 0.30))},
    ),
    Workload(
        "CNN on 28×28, batch 64",
        partial(cnn, 28, 64),
        {"PyTorch": _targets((1.0, 1.2), (1.1, 1.3))},
    ),
]
