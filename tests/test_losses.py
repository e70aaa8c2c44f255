"""Losses: values by hand, gradients by differences, the mean over the batch, extremes."""

import numpy as np
import pytest
from helpers import EXACT, NUMERICAL, random_array, refused

from backprop_lib import (
    BinaryCrossEntropy,
    HalfSquaredError,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    losses,
)
from backprop_lib.gradcheck import complex_step, numerical_gradient

pytestmark = pytest.mark.filterwarnings("error")

A = random_array(3, 5)
TARGETS = random_array(3, 5, seed=1)
PROBABILITIES = np.random.default_rng(2).uniform(size=(3, 5))
LABELS = np.array([2, 0, 1, 1, 0])

CASES = [
    (HalfSquaredError, TARGETS),
    (SquaredError, TARGETS),
    (BinaryCrossEntropy, PROBABILITIES),
    (BinaryCrossEntropy, (PROBABILITIES > 0.5) * 1),
    (SoftmaxCrossEntropy, LABELS),
]


@pytest.mark.parametrize("kind, Y", CASES)
def test_every_gradient_entry(kind, Y):
    loss = kind()
    loss.forward(A, Y)
    expected = numerical_gradient(lambda moved: kind().forward(moved, Y), A)
    np.testing.assert_allclose(loss.backward(), expected, atol=NUMERICAL)


@pytest.mark.parametrize("kind, Y", CASES)
def test_a_batch_is_the_mean_of_its_samples(kind, Y):
    """In the value and in the gradient: the same convention, in one place."""
    loss = kind()
    J = loss.forward(A, Y)
    dA = loss.backward()
    values = []
    for n in range(5):
        values.append(loss.forward(A[:, [n]], Y[..., [n]]))
        np.testing.assert_allclose(dA[:, [n]], loss.backward() / 5, atol=EXACT)
    assert pytest.approx(np.mean(values), rel=EXACT) == J


@pytest.mark.parametrize("kind, Y", CASES)
def test_repeating_every_sample_changes_the_loss_not_at_all(kind, Y):
    twice = kind().forward(np.hstack([A, A]), np.concatenate([Y, Y], axis=-1))
    assert twice == pytest.approx(kind().forward(A, Y), rel=EXACT)


@pytest.mark.parametrize("kind, Y", CASES)
def test_backward_twice_equals_once(kind, Y):
    loss = kind()
    loss.forward(A, Y)
    np.testing.assert_array_equal(loss.backward(), loss.backward())


@pytest.mark.parametrize("kind, Y", CASES)
def test_value_is_a_float_and_the_gradient_keeps_the_precision_given(kind, Y):
    for dtype in (np.float32, np.float64):
        loss = kind()
        target = Y if Y.dtype.kind == "i" and kind is SoftmaxCrossEntropy else Y.astype(dtype)
        assert type(loss.forward(A.astype(dtype), target)) is float
        assert loss.backward().dtype == dtype


@pytest.mark.parametrize(
    "kind, Z, Y, J, gradient",
    [
        # two samples, errors (1, 2) and (3, 0): ½ (1 + 4 + 9) / 2
        (HalfSquaredError, [[1, 3], [2, 5]], [[0, 0], [0, 5]], 3.5, [[0.5, 1.5], [1, 0]]),
        (SquaredError, [[1, 3], [2, 5]], [[0, 0], [0, 5]], 7, [[1, 3], [2, 0]]),
        (BinaryCrossEntropy, [[0, 0]], [[1, 0]], np.log(2), [[-0.25, 0.25]]),
        (BinaryCrossEntropy, [[0], [0]], [[0.5], [1]], 2 * np.log(2), [[0], [-0.5]]),
        (
            SoftmaxCrossEntropy,
            [[0], [0], [0], [0]],
            [2],
            np.log(4),
            [[1 / 4]] * 2 + [[-0.75], [1 / 4]],
        ),
        (
            SoftmaxCrossEntropy,
            [[np.log(3), 0], [0, 0]],
            [0, 1],
            np.log(8 / 3) / 2,
            [[-1 / 8, 1 / 4], [1 / 8, -1 / 4]],
        ),
    ],
)
def test_by_hand(kind, Z, Y, J, gradient):
    loss = kind()
    assert loss.forward(Z, Y) == pytest.approx(J, rel=1e-15, abs=0)
    np.testing.assert_allclose(loss.backward(), gradient, rtol=1e-15, atol=1e-16)


def test_squared_error_is_twice_the_half():
    half, full = HalfSquaredError(), SquaredError()
    assert full.forward(A, TARGETS) == 2 * half.forward(A, TARGETS)
    np.testing.assert_array_equal(full.backward(), 2 * half.backward())


def test_outputs_are_summed_not_averaged():
    """Three outputs: a mean over them would make the value, but not the slope, a third."""
    assert HalfSquaredError().forward([[1], [1], [1]], [[0], [0], [0]]) == 1.5


def test_binary_cross_entropy_is_the_formula_with_logarithms():
    P = Sigmoid.function(A)
    expected = -(PROBABILITIES * np.log(P) + (1 - PROBABILITIES) * np.log(1 - P)).sum() / 5
    assert BinaryCrossEntropy().forward(A, PROBABILITIES) == pytest.approx(expected, rel=EXACT)


