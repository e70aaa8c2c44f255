"""Mini-batches, the loop, its counts, learning, early stopping, and what happens when it diverges."""

import re
import subprocess
import sys

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array, refused

from backprop_lib import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Conv2D,
    Dense,
    Flatten,
    HalfSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    datasets,
    fit,
    load_digits,
    training,
)

pytestmark = pytest.mark.filterwarnings("error")


def rng(seed=0):
    return np.random.default_rng(seed)


def line(m=8):
    """A network of one neuron and points on the line y = 2x − 1."""
    X = np.linspace(-1, 1, m)[np.newaxis]
    return Sequential([Dense([[0.0]], [[0.0]])]), X, 2 * X - 1


@pytest.mark.parametrize(
    "m, batch_size, sizes",
    [(10, 3, [3, 3, 3, 1]), (10, 5, [5, 5]), (10, 10, [10]), (3, 7, [3]), (4, 1, [1] * 4)],
)
def test_minibatches_hold_every_sample_once(m, batch_size, sizes):
    batches = list(training.minibatches(m, batch_size, rng()))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(np.concatenate(batches)) == list(range(m))


def test_minibatches_are_shuffled_and_reproducible():
    def order(generator):
        return np.concatenate(list(training.minibatches(100, 10, generator))).tolist()

    generator = rng()
    first, second = order(generator), order(generator)
    assert first != sorted(first)
    assert first != second  # drawn anew in each epoch
    assert first == order(rng())


@pytest.mark.parametrize(
    "arguments, error, pattern",
    [
        ((0, 2, rng()), ValueError, "minibatches: m: expected a whole number >= 1, got 0"),
        ((4, 2.0, rng()), TypeError, "minibatches: batch_size: expected a whole number, got float"),
        ((4, 0, rng()), ValueError, "minibatches: batch_size: expected a whole number >= 1, got 0"),
        ((4, 2, 0), TypeError, "minibatches: rng: expected a numpy.random.Generator, got int"),
    ],
)
def test_minibatches_refuses_at_the_call_and_not_at_the_first_batch(arguments, error, pattern):
    with pytest.raises(error, match=pattern):
        training.minibatches(*arguments)


@pytest.mark.parametrize(
    "Y", [np.arange(7), np.arange(14.0).reshape(2, 7)], ids=["labels", "targets"]
)
def test_the_network_and_the_loss_are_handed_the_samples_of_each_batch(Y):
    """In the order of ``minibatches``, with the batch last in memory, too: layers want it so."""
    X = np.arange(42.0).reshape(1, 2, 3, 7)
    network = Sequential([Flatten(), Dense(np.zeros((2, 6)), np.zeros((2, 1)))])
    loss = SoftmaxCrossEntropy() if Y.ndim == 1 else HalfSquaredError()
    seen, forward, loss_forward = [], network.forward, loss.forward
    network.forward = lambda A: (seen.append(A), forward(A))[1]
    loss.forward = lambda A, Y: (seen.append(Y), loss_forward(A, Y % 2))[1]
    fit(network, loss, X, Y, SGD(0.1), epochs=2, batch_size=3, rng=rng(4))
    generator, expected = rng(4), []
    for _ in range(2):
        for batch in training.minibatches(7, 3, generator):
            expected += [X[..., batch], Y[..., batch]]
    assert len(seen) == 2 + len(expected)  # first the check of the targets
    for found, wanted in zip(seen[2:], expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert (found.dtype, found.flags.c_contiguous) == (wanted.dtype, True)


def test_a_step_does_not_compute_the_gradient_of_the_data():
    network, X, Y = line()
    backward, asked = network.backward, []
    network.backward = lambda dA, input_gradient=True: (
        asked.append(input_gradient),
        backward(dA, input_gradient),
    )[1]
    fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=1, batch_size=4, rng=rng())
    assert asked == [False, False]


@pytest.mark.parametrize(
    "batch_size, updates", [(1000, 1), (1, 1000), (300, 4)], ids=["full", "single", "mini"]
)
def test_counts_of_one_epoch_on_a_thousand_samples(batch_size, updates):
    """One update for the full batch, a thousand for single samples: source 002's example."""
    network, X, Y = line(1000)
    history = fit(
        network, HalfSquaredError(), X, Y, SGD(0.01), epochs=1, batch_size=batch_size, rng=rng()
    )
    assert history.updates == updates
    assert len(history.loss) == 1


