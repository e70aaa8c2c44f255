"""Activation functions, entry by entry, each with its derivative σ′.

Source for their use in the four equations: source 003.
"""

import numpy as np

from backprop_lib.layer import Layer, read_only, takes


class Activation(Layer):
    """A layer without parameters that applies ``function`` to every entry."""

    @takes("Z", lambda self: None)
    def forward(self, Z):
        """Return A = σ(Z), of the shape of Z."""
        A = self.function(Z)
        self.saved = Z
        return A

    @takes("dA", lambda self: self.recall().shape)
    def backward(self, dA):
        """Return dZ = dA ⊙ σ′(Z), the Hadamard product; Equation :eq:`eq-activation-backward`."""
        return dA * self.derivative(self.saved)


class Identity(Activation):
    """σ(z) = z: the output of a regression."""

    @staticmethod
    def function(Z):
        """Return Z, as a read-only view."""
        return read_only(np.asarray(Z))

    @staticmethod
    def derivative(Z):
        """Return 1 for every entry."""
        return np.ones_like(Z)


class Sigmoid(Activation):
    """σ(z) = 1 / (1 + exp(−z)); Equation :eq:`eq-sigmoid`."""

    @staticmethod
    @np.errstate(over="ignore")  # far below zero exp(−z) is infinite, and σ(z) its limit, 0
    def function(Z):
        """Return σ(Z)."""
        return np.reciprocal(1 + np.exp(-Z))

    @staticmethod
    def derivative(Z):
        """Return σ(Z)·σ(−Z), an even function, from exp(−|Z|), which never overflows.

        It keeps its precision where σ(Z) rounds to 1 and σ·(1 − σ) would be 0.
        """
        e = np.exp(-np.abs(Z))
        s = 1 + e
        return e / (s * s)


class Tanh(Activation):
    """σ(z) = tanh z; Equation :eq:`eq-tanh`."""

    @staticmethod
    def function(Z):
        """Return tanh Z."""
        return np.tanh(Z)

    @staticmethod
    def derivative(Z):
        """Return 1 − tanh² Z, from exp(−2|Z|): it keeps its digits where tanh Z rounds to 1."""
        e = np.exp(-np.abs(Z)) ** 2
        s = 1 + e
        return 4 * e / (s * s)


class ReLU(Activation):
    """σ(z) = max(0, z); Equation :eq:`eq-relu`. Its derivative at 0 is 0."""

    @staticmethod
    def function(Z):
        """Return max(0, Z)."""
        row = np.zeros(np.shape(Z)[-1:], np.result_type(Z))  # NumPy is slower with the number 0
        return np.maximum(Z, row)

    @staticmethod
    def derivative(Z):
        """Return the switch: 1 where Z > 0, else 0."""
        return np.greater(Z, 0).astype(np.result_type(Z))


class Softplus(Activation):
    """σ(z) = log(1 + exp z), a smooth ReLU; Equation :eq:`eq-softplus`."""

    @staticmethod
    def function(Z):
        """Return log(exp 0 + exp Z), which never overflows."""
        return np.logaddexp(0, Z)

    @staticmethod
    def derivative(Z):
        """Return σ(Z), the sigmoid."""
        return Sigmoid.function(Z)
