"""Networks as scalar graphs: every value and gradient is that of the layers."""

import re

import numpy as np
import pytest
from helpers import EXACT, random_array

from backprop_lib import (
    HalfSquaredError,
    Identity,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    load_digits,
    worked,
)
from backprop_lib.record import kernel_network, named, record_kernel_network, record_network

RANDOM = worked.WorkedNetwork(
    source="none",
    weights=(random_array(3, 2, seed=1), random_array(4, 3, seed=2), random_array(2, 4, seed=3)),
    biases=(random_array(3, 1, seed=4), random_array(4, 1, seed=5), random_array(2, 1, seed=6)),
    activations=(Tanh, ReLU, Identity),
    x=random_array(2, 1, seed=7),
    y=random_array(2, 1, seed=8),
    learning_rate=0.1,
    printed={},
)
WIDE = RANDOM._replace(  # its w1_112 would be two weights
    weights=(np.ones((11, 12)), *RANDOM.weights[1:]),
    biases=(np.ones((11, 1)), *RANDOM.biases[1:]),
    x=np.ones((12, 1)),
)
EXAMPLES = [worked.RELU_2_3_2_1, worked.SIGMOID_2_2_2, RANDOM]


def assert_all_equal(found, expected):
    """Compare two dicts of numbers, to the last roundings."""
    assert found.keys() == expected.keys()
    pairs = [(found[name], expected[name]) for name in expected]
    np.testing.assert_allclose(*np.transpose(pairs), rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("example", EXAMPLES, ids=["2-3-2-1", "2-2-2", "2-3-4-2"])
def test_a_recorded_network_has_the_values_and_gradients_of_its_layers(example):
    v, network, loss = record_network(example), example.network(), HalfSquaredError()
    E = loss.forward(network.forward(example.x), example.y)
    v["E"].backward()
    dA, values, gradients = loss.backward(), {"E": E}, {"E": 1.0}
    gradients |= {f"t{j}": -d for j, d in enumerate(dA[:, 0], 1)}
    values |= {f"t{j}": y for j, y in enumerate(example.y[:, 0], 1)}
    for number in reversed(range(len(network.layers))):
        layer, Z = number // 2 + 1, network.outputs[number][:, 0]
        letter = "a" if number % 2 else "z"
        if not isinstance(network.layers[number], Identity):
            values |= {f"{letter}{layer}_{j}": z for j, z in enumerate(Z, 1)}
            gradients |= {f"{letter}{layer}_{j}": d for j, d in enumerate(dA[:, 0], 1)}
        dA = network.layers[number].backward(dA)
    for layer, dense in enumerate(network.layers[::2], 1):
        for (j, i), w in np.ndenumerate(dense.W):
            values[f"w{layer}_{j + 1}{i + 1}"] = w
            gradients[f"w{layer}_{j + 1}{i + 1}"] = dense.dW[j, i]
        values |= {f"b{layer}_{j}": b for j, b in enumerate(dense.b[:, 0], 1)}
        gradients |= {f"b{layer}_{j}": d for j, d in enumerate(dense.db[:, 0], 1)}
    values |= {f"x{i}": x for i, x in enumerate(example.x[:, 0], 1)}
    gradients |= {f"x{i}": d for i, d in enumerate(dA[:, 0], 1)}
    assert_all_equal({name: value.data for name, value in v.items()}, values)
    assert_all_equal({name: value.grad for name, value in v.items()}, gradients)
    assert all(value.name == name for name, value in v.items())


KERNEL = ((0.3, -0.2, 0.1), (0.5, 1.0, -0.7), (0.25, 0.4, -0.6))  # no symmetry hides a transpose


@pytest.mark.parametrize("sample", [0, 11, 2])
def test_the_recorded_kernel_network_has_the_values_and_gradients_of_its_layers(sample):
    images, labels = load_digits()
    image, label = images[..., [sample]], labels[[sample]]
    network, loss = kernel_network(KERNEL), SoftmaxCrossEntropy()
    v = record_kernel_network(image[0, :, :, 0], label[0], KERNEL)
    J = loss.forward(network.forward(image), label)
    v["J"].backward()
    convolution, relu, flatten, head = network.layers
    Z, A, _, scores = network.outputs
    d_scores = loss.backward()
    dA = flatten.backward(head.backward(d_scores))
    dZ = relu.backward(dA)
    dX = convolution.backward(dZ)

    def written(letter, square):
        return {f"{letter}{r}{c}": x for (r, c), x in np.ndenumerate(square)}

    squares = {"p": (image, dX), "w": (convolution.W[0], convolution.dW[0])}
    squares |= {"z": (Z, dZ), "a": (A, dA)}
    values, gradients = {"J": J, "b": convolution.b.item()}, {"J": 1, "b": convolution.db.item()}
    values["L"], gradients["L"] = np.log(np.exp(scores).sum()), 1
    for letter, (square, d_square) in squares.items():
        values |= written(letter, square.reshape(square.shape[1:3]))
        gradients |= written(letter, d_square.reshape(d_square.shape[1:3]))
    for k in range(10):
        values |= {f"s{k}": scores[k, 0], f"t{k}": float(k == label[0])}
        gradients |= {f"s{k}": d_scores[k, 0], f"t{k}": -scores[k, 0]}  # J holds − t s
    assert_all_equal({name: value.data for name, value in v.items()}, values)
    assert_all_equal({name: value.grad for name, value in v.items()}, gradients)
    assert all(value.name == name for name, value in v.items())


def test_the_kernel_network_s_head_knows_the_mean_map_of_each_digit():
    """The scores differ as −½ of the squared distances to the mean maps do."""
    network = kernel_network()
    images, labels = load_digits()
    scores = network.forward(images)
    maps = network.outputs[2]
    means = np.stack([maps[:, labels == k].mean(axis=1) for k in range(10)], axis=1)
    distances = ((maps[:, np.newaxis, :5] - means[:, :, np.newaxis]) ** 2).sum(axis=0)
    shared = scores[:, :5] + distances / 2
    np.testing.assert_allclose(shared, np.broadcast_to(shared[0], shared.shape), rtol=1e-12)


def test_no_pixel_of_the_map_is_at_the_kink():
    """Pixels are sixteenths and weights twentieths: Z is a multiple of 1/320, less 0.03."""
    for kernel in (((-0.5, 1.0, -0.5),) * 3, ((0.05, -0.05, 0.1),) * 3):
        network = kernel_network(kernel)
        network.forward(load_digits()[0])
        assert abs(network.outputs[0]).min() > 1 / 3200


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: record_network(worked.TOY),
            TypeError,
            "record_network: example: expected a WorkedNetwork, got WorkedToy",
        ),
        (
            lambda: record_network(RANDOM._replace(activations=(Sigmoid, Softplus, Identity))),
            ValueError,
            "record_network: activations: expected Sigmoid, Tanh, ReLU, Identity, got Softplus",
        ),
        (
            lambda: record_network(RANDOM._replace(activations=("relu", ReLU, Identity))),
            ValueError,
            "record_network: activations: expected Sigmoid, Tanh, ReLU, Identity, got relu",
        ),
        (
            lambda: record_network(RANDOM._replace(weights=None)),
            TypeError,
            "record_network: weights: expected a list, got NoneType",
        ),
        (
            lambda: record_network(RANDOM._replace(biases=RANDOM.biases[:1])),
            ValueError,
            "record_network: expected weights, biases and activations of each layer, got 3, 1, 3",
        ),
        (
            lambda: record_network(RANDOM._replace(x=np.ones((2, 2)))),
            ValueError,
            "record_network: x: expected shape (n, 1), got (2, 2)",
        ),
        (
            lambda: record_network(RANDOM._replace(x=np.ones((3, 1)))),
            ValueError,
            "record_network: layer 1: W: expected shape (n_out, 3), got (3, 2)",
        ),
        (
            lambda: record_network(RANDOM._replace(biases=RANDOM.biases[::-1])),
            ValueError,
            "record_network: layer 1: b: expected shape (3, 1), got (2, 1)",
        ),
        (
            lambda: record_network(RANDOM._replace(y=np.ones((3, 1)))),
            ValueError,
            "record_network: y: expected shape (2, 1), got (3, 1)",
        ),
        (
            lambda: record_network(WIDE),
            ValueError,
            "record_network: layer 1: expected at most 9 inputs and outputs, got 12 and 11",
        ),
        (
            lambda: named({"x": 1.0}),
            TypeError,
            "named: x: expected a Value, got float",
        ),
        (
            lambda: kernel_network(np.ones((2, 3))),
            ValueError,
            "kernel_network: kernel: expected shape (3, 3), got (2, 3)",
        ),
        (
            lambda: record_kernel_network(np.ones((8, 7)), 0),
            ValueError,
            "record_kernel_network: image: expected shape (8, 8), got (8, 7)",
        ),
        (
            lambda: record_kernel_network(np.ones((8, 8)), 10),
            ValueError,
            "record_kernel_network: label: expected a whole number <= 9, got 10",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
