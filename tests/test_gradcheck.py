"""The tester is tested: right networks pass, and every wrong rule we know of is rejected."""

import numpy as np
import pytest
from helpers import mlp, random_array, random_conv, random_dense, small_cnn

from backprop_lib import (
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Flatten,
    HalfSquaredError,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    check_gradients,
    gradcheck,
    initializers,
    losses,
)
from backprop_lib.conv import conv2d_loops_backward
from backprop_lib.gradcheck import GradientMismatch, check_directions
from backprop_lib.layer import Layer

pytestmark = pytest.mark.filterwarnings("error")

X = random_array(3, 5, seed=7)
Y = random_array(3, 5, seed=8)
IMAGES = random_array(1, 4, 4, 2, seed=9)


class ScaledWeightGradient(Dense):
    """A rule wrong by 0.05 %."""

    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW = self.dW * 1.0005
        return dA


class OneWrongEntry(Dense):
    """Everything right but one entry of dW, by 0.05 %."""

    def backward(self, dZ):
        dA = super().backward(dZ)
        i = np.unravel_index(np.abs(self.dW).argmax(), self.dW.shape)
        self.dW[i] *= 1.0005
        return dA


class ScaledInputGradient(Dense):
    def backward(self, dZ):
        return super().backward(dZ) * 1.0005


class DroppedBiasGradient(Dense):
    def backward(self, dZ):
        dA = super().backward(dZ)
        self.db = np.zeros_like(self.b)
        return dA


class DroppedBias(Dense):
    """The bias is left out of the forward pass and still has a gradient."""

    def forward(self, A):
        return super().forward(A) - self.b


class MissingTranspose(Dense):
    """With a square W the shapes do not give it away."""

    def backward(self, dZ):
        super().backward(dZ)
        return self.W @ dZ


class TransposedWeightGradient(Dense):
    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW = self.dW.T
        return dA


class MeanInTheLayerToo(Dense):
    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW = self.dW / dZ.shape[1]
        return dA


class Accumulating(Dense):
    """Adds to the gradients of an earlier pass."""

    def backward(self, dZ):
        old = getattr(self, "dW", 0.0)
        dA = super().backward(dZ)
        self.dW = self.dW + old
        return dA


class WrongSign(Dense):
    def backward(self, dZ):
        return -super().backward(dZ)


class PostActivationReLU(ReLU):
    """Handed max(0, z) and using >=, the derivative is 1 everywhere."""

    def backward(self, dA):
        A = np.maximum(self.recall(), 0)
        return dA * (A >= 0)


class SigmoidOfZ(Sigmoid):
    """σ(z) where σ′(z) belongs."""

    def backward(self, dA):
        return dA * self.function(self.recall())


class Softmax(Layer):
    """No layer of the library: the loss has it inside."""

    def forward(self, Z):
        self.saved = losses.softmax(Z)
        return self.saved

    def backward(self, dA):
        P = self.recall()
        return P * (dA - (P * dA).sum(axis=0))


class SumInTheGradient(HalfSquaredError):
    """The value is a mean over the samples, the gradient a sum."""

    def backward(self):
        return super().backward() * self.saved.shape[1]


class MeanOverOutputs(HalfSquaredError):
    """The value averages over the outputs, the gradient does not."""

    def forward(self, A, Y):
        return super().forward(A, Y) / len(A)


class FactorTwo(SquaredError):
    def backward(self):
        return super().backward() / 2


class FlippedKernelGradient(Conv2D):
    """dW as a true convolution: rotated by half a turn."""

    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW = self.dW[:, :, ::-1, ::-1]
        return dA


class FlippedKernelInput(Conv2D):
    """dA scattered with the kernel rotated by half a turn."""

    def forward(self, A):
        self.A = A
        return super().forward(A)

    def backward(self, dZ):
        super().backward(dZ)
        return conv2d_loops_backward(dZ, self.A, self.W[:, :, ::-1, ::-1])[0]


