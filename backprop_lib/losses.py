"""Losses: a mean over the m samples, in the value and in the gradient alike.

The factor 1/m enters here and nowhere else.
"""

import math
import warnings

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

        −y log σ(z) − (1 − y) log(1 − σ(z)) = log(1 + exp z) − y z, which never takes log 0. With
        log(1 + exp z) = max(0, z) + log(1 + exp(−abs z)), what is beside the logarithm is abs z
        times the target's distance from 1 for z > 0, from 0 else: no digit is lost in a tail.
        """
        Z, Y = _pair(self, Z, Y, "Z")
        if Y.min() < 0 or Y.max() > 1:
            found = f"{Y.min():g} to {Y.max():g}"
            raise ValueError(f"{self.name}: Y: expected targets in [0, 1], got {found}")
        positive, size = Z > 0, np.abs(Z)
        distance = np.abs(positive - Y)
        e = np.exp(-size)
        J = _finite(self, (size * distance + np.log1p(e)).sum() / Z.shape[1])
        self.saved = positive, distance, e
        return J

    def backward(self):
        """Return dZ = (σ(Z) − Y) / m, of shape (n_out, m); Equation :eq:`eq-bce-backward`.

        For z > 0 it is (1 − y) − σ(−z): the digits of σ(−z) are lost in σ(z) = 1 − σ(−z).
        """
        positive, distance, e = self.recall()
        short = distance - e / (1 + e)  # e / (1 + e) = σ(−|z|)
        return np.where(positive, short, -short) / e.shape[1]


class SoftmaxCrossEntropy(Step):
    """Cross-entropy of softmax outputs, computed on the logits Z; Equation
    :eq:`eq-cross-entropy`. Source 000.
    """

    def forward(self, Z, labels):
        """Return the loss for logits Z of shape (classes, m) and integer labels of shape (m,)."""
        Z = real_array(Z, f"{self.name}: Z", ("classes", "m"))
        labels = label_array(labels, f"{self.name}: labels", *Z.shape)
        Z, at_label = _below_the_largest(Z), (labels, np.arange(len(labels)))
        e = np.exp(Z)  # 1 for the largest, so that the sums below lose no digit
        e_label = e[at_label]
        e[at_label] = 0
        others = e.sum(axis=0)
        surprise = np.log1p(others + (e_label - 1)) - Z[at_label]  # (m,): −log P at the labels
        J = _finite(self, surprise.sum() / len(surprise))
        e[at_label] = -others
        self.saved = e / (others + e_label)
        return J

    def backward(self):
        """Return dZ = (P − Y) / m with one-hot Y, of shape (classes, m); Equation
        :eq:`eq-p-minus-y`.

        P − 1, at the label, is less the sum of the other probabilities, which keeps its digits.
        """
        P_minus_Y = self.recall()
        return P_minus_Y / P_minus_Y.shape[1]


def warn_of_probabilities(network, loss):
    """Warn of a sigmoid or a softmax between a network and a loss that takes logits.

    Every gradient is right then, and training bad: the loss squashes once more what is squashed
    already. A softmax is known by the network's last outputs, columns that sum to 1.
    """
    if not isinstance(loss, (BinaryCrossEntropy, SoftmaxCrossEntropy)):
        return
    last, A = network.layers[-1], network.outputs[-1]
    sums_to_1 = len(A) > 1 and A.min() >= 0 and np.allclose(A.sum(axis=0), 1, rtol=0, atol=1e-6)
    if isinstance(last, Sigmoid) or sums_to_1:
        warnings.warn(
            f"{loss.name} takes logits, but the network ends in {last.name}, whose outputs are "
            "probabilities: leave it out, the loss has it inside",
            stacklevel=3,
        )


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
