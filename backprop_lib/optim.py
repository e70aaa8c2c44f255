"""Optimisers: ``step`` updates the parameter arrays in place from their gradients."""

import numpy as np

from backprop_lib._validate import fraction, positive_number, real_array


class SGD:
    """Gradient descent on a mini-batch, with momentum if wanted; Equations
    :eq:`eq-gradient-descent`, :eq:`eq-momentum`.

    Parameters
    ----------
    learning_rate : float
        η, above 0.
    momentum : float, optional
        The share of the last step that is kept, in [0, 1).
    """

    def __init__(self, learning_rate, momentum=0.0):
        self.learning_rate = positive_number(learning_rate, "SGD: learning_rate")
        self.momentum = fraction(momentum, "SGD: momentum")
        self.velocity = {}

    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        gradients = _matching(parameters, gradients, self.velocity, "SGD")
        for name, P in parameters.items():
            V = self.momentum * self.velocity.get(name, 0.0) + gradients[name]
            self.velocity[name] = V
            P -= self.learning_rate * V


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
        self.mean, self.square, self.steps = {}, {}, 0

    def step(self, parameters, gradients):
        """Update every array of ``parameters`` (dict of name to array) in place."""
        gradients = _matching(parameters, gradients, self.mean, "Adam")
        self.steps += 1
        for name, P in parameters.items():
            G = gradients[name]
            M = self.beta1 * self.mean.get(name, 0.0) + (1 - self.beta1) * G
            S = self.beta2 * self.square.get(name, 0.0) + (1 - self.beta2) * G**2
            self.mean[name], self.square[name] = M, S
            M_hat = M / (1 - self.beta1**self.steps)
            S_hat = S / (1 - self.beta2**self.steps)
            P -= self.learning_rate * M_hat / (np.sqrt(S_hat) + self.epsilon)


def _matching(parameters, gradients, state, name):
    """Check everything before any parameter changes."""
    if parameters.keys() != gradients.keys():
        raise ValueError(
            f"{name}: expected gradients for {sorted(parameters)}, got {sorted(gradients)}"
        )
    for key, P in parameters.items():
        if not isinstance(P, np.ndarray) or P.dtype.kind != "f":
            raise TypeError(f"{name}: {key}: expected an array of floats to update, got {P!r}")
        if not P.flags.writeable:
            raise ValueError(f"{name}: {key}: expected a writeable array, got a read-only one")
        if key in state and state[key].shape != P.shape:
            raise ValueError(
                f"{name}: {key}: expected shape {state[key].shape} as in the steps before, "
                f"got {P.shape}; make a new {name} for another network"
            )
    return {
        key: real_array(gradients[key], f"{name}: gradient of {key}", P.shape)
        for key, P in parameters.items()
    }