class ScatterOverwrites(Conv2D):
    """Overlapping patches overwrite one another instead of adding up."""

    def forward(self, A):
        self.A = A
        return super().forward(A)

    def backward(self, dZ):
        super().backward(dZ)
        dA = np.zeros_like(self.A)
        for f, r, s, n in np.ndindex(dZ.shape):
            for c, i, j in np.ndindex(self.W.shape[1:]):
                dA[c, r + i, s + j, n] = dZ[f, r, s, n] * self.W[f, c, i, j]
        return dA


def dense_network(kind):
    return Sequential([kind(random_array(3, 3), random_array(3, 1, seed=1)), Sigmoid()])


def conv_network(kind):
    conv = random_conv(1, 2, 2, 2)
    return Sequential([kind(conv.W, conv.b), Flatten(), random_dense(18, 3)])


def activation_network(kind):
    return Sequential([random_dense(3, 4), kind(), random_dense(4, 3, seed=1)])


DENSE_RULES = {
    ScaledWeightGradient: "1.W",
    OneWrongEntry: "1.W",
    ScaledInputGradient: "X",
    DroppedBiasGradient: "1.b",
    DroppedBias: "1.b",
    MissingTranspose: "X",
    TransposedWeightGradient: "1.W",
    MeanInTheLayerToo: "1.W",
    WrongSign: "X",
}


@pytest.mark.parametrize("rule", DENSE_RULES)
def test_wrong_dense_rules_are_rejected_and_located(rule):
    check_gradients(dense_network(Dense), HalfSquaredError(), X, Y)
    with pytest.raises(GradientMismatch, match=f"check_gradients: {DENSE_RULES[rule]} has"):
        check_gradients(dense_network(rule), HalfSquaredError(), X, Y)


def test_accumulation_is_rejected_from_the_second_pass_on():
    network, loss = dense_network(Accumulating), HalfSquaredError()
    check_gradients(network, loss, X, Y)
    with pytest.raises(GradientMismatch, match="1.W has relative error 3.3e-01"):  # 2 against 1
        check_gradients(network, loss, X, Y)


@pytest.mark.parametrize("rule, right", [(PostActivationReLU, ReLU), (SigmoidOfZ, Sigmoid)])
def test_wrong_activation_derivatives_are_rejected(rule, right):
    check_gradients(activation_network(right), HalfSquaredError(), X, Y)
    with pytest.raises(GradientMismatch, match="1.W has"):
        check_gradients(activation_network(rule), HalfSquaredError(), X, Y)


@pytest.mark.parametrize("rule", [SumInTheGradient, MeanOverOutputs, FactorTwo])
def test_losses_whose_gradient_is_scaled_otherwise_are_rejected(rule):
    with pytest.raises(GradientMismatch):
        check_gradients(mlp(3, 3), rule(), X, Y)


@pytest.mark.parametrize(
    "rule, name",
    [(FlippedKernelGradient, "1.W"), (FlippedKernelInput, "X"), (ScatterOverwrites, "X")],
)
def test_wrong_convolution_rules_are_rejected(rule, name):
    check_gradients(conv_network(Conv2D), HalfSquaredError(), IMAGES, Y[:, :2])
    with pytest.raises(GradientMismatch, match=f"{name} has"):
        check_gradients(conv_network(rule), HalfSquaredError(), IMAGES, Y[:, :2])


class Stub(Dense):
    """Nothing written: zeros forward, zeros backward. Everything agrees, 0 = 0."""

    def forward(self, A):
        self.saved = np.asarray(A)
        return np.zeros((len(self.W), self.saved.shape[1]))

    def backward(self, dZ):
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        return np.zeros_like(self.recall())


class Passing(Layer):
    """No parameters, and the input is ignored."""

    def forward(self, A):
        self.saved = A
        return np.zeros_like(A)

    def backward(self, dA):
        return np.zeros_like(dA)


def test_a_stub_that_ignores_its_parameters_is_rejected():
    with pytest.raises(GradientMismatch, match="the loss does not depend on any parameter$"):
        check_gradients(dense_network(Stub), HalfSquaredError(), X, Y)


