"""The ends of floating point and the smallest shapes: the right limit, in silence, or an error.

The references are limits known in closed form, or 50 digits of the formula in ``decimal``.
"""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from helpers import random_array

from backprop_lib import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Flatten,
    HalfSquaredError,
    Identity,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    SquaredError,
    Tanh,
    ToyModel,
    graph,
    losses,
    toy,
)

pytestmark = pytest.mark.filterwarnings("error")

SMALLEST = 5e-324  # 2**-1074; what is less than half of it is 0
EPS = {np.float64: 2.0**-52, np.float32: 2.0**-23}
TINY = {np.float64: 2.0**-1022, np.float32: 2.0**-126}  # below it, digits are lost one by one
ENDS = {np.float64: [1e4, 1e308], np.float32: [1e4, 3e38]}
TAILS = [1e-300, 1e-8, 1.0, 20.0, 37.0, 40.0, 80.0, 87.0]  # 37: where 1 + exp(−z) rounds to 1
FAR_TAILS = {np.float64: [100.0, 700.0, 708.0, 709.0, 740.0, 1e4], np.float32: [100.0, 1e4]}


def exactly(formula, *numbers):
    """Return what 50 digits give for a formula, rounded to a float once, at the end."""
    with localcontext(prec=50):
        return float(formula(*(Decimal(float(number)) for number in numbers)))


def sigmoid(z):
    return 1 / (1 + (-z).exp())


def sigmoid_slope(z):
    return sigmoid(z) * sigmoid(-z)


def softplus(z):
    # ln(1 + e) needs the digits of e behind those of 1: below, it is e − e²/2 + ..., or just e
    e = z.exp()
    return (1 + e).ln() if e > Decimal("1e-20") else e - e * e / 2


def tanh(z):
    # fifty digits cancel below 1e-20, where tanh z is z − z³/3 + ..., or just z
    return 2 * sigmoid(2 * z) - 1 if abs(z) > Decimal("1e-20") else z


def tanh_slope(z):
    return 4 * sigmoid_slope(2 * z)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "activation, value, slope",
    [(Sigmoid, sigmoid, sigmoid_slope), (Softplus, softplus, sigmoid), (Tanh, tanh, tanh_slope)],
)
def test_tails_against_fifty_digits(activation, value, slope, dtype):
    """Four roundings, relative to the value however small it is; 1 − tanh² alone cancels."""
    Z = np.array(TAILS + FAR_TAILS[dtype], dtype)
    Z = np.concatenate([-Z[::-1], [0], Z]).astype(dtype)[np.newaxis]
    layer = activation()
    A, dZ = layer.forward(Z), layer.backward(np.ones_like(Z))
    near = dict(rtol=4 * EPS[dtype], atol=TINY[dtype])
    np.testing.assert_allclose(A[0], [exactly(value, z) for z in Z[0]], **near)
    if activation is Tanh:
        near["atol"] = 2 * EPS[dtype]
    np.testing.assert_allclose(dZ[0], [exactly(slope, z) for z in Z[0]], **near)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "activation, values, slopes",
    [
        (Sigmoid, lambda z: [0, 1], [0, 0]),
        (Tanh, lambda z: [-1, 1], [0, 0]),
        (Softplus, lambda z: [0, z], [0, 1]),
        (ReLU, lambda z: [0, z], [0, 1]),
        (Identity, lambda z: [-z, z], [1, 1]),
    ],
)
def test_activations_reach_their_limits(activation, values, slopes, dtype):
    layer = activation()
    for z in ENDS[dtype]:
        Z = np.array([[-z, z]], dtype)
        np.testing.assert_array_equal(layer.forward(Z), [values(Z[0, 1])])
        np.testing.assert_array_equal(layer.backward(np.ones_like(Z)), [slopes])


@pytest.mark.parametrize(
    "activation, value, slope",
    [(Sigmoid, 0.5, 0.25), (Softplus, np.log(2), 0.5), (Tanh, SMALLEST, 1), (ReLU, SMALLEST, 1)],
)
def test_activations_of_the_smallest_number(activation, value, slope):
    layer = activation()
    assert layer.forward([[SMALLEST]]) == value
    assert layer.backward([[1.0]]) == slope
    assert layer.backward([[SMALLEST]]) == (
        SMALLEST if slope > 0.5 else 0
    )  # half of it rounds to 0


