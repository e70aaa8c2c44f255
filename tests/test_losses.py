"""Losses: values by hand, gradients by differences, the mean over the batch, extremes."""

import warnings

import numpy as np
import pytest
from helpers import EXACT, NUMERICAL, random_array, refused

from backprop_lib import (
    BinaryCrossEntropy,
    HalfSquaredError,
    Identity,
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


@pytest.mark.parametrize("y", [[0.0, -0.5], [0.0, 1.5], [-1e-300, 0.0], [1.0, 1 + 2**-52]])
def test_targets_of_binary_cross_entropy_are_probabilities(y):
    message = r"BinaryCrossEntropy: Y: expected targets in \[0, 1\], got -?\d\S* to \d"
    with pytest.raises(ValueError, match=message):
        BinaryCrossEntropy().forward([[0.0, 0.0]], [y])


@pytest.mark.parametrize("kind", [HalfSquaredError, SquaredError])
def test_squared_errors_at_extremes(kind):
    loss = kind()
    factor = {HalfSquaredError: 0.5, SquaredError: 1}[kind]
    assert loss.forward([[1e4]], [[-1e4]]) == factor * 4e8
    assert loss.backward() == factor * 4e4


@pytest.mark.parametrize("z", [1.0, 20.0, 36.0, 40.0, 700.0])
def test_binary_cross_entropy_keeps_its_digits_in_both_tails(z):
    """Certain and right, the loss and the slope are exp(−z) / (1 + exp(−z)) and less; at z = 40
    they are 4e-18, which 1 − 1 is not.
    """
    loss, e = BinaryCrossEntropy(), np.exp(-z)
    for sign, y in [(1, 1.0), (-1, 0.0)]:
        assert loss.forward([[sign * z]], [[y]]) == pytest.approx(np.log1p(e), rel=4e-16, abs=0)
        assert loss.backward() == pytest.approx(-sign * e / (1 + e), rel=4e-16, abs=0)


@pytest.mark.parametrize("z", [1.0, 20.0, 36.0, 40.0, 700.0])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_softmax_cross_entropy_keeps_its_digits_when_certain(z, classes):
    """Of the label all others lie z below: their probabilities sum to r / (1 + r)."""
    loss, label, r = SoftmaxCrossEntropy(), classes - 1, (classes - 1) * np.exp(-z)
    Z = np.full((classes, 1), 5.0)
    Z[label] += z
    assert loss.forward(Z, [label]) == pytest.approx(np.log1p(r), rel=1e-15, abs=0)
    expected = np.full((classes, 1), np.exp(-z) / (1 + r))
    expected[label] = -r / (1 + r)
    np.testing.assert_allclose(loss.backward(), expected, rtol=1e-15)


def test_softmax_cross_entropy_keeps_the_digits_of_what_is_not_the_label():
    """The label lies between: ½, and 4e-18 of the third, which 1 − ½ − ½ has lost."""
    loss, e = SoftmaxCrossEntropy(), np.exp(-40.0)
    assert loss.forward([[0.0], [0.0], [-40.0]], [1]) == np.log(2)
    np.testing.assert_allclose(loss.backward()[:, 0], [0.5, -0.5, e / 2], rtol=4e-16)


@pytest.mark.parametrize("kind, Y", CASES)
def test_a_refused_pass_leaves_the_last_one(kind, Y):
    """Whatever is refused, of the wrong shape or beyond the largest float."""
    loss = kind()
    loss.forward(A, Y)
    expected = loss.backward()
    far = np.full(A.shape, 1.7e308)
    if kind is SoftmaxCrossEntropy:
        far[LABELS, range(5)] = -1.7e308
    for outputs, targets in [(A.T, Y), (A, Y[..., :2]), (A * np.nan, Y), (far, Y)]:
        with np.errstate(over="ignore"), pytest.raises(ValueError, match=f"^{kind.__name__}: "):
            loss.forward(outputs, targets)
        np.testing.assert_array_equal(loss.backward(), expected)


@pytest.mark.parametrize("kind, Y", CASES)
def test_what_is_changed_in_place_after_forward_does_not_matter(kind, Y):
    """A loss keeps numbers of its own."""
    loss, outputs, targets = kind(), A.copy(), Y.copy()
    loss.forward(outputs, targets)
    expected = loss.backward()
    outputs += 1
    targets[...] = targets[..., ::-1].copy()
    np.testing.assert_array_equal(loss.backward(), expected)
    loss.backward()[...] = 7
    np.testing.assert_array_equal(loss.backward(), expected)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda bad: SoftmaxCrossEntropy().forward(A, bad), "SoftmaxCrossEntropy: labels"),
        (lambda bad: losses.one_hot(bad, 3), "one_hot: labels"),
        (lambda bad: HalfSquaredError().forward(A[:1], [bad]), "HalfSquaredError: Y"),
        (lambda bad: losses.softmax([bad, bad]), "softmax: Z"),
    ],
)
def test_masked_labels_are_refused_also_within_a_list(call, name):
    masked = np.ma.masked_equal(LABELS, 1)
    call(masked.data)
    with pytest.raises(TypeError, match=f"{name}: expected an array, got a masked one, whose mask"):
        call(masked)
    with pytest.raises(TypeError, match=f"{name}: expected an array, got a masked one, whose mask"):
        call([np.ma.masked, *LABELS[1:]])


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SoftmaxCrossEntropy()])
def test_probabilities_are_pointed_out_to_losses_that_take_logits(loss):
    class Network:  # whose last layer and outputs are looked at
        layers, outputs = [Sigmoid()], [losses.softmax(A)]

    def warnings_of(network, loss):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses.warn_of_probabilities(network, loss)
        return [str(warning.message) for warning in caught]

    message = f"{loss.name} takes logits, but the network ends in %s, whose outputs are"
    assert warnings_of(Network, loss)[0].startswith(message % "Sigmoid")
    Network.layers = [Identity()]
    assert warnings_of(Network, loss)[0].startswith(message % "Identity")  # columns that sum to 1
    assert not warnings_of(Network, HalfSquaredError())
    Network.outputs = [A]
    assert not warnings_of(Network, loss)
    Network.outputs = [np.array([[2.0, 1.5], [-1.0, -0.5]])]  # they sum to 1, but are no shares
    assert not warnings_of(Network, loss)
    Network.outputs = [np.ones((1, 3))]  # one logit that happens to be 1
    assert not warnings_of(Network, loss)


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
