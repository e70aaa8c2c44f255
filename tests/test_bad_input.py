"""Bad input that several modules refuse alike: the documented error names the argument, what was
expected and what came; and nothing has changed afterwards. What one module alone refuses is at the
end of its own tests.
"""

import re

import numpy as np
import pytest
from helpers import NOT_WHOLE, random_array, random_dense, refused, used

from backprop_lib import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Flatten,
    HalfSquaredError,
    Identity,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    SquaredError,
    Tanh,
    ToyModel,
    Value,
    check_gradients,
    datasets,
    deltas,
    gradcheck,
    initializers,
    losses,
    toy,
    training,
)
from backprop_lib.conv import conv2d_loops, conv2d_loops_backward

pytestmark = pytest.mark.filterwarnings("error")


def rng():
    return np.random.default_rng(0)


# Arrays. Each target: its name in the message, an array that is accepted, what to do with it, the
# objects that must not change, and the kinds of badness that it cannot have.

W, B = random_array(2, 3), random_array(2, 1)
A, DZ = random_array(3, 4), random_array(2, 4)
KERNELS, IMAGES, MAPS = random_array(2, 1, 2, 3), random_array(1, 4, 5, 3), random_array(2, 3, 3, 3)


def array_targets():
    dense, conv = used(Dense(W, B), A), used(Conv2D(KERNELS, B), IMAGES)
    flatten, pool = used(Flatten(), IMAGES), used(MaxPool2D(2, stride=1), IMAGES)
    yield "Dense: W", W, lambda bad: Dense(bad, B), [], {"size"}
    yield "Dense: b", B, lambda bad: Dense(W, bad), [], {}
    yield "Dense: A", A, dense.forward, [dense], {}
    yield "Dense: dZ", DZ, dense.backward, [dense], {}
    yield "Conv2D: W", KERNELS, lambda bad: Conv2D(bad, B), [], {"size"}
    yield "Conv2D: b", B, lambda bad: Conv2D(KERNELS, bad), [], {}
    yield "Conv2D: A", IMAGES, conv.forward, [conv], {}
    yield "Conv2D: dZ", MAPS, conv.backward, [conv], {}
    yield "Conv2D: A", IMAGES, lambda bad: conv2d_loops(bad, KERNELS, B), [], {}
    yield "Conv2D: W", KERNELS, lambda bad: conv2d_loops(IMAGES, bad, B), [], {"size"}
    yield "Conv2D: b", B, lambda bad: conv2d_loops(IMAGES, KERNELS, bad), [], {}
    yield "Conv2D: dZ", MAPS, lambda bad: conv2d_loops_backward(bad, IMAGES, KERNELS), [], {}
    yield "Conv2D: A", IMAGES, lambda bad: conv2d_loops_backward(MAPS, bad, KERNELS), [], {}
    yield "Conv2D: W", KERNELS, lambda bad: conv2d_loops_backward(MAPS, IMAGES, bad), [], {"size"}
    yield "MaxPool2D: A", IMAGES, pool.forward, [pool], {"size"}
    yield "MaxPool2D: dZ", random_array(1, 3, 4, 3), pool.backward, [pool], {}
    yield "Flatten: A", IMAGES, flatten.forward, [flatten], {"size"}
    yield "Flatten: dA", random_array(20, 3), flatten.backward, [flatten], {}
    for kind in (Identity, Sigmoid, Tanh, ReLU, Softplus):
        layer = used(kind(), A)
        yield f"{kind.__name__}: Z", A, layer.forward, [layer], {"size", "rank"}
        yield f"{kind.__name__}: dA", A, layer.backward, [layer], {}
    for kind, first in [(HalfSquaredError, "A"), (SquaredError, "A"), (BinaryCrossEntropy, "Z")]:
        loss = kind()
        loss.forward(A, A * 0)
        name = kind.__name__
        yield f"{name}: {first}", A, lambda bad, f=loss.forward: f(bad, A * 0), [loss], {"size"}
        yield f"{name}: Y", Sigmoid.function(A), lambda bad, f=loss.forward: f(A, bad), [loss], {}
    loss = SoftmaxCrossEntropy()
    loss.forward(A, [0, 1, 2, 0])
    name = "SoftmaxCrossEntropy: Z"
    yield name, A, lambda bad: loss.forward(bad, [0, 1, 2, 0]), [loss], {"size"}
    yield "softmax: Z", A, losses.softmax, [], {"size"}
    yield "output_delta: dA", A, lambda bad: deltas.output_delta(bad, A), [], {"size"}
    yield "output_delta: sigma_prime", A, lambda bad: deltas.output_delta(A, bad), [], {}
    yield "hidden_delta: W_next", W, lambda bad: deltas.hidden_delta(bad, DZ, A), [], {"size"}
    yield "hidden_delta: delta_next", DZ, lambda bad: deltas.hidden_delta(W, bad, A), [], {}
    yield "hidden_delta: sigma_prime", A, lambda bad: deltas.hidden_delta(W, DZ, bad), [], {}
    yield "bias_gradient: delta", A, deltas.bias_gradient, [], {"size"}
    yield "weight_gradient: delta", A, lambda bad: deltas.weight_gradient(bad, DZ), [], {"size"}
    name = "weight_gradient: A_previous"
    yield name, DZ, lambda bad: deltas.weight_gradient(A, bad), [], {"size"}
    yield "feed_forward: X", A, lambda bad: deltas.feed_forward(bad, [W], [B]), [], {"size"}
    name = "feed_forward: W of layer 1"
    yield name, W, lambda bad: deltas.feed_forward(A, [bad], [B]), [], {"size"}
    name = "feed_forward: b of layer 2"
    yield name, B, lambda bad: deltas.feed_forward(A, [W, W[:, :2]], [B, bad]), [], {}
    name = "HalfSquaredError: Y"
    yield name, DZ, lambda bad: deltas.backpropagate(A, bad, [W], [B]), [], {}
    name = "numerical_gradient: P"
    yield name, A, lambda bad: gradcheck.numerical_gradient(np.sum, bad), [], {"size", "rank"}
    yield (
        "complex_step: P",
        A,
        lambda bad: gradcheck.complex_step(np.sum, bad),
        [],
        {"size", "rank"},
    )
    yield "relative_error: G", A, lambda bad: gradcheck.relative_error(bad, A), [], {"size", "rank"}
    yield "relative_error: G_expected", A, lambda bad: gradcheck.relative_error(A, bad), [], {}
    network = Sequential([used(Dense(W, B), A), ReLU()])
    network.forward(A)
    yield "Sequential: A", A, network.forward, [network], {"size", "rank", "vector"}
    yield "Sequential: dA", DZ, network.backward, [network.parameters()], {}
    network = Sequential([dense])
    name = "check_gradients: X"
    yield (
        name,
        A,
        lambda bad: check_gradients(network, HalfSquaredError(), bad, DZ),
        [network.parameters()],
        {"size", "rank"},
    )
    for optimizer in (SGD(0.1, momentum=0.9), Adam()):
        P = {"a": np.ones(2), "w": W.copy()}
        optimizer.step(P, {"a": np.ones(2), "w": W})
        yield (
            f"{type(optimizer).__name__}: gradient of w",
            W,
            lambda bad, o=optimizer, P=P: o.step(P, {"a": np.ones(2), "w": bad}),
            [optimizer, P],
            {},
        )