def test_full_batch_is_plain_gradient_descent():
    network, X, Y = line()
    history = fit(network, HalfSquaredError(), X, Y, SGD(0.5), epochs=3, batch_size=8, rng=rng())
    w, b, losses = 0.0, 0.0, []
    for _ in range(3):
        error = w * X + b - Y
        losses.append((error**2).mean() / 2)
        w, b = w - 0.5 * (error * X).mean(), b - 0.5 * error.mean()
    layer = network.layers[0]
    assert (layer.W.item(), layer.b.item()) == (
        pytest.approx(w, rel=EXACT),
        pytest.approx(b, rel=EXACT),
    )
    assert history.loss == pytest.approx(losses, rel=EXACT)


def test_a_minibatch_step_is_eta_over_m_times_the_sum():
    """Source 003's update, over the samples of the batch alone."""
    network, X, Y = line()
    batches = list(training.minibatches(8, 3, rng(5)))
    fit(network, HalfSquaredError(), X, Y, SGD(0.5), epochs=1, batch_size=3, rng=rng(5))
    w = b = 0.0
    for batch in batches:
        x, y = X[0, batch], Y[0, batch]
        delta = w * x + b - y
        w, b = w - 0.5 / len(batch) * (delta * x).sum(), b - 0.5 / len(batch) * delta.sum()
    assert network.layers[0].W.item() == pytest.approx(w, rel=EXACT)
    assert network.layers[0].b.item() == pytest.approx(b, rel=EXACT)


def test_the_loss_of_an_epoch_counts_every_sample_alike():
    """Batches of 3 and 1 with a step too small to matter: the mean over 4 samples."""
    network, X, Y = line(4)
    expected = HalfSquaredError().forward(network.forward(X), Y)
    with pytest.warns(UserWarning, match="fit: the loss has not moved"):
        history = fit(
            network, HalfSquaredError(), X, Y, SGD(1e-300), epochs=2, batch_size=3, rng=rng()
        )
    assert history.loss == pytest.approx([expected, expected], rel=EXACT)


def test_the_same_seed_gives_the_same_weights():
    def trained(seed):
        network, X, Y = line()
        fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=2, batch_size=3, rng=rng(seed))
        return network.layers[0].W.item()

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_the_data_are_not_changed():
    network, X, Y = line()
    before = X.copy(), Y.copy()
    fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=2, batch_size=3, rng=rng())
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])


@pytest.mark.parametrize("optimizer", [SGD(0.5), SGD(0.1, momentum=0.8), Adam(0.1)])
def test_a_line_is_found(optimizer):
    network, X, Y = line()
    history = fit(network, HalfSquaredError(), X, Y, optimizer, epochs=300, batch_size=4, rng=rng())
    assert network.layers[0].W.item() == pytest.approx(2, abs=1e-3)  # still converging
    assert network.layers[0].b.item() == pytest.approx(-1, abs=1e-3)
    assert history.loss[-1] < 1e-6 < history.loss[0]


def test_exclusive_or_is_learnt():
    """What one layer cannot do: a hidden layer and its gradient are needed."""
    X, labels = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), np.array([0, 1, 1, 0])
    network = mlp(2, 8, 2, activation=Tanh)
    fit(network, SoftmaxCrossEntropy(), X, labels, Adam(0.05), epochs=200, batch_size=4, rng=rng())
    assert training.accuracy(network, X, labels) == 1


def test_digits_are_learnt_by_a_convolutional_network():
    generator = rng(3)
    images, labels, test_images, test_labels = datasets.split(*load_digits(), generator)
    network = Sequential(
        [
            Conv2D.random(1, 8, 3, generator),
            ReLU(),
            Flatten(),
            Dense.random(288, 10, generator),
        ]
    )
    history = fit(
        network,
        SoftmaxCrossEntropy(),
        images,
        labels,
        Adam(0.005),
        epochs=10,
        batch_size=32,
        rng=generator,
    )
    assert history.loss == sorted(history.loss, reverse=True)
    assert training.accuracy(network, test_images, test_labels) > 0.95  # chance is 0.1


