"""Bad input: each kind raises the documented error, whose message names the argument, what was
expected and what came; and nothing has changed afterwards.
"""

import copy
import re

import numpy as np
import pytest
from helpers import mlp, random_array, random_conv, random_dense, small_cnn

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
    fit,
    gradcheck,
    initializers,
    losses,
    toy,
    training,
)
from backprop_lib.conv import conv2d_loops, conv2d_loops_backward
from backprop_lib.layer import Layer

pytestmark = pytest.mark.filterwarnings("error")


def rng():
    return np.random.default_rng(0)


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


# Arrays. Each target: its name in the message, an array that is accepted, what to do with it, the
# objects that must not change, and the kinds of badness that it cannot have.

W, B = random_array(2, 3), random_array(2, 1)
A, DZ = random_array(3, 4), random_array(2, 4)
KERNELS, IMAGES, MAPS = random_array(2, 1, 2, 3), random_array(1, 4, 5, 3), random_array(2, 3, 3, 3)


def used(layer, A):
    """Return the layer after one forward and one backward pass."""
    layer.backward(np.ones_like(layer.forward(A)))
    return layer


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


@pytest.mark.parametrize(
    "stride, padding, height, width",
    [(2, 0, 5, 5), (2, 0, 4, 6), (3, 1, 4, 4), (4, 0, 5, 8), (2, 0, 2, 6), (2, 0, 5, 3)],
)
def test_strides_that_lose_rows_or_columns(stride, padding, height, width):
    layer, image = Conv2D(KERNELS, B, stride, padding), random_array(1, height, width, 1)
    size = re.escape(str((height + 2 * padding, width + 2 * padding)))
    zeros = r" \(with 1 zeros around\)" if padding else ""
    pattern = (
        rf"Conv2D: A: expected images that the kernel \(2, 3\) covers in steps of {stride}, "
        rf"got {size}{zeros}: the last rows or columns would be lost$"
    )
    for call in (
        lambda: layer.forward(image),
        lambda: conv2d_loops(image, KERNELS, B, stride, padding),
        lambda: conv2d_loops_backward(MAPS, image, KERNELS, stride, padding),
        lambda: layer.output_shape((1, height, width)),
        lambda: Sequential([layer]).forward(image),
    ):
        refused(call, [layer], ValueError, pattern)


def test_windows_that_do_not_fit():
    for layer, shape, pattern in [
        (
            MaxPool2D(2),
            (1, 5, 4),
            r"MaxPool2D: A: expected images that the window \(2, 2\) covers in",
        ),
        (MaxPool2D(3, 2), (1, 5, 6), r"MaxPool2D: A: expected .* in steps of 2, got \(5, 6\): the"),
        (MaxPool2D(4), (1, 3, 4), r"MaxPool2D: A: expected images at least as large as the window"),
    ]:
        refused(lambda: layer.forward(random_array(*shape, 2)), [layer], ValueError, pattern)  # noqa: B023
        refused(lambda: layer.output_shape(shape), [layer], ValueError, pattern)  # noqa: B023


@pytest.mark.parametrize("height, width", [(1, 5), (4, 2), (1, 1)])
def test_kernel_larger_than_the_image(height, width):
    layer, image = used(Conv2D(KERNELS, B), IMAGES), random_array(1, height, width, 1)
    message = rf"Conv2D: A: expected images .* kernel \(2, 3\), got \({height}, {width}\)"
    for call in (
        lambda: layer.forward(image),
        lambda: conv2d_loops(image, KERNELS, B),
        lambda: conv2d_loops_backward(MAPS, image, KERNELS),
        lambda: layer.output_shape((1, height, width)),
    ):
        refused(call, [layer], ValueError, message)


# Numbers.

NOT_REAL = ["0.1", None, True, 1j, [0.1], np.array([0.1]), np.True_]
NOT_FINITE = [np.nan, np.inf, -np.inf, 10**400]
NOT_WHOLE = ["3", None, True, 1.5, 3.0, 1j, [3]]

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


@pytest.mark.parametrize("bad", [-1, *NOT_WHOLE], ids=repr)
def test_padding_may_be_zero_but_not_less(bad):
    error = ValueError if bad == -1 else TypeError
    pattern = "Conv2D: padding: expected a whole number(, got| >= 0, got -1$)"
    refused(lambda: Conv2D(KERNELS, B, padding=bad), [], error, pattern)
    Conv2D(KERNELS, B, padding=0)