def test_a_network_without_parameters_must_depend_on_its_input():
    check_gradients(Sequential([Sigmoid()]), HalfSquaredError(), X, Y)
    with pytest.raises(GradientMismatch, match="the loss does not depend on the input$"):
        check_gradients(Sequential([Passing()]), HalfSquaredError(), X, Y)


class Dropout(Layer):
    """Leaves out half of the numbers, others each time."""

    rng = np.random.default_rng(0)

    def forward(self, A):
        self.saved = self.rng.integers(0, 2, A.shape)
        return A * self.saved

    def backward(self, dA):
        return dA * self.recall()


@pytest.mark.parametrize("check", [check_gradients, check_directions])
def test_a_loss_that_changes_by_itself_is_rejected(check):
    """Everything would be excused as rounding."""
    arguments = [np.random.default_rng(0)] if check is check_directions else []
    network = Sequential([random_dense(3, 9), Dropout(), random_dense(9, 3, seed=1)])
    message = f"{check.__name__}: the loss does not depend on any parameter more than it changes"
    with pytest.raises(GradientMismatch, match=message):
        check(network, HalfSquaredError(), X, Y, *arguments)


def test_a_gradient_of_the_wrong_shape_is_rejected():
    layer = TransposedWeightGradient(random_array(3, 2), random_array(3, 1))
    with pytest.raises(GradientMismatch, match=r"1\.W: expected shape \(3, 2\), got \(2, 3\)"):
        check_gradients(Sequential([layer]), HalfSquaredError(), X[:2], Y)


def test_a_mismatch_says_where_and_what():
    """z = 2·3, a − y = 6, dW = 6·3 = 18; a sign error gives −6·2 for the input."""
    network = Sequential([WrongSign([[2.0]], [[0.0]])])
    message = r"X has relative error 1\.0e\+00 > 1e-07; largest at \(0, 0\): -12, numerically 12$"
    with pytest.raises(GradientMismatch, match=message):
        check_gradients(network, HalfSquaredError(), [[3.0]], [[0.0]])


class OffByFive(Dense):
    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW = self.dW + [[0.1, -5.0, 1.0, 0.0]]
        return dA


def test_a_mismatch_says_where_it_is_largest():
    """dW is x; neither the largest gradient nor the largest signed difference is at (0, 1)."""
    network = Sequential([OffByFive([[0.0, 0.0, 0.0, 0.0]], [[1.0]])])
    with pytest.raises(GradientMismatch, match=r"1\.W .* largest at \(0, 1\): -4, numerically 1$"):
        check_gradients(network, HalfSquaredError(), [[10.0], [1.0], [2.0], [12.0]], [[0.0]])


def test_zeros_where_they_belong_are_right():
    """A dead neuron and an absent input give zeros in dW and db, zero weights give dX = 0."""
    dead = Dense([[1.0, 2.0], [3.0, 4.0]], [[1.0], [-100.0]])
    one, nothing = np.array([[1.0], [0.0]]), np.zeros((2, 1))
    check_gradients(Sequential([dead, ReLU()]), HalfSquaredError(), one, nothing)
    assert not dead.dW[1].any() and not dead.db[1].any() and not dead.dW[:, 1].any()
    blind = Sequential([Dense(np.zeros((2, 2)), np.ones((2, 1)))])
    assert check_gradients(blind, HalfSquaredError(), one, nothing)["X"] == 0


def test_the_tolerance_can_be_chosen():
    network = dense_network(ScaledWeightGradient)
    errors = check_gradients(network, HalfSquaredError(), X, Y, tolerance=1e-3)
    assert errors["1.W"] == pytest.approx(0.0005 / 2.0005, rel=1e-4)  # plus the 1e-10 of the check
    largest = errors["1.W"]  # it passes itself
    assert check_gradients(network, HalfSquaredError(), X, Y, tolerance=largest) == errors


def test_right_gradients_are_far_below_the_tolerance():
    errors = check_gradients(mlp(3, 4, 3), HalfSquaredError(), X, Y)
    assert list(errors) == ["1.W", "1.b", "3.W", "3.b", "X"]
    assert max(errors.values()) < 1e-9


def test_the_mismatch_is_an_assertion_error():
    assert issubclass(GradientMismatch, AssertionError)