def test_accuracy_is_the_share_of_largest_outputs_at_the_label():
    network = Sequential([Dense(np.eye(3), np.zeros((3, 1)))])
    scores = [[5, 0, 1, 0], [1, 2, 0, 0], [0, 1, 0, 1]]
    assert training.accuracy(network, scores, [0, 1, 2, 2]) == 0.75


def test_progress_is_shown_only_if_wanted_and_on_standard_error(capfd):
    network, X, Y = line()
    arguments = dict(epochs=2, batch_size=8, rng=rng())
    fit(network, HalfSquaredError(), X, Y, SGD(0.1), **arguments)
    assert capfd.readouterr() == ("", "")
    fit(network, HalfSquaredError(), X, Y, SGD(0.1), progress=True, **arguments)
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2 epochs, loss" in err
    assert "training: 100%" in err
    assert {len(line) for line in re.split("[\r\n]+", err) if line} == {78}  # fits a terminal


def test_infinity_times_zero_in_the_backward_pass_is_refused_without_a_warning():
    """The gradient overflows on its way to a ReLU that is switched off."""
    last = Dense([[1e200, -1e200]], [[0.0]])
    network = Sequential([Dense([[1.0], [1.0]], [[0.0], [0.0]]), ReLU(), last])
    X, Y = [[1.0, -1.0]], [[1e150, 1e150]]
    with pytest.raises(ValueError, match=r"SGD: gradient of 1.W: expected finite numbers, got nan"):
        fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=1, batch_size=2, rng=rng())


@pytest.mark.parametrize("activation", [Sigmoid, ReLU])
@pytest.mark.parametrize("depth", [1, 3])
def test_divergence_is_reported_with_step_cause_and_advice(activation, depth):
    """Linear output, far too large a rate: finite for some updates, then not, without warnings."""
    network = mlp(*[2] * depth, 1, activation=activation)
    X, Y = random_array(2, 6, seed=1), random_array(1, 6, seed=2)
    optimizer = SGD(1e6)
    with pytest.raises(FloatingPointError) as report:
        fit(network, HalfSquaredError(), X, Y, optimizer, epochs=500, batch_size=6, rng=rng())
    cause = r"\(\w+: .* (finite numbers.*|not finite|largest float|has changed)\)"
    advice = r"try a learning rate below 1e\+06"
    found = re.fullmatch(rf"training diverged at update (\d+) {cause}; {advice}", str(report.value))
    assert found, str(report.value)
    assert int(found[1]) > 1


def test_after_a_divergence_the_parameters_are_those_of_the_last_update():
    network, X, Y = line()
    optimizer = SGD(1e3)
    updates = []
    step = optimizer.step

    def watched(parameters, gradients):
        step(parameters, gradients)
        updates.append({name: P.copy() for name, P in parameters.items()})

    optimizer.step = watched
    with pytest.raises(FloatingPointError, match=r"update \d+") as report:
        fit(network, HalfSquaredError(), X, Y, optimizer, epochs=500, batch_size=8, rng=rng())
    assert f"at update {len(updates) + 1} (" in str(report.value)
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(P, updates[-1][name])
        assert np.isfinite(P).all()


def test_an_overflowing_gradient_counts_as_divergence_although_the_loss_is_finite():
    """Update 1 leaves weights with an output of 1e153: ½ 1e306 is finite, but dW of the first
    layer is 1e153 · 1e150 · 1e13.
    """

    class Trap(SGD):
        def step(self, parameters, gradients):
            super().step(parameters, gradients)
            parameters["2.W"][...] = 1e150
            parameters["1.W"][...] = 1e-10
            parameters["1.b"][...] = 0.0
            self.after = {name: P.copy() for name, P in parameters.items()}

    network = Sequential([Dense([[1.0]], [[0.0]]), Dense([[1.0]], [[0.0]])])
    optimizer = Trap(0.1)
    X, Y = np.array([[1e13, 1e13]]), np.zeros((1, 2))
    with pytest.raises(FloatingPointError, match="at update 2 .Trap: gradient of 1.W.* below 0.1"):
        fit(network, HalfSquaredError(), X, Y, optimizer, epochs=5, batch_size=2, rng=rng())
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(P, optimizer.after[name])


