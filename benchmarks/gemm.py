"""The matrix products alone: what the machine can do, and what an MLP cannot do without."""

import numpy as np

from backprop_lib import Dense

SIDE = 1024


def square(dtype):
    """Return a call that multiplies two large square matrices, and its number of operations."""
    A = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(dtype)
    out = np.empty_like(A)
    return lambda: np.dot(A, A, out=out), 2 * SIDE**3


def floor(problem):
    """Return a call that computes an MLP's matrix products for one gradient, and nothing else.

    Per layer W A and dZ Aᵀ, and from the second layer on Wᵀ dZ, each into memory that is there.
    """
    products = []
    A = problem.X
    for layer in problem.network.layers:
        if isinstance(layer, Dense):
            Z = np.dot(layer.W, A)
            products.append((layer.W, A, Z))
            products.append((np.ones_like(Z), A.T, np.empty_like(layer.W)))
            if A is not problem.X:
                products.append((layer.W.T, np.ones_like(Z), np.empty_like(A)))
            A = Z

    def multiply():
        for left, right, out in products:
            np.dot(left, right, out=out)

    return multiply