@pytest.mark.parametrize("kind", [Dense, ScaledWeightGradient, Stub])
def test_parameters_and_input_come_back_untouched(kind):
    network, moved = dense_network(kind), X.copy()
    before = {name: P.copy() for name, P in network.parameters().items()}
    arrays = list(network.parameters().values())
    try:
        check_gradients(network, HalfSquaredError(), moved, Y)
    except GradientMismatch:
        assert kind is not Dense
    for array, (name, P) in zip(arrays, network.parameters().items(), strict=True):
        assert array is P
        np.testing.assert_array_equal(P, before[name])
    np.testing.assert_array_equal(moved, X)


def test_parameters_come_back_even_if_the_loss_fails_on_the_way():
    class FailsLate(HalfSquaredError):
        calls = 0

        def forward(self, A, Y):
            self.calls += 1
            if self.calls == 40:  # 6 + 2 · 15 calls before and for the input; then amid W
                raise ArithmeticError
            return super().forward(A, Y)

    network = dense_network(Dense)
    before = network.parameters()["1.W"].copy()
    with pytest.raises(ArithmeticError):
        check_gradients(network, FailsLate(), X, Y)
    np.testing.assert_array_equal(network.parameters()["1.W"], before)


def test_numerical_gradient_of_a_quadratic_is_exact_up_to_rounding():
    P = np.array([[1.0, -2.0], [1e4, 0.0]])
    G = gradcheck.numerical_gradient(lambda P: (P**2).sum() / 2, P)
    # eps · f / step: 1e-16 · 5e7 / 6e-6 ≈ 1e-3 where the step is small next to f
    np.testing.assert_allclose(G, P, atol=2e-3)
    G = gradcheck.numerical_gradient(lambda P: (P**2).sum() / 2, P[0])
    np.testing.assert_allclose(G, P[0], atol=1e-10)


def test_numerical_gradient_divides_by_the_step_really_taken():
    """With h = ½ nothing is rounded: a cubic is off by exactly h²."""
    seen = []

    def cube(P):
        seen.append(P.item())
        return P.item() ** 3

    assert gradcheck.numerical_gradient(cube, [1.0], h=0.5) == [3.25]
    assert seen == [1.5, 0.5]
    assert gradcheck.numerical_gradient(cube, [4.0], h=0.5) == [3 * 16 + 4]  # the step is 4 h


def test_numerical_gradient_moves_one_entry_at_a_time_and_not_the_argument():
    P = np.array([1, 2, 3])
    G = gradcheck.numerical_gradient(lambda P: P[0] * P[1] + P[2], P)
    np.testing.assert_allclose(G, [2, 1, 1], atol=1e-10)
    assert G.dtype == np.float64
    np.testing.assert_array_equal(P, [1, 2, 3])


def test_complex_step_is_exact_to_rounding():
    P = random_array(2, 3)
    G = gradcheck.complex_step(lambda P: (np.exp(P) * np.sin(P)).sum(), P)
    np.testing.assert_allclose(G, np.exp(P) * (np.sin(P) + np.cos(P)), rtol=1e-14)


def test_complex_step_refuses_a_function_that_drops_the_imaginary_part():
    """Its derivative would be 0 in silence."""
    with pytest.raises(TypeError, match="complex_step: f: expected a complex result, got"):
        gradcheck.complex_step(lambda P: np.abs(P).sum(), [1.0, -2.0])


@pytest.mark.parametrize(
    "G, expected, error",
    [
        ([3.0, 4.0], [3.0, 4.0], 0),
        ([0.0, 0.0], [0.0, 0.0], 0),
        ([3.0, 4.0], [-3.0, -4.0], 1),
        ([3.0, 4.0], [0.0, 0.0], 1),
        ([6.0, 8.0], [3.0, 4.0], 1 / 3),
        ([[1e-200]], [[-1e-200]], 1),
        ([[1e200]], [[-1e200]], 1),
        ([-1e200, 0.0], [1e-200, 0.0], 1),
        ([1e-200, 0.0], [-1e200, 0.0], 1),
    ],
)
def test_relative_error(G, expected, error):
    assert gradcheck.relative_error(G, expected) == pytest.approx(error, rel=1e-15, abs=0)