@pytest.mark.parametrize(
    "Z, P",
    [
        ([1e4, 0, -1e4], [1, 0, 0]),
        ([1e308, 0, 0], [1, 0, 0]),
        ([0, -1e308, 0], [0.5, 0, 0.5]),
        ([1e308, 1e308], [0.5, 0.5]),
        ([-1e308, -1e308, -1.7e308], [0.5, 0.5, 0]),
        ([-1e308], [1]),
        ([SMALLEST, 0], [0.5, 0.5]),
    ],
)
def test_softmax_reaches_its_limits(Z, P):
    np.testing.assert_array_equal(losses.softmax(np.array([Z]).T)[:, 0], P)
    loss = SoftmaxCrossEntropy()
    for label in range(len(Z)):
        J = loss.forward(np.array([Z], float).T, [label])
        # every probability is 0, or 1 over how many share the largest logit
        assert J == pytest.approx(max(Z) - Z[label] - np.log(max(P)), rel=EPS[np.float64])
        np.testing.assert_array_equal(loss.backward()[:, 0], P - np.eye(len(Z))[label])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softmax_tails_against_fifty_digits(dtype):
    """Logits of 2**20 are a shift that costs no digit: their differences are exact."""
    lower = [0, 1, 20, 40, 80, 87]
    P = losses.softmax(np.array([[2.0**20 - z] for z in lower], dtype))[:, 0]
    expected = [
        exactly(lambda *zs, z=z: (-Decimal(z)).exp() / sum((-z).exp() for z in zs), *lower)
        for z in lower
    ]
    np.testing.assert_allclose(P, expected, rtol=4 * EPS[dtype])


@pytest.mark.parametrize("z", [20, 40, 700, 1e4, 1e308])
@pytest.mark.parametrize("y", [0, 0.25, 1])
@pytest.mark.parametrize("sign", [-1, 1])
def test_binary_cross_entropy_from_doubt_to_certainty(z, y, sign):
    """Right, wrong and in between: log(1 + exp z) − y z is a difference of numbers up to |z|."""
    loss, z = BinaryCrossEntropy(), sign * z
    J = loss.forward([[z]], [[y]])
    if abs(z) > 1e4:  # there the logarithm is max(0, z), and the exponential out of reach
        assert (J, loss.backward()) == (max(0, z) - y * z, (sign > 0) - y)
        return
    expected = exactly(lambda z, y: softplus(z) - y * z, z, y)
    assert pytest.approx(expected, rel=0, abs=EPS[np.float64] * abs(z)) == J
    expected = exactly(lambda z, y: sigmoid(z) - y, z, y)
    assert loss.backward() == pytest.approx(expected, rel=0, abs=EPS[np.float64])


@pytest.mark.parametrize("z", [20, 40, 700, 1e4, 1e308])
@pytest.mark.parametrize("label", [0, 1])
def test_softmax_cross_entropy_from_doubt_to_certainty(z, label):
    """Two logits, z and 0: the binary loss of z."""
    loss = SoftmaxCrossEntropy()
    J = loss.forward([[z], [0]], [label])
    small = exactly(
        lambda z: (-z).exp(), min(z, 1e4)
    )  # all of exp(−z) that a float can tell from 0
    assert pytest.approx(z * label + small, rel=EPS[np.float64], abs=EPS[np.float64]) == J
    expected = [[label - small], [small - label]]
    np.testing.assert_allclose(loss.backward(), expected, rtol=0, atol=EPS[np.float64])


def test_cross_entropies_at_the_ends_of_single_precision():
    Z = np.array([[3e38], [0]], np.float32)
    soft, binary = SoftmaxCrossEntropy(), BinaryCrossEntropy()
    assert soft.forward(Z, [1]) == Z[0, 0]
    np.testing.assert_array_equal(soft.backward(), [[1], [-1]])
    assert binary.forward(Z[:1], np.zeros((1, 1), np.float32)) == Z[0, 0]
    assert binary.backward() == 1
    assert binary.forward(Z[:1], np.ones((1, 1), np.float32)) == 0
    assert binary.backward() == 0


def test_a_single_class_is_always_right():
    loss = SoftmaxCrossEntropy()
    assert loss.forward([[1e308, -1e308, 0]], [0, 0, 0]) == 0
    np.testing.assert_array_equal(loss.backward(), [[0, 0, 0]])


@pytest.mark.parametrize("kind, factor", [(HalfSquaredError, 0.5), (SquaredError, 1)])
def test_squared_errors_from_the_smallest_to_the_largest(kind, factor):
    loss = kind()
    assert loss.forward([[2.0**510]], [[-(2.0**510)]]) == factor * 2.0**1022
    assert loss.backward() == 2 * factor * 2.0**511
    assert loss.forward([[2.0**-537]], [[0]]) == factor * SMALLEST
    assert loss.backward() == 2 * factor * 2.0**-537
    assert loss.forward([[SMALLEST]], [[SMALLEST]]) == 0
    assert loss.backward() == 0


def test_one_pixel_one_weight_one_sample():
    """z = 3·5 + 2 = 17, j = 4·17 − 8 = 60, ½ (60 − 50)² = 50, and back: 10, 40, 5·40, 3·40."""
    conv, dense, loss = Conv2D([[[[3]]]], [[2]]), Dense([[4]], [[-8]]), HalfSquaredError()
    net = Sequential([conv, ReLU(), MaxPool2D(1), Flatten(), dense])
    assert loss.forward(net.forward(np.full((1, 1, 1, 1), 5)), [[50]]) == 50
    dA = net.backward(loss.backward())
    assert (dense.dW, dense.db, conv.dW, conv.db, dA) == (170, 10, 200, 40, 120)
    assert dA.shape == (1, 1, 1, 1)