@pytest.mark.parametrize("fails", ["step", "forward", "validation"])
def test_an_error_that_is_not_about_infinity_comes_through_untouched(fails):
    """A full disk is not to be mended with a lower learning rate."""

    class Full(SGD):
        def step(self, parameters, gradients):
            super().step(parameters, gradients)
            self.count = getattr(self, "count", 0) + 1
            if fails == "step" and self.count == 2:
                raise ValueError("disk full")

    class FullLoss(HalfSquaredError):
        def forward(self, A, Y):
            after = hasattr(optimizer, "count")
            if after and (fails == "forward" or fails == "validation" and A.shape[1] == 1):
                raise ValueError("disk full")
            return super().forward(A, Y)

    network, X, Y = line(4)
    optimizer, options = Full(0.1), dict(epochs=3, batch_size=2, rng=rng())
    options |= {"validation": (X[:, :1], Y[:, :1])} if fails == "validation" else {}
    with pytest.raises(ValueError, match="^disk full$"):
        fit(network, FullLoss(), X, Y, optimizer, **options)


@pytest.mark.parametrize(
    "changed, expected",
    [
        (
            {"loss": HalfSquaredError},
            r"loss: expected an object such as HalfSquaredError\(\), got the class HalfSq",
        ),
        ({"loss": "squared"}, r"loss: expected an object such as HalfSquaredError\(\), got str"),
        (
            {"optimizer": SGD},
            r"optimizer: expected an object such as SGD\(0.1\), got the class SGD",
        ),
        ({"optimizer": "sgd"}, r"optimizer: expected an object such as SGD\(0.1\), got str"),
        ({"optimizer": None}, r"optimizer: expected an object such as SGD\(0.1\), got NoneType"),
        (
            {"network": Sequential},
            r"network: .* such as Sequential\(\[\.\.\.\]\), got the class Sequential",
        ),
        (
            {"network": [Dense([[1.0]], [[0.0]])]},
            r"network: .* such as Sequential\(\[\.\.\.\]\), got list",
        ),
    ],
)
def test_a_class_or_a_name_where_an_object_is_wanted(changed, expected):
    network, X, Y = line()
    arguments = dict(network=network, loss=HalfSquaredError(), optimizer=SGD(0.1)) | changed
    with pytest.raises(TypeError, match=f"^fit: {expected}"):
        fit(X=X, Y=Y, epochs=1, batch_size=2, rng=rng(), **arguments)


def test_a_sigmoid_before_a_loss_that_has_one_inside_is_told():
    network, X, _ = line()
    network = Sequential([*network.layers, Sigmoid()])
    with pytest.warns(UserWarning, match="BinaryCrossEntropy takes logits, but the network ends"):
        fit(
            network,
            BinaryCrossEntropy(),
            X,
            np.tile([0.0, 1.0], X.shape[1])[None, : X.shape[1]],
            SGD(0.1),
            epochs=1,
            batch_size=2,
            rng=rng(),
        )


@pytest.mark.parametrize("network, found", [(Sequential, "the class Sequential"), (None, "None")])
def test_accuracy_is_asked_of_a_network(network, found):
    message = rf"^accuracy: network: expected an object such as Sequential\(\[...\]\), got {found}"
    with pytest.raises(TypeError, match=message):
        training.accuracy(network, [[1.0]], [0])


def digits(scale, m=320):
    images, labels = load_digits()
    return images[..., :m] * scale, labels[:m]