class MissingColumn(Dense):
    """The gradient by the weights of the first input is left out."""

    def backward(self, dZ):
        dA = super().backward(dZ)
        self.dW[:, 0] = 0
        return dA


@pytest.mark.parametrize("size", [1e-8, 1e-6, 1e-3, 1.0])
def test_every_entry_is_compared_however_small_it_is_beside_the_others(size):
    """An input of 1e-8 gives entries of 1e-8, a norm of which shows nothing."""
    X_small = X * [[size], [1], [1]]
    check_gradients(dense_network(Dense), HalfSquaredError(), X_small, Y)
    with pytest.raises(GradientMismatch, match=r"1\.W .* at \(\d, 0\): 0, numerically -?\d"):
        check_gradients(dense_network(MissingColumn), HalfSquaredError(), X_small, Y)


def test_the_entry_that_is_missing_is_named():
    """z = x, a − y = 1e-8 x₁ + x₂: the slope by the first weight is 1e-8."""
    network = Sequential([MissingColumn([[1.0, 1.0]], [[0.0]])])
    message = r"check_gradients: 1\.W differs at \(0, 0\): 0, numerically (1\.00|9\.99)\d*e-0[89]$"
    with pytest.raises(GradientMismatch, match=message):
        check_gradients(network, HalfSquaredError(), [[1e-8], [1.0]], [[0.0]])


@pytest.mark.parametrize("seed", range(20))
def test_rounding_is_not_blamed_on_small_entries(seed):
    """Targets of 1e6 leave a difference of 1e-6, whose last digits are noise."""
    network = mlp(3, 4, 2, activation=Tanh, seed=seed)
    spread = 10.0 ** np.random.default_rng(seed).uniform(-9, 0, (3, 5))
    network.layers[-2].b += 1e6
    target = network.forward(X * spread) + 1e-6 * random_array(2, 5, seed=seed)
    errors = check_gradients(network, HalfSquaredError(), X * spread, target, tolerance=0.5)
    assert errors.keys() == {"1.W", "1.b", "3.W", "3.b", "X"}
    network.layers[-2].b -= 1e6
    check_gradients(network, HalfSquaredError(), X * spread, random_array(2, 5, seed=seed))


KINKS = [  # right networks whose loss has another slope to each side
    (lambda: Sequential([Dense([[1.0]], [[0.0]]), ReLU()]), [[0.0]], [[-1.0]]),
    (lambda: Sequential([Dense([[2.0]], [[-3.0]]), ReLU()]), [[1.5]], [[-1.0]]),
    (lambda: Sequential([Dense([[1.0]], [[0.0]]), ReLU()]), [[0.0, 1.0]], [[-1.0, -9.0]]),
    (lambda: Sequential([Dense([[0.0]], [[0.0]]), ReLU()]), [[-3.0, 2.0]], [[-1.0, 1.0]]),
    (
        lambda: Sequential([MaxPool2D(2), Flatten(), Dense([[1.0]], [[0.0]])]),
        np.ones((1, 2, 2, 1)),
        [[0.0]],
    ),
]


@pytest.mark.parametrize("make, A, target", KINKS)
def test_at_a_kink_right_code_is_not_blamed(make, A, target):
    message = r"is at a kink, with slope \S+ to the right and \S+ to the left, at \(.*numerically"
    with pytest.raises(GradientMismatch, match=message):
        check_gradients(make(), HalfSquaredError(), A, target)


def test_a_kink_is_told_with_both_slopes():
    """J = ½ (max(0, b) + 1)² at b = 0, where the input is 0 as well."""
    network = Sequential([Dense([[1.0]], [[0.0]]), ReLU()])
    message = (
        r"1\.b is at a kink, with slope 1 to the right and 0 to the left, at \(0, 0\): 0, "
        r"numerically 0\.50000\d*$"
    )
    with pytest.raises(GradientMismatch, match=message):
        check_gradients(network, HalfSquaredError(), [[0.0]], [[-1.0]])


