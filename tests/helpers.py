"""What several test files share: reproducible arrays, networks and the numerical gradient check;
what is refused; where the repository is, and what is said of a test that cannot run.
"""

import copy
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backprop_lib import Conv2D, Dense, Flatten, Identity, ReLU, Sequential, Sigmoid, graph
from backprop_lib.gradcheck import numerical_gradient

ROOT = Path(__file__).resolve().parent.parent
NO_BROWSER = (
    "NO CHROMIUM WAS FOUND: nothing was tested in a browser. Install chromium, or set CHROMIUM "
    "to the path of a Chromium or Chrome."
)
NO_TORCH = "PYTORCH IS NOT INSTALLED: nothing was compared with it. `make peers` adds it."

NUMERICAL = 1e-8  # central differences: rounding eps**(2/3) ≈ 4e-11 and truncation h² ≈ 4e-11
EXACT = 1e-12  # the same sums in another order: a few hundred roundings of 1e-16
NOT_WHOLE = ["3", None, True, 1.5, 3.0, 1j, [3]]


def without(missing):
    """Skip the test for a reason that is said again at the end; in CI that is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


def random_array(*shape, seed=0):
    """Return normal numbers, always the same for the same seed."""
    return np.random.default_rng(seed).normal(size=shape)


def away_from_zero(array, margin=0.1):
    """Return the array with every entry moved away from 0, where ReLU has its kink."""
    return array + margin * np.where(array >= 0, 1, -1)


def random_dense(n_in, n_out, seed=0):
    """Return a dense layer with random weights and, unlike ``Dense.random``, random biases."""
    return Dense(random_array(n_out, n_in, seed=seed), random_array(n_out, 1, seed=seed + 100))


def random_conv(channels, filters, height, width, seed=0):
    """Return a convolution with random kernels and biases."""
    W = random_array(filters, channels, height, width, seed=seed)
    return Conv2D(W, random_array(filters, 1, seed=seed + 100))


def random_function(rng, operations):
    """Return a function of three values that applies so many operations."""
    choices = [
        (rng.choice([graph.sin, graph.cos, graph.tanh, graph.sigmoid]), rng.random())
        for _ in range(operations)
    ]

    def f(a, b, c):
        values = [a, b, c]
        for function, r in choices:
            u, v = (values[int(r * 1000 * k) % len(values)] for k in (1, 7))
            values.append(function(u) if r < 0.4 else u * v if r < 0.7 else u - 0.5 * v)
        unused = [v for v in values[3:] if not any(v in w.inputs for w in values)]
        out = unused[0]
        for value in unused[1:]:
            out = out + value
        return out

    return f


def two_outputs(u, v):
    """Return two outputs of two inputs, one of which needs the other."""
    first = graph.exp(u) * v
    return first, first - u / v


def mlp(*sizes, activation=Sigmoid, last=Identity, seed=0):
    """Return a fully connected network of the given sizes."""
    layers = []
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers += [random_dense(n_in, n_out, seed=seed + k), activation()]
    return Sequential([*layers[:-1], last()])


def small_cnn(classes=3, activation=ReLU):
    """Return Conv2D, Conv2D, Flatten, Dense, Dense for images of shape (1, 6, 5, m)."""
    return Sequential(
        [
            random_conv(1, 2, 3, 2, seed=1),  # (2, 4, 4)
            activation(),
            random_conv(2, 3, 2, 3, seed=2),  # (3, 3, 2)
            activation(),
            Flatten(),
            random_dense(18, 4, seed=3),
            activation(),
            random_dense(4, classes, seed=4),
        ]
    )


def assert_gradients(layer, A, tolerance=NUMERICAL):
    """Compare every entry of a layer's gradients with central differences.

    The loss is a random projection of the output, so that no two entries of it count the same.
    """
    R = random_array(*layer.forward(A).shape, seed=99)
    dA = layer.backward(R)
    expected = numerical_gradient(lambda moved: (layer.forward(moved) * R).sum(), A)
    np.testing.assert_allclose(dA, expected, rtol=tolerance, atol=tolerance)
    gradients = layer.gradients()
    for name, P in layer.parameters().items():
        start = P.copy()

        def loss(moved, P=P):
            P[...] = moved
            return (layer.forward(A) * R).sum()

        expected = numerical_gradient(loss, start)
        P[...] = start
        assert gradients[name].shape == P.shape
        np.testing.assert_allclose(gradients[name], expected, rtol=tolerance, atol=tolerance)


def used(layer, A):
    """Return the layer after one forward and one backward pass."""
    layer.backward(np.ones_like(layer.forward(A)))
    return layer


def plain(thing):
    """Return a copy of everything that an object holds, as nested dicts and lists."""
    if isinstance(thing, np.ndarray):
        return thing.dtype.str, thing.shape, thing.tolist()
    if isinstance(thing, (list, tuple)):
        return [plain(part) for part in thing]
    if isinstance(thing, dict):
        return {name: plain(part) for name, part in thing.items()}
    return plain(vars(thing)) if hasattr(thing, "__dict__") else copy.copy(thing)


def refused(call, owners, error, pattern):
    """Assert that ``call`` raises ``error`` with a message that begins like ``pattern``, and that
    it leaves the owners as they were.
    """
    before = plain(owners)
    with pytest.raises(error) as caught:
        call()
    assert re.match(pattern, str(caught.value)), str(caught.value)
    assert plain(owners) == before
