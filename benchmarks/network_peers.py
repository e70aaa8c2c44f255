"""One gradient of a network, by this library and by its peers.

Each function takes a ``Problem`` and returns a ``Peer``, or ``None`` where the problem is not one
for it. A gradient is the forward pass, the loss, and the backward pass for every parameter; the
input has no gradient. Weights and data are put into each library's own layout beforehand.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from backprop_lib import Conv2D, Dense, Flatten, HalfSquaredError, ReLU, Sigmoid, program
from backprop_lib.record import record_network
from benchmarks import closures


class Peer(NamedTuple):
    """``step`` computes one gradient; ``read`` turns what it returned into (loss, arrays)."""

    step: Callable
    read: Callable


def result(peer):
    """Return (loss, gradients) of a second step, onto which nothing of the first may pile up."""
    peer.step()
    return peer.read(peer.step())


def ours(problem):
    """The library itself; the gradients stay in the layers, as they do for a training step."""
    network, loss, X, Y = problem

    def step():
        J = loss.forward(network.forward(X), Y)
        network.backward(loss.backward(), input_gradient=False)
        return J

    return Peer(step, lambda J: (J, [*network.gradients().values()]))


def compiled(example):
    """The library's scalar graph of a worked network, as a straight-line program made once."""
    values = record_network(example)
    lines = program.compile(values["E"])
    numbers = [values[name].data for name in lines.leaves]

    def read(out):
        J, *gradient = out
        d = dict(zip(lines.leaves, gradient, strict=True))
        arrays = []
        for layer, W in enumerate(example.weights, 1):
            rows, columns = ([*range(1, n + 1)] for n in W.shape)
            arrays.append(np.array([[d[f"w{layer}_{j}{i}"] for i in columns] for j in rows]))
            arrays.append(np.array([[d[f"b{layer}_{j}"]] for j in rows]))
        return J, arrays

    return Peer(lambda: lines.gradient(*numbers), read)


def forward(problem):
    """The loss alone, by this library."""
    network, loss, X, Y = problem
    return lambda: loss.forward(network.forward(X), Y)


def pytorch(problem):
    """PyTorch, eager; ``autograd.grad`` needs no gradients to be zeroed."""
    import torch

    model, loss, X, Y = in_pytorch(problem)
    parameters = list(model.parameters())

    def step():
        J = loss(model(X), Y)
        return J, torch.autograd.grad(J, parameters)

    return Peer(step, lambda out: (out[0].item(), [G.numpy() for G in out[1]]))


def autograd(problem):
    """HIPS autograd: the same formulas in its NumPy, differentiated by it."""
    import autograd.numpy as np_autograd
    from autograd import value_and_grad

    layers, (network, loss, X, Y) = problem.network.layers, problem
    gradient = value_and_grad(lambda P: _functional_loss(np_autograd, layers, loss, P, X, Y))
    parameters = [*network.parameters().values()]
    return Peer(lambda: gradient(parameters), lambda out: out)


def jax(problem):
    """JAX, compiled: the same formulas in its NumPy."""
    import jax

    function, parameters, X, Y = in_jax(problem)
    gradient = jax.jit(jax.value_and_grad(lambda P: function(P, X, Y)))
    return Peer(lambda: jax.block_until_ready(gradient(parameters)), lambda out: out)


def scikit_learn(problem):
    """The forward and backward pass inside ``MLPClassifier.fit``, without its Adam step.

    ``_backprop`` is private, but ``partial_fit`` would also validate, encode and update. It is
    given the buffers that ``fit`` gives it.
    """
    network, loss, X, Y = problem
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    others = {type(layer) for layer in network.layers} - {Dense}
    if others != {ReLU} or isinstance(loss, HalfSquaredError):
        return None
    from sklearn.neural_network import MLPClassifier

    hidden = [len(layer.W) for layer in dense[:-1]]
    model = MLPClassifier(hidden, alpha=0.0, batch_size=X.shape[1])
    classes = np.arange(len(dense[-1].W))
    model.partial_fit(np.ascontiguousarray(X.T), Y, classes=classes)
    model.coefs_ = [np.ascontiguousarray(layer.W.T) for layer in dense]
    model.intercepts_ = [layer.b[:, 0] for layer in dense]
    activations = [np.ascontiguousarray(X.T), *([None] * len(dense))]
    dW, db = [np.empty_like(W) for W in model.coefs_], [np.empty_like(b) for b in model.intercepts_]
    deltas = [None] * len(dense)
    one_hot = Y[:, np.newaxis] == classes

    def step():
        return model._backprop(one_hot, one_hot, None, activations, deltas, dW, db)

    def read(out):
        J, dW, db = out
        return J, [G for W, b in zip(dW, db, strict=True) for G in (W.T, b)]

    return Peer(step, read)


def closure_network(problem):
    """The micrograd style: one scalar at a time, for networks of a few neurons."""
    network, loss, X, Y = problem
    if sum(P.size for P in network.parameters().values()) > 100 or X.dtype != np.float64:
        return None
    arrays = [_values(P) for P in network.parameters().values()]
    flat = [value for array in arrays for value in array.flat]
    x, y = [closures.Value(a) for a in X[:, 0].tolist()], Y[:, 0].tolist()

    def step():
        for value in flat:
            value.grad = 0.0
        J = _scalar_loss(network.layers, iter(arrays), x, y)
        J.backward()
        return J

    def read(J):
        return J.data, [np.vectorize(lambda value: value.grad)(array) for array in arrays]

    return Peer(step, read)