@pytest.mark.parametrize("epochs", [1, 4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_network_whose_units_died_of_inputs_that_nobody_scaled_is_reported(epochs, dtype):
    images, labels = digits(255)
    layers = [Flatten(), Dense.random(64, 32, rng()), ReLU(), Dense.random(32, 10, rng())]
    for layer in layers[1::2]:
        layer.W, layer.b = layer.W.astype(dtype), layer.b.astype(dtype)
    options, loss = dict(epochs=epochs, batch_size=32, rng=rng()), SoftmaxCrossEntropy()
    with pytest.warns(UserWarning) as report:
        fit(Sequential(layers), loss, images.astype(dtype), labels, SGD(0.1), **options)
    (warning,) = report
    assert re.fullmatch(
        r"fit: the network gives every sample the same answer: look at the scale "
        r"of the inputs \(up to 255 here, a few units are usual\), at the learning rate "
        r"\(0\.1\), at units that are dead or saturated \(network\.outputs\)",
        str(warning.message),
    )
    assert warning.filename == __file__  # points at the call


def test_a_loss_that_has_not_moved_is_reported():
    network, (images, labels) = mlp(64, 8, 10), digits(1, 40)
    options = dict(epochs=3, batch_size=10, rng=rng())
    with pytest.warns(UserWarning, match="fit: the loss has not moved from 3.* rate .1e-07., at"):
        fit(network, SoftmaxCrossEntropy(), images.reshape(64, -1), labels, SGD(1e-7), **options)


@pytest.mark.parametrize(
    "target, learning_rate",
    [([1.0, 1.0], 0.1), ([3.0, 5.0], 1e-300)],
    ids=["all targets are alike", "nothing is left to learn"],
)
def test_no_false_alarm(target, learning_rate):
    """Warnings are errors in this file: the other tests here hold that, too."""
    network = Sequential([Dense([[2.0 if learning_rate < 0.1 else 0.0]], [[1.0]])])
    options = dict(epochs=3, batch_size=2, rng=rng())
    fit(network, HalfSquaredError(), [[1.0, 2.0]], [target], SGD(learning_rate), **options)


def test_starting_weights_that_overflow_are_not_blamed_on_the_learning_rate():
    network = Sequential([Dense([[1e200]], [[0.0]]), Dense([[1e200]], [[0.0]])])
    X = Y = [[1.0]]
    with pytest.raises(ValueError, match="Sequential: layer 2, Dense: the output is not finite"):
        fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=1, batch_size=1, rng=rng())


@pytest.mark.parametrize("second", [1e200, -1e200], ids=["inf", "inf - inf"])
def test_a_later_sample_that_overflows_in_the_first_batch_is_not_blamed_on_it_either(second):
    network = Sequential([Dense([[1e200, second]], [[0.0]])])
    X, Y = [[0.0, 1e200], [0.0, 1e200]], [[0.0, 0.0]]
    with pytest.raises(ValueError, match="Sequential: layer 1, Dense: the output is not finite"):
        fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=1, batch_size=2, rng=rng())


def test_the_loss_is_only_ever_asked_about_outputs_of_the_network():
    """A loss with a logarithm would not survive made-up zeros."""

    class LogLoss(HalfSquaredError):
        def forward(self, A, Y):
            self.saved = A, Y
            return float(-(Y * np.log(A)).mean())

        def backward(self):
            A, Y = self.saved
            return -Y / A / A.size

    network = Sequential([Dense([[1.0]], [[0.0]]), Sigmoid()])
    arguments = dict(epochs=2, batch_size=2, rng=rng())
    history = fit(network, LogLoss(), [[1.0, 2.0]], [[1.0, 1.0]], SGD(0.1), **arguments)
    assert history.loss[1] < history.loss[0]


def test_an_overflow_that_touches_no_parameter_is_silent():
    """d loss / d data is inf − inf where two patches overlap; nobody needs it."""
    network = Sequential([Conv2D([[[[1e200, -1e200]]]], [[0.0]]), Flatten()])
    X, Y = np.reshape([2e-50, 1e-50, 0], (1, 1, 3, 1)), np.zeros((2, 1))
    arguments = dict(epochs=1, batch_size=1, rng=rng())
    history = fit(network, HalfSquaredError(), X, Y, SGD(1e-300), **arguments)
    assert history.loss == pytest.approx([1e300], rel=EXACT)  # ½ (1e150² + 1e150²)


class Steps:
    """An optimizer that goes through given weights, one an update, whatever the gradient says."""

    learning_rate = 0.1

    def __init__(self, *weights):
        self.weights = iter(weights)

    def step(self, parameters, gradients):
        parameters["1.W"][...] = next(self.weights)


def guided(weights, validation=([[2.0]], [[0.0]]), **options):
    """Fit with one update an epoch: the validation loss is then ½ (2 w)² = 2 w²."""
    network = Sequential([Dense([[9.0]], [[0.0]])])
    X = Y = np.ones((1, 3))
    arguments = dict(batch_size=3, rng=rng(), validation=validation) | options
    history = fit(network, HalfSquaredError(), X, Y, Steps(*weights), **arguments)
    return history, network.layers[0].W.item()