@pytest.mark.parametrize("bad", [0, -1, "2", 1.5, True, [1]], ids=repr)
def test_the_stride_of_pooling(bad):
    error = ValueError if bad in (0, -1) and bad is not True else TypeError
    pattern = "MaxPool2D: stride: expected a whole number(, got| >= 1, got -?[01]$)"
    refused(lambda: MaxPool2D(2, bad), [], error, pattern)


def test_weight_decay_may_be_zero_but_not_negative():
    pattern = "SGD: weight_decay: expected a number >= 0, got -0.1$"
    refused(lambda: SGD(0.1, weight_decay=-0.1), [], ValueError, pattern)
    SGD(0.1, weight_decay=0)


@pytest.mark.parametrize("bad", [0, -0.1, np.nan, "0.1", None, True])
def test_the_toy_model_s_learning_rate(bad):
    model = ToyModel((1, 2, 3, 4), (1, 1, 1, 1))
    model.forward(1.0, 1.0)
    error = ValueError if isinstance(bad, (int, float)) and bad is not True else TypeError
    refused(lambda: model.update(bad), [model], error, "ToyModel: learning_rate: expected .*, got ")


@pytest.mark.parametrize(
    "bad, error, got",
    [
        ((1, 2, 3), ValueError, "3"),
        ((1, 2, 3, 4, 5), ValueError, "5"),
        ((), ValueError, "0"),
        (None, TypeError, "NoneType"),
        (1.0, TypeError, "float"),
    ],
)
def test_the_toy_model_s_four_numbers(bad, error, got):
    four = (1, 2, 3, 4)
    for name, call in {
        "ToyModel: beta": lambda: ToyModel(bad, four),
        "ToyModel: omega": lambda: ToyModel(four, bad),
        "record: beta": lambda: toy.record(bad, four, 0, 0),
        "record: omega": lambda: toy.record(four, bad, 0, 0),
    }.items():
        refused(call, [], error, f"{name}: expected 4 numbers, got {got}$")


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


@pytest.mark.parametrize("bad", [[0, 1, 2], [0, 1, 2, 0, 1]])
def test_as_many_labels_as_samples(bad):
    pattern = rf"SoftmaxCrossEntropy: labels: expected shape \(4,\), got \({len(bad)},\)"
    refused(lambda: SoftmaxCrossEntropy().forward(A, bad), [], ValueError, pattern)


@pytest.mark.parametrize("bad, found", [([[-0.5, 0.5]], "-0.5 to 0.5"), ([[0, 1.25]], "0 to 1.25")])
def test_binary_targets_outside_0_and_1(bad, found):
    pattern = rf"BinaryCrossEntropy: Y: expected targets in \[0, 1\], got {found}"
    refused(lambda: BinaryCrossEntropy().forward([[0.0, 0.0]], bad), [], ValueError, pattern)


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


@pytest.mark.parametrize("layer, A", [(Dense(W, B), A), (Conv2D(KERNELS, B), IMAGES)])
def test_gradients_before_backward(layer, A):
    pattern = f"{layer.name}: call backward before asking for gradients"
    refused(layer.gradients, [layer], RuntimeError, pattern)
    layer.forward(A)
    refused(layer.gradients, [layer], RuntimeError, pattern)
    refused(Sequential([layer]).gradients, [layer], RuntimeError, pattern)


def test_gradients_before_backward_of_a_layer_with_one_parameter():
    class Scale(Layer):
        parameter_names = ("factor",)

    refused(Scale().gradients, [], RuntimeError, "Scale: call backward before asking")


def test_a_refused_forward_pass_does_not_spoil_the_last_one():
    layer = Dense(W, B)
    layer.forward(A)
    expected = layer.backward(DZ)
    refused(lambda: layer.forward(A.T), [layer], ValueError, "Dense: A: expected")
    np.testing.assert_array_equal(layer.backward(DZ), expected)


# Networks and lists of layers.