def with_entry(good, entry):
    """Return a copy with the last entry replaced."""
    bad = good.copy()
    bad.flat[-1] = entry
    return bad


BAD_ARRAYS = {  # kind: how to spoil a good array, the error, the message after the name
    "strings": (lambda good: good.astype(str), TypeError, "expected real numbers, got dtype <U"),
    "a word": (lambda good: "weights", TypeError, "expected real numbers, got dtype <U"),
    "masked": (lambda good: np.ma.masked_less(good, 0), TypeError, "expected an array, got a mask"),
    "None": (lambda good: None, TypeError, "expected real numbers, got dtype object"),
    "objects": (lambda good: good.astype(object), TypeError, "expected real numbers, got dtype ob"),
    "complex": (lambda good: good + 0j, TypeError, "expected real numbers, got dtype complex128"),
    "bool": (lambda good: good > 0, TypeError, "expected real numbers, got dtype bool"),
    "NaN": (lambda good: with_entry(good, np.nan), ValueError, r"expected finite.*, got nan at \("),
    "inf": (lambda good: with_entry(good, np.inf), ValueError, r"expected finite.*, got inf at \("),
    "-inf": (lambda good: with_entry(good, -np.inf), ValueError, "expected finite.*, got -inf at"),
    "ragged": (lambda good: [[1.0, 2.0], [3.0]], ValueError, "expected a rectangular array, got "),
    "empty": (lambda good: good[..., :0], ValueError, r"expected .+, got \("),
    "rank": (lambda good: good[np.newaxis], ValueError, r"expected shape \(.+\), got \(1, "),
    "vector": (lambda good: good.ravel(), ValueError, r"expected shape \(.+\), got \(\d+,\)"),
    "size": (lambda good: np.concatenate([good, good]), ValueError, r"expected shape \(.+\), got"),
}
ARRAYS = [
    pytest.param(target, kind, id=f"{target[0]}-{kind}")
    for target in array_targets()
    for kind in BAD_ARRAYS
    if kind not in target[4] and not (kind == "vector" and "rank" in target[4])
]


