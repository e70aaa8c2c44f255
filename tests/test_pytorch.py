"""PyTorch as a second witness: random networks, every value and every gradient equal to autograd's.

Each case is drawn from its seed, so ``pytest "tests/test_pytorch.py::test_conv[17]"`` repeats one.
There are 300; ``DEEP=1`` in the environment makes it 5,000.
"""

import os
from itertools import product

import numpy as np
import pytest
from helpers import NO_TORCH, mlp, random_array, without

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
    conv,
)

try:
    import torch
except ImportError:
    torch = None

SEEDS = range(2500 if os.environ.get("DEEP") else 150)
ACTIVATIONS = [Identity, Sigmoid, Tanh, ReLU, Softplus]
LOSSES = [HalfSquaredError, SquaredError, BinaryCrossEntropy, SoftmaxCrossEntropy]

# Both add the same numbers in another order: some hundred roundings of 1e-16, or of 6e-8 in single
# precision. They count next to the largest entry of an array, because a small entry is a
# difference of terms of that size, and rounds as they do. A wrong rule is wrong in the first digits.
TOLERANCE = {np.float64: 1e-10, np.float32: 1e-4}

# Three kinds of draws prove nothing and are drawn again. Closer than this to the kink of a ReLU,
# or to a tie in pooling, single precision may stand on the other side, and both sides are right.
MARGIN = 1e-3
# And where PyTorch's single precision is further than this from its double precision, a whole
# array is a difference of much larger terms, in which single precision keeps too few digits.
CANCELLED = 1e-5
MOST_REDRAWS = 20


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """PyTorch on one thread, or the reason why it does not run at all."""
    if torch is None:
        without(NO_TORCH)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def to_torch(array, name="A"):
    """Convert one of our arrays to PyTorch's layout, as a tensor that records its gradient.

    Weights and kernels are laid out alike. Biases (n, 1) become (n,). In everything else, the
    batch moves from the last axis to the first: (n, m) to (m, n), and images
    (channels, height, width, m) to (m, channels, height, width).
    """
    if name == "b":
        array = array[:, 0]
    elif name != "W":
        array = np.moveaxis(array, -1, 0)
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def torch_layer(layer, A, W=None, b=None):
    """What PyTorch makes of A in the place of one of our layers."""
    F = torch.nn.functional
    match layer:
        case Dense():
            return F.linear(A, W, b)
        case Conv2D():
            return F.conv2d(A, W, b, layer.stride, layer.padding)
        case MaxPool2D():
            return F.max_pool2d(A, layer.size, layer.stride)
        case Flatten():
            return torch.flatten(A, start_dim=1)
        case Identity():
            return A * 1  # a tensor of its own
        case Sigmoid() | Tanh() | ReLU() | Softplus():
            return getattr(F, layer.name.lower())(A)


def torch_loss(loss, A, Y):
    """The loss as PyTorch computes it: reductions are written out where its own differ."""
    F, m = torch.nn.functional, len(A)
    match loss:
        case HalfSquaredError():
            return F.mse_loss(A, Y, reduction="sum") / (2 * m)
        case SquaredError():
            return F.mse_loss(A, Y, reduction="sum") / m
        case BinaryCrossEntropy():
            return F.binary_cross_entropy_with_logits(A, Y, reduction="sum") / m
        case SoftmaxCrossEntropy():
            return F.cross_entropy(A, Y)


def ours(net, loss, A, Y):
    """Return by name every layer's output, the loss and every gradient, in PyTorch's layout."""
    J = loss.forward(net.forward(A), Y)
    results = {f"output of layer {k}": out for k, out in enumerate(net.outputs, start=1)}
    results["dA"] = net.backward(loss.backward())
    results |= {f"d{name}": G for name, G in net.gradients().items()}
    results = {key: to_torch(array, key.split(".")[-1]) for key, array in results.items()}
    return results | {"loss": torch.tensor(J, dtype=results["dA"].dtype)}


def theirs(net, loss, A, Y):
    """Return the same from PyTorch's operations and its automatic differentiation."""
    start = out = to_torch(A)
    parameters, results = {}, {}
    for k, layer in enumerate(net.layers, start=1):
        P = {name: to_torch(array, name) for name, array in layer.parameters().items()}
        parameters |= {f"d{k}.{name}": tensor for name, tensor in P.items()}
        out = results[f"output of layer {k}"] = torch_layer(layer, out, **P)
    J = results["loss"] = torch_loss(loss, out, to_torch(Y))
    J.backward()
    results["dA"] = start.grad
    return results | {name: tensor.grad for name, tensor in parameters.items()}


def assert_same(net, loss, A, Y, tolerance):
    """Compare all that ``ours`` and ``theirs`` return, shapes and types included."""
    got, expected = ours(net, loss, A, Y), theirs(net, loss, A, Y)
    assert got.keys() == expected.keys()
    for name, tensor in expected.items():
        assert (got[name].shape, got[name].dtype) == (tensor.shape, tensor.dtype), name
    assert differences(got, expected, tolerance) == [], net.layers


