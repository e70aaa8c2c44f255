"""The four equations of backpropagation, one function each, and the algorithm made of them.

δ is d loss / d z. Shapes: a layer with n neurons has δ of shape (n, m). Source 003.
"""

from backprop_lib._validate import made_object, real_array
from backprop_lib.activations import Activation, Sigmoid
from backprop_lib.layer import read_only
from backprop_lib.losses import HalfSquaredError


def output_delta(dA, sigma_prime):
    """Return δ of the last layer, ∇ₐC ⊙ σ′(z); Equation :eq:`eq-bp1`.

    Both arguments and the result have shape (n_out, m).
    """
    dA = real_array(dA, "output_delta: dA", ("n_out", "m"))
    sigma_prime = real_array(sigma_prime, "output_delta: sigma_prime", dA.shape)
    return dA * sigma_prime


def hidden_delta(W_next, delta_next, sigma_prime):
    """Return δ of a hidden layer from that of the next; Equation :eq:`eq-bp2`.

    ``W_next`` is (n_next, n), ``delta_next`` (n_next, m), ``sigma_prime`` and the result (n, m).
    """
    W_next = real_array(W_next, "hidden_delta: W_next", ("n_next", "n"))
    delta_next = real_array(delta_next, "hidden_delta: delta_next", (W_next.shape[0], "m"))
    shape = W_next.shape[1], delta_next.shape[1]
    sigma_prime = real_array(sigma_prime, "hidden_delta: sigma_prime", shape)
    return (W_next.T @ delta_next) * sigma_prime


def bias_gradient(delta):
    """Return db of shape (n, 1), δ summed over the samples; Equation :eq:`eq-bp3`."""
    delta = real_array(delta, "bias_gradient: delta", ("n", "m"))
    return delta.sum(axis=1, keepdims=True)


def weight_gradient(delta, A_previous):
    """Return dW of shape (n, n_previous), δ aᵀ summed over the samples; Equation
    :eq:`eq-bp4`.

    ``delta`` is (n, m), ``A_previous``, the layer's input, (n_previous, m).
    """
    delta = real_array(delta, "weight_gradient: delta", ("n", "m"))
    A_previous = real_array(A_previous, "weight_gradient: A_previous", ("n_in", delta.shape[1]))
    return delta @ A_previous.T


def backpropagate(X, Y, weights, biases, activation=Sigmoid, loss=None):
    """Return the gradients of a fully connected network by the four equations.

    Parameters
    ----------
    X : array of shape (n_0, m)
        One sample per column.
    Y : array of shape (n_L, m)
        The targets.
    weights, biases : sequences of L arrays
        W of shape (n_l, n_{l-1}) and b of shape (n_l, 1), first layer first.
    activation : Activation class
        Applied after every layer, the last included.
    loss : loss object, optional
        A function of the last activations; ``HalfSquaredError()`` if omitted.

    Returns
    -------
    J : float
        The loss, a mean over the m samples.
    deltas, dW, db : lists of L arrays
        First layer first. The 1/m of the mean is inside δ.
    """
    loss = HalfSquaredError() if loss is None else loss
    made_object(loss, "backpropagate: loss", "HalfSquaredError()", ["forward", "backward"])
    Z, A = feed_forward(X, weights, biases, activation)
    J = loss.forward(A[-1], Y)
    deltas = [output_delta(loss.backward(), activation.derivative(Z[-1]))]
    for layer in range(len(weights) - 2, -1, -1):
        sigma_prime = activation.derivative(Z[layer])
        deltas.insert(0, hidden_delta(weights[layer + 1], deltas[0], sigma_prime))
    db = [bias_gradient(delta) for delta in deltas]
    dW = [weight_gradient(delta, A_in) for delta, A_in in zip(deltas, A[:-1], strict=True)]
    return J, deltas, dW, db


def feed_forward(X, weights, biases, activation=Sigmoid):
    """Return the lists Z (L arrays) and A (L + 1 arrays, A[0] = X); Equation
    :eq:`eq-feed-forward`.

    A[0] shares the memory of X, and is read-only.
    """
    for name, arrays in (("weights", weights), ("biases", biases)):
        if not hasattr(arrays, "__len__"):
            found = type(arrays).__name__
            raise TypeError(f"feed_forward: {name}: expected a list of arrays, got {found}")
    if not (isinstance(activation, type) and issubclass(activation, Activation)):
        found = getattr(activation, "__name__", type(activation).__name__)
        raise TypeError(f"feed_forward: activation: expected a class such as Sigmoid, got {found}")
    if len(weights) != len(biases) or len(weights) == 0:
        raise ValueError(
            f"feed_forward: expected as many biases as weights, at least one, "
            f"got {len(weights)} weights and {len(biases)} biases"
        )
    A = [read_only(real_array(X, "feed_forward: X", ("n_0", "m")))]
    Z = []
    for layer, (W, b) in enumerate(zip(weights, biases, strict=True), start=1):
        W = real_array(W, f"feed_forward: W of layer {layer}", ("n_out", A[-1].shape[0]))
        b = real_array(b, f"feed_forward: b of layer {layer}", (W.shape[0], 1))
        Z.append(W @ A[-1] + b)
        A.append(activation.function(Z[-1]))
    return Z, A
