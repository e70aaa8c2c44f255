"""Optimisers: steps by hand, in place, with a state of their own."""

import re

import numpy as np
import pytest
from helpers import EXACT, random_array, refused

from backprop_lib import SGD, Adam

pytestmark = pytest.mark.filterwarnings("error")

OPTIMISERS = [
    lambda: SGD(0.1),
    lambda: SGD(0.1, momentum=0.9),
    lambda: SGD(0.1, momentum=0.9, weight_decay=0.01),
    lambda: Adam(0.1),
]


def steps(optimizer, gradients, start=1.0):
    """Return where a single parameter is after each step."""
    P = np.array([start])
    path = []
    for G in gradients:
        optimizer.step({"w": P}, {"w": np.array([G])})
        path.append(P.item())
    return path


def test_plain_descent_by_hand():
    assert steps(SGD(0.25), [2.0, -4.0]) == [0.5, 1.5]


def test_momentum_by_hand():
    """Velocities 2, ½·2 − 4 = −3, ½·(−3) + 0 = −1.5."""
    assert steps(SGD(0.25, momentum=0.5), [2.0, -4.0, 0.0]) == [0.5, 1.25, 1.625]


def test_weight_decay_by_hand():
    """λ = ½ adds half of w to the gradient: 1 − ¼ (2 + ½) = 0.375, then − ¼ (−4 + 0.1875)."""
    assert steps(SGD(0.25, weight_decay=0.5), [2.0, -4.0]) == [0.375, 1.328125]


def test_weight_decay_with_momentum_by_hand():
    """Velocities 2 + ½ = 2.5, then ½·2.5 + 0 + ½·0.375 = 1.4375."""
    path = steps(SGD(0.25, momentum=0.5, weight_decay=0.5), [2.0, 0.0])
    assert path == [0.375, 0.375 - 0.25 * 1.4375]


def test_weight_decay_is_the_gradient_of_half_the_squares():
    """Descent of J + λ/2 Σ w², written out, takes the same steps."""
    P = {"W": random_array(2, 3), "b": random_array(2, 1, seed=1)}
    Q, decayed, plain = (
        {name: array.copy() for name, array in P.items()},
        SGD(0.1, momentum=0.9, weight_decay=0.3),
        SGD(0.1, momentum=0.9),
    )
    for seed in (2, 3, 4):
        G = {"W": random_array(2, 3, seed=seed), "b": random_array(2, 1, seed=seed + 9)}
        decayed.step(P, G)
        plain.step(Q, {name: G[name] + 0.3 * Q[name] for name in G})
    for name in P:
        np.testing.assert_allclose(P[name], Q[name], rtol=EXACT)


@pytest.mark.parametrize(
    "make", [lambda: SGD(1.0), lambda: SGD(1.0, momentum=0.5), lambda: Adam(3e38)]
)
@pytest.mark.parametrize("small, large", [(np.float32, np.float64), (np.float16, np.float32)])
def test_what_is_stored_is_finite_in_the_type_in_which_it_is_stored(make, small, large):
    """3e38 + 3e38 is a float64, and no float32; and neither parameter has moved."""
    most = float(np.finfo(small).max) * 0.9
    P = {"a": np.array([most], small), "b": np.array([1.0], large)}
    optimizer, name = make(), type(make()).__name__
    G = {"a": np.array([-most]), "b": np.array([1.0])}
    with pytest.raises(ValueError, match=f"{name}: expected a step within the finite numbers"):
        optimizer.step(P, G)
    assert (P["a"].item(), P["b"].item()) == (np.array(most, small), 1.0)
    assert vars(optimizer) == vars(make())


def test_mixed_precision_keeps_the_type_of_each_parameter():
    P = {"a": np.array([1.0], np.float32), "b": np.array([[1.0], [2.0]])}
    SGD(0.25).step(P, {"a": np.array([2.0]), "b": np.array([[4.0], [-4.0]], np.float32)})
    assert (P["a"].dtype, P["b"].dtype) == (np.float32, np.float64)
    assert (P["a"].tolist(), P["b"].tolist()) == ([0.5], [[0.0], [3.0]])


@pytest.mark.parametrize("make", OPTIMISERS)
@pytest.mark.parametrize("bad", [None, [np.ones(2)], np.ones(2), 3], ids=repr)
def test_parameters_and_gradients_are_dicts(make, bad):
    optimizer, good = make(), {"w": np.ones(2)}
    name, found = type(optimizer).__name__, type(bad).__name__
    for arguments, what in [((bad, good), "parameters"), ((good, bad), "gradients")]:
        message = f"{name}: {what}: expected a dict of name to array, got {found}$"
        with pytest.raises(TypeError, match=message):
            optimizer.step(*arguments)
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'gradients'"):
        optimizer.step(good)