def test_one_pixel_under_a_kernel_of_three():
    """With zeros around it, the pixel meets the middle entry only."""
    layer = Conv2D(np.arange(9).reshape(1, 1, 3, 3), [[10]], padding=1)
    assert layer.forward(np.full((1, 1, 1, 1), 5)) == 4 * 5 + 10
    assert layer.backward(np.full((1, 1, 1, 1), 2)) == 2 * 4
    np.testing.assert_array_equal(layer.dW, np.diag([0, 2 * 5, 0]).reshape(1, 1, 3, 3))


def test_a_kernel_that_meets_nothing_but_padding():
    """One weight in steps of two, over one pixel with zeros around: the corners."""
    layer = Conv2D([[[[3]]]], [[2]], stride=2, padding=1)
    out = layer.forward(np.full((1, 1, 1, 1), 5))
    np.testing.assert_array_equal(out, np.full((1, 2, 2, 1), 2))
    assert layer.backward(np.ones((1, 2, 2, 1))) == 0
    assert (layer.dW, layer.db) == (0, 4)


@pytest.mark.parametrize("width", [1, 2])
def test_products_as_small_as_a_float_can_be(width):
    """2**-537 squared is the smallest number; half of it rounds to 0, and not to an error."""
    small = 2.0**-537
    dense = Dense([[small] * width], [[0]])
    assert dense.forward([[small]] * width) == width * SMALLEST
    np.testing.assert_array_equal(dense.backward([[small]]), [[SMALLEST]] * width)
    np.testing.assert_array_equal(dense.backward([[small / 2]]), [[0]] * width)
    conv = Conv2D(np.full((1, 1, 1, width), small), [[0]])
    assert conv.forward(np.full((1, 1, width, 1), small)) == width * SMALLEST
    conv.backward(np.full((1, 1, 1, 1), small))
    np.testing.assert_array_equal(conv.dW, np.full((1, 1, 1, width), SMALLEST))


def test_pooling_tells_the_smallest_number_from_zero():
    layer = MaxPool2D(2)
    image = np.array([[0, -SMALLEST], [SMALLEST, 0]]).reshape(1, 2, 2, 1)
    assert layer.forward(image) == SMALLEST
    np.testing.assert_array_equal(
        layer.backward(np.full((1, 1, 1, 1), 7))[0, :, :, 0], [[0, 0], [7, 0]]
    )


def test_pooling_of_the_lowest_numbers():
    layer = MaxPool2D(2)
    image = np.full((1, 2, 2, 1), -1e308)
    image[0, 1, 1] = -1e307
    assert layer.forward(image) == -1e307
    assert layer.backward(np.full((1, 1, 1, 1), 1e308)).sum() == 1e308


def test_optimisers_at_gradients_whose_square_is_zero():
    """Adam then divides by epsilon alone: 0.1·1e-200 / 1e-8, and not 0 / 0."""
    for optimizer, expected in [(Adam(0.1), -1e-193), (SGD(0.1), -1e-201)]:
        P = np.zeros(1)
        optimizer.step({"w": P}, {"w": np.array([1e-200])})
        assert P.item() == pytest.approx(expected, rel=1e-12)  # 1 − β2 has lost three digits


def test_the_toy_model_as_far_as_exp_reaches():
    """exp 709 is a float, exp 710 is none: an error, not inf, and the last pass stays."""
    for beta1 in (709, -746):  # exp(−746) is 0, the right limit
        model = ToyModel((0, beta1, 0, 0), (0, 0, 1, 1))
        loss = model.forward(0, 0)
        h2 = exactly(Decimal.exp, beta1)
        assert model.values["h2"] == pytest.approx(h2, rel=EPS[np.float64])
        assert loss == np.cos(model.values["f2"]) ** 2
        assert model.backward()["omega2"] == model.gradients["beta2"] * model.values["h2"]
    before = dict(model.values)
    model.beta[1] = 710.0
    with pytest.raises(OverflowError):
        model.forward(0, 0)
    assert model.values == before
    with pytest.raises(OverflowError, match="exp"):
        toy.record((0, 710, 0, 0), (0, 0, 1, 1), 0, 0)
    assert graph.exp(graph.Value(-746)).data == 0


def test_a_batch_of_one_loses_no_axis():
    for loss, Y in [(SquaredError(), [[1]]), (BinaryCrossEntropy(), [[1]])]:
        loss.forward([[2]], Y)
        assert loss.backward().shape == (1, 1)
    net = Sequential([Conv2D(random_array(2, 1, 1, 1), random_array(2, 1)), Flatten()])
    assert net.forward(random_array(1, 1, 1, 1)).shape == (2, 1)
    assert net.backward(random_array(2, 1)).shape == (1, 1, 1, 1)