def differences(got, expected, tolerance):
    """List the arrays of which an entry is off by more than that share of the largest entry."""
    found = []
    for name, tensor in expected.items():
        error, largest = (got[name] - tensor).abs().max().item(), tensor.abs().max().item()
        if not error <= tolerance * largest:
            found.append(f"{name}: off by {error:.1e} next to {largest:.1e}")
    return found


def normal_layer(rng, cls, shape, **settings):
    """Draw weights that keep the size of what passes through them, and biases half as large."""
    W = rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
    return cls, [W, rng.normal(size=(shape[0], 1)) / 2], settings


def draw_dense(rng):
    """Draw 1 to 6 dense layers of 1 to 9 neurons, each with an activation of its own."""
    widths = rng.integers(1, 10, size=rng.integers(2, 8)).tolist()
    layers = []
    for n_in, n_out in zip(widths[:-1], widths[1:], strict=True):
        layers.append(normal_layer(rng, Dense, (n_out, n_in)))
        layers.append((rng.choice(ACTIVATIONS), [], {}))
    return layers, widths[:1], widths[-1]


def draw_conv(rng):
    """Draw 1 to 3 convolutions, some with pooling behind them, then a dense layer."""
    start = channels, *size = rng.integers(1, [4, 7, 7]).tolist()
    layers = []
    for _ in range(rng.integers(1, 4)):
        kh, kw, stride, padding = draw_geometry(rng, size, product([1, 2, 3], repeat=3), [0, 1])
        filters = rng.integers(1, 4)
        settings = dict(stride=stride, padding=padding)
        layers.append(normal_layer(rng, Conv2D, (filters, channels, kh, kw), **settings))
        layers.append((rng.choice(ACTIVATIONS), [], {}))
        channels, size = filters, positions(size, (kh, kw), stride, padding)
        if rng.random() < 0.5:
            squares = [(n, n, stride) for n, stride in product([1, 2, 3], repeat=2)]
            n, _, stride, _ = draw_geometry(rng, size, squares, [0])
            layers.append((MaxPool2D, [], dict(size=n, stride=stride)))
            size = positions(size, (n, n), stride, 0)
    n_out = rng.integers(1, 10)
    layers += [(Flatten, [], {}), normal_layer(rng, Dense, (n_out, channels * size[0] * size[1]))]
    return layers, start, n_out


def draw_geometry(rng, size, windows, paddings):
    """Draw one of those (height, width, stride) and padding that cover the image exactly."""
    return rng.choice(
        [
            (kh, kw, stride, padding)
            for (kh, kw, stride), padding in product(windows, paddings)
            for spare in [[n + 2 * padding - k for n, k in zip(size, (kh, kw), strict=True)]]
            if min(spare) >= 0 and not any(s % stride for s in spare)
        ]
    ).tolist()


