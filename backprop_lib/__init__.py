"""backprop_lib: the computations behind *Backpropagation You Can Check*.

Importing it loads NumPy and the standard library only; ``plots`` and ``live`` are imported by
name where they are wanted.
"""

from backprop_lib import deltas, gradcheck, graph, initializers, toy, training, worked
from backprop_lib.activations import Identity, ReLU, Sigmoid, Softplus, Tanh
from backprop_lib.conv import Conv2D, Flatten, MaxPool2D
from backprop_lib.datasets import load_digits
from backprop_lib.dense import Dense
from backprop_lib.gradcheck import check_gradients
from backprop_lib.graph import Value
from backprop_lib.losses import (
    BinaryCrossEntropy,
    HalfSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
)
from backprop_lib.network import Sequential
from backprop_lib.optim import SGD, Adam
from backprop_lib.toy import ToyModel
from backprop_lib.training import fit

__all__ = [
    "SGD",
    "Adam",
    "BinaryCrossEntropy",
    "Conv2D",
    "Dense",
    "Flatten",
    "HalfSquaredError",
    "Identity",
    "MaxPool2D",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "Softplus",
    "SquaredError",
    "Tanh",
    "ToyModel",
    "Value",
    "check_gradients",
    "deltas",
    "fit",
    "gradcheck",
    "graph",
    "initializers",
    "load_digits",
    "toy",
    "training",
    "worked",
]
