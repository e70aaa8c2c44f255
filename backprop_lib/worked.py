"""The sources' worked examples as data: the networks, their inputs, and what is printed there.

What is printed is not always right. Recompute it, then compare: the book's page of checked
sources does.
"""

from typing import NamedTuple

import numpy as np

from backprop_lib.activations import Identity, ReLU, Sigmoid
from backprop_lib.dense import Dense
from backprop_lib.network import Sequential


def _array(rows):
    array = np.array(rows, dtype=float)
    array.flags.writeable = False
    return array


def _column(*entries):
    return _array([[entry] for entry in entries])


class WorkedNetwork(NamedTuple):
    """A fully connected network that a source computes by hand.

    Attributes
    ----------
    source : str
        The source's number.
    weights, biases : tuples of read-only arrays
        W of shape (n_out, n_in), b of shape (n_out, 1), first layer first.
    activations : tuple of Activation classes
        One per layer.
    x, y : read-only arrays of shapes (n_in, 1) and (n_out, 1)
        The one sample.
    learning_rate : float
        For the update that the source carries out.
    printed : dict of str to array
        The numbers that stand in the source, by the names they have there.
    """

    source: str
    weights: tuple
    biases: tuple
    activations: tuple
    x: np.ndarray
    y: np.ndarray
    learning_rate: float
    printed: dict

    def network(self):
        """Return a fresh ``Sequential`` with these weights."""
        layers = []
        for W, b, activation in zip(self.weights, self.biases, self.activations, strict=True):
            layers += [Dense(W, b), activation()]
        return Sequential(layers)


RELU_2_3_2_1 = WorkedNetwork(
    source="000",
    weights=(
        _array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]),
        _array([[0.7, 0.8, 0.9], [1.0, 1.1, 1.2]]),
        _array([[1.3, 1.4]]),
    ),
    biases=(_column(0.1, 0.2, 0.3), _column(0.4, 0.5), _column(0.6)),
    activations=(ReLU, ReLU, Identity),
    x=_column(1, 2),
    y=_column(3),
    learning_rate=0.01,
    printed={
        "h1": _column(0.5, 1.1, 1.7),
        "h2": _column(2.98, 4.34),
        "y_pred": _column(10.446),
        "J": _array(27.72),
        "dy_pred": _column(7.446),
        "dW3": _array([[22.189, 32.316]]),
        "db3": _column(7.446),
        "dh2": _column(9.680, 10.424),
        "dW2": _array([[4.840, 10.648, 16.456], [5.212, 11.466, 17.721]]),
        "db2": _column(9.680, 10.424),
        "dh1": _column(17.200, 19.242, 21.285),
        "dW1": _array([[17.200, 34.400], [19.242, 38.484], [21.285, 42.570]]),
        "db1": _column(17.200, 19.242, 21.285),
        "W3 updated": _array([[1.078, 1.077]]),
        "b3 updated": _column(0.526),
        "W2 updated": _array([[0.652, 0.693, 0.735], [0.948, 0.985, 1.023]]),
        "b2 updated": _column(0.303, 0.396),
        "W1 updated": _array([[-0.072, -0.144], [0.108, 0.015], [0.287, 0.174]]),
        "b1 updated": _column(-0.072, 0.008, 0.087),
    },
)
"""Two hidden ReLU layers, half squared error; source 000."""

SIGMOID_2_2_2 = WorkedNetwork(
    source="001",
    weights=(_array([[0.1, 0.3], [0.2, 0.1]]), _array([[0.4, 0.1], [0.5, 0.3]])),
    biases=(_column(0, 0), _column(0, 0)),
    activations=(Sigmoid, Sigmoid),
    x=_column(0.2, 0.5),
    y=_column(0.2, 0.7),
    learning_rate=0.3,
    printed={
        "z1": _column(0.17, 0.09),
        "a1": _column(0.54, 0.52),
        "z2": _column(0.27, 0.43),
        "a2": _column(0.57, 0.61),
        "E": _array(0.072),
        "dE/da20": _array(0.37),
        "da20/dz20": _array(0.14),
        "dz20/dw10": _array(0.54),
        "dE/dw10": _array(0.028),
        "w10 updated": _array(0.3916),
    },
)
"""One hidden sigmoid layer, no biases (zeros here), half squared error; source 001.

Three of the second layer's weights stand in a picture that is not part of the text: 0.1, 0.5
and 0.3 were inferred from the printed pre-activations 0.27 and 0.43; other pairs fit as well.
"""


class WorkedToy(NamedTuple):
    """The toy model's numbers and its published table.

    Attributes
    ----------
    beta, omega : tuples of 4 floats
    x, y : float
    values, gradients : dict of str to float
        Three digits, under the names of ``toy.ToyModel``.
    """

    beta: tuple
    omega: tuple
    x: float
    y: float
    values: dict
    gradients: dict


TOY = WorkedToy(
    beta=(1.0, 2.0, -3.0, 0.4),
    omega=(0.1, -0.4, 2.0, 3.0),
    x=2.3,
    y=2.0,
    values=dict(f0=1.230, h1=0.942, f1=1.623, h2=5.068, f2=7.137, h3=0.657, f3=2.372, loss=0.139),
    gradients=dict(f3=0.745, h3=2.234, f2=-1.683, h2=-3.366, f1=-17.060, h1=6.824, f0=2.281)
    | dict(beta3=0.745, omega3=0.489, beta2=-1.683, omega2=-8.530)
    | dict(beta1=-17.060, omega1=-16.079, beta0=2.281, omega0=5.246),
)
"""The toy model; source 002 names no numbers, these are from the notebook it goes back to, Prince,
*Understanding Deep Learning* (2023), notebook 7.1.
"""