@pytest.mark.parametrize("target, kind", ARRAYS)
def test_arrays(target, kind):
    name, good, call, owners, _ = target
    spoil, error, message = BAD_ARRAYS[kind]
    refused(lambda: call(spoil(good)), owners, error, f"{re.escape(name)}: {message}")
    call(good)  # and the good one is still accepted


@pytest.mark.parametrize(
    "call, pattern",
    [
        (
            lambda: random_dense(3, 2).forward(A.T),
            r"Dense: A: expected shape \(3, m\), got \(4, 3\)",
        ),
        (
            lambda: random_dense(3, 2).forward(A[:, :0]),
            r"Dense: A: expected shape \(3, m\), got \(3, 0\)",
        ),
        (
            lambda: Dense(W.T, B),
            r"Dense: b: expected shape \(3, 1\), got \(2, 1\)",
        ),
        (lambda: Dense(W, B.T), r"Dense: b: expected shape \(2, 1\), got \(1, 2\)"),
        (lambda: Dense(W, B[:, 0]), r"Dense: b: expected shape \(2, 1\), got \(2,\)"),
        (
            lambda: used(Dense(W, B), A).backward(DZ.T),
            r"Dense: dZ: expected shape \(2, 4\), got \(4, 2\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).forward(IMAGES.T),
            r"Conv2D: A: expected shape \(1, height, width, m\), got \(3, 5, 4, 1\)",
        ),
        (
            lambda: HalfSquaredError().forward(A, A.T),
            r"HalfSquaredError: Y: expected shape \(3, 4\), got \(4, 3\)",
        ),
        (
            lambda: deltas.weight_gradient(A, DZ.T),
            r"weight_gradient: A_previous: expected shape \(n_in, 4\), got \(4, 2\)",
        ),
        (
            lambda: deltas.hidden_delta(W.T, DZ, A),
            r"hidden_delta: delta_next: expected shape \(3, m\), got \(2, 4\)",
        ),
    ],
)
def test_transposed_and_empty_arrays(call, pattern):
    refused(call, [], ValueError, pattern)


LETTERS = {  # the shapes as the message writes them, where an axis may have any size
    "Dense: W": "(n_out, n_in)",
    "Dense: A": "(3, m)",
    "Conv2D: W": "(filters, channels, height, width)",
    "Conv2D: A": "(1, height, width, m)",
    "MaxPool2D: A": "(channels, height, width, m)",
    "Flatten: A": "(channels, height, width, m)",
    "HalfSquaredError: A": "(n_out, m)",
    "SquaredError: A": "(n_out, m)",
    "BinaryCrossEntropy: Z": "(n_out, m)",
    "SoftmaxCrossEntropy: Z": "(classes, m)",
    "softmax: Z": "(classes, m)",
    "output_delta: dA": "(n_out, m)",
    "hidden_delta: W_next": "(n_next, n)",
    "hidden_delta: delta_next": "(2, m)",
    "bias_gradient: delta": "(n, m)",
    "weight_gradient: delta": "(n, m)",
    "weight_gradient: A_previous": "(n_in, 4)",
    "feed_forward: X": "(n_0, m)",
    "feed_forward: W of layer 1": "(n_out, 3)",
}


@pytest.mark.parametrize(
    "target", [pytest.param(t, id=t[0]) for t in array_targets() if t[0] in LETTERS]
)
def test_the_message_names_the_axes(target):
    name, _, call, owners, _ = target
    expected = re.escape(f"{name}: expected shape {LETTERS[name]}, got (1,)")
    refused(lambda: call([1.0]), owners, ValueError, expected)


# Numbers.

NOT_REAL = ["0.1", None, True, 1j, [0.1], np.array([0.1]), np.True_]
NOT_FINITE = [np.nan, np.inf, -np.inf, 10**400]

