"""The fully connected layer in matrix form: a sample is a column."""

import numpy as np

from backprop_lib import initializers
from backprop_lib._validate import function, real_array, sizes, whole_number
from backprop_lib.layer import Layer, takes


class Dense(Layer):
    """Z = W A + b; Equation :eq:`eq-dense-forward`. Sources 000, 002, 004.

    Parameters
    ----------
    W : array of shape (n_out, n_in)
        The weights, copied. Row j holds the weights into neuron j.
    b : array of shape (n_out, 1)
        The biases, copied.

    Attributes
    ----------
    dW, db : arrays of the shapes of W and b
        d loss / d W and d loss / d b, as of the last ``backward``.
    """

    parameter_names = ("W", "b")

    def __init__(self, W, b):
        self.W = real_array(W, "Dense: W", ("n_out", "n_in")).copy()
        self.b = real_array(b, "Dense: b", (self.W.shape[0], 1)).copy()

    @classmethod
    def random(cls, n_in, n_out, rng, init=initializers.he):
        """Return a layer with random weights and zero biases.

        Parameters
        ----------
        n_in, n_out : int
            Numbers of inputs and of neurons.
        rng : numpy.random.Generator
            Where the randomness comes from.
        init : callable, optional
            ``initializers.he`` (for ReLU) or ``initializers.xavier``.
        """
        n_in = whole_number(n_in, "Dense: n_in")
        n_out = whole_number(n_out, "Dense: n_out")
        function(init, "Dense: init", "initializers.he")
        return cls(init((n_out, n_in), n_in, n_out, rng), np.zeros((n_out, 1)))

    @takes("A", lambda self: (self.W.shape[1], "m"))
    def forward(self, A):
        """Return Z of shape (n_out, m) for A of shape (n_in, m)."""
        Z = np.dot(self.W, A)  # (n_out, n_in) @ (n_in, m); np.dot is quicker than @ when small
        Z = Z + self.b  # (n_out, m) + (n_out, 1)
        self.saved = A
        return Z

    @takes("dZ", lambda self: (len(self.W), self.recall().shape[1]))
    def backward(self, dZ, input_gradient=True):
        """Set dW and db, return dA; Equations :eq:`eq-dense-dW`, :eq:`eq-dense-db`,
        :eq:`eq-dense-dA`.

        ``dZ`` has shape (n_out, m), the returned dA (n_in, m). The first layer of a network can
        leave dA out: ``input_gradient=False``.
        """
        A = self.saved
        self.dW = np.dot(dZ, A.T)  # (n_out, m) @ (m, n_in): the product sums over the samples
        self.db = np.add.reduce(dZ, axis=1, keepdims=True)  # (n_out, 1); quicker than dZ.sum
        if input_gradient:
            return np.dot(self.W.T, dZ)  # (n_in, n_out) @ (n_out, m)

    def output_shape(self, input_shape):
        """Return (n_out,), after checking that the input is (n_in,)."""
        input_shape = sizes(input_shape, "Dense: input_shape")
        if input_shape != (self.W.shape[1],):
            raise ValueError(f"Dense: expected input ({self.W.shape[1]},), got {input_shape}")
        return (self.W.shape[0],)
