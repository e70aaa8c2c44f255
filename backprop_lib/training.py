"""Mini-batches and the training loop."""

from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from backprop_lib._validate import label_array, random_generator, real_array, whole_number


@dataclass
class History:
    """What ``fit`` did.

    Attributes
    ----------
    loss : list of float
        The mean training loss of each epoch.
    forward_passes, backward_passes, updates : int
        Counted per mini-batch.
    """

    loss: list = field(default_factory=list)
    forward_passes: int = 0
    backward_passes: int = 0
    updates: int = 0


def minibatches(m, batch_size, rng):
    """Yield index arrays that together hold 0 ... m − 1 once each, in random order.

    The last one is shorter if ``batch_size`` does not divide m.
    """
    m = whole_number(m, "minibatches: m")
    batch_size = whole_number(batch_size, "minibatches: batch_size")
    order = random_generator(rng, "minibatches: rng").permutation(m)
    for start in range(0, m, batch_size):
        yield order[start : start + batch_size]


def fit(network, loss, X, Y, optimizer, *, epochs, batch_size, rng, progress=False):
    """Train a network by mini-batch gradient descent; Equation :eq:`eq-minibatch`.

    Parameters
    ----------
    network : Sequential
        Its parameters are updated in place.
    loss : loss object
        Its ``forward`` takes the network's output and a batch of Y.
    X : array of shape (..., m)
        The inputs.
    Y : array of shape (..., m)
        The targets or labels.
    optimizer : SGD or Adam
        Takes the steps.
    epochs, batch_size : int
        At least 1.
    rng : numpy.random.Generator
        Draws the order of the samples, anew in each epoch.
    progress : bool, optional
        Show a bar on the standard error stream.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        Something does not fit; no parameter has changed.
    FloatingPointError
        The loss or a gradient left the finite numbers: training diverged. The parameters stay as
        the last update left them: start again from fresh ones.
    """
    X = real_array(X, "fit: X")
    real_array(Y, "fit: Y")
    Y = np.asarray(Y)  # labels stay integers
    if X.ndim < 2 or Y.ndim == 0 or Y.shape[-1] != X.shape[-1]:
        raise ValueError(
            f"fit: expected X and Y with the same samples on the last axis, "
            f"got shapes {X.shape} and {Y.shape}"
        )
    m = X.shape[-1]
    epochs = whole_number(epochs, "fit: epochs")
    with np.errstate(over="ignore", invalid="ignore"):
        one_output = network.forward(X[..., :1])
        loss.forward(np.repeat(one_output, m, axis=-1), Y)  # does every target fit the loss?
    history = History()
    bar = tqdm(
        total=epochs,
        disable=not progress,
        desc="training",
        unit="epoch",
        ncols=78,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} epochs{postfix}",
    )
    with bar:
        for _ in range(epochs):
            total = 0.0
            for batch in minibatches(m, batch_size, rng):
                total += len(batch) * _step(network, loss, X, Y, batch, optimizer, history)
            history.loss.append(total / m)
            bar.set_postfix_str(f"loss {history.loss[-1]:.4f}", refresh=False)
            bar.update()
    return history


def accuracy(network, X, labels):
    """Return the share of samples whose largest output is at the label."""
    scores = real_array(network.forward(X), "accuracy: scores", ("classes", "m"))
    labels = label_array(labels, "accuracy: labels", *scores.shape)
    return float((scores.argmax(axis=0) == labels).mean())


def _step(network, loss, X, Y, batch, optimizer, history):
    J, finite = np.nan, False
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            J = loss.forward(network.forward(X[..., batch]), Y[..., batch])
            finite = np.isfinite(J)
            if finite:
                network.backward(loss.backward())
                optimizer.step(network.parameters(), network.gradients())
    except ValueError:  # an infinity or NaN was refused on the way
        if history.updates == 0:
            raise  # nothing has been learnt yet: the starting weights or the data are at fault
        finite = False
    if not finite:
        raise FloatingPointError(
            f"training diverged: loss {J:g} at update {history.updates + 1}; "
            f"try a learning rate below {optimizer.learning_rate:g}"
        )
    history.forward_passes += 1
    history.backward_passes += 1
    history.updates += 1
    return J
