"""The four equations, entry by entry; and graph, layers and equations agree to 1e-12."""

import numpy as np
import pytest
from helpers import EXACT, mlp, random_array, refused

from backprop_lib import (
    BinaryCrossEntropy,
    HalfSquaredError,
    Identity,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    Value,
    deltas,
    graph,
)
from backprop_lib.gradcheck import numerical_gradient

pytestmark = pytest.mark.filterwarnings("error")

GRAPH_ACTIVATIONS = {
    Identity: lambda z: z,
    ReLU: graph.relu,
    Sigmoid: graph.sigmoid,
    Tanh: graph.tanh,
}
ARCHITECTURES = [(2, 1), (2, 3, 2), (3, 3, 3, 3), (1, 4, 2, 1)]


def problem(sizes, m=4):
    """Weights, biases, inputs and targets for layers of the given sizes."""
    network = mlp(*sizes)
    weights = [layer.W for layer in network.layers[::2]]
    biases = [layer.b for layer in network.layers[::2]]
    return weights, biases, random_array(sizes[0], m, seed=7), random_array(sizes[-1], m, seed=8)


def graph_gradients(X, Y, weights, biases, activation):
    """Record the network and its half squared error number by number; return J, dW, db, dX."""
    W = [[[Value(w) for w in row] for row in layer] for layer in weights]
    b = [[Value(entry) for entry in layer[:, 0]] for layer in biases]
    inputs = [[Value(x) for x in column] for column in X.T]
    J = Value(0.0)
    for column, targets in zip(inputs, Y.T, strict=True):
        a = column
        for W_layer, b_layer in zip(W, b, strict=True):
            z = [
                sum((w * x for w, x in zip(row, a, strict=True)), bias)
                for row, bias in zip(W_layer, b_layer, strict=True)
            ]
            a = [GRAPH_ACTIVATIONS[activation](entry) for entry in z]
        for output, target in zip(a, targets, strict=True):
            J = J + graph.square(output - target) / (2 * X.shape[1])
    J.backward()
    dW = [np.array([[w.grad for w in row] for row in layer]) for layer in W]
    db = [np.array([[entry.grad] for entry in layer]) for layer in b]
    return J.data, dW, db, np.array([[x.grad for x in column] for column in inputs]).T


@pytest.mark.parametrize("activation", GRAPH_ACTIVATIONS)
@pytest.mark.parametrize("sizes", ARCHITECTURES)
def test_graph_layers_and_equations_agree(sizes, activation):
    weights, biases, X, Y = problem(sizes)
    J, _, dW, db = deltas.backpropagate(X, Y, weights, biases, activation)
    network, loss = mlp(*sizes, activation=activation, last=activation), HalfSquaredError()
    J_layers = loss.forward(network.forward(X), Y)
    dX = network.backward(loss.backward())
    J_graph, dW_graph, db_graph, dX_graph = graph_gradients(X, Y, weights, biases, activation)
    assert pytest.approx(J, rel=EXACT) == J_layers
    assert pytest.approx(J, rel=EXACT) == J_graph
    np.testing.assert_allclose(dX, dX_graph, atol=EXACT)
    for k, layer in enumerate(network.layers[::2]):
        for got, from_graph, from_layers in [
            (dW[k], dW_graph[k], layer.dW),
            (db[k], db_graph[k], layer.db),
        ]:
            np.testing.assert_allclose(got, from_graph, atol=EXACT)
            np.testing.assert_allclose(got, from_layers, atol=EXACT)


@pytest.mark.parametrize("sizes", ARCHITECTURES)
def test_delta_is_the_derivative_by_z(sizes):
    """Shift one pre-activation of one sample and see what the loss does."""
    weights, biases, X, Y = problem(sizes)
    _, delta, _, _ = deltas.backpropagate(X, Y, weights, biases)
    for k in range(len(weights)):

        def loss(Z, k=k):
            A = Sigmoid.function(Z)
            if k + 1 < len(weights):
                A = deltas.feed_forward(A, weights[k + 1 :], biases[k + 1 :])[1][-1]
            return HalfSquaredError().forward(A, Y)

        Z = deltas.feed_forward(X, weights, biases)[0][k]
        np.testing.assert_allclose(delta[k], numerical_gradient(loss, Z), atol=1e-9)


@pytest.mark.parametrize(
    "loss, activation, Y",
    [
        (SquaredError, Tanh, random_array(3, 4, seed=8)),
        (SoftmaxCrossEntropy, Identity, np.array([0, 2, 1, 1])),
        (BinaryCrossEntropy, Identity, np.array([[1, 0, 0, 1]] * 3)),
    ],
)
def test_other_losses(loss, activation, Y):
    weights, biases, X, _ = problem((2, 3, 3))
    J, _, dW, db = deltas.backpropagate(X, Y, weights, biases, activation, loss())

    def moved_loss(k, W):
        moved = [*weights[:k], W, *weights[k + 1 :]]
        return deltas.backpropagate(X, Y, moved, biases, activation, loss())[0]

    assert moved_loss(0, weights[0]) == J
    for k in range(2):
        expected = numerical_gradient(lambda W, k=k: moved_loss(k, W), weights[k])
        np.testing.assert_allclose(dW[k], expected, atol=1e-9)
        assert db[k].shape == biases[k].shape


def test_gradient_of_a_batch_is_the_mean_of_the_samples():
    weights, biases, X, Y = problem((2, 3, 2), m=5)
    J, _, dW, db = deltas.backpropagate(X, Y, weights, biases)
    each = [deltas.backpropagate(X[:, [n]], Y[:, [n]], weights, biases) for n in range(5)]
    assert pytest.approx(np.mean([one[0] for one in each]), rel=EXACT) == J
    for k in range(2):
        np.testing.assert_allclose(dW[k], sum(one[2][k] for one in each) / 5, atol=EXACT)
        np.testing.assert_allclose(db[k], sum(one[3][k] for one in each) / 5, atol=EXACT)


