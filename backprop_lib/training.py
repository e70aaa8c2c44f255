"""Mini-batches and the training loop."""

import warnings
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np

from backprop_lib._validate import (
    NonFiniteError,
    label_array,
    made_object,
    random_generator,
    real_array,
    whole_number,
)
from backprop_lib.losses import warn_of_probabilities

STILL = 1e-3  # the loss has not moved: its largest change relative to itself
ALIKE = 1e-6  # outputs are the same but for rounding, in single precision, too


class History(SimpleNamespace):
    """What ``fit`` did.

    Attributes
    ----------
    loss : list of float
        The mean training loss of each epoch.
    validation_loss : list of float
        The loss on the validation samples after each epoch; empty without such samples.
    best_epoch : int or None
        The epoch, counted from 1, with the smallest validation loss; of equal ones the first.
    updates : int
        The steps taken: one for each mini-batch, and with it one forward and one backward pass.
    """

    def __init__(self):
        super().__init__(loss=[], validation_loss=[], best_epoch=None, updates=0)


def minibatches(m, batch_size, rng):
    """Return an iterator over index arrays that together hold 0 ... m − 1 once each, in random
    order.

    The last one is shorter if ``batch_size`` does not divide m.
    """
    m = whole_number(m, "minibatches: m")
    batch_size = whole_number(batch_size, "minibatches: batch_size")
    order = random_generator(rng, "minibatches: rng").permutation(m)
    return (order[start : start + batch_size] for start in range(0, m, batch_size))


@np.errstate(over="ignore", invalid="ignore")  # who finds an infinity or NaN refuses it
def fit(
    network,
    loss,
    X,
    Y,
    optimizer,
    *,
    epochs,
    batch_size,
    rng,
    validation=None,
    patience=None,
    progress=False,
):
    """Train a network by mini-batch gradient descent; Equation :eq:`eq-minibatch`.

    Parameters
    ----------
    network : Sequential
        Its parameters are updated in place.
    loss : HalfSquaredError, SoftmaxCrossEntropy, ...
        An object whose ``forward`` takes the network's output and a batch of Y.
    X : array of shape (..., m)
        The inputs.
    Y : array of shape (..., m)
        The targets or labels.
    optimizer : SGD or Adam
        Its ``step`` takes the parameters and their gradients.
    epochs, batch_size : int
        At least 1.
    rng : numpy.random.Generator
        Draws the order of the samples, anew in each epoch.
    validation : pair of arrays, optional
        Inputs and targets like X and Y that are not trained on: the loss on them is kept in the
        history after each epoch.
    patience : int, optional
        Stop early, when the validation loss has not fallen below its smallest value for so many
        epochs. At the end, early or not, the parameters of the best epoch are put back.
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
        A loss or a gradient left the finite numbers: training diverged. The parameters stay as
        the last update left them: start again from fresh ones.

    Warns
    -----
    UserWarning
        Nothing was learnt: at the end every sample of a batch gets the same answer, or the loss
        was the same in every epoch.
    """
    needed = ["forward", "backward", "parameters", "gradients"]
    made_object(network, "fit: network", "Sequential([...])", needed)
    made_object(loss, "fit: loss", "HalfSquaredError()", ["forward", "backward"])
    made_object(optimizer, "fit: optimizer", "SGD(0.1)", ["step"])
    X, Y = _samples(X, Y, "fit")
    epochs = whole_number(epochs, "fit: epochs")
    if patience is not None:
        patience = whole_number(patience, "fit: patience")
        if validation is None:
            raise ValueError("fit: patience: expected validation samples to judge by, got none")
    _check_targets(network, loss, X, Y)
    warn_of_probabilities(network, loss)
    if validation is not None:
        validation = X_held, Y_held = _checked_validation(network, loss, validation)
    X, Y = _batch_first(X), _batch_first(Y)
    history, best, epoch = History(), {}, 0
    bar = _progress_bar(epochs) if progress else nullcontext()
    try:
        with bar:
            for epoch in range(1, epochs + 1):
                total = 0.0
                for indices in minibatches(len(X), batch_size, rng):
                    X_batch, Y_batch = _batch(X, indices), _batch(Y, indices)
                    A = network.forward(X_batch)
                    total += len(indices) * loss.forward(A, Y_batch)
                    network.backward(loss.backward(), input_gradient=False)
                    optimizer.step(network.parameters(), network.gradients())
                    history.updates += 1
                history.loss.append(total / len(X))
                if progress:
                    bar.set_postfix_str(f"loss {history.loss[-1]:.4f}", refresh=False)
                    bar.update()
                if validation is not None:
                    J = loss.forward(network.forward(X_held), Y_held)
                    if J < min(history.validation_loss, default=np.inf):
                        history.best_epoch = epoch
                        best = {name: P.copy() for name, P in network.parameters().items()}
                    history.validation_loss.append(J)
                    if epoch - history.best_epoch == patience:
                        break
    except NonFiniteError as error:
        if history.updates == 0:
            raise  # nothing has been learnt yet: the starting weights or the data are at fault
        where = f"at update {history.updates + 1}"
        if len(history.loss) == epoch:  # the epoch's updates are done
            where = f"on the validation samples after epoch {epoch}"
        rate = getattr(optimizer, "learning_rate", None)
        advice = f"a learning rate below {rate:g}" if rate else "a smaller learning rate"
        raise FloatingPointError(f"training diverged {where} ({error}); try {advice}") from None
    if patience is not None:
        for name, P in network.parameters().items():
            P[...] = best[name]
    _warn_if_nothing_was_learnt(history, A, X, Y, optimizer)
    return history


