"""Networks: layers in order, gradients of all of them at once, names and the summary."""

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array, random_dense, small_cnn

from backprop_lib import (
    BinaryCrossEntropy,
    Dense,
    HalfSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    check_gradients,
)

pytestmark = pytest.mark.filterwarnings("error")

IMAGES = random_array(1, 6, 5, 4, seed=11)
LABELS = np.array([0, 2, 1, 2])


@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
@pytest.mark.parametrize("sizes", [(2, 1), (2, 3, 2), (3, 4, 4, 2)])
@pytest.mark.parametrize("loss", [HalfSquaredError, SquaredError])
def test_gradients_of_fully_connected_networks(sizes, activation, loss):
    network = mlp(*sizes, activation=activation)
    X, Y = random_array(sizes[0], 5, seed=7), random_array(sizes[-1], 5, seed=8)
    check_gradients(network, loss(), X, Y)


@pytest.mark.parametrize(
    "loss, Y",
    [
        (SoftmaxCrossEntropy, LABELS),
        (BinaryCrossEntropy, random_array(3, 4, seed=5) > 0),
        (HalfSquaredError, random_array(3, 4, seed=5)),
    ],
)
def test_gradients_of_the_convolutional_stack(loss, Y):
    """Conv2D, Conv2D, Flatten, Dense, Dense and a loss: the whole network of source 000."""
    Y = Y if Y.dtype != bool else Y.astype(float)
    errors = check_gradients(small_cnn(activation=Tanh), loss(), IMAGES, Y)
    assert errors.keys() == {"X", *small_cnn().parameters()}


def test_relu_in_the_convolutional_stack_stays_clear_of_its_kinks():
    network = small_cnn(activation=ReLU)
    network.forward(IMAGES)
    before_relu = [network.outputs[k] for k in (0, 2, 5)]
    # the check moves numbers by 6e-6; a margin of 1e-4 keeps every ReLU on its side
    assert min(np.abs(Z).min() for Z in before_relu) > 1e-4
    check_gradients(network, SoftmaxCrossEntropy(), IMAGES, LABELS)


def test_layers_run_in_order_and_back_in_reverse():
    first, second = Dense([[2]], [[1]]), Dense([[10]], [[5]])
    network = Sequential([first, second])
    assert network.forward([[3]]) == 75  # 10 · (2 · 3 + 1) + 5
    assert [out.item() for out in network.outputs] == [7, 75]
    assert network.backward([[1]]) == 20
    assert {name: G.item() for name, G in network.gradients().items()} == {
        "1.W": 30,
        "1.b": 10,
        "2.W": 7,
        "2.b": 1,
    }


def test_outputs_are_those_of_the_last_forward_pass():
    network = mlp(2, 3, 1)
    network.forward(random_array(2, 5))
    out = network.forward(random_array(2, 4))
    assert [Z.shape for Z in network.outputs] == [(3, 4), (3, 4), (1, 4), (1, 4)]
    assert network.outputs[-1] is out


def test_backward_twice_equals_once():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    dX = network.backward(loss.backward())
    gradients = network.gradients()
    np.testing.assert_array_equal(network.backward(loss.backward()), dX)
    for name, G in network.gradients().items():
        np.testing.assert_array_equal(G, gradients[name])


def test_gradient_of_a_batch_is_the_mean_of_the_samples():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    network.backward(loss.backward())
    batch = network.gradients()
    mean = {name: np.zeros_like(G) for name, G in batch.items()}
    for n in range(4):
        loss.forward(network.forward(IMAGES[..., [n]]), LABELS[[n]])
        network.backward(loss.backward())
        for name, G in network.gradients().items():
            mean[name] += G / 4
    for name, G in batch.items():
        np.testing.assert_allclose(G, mean[name], atol=EXACT)


def test_a_sequential_of_one_layer_is_the_layer():
    layer = random_dense(2, 3)
    X, R = random_array(2, 4, seed=1), random_array(3, 4, seed=2)
    out, dX = layer.forward(X), layer.backward(R)
    network = Sequential((layer,))
    np.testing.assert_array_equal(network.forward(X), out)
    np.testing.assert_array_equal(network.backward(R), dX)


def test_parameters_are_named_by_layer_and_are_the_layers_own():
    network = small_cnn()
    names = ["1.W", "1.b", "3.W", "3.b", "6.W", "6.b", "8.W", "8.b"]
    assert list(network.parameters()) == names
    assert network.parameters()["6.W"] is network.layers[5].W


def test_gradients_have_the_names_and_shapes_of_the_parameters():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    loss.forward(network.forward(IMAGES), LABELS)
    network.backward(loss.backward())
    shapes = {name: P.shape for name, P in network.parameters().items()}
    assert {name: G.shape for name, G in network.gradients().items()} == shapes


def test_float32_goes_all_the_way_through():
    network, loss = small_cnn(), SoftmaxCrossEntropy()
    for layer in network.layers:
        for name, P in layer.parameters().items():
            setattr(layer, name, P.astype(np.float32))
    loss.forward(network.forward(IMAGES.astype(np.float32)), LABELS)
    dX = network.backward(loss.backward())
    arrays = [*network.outputs, dX, *network.gradients().values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_summary():
    assert small_cnn().summary((1, 6, 5)).splitlines() == [
        "layer       output shape    parameters",
        "input       (1, 6, 5)                 ",
        "1 Conv2D    (2, 4, 4)               14",
        "2 ReLU      (2, 4, 4)                0",
        "3 Conv2D    (3, 3, 2)               39",
        "4 ReLU      (3, 3, 2)                0",
        "5 Flatten   (18,)                    0",
        "6 Dense     (4,)                    76",
        "7 ReLU      (4,)                     0",
        "8 Dense     (3,)                    15",
        "total                              144",
    ]


def test_summary_shows_thousands():
    assert mlp(99, 20).summary((99,)).splitlines()[-1].split() == ["total", "2,000"]