@pytest.mark.parametrize("make", OPTIMISERS)
def test_masked_parameters_and_gradients_are_refused(make):
    masked = np.ma.masked_less([1.0, 2.0], 2)
    with pytest.raises(TypeError, match="w: expected an array of floats to update, got masked_arr"):
        make().step({"w": masked}, {"w": np.ones(2)})
    with pytest.raises(TypeError, match="gradient of w: expected an array, got a masked one"):
        make().step({"w": np.ones(2)}, {"w": masked})


@pytest.mark.parametrize("make", OPTIMISERS)
def test_parameters_that_share_memory_are_refused(make):
    """Each would take its own step, and the last one written would stay."""
    w = np.ones(4)
    for other in (w, w[1:3], w[::-1]):
        P = {"a": w, "b": other}
        with pytest.raises(ValueError, match="expected arrays of their own, but a and b share"):
            make().step(P, {name: np.ones(array.shape) for name, array in P.items()})
        np.testing.assert_array_equal(w, 1)
    make().step({"even": w[::2], "odd": w[1::2]}, {"even": np.ones(2), "odd": np.ones(2)})
    assert (w < 1).all()


@pytest.mark.parametrize("make", OPTIMISERS)
def test_names_of_any_kind_are_told(make):
    message = r"expected gradients for \['1', 'w'\], got \['w'\]"
    with pytest.raises(ValueError, match=message):
        make().step({"w": np.ones(2), 1: np.ones(1)}, {"w": np.ones(2)})


def test_adam_s_first_step_is_the_learning_rate_whatever_the_gradient():
    for G in (1e-3, 5.0, 1e3):
        (w,) = steps(Adam(0.1), [G])
        assert w == pytest.approx(0.9, abs=1e-5)  # epsilon / G = 1e-5
        (w,) = steps(Adam(0.1), [-G])
        assert w == pytest.approx(1.1, abs=1e-5)


def test_adam_against_the_paper_s_algorithm():
    rate, beta1, beta2, epsilon = 0.01, 0.8, 0.95, 1e-3
    gradients = random_array(20)
    w, mean, square, expected = 1.0, 0.0, 0.0, []
    for t, G in enumerate(gradients, start=1):
        mean = beta1 * mean + (1 - beta1) * G
        square = beta2 * square + (1 - beta2) * G * G
        corrected = mean / (1 - beta1**t), square / (1 - beta2**t)
        w -= rate * corrected[0] / (corrected[1] ** 0.5 + epsilon)
        expected.append(w)
    got = steps(Adam(rate, beta1, beta2, epsilon), gradients)
    np.testing.assert_allclose(got, expected, rtol=EXACT)


def test_adam_s_defaults_are_the_paper_s():
    adam = Adam()
    assert (adam.learning_rate, adam.beta1, adam.beta2, adam.epsilon) == (0.001, 0.9, 0.999, 1e-8)


@pytest.mark.parametrize("make", OPTIMISERS)
def test_every_entry_of_every_parameter_takes_its_own_steps(make):
    P = {"W": random_array(2, 3), "b": random_array(2, 1, seed=1)}
    start = {name: array.copy() for name, array in P.items()}
    gradients = [
        {"W": random_array(2, 3, seed=k), "b": random_array(2, 1, seed=-k + 9)} for k in (2, 3)
    ]
    optimizer = make()
    for G in gradients:
        optimizer.step(P, G)
    for name, i in [("W", (0, 0)), ("W", (1, 2)), ("b", (1, 0))]:
        alone = steps(make(), [G[name][i] for G in gradients], start[name][i])
        assert P[name][i] == pytest.approx(alone[-1], rel=EXACT)


@pytest.mark.parametrize("make", OPTIMISERS)
def test_steps_are_taken_in_place_and_gradients_left_alone(make):
    P, G = random_array(2, 3), random_array(2, 3, seed=1)
    P_before, G_before, same = P.copy(), G.copy(), P
    optimizer = make()
    optimizer.step({"W": P}, {"W": G})
    optimizer.step({"W": P}, {"W": G})
    assert same is P
    assert (P != P_before).all()
    np.testing.assert_array_equal(G, G_before)


def test_momentum_remembers_although_the_gradient_array_is_overwritten():
    P, G, optimizer = np.array([0.0]), np.array([1.0]), SGD(1.0, momentum=0.5)
    optimizer.step({"w": P}, {"w": G})
    G[...] = 0.0
    optimizer.step({"w": P}, {"w": G})
    assert P.item() == -1.5


@pytest.mark.parametrize("make", OPTIMISERS)
def test_the_precision_of_the_parameters_is_kept(make):
    P = np.ones(2, np.float32)
    make().step({"w": P}, {"w": np.ones(2)})
    assert P.dtype == np.float32
    assert (P < 1).all()