def test_a_kink_that_explains_little_does_not_excuse_a_wrong_rule():
    """The second of two samples is at the kink, but counts a thousandth of the first."""
    network = Sequential([DroppedBiasGradient([[1.0]], [[0.0]]), ReLU()])
    with pytest.raises(GradientMismatch, match=r"1\.b has relative error 1\.0e\+00"):
        check_gradients(network, HalfSquaredError(), [[1.0, 0.0]], [[0.0, -1e-3]])


@pytest.mark.parametrize("b", [1e-6, 2e-6, 5e-6, 7e-6, 2e-5, -2e-6, -5e-6])
def test_a_kink_in_the_reach_of_a_step_is_stepped_around(b):
    """The step is 6e-6, and an eighth of it where that tells more."""
    network = Sequential([Dense([[1.0]], [[b]]), ReLU()])
    loss = HalfSquaredError()
    assert max(check_gradients(network, loss, [[0.0]], [[-1.0]]).values()) < 1e-7
    network = Sequential([ScaledInputGradient([[1.0]], [[abs(b)]]), ReLU()])
    with pytest.raises(GradientMismatch, match="X has relative error"):
        check_gradients(network, loss, [[0.0]], [[-1.0]])


@pytest.mark.parametrize("rule", [*DENSE_RULES])
def test_a_wrong_rule_is_no_kink(rule):
    """At the bottom of a bowl the slopes to both sides differ, by curvature: −h and h."""
    network, loss = dense_network(rule), HalfSquaredError()
    for target in (Y, network.forward(X) + 1e-3):
        with pytest.raises(GradientMismatch, match="relative error"):
            check_gradients(network, loss, X, target)


@pytest.mark.parametrize("check", [check_gradients, check_directions])
@pytest.mark.parametrize("tolerance", [np.nan, np.inf, -1e-7, 1, 2.0, "1e-7", None, True])
def test_a_tolerance_that_lets_everything_pass_is_refused(check, tolerance):
    arguments = [np.random.default_rng(0)] if check is check_directions else []
    with pytest.raises((ValueError, TypeError), match=f"{check.__name__}: tolerance: expected"):
        check(dense_network(Dense), HalfSquaredError(), X, Y, *arguments, tolerance=tolerance)


def memory(*things):
    return [{name: part for name, part in vars(thing).items()} for thing in things]


@pytest.mark.parametrize("kind", [Dense, ScaledWeightGradient, Stub])
@pytest.mark.parametrize("check", [check_gradients, check_directions])
def test_what_is_remembered_of_the_last_forward_pass_stays(check, kind):
    """The very arrays; the gradients are those of the check, at parameters that have not moved."""
    arguments = [np.random.default_rng(0)] if check is check_directions else []
    network, loss, other = dense_network(kind), HalfSquaredError(), random_array(3, 2, seed=3)
    loss.forward(network.forward(other), random_array(3, 2, seed=4))
    dA = loss.backward()
    network.backward(dA)
    things = [network, loss, *network.layers]
    before = memory(*things)
    try:
        check(network, loss, X, Y, *arguments)
    except GradientMismatch:
        assert kind is not Dense
    gradients = network.gradients()
    for now, then in zip(memory(*things), before, strict=True):
        assert now.keys() == then.keys()
        assert all(now[name] is then[name] for name in now if name not in ("dW", "db"))
    np.testing.assert_array_equal(loss.backward(), dA)
    loss.forward(network.forward(X), Y)
    network.backward(loss.backward())
    for name, G in network.gradients().items():
        np.testing.assert_array_equal(gradients[name], G)


def test_a_network_that_has_not_run_has_not_run_after_a_check():
    network, loss = dense_network(Dense), HalfSquaredError()
    check_gradients(network, loss, X, Y)
    with pytest.raises(RuntimeError, match="Sequential: call forward before backward"):
        network.backward(Y)
    with pytest.raises(RuntimeError, match="HalfSquaredError: call forward before backward"):
        loss.backward()