def test_the_four_equations_index_by_index():
    W_next, delta_next = random_array(4, 3), random_array(4, 2, seed=1)
    slope, A_previous = random_array(3, 2, seed=2), random_array(5, 2, seed=3)
    delta = deltas.hidden_delta(W_next, delta_next, slope)
    for j, n in np.ndindex(3, 2):
        total = sum(W_next[k, j] * delta_next[k, n] for k in range(4))
        assert delta[j, n] == pytest.approx(total * slope[j, n], rel=EXACT)
        dA = random_array(3, 2, seed=4)
        assert deltas.output_delta(dA, slope)[j, n] == dA[j, n] * slope[j, n]
    db, dW = deltas.bias_gradient(delta), deltas.weight_gradient(delta, A_previous)
    assert (db.shape, dW.shape) == ((3, 1), (3, 5))
    for j, k in np.ndindex(3, 5):
        assert db[j, 0] == pytest.approx(delta[j, 0] + delta[j, 1], rel=EXACT)
        total = delta[j, 0] * A_previous[k, 0] + delta[j, 1] * A_previous[k, 1]
        assert dW[j, k] == pytest.approx(total, rel=EXACT)


def test_one_sigmoid_neuron_by_hand():
    """z = 0, a = ½, C = ½ (½ − 1)², δ = −½ · ¼."""
    J, delta, dW, db = deltas.backpropagate([[2], [-1]], [[1]], [[[1, 2]]], [[[0]]])
    assert (J, delta[0].item(), db[0].item()) == (0.125, -0.125, -0.125)
    np.testing.assert_array_equal(dW[0], [[-0.25, 0.125]])


def test_sigmoid_and_half_squared_error_are_the_defaults():
    weights, biases, X, Y = problem((2, 3, 2))
    default = deltas.backpropagate(X, Y, weights, biases)
    named = deltas.backpropagate(X, Y, weights, biases, Sigmoid, HalfSquaredError())
    assert default[0] == named[0]


def test_feed_forward_returns_every_layer():
    weights, biases, X, _ = problem((2, 3, 2))
    Z, A = deltas.feed_forward(X, weights, biases, Tanh)
    assert ([z.shape for z in Z], [a.shape for a in A]) == (
        [(3, 4), (2, 4)],
        [(2, 4), (3, 4), (2, 4)],
    )
    np.testing.assert_array_equal(A[0], X)
    for k in range(2):
        np.testing.assert_array_equal(A[k + 1], np.tanh(Z[k]))
        np.testing.assert_allclose(Z[k], weights[k] @ A[k] + biases[k], atol=EXACT)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"weights": None}, "feed_forward: weights: expected a list of arrays, got NoneType"),
        ({"biases": 3}, "feed_forward: biases: expected a list of arrays, got int"),
        ({"weights": iter([])}, "feed_forward: weights: expected a list of arrays, got list_iter"),
        ({"activation": "relu"}, "feed_forward: activation: expected a class such as .*, got str"),
        ({"activation": np.tanh}, "feed_forward: activation: expected a class such .*, got tanh"),
        ({"activation": Tanh()}, "feed_forward: activation: expected a class such .*, got Tanh"),
        ({"activation": None}, "feed_forward: activation: expected a class .*, got NoneType"),
        ({"loss": HalfSquaredError}, "backpropagate: loss: .*, got the class HalfSquaredError"),
        ({"loss": "squared"}, r"backpropagate: loss: .* such as HalfSquaredError\(\), got str"),
    ],
)
def test_what_is_no_list_no_activation_or_no_loss_is_named(change, message):
    weights, biases, X, Y = problem((2, 3, 2))
    arguments = dict(X=X, Y=Y, weights=weights, biases=biases) | change
    with pytest.raises(TypeError, match=f"^{message}"):
        deltas.backpropagate(**arguments)


def test_the_first_activations_are_the_inputs_and_read_only():
    """Their memory is the caller's."""
    weights, biases, X, _ = problem((2, 3, 2))
    A = deltas.feed_forward(X, weights, biases)[1]
    assert np.shares_memory(A[0], X)
    with pytest.raises(ValueError, match="read-only"):
        A[0] += 1
    X += 1
    assert X.flags.writeable


def test_arguments_are_not_changed():
    arguments = problem((2, 3, 2))
    before = [np.copy(a) for a in (*arguments[0], *arguments[1], *arguments[2:])]
    weights, biases, X, Y = arguments
    deltas.backpropagate(X, Y, weights, biases)
    for a, b in zip((*weights, *biases, X, Y), before, strict=True):
        np.testing.assert_array_equal(a, b)


# --- Bad input -------------------------------------------------------------------------------

W, B = random_array(2, 3), random_array(2, 1)
A, DZ = random_array(3, 4), random_array(2, 4)


@pytest.mark.parametrize(
    "call, error, pattern",
    [
        (
            lambda: deltas.feed_forward(A, [W], [B, B]),
            ValueError,
            "feed_forward: expected as many biases as weights, .* got 1 weights and 2 biases",
        ),
        (
            lambda: deltas.backpropagate(A, DZ, [], []),
            ValueError,
            "feed_forward: expected .* at least one, got 0 weights and 0 biases",
        ),
        (
            lambda: deltas.feed_forward(A, [W, W], [B, B]),
            ValueError,
            r"feed_forward: W of layer 2: expected shape \(n_out, 2\), got \(2, 3\)",
        ),
    ],
)
def test_weights_and_biases_that_do_not_fit(call, error, pattern):
    refused(call, [], error, pattern)
