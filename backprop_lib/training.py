"""Mini-batches and the training loop."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np

from backprop_lib._validate import label_array, random_generator, real_array, whole_number


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
    forward_passes, backward_passes, updates : int
        Counted per mini-batch. Looks at the validation samples are not among them: one before
        the first update, to check them, and one after each epoch.
    """

    def __init__(self):
        super().__init__(loss=[], validation_loss=[], best_epoch=None)
        self.forward_passes = self.backward_passes = self.updates = 0


def minibatches(m, batch_size, rng):
    """Return an iterator over index arrays that together hold 0 ... m − 1 once each, in random
    order.

    The last one is shorter if ``batch_size`` does not divide m.
    """
    m = whole_number(m, "minibatches: m")
    batch_size = whole_number(batch_size, "minibatches: batch_size")
    order = random_generator(rng, "minibatches: rng").permutation(m)
    return (order[start : start + batch_size] for start in range(0, m, batch_size))


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
    """
    X, Y = _samples(X, Y, "fit")
    epochs = whole_number(epochs, "fit: epochs")
    if patience is not None:
        patience = whole_number(patience, "fit: patience")
        if validation is None:
            raise ValueError("fit: patience: expected validation samples to judge by, got none")
    _check_targets(network, loss, X, Y)
    if validation is not None:
        validation = _checked_validation(network, loss, validation)
    X, Y = _batch_first(X), _batch_first(Y)
    history, best = History(), {}
    with _progress_bar(epochs) if progress else nullcontext() as bar:
        for epoch in range(1, epochs + 1):
            batches = minibatches(len(X), batch_size, rng)
            history.loss.append(_train(network, loss, X, Y, batches, optimizer, history))
            if progress:
                bar.set_postfix_str(f"loss {history.loss[-1]:.4f}", refresh=False)
                bar.update()
            if validation is not None:
                J = _validation_loss(network, loss, *validation, optimizer, epoch)
                if J < min(history.validation_loss, default=np.inf):
                    history.best_epoch = epoch
                    best = {name: P.copy() for name, P in network.parameters().items()}
                history.validation_loss.append(J)
                if epoch - history.best_epoch == patience:
                    break
    if patience is not None:
        for name, P in network.parameters().items():
            P[...] = best[name]
    return history


def accuracy(network, X, labels):
    """Return the share of samples whose largest output is at the label."""
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
    with np.errstate(over="ignore", invalid="ignore"):
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
        _loss(network, loss, X, Y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"fit: validation: {error}") from None
    return X, Y


def _batch_first(array):
    """Return the array with the batch as its first axis, each sample in one piece of memory.

    Drawing samples at random from the last axis would touch the whole array for every batch.
    """
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))


def _batch(array, indices):
    """Return these samples of a batch-first array, with the batch as the last axis again."""
    return np.ascontiguousarray(np.moveaxis(array[indices], 0, -1))


def _train(network, loss, X, Y, batches, optimizer, history):
    """Take a step on each batch and return the mean loss of the samples."""
    total = 0.0
    for indices in batches:
        X_batch, Y_batch = _batch(X, indices), _batch(Y, indices)
        total += len(indices) * _step(network, loss, X_batch, Y_batch, optimizer, history)
    return total / len(X)


def _step(network, loss, X, Y, optimizer, history):
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            J = loss.forward(network.forward(X), Y)
            network.backward(loss.backward(), input_gradient=False)
            optimizer.step(network.parameters(), network.gradients())
    except ValueError as error:  # an infinity or NaN was refused on the way
        if history.updates == 0:
            raise  # nothing has been learnt yet: the starting weights or the data are at fault
        raise _diverged(f"at update {history.updates + 1}", error, optimizer) from None
    history.forward_passes += 1
    history.backward_passes += 1
    history.updates += 1
    return J


def _validation_loss(network, loss, X, Y, optimizer, epoch):
    try:
        return _loss(network, loss, X, Y)
    except ValueError as error:  # as in a step
        raise _diverged(
            f"on the validation samples after epoch {epoch}", error, optimizer
        ) from None


def _loss(network, loss, X, Y):
    with np.errstate(over="ignore", invalid="ignore"):
        return loss.forward(network.forward(X), Y)


def _diverged(where, error, optimizer):
    return FloatingPointError(
        f"training diverged {where} ({error}); "
        f"try a learning rate below {optimizer.learning_rate:g}"
    )


def _progress_bar(epochs):
    from tqdm import tqdm  # slow to import: only for those who want to see it

    return tqdm(
        total=epochs,
        desc="training",
        ncols=78,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} epochs{postfix}",
    )