def test_softmax_cross_entropy_is_the_formula_with_logarithms():
    expected = -np.log(losses.softmax(A)[LABELS, range(5)]).mean()
    assert SoftmaxCrossEntropy().forward(A, LABELS) == pytest.approx(expected, rel=EXACT)


def test_two_classes_of_softmax_are_a_sigmoid_of_the_difference():
    Z, labels = random_array(2, 6), np.array([0, 1, 1, 0, 1, 0])
    binary = BinaryCrossEntropy()
    J = binary.forward(Z[[1]] - Z[[0]], labels[np.newaxis])
    assert SoftmaxCrossEntropy().forward(Z, labels) == pytest.approx(J, rel=EXACT)


def test_cross_entropy_gradients_against_the_complex_step():
    """Sharper than differences: rounding only."""

    def softmax_loss(Z):
        return (np.log(np.exp(Z).sum(axis=0)) - Z[LABELS, range(5)]).sum() / 5

    def binary_loss(Z):
        return (np.log(1 + np.exp(Z)) - PROBABILITIES * Z).sum() / 5

    for kind, Y, f in [
        (SoftmaxCrossEntropy, LABELS, softmax_loss),
        (BinaryCrossEntropy, PROBABILITIES, binary_loss),
    ]:
        loss = kind()
        loss.forward(A, Y)
        np.testing.assert_allclose(loss.backward(), complex_step(f, A), atol=EXACT)


@pytest.mark.parametrize(
    "z, y, J, gradient",
    [(1e4, 1, 0, 0), (1e4, 0, 1e4, 1), (-1e4, 0, 0, 0), (-1e4, 1, 1e4, -1), (1e4, 0.5, 5e3, 0.5)],
)
def test_binary_cross_entropy_at_extremes(z, y, J, gradient):
    loss = BinaryCrossEntropy()
    assert loss.forward([[z]], [[y]]) == J
    assert loss.backward() == gradient


@pytest.mark.parametrize(
    "label, J, gradient", [(0, 0, [0, 0, 0]), (1, 1e4, [1, -1, 0]), (2, 2e4, [1, 0, -1])]
)
def test_softmax_cross_entropy_at_extremes(label, J, gradient):
    loss = SoftmaxCrossEntropy()
    assert loss.forward([[1e4], [0], [-1e4]], [label]) == J
    np.testing.assert_array_equal(loss.backward()[:, 0], gradient)


@pytest.mark.parametrize("kind", [HalfSquaredError, SquaredError])
def test_squared_errors_at_extremes(kind):
    loss = kind()
    factor = {HalfSquaredError: 0.5, SquaredError: 1}[kind]
    assert loss.forward([[1e4]], [[-1e4]]) == factor * 4e8
    assert loss.backward() == factor * 4e4


def test_softmax_columns_are_probabilities():
    P = losses.softmax(A)
    np.testing.assert_allclose(P.sum(axis=0), 1, rtol=1e-15)
    np.testing.assert_allclose(P, np.exp(A) / np.exp(A).sum(axis=0), rtol=1e-15)


def test_softmax_ignores_a_shift_of_each_column():
    Z = np.array([[1.0, -3.0], [2.0, 0.5]])
    np.testing.assert_array_equal(losses.softmax(Z), losses.softmax(Z + [1024.0, -4096.0]))


def test_softmax_gradient_sums_to_zero_in_each_column():
    loss = SoftmaxCrossEntropy()
    loss.forward(A, LABELS)
    np.testing.assert_allclose(loss.backward().sum(axis=0), 0, atol=1e-16)


def test_one_hot():
    np.testing.assert_array_equal(losses.one_hot([2, 0], 3), [[0, 1], [0, 0], [1, 0]])
    assert losses.one_hot([1], 2).dtype == np.float64


def test_integers_are_promoted():
    loss = HalfSquaredError()
    assert loss.forward(np.array([[200]], np.uint8), np.array([[201]], np.uint8)) == 0.5
    assert loss.backward() == -1  # in uint8 this would be 255


def test_labels_of_any_integer_type():
    for kind in (np.uint8, np.int32, np.int64):
        assert SoftmaxCrossEntropy().forward(
            A, LABELS.astype(kind)
        ) == SoftmaxCrossEntropy().forward(A, LABELS)


# --- Bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [[0, 1, 2], [0, 1, 2, 0, 1]])
def test_as_many_labels_as_samples(bad):
    pattern = rf"SoftmaxCrossEntropy: labels: expected shape \(4,\), got \({len(bad)},\)"
    refused(lambda: SoftmaxCrossEntropy().forward(A[:, :4], bad), [], ValueError, pattern)


@pytest.mark.parametrize("bad, found", [([[-0.5, 0.5]], "-0.5 to 0.5"), ([[0, 1.25]], "0 to 1.25")])
def test_binary_targets_outside_0_and_1(bad, found):
    pattern = rf"BinaryCrossEntropy: Y: expected targets in \[0, 1\], got {found}"
    refused(lambda: BinaryCrossEntropy().forward([[0.0, 0.0]], bad), [], ValueError, pattern)
