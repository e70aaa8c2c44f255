"""Optimisers: ``step`` updates the parameter arrays in place from their gradients.

A network's parameters are many arrays, of which some are tiny. Each step strings the gradients
together to one flat vector G, so that a formula is computed once and not once an array.
"""

from itertools import combinations

import numpy as np

from backprop_lib._validate import (
    NonFiniteError,
    all_finite,
    fraction,
    positive_number,
    real_array,
    real_number,
)


class SGD:
    """Gradient descent on a mini-batch, with momentum and weight decay if wanted; Equations
    :eq:`eq-gradient-descent`, :eq:`eq-momentum`, :eq:`eq-weight-decay`.

    Parameters
    ----------
    learning_rate : float
        η, above 0.
    momentum : float, optional
        The share of the last step that is kept, in [0, 1).
    weight_decay : float, optional
        λ, at least 0: every parameter adds λ times itself to its gradient.
    """

    def __init__(self, learning_rate, momentum=0.0, weight_decay=0.0):
        self.learning_rate = positive_number(learning_rate, "SGD: learning_rate")
        self.momentum = fraction(momentum, "SGD: momentum")
        self.weight_decay = real_number(weight_decay, "SGD: weight_decay")
        if self.weight_decay < 0:
            raise ValueError(f"SGD: weight_decay: expected a number >= 0, got {weight_decay}")
        self.shapes, self.velocity = None, 0.0

    @np.errstate(over="ignore", invalid="ignore")  # _store looks at the result
    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        P, G = _strung(self, parameters, gradients)
        if self.weight_decay:
            G += self.weight_decay * P
        velocity = self.momentum * self.velocity + G
        P -= self.learning_rate * velocity
        _store(self, parameters, P, velocity=velocity)


class Adam:
    """Steps scaled by running means of the gradient and its square; Equation :eq:`eq-adam`.

    Source: Kingma and Ba (2015), *Adam: A Method for Stochastic Optimization*.

    Parameters
    ----------
    learning_rate : float
        η, above 0.
    beta1, beta2 : float
        Decay of the two running means, in [0, 1).
    epsilon : float
        Keeps the division finite, above 0.
    """

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.learning_rate = positive_number(learning_rate, "Adam: learning_rate")
        self.beta1 = fraction(beta1, "Adam: beta1")
        self.beta2 = fraction(beta2, "Adam: beta2")
        self.epsilon = positive_number(epsilon, "Adam: epsilon")
        self.shapes, self.mean, self.square, self.steps = None, 0.0, 0.0, 0

    @np.errstate(over="ignore", invalid="ignore")
    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        P, G = _strung(self, parameters, gradients)
        t = self.steps + 1
        M = self.beta1 * self.mean + (1 - self.beta1) * G
        S = self.beta2 * self.square + (1 - self.beta2) * (G * G)
        M_hat = M / (1 - self.beta1**t)
        S_hat = S / (1 - self.beta2**t)
        P -= self.learning_rate * M_hat / (np.sqrt(S_hat) + self.epsilon)
        _store(self, parameters, P, mean=M, square=S, steps=t)


def _strung(optimizer, parameters, gradients):
    """Return the parameters and the gradients, each as one new vector, after checking them."""
    name = type(optimizer).__name__
    if not isinstance(parameters, dict) or not isinstance(gradients, dict):
        what = "gradients" if isinstance(parameters, dict) else "parameters"
        found = type(gradients if isinstance(parameters, dict) else parameters).__name__
        raise TypeError(f"{name}: {what}: expected a dict of name to array, got {found}")
    if not parameters or parameters.keys() != gradients.keys():
        names = [sorted(map(str, arrays)) for arrays in (parameters, gradients)]
        raise ValueError(
            f"{name}: expected gradients for {names[0] or 'at least one parameter'}, got {names[1]}"
        )
    for key, P in parameters.items():
        if type(P) is not np.ndarray or P.dtype.kind != "f":
            raise TypeError(f"{name}: {key}: expected an array of floats to update, got {P!r}")
        if not P.flags.writeable:
            raise ValueError(f"{name}: {key}: expected a writeable array, got a read-only one")
    if optimizer.shapes is None:  # once, before the first step
        for (key, P), (other, Q) in combinations(parameters.items(), 2):
            if np.shares_memory(P, Q):
                raise ValueError(
                    f"{name}: expected arrays of their own, but {key} and {other} share"
                )
    shapes = [(key, P.shape) for key, P in parameters.items()]
    if optimizer.shapes not in (None, shapes):
        raise ValueError(
            f"{name}: expected parameters of shapes {optimizer.shapes} as in the steps before, "
            f"got {shapes}; make a new {name} for another network"
        )
    checked = {
        key: real_array(gradients[key], f"{name}: gradient of {key}", P.shape)
        for key, P in parameters.items()
    }
    return [
        np.concatenate([a.ravel() for a in arrays.values()]) for arrays in (parameters, checked)
    ]


def _store(optimizer, parameters, P, **state):
    """Put the updated vector P back into the parameters, and keep the optimiser's new state."""
    finite = all(all_finite(np.asarray(vector)) for vector in (P, *state.values()))
    updated, start = [], 0
    for array in parameters.values():
        part = P[start : start + array.size].reshape(array.shape)
        start += array.size
        if array.dtype is not P.dtype:  # P has the widest of all types: here it may not fit
            part = part.astype(array.dtype)
            finite = finite and all_finite(part)
        updated.append(part)
    if not finite:
        name = type(optimizer).__name__
        raise NonFiniteError(
            f"{name}: expected a step within the finite numbers; nothing has changed"
        )
    for array, part in zip(parameters.values(), updated, strict=True):
        array[...] = part
    optimizer.shapes = [(name, array.shape) for name, array in parameters.items()]
    for name, value in state.items():
        setattr(optimizer, name, value)