def test_the_validation_loss_is_that_of_the_weights_after_each_epoch():
    history, w = guided([3, 1, 2, 0.5], epochs=4)
    assert history.validation_loss == [18, 2, 8, 0.5]
    assert history.loss == [32, 2, 0, 0.5]  # ½ (w − 1)² of the weights before: 9, 3, 1, 2
    assert (history.best_epoch, w) == (4, 0.5)
    assert history.updates == 4


def test_without_patience_nothing_stops_and_nothing_is_put_back():
    history, w = guided([1, 2, 3, 4], epochs=4)
    assert history.validation_loss == [2, 8, 18, 32]
    assert (history.best_epoch, w) == (1, 4)


@pytest.mark.parametrize(
    "patience, seen, best_epoch, best",
    [
        (1, [18, 2, 8], 2, 1),
        (2, [18, 2, 8, 8], 2, 1),
        (3, [18, 2, 8, 8, 0.5, 8, 8, 2], 5, 0.5),
        (9, [18, 2, 8, 8, 0.5, 8, 8, 2, 32], 5, 0.5),  # not stopped, and the best put back
    ],
)
def test_patience_stops_and_puts_the_best_epoch_back(patience, seen, best_epoch, best):
    history, w = guided([3, 1, 2, -2, 0.5, 2, 2, 1, 4], epochs=9, patience=patience)
    assert history.validation_loss == seen
    assert (history.best_epoch, w) == (best_epoch, best)
    assert len(history.loss) == history.updates == len(seen)


def test_an_equal_validation_loss_is_no_improvement():
    history, w = guided([1, -1, 1], epochs=3, patience=2)
    assert history.validation_loss == [2, 2, 2]
    assert (history.best_epoch, w) == (1, 1)  # not the −1 of the second epoch


def test_all_parameters_of_the_best_epoch_are_put_back_in_place():
    network = mlp(2, 4, 3)
    arrays, kept = network.parameters(), []
    X, labels = random_array(2, 12), np.arange(12) % 3
    step, optimizer = SGD.step, SGD(5.0)

    def watched(parameters, gradients):
        step(optimizer, parameters, gradients)
        kept.append({name: P.copy() for name, P in parameters.items()})

    optimizer.step = watched
    arguments = dict(epochs=20, batch_size=8, rng=rng(), validation=(X[:, 8:], labels[8:]))
    loss = SoftmaxCrossEntropy()
    history = fit(network, loss, X[:, :8], labels[:8], optimizer, patience=3, **arguments)
    assert len(history.validation_loss) == history.best_epoch + 3 < 20
    assert history.validation_loss[history.best_epoch - 1] == min(history.validation_loss)
    for name, P in network.parameters().items():
        assert P is arrays[name]
        np.testing.assert_array_equal(P, kept[history.best_epoch - 1][name])
    found = loss.forward(network.forward(X[:, 8:]), labels[8:])
    assert found == min(history.validation_loss)  # the same arithmetic, so the same number


def test_validation_does_not_change_the_training():
    def trained(**options):
        network, X, Y = line()
        arguments = dict(epochs=4, batch_size=3, rng=rng()) | options
        history = fit(network, HalfSquaredError(), X, Y, Adam(0.1), **arguments)
        return history.loss, network.layers[0].W.item(), network.layers[0].b.item()

    assert trained() == trained(validation=([[0.5, 2.0]], [[0.0, 3.0]]))


def test_a_network_that_diverges_on_the_validation_samples_is_reported():
    pattern = r"training diverged on the validation samples after epoch {} \({}: .*; .* below 0.1"
    with pytest.raises(FloatingPointError, match=pattern.format(2, "HalfSquaredError")):
        guided([1, 1e160], epochs=2)  # ½ (2e160)² overflows
    with pytest.raises(FloatingPointError, match=pattern.format(1, "Sequential")):
        guided([1e200], epochs=2, validation=([[1e150]], [[0.0]]))  # the output overflows


