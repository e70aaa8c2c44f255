"""Mini-batches, the loop, its counts, learning, and what happens when it diverges."""

import re

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array

from backprop_lib import (
    SGD,
    Adam,
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
    "batch_size, updates", [(1000, 1), (1, 1000), (300, 4)], ids=["full", "single", "mini"]
)
def test_counts_of_one_epoch_on_a_thousand_samples(batch_size, updates):
    """One update for the full batch, a thousand for single samples: source 002's example."""
    network, X, Y = line(1000)
    history = fit(
        network, HalfSquaredError(), X, Y, SGD(0.01), epochs=1, batch_size=batch_size, rng=rng()
    )
    assert history.updates == history.forward_passes == history.backward_passes == updates
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
    history = fit(network, HalfSquaredError(), X, Y, SGD(1e-300), epochs=2, batch_size=3, rng=rng())
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


@pytest.mark.parametrize("activation", [Sigmoid, ReLU])
@pytest.mark.parametrize("depth", [1, 3])
def test_divergence_is_reported_with_step_loss_and_advice(activation, depth):
    """Linear output, far too large a rate: finite for some updates, then not, without warnings."""
    network = mlp(*[2] * depth, 1, activation=activation)
    X, Y = random_array(2, 6, seed=1), random_array(1, 6, seed=2)
    optimizer = SGD(1e6)
    with pytest.raises(FloatingPointError) as report:
        fit(network, HalfSquaredError(), X, Y, optimizer, epochs=500, batch_size=6, rng=rng())
    loss = r"(inf|nan|\S+e\+\d+)"
    advice = r"try a learning rate below 1e\+06"
    pattern = rf"training diverged: loss {loss} at update (\d+); {advice}"
    found = re.fullmatch(pattern, str(report.value))
    assert found, str(report.value)
    assert int(found[2]) > 1


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
    assert f"at update {len(updates) + 1};" in str(report.value)
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
    with pytest.raises(FloatingPointError, match=r"loss \S+e\+\d+ at update 2; .* below 0.1"):
        fit(network, HalfSquaredError(), X, Y, optimizer, epochs=5, batch_size=2, rng=rng())
    for name, P in network.parameters().items():
        np.testing.assert_array_equal(P, optimizer.after[name])


def test_starting_weights_that_overflow_are_not_blamed_on_the_learning_rate():
    network = Sequential([Dense([[1e200]], [[0.0]]), Dense([[1e200]], [[0.0]])])
    X = Y = [[1.0]]
    with pytest.raises(ValueError, match="HalfSquaredError: A: expected finite numbers"):
        fit(network, HalfSquaredError(), X, Y, SGD(0.1), epochs=1, batch_size=1, rng=rng())


@pytest.mark.parametrize("second", [1e200, -1e200], ids=["inf", "inf - inf"])
def test_a_later_sample_that_overflows_in_the_first_batch_is_not_blamed_on_it_either(second):
    network = Sequential([Dense([[1e200, second]], [[0.0]])])
    X, Y = [[0.0, 1e200], [0.0, 1e200]], [[0.0, 0.0]]
    with pytest.raises(ValueError, match="HalfSquaredError: A: expected finite numbers"):
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