def accuracy(network, X, labels):
    """Return the share of samples whose largest output is at the label."""
    made_object(network, "accuracy: network", "Sequential([...])", ["forward"])
    scores = real_array(network.forward(X), "accuracy: scores", ("classes", "m"))
    labels = label_array(labels, "accuracy: labels", *scores.shape)
    return float((scores.argmax(axis=0) == labels).mean())


def _samples(X, Y, owner):
    X = real_array(X, f"{owner}: X")
    real_array(Y, f"{owner}: Y")
    Y = np.asarray(Y)  # labels stay integers
    if X.ndim < 2 or Y.ndim == 0 or Y.shape[-1] != X.shape[-1]:
        raise ValueError(
            f"{owner}: expected X and Y with the same samples on the last axis, "
            f"got shapes {X.shape} and {Y.shape}"
        )
    return X, Y


def _check_targets(network, loss, X, Y):
    """Refuse targets that do not fit the loss, at the price of one sample's forward pass."""
    one_output = network.forward(X[..., :1])
    loss.forward(np.repeat(one_output, X.shape[-1], axis=-1), Y)


def _checked_validation(network, loss, validation):
    if not isinstance(validation, (tuple, list)):
        found = type(validation).__name__
        raise TypeError(f"fit: validation: expected a pair (X, Y), got {found}")
    if len(validation) != 2:
        raise ValueError(f"fit: validation: expected a pair (X, Y), got {len(validation)} entries")
    X, Y = _samples(*validation, "fit: validation")
    try:
        loss.forward(network.forward(X), Y)
    except (TypeError, ValueError) as error:
        error.args = (f"fit: validation: {error}",)
        raise
    return X, Y


def _batch_first(array):
    """Return the array with the batch as its first axis, each sample in one piece of memory.

    Drawing samples at random from the last axis would touch the whole array for every batch.
    """
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))


def _batch(array, indices):
    """Return these samples of a batch-first array, with the batch as the last axis again."""
    return np.ascontiguousarray(np.moveaxis(array[indices], 0, -1))


def _warn_if_nothing_was_learnt(history, A, X, Y, optimizer):
    """Say so if the last outputs A are all alike, or the losses, though the targets are not."""
    if (Y == Y[:1]).all() or history.updates == 1:
        return  # one answer for all is right, or A comes from before the only update
    if A.shape[-1] > 1 and np.ptp(A, axis=-1).max() <= ALIKE * abs(A).max():
        found = "the network gives every sample the same answer"
    elif len(history.loss) > 1 and np.ptp(history.loss) < STILL * max(history.loss):
        found = f"the loss has not moved from {history.loss[-1]:.4g}"
    else:
        return
    warnings.warn(
        f"fit: {found}: look at the scale of the inputs (up to {abs(X).max():.3g} here, "
        f"a few units are usual), at the learning rate ({optimizer.learning_rate:g}), at units "
        "that are dead or saturated (network.outputs)",
        stacklevel=4,  # the caller of fit: between the two lies its errstate
    )


def _progress_bar(epochs):
    from tqdm import tqdm  # slow to import: only for those who want to see it

    return tqdm(
        total=epochs,
        desc="training",
        ncols=78,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} epochs{postfix}",
    )