@pytest.mark.parametrize(
    "options, error, pattern",
    [
        ({"patience": 1}, ValueError, "fit: patience: expected validation samples .*, got none"),
        ({"patience": 0, "validation": ([[1.0]], [[1.0]])}, ValueError, "fit: patience: .*, got 0"),
        ({"patience": 1.5}, TypeError, "fit: patience: expected a whole number, got float"),
        ({"patience": True}, TypeError, "fit: patience: expected a whole number, got bool"),
        (
            {"validation": np.ones((2, 1, 1))},
            TypeError,
            r"fit: validation: expected a pair \(X, Y\), got ndarray",
        ),
        (
            {"validation": ([[1.0]],)},
            ValueError,
            r"fit: validation: expected a pair \(X, Y\), got 1 entries",
        ),
        (
            {"validation": ([[1.0]], [[1.0, 2.0]])},
            ValueError,
            r"fit: validation: expected X and Y .* got shapes \(1, 1\) and \(1, 2\)",
        ),
        (
            {"validation": ([[np.nan]], [[1.0]])},
            ValueError,
            "fit: validation: X: expected finite numbers, got nan",
        ),
        (
            {"validation": ([[1.0]], [["1"]])},
            TypeError,
            "fit: validation: Y: expected real numbers, got dtype",
        ),
        (
            {"validation": ([[1.0], [1.0]], [[1.0]])},
            ValueError,
            r"fit: validation: Dense: expected input \(1,\), got \(2,\)",
        ),
        (
            {"validation": ([[1.0]], [[1.0], [1.0]])},
            ValueError,
            r"fit: validation: HalfSquaredError: Y: expected shape \(1, 1\), got \(2, 1\)",
        ),
        (
            {"validation": ([[1.7e308]], [[1.0]])},
            ValueError,
            "fit: validation: Sequential: layer 1, Dense: the output is not finite",
        ),
    ],
)
def test_a_validation_that_does_not_fit_changes_nothing(options, error, pattern):
    network, optimizer, generator = Sequential([Dense([[9.0]], [[0.5]])]), Adam(0.1), rng()
    before = generator.bit_generator.state
    arguments = dict(epochs=1, batch_size=1, rng=generator) | options
    with pytest.raises(error, match=f"^{pattern}"):
        fit(network, HalfSquaredError(), [[1.0]], [[1.0]], optimizer, **arguments)
    assert (network.layers[0].W.item(), network.layers[0].b.item()) == (9, 0.5)
    assert optimizer.steps == 0
    assert generator.bit_generator.state == before


@pytest.mark.parametrize(
    "label, error, found", [(3, ValueError, ".* got 3"), (0.5, TypeError, "expected integer")]
)
def test_a_validation_label_that_is_no_class_is_refused(label, error, found):
    network, arguments = mlp(2, 3), dict(epochs=1, batch_size=2, rng=rng())
    validation = random_array(2, 2), [0, label]
    with pytest.raises(error, match=f"^fit: validation: SoftmaxCrossEntropy: labels: {found}"):
        fit(
            network,
            SoftmaxCrossEntropy(),
            random_array(2, 4),
            [0, 1, 2, 0],
            SGD(0.1),
            validation=validation,
            **arguments,
        )


def test_a_history_shows_its_numbers():
    network, X, Y = line(4)
    history = fit(
        network, HalfSquaredError(), X, 0 * Y, SGD(0.1), epochs=1, batch_size=2, rng=rng()
    )
    assert repr(history) == ("History(loss=[0.0], validation_loss=[], best_epoch=None, updates=2)")


def test_neither_the_progress_bar_nor_the_downloader_is_imported_before_it_is_wanted():
    program = "import sys, backprop_lib; print({'tqdm', 'pooch'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert (found.stdout, found.stderr) == ("set()\n", "")


# --- Bad input -------------------------------------------------------------------------------


def test_scores_are_one_column_a_sample():
    network, images = Sequential([ReLU()]), random_array(1, 4, 5, 3)
    pattern = r"accuracy: scores: expected shape \(classes, m\), got \(1, 4, 5, 3\)"
    refused(lambda: training.accuracy(network, images, [0, 1, 2]), [], ValueError, pattern)


SAMPLES, TARGETS, LABELS = random_array(2, 12), random_array(3, 12), np.arange(12) % 3


