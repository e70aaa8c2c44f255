"""Losses: a mean over the m samples, in the value and in the gradient alike.

The factor 1/m enters here and nowhere else.
"""

import numpy as np

from backprop_lib._validate import label_array, real_array, whole_number
from backprop_lib.activations import Sigmoid
from backprop_lib.layer import Layer


class HalfSquaredError(Layer):
    """J = 1/m Σ over samples ½ Σ over outputs (a − y)²; Equation :eq:`eq-half-squared`.

    Sources 000, 001, 003.
    """

    def forward(self, A, Y):
        """Return the loss for predictions A and targets Y, both of shape (n_out, m)."""
        A, Y = _pair(self, A, Y)
        self.saved = A, Y
        return float(((A - Y) ** 2).sum() / 2 / A.shape[1])

    def backward(self):
        """Return dA = (A − Y) / m, of shape (n_out, m)."""
        A, Y = self.recall()
        return (A - Y) / A.shape[1]


class SquaredError(Layer):
    """J = 1/m Σ over samples Σ over outputs (a − y)²; Equation :eq:`eq-squared`. Source 002."""

    def forward(self, A, Y):
        """Return the loss for predictions A and targets Y, both of shape (n_out, m)."""
        A, Y = _pair(self, A, Y)
        self.saved = A, Y
        return float(((A - Y) ** 2).sum() / A.shape[1])

    def backward(self):
        """Return dA = 2 (A − Y) / m, of shape (n_out, m)."""
        A, Y = self.recall()
        return 2 * (A - Y) / A.shape[1]


class BinaryCrossEntropy(Layer):
    """Cross-entropy of sigmoid outputs, computed on the logits Z; Equation :eq:`eq-bce`."""

    def forward(self, Z, Y):
        """Return the loss for logits Z and targets Y in [0, 1], both of shape (n_out, m).

        −y log σ(z) − (1 − y) log(1 − σ(z)) = log(1 + exp z) − y z, which never takes log 0.
        """
        Z, Y = _pair(self, Z, Y, "Z")
        if Y.min() < 0 or Y.max() > 1:
            found = f"{Y.min():g} to {Y.max():g}"
            raise ValueError(f"{self.name}: Y: expected targets in [0, 1], got {found}")
        self.saved = Z, Y
        return float((np.logaddexp(0, Z) - Y * Z).sum() / Z.shape[1])

    def backward(self):
        """Return dZ = (σ(Z) − Y) / m, of shape (n_out, m); Equation :eq:`eq-bce-backward`."""
        Z, Y = self.recall()
        return (Sigmoid.function(Z) - Y) / Z.shape[1]


class SoftmaxCrossEntropy(Layer):
    """Cross-entropy of softmax outputs, computed on the logits Z; Equation
    :eq:`eq-cross-entropy`. Source 000.
    """

    def forward(self, Z, labels):
        """Return the loss for logits Z of shape (classes, m) and integer labels of shape (m,)."""
        Z = real_array(Z, f"{self.name}: Z", ("classes", "m"))
        labels = label_array(labels, f"{self.name}: labels", *Z.shape)
        P = softmax(Z)
        self.saved = P, labels
        shifted = Z - Z.max(axis=0)
        log_P = shifted - np.log(np.exp(shifted).sum(axis=0))
        return float(-log_P[labels, np.arange(len(labels))].mean())

    def backward(self):
        """Return dZ = (P − Y) / m with one-hot Y, of shape (classes, m); Equation
        :eq:`eq-p-minus-y`.
        """
        P, labels = self.recall()
        Y = one_hot(labels, P.shape[0]).astype(P.dtype)
        return (P - Y) / P.shape[1]


def softmax(Z):
    """Return the probabilities of each column of Z; Equation :eq:`eq-softmax`.

    Subtracting the column's largest logit changes nothing but keeps exp from overflowing.
    """
    Z = real_array(Z, "softmax: Z", ("classes", "m"))
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0)


def one_hot(labels, classes):
    """Return the labels (m,) as columns of shape (classes, m): a 1 at the label, else 0."""
    classes = whole_number(classes, "one_hot: classes")
    labels = label_array(labels, "one_hot: labels", classes)
    return np.eye(classes)[:, labels]


def _pair(loss, A, Y, letter="A"):
    A = real_array(A, f"{loss.name}: {letter}", ("n_out", "m"))
    return A, real_array(Y, f"{loss.name}: Y", A.shape)
