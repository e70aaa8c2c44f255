"""Learn to read the 8×8 digits in a second, and the same steps in PyTorch.

The recipe: one convolution of 32 kernels, and a dense layer; every training image, and its eight
copies moved by half a pixel; batches of 64; Adam, with a learning rate that rises for 50 steps
and falls in a straight line to 0; single precision. It was chosen with seeds 200 to 327. A seed
decides on everything: the split, the weights and the batches.
"""

import time

import numpy as np

from backprop_lib import Adam, Conv2D, Dense, Flatten, ReLU, Sequential, SoftmaxCrossEntropy
from backprop_lib.datasets import load_digits, shifted, split
from backprop_lib.training import accuracy
from benchmarks.network_peers import in_jax, in_pytorch, jax_adam
from benchmarks.workloads import Problem, cast

STEPS, WARM_UP, BATCH = 1000, 50, 64
LEARNING_RATE, BETA2 = 0.015, 0.99


def train(seed):
    """Return (test accuracy, seconds of training, number of steps)."""
    problem, test_images, test_labels, rng = _problem(seed)
    network, loss, X, labels = problem
    start = time.perf_counter()
    X, labels = _with_half_shifts(X, labels)
    adam, parameters = Adam(beta2=BETA2), network.parameters()
    for rate, batch in _steps(len(labels), rng):
        X_batch = np.ascontiguousarray(np.moveaxis(X[batch], 0, -1))
        loss.forward(network.forward(X_batch), labels[batch])
        network.backward(loss.backward(), input_gradient=False)
        adam.learning_rate = rate
        adam.step(parameters, network.gradients())
    seconds = time.perf_counter() - start
    return accuracy(network, test_images, test_labels), seconds, STEPS


def pytorch_seconds(seed):
    """Return how long PyTorch takes for the same steps."""
    import torch

    problem, _, _, rng = _problem(seed)
    model, loss, _, _ = in_pytorch(problem)
    start = time.perf_counter()
    X, labels = _with_half_shifts(problem.X, problem.Y)
    adam = torch.optim.Adam(model.parameters(), betas=(0.9, BETA2))
    X, labels = torch.from_numpy(X), torch.from_numpy(labels)
    for rate, batch in _steps(len(labels), rng):
        batch = torch.from_numpy(batch)
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        loss(model(X[batch]), labels[batch]).backward()
        adam.step()
    return time.perf_counter() - start


def jax_seconds(seed):
    """Return how long JAX takes for the same steps, once they are compiled."""
    import jax

    problem, _, _, rng = _problem(seed)
    function, parameters, X, Y = in_jax(problem)
    adam, state = jax_adam(function, parameters, X[..., :BATCH], Y[:BATCH], BETA2)
    start = time.perf_counter()
    X, labels = _with_half_shifts(problem.X, problem.Y)
    for rate, batch in _steps(len(labels), rng):
        X_batch = np.ascontiguousarray(np.moveaxis(X[batch], 0, -1))
        state = adam(state, X_batch, labels[batch], np.float32(rate))
    jax.block_until_ready(state)
    return time.perf_counter() - start


PEERS = {"PyTorch": ("torch", pytorch_seconds), "JAX": ("jax", jax_seconds)}


def _problem(seed):
    """Return an untrained network with its training data, the test data, and the generator."""
    rng = np.random.default_rng(seed)
    X, labels, X_test, labels_test = split(*load_digits(), rng)
    layers = [Conv2D.random(1, 32, 3, rng), ReLU(), Flatten(), Dense.random(32 * 36, 10, rng)]
    problem = Problem(Sequential(layers), SoftmaxCrossEntropy(), X, labels)
    return cast(problem, np.float32), X_test.astype(np.float32), labels_test, rng


def _with_half_shifts(X, labels):
    """Return the images and what lies halfway between each of them and its eight neighbours.

    The batch comes first: a sample that is drawn then lies in one piece of memory.
    """
    rows = [X, *((X + shifted(X, down, 0)) / 2 for down in (-1, 1))]
    images = [*rows, *((row + shifted(row, 0, right)) / 2 for row in rows for right in (-1, 1))]
    batch_first = np.moveaxis(np.concatenate(images, axis=-1), -1, 0)
    return np.ascontiguousarray(batch_first), np.tile(labels, len(images))


def _steps(m, rng):
    """Yield (learning rate, indices of a batch), in a new order whenever all were seen."""
    order = np.zeros(0, int)
    for step in range(STEPS):
        if len(order) < BATCH:
            order = rng.permutation(m)
        batch, order = order[:BATCH], order[BATCH:]
        warm = min(1, (step + 1) / WARM_UP)
        yield LEARNING_RATE * warm * (1 - step / STEPS), batch