POSITIVE_NUMBERS = {
    "SGD: learning_rate": lambda bad: SGD(bad),
    "Adam: learning_rate": lambda bad: Adam(bad),
    "Adam: epsilon": lambda bad: Adam(epsilon=bad),
    "numerical_gradient: h": lambda bad: gradcheck.numerical_gradient(np.sum, A, bad),
    "complex_step: h": lambda bad: gradcheck.complex_step(np.sum, A, bad),
    "he: fan_in": lambda bad: initializers.he((2, 3), bad, 2, rng()),
    "xavier: fan_in": lambda bad: initializers.xavier((2, 3), bad, 2, rng()),
    "xavier: fan_out": lambda bad: initializers.xavier((2, 3), 3, bad, rng()),
}
FRACTIONS = {
    "SGD: momentum": lambda bad: SGD(0.1, momentum=bad),
    "Adam: beta1": lambda bad: Adam(beta1=bad),
    "Adam: beta2": lambda bad: Adam(beta2=bad),
    "split: held_out": lambda bad: datasets.split(A, [0, 1, 2, 3], rng(), bad),
}
REAL_NUMBERS = {
    "SGD: weight_decay": lambda bad: SGD(0.1, weight_decay=bad),
    "Value": lambda bad: Value(bad),
    "Value w": lambda bad: Value(bad, "w"),
    "ToyModel: beta": lambda bad: ToyModel((0, 0, 0, bad), (0, 0, 0, 0)),
    "ToyModel: omega": lambda bad: ToyModel((0, 0, 0, 0), (bad, 0, 0, 0)),
    "ToyModel: x": lambda bad: ToyModel((0, 0, 0, 0), (0, 0, 0, 0)).forward(bad, 0),
    "ToyModel: y": lambda bad: ToyModel((0, 0, 0, 0), (0, 0, 0, 0)).forward(0, bad),
    "record: beta": lambda bad: toy.record((0, 0, 0, bad), (0, 0, 0, 0), 0, 0),
    "Value x": lambda bad: toy.record((0, 0, 0, 0), (0, 0, 0, 0), bad, 0),
}
WHOLE_NUMBERS = {
    "Dense: n_in": lambda bad: Dense.random(bad, 2, rng()),
    "Dense: n_out": lambda bad: Dense.random(2, bad, rng()),
    "Conv2D: channels": lambda bad: Conv2D.random(bad, 2, 3, rng()),
    "Conv2D: filters": lambda bad: Conv2D.random(2, bad, 3, rng()),
    "Conv2D: kernel_size": lambda bad: Conv2D.random(2, 2, bad, rng()),
    "Conv2D: stride": lambda bad: Conv2D(KERNELS, B, stride=bad),
    "MaxPool2D: size": lambda bad: MaxPool2D(bad),
    "minibatches: m": lambda bad: next(training.minibatches(bad, 2, rng())),
    "minibatches: batch_size": lambda bad: next(training.minibatches(2, bad, rng())),
    "one_hot: classes": lambda bad: losses.one_hot([0], bad),
}


@pytest.mark.parametrize("name", POSITIVE_NUMBERS | FRACTIONS | REAL_NUMBERS)
@pytest.mark.parametrize("bad", NOT_REAL + NOT_FINITE, ids=lambda bad: repr(bad)[:12])
def test_numbers(name, bad):
    call = (POSITIVE_NUMBERS | FRACTIONS | REAL_NUMBERS)[name]
    if any(bad is wrong for wrong in NOT_REAL):
        kind = type(bad).__name__
        refused(lambda: call(bad), [], TypeError, f"{name}: expected a real number, got {kind}$")
    else:
        refused(lambda: call(bad), [], ValueError, f"{name}: expected a finite number, got -?[ni]")


@pytest.mark.parametrize("name", POSITIVE_NUMBERS)
@pytest.mark.parametrize("bad", [0, -0.0, -1, -1e-300])
def test_numbers_that_must_be_positive(name, bad):
    pattern = rf"{name}: expected a number above 0, got {float(bad)}$"
    refused(lambda: POSITIVE_NUMBERS[name](bad), [], ValueError, pattern)


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("bad", [-0.1, 1, 1.5])
def test_numbers_that_must_be_fractions(name, bad):
    pattern = rf"{name}: expected a number in \[0, 1\), got {float(bad)}$"
    refused(lambda: FRACTIONS[name](bad), [], ValueError, pattern)


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
@pytest.mark.parametrize("bad", [0, -1, *NOT_WHOLE], ids=repr)
def test_whole_numbers(name, bad):
    call = WHOLE_NUMBERS[name]
    if bad in (0, -1) and not isinstance(bad, bool):
        pattern = f"{name}: expected a whole number >= 1, got {bad}$"
        refused(lambda: call(bad), [], ValueError, pattern)
    else:
        pattern = f"{name}: expected a whole number, got {type(bad).__name__}$"
        refused(lambda: call(bad), [], TypeError, pattern)