@pytest.mark.parametrize("z, y", [(40.0, 1.0), (-40.0, 0.0), (20.0, 1.0), (30.0, 0.5), (300, 1.0)])
def test_a_certain_network_passes(z, y):
    """Loss and gradient of 4e-18 keep their digits, in both cross-entropies."""
    network = Sequential([Dense([[z]], [[0.0]])])
    assert check_gradients(network, BinaryCrossEntropy(), [[1.0]], [[y]])["1.b"] < 1e-7
    network = Sequential([Dense([[z], [0.0]], [[0.0], [0.0]])])
    check_gradients(network, SoftmaxCrossEntropy(), [[1.0]], [int(z < 0)])


@pytest.mark.parametrize(
    "network, loss, Y, name",
    [
        (mlp(3, 3, last=Sigmoid), BinaryCrossEntropy(), (Y > 0) * 1.0, "Sigmoid"),
        (mlp(3, 3, last=Sigmoid), SoftmaxCrossEntropy(), [0, 1, 2, 0, 1], "Sigmoid"),
        (
            Sequential([random_dense(3, 3), Softmax()]),
            SoftmaxCrossEntropy(),
            [0, 1, 2, 0, 1],
            "Softmax",
        ),
    ],
)
def test_probabilities_for_a_loss_that_takes_logits_are_pointed_out(network, loss, Y, name):
    """The gradients are right all the same."""
    message = f"{loss.name} takes logits, but the network ends in {name}, whose outputs are prob"
    with pytest.warns(UserWarning, match=message) as caught:
        check_gradients(network, loss, X, Y)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "network, loss, error",
    [
        (Dense, HalfSquaredError(), "network: expected a Sequential, got type"),
        (random_dense(3, 3), HalfSquaredError(), "network: expected a Sequential, got Dense"),
        (None, HalfSquaredError(), "network: expected a Sequential, got NoneType"),
        (mlp(3, 3), HalfSquaredError, "loss: expected an object such as .*, got the class Half"),
        (mlp(3, 3), "squared", r"loss: expected an object such as HalfSquaredError\(\), got str"),
        (mlp(3, 3), None, r"loss: expected an object such as HalfSquaredError\(\), got NoneType"),
    ],
)
def test_what_is_no_network_or_no_loss_is_named(network, loss, error):
    with pytest.raises(TypeError, match=f"check_gradients: {error}"):
        check_gradients(network, loss, X, Y)
    with pytest.raises(TypeError, match=f"check_directions: {error}"):
        check_directions(network, loss, X, Y, np.random.default_rng(0))


@pytest.mark.parametrize("rule", [*DENSE_RULES, Accumulating])
def test_random_directions_reject_every_wrong_dense_rule(rule):
    rng, loss = np.random.default_rng(0), HalfSquaredError()
    check_directions(dense_network(Dense), loss, X, Y, rng)
    network = dense_network(rule)
    network.layers[0].dW = random_array(3, 3, seed=5)  # of an earlier pass: Accumulating adds to it
    name = DENSE_RULES.get(rule, "1.W")
    with pytest.raises(GradientMismatch, match=f"check_directions: {name} differs along"):
        check_directions(network, loss, X, Y, rng)


@pytest.mark.parametrize(
    "network, loss",
    [
        *(
            (activation_network(rule), HalfSquaredError())
            for rule in (PostActivationReLU, SigmoidOfZ)
        ),
        *((mlp(3, 3), loss()) for loss in (SumInTheGradient, MeanOverOutputs, FactorTwo)),
    ],
)
def test_random_directions_reject_wrong_activations_and_losses(network, loss):
    with pytest.raises(GradientMismatch, match="1.W differs"):
        check_directions(network, loss, X, Y, np.random.default_rng(0))


@pytest.mark.parametrize("rule", [FlippedKernelGradient, FlippedKernelInput, ScatterOverwrites])
def test_random_directions_reject_wrong_convolution_rules(rule):
    rng, target = np.random.default_rng(0), Y[:, :2]
    check_directions(conv_network(Conv2D), HalfSquaredError(), IMAGES, target, rng)
    with pytest.raises(GradientMismatch, match="differs along a random direction"):
        check_directions(conv_network(rule), HalfSquaredError(), IMAGES, target, rng)


