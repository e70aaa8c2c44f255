"""Losses: a mean over the m samples, in the value and in the gradient alike.

The factor 1/m enters here and nowhere else.
"""

import math

import numpy as np

from backprop_lib._validate import NonFiniteError, label_array, real_array, whole_number
from backprop_lib.activations import Sigmoid
from backprop_lib.layer import Step


class HalfSquaredError(Step):
    """J = 1/m Σ over samples ½ Σ over outputs (a − y)²; Equation :eq:`eq-half-squared`.

    Sources 000, 001, 003.
    """

    def forward(self, A, Y):
        """Return the loss for predictions A and targets Y, both of shape (n_out, m)."""
        A, Y = _pair(self, A, Y)
        D = A - Y
        J = _finite(self, np.vdot(D, D) / 2 / D.shape[1])  # vdot: the sum of all D * D
        self.saved = D
        return J

    def backward(self):
        """Return dA = (A − Y) / m, of shape (n_out, m)."""
        D = self.recall()
        return D / D.shape[1]


class SquaredError(Step):
    """J = 1/m Σ over samples Σ over outputs (a − y)²; Equation :eq:`eq-squared`. Source 002."""

    def forward(self, A, Y):
        """Return the loss for predictions A and targets Y, both of shape (n_out, m)."""
        A, Y = _pair(self, A, Y)
        D = A - Y
        J = _finite(self, np.vdot(D, D) / D.shape[1])
        self.saved = D
        return J

    def backward(self):
        """Return dA = 2 (A − Y) / m, of shape (n_out, m)."""
        D = self.recall()
        return 2 * D / D.shape[1]


class BinaryCrossEntropy(Step):
    """Cross-entropy of sigmoid outputs, computed on the logits Z; Equation :eq:`eq-bce`."""

    def forward(self, Z, Y):
        """Return the loss for logits Z and targets Y in [0, 1], both of shape (n_out, m).

        −y log σ(z) − (1 − y) log(1 − σ(z)) = log(1 + exp z) − y z, which never takes log 0; and
        log(1 + exp z) = max(0, z) + log(1 + exp(−|z|)), which keeps its digits when y = 1.
        """
        Z, Y = _pair(self, Z, Y, "Z")
        if Y.min() < 0 or Y.max() > 1:
            found = f"{Y.min():g} to {Y.max():g}"
            raise ValueError(f"{self.name}: Y: expected targets in [0, 1], got {found}")
        total = (np.maximum(Z, 0) - Y * Z + np.log1p(np.exp(-np.abs(Z)))).sum()
        J = _finite(self, total / Z.shape[1])
        self.saved = Z, Y
        return J

    def backward(self):
        """Return dZ = (σ(Z) − Y) / m, of shape (n_out, m); Equation :eq:`eq-bce-backward`."""
        Z, Y = self.recall()
        return (Sigmoid.function(Z) - Y) / Z.shape[1]


class SoftmaxCrossEntropy(Step):
    """Cross-entropy of softmax outputs, computed on the logits Z; Equation
    :eq:`eq-cross-entropy`. Source 000.
    """

    def forward(self, Z, labels):
        """Return the loss for logits Z of shape (classes, m) and integer labels of shape (m,)."""
        Z = real_array(Z, f"{self.name}: Z", ("classes", "m"))
        labels = label_array(labels, f"{self.name}: labels", *Z.shape)
        Z = _below_the_largest(Z)
        e = np.exp(Z)
        total = e.sum(axis=0)
        surprise = np.log(total) - Z[labels, np.arange(len(labels))]  # (m,): −log P at the labels
        J = _finite(self, surprise.sum() / len(surprise))
        self.saved = e / total, labels
        return J

    def backward(self):
        """Return dZ = (P − Y) / m with one-hot Y, of shape (classes, m); Equation
        :eq:`eq-p-minus-y`.
        """
        P, labels = self.recall()
        dZ = P.copy()
        dZ[labels, np.arange(len(labels))] -= 1
        return dZ / P.shape[1]


def softmax(Z):
    """Return the probabilities of each column of Z; Equation :eq:`eq-softmax`."""
    e = np.exp(_below_the_largest(real_array(Z, "softmax: Z", ("classes", "m"))))
    return e / e.sum(axis=0)


def one_hot(labels, classes):
    """Return the labels (m,) as columns of shape (classes, m): a 1 at the label, else 0."""
    classes = whole_number(classes, "one_hot: classes")
    labels = label_array(labels, "one_hot: labels", classes)
    return np.eye(classes)[:, labels]


@np.errstate(over="ignore")  # what lies further below than the largest float has exp 0 anyway
def _below_the_largest(Z):
    """Return Z less the largest logit of each column: the same probabilities, but exp cannot
    overflow.
    """
    return Z - Z.max(axis=0)


def _finite(loss, J):
    if not math.isfinite(J):
        raise NonFiniteError(f"{loss.name}: the loss is beyond the largest float")
    return float(J)


def _pair(loss, A, Y, letter="A"):
    A = real_array(A, f"{loss.name}: {letter}", ("n_out", "m"))
    return A, real_array(Y, f"{loss.name}: Y", A.shape)