# Random generators: a seed is not one.

GENERATORS = {
    "he: rng": lambda bad: Dense.random(2, 3, bad),
    "xavier: rng": lambda bad: Conv2D.random(2, 3, 2, bad, initializers.xavier),
    "minibatches: rng": lambda bad: next(training.minibatches(4, 2, bad)),
    "split: rng": lambda bad: datasets.split(A, [0, 1, 2, 3], bad),
}


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    "bad", [0, None, "0", np.random, np.random.RandomState(0)], ids=lambda bad: type(bad).__name__
)
def test_seed_instead_of_generator(name, bad):
    pattern = rf"{name}: expected a numpy.random.Generator, got {type(bad).__name__}; make one"
    refused(lambda: GENERATORS[name](bad), [], TypeError, pattern)


# Labels.


def label_targets():
    loss, network = SoftmaxCrossEntropy(), Sequential([Dense(np.eye(3), np.zeros((3, 1)))])
    loss.forward(A, [0, 1, 2, 0])
    yield "SoftmaxCrossEntropy: labels", lambda bad: loss.forward(A, bad), [loss]
    yield "accuracy: labels", lambda bad: training.accuracy(network, A, bad), [network.parameters()]
    yield "one_hot: labels", lambda bad: losses.one_hot(bad, 3), []


BAD_LABELS = [
    ([0, 1, 2, 3], ValueError, "expected labels 0 to 2, got 3"),
    ([0, -1, 2, 0], ValueError, "expected labels 0 to 2, got -1"),
    ([0.0, 1.0, 2.0, 0.0], TypeError, "expected integer labels, got dtype float64"),
    ([0, 1, np.nan, 0], TypeError, "expected integer labels, got dtype float64"),
    (["0", "1", "2", "0"], TypeError, "expected integer labels, got dtype <U1"),
    ([True, False, True, False], TypeError, "expected integer labels, got dtype bool"),
    ([0, 1, None, 0], TypeError, "expected integer labels, got dtype object"),
    ([0j, 1, 2, 0], TypeError, "expected integer labels, got dtype complex128"),
    (None, TypeError, "expected integer labels, got dtype object"),
    ([[0, 1, 2, 0]], ValueError, r"expected shape \(4,\), got \(1, 4\)"),
    (np.eye(3, 4, dtype=int), ValueError, r"expected shape \(\d+,\), got \(3, 4\)"),
    (2, ValueError, r"expected shape \(\d,\), got \(\)"),
    ([[0, 1], [2]], ValueError, "expected a list of labels, got "),
    (
        np.zeros(0, int),
        ValueError,
        r"expected (shape \(4,\), got \(0,\)|at least one label, got none)",
    ),
]


@pytest.mark.parametrize(
    "name, call, owners", list(label_targets()), ids=lambda part: str(part)[:20]
)
@pytest.mark.parametrize("bad, error, message", BAD_LABELS)
def test_labels(name, call, owners, bad, error, message):
    refused(lambda: call(bad), owners, error, f"{name}: {message}")


# Order of calls.


@pytest.mark.parametrize(
    "thing",
    [
        Dense(W, B),
        Conv2D(KERNELS, B),
        MaxPool2D(2),
        *(kind() for kind in (Flatten, Identity, Sigmoid, Tanh, ReLU, Softplus)),
    ],
    ids=lambda layer: layer.name,
)
def test_layer_backward_before_forward(thing):
    pattern = f"{thing.name}: call forward before backward$"
    refused(lambda: thing.backward(np.ones((2, 3))), [thing], RuntimeError, pattern)


@pytest.mark.parametrize(
    "kind", [HalfSquaredError, SquaredError, BinaryCrossEntropy, SoftmaxCrossEntropy]
)
def test_loss_backward_before_forward(kind):
    pattern = f"{kind.__name__}: call forward before backward$"
    refused(kind().backward, [], RuntimeError, pattern)


def test_network_and_toy_backward_before_forward():
    pattern = "Sequential: call forward before backward$"
    refused(lambda: Sequential([Dense(W, B)]).backward(DZ), [], RuntimeError, pattern)
    model = ToyModel((1, 2, 3, 4), (1, 1, 1, 1))
    pattern = "ToyModel: call forward before backward$"
    refused(model.backward, [model], RuntimeError, pattern)
    refused(lambda: model.update(0.1), [model], RuntimeError, pattern)