PEERS = {
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "closures": ("benchmarks", closure_network),
    "scikit-learn": ("sklearn", scikit_learn),
    "JAX": ("jax", jax),
}


def installed(peers):
    """Return those entries of a table of peers whose package is there, as name to function."""
    return {name: peer for name, (package, peer) in peers.items() if find_spec(package)}


def in_pytorch(problem):
    """Return the problem as a PyTorch model, loss function, X and Y, with the batch first."""
    import torch

    model = torch.nn.Sequential(*map(_torch_layer, problem.network.layers))
    X = torch.from_numpy(np.ascontiguousarray(np.moveaxis(problem.X, -1, 0)))
    Y = torch.from_numpy(np.ascontiguousarray(problem.Y.T))
    return model, _torch_loss(problem.loss), X, Y


def in_jax(problem):
    """Return the problem's loss as a JAX function of parameters, X and Y, and those three."""
    import jax
    import jax.numpy as np_jax

    jax.config.update("jax_enable_x64", True)
    network, loss, X, Y = problem
    parameters = [np_jax.asarray(P) for P in network.parameters().values()]

    def function(P, X, Y):
        return _functional_loss(np_jax, network.layers, loss, P, X, Y)

    return function, parameters, np_jax.asarray(X), np_jax.asarray(Y)


def jax_adam(function, parameters, X, Y, beta2=0.999):
    """Return a step of Adam in JAX, compiled for arrays of these shapes, and its first state.

    ``state = step(state, X, Y, learning_rate)``; a state begins with the parameters.
    """
    import jax
    import jax.numpy as np_jax

    @jax.jit
    def step(state, X, Y, rate):
        parameters, means, squares, t = state
        gradients, t = jax.grad(function)(parameters, X, Y), t + 1
        means = [0.9 * M + 0.1 * G for M, G in zip(means, gradients, strict=True)]
        squares = [beta2 * S + (1 - beta2) * G * G for S, G in zip(squares, gradients, strict=True)]
        moved = [
            P - rate * (M / (1 - 0.9**t)) / (np_jax.sqrt(S / (1 - beta2**t)) + 1e-8)
            for P, M, S in zip(parameters, means, squares, strict=True)
        ]
        return moved, means, squares, t

    zeros = [np_jax.zeros_like(P) for P in parameters]
    start = parameters, zeros, zeros, np_jax.zeros((), parameters[0].dtype)
    rate = parameters[0].dtype.type(0.001)
    return step.lower(start, X, Y, rate).compile(), start


def _torch_layer(layer):
    import torch

    if isinstance(layer, Dense | Conv2D):
        make = torch.nn.Linear if isinstance(layer, Dense) else torch.nn.Conv2d
        size = layer.W.shape[1::-1] + layer.W.shape[2:3]  # (in, out), and the kernel's side
        twin = make(*size, dtype=torch.from_numpy(layer.W).dtype)
        with torch.no_grad():
            twin.weight.copy_(torch.from_numpy(layer.W))
            twin.bias.copy_(torch.from_numpy(layer.b[:, 0]))
        return twin
    return {ReLU: torch.nn.ReLU, Sigmoid: torch.nn.Sigmoid, Flatten: torch.nn.Flatten}[
        type(layer)
    ]()


def _torch_loss(loss):
    from torch.nn import functional

    if isinstance(loss, HalfSquaredError):
        return lambda A, Y: functional.mse_loss(A, Y, reduction="sum") / (2 * len(A))
    return functional.cross_entropy


def _functional_loss(np, layers, loss, parameters, A, Y):
    """Return the loss of a network, in the operations of any NumPy."""
    P = iter(parameters)
    for layer in layers:
        if isinstance(layer, Dense):
            A = np.dot(next(P), A) + next(P)
        elif isinstance(layer, Conv2D):
            A = _convolution(np, next(P), next(P), A)
        elif isinstance(layer, Flatten):
            A = np.reshape(A, (-1, A.shape[-1]))
        else:
            A = np.maximum(A, 0) if isinstance(layer, ReLU) else 1 / (1 + np.exp(-A))
    m = A.shape[-1]
    if isinstance(loss, HalfSquaredError):
        return np.sum((A - Y) ** 2) / (2 * m)
    Z = A - np.max(A, axis=0)
    return np.mean(np.log(np.sum(np.exp(Z), axis=0)) - Z[Y, np.arange(m)])


def _convolution(np, W, b, A):
    """Return the sum of one matrix product for each entry of the kernel."""
    (_, _, kh, kw), (_, height, width, _) = W.shape, A.shape
    height, width = height - kh + 1, width - kw + 1
    Z = np.reshape(b, (-1, 1, 1, 1))
    for i in range(kh):
        for j in range(kw):
            Z = Z + np.tensordot(W[:, :, i, j], A[:, i : i + height, j : j + width], 1)
    return Z


def _values(array):
    return np.vectorize(closures.Value, otypes=[object])(array)


def _scalar_loss(layers, arrays, a, y):
    for layer in layers:
        if isinstance(layer, Dense):
            W, b = next(arrays), next(arrays)
            a = [_neuron(row, bias, a) for row, (bias,) in zip(W, b, strict=True)]
        else:
            function = closures.relu if isinstance(layer, ReLU) else closures.sigmoid
            a = [function(z) for z in a]
    errors = [output - target for output, target in zip(a, y, strict=True)]
    return _sum(error * error for error in errors) * 0.5


def _neuron(row, bias, a):
    return _sum([w * x for w, x in zip(row, a, strict=True)]) + bias


def _sum(values):
    first, *others = values
    for value in others:
        first = first + value
    return first