@pytest.mark.parametrize(
    "call, error, pattern",
    [
        (lambda: Sequential([]), ValueError, "Sequential: expected at least one layer, got none"),
        (lambda: Sequential([ReLU(), 3]), TypeError, "Sequential: expected layers, got int"),
        (lambda: Sequential([Dense]), TypeError, "Sequential: expected layers, got type"),
        (lambda: Sequential([len]), TypeError, "Sequential: expected layers, got builtin_function"),
        (lambda: Sequential([ReLU()] * 2), ValueError, "Sequential: the same layer object occurs"),
        (
            lambda: Dense(W, B).output_shape((4,)),
            ValueError,
            r"Dense: expected input \(3,\), got \(4,\)",
        ),
        (
            lambda: Dense(W, B).output_shape((1, 3)),
            ValueError,
            r"Dense: expected input \(3,\), got \(1, 3\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((2, 8, 8)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(2, 8, 8\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((64,)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(64,\)",
        ),
        (
            lambda: Conv2D(KERNELS, B).output_shape((1, 8)),
            ValueError,
            r"Conv2D: expected input \(1, height, width\), got \(1, 8\)",
        ),
        *(
            (
                lambda shape=shape: MaxPool2D(2).output_shape(shape),
                ValueError,
                re.escape(f"MaxPool2D: expected input (channels, height, width), got {shape}"),
            )
            for shape in [(8, 8), (1, 8, 8, 1)]
        ),
        (
            lambda: small_cnn().summary((1, 8, 8)),
            ValueError,
            r"Dense: expected input \(18,\), got \(75,\)",
        ),
        (
            lambda: deltas.feed_forward(A, [W], [B, B]),
            ValueError,
            "feed_forward: expected as many biases as weights, .* got 1 weights and 2 biases",
        ),
        (
            lambda: deltas.backpropagate(A, DZ, [], []),
            ValueError,
            "feed_forward: expected .* at least one, got 0 weights and 0 biases",
        ),
        (
            lambda: deltas.feed_forward(A, [W, W], [B, B]),
            ValueError,
            r"feed_forward: W of layer 2: expected shape \(n_out, 2\), got \(2, 3\)",
        ),
        (
            lambda: datasets.split(A, [0, 1, 2], rng()),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(3,\)",
        ),
        (
            lambda: datasets.split(A, [[0, 1, 2, 3]], rng()),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(1, 4\)",
        ),
        (
            lambda: datasets.split(A, [[0], [1], [2], [3]], rng()),
            ValueError,
            r"split: images \(3, 4\) do not go with labels \(4, 1\)",
        ),
        (
            lambda: datasets.split(3.0, [0], rng()),
            ValueError,
            r"split: images \(\) do not go with labels \(1,\)",
        ),
        (
            lambda: training.accuracy(Sequential([ReLU()]), IMAGES, [0, 1, 2]),
            ValueError,
            r"accuracy: scores: expected shape \(classes, m\), got \(1, 4, 5, 3\)",
        ),
    ],
)
def test_networks_and_lists(call, error, pattern):
    refused(call, [], error, pattern)