@pytest.mark.parametrize("make", OPTIMISERS)
def test_the_order_of_the_gradients_does_not_matter(make):
    P, Q = {"a": np.zeros(2), "b": np.ones(3)}, {"a": np.zeros(2), "b": np.ones(3)}
    G = {"a": random_array(2), "b": random_array(3, seed=1)}
    make().step(P, G)
    make().step(Q, {"b": G["b"], "a": G["a"]})
    for name in P:
        np.testing.assert_array_equal(P[name], Q[name])


@pytest.mark.parametrize("make", OPTIMISERS)
def test_parameters_that_are_not_contiguous_are_updated_too(make):
    P, Q, G = random_array(3, 2).T, random_array(3, 2).T.copy(), random_array(2, 3, seed=1)
    make().step({"w": P}, {"w": G})
    make().step({"w": Q}, {"w": G})
    np.testing.assert_array_equal(P, Q)


@pytest.mark.parametrize("make", [OPTIMISERS[k] for k in (0, 1, 3)])  # decay moves it still
def test_a_zero_gradient_is_a_fixed_point(make):
    assert steps(make(), [0.0, 0.0]) == [1.0, 1.0]


@pytest.mark.parametrize("make", OPTIMISERS)
def test_the_bottom_of_a_bowl_is_found(make):
    P, optimizer = np.array([3.0, -2.0]), make()
    for _ in range(500):
        optimizer.step({"w": P}, {"w": P.copy()})  # the gradient of ½ w²
    assert np.abs(P).max() < 1e-3  # Adam ends in steps of decreasing size, not at 0 exactly


# --- Bad input -------------------------------------------------------------------------------


def test_weight_decay_may_be_zero_but_not_negative():
    pattern = "SGD: weight_decay: expected a number >= 0, got -0.1$"
    refused(lambda: SGD(0.1, weight_decay=-0.1), [], ValueError, pattern)
    SGD(0.1, weight_decay=0)


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize(
    "parameter, gradients, error, message",
    [
        (
            np.ones(2),
            {"a": np.ones(2)},
            ValueError,
            r"expected gradients for \['a', 'w'\], got \['a'\]",
        ),
        (
            np.ones(2),
            {"a": np.ones(2), "w": np.ones(2), "x": 1.0},
            ValueError,
            r"expected gradients for \['a', 'w'\], got \['a', 'w', 'x'\]",
        ),
        (
            np.ones(2),
            {"a": np.ones(2), "w": np.ones((2, 1))},
            ValueError,
            r"gradient of w: expected shape \(2,\), got \(2, 1\)",
        ),
        (
            np.ones(2, int),
            {"a": np.ones(2), "w": np.ones(2)},
            TypeError,
            r"w: expected an array of floats to update, got array\(\[1, 1\]\)",
        ),
        (
            [1.0, 1.0],
            {"a": np.ones(2), "w": np.ones(2)},
            TypeError,
            r"w: expected an array of floats to update, got \[1.0, 1.0\]",
        ),
        (
            np.broadcast_to(1.0, 2),
            {"a": np.ones(2), "w": np.ones(2)},
            ValueError,
            "w: expected a writeable array, got a read-only one",
        ),
    ],
)
def test_steps_that_do_not_fit(make, parameter, gradients, error, message):
    optimizer, parameters = make(), {"a": np.ones(2), "w": parameter}
    name = type(optimizer).__name__
    call = lambda: optimizer.step(parameters, gradients)  # noqa: E731
    refused(call, [optimizer, parameters], error, f"{name}: {message}")


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (3,)])
def test_an_optimiser_that_remembers_another_network(make, shape):
    """Its memory would broadcast, or fail half-way."""
    optimizer, name = make(), type(make()).__name__
    optimizer.step({"1.W": np.ones((1, 2))}, {"1.W": np.ones((1, 2))})
    other = {"1.W": np.ones(shape)}
    before, now = (re.escape(str([("1.W", size)])) for size in ((1, 2), shape))
    pattern = rf"{name}: expected parameters of shapes {before} as .* got {now}; make a new {name}"
    refused(lambda: optimizer.step(other, other), [optimizer, other], ValueError, pattern)


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
def test_an_optimiser_whose_parameters_changed_their_order(make):
    """Its memory is one vector: it would go to the wrong parameters."""
    optimizer, name = make(), type(make()).__name__
    optimizer.step({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    other = {"b": np.ones(2), "a": np.ones(2)}
    pattern = f"{name}: expected parameters of shapes .*; make a new {name} for another network"
    refused(lambda: optimizer.step(other, other), [optimizer, other], ValueError, pattern)


@pytest.mark.parametrize("make", [lambda: SGD(0.1), Adam], ids=["SGD", "Adam"])
def test_nothing_to_optimise(make):
    pattern = f"{type(make()).__name__}: expected gradients for at least one parameter, got "
    refused(lambda: make().step({}, {}), [], ValueError, pattern)
