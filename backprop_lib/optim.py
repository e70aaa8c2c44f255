"""Optimisers: ``step`` updates the parameter arrays in place from their gradients.

A network's parameters are many arrays, of which some are tiny. Each step strings the gradients
together to one flat vector G, so that a formula is computed once and not once an array.
"""

import numpy as np

from backprop_lib._validate import fraction, positive_number, real_array, real_number


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
        self.shapes, self.velocity = None, None

    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        G = _strung(self, parameters, gradients)
        if self.weight_decay:
            G += self.weight_decay * _flat(parameters)
        if self.velocity is None:
            self.velocity = np.zeros_like(G)
        self.velocity *= self.momentum
        self.velocity += G
        _descend(parameters, self.learning_rate * self.velocity)


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
        self.shapes, self.mean, self.square, self.steps = None, None, None, 0

    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        G = _strung(self, parameters, gradients)
        if self.mean is None:
            self.mean, self.square = np.zeros_like(G), np.zeros_like(G)
        self.steps += 1
        self.mean += (1 - self.beta1) * (G - self.mean)
        self.square += (1 - self.beta2) * (G * G - self.square)
        mean = self.mean / (1 - self.beta1**self.steps)
        square = self.square / (1 - self.beta2**self.steps)
        _descend(parameters, self.learning_rate * mean / (np.sqrt(square) + self.epsilon))


def _strung(optimizer, parameters, gradients):
    """Return the gradients as one flat vector, after checking everything."""
    name = type(optimizer).__name__
    if not parameters or parameters.keys() != gradients.keys():
        raise ValueError(
            f"{name}: expected gradients for {sorted(parameters) or 'at least one parameter'}, "
            f"got {sorted(gradients)}"
        )
    for key, P in parameters.items():
        if not isinstance(P, np.ndarray) or P.dtype.kind != "f":
            raise TypeError(f"{name}: {key}: expected an array of floats to update, got {P!r}")
        if not P.flags.writeable:
            raise ValueError(f"{name}: {key}: expected a writeable array, got a read-only one")
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
    optimizer.shapes = shapes
    return _flat(checked)


def _flat(arrays):
    """Return the entries of all arrays as one new vector."""
    return np.concatenate([array.ravel() for array in arrays.values()])


def _descend(parameters, step):
    """Subtract from each parameter its stretch of the flat vector."""
    start = 0
    for P in parameters.values():
        P -= step[start : start + P.size].reshape(P.shape)
        start += P.size
