"""The toy model: twins of forward and backward against the formula, differences and the graph."""

import math

import numpy as np
import pytest
from helpers import EXACT, refused

from backprop_lib import ToyModel, toy, worked
from backprop_lib.gradcheck import complex_step, numerical_gradient

pytestmark = pytest.mark.filterwarnings("error")

POINTS = [
    (worked.TOY.beta, worked.TOY.omega, worked.TOY.x, worked.TOY.y),
    ((0.3, -0.2, 0.1, 1.0), (-1.5, 0.7, 0.4, -2.0), -0.8, 0.0),
    ((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0), 0.5, 3.0),
]
PARAMETERS = [f"beta{k}" for k in range(4)] + [f"omega{k}" for k in range(4)]


def formula(p, x, y):
    """The loss in one line; also for complex parameters."""
    b, w = p[:4], p[4:]
    f = b[3] + w[3] * np.cos(b[2] + w[2] * np.exp(b[1] + w[1] * np.sin(b[0] + w[0] * x)))
    return (f - y) ** 2


@pytest.mark.parametrize("beta, omega, x, y", POINTS)
def test_forward_is_the_formula(beta, omega, x, y):
    model = ToyModel(beta, omega)
    loss = model.forward(x, y)
    assert loss == pytest.approx(formula([*beta, *omega], x, y), rel=1e-14)
    assert list(model.values) == ["f0", "h1", "f1", "h2", "f2", "h3", "f3", "loss"]
    assert model.values["loss"] == loss


@pytest.mark.parametrize("beta, omega, x, y", POINTS)
def test_parameter_gradients(beta, omega, x, y):
    model = ToyModel(beta, omega)
    model.forward(x, y)
    gradients = model.backward()
    got = [gradients[name] for name in PARAMETERS]
    p = np.array([*beta, *omega])
    numerical = numerical_gradient(lambda moved: formula(moved, x, y), p)
    # truncation: h² / 6 times third derivatives of up to 1e6, next to gradients of up to 17
    np.testing.assert_allclose(got, numerical, rtol=1e-6, atol=1e-6)
    # the complex step has no cancellation: a few roundings are left
    np.testing.assert_allclose(got, complex_step(lambda p: formula(p, x, y), p), rtol=EXACT)


@pytest.mark.parametrize("beta, omega, x, y", POINTS)
def test_all_fifteen_derivatives_agree_with_the_graph(beta, omega, x, y):
    model = ToyModel(beta, omega)
    model.forward(x, y)
    values = toy.record(beta, omega, x, y)
    values["loss"].backward()
    gradients = model.backward()
    assert len(gradients) == 15
    for name, gradient in gradients.items():
        assert gradient == pytest.approx(values[name].grad, rel=EXACT, abs=EXACT), name
    for name, number in model.values.items():
        assert values[name].data == pytest.approx(number, rel=EXACT, abs=EXACT), name
    assert all(value.name == name for name, value in values.items())


def test_backward_twice_equals_once():
    model = ToyModel(worked.TOY.beta, worked.TOY.omega)
    model.forward(worked.TOY.x, worked.TOY.y)
    once = dict(model.backward())
    assert model.backward() == once == model.gradients


def test_update_moves_every_parameter_against_its_gradient():
    model = ToyModel(worked.TOY.beta, worked.TOY.omega)
    before = model.forward(worked.TOY.x, worked.TOY.y)
    gradients = model.backward()
    model.update(0.0001)
    for k in range(4):
        assert model.beta[k] == worked.TOY.beta[k] - 0.0001 * gradients[f"beta{k}"]
        assert model.omega[k] == worked.TOY.omega[k] - 0.0001 * gradients[f"omega{k}"]
    assert model.forward(worked.TOY.x, worked.TOY.y) < before


def test_update_needs_a_new_forward_pass_each_time():
    model = ToyModel(worked.TOY.beta, worked.TOY.omega)
    model.forward(worked.TOY.x, worked.TOY.y)
    model.update(0.0001)
    with pytest.raises(RuntimeError, match="ToyModel: call forward before backward"):
        model.update(0.0001)


@pytest.mark.parametrize("x, y", [(1e308, 0.0), (0.5, 1e200), (np.nan, 0.0), (0.5, "3")])
def test_a_refused_pass_leaves_the_last_one(x, y):
    """Its x, its y and its values: x is a factor of one derivative, y of all."""
    model = ToyModel((0.1, 0.2, 0.3, 0.4), (1e10, 1.0, 1.0, 1.0))
    model.forward(2.0, 3.0)
    values, gradients = dict(model.values), model.backward()
    with pytest.raises((OverflowError, ValueError, TypeError), match="^ToyModel: "):
        model.forward(x, y)
    assert (model.x, model.y, model.values) == (2.0, 3.0, values)
    assert model.backward() == gradients


def test_a_refused_first_pass_leaves_none():
    model = ToyModel((0, 0, 0, 0), (0, 0, 0, 1))
    assert (model.values, model.gradients) == (None, None)
    with pytest.raises(OverflowError):
        model.forward(0.0, 1e200)
    with pytest.raises(RuntimeError, match="ToyModel: call forward before backward"):
        model.backward()


def test_the_model_does_not_change_the_caller_s_numbers():
    beta, omega = [1.0, 2.0, -3.0, 0.4], [0.1, -0.4, 2.0, 3.0]
    model = ToyModel(beta, omega)
    model.forward(2.3, 2.0)
    model.update(0.1)
    assert (beta, omega) == ([1.0, 2.0, -3.0, 0.4], [0.1, -0.4, 2.0, 3.0])


def test_zero_loss_has_zero_gradient():
    model = ToyModel((0, 0, 0, 0), (0, 0, 0, 1))
    assert model.forward(5.0, 1.0) == 0  # f = cos 0 = 1
    assert all(gradient == 0 for gradient in model.backward().values())


def test_integers_are_promoted():
    assert ToyModel((1, 2, 3, 4), (0, 0, 0, 1)).forward(1, 0) == (4 + math.cos(3)) ** 2


# --- Bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [0, -0.1, np.nan, "0.1", None, True])
def test_the_toy_model_s_learning_rate(bad):
    model = ToyModel((1, 2, 3, 4), (1, 1, 1, 1))
    model.forward(1.0, 1.0)
    error = ValueError if isinstance(bad, (int, float)) and bad is not True else TypeError
    refused(lambda: model.update(bad), [model], error, "ToyModel: learning_rate: expected .*, got ")


@pytest.mark.parametrize(
    "bad, error, got",
    [
        ((1, 2, 3), ValueError, "3"),
        ((1, 2, 3, 4, 5), ValueError, "5"),
        ((), ValueError, "0"),
        (None, TypeError, "NoneType"),
        (1.0, TypeError, "float"),
    ],
)
def test_the_toy_model_s_four_numbers(bad, error, got):
    four = (1, 2, 3, 4)
    for name, call in {
        "ToyModel: beta": lambda: ToyModel(bad, four),
        "ToyModel: omega": lambda: ToyModel(four, bad),
        "record: beta": lambda: toy.record(bad, four, 0, 0),
        "record: omega": lambda: toy.record(four, bad, 0, 0),
    }.items():
        refused(call, [], error, f"{name}: expected 4 numbers, got {got}$")