# Optimisers: everything is checked before anything moves.


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize(
    "parameter, gradients, error, message",
    [
        (
            np.ones(2),
            {"a": np.ones(2)},
            ValueError,
            r"expected gradients for \['a', 'w'\], got \['a'\]",
        ),
        (
            np.ones(2),
            {"a": np.ones(2), "w": np.ones(2), "x": 1.0},
            ValueError,
            r"expected gradients for \['a', 'w'\], got \['a', 'w', 'x'\]",
        ),
        (
            np.ones(2),
            {"a": np.ones(2), "w": np.ones((2, 1))},
            ValueError,
            r"gradient of w: expected shape \(2,\), got \(2, 1\)",
        ),
        (
            np.ones(2, int),
            {"a": np.ones(2), "w": np.ones(2)},
            TypeError,
            r"w: expected an array of floats to update, got array\(\[1, 1\]\)",
        ),
        (
            [1.0, 1.0],
            {"a": np.ones(2), "w": np.ones(2)},
            TypeError,
            r"w: expected an array of floats to update, got \[1.0, 1.0\]",
        ),
        (
            np.broadcast_to(1.0, 2),
            {"a": np.ones(2), "w": np.ones(2)},
            ValueError,
            "w: expected a writeable array, got a read-only one",
        ),
    ],
)
def test_steps_that_do_not_fit(make, parameter, gradients, error, message):
    optimizer, parameters = make(), {"a": np.ones(2), "w": parameter}
    name = type(optimizer).__name__
    call = lambda: optimizer.step(parameters, gradients)  # noqa: E731
    refused(call, [optimizer, parameters], error, f"{name}: {message}")


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (3,)])
def test_an_optimiser_that_remembers_another_network(make, shape):
    """Its memory would broadcast, or fail half-way."""
    optimizer, name = make(), type(make()).__name__
    optimizer.step({"1.W": np.ones((1, 2))}, {"1.W": np.ones((1, 2))})
    other = {"1.W": np.ones(shape)}
    before, now = (re.escape(str([("1.W", size)])) for size in ((1, 2), shape))
    pattern = rf"{name}: expected parameters of shapes {before} as .* got {now}; make a new {name}"
    refused(lambda: optimizer.step(other, other), [optimizer, other], ValueError, pattern)


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
def test_an_optimiser_whose_parameters_changed_their_order(make):
    """Its memory is one vector: it would go to the wrong parameters."""
    optimizer, name = make(), type(make()).__name__
    optimizer.step({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    other = {"b": np.ones(2), "a": np.ones(2)}
    pattern = f"{name}: expected parameters of shapes .*; make a new {name} for another network"
    refused(lambda: optimizer.step(other, other), [optimizer, other], ValueError, pattern)


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
def test_nothing_to_optimise(make):
    pattern = f"{type(make()).__name__}: expected gradients for at least one parameter, got "
    refused(lambda: make().step({}, {}), [], ValueError, pattern)


# Shapes inside a network: refused before the first layer computes.


@pytest.mark.parametrize(
    "call, pattern",
    [
        (
            lambda n: n.forward(random_array(1, 8, 8, 3)),
            r"Dense: expected input \(18,\), got \(75,\)",
        ),
        (
            lambda n: n.forward(random_array(2, 6, 5, 3)),
            r"Conv2D: expected input \(1, height, width",
        ),
        (
            lambda n: n.forward(random_array(3, 1, 6, 5)),
            r"Conv2D: expected input \(1, .*, got \(3, 1",
        ),
        (lambda n: n.forward(random_array(30, 3)), r"Conv2D: expected input \(1, .*, got \(30,\)"),
        (lambda n: n.forward(random_array(1, 2, 2, 3)), "Conv2D: A: expected images at least as"),
        (lambda n: n.forward(3.0), "Conv2D: expected input"),
        (lambda n: n.backward(random_array(4, 3)), r"Sequential: dA: expected shape \(4, 2\), got"),
    ],
)
def test_a_network_refuses_shapes_before_it_computes(call, pattern):
    network = Sequential(small_cnn().layers[:-1])
    network.forward(random_array(1, 6, 5, 2))
    network.backward(random_array(4, 2))
    owners = [network, *network.layers]
    refused(lambda: call(network), owners, ValueError, pattern)


def test_weights_too_large_for_the_input_are_named():
    network = Sequential([Dense([[1.0]], [[0.0]]), Dense([[1e300]], [[0.0]]), ReLU()])
    good = network.forward([[1.0]])
    pattern = "Sequential: layer 2, Dense: the output is not finite$"
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=pattern):
        network.forward([[1e300]])
    assert good == 1e300


def test_a_network_without_parameters_has_nothing_to_learn():
    network = Sequential([ReLU(), Flatten()])
    network.forward(IMAGES)
    pattern = "Sequential: no layer has parameters: there is no gradient to compute"
    refused(
        lambda: network.backward(random_array(20, 3), input_gradient=False),
        [],
        ValueError,
        pattern,
    )


# Saved networks.


def stored(path, **changes):
    """Write a file like the one that a saved network of ``mlp(2, 1)`` makes, with changes."""
    network = mlp(2, 1)
    arrays = {"layers": [repr(layer) for layer in network.layers], **network.parameters()}
    arrays |= {name.replace("_", "."): array for name, array in changes.items()}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def promise_more(path):
    """Write 81 biases into the header and the archive's directory, where the file holds one."""
    stored(path)
    content = bytearray(path.read_bytes().replace(b"(1, 1)", b"(9, 9)"))
    sizes = content.rindex(b"PK\x01\x02") + 20  # of the last entry: packed, unpacked
    content[sizes : sizes + 8] = 2 * (128 + 81 * 8).to_bytes(4, "little")
    path.write_bytes(content)


def without_middle(content):
    return content[:300] + content[700:]


BAD_FILES = {
    "text": (lambda path: path.write_text("weights"), "is not a saved network: "),
    "nothing": (lambda path: path.write_bytes(b""), "is not a saved network: "),
    "cut short": (
        lambda path: (stored(path), path.write_bytes(path.read_bytes()[:-100])),
        "is not a saved network: ",
    ),
    "shorter than it says": (promise_more, "is not a saved network: "),
    "without its middle": (
        lambda path: (stored(path), path.write_bytes(without_middle(path.read_bytes()))),
        "is not a saved network: ",
    ),
    "damaged": (
        lambda path: (
            stored(path),
            path.write_bytes(path.read_bytes().replace(b"descr", b"dscer")),
        ),
        "is not a saved network: ",
    ),
    "one array": (
        lambda path: (
            np.save(path.with_suffix(".npy"), np.ones(3)),
            path.with_suffix(".npy").rename(path),
        ),
        "is not a saved network: File is not a zip file",
    ),
    "pickled": (
        lambda path: stored(path, layers=np.array([{}, []], object)),
        "is not a saved network: Object arrays cannot be loaded",
    ),
    "other arrays": (
        lambda path: np.savez(path, a=np.ones(3)),
        r"expected the layers .*, got \[\] ",
    ),
    "another network": (lambda path: mlp(2, 2).save(path), "expected the layers .*W: .1, 2"),
    "another activation": (
        lambda path: mlp(2, 1, last=Tanh).save(path),
        r"expected .*Identity\(\)'\] .*, got .*Tanh\(\)'\]",
    ),
    "a parameter less": (
        lambda path: stored(path, **{"1_b": None}),
        r"expected .* with \['1.W', '1.b'\], got .* with \['1.W'\]",
    ),
    "a parameter more": (
        lambda path: stored(path, **{"2_W": [[1.0]]}),
        r"expected .* with \['1.W', '1.b'\], got .* with \['1.W', '1.b', '2.W'\]",
    ),
    "a shape": (
        lambda path: stored(path, **{"1_W": np.ones((2, 1))}),
        r"1.W: expected shape \(1, 2\), got \(2, 1\)",
    ),
    "a bias of another shape": (
        lambda path: stored(path, **{"1_b": np.ones(1)}),
        r"1.b: expected shape \(1, 1\), got \(1,\)",
    ),
    "a precision": (
        lambda path: stored(path, **{"1_W": np.ones((1, 2), np.float32)}),
        "1.W: expected float64, got float32",
    ),
    "integers": (
        lambda path: stored(path, **{"1_W": np.ones((1, 2), int)}),
        "1.W: expected float64, got int64",
    ),
    "NaN": (
        lambda path: stored(path, **{"1_b": np.array([[np.nan]])}),
        r"1.b: expected finite numbers, got nan at \(0, 0\)",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_files_that_are_not_this_network(kind, tmp_path):
    write, message = BAD_FILES[kind]
    network, path = mlp(2, 1), tmp_path / "network.npz"
    write(path)
    pattern = rf"Sequential\.load: {re.escape(str(path))}:? {message}"
    refused(lambda: network.load(path), [network.parameters()], ValueError, pattern)
    stored(path)
    network.load(path)  # and the good one is still accepted


@pytest.mark.parametrize("verb", ["save", "load"])
def test_paths_of_saved_networks(verb, tmp_path):
    call = getattr(mlp(2, 1), verb)
    pattern = rf"Sequential.{verb}: path: expected a name ending in .npz, got '.*network'"
    refused(lambda: call(tmp_path / "network"), [], ValueError, pattern)
    refused(lambda: call(3), [], TypeError, "expected str, bytes or os.PathLike object, not int")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    refused(lambda: mlp(2, 1).load(tmp_path / "a.npz"), [], FileNotFoundError, ".*a.npz")


# Training: whatever is wrong, and wherever in the data, no weight has moved when it is reported.

SAMPLES, TARGETS, LABELS = random_array(2, 12), random_array(3, 12), np.arange(12) % 3


def last_replaced(array, entry):
    bad = array.copy()
    bad[..., -1] = entry
    return bad


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize(
    "loss, change, error, pattern",
    [
        (
            HalfSquaredError,
            {"X": last_replaced(SAMPLES, np.nan)},
            ValueError,
            "fit: X: expected fin",
        ),
        (HalfSquaredError, {"X": SAMPLES.astype(str)}, TypeError, "fit: X: expected real"),
        (HalfSquaredError, {"X": None}, TypeError, "fit: X: expected real"),
        (HalfSquaredError, {"X": SAMPLES[:, :0]}, ValueError, "fit: X: expected at least one"),
        (
            HalfSquaredError,
            {"X": SAMPLES.T},
            ValueError,
            r"fit: expected .* \(12, 2\) and \(3, 12\)",
        ),
        (
            HalfSquaredError,
            {"X": SAMPLES[0]},
            ValueError,
            r"fit: expected .* \(12,\) and \(3, 12\)",
        ),
        (HalfSquaredError, {"X": 3.0}, ValueError, r"fit: expected .* \(\) and \(3, 12\)"),
        (
            HalfSquaredError,
            {"X": SAMPLES[:1]},
            ValueError,
            r"Dense: expected input \(2,\), got \(1,\)",
        ),
        (HalfSquaredError, {"Y": TARGETS[:, 1:]}, ValueError, r"fit: expected .* and \(3, 11\)"),
        (HalfSquaredError, {"Y": 3.0}, ValueError, r"fit: expected .* and \(\)"),
        (
            HalfSquaredError,
            {"Y": [[1.0], [1.0, 2.0]]},
            ValueError,
            "fit: Y: expected a rectangular",
        ),
        (
            HalfSquaredError,
            {"Y": TARGETS > 0},
            TypeError,
            "fit: Y: expected real numbers, got dtype",
        ),
        (
            HalfSquaredError,
            {"Y": last_replaced(TARGETS, np.inf)},
            ValueError,
            "fit: Y: expected fin",
        ),
        (
            HalfSquaredError,
            {"Y": TARGETS[:2]},
            ValueError,
            r"HalfSquaredError: Y: expected shape \(3, 12\), got \(2, 12\)",
        ),
        (
            BinaryCrossEntropy,
            {"Y": last_replaced(TARGETS * 0, 1.5)},
            ValueError,
            r"BinaryCrossEntropy: Y: expected targets in \[0, 1\], got 0 to 1.5",
        ),
        (
            SoftmaxCrossEntropy,
            {"Y": last_replaced(LABELS, 3)},
            ValueError,
            "SoftmaxCrossEntropy: labels: expected labels 0 to 2, got 3",
        ),
        (
            SoftmaxCrossEntropy,
            {"Y": LABELS * 1.0},
            TypeError,
            "SoftmaxCrossEntropy: labels: expected integer labels, got dtype float64",
        ),
        (HalfSquaredError, {"epochs": 0}, ValueError, "fit: epochs: expected a whole number >= 1"),
        (HalfSquaredError, {"epochs": 1.5}, TypeError, "fit: epochs: expected .*, got float"),
        (
            HalfSquaredError,
            {"batch_size": 0},
            ValueError,
            "minibatches: batch_size: expected .*, got 0",
        ),
        (HalfSquaredError, {"batch_size": "4"}, TypeError, "minibatches: batch_size: .*, got str"),
        (HalfSquaredError, {"rng": 0}, TypeError, "minibatches: rng: expected .*, got int"),
    ],
)
def test_fit_changes_nothing_before_it_has_checked_everything(make, loss, change, error, pattern):
    network, optimizer = mlp(2, 4, 3), make()
    good = {"X": SAMPLES, "Y": LABELS if loss is SoftmaxCrossEntropy else TARGETS}
    arguments = good | {"epochs": 2, "batch_size": 4, "rng": rng()} | change
    X, Y = arguments.pop("X"), arguments.pop("Y")
    # the last sample comes in the first batch or in a later one
    refused(
        lambda: fit(network, loss(), X, Y, optimizer, **arguments),
        [network.parameters(), optimizer],
        error,
        pattern,
    )


def test_layers_of_a_network_that_do_not_fit_each_other():
    network = Sequential([random_dense(2, 3), random_dense(4, 1)])
    pattern = r"Dense: expected input \(4,\), got \(3,\)"
    refused(
        lambda: network.forward(random_array(2, 5)), [network.parameters()], ValueError, pattern
    )


def test_convolution_needs_images():
    pattern = r"Conv2D: A: expected shape \(1, height, width, m\), got \(4, 6\)"
    refused(lambda: random_conv(1, 1, 2, 2).forward(random_array(4, 6)), [], ValueError, pattern)