def positions(size, window, stride, padding):
    return [(n + 2 * padding - k) // stride + 1 for n, k in zip(size, window, strict=True)]


def draw_targets(rng, loss, n_out, m):
    """Draw what the loss compares with: labels, certain or uncertain probabilities, or numbers."""
    if loss is SoftmaxCrossEntropy:
        return rng.integers(n_out, size=m)
    if loss is BinaryCrossEntropy:
        P = rng.random((n_out, m))
        return P if rng.random() < 0.5 else P.round()
    return rng.normal(size=(n_out, m))


def build(layers, loss, A, Y, dtype):
    """Return network, loss, inputs and targets in one precision; labels stay integers."""
    net = Sequential(
        [cls(*[P.astype(dtype) for P in arrays], **settings) for cls, arrays, settings in layers]
    )
    return net, loss(), A.astype(dtype), Y if Y.dtype.kind == "i" else Y.astype(dtype)


def draw(seed, draw_layers):
    """Return what ``build`` takes, with a batch of 1 to 7, and how often it was drawn again."""
    rng = np.random.default_rng(seed)
    for redraws in range(MOST_REDRAWS):
        layers, shape, n_out = draw_layers(rng)
        m, loss = rng.integers(1, 8), rng.choice(LOSSES)
        case = layers, loss, rng.normal(size=(*shape, m)), draw_targets(rng, loss, n_out, m)
        if clear_of_kinks(*build(*case, np.float64)) and not cancels(case):
            return case, redraws
    raise AssertionError(f"seed {seed}: {MOST_REDRAWS} draws in a row prove nothing")


def cancels(case):
    single, double = (theirs(*build(*case, dtype)) for dtype in (np.float32, np.float64))
    return differences(single, double, CANCELLED) != []


def clear_of_kinks(net, loss, A, Y):
    """Say whether no ReLU stands near 0 and no two entries compete for the same window.

    Entries that tie exactly may stay: the first one counts, by our rule and by PyTorch's.
    """
    net.forward(A)
    for layer, A in zip(net.layers, [A, *net.outputs[:-1]], strict=True):  # noqa: B020
        if isinstance(layer, ReLU) and np.abs(A).min() < MARGIN:
            return False
        if isinstance(layer, MaxPool2D) and layer.size > 1:
            windows = np.lib.stride_tricks.sliding_window_view(A, [layer.size] * 2, axis=(1, 2))
            entries = windows[:, :: layer.stride, :: layer.stride].reshape(-1, layer.size**2)
            lead = np.diff(np.sort(entries))[:, -1]
            if ((lead > 0) & (lead < MARGIN)).any():
                return False
    return True


def check(seed, draw_layers):
    case, redraws = draw(seed, draw_layers)
    for dtype, tolerance in TOLERANCE.items():
        assert_same(*build(*case, dtype), tolerance)
    return redraws


@pytest.mark.parametrize("seed", SEEDS)
def test_dense(seed, record_property):
    record_property("redraws", check(seed, draw_dense))


@pytest.mark.parametrize("seed", SEEDS)
def test_conv(seed, record_property, monkeypatch):
    """Images of every size go the way of the small ones, or of the large ones, in turn."""
    monkeypatch.setattr(conv, "COLUMNS", [np.inf, 0][seed % 2])
    record_property("redraws", check(seed, draw_conv))


LAYERS = [Dense, Conv2D, MaxPool2D, Flatten, *ACTIVATIONS]


@pytest.mark.parametrize("method", ["forward", "backward"])
@pytest.mark.parametrize("kind", [*LAYERS, *LOSSES], ids=lambda kind: kind.__name__)
def test_a_rule_that_is_wrong_by_half_a_thousandth_is_found(kind, method, monkeypatch):
    right = getattr(kind, method)
    monkeypatch.setattr(kind, method, lambda self, *args: 1.0005 * right(self, *args))
    with pytest.raises(AssertionError, match="off by"):
        for seed in range(20):
            check(seed, draw_dense)
            check(seed, draw_conv)


@pytest.mark.parametrize("kind", [Dense, Conv2D], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("gradient", ["dW", "db"])
def test_a_gradient_that_is_wrong_by_half_a_thousandth_is_found(kind, gradient, monkeypatch):
    right = kind.gradients

    def wrong(self):
        return {
            name: G * (1.0005 if f"d{name}" == gradient else 1) for name, G in right(self).items()
        }

    monkeypatch.setattr(kind, "gradients", wrong)
    with pytest.raises(AssertionError, match="off by"):
        for seed in range(20):
            check(seed, draw_dense)
            check(seed, draw_conv)


@pytest.mark.parametrize("size, stride", [(2, 2), (2, 1), (3, 1), (3, 3)])
def test_ties_in_pooling_go_where_pytorch_sends_them(size, stride):
    """Of three values, most windows hold the largest one more than once."""
    A = np.random.default_rng(size).integers(3, size=(2, 6, 6, 3)).astype(np.float64)
    net = Sequential([MaxPool2D(size, stride), Flatten()])
    Y = random_array(*net.forward(A).shape)
    assert_same(net, SquaredError(), A, Y, TOLERANCE[np.float64])


OPTIMISERS = {
    "plain": (lambda: SGD(0.1), lambda P: torch.optim.SGD(P, 0.1)),
    "momentum": (
        lambda: SGD(0.1, momentum=0.9),
        lambda P: torch.optim.SGD(P, 0.1, momentum=0.9),
    ),
    "weight decay": (
        lambda: SGD(0.1, weight_decay=0.05),
        lambda P: torch.optim.SGD(P, 0.1, weight_decay=0.05),
    ),
    "momentum and weight decay": (
        lambda: SGD(0.1, momentum=0.5, weight_decay=0.05),
        lambda P: torch.optim.SGD(P, 0.1, momentum=0.5, weight_decay=0.05),
    ),
    "Adam": (lambda: Adam(), lambda P: torch.optim.Adam(P)),
    "Adam, own numbers": (
        lambda: Adam(0.1, beta1=0.7, beta2=0.9, epsilon=0.01),
        lambda P: torch.optim.Adam(P, 0.1, betas=(0.7, 0.9), eps=0.01),
    ),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_twenty_steps_of_an_optimiser(name):
    """Each trains its own copy of a network on its own gradients."""
    make, make_torch = OPTIMISERS[name]
    net, loss = mlp(3, 4, 2, activation=Tanh), HalfSquaredError()
    A, Y = random_array(3, 5, seed=7), random_array(2, 5, seed=8)
    start = {key: P.copy() for key, P in net.parameters().items()}
    tensors = {key: to_torch(P, key[-1]) for key, P in start.items()}
    optimizer, torch_optimizer = make(), make_torch(list(tensors.values()))
    for _ in range(20):
        loss.forward(net.forward(A), Y)
        net.backward(loss.backward())
        optimizer.step(net.parameters(), net.gradients())
        out = to_torch(A)
        for k, layer in enumerate(net.layers, start=1):
            P = {key[-1]: tensor for key, tensor in tensors.items() if key.startswith(f"{k}.")}
            out = torch_layer(layer, out, **P)
        torch_optimizer.zero_grad()
        torch_loss(loss, out, to_torch(Y)).backward()
        torch_optimizer.step()
        for key, P in net.parameters().items():
            got, expected = to_torch(P, key[-1]), tensors[key]
            assert (got - expected).abs().max() <= 1e-10 * expected.abs().max(), key
    assert all((net.parameters()[key] != P).all() for key, P in start.items())