def test_random_directions_of_a_million_parameters():
    """Two forward passes for each array, and six to see what the loss is and how it is rounded."""
    rng = np.random.default_rng(0)

    def layers(kind):
        W = initializers.he((1000, 1000), 1000, 1000, rng)
        return [kind(W, np.zeros((1000, 1))), Tanh(), Dense.random(1000, 10, rng)]

    A, labels = rng.normal(size=(1000, 4)), [0, 3, 9, 1]
    passes = []

    class Counting(SoftmaxCrossEntropy):
        def forward(self, Z, labels):
            passes.append(1)
            return super().forward(Z, labels)

    network = Sequential(layers(Dense))
    errors = check_directions(network, Counting(), A, labels, rng)
    assert list(errors) == ["1.W", "1.b", "3.W", "3.b", "X"]
    assert max(errors.values()) < 1e-8  # rounding: a wrong rule is off by far more
    assert len(passes) == 6 + 2 * len(errors)
    with pytest.raises(GradientMismatch, match="1.W differs"):
        check_directions(Sequential(layers(ScaledWeightGradient)), Counting(), A, labels, rng)


def test_a_direction_s_slope_by_hand():
    """One number, one direction: V = ±1, so that the slopes are those of ``check_gradients``."""
    network = Sequential([WrongSign([[2.0]], [[0.0]])])
    message = r"X differs along a random direction: (-36, numerically 36|36, numerically -36)$"
    with pytest.raises(GradientMismatch, match=message):  # 12 · |x|
        rng = np.random.default_rng(0)
        check_directions(network, HalfSquaredError(), [[3.0]], [[0.0]], rng)


def test_random_directions_need_a_generator_and_a_loss_that_depends_on_something():
    with pytest.raises(TypeError, match="check_directions: rng: expected a numpy.random.Generator"):
        check_directions(dense_network(Dense), HalfSquaredError(), X, Y, 0)
    rng = np.random.default_rng(0)
    with pytest.raises(GradientMismatch, match="the loss does not depend on any parameter$"):
        check_directions(dense_network(Stub), HalfSquaredError(), X, Y, rng)
    network = Sequential([Dense([[1.0]], [[0.0]]), ReLU()])
    with pytest.raises(GradientMismatch, match="is at a kink, with slope"):
        check_directions(network, HalfSquaredError(), [[0.0]], [[-1.0]], rng)


@pytest.mark.parametrize("h", [1e-300, 1e-17])
def test_a_step_that_moves_nothing_is_refused(h):
    with pytest.raises(ValueError, match=f"numerical_gradient: h: expected a step .*, got {h:g}"):
        gradcheck.numerical_gradient(np.sum, [1.0, 2.0], h)


@pytest.mark.parametrize("estimate", [gradcheck.numerical_gradient, gradcheck.complex_step])
@pytest.mark.parametrize(
    "f, error, message",
    [
        (None, TypeError, "expected a function such as np.sum, got NoneType"),
        (lambda P: P.sum() * np.nan, ValueError, "expected a finite number, got nan"),
        (lambda P: P * 1j * np.ones(1), TypeError, "expected a real number, got "),
        (lambda P: P[:1], TypeError, "expected a real number, got ndarray"),
    ],
)
def test_functions_that_are_none(estimate, f, error, message):
    with pytest.raises(error, match=f"{estimate.__name__}: f: {message}"):
        estimate(f, [1.0, 2.0])


def test_float32_parameters_are_refused_as_too_coarse():
    network = Sequential([Dense(np.ones((3, 3), np.float32), np.zeros((3, 1)))])
    with pytest.raises(TypeError, match="check_gradients: 1.W: expected float64, got float32"):
        check_gradients(network, HalfSquaredError(), X, Y)


def test_integer_inputs_can_be_checked():
    check_gradients(mlp(3, 3), HalfSquaredError(), np.arange(15).reshape(3, 5), Y)


def test_labels_are_handed_to_the_loss_as_they_are():
    images = random_array(1, 6, 5, 2)
    check_gradients(small_cnn(activation=Sigmoid), SoftmaxCrossEntropy(), images, [0, 2])