def last_replaced(array, entry):
    bad = array.copy()
    bad[..., -1] = entry
    return bad


@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize(
    "loss, change, error, pattern",
    [
        (
            HalfSquaredError,
            {"X": last_replaced(SAMPLES, np.nan)},
            ValueError,
            "fit: X: expected fin",
        ),
        (HalfSquaredError, {"X": SAMPLES.astype(str)}, TypeError, "fit: X: expected real"),
        (HalfSquaredError, {"X": None}, TypeError, "fit: X: expected real"),
        (HalfSquaredError, {"X": SAMPLES[:, :0]}, ValueError, "fit: X: expected at least one"),
        (
            HalfSquaredError,
            {"X": SAMPLES.T},
            ValueError,
            r"fit: expected .* \(12, 2\) and \(3, 12\)",
        ),
        (
            HalfSquaredError,
            {"X": SAMPLES[0]},
            ValueError,
            r"fit: expected .* \(12,\) and \(3, 12\)",
        ),
        (HalfSquaredError, {"X": 3.0}, ValueError, r"fit: expected .* \(\) and \(3, 12\)"),
        (
            HalfSquaredError,
            {"X": SAMPLES[:1]},
            ValueError,
            r"Dense: expected input \(2,\), got \(1,\)",
        ),
        (HalfSquaredError, {"Y": TARGETS[:, 1:]}, ValueError, r"fit: expected .* and \(3, 11\)"),
        (HalfSquaredError, {"Y": 3.0}, ValueError, r"fit: expected .* and \(\)"),
        (
            HalfSquaredError,
            {"Y": [[1.0], [1.0, 2.0]]},
            ValueError,
            "fit: Y: expected a rectangular",
        ),
        (
            HalfSquaredError,
            {"Y": TARGETS > 0},
            TypeError,
            "fit: Y: expected real numbers, got dtype",
        ),
        (
            HalfSquaredError,
            {"Y": last_replaced(TARGETS, np.inf)},
            ValueError,
            "fit: Y: expected fin",
        ),
        (
            HalfSquaredError,
            {"Y": TARGETS[:2]},
            ValueError,
            r"HalfSquaredError: Y: expected shape \(3, 12\), got \(2, 12\)",
        ),
        (
            BinaryCrossEntropy,
            {"Y": last_replaced(TARGETS * 0, 1.5)},
            ValueError,
            r"BinaryCrossEntropy: Y: expected targets in \[0, 1\], got 0 to 1.5",
        ),
        (
            SoftmaxCrossEntropy,
            {"Y": last_replaced(LABELS, 3)},
            ValueError,
            "SoftmaxCrossEntropy: labels: expected labels 0 to 2, got 3",
        ),
        (
            SoftmaxCrossEntropy,
            {"Y": LABELS * 1.0},
            TypeError,
            "SoftmaxCrossEntropy: labels: expected integer labels, got dtype float64",
        ),
        (HalfSquaredError, {"epochs": 0}, ValueError, "fit: epochs: expected a whole number >= 1"),
        (HalfSquaredError, {"epochs": 1.5}, TypeError, "fit: epochs: expected .*, got float"),
        (
            HalfSquaredError,
            {"batch_size": 0},
            ValueError,
            "minibatches: batch_size: expected .*, got 0",
        ),
        (HalfSquaredError, {"batch_size": "4"}, TypeError, "minibatches: batch_size: .*, got str"),
        (HalfSquaredError, {"rng": 0}, TypeError, "minibatches: rng: expected .*, got int"),
    ],
)
def test_fit_changes_nothing_before_it_has_checked_everything(make, loss, change, error, pattern):
    network, optimizer = mlp(2, 4, 3), make()
    good = {"X": SAMPLES, "Y": LABELS if loss is SoftmaxCrossEntropy else TARGETS}
    arguments = good | {"epochs": 2, "batch_size": 4, "rng": rng()} | change
    X, Y = arguments.pop("X"), arguments.pop("Y")
    # the last sample comes in the first batch or in a later one
    refused(
        lambda: fit(network, loss(), X, Y, optimizer, **arguments),
        [network.parameters(), optimizer],
        error,
        pattern,
    )
